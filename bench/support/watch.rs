//! The one place where benchmarks look at the clock.

use std::time::Instant;

/// The time, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time itself")]
pub fn now() -> Instant {
    Instant::now()
}
