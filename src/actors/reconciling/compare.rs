//! Compare: what the gateway's books say against ours, one record at a time, both ways.
//!
//! Pure: no clock, no owner, no gateway. What is still moving is no difference; whoever asks leaves
//! out what happened a moment ago.

use std::collections::BTreeSet;

use crate::{
    domain::{
        ids::{OrderId, PaymentId},
        money::Money,
        orders::{Order, OrderStatus},
        payments::{PayState, Payment, Refund, RefundState},
    },
    gateways::{GatewayRecord, RecordKind, RecordState},
};

/// Something the two books do not agree about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What does not agree.
    pub kind: DifferenceKind,
    /// The order it is about, if it is known.
    pub order: Option<OrderId>,
    /// Its number.
    pub number: Option<u64>,
    /// The payment it is about, if it is known.
    pub payment: Option<PaymentId>,
    /// The gateway's name for the charge or the refund.
    pub gateway_id: Option<String>,
    /// What our books say.
    pub ours: Option<Money>,
    /// What the gateway's books say.
    pub theirs: Option<Money>,
}

/// What two books can disagree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The gateway took money for no payment of ours.
    ChargeUnknownHere,
    /// Our books have money the gateway never heard of.
    ChargeUnknownThere,
    /// The gateway took money, and our books do not have it.
    CaptureUnheard,
    /// Our books have money the gateway did not take.
    CaptureDisowned,
    /// Both have it, and not the same amount.
    AmountDiffers,
    /// The gateway took money twice for one order.
    ChargedTwice,
    /// Money is set aside for a payment that is over.
    AuthorisationLeft,
    /// The gateway gave money back that our books know nothing of.
    RefundUnknownHere,
    /// Our books gave money back, and the gateway knows nothing of it.
    RefundUnknownThere,
    /// The gateway gave money back, and our books wait for it or think it failed.
    RefundUnheard,
    /// Our books gave money back, and the gateway refused it.
    RefundDisowned,
    /// Both gave it back, and not the same amount.
    RefundAmountDiffers,
    /// The gateway gave back what staff paid out by hand.
    RefundedTwice,
    /// The money is here, and the order still waits for it.
    OrderBehind,
    /// The order was cancelled, and money of it was kept.
    MoneyKept,
}

impl DifferenceKind {
    /// Its word on the wire.
    pub fn name(self) -> &'static str {
        use DifferenceKind as Kind;
        match self {
            Kind::ChargeUnknownHere => "charge_unknown_here",
            Kind::ChargeUnknownThere => "charge_unknown_there",
            Kind::CaptureUnheard => "capture_unheard",
            Kind::CaptureDisowned => "capture_disowned",
            Kind::AmountDiffers => "amount_differs",
            Kind::ChargedTwice => "charged_twice",
            Kind::AuthorisationLeft => "authorisation_left",
            Kind::RefundUnknownHere => "refund_unknown_here",
            Kind::RefundUnknownThere => "refund_unknown_there",
            Kind::RefundUnheard => "refund_unheard",
            Kind::RefundDisowned => "refund_disowned",
            Kind::RefundAmountDiffers => "refund_amount_differs",
            Kind::RefundedTwice => "refunded_twice",
            Kind::OrderBehind => "order_behind",
            Kind::MoneyKept => "money_kept",
        }
    }

    /// What is different, for staff.
    pub fn words(self) -> &'static str {
        use DifferenceKind as Kind;
        match self {
            Kind::ChargeUnknownHere => "the gateway took money for no payment of this shop",
            Kind::ChargeUnknownThere => "our books have money the gateway does not know",
            Kind::CaptureUnheard => "the gateway took money that our books do not have",
            Kind::CaptureDisowned => "our books have money that the gateway did not take",
            Kind::AmountDiffers => "the gateway took another amount than our books have",
            Kind::ChargedTwice => "the gateway took money twice for one order",
            Kind::AuthorisationLeft => "money is set aside for a payment that is over",
            Kind::RefundUnknownHere => "the gateway gave money back that our books know nothing of",
            Kind::RefundUnknownThere => {
                "our books gave money back that the gateway knows nothing of"
            }
            Kind::RefundUnheard => {
                "the gateway gave money back that our books do not count as gone"
            }
            Kind::RefundDisowned => "our books gave money back that the gateway refused",
            Kind::RefundAmountDiffers => "the gateway gave back another amount than our books have",
            Kind::RefundedTwice => "the gateway gave back what was paid out by hand already",
            Kind::OrderBehind => "the money is here, and the order still waits for it",
            Kind::MoneyKept => "the order was cancelled, and money of it was kept",
        }
    }

    /// What to do about it.
    pub fn proposal(self) -> &'static str {
        use DifferenceKind as Kind;
        match self {
            Kind::ChargeUnknownHere => {
                "find out at the gateway what it was for; refund it there if nothing was sold"
            }
            Kind::ChargeUnknownThere => {
                "do not ship; check that the shop uses the right account of the gateway"
            }
            Kind::CaptureUnheard => {
                "look at the order: the shop asks again by itself; if it stays, refund it there"
            }
            Kind::CaptureDisowned => "do not ship; ask the customer to pay again",
            Kind::AmountDiffers => "refund what is too much, or ask for what is missing",
            Kind::ChargedTwice => "refund this charge at the gateway",
            Kind::AuthorisationLeft => "cancel this charge at the gateway, or let it expire",
            Kind::RefundUnknownHere => {
                "if somebody refunded at the gateway, note it and refund nothing more here"
            }
            Kind::RefundUnknownThere => {
                "refund it at the gateway, after looking for it there once more"
            }
            Kind::RefundUnheard => {
                "look at the order: the shop asks again by itself; do not pay it out by hand"
            }
            Kind::RefundDisowned => "try the refund again, or pay it out by hand",
            Kind::RefundAmountDiffers => "compare both; refund what is missing",
            Kind::RefundedTwice => "ask the customer for one of the two",
            Kind::OrderBehind => {
                "look at the order: the shop goes on by itself; its log says what is in the way"
            }
            Kind::MoneyKept => "refund what is left",
        }
    }
}

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
    match record.state {
        RecordState::Succeeded if is_ours && has_money => {
            (record.amount != payment.captured).then_some(DifferenceKind::AmountDiffers)
        }
        // A charge beside the payment's own that went back as a whole has been put right.
        RecordState::Succeeded if record.refunded == record.amount && !is_ours => None,
        RecordState::Succeeded if has_money => Some(DifferenceKind::ChargedTwice),
        RecordState::Succeeded => Some(DifferenceKind::CaptureUnheard),
        RecordState::Authorised if is_ours && has_money => Some(DifferenceKind::CaptureDisowned),
        RecordState::Authorised => {
            (!is_ours || !payment.is_open()).then_some(DifferenceKind::AuthorisationLeft)
        }
        RecordState::Open | RecordState::Failed => {
            (is_ours && has_money).then_some(DifferenceKind::CaptureDisowned)
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
    let is_over = order.status == OrderStatus::Cancelled && order.settled;
    if is_over && payment.left_to_refund().is_ok_and(|left| has_money && !left.is_zero()) {
        found.push(ours.differs(DifferenceKind::MoneyKept, payment.gateway_id.as_deref()));
    }
    found
}

#[cfg(test)]
mod tests;
