//! Books: Stripe's charges and refunds, page by page, for reconciliation.
//!
//! First all intents, then all refunds, each newest first. What is in a currency no shop can have
//! is left out and logged.

use super::{
    Inner,
    amounts::from_stripe,
    charges::{INTENTS, moment, outcome_of},
    client::Failure,
    refunds::REFUNDS,
    wire::{Expandable, Metadata, Page, PaymentIntent, Refund},
};
use crate::{
    domain::{
        ids::{Identity, OrderId, PaymentId},
        money::Money,
        payments::GatewayOutcome,
        time::Timestamp,
    },
    gateways::{BooksUnreachable, GatewayRecord, RecordKind, RecordPage, RecordState},
};

impl Inner {
    /// A page of intents or refunds. The mark says which, and after which one.
    pub(super) async fn list_since(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> Result<RecordPage, BooksUnreachable> {
        let mark = mark.unwrap_or_else(|| INTENTS_MARK.to_owned());
        let (list, after) = mark.split_once(':').unwrap_or((mark.as_str(), ""));
        let mut query = vec![
            ("created[gte]", since.millis().div_euclid(1000).to_string()),
            ("limit", PAGE_RECORDS.to_string()),
        ];
        if !after.is_empty() {
            query.push(("starting_after", after.to_owned()));
        }
        if list == REFUNDS_LIST {
            let page = self.client.get::<Page<Refund>>(REFUNDS, &query).await.map_err(why)?;
            let next = further(REFUNDS_LIST, page.has_more, page.data.last().map(|r| &r.id));
            return Ok(RecordPage { records: known(page.data.iter().map(of_refund)), next });
        }
        query.push(("expand[]", "data.latest_charge".to_owned()));
        let page = self.client.get::<Page<PaymentIntent>>(INTENTS, &query).await.map_err(why)?;
        let next = further(INTENTS_LIST, page.has_more, page.data.last().map(|i| &i.id));
        let next = next.or_else(|| Some(format!("{REFUNDS_LIST}:")));
        Ok(RecordPage { records: known(page.data.iter().map(of_intent)), next })
    }

    /// Which order and payment an intent was made for.
    pub(super) async fn made_for(
        &self,
        id: &str,
    ) -> Result<Option<(OrderId, PaymentId)>, BooksUnreachable> {
        match self.intent(id).await {
            Ok(intent) => {
                let order = id_in(intent.metadata.as_ref(), "order_id");
                Ok(order.zip(id_in(intent.metadata.as_ref(), "payment_id")))
            }
            Err(Failure::Refused(_)) => Ok(None),
            Err(fault) => Err(why(fault)),
        }
    }
}

fn further(list: &str, has_more: bool, last: Option<&String>) -> Option<String> {
    last.filter(|_| has_more).map(|last| format!("{list}:{last}"))
}

fn known(records: impl Iterator<Item = Result<GatewayRecord, String>>) -> Vec<GatewayRecord> {
    let known = |record: Result<GatewayRecord, String>| match record {
        Ok(record) => Some(record),
        Err(id) => {
            tracing::warn!(id, "is in a currency no shop can have");
            None
        }
    };
    records.filter_map(known).collect()
}

fn of_intent(intent: &PaymentIntent) -> Result<GatewayRecord, String> {
    let asked = from_stripe(intent.amount, &intent.currency).ok_or_else(|| intent.id.clone())?;
    let (state, amount) = match outcome_of(intent) {
        GatewayOutcome::Captured { amount, .. } => (RecordState::Succeeded, amount),
        GatewayOutcome::Authorised { .. } => (RecordState::Authorised, asked),
        GatewayOutcome::Declined { .. } | GatewayOutcome::Voided => (RecordState::Failed, asked),
        GatewayOutcome::NeedsAction { .. }
        | GatewayOutcome::Processing { .. }
        | GatewayOutcome::Unknown { .. } => (RecordState::Open, asked),
    };
    let charge = intent.latest_charge.as_ref().and_then(Expandable::object);
    let refunded = charge.and_then(|charge| from_stripe(charge.amount_refunded, &intent.currency));
    Ok(GatewayRecord {
        kind: RecordKind::Charge,
        gateway_id: intent.id.clone(),
        order: id_in(intent.metadata.as_ref(), "order_id"),
        payment: id_in(intent.metadata.as_ref(), "payment_id"),
        amount,
        refunded: refunded.unwrap_or(Money::zero(amount.currency())),
        state,
        created_at: moment(intent.created),
    })
}

fn of_refund(refund: &Refund) -> Result<GatewayRecord, String> {
    let amount = from_stripe(refund.amount, &refund.currency).ok_or_else(|| refund.id.clone())?;
    Ok(GatewayRecord {
        kind: RecordKind::Refund {
            charge: refund.payment_intent.as_ref().map(|intent| intent.id().to_owned()),
            refund: id_in(refund.metadata.as_ref(), "refund_id"),
        },
        gateway_id: refund.id.clone(),
        order: id_in(refund.metadata.as_ref(), "order_id"),
        payment: id_in(refund.metadata.as_ref(), "payment_id"),
        amount,
        refunded: Money::zero(amount.currency()),
        state: match refund.status.as_deref() {
            Some("succeeded" | "pending") => RecordState::Succeeded,
            Some("failed" | "canceled") => RecordState::Failed,
            _ => RecordState::Open,
        },
        created_at: moment(refund.created),
    })
}

/// An id of ours among the words attached to an object.
pub(super) fn id_in<I: Identity>(metadata: Option<&Metadata>, name: &str) -> Option<I> {
    metadata?.get(name)?.parse().ok()
}

pub(super) fn why(failure: Failure) -> BooksUnreachable {
    BooksUnreachable(match failure {
        Failure::Refused(refused) => format!("{} {}", refused.status, refused.error.why()),
        Failure::Doubt { .. } => "no answer".to_owned(),
    })
}

const INTENTS_LIST: &str = "intents";
const INTENTS_MARK: &str = "intents:";
const REFUNDS_LIST: &str = "refunds";
const PAGE_RECORDS: usize = 100;
