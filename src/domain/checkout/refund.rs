//! A refund by staff: the road of one part of the money, and of the goods, back.
//!
//! A pure function like checkout, over three owners: the order decides (which units, how much), the
//! payment moves the money, the ledgers take the goods. Every step may be repeated.
//!
//! Invariant: the order notes the end last, so that an unfinished refund is found after a crash;
//! goods go back on the shelf only after the money is on its way.

use crate::domain::{
    ids::RefundId,
    money::Money,
    orders::{Order, OrderRefundState, OrderStatus, Restock},
    payments::{Payment, RefundState},
};

/// All that the next step of a refund depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundFacts {
    /// Whether the order has noted the end, or never decided it.
    pub noted: bool,
    /// What the payment knows.
    pub money: MoneyFact,
    /// Whether goods are still to be put back on the shelf.
    pub goods_to_return: bool,
    /// Whether staff move the money by hand.
    pub by_hand: bool,
    /// Remembered only: the gateway was asked in this run.
    pub asked: bool,
}

/// What the payment knows of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoneyFact {
    /// Not begun.
    NotBegun,
    /// Begun; on its way or in doubt.
    InFlight,
    /// On its way back for sure.
    Succeeded,
    /// Definitely refused.
    Failed,
}

/// The one thing to do next about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundStep {
    /// Begin it in the payment, durably; then ask the gateway and record what it says. The
    /// payment's own refusal is noted in the order like a refusal of the gateway.
    MoveMoney,
    /// Put the units back on the shelf.
    ReturnGoods,
    /// Note in the order that it is done.
    NoteDone,
    /// Note in the order that it was definitely refused.
    NoteRefused,
    /// The gateway has not answered; its money and units stay counted.
    WaitForGateway,
    /// Staff have to move the money by hand and record it.
    WaitForStaff,
    /// Nothing is left to do.
    Finished,
}

impl RefundFacts {
    /// The facts of one refund, with nothing remembered. `returned` says whether its goods are
    /// back on the shelf, which only the ledgers know.
    pub fn observe(
        order: &Order,
        payment: &Payment,
        refund: RefundId,
        returned: bool,
    ) -> RefundFacts {
        let known = order.refunds.get(&refund);
        let money = payment.refunds.get(&refund).map(|refund| &refund.state);
        RefundFacts {
            noted: known.is_none_or(|known| known.state != OrderRefundState::Decided),
            money: match money {
                None => MoneyFact::NotBegun,
                Some(RefundState::InFlight) => MoneyFact::InFlight,
                Some(RefundState::Succeeded { .. } | RefundState::PaidOut { .. }) => {
                    MoneyFact::Succeeded
                }
                Some(RefundState::Failed { .. }) => MoneyFact::Failed,
            },
            goods_to_return: !returned
                && known
                    .is_some_and(|known| known.restock == Restock::Yes && !known.lines.is_empty()),
            by_hand: payment.by_hand,
            asked: false,
        }
    }
}

/// A refund that the order takes for done and that came back later, with the reason.
pub fn came_back(order: &Order, payment: &Payment) -> Option<(RefundId, String)> {
    let done = |id: &RefundId| {
        order.refunds.get(id).is_some_and(|known| known.state == OrderRefundState::Done)
    };
    payment.refunds.iter().find_map(|(id, refund)| match &refund.state {
        RefundState::Failed { code } if done(id) => Some((*id, code.clone())),
        RefundState::Failed { .. }
        | RefundState::InFlight
        | RefundState::Succeeded { .. }
        | RefundState::PaidOut { .. } => None,
    })
}

/// What of a settled, cancelled order's money came back after it had gone: what has gone back all
/// the same, and why the rest did not.
pub fn return_failed(order: &Order, payment: &Payment) -> Option<(Money, String)> {
    if order.status != OrderStatus::Cancelled || !order.settled || !payment.exists() {
        return None;
    }
    let refunded = payment.refunded().ok()?;
    if !order.refunded.exceeds(refunded).ok()? {
        return None;
    }
    let code = payment.refunds.values().find_map(|refund| match &refund.state {
        RefundState::Failed { code } => Some(code.clone()),
        RefundState::InFlight | RefundState::Succeeded { .. } | RefundState::PaidOut { .. } => None,
    });
    code.map(|code| (refunded, code))
}

/// What to do next about a refund, from what is true now.
pub fn next_of_refund(facts: &RefundFacts) -> RefundStep {
    if facts.noted {
        return RefundStep::Finished;
    }
    match facts.money {
        MoneyFact::NotBegun => RefundStep::MoveMoney,
        MoneyFact::InFlight if facts.by_hand => RefundStep::WaitForStaff,
        MoneyFact::InFlight if facts.asked => RefundStep::WaitForGateway,
        MoneyFact::InFlight => RefundStep::MoveMoney,
        MoneyFact::Succeeded if facts.goods_to_return => RefundStep::ReturnGoods,
        MoneyFact::Succeeded => RefundStep::NoteDone,
        MoneyFact::Failed => RefundStep::NoteRefused,
    }
}
