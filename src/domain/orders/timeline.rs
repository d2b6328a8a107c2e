//! An order's timeline: what happened to it, when, and by whom, as a shopper may read it.
//!
//! Invariant: bounded, and without personal data: people are named by their ids only.

use serde::{Deserialize, Serialize};

use super::{CancelReason, OrderEvent};
use crate::domain::{
    money::Money,
    payments::{DisputeNews, DisputeState},
    time::{Stamp, Timestamp, Who},
};

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: Who,
    /// What.
    pub what: TimelineKind,
}

/// What a line of a timeline can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// It was placed.
    Placed,
    /// The customer chose how to pay.
    PaymentChosen,
    /// The payment is waited for.
    PaymentAwaited {
        /// What is waited for.
        awaited: Awaited,
    },
    /// A charge was refused.
    ChargeDeclined {
        /// Why; nothing if it was given up.
        code: Option<String>,
    },
    /// Staff noted that the money came.
    ReceiptNoted {
        /// How to find it again.
        reference: Option<String>,
    },
    /// Staff gave back what came by hand: a card had paid as well.
    ReceiptReturned {
        /// How to find it again.
        reference: Option<String>,
    },
    /// The money is set aside.
    Authorised,
    /// It was paid.
    Paid {
        /// How much.
        amount: Money,
    },
    /// It was cancelled.
    Cancelled {
        /// Why.
        reason: CancelReason,
    },
    /// It left the house.
    Shipped {
        /// The parcel's number.
        tracking_number: Option<String>,
        /// Who carries it.
        carrier: Option<String>,
    },
    /// It arrived.
    Delivered,
    /// Money goes back.
    Refunded {
        /// How much.
        amount: Money,
    },
    /// A refund was refused.
    RefundRefused {
        /// Why.
        code: String,
    },
    /// A refused refund is tried again, or was moved by hand.
    RefundRevived,
    /// The cardholder disputes a charge, or their bank goes on with it.
    Disputed {
        /// How much.
        amount: Money,
        /// How far it came.
        state: DisputeState,
    },
    /// The customer was forgotten.
    CustomerErased,
}

impl TimelineKind {
    /// The word of the wire contract for it.
    pub fn name(&self) -> &'static str {
        match self {
            TimelineKind::Placed => "placed",
            TimelineKind::PaymentChosen => "payment_chosen",
            TimelineKind::PaymentAwaited { .. } => "payment_awaited",
            TimelineKind::ChargeDeclined { .. } => "charge_declined",
            TimelineKind::ReceiptNoted { .. } => "receipt_noted",
            TimelineKind::ReceiptReturned { .. } => "receipt_returned",
            TimelineKind::RefundRevived => "refund_revived",
            TimelineKind::Authorised => "authorised",
            TimelineKind::Paid { .. } => "paid",
            TimelineKind::Cancelled { .. } => "cancelled",
            TimelineKind::Shipped { .. } => "shipped",
            TimelineKind::Delivered => "delivered",
            TimelineKind::Refunded { .. } => "refunded",
            TimelineKind::RefundRefused { .. } => "refund_refused",
            TimelineKind::Disputed { .. } => "disputed",
            TimelineKind::CustomerErased => "customer_erased",
        }
    }
}

/// What an unpaid order waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// The customer has to act, as with 3-D Secure.
    CustomerAction,
    /// The gateway will know later.
    Gateway,
}

/// What an event tells in a timeline, if anything.
fn told_by(event: &OrderEvent, settled: Option<TimelineKind>) -> Option<TimelineKind> {
    match event {
        OrderEvent::OrderPlaced(_) => Some(TimelineKind::Placed),
        OrderEvent::PaymentChosen { .. } => Some(TimelineKind::PaymentChosen),
        OrderEvent::PaymentAwaited { awaited } => {
            Some(TimelineKind::PaymentAwaited { awaited: *awaited })
        }
        OrderEvent::OrderAuthorised { .. } => Some(TimelineKind::Authorised),
        OrderEvent::OrderPaid { captured, .. } => Some(TimelineKind::Paid { amount: *captured }),
        OrderEvent::OrderCancelled { reason, .. } => {
            Some(TimelineKind::Cancelled { reason: *reason })
        }
        OrderEvent::OrderSettled { .. } => settled,
        OrderEvent::ChargeDeclined { code, .. } => {
            Some(TimelineKind::ChargeDeclined { code: code.clone() })
        }
        OrderEvent::ReceiptNoted { reference } => {
            Some(TimelineKind::ReceiptNoted { reference: reference.clone() })
        }
        OrderEvent::ReceiptReturned { reference } => {
            Some(TimelineKind::ReceiptReturned { reference: reference.clone() })
        }
        OrderEvent::RefundRevived { .. } => Some(TimelineKind::RefundRevived),
        OrderEvent::OrderShipped { tracking_number, carrier } => Some(TimelineKind::Shipped {
            tracking_number: tracking_number.clone(),
            carrier: carrier.clone(),
        }),
        OrderEvent::OrderDelivered => Some(TimelineKind::Delivered),
        OrderEvent::RefundDecided { .. } | OrderEvent::ReturnsEnded | OrderEvent::OrderFiled => {
            None
        }
        OrderEvent::OrderRefunded { amount, .. } => {
            Some(TimelineKind::Refunded { amount: *amount })
        }
        OrderEvent::RefundRefused { code, .. } | OrderEvent::ReturnFailed { code, .. } => {
            Some(TimelineKind::RefundRefused { code: code.clone() })
        }
        OrderEvent::DisputeNoted(DisputeNews { known, .. }) => {
            Some(TimelineKind::Disputed { amount: known.amount, state: known.state })
        }
        OrderEvent::CustomerErased => Some(TimelineKind::CustomerErased),
    }
}

/// Adds what an event tells. `settled` is what settling found out about the money. When the
/// timeline is full, the oldest line after the first makes room.
pub(super) fn add(
    timeline: &mut Vec<Entry>,
    event: &OrderEvent,
    settled: Option<TimelineKind>,
    stamp: &Stamp,
) {
    let Some(what) = told_by(event, settled) else { return };
    if timeline.len() >= TIMELINE_ENTRIES_MAX {
        timeline.remove(1);
    }
    timeline.push(Entry { at: stamp.at, who: stamp.who, what });
}

/// Most lines of a timeline.
pub const TIMELINE_ENTRIES_MAX: usize = 100;
