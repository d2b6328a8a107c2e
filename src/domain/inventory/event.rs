//! What can have happened to a ledger, and the balance that each movement leaves.

use serde::{Deserialize, Serialize};

use super::HoldFor;
use crate::domain::{
    ids::{HoldId, ProductId, VariantId},
    quantity::Quantity,
    time::Timestamp,
};

/// What is on the shelf, and how much of it is promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Units on the shelf.
    pub on_hand: u32,
    /// Units of those that are promised.
    pub reserved: u32,
}

impl Balance {
    /// Units that can still be promised.
    pub fn available(self) -> u32 {
        self.on_hand.saturating_sub(self.reserved)
    }

    pub(super) fn reserving(self, quantity: Quantity) -> Balance {
        Balance { reserved: self.reserved.saturating_add(quantity.units()), ..self }
    }

    pub(super) fn releasing(self, quantity: Quantity) -> Balance {
        Balance { reserved: self.reserved.saturating_sub(quantity.units()), ..self }
    }

    pub(super) fn selling(self, quantity: Quantity) -> Balance {
        self.releasing(quantity).losing(quantity)
    }

    pub(super) fn taking_back(self, quantity: Quantity) -> Balance {
        Balance { on_hand: self.on_hand.saturating_add(quantity.units()), ..self }
    }

    pub(super) fn losing(self, quantity: Quantity) -> Balance {
        Balance { on_hand: self.on_hand.saturating_sub(quantity.units()), ..self }
    }
}

/// What happened to the stock of one SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEvent {
    /// Stock of the SKU is kept from now on.
    LedgerOpened {
        /// The product.
        product: ProductId,
        /// Its variant.
        variant: VariantId,
        /// Its stock-keeping number.
        sku: String,
        /// Units on the shelf to begin with.
        on_hand: u32,
    },
    /// The starting quantity was set, which happens once.
    StartingStockSet {
        /// Units on the shelf before.
        was: u32,
        /// The balance after it.
        after: Balance,
    },
    /// Units came in.
    StockReceived {
        /// How many.
        quantity: Quantity,
        /// Why, if that was said.
        reason: Option<String>,
        /// The balance after it.
        after: Balance,
    },
    /// Units were taken off the shelf other than by a sale.
    StockWithdrawn {
        /// How many.
        quantity: Quantity,
        /// Why, if that was said.
        reason: Option<String>,
        /// The balance after it.
        after: Balance,
    },
    /// The shelf was counted.
    StockCounted {
        /// Units on the shelf before.
        was: u32,
        /// Why, if that was said.
        reason: Option<String>,
        /// The balance after it.
        after: Balance,
    },
    /// Units were promised.
    StockReserved {
        /// The hold.
        hold: HoldId,
        /// How many.
        quantity: Quantity,
        /// Whom to.
        held_for: HoldFor,
        /// When the order gives them up.
        expires_at: Option<Timestamp>,
        /// The balance after it.
        after: Balance,
    },
    /// Promised units were given back unsold.
    StockReleased {
        /// The hold.
        hold: HoldId,
        /// How many.
        quantity: Quantity,
        /// Whom they were promised to.
        held_for: HoldFor,
        /// The balance after it.
        after: Balance,
    },
    /// Promised units were sold.
    StockCommitted {
        /// The hold.
        hold: HoldId,
        /// How many.
        quantity: Quantity,
        /// Whom to.
        held_for: HoldFor,
        /// The balance after it.
        after: Balance,
    },
    /// Sold units came back.
    StockReturned {
        /// The hold they were sold from.
        hold: HoldId,
        /// How many.
        quantity: Quantity,
        /// Whom from.
        held_for: HoldFor,
        /// The balance after it.
        after: Balance,
    },
    /// Few units are left to be promised, and before there were more: it is time to order.
    StockRanLow {
        /// Units that can still be promised.
        available: u32,
        /// At how many the SKU counts as low.
        threshold: u32,
    },
    /// The SKU has another stock-keeping number.
    SkuChanged {
        /// The number from now on.
        sku: String,
    },
    /// How the SKU is watched changed.
    LedgerSettingsChanged {
        /// Whether it can be reserved from now on.
        is_active: bool,
        /// At how many available units it counts as low from now on.
        low_stock_threshold: u32,
        /// Whether it only follows the shop, and nobody said so for this SKU.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_shop: bool,
    },
    /// Stock of the SKU is kept no more; promises made are still honoured.
    LedgerClosed {},
}
