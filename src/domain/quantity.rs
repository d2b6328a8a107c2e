//! Quantity: how many units of a SKU, at least one.

use serde::{Deserialize, Serialize};

/// At least one unit, at most a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Quantity(u32);

/// The count is zero or beyond a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a quantity is between 1 and 1,000,000")]
pub struct NotAQuantity;

impl Quantity {
    /// So many units.
    pub fn new(units: u32) -> Result<Quantity, NotAQuantity> {
        if (1..=QUANTITY_UNITS_MAX).contains(&units) {
            Ok(Quantity(units))
        } else {
            Err(NotAQuantity)
        }
    }

    /// The number of units, at least one.
    pub fn units(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Quantity {
    type Error = NotAQuantity;
    fn try_from(units: u32) -> Result<Self, NotAQuantity> {
        Quantity::new(units)
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> u32 {
        quantity.0
    }
}

/// Largest number of units one message may name; also the most a ledger holds on hand.
pub const QUANTITY_UNITS_MAX: u32 = 1_000_000;
