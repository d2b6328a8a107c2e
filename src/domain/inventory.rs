//! Stock: how much of each SKU the shop holds, and for whom it is reserved.
//!
//! Invariant: what is reserved never exceeds what is on hand, so the last unit is sold once; and
//! what is on hand is what came in, less what was sold, plus what came back and was adjusted.
//! A ledger keeps totals, each hold is a record of its own: what changes both is decided here,
//! over the pair. A hold ends once and is remembered, so every late step is recognised by it.

mod event;
mod hold;
mod ledger;
mod movement;

use super::{
    ids::{HoldId, OrderId, VariantId},
    quantity::Quantity,
    time::Timestamp,
};

pub use event::{Balance, LedgerEvent};
pub use hold::{Hold, HoldEvent, HoldFor, HoldState, REFERENCE_CHARS_MAX};
pub use ledger::{LOW_STOCK_THRESHOLD_UNITS, Ledger};
pub use movement::{Movement, MovementKind};

/// Why stock is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockRefusal {
    /// Not enough units.
    #[error("only {available} left")]
    InsufficientStock {
        /// What there is.
        available: u32,
        /// The variant.
        variant: VariantId,
    },
    /// No such ledger, or not any more.
    #[error("no stock is kept of this")]
    UnknownLedger,
    /// The starting quantity was set before.
    #[error("the inventory of this product already exists")]
    AlreadyCounted,
    /// The ledger was opened before, for something else.
    #[error("stock of something else is kept under this id")]
    AlreadyOpened,
    /// Fewer units than are promised to somebody.
    #[error("{reserved} are reserved")]
    BelowReserved {
        /// How many are promised.
        reserved: u32,
    },
    /// The hold was released or returned before.
    #[error("this reservation has ended")]
    HoldEnded,
    /// The hold exists with other content.
    #[error("this reservation exists already with other content")]
    ReservedOtherwise,
    /// Nothing is held.
    #[error("nothing is reserved")]
    NothingReserved,
    /// Less is held by hand than shall be released.
    #[error("only {reserved} are reserved by hand")]
    LessReserved {
        /// How many units manual holds have.
        reserved: u32,
    },
    /// More would come back than was sold.
    #[error("only {sold} were sold")]
    MoreThanSold {
        /// How many the hold was committed with.
        sold: u32,
    },
    /// More units than a ledger holds.
    #[error("that is more stock than fits")]
    TooMuchStock,
    /// The SKU is not for sale now.
    #[error("this item is not for sale now")]
    InactiveLedger,
}

impl StockRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            StockRefusal::InsufficientStock { .. } => "insufficient_stock",
            StockRefusal::UnknownLedger => "unknown_inventory",
            StockRefusal::AlreadyCounted => "inventory_exists",
            StockRefusal::AlreadyOpened => "already_opened",
            StockRefusal::BelowReserved { .. } => "below_reserved",
            StockRefusal::HoldEnded => "hold_ended",
            StockRefusal::ReservedOtherwise => "reserved_otherwise",
            StockRefusal::NothingReserved => "nothing_reserved",
            StockRefusal::LessReserved { .. } => "less_reserved",
            StockRefusal::MoreThanSold { .. } => "more_than_sold",
            StockRefusal::TooMuchStock => "too_much_stock",
            StockRefusal::InactiveLedger => "inactive_inventory",
        }
    }
}

/// What a decision over a ledger and one hold of it leaves behind.
pub type Decided = (Vec<LedgerEvent>, Vec<HoldEvent>);

/// Nothing to do: it is already so.
const ALREADY_SO: Decided = (vec![], vec![]);

/// Reserves units for an order or a person. Asking the same again changes nothing.
pub fn reserve(
    ledger: &Ledger,
    id: HoldId,
    hold: &Hold,
    quantity: Quantity,
    held_for: HoldFor,
    expires_at: Option<Timestamp>,
) -> Result<Decided, StockRefusal> {
    match hold.state {
        HoldState::Unplaced => {}
        HoldState::Released | HoldState::Returned => return Err(StockRefusal::HoldEnded),
        HoldState::Held | HoldState::Committed => {
            let same = hold.variant == ledger.variant
                && hold.quantity == quantity.units()
                && hold.held_for == held_for;
            return if same { Ok(ALREADY_SO) } else { Err(StockRefusal::ReservedOtherwise) };
        }
    }
    ledger.must_exist()?;
    if !ledger.is_active {
        return Err(StockRefusal::InactiveLedger);
    }
    ledger.must_have(quantity)?;
    let after = ledger.balance().reserving(quantity);
    let variant = ledger.variant;
    let placed =
        HoldEvent::HoldPlaced { variant, quantity, held_for: held_for.clone(), expires_at };
    let reserved = LedgerEvent::StockReserved { hold: id, quantity, held_for, expires_at, after };
    Ok((vec![reserved], vec![placed]))
}

