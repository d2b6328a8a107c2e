//! Letters: what Stripe sends by itself, and how the shop knows that Stripe sent it.
//!
//! Invariant: nothing of a letter is believed before its signature over the raw bytes holds, under
//! one of the secrets, and is fresh. A letter says that something happened; what is true now is
//! asked for afterwards, so that letters may come twice, late and in any order.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::{
    Inner,
    amounts::from_stripe,
    books::{id_in, why},
    charges::moment,
    wire::{Event, EventObject, Page},
};
use crate::{
    domain::{
        news::{ChargeChanged, GatewayNews, RefundChanged, Subject},
        payments::{Dispute, DisputeNews, DisputeState},
        time::Timestamp,
    },
    gateways::{BooksUnreachable, Letter, NewsPage, NotGenuine},
};

/// Where letters arrive.
pub(super) struct Door {
    pub secrets: Vec<SecretString>,
    /// Whether this shop takes real money; nothing if its key does not say.
    pub is_live: Option<bool>,
}

/// Whether a secret key is for real money.
pub(super) fn is_live(secret_key: &SecretString) -> Option<bool> {
    let key = secret_key.expose_secret();
    let is =
        |mode: &str| ["sk", "rk"].iter().any(|kind| key.starts_with(&format!("{kind}_{mode}_")));
    if is("live") { Some(true) } else { is("test").then_some(false) }
}

impl Door {
    /// What a letter tells, if it is genuine, fresh and for this shop.
    pub fn open(&self, letter: Letter<'_>) -> Result<GatewayNews, NotGenuine> {
        let signature = Signature::read(letter.signature).ok_or(NotGenuine)?;
        let age = letter.now.millis_since(moment(signature.at)).saturating_abs();
        if age > AGE_MILLIS_MAX || !self.signed(&signature, letter.body) {
            return Err(NotGenuine);
        }
        let event: Event = serde_json::from_slice(letter.body).map_err(|_| NotGenuine)?;
        Ok(self.read(event))
    }

    /// Every secret and every signature is tried, each in constant time.
    fn signed(&self, signature: &Signature<'_>, body: &[u8]) -> bool {
        let mut is_signed = false;
        for secret in &self.secrets {
            let keyed = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
            let Ok(mut hash) = keyed else { continue };
            hash.update(signature.stamp.as_bytes());
            hash.update(b".");
            hash.update(body);
            for given in &signature.given {
                is_signed |= hash.clone().verify_slice(given).is_ok();
            }
        }
        is_signed
    }

    /// What an event is about; one of another mode, or of a kind the shop does not follow, about
    /// nothing it cares for.
    fn read(&self, event: Event) -> GatewayNews {
        let about = match self.is_live.zip(event.livemode) {
            Some((ours, theirs)) if ours != theirs => {
                let livemode = theirs;
                tracing::error!(event.id, livemode, "an event of the other mode is not followed");
                None
            }
            _ => subject(&event),
        };
        let about = about.unwrap_or(Subject::Other { kind: event.kind });
        GatewayNews { event_id: event.id, happened_at: moment(event.created), about }
    }
}

/// The header, read: `t=UNIX,v1=HEX[,v1=HEX]`; other schemes are ignored.
struct Signature<'a> {
    stamp: &'a str,
    at: i64,
    given: Vec<[u8; 32]>,
}

