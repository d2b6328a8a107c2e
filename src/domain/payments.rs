//! Payments: the money of one order, over all attempts to get it and all refunds of it.
//!
//! Invariant: captured never exceeds what is to be paid, and what was refunded, is on its way or is
//! in doubt never exceeds what was captured. A new attempt begins only after a definite refusal, so
//! nobody is charged twice. Knows no gateway and no card: only tokens and answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ids::{OrderId, RefundId},
    money::Money,
    time::Timestamp,
};

mod apply;
pub mod disputes;
pub mod events;
pub mod outcome;
mod refunds;

pub use disputes::{Dispute, DisputeNews, DisputeState, Disputes};
pub use events::{PaymentEvent, PaymentRefusal, RefundExtent};
pub use outcome::{Capture, GatewayOutcome, GatewayStep, NextAction, RefundOutcome, gateway_key};

/// The payment of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The order that is paid.
    pub order: OrderId,
    /// How much is to be paid.
    pub amount: Money,
    /// How far the last attempt came.
    pub state: PayState,
    /// The number of the last attempt; 0 before the first.
    pub attempt: u32,
    /// The gateway's token of the card of the last attempt; never a card number.
    pub method_token: Option<String>,
    /// Whether the last attempt takes the money at once.
    pub capture: Capture,
    /// Whether the money came by hand or by bank, without a gateway.
    pub by_hand: bool,
    /// The gateway's name for the last attempt's charge.
    pub gateway_id: Option<String>,
    /// Until when what is set aside can be captured.
    pub authorised_until: Option<Timestamp>,
    /// Whether a capture was asked for and has not been answered.
    pub capturing: bool,
    /// Whether giving up was asked for and has not been answered.
    pub voiding: bool,
    /// Whether the money came after the payment was thought to be over.
    pub late: bool,
    /// What was taken.
    pub captured: Money,
    /// The refunds, failed ones too.
    pub refunds: BTreeMap<RefundId, Refund>,
    /// What cardholders dispute, by the gateway's name for each dispute.
    pub disputes: Disputes,
    /// When the first attempt began.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
}

/// How far a payment's last attempt came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayState {
    /// Nothing was tried yet.
    #[default]
    Waiting,
    /// A charge was or is about to be asked for; its outcome is unknown.
    Attempting,
    /// The customer has to act.
    NeedsAction {
        /// What has to be done.
        next_action: NextAction,
    },
    /// The gateway will know later.
    Processing,
    /// The money is set aside.
    Authorised,
    /// The money is ours.
    Captured,
    /// Definitely refused.
    Declined {
        /// Why, as `insufficient_funds`.
        code: String,
        /// Why, in words for a shopper.
        message: String,
    },
    /// Given up before any money moved.
    Voided,
}

impl PayState {
    /// Whether it goes on only when the customer does something: confirms, or takes another card.
    pub fn waits_for_them(&self) -> bool {
        matches!(self, PayState::NeedsAction { .. } | PayState::Declined { .. })
    }

    /// The word of the wire contract for it.
    pub fn name(&self) -> &'static str {
        match self {
            PayState::Waiting => "waiting",
            PayState::Attempting => "unknown",
            PayState::NeedsAction { .. } => "requires_action",
            PayState::Processing => "processing",
            PayState::Authorised => "authorised",
            PayState::Captured => "captured",
            PayState::Declined { .. } => "declined",
            PayState::Voided => "voided",
        }
    }
}

/// One refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// How much goes back.
    pub amount: Money,
    /// Whether it is a part, or all that was left.
    pub extent: RefundExtent,
    /// How far it came.
    pub state: RefundState,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// The number of its last attempt, from 1.
    pub attempt: u32,
    /// When the first of them began.
    pub begun_at: Timestamp,
}

/// How far a refund came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Asked for, or about to be; in doubt until the gateway has answered.
    InFlight,
    /// The money is on its way back.
    Succeeded {
        /// The gateway's name for it.
        gateway_ref: String,
    },
    /// Definitely refused.
    Failed {
        /// Why.
        code: String,
    },
    /// Staff gave the money back by hand or by bank.
    PaidOut {
        /// How to find it again, as the bank's reference.
        reference: Option<String>,
    },
}

