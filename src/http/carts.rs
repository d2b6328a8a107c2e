//! Carts: what the caller wants to buy, at the prices and with the stock of now.
//!
//! | Method | Path                                  | Does                           | Who       |
//! |--------|---------------------------------------|--------------------------------|-----------|
//! | POST   | /v1/cart/addtocart                    | puts units in                  | signed in |
//! | GET    | /v1/cart/getcart                      | shows it                       | signed in |
//! | PATCH  | /v1/cart/updatecartitem/{productId}   | sets the units of a line       | signed in |
//! | DELETE | /v1/cart/removecartitem/{productId}   | takes a product out            | signed in |
//! | DELETE | /v1/cart/clearcart                    | takes everything out           | signed in |
//!
//! Invariant: what left the catalogue is not shown. Somebody who never put anything in has an
//! empty cart without an id.

mod shown;

use std::sync::Arc;

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) use self::shown::{ShownCart, ShownLine};
use super::{
    access::{Caller, Customer, Person},
    answer::Answer,
    call::{Call, NoBody},
    fields::{Body, Fields, id, quantity, whole},
    idempotency::{Made, RequestKey},
    limits::Class,
    problem::Problem,
    table::{Operation, op},
    views::{Amount, Id, MessageView, Time},
};
use crate::{
    actors::{
        Intent,
        carts::{ClearCart, PutAllInCart, PutInCart, RemoveFromCart, SetCartLine, Wish},
    },
    domain::{
        carts::{Cart, CartLine, CartRefusal, LINE_UNITS_MAX},
        catalogue::{CatalogueRefusal, Product},
        ids::{CartId, ProductId, UserId, VariantId},
        inventory::Ledger,
        orders::Order,
        quantity::Quantity,
        time::Timestamp,
    },
    shop::Shop,
    store::{StoreFault, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    vec![
        op(Method::POST, "/v1/cart/addtocart", Writes, "Put something in the cart", addtocart)
            .again(shown_again),
        op(Method::GET, "/v1/cart/getcart", Reads, "Show the cart", getcart),
        op(
            Method::PATCH,
            "/v1/cart/updatecartitem/{productId}",
            Writes,
            "Set the quantity of a line",
            updatecartitem,
        )
        .again(shown_again),
        op(
            Method::DELETE,
            "/v1/cart/removecartitem/{productId}",
            Writes,
            "Take a product out of the cart",
            removecartitem,
        ),
        op(Method::DELETE, "/v1/cart/clearcart", Writes, "Empty the cart", clearcart),
    ]
}

async fn addtocart(shop: Shop, who: Customer, call: Call<AddBody>) -> Answer<CartView> {
    let (id, cart) = put(&shop, &who, call.body, call.key).await?;
    shown(&shop, who.user, Some(id), &cart)
}

/// Puts units of something into the caller's own cart.
pub(super) async fn put(
    shop: &Shop,
    who: &Caller,
    body: AddBody,
    key: Option<RequestKey>,
) -> Answer<(CartId, Arc<Cart>)> {
    let AddBody { product, variant, quantity } = body;
    let found = shop.reader.get::<Product>(product)?.state;
    let variant = found.pick_variant(variant)?;
    if !found.is_active {
        return Err(CatalogueRefusal::ProductInactive.into());
    }
    let put = PutInCart {
        user: who.user,
        fresh: shop.clock.new_id(),
        product,
        variant,
        quantity,
        available: available(shop, variant)?,
    };
    let intent = shop.intent(who.as_cause()).under(key.map(RequestKey::to_store));
    Ok(shop.desks.carts.ask(put, intent).await?)
}

/// Puts what was ordered once into its customer's cart again, as far as it is there; whether all
/// of it was.
pub(super) async fn put_again(
    shop: &Shop,
    who: &Person,
    order: &Order,
    key: Option<RequestKey>,
) -> Answer<bool> {
    let mut wishes = Vec::new();
    for line in &order.quote.lines {
        let (product, variant, quantity) = (line.product, line.variant, line.quantity);
        let found = shop.reader.get::<Product>(product)?.state;
        if found.is_active && found.variants.contains_key(&variant) {
            let available = available(shop, variant)?;
            wishes.push(Wish { product, variant, quantity, available });
        }
    }
    let is_on_sale = wishes.len() == order.quote.lines.len();
    let put = PutAllInCart { user: who.user, fresh: shop.clock.new_id(), wishes };
    let intent = shop.intent(who.as_cause()).under(key.map(RequestKey::to_store));
    Ok(shop.desks.carts.ask(put, intent).await? && is_on_sale)
}

async fn getcart(shop: Shop, who: Customer, _: Call) -> Answer<CartView> {
    shown_of(&shop, who.user)
}

async fn updatecartitem(
    shop: Shop,
    who: Customer,
    call: Call<UpdateBody, VariantQuery, ProductId>,
) -> Answer<CartView> {
    let UpdateBody { product, variant, units } = call.body;
    let named = agreed(variant, call.query.variant)?;
    if product.is_some_and(|product| product != call.path) {
        return Err(disagreement("/productId", "must be the product of the path"));
    }
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let (id, cart) = set(&shop, who.user, call.path, named, units, intent).await?;
    shown(&shop, who.user, Some(id), &cart)
}

/// Sets the units of a line of somebody's cart.
pub(super) async fn set(
    shop: &Shop,
    user: UserId,
    product: ProductId,
    named: Option<VariantId>,
    units: u32,
    intent: Intent,
) -> Answer<(CartId, Arc<Cart>)> {
    let (_, cart) = cart_of(shop, user)?;
    let variant = line_meant(&cart, product, named)?;
    if units > 0 && !shop.reader.get::<Product>(product)?.state.exists() {
        return Err(CartRefusal::NotInCart.into());
    }
    let available = available(shop, variant)?;
    let set = SetCartLine { user, variant, units, available };
    Ok(shop.desks.carts.ask(set, intent).await?)
}

async fn removecartitem(
    shop: Shop,
    who: Customer,
    call: Call<NoBody, VariantQuery, ProductId>,
) -> Answer<CartView> {
    let (_, cart) = cart_of(&shop, who.user)?;
    let named = call.query.variant;
    let variants = lines_of(&cart, call.path, named).map(|line| line.variant).collect();
    let remove = RemoveFromCart { user: who.user, variants };
    match shop.desks.carts.ask(remove, shop.intent(who.as_cause())).await? {
        Some((id, cart)) => shown(&shop, who.user, Some(id), &cart),
        None => shown(&shop, who.user, None, &Cart::default()),
    }
}

async fn clearcart(shop: Shop, who: Customer, _: Call) -> Answer<MessageView> {
    let clear = ClearCart { user: who.user };
    shop.desks.carts.ask(clear, shop.intent(who.as_cause())).await?;
    Ok(MessageView { message: "Cart cleared" })
}

async fn shown_again(shop: Shop, caller: Option<Caller>, _: Made) -> Answer<CartView> {
    shown_of(&shop, caller.ok_or_else(Problem::not_found)?.user)
}

/// What to put in.
pub(super) struct AddBody {
    pub(super) product: ProductId,
    pub(super) variant: Option<VariantId>,
    pub(super) quantity: Quantity,
}

impl Body for AddBody {
    fn read(fields: &mut Fields<'_>) -> AddBody {
        AddBody {
            product: fields.required("productId", id()),
            variant: fields.optional("variantId", id()),
            quantity: fields.required("quantity", quantity(LINE_UNITS_MAX)),
        }
    }
}

/// How many there are to be.
struct UpdateBody {
    product: Option<ProductId>,
    variant: Option<VariantId>,
    units: u32,
}

impl Body for UpdateBody {
    fn read(fields: &mut Fields<'_>) -> UpdateBody {
        UpdateBody {
            product: fields.optional("productId", id()),
            variant: fields.optional("variantId", id()),
            units: fields.required("quantity", whole(0, LINE_UNITS_MAX)),
        }
    }
}

/// Which variant, of a product that has several.
struct VariantQuery {
    variant: Option<VariantId>,
}

impl Body for VariantQuery {
    fn read(fields: &mut Fields<'_>) -> VariantQuery {
        VariantQuery { variant: fields.optional("variantId", id()) }
    }
}

/// The variant that body and query name, if they do not contradict one another.
fn agreed(
    in_body: Option<VariantId>,
    in_query: Option<VariantId>,
) -> Result<Option<VariantId>, Problem> {
    match (in_body, in_query) {
        (Some(one), Some(other)) if one != other => {
            Err(disagreement("/variantId", "must be the variant of the query"))
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn disagreement(pointer: &str, detail: &str) -> Problem {
    Problem::invalid_field(pointer, "mismatch", detail)
}

/// The lines of a product, or the one of its named variant.
fn lines_of(
    cart: &Cart,
    product: ProductId,
    named: Option<VariantId>,
) -> impl Iterator<Item = &CartLine> {
    cart.lines
        .values()
        .filter(move |line| line.product == product)
        .filter(move |line| named.is_none_or(|named| line.variant == named))
}

/// The one line that is meant.
fn line_meant(
    cart: &Cart,
    product: ProductId,
    named: Option<VariantId>,
) -> Result<VariantId, Problem> {
    let mut lines = lines_of(cart, product, named);
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line.variant),
        (Some(_), Some(_)) => Err(CatalogueRefusal::VariantRequired.into()),
        (None, _) => Err(CartRefusal::NotInCart.into()),
    }
}

/// Units in the cart of a user.
pub(super) fn units_in(shop: &Shop, user: UserId) -> Result<u32, StoreFault> {
    let (_, cart) = cart_of(shop, user)?;
    Ok(cart.lines.values().fold(0, |sum, line| sum.saturating_add(line.quantity)))
}

/// The cart of a user, with its id if it was ever opened.
pub(super) fn cart_of(shop: &Shop, user: UserId) -> Result<(Option<CartId>, Cart), StoreFault> {
    let row = shop.reader.row(&keys::cart_of(user))?;
    let Some(id) = row.and_then(|value| keys::held_by(&value)) else {
        return Ok((None, Cart::default()));
    };
    Ok((Some(id), (*shop.reader.get::<Cart>(id)?.state).clone()))
}

/// Units of a variant that can be bought now.
fn available(shop: &Shop, variant: VariantId) -> Result<u32, StoreFault> {
    let ledger = shop.reader.get::<Ledger>(variant)?.state;
    Ok(if ledger.is_active { ledger.available() } else { 0 })
}

pub(super) fn shown_of(shop: &Shop, user: UserId) -> Answer<CartView> {
    let (id, cart) = cart_of(shop, user)?;
    shown(shop, user, id, &cart)
}

fn shown(shop: &Shop, user: UserId, id: Option<CartId>, cart: &Cart) -> Answer<CartView> {
    let ShownCart { lines, subtotal, .. } = ShownCart::of(shop, cart)?;
    Ok(CartView {
        id: id.map(Id),
        user_id: Id(user),
        items: lines.iter().map(CartItemView::of).collect(),
        subtotal: Amount(subtotal),
        currency: subtotal.currency().code(),
        updated_at: id.map(|_| cart.updated_at).filter(|at| *at > Timestamp::default()).map(Time),
    })
}

/// A cart, with names, prices and stock as they are now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CartView {
    id: Option<Id<CartId>>,
    user_id: Id<UserId>,
    items: Vec<CartItemView>,
    subtotal: Amount,
    currency: &'static str,
    updated_at: Option<Time>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CartItemView {
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    name: String,
    price: Amount,
    quantity: u32,
    subtotal: Amount,
    available: u32,
}

impl CartItemView {
    fn of(line: &ShownLine) -> CartItemView {
        CartItemView {
            product_id: Id(line.product.id),
            variant_id: Id(line.variant),
            name: line.product.name.clone(),
            price: Amount(line.price),
            quantity: line.units,
            subtotal: Amount(line.subtotal),
            available: line.available,
        }
    }
}

#[cfg(test)]
mod tests;
