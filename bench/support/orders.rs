//! What buyers ask for in a benchmark.

use std::sync::Arc;

use serde_json::json;

use crate::load::request;

/// What each of these buyers asks for, turn by turn: one unit of something, paid by card.
pub fn orders(
    buyers: &Arc<Vec<(String, String)>>,
    products: &[String],
) -> impl Fn(usize, usize) -> Vec<u8> + Send + Sync + 'static {
    let (buyers, products) = (Arc::clone(buyers), products.to_vec());
    move |client, turn| {
        let (token, home) = &buyers[client];
        let product = &products[(client + turn) % products.len()];
        let body = json!({
            "shippingAddressId": home,
            "items": [{ "productId": product, "quantity": 1 }],
            "charge": { "paymentMethodId": "pm_card_visa" },
        });
        request("POST", "/v1/orders", Some(token), Some(&body.to_string()))
    }
}
