//! Cards: a product as it lies on a shelf, in a list, or among the things one may like too.

use serde::Serialize;

use crate::{
    domain::{catalogue::Product, ids::ProductId, inventory::Ledger},
    http::{answer::Answer, pages::words, products::on_sale},
    shop::Shop,
};

/// A product on a shelf.
#[derive(Debug, Serialize)]
pub struct CardView {
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Who makes it; empty if that is not said.
    pub brand: String,
    /// What it costs.
    pub price: String,
    /// Whether some of its variants cost more.
    pub is_from: bool,
    /// Its picture; empty if it has none.
    pub image: String,
    /// Whether it can be ordered now.
    pub in_stock: bool,
}

/// These products as cards, in their order; what is gone or not for sale is left out.
///
/// # Errors
/// A fault of the store.
pub fn cards_of(
    shop: &Shop,
    products: impl IntoIterator<Item = ProductId>,
) -> Answer<Vec<CardView>> {
    let mut cards = Vec::new();
    for id in products {
        let product = shop.reader.get::<Product>(id)?.state;
        if product.exists() && product.is_active {
            cards.push(card(shop, &product)?);
        }
    }
    Ok(cards)
}

fn card(shop: &Shop, product: &Product) -> Answer<CardView> {
    let mut in_stock = false;
    let mut cheapest = None;
    let mut prices_differ = false;
    for variant in product.variants.values() {
        let price = product.unit_price(variant.id);
        match cheapest {
            None => cheapest = Some(price),
            Some(known) => {
                prices_differ |= known != price;
                if price.minor() < known.minor() {
                    cheapest = Some(price);
                }
            }
        }
        in_stock = in_stock || on_sale(&shop.reader.get::<Ledger>(variant.id)?.state) > 0;
    }
    Ok(CardView {
        name: product.name.clone(),
        slug: product.slug.clone(),
        brand: product.brand.clone().unwrap_or_default(),
        price: words::price(cheapest.unwrap_or(product.price)),
        is_from: prices_differ,
        image: product.images.first().cloned().unwrap_or_default(),
        in_stock,
    })
}
