//! Back-off: how long to wait before the next attempt.
//!
//! Doubling from a second to a minute, with dice so that many do not come back at once; slower
//! for what has failed for hours, because nobody waits beside it any more.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// How long after the `attempt`-th failure (from 1) of something that has failed for so long.
/// Between half and the whole of the step.
pub fn pause(attempt: u32, failing: Duration) -> Duration {
    let longest = if failing < HOPEFUL { PAUSE_MAX } else { LATE_PAUSE_MAX };
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    let step = PAUSE_MIN.saturating_mul(doubled.max(1)).min(longest);
    let millis = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(millis - fastrand::u64(0..=millis / 2))
}

/// How much time has passed; none if `since` is later.
pub fn passed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis_since(since)).unwrap_or(0))
}

/// The moment so much later.
pub fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// What has failed for longer ...
const HOPEFUL: Duration = Duration::from_secs(2 * 3600);
/// ... is tried this seldom.
const LATE_PAUSE_MAX: Duration = Duration::from_secs(4 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_second_to_a_minute_and_are_thrown_by_dice() {
        for (attempt, step) in [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60)] {
            for _ in 0..100 {
                let pause = pause(attempt, Duration::ZERO);
                assert!(pause <= Duration::from_secs(step), "{attempt}: {pause:?}");
                assert!(pause >= Duration::from_millis(step * 500), "{attempt}: {pause:?}");
            }
        }
        let thrown: std::collections::BTreeSet<_> =
            (0..50).map(|_| pause(7, Duration::ZERO)).collect();
        assert!(thrown.len() > 10, "the dice do not roll: {thrown:?}");
    }

    #[test]
    fn what_has_failed_for_hours_is_tried_more_seldom() {
        let pause = pause(40, Duration::from_secs(3 * 3600));
        assert!(pause > Duration::from_secs(60), "{pause:?}");
        assert!(pause <= Duration::from_secs(4 * 60), "{pause:?}");
    }
}
