//! Ledger: the totals of one SKU.
//!
//! Invariant: reserved ≤ on hand, and on hand = received − sold + returned ± adjusted. Each
//! event carries the balance after it, from its decision; the totals are counted from the
//! quantities: two ways to the same number, which `check` compares.

use serde::{Deserialize, Serialize};

use super::{Balance, LedgerEvent, StockRefusal};
use crate::domain::{
    aggregate::Aggregate,
    ids::{ProductId, VariantId},
    quantity::{QUANTITY_UNITS_MAX, Quantity},
    time::{Stamp, Timestamp},
};

/// The totals of one SKU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// The product.
    pub product: ProductId,
    /// Its variant.
    pub variant: VariantId,
    /// Its stock-keeping number; empty before the ledger was opened.
    pub sku: String,
    /// Units on the shelf.
    pub on_hand: u32,
    /// Units of those that are promised.
    pub reserved: u32,
    /// Whether it can be reserved.
    pub is_active: bool,
    /// At how many available units it counts as low.
    pub low_stock_threshold: u32,
    /// Whether that number is its own; if not, it follows the shop's.
    pub threshold_is_own: bool,
    /// Units that ever came in.
    pub received: u64,
    /// Units that were ever sold.
    pub sold: u64,
    /// Units that ever came back after a sale.
    pub returned: u64,
    /// Units found (more) or lost (less) by counting and withdrawing.
    pub adjusted: i64,
    /// Whether the starting quantity was set.
    pub starting_quantity_accepted: bool,
    /// Grows with each change that staff makes; what is sold, promised and given back by orders is
    /// none.
    pub edits: u64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether stock is kept of it no more.
    pub closed: bool,
}

impl Ledger {
    /// Whether stock is kept of this.
    pub fn exists(&self) -> bool {
        !self.sku.is_empty() && !self.closed
    }

    /// What is on the shelf, and how much of it is promised.
    pub fn balance(&self) -> Balance {
        Balance { on_hand: self.on_hand, reserved: self.reserved }
    }

    /// Units that can still be promised.
    pub fn available(&self) -> u32 {
        if self.closed { 0 } else { self.balance().available() }
    }

    /// Whether it is time to order more of what is for sale.
    pub fn is_low(&self) -> bool {
        self.exists() && self.is_active && self.available() <= self.low_stock_threshold
    }

    /// What was decided, and that stock runs low by it: once each time it does, and not again
    /// while it stays low. A new ledger has not run low.
    pub fn noticing_low(&self, mut events: Vec<LedgerEvent>) -> Vec<LedgerEvent> {
        if events.is_empty() || !self.exists() || self.is_low() {
            return events;
        }
        let mut after = self.clone();
        events.iter().for_each(|event| after.apply(event, &Stamp::default()));
        if after.is_low() {
            let (available, threshold) = (after.available(), after.low_stock_threshold);
            events.push(LedgerEvent::StockRanLow { available, threshold });
        }
        events
    }

    /// Begins to keep stock of a SKU.
    pub fn open(
        &self,
        product: ProductId,
        variant: VariantId,
        sku: &str,
        on_hand: u32,
    ) -> Result<Vec<LedgerEvent>, StockRefusal> {
        if self.closed {
            return Err(StockRefusal::UnknownLedger);
        }
        if self.exists() {
            let same = self.product == product && self.variant == variant && self.sku == sku;
            return if same { Ok(vec![]) } else { Err(StockRefusal::AlreadyOpened) };
        }
        must_fit(on_hand)?;
        Ok(vec![LedgerEvent::LedgerOpened { product, variant, sku: sku.to_owned(), on_hand }])
    }

    /// Sets the starting quantity, once; also over one that came with the product.
    pub fn set_starting_stock(&self, on_hand: u32) -> Result<Vec<LedgerEvent>, StockRefusal> {
        self.must_exist()?;
        if self.starting_quantity_accepted {
            return Err(StockRefusal::AlreadyCounted);
        }
        let after = self.counted(on_hand)?;
        Ok(vec![LedgerEvent::StartingStockSet { was: self.on_hand, after }])
    }

