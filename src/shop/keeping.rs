//! Keeping: what a running shop does by the clock and nobody waits for.

use std::time::Duration;

use crate::{
    actors::{purchases::Sweep, reconciling::DAYS_USUAL},
    memory, search,
};

use super::Shop;

impl Shop {
    /// Drives on, now and again and again, what a crash or a doubt has left unfinished.
    pub async fn keep_driving(self) {
        if let Err(error) = self.assortment.mend().await {
            tracing::error!(%error, "ledgers could not be compared with the catalogue");
        }
        let mut which = Sweep::All;
        while !self.is_closing() {
            if let Err(error) = self.accounts.note_key_uses().await {
                tracing::warn!(%error, "when API keys were used could not be noted");
            }
            if let Err(error) = self.webhooks.tend().await {
                tracing::warn!(%error, "webhooks could not be looked after");
            }
            tokio::time::sleep(self.drive_on(&mut which).await).await;
        }
    }

    /// Drives on what is left unfinished, once: which orders, and which the next time. Answers when
    /// that is. May be asked at any moment.
    pub async fn drive_on(&self, which: &mut Sweep) -> Duration {
        let was_down = self.desks.charging.is_down();
        match self.purchases.sweep(*which).await {
            Ok(_) => *which = Sweep::Due,
            Err(error) => tracing::error!(%error, "unfinished orders could not be looked at"),
        }
        let may_be_back = was_down || self.desks.charging.is_down();
        if may_be_back { SWEEP_SOON } else { SWEEP_EVERY }
    }

    /// Follows, now and every minute, what the payment gateway told and nobody has followed yet;
    /// on start and every few minutes also what it could not deliver.
    pub async fn keep_listening(self) {
        let mut every = tokio::time::interval(LISTEN_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for minute in 0_u64.. {
            every.tick().await;
            if self.is_closing() {
                break;
            }
            if minute % FETCH_MINUTES == 0
                && let Err(error) = self.hearing.fetch().await
            {
                tracing::error!(%error, "undelivered news could not be kept");
            }
            if let Err(error) = self.hearing.sweep().await {
                tracing::error!(%error, "open news could not be looked at");
            }
        }
    }

    /// Keeps what was looked for in vain, and gives memory back, every few seconds.
    pub async fn keep_tidy(self) {
        let mut every = tokio::time::interval(TIDIED_EVERY);
        while !self.is_closing() {
            every.tick().await;
            self.keep_misses();
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

    /// Keeps what was looked for in vain, if anything is new.
    pub(super) fn keep_misses(&self) {
        let place = search::misses_in(&self.settings.data_dir);
        if let Err(error) = self.misses.save(&place) {
            tracing::warn!(%error, "searches without results could not be kept");
        }
    }
}

/// A gateway that was not answering may be back: one order tries, and the next look clears all
/// doubts. With the longest pause of its breaker that is well within a minute of its return.
const SWEEP_SOON: Duration = Duration::from_secs(5);
/// A doubt is cleared within a minute of the gateway's return: after the calls it did not answer.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// So long the allocator holds what is free.
const TIDIED_EVERY: Duration = Duration::from_secs(5);
/// After the start, when what a crash left has been driven on.
const RECONCILE_AFTER: Duration = Duration::from_secs(10 * 60);
const RECONCILE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often news that nobody has followed yet is looked at.
const LISTEN_EVERY: Duration = Duration::from_secs(60);
/// How often undelivered news is fetched.
const FETCH_MINUTES: u64 = 5;
