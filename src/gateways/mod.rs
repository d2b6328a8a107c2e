//! The outside world behind traits: where money is taken and given back.
//!
//! Every call carries an idempotency key and may be repeated; whatever cannot be understood is
//! answered as a doubt, never as a refusal. Knows neither actors nor the store.

use std::{future::Future, pin::Pin};

use crate::domain::{
    ids::{OrderId, PaymentId, RefundId},
    money::Money,
    news::GatewayNews,
    payments::{Capture, GatewayOutcome, RefundOutcome},
    time::Timestamp,
};

pub mod breaker;
pub mod by_hand;
pub mod demo;
pub mod mail;
mod records;
pub mod stripe;
pub mod webhooks;

use breaker::Condition;
pub use records::{BooksUnreachable, GatewayRecord, RecordKind, RecordPage, RecordState};

/// A future that can be kept and sent to another thread.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Somebody who takes money and gives it back.
pub trait PaymentGateway: Send + Sync {
    /// Its name in settings and logs, as `demo`.
    fn name(&self) -> &'static str;

    /// Whether a payment method can be charged here; asked before anything is decided.
    ///
    /// # Errors
    /// A name this gateway cannot know.
    fn check_method(&self, token: &str) -> Result<(), UnknownMethod>;

    /// What stands for the card behind a payment method, the same for every method that was made
    /// of it, as far as the gateway tells; nothing for a method that is no card yet, as a payment
    /// page. Changes nothing.
    fn card_behind(&self, token: String) -> BoxFuture<Option<String>> {
        Box::pin(async { Some(token) })
    }

    /// Asks for a charge. Safe to repeat under the same key: there is one charge a key. A gateway
    /// may first only make it and answer [`GatewayOutcome::Unknown`] with its name; asked again
    /// with that name, which is durable then, it goes on.
    fn charge(&self, request: ChargeRequest) -> BoxFuture<GatewayOutcome>;

    /// Asks what became of a charge, without asking for one. Safe to repeat.
    fn retrieve(&self, charge: ChargeRef) -> BoxFuture<GatewayOutcome>;

    /// Tells how the customer's action ended, where the gateway does not learn it by itself; else
    /// like [`PaymentGateway::retrieve`]. Safe to repeat.
    fn complete_action(&self, charge: ChargeRef, result: ActionResult)
    -> BoxFuture<GatewayOutcome>;

    /// Takes what a charge set aside. Safe to repeat under the same key.
    fn capture(&self, request: CaptureRequest) -> BoxFuture<GatewayOutcome>;

    /// Gives up a charge, also one whose asking may never have arrived: after
    /// [`GatewayOutcome::Voided`] no money will move under its key. One that was faster is answered
    /// as captured. Safe to repeat.
    fn void(&self, request: VoidRequest) -> BoxFuture<GatewayOutcome>;

    /// Gives money back. Safe to repeat under the same key.
    fn refund(&self, request: RefundRequest) -> BoxFuture<RefundOutcome>;

