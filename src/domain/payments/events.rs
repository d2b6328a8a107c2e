//! Payments: what can have happened to one, and every way it says no.

use serde::{Deserialize, Serialize};

use super::{
    disputes::{DISPUTES_MAX, DisputeNews},
    outcome::{Capture, NextAction},
};
use crate::domain::{
    ids::{OrderId, RefundId},
    money::{Money, MoneyRefusal},
    orders::PaymentMethod,
    time::Timestamp,
};

/// What can have happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentEvent {
    /// A charge is about to be asked for; from here on its outcome is unknown.
    AttemptBegun {
        /// The order that is paid.
        order: OrderId,
        /// How much is to be paid.
        amount: Money,
        /// Which attempt this is.
        attempt: u32,
        /// The gateway's token of the card; never a card number.
        token: String,
        /// Whether the money is taken at once.
        capture: Capture,
    },
    /// The gateway told its name for a charge whose outcome is still unknown.
    ChargeNamed {
        /// The gateway's name for the charge.
        gateway_id: String,
    },
    /// The customer has to act.
    ActionNeeded {
        /// The gateway's name for the charge.
        gateway_id: String,
        /// What has to be done.
        next_action: NextAction,
    },
    /// The gateway will know later.
    PaymentDelayed {
        /// The gateway's name for the charge.
        gateway_id: String,
    },
    /// The money is set aside.
    PaymentAuthorised {
        /// The gateway's name for the charge.
        gateway_id: String,
        /// Until when it can be captured.
        until: Option<Timestamp>,
    },
    /// The capture of what was set aside is about to be asked for.
    CaptureBegun,
    /// The money is ours.
    PaymentCaptured {
        /// The gateway's name for the charge.
        gateway_id: String,
        /// How much was taken.
        amount: Money,
        /// Whether it came after the payment was thought to be over.
        late: bool,
    },
    /// Staff recorded that the money arrived by hand or by bank.
    PaymentReceived {
        /// The order that is paid.
        order: OrderId,
        /// How much arrived.
        amount: Money,
    },
    /// The gateway definitely refused.
    PaymentDeclined {
        /// The gateway's name for the charge, if it made one.
        gateway_id: Option<String>,
        /// Why, as `insufficient_funds`.
        code: String,
        /// Why, in words for a shopper.
        message: String,
    },
    /// Giving up the charge is about to be asked for.
    VoidBegun,
    /// The charge was given up before any money moved.
    PaymentVoided,
    /// A refund is about to be asked for, or asked for again after a definite failure.
    RefundBegun {
        /// The refund.
        refund: RefundId,
        /// How much goes back.
        amount: Money,
        /// Whether it is a part, or all that is left.
        extent: RefundExtent,
        /// Why, in the words of who asked.
        reason: Option<String>,
        /// Which attempt this is.
        attempt: u32,
    },
    /// The money is on its way back.
    RefundSucceeded {
        /// The refund.
        refund: RefundId,
        /// The gateway's name for it.
        gateway_ref: String,
    },
    /// The gateway definitely refused to give the money back.
    RefundFailed {
        /// The refund.
        refund: RefundId,
        /// Why.
        code: String,
    },
    /// Staff gave the money back by hand or by bank.
    RefundPaidOut {
        /// The refund.
        refund: RefundId,
        /// How to find it again, as the bank's reference.
        reference: Option<String>,
        /// How much it was, if not as much as had been begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// The gateway told of a dispute.
    DisputeRecorded(DisputeNews),
}

/// How much of a payment a refund is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundExtent {
    /// A part, asked for by staff.
    Part,
    /// All that is left, because the order was cancelled.
    Rest,
}

