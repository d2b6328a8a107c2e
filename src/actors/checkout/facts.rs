//! Facts: an order's lines as stock sees them, on the way there and back.

use crate::{
    actors::inventory::OrderedUnits,
    domain::{ids::RefundId, orders::Order, quantity::Quantity},
};

/// An order's lines as stock sees them.
pub fn units(order: &Order) -> Vec<OrderedUnits> {
    let lines = order.quote.lines.iter();
    lines
        .map(|line| OrderedUnits { line: line.id, variant: line.variant, quantity: line.quantity })
        .collect()
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
