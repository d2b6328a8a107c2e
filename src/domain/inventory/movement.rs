//! Movement: one row of a ledger's history, as the stock pages show it.

use serde::{Deserialize, Serialize};

use super::{Balance, HoldFor, LedgerEvent};
use crate::domain::{
    ids::HoldId,
    quantity::Quantity,
    time::{Stamp, Timestamp, Who},
};

/// What moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// The first stock of a new ledger.
    Opened,
    /// Units came in.
    Received,
    /// Units were taken off the shelf other than by a sale.
    Withdrawn,
    /// The shelf was counted, or its starting quantity set.
    Counted,
    /// Units were promised.
    Reserved,
    /// Promised units were given back.
    Released,
    /// Promised units were sold.
    Sold,
    /// Sold units came back.
    Returned,
}

impl MovementKind {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            MovementKind::Opened => "opened",
            MovementKind::Received => "received",
            MovementKind::Withdrawn => "withdrawn",
            MovementKind::Counted => "counted",
            MovementKind::Reserved => "reserved",
            MovementKind::Released => "released",
            MovementKind::Sold => "sold",
            MovementKind::Returned => "returned",
        }
    }
}

/// One row of a ledger's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// What moved.
    pub kind: MovementKind,
    /// The change: of what is reserved when units were reserved or released, else of what is on
    /// hand.
    pub units: i64,
    /// Units on the shelf after it.
    pub on_hand: u32,
    /// Units promised after it.
    pub reserved: u32,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The hold, if it concerns one.
    pub hold: Option<HoldId>,
    /// Whom the hold is for.
    pub held_for: Option<HoldFor>,
    /// When it was decided.
    pub at: Timestamp,
    /// Who caused it.
    pub who: Who,
}

impl Movement {
    /// The row that an event leaves, if it moves anything.
    pub fn of(event: &LedgerEvent, stamp: &Stamp) -> Option<Movement> {
        let row = |kind, units, after: &Balance| Movement {
            kind,
            units,
            on_hand: after.on_hand,
            reserved: after.reserved,
            reason: None,
            hold: None,
            held_for: None,
            at: stamp.at,
            who: stamp.who,
        };
        let shelf = |kind, units, after: &Balance, reason: &Option<String>| Movement {
            reason: reason.clone(),
            ..row(kind, units, after)
        };
        let held = |kind, units, after: &Balance, hold: &HoldId, held_for: &HoldFor| Movement {
            hold: Some(*hold),
            held_for: Some(held_for.clone()),
            ..row(kind, units, after)
        };
        Some(match event {
            LedgerEvent::LedgerOpened { on_hand, .. } => {
                let after = Balance { on_hand: *on_hand, reserved: 0 };
                row(MovementKind::Opened, i64::from(*on_hand), &after)
            }
            LedgerEvent::StartingStockSet { was, after } => {
                row(MovementKind::Counted, change(*was, after), after)
            }
            LedgerEvent::StockReceived { quantity, reason, after } => {
                shelf(MovementKind::Received, more(*quantity), after, reason)
            }
            LedgerEvent::StockWithdrawn { quantity, reason, after } => {
                shelf(MovementKind::Withdrawn, -more(*quantity), after, reason)
            }
            LedgerEvent::StockCounted { was, reason, after } => {
                shelf(MovementKind::Counted, change(*was, after), after, reason)
            }
            LedgerEvent::StockReserved { hold, quantity, held_for, after, .. } => {
                held(MovementKind::Reserved, more(*quantity), after, hold, held_for)
            }
            LedgerEvent::StockReleased { hold, quantity, held_for, after } => {
                held(MovementKind::Released, -more(*quantity), after, hold, held_for)
            }
            LedgerEvent::StockCommitted { hold, quantity, held_for, after } => {
                held(MovementKind::Sold, -more(*quantity), after, hold, held_for)
            }
            LedgerEvent::StockReturned { hold, quantity, held_for, after } => {
                held(MovementKind::Returned, more(*quantity), after, hold, held_for)
            }
            LedgerEvent::StockRanLow { .. }
            | LedgerEvent::SkuChanged { .. }
            | LedgerEvent::LedgerSettingsChanged { .. }
            | LedgerEvent::LedgerClosed {} => return None,
        })
    }
}

fn more(quantity: Quantity) -> i64 {
    i64::from(quantity.units())
}

fn change(was: u32, after: &Balance) -> i64 {
    i64::from(after.on_hand) - i64::from(was)
}
