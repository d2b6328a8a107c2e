//! Tickets: what a submitter holds until its commit is durable, and what became of each.
//!
//! Invariant: within an epoch the durable commits are the first so many; one failure ends the
//! epoch. So one number an epoch says of every ticket whether it was kept.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Poll},
};

use arc_swap::ArcSwap;
use tokio::sync::{oneshot, watch};

use crate::domain::time::Timestamp;

use super::{
    Mode, Seq,
    fault::StoreFault,
    sync::{AtomicI64, AtomicU64, Mutex},
};

/// A place in the queue of commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    pub(super) epoch: u64,
    pub(super) number: u64,
}

impl Ticket {
    /// The ticket as a number, for those who may not know what it is.
    pub fn to_bits(self) -> u128 {
        u128::from(self.epoch) << 64 | u128::from(self.number)
    }

    /// The ticket that was made into this number.
    pub fn from_bits(bits: u128) -> Ticket {
        let [epoch, number] = [bits >> 64, bits & u128::from(u64::MAX)]
            .map(|half| u64::try_from(half).unwrap_or_default());
        Ticket { epoch, number }
    }
}

impl PartialOrd for Ticket {
    fn partial_cmp(&self, other: &Ticket) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ticket {
    fn cmp(&self, other: &Ticket) -> std::cmp::Ordering {
        (self.number, self.epoch).cmp(&(other.number, other.epoch))
    }
}

/// What is answered when a commit is durable: the sequence number of its frame.
pub(super) type Answer = oneshot::Sender<Result<Seq, StoreFault>>;

/// Waits until a commit is durable, or has failed.
#[must_use = "nothing is known of a commit before this is awaited"]
pub struct Durable(Waiting);

enum Waiting {
    Known(Result<Seq, StoreFault>),
    For(oneshot::Receiver<Result<Seq, StoreFault>>),
}

impl Durable {
    pub(super) fn known(outcome: Result<Seq, StoreFault>) -> Durable {
        Durable(Waiting::Known(outcome))
    }

    pub(super) fn pair() -> (Answer, Durable) {
        let (answer, waiting) = oneshot::channel();
        (answer, Durable(Waiting::For(waiting)))
    }

    /// Waits on a thread that is not part of a runtime.
    pub fn wait(self) -> Result<Seq, StoreFault> {
        match self.0 {
            Waiting::Known(outcome) => outcome,
            Waiting::For(waiting) => waiting.blocking_recv().unwrap_or(Err(StoreFault::Closing)),
        }
    }
}

impl Future for Durable {
    type Output = Result<Seq, StoreFault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Waiting::Known(outcome) => Poll::Ready(outcome.clone()),
            Waiting::For(waiting) => Pin::new(waiting)
                .poll(context)
                .map(|answered| answered.unwrap_or(Err(StoreFault::Closing))),
        }
    }
}

/// What became of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Durable,
    Failed,
    Open,
}

/// What everybody may know of the commit thread. Only that thread changes it.
pub(super) struct Status {
    durable: AtomicU64,
    time: AtomicI64,
    epochs: ArcSwap<Epochs>,
    mode: ArcSwap<Mode>,
    seq: watch::Sender<Seq>,
    pub(super) journal_bytes: AtomicU64,
    /// The first damage that was found in old parts of the journal.
    pub(super) damage: Mutex<Option<StoreFault>>,
}

/// The present epoch, and how far each ended one came.
#[derive(Clone)]
struct Epochs {
    present: u64,
    /// Epoch and number of its last durable ticket; epochs without one are left out.
    ended: Vec<(u64, u64)>,
}

impl Status {
    pub fn new(seq: Seq, time: Timestamp) -> Status {
        Status {
            durable: AtomicU64::new(0),
            time: AtomicI64::new(time.millis()),
            epochs: ArcSwap::from_pointee(Epochs { present: 1, ended: Vec::new() }),
            mode: ArcSwap::from_pointee(Mode::Writable),
            seq: watch::Sender::new(seq),
            journal_bytes: AtomicU64::new(0),
            damage: Mutex::default(),
        }
    }

    pub fn epoch(&self) -> u64 {
        self.epochs.load().present
    }

    pub fn seq(&self) -> Seq {
        *self.seq.borrow()
    }

    pub fn seq_watch(&self) -> watch::Receiver<Seq> {
        self.seq.subscribe()
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.time.load(Ordering::Acquire))
    }

    pub fn mode(&self) -> Mode {
        Mode::clone(&self.mode.load())
    }

    /// The number is loaded before the epochs: an epoch ends before a later one gets durable.
    pub fn fate(&self, ticket: Ticket) -> Fate {
        let durable = self.durable.load(Ordering::Acquire);
        let epochs = self.epochs.load();
        if ticket.epoch == epochs.present {
            return if ticket.number <= durable { Fate::Durable } else { Fate::Open };
        }
        let ended = epochs.ended.iter().rev().find(|(epoch, _)| *epoch == ticket.epoch);
        match ended {
            Some((_, last)) if ticket.number <= *last => Fate::Durable,
            Some(_) | None => Fate::Failed,
        }
    }

    pub fn set_mode(&self, mode: Mode) {
        self.mode.store(mode.into());
    }

    pub fn advance(&self, number: u64, seq: Seq, time: Timestamp) {
        self.time.store(time.millis(), Ordering::Release);
        self.durable.store(number, Ordering::Release);
        self.seq.send_replace(seq);
    }

    /// Ends the present epoch. `last` is its last durable ticket, if it had one.
    pub fn end_epoch(&self, last: Option<u64>) {
        let mut epochs = Epochs::clone(&self.epochs.load());
        if let Some(last) = last {
            epochs.ended.push((epochs.present, last));
        }
        if epochs.ended.len() > ENDED_EPOCHS_MAX {
            epochs.ended.remove(0);
        }
        epochs.present += 1;
        self.epochs.store(epochs.into());
    }
}

/// How many ended epochs are remembered; a ticket of an older one counts as failed.
const ENDED_EPOCHS_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_comes_back_from_its_number() {
        for (epoch, number) in [(0, 0), (1, 7), (u64::MAX, 1), (3, u64::MAX)] {
            let ticket = Ticket { epoch, number };
            assert_eq!(Ticket::from_bits(ticket.to_bits()), ticket);
        }
    }
}