    /// Takes units in.
    pub fn receive(
        &self,
        quantity: Quantity,
        reason: Option<String>,
    ) -> Result<Vec<LedgerEvent>, StockRefusal> {
        self.must_exist()?;
        let after = self.balance().taking_back(quantity);
        must_fit(after.on_hand)?;
        Ok(vec![LedgerEvent::StockReceived { quantity, reason, after }])
    }

    /// Takes units off the shelf that are promised to nobody.
    pub fn withdraw(
        &self,
        quantity: Quantity,
        reason: Option<String>,
    ) -> Result<Vec<LedgerEvent>, StockRefusal> {
        self.must_exist()?;
        self.must_have(quantity)?;
        let after = self.balance().losing(quantity);
        Ok(vec![LedgerEvent::StockWithdrawn { quantity, reason, after }])
    }

    /// Says how many units are on the shelf, which is not less than is promised.
    pub fn count(
        &self,
        on_hand: u32,
        reason: Option<String>,
    ) -> Result<Vec<LedgerEvent>, StockRefusal> {
        self.must_exist()?;
        let after = self.counted(on_hand)?;
        if on_hand == self.on_hand {
            return Ok(vec![]);
        }
        Ok(vec![LedgerEvent::StockCounted { was: self.on_hand, reason, after }])
    }

    /// Changes how the SKU is watched; what is missing stays.
    pub fn configure(
        &self,
        is_active: Option<bool>,
        low_stock_threshold: Option<u32>,
    ) -> Result<Vec<LedgerEvent>, StockRefusal> {
        self.must_exist()?;
        let is_active = is_active.unwrap_or(self.is_active);
        let low_stock_threshold = low_stock_threshold.unwrap_or(self.low_stock_threshold);
        if (is_active, low_stock_threshold) == (self.is_active, self.low_stock_threshold) {
            return Ok(vec![]);
        }
        let by_shop = false;
        Ok(vec![LedgerEvent::LedgerSettingsChanged { is_active, low_stock_threshold, by_shop }])
    }

    /// Counts as low at the shop's number from now on, unless it has its own. No stock has moved
    /// by that, so none runs low.
    pub fn follow_threshold(&self, units: u32) -> Vec<LedgerEvent> {
        if !self.exists() || self.threshold_is_own || self.low_stock_threshold == units {
            return vec![];
        }
        let (is_active, by_shop) = (self.is_active, true);
        let low_stock_threshold = units;
        vec![LedgerEvent::LedgerSettingsChanged { is_active, low_stock_threshold, by_shop }]
    }

    /// Gives the SKU another stock-keeping number.
    pub fn change_sku(&self, sku: &str) -> Result<Vec<LedgerEvent>, StockRefusal> {
        self.must_exist()?;
        if self.sku == sku {
            return Ok(vec![]);
        }
        Ok(vec![LedgerEvent::SkuChanged { sku: sku.to_owned() }])
    }

    /// Stops keeping stock of the SKU. Holds can still be committed, released and returned.
    pub fn close(&self) -> Result<Vec<LedgerEvent>, StockRefusal> {
        if self.exists() { Ok(vec![LedgerEvent::LedgerClosed {}]) } else { Ok(vec![]) }
    }

    pub(super) fn must_exist(&self) -> Result<(), StockRefusal> {
        if self.exists() { Ok(()) } else { Err(StockRefusal::UnknownLedger) }
    }

    pub(super) fn must_have(&self, quantity: Quantity) -> Result<(), StockRefusal> {
        let available = self.available();
        if quantity.units() > available {
            return Err(StockRefusal::InsufficientStock { available, variant: self.variant });
        }
        Ok(())
    }

    fn counted(&self, on_hand: u32) -> Result<Balance, StockRefusal> {
        must_fit(on_hand)?;
        if on_hand < self.reserved {
            return Err(StockRefusal::BelowReserved { reserved: self.reserved });
        }
        Ok(Balance { on_hand, ..self.balance() })
    }

    fn settle(&mut self, after: Balance) {
        self.on_hand = after.on_hand;
        self.reserved = after.reserved;
    }

    fn adjust(&mut self, was: u32, is: u32) {
        self.adjusted = self.adjusted.saturating_add(i64::from(is) - i64::from(was));
    }
}

impl Aggregate for Ledger {
    const KIND: &'static str = "ledger";
    type Id = VariantId;
    type Event = LedgerEvent;

