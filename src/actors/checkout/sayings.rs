//! Sayings: what a checkout tells the order, made of what it knows of the payment.

use crate::{
    actors::{Rejection, orders::OrderChange},
    domain::{
        money::Money,
        orders::{Awaited, CancelReason, Cancellation},
        payments::PayState,
    },
};

use super::Drive;

impl Drive<'_> {
    pub(super) fn awaiting(&self) -> OrderChange {
        let by_customer = matches!(self.payment.state, PayState::NeedsAction { .. });
        let awaited = if by_customer { Awaited::CustomerAction } else { Awaited::Gateway };
        OrderChange::AwaitPayment(awaited)
    }

    pub(super) fn decline(&self) -> OrderChange {
        let code = match &self.payment.state {
            PayState::Declined { code, .. } => Some(code.clone()),
            PayState::Waiting
            | PayState::Attempting
            | PayState::NeedsAction { .. }
            | PayState::Processing
            | PayState::Authorised
            | PayState::Captured
            | PayState::Voided => None,
        };
        OrderChange::NoteDecline { attempt: self.payment.attempt, code }
    }

    pub(super) fn authorised(&self) -> OrderChange {
        let usual = self.now().plus_minutes(AUTHORISED_MINUTES);
        let hold_until = self.payment.authorised_until.unwrap_or(usual);
        OrderChange::MarkAuthorised { payment: self.payment_id(), hold_until }
    }

    pub(super) fn settling(&self) -> Result<OrderChange, Rejection> {
        let exists = self.payment.exists();
        let refunded = if exists { self.payment.refunded()? } else { self.nothing() };
        Ok(OrderChange::Settle { captured: self.captured_or_nothing(), refunded })
    }

    pub(super) fn cancellation(&self, reason: CancelReason) -> Cancellation {
        let decline_code = match (&self.payment.state, reason) {
            (PayState::Declined { code, .. }, CancelReason::PaymentDeclined) => Some(code.clone()),
            _ => None,
        };
        Cancellation { reason, decline_code, shortages: self.shortages.clone() }
    }

    pub(super) fn captured_or_nothing(&self) -> Money {
        if self.payment.exists() { self.payment.captured } else { self.nothing() }
    }

    fn nothing(&self) -> Money {
        Money::zero(self.order.quote.currency)
    }
}

/// How long money stays set aside when the gateway does not say.
const AUTHORISED_MINUTES: u32 = 7 * 24 * 60;
