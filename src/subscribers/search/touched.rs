//! Touched: what entries of the journal are about, as far as search must know.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;

use crate::{
    domain::ids::{CategoryId, Identity, OrderId, ProductId, UserId, VariantId},
    store::{Entry, StoreFault, Written, WrittenChange},
};

/// What entries of the journal are about.
#[derive(Default)]
pub struct Touched {
    /// Products that changed.
    pub products: BTreeSet<ProductId>,
    /// Products of which nothing changed but the price.
    pub repriced: BTreeSet<ProductId>,
    /// Products whose card changed.
    pub named: BTreeSet<ProductId>,
    /// Stock that changed.
    pub ledgers: BTreeSet<VariantId>,
    /// Categories that changed.
    pub categories: BTreeSet<CategoryId>,
    /// Orders whose card changed.
    pub orders: BTreeSet<OrderId>,
    /// Users whose card changed.
    pub users: BTreeSet<UserId>,
    /// Whether the shop's own settings changed.
    pub shop: bool,
}

impl Touched {
    /// What these are about.
    ///
    /// # Errors
    /// An entry cannot be read.
    pub fn by(entries: &[Entry]) -> Result<Touched, StoreFault> {
        fn note<I: Identity>(ids: &mut BTreeSet<I>, id: &str) {
            ids.extend(id.parse::<I>().ok());
        }
        let mut touched = Touched::default();
        for entry in entries {
            for change in Written::read(entry.seq, &entry.payload)?.changes {
                match change.kind.as_str() {
                    "product" if is_about_price_alone(&change) => {
                        note(&mut touched.repriced, &change.id);
                    }
                    "product" => {
                        note(&mut touched.products, &change.id);
                        if tells(&change, &ON_PRODUCTS) {
                            note(&mut touched.named, &change.id);
                        }
                    }
                    "ledger" => note(&mut touched.ledgers, &change.id),
                    "category" => note(&mut touched.categories, &change.id),
                    "order" if tells(&change, &ON_ORDERS) => note(&mut touched.orders, &change.id),
                    "user" if tells(&change, &ON_USERS) => note(&mut touched.users, &change.id),
                    "shop" => touched.shop = true,
                    _ => {}
                }
            }
        }
        touched.repriced.retain(|product| !touched.products.contains(product));
        Ok(touched)
    }
}

/// Whether all that happened is another price.
fn is_about_price_alone(change: &WrittenChange) -> bool {
    let text = change.events.get();
    // Most of what happens to a product is told at a glance.
    if !text.contains(REPRICED) {
        return false;
    }
    let events = serde_json::from_str::<Vec<BTreeMap<String, IgnoredAny>>>(text);
    events.is_ok_and(|events| events.iter().flat_map(BTreeMap::keys).all(|kind| kind == REPRICED))
}

/// Whether a change tells one of these events. A text that looks like one costs a card that is
/// written again as it is.
fn tells(change: &WrittenChange, events: &[&str]) -> bool {
    let text = change.events.get();
    events.iter().any(|event| text.contains(event))
}

/// The event that says another price, and nothing else.
const REPRICED: &str = "product_repriced";
/// Events that change what an order is found by; it has many others.
const ON_ORDERS: [&str; 3] = ["\"order_placed\"", "\"order_shipped\"", "\"customer_erased\""];
/// Events that change what a product is found by on a card; a price, a picture, a shelf do not.
const ON_PRODUCTS: [&str; 5] = [
    "\"product_added\"",
    "\"product_renamed\"",
    "\"product_described\"",
    "\"variants_changed\"",
    "\"product_removed\"",
];
/// Events that change what a user is found by; signing in and out does not.
const ON_USERS: [&str; 6] = [
    "\"user_registered\"",
    "\"profile_changed\"",
    "\"address_added\"",
    "\"address_changed\"",
    "\"address_removed\"",
    "\"user_erased\"",
];
