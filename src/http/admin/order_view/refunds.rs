//! Refunds of an order, as staff see them: what goes back by a gateway, and what by hand.

use serde::Serialize;

use super::super::parts::TagView;
use crate::{
    domain::{
        money::Money,
        orders::{Order, OrderRefundState, Receipt},
        payments::{Payment, RefundState},
    },
    http::{orders::views::PAID_TWICE, pages::words},
};

/// A refund.
#[derive(Serialize)]
pub(super) struct RefundView {
    id: String,
    amount: String,
    state: TagView,
    reason: Option<String>,
    detail: Option<String>,
    may_retry: bool,
    may_pay_out: bool,
}

impl RefundView {
    /// Those that staff decided, what a cancellation gives back, and what came by hand in vain.
    pub(super) fn all_of(order: &Order, payment: &Payment) -> Vec<RefundView> {
        let decided = order.refunds.iter().map(|(id, refund)| {
            let refused = match &refund.state {
                OrderRefundState::Refused { code } => Some(code.clone()),
                OrderRefundState::Decided | OrderRefundState::Done => None,
            };
            let money = payment.refunds.get(id).map(|refund| &refund.state);
            view(id.to_string(), refund.amount, refund.reason.clone(), refused, money, payment)
        });
        let rest = payment.refunds.iter().filter(|(id, _)| !order.refunds.contains_key(id));
        let rest = rest.map(|(id, refund)| {
            let (amount, reason) = (refund.amount, refund.reason.clone());
            view(id.to_string(), amount, reason, None, Some(&refund.state), payment)
        });
        decided.chain(rest).chain(RefundView::of_receipt(order, payment)).collect()
    }

    /// What came by hand where a card had paid as well.
    fn of_receipt(order: &Order, payment: &Payment) -> Option<RefundView> {
        let receipt = order.receipt.as_ref()?;
        let is_due = order.is_paid_twice(payment);
        if !is_due && receipt.returned.is_none() {
            return None;
        }
        let returned = receipt.returned.as_ref().map(|returned| returned.reference.clone());
        let (words, tone) =
            if is_due { ("To be paid out by hand", "warn") } else { ("Paid out by hand", "good") };
        Some(RefundView {
            id: Receipt::refund_of(order.id).to_string(),
            amount: words::price(order.quote.total),
            reason: Some(PAID_TWICE.to_owned()),
            detail: returned.unwrap_or_else(|| receipt.reference.clone()),
            may_retry: false,
            may_pay_out: is_due,
            state: TagView { words, tone },
        })
    }
}

fn view(
    id: String,
    amount: Money,
    reason: Option<String>,
    refused: Option<String>,
    money: Option<&RefundState>,
    payment: &Payment,
) -> RefundView {
    let (words, tone, detail) = match (refused, money) {
        (Some(code), _) => ("Refused", "bad", Some(code.replace('_', " "))),
        (None, Some(RefundState::Failed { code })) => {
            ("Refused", "bad", Some(code.replace('_', " ")))
        }
        (None, Some(RefundState::Succeeded { gateway_ref })) => {
            ("Gone back", "good", Some(gateway_ref.clone()))
        }
        (None, Some(RefundState::PaidOut { reference })) => {
            ("Paid out by hand", "good", reference.clone())
        }
        (None, Some(RefundState::InFlight) | None) if payment.by_hand => {
            ("To be paid out by hand", "warn", None)
        }
        (None, Some(RefundState::InFlight) | None) => ("On its way", "", None),
    };
    RefundView {
        id,
        amount: words::price(amount),
        reason,
        detail,
        may_retry: tone == "bad" && !payment.by_hand,
        may_pay_out: tone == "bad" || tone == "warn",
        state: TagView { words, tone },
    }
}
