//! Carts: what somebody wants to buy, and the order that is buying it.
//!
//! Invariant: an order claims what it priced, and what was claimed leaves the cart once, bought or
//! by hand. What is put in meanwhile stays. A cart reserves nothing: only `inventory` promises.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::{CartId, OrderId, ProductId, UserId, VariantId},
    quantity::Quantity,
    time::{Stamp, Timestamp},
};

mod refusal;

pub use refusal::CartRefusal;

/// Units of one variant in a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The product.
    pub product: ProductId,
    /// Its variant.
    pub variant: VariantId,
    /// How many units.
    pub quantity: u32,
    /// When the line appeared.
    pub added_at: Timestamp,
}

/// What an order under way is buying from the cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The order.
    pub order: OrderId,
    /// The version of the lines that it priced.
    pub version: u64,
    /// The units of each variant at that version, less what was taken out by hand since.
    pub lines: BTreeMap<VariantId, u32>,
}

/// What somebody wants to buy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Whether somebody took it.
    pub opened: bool,
    /// Whose it is; a guest's belongs to nobody.
    pub owner: Option<UserId>,
    /// What is in it.
    pub lines: BTreeMap<VariantId, CartLine>,
    /// Grows with each change of the lines.
    pub version_of_lines: u64,
    /// The order that is buying it now, if any.
    pub claim: Option<Claim>,
    /// The last orders that bought from it, the oldest first.
    pub consumed_by: Vec<OrderId>,
    /// When the lines last changed.
    pub updated_at: Timestamp,
    /// Whether it was given up: nobody came back to it.
    pub abandoned: bool,
}

/// What happened to a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartEvent {
    /// Somebody took it.
    CartOpened {
        /// Whose it is.
        owner: Option<UserId>,
    },
    /// Units were put in.
    LineAdded {
        /// The product.
        product: ProductId,
        /// Its variant.
        variant: VariantId,
        /// How many units of it there are now.
        becomes: u32,
    },
    /// The number of units was set.
    LineChanged {
        /// The variant.
        variant: VariantId,
        /// How many units there are now.
        quantity: Quantity,
    },
    /// All units of a variant were taken out.
    LineRemoved {
        /// The variant.
        variant: VariantId,
    },
    /// Everything was taken out.
    CartCleared {},
    /// An order began to buy it.
    CartClaimed {
        /// The order.
        order: OrderId,
        /// The version of the lines that it priced.
        version: u64,
        /// The units of each variant at that version.
        lines: BTreeMap<VariantId, u32>,
    },
    /// The order did not buy it after all.
    CartReleased {
        /// The order.
        order: OrderId,
    },
    /// The order bought what it had claimed.
    CartConsumed {
        /// The order.
        order: OrderId,
    },
    /// Nobody came back to it for so long that it is not kept any more.
    CartAbandoned {},
}

impl Cart {
    /// Whether somebody took it.
    pub fn exists(&self) -> bool {
        self.opened
    }

    /// How many units of a variant are in it.
    pub fn units_of(&self, variant: VariantId) -> u32 {
        self.lines.get(&variant).map_or(0, |line| line.quantity)
    }

    /// Gives the cart to its owner.
    pub fn open(&self, owner: Option<UserId>) -> Result<Vec<CartEvent>, CartRefusal> {
        match (self.opened, self.owner == owner) {
            (false, _) => Ok(vec![CartEvent::CartOpened { owner }]),
            (true, true) => Ok(vec![]),
            (true, false) => Err(CartRefusal::UnknownCart),
        }
    }

    /// Puts units in, on top of what is there; together not more than there are.
    pub fn put(
        &self,
        product: ProductId,
        variant: VariantId,
        add: Quantity,
        available: u32,
    ) -> Result<Vec<CartEvent>, CartRefusal> {
        let becomes = self.units_of(variant).saturating_add(add.units());
        units_must_fit(variant, becomes, available)?;
        if !self.lines.contains_key(&variant) && self.lines.len() >= LINES_MAX {
            return Err(CartRefusal::TooManyLines);
        }
        Ok(vec![CartEvent::LineAdded { product, variant, becomes }])
    }

