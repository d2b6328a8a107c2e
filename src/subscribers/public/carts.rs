//! What the outside is told of carts.

use serde::Serialize;

use super::Told;
use crate::{
    domain::{
        carts::{Cart, CartEvent},
        ids::{CartId, OrderId, ProductId, UserId, VariantId},
    },
    shapes::Id,
    store::{
        Reader, StoreFault,
        keys::{held_by, product_by_variant},
    },
};

/// What is said of every cart, with what this event adds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<M> {
    cart_id: Id<CartId>,
    user_id: Option<Id<UserId>>,
    #[serde(flatten)]
    more: M,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemData {
    product_id: Option<Id<ProductId>>,
    variant_id: Id<VariantId>,
    quantity: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderData {
    order_id: Id<OrderId>,
}

/// What an event of a cart is called, and what is said of it.
pub(super) fn told(
    (id, event): &(CartId, CartEvent),
    reader: &Reader,
) -> Result<Option<Told>, StoreFault> {
    let cart_id = Id(*id);
    let user_id = reader.get::<Cart>(*id)?.state.owner.map(Id);
    let item = |variant: VariantId, quantity: u32| {
        let holder = reader.row(&product_by_variant(variant))?;
        let product_id = holder.and_then(|holder| held_by(&holder)).map(Id);
        let more = ItemData { product_id, variant_id: Id(variant), quantity };
        Ok(Told::customer("cart.item_changed", Data { cart_id, user_id, more }))
    };
    let order = |name: &'static str, order: OrderId| {
        let more = OrderData { order_id: Id(order) };
        Told::customer(name, Data { cart_id, user_id, more })
    };
    Ok(Some(match event {
        CartEvent::CartOpened { .. } | CartEvent::CartAbandoned { .. } => return Ok(None),
        CartEvent::LineAdded { product, variant, becomes } => {
            let product_id = Some(Id(*product));
            let more = ItemData { product_id, variant_id: Id(*variant), quantity: *becomes };
            Told::customer("cart.item_changed", Data { cart_id, user_id, more })
        }
        CartEvent::LineChanged { variant, quantity } => item(*variant, quantity.units())?,
        CartEvent::LineRemoved { variant } => item(*variant, 0)?,
        CartEvent::CartCleared { .. } => {
            Told::customer("cart.cleared", Data { cart_id, user_id, more: Nothing {} })
        }
        CartEvent::CartClaimed { order: by, .. } => order("cart.checkout_begun", *by),
        CartEvent::CartReleased { order: by } => order("cart.checkout_ended", *by),
        CartEvent::CartConsumed { order: by } => order("cart.bought", *by),
    }))
}
