//! The payments actor: owner of every payment, asked by checkout.
//!
//! Rules live in [`crate::domain::payments`]. What a payment has decided to ask a gateway is
//! asked by [`super::charging`], after the decision is durable.

use std::sync::Arc;

use crate::domain::{
    aggregate::Aggregate,
    ids::{OrderId, PaymentId, RefundId},
    money::Money,
    orders::Order,
    payments::{
        Charge, DisputeNews, GatewayOutcome, Payment, PaymentEvent, PaymentRefusal, RefundExtent,
        RefundOutcome,
    },
};

use super::{Answers, Owner, Rejection, Request, Work, orders::made_refund};

/// What is asked of one payment.
#[derive(Clone, Debug)]
pub enum PaymentChange {
    /// An attempt begins.
    Begin {
        /// Of this order.
        order: OrderId,
        /// How much.
        amount: Money,
        /// With what.
        charge: Charge,
    },
    /// What the gateway said about an attempt.
    Record {
        /// Which attempt.
        attempt: u32,
        /// What it said.
        outcome: GatewayOutcome,
    },
    /// What was set aside is to be taken.
    BeginCapture,
    /// What was begun is to be undone.
    BeginVoid,
    /// Staff has the money.
    Receive {
        /// Of this order.
        order: OrderId,
        /// How much.
        amount: Money,
    },
    /// Money is to go back.
    BeginRefund {
        /// The refund to be.
        refund: RefundId,
        /// How much.
        amount: Money,
        /// Whether that is the rest.
        extent: RefundExtent,
        /// Why.
        reason: Option<String>,
    },
    /// What the gateway said about a refund.
    RecordRefund {
        /// Which.
        refund: RefundId,
        /// What it said.
        outcome: RefundOutcome,
    },
    /// The gateway told by itself that a refund came back.
    RefundCameBack {
        /// Which.
        refund: RefundId,
        /// The gateway's name for the try that came back.
        gateway_ref: String,
        /// Why.
        code: String,
    },
    /// A refused refund is to be tried again.
    RetryRefund {
        /// Which.
        refund: RefundId,
    },
    /// Staff gave the money of a refund back by hand.
    PayOutRefund {
        /// Which.
        refund: RefundId,
        /// How to find it again.
        reference: Option<String>,
    },
    /// What the gateway told of a dispute.
    RecordDispute(DisputeNews),
}

/// Asks one thing of one payment. Safe to send twice.
#[derive(Debug)]
pub struct ChangePayment {
    /// Which.
    pub payment: PaymentId,
    /// What.
    pub change: PaymentChange,
}

/// Shows a payment as decided so far, for a process that goes on.
#[derive(Debug)]
pub struct GetPayment {
    /// Which.
    pub payment: PaymentId,
}

impl Request for ChangePayment {
    type Value = Arc<Payment>;
}
impl Request for GetPayment {
    type Value = Arc<Payment>;
}

/// The only writer of payments.
pub struct Payments;

impl Owner for Payments {
    const NAME: &'static str = "payments";
}

impl Answers<ChangePayment> for Payments {
    fn answer(
        &mut self,
        msg: ChangePayment,
        work: &mut Work<'_>,
    ) -> Result<Arc<Payment>, Rejection> {
        let payment = work.get::<Payment>(msg.payment)?;
        // What a client is shown again is the order.
        if let PaymentChange::RetryRefund { refund } = &msg.change {
            made_refund(work, payment.order, *refund);
        } else {
            work.made(Order::KIND, &payment.order);
        }
        let events = decide(&payment, msg.change)?;
        work.change::<Payment>(msg.payment, events)
    }
}

impl Answers<GetPayment> for Payments {
    fn answer(&mut self, msg: GetPayment, work: &mut Work<'_>) -> Result<Arc<Payment>, Rejection> {
        work.get::<Payment>(msg.payment)
    }
}

fn decide(payment: &Payment, change: PaymentChange) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
    match change {
        PaymentChange::Begin { order, amount, charge } => payment.begin(order, amount, &charge),
        PaymentChange::Record { attempt, outcome } => payment.record(attempt, &outcome),
        PaymentChange::BeginCapture => payment.begin_capture(),
        PaymentChange::BeginVoid => payment.begin_void(),
        PaymentChange::Receive { order, amount } => payment.receive(order, amount),
        PaymentChange::BeginRefund { refund, amount, extent, reason } => {
            payment.begin_refund(refund, amount, extent, reason)
        }
        PaymentChange::RecordRefund { refund, outcome } => payment.record_refund(refund, &outcome),
        PaymentChange::RefundCameBack { refund, gateway_ref, code } => {
            payment.refund_came_back(refund, &gateway_ref, code)
        }
        PaymentChange::RetryRefund { refund } => payment.retry_refund(refund),
        PaymentChange::PayOutRefund { refund, reference } => {
            payment.pay_out_refund(refund, reference)
        }
        PaymentChange::RecordDispute(news) => payment.record_dispute(&news),
    }
}
