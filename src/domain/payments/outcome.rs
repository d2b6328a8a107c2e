//! What a payment gateway can answer, and what it is asked by.
//!
//! Pure shapes: the gateways translate their wire into these, the payment records them.
//! Invariant: a doubt is called a doubt ([`GatewayOutcome::Unknown`]), never a refusal.

use serde::{Deserialize, Serialize};

use crate::domain::{
    ids::{OrderId, RefundId},
    money::Money,
    time::Timestamp,
};

/// What became of a charge, as far as the gateway said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayOutcome {
    /// The money is ours.
    Captured {
        /// The gateway's name for the charge.
        gateway_id: String,
        /// How much was taken.
        amount: Money,
    },
    /// The money is set aside and can be captured.
    Authorised {
        /// The gateway's name for the charge.
        gateway_id: String,
        /// Until when it can be captured, if the gateway says so.
        until: Option<Timestamp>,
    },
    /// The customer has to do something first.
    NeedsAction {
        /// The gateway's name for the charge.
        gateway_id: String,
        /// What has to be done.
        next_action: NextAction,
    },
    /// The gateway is at work and will know later.
    Processing {
        /// The gateway's name for the charge.
        gateway_id: String,
    },
    /// Definitely refused: nothing was taken and nothing will be.
    Declined {
        /// The gateway's name for the charge, if it made one.
        gateway_id: Option<String>,
        /// Why, as `insufficient_funds`.
        code: String,
        /// Why, in words for a shopper.
        message: String,
    },
    /// Definitely taken back before any money moved.
    Voided,
    /// Nobody knows: a time-out, a reset, an answer that makes no sense.
    Unknown {
        /// The gateway's name for the charge, if that much is known.
        gateway_id: Option<String>,
    },
}

/// What the customer must do before a payment can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// The kind of action, as `redirect_to_url`.
    pub kind: String,
    /// Where to send the customer.
    pub url: Option<String>,
    /// What a client library needs to go on.
    pub client_secret: Option<String>,
}

/// What became of a refund, as far as the gateway said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOutcome {
    /// The money is on its way back.
    Succeeded {
        /// The gateway's name for the refund.
        gateway_ref: String,
    },
    /// Definitely refused: nothing went back and nothing will.
    Failed {
        /// Why, as `charge_disputed`.
        code: String,
    },
    /// Nobody knows yet.
    Unknown,
}

/// Whether a charge takes the money at once or only sets it aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// Takes the money at once.
    #[default]
    Automatic,
    /// Sets the money aside; it is captured when the goods leave.
    Manual,
}

/// One kind of call to a gateway; part of its idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayStep {
    /// Takes or sets aside the money.
    Charge,
    /// Takes what was set aside.
    Capture,
    /// Gives up a charge before any money moved.
    Void,
    /// Gives money back.
    Refund(RefundId),
}

/// The idempotency key of a call: the same order, step and attempt always give the same key.
pub fn gateway_key(order: OrderId, step: GatewayStep, attempt: u32) -> String {
    match step {
        GatewayStep::Charge => format!("{order}:charge:{attempt}"),
        GatewayStep::Capture => format!("{order}:capture:{attempt}"),
        GatewayStep::Void => format!("{order}:void:{attempt}"),
        GatewayStep::Refund(refund) => format!("{order}:refund:{refund}:{attempt}"),
    }
}
