//! Later: products of which only changed how well they sell. That moves them in a list and hides
//! nothing, so it is not worth a commit of the index of its own at every turn. And the register,
//! whose commits rest a while where nobody waits for them.

use std::{collections::BTreeSet, pin::Pin, time::Duration};

use tokio::time::{Sleep, sleep};

use super::{Projection, Trouble, catalogue};
use crate::{
    clock::Clock,
    domain::{ids::ProductId, time::Timestamp},
};

/// Products that are put in with the next commit, which is made for them when they have waited.
pub struct Later {
    products: BTreeSet<ProductId>,
    waited: Option<Pin<Box<Sleep>>>,
    clock: Clock,
    /// When the register was committed last.
    filed_at: Option<Duration>,
}

impl Default for Later {
    fn default() -> Later {
        let clock = Clock::of_machine(Timestamp::default());
        Later { products: BTreeSet::new(), waited: None, clock, filed_at: None }
    }
}

impl Later {
    /// The register was committed just now.
    pub fn filed(&mut self) {
        self.filed_at = Some(self.clock.running());
    }

    /// Whether the register has rested for a while.
    pub fn may_file(&self) -> bool {
        self.filed_at.is_none_or(|at| self.clock.running().saturating_sub(at) >= FILED_EVERY)
    }

    /// This one, too.
    pub fn note(&mut self, product: ProductId) {
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

    /// All of them; nobody waits any more.
    pub fn take(&mut self) -> BTreeSet<ProductId> {
        self.waited = None;
        std::mem::take(&mut self.products)
    }
}

/// What of a product's stock is otherwise than the index knows.
pub enum Differs {
    /// Whether there is any.
    InStock,
    /// How well it sells, and nothing else.
    InSales,
}

impl Projection {
    /// In what a product differs from what the index knows, if it knows it.
    pub(super) fn shows_otherwise(&self, product: ProductId) -> Result<Option<Differs>, Trouble> {
        let known = match self.pending.get(&product) {
            Some(pending) => *pending,
            None => self.search.known_stock(product)?,
        };
        let Some(known) = known else { return Ok(None) };
        let now = catalogue::stock_of(&self.reader, product)?;
        let in_sales = (known.1 != now.1).then_some(Differs::InSales);
        Ok(if known.0 == now.0 { in_sales } else { Some(Differs::InStock) })
    }
}

/// While orders pour in, the register is committed so often.
const FILED_EVERY: Duration = Duration::from_secs(1);
const WAIT: Duration = Duration::from_secs(5);
const PRODUCTS_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Identity;

    #[tokio::test]
    async fn many_do_not_wait_and_few_do() {
        let mut later = Later::default();
        for number in 0..PRODUCTS_MAX {
            assert!(!later.is_due(), "{number} of them");
            later.note(ProductId::from_bytes(u128::try_from(number).expect("few").to_be_bytes()));
        }
        assert!(later.is_due());
        assert_eq!(later.take().len(), PRODUCTS_MAX);
        assert!(!later.is_due());
        assert!(later.take().is_empty());
    }
}
