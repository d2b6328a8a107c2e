//! Cards: what staff can look orders, customers and products up by, from what is committed.

use crate::{
    domain::{
        catalogue::Product,
        ids::{Identity, OrderId, ProductId, UserId},
        orders::Order,
        users::User,
    },
    search::{Card, Filed},
    store::{Reader, StoreFault},
};

/// The card of an order; `None` if there is none to be found.
///
/// # Errors
/// A fault of the store.
pub fn of_order(reader: &Reader, id: OrderId) -> Result<Option<Card>, StoreFault> {
    let order = reader.get::<Order>(id)?.state;
    if !order.exists() {
        return Ok(None);
    }
    let mut texts = vec![
        order.number.to_string(),
        order.customer.email.clone(),
        order.shipping_address.full_name.clone(),
        order.shipping_address.phone.clone(),
    ];
    texts.extend(order.tracking_number.clone());
    texts.extend(order.quote.lines.iter().map(|line| line.sku.clone()));
    Ok(Some(Card { filed: Filed::Order, id: id.bytes(), at: order.placed_at, texts }))
}

/// The card of somebody with an account.
///
/// # Errors
/// A fault of the store.
pub fn of_customer(reader: &Reader, id: UserId) -> Result<Option<Card>, StoreFault> {
    let user = reader.get::<User>(id)?.state;
    if !user.exists() {
        return Ok(None);
    }
    let mut texts = vec![user.email.clone(), user.username.clone(), id.to_string()];
    texts.extend(user.phone.clone());
    for address in user.addresses.values() {
        texts.push(address.fields.full_name.clone());
    }
    Ok(Some(Card { filed: Filed::Customer, id: id.bytes(), at: user.created_at, texts }))
}

/// The card of a product, also of one that is not for sale.
///
/// # Errors
/// A fault of the store.
pub fn of_product(reader: &Reader, id: ProductId) -> Result<Option<Card>, StoreFault> {
    let product = reader.get::<Product>(id)?.state;
    if !product.exists() {
        return Ok(None);
    }
    let mut texts = vec![product.name.clone(), product.slug.clone()];
    texts.extend(product.brand.clone());
    for variant in product.variants.values() {
        texts.push(variant.sku.clone());
        texts.extend(variant.barcode.clone());
    }
    Ok(Some(Card { filed: Filed::Product, id: id.bytes(), at: product.created_at, texts }))
}
