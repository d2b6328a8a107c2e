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
            self.watch_stock().await;
            self.clear_files().await;
            match self.housekeeping.round().await {
                Ok(purged) if purged == Purged::default() => {}
                Ok(purged) => tracing::info!(?purged, "what was too old was let go of"),
                Err(error) => tracing::warn!(%error, "what is too old stays for another while"),
            }
        }
    }

    /// Lets go of files nobody needs any more: letters in a folder, and ends of the journal that
    /// crashes have left.
    pub async fn clear_files(&self) {
        let shop = self.clone();
        let cleared = tokio::task::spawn_blocking(move || {
            let now = shop.clock.now();
            let letters = shop.letters.let_go_of_old(now)?;
            let before = now.plus_millis(-LEFTOVER_DAYS_MAX * MILLIS_A_DAY);
            Ok::<_, std::io::Error>((letters, shop.store().let_go_of_leftovers(before)?))
        });
        match cleared.await {
            Ok(Ok((0, 0))) => {}
            Ok(Ok((letters, leftovers))) => {
                tracing::info!(letters, leftovers, "old files were let go of");
            }
            Ok(Err(fault)) => tracing::warn!(%fault, "old files stay for another while"),
            Err(broken) => tracing::error!(%broken, "clearing old files broke off"),
        }
    }

    /// Lets every SKU without a threshold of its own count as low at the shop's.
    pub async fn watch_stock(&self) {
        if let Err(error) = self.assortment.watch().await {
            tracing::warn!(%error, "some SKUs count as low at another number for another while");
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
/// How long the ends are kept that crashes have cut off the journal.
const LEFTOVER_DAYS_MAX: i64 = 90;
const MILLIS_A_DAY: i64 = 86_400_000;
/// Request keys are kept so much longer than was promised at most.
const TIDY_EVERY: Duration = Duration::from_secs(30 * 60);