/// Why a payment says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefusal {
    /// The gateway knows no such way to pay.
    #[error("there is no such payment method")]
    UnknownMethod,
    /// This shop is not paid that way.
    #[error("this shop does not take {}", method.word())]
    MethodNotOffered {
        /// The way.
        method: PaymentMethod,
    },
    /// There is no such payment.
    #[error("there is no such payment")]
    UnknownPayment,
    /// Too many charges of this address, account or card were refused.
    #[error("too many payments were declined; please wait before you try again")]
    TooManyDeclines {
        /// How long, in seconds.
        wait_seconds: u64,
    },
    /// The last attempt has not ended yet.
    #[error("the last payment attempt has not ended yet")]
    PaymentInProgress,
    /// The money is here already.
    #[error("this order is paid already")]
    AlreadyPaid,
    /// The same attempt, with other content.
    #[error("this attempt was made with another payment method")]
    AttemptedOtherwise,
    /// Too many attempts on one order.
    #[error("too many payment attempts for one order")]
    TooManyAttempts,
    /// Another amount than the order's.
    #[error("the amount to pay is {expected}, not {given}")]
    AmountMismatch {
        /// What is to be paid.
        expected: Money,
        /// What was said.
        given: Money,
    },
    /// The gateway reports a second captured charge for one payment.
    #[error("this payment was captured already by another charge")]
    CapturedTwice,
    /// Nothing is set aside that could be captured.
    #[error("nothing is set aside for this order")]
    NotAuthorised,
    /// Nothing was taken that could be given back.
    #[error("nothing was paid that could be refunded")]
    NothingCaptured,
    /// More than what is left.
    #[error("only {left} is left to refund")]
    OverRefund {
        /// What can still be refunded.
        left: Money,
    },
    /// No such refund.
    #[error("there is no such refund")]
    UnknownRefund,
    /// The same refund, with other content.
    #[error("this refund was asked for with another amount")]
    RefundedOtherwise,
    /// The gateway may still give the money back.
    #[error("this refund is on its way or in doubt; wait for the gateway's answer")]
    RefundInDoubt,
    /// The money has gone back already.
    #[error("this refund has gone back already")]
    RefundedAlready,
    /// Too many refunds on one payment.
    #[error("too many refunds of one payment")]
    TooManyRefunds,
    /// Too many disputes of one payment.
    #[error("a payment has at most {DISPUTES_MAX} disputes")]
    TooManyDisputes,
    /// A sum that cannot be calculated.
    #[error(transparent)]
    Money(#[from] MoneyRefusal),
}

impl PaymentRefusal {
    /// The stable code of the wire contract.
    pub fn code(&self) -> &'static str {
        match self {
            PaymentRefusal::UnknownMethod => "unknown_payment_method",
            PaymentRefusal::MethodNotOffered { .. } => "payment_method_not_offered",
            PaymentRefusal::UnknownPayment => "unknown_payment",
            PaymentRefusal::TooManyDeclines { .. } => "too_many_declines",
            PaymentRefusal::PaymentInProgress => "payment_in_progress",
            PaymentRefusal::AlreadyPaid => "already_paid",
            PaymentRefusal::AttemptedOtherwise => "attempted_otherwise",
            PaymentRefusal::TooManyAttempts => "too_many_attempts",
            PaymentRefusal::AmountMismatch { .. } => "amount_mismatch",
            PaymentRefusal::CapturedTwice => "captured_twice",
            PaymentRefusal::NotAuthorised => "not_authorised",
            PaymentRefusal::NothingCaptured => "nothing_captured",
            PaymentRefusal::OverRefund { .. } => "over_refund",
            PaymentRefusal::UnknownRefund => "unknown_refund",
            PaymentRefusal::RefundedOtherwise => "refunded_otherwise",
            PaymentRefusal::RefundInDoubt => "refund_in_doubt",
            PaymentRefusal::RefundedAlready => "refunded_already",
            PaymentRefusal::TooManyRefunds => "too_many_refunds",
            PaymentRefusal::TooManyDisputes => "too_many_disputes",
            PaymentRefusal::Money(_) => "invalid_amount",
        }
    }
}
