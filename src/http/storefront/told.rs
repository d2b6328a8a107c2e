//! Told: what happened to an order, in words for whoever ordered.

use serde::Serialize;

use crate::{
    domain::orders::{Awaited, CancelReason, Entry, Order, TimelineKind},
    http::pages::words,
    shop::Shop,
};

/// One thing that happened.
#[derive(Debug, Serialize)]
pub struct Happened {
    /// When, in words.
    pub at: String,
    /// When, for a machine.
    pub moment: String,
    /// What.
    pub what: String,
}

/// All that happened to an order; what was paid by hand is told once, as received.
pub fn all_told(shop: &Shop, order: &Order) -> Vec<Happened> {
    let is_told = |entry: &&Entry| {
        order.receipt.is_none() || !matches!(entry.what, TimelineKind::Paid { .. })
    };
    order.timeline.iter().filter(is_told).map(|entry| told(shop, entry)).collect()
}

fn told(shop: &Shop, entry: &Entry) -> Happened {
    Happened {
        at: words::moment(entry.at, &shop.zone),
        moment: words::machine(entry.at),
        what: what(&entry.what),
    }
}

fn what(what: &TimelineKind) -> String {
    let plain = match what {
        TimelineKind::Placed => "You placed the order",
        TimelineKind::PaymentChosen => "A way to pay was chosen",
        TimelineKind::PaymentAwaited { awaited: Awaited::CustomerAction } => {
            "The bank asks you to confirm the payment"
        }
        TimelineKind::PaymentAwaited { awaited: Awaited::Gateway } => {
            "The payment is being processed"
        }
        TimelineKind::ChargeDeclined { .. } => "The card was declined; nothing was charged",
        TimelineKind::ReceiptNoted { .. } => "We received your payment",
        TimelineKind::ReceiptReturned { .. } => "What you paid a second time goes back to you",
        TimelineKind::Authorised => "The amount is set aside on your card",
        TimelineKind::Paid { amount } => return format!("{} was paid", words::price(*amount)),
        TimelineKind::Cancelled { reason } => return cancelled(*reason).to_owned(),
        TimelineKind::Shipped { tracking_number, carrier } => {
            let by = carrier.as_ref().map(|carrier| format!(" with {carrier}"));
            let number = tracking_number.as_ref().map(|number| format!(", parcel {number}"));
            let (by, number) = (by.unwrap_or_default(), number.unwrap_or_default());
            return format!("It was sent{by}{number}");
        }
        TimelineKind::Delivered => "It arrived",
        TimelineKind::Refunded { amount } => {
            return format!("{} goes back to you", words::price(*amount));
        }
        TimelineKind::RefundRefused { .. } => "A refund was refused by the bank; we look into it",
        TimelineKind::RefundRevived => "The refund is tried again",
        TimelineKind::Disputed { .. } => "Your bank asks about this payment",
        TimelineKind::CustomerErased => "Who ordered was forgotten",
    };
    plain.to_owned()
}

fn cancelled(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Customer => "You cancelled the order",
        CancelReason::Staff => "We cancelled the order",
        CancelReason::Expired => "It was not paid in time and is cancelled",
        CancelReason::OutOfStock => "Something was sold out; the order is cancelled",
        CancelReason::CartInCheckout => "Another order took the cart; this one is cancelled",
        CancelReason::PaymentDeclined => "The payment was declined; the order is cancelled",
    }
}
