//! The carts actor: owner of every cart, asked by shoppers and by checkout.
//!
//! Rules live in [`crate::domain::carts`]. What is available is told in the message, as it was
//! when the shopper asked; only the inventory actor promises stock.

use std::sync::Arc;

use crate::{
    domain::{
        carts::{Cart, CartEvent, CartRefusal},
        ids::{CartId, OrderId, ProductId, UserId, VariantId},
        quantity::Quantity,
    },
    store::keys,
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Puts units of a variant into a user's cart, opening it if need be. Twice puts twice.
#[derive(Debug)]
pub struct PutInCart {
    /// Whose cart.
    pub user: UserId,
    /// The cart's id, if it has to be opened.
    pub fresh: CartId,
    /// What is bought.
    pub product: ProductId,
    /// In which variant.
    pub variant: VariantId,
    /// How many more.
    pub quantity: Quantity,
    /// How many there are to be had.
    pub available: u32,
}

/// Puts what there is of several things into a user's cart, opening it if need be; what does not
/// fit is left out. Answers whether all of it fitted. Twice puts twice.
#[derive(Debug)]
pub struct PutAllInCart {
    /// Whose cart.
    pub user: UserId,
    /// The cart's id, if it has to be opened.
    pub fresh: CartId,
    /// What is wanted.
    pub wishes: Vec<Wish>,
}

/// Units of a variant that somebody wants.
#[derive(Debug)]
pub struct Wish {
    /// What is wanted.
    pub product: ProductId,
    /// In which variant.
    pub variant: VariantId,
    /// How many more.
    pub quantity: Quantity,
    /// How many there are to be had.
    pub available: u32,
}

/// Sets the units of a line that is there; none removes it. Safe to send twice.
#[derive(Debug)]
pub struct SetCartLine {
    /// Whose cart.
    pub user: UserId,
    /// Which line.
    pub variant: VariantId,
    /// How many units in all.
    pub units: u32,
    /// How many there are to be had.
    pub available: u32,
}

/// Removes a line. Safe to send twice.
#[derive(Debug)]
pub struct RemoveFromCart {
    /// Whose cart.
    pub user: UserId,
    /// Which lines.
    pub variants: Vec<VariantId>,
}

/// Empties a cart. Safe to send twice.
#[derive(Debug)]
pub struct ClearCart {
    /// Whose cart.
    pub user: UserId,
}

/// Claims a cart for an order, at the version that was priced. Safe to send twice.
#[derive(Debug)]
pub struct ClaimCart {
    /// Which cart.
    pub cart: CartId,
    /// For which order.
    pub order: OrderId,
    /// The version of its lines that was priced.
    pub version: u64,
}

/// Gives a claimed cart back as it was. Safe to send twice.
#[derive(Debug)]
pub struct ReleaseCart {
    /// Which cart.
    pub cart: CartId,
    /// By which order.
    pub order: OrderId,
}

/// Takes the claimed lines out. Safe to send twice.
#[derive(Debug)]
pub struct ConsumeCart {
    /// Which cart.
    pub cart: CartId,
    /// By which order.
    pub order: OrderId,
}

/// Shows a cart, for a process that goes on.
#[derive(Debug)]
pub struct GetCart {
    /// Which cart.
    pub cart: CartId,
}

/// A cart with its id.
pub type CartOf = (CartId, Arc<Cart>);

impl Request for PutInCart {
    type Value = CartOf;
}
impl Request for PutAllInCart {
    type Value = bool;
}
impl Request for SetCartLine {
    type Value = CartOf;
}
impl Request for RemoveFromCart {
    type Value = Option<CartOf>;
}
impl Request for ClearCart {
    type Value = Option<CartOf>;
}
impl Request for ClaimCart {
    type Value = Arc<Cart>;
}
impl Request for ReleaseCart {
    type Value = Arc<Cart>;
}
impl Request for ConsumeCart {
    type Value = Arc<Cart>;
}
impl Request for GetCart {
    type Value = Arc<Cart>;
}

/// The only writer of carts.
pub struct Carts;

impl Owner for Carts {
    const NAME: &'static str = "carts";
}

impl Answers<PutInCart> for Carts {
    fn answer(&mut self, msg: PutInCart, work: &mut Work<'_>) -> Result<CartOf, Rejection> {
        let id = cart_of(work, msg.user)?.unwrap_or(msg.fresh);
        let cart = work.get::<Cart>(id)?;
        let mut events = cart.open(Some(msg.user))?;
        events.extend(cart.put(msg.product, msg.variant, msg.quantity, msg.available)?);
        keep(work, id, events)
    }
}

impl Answers<PutAllInCart> for Carts {
    fn answer(&mut self, msg: PutAllInCart, work: &mut Work<'_>) -> Result<bool, Rejection> {
        let id = cart_of(work, msg.user)?.unwrap_or(msg.fresh);
        let opened = work.get::<Cart>(id)?.open(Some(msg.user))?;
        let mut cart = work.change::<Cart>(id, opened)?;
        let mut has_all = true;
        for Wish { product, variant, quantity, available } in msg.wishes {
            let wanted = cart.units_of(variant).saturating_add(quantity.units());
            let events = cart.put_what_fits(product, variant, quantity, available);
            cart = work.change::<Cart>(id, events)?;
            has_all &= cart.units_of(variant) == wanted;
        }
        keep(work, id, vec![])?;
        Ok(has_all)
    }
}

impl Answers<SetCartLine> for Carts {
    fn answer(&mut self, msg: SetCartLine, work: &mut Work<'_>) -> Result<CartOf, Rejection> {
        let id = cart_of(work, msg.user)?.ok_or(CartRefusal::NotInCart)?;
        let events = work.get::<Cart>(id)?.set(msg.variant, msg.units, msg.available)?;
        keep(work, id, events)
    }
}

impl Answers<RemoveFromCart> for Carts {
    fn answer(
        &mut self,
        msg: RemoveFromCart,
        work: &mut Work<'_>,
    ) -> Result<Option<CartOf>, Rejection> {
        let Some(id) = cart_of(work, msg.user)? else { return Ok(None) };
        for variant in msg.variants {
            let events = work.get::<Cart>(id)?.remove(variant)?;
            work.change::<Cart>(id, events)?;
        }
        keep(work, id, vec![]).map(Some)
    }
}

impl Answers<ClearCart> for Carts {
    fn answer(&mut self, msg: ClearCart, work: &mut Work<'_>) -> Result<Option<CartOf>, Rejection> {
        let Some(id) = cart_of(work, msg.user)? else { return Ok(None) };
        let events = work.get::<Cart>(id)?.clear()?;
        keep(work, id, events).map(Some)
    }
}

impl Answers<ClaimCart> for Carts {
    fn answer(&mut self, msg: ClaimCart, work: &mut Work<'_>) -> Result<Arc<Cart>, Rejection> {
        let events = work.get::<Cart>(msg.cart)?.claim(msg.order, msg.version)?;
        work.change::<Cart>(msg.cart, events)
    }
}

impl Answers<ReleaseCart> for Carts {
    fn answer(&mut self, msg: ReleaseCart, work: &mut Work<'_>) -> Result<Arc<Cart>, Rejection> {
        let events = work.get::<Cart>(msg.cart)?.release(msg.order)?;
        work.change::<Cart>(msg.cart, events)
    }
}

impl Answers<ConsumeCart> for Carts {
    fn answer(&mut self, msg: ConsumeCart, work: &mut Work<'_>) -> Result<Arc<Cart>, Rejection> {
        let events = work.get::<Cart>(msg.cart)?.consume(msg.order)?;
        work.change::<Cart>(msg.cart, events)
    }
}

impl Answers<GetCart> for Carts {
    fn answer(&mut self, msg: GetCart, work: &mut Work<'_>) -> Result<Arc<Cart>, Rejection> {
        work.get::<Cart>(msg.cart)
    }
}

/// The cart of this user, if one was ever opened.
fn cart_of(work: &mut Work<'_>, user: UserId) -> Result<Option<CartId>, Rejection> {
    Ok(work.find(&keys::cart_of(user))?.and_then(|value| keys::held_by(&value)))
}

fn keep(work: &mut Work<'_>, id: CartId, events: Vec<CartEvent>) -> Result<CartOf, Rejection> {
    let cart = work.change::<Cart>(id, events)?;
    work.made(<Cart as crate::domain::aggregate::Aggregate>::KIND, &id);
    Ok((id, cart))
}
