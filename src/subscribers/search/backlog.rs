//! Backlog: products that must be indexed again because a large category changed.
//!
//! Invariant: what is in it is indexed before a position behind the change is committed.

use std::collections::VecDeque;

use crate::{domain::ids::ProductId, search::Standing};

/// Products to be indexed again, little by little.
#[derive(Debug, Default)]
pub struct Backlog {
    products: VecDeque<ProductId>,
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
        let most = most.min(self.products.len());
        let next: Vec<ProductId> = self.products.drain(..most).collect();
        if self.products.is_empty() {
            self.since = None;
        }
        next
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
        let products = |count: u8| (0..count).map(|id| ProductId::from_bytes([id; 16])).collect();
        let mut backlog = Backlog::default();
        backlog.add(products(3), standing(7));
        backlog.add(products(2), standing(9));
        assert_eq!(backlog.next(4).len(), 4);
        assert_eq!((backlog.since(), backlog.is_empty()), (standing(7), false));
        assert_eq!(backlog.next(4).len(), 1);
        assert_eq!((backlog.since(), backlog.is_empty()), (None, true));
    }
}
