//! Faults on order: how a test makes the disk full, a sync fail, or the process die at a name.
//!
//! A running shop has none of them; then each question here is one test of an `Option`.

use std::{
    io,
    str::FromStr,
    sync::{
        PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    locked,
    sync::{Condvar, Mutex},
};

/// A place on the road of a commit where a test may end the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before anything is written.
    BeforeWrite,
    /// One more frame is written, and what would be written with it is not.
    AfterFrame,
    /// Written, not yet synced.
    AfterWrite,
    /// Synced, not yet visible to readers.
    AfterSync,
    /// Visible, nobody answered yet.
    BeforeAnswer,
}

/// What shall go wrong.
#[derive(Debug)]
pub struct Faults {
    room: AtomicU64,
    failing_syncs: AtomicBool,
    stop: Option<(Stop, AtomicU64)>,
    /// Every so-manieth decision of an owner panics.
    panics_each: Option<u64>,
    decisions: AtomicU64,
    syncs: AtomicU64,
    given_way_micros: AtomicU64,
    gate: Mutex<Gate>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Gate {
    shut: bool,
    waiting: bool,
}

impl Faults {
    /// Nothing goes wrong yet.
    pub fn none() -> Faults {
        Faults {
            room: AtomicU64::new(u64::MAX),
            failing_syncs: AtomicBool::new(false),
            stop: None,
            panics_each: None,
            decisions: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            given_way_micros: AtomicU64::new(0),
            gate: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// The process aborts when it passes `stop` for the `passage`-th time.
    pub fn dying_at(stop: Stop, passage: u64) -> Faults {
        Faults { stop: Some((stop, AtomicU64::new(passage))), ..Faults::none() }
    }

    /// From now on so many bytes can be written before the disk is full.
    pub fn leave_room(&self, bytes: u64) {
        self.room.store(bytes, Ordering::SeqCst);
    }

    /// From now on every sync fails.
    pub fn fail_syncs(&self) {
        self.failing_syncs.store(true, Ordering::SeqCst);
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::SeqCst)
    }

    /// For how long commits gave way to the folder, all in all.
    pub fn given_way(&self) -> Duration {
        Duration::from_micros(self.given_way_micros.load(Ordering::SeqCst))
    }

    /// From now on a sync does not return before [`Faults::let_syncs_go`].
    pub fn hold_syncs(&self) {
        locked(&self.gate).shut = true;
    }

    /// Waits until a sync is held.
    pub fn wait_for_held_sync(&self) {
        let gate = locked(&self.gate);
        let held = self.moved.wait_while(gate, |gate| !gate.waiting);
        drop(held.unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets held syncs return.
    pub fn let_syncs_go(&self) {
        *locked(&self.gate) = Gate::default();
        self.moved.notify_all();
    }

    /// How many bytes the disk still takes.
    pub(super) fn room(&self) -> u64 {
        self.room.load(Ordering::SeqCst)
    }

    /// Takes room for a write; what fits of it, if not all does.
    pub(super) fn take_room(&self, bytes: u64) -> Result<(), u64> {
        let room = self.room.load(Ordering::SeqCst);
        if room == u64::MAX {
            return Ok(());
        }
        self.room.store(room.saturating_sub(bytes), Ordering::SeqCst);
        if bytes <= room { Ok(()) } else { Err(room) }
    }

    /// What a sync says.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        let mut gate = locked(&self.gate);
        gate.waiting = gate.shut;
        self.moved.notify_all();
        drop(self.moved.wait_while(gate, |gate| gate.shut).unwrap_or_else(PoisonError::into_inner));
        if self.failing_syncs.load(Ordering::SeqCst) {
            return Err(io::Error::other("the sync failed on order"));
        }
        Ok(())
    }

    /// Commits give way for so long.
    pub(super) fn give_way(&self, wait: Duration) {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        self.given_way_micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Panics if it is this decision's turn.
    ///
    /// # Panics
    /// On order.
    pub(super) fn decide(&self) {
        let Some(each) = self.panics_each else { return };
        let number = self.decisions.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(!number.is_multiple_of(each), "a rule panics on order, at decision {number}");
    }

    /// Ends the process if this is the place and the time.
    pub(super) fn pass(&self, stop: Stop) {
        if self.is_the_last(stop) {
            std::process::abort();
        }
    }

    /// Whether this is the place and the time for the process to end.
    pub(super) fn is_the_last(&self, stop: Stop) -> bool {
        let Some((at, passages)) = &self.stop else { return false };
        *at == stop && passages.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

/// The text names no stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fault is `before_write:N`, `after_frame:N`, `after_write:N`, `after_sync:N`, \
     `before_answer:N` or `panic:N`"
)]
pub struct NotAStop;

impl FromStr for Faults {
    type Err = NotAStop;

    fn from_str(text: &str) -> Result<Faults, NotAStop> {
        let (name, passage) = text.split_once(':').ok_or(NotAStop)?;
        if name == "panic" {
            let each = passage.parse().ok().filter(|each| *each > 0).ok_or(NotAStop)?;
            return Ok(Faults { panics_each: Some(each), ..Faults::none() });
        }
        let stop = match name {
            "before_write" => Stop::BeforeWrite,
            "after_frame" => Stop::AfterFrame,
            "after_write" => Stop::AfterWrite,
            "after_sync" => Stop::AfterSync,
            "before_answer" => Stop::BeforeAnswer,
            _ => return Err(NotAStop),
        };
        Ok(Faults::dying_at(stop, passage.parse().map_err(|_| NotAStop)?))
    }
}
