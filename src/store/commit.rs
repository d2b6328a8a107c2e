//! Commit: one thread that makes commits durable, many with one sync.
//!
//! Invariant: nobody is answered yes before the sync of their frame has returned, nobody no
//! before their frame is gone. A commit that fails ends its epoch: whatever was decided on top
//! of it is refused too, until its keeper has looked again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use metrics::Histogram;

use crate::{
    clock::Clock,
    domain::time::Timestamp,
    meters::{BATCH_COMMITS, SYNC_SECONDS},
};

use super::{
    Mode, Seq,
    disk::Disk,
    fault::StoreFault,
    faults::{Faults, Stop},
    journal::{AppendFault, Journal},
    queue::{Entry, Queue, Taken, Waiting},
    table::{FolderGone, Write, Writer},
    tickets::{Answer, Fate, Status, Ticket},
    words_of,
};

/// The commit thread.
pub(super) struct Committer {
    pub queue: Arc<Queue>,
    pub status: Arc<Status>,
    pub journal: Journal,
    pub writer: Writer,
    pub disk: Disk,
    pub faults: Option<Arc<Faults>>,
    /// Number of the last durable ticket of the present epoch.
    pub good: Option<u64>,
    pub pace: Pace,
}

/// How fast commits become durable, for whoever watches.
pub(super) struct Pace {
    clock: Clock,
    commits: Histogram,
    seconds: Histogram,
}

impl Pace {
    /// Measured from now on.
    pub fn new() -> Pace {
        Pace {
            clock: Clock::of_machine(Timestamp::default()),
            commits: metrics::histogram!(BATCH_COMMITS),
            seconds: metrics::histogram!(SYNC_SECONDS),
        }
    }

    /// One batch of so many commits, written since then.
    fn note(&self, commits: usize, since: Duration) {
        let took = self.clock.running().saturating_sub(since);
        self.seconds.record(took.as_secs_f64());
        self.commits.record(f64::from(u32::try_from(commits).unwrap_or(u32::MAX)));
    }
}

/// A commit whose frame is on its way.
struct Pending {
    ticket: Ticket,
    answer: Answer,
    writes: Vec<Write>,
}

/// A batch on its way.
#[derive(Default)]
struct Batch {
    frames: Vec<(Vec<u8>, Timestamp)>,
    /// What belongs to each frame.
    commits: Vec<Pending>,
    kept: Vec<Write>,
    refused: Vec<(Answer, StoreFault)>,
    settled: Vec<(Ticket, Answer)>,
    /// Some commit of the present epoch has failed.
    epoch_ends: bool,
}

impl Committer {
    /// Works until the queue is closed and empty.
    pub fn run(mut self) {
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        if let Err(panic) = worked {
            let why = words_of(&*panic);
            tracing::error!(why, "the commit thread broke");
            self.status.set_mode(Mode::ReadOnly { why });
            self.queue.close();
            self.status.end_epoch(self.good);
            // Whoever still waits in line hears of it.
            while let Taken::Entries(_) = self.queue.take(Duration::ZERO) {}
        }
    }

    fn work(&mut self) {
        loop {
            match self.queue.take(IDLE) {
                Taken::Entries(entries) => {
                    self.commit(entries);
                    self.give_way();
                }
                Taken::Idle => self.idle(),
                Taken::Closed => break,
            }
        }
        self.close_journal();
        let handed_on = self.writer.freeze();
        self.must_be_taken(handed_on);
    }

    fn commit(&mut self, entries: Vec<Entry>) {
        let mut batch = Batch::default();
        let mode = self.look_at_disk();
        for entry in entries {
            match entry {
                Entry::Commit(waiting) => self.admit(waiting, &mode, &mut batch),
                Entry::Settled(ticket, answer) => self.settle(ticket, answer, &mut batch),
                Entry::Keep(write) => batch.kept.push(write),
            }
        }
        let durable = self.write(&mut batch);
        let mut last = self.status.seq();
        let mut answers = Vec::with_capacity(durable.len());
        for (seq, pending) in durable {
            self.writer.publish(seq, pending.writes);
            self.good = Some(pending.ticket.number);
            last = seq;
            answers.push((pending.answer, seq));
        }
        let kept = std::mem::take(&mut batch.kept);
        self.writer.publish_kept(last, kept);
        self.tell(batch, answers, last);
        let handed_on = self.writer.freeze_if_full();
        self.must_be_taken(handed_on);
    }

    /// Lets the folder catch up, the longer the further it is behind: many short waits are felt by
    /// nobody, one long wait for a table that is full by everybody.
    fn give_way(&self) {
        let behind = self.writer.behind();
        if behind > 0 {
            let thousandths = u32::try_from(behind).unwrap_or(1000);
            let wait = GIVE_WAY_MAX * thousandths / 1000;
            if let Some(faults) = &self.faults {
                faults.give_way(wait);
            }
            thread::park_timeout(wait);
        }
    }

    /// Answers who only waits: at once if the commit is through, else with this batch.
    fn settle(&self, ticket: Ticket, answer: Answer, batch: &mut Batch) {
        match self.status.fate(ticket) {
            // Whoever asked may have gone away meanwhile.
            Fate::Durable => drop(answer.send(Ok(self.status.seq()))),
            Fate::Failed => drop(answer.send(Err(StoreFault::Overtaken))),
            Fate::Open => batch.settled.push((ticket, answer)),
        }
    }