impl<'a> Signature<'a> {
    fn read(header: &'a str) -> Option<Signature<'a>> {
        let (mut stamp, mut given) = (None, Vec::new());
        for part in header.split(',').take(PARTS_MAX) {
            match part.trim().split_once('=')? {
                ("t", value) => stamp = stamp.or(Some(value)),
                ("v1", value) => {
                    let mut bytes = [0; 32];
                    if hex::decode_to_slice(value, &mut bytes).is_ok() {
                        given.push(bytes);
                    }
                }
                _ => {}
            }
        }
        let stamp = stamp?;
        let at = stamp.parse().ok()?;
        Some(Signature { stamp, at, given })
    }
}

fn subject(event: &Event) -> Option<Subject> {
    let object: EventObject = serde_json::from_value(event.data.object.clone()).ok()?;
    match event.kind.as_str() {
        kind if INTENT_KINDS.contains(&kind) => {
            Some(Subject::ChargeChanged(changed(&object, object.amount)))
        }
        kind if SESSION_KINDS.contains(&kind) => {
            Some(Subject::ChargeChanged(changed(&object, object.amount_total)))
        }
        "charge.refunded" => Some(Subject::RefundChanged(refunded(&object, None))),
        kind if REFUND_KINDS.contains(&kind) => {
            Some(Subject::RefundChanged(refunded(&object, Some(object.id.clone()))))
        }
        kind if kind.starts_with("charge.dispute.") => disputed(&object),
        _ => None,
    }
}

fn changed(object: &EventObject, amount: Option<i64>) -> ChargeChanged {
    let metadata = object.metadata.as_ref();
    ChargeChanged {
        gateway_id: object.id.clone(),
        order: id_in(metadata, "order_id"),
        payment: id_in(metadata, "payment_id"),
        key: metadata.and_then(|known| known.get("charge_key").cloned()),
        amount: amount.zip(object.currency.as_deref()).and_then(|(a, c)| from_stripe(a, c)),
    }
}

fn refunded(object: &EventObject, gateway_ref: Option<String>) -> RefundChanged {
    let metadata = object.metadata.as_ref();
    let why = object.failure_reason.as_deref();
    let failed = match object.status.as_deref() {
        Some("failed") => Some(why.unwrap_or("unknown").to_owned()),
        Some("canceled") => Some(why.unwrap_or("canceled").to_owned()),
        _ => None,
    };
    RefundChanged {
        failed: failed.filter(|_| gateway_ref.is_some()),
        gateway_ref,
        charge: object.payment_intent.as_ref().map(|intent| intent.id().to_owned()),
        order: id_in(metadata, "order_id"),
        payment: id_in(metadata, "payment_id"),
        refund: id_in(metadata, "refund_id"),
    }
}

fn disputed(object: &EventObject) -> Option<Subject> {
    let charge = object.payment_intent.as_ref()?.id().to_owned();
    let amount = from_stripe(object.amount?, object.currency.as_deref()?)?;
    let state = match object.status.as_deref()? {
        "needs_response" | "warning_needs_response" => DisputeState::NeedsResponse,
        "won" | "prevented" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        "warning_closed" => DisputeState::Closed,
        // `under_review`, `warning_under_review`, and whatever a newer Stripe says.
        _ => DisputeState::UnderReview,
    };
    let due = object.evidence_details.as_ref().and_then(|details| details.due_by);
    let known = Dispute {
        amount,
        reason: object.reason.clone().unwrap_or_default(),
        state,
        evidence_by: due.map(moment),
    };
    Some(Subject::Disputed { charge, news: DisputeNews { dispute: object.id.clone(), known } })
}

impl Inner {
    /// A page of events since then that Stripe could not deliver; it remembers thirty days.
    pub(super) async fn undelivered(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> Result<NewsPage, BooksUnreachable> {
        let mut query =
            vec![("delivery_success", "false".to_owned()), ("limit", PAGE_EVENTS.to_string())];
        if since > Timestamp::default() {
            query.push(("created[gte]", since.millis().div_euclid(1000).to_string()));
        }
        query.extend(mark.map(|mark| ("starting_after", mark)));
        let page = self.client.get::<Page<Event>>(EVENTS, &query).await.map_err(why)?;
        let next = page.data.last().filter(|_| page.has_more).map(|event| event.id.clone());
        let news = page.data.into_iter().map(|event| self.door.read(event)).collect();
        Ok(NewsPage { news, next })
    }
}

/// What happens to an intent.
const INTENT_KINDS: &[&str] = &[
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.amount_capturable_updated",
];
/// What happens to a payment page.
const SESSION_KINDS: &[&str] = &[
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
];
/// What happens to one refund.
const REFUND_KINDS: &[&str] = &["refund.created", "refund.updated", "refund.failed"];
const EVENTS: &str = "/v1/events";
const PAGE_EVENTS: usize = 100;
/// A letter older, or from further in the future, is not believed: five minutes.
const AGE_MILLIS_MAX: i64 = 300_000;
/// Parts of a header that are looked at.
const PARTS_MAX: usize = 32;

#[cfg(test)]
mod tests;
