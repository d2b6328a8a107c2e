//! Card testing: what the shop counted of refused charges, for staff.
//!
//! | Method | Path             | Does                                      | Who    |
//! |--------|------------------|-------------------------------------------|--------|
//! | GET    | /v1/card-testing | shows declines and what they kept waiting | admins |

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::Admin,
    answer::Answer,
    call::Call,
    limits::Class,
    table::{Operation, op},
};
use crate::shop::Shop;

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let (path, words) = ("/v1/card-testing", "Show how many charges were refused");
    vec![op(Method::GET, path, Class::Reads, words, show)]
}

async fn show(shop: Shop, _: Admin, _: Call) -> Answer<CardTestingView> {
    let figures = shop.purchases.declines();
    Ok(CardTestingView {
        declined: figures.declined,
        refused_by_address: figures.refused_by_address,
        refused_by_account: figures.refused_by_account,
        refused_by_card: figures.refused_by_card,
    })
}

/// Counted since the shop was started.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardTestingView {
    /// Charges that a gateway refused.
    declined: u64,
    /// Attempts not made because too many from the same address had been refused.
    refused_by_address: u64,
    /// The same, of the account.
    refused_by_account: u64,
    /// The same, of the card.
    refused_by_card: u64,
}
