//! Breaker: stops asking a neighbour that does not answer, and tries it again now and then.
//!
//! Invariant: only what says that the neighbour is down counts: transport errors, time-outs and
//! its own faults (5xx), never a decline or a bad request. While it is open nobody waits for a
//! time-out; each time it is open twice as long; half open, one call tries for all.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::clock::Clock;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tripping {
    /// So many calls must have ended in the window before anything is concluded.
    pub calls_min: u32,
    /// It opens when so many percent of them failed.
    pub failed_percent: u32,
    /// How long ended calls count.
    pub window: Duration,
    /// How long it stays open the first time.
    pub open_first: Duration,
    /// How long at most.
    pub open_max: Duration,
}

impl Default for Tripping {
    fn default() -> Tripping {
        Tripping {
            calls_min: 10,
            failed_percent: 50,
            window: Duration::from_secs(30),
            open_first: Duration::from_secs(2),
            open_max: Duration::from_secs(30),
        }
    }
}

/// Guards one neighbour. Clones share it.
#[derive(Clone)]
pub struct Breaker {
    inner: Arc<Inner>,
}

struct Inner {
    name: &'static str,
    tripping: Tripping,
    clock: Clock,
    state: Mutex<State>,
}

/// Where it stands, and since when.
#[derive(Clone, Copy, Debug)]
struct State {
    standing: Standing,
    /// Of the window that began then: how many calls ended, how many of them failed.
    window_began: Duration,
    ended: u32,
    failed: u32,
    /// How often it opened in a row.
    opened: u32,
    /// Grows with every change of standing: what was begun under an older one proves nothing.
    era: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Closed,
    Open { until: Duration },
    Trying,
}

/// How the neighbour is, as staff and health checks see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It answers.
    Closed,
    /// It is not asked for so long.
    Open {
        /// How long still.
        for_the_next: Duration,
    },
    /// It may be asked once, or is being tried just now.
    HalfOpen,
}

/// The neighbour is not asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not asked: it has not been answering")]
pub struct NotAsked {
    /// When trying again makes sense.
    pub retry_in: Duration,
}

/// How a call ended, for the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was answered, be it with a no.
    Answered,
    /// Transport error, time-out or a fault of the neighbour.
    Failed,
}

/// Leave to make one call. Dropped without an end (a caller that gave up), it counts as failed.
#[must_use]
pub struct Leave {
    breaker: Breaker,
    era: u64,
    noted: bool,
}

impl Breaker {
    /// A closed breaker for the neighbour of this name.
    pub fn new(name: &'static str, tripping: Tripping, clock: Clock) -> Breaker {
        let state = State {
            standing: Standing::Closed,
            window_began: clock.running(),
            ended: 0,
            failed: 0,
            opened: 0,
            era: 0,
        };
        Breaker { inner: Arc::new(Inner { name, tripping, clock, state: Mutex::new(state) }) }
    }

    /// Leave to call now.
    ///
    /// # Errors
    /// It is open, or somebody is trying for all just now.
    pub fn admit(&self) -> Result<Leave, NotAsked> {
        let now = self.inner.clock.running();
        let mut state = self.lock();
        match state.standing {
            Standing::Closed => {}
            Standing::Open { until } if now < until => {
                return Err(NotAsked { retry_in: until - now });
            }
            Standing::Open { .. } => state.enter(Standing::Trying),
            Standing::Trying => return Err(NotAsked { retry_in: self.inner.tripping.open_first }),
        }
        Ok(Leave { breaker: self.clone(), era: state.era, noted: false })
    }

    /// How the neighbour is.
    pub fn condition(&self) -> Condition {
        let now = self.inner.clock.running();
        match self.lock().standing {
            Standing::Closed => Condition::Closed,
            Standing::Open { until } if now < until => {
                Condition::Open { for_the_next: until - now }
            }
            Standing::Open { .. } | Standing::Trying => Condition::HalfOpen,
        }
    }

    fn note(&self, era: u64, ended: Ended) {
        let Inner { name, tripping, clock, .. } = &*self.inner;
        let now = clock.running();
        let mut state = self.lock();
        if state.era != era {
            return;
        }
        match (state.standing, ended) {
            (Standing::Trying, Ended::Answered) => {
                state.opened = 0;
                state.enter(Standing::Closed);
                state.begin_window(now);
                tracing::info!(neighbour = name, "answers again");
            }
            (Standing::Trying, Ended::Failed) => state.open(tripping, now),
            (Standing::Closed, _) => {
                if now.saturating_sub(state.window_began) >= tripping.window {
                    state.begin_window(now);
                }
                state.ended = state.ended.saturating_add(1);
                state.failed = state.failed.saturating_add(u32::from(ended == Ended::Failed));
                let (failed, all) = (u64::from(state.failed), u64::from(state.ended));
                let many = failed * 100 >= u64::from(tripping.failed_percent) * all;
                if ended == Ended::Failed && state.ended >= tripping.calls_min && many {
                    state.open(tripping, now);
                    tracing::warn!(neighbour = name, failed, calls = all, "does not answer");
                }
            }
            (Standing::Open { .. }, _) => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&mut self, tripping: &Tripping, now: Duration) {
        let doubled = tripping.open_first.saturating_mul(1 << self.opened.min(DOUBLINGS_MAX));
        self.opened = self.opened.saturating_add(1);
        self.enter(Standing::Open { until: now + doubled.min(tripping.open_max) });
    }

    fn enter(&mut self, standing: Standing) {
        self.standing = standing;
        self.era += 1;
    }

    fn begin_window(&mut self, now: Duration) {
        (self.window_began, self.ended, self.failed) = (now, 0, 0);
    }
}

impl Leave {
    /// Tells how the call ended.
    pub fn note(mut self, ended: Ended) {
        self.noted = true;
        self.breaker.note(self.era, ended);
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if !self.noted {
            self.breaker.note(self.era, Ended::Failed);
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.inner.name, self.condition())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::Closed => "ok",
            Condition::Open { .. } => "down",
            Condition::HalfOpen => "being tried",
        })
    }
}

/// Beyond this it is `open_max` anyway.
const DOUBLINGS_MAX: u32 = 16;

#[cfg(test)]
mod tests;
