//! Keeping: what a running shop does by the clock and nobody waits for.

use std::time::Duration;

use crate::{actors::reconciling::DAYS_USUAL, memory};

use super::Shop;

impl Shop {
    /// Takes what was measured into the numbers, and gives memory back, every few seconds.
    pub async fn keep_measuring(self) {
        let mut every = tokio::time::interval(MEASURED_EVERY);
        while !self.is_closing() {
            every.tick().await;
            self.meters.take_in();
            memory::give_back();
        }
    }

    /// Compares the gateway's books with the shop's, soon after the start and then every day.
    pub async fn keep_reconciling(self) {
        tokio::time::sleep(RECONCILE_AFTER).await;
        let mut every = tokio::time::interval(RECONCILE_EVERY);
        while !self.is_closing() {
            every.tick().await;
            if let Err(error) = self.reconciling.compare(DAYS_USUAL).await {
                tracing::warn!(%error, "the books could not be compared");
            }
        }
    }
}

/// Until then each measurement lies in memory.
const MEASURED_EVERY: Duration = Duration::from_secs(5);
/// After the start, when what a crash left has been driven on.
const RECONCILE_AFTER: Duration = Duration::from_secs(10 * 60);
const RECONCILE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