/// The charge a payment attempt asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The number of the attempt it is for, from 1.
    pub number: u32,
    /// The gateway's token of the card; never a card number.
    pub token: String,
    /// Whether the money is taken at once.
    pub capture: Capture,
}

impl Payment {
    /// Whether anything ever happened to it.
    pub fn exists(&self) -> bool {
        self.attempt > 0 || self.by_hand
    }

    /// Begins an attempt; must be durable before the gateway is asked. Asking again changes
    /// nothing.
    pub fn begin(
        &self,
        order: OrderId,
        amount: Money,
        charge: &Charge,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        if self.exists() && (self.order != order || self.amount != amount) {
            return Err(PaymentRefusal::AmountMismatch { expected: self.amount, given: amount });
        }
        if self.attempt > 0 && charge.number <= self.attempt {
            let same = charge.number == self.attempt
                && self.method_token.as_deref() == Some(charge.token.as_str())
                && self.capture == charge.capture;
            return if same { Ok(vec![]) } else { Err(PaymentRefusal::AttemptedOtherwise) };
        }
        self.may_try_again()?;
        if charge.number == 0 || charge.number > ATTEMPTS_MAX {
            return Err(PaymentRefusal::TooManyAttempts);
        }
        Ok(vec![PaymentEvent::AttemptBegun {
            order,
            amount,
            attempt: charge.number,
            token: charge.token.clone(),
            capture: charge.capture,
        }])
    }

    /// Whether a new attempt may begin: only when the last one has definitely ended without money.
    pub fn may_try_again(&self) -> Result<(), PaymentRefusal> {
        match self.state {
            PayState::Waiting | PayState::Declined { .. } | PayState::Voided => Ok(()),
            PayState::Captured => Err(PaymentRefusal::AlreadyPaid),
            PayState::Attempting
            | PayState::NeedsAction { .. }
            | PayState::Processing
            | PayState::Authorised => Err(PaymentRefusal::PaymentInProgress),
        }
    }

    /// Whether the customer may turn to another card: when a new attempt may begin, or when the
    /// last one only waits for them. That one is given up before the new one begins.
    pub fn may_turn_to_another(&self) -> Result<(), PaymentRefusal> {
        if self.state.waits_for_them() { Ok(()) } else { self.may_try_again() }
    }

    /// Records what the gateway said about attempt `attempt`, in whatever order answers come in.
    /// The same answer again, or one that time has overtaken, changes nothing.
    pub fn record(
        &self,
        attempt: u32,
        outcome: &GatewayOutcome,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        if attempt == 0 || attempt > self.attempt {
            return Err(PaymentRefusal::UnknownPayment);
        }
        if let GatewayOutcome::Captured { gateway_id, amount } = outcome {
            return self.record_captured(attempt, gateway_id, *amount);
        }
        if attempt != self.attempt || !self.is_open() {
            return Ok(vec![]);
        }
        Ok(self.step_for(outcome).into_iter().collect())
    }

    fn record_captured(
        &self,
        attempt: u32,
        gateway_id: &str,
        amount: Money,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        if self.state == PayState::Captured {
            let by_it = self.gateway_id.as_deref() == Some(gateway_id) && !self.by_hand;
            let same = attempt == self.attempt && by_it;
            return if same { Ok(vec![]) } else { Err(PaymentRefusal::CapturedTwice) };
        }
        if attempt != self.attempt && self.is_open() {
            return Err(PaymentRefusal::CapturedTwice);
        }
        if amount.exceeds(self.amount)? || amount.is_negative() {
            return Err(PaymentRefusal::AmountMismatch { expected: self.amount, given: amount });
        }
        Ok(vec![PaymentEvent::PaymentCaptured {
            gateway_id: gateway_id.to_owned(),
            amount,
            late: !self.is_open(),
        }])
    }

