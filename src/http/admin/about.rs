//! About: what a letter, a delivery or a deed of staff is about, by the name it has for people.

use serde::Serialize;

use crate::{
    domain::{
        catalogue::{Category, Product},
        ids::{CategoryId, HoldId, OrderId, ProductId, UserId, VariantId, WebhookEndpointId},
        inventory::{Hold, HoldFor, Ledger},
        orders::Order,
        users::User,
        webhook_endpoints::WebhookEndpoint,
    },
    http::answer::Answer,
    shop::Shop,
};

/// What something is about.
#[derive(Debug, Serialize)]
pub struct AboutView {
    /// What it is called.
    pub words: String,
    /// The page of it, if it has one.
    pub path: Option<String>,
}

impl AboutView {
    /// The thing that the journal calls this: `order/…`. What is gone has no page.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn of(shop: &Shop, about: &str) -> Answer<AboutView> {
        let (kind, id) = about.split_once('/').unwrap_or((about, ""));
        let (words, folder) = match kind {
            "order" => {
                let order = shop.reader.get::<Order>(id.parse::<OrderId>().unwrap_or_default())?;
                (Some(format!("Order {}", order.state.number)), "orders")
            }
            "user" => {
                let user = shop.reader.get::<User>(id.parse::<UserId>().unwrap_or_default())?.state;
                if !user.exists() {
                    return Ok(AboutView::plain(LEFT));
                }
                (Some(user.username.clone()), "customers")
            }
            "product" => {
                let product = id.parse::<ProductId>().unwrap_or_default();
                let product = shop.reader.get::<Product>(product)?.state;
                (product.exists().then(|| product.name.clone()), "products")
            }
            "category" => {
                let category = id.parse::<CategoryId>().unwrap_or_default();
                let category = shop.reader.get::<Category>(category)?.state;
                (category.exists().then(|| category.name.clone()), "categories")
            }
            "ledger" => {
                let variant = id.parse::<VariantId>().unwrap_or_default();
                let ledger = shop.reader.get::<Ledger>(variant)?.state;
                (Some(ledger.sku.clone()).filter(|sku| !sku.is_empty()), "stock")
            }
            "webhook_endpoint" => {
                let endpoint = id.parse::<WebhookEndpointId>().unwrap_or_default();
                let endpoint = shop.reader.get::<WebhookEndpoint>(endpoint)?.state;
                (endpoint.live().map(|terms| terms.url.clone()), "webhooks")
            }
            "hold" => {
                let hold = id.parse::<HoldId>().unwrap_or_default();
                match &shop.reader.get::<Hold>(hold)?.state.held_for {
                    HoldFor::Order(order) => return AboutView::of(shop, &format!("order/{order}")),
                    HoldFor::Manual { .. } => return Ok(AboutView::plain("Goods that are held")),
                }
            }
            "delivery" => {
                let path = Some("/admin/system".to_owned());
                return Ok(AboutView { words: "An undelivered message".to_owned(), path });
            }
            "shop" => {
                let path = Some("/admin/settings".to_owned());
                return Ok(AboutView { words: "The shop's settings".to_owned(), path });
            }
            other => return Ok(AboutView::plain(&other.replace('_', " "))),
        };
        Ok(match words {
            Some(words) => AboutView { words, path: Some(format!("/admin/{folder}/{id}")) },
            None => AboutView::plain(GONE),
        })
    }

    fn plain(words: &str) -> AboutView {
        AboutView { words: words.to_owned(), path: None }
    }
}

/// What is said of somebody who has erased their account.
pub const LEFT: &str = "somebody who has left";
/// What is said of a thing that is not there any more.
const GONE: &str = "gone since";
