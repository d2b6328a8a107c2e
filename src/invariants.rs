//! Invariants: what must hold between the shop's aggregates, asked by `bodega verify`.
//!
//! Each aggregate guards its own invariant before a commit; here is what only several of them
//! together can show. Reads, and changes nothing.

use std::collections::BTreeMap;

use crate::{
    domain::{
        aggregate::Aggregate,
        carts::Cart,
        catalogue::Product,
        demo_charge::DemoCharge,
        ids::{OrderId, VariantId},
        inventory::{Hold, HoldFor, Ledger},
        orders::{Order, OrderStatus},
        payments::{PayState, Payment},
        users::User,
    },
    store::{
        Kept, Reader, StoreFault,
        verify::{Check, Finding},
    },
};

/// Every check of the shop.
pub fn all() -> Vec<Box<dyn Check>> {
    vec![Box::new(OwnInvariants), Box::new(Stock), Box::new(Money), Box::new(Carts)]
}

/// Every aggregate's own invariant.
struct OwnInvariants;

impl Check for OwnInvariants {
    fn name(&self) -> &'static str {
        "own invariant"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = each::<User>(reader)?;
        found.extend(each::<Product>(reader)?);
        found.extend(each::<Ledger>(reader)?);
        found.extend(each::<Hold>(reader)?);
        found.extend(each::<Cart>(reader)?);
        found.extend(each::<Order>(reader)?);
        found.extend(each::<Payment>(reader)?);
        Ok(found)
    }
}

fn each<A: Kept + Aggregate>(reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
    let mut found = Vec::new();
    for entry in reader.all::<A>() {
        let (id, versioned) = entry?;
        if let Err(what) = versioned.state.check() {
            found.push(finding(what, format!("{} {id}", A::KIND)));
        }
    }
    Ok(found)
}

/// What is reserved is what the holds hold, and each order's hold belongs to a live order.
struct Stock;

impl Check for Stock {
    fn name(&self) -> &'static str {
        "stock"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        let mut held: BTreeMap<VariantId, u64> = BTreeMap::new();
        for entry in reader.all::<Hold>() {
            let (id, hold) = entry?;
            if !hold.state.is_held() {
                continue;
            }
            *held.entry(hold.state.variant).or_default() += u64::from(hold.state.quantity);
            if let HoldFor::Order(order) = hold.state.held_for
                && !reader.get::<Order>(order)?.state.is_unfinished()
            {
                found.push(finding("a hold of an order that has ended", format!("hold {id}")));
            }
        }
        for entry in reader.all::<Ledger>() {
            let (id, ledger) = entry?;
            let reserved = held.remove(&id).unwrap_or_default();
            if u64::from(ledger.state.reserved) != reserved {
                let what = format!("{} reserved, {reserved} held", ledger.state.reserved);
                found.push(finding(what, format!("SKU {}", ledger.state.sku)));
            }
        }
        Ok(found)
    }
}

/// An order and its payment agree; the shop's books and the demo gateway's agree.
struct Money;

impl Check for Money {
    fn name(&self) -> &'static str {
        "money"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        let mut charged: BTreeMap<OrderId, u32> = BTreeMap::new();
        for entry in reader.all::<DemoCharge>() {
            let (_, charge) = entry?;
            if let Some(asked) =
                charge.state.asked.as_ref().filter(|_| !charge.state.captured.is_zero())
            {
                *charged.entry(asked.order).or_default() += 1;
            }
        }
        for entry in reader.all::<Order>() {
            let (id, order) = entry?;
            let order = &order.state;
            let payment = reader.get::<Payment>(order.payment.unwrap_or_default())?.state;
            let at = || format!("order {} ({id})", order.number);
            let captured = payment.exists() && payment.state == PayState::Captured;
            if order.status == OrderStatus::Paid && !captured && !order.quote.total.is_zero() {
                found.push(finding("paid, but nothing was captured", at()));
            }
            if captured && payment.captured != order.quote.total {
                found.push(finding("captured is not the total", at()));
            }
            if order.settled && captured && order.captured != payment.captured {
                found.push(finding("order and payment say different sums", at()));
            }
            if charged.get(&id).is_some_and(|charges| *charges > 1) {
                found.push(finding("charged more than once", at()));
            }
        }
        Ok(found)
    }
}

/// A claimed cart is claimed by an order that has not ended.
struct Carts;

impl Check for Carts {
    fn name(&self) -> &'static str {
        "cart"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        for entry in reader.all::<Cart>() {
            let (id, cart) = entry?;
            let Some(order) = cart.state.claimed_by() else { continue };
            if !reader.get::<Order>(order)?.state.is_unfinished() {
                found.push(finding("claimed by an order that has ended", format!("cart {id}")));
            }
        }
        Ok(found)
    }
}

fn finding(what: impl Into<String>, place: String) -> Finding {
    Finding { what: what.into(), place }
}
