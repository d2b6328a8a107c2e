//! Hold: units of one SKU that are promised to one order, or set aside by hand.
//!
//! A hold begins once and ends once. It stays as a record after its end, until it is forgotten.

use serde::{Deserialize, Serialize};

use super::StockRefusal;
use crate::domain::{
    aggregate::Aggregate,
    ids::{HoldId, OrderId, VariantId},
    quantity::Quantity,
    time::{Stamp, Timestamp},
};

/// Whom units are held for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldFor {
    /// An order.
    Order(OrderId),
    /// Somebody of the shop, by hand.
    Manual {
        /// A free reference.
        reference: Option<String>,
    },
}

impl HoldFor {
    /// Held by hand; what is too long of the reference is cut.
    pub fn manual(reference: Option<&str>) -> HoldFor {
        let cut = |text: &str| text.chars().take(REFERENCE_CHARS_MAX).collect();
        HoldFor::Manual { reference: reference.map(cut) }
    }
}

impl Default for HoldFor {
    fn default() -> Self {
        HoldFor::Manual { reference: None }
    }
}

/// How far a hold came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// It has not begun.
    #[default]
    Unplaced,
    /// Units are promised.
    Held,
    /// They were sold.
    Committed,
    /// They were given back unsold.
    Released,
    /// They were sold, and all came back.
    Returned,
}

/// Units of one SKU that are promised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The variant.
    pub variant: VariantId,
    /// How many units are held, or were sold.
    pub quantity: u32,
    /// How many of the sold ones came back.
    pub returned: u32,
    /// Whom they are for.
    pub held_for: HoldFor,
    /// How far it came.
    pub state: HoldState,
    /// When its order gives it up; only the order does. Manual holds never expire.
    pub expires_at: Option<Timestamp>,
    /// When it began.
    pub held_at: Timestamp,
    /// When something last happened to it.
    pub changed_at: Timestamp,
    /// Whether the record is needed no more.
    pub forgotten: bool,
}

/// What happened to a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEvent {
    /// Units were promised.
    HoldPlaced {
        /// The variant.
        variant: VariantId,
        /// How many.
        quantity: Quantity,
        /// Whom for.
        held_for: HoldFor,
        /// When its order gives it up.
        expires_at: Option<Timestamp>,
    },
    /// It ended before it began, and cannot begin any more.
    HoldBarred {
        /// The variant.
        variant: VariantId,
        /// Whom it would have been for.
        held_for: HoldFor,
    },
    /// Its order gives it up at another time.
    HoldExtended {
        /// That time.
        expires_at: Option<Timestamp>,
    },
    /// The units were sold.
    HoldCommitted {},
    /// Units were given back unsold.
    HoldReleased {
        /// How many; a manual hold may keep the rest.
        quantity: Quantity,
    },
    /// Sold units came back.
    HoldReturned {
        /// How many.
        quantity: Quantity,
    },
    /// Its order is final: the record is needed no more.
    HoldForgotten {},
}

impl Hold {
    /// Whether it has begun or ended.
    pub fn exists(&self) -> bool {
        self.state != HoldState::Unplaced
    }

    /// Whether units are promised now.
    pub fn is_held(&self) -> bool {
        self.state == HoldState::Held
    }

    /// Whether units of this variant are set aside by hand now.
    pub fn is_manual_of(&self, variant: VariantId) -> bool {
        let manual = matches!(self.held_for, HoldFor::Manual { .. });
        manual && self.is_held() && self.variant == variant
    }

    /// Whether it was set aside by hand and has ended: nothing asks for it again.
    pub fn is_spent_by_hand(&self) -> bool {
        let manual = matches!(self.held_for, HoldFor::Manual { .. });
        manual && self.exists() && !self.is_held()
    }

    /// Gives it another expiry: later while a payment is awaited, none once it is authorised.
    pub fn extend(&self, expires_at: Option<Timestamp>) -> Result<Vec<HoldEvent>, StockRefusal> {
        match self.state {
            HoldState::Unplaced => Err(StockRefusal::NothingReserved),
            HoldState::Held if self.expires_at == expires_at => Ok(vec![]),
            HoldState::Held => Ok(vec![HoldEvent::HoldExtended { expires_at }]),
            HoldState::Committed => Ok(vec![]),
            HoldState::Released | HoldState::Returned => Err(StockRefusal::HoldEnded),
        }
    }

    /// Drops the record of a hold that has ended, once nothing late can come for it.
    pub fn forget(&self) -> Result<Vec<HoldEvent>, StockRefusal> {
        match self.state {
            HoldState::Unplaced => Ok(vec![]),
            HoldState::Held => Err(StockRefusal::BelowReserved { reserved: self.quantity }),
            HoldState::Committed | HoldState::Released | HoldState::Returned => {
                Ok(vec![HoldEvent::HoldForgotten {}])
            }
        }
    }
}

impl Aggregate for Hold {
    const KIND: &'static str = "hold";
    type Id = HoldId;
    type Event = HoldEvent;

    fn apply(&mut self, event: &HoldEvent, stamp: &Stamp) {
        match event {
            HoldEvent::HoldPlaced { variant, quantity, held_for, expires_at } => {
                *self = Hold {
                    variant: *variant,
                    quantity: quantity.units(),
                    held_for: held_for.clone(),
                    state: HoldState::Held,
                    expires_at: *expires_at,
                    held_at: stamp.at,
                    ..Hold::default()
                };
            }
            HoldEvent::HoldBarred { variant, held_for } => {
                self.variant = *variant;
                self.held_for = held_for.clone();
                self.held_at = stamp.at;
                self.state = HoldState::Released;
            }
            HoldEvent::HoldExtended { expires_at } => self.expires_at = *expires_at,
            HoldEvent::HoldCommitted {} => self.state = HoldState::Committed,
            HoldEvent::HoldReleased { quantity } => {
                self.quantity = self.quantity.saturating_sub(quantity.units());
                if self.quantity == 0 {
                    self.state = HoldState::Released;
                }
            }
            HoldEvent::HoldReturned { quantity } => {
                self.returned = self.returned.saturating_add(quantity.units());
                if self.returned >= self.quantity {
                    self.state = HoldState::Returned;
                }
            }
            HoldEvent::HoldForgotten {} => self.forgotten = true,
        }
        self.changed_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.returned > self.quantity {
            return Err("no more comes back than was sold");
        }
        if self.is_held() && self.quantity == 0 {
            return Err("a hold holds something");
        }
        Ok(())
    }

    fn is_gone(&self) -> bool {
        self.forgotten
    }
}

/// What is kept of a manual hold's reference.
pub const REFERENCE_CHARS_MAX: usize = 64;