    /// What an answer other than success means for an attempt that has not ended.
    fn step_for(&self, outcome: &GatewayOutcome) -> Option<PaymentEvent> {
        let authorised = self.state == PayState::Authorised;
        match outcome.clone() {
            GatewayOutcome::Captured { .. } => None,
            GatewayOutcome::Authorised { gateway_id, until } => {
                (!authorised).then_some(PaymentEvent::PaymentAuthorised { gateway_id, until })
            }
            GatewayOutcome::NeedsAction { gateway_id, next_action } => {
                let known = PayState::NeedsAction { next_action: next_action.clone() };
                (!authorised && self.state != known)
                    .then_some(PaymentEvent::ActionNeeded { gateway_id, next_action })
            }
            GatewayOutcome::Processing { gateway_id } => (!authorised
                && self.state != PayState::Processing)
                .then_some(PaymentEvent::PaymentDelayed { gateway_id }),
            GatewayOutcome::Declined { gateway_id, code, message } => {
                Some(PaymentEvent::PaymentDeclined { gateway_id, code, message })
            }
            GatewayOutcome::Voided => Some(PaymentEvent::PaymentVoided),
            GatewayOutcome::Unknown { gateway_id: Some(gateway_id) }
                if self.gateway_id.is_none() =>
            {
                Some(PaymentEvent::ChargeNamed { gateway_id })
            }
            GatewayOutcome::Unknown { .. } => None,
        }
    }

    /// Whether the last attempt has begun and not definitely ended.
    pub fn is_open(&self) -> bool {
        match self.state {
            PayState::Attempting
            | PayState::NeedsAction { .. }
            | PayState::Processing
            | PayState::Authorised => true,
            PayState::Waiting
            | PayState::Captured
            | PayState::Declined { .. }
            | PayState::Voided => false,
        }
    }

    /// Whether somebody still has to ask the gateway about it, or give late money back.
    pub fn is_unfinished(&self) -> bool {
        let to_give_back = self.late && self.left_to_refund().is_ok_and(|left| !left.is_zero());
        self.is_open() || to_give_back || self.has_refund_in_flight()
    }

    /// Begins to take what is set aside; must be durable before the gateway is asked.
    pub fn begin_capture(&self) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        match self.state {
            PayState::Captured => Ok(vec![]),
            PayState::Authorised if self.capturing => Ok(vec![]),
            PayState::Authorised => Ok(vec![PaymentEvent::CaptureBegun]),
            PayState::Waiting
            | PayState::Attempting
            | PayState::NeedsAction { .. }
            | PayState::Processing
            | PayState::Declined { .. }
            | PayState::Voided => Err(PaymentRefusal::NotAuthorised),
        }
    }

    /// Begins to give up an attempt that has not ended; must be durable before the gateway is
    /// asked. What it answers is [recorded](Payment::record), also a success that was faster.
    pub fn begin_void(&self) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        if self.state == PayState::Captured {
            return Err(PaymentRefusal::AlreadyPaid);
        }
        let needed = self.is_open() && !self.voiding;
        Ok(if needed { vec![PaymentEvent::VoidBegun] } else { vec![] })
    }

    /// Staff record that the whole amount arrived by hand or by bank. Safe to ask twice.
    pub fn receive(
        &self,
        order: OrderId,
        amount: Money,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        if self.by_hand {
            let same = self.order == order && self.amount == amount;
            return if same { Ok(vec![]) } else { Err(PaymentRefusal::AlreadyPaid) };
        }
        self.may_try_again()?;
        if self.exists() && (self.order != order || self.amount != amount) {
            return Err(PaymentRefusal::AmountMismatch { expected: self.amount, given: amount });
        }
        Ok(vec![PaymentEvent::PaymentReceived { order, amount }])
    }

    /// The keys its charges were asked for with, newest first, by the number of the attempt.
    pub fn charge_keys(&self) -> impl Iterator<Item = (u32, String)> {
        let key = |attempt| (attempt, gateway_key(self.order, GatewayStep::Charge, attempt));
        (1..=self.attempt).rev().map(key)
    }

    /// The idempotency key of a call about the last attempt.
    pub fn key(&self, step: GatewayStep) -> String {
        let attempt = match step {
            GatewayStep::Refund(refund) => {
                self.refunds.get(&refund).map_or(0, |refund| refund.attempt)
            }
            GatewayStep::Charge | GatewayStep::Capture | GatewayStep::Void => self.attempt,
        };
        gateway_key(self.order, step, attempt)
    }
}

/// Most attempts to pay one order.
pub const ATTEMPTS_MAX: u32 = 50;
/// Most refunds of one payment.
pub const REFUNDS_MAX: usize = 200;

#[cfg(test)]
mod tests;
