//! Invariants: what must hold between the shop's aggregates, asked by `bodega verify`.
//!
//! Each aggregate guards its own invariant before a commit; here is what only several of them
//! together can show. Reads, and changes nothing.

mod carts;
mod letters;
mod money;
mod orders;
mod requests;
mod stock;

use crate::store::{
    Reader, StoreFault, registry,
    verify::{Check, Finding},
};

/// Every check of the shop.
pub fn all() -> Vec<Box<dyn Check>> {
    vec![
        Box::new(OwnInvariants),
        Box::new(stock::Stock),
        Box::new(stock::Movements),
        Box::new(money::Money),
        Box::new(money::Books),
        Box::new(orders::Orders),
        Box::new(carts::Carts),
        Box::new(requests::Requests),
        Box::new(letters::Letters),
    ]
}

/// Every aggregate's own invariant; and each row that it claims, such as an email, is its own.
struct OwnInvariants;

impl Check for OwnInvariants {
    fn name(&self) -> &'static str {
        "own invariant"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        registry().broken(reader)
    }
}

fn finding(what: impl Into<String>, place: String) -> Finding {
    Finding { what: what.into(), place }
}
