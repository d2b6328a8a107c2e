//! What staff do about the money of an order: they record cash and bank transfers, and take what
//! is set aside.
//!
//! Invariant: the note that the money came is durable in the order before the payment takes it in,
//! so that money somebody holds is never forgotten, not even by a cancel.

use serde::{Deserialize, Serialize};

use crate::domain::money::Money;

use super::{Order, OrderEvent, OrderRefusal, OrderStatus, PaymentMethod};

/// That money came by hand or by bank.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// How to find it again, as the bank's reference; the timeline says who noted it and when.
    pub reference: Option<String>,
}

impl Order {
    /// Staff note that the money of an order that is paid by hand has come. Noting it again
    /// changes nothing, and neither does noting it of an order that is paid.
    pub fn note_receipt(&self, reference: Option<String>) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        match self.status {
            OrderStatus::Paid => Ok(vec![]),
            OrderStatus::Pending if self.receipt.is_some() => Ok(vec![]),
            OrderStatus::Pending if self.method.is_by_hand() && !self.authorised => {
                Ok(vec![OrderEvent::ReceiptNoted { reference }])
            }
            OrderStatus::Pending
            | OrderStatus::Shipped
            | OrderStatus::Delivered
            | OrderStatus::Cancelled => Err(self.illegal(OrderStatus::Paid)),
        }
    }

    /// Whether the money that is set aside may be taken now, before the goods leave. Of an order
    /// that is paid nothing is left to take.
    pub fn has_to_be_captured(&self) -> Result<bool, OrderRefusal> {
        self.existing()?;
        match self.status {
            OrderStatus::Paid => Ok(false),
            OrderStatus::Pending if self.authorised => Ok(true),
            OrderStatus::Pending
            | OrderStatus::Shipped
            | OrderStatus::Delivered
            | OrderStatus::Cancelled => Err(self.illegal(OrderStatus::Paid)),
        }
    }

    /// Notes that it arrived. What is paid in cash on delivery is paid by that, unless its payment
    /// has taken `captured` already. Safe to ask twice.
    pub fn deliver(&self, captured: Money) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        match self.status {
            OrderStatus::Delivered => Ok(vec![]),
            OrderStatus::Shipped if self.collects_cash(captured) => {
                let reference = None;
                Ok(vec![OrderEvent::OrderDelivered, OrderEvent::ReceiptNoted { reference }])
            }
            OrderStatus::Shipped => Ok(vec![OrderEvent::OrderDelivered]),
            OrderStatus::Pending | OrderStatus::Paid | OrderStatus::Cancelled => {
                Err(self.illegal(OrderStatus::Delivered))
            }
        }
    }

    /// Whether the money is still to be collected where the goods are handed over.
    fn collects_cash(&self, captured: Money) -> bool {
        self.method == PaymentMethod::CashOnDelivery
            && !self.authorised
            && self.receipt.is_none()
            && captured.is_zero()
            && !self.quote.total.is_zero()
    }
}
