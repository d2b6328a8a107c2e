//! Watching: at how many units a SKU counts as low, where nobody said so for it alone.
//!
//! Invariant: a SKU without a threshold of its own follows the shop's: when it is made, when the
//! shop's changes, and, should a crash come between, soon after the next start.

use super::{
    super::{Answers, Request, Work, inventory::Inventory},
    Assortment, Intent, LEDGERS_AT_ONCE, Rejection, Stamp,
};
use crate::{
    domain::{
        ids::{ShopId, VariantId},
        inventory::Ledger,
        settings::Shop,
        time::Who,
    },
    store::{self, StoreFault, keys},
};

/// Has SKUs count as low at the shop's number of units, as far as they have none of their own.
/// Safe to send twice.
#[derive(Debug)]
pub struct FollowThreshold {
    /// Which.
    pub variants: Vec<VariantId>,
    /// Available units.
    pub units: u32,
}

impl Request for FollowThreshold {
    type Value = usize;
}

impl Answers<FollowThreshold> for Inventory {
    fn answer(&mut self, msg: FollowThreshold, work: &mut Work<'_>) -> Result<usize, Rejection> {
        let mut followed = 0;
        for variant in msg.variants {
            let events = work.get::<Ledger>(variant)?.follow_threshold(msg.units);
            followed += events.len();
            work.change::<Ledger>(variant, events)?;
        }
        Ok(followed)
    }
}

impl Assortment {
    /// Lets every SKU follow the shop's threshold that has none of its own. Answers how many did
    /// not yet. Safe to repeat.
    ///
    /// # Errors
    /// The store cannot be read; busy or fault. The rest follows when it is asked again.
    pub async fn watch(&self) -> Result<usize, Rejection> {
        let stamp = Stamp { at: self.desks.clock.now(), who: Who::Shop };
        let (mut last, mut followed) = (None, 0);
        loop {
            let (reader, order) = (&self.desks.reader, store::Order::Ascending);
            let rows = reader.rows(&keys::ledgers(), last.as_ref(), order, LEDGERS_AT_ONCE)?;
            let Some((end, _)) = rows.last() else { return Ok(followed) };
            last = Some(end.clone());
            let ids = rows.iter().filter_map(|(key, _)| key.last_id()).collect();
            followed += self.follow_shop(ids, stamp).await?;
            tokio::task::yield_now().await;
        }
    }

    /// Lets SKUs that were just made follow the shop's threshold. They are there whether it works
    /// or not, so that a failure is only noted: housekeeping mends it.
    pub(super) async fn watch_new(&self, variants: Vec<VariantId>, stamp: Stamp) {
        if let Err(error) = self.follow_shop(variants, stamp).await {
            tracing::warn!(%error, "new SKUs count as low at the usual number for now");
        }
    }

    async fn follow_shop(&self, ids: Vec<VariantId>, stamp: Stamp) -> Result<usize, Rejection> {
        let reader = &self.desks.reader;
        let units = reader.get::<Shop>(ShopId::default())?.state.low_stock_threshold;
        let differs = |id: &VariantId| -> Result<bool, StoreFault> {
            Ok(!reader.get::<Ledger>(*id)?.state.follow_threshold(units).is_empty())
        };
        let mut behind = Vec::new();
        for id in ids {
            if differs(&id)? {
                behind.push(id);
            }
        }
        let mut followed = 0;
        for variants in behind.chunks(FOLLOW_AT_ONCE) {
            let follow = FollowThreshold { variants: variants.to_vec(), units };
            followed += self.desks.inventory.ask(follow, Intent::of(stamp)).await?;
        }
        Ok(followed)
    }
}

/// SKUs of one message: well below a millisecond of their owner's time.
const FOLLOW_AT_ONCE: usize = 32;
