//! Wire: what Stripe's answers look like, as far as the shop reads them.
//!
//! Unknown fields are ignored and unknown words are kept as words: a newer Stripe says more, and
//! that must not stop an older shop. Nothing here leaves this folder.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A field that holds an id, or the whole object if it was asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable<T> {
    Id(String),
    Object(Box<T>),
}

/// Words a shop attaches to an object.
pub(super) type Metadata = BTreeMap<String, String>;

/// A payment: one intent is charged once at most.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PaymentIntent {
    pub id: String,
    pub status: String,
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub amount_received: Option<i64>,
    #[serde(default)]
    pub client_secret: Option<String>,
    #[serde(default)]
    pub next_action: Option<NextAction>,
    #[serde(default)]
    pub last_payment_error: Option<WireError>,
    #[serde(default)]
    pub latest_charge: Option<Expandable<Charge>>,
    #[serde(default)]
    pub metadata: Option<Metadata>,
    #[serde(default)]
    pub created: i64,
}

/// What the customer has to do.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct NextAction {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub redirect_to_url: Option<RedirectToUrl>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RedirectToUrl {
    #[serde(default)]
    pub url: Option<String>,
}

/// What was taken under an intent.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Charge {
    #[serde(default)]
    pub amount_refunded: i64,
    #[serde(default)]
    pub payment_method_details: Option<MethodDetails>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct MethodDetails {
    #[serde(default)]
    pub card: Option<CardDetails>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CardDetails {
    #[serde(default)]
    pub capture_before: Option<i64>,
}

/// A card as a client gave it to Stripe.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PaymentMethod {
    #[serde(default)]
    pub card: Option<MethodCard>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct MethodCard {
    #[serde(default)]
    pub fingerprint: Option<String>,
}

/// A payment page at Stripe.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Session {
    pub id: String,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub payment_status: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
}

/// Money that goes back.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    #[serde(default)]
    pub status: Option<String>,
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub payment_intent: Option<Expandable<Named>>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub metadata: Option<Metadata>,
    #[serde(default)]
    pub created: i64,
}

/// Anything of which only the name matters.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub id: String,
}

/// Something that happened.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub created: i64,
    #[serde(default)]
    pub livemode: Option<bool>,
    pub data: EventData,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct EventData {
    pub object: serde_json::Value,
}

/// The object of an event about a charge, an intent, a session, a refund or a dispute: the fields
/// that tell which one it is.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct EventObject {
    pub id: String,
    #[serde(default)]
    pub amount: Option<i64>,
    #[serde(default)]
    pub amount_total: Option<i64>,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub payment_intent: Option<Expandable<Named>>,
    #[serde(default)]
    pub metadata: Option<Metadata>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub evidence_details: Option<EvidenceDetails>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct EvidenceDetails {
    #[serde(default)]
    pub due_by: Option<i64>,
}

/// A page of a list, newest first.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// How a refusal looks.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub error: WireError,
}

/// Why something was refused.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct WireError {
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub decline_code: Option<String>,
    #[serde(default)]
    pub param: Option<String>,
}

impl WireError {
    /// The most exact word for why.
    pub fn why(&self) -> &str {
        let code = self.decline_code.as_deref().or(self.code.as_deref());
        code.or(self.kind.as_deref()).unwrap_or("refused")
    }

    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl<T> Expandable<T> {
    pub fn object(&self) -> Option<&T> {
        match self {
            Expandable::Id(_) => None,
            Expandable::Object(object) => Some(object),
        }
    }
}

impl Expandable<Named> {
    pub fn id(&self) -> &str {
        match self {
            Expandable::Id(id) => id,
            Expandable::Object(object) => &object.id,
        }
    }
}
