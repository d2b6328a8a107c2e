//! Orders: what can have happened to one, and every way it says no.

use serde::{Deserialize, Serialize};

use super::{
    CancelReason, CustomerContact, OrderStatus, PaymentMethod, RefundedLine, Restock,
    ShippingAddress, Shortage, timeline::Awaited,
};
use crate::domain::{
    ids::{AddressId, CartId, LineId, OrderId, PaymentId, RefundId},
    money::{Money, MoneyRefusal},
    payments::{Charge, DisputeNews},
    pricing::Quote,
    time::Timestamp,
};

/// What can have happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEvent {
    /// It was placed, with everything as it was at that moment.
    OrderPlaced(Box<Placed>),
    /// The customer chose how to pay an order that was waiting to be paid.
    PaymentChosen {
        /// The charge to be tried.
        charge: Charge,
    },
    /// The order waits for the payment; the customer was told.
    PaymentAwaited {
        /// What is waited for.
        awaited: Awaited,
    },
    /// A charge was refused; the order waits for another until it expires.
    ChargeDeclined {
        /// The number of the charge.
        attempt: u32,
        /// Why, as `insufficient_funds`; nothing if it was given up.
        code: Option<String>,
    },
    /// Staff noted that the money came by hand or by bank.
    ReceiptNoted {
        /// How to find it again, as the bank's reference.
        reference: Option<String>,
    },
    /// Staff gave back what came by hand, because a card had paid as well.
    ReceiptReturned {
        /// How to find it again, as the bank's reference.
        reference: Option<String>,
    },
    /// The money is set aside; the goods stay held as long as it is.
    OrderAuthorised {
        /// The payment.
        payment: PaymentId,
        /// Until when.
        hold_until: Timestamp,
    },
    /// It is paid, and everything that belongs to the purchase is done.
    OrderPaid {
        /// The payment.
        payment: PaymentId,
        /// How much was taken.
        captured: Money,
    },
    /// It was cancelled; what it held is still to be undone.
    OrderCancelled {
        /// Why.
        reason: CancelReason,
        /// Why the payment was refused, if that is the reason.
        decline_code: Option<String>,
        /// What was not there, if that is the reason.
        shortages: Vec<Shortage>,
    },
    /// Nothing is left to do or undo.
    OrderSettled {
        /// How much was taken in the end.
        captured: Money,
        /// How much of it has gone back.
        refunded: Money,
    },
    /// It left the house.
    OrderShipped {
        /// The parcel's number.
        tracking_number: Option<String>,
        /// Who carries it.
        carrier: Option<String>,
    },
    /// It arrived.
    OrderDelivered,
    /// A refund was decided; the money is still to be moved.
    RefundDecided {
        /// The refund.
        refund: RefundId,
        /// How much goes back.
        amount: Money,
        /// For which units.
        lines: Vec<RefundedLine>,
        /// Whether those units go back on the shelf.
        restock: Restock,
        /// Why, in the words of who asked.
        reason: Option<String>,
    },
    /// A refund is done: the money is on its way back.
    OrderRefunded {
        /// The refund.
        refund: RefundId,
        /// How much goes back.
        amount: Money,
        /// For which units.
        lines: Vec<RefundedLine>,
        /// Whether those units went back on the shelf.
        restock: Restock,
    },
    /// A refund was definitely refused; its money and units count as not refunded again.
    RefundRefused {
        /// The refund.
        refund: RefundId,
        /// Why.
        code: String,
    },
    /// A refused refund is tried again, or was moved by hand: it counts as decided once more.
    RefundRevived {
        /// The refund.
        refund: RefundId,
    },
    /// What went back after a cancellation came back: it is still to be returned.
    ReturnFailed {
        /// What has gone back all the same.
        refunded: Money,
        /// Why.
        code: String,
    },
    /// The gateway told of a dispute.
    DisputeNoted(DisputeNews),
    /// The customer was forgotten: who they are and where they live.
    CustomerErased,
    /// The time is over in which its units could come back on the shelf.
    ReturnsEnded,
    /// Its holds are forgotten: it is put away.
    OrderFiled,
}

/// Everything an order is placed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The order.
    pub id: OrderId,
    /// Its number, running through the shop from 1.
    pub number: u64,
    /// Who ordered.
    pub customer: CustomerContact,
    /// What it costs, line by line.
    pub quote: Quote,
    /// The entry of the address book it was sent to.
    pub shipping_address_id: AddressId,
    /// That address, as it was.
    pub shipping_address: ShippingAddress,
    /// The cart it was made from, and the version of its lines that was priced.
    pub from_cart: Option<(CartId, u64)>,
    /// The payment it is or will be paid by; named at once, so that a crash cannot lose it.
    pub payment: PaymentId,
    /// How it is paid.
    pub method: PaymentMethod,
    /// The charge to be tried at once.
    pub charge: Option<Charge>,
    /// Until when goods are held for it.
    pub hold_until: Timestamp,
    /// The idempotency scope of the request that placed it.
    pub request: Option<[u8; 32]>,
}

