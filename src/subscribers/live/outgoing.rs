//! Outgoing: what one who listens is sent next, and when.
//!
//! Invariants: what one is sent is in the journal's order from one sending to the next, so that
//! the last position they were told has nothing behind it that waits. Only numbers of stock wait,
//! each until a later one takes its place or its moment comes, and nothing else waits for them.

use std::{sync::Arc, time::Duration};

use super::{frame::Event, hub::ClientId, stream::Sent, viewer::Viewer};
use crate::{
    domain::ids::VariantId,
    store::{Reader, Seq, StoreFault},
};

/// What one who listens is sent next.
#[derive(Default)]
pub(super) struct Outgoing {
    events: Vec<(Seq, Arc<Event>, Option<VariantId>)>,
}

impl Outgoing {
    /// Adds what is told at the end of this round.
    pub fn add(&mut self, seq: Seq, event: &Arc<Event>) {
        self.events.push((seq, Arc::clone(event), None));
    }

    /// Adds how much there is of a variant, in the place of what was to be said of it before.
    pub fn add_number(&mut self, seq: Seq, event: &Arc<Event>, variant: VariantId) {
        self.events.retain(|(.., other)| *other != Some(variant));
        self.events.push((seq, Arc::clone(event), Some(variant)));
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether there are numbers of stock among it.
    pub fn has_numbers(&self) -> bool {
        self.events.iter().any(|(.., variant)| variant.is_some())
    }

    /// Whether all of it may wait.
    pub fn may_wait(&self) -> bool {
        self.events.iter().all(|(.., variant)| variant.is_some())
    }

    /// The first position of it.
    pub fn first(&self) -> Option<Seq> {
        self.events.iter().map(|(seq, ..)| *seq).min()
    }

    /// All of it, in order, as they see it.
    pub fn take(&mut self, viewer: &Viewer, reader: &Reader) -> Result<Vec<Sent>, StoreFault> {
        let mut events = std::mem::take(&mut self.events);
        events.sort_by_key(|(seq, ..)| *seq);
        let sent = |(seq, event, _): (Seq, Arc<Event>, _)| event.sent_to(seq, viewer, reader);
        events.into_iter().filter_map(|event| sent(event).transpose()).collect()
    }
}

/// When one who is told numbers of stock now is told the next at the earliest; `due` was the
/// moment before. Who was told nothing for a while hears the next one sooner, each at another
/// moment, so that a crowd is not told all at once for ever.
pub(super) fn next_due(due: Duration, now: Duration, id: ClientId, every: Duration) -> Duration {
    let steady = due + every;
    if steady > now {
        return steady;
    }
    let share = u32::try_from(id % u64::from(MOMENTS)).unwrap_or_default() + 1;
    now + every / MOMENTS * share
}

/// Between two numbers of stock that one of so many who listen is told.
pub(super) fn numbers_every(listening: usize) -> Duration {
    let listening = u32::try_from(listening).unwrap_or(u32::MAX);
    NUMBERS_A_CLIENT.saturating_mul(listening).clamp(NUMBERS_EVERY_MIN, NUMBERS_EVERY_MAX)
}

/// Nobody is told numbers of stock more often: it is more than anybody reads.
const NUMBERS_EVERY_MIN: Duration = Duration::from_millis(200);
/// The larger the crowd, the longer: a crowd before what sells fast shall cost those who buy it
/// little.
const NUMBERS_A_CLIENT: Duration = Duration::from_micros(400);
/// Nobody waits longer for a number.
const NUMBERS_EVERY_MAX: Duration = Duration::from_secs(1);
/// Moments in that time over which those who listen are spread.
const MOMENTS: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_some_times_a_second_and_to_each_at_a_moment_of_their_own() {
        let millis = Duration::from_millis;
        let due = |due, now, id| next_due(millis(due), millis(now), id, numbers_every(10));
        let mut moments: Vec<Duration> = (0..16).map(|id| due(0, 1_000, id)).collect();
        assert!(moments.iter().all(|due| *due > millis(1_000) && *due <= millis(1_200)));
        moments.sort_unstable();
        moments.dedup();
        assert_eq!(moments.len(), 8);
        // Told a little late, the next is not late as well.
        assert_eq!(due(1_000, 1_030, 3), millis(1_200));
        assert_eq!(due(1_000, 1_199, 3), millis(1_200));
    }

    #[test]
    fn a_crowd_is_told_more_seldom_and_within_a_second() {
        let every = [1, 500, 1_000, 5_000].map(numbers_every);
        assert_eq!(every, [200, 200, 400, 1_000].map(Duration::from_millis));
    }
}
