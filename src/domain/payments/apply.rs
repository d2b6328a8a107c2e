//! How a payment takes its events in, and what must hold of every payment.

use super::{PayState, Payment, PaymentEvent, Refund, RefundState};
use crate::domain::{
    aggregate::Aggregate,
    ids::PaymentId,
    money::{Money, MoneyRefusal},
    time::Stamp,
};

impl Aggregate for Payment {
    const KIND: &'static str = "payment";
    type Id = PaymentId;
    type Event = PaymentEvent;

    fn apply(&mut self, event: &PaymentEvent, stamp: &Stamp) {
        if !self.exists() {
            self.created_at = stamp.at;
        }
        self.updated_at = stamp.at;
        match event.clone() {
            PaymentEvent::AttemptBegun { order, amount, attempt, token, capture } => {
                (self.order, self.amount, self.attempt) = (order, amount, attempt);
                (self.method_token, self.capture) = (Some(token), capture);
                (self.gateway_id, self.authorised_until) = (None, None);
                self.captured = Money::zero(amount.currency());
                self.become_state(PayState::Attempting);
            }
            PaymentEvent::ChargeNamed { gateway_id } => self.gateway_id = Some(gateway_id),
            PaymentEvent::ActionNeeded { gateway_id, next_action } => {
                self.gateway_id = Some(gateway_id);
                self.state = PayState::NeedsAction { next_action };
            }
            PaymentEvent::PaymentDelayed { gateway_id } => {
                self.gateway_id = Some(gateway_id);
                self.state = PayState::Processing;
            }
            PaymentEvent::PaymentAuthorised { gateway_id, until } => {
                (self.gateway_id, self.authorised_until) = (Some(gateway_id), until);
                self.state = PayState::Authorised;
            }
            PaymentEvent::CaptureBegun => self.capturing = true,
            PaymentEvent::PaymentCaptured { gateway_id, amount, late } => {
                (self.gateway_id, self.captured) = (Some(gateway_id), amount);
                self.late = late;
                self.become_state(PayState::Captured);
            }
            PaymentEvent::PaymentReceived { order, amount } => {
                (self.order, self.amount, self.captured) = (order, amount, amount);
                self.by_hand = true;
                self.become_state(PayState::Captured);
            }
            PaymentEvent::PaymentDeclined { gateway_id, code, message } => {
                self.gateway_id = gateway_id.or_else(|| self.gateway_id.take());
                self.become_state(PayState::Declined { code, message });
            }
            PaymentEvent::VoidBegun => self.voiding = true,
            PaymentEvent::PaymentVoided => self.become_state(PayState::Voided),
            PaymentEvent::RefundBegun { refund, amount, extent, reason, attempt } => {
                let (state, known) = (RefundState::InFlight, self.refunds.get(&refund));
                let begun_at = known.map_or(stamp.at, |known| known.begun_at);
                let begun = Refund { amount, extent, state, reason, attempt, begun_at };
                self.refunds.insert(refund, begun);
            }
            PaymentEvent::RefundSucceeded { refund, gateway_ref } => {
                self.set_refund(refund, RefundState::Succeeded { gateway_ref });
            }
            PaymentEvent::RefundFailed { refund, code } => {
                self.set_refund(refund, RefundState::Failed { code });
            }
            PaymentEvent::RefundPaidOut { refund, reference, amount } => {
                if let (Some(known), Some(amount)) = (self.refunds.get_mut(&refund), amount) {
                    known.amount = amount;
                }
                self.set_refund(refund, RefundState::PaidOut { reference });
            }
            PaymentEvent::DisputeRecorded(news) => {
                self.disputes.insert(news.dispute, news.known);
            }
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        let sums = || -> Result<(bool, bool), MoneyRefusal> {
            let over_captured = self.captured.exceeds(self.amount)?;
            Ok((over_captured, self.refunded_or_in_flight()?.exceeds(self.captured)?))
        };
        match sums() {
            _ if !self.exists() => Ok(()),
            Err(_) => Err("a payment is in one currency"),
            Ok((true, _)) => Err("captured never exceeds what is to be paid"),
            Ok((_, true)) => Err("refunded never exceeds what was captured"),
            Ok((false, false)) => Ok(()),
        }
    }
}

impl Payment {
    /// Enters a state in which nothing is asked for yet, or nothing any more.
    fn become_state(&mut self, state: PayState) {
        self.state = state;
        (self.capturing, self.voiding) = (false, false);
    }
}
