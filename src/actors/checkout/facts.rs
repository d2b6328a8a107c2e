//! Facts: what an order's lines, its cart and its holds say to a checkout.

use crate::{
    actors::inventory::OrderedUnits,
    domain::{
        carts::Cart,
        checkout::{ClaimFact, HoldFact},
        ids::{OrderId, RefundId},
        inventory::{Hold, HoldState},
        orders::Order,
        quantity::Quantity,
    },
};

/// An order's lines as stock sees them.
pub fn units(order: &Order) -> Vec<OrderedUnits> {
    let lines = order.quote.lines.iter();
    lines
        .map(|line| OrderedUnits { line: line.id, variant: line.variant, quantity: line.quantity })
        .collect()
}

/// What a cart says of an order's claim.
pub(super) fn claim_of(cart: &Cart, order: OrderId) -> ClaimFact {
    if cart.consumed_by.contains(&order) {
        ClaimFact::Consumed
    } else if cart.claimed_by() == Some(order) {
        ClaimFact::Claimed
    } else {
        ClaimFact::Unclaimed
    }
}

/// All units of an order that are to be back on the shelf once this refund is done, or once the
/// order is cancelled.
pub fn units_back(order: &Order, refund: Option<RefundId>) -> Vec<OrderedUnits> {
    let back = order.units_back(refund);
    let lines = units(order).into_iter();
    lines
        .filter_map(|line| {
            let quantity = Quantity::new(back.get(&line.line).copied()?).ok()?;
            Some(OrderedUnits { quantity, ..line })
        })
        .collect()
}

/// What a hold says. Of a cancelled order so many units are to come back: those that were refunded
/// without coming back are not among them.
pub(super) fn hold_fact(hold: &Hold, to_come_back: Option<u32>) -> HoldFact {
    match hold.state {
        HoldState::Committed if to_come_back.is_some_and(|units| hold.returned >= units) => {
            HoldFact::Returned
        }
        HoldState::Unplaced => HoldFact::None,
        HoldState::Held => HoldFact::Held,
        HoldState::Committed => HoldFact::Committed,
        HoldState::Released => HoldFact::Released,
        HoldState::Returned => HoldFact::Returned,
    }
}
