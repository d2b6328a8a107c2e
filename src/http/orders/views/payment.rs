//! The money of an order as it is shown: how it is paid, what went back, what is disputed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{PAID_TWICE, Showing};
use crate::{
    domain::{
        ids::{LineId, PaymentId, RefundId},
        money::Money,
        orders::{
            Order, OrderRefund, OrderRefundState, OrderStatus, PaymentMethod, Receipt,
            RefundedLine, Restock,
        },
        payments::{NextAction, PayState, Payment, Refund, RefundState},
    },
    http::views::{Amount, Id, Time},
};

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentView {
    id: Id<PaymentId>,
    status: &'static str,
    decline_code: Option<String>,
    next_action: Option<NextActionView>,
    instructions: Option<InstructionsView>,
    /// Until when money that is set aside can be taken.
    authorised_until: Option<Time>,
    amount_captured: Amount,
    amount_refunded: Amount,
}

/// What the customer has to do; an address that begins with a slash is one of this server.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NextActionView {
    #[serde(rename = "type")]
    kind: String,
    url: Option<String>,
    client_secret: Option<String>,
}

/// How to pay by hand or by bank.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InstructionsView {
    #[serde(rename = "type")]
    kind: &'static str,
    /// In words, perhaps several lines.
    text: String,
    /// What to write on the transfer.
    reference: String,
    amount: Amount,
    currency: &'static str,
    due_by: Option<Time>,
}

/// One refund of an order.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundView {
    id: Id<RefundId>,
    /// `pending`, `succeeded`, `failed`, `to_be_paid_out` or `paid_out`.
    status: &'static str,
    amount: Amount,
    currency: &'static str,
    items: Vec<RefundedItemView>,
    restock: bool,
    reason: Option<String>,
    /// Why it failed.
    failure_code: Option<String>,
    /// How to find it again: the gateway's name for it, or the bank's reference.
    reference: Option<String>,
    created_at: Option<Time>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RefundedItemView {
    id: Id<LineId>,
    quantity: u32,
}

/// What a cardholder's bank says about an order.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DisputeView {
    id: String,
    status: &'static str,
    reason: String,
    amount: Amount,
    currency: &'static str,
    /// Until when evidence can be handed in.
    evidence_due_by: Option<Time>,
}

impl PaymentView {
    pub(super) fn of(
        how: &Showing<'_>,
        id: PaymentId,
        order: &Order,
        payment: &Payment,
    ) -> PaymentView {
        let nothing = Money::zero(order.quote.currency);
        let begun = payment.exists();
        let refunded = payment.refunded().ok().filter(|_| begun);
        let (decline_code, next_action) = match &payment.state {
            PayState::Declined { code, .. } => (Some(code.clone()), None),
            PayState::NeedsAction { next_action } => (None, Some(NextActionView::of(next_action))),
            PayState::Waiting
            | PayState::Attempting
            | PayState::Processing
            | PayState::Authorised
            | PayState::Captured
            | PayState::Voided => (None, None),
        };
        let set_aside = payment.state == PayState::Authorised && order.authorised;
        let until = payment.authorised_until.unwrap_or(order.hold_until);
        PaymentView {
            id: Id(id),
            status: status_word(&payment.state),
            decline_code,
            next_action,
            instructions: InstructionsView::of(how, order, payment),
            authorised_until: set_aside.then_some(Time(until)),
            amount_captured: Amount(if begun { payment.captured } else { nothing }),
            amount_refunded: Amount(refunded.unwrap_or(nothing)),
        }
    }
}

impl NextActionView {
    fn of(action: &NextAction) -> NextActionView {
        NextActionView {
            kind: action.kind.clone(),
            url: action.url.clone(),
            client_secret: action.client_secret.clone(),
        }
    }
}

impl InstructionsView {
    /// What is left to pay by hand, and how; nothing once it is paid, or if it is paid otherwise.
    fn of(how: &Showing<'_>, order: &Order, payment: &Payment) -> Option<InstructionsView> {
        let is_pending = order.status == OrderStatus::Pending;
        let is_on_its_way =
            order.status == OrderStatus::Shipped && order.method == PaymentMethod::CashOnDelivery;
        let is_open = order.receipt.is_none() && payment.may_try_again().is_ok();
        if !(is_pending || is_on_its_way) || !is_open {
            return None;
        }
        let text = match order.method {
            PaymentMethod::BankTransfer => how.bank_details.unwrap_or(TRANSFER_TEXT).to_owned(),
            PaymentMethod::CashOnDelivery => CASH_TEXT.to_owned(),
            PaymentMethod::None | PaymentMethod::Card => return None,
        };
        Some(InstructionsView {
            kind: order.method.name(),
            text,
            reference: order.number.to_string(),
            amount: Amount(order.quote.total),
            currency: order.quote.currency.code(),
            due_by: is_pending.then_some(Time(order.hold_until)),
        })
    }
}

