//! What staff do about the money of an order: they record cash and bank transfers, and take what
//! is set aside.
//!
//! Invariant: the note that the money came is durable in the order before the payment takes it in,
//! so that money somebody holds is never forgotten, not even by a cancel.

use serde::{Deserialize, Serialize};

use crate::domain::{
    ids::{Identity, OrderId, RefundId},
    money::Money,
    payments::Payment,
    time::Timestamp,
};

use super::{Order, OrderEvent, OrderRefusal, OrderStatus, PaymentMethod};

/// That money came by hand or by bank.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// How to find it again, as the bank's reference; the timeline says who noted it.
    pub reference: Option<String>,
    /// When it was noted.
    pub noted_at: Timestamp,
    /// That staff gave it back, because a card had paid as well.
    pub returned: Option<Returned>,
}

/// That money which came by hand went back by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// How to find it again, as the bank's reference.
    pub reference: Option<String>,
}

impl Receipt {
    /// Under which name it goes back, should a card have paid as well.
    pub fn refund_of(order: OrderId) -> RefundId {
        RefundId::from_bytes(order.bytes())
    }
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

    /// Whether it was paid twice, and what came by hand is still to go back: a card was faster than
    /// the receipt that staff noted. Once the card's money has gone back instead, the other pays
    /// for what is left of the order.
    pub fn is_paid_twice(&self, payment: &Payment) -> bool {
        let is_held = self.receipt.as_ref().is_some_and(|receipt| receipt.returned.is_none());
        if !is_held || payment.by_hand || payment.captured.is_zero() {
            return false;
        }
        let buys_nothing = self.status == OrderStatus::Cancelled || self.units_left().is_empty();
        buys_nothing || payment.left_to_refund().is_ok_and(|left| !left.is_zero())
    }

    /// Staff gave back what came by hand, because a card had taken `charged` as well. Noting the
    /// same again changes nothing.
    pub fn return_receipt(
        &self,
        charged: Money,
        reference: Option<String>,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        let receipt = self.receipt.as_ref().ok_or(OrderRefusal::UnknownRefund)?;
        match &receipt.returned {
            Some(returned) if returned.reference == reference => Ok(vec![]),
            Some(_) => Err(OrderRefusal::RefundedAlready),
            None if charged.is_zero() => Err(OrderRefusal::UnknownRefund),
            None => Ok(vec![OrderEvent::ReceiptReturned { reference }]),
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
