//! Later: what is written with a later commit of the index, because it hides nothing until then:
//! figures of products, which are shown without one, and how well something sells. And how long
//! both indexes rest between two commits of a busy shop.
//!
//! Invariant: a position behind a change that waits here is committed when it is written.

use std::{collections::BTreeSet, pin::Pin, time::Duration};

use tokio::time::{Sleep, sleep};

use super::{Projection, Trouble, catalogue};
use crate::{
    clock::Clock,
    domain::{ids::ProductId, time::Timestamp},
    search::{Figures, Indexer, Standing},
};

/// Products that are put in with a later commit, which is made for them when they have waited.
pub struct Later {
    products: BTreeSet<ProductId>,
    /// Where the index stood when the first of them was noted.
    since: Option<Standing>,
    waited: Option<Pin<Box<Sleep>>>,
    clock: Clock,
    /// When the index of products was committed last, or figures were told.
    told_at: Option<Duration>,
    /// When the index of products was committed last.
    committed_at: Option<Duration>,
    /// When the register was committed last.
    filed_at: Option<Duration>,
}

impl Default for Later {
    fn default() -> Later {
        Later {
            products: BTreeSet::new(),
            since: None,
            waited: None,
            clock: Clock::of_machine(Timestamp::default()),
            told_at: None,
            committed_at: None,
            filed_at: None,
        }
    }
}

impl Later {
    /// The index of products was committed just now.
    pub fn committed(&mut self) {
        self.committed_at = Some(self.clock.running());
        self.told();
    }

    /// Figures that changed were told just now.
    pub fn told(&mut self) {
        self.told_at = Some(self.clock.running());
    }

    /// The register was committed just now.
    pub fn filed(&mut self) {
        self.filed_at = Some(self.clock.running());
    }

    /// Whether the register has rested for a while.
    pub fn may_file(&self) -> bool {
        self.was_long_ago(self.filed_at, FILED_EVERY)
    }

    /// How long changes are gathered before they are committed, or told, together.
    pub fn gathering(&self) -> Duration {
        let is_busy = !self.was_long_ago(self.told_at, BUSY_WITHIN);
        if is_busy { GATHER_WHILE_BUSY } else { GATHER }
    }

    /// Whether nothing has been written for a good while, and nothing waits to be.
    pub fn is_at_rest(&self) -> bool {
        let is_long_ago = |at| self.was_long_ago(at, REST_AFTER);
        self.products.is_empty() && is_long_ago(self.committed_at) && is_long_ago(self.filed_at)
    }

    fn was_long_ago(&self, at: Option<Duration>, long: Duration) -> bool {
        at.is_none_or(|at| self.clock.running().saturating_sub(at) >= long)
    }

    /// This one, too; the index stands there now.
    pub fn note(&mut self, product: ProductId, standing: Option<Standing>) {
        self.since = self.since.or(standing);
        self.products.insert(product);
        self.waited.get_or_insert_with(|| Box::pin(sleep(WAIT)));
    }

    /// Comes when they have waited for long; never while there are none.
    pub async fn waited(&mut self) {
        match &mut self.waited {
            Some(waited) => waited.await,
            None => std::future::pending().await,
        }
    }

    /// Whether they have waited for long, or are many.
    pub fn is_due(&self) -> bool {
        let waited = self.waited.as_ref().is_some_and(|waited| waited.is_elapsed());
        waited || self.products.len() >= PRODUCTS_MAX
    }

    /// Whether they are so few that any commit may have them.
    pub fn are_few(&self) -> bool {
        self.products.len() <= PRODUCTS_FEW
    }

    /// Where the index must be thought to stand while there are any.
    pub fn since(&self) -> Option<Standing> {
        self.since
    }

    /// All of them; nobody waits any more.
    pub fn take(&mut self) -> BTreeSet<ProductId> {
        (self.waited, self.since) = (None, None);
        std::mem::take(&mut self.products)
    }
}

impl Projection {
    /// Brings the index up to what a product is now. Figures alone are shown at once and written
    /// later; what is as it was is left alone.
    pub(super) fn bring_up(
        &mut self,
        product: ProductId,
        indexer: &mut Indexer,
    ) -> Result<(), Trouble> {
        let shown = catalogue::findable(&self.reader, product)?;
        if !self.pending.contains_key(&product) {
            match (&shown, self.search.known(product)?) {
                (None, None) => return Ok(()),
                (Some(found), Some(known)) if known.print == found.print() => {
                    if known.figures != found.figures() {
                        self.search.adjust(product, found.figures())?;
                        self.later.note(product, self.standing);
                    }
                    return Ok(());
                }
                (Some(_) | None, Some(_) | None) => {}
            }
        }
        self.put_as(product, shown, indexer)
    }

    /// Brings the index up to what there is of a product now, if it is in it.
    pub(super) fn restock(
        &mut self,
        product: ProductId,
        indexer: &mut Indexer,
    ) -> Result<(), Trouble> {
        let pending = self.pending.get(&product).copied();
        let known = match pending {
            Some(pending) => pending,
            None => self.search.known(product)?.map(|known| known.figures),
        };
        let Some(known) = known else { return Ok(()) };
        let stock = catalogue::stock_of(&self.reader, product)?;
        if known.available != stock.available() {
            return self.put(product, indexer);
        }
        let (in_stock, sales_step) = (stock.is_there(), stock.sales_step);
        if known.in_stock == in_stock {
            if known.sales_step != sales_step {
                self.later.note(product, self.standing);
            }
        } else if pending.is_some() {
            self.put(product, indexer)?;
        } else {
            self.search.adjust(product, Figures { in_stock, sales_step, ..known })?;
            self.later.note(product, self.standing);
        }
        Ok(())
    }
}

/// Changes are gathered so long before they are committed or told together, and so long in a shop
/// that is busy: in which that was done lately.
const GATHER: Duration = Duration::from_millis(80);
const GATHER_WHILE_BUSY: Duration = Duration::from_millis(160);
const BUSY_WITHIN: Duration = Duration::from_secs(1);
/// While orders pour in, the register is committed so often.
const FILED_EVERY: Duration = Duration::from_secs(1);
/// After that, what writing takes is let go.
const REST_AFTER: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_secs(15);
const PRODUCTS_MAX: usize = 4_096;
const PRODUCTS_FEW: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Identity;

    #[tokio::test]
    async fn many_do_not_wait_and_few_do() {
        let mut later = Later::default();
        for number in 0..PRODUCTS_MAX {
            assert!(!later.is_due(), "{number} of them");
            let id = ProductId::from_bytes(u128::try_from(number).expect("few").to_be_bytes());
            later.note(id, Some(Standing { position: 7, timeline: 1 }));
        }
        assert!(later.is_due() && !later.are_few());
        assert_eq!(later.since().map(|since| since.position), Some(7));
        assert_eq!(later.take().len(), PRODUCTS_MAX);
        assert!(!later.is_due());
        assert_eq!((later.since(), later.take().len()), (None, 0));
    }
}