/// Sells what is held: it leaves the shelf. Safe to repeat.
pub fn commit(ledger: &Ledger, id: HoldId, hold: &Hold) -> Result<Decided, StockRefusal> {
    match hold.state {
        HoldState::Unplaced => return Err(StockRefusal::NothingReserved),
        HoldState::Released => return Err(StockRefusal::HoldEnded),
        HoldState::Committed | HoldState::Returned => return Ok(ALREADY_SO),
        HoldState::Held => {}
    }
    let quantity = units(hold.quantity)?;
    let after = ledger.balance().selling(quantity);
    let held_for = hold.held_for.clone();
    let sold = LedgerEvent::StockCommitted { hold: id, quantity, held_for, after };
    Ok((vec![sold], vec![HoldEvent::HoldCommitted {}]))
}

/// Gives back what is held for an order. Safe to repeat; a hold that was never placed cannot be
/// placed afterwards, so that a late reservation does not outlive its order.
pub fn release(
    ledger: &Ledger,
    id: HoldId,
    hold: &Hold,
    order: OrderId,
) -> Result<Decided, StockRefusal> {
    match hold.state {
        HoldState::Unplaced => {
            let held_for = HoldFor::Order(order);
            let barred = HoldEvent::HoldBarred { variant: ledger.variant, held_for };
            return Ok((vec![], vec![barred]));
        }
        HoldState::Released => return Ok(ALREADY_SO),
        HoldState::Committed | HoldState::Returned => return Err(StockRefusal::HoldEnded),
        HoldState::Held if hold.held_for != HoldFor::Order(order) => {
            return Err(StockRefusal::ReservedOtherwise);
        }
        HoldState::Held => {}
    }
    let quantity = units(hold.quantity)?;
    let after = ledger.balance().releasing(quantity);
    let held_for = hold.held_for.clone();
    let released = LedgerEvent::StockReleased { hold: id, quantity, held_for, after };
    Ok((vec![released], vec![HoldEvent::HoldReleased { quantity }]))
}

/// What a release over several manual holds leaves behind.
pub type ManualRelease = (Vec<LedgerEvent>, Vec<(HoldId, Vec<HoldEvent>)>);

/// Gives back units that were reserved by hand, from the first of `holds` on (the oldest comes
/// first); the last one touched may keep a part. Holds of orders are never touched.
pub fn release_manual(
    ledger: &Ledger,
    holds: &[(HoldId, Hold)],
    quantity: Quantity,
) -> Result<ManualRelease, StockRefusal> {
    ledger.must_exist()?;
    let manual: Vec<&(HoldId, Hold)> =
        holds.iter().filter(|(_, hold)| hold.is_manual_of(ledger.variant)).collect();
    let reserved = manual.iter().fold(0_u32, |sum, (_, hold)| sum.saturating_add(hold.quantity));
    if reserved == 0 {
        return Err(StockRefusal::NothingReserved);
    }
    if quantity.units() > reserved {
        return Err(StockRefusal::LessReserved { reserved });
    }
    let (mut left, mut after) = (quantity.units(), ledger.balance());
    let (mut of_ledger, mut of_holds) = (vec![], vec![]);
    for (id, hold) in manual {
        let Ok(quantity) = Quantity::new(left.min(hold.quantity)) else { break };
        left -= quantity.units();
        after = after.releasing(quantity);
        let held_for = hold.held_for.clone();
        of_ledger.push(LedgerEvent::StockReleased { hold: *id, quantity, held_for, after });
        of_holds.push((*id, vec![HoldEvent::HoldReleased { quantity }]));
    }
    Ok((of_ledger, of_holds))
}

/// Puts sold units back on the shelf, until `in_all` of the hold's have come back. The number is
/// a sum, so that a repetition is recognised.
pub fn restock(
    ledger: &Ledger,
    id: HoldId,
    hold: &Hold,
    in_all: Quantity,
) -> Result<Decided, StockRefusal> {
    match hold.state {
        HoldState::Unplaced | HoldState::Held => {
            return Err(StockRefusal::MoreThanSold { sold: 0 });
        }
        HoldState::Released => return Err(StockRefusal::HoldEnded),
        HoldState::Committed | HoldState::Returned => {}
    }
    if in_all.units() > hold.quantity {
        return Err(StockRefusal::MoreThanSold { sold: hold.quantity });
    }
    let Ok(quantity) = Quantity::new(in_all.units().saturating_sub(hold.returned)) else {
        return Ok(ALREADY_SO);
    };
    let after = ledger.balance().taking_back(quantity);
    let held_for = hold.held_for.clone();
    let returned = LedgerEvent::StockReturned { hold: id, quantity, held_for, after };
    Ok((vec![returned], vec![HoldEvent::HoldReturned { quantity }]))
}

fn units(held: u32) -> Result<Quantity, StockRefusal> {
    Quantity::new(held).map_err(|_| StockRefusal::NothingReserved)
}

#[cfg(test)]
mod tests;
