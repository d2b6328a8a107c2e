//! Refunds of a payment: begun before the gateway is asked, counted until they definitely failed.

use super::{
    Payment, PaymentEvent, PaymentRefusal, REFUNDS_MAX, Refund, RefundExtent, RefundOutcome,
    RefundState,
};
use crate::domain::{
    ids::RefundId,
    money::{Money, MoneyRefusal},
};

impl Payment {
    /// Begins a refund; must be durable before the gateway is asked. Asking again changes nothing.
    pub fn begin_refund(
        &self,
        refund: RefundId,
        amount: Money,
        extent: RefundExtent,
        reason: Option<String>,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        if let Some(known) = self.refunds.get(&refund) {
            let same = known.amount == amount && known.extent == extent;
            return if same { Ok(vec![]) } else { Err(PaymentRefusal::RefundedOtherwise) };
        }
        if self.refunds.len() >= REFUNDS_MAX {
            return Err(PaymentRefusal::TooManyRefunds);
        }
        self.room_for(amount)?;
        Ok(vec![PaymentEvent::RefundBegun { refund, amount, extent, reason, attempt: 1 }])
    }

    /// Begins a definitely failed refund again, under a new key; one that has not failed stays. The
    /// rest is what is left by now: parts of it may have gone back meanwhile.
    pub fn retry_refund(&self, refund: RefundId) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        let known = self.refunds.get(&refund).ok_or(PaymentRefusal::UnknownRefund)?;
        if !known.has_failed() {
            return Ok(vec![]);
        }
        Ok(vec![PaymentEvent::RefundBegun {
            refund,
            amount: self.still_owed(known)?,
            extent: known.extent,
            reason: known.reason.clone(),
            attempt: known.attempt.saturating_add(1),
        }])
    }

    /// Records what became of a refund. A bank may still send back what once succeeded.
    pub fn record_refund(
        &self,
        refund: RefundId,
        outcome: &RefundOutcome,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        let known = self.refunds.get(&refund).ok_or(PaymentRefusal::UnknownRefund)?;
        match (outcome, &known.state) {
            (RefundOutcome::Unknown, _)
            | (_, RefundState::PaidOut { .. })
            | (RefundOutcome::Succeeded { .. }, RefundState::Succeeded { .. })
            | (RefundOutcome::Failed { .. }, RefundState::Failed { .. }) => Ok(vec![]),
            (RefundOutcome::Succeeded { gateway_ref }, state) => {
                if matches!(state, RefundState::Failed { .. }) {
                    self.room_for(known.amount)?;
                }
                let gateway_ref = gateway_ref.clone();
                Ok(vec![PaymentEvent::RefundSucceeded { refund, gateway_ref }])
            }
            (RefundOutcome::Failed { code }, _) => {
                Ok(vec![PaymentEvent::RefundFailed { refund, code: code.clone() }])
            }
        }
    }

    /// A bank sent back what the gateway had taken for done. Only the try our books count on can
    /// come back: what is told late of an earlier try says nothing of the one after it, and one
    /// that is in flight is asked about under its own key.
    pub fn refund_came_back(
        &self,
        refund: RefundId,
        gateway_ref: &str,
        code: String,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        let known = self.refunds.get(&refund).ok_or(PaymentRefusal::UnknownRefund)?;
        match &known.state {
            RefundState::Succeeded { gateway_ref: counted } if counted == gateway_ref => {
                Ok(vec![PaymentEvent::RefundFailed { refund, code }])
            }
            RefundState::Succeeded { .. }
            | RefundState::InFlight
            | RefundState::Failed { .. }
            | RefundState::PaidOut { .. } => Ok(vec![]),
        }
    }

    /// Staff gave the money of a refund back by hand or by bank: one that no gateway moves, or that
    /// was definitely refused, the rest being what is left by now. Recording the same again changes
    /// nothing.
    pub fn pay_out_refund(
        &self,
        refund: RefundId,
        reference: Option<String>,
    ) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        let known = self.refunds.get(&refund).ok_or(PaymentRefusal::UnknownRefund)?;
        let amount = match &known.state {
            RefundState::PaidOut { reference: noted } if *noted == reference => return Ok(vec![]),
            RefundState::PaidOut { .. } | RefundState::Succeeded { .. } => {
                return Err(PaymentRefusal::RefundedAlready);
            }
            RefundState::InFlight if !self.by_hand => return Err(PaymentRefusal::RefundInDoubt),
            RefundState::InFlight => known.amount,
            RefundState::Failed { .. } => self.still_owed(known)?,
        };
        let amount = (amount != known.amount).then_some(amount);
        Ok(vec![PaymentEvent::RefundPaidOut { refund, reference, amount }])
    }

    /// What was refunded, is on its way, or is in doubt: everything that has not definitely failed.
    pub fn refunded_or_in_flight(&self) -> Result<Money, MoneyRefusal> {
        self.sum_refunds(|refund| !refund.has_failed())
    }

    /// What has definitely gone back.
    pub fn refunded(&self) -> Result<Money, MoneyRefusal> {
        self.sum_refunds(Refund::has_gone_back)
    }

    /// What can still be refunded.
    pub fn left_to_refund(&self) -> Result<Money, MoneyRefusal> {
        self.captured.minus(self.refunded_or_in_flight()?)
    }

    /// Whether a refund is on its way or in doubt.
    pub fn has_refund_in_flight(&self) -> bool {
        self.refunds.values().any(|refund| refund.state == RefundState::InFlight)
    }

    /// The refund that is on its way or in doubt, if there is one.
    pub fn refund_in_flight(&self) -> Option<RefundId> {
        self.refunds
            .iter()
            .find(|(_, refund)| refund.state == RefundState::InFlight)
            .map(|(id, _)| *id)
    }

    /// Whether giving back the rest was definitely refused.
    pub fn rest_was_refused(&self) -> bool {
        self.refunds
            .values()
            .any(|refund| refund.extent == RefundExtent::Rest && refund.has_failed())
    }

    pub(super) fn set_refund(&mut self, refund: RefundId, state: RefundState) {
        if let Some(refund) = self.refunds.get_mut(&refund) {
            refund.state = state;
        }
    }

    /// How much a definitely failed refund is about by now, if there is something left for it.
    fn still_owed(&self, failed: &Refund) -> Result<Money, PaymentRefusal> {
        let left = self.left_to_refund()?;
        let amount = match failed.extent {
            RefundExtent::Part => failed.amount,
            RefundExtent::Rest if left.is_zero() => {
                return Err(PaymentRefusal::OverRefund { left });
            }
            RefundExtent::Rest => left,
        };
        self.room_for(amount)?;
        Ok(amount)
    }

    fn room_for(&self, amount: Money) -> Result<(), PaymentRefusal> {
        if self.captured.is_zero() {
            return Err(PaymentRefusal::NothingCaptured);
        }
        let left = self.left_to_refund()?;
        if amount.is_negative() || amount.is_zero() {
            return Err(PaymentRefusal::Money(MoneyRefusal::NotAnAmount));
        }
        if amount.exceeds(left)? { Err(PaymentRefusal::OverRefund { left }) } else { Ok(()) }
    }

    fn sum_refunds(&self, counts: impl Fn(&Refund) -> bool) -> Result<Money, MoneyRefusal> {
        self.refunds
            .values()
            .filter(|refund| counts(refund))
            .try_fold(Money::zero(self.captured.currency()), |sum, refund| sum.plus(refund.amount))
    }
}

impl Refund {
    /// Whether the money has definitely gone back.
    pub fn has_gone_back(&self) -> bool {
        matches!(self.state, RefundState::Succeeded { .. } | RefundState::PaidOut { .. })
    }

    /// Whether it was definitely refused.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, RefundState::Failed { .. })
    }
}