    fn apply(&mut self, event: &LedgerEvent, stamp: &Stamp) {
        match event {
            LedgerEvent::LedgerOpened { product, variant, sku, on_hand } => {
                *self = Ledger {
                    product: *product,
                    variant: *variant,
                    sku: sku.clone(),
                    on_hand: *on_hand,
                    is_active: true,
                    low_stock_threshold: LOW_STOCK_THRESHOLD_UNITS,
                    received: u64::from(*on_hand),
                    edits: self.edits,
                    created_at: stamp.at,
                    ..Ledger::default()
                };
            }
            LedgerEvent::StartingStockSet { was, after } => {
                self.starting_quantity_accepted = true;
                self.adjust(*was, after.on_hand);
                self.settle(*after);
            }
            LedgerEvent::StockReceived { quantity, after, .. } => {
                self.received = plus(self.received, *quantity);
                self.settle(*after);
            }
            LedgerEvent::StockWithdrawn { quantity, after, .. } => {
                self.adjust(quantity.units(), 0);
                self.settle(*after);
            }
            LedgerEvent::StockCounted { was, after, .. } => {
                self.adjust(*was, after.on_hand);
                self.settle(*after);
            }
            LedgerEvent::StockReserved { after, .. } | LedgerEvent::StockReleased { after, .. } => {
                self.settle(*after);
            }
            LedgerEvent::StockCommitted { quantity, after, .. } => {
                self.sold = plus(self.sold, *quantity);
                self.settle(*after);
            }
            LedgerEvent::StockReturned { quantity, after, .. } => {
                self.returned = plus(self.returned, *quantity);
                self.settle(*after);
            }
            LedgerEvent::StockRanLow { .. } => {}
            LedgerEvent::SkuChanged { sku } => self.sku = sku.clone(),
            LedgerEvent::LedgerSettingsChanged { is_active, low_stock_threshold, by_shop } => {
                self.is_active = *is_active;
                let is_other = self.low_stock_threshold != *low_stock_threshold;
                self.threshold_is_own = !by_shop && (self.threshold_is_own || is_other);
                self.low_stock_threshold = *low_stock_threshold;
            }
            LedgerEvent::LedgerClosed {} => self.closed = true,
        }
        self.edits = self.edits.saturating_add(u64::from(is_edit(event)));
        self.updated_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.reserved > self.on_hand {
            return Err("what is reserved never exceeds what is on hand");
        }
        if self.returned > self.sold {
            return Err("no more comes back than was sold");
        }
        let came = i128::from(self.received) + i128::from(self.returned);
        let counted = came - i128::from(self.sold) + i128::from(self.adjusted);
        if counted != i128::from(self.on_hand) {
            return Err("on hand is received, less sold, plus returned, and adjusted");
        }
        Ok(())
    }
}

/// Whether an event changes what somebody may be looking at who changes the ledger.
fn is_edit(event: &LedgerEvent) -> bool {
    match event {
        LedgerEvent::LedgerOpened { .. }
        | LedgerEvent::StartingStockSet { .. }
        | LedgerEvent::StockReceived { .. }
        | LedgerEvent::StockWithdrawn { .. }
        | LedgerEvent::StockCounted { .. }
        | LedgerEvent::SkuChanged { .. }
        | LedgerEvent::LedgerClosed {} => true,
        LedgerEvent::LedgerSettingsChanged { by_shop, .. } => !by_shop,
        LedgerEvent::StockReserved { .. }
        | LedgerEvent::StockReleased { .. }
        | LedgerEvent::StockCommitted { .. }
        | LedgerEvent::StockReturned { .. }
        | LedgerEvent::StockRanLow { .. } => false,
    }
}

fn plus(total: u64, quantity: Quantity) -> u64 {
    total.saturating_add(u64::from(quantity.units()))
}

fn must_fit(on_hand: u32) -> Result<(), StockRefusal> {
    if on_hand > QUANTITY_UNITS_MAX { Err(StockRefusal::TooMuchStock) } else { Ok(()) }
}

/// At how many available units a SKU counts as low, until an admin says otherwise of the shop, or
/// staff of the SKU.
pub const LOW_STOCK_THRESHOLD_UNITS: u32 = 5;