impl RefundView {
    /// Those that staff decided, and what a cancellation gives back.
    pub(super) fn all_of(order: &Order, payment: &Payment) -> Vec<RefundView> {
        let known = |id: &RefundId| order.refunds.contains_key(id);
        let rest = payment.refunds.iter().filter(|(id, _)| !known(id));
        let decided = order.refunds.iter().map(|(id, refund)| {
            RefundView::of(*id, Some(refund), payment.refunds.get(id), payment.by_hand)
        });
        let rest = rest.map(|(id, money)| RefundView::of(*id, None, Some(money), payment.by_hand));
        decided.chain(rest).chain(RefundView::of_receipt(order, payment)).collect()
    }

    /// What came by hand where a card had paid as well: staff give it back by hand.
    fn of_receipt(order: &Order, payment: &Payment) -> Option<RefundView> {
        let receipt = order.receipt.as_ref()?;
        if receipt.returned.is_none() && !order.is_paid_twice(payment) {
            return None;
        }
        let (status, reference) = match &receipt.returned {
            None => ("to_be_paid_out", None),
            Some(returned) => ("paid_out", returned.reference.clone()),
        };
        Some(RefundView {
            id: Id(Receipt::refund_of(order.id)),
            status,
            amount: Amount(order.quote.total),
            currency: order.quote.currency.code(),
            items: Vec::new(),
            restock: false,
            reason: Some(PAID_TWICE.to_owned()),
            failure_code: None,
            reference,
            created_at: Some(Time(receipt.noted_at)),
        })
    }

    fn of(
        id: RefundId,
        decided: Option<&OrderRefund>,
        money: Option<&Refund>,
        by_hand: bool,
    ) -> RefundView {
        let amount = decided.map(|refund| refund.amount).or(money.map(|refund| refund.amount));
        let amount = amount.unwrap_or_default();
        let decided_at = decided.map(|refund| refund.decided_at);
        let begun_at = money.map(|refund| refund.begun_at);
        let reason = decided.map(|refund| &refund.reason).or(money.map(|refund| &refund.reason));
        let items = decided.map(|refund| &refund.lines[..]).unwrap_or_default();
        let refused = decided.and_then(|refund| match &refund.state {
            OrderRefundState::Refused { code } => Some(code.clone()),
            OrderRefundState::Decided | OrderRefundState::Done => None,
        });
        let (status, failure_code, reference) = match money.map(|refund| &refund.state) {
            _ if refused.is_some() => ("failed", refused, None),
            Some(RefundState::Failed { code }) => ("failed", Some(code.clone()), None),
            Some(RefundState::PaidOut { reference }) => ("paid_out", None, reference.clone()),
            Some(RefundState::Succeeded { gateway_ref }) => {
                ("succeeded", None, Some(gateway_ref.clone()))
            }
            Some(RefundState::InFlight) if by_hand => ("to_be_paid_out", None, None),
            Some(RefundState::InFlight) | None => ("pending", None, None),
        };
        RefundView {
            id: Id(id),
            status,
            amount: Amount(amount),
            currency: amount.currency().code(),
            items: items.iter().map(RefundedItemView::of).collect(),
            restock: decided.is_some_and(|refund| refund.restock == Restock::Yes),
            reason: reason.cloned().flatten(),
            failure_code,
            reference,
            created_at: decided_at.or(begun_at).map(Time),
        }
    }
}

impl RefundedItemView {
    fn of(line: &RefundedLine) -> RefundedItemView {
        RefundedItemView { id: Id(line.line), quantity: line.units }
    }
}

impl DisputeView {
    pub(super) fn all_of(order: &Order) -> Vec<DisputeView> {
        let shown = order.disputes.iter().map(|(id, dispute)| DisputeView {
            id: id.clone(),
            status: dispute.state.name(),
            reason: dispute.reason.clone(),
            amount: Amount(dispute.amount),
            currency: dispute.amount.currency().code(),
            evidence_due_by: dispute.evidence_by.map(Time),
        });
        shown.collect()
    }
}

/// A charge without an answer yet is being processed, as far as a client can tell.
fn status_word(state: &PayState) -> &'static str {
    let unanswered = *state == PayState::Attempting;
    if unanswered { PayState::Processing.name() } else { state.name() }
}

/// What is said where the shop has not set its account.
const TRANSFER_TEXT: &str = "Transfer the amount to the shop's account with this reference.";
const CASH_TEXT: &str = "Pay in cash when the goods are handed over.";
