//! Charging: the only place that calls a payment gateway.
//!
//! Every call is decided by the payment first and durable before it leaves the house; what the
//! gateway says is recorded as soon as it is heard. A call without an answer is a doubt: the same
//! key is used again, or the charge is asked for, and nobody is charged anew.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    domain::{
        ids::{Identity, OrderId, PaymentId, RefundId},
        money::Money,
        news::GatewayNews,
        payments::{
            Charge, DisputeNews, GatewayOutcome, GatewayStep, PayState, Payment, RefundExtent,
            RefundOutcome, RefundState,
        },
        time::{Stamp, Who},
    },
    gateways::{
        ActionResult, CaptureRequest, Letter, NotGenuine, PaymentGateway, RefundRequest,
        Unavailable, VoidRequest, breaker::Condition,
    },
    store::Ticket,
};

mod books;
mod calls;
mod declined;

use calls::{GATEWAY_WITHIN, charge_ref, charge_request};

use declined::Declined;

use super::{
    Desk, Intent, Rejection,
    payments::{ChangePayment, GetPayment, PaymentChange, Payments},
};

/// A payment as decided so far, and the commit it waits for.
pub type Decided = (Arc<Payment>, Option<Ticket>);

/// Asks the payments actor, the gateway, and the payments actor again.
pub struct Charging {
    payments: Desk<Payments>,
    gateway: Arc<dyn PaymentGateway>,
    clock: Clock,
    declined: Declined,
}

impl Charging {
    /// Charging over this gateway.
    pub fn new(
        payments: Desk<Payments>,
        gateway: Arc<dyn PaymentGateway>,
        clock: Clock,
    ) -> Charging {
        Charging { payments, gateway, clock, declined: Declined::default() }
    }