    /// Puts in as many of the wanted units as fit, on top of what is there; perhaps none.
    pub fn put_what_fits(
        &self,
        product: ProductId,
        variant: VariantId,
        add: Quantity,
        available: u32,
    ) -> Vec<CartEvent> {
        let has = self.units_of(variant);
        let becomes = has.saturating_add(add.units()).min(available).min(LINE_UNITS_MAX);
        let has_room = self.lines.contains_key(&variant) || self.lines.len() < LINES_MAX;
        if becomes <= has || !has_room {
            return vec![];
        }
        vec![CartEvent::LineAdded { product, variant, becomes }]
    }

    /// Sets the number of units of a line; zero takes it out.
    pub fn set(
        &self,
        variant: VariantId,
        units: u32,
        available: u32,
    ) -> Result<Vec<CartEvent>, CartRefusal> {
        let line = self.lines.get(&variant).ok_or(CartRefusal::NotInCart)?;
        let Ok(quantity) = Quantity::new(units) else {
            return if units == 0 { self.remove(variant) } else { Err(CartRefusal::TooManyUnits) };
        };
        units_must_fit(variant, units, available)?;
        if line.quantity == units {
            return Ok(vec![]);
        }
        Ok(vec![CartEvent::LineChanged { variant, quantity }])
    }

    /// Takes a line out; also when it is not there.
    pub fn remove(&self, variant: VariantId) -> Result<Vec<CartEvent>, CartRefusal> {
        if !self.lines.contains_key(&variant) {
            return Ok(vec![]);
        }
        Ok(vec![CartEvent::LineRemoved { variant }])
    }

    /// Takes everything out.
    pub fn clear(&self) -> Result<Vec<CartEvent>, CartRefusal> {
        if self.lines.is_empty() { Ok(vec![]) } else { Ok(vec![CartEvent::CartCleared {}]) }
    }

    /// Lets an order buy the cart as it was priced, and no other order.
    pub fn claim(&self, order: OrderId, version: u64) -> Result<Vec<CartEvent>, CartRefusal> {
        match &self.claim {
            Some(claim) if claim.order != order => {
                return Err(CartRefusal::InCheckout { order: claim.order });
            }
            Some(claim) if claim.version == version => return Ok(vec![]),
            Some(_) => return Err(CartRefusal::Changed),
            None if self.consumed_by.contains(&order) => return Ok(vec![]),
            None => {}
        }
        if self.version_of_lines != version {
            return Err(CartRefusal::Changed);
        }
        if self.lines.is_empty() {
            return Err(CartRefusal::Empty);
        }
        let lines = self.lines.values().map(|line| (line.variant, line.quantity)).collect();
        Ok(vec![CartEvent::CartClaimed { order, version, lines }])
    }

    /// Gives the cart back, as it is; also when the order does not claim it.
    pub fn release(&self, order: OrderId) -> Result<Vec<CartEvent>, CartRefusal> {
        if self.claimed_by() != Some(order) {
            return Ok(vec![]);
        }
        Ok(vec![CartEvent::CartReleased { order }])
    }

    /// Takes out what the order claimed, once. What was put in since stays.
    pub fn consume(&self, order: OrderId) -> Result<Vec<CartEvent>, CartRefusal> {
        if self.consumed_by.contains(&order) {
            return Ok(vec![]);
        }
        if self.claimed_by() != Some(order) {
            return Err(CartRefusal::NotClaimed);
        }
        Ok(vec![CartEvent::CartConsumed { order }])
    }

    /// Gives up a cart that nobody has touched since `before` and no order is buying.
    pub fn abandon(&self, before: Timestamp) -> Vec<CartEvent> {
        let is_due = self.opened && self.claim.is_none() && self.updated_at < before;
        if is_due { vec![CartEvent::CartAbandoned {}] } else { vec![] }
    }

