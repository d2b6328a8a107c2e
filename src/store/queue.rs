//! Queue: commits on their way to the commit thread, in the order of their tickets.
//!
//! Invariant: bounded in commits and in bytes. What does not fit still gets a ticket, and its
//! place in the queue is where its epoch ends: there is one order of events, also for failures.

use std::{sync::PoisonError, time::Duration};

use super::{
    change::Prepared,
    fault::StoreFault,
    locked,
    sync::{Condvar, Mutex},
    table::Write,
    tickets::{Answer, Durable, Ticket},
};

/// What waits.
pub(super) enum Entry {
    /// A commit, or why it cannot be one.
    Commit(Waiting),
    /// Somebody wants to know when this ticket, and with it every earlier one, is decided.
    Settled(Ticket, Answer),
    /// Goes into the state without having been in the journal.
    Keep(Write),
}

/// A commit that waits.
pub(super) struct Waiting {
    pub ticket: Ticket,
    pub after: Option<Ticket>,
    pub commit: Result<Prepared, StoreFault>,
    pub answer: Answer,
}

/// What the commit thread is given.
pub(super) enum Taken {
    Entries(Vec<Entry>),
    /// Nothing came for a while.
    Idle,
    /// Nothing will come any more.
    Closed,
}

/// The queue.
pub(super) struct Queue {
    line: Mutex<Line>,
    filled: Condvar,
    commits_max: usize,
    bytes_max: usize,
}

#[derive(Default)]
struct Line {
    entries: Vec<Entry>,
    commits: usize,
    bytes: usize,
    number: u64,
    closed: bool,
}

impl Queue {
    pub fn new(commits_max: usize, bytes_max: usize) -> Queue {
        Queue { line: Mutex::default(), filled: Condvar::new(), commits_max, bytes_max }
    }

    /// How many entries wait.
    pub fn waiting(&self) -> usize {
        locked(&self.line).entries.len()
    }

    /// Puts a commit in line; its ticket.
    pub fn push(
        &self,
        epoch: u64,
        after: Option<Ticket>,
        mut commit: Result<Prepared, StoreFault>,
    ) -> (Ticket, Durable) {
        let (answer, durable) = Durable::pair();
        let mut line = locked(&self.line);
        line.number += 1;
        let ticket = Ticket { epoch, number: line.number };
        if line.closed {
            return (ticket, Durable::known(Err(StoreFault::Closing)));
        }
        if line.commits >= self.commits_max || line.bytes >= self.bytes_max {
            commit = Err(StoreFault::Busy);
        }
        if let Ok(prepared) = &commit {
            line.commits += 1;
            line.bytes += prepared.frame.len();
        }
        self.enter(&mut line, Entry::Commit(Waiting { ticket, after, commit, answer }));
        (ticket, durable)
    }

    /// Waits in line for a ticket's fate.
    pub fn settle(&self, ticket: Ticket) -> Durable {
        let (answer, durable) = Durable::pair();
        let mut line = locked(&self.line);
        if line.closed {
            return Durable::known(Err(StoreFault::Closing));
        }
        self.enter(&mut line, Entry::Settled(ticket, answer));
        durable
    }

    /// Hands in what is not journaled; dropped if the queue is full. Whether it was taken.
    pub fn keep(&self, write: Write) -> bool {
        let mut line = locked(&self.line);
        let has_room = !line.closed && line.bytes < self.bytes_max;
        if has_room {
            line.bytes += write.weight();
            self.enter(&mut line, Entry::Keep(write));
        }
        has_room
    }

    /// Takes all there is; waits at most so long for something.
    pub fn take(&self, patience: Duration) -> Taken {
        let line = locked(&self.line);
        let nothing = |line: &mut Line| line.entries.is_empty() && !line.closed;
        let (mut line, _) = self
            .filled
            .wait_timeout_while(line, patience, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        if line.entries.is_empty() {
            return if line.closed { Taken::Closed } else { Taken::Idle };
        }
        line.commits = 0;
        line.bytes = 0;
        let room = Vec::with_capacity(line.entries.len());
        Taken::Entries(std::mem::replace(&mut line.entries, room))
    }

    /// From now on nothing gets in; what waits is still taken.
    pub fn close(&self) {
        locked(&self.line).closed = true;
        self.filled.notify_all();
    }

    fn enter(&self, line: &mut Line, entry: Entry) {
        line.entries.push(entry);
        if line.entries.len() == 1 {
            self.filled.notify_one();
        }
    }
}
