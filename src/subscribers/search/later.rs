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
    domain::{catalogue::Product, ids::ProductId, time::Timestamp},
    search::{Figures, Indexer, Standing},
};

/// Products that are put in with a later commit, which is made for them when they have waited.
pub struct Later {
    products: BTreeSet<ProductId>,
    /// Where the index stood when the first of them was noted, or of those that were put in since
    /// and are not committed.
    since: Option<Standing>,
    /// Those that were put in since the first was noted.
    put: usize,
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
            put: 0,
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
        self.since.is_none() && is_long_ago(self.committed_at) && is_long_ago(self.filed_at)
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
        waited || self.products.len() + self.put >= PRODUCTS_MAX
    }

    /// Whether they are so few that any commit may have them.
    pub fn are_few(&self) -> bool {
        self.products.len() <= PRODUCTS_FEW
    }

    /// Where the index must be thought to stand while there are any.
    pub fn since(&self) -> Option<Standing> {
        self.since
    }

    /// A few of them, while they are many: so that they do not all come at once in the end.
    pub fn some(&mut self) -> Vec<ProductId> {
        let many = self.products.len().saturating_sub(PRODUCTS_FEW).min(PRODUCTS_AT_ONCE);
        self.put += many;
        (0..many).map_while(|_| self.products.pop_first()).collect()
    }

    /// All of them.
    pub fn take(&mut self) -> BTreeSet<ProductId> {
        self.put += self.products.len();
        std::mem::take(&mut self.products)
    }

    /// What was put in will be in the next commit; nobody waits any more, unless there are others.
    pub fn let_go_if_empty(&mut self) {
        if self.products.is_empty() {
            (self.waited, self.since, self.put) = (None, None, 0);
        }
    }
}

impl Projection {
    /// Writes what waited into the index, for its next commit. Where it says nothing else than is
    /// shown, nothing that was found is forgotten.
    pub(super) fn write_down(
        &mut self,
        products: impl IntoIterator<Item = ProductId>,
        indexer: &mut Indexer,
    ) -> Result<(), Trouble> {
        for product in products {
            let shown = catalogue::findable(&self.reader, product)?;
            let known = self.search.known(product)?;
            match (&shown, known) {
                (Some(found), Some(known))
                    if known.print == found.print() && !self.pending.contains_key(&product) =>
                {
                    if known.figures != found.figures() {
                        self.search.adjust(product, found.figures())?;
                    }
                    indexer.put_alike(found)?;
                    self.backlog.is_indexed(product);
                }
                (Some(_) | None, Some(_) | None) => self.put_as(product, shown, indexer)?,
            }
        }
        Ok(())
    }

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

    /// Brings the index up to what a product costs now, all else of it being as it was.
    pub(super) fn reprice(
        &mut self,
        product: ProductId,
        indexer: &mut Indexer,
    ) -> Result<(), Trouble> {
        if self.pending.contains_key(&product) {
            return self.bring_up(product, indexer);
        }
        // What is not in the index is not for sale, and its price brings it into none.
        let Some(known) = self.search.figures_of(product)? else { return Ok(()) };
        let state = self.reader.get::<Product>(product)?.state;
        let (lowest, highest) = state.price_range();
        let (price_minor, dearest) = (lowest.minor(), highest.minor());
        let is_as_wide = known.price_spread == dearest.saturating_sub(price_minor);
        // It may be further on than the entry that is read.
        if !state.exists() || !state.is_active || !is_as_wide {
            return self.bring_up(product, indexer);
        }
        if known.price_minor != price_minor {
            self.search.adjust(product, Figures { price_minor, ..known })?;
            self.later.note(product, self.standing);
        }
        Ok(())
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
            None => self.search.figures_of(product)?,
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
const PRODUCTS_MAX: usize = 8_192;
const PRODUCTS_FEW: usize = 64;
/// Of many, so many are put in at each turn.
const PRODUCTS_AT_ONCE: usize = 16;

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
        assert_eq!(later.some().len(), PRODUCTS_AT_ONCE);
        assert!(later.is_due(), "those that were put in are not committed");
        assert_eq!(later.take().len(), PRODUCTS_MAX - PRODUCTS_AT_ONCE);
        assert_eq!((later.since().is_some(), later.is_due()), (true, true));
        later.let_go_if_empty();
        assert!(!later.is_due());
        assert_eq!((later.since(), later.take().len()), (None, 0));
    }
}