    /// The order that is buying it now.
    pub fn claimed_by(&self) -> Option<OrderId> {
        self.claim.as_ref().map(|claim| claim.order)
    }

    fn set_line(&mut self, product: ProductId, variant: VariantId, quantity: u32, at: Timestamp) {
        let line = CartLine { product, variant, quantity, added_at: at };
        self.lines.entry(variant).or_insert(line).quantity = quantity;
    }

    /// What was taken out by hand is not claimed any more, should as many be put in again.
    fn shrink_claim(&mut self) {
        let Some(claim) = &mut self.claim else { return };
        for (variant, units) in &mut claim.lines {
            *units = (*units).min(self.lines.get(variant).map_or(0, |line| line.quantity));
        }
    }

    fn take_claimed(&mut self, order: OrderId) {
        for (variant, units) in self.claim.take().map(|claim| claim.lines).unwrap_or_default() {
            if let Some(line) = self.lines.get_mut(&variant) {
                line.quantity = line.quantity.saturating_sub(units);
            }
        }
        self.lines.retain(|_, line| line.quantity > 0);
        self.consumed_by.push(order);
        let too_many = self.consumed_by.len().saturating_sub(CONSUMED_BY_MAX);
        self.consumed_by.drain(..too_many);
    }
}

impl Aggregate for Cart {
    const KIND: &'static str = "cart";
    type Id = CartId;
    type Event = CartEvent;

    fn apply(&mut self, event: &CartEvent, stamp: &Stamp) {
        match event {
            CartEvent::CartOpened { owner } => {
                self.opened = true;
                self.owner = *owner;
                self.updated_at = stamp.at;
                return;
            }
            CartEvent::CartClaimed { order, version, lines } => {
                let lines = lines.clone();
                self.claim = Some(Claim { order: *order, version: *version, lines });
                return;
            }
            CartEvent::CartReleased { .. } => {
                self.claim = None;
                return;
            }
            CartEvent::CartAbandoned {} => {
                self.abandoned = true;
                return;
            }
            CartEvent::LineAdded { product, variant, becomes } => {
                self.set_line(*product, *variant, *becomes, stamp.at);
            }
            CartEvent::LineChanged { variant, quantity } => {
                if let Some(line) = self.lines.get_mut(variant) {
                    line.quantity = quantity.units();
                }
            }
            CartEvent::LineRemoved { variant } => {
                self.lines.remove(variant);
            }
            CartEvent::CartCleared {} => self.lines.clear(),
            CartEvent::CartConsumed { order } => self.take_claimed(*order),
        }
        self.shrink_claim();
        self.version_of_lines = self.version_of_lines.saturating_add(1);
        self.updated_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.lines.len() > LINES_MAX {
            return Err("a cart has at most so many lines");
        }
        if self.lines.values().any(|line| line.quantity == 0 || line.quantity > LINE_UNITS_MAX) {
            return Err("a line of a cart has at least one unit, and at most so many");
        }
        if self.claimed_by().is_some_and(|order| self.consumed_by.contains(&order)) {
            return Err("what an order claimed leaves the cart once");
        }
        Ok(())
    }

    fn is_gone(&self) -> bool {
        self.abandoned
    }
}

fn units_must_fit(variant: VariantId, units: u32, available: u32) -> Result<(), CartRefusal> {
    if units > LINE_UNITS_MAX {
        return Err(CartRefusal::TooManyUnits);
    }
    if units > available {
        return Err(CartRefusal::InsufficientStock { available, variant });
    }
    Ok(())
}

/// Lines of a cart.
pub const LINES_MAX: usize = 200;
/// Units of a line.
pub const LINE_UNITS_MAX: u32 = 999;
/// Orders a cart remembers having been bought by, to recognise a repeated step.
pub const CONSUMED_BY_MAX: usize = 8;

#[cfg(test)]
mod tests;
