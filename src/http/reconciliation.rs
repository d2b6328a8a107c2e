//! Reconciliation: the last comparison of the gateway's books with the shop's.
//!
//! | Method | Path               | Does                  | Who    |
//! |--------|--------------------|-----------------------|--------|
//! | GET    | /v1/reconciliation | shows the last report | admins |
//!
//! The shop compares every day by itself; `bodega reconcile` does it at once.

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::Admin,
    answer::Answer,
    call::Call,
    limits::Class,
    table::{Operation, op},
    views::{Amount, Id, Time},
};
use crate::{
    actors::reconciling::{Difference, Report},
    domain::ids::{OrderId, PaymentId},
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let (path, words) = ("/v1/reconciliation", "Show the last reconciliation");
    vec![op(Method::GET, path, Class::Reads, words, show)]
}

async fn show(shop: Shop, _: Admin, _: Call) -> Answer<ReconciliationView> {
    let last = shop.reconciling.last()?;
    Ok(last.as_ref().map_or_else(ReconciliationView::default, ReconciliationView::of))
}

/// The last report; without a time there has been none yet.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReconciliationView {
    made_at: Option<Time>,
    gateway: Option<String>,
    since: Option<Time>,
    /// What happened later was left out.
    until: Option<Time>,
    charges: u64,
    refunds: u64,
    orders: u64,
    differences: Vec<DifferenceView>,
    /// Differences beyond those that are shown.
    more: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DifferenceView {
    kind: &'static str,
    detail: &'static str,
    proposal: &'static str,
    order_id: Option<Id<OrderId>>,
    order_number: Option<u64>,
    payment_id: Option<Id<PaymentId>>,
    gateway_id: Option<String>,
    ours: Option<Amount>,
    theirs: Option<Amount>,
    currency: Option<&'static str>,
}

impl ReconciliationView {
    /// A report as it is shown.
    pub fn of(report: &Report) -> ReconciliationView {
        ReconciliationView {
            made_at: Some(Time(report.made_at)),
            gateway: Some(report.gateway.clone()),
            since: Some(Time(report.since)),
            until: Some(Time(report.until)),
            charges: report.charges,
            refunds: report.refunds,
            orders: report.orders,
            differences: report.differences.iter().map(DifferenceView::of).collect(),
            more: report.more,
        }
    }
}

impl DifferenceView {
    fn of(difference: &Difference) -> DifferenceView {
        let Difference { kind, order, number, payment, gateway_id, ours, theirs } = difference;
        DifferenceView {
            kind: kind.name(),
            detail: kind.words(),
            proposal: kind.proposal(),
            order_id: order.map(Id),
            order_number: *number,
            payment_id: payment.map(Id),
            gateway_id: gateway_id.clone(),
            ours: ours.map(Amount),
            theirs: theirs.map(Amount),
            currency: ours.or(*theirs).map(|amount| amount.currency().code()),
        }
    }
}
