//! Health: is the process alive, and may it be sent requests?
//!
//! | Method | Path          | Does                                      | Who    |
//! |--------|---------------|-------------------------------------------|--------|
//! | GET    | /health/live  | 200 as long as the process answers        | public |
//! | GET    | /health/ready | 503 while starting, closing or read-only  | public |

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    access::Public,
    answer::Answer,
    call::Call,
    limits::Class,
    problem::Problem,
    table::{Operation, op},
};

/// What the shop knows of its own health.
pub trait Health {
    /// Whether requests may come, and how its neighbours are.
    fn health(&self) -> Report;
}

/// How the shop is.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Why requests should not come now: starting, closing, read-only.
    pub not_ready: Option<&'static str>,
    /// Neighbours by name (`mail`, `payments`), and how they are; none of them makes it unready.
    pub neighbours: BTreeMap<String, String>,
}

/// The operations of this page.
pub fn operations<S: Health + 'static>() -> Vec<Operation<S>> {
    vec![
        op(Method::GET, "/health/live", Class::Free, "Tell that the process lives", live::<S>),
        op(Method::GET, "/health/ready", Class::Free, "Tell whether requests may come", ready::<S>),
    ]
}

async fn live<S>(_: S, _: Public, _: Call) -> Answer<LiveView> {
    Ok(LiveView { status: "live" })
}

async fn ready<S: Health>(shop: S, _: Public, _: Call) -> Answer<ReadyView> {
    let Report { not_ready, neighbours } = shop.health();
    match not_ready {
        None => Ok(ReadyView { status: "ready", neighbours }),
        Some(why) => Err(Problem::refusal(StatusCode::SERVICE_UNAVAILABLE, "not_ready", why)
            .with("neighbours", json!(neighbours))
            .retry_after(RETRY_SECONDS)),
    }
}

#[derive(Serialize, JsonSchema)]
struct LiveView {
    status: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct ReadyView {
    status: &'static str,
    neighbours: BTreeMap<String, String>,
}

const RETRY_SECONDS: u64 = 1;
