//! Clock: the only place that asks for the time, and the only place that rolls dice.
//!
//! Invariant: the time never goes back, neither while the shop runs nor across a restart. A wall
//! clock that jumps by more than an hour is reported and not obeyed; one that is set back a
//! little is waited for, by walking slower. New ids are in the order in which they were made.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::domain::{ids::Identity, time::Timestamp};

/// The shop's time, ids and dice. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Source,
    last_id: AtomicU64,
}

#[derive(Debug)]
enum Source {
    /// The machine's two clocks, watched.
    Machine { started: Instant, watch: Mutex<Watch> },
    /// Stands still until told to move; the first figure is the moment it was made at.
    Told { origin: i64, millis_passed: AtomicU64 },
}

impl Clock {
    /// The machine's clock, which starts no earlier than `floor`: the time of the last commit.
    pub fn of_machine(floor: Timestamp) -> Clock {
        let (watch, started_late) = Watch::starting(wall_millis(), floor.millis());
        if started_late > JUMP_MILLIS_MAX {
            tracing::warn!(
                clock.behind_ms = started_late,
                "the machine's clock stands before the last commit and is not obeyed"
            );
        }
        Clock::over(Source::Machine { started: instant(), watch: Mutex::new(watch) })
    }

    /// A clock that stands still until [`Clock::advance`] moves it; for tests and the demo.
    pub fn stopped_at(now: Timestamp) -> Clock {
        Clock::over(Source::Told { origin: now.millis(), millis_passed: AtomicU64::new(0) })
    }

    fn over(source: Source) -> Clock {
        Clock { inner: Arc::new(Inner { source, last_id: AtomicU64::new(0) }) }
    }

    /// What time it is. Never earlier than an answer given before.
    pub fn now(&self) -> Timestamp {
        let millis = match &self.inner.source {
            Source::Machine { started, watch } => {
                let running = whole_millis(started.elapsed());
                let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
                let (now, jump) = watch.look(wall_millis(), running);
                if let Some(millis) = jump {
                    tracing::warn!(
                        clock.jump_ms = millis,
                        "the machine's clock jumped and is not obeyed"
                    );
                }
                now
            }
            Source::Told { origin, millis_passed } => {
                let passed = millis_passed.load(Ordering::SeqCst);
                origin.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
            }
        };
        Timestamp::from_millis(millis)
    }

    /// How long this clock has been running, whatever the wall clock did: for deadlines.
    pub fn running(&self) -> Duration {
        match &self.inner.source {
            Source::Machine { started, .. } => started.elapsed(),
            Source::Told { millis_passed, .. } => {
                Duration::from_millis(millis_passed.load(Ordering::SeqCst))
            }
        }
    }

    /// Moves a stopped clock on; the machine's clock is not moved by anybody.
    pub fn advance(&self, by: Duration) {
        if let Source::Told { millis_passed, .. } = &self.inner.source {
            let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
            millis_passed.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// A new id (UUIDv7), greater than all this clock has made before.
    pub fn new_id<T: Identity>(&self) -> T {
        let stamp = self.next_id_stamp();
        let mut bytes: [u8; 16] = self.random();
        // 48 bits of milliseconds, version, 12 bits of count, variant, 62 random bits (RFC 9562).
        bytes[..6].copy_from_slice(&(stamp >> COUNT_BITS).to_be_bytes()[2..]);
        let count = (stamp & COUNT_MAX).to_be_bytes();
        bytes[6] = 0x70 | count[6];
        bytes[7] = count[7];
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        T::from_bytes(bytes)
    }

    /// Bytes nobody can guess, from the operating system.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system always has random bytes");
        bytes
    }

    /// Milliseconds and a count within them, in one number that only grows. A full count borrows
    /// from the next millisecond.
    fn next_id_stamp(&self) -> u64 {
        let millis = u64::try_from(self.now().millis()).unwrap_or(0);
        let now = millis << COUNT_BITS;
        let after = |last: u64| now.max(last + 1);
        let last = self
            .inner
            .last_id
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        after(last.unwrap_or_else(|last| last))
    }
}

/// Compares the wall clock with the steady one and decides what time it is.
#[derive(Debug)]
struct Watch {
    /// Time minus running time: what the steady clock lacks.
    offset: i64,
    /// Running time at the last look.
    seen: i64,
    /// The last answer.
    last: i64,
    /// Whether the wall clock is more than an hour off, and that has been reported.
    astray: bool,
}

impl Watch {
    /// Starts at the wall clock's time, or at the floor if that is later; and by how much.
    fn starting(wall: i64, floor: i64) -> (Watch, i64) {
        let start = wall.max(floor);
        (Watch { offset: start, seen: 0, last: start, astray: false }, start - wall)
    }

    /// The time now, and the size of a jump that is to be reported.
    fn look(&mut self, wall: i64, running: i64) -> (i64, Option<i64>) {
        let passed = running.saturating_sub(self.seen).max(0);
        self.seen = running;
        let ahead = wall.saturating_sub(self.offset.saturating_add(running));
        let strays = ahead.saturating_abs() > JUMP_MILLIS_MAX;
        let jump = (strays && !self.astray).then_some(ahead);
        self.astray = strays;
        if !strays {
            // Forward at once; back by walking slower, so that time never stands still.
            self.offset += ahead.max(-(passed / SLOWER_BY));
        }
        self.last = self.last.max(self.offset.saturating_add(running));
        (self.last, jump)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
fn instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
fn wall_millis() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => whole_millis(since),
        Err(before) => -whole_millis(before.duration()),
    }
}

fn whole_millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A wall clock further off than this is not obeyed.
const JUMP_MILLIS_MAX: i64 = 3_600_000;
/// A clock that is ahead of the wall walks slower by one part in so many.
const SLOWER_BY: i64 = 8;
/// Bits that count ids within a millisecond.
const COUNT_BITS: u32 = 12;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;

#[cfg(test)]
mod tests;
