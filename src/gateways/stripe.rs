//! Stripe: takes money over Stripe's API, with payment methods and payment pages made there.
//!
//! Invariant: an intent is made first and its name is durable before it is confirmed, and one
//! intent is charged once at most; so a doubt is looked at by name and never charged anew. The
//! wire's types stay in this folder; no card number ever gets here.

mod amounts;
mod books;
mod charges;
mod client;
mod letters;
mod refunds;
mod sessions;
mod wire;
mod words;

use std::sync::Arc;

use secrecy::SecretString;

use crate::{
    clock::Clock,
    domain::{
        ids::{OrderId, PaymentId},
        news::GatewayNews,
        payments::{GatewayOutcome, RefundOutcome},
        time::Timestamp,
    },
};

use super::{
    ActionResult, BooksUnreachable, BoxFuture, CaptureRequest, ChargeRef, ChargeRequest, Letter,
    NewsPage, NotGenuine, PaymentGateway, RecordPage, RefundRequest, Unavailable, UnknownMethod,
    VoidRequest,
    breaker::{Breaker, Condition, Tripping},
};
use client::Client;
pub use client::{API_VERSION, Patience};
use letters::Door;

/// What the gateway is set up with.
pub struct StripeSettings {
    /// The secret key, as `sk_test_…`; a restricted one, `rk_…`, is better.
    pub secret_key: SecretString,
    /// What Stripe signs its letters with; several while one is being replaced.
    pub webhook_secrets: Vec<SecretString>,
    /// Where Stripe is, without a slash at the end.
    pub base_url: String,
    /// Where customers come back to from a payment page at Stripe: the shop's own address.
    pub return_url: String,
    /// How long is waited.
    pub patience: Patience,
    /// When it is no more asked.
    pub tripping: Tripping,
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum CannotAsk {
    /// Nobody can be asked there.
    #[error("the address of Stripe is none")]
    NoAddress,
    /// No HTTP client.
    #[error(transparent)]
    NoClient(#[from] reqwest::Error),
}

/// Stripe. Clones share connections and breaker.
#[derive(Clone)]
pub struct StripeGateway {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    breaker: Breaker,
    door: Door,
    return_url: String,
    clock: Clock,
}

impl StripeGateway {
    /// A gateway to Stripe. Asks nothing yet.
    ///
    /// # Errors
    /// The address is none, or the HTTP client cannot be made, for want of TLS for instance.
    pub fn new(settings: StripeSettings, clock: Clock) -> Result<StripeGateway, CannotAsk> {
        let is_live = letters::is_live(&settings.secret_key);
        let breaker = Breaker::new("stripe", settings.tripping, clock.clone());
        let base_url = settings.base_url.parse().map_err(|_| CannotAsk::NoAddress)?;
        let client =
            Client::new(base_url, settings.secret_key, settings.patience, breaker.clone())?;
        let door = Door { secrets: settings.webhook_secrets, is_live };
        let return_url = settings.return_url;
        Ok(StripeGateway { inner: Arc::new(Inner { client, breaker, door, return_url, clock }) })
    }

    /// Runs what is asked on a copy of the gateway.
    fn on_its_own<T, F>(&self, task: impl FnOnce(Arc<Inner>) -> F) -> BoxFuture<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        Box::pin(task(Arc::clone(&self.inner)))
    }
}

impl PaymentGateway for StripeGateway {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn check_method(&self, token: &str) -> Result<(), UnknownMethod> {
        let is_id = token.strip_prefix("pm_").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        if is_id || token == CHECKOUT { Ok(()) } else { Err(UnknownMethod) }
    }

    fn card_behind(&self, token: String) -> BoxFuture<Option<String>> {
        self.on_its_own(|inner| async move {
            if token == CHECKOUT {
                return None;
            }
            Some(inner.fingerprint_of(&token).await.unwrap_or(token))
        })
    }

    fn charge(&self, request: ChargeRequest) -> BoxFuture<GatewayOutcome> {
        self.on_its_own(|inner| async move {
            match (request.method_token.as_str(), request.gateway_id.clone()) {
                (CHECKOUT, None) => inner.open_session(&request).await,
                (CHECKOUT, Some(session)) => inner.look_at(&session).await,
                (_, None) => inner.make_intent(&request).await,
                (_, Some(intent)) => inner.confirm(&request, &intent).await,
            }
        })
    }

    fn retrieve(&self, charge: ChargeRef) -> BoxFuture<GatewayOutcome> {
        self.on_its_own(|inner| async move {
            match charge.gateway_id {
                Some(id) => inner.look_at(&id).await,
                None => GatewayOutcome::Unknown { gateway_id: None },
            }
        })
    }

    fn complete_action(&self, charge: ChargeRef, _: ActionResult) -> BoxFuture<GatewayOutcome> {
        self.retrieve(charge)
    }

    fn capture(&self, request: CaptureRequest) -> BoxFuture<GatewayOutcome> {
        self.on_its_own(|inner| async move { inner.capture(&request).await })
    }

    fn void(&self, request: VoidRequest) -> BoxFuture<GatewayOutcome> {
        self.on_its_own(|inner| async move { inner.void(&request).await })
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<RefundOutcome> {
        self.on_its_own(|inner| async move { inner.refund(&request).await })
    }

    fn list_since(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> BoxFuture<Result<RecordPage, BooksUnreachable>> {
        self.on_its_own(move |inner| async move { inner.list_since(since, mark).await })
    }

    fn available(&self) -> Result<(), Unavailable> {
        match self.inner.breaker.condition() {
            Condition::Closed | Condition::HalfOpen => Ok(()),
            Condition::Open { for_the_next } => {
                Err(Unavailable { retry_seconds: for_the_next.as_secs().saturating_add(1) })
            }
        }
    }

    fn condition(&self) -> Condition {
        self.inner.breaker.condition()
    }

    fn hear(&self, letter: Letter<'_>) -> Result<GatewayNews, NotGenuine> {
        self.inner.door.open(letter)
    }

    fn undelivered(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> BoxFuture<Result<NewsPage, BooksUnreachable>> {
        self.on_its_own(move |inner| async move { inner.undelivered(since, mark).await })
    }

    fn made_for(
        &self,
        gateway_id: String,
    ) -> BoxFuture<Result<Option<(OrderId, PaymentId)>, BooksUnreachable>> {
        self.on_its_own(|inner| async move { inner.made_for(&gateway_id).await })
    }
}

/// What a customer pays with who is to be sent to a payment page at Stripe.
pub const CHECKOUT: &str = "checkout";
/// How long a key is good: Stripe keeps it for 24 hours at least; after this much less nothing is
/// asked for under it any more.
const KEY_MILLIS_MAX: i64 = 23 * 3_600_000;

#[cfg(test)]
mod tests;
