//! Tidying: when housekeeping goes round, and how long things are kept.

use std::time::Duration;

use crate::{
    actors::housekeeping::{Keeping, Purged},
    config::{KeepingSettings, Settings},
};

use super::Shop;

impl Shop {
    /// Lets go of what is too old to be needed, soon after the start and then again and again.
    pub async fn keep_tidying(self) {
        tokio::time::sleep(TIDY_AFTER).await;
        let mut every = tokio::time::interval(TIDY_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.is_closing() {
            every.tick().await;
            match self.housekeeping.round().await {
                Ok(purged) if purged == Purged::default() => {}
                Ok(purged) => tracing::info!(?purged, "what was too old was let go of"),
                Err(error) => tracing::warn!(%error, "what is too old stays for another while"),
            }
        }
    }
}

/// How long things are kept, as it was chosen.
pub(super) fn keeping(settings: &Settings) -> Keeping {
    let KeepingSettings { cart_days, return_days, delivery_days } = settings.keeping;
    Keeping { request_hours: settings.idempotency.hours, cart_days, return_days, delivery_days }
}

/// After the start, when more urgent things have been done.
const TIDY_AFTER: Duration = Duration::from_secs(60);
/// Request keys are kept so much longer than was promised at most.
const TIDY_EVERY: Duration = Duration::from_secs(30 * 60);
