//! Gateway: what the payment gateway and its scripts on a page ask of the shop.
//!
//! | Method | Path                 | Does                                    | Who    |
//! |--------|----------------------|-----------------------------------------|--------|
//! | POST   | /v1/webhooks/stripe  | takes what Stripe tells by itself       | public |
//! | GET    | /v1/payments/gateway | tells a page how it can take a card     | public |
//!
//! A letter is public on purpose: its signature says whom it comes from. It is kept before it is
//! acknowledged, and followed afterwards. Whatever is wrong with one, the answer is the same.

use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::Public,
    answer::Answer,
    call::{Call, RawBody},
    limits::Class,
    problem::Problem,
    table::{Operation, op},
};
use crate::{actors::hearing::NotHeard, config::Gateway, shop::Shop};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let (post, get) = (Method::POST, Method::GET);
    vec![
        op(post, "/v1/webhooks/stripe", Class::Free, "Take what Stripe tells", receive)
            .answers(StatusCode::OK)
            .takes_bytes(LETTER_BYTES_MAX),
        op(get, "/v1/payments/gateway", Class::Reads, "Tell how a page can take a card", show),
    ]
}

async fn receive(shop: Shop, _: Public, call: Call<RawBody>) -> Answer<ReceivedView> {
    let signature = call.from.header("stripe-signature").unwrap_or_default();
    match shop.hearing.receive(signature, &call.body.0).await {
        Ok(()) => Ok(ReceivedView { received: true }),
        Err(NotHeard::NotGenuine) => Err(Problem::malformed("invalid_signature", NOT_GENUINE)),
        Err(NotHeard::NotKept(why)) => Err(why.into()),
    }
}

async fn show(shop: Shop, _: Public, _: Call) -> Answer<GatewayView> {
    let gateway = shop.settings.payments.gateway;
    let stripe = shop.settings.stripe.as_ref().filter(|_| gateway == Gateway::Stripe);
    Ok(GatewayView {
        name: shop.desks.charging.gateway(),
        publishable_key: stripe.and_then(|stripe| stripe.publishable_key.clone()),
    })
}

#[derive(Serialize, JsonSchema)]
struct ReceivedView {
    received: bool,
}

/// The gateway, and what its scripts need on a page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct GatewayView {
    name: &'static str,
    publishable_key: Option<String>,
}

const NOT_GENUINE: &str = "this does not come from the payment gateway";
/// Largest letter: an event with its object.
const LETTER_BYTES_MAX: usize = 512 * 1024;
