//! Compare: what the gateway's books say against ours, one record at a time, both ways.
//!
//! Pure: no clock, no owner, no gateway. What is still moving is no difference; whoever asks leaves
//! out what happened a moment ago.

use std::collections::BTreeSet;

use crate::{
    domain::{
        ids::PaymentId,
        orders::{Order, OrderStatus},
        payments::{PayState, Payment, Refund, RefundState},
        reconciliation::{Difference, DifferenceKind},
    },
    gateways::{GatewayRecord, RecordKind, RecordState},
};

/// An order and its payment, as our books have them.
#[derive(Clone, Copy, Debug)]
pub struct Ours<'b> {
    /// The payment's id.
    pub id: PaymentId,
    /// The order.
    pub order: &'b Order,
    /// Its payment.
    pub payment: &'b Payment,
}

impl Ours<'_> {
    fn differs(&self, kind: DifferenceKind, gateway_id: Option<&str>) -> Difference {
        Difference {
            kind,
            order: Some(self.order.id),
            number: Some(self.order.number),
            payment: Some(self.id),
            gateway_id: gateway_id.map(str::to_owned),
            ours: Some(self.payment.captured),
            theirs: None,
        }
    }
}

/// What a record of the gateway says that our books do not.
pub fn of_record(record: &GatewayRecord, ours: Option<Ours<'_>>) -> Option<Difference> {
    let kind = match (&record.kind, ours) {
        (RecordKind::Charge, Some(ours)) => of_charge(record, ours.payment)?,
        (RecordKind::Charge, None) => match record.state {
            RecordState::Succeeded | RecordState::Authorised => DifferenceKind::ChargeUnknownHere,
            RecordState::Open | RecordState::Failed => return None,
        },
        (RecordKind::Refund { refund, .. }, Some(ours)) => {
            let named = refund.and_then(|id| ours.payment.refunds.get(&id));
            let known = named.or_else(|| refund_named(ours.payment, &record.gateway_id));
            of_refund(record, known)?
        }
        (RecordKind::Refund { .. }, None) if record.state == RecordState::Succeeded => {
            DifferenceKind::RefundUnknownHere
        }
        (RecordKind::Refund { .. }, None) => return None,
    };
    let theirs = Some(record.amount);
    let gateway_id = Some(record.gateway_id.as_str());
    Some(match ours {
        Some(ours) => Difference { theirs, ..ours.differs(kind, gateway_id) },
        None => Difference {
            kind,
            order: record.order,
            number: None,
            payment: record.payment,
            gateway_id: gateway_id.map(str::to_owned),
            ours: None,
            theirs,
        },
    })
}

fn of_charge(record: &GatewayRecord, payment: &Payment) -> Option<DifferenceKind> {
    let is_ours = payment.gateway_id.as_deref() == Some(record.gateway_id.as_str());
    let has_money = payment.state == PayState::Captured;
    // A charge of a payment that staff received in the end has brought nothing.
    let is_paid_by_it = is_ours && has_money && !payment.by_hand;
    match record.state {
        RecordState::Succeeded if is_paid_by_it => {
            (record.amount != payment.captured).then_some(DifferenceKind::AmountDiffers)
        }
        // A charge beside the payment's own that went back as a whole has been put right.
        RecordState::Succeeded
            if record.refunded == record.amount && (!is_ours || payment.by_hand) =>
        {
            None
        }
        RecordState::Succeeded if has_money => Some(DifferenceKind::ChargedTwice),
        RecordState::Succeeded => Some(DifferenceKind::CaptureUnheard),
        RecordState::Authorised if is_paid_by_it => Some(DifferenceKind::CaptureDisowned),
        RecordState::Authorised => {
            (!is_ours || !payment.is_open()).then_some(DifferenceKind::AuthorisationLeft)
        }
        RecordState::Open | RecordState::Failed => {
            is_paid_by_it.then_some(DifferenceKind::CaptureDisowned)
        }
    }
}

fn of_refund(record: &GatewayRecord, known: Option<&Refund>) -> Option<DifferenceKind> {
    let is_last = known.is_some_and(|refund| is_named(refund, &record.gateway_id));
    match (record.state, known.map(|refund| (&refund.state, refund.amount))) {
        (RecordState::Succeeded, None) => Some(DifferenceKind::RefundUnknownHere),
        (RecordState::Succeeded, Some((_, amount))) if amount != record.amount => {
            Some(DifferenceKind::RefundAmountDiffers)
        }
        (RecordState::Succeeded, Some((RefundState::Succeeded { .. }, _))) => None,
        (RecordState::Succeeded, Some((RefundState::PaidOut { .. }, _))) => {
            Some(DifferenceKind::RefundedTwice)
        }
        (RecordState::Succeeded, Some(_)) => Some(DifferenceKind::RefundUnheard),
        // An earlier attempt may have failed; only the one our books count on must not have.
        (RecordState::Failed, Some((RefundState::Succeeded { .. }, _))) if is_last => {
            Some(DifferenceKind::RefundDisowned)
        }
        (RecordState::Open | RecordState::Authorised | RecordState::Failed, _) => None,
    }
}

fn refund_named<'p>(payment: &'p Payment, gateway_id: &str) -> Option<&'p Refund> {
    payment.refunds.values().find(|refund| is_named(refund, gateway_id))
}

fn is_named(refund: &Refund, gateway_id: &str) -> bool {
    matches!(&refund.state, RefundState::Succeeded { gateway_ref } if gateway_ref == gateway_id)
}

/// What our books say that the gateway's do not, whose names are all in `listed`; and where order
/// and payment disagree.
pub fn of_books(ours: Ours<'_>, listed: &BTreeSet<String>) -> Vec<Difference> {
    let (order, payment) = (ours.order, ours.payment);
    let mut found = Vec::new();
    let has_money = payment.state == PayState::Captured;
    if has_money && !payment.by_hand {
        let charge = payment.gateway_id.as_deref();
        if charge.is_none_or(|charge| !listed.contains(charge)) {
            found.push(ours.differs(DifferenceKind::ChargeUnknownThere, charge));
        }
        for refund in payment.refunds.values() {
            let RefundState::Succeeded { gateway_ref } = &refund.state else { continue };
            if !listed.contains(gateway_ref) {
                let kind = DifferenceKind::RefundUnknownThere;
                let differs = ours.differs(kind, Some(gateway_ref));
                found.push(Difference { ours: Some(refund.amount), ..differs });
            }
        }
    }
    if has_money && order.status == OrderStatus::Pending {
        found.push(ours.differs(DifferenceKind::OrderBehind, payment.gateway_id.as_deref()));
    }
    let kept = payment.left_to_refund().is_ok_and(|left| has_money && !left.is_zero());
    if order.is_paid_twice(payment) {
        found.push(ours.differs(DifferenceKind::PaidTwice, payment.gateway_id.as_deref()));
    }
    let is_over = order.status == OrderStatus::Cancelled && order.settled;
    if is_over && kept {
        found.push(ours.differs(DifferenceKind::MoneyKept, payment.gateway_id.as_deref()));
    }
    found
}

#[cfg(test)]
mod tests;