    /// A page of the charges and refunds the gateway made or changed at `since` or later, for
    /// reconciliation. The first page is asked for without a mark, each further one with the
    /// [`RecordPage::next`] of the page before. Changes nothing; fails if the books cannot be read.
    fn list_since(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> BoxFuture<Result<RecordPage, BooksUnreachable>>;

    /// Itself, if its books lie in the shop's own journal.
    fn in_journal(&self) -> Option<&dyn InJournal> {
        None
    }

    /// Whether a charge can be asked for now; asked before anything is decided. It is about the
    /// road to the gateway, never about a card.
    ///
    /// # Errors
    /// The gateway has not answered for some time, and when to try again.
    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    /// How the road to the gateway is, for health checks and staff.
    fn condition(&self) -> Condition {
        Condition::Closed
    }

    /// Reads what the gateway itself sends to the shop: genuine and of this shop, or refused.
    ///
    /// # Errors
    /// Forged, too old, or nothing this gateway ever sends.
    fn hear(&self, _letter: Letter<'_>) -> Result<GatewayNews, NotGenuine> {
        Err(NotGenuine)
    }

    /// News since then that could not be delivered, newest first, as far back as the gateway
    /// remembers; the mark is that of the page before.
    fn undelivered(
        &self,
        _since: Timestamp,
        _mark: Option<String>,
    ) -> BoxFuture<Result<NewsPage, BooksUnreachable>> {
        Box::pin(async { Ok(NewsPage::default()) })
    }

    /// Which order and payment a charge was made for, as the gateway was told.
    fn made_for(
        &self,
        _gateway_id: String,
    ) -> BoxFuture<Result<Option<(OrderId, PaymentId)>, BooksUnreachable>> {
        Box::pin(async { Ok(None) })
    }
}

/// A gateway whose books lie in the shop's own journal: nothing leaves the house. It answers before
/// they are durable. What is recorded of an answer must come after what that rests on and fall with
/// it; then both are as durable as either.
pub trait InJournal: Send + Sync {
    /// [`PaymentGateway::charge`], and what the answer rests on. It comes after `after`, and not at
    /// all if that has failed.
    fn charge_after(
        &self,
        request: ChargeRequest,
        after: Option<Basis>,
    ) -> BoxFuture<(GatewayOutcome, Option<Basis>)>;
}

/// A commit of the shop's own journal, by a name that says nothing to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis(pub u128);

/// The gateway cannot be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payment gateway does not answer at the moment")]
pub struct Unavailable {
    /// When trying again makes sense, in seconds from now.
    pub retry_seconds: u64,
}

/// What arrived at the shop's door in the gateway's name.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The signature that came with it.
    pub signature: &'a str,
    /// Its bytes, as they came.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
}

/// A letter that is not from the gateway, not fresh, or not for this shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this does not come from the payment gateway")]
pub struct NotGenuine;

/// A page of news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewsPage {
    /// The news, newest first.
    pub news: Vec<GatewayNews>,
    /// What to ask for the next page with; nothing after the last.
    pub next: Option<String>,
}

/// The payment method is not one this gateway can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such payment method")]
pub struct UnknownMethod;

impl UnknownMethod {
    /// The stable code of the wire contract.
    pub fn code(&self) -> &'static str {
        "unknown_payment_method"
    }
}

/// What a charge is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRequest {
    /// The idempotency key: one charge a key.
    pub key: String,
    /// The order it is for.
    pub order: OrderId,
    /// The payment it is for.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// The payment method; never a card number.
    pub method_token: String,
    /// Whether the money is taken at once.
    pub capture: Capture,
    /// The gateway's name for the charge, if an earlier asking learned it.
    pub gateway_id: Option<String>,
    /// When the attempt began: beyond the life of its key nothing is asked for any more.
    pub begun_at: Timestamp,
}

/// Which charge is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRef {
    /// The key it was asked for with.
    pub key: String,
    /// The gateway's name for it, if it is known.
    pub gateway_id: Option<String>,
}

/// How a customer's action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionResult {
    /// The customer confirmed.
    Succeeded,
    /// The customer did not confirm.
    Failed,
}

/// What a capture is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRequest {
    /// The idempotency key of the capture.
    pub key: String,
    /// The charge.
    pub charge: ChargeRef,
    /// How much, at most what is set aside.
    pub amount: Money,
}

/// What giving up is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidRequest {
    /// The idempotency key of giving up.
    pub key: String,
    /// The charge.
    pub charge: ChargeRef,
}

/// What a refund is asked for with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// The idempotency key of this attempt of the refund.
    pub key: String,
    /// The charge.
    pub charge: ChargeRef,
    /// The payment it is for.
    pub payment: PaymentId,
    /// The shop's name for the refund.
    pub refund: RefundId,
    /// How much.
    pub amount: Money,
}