    /// The gateway's name.
    pub fn gateway(&self) -> &'static str {
        self.gateway.name()
    }

    /// How many messages wait at the desk of payments.
    pub fn waiting(&self) -> usize {
        self.payments.waiting()
    }

    /// Whether the gateway knows this way to pay.
    pub fn knows(&self, token: &str) -> bool {
        self.gateway.check_method(token).is_ok()
    }

    /// What stands for the card behind a payment method, if that is known in good time; else the
    /// method itself. Nothing for what is no card, or no payment method at all: that never leaves
    /// the house.
    pub async fn card_behind(&self, token: &str) -> Option<String> {
        if !self.knows(token) {
            return None;
        }
        let asked = self.gateway.card_behind(token.to_owned());
        let known = tokio::time::timeout(CARD_WITHIN, asked).await;
        known.unwrap_or_else(|_| Some(token.to_owned()))
    }

    /// The payment, as decided so far.
    pub async fn look_up(&self, payment: PaymentId) -> Result<Arc<Payment>, Rejection> {
        self.payments.ask(GetPayment { payment }, self.intent(None)).await
    }

    /// Makes an attempt: decided and durable, then asked, then recorded.
    pub async fn charge(
        &self,
        payment: PaymentId,
        order: OrderId,
        amount: Money,
        charge: &Charge,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let begin = PaymentChange::Begin { order, amount, charge: charge.clone() };
        let (begun, ticket) = match self.gateway.in_journal() {
            // Nothing leaves the house: what is booked there comes after this, and falls with it.
            Some(_) => self.step(payment, begin, after).await?,
            None => (self.decide(payment, begin, after).await?, None),
        };
        if begun.state != PayState::Attempting || begun.attempt != charge.number {
            return Ok((begun, ticket));
        }
        self.ask_charge(payment, &begun, ticket).await
    }

    /// Asks what became of the current attempt.
    pub async fn ask(&self, id: PaymentId) -> Result<Decided, Rejection> {
        let payment = self.look_up(id).await?;
        if payment.state == PayState::Attempting && !payment.voiding {
            // Perhaps it never left the house: the same key again makes one charge of both.
            return self.ask_charge(id, &payment, None).await;
        }
        let outcome = self.within_time(self.gateway.retrieve(charge_ref(&payment))).await;
        self.recorded(id, &payment, outcome, None).await
    }

    /// Looks at a charge of an attempt, perhaps of one that is over: money that came late is
    /// recorded too.
    pub async fn look_into(
        &self,
        id: PaymentId,
        attempt: u32,
        gateway_id: String,
    ) -> Result<Decided, Rejection> {
        let payment = self.look_up(id).await?;
        let mut charge = charge_ref(&payment);
        // A payment page has a name of its own, and knows more than the charge behind it.
        if attempt != payment.attempt || charge.gateway_id.is_none() {
            charge.gateway_id = Some(gateway_id);
        }
        let outcome = self.within_time(self.gateway.retrieve(charge)).await;
        if matches!(outcome, GatewayOutcome::Unknown { .. }) {
            return Err(Rejection::Busy);
        }
        if attempt == payment.attempt {
            return self.recorded(id, &payment, outcome, None).await;
        }
        self.step(id, PaymentChange::Record { attempt, outcome }, None).await
    }

    /// Records that the gateway told by itself of a refund that came back, under its own name.
    pub async fn note_refund_came_back(
        &self,
        id: PaymentId,
        refund: RefundId,
        gateway_ref: String,
        code: String,
    ) -> Result<Arc<Payment>, Rejection> {
        let change = PaymentChange::RefundCameBack { refund, gateway_ref, code };
        self.decide(id, change, None).await
    }

    /// Whether the gateway can be asked now.
    pub fn available(&self) -> Result<(), Unavailable> {
        self.gateway.available()
    }

    /// How the road to the gateway is: `ok`, `down`, or `being tried`.
    pub fn condition(&self) -> String {
        self.gateway.condition().to_string()
    }

    /// Whether the gateway is not asked because it has not been answering.
    pub fn is_down(&self) -> bool {
        self.gateway.condition() != Condition::Closed
    }

    /// Reads a letter of the gateway.
    pub fn hear(&self, letter: Letter<'_>) -> Result<GatewayNews, NotGenuine> {
        self.gateway.hear(letter)
    }

    /// Tells the gateway how the customer's part ended (the demo's 3-D Secure page).
    pub async fn complete_action(
        &self,
        id: PaymentId,
        result: ActionResult,
    ) -> Result<Decided, Rejection> {
        let payment = self.look_up(id).await?;
        let asked = self.gateway.complete_action(charge_ref(&payment), result);
        let outcome = self.within_time(asked).await;
        self.recorded(id, &payment, outcome, None).await
    }

    /// Decides that what was set aside is taken, durably; whoever drives the order on asks the
    /// gateway for it, also after a crash. Safe to send twice.
    pub async fn begin_capture(&self, id: PaymentId, intent: Intent) -> Result<(), Rejection> {
        let change = PaymentChange::BeginCapture;
        self.payments.ask(ChangePayment { payment: id, change }, intent).await.map(drop)
    }

    /// Takes what was set aside.
    pub async fn capture(
        &self,
        id: PaymentId,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let payment = self.decide(id, PaymentChange::BeginCapture, after).await?;
        if payment.state != PayState::Authorised {
            return Ok((payment, None));
        }
        let request = CaptureRequest {
            key: payment.key(GatewayStep::Capture),
            charge: charge_ref(&payment),
            amount: payment.amount,
        };
        let outcome = self.within_time(self.gateway.capture(request)).await;
        self.recorded(id, &payment, outcome, None).await
    }

    /// Undoes what was begun, if it can still be undone; a success instead is recorded as one.
    pub async fn void(&self, id: PaymentId, after: Option<Ticket>) -> Result<Decided, Rejection> {
        let payment = self.decide(id, PaymentChange::BeginVoid, after).await?;
        if !payment.is_open() {
            return Ok((payment, None));
        }
        let request =
            VoidRequest { key: payment.key(GatewayStep::Void), charge: charge_ref(&payment) };
        let outcome = self.within_time(self.gateway.void(request)).await;
        self.recorded(id, &payment, outcome, None).await
    }

    /// Gives back all that is left, as the end of a cancelled order. One refund, however often
    /// it is asked for.
    pub async fn refund_rest(
        &self,
        id: PaymentId,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let payment = self.look_up(id).await?;
        if let Some(open) = payment.refund_in_flight() {
            return self.ask_refund(id, &payment, open).await;
        }
        let left = payment.left_to_refund()?;
        if left.is_zero() {
            return Ok((payment, None));
        }
        let refund = RefundId::from_bytes(id.bytes());
        self.refund(id, refund, left, RefundExtent::Rest, None, after).await
    }

    /// Gives back an amount: decided and durable, then asked, then recorded.
    pub async fn refund(
        &self,
        id: PaymentId,
        refund: RefundId,
        amount: Money,
        extent: RefundExtent,
        reason: Option<String>,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let begin = PaymentChange::BeginRefund { refund, amount, extent, reason };
        let payment = self.decide(id, begin, after).await?;
        self.ask_refund(id, &payment, refund).await
    }

    /// Staff has the money in hand.
    pub async fn receive(
        &self,
        id: PaymentId,
        order: OrderId,
        amount: Money,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let change = PaymentChange::Receive { order, amount };
        let message = ChangePayment { payment: id, change };
        let (outcome, ticket) = self.payments.step(message, self.intent(after)).await;
        outcome.map(|payment| (payment, ticket))
    }

    /// Changes what somebody decided about a refund, durably: tried again, or moved by hand.
    pub async fn change_refund(
        &self,
        id: PaymentId,
        change: PaymentChange,
        intent: Intent,
    ) -> Result<Arc<Payment>, Rejection> {
        self.payments.ask(ChangePayment { payment: id, change }, intent).await
    }

    /// Records what the gateway told of a dispute.
    pub async fn record_dispute(
        &self,
        id: PaymentId,
        news: DisputeNews,
    ) -> Result<Arc<Payment>, Rejection> {
        self.decide(id, PaymentChange::RecordDispute(news), None).await
    }

    async fn ask_charge(
        &self,
        id: PaymentId,
        payment: &Payment,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let (outcome, basis) = self.charged(charge_request(id, payment), after).await;
        let made = matches!(outcome, GatewayOutcome::Unknown { gateway_id: Some(_) });
        if !made || payment.gateway_id.is_some() {
            return self.recorded(id, payment, outcome, basis).await;
        }
        // It is only made so far. Its name is kept before any money can move.
        let named = PaymentChange::Record { attempt: payment.attempt, outcome };
        let named = self.decide(id, named, None).await?;
        if named.state != PayState::Attempting || named.voiding {
            return Ok((named, None));
        }
        let (outcome, basis) = self.charged(charge_request(id, &named), None).await;
        self.recorded(id, &named, outcome, basis).await
    }

    async fn ask_refund(
        &self,
        id: PaymentId,
        payment: &Arc<Payment>,
        refund: RefundId,
    ) -> Result<Decided, Rejection> {
        let known = payment.refunds.get(&refund);
        let Some(open) = known.filter(|refund| refund.state == RefundState::InFlight) else {
            return Ok((Arc::clone(payment), None));
        };
        if payment.by_hand {
            // What came by hand goes back by hand: staff records it.
            return Ok((Arc::clone(payment), None));
        }
        let request = RefundRequest {
            key: payment.key(GatewayStep::Refund(refund)),
            charge: charge_ref(payment),
            payment: id,
            refund,
            amount: open.amount,
        };
        let outcome = tokio::time::timeout(GATEWAY_WITHIN, self.gateway.refund(request))
            .await
            .unwrap_or(RefundOutcome::Unknown);
        let record = PaymentChange::RecordRefund { refund, outcome };
        self.step(id, record, None).await
    }

    /// Decides and waits until it is durable: what follows leaves the house.
    async fn decide(
        &self,
        payment: PaymentId,
        change: PaymentChange,
        after: Option<Ticket>,
    ) -> Result<Arc<Payment>, Rejection> {
        self.payments.ask(ChangePayment { payment, change }, self.intent(after)).await
    }

    async fn step(
        &self,
        payment: PaymentId,
        change: PaymentChange,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let change = ChangePayment { payment, change };
        let (outcome, ticket) = self.payments.step(change, self.intent(after)).await;
        outcome.map(|payment| (payment, ticket))
    }

    fn intent(&self, after: Option<Ticket>) -> Intent {
        Intent::of(Stamp { at: self.clock.now(), who: Who::Shop }).after(after)
    }
}

/// Whose card it is may take so long; a purchase does not wait longer for that.
const CARD_WITHIN: Duration = Duration::from_secs(3);
