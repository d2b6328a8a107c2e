//! Time as the rules see it: an argument, never a question to a clock.
//!
//! Knows nothing of calendars or time zones; those belong to the edges.

use serde::{Deserialize, Serialize};

use super::ids::UserId;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many milliseconds after 1970.
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// So many milliseconds later; stops at the end of time instead of wrapping.
    pub const fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }

    /// So many minutes later.
    pub fn plus_minutes(self, minutes: u32) -> Timestamp {
        self.plus_millis(i64::from(minutes).saturating_mul(60_000))
    }

    /// Milliseconds from `earlier` to here; negative if it is later.
    pub const fn millis_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Who caused an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The shop itself: expiry, recovery, the command line.
    #[default]
    Shop,
    /// Somebody who is not signed in.
    Visitor,
    /// A customer, about their own things.
    Customer(UserId),
    /// An admin or inventory manager.
    Staff(UserId),
}

/// When an event was decided and who caused it; written once for all events of a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When it was decided. Never earlier than the stamp of an earlier commit.
    pub at: Timestamp,
    /// Who caused it.
    pub who: Who,
}
