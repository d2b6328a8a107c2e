//! Carts: each is consumed by the order that was made from it, and by no other.

use super::finding;
use crate::{
    domain::{carts::Cart, ids::CartId, orders::Order},
    store::{
        Reader, StoreFault,
        verify::{Check, Finding},
    },
};

/// Carts and the orders made from them agree.
pub struct Carts;

impl Check for Carts {
    fn name(&self) -> &'static str {
        "cart"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        for entry in reader.all::<Cart>() {
            let (id, cart) = entry?;
            let at = || format!("cart {id}");
            if let Some(order) = cart.state.claimed_by() {
                let order = reader.get::<Order>(order)?.state;
                if !order.is_unfinished() {
                    found.push(finding("claimed by an order that has ended", at()));
                } else if !is_from(&order, id) {
                    found.push(finding("claimed by an order that was not made from it", at()));
                }
            }
            for order in &cart.state.consumed_by {
                if !is_from(&reader.get::<Order>(*order)?.state, id) {
                    found.push(finding("consumed by an order that was not made from it", at()));
                }
            }
        }
        Ok(found)
    }
}

fn is_from(order: &Order, cart: CartId) -> bool {
    order.from_cart.is_some_and(|(from, _)| from == cart)
}
