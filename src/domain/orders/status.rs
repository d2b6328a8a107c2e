//! The words an order's state is told in, and no others.

use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed, not paid.
    #[default]
    Pending,
    /// Paid, still in the house.
    Paid,
    /// On its way.
    Shipped,
    /// Arrived.
    Delivered,
    /// Over, without a purchase.
    Cancelled,
}

impl OrderStatus {
    /// The word of the wire contract, as `PENDING`.
    pub fn name(self) -> &'static str {
        match self {
            OrderStatus::Pending => "PENDING",
            OrderStatus::Paid => "PAID",
            OrderStatus::Shipped => "SHIPPED",
            OrderStatus::Delivered => "DELIVERED",
            OrderStatus::Cancelled => "CANCELLED",
        }
    }

    /// The word for a shopper, as `pending`.
    pub fn word(self) -> &'static str {
        match self {
            OrderStatus::Pending => "pending",
            OrderStatus::Paid => "paid",
            OrderStatus::Shipped => "shipped",
            OrderStatus::Delivered => "delivered",
            OrderStatus::Cancelled => "cancelled",
        }
    }

    /// The status of this name, as `PENDING`.
    pub fn named(name: &str) -> Option<OrderStatus> {
        OrderStatus::ALL.into_iter().find(|status| status.name() == name)
    }

    /// All of them, in the order of an order's life.
    pub const ALL: [OrderStatus; 5] = [
        OrderStatus::Pending,
        OrderStatus::Paid,
        OrderStatus::Shipped,
        OrderStatus::Delivered,
        OrderStatus::Cancelled,
    ];

    /// Those of orders whose goods may still have to leave the house.
    pub const BEFORE_SHIPPED: [OrderStatus; 2] = [OrderStatus::Pending, OrderStatus::Paid];
}

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// Its customer wished so.
    Customer,
    /// Staff decided so.
    Staff,
    /// It was not paid in time.
    Expired,
    /// Something was not there.
    OutOfStock,
    /// Its cart was being checked out by another order.
    CartInCheckout,
    /// The payment was refused.
    PaymentDeclined,
}

impl CancelReason {
    /// The word of the wire contract, as `out_of_stock`.
    pub fn name(self) -> &'static str {
        match self {
            CancelReason::Customer => "customer",
            CancelReason::Staff => "staff",
            CancelReason::Expired => "expired",
            CancelReason::OutOfStock => "out_of_stock",
            CancelReason::CartInCheckout => "cart_in_checkout",
            CancelReason::PaymentDeclined => "payment_declined",
        }
    }
}

/// How an order is paid.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// Not chosen yet.
    #[default]
    None,
    /// By card, through the payment gateway.
    Card,
    /// In cash, when it is handed over.
    CashOnDelivery,
    /// By bank transfer; staff record the receipt.
    BankTransfer,
}

impl PaymentMethod {
    /// Whether staff record the receipt, without a gateway.
    pub fn is_by_hand(self) -> bool {
        match self {
            PaymentMethod::CashOnDelivery | PaymentMethod::BankTransfer => true,
            PaymentMethod::None | PaymentMethod::Card => false,
        }
    }

    /// The word of the wire contract, as `bank_transfer`.
    pub fn name(self) -> &'static str {
        match self {
            PaymentMethod::None => "none",
            PaymentMethod::Card => "card",
            PaymentMethod::CashOnDelivery => "cash_on_delivery",
            PaymentMethod::BankTransfer => "bank_transfer",
        }
    }

    /// The words for a shopper, as `bank transfers`.
    pub fn word(self) -> &'static str {
        match self {
            PaymentMethod::None => "orders without a payment",
            PaymentMethod::Card => "cards",
            PaymentMethod::CashOnDelivery => "cash on delivery",
            PaymentMethod::BankTransfer => "bank transfers",
        }
    }

    /// The method of this name, as `bank_transfer`.
    pub fn named(name: &str) -> Option<PaymentMethod> {
        PaymentMethod::ALL.into_iter().find(|method| method.name() == name)
    }

    /// All of them.
    pub const ALL: [PaymentMethod; 4] = [
        PaymentMethod::None,
        PaymentMethod::Card,
        PaymentMethod::CashOnDelivery,
        PaymentMethod::BankTransfer,
    ];
}