/// Why an order says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// The status table does not lead there.
    #[error("an order that is {} cannot become {}", from.word(), to.word())]
    IllegalTransition {
        /// What it is.
        from: OrderStatus,
        /// What it should become.
        to: OrderStatus,
    },
    /// There is no such order.
    #[error("there is no such order")]
    UnknownOrder,
    /// The same id, with other content.
    #[error("this order was placed with other content")]
    PlacedOtherwise,
    /// The customer expects to pay another amount.
    #[error("this order costs {expected}, not {given}")]
    AmountMismatch {
        /// What it costs.
        expected: Money,
        /// What the customer expects.
        given: Money,
    },
    /// Nothing to order.
    #[error("there is nothing to order")]
    EmptyOrder,
    /// More lines than one order can have.
    #[error("an order has at most {} lines", super::LINES_MAX)]
    TooManyLines,
    /// Less than the shop delivers for.
    #[error("an order must be of {minimum} at least")]
    BelowMinimum {
        /// What goods must cost at least.
        minimum: Money,
    },
    /// No such address in the customer's address book.
    #[error("there is no such address")]
    UnknownAddress,
    /// The order is not waiting to be paid.
    #[error("this order is not waiting to be paid")]
    NotPending,
    /// Another payment than the order's.
    #[error("this payment belongs to another order")]
    OtherPayment,
    /// Too many attempts to pay.
    #[error("too many payment attempts for one order")]
    TooManyAttempts,
    /// Nothing was paid that could be given back.
    #[error("nothing was paid that could be refunded")]
    NothingToRefund,
    /// More money than is left.
    #[error("only {left} is left to refund")]
    OverRefund {
        /// What can still be refunded.
        left: Money,
    },
    /// No such line.
    #[error("the order has no such line")]
    UnknownLine,
    /// More units than were bought and not refunded yet.
    #[error("only {left} of these are left to refund")]
    TooManyUnits {
        /// The line.
        line: LineId,
        /// Units of it that can still be refunded.
        left: u32,
    },
    /// The same refund, with other content.
    #[error("this refund was decided with other content")]
    RefundedOtherwise,
    /// No such refund.
    #[error("there is no such refund")]
    UnknownRefund,
    /// The money has gone back already.
    #[error("this refund has gone back already")]
    RefundedAlready,
    /// Goods are to go back on the shelf, and nobody says which.
    #[error("say which items go back on the shelf")]
    RestockWithoutItems,
    /// All that was ordered was refunded.
    #[error("everything in this order was refunded; there is nothing to ship")]
    NothingToShip,
    /// Too many refunds of one order.
    #[error("too many refunds of one order")]
    TooManyRefunds,
    /// Too many disputes of one order.
    #[error("too many disputes of one order")]
    TooManyDisputes,
    /// Its units were sold too long ago to go back on the shelf by a refund.
    #[error("the time is over in which units of this order could come back")]
    ReturnsEnded,
    /// A sum that cannot be calculated.
    #[error(transparent)]
    Money(#[from] MoneyRefusal),
}

impl OrderRefusal {
    /// The stable code of the wire contract.
    pub fn code(&self) -> &'static str {
        match self {
            OrderRefusal::IllegalTransition { .. } => "illegal_transition",
            OrderRefusal::UnknownOrder => "unknown_order",
            OrderRefusal::PlacedOtherwise => "placed_otherwise",
            OrderRefusal::AmountMismatch { .. } => "amount_mismatch",
            OrderRefusal::EmptyOrder => "empty_order",
            OrderRefusal::TooManyLines => "too_many_lines",
            OrderRefusal::BelowMinimum { .. } => "below_minimum_order",
            OrderRefusal::UnknownAddress => "unknown_address",
            OrderRefusal::NotPending => "not_pending",
            OrderRefusal::OtherPayment => "other_payment",
            OrderRefusal::TooManyAttempts => "too_many_attempts",
            OrderRefusal::NothingToRefund => "nothing_to_refund",
            OrderRefusal::OverRefund { .. } => "over_refund",
            OrderRefusal::UnknownLine => "unknown_line",
            OrderRefusal::TooManyUnits { .. } => "too_many_units",
            OrderRefusal::RefundedOtherwise => "refunded_otherwise",
            OrderRefusal::UnknownRefund => "unknown_refund",
            OrderRefusal::RefundedAlready => "refunded_already",
            OrderRefusal::RestockWithoutItems => "restock_without_items",
            OrderRefusal::NothingToShip => "nothing_to_ship",
            OrderRefusal::TooManyRefunds => "too_many_refunds",
            OrderRefusal::TooManyDisputes => "too_many_disputes",
            OrderRefusal::ReturnsEnded => "returns_ended",
            OrderRefusal::Money(_) => "invalid_amount",
        }
    }
}
