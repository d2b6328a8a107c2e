//! Why the rules of a cart say no.

use crate::domain::ids::{OrderId, VariantId};

use super::LINE_UNITS_MAX;

/// Why a cart refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// The cart belongs to somebody else.
    #[error("no such cart")]
    UnknownCart,
    /// The variant is not in the cart.
    #[error("this is not in the cart")]
    NotInCart,
    /// The cart has no room for another line.
    #[error("the cart is full")]
    TooManyLines,
    /// More units than a line may have.
    #[error("at most {LINE_UNITS_MAX} of one item fit in a cart")]
    TooManyUnits,
    /// More units than there are.
    #[error("only {available} left")]
    InsufficientStock {
        /// What there is.
        available: u32,
        /// The variant.
        variant: VariantId,
    },
    /// Another order is buying this cart.
    #[error("another order is buying this cart")]
    InCheckout {
        /// That order.
        order: OrderId,
    },
    /// The cart is not what was priced any more.
    #[error("the cart has changed meanwhile")]
    Changed,
    /// There is nothing to buy.
    #[error("the cart is empty")]
    Empty,
    /// The order has not claimed the cart.
    #[error("this order is not buying this cart")]
    NotClaimed,
}

impl CartRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            CartRefusal::UnknownCart => "unknown_cart",
            CartRefusal::NotInCart => "not_in_cart",
            CartRefusal::TooManyLines => "too_many_lines",
            CartRefusal::TooManyUnits => "too_many_units",
            CartRefusal::InsufficientStock { .. } => "insufficient_stock",
            CartRefusal::InCheckout { .. } => "cart_in_checkout",
            CartRefusal::Changed => "cart_changed",
            CartRefusal::Empty => "cart_empty",
            CartRefusal::NotClaimed => "cart_not_claimed",
        }
    }
}
