//! Backlog: products that must be indexed again because a large category changed.
//!
//! Invariant: what is in it is indexed before a position behind the change is committed.

use std::collections::BTreeSet;

use crate::{domain::ids::ProductId, search::Standing};

/// Products to be indexed again, little by little.
#[derive(Debug, Default)]
pub struct Backlog {
    products: BTreeSet<ProductId>,
    /// Where the index stood when the first of them was added.
    since: Option<Standing>,
}

impl Backlog {
    /// Adds products; the index stands there now.
    pub fn add(&mut self, products: Vec<ProductId>, standing: Option<Standing>) {
        self.since = self.since.or(standing);
        self.products.extend(products);
    }

    /// Takes at most so many out. When the last is out, nothing is held back any more.
    pub fn next(&mut self, most: usize) -> Vec<ProductId> {
        let next = (0..most).map_while(|_| self.products.pop_first()).collect();
        self.let_go_if_empty();
        next
    }

    /// This product was indexed because it changed itself.
    pub fn is_indexed(&mut self, product: ProductId) {
        self.products.remove(&product);
        self.let_go_if_empty();
    }

    fn let_go_if_empty(&mut self) {
        if self.products.is_empty() {
            self.since = None;
        }
    }

    /// Where the index must be thought to stand while there is a backlog.
    pub fn since(&self) -> Option<Standing> {
        self.since
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Identity;

    #[test]
    fn a_position_is_held_back_until_the_last_product_is_out() {
        let standing = |position| Some(Standing { position, timeline: 1 });
        let product = |number| ProductId::from_bytes([number; 16]);
        let products = |numbers: std::ops::Range<u8>| numbers.map(product).collect();
        let mut backlog = Backlog::default();
        backlog.add(products(0..3), standing(7));
        backlog.add(products(2..6), standing(9));
        assert_eq!(backlog.next(4).len(), 4, "each is there once");
        assert_eq!((backlog.since(), backlog.is_empty()), (standing(7), false));
        assert_eq!(backlog.next(1).len(), 1);
        assert_eq!((backlog.since(), backlog.is_empty()), (standing(7), false));
        backlog.is_indexed(product(5));
        assert_eq!((backlog.since(), backlog.is_empty()), (None, true));
        assert_eq!(backlog.next(4), []);
    }
}
