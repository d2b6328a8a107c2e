//! What an order and its payment say about a checkout, so that it can be taken up after a crash.
//!
//! The cart's claim and the holds are observed by who can read carts and ledgers; this file knows
//! only the order and the payment.

use super::{Asked, ClaimFact, Facts, HoldFact, PayBy, PaymentFact};
use crate::domain::{
    orders::Order,
    payments::{PayState, Payment},
    time::Timestamp,
};

impl Facts {
    /// The facts as they stand at `now`, with nothing remembered.
    pub fn observe(
        order: &Order,
        payment: &Payment,
        claim: ClaimFact,
        hold: HoldFact,
        now: Timestamp,
    ) -> Facts {
        Facts {
            status: order.status,
            settled: order.settled,
            placing: order.placing,
            authorised: order.authorised,
            pay_by: pay_by(order, payment),
            charge_wanted: order.charges() > payment.attempt,
            expired: now >= order.hold_until,
            claim: if order.from_cart.is_none() { ClaimFact::NoCart } else { claim },
            hold,
            payment: payment_fact(payment),
            asked: Asked::default(),
            obstacle: None,
        }
    }
}

fn pay_by(order: &Order, payment: &Payment) -> PayBy {
    if order.quote.total.is_zero() {
        PayBy::Nothing
    } else if payment.by_hand || (!payment.exists() && order.method.is_by_hand()) {
        PayBy::Hand
    } else {
        PayBy::Gateway
    }
}

/// What the payment says, in one word.
pub fn payment_fact(payment: &Payment) -> PaymentFact {
    match payment.state {
        PayState::Waiting => PaymentFact::None,
        PayState::Attempting => PaymentFact::Unknown,
        PayState::NeedsAction { .. } => PaymentFact::NeedsAction,
        PayState::Processing => PaymentFact::Processing,
        PayState::Authorised => PaymentFact::Authorised,
        PayState::Declined { .. } => PaymentFact::Declined,
        PayState::Voided => PaymentFact::Voided,
        PayState::Captured if payment.has_refund_in_flight() => PaymentFact::Refunding,
        PayState::Captured if payment.left_to_refund().is_ok_and(|left| left.is_zero()) => {
            PaymentFact::Refunded
        }
        PayState::Captured if payment.rest_was_refused() => PaymentFact::RefundFailed,
        PayState::Captured => PaymentFact::Captured,
    }
}
