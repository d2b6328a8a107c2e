//! The commit thread under random schedules: whoever runs next at every lock and counter between
//! submitters and the thread, what it answers is so.
//!
//! The queue, the tickets and the thread are the real ones, over a real journal; only their locks
//! and counters are the checker's (`store/sync.rs`). A failing schedule is printed, and repeated
//! with `shuttle::replay`.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};

use shuttle::{
    future::block_on,
    rand::{Rng, thread_rng},
    thread::{self, JoinHandle},
};
use tempfile::TempDir;

use super::super::{
    Seq, StoreFault,
    change::Prepared,
    disk::Disk,
    faults::Faults,
    journal::{frame::HEADER_BYTES, open::survey_all, read::Cursor},
    queue::Queue,
    state::fold::Fold,
    sync::{Mutex, scheduled},
    table::{Table, Writer},
    tickets::{Fate, Status, Ticket},
};
use super::{Committer, Pace};
use crate::domain::time::Timestamp;

/// A commit thread on its own, and what everybody heard of it.
struct Stage {
    queue: Arc<Queue>,
    status: Arc<Status>,
    faults: Arc<Faults>,
    committing: JoinHandle<()>,
    heard: Arc<Mutex<Vec<Heard>>>,
    dir: PathBuf,
    _folds: mpsc::Receiver<Fold>,
    room: TempDir,
}

/// One commit, and what became of it.
#[derive(Clone, Debug)]
struct Heard {
    name: String,
    ticket: Ticket,
    after: Option<Ticket>,
    outcome: Result<Seq, String>,
}

/// Somebody who submits.
#[derive(Clone)]
struct Submitter {
    name: u64,
    queue: Arc<Queue>,
    status: Arc<Status>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

fn locked<T>(lock: &Mutex<T>) -> super::super::sync::MutexGuard<'_, T> {
    lock.lock().expect("nobody panics with it")
}

impl Stage {
    fn set(commits_max: usize) -> Stage {
        let memory = Path::new("/dev/shm");
        let room = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let room = room.expect("a temporary directory");
        let dir = room.path().to_path_buf();
        let faults = Arc::new(Faults::none());
        let disk = Disk::under(&dir, 0, Some(Arc::clone(&faults)));
        let survey = survey_all(&dir).expect("an empty journal");
        let repaired = survey.repair(&disk, SEGMENT_BYTES, 1, Some(Arc::clone(&faults)));
        let (journal, _) = repaired.expect("a journal");
        let (folder, folds) = mpsc::sync_channel(FOLDS_MAX);
        let queue = Arc::new(Queue::new(commits_max, usize::MAX));
        let status = Arc::new(Status::new(journal.last(), journal.time()));
        let committer = Committer {
            queue: Arc::clone(&queue),
            status: Arc::clone(&status),
            writer: Writer::new(Arc::new(Table::new()), folder, journal.last()),
            journal,
            disk,
            faults: Some(Arc::clone(&faults)),
            good: None,
            pace: Pace::new(),
        };
        let committing = thread::spawn(move || committer.run());
        let heard = Arc::default();
        Stage { queue, status, faults, committing, heard, dir, _folds: folds, room }
    }

    fn submitter(&self, name: u64) -> Submitter {
        let (queue, status) = (Arc::clone(&self.queue), Arc::clone(&self.status));
        Submitter { name, queue, status, heard: Arc::clone(&self.heard) }
    }

    /// Closes, waits for everybody, and compares what they heard with the journal.
    fn ends(self, submitters: Vec<JoinHandle<()>>) {
        submitters.into_iter().for_each(|submitter| submitter.join().expect("it ends"));
        self.queue.close();
        self.committing.join().expect("it ends");
        let heard = locked(&self.heard).clone();
        let written = written(&self.dir, self.status.seq());
        for one in &heard {
            let there = written.iter().find(|(_, name)| *name == one.name).map(|(seq, _)| *seq);
            let told = one.outcome.clone().ok();
            assert_eq!(told, there, "{one:?} in {written:?}");
            let fate = self.status.fate(one.ticket);
            let is = if told.is_some() { Fate::Durable } else { Fate::Failed };
            // What came after the end was never in line.
            let too_late = one.outcome == Err(StoreFault::Closing.to_string());
            assert!(fate == is || too_late && fate == Fate::Open, "{one:?} is {fate:?}");
        }
        in_order(&heard);
        nothing_on_sand(&heard);
        // The thread that makes segments is no part of the schedule, and may just be making one.
        while std::fs::remove_dir_all(self.room.path()).is_err() && self.room.path().exists() {}
    }
}

/// The names of the commits in the journal, in order.
fn written(dir: &Path, through: Seq) -> Vec<(Seq, String)> {
    let mut cursor = Cursor::after(dir, 0);
    let mut written = Vec::new();
    while let Some(entry) = cursor.next(through).expect("a sound journal") {
        written.push((entry.seq, String::from_utf8(entry.payload).expect("a name")));
    }
    written
}

/// Of two that are kept, the one with the earlier ticket is earlier in the journal; in an epoch,
/// what is kept comes before what failed.
fn in_order(heard: &[Heard]) {
    for one in heard {
        for other in heard.iter().filter(|other| one.ticket < other.ticket) {
            if let (Ok(seq), Ok(later)) = (&one.outcome, &other.outcome) {
                assert!(seq < later, "{one:?} and {other:?} changed places");
            }
            let same_epoch = one.ticket.epoch == other.ticket.epoch;
            let survived = one.outcome.is_err() && other.outcome.is_ok();
            assert!(!(same_epoch && survived), "{other:?} outlived {one:?}");
        }
    }
}