    /// Takes a commit into the batch, or says why not.
    fn admit(&self, waiting: Waiting, mode: &Mode, batch: &mut Batch) {
        let Waiting { ticket, after, commit, answer } = waiting;
        if ticket.epoch != self.status.epoch() || batch.epoch_ends {
            batch.refused.push((answer, overtaken_in(mode)));
            return;
        }
        let fit = match mode {
            Mode::Writable if self.builds_on_firm_ground(ticket, after) => commit,
            Mode::Writable | Mode::DiskFull | Mode::ReadOnly { .. } => Err(overtaken_in(mode)),
        };
        match fit {
            Ok(prepared) => {
                batch.frames.push((prepared.frame, prepared.at));
                batch.commits.push(Pending { ticket, answer, writes: prepared.writes });
            }
            Err(fault) => {
                batch.epoch_ends = true;
                batch.refused.push((answer, fault));
            }
        }
    }

    /// A predecessor in this epoch is durable, or written before this one in the same batch.
    fn builds_on_firm_ground(&self, ticket: Ticket, after: Option<Ticket>) -> bool {
        let Some(after) = after else { return true };
        match self.status.fate(after) {
            Fate::Durable => true,
            Fate::Open => after.epoch == ticket.epoch && after.number < ticket.number,
            Fate::Failed => false,
        }
    }

    /// Appends the batch; the commits that are durable, with their sequence numbers.
    fn write(&mut self, batch: &mut Batch) -> Vec<(Seq, Pending)> {
        let first = self.journal.last() + 1;
        let mut commits = std::mem::take(&mut batch.commits);
        let (since, count) = (self.pace.clock.running(), batch.frames.len());
        let appended = self.journal.append(&mut batch.frames);
        if count > 0 {
            self.pace.note(count, since);
        }
        let failed = commits.split_off(appended.durable);
        if let Some(fault) = appended.fault {
            let fault = self.suffer(fault);
            batch.epoch_ends = true;
            let refused = failed.into_iter().map(|pending| (pending.answer, fault.clone()));
            batch.refused.extend(refused);
        }
        (first..).zip(commits).collect()
    }

    /// Makes the outcome known: to everybody, then to each.
    fn tell(&mut self, batch: Batch, answers: Vec<(Answer, Seq)>, last: Seq) {
        let number = self.good.unwrap_or(0);
        if batch.epoch_ends {
            self.status.end_epoch(self.good.take());
        }
        if !answers.is_empty() {
            self.status.advance(number, last, self.journal.time());
        }
        self.status.journal_bytes.store(self.journal.bytes(), Ordering::Relaxed);
        if let Some(faults) = &self.faults {
            faults.pass(Stop::BeforeAnswer);
        }
        // Whoever asked may have gone away meanwhile.
        for (answer, seq) in answers {
            let _ = answer.send(Ok(seq));
        }
        for (answer, fault) in batch.refused {
            let _ = answer.send(Err(fault));
        }
        for (ticket, answer) in batch.settled {
            let _ = answer.send(match self.status.fate(ticket) {
                Fate::Durable => Ok(last),
                Fate::Failed | Fate::Open => Err(overtaken_in(&self.status.mode())),
            });
        }
    }

    /// Nothing to do: say that all is durable, let the state catch up, look at the disk.
    fn idle(&mut self) {
        self.close_journal();
        // Who commits next must not wait because nobody did for a while.
        let handed_on = self.writer.freeze_if_room();
        self.must_be_taken(handed_on);
    }

    fn close_journal(&mut self) {
        if self.look_at_disk() == Mode::Writable {
            if let Err(fault) = self.journal.close() {
                self.suffer(fault);
            }
            self.status.journal_bytes.store(self.journal.bytes(), Ordering::Relaxed);
        }
    }

    fn must_be_taken(&self, handed_on: Result<(), FolderGone>) {
        if handed_on.is_err() {
            self.give_up("the state takes no more changes".into());
        }
    }

    /// Whether anything can be written now. A full disk heals here.
    fn look_at_disk(&self) -> Mode {
        let mode = self.status.mode();
        let low = self.disk.is_low();
        let now = match (&mode, low) {
            (Mode::ReadOnly { .. }, _) => return mode,
            (Mode::Writable | Mode::DiskFull, true) => Mode::DiskFull,
            (Mode::Writable | Mode::DiskFull, false) => Mode::Writable,
        };
        if now != mode {
            tracing::warn!(mode = ?now, "the room on the disk changed what can be done");
            self.status.set_mode(now.clone());
        }
        now
    }

    fn suffer(&self, fault: AppendFault) -> StoreFault {
        match fault {
            AppendFault::Full(source) => {
                tracing::warn!(%source, "a commit could not be written and was taken back");
                self.status.set_mode(Mode::DiskFull);
                StoreFault::DiskFull
            }
            AppendFault::Broken(why) => {
                self.give_up(why.clone());
                StoreFault::ReadOnly { why }
            }
        }
    }

    fn give_up(&self, why: String) {
        if !matches!(self.status.mode(), Mode::ReadOnly { .. }) {
            tracing::error!(why, "nothing more can be written until a restart");
            self.status.set_mode(Mode::ReadOnly { why });
        }
    }
}

/// What to tell whoever builds on something that failed: why nothing can be written, if nothing
/// can, because trying again at once is of no use then.
pub(super) fn overtaken_in(mode: &Mode) -> StoreFault {
    match mode {
        Mode::Writable => StoreFault::Overtaken,
        Mode::DiskFull => StoreFault::DiskFull,
        Mode::ReadOnly { why } => StoreFault::ReadOnly { why: why.clone() },
    }
}

/// Without commits for so long, a closing frame is written and the table folded.
const IDLE: Duration = Duration::from_millis(100);
/// The longest wait for a folder that is behind, between two batches.
const GIVE_WAY_MAX: Duration = Duration::from_millis(20);

#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
