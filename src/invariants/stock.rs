//! Stock: what is reserved is what the holds hold, each hold is an order's own, and every ledger
//! is the sum of its movements.

use std::collections::BTreeMap;

use super::finding;
use crate::{
    domain::{
        ids::{HoldId, Identity, LineId, VariantId},
        inventory::{Hold, HoldFor, HoldState, Ledger, Movement, MovementKind},
        orders::{Filing, Order, OrderStatus},
    },
    store::{
        Order as Walk, Reader, StoreFault, keys,
        verify::{Check, Finding},
    },
};

/// Ledgers, holds and orders agree.
pub struct Stock;

impl Check for Stock {
    fn name(&self) -> &'static str {
        "stock"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        let mut held: BTreeMap<VariantId, u64> = BTreeMap::new();
        for entry in reader.all::<Hold>() {
            let (id, hold) = entry?;
            let hold = &hold.state;
            if hold.is_held() {
                *held.entry(hold.variant).or_default() += u64::from(hold.quantity);
            }
            if let HoldFor::Order(order) = hold.held_for {
                let order = reader.get::<Order>(order)?.state;
                let wrong = wrong_with(id, hold, &order);
                found.extend(wrong.map(|what| finding(what, format!("hold {id}"))));
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
        for (variant, units) in held {
            let what = format!("{units} held of something that is not kept");
            found.push(finding(what, format!("variant {variant}")));
        }
        for entry in reader.all::<Order>() {
            let (id, order) = entry?;
            if let Some(sku) = not_gone_out(reader, &order.state)? {
                let what = format!("sold, but its {sku} never left the shelf");
                found.push(finding(what, format!("order {} ({id})", order.state.number)));
            }
        }
        Ok(found)
    }
}

/// What is wrong with units held for an order.
fn wrong_with(id: HoldId, hold: &Hold, order: &Order) -> Option<&'static str> {
    if hold.is_held() && !order.is_unfinished() {
        return Some("a hold of an order that has ended");
    }
    if hold.is_held() && hold.expires_at.is_none() {
        return Some("held for an order without an end");
    }
    let line = order.quote.line(LineId::from_bytes(id.bytes()));
    let is_ordered = line
        .is_some_and(|line| line.variant == hold.variant && line.quantity.units() == hold.quantity);
    let counts = matches!(hold.state, HoldState::Held | HoldState::Committed);
    (counts && !is_ordered).then_some("other units are held than were ordered")
}

/// The SKU of a line that was sold and whose units were not taken from the shelf.
fn not_gone_out(reader: &Reader, order: &Order) -> Result<Option<String>, StoreFault> {
    let is_sold = match order.status {
        // Once its returns have ended, its holds may have been forgotten.
        OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
            order.settled && order.filing == Filing::Open
        }
        OrderStatus::Pending | OrderStatus::Cancelled => false,
    };
    for line in order.quote.lines.iter().filter(|_| is_sold) {
        let hold = reader.get::<Hold>(HoldId::from_bytes(line.id.bytes()))?;
        if !matches!(hold.state.state, HoldState::Committed | HoldState::Returned) {
            return Ok(Some(line.sku.clone()));
        }
    }
    Ok(None)
}

/// Each movement begins where the one before it ended, and the last one ends where the ledger is.
pub struct Movements;

impl Check for Movements {
    fn name(&self) -> &'static str {
        "movements"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        for entry in reader.all::<Ledger>() {
            let (id, ledger) = entry?;
            let ledger = &ledger.state;
            let at = || format!("SKU {}", ledger.sku);
            match summed(reader, id)? {
                Err(what) => found.push(finding(what, at())),
                Ok((on_hand, reserved)) => {
                    let is = (i64::from(ledger.on_hand), i64::from(ledger.reserved));
                    if is != (on_hand, reserved) {
                        let what = format!(
                            "{} on hand and {} reserved, but its movements come to {on_hand} and \
                             {reserved}",
                            is.0, is.1
                        );
                        found.push(finding(what, at()));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// What the movements of a SKU come to, on hand and reserved; or which of them does not follow.
fn summed(reader: &Reader, variant: VariantId) -> Result<Result<(i64, i64), String>, StoreFault> {
    let (mut on_hand, mut reserved) = (0_i64, 0_i64);
    let (mut after, mut number) = (None, 0_u64);
    loop {
        let list = keys::movements(variant);
        let rows = reader.rows(&list, after.as_ref(), Walk::Ascending, ROWS_AT_ONCE)?;
        for (_, row) in &rows {
            number += 1;
            let Ok(movement) = serde_json::from_slice::<Movement>(row) else {
                return Ok(Err(format!("its movement {number} cannot be read")));
            };
            let units = movement.units;
            match movement.kind {
                MovementKind::Opened
                | MovementKind::Received
                | MovementKind::Withdrawn
                | MovementKind::Counted
                | MovementKind::Returned => on_hand = on_hand.saturating_add(units),
                MovementKind::Reserved | MovementKind::Released => {
                    reserved = reserved.saturating_add(units);
                }
                MovementKind::Sold => {
                    on_hand = on_hand.saturating_add(units);
                    reserved = reserved.saturating_add(units);
                }
            }
            let says = (i64::from(movement.on_hand), i64::from(movement.reserved));
            if says != (on_hand, reserved) {
                let kind = movement.kind.name();
                return Ok(Err(format!("its movement {number} ({kind} {units}) does not follow")));
            }
        }
        match rows.last() {
            Some((key, _)) if rows.len() == ROWS_AT_ONCE => after = Some(key.clone()),
            Some(_) | None => return Ok(Ok((on_hand, reserved))),
        }
    }
}

const ROWS_AT_ONCE: usize = 1_000;