/// Nothing is kept that was built on what failed.
fn nothing_on_sand(heard: &[Heard]) {
    for one in heard.iter().filter(|one| one.outcome.is_ok()) {
        let before = heard.iter().find(|other| Some(other.ticket) == one.after);
        assert!(before.is_none_or(|before| before.outcome.is_ok()), "{one:?} is on {before:?}");
    }
}

impl Submitter {
    /// Submits one commit and waits for its answer.
    fn submits(&self, number: u64, after: Option<Ticket>, fits: bool) -> Ticket {
        let (ticket, durable, name) = self.pushes(number, after, fits);
        self.hears(name, ticket, after, durable);
        ticket
    }

    fn pushes(
        &self,
        number: u64,
        after: Option<Ticket>,
        fits: bool,
    ) -> (Ticket, super::super::Durable, String) {
        let name = format!("{}.{number}", self.name);
        let mut frame = vec![0; HEADER_BYTES];
        frame.extend_from_slice(name.as_bytes());
        let prepared = Prepared { frame, at: Timestamp::default(), writes: Vec::new() };
        let commit = if fits { Ok(prepared) } else { Err(StoreFault::TooLarge { bytes: 0 }) };
        let (ticket, durable) = self.queue.push(self.status.epoch(), after, commit);
        (ticket, durable, name)
    }

    fn hears(
        &self,
        name: String,
        ticket: Ticket,
        after: Option<Ticket>,
        durable: super::super::Durable,
    ) {
        let outcome = block_on(durable).map_err(|fault| fault.to_string());
        if let Ok(seq) = &outcome {
            assert!(self.status.seq() >= *seq, "{name} was told more than is known");
            assert_eq!(self.status.fate(ticket), Fate::Durable, "{name}");
        }
        locked(&self.heard).push(Heard { name, ticket, after, outcome });
    }
}

/// Tries many schedules out: at random, and with few, well chosen changes of turn.
fn under_any_schedule(play: impl Fn() + Send + Sync + Clone + 'static) {
    scheduled(|| {
        shuttle::check_random(play.clone(), SCHEDULES);
        shuttle::check_pct(play, SCHEDULES, CHANGES_OF_TURN);
    });
}

#[test]
fn answers_are_so_whoever_submits_and_whatever_fails() {
    under_any_schedule(|| {
        let stage = Stage::set(2 + thread_rng().gen_range(0..6));
        let mut all = Vec::new();
        for name in 0..3 {
            let submitter = stage.submitter(name);
            all.push(thread::spawn(move || {
                let mut last = None;
                for number in 0..3 {
                    let fits = thread_rng().gen_range(0..6) > 0;
                    let after = last.filter(|_| thread_rng().gen_range(0..2) == 0);
                    last = Some(submitter.submits(number, after, fits));
                }
            }));
        }
        if thread_rng().gen_range(0..3) == 0 {
            let faults = Arc::clone(&stage.faults);
            all.push(thread::spawn(move || {
                thread::yield_now();
                faults.fail_syncs();
            }));
        }
        stage.ends(all);
    });
}

#[test]
fn a_step_falls_with_the_step_before_it() {
    under_any_schedule(|| {
        let stage = Stage::set(8);
        let (first, other) = (stage.submitter(1), stage.submitter(2));
        let steps = thread::spawn(move || {
            // The second and the third step do not wait for the one before.
            let one = first.pushes(1, None, thread_rng().gen_range(0..2) == 0);
            let two = first.pushes(2, Some(one.0), true);
            let three = first.pushes(3, Some(two.0), true);
            let befores = [None, Some(one.0), Some(two.0)];
            for ((ticket, durable, name), after) in [one, two, three].into_iter().zip(befores) {
                first.hears(name, ticket, after, durable);
            }
        });
        let beside = thread::spawn(move || {
            for number in 0..2 {
                other.submits(number, None, thread_rng().gen_range(0..3) > 0);
            }
        });
        stage.ends(vec![steps, beside]);
    });
}

#[test]
fn nobody_is_answered_while_the_sync_is_under_way() {
    under_any_schedule(|| {
        let stage = Stage::set(8);
        stage.faults.hold_syncs();
        let all = (0..2).map(|name| {
            let submitter = stage.submitter(name);
            thread::spawn(move || {
                submitter.submits(0, None, true);
            })
        });
        let all: Vec<_> = all.collect();
        stage.faults.wait_for_held_sync();
        for _ in 0..4 {
            thread::yield_now();
            assert!(locked(&stage.heard).is_empty(), "somebody was answered");
            assert_eq!(stage.status.seq(), 0, "something is called durable");
        }
        stage.faults.let_syncs_go();
        stage.ends(all);
    });
}

#[test]
fn whoever_waits_in_line_hears_of_the_end() {
    under_any_schedule(|| {
        let stage = Stage::set(8);
        let all = (0..2).map(|name| {
            let (submitter, queue) = (stage.submitter(name), Arc::clone(&stage.queue));
            thread::spawn(move || {
                let ticket = submitter.submits(0, None, true);
                let settled = block_on(queue.settle(ticket));
                let kept = submitter.status.fate(ticket) == Fate::Durable;
                let closed = matches!(settled, Err(StoreFault::Closing));
                assert!(closed || settled.is_ok() == kept, "{settled:?}, and kept: {kept}");
            })
        });
        let mut all: Vec<_> = all.collect();
        let queue = Arc::clone(&stage.queue);
        all.push(thread::spawn(move || queue.close()));
        stage.ends(all);
    });
}

/// Schedules of each kind that a test tries.
const SCHEDULES: usize = 300;
/// Changes of turn in a schedule with few of them.
const CHANGES_OF_TURN: usize = 3;
const SEGMENT_BYTES: u64 = 64 * 1024;
/// More than are ever sent here.
const FOLDS_MAX: usize = 64;
