//! Records: what a gateway has in its own books, for comparing them with the shop's.
//!
//! Plain shapes that every gateway translates its wire into. Nothing here changes anything.

use crate::domain::{
    ids::{OrderId, PaymentId, RefundId},
    money::Money,
    time::Timestamp,
};

/// One charge or one refund, as the gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRecord {
    /// Whether money comes or goes.
    pub kind: RecordKind,
    /// The gateway's name for it.
    pub gateway_id: String,
    /// The order it is for, if the gateway was told.
    pub order: Option<OrderId>,
    /// The payment it is for, if the gateway was told.
    pub payment: Option<PaymentId>,
    /// Of a charge what was taken, before that what was asked for; of a refund what goes back.
    pub amount: Money,
    /// Of a charge what went back in all, as far as the gateway has counted it; else nothing.
    pub refunded: Money,
    /// How far it came.
    pub state: RecordState,
    /// When the gateway made it.
    pub created_at: Timestamp,
}

/// Whether money comes or goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Money that comes.
    Charge,
    /// Money that goes back.
    Refund {
        /// The gateway's name for the charge it goes back from.
        charge: Option<String>,
        /// The shop's name for the refund, if the gateway was told.
        refund: Option<RefundId>,
    },
}

/// How far a charge or a refund came at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// Not ended: not confirmed, at work, or the customer has to act.
    Open,
    /// The money is set aside.
    Authorised,
    /// The money moved.
    Succeeded,
    /// Definitely refused, or taken back before any money moved.
    Failed,
}

/// A page of the gateway's books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordPage {
    /// What was found; a page in between may be empty.
    pub records: Vec<GatewayRecord>,
    /// What to ask for the next page with; nothing after the last.
    pub next: Option<String>,
}

/// The gateway's books cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gateway's books cannot be read now: {0}")]
pub struct BooksUnreachable(pub String);
