//! Orders: what somebody bought, at what price, and how far it came.
//!
//! Invariant: the status moves only along the table of the wire contract, and the quote never
//! changes after placing. An order that is not settled still has something to be done or undone;
//! it stays in the list of unfinished ones. Knows neither stock nor gateways.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ids::{AddressId, CartId, OrderId, PaymentId, RefundId, UserId, VariantId},
    money::Money,
    payments::{Capture, Charge, Disputes},
    pricing::Quote,
    time::Timestamp,
};

mod apply;
mod by_hand;
mod disputes;
pub mod events;
mod filing;
pub mod refunding;
mod status;
pub mod timeline;

pub use by_hand::{Receipt, Returned};
pub use events::{OrderEvent, OrderRefusal, Placed};
pub use filing::Filing;
pub use refunding::{OrderRefund, OrderRefundState, RefundWish, RefundedLine, Restock};
pub use status::{CancelReason, OrderStatus, PaymentMethod};
pub use timeline::{Awaited, Entry, TimelineKind};

/// One order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The order.
    pub id: OrderId,
    /// Its number, running through the shop from 1; 0 before it is placed.
    pub number: u64,
    /// Who ordered.
    pub customer: CustomerContact,
    /// Where it stands.
    pub status: OrderStatus,
    /// What it costs, as it was when it was placed.
    pub quote: Quote,
    /// The entry of the address book it is sent to.
    pub shipping_address_id: AddressId,
    /// That address, as it was.
    pub shipping_address: ShippingAddress,
    /// The cart it was made from, and the version of its lines that was priced.
    pub from_cart: Option<(CartId, u64)>,
    /// The payment it is paid by; the payment may not have begun.
    pub payment: Option<PaymentId>,
    /// How it is paid.
    pub method: PaymentMethod,
    /// The last charge that was asked for; the payment's attempt of this number answers it.
    pub charge: Option<Charge>,
    /// The number of the last charge that is known to have ended without money.
    pub charge_ended: u32,
    /// That the money came by hand or by bank, as staff noted.
    pub receipt: Option<Receipt>,
    /// Whether the first answer is still owed: a decline now cancels the order.
    pub placing: bool,
    /// Whether the money is set aside.
    pub authorised: bool,
    /// Until when goods are held for it while it is unpaid.
    pub hold_until: Timestamp,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
    /// What was not there, if that is why.
    pub shortages: Vec<Shortage>,
    /// Why the payment was refused, if that is why.
    pub decline_code: Option<String>,
    /// The parcel's number.
    pub tracking_number: Option<String>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// What happened, when and by whom.
    pub timeline: Vec<Entry>,
    /// Whether nothing is left to do or undo, refunds by staff apart.
    pub settled: bool,
    /// What was taken for it.
    pub captured: Money,
    /// What has gone back.
    pub refunded: Money,
    /// Refunds decided by staff.
    pub refunds: BTreeMap<RefundId, OrderRefund>,
    /// What its cardholder disputes, by the gateway's name for each dispute.
    pub disputes: Disputes,
    /// Whether the customer was forgotten.
    pub erased: bool,
    /// How far it has been put away.
    pub filing: Filing,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// The idempotency scope of the request that placed it.
    pub request: Option<[u8; 32]>,
}

/// Who ordered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerContact {
    /// The account, if there is one.
    pub user: Option<UserId>,
    /// Where mail about the order goes.
    pub email: String,
}

/// Where an order is sent: the order's own copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingAddress {
    /// Who receives it.
    pub full_name: String,
    /// A number to call.
    pub phone: String,
    /// Street and house.
    pub street: String,
    /// City.
    pub city: String,
    /// State, province or region.
    pub state: String,
    /// Country.
    pub country: String,
    /// Postal code.
    pub postal_code: String,
}

/// A variant of which less was there than was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The variant.
    pub variant: VariantId,
    /// Units that were available.
    pub available: u32,
}

/// A cancellation, with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// Why.
    pub reason: CancelReason,
    /// Why the payment was refused, if that is the reason.
    pub decline_code: Option<String>,
    /// What was not there, if that is the reason.
    pub shortages: Vec<Shortage>,
}

impl Cancellation {
    /// A cancellation that says nothing but why.
    pub fn because(reason: CancelReason) -> Cancellation {
        Cancellation { reason, decline_code: None, shortages: Vec::new() }
    }
}

/// Refuses when the customer expects to pay another amount than it costs.
pub fn agree_on_amount(expected: Money, given: Option<Money>) -> Result<(), OrderRefusal> {
    match given {
        Some(given) if given != expected => Err(OrderRefusal::AmountMismatch { expected, given }),
        _ => Ok(()),
    }
}

impl Order {
    /// Whether it was placed.
    pub fn exists(&self) -> bool {
        self.number > 0
    }

    /// Whether it has anything left to do or undo: it stays in the list of unfinished orders.
    pub fn is_unfinished(&self) -> bool {
        self.exists() && (!self.settled || self.open_refund().is_some())
    }

    /// When an unfinished order is to be looked at: at once, unless it only waits for its money
    /// and nothing is on its way. So a crash at any step is found by the next look.
    pub fn due_at(&self) -> Timestamp {
        let waits = self.status == OrderStatus::Pending
            && !self.placing
            && !self.awaits_charge()
            && self.receipt.is_none()
            && self.open_refund().is_none();
        if waits { self.hold_until } else { Timestamp::default() }
    }

    /// Whether a charge was asked for of which the order does not know how it ended.
    pub fn awaits_charge(&self) -> bool {
        !self.authorised && self.charges() > self.charge_ended
    }

    /// Places it. Placing the same again changes nothing.
    pub fn place(&self, placed: Placed) -> Result<Vec<OrderEvent>, OrderRefusal> {
        if self.exists() {
            let same = self.id == placed.id && self.quote == placed.quote;
            return if same { Ok(vec![]) } else { Err(OrderRefusal::PlacedOtherwise) };
        }
        if placed.quote.lines.is_empty() || placed.number == 0 {
            return Err(OrderRefusal::EmptyOrder);
        }
        if placed.quote.lines.len() > LINES_MAX {
            return Err(OrderRefusal::TooManyLines);
        }
        Ok(vec![OrderEvent::OrderPlaced(Box::new(placed))])
    }

    /// The customer pays a waiting order by card. Whether the payment's last attempt has ended is
    /// for the payment to say; this only keeps the wish, so that a crash cannot lose it.
    pub fn choose_payment(
        &self,
        token: String,
        capture: Capture,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        if self.status != OrderStatus::Pending || self.authorised || self.receipt.is_some() {
            return Err(OrderRefusal::NotPending);
        }
        let number = self.charges().saturating_add(1);
        if number > CHARGES_MAX {
            return Err(OrderRefusal::TooManyAttempts);
        }
        Ok(vec![OrderEvent::PaymentChosen { charge: Charge { number, token, capture } }])
    }

    /// Notes that the customer was told that the order waits, for them or for the gateway; from
    /// here on a decline leaves it pending. Safe to ask twice.
    pub fn await_payment(&self, awaited: Awaited) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        let waits = self.status == OrderStatus::Pending && self.placing;
        Ok(if waits { vec![OrderEvent::PaymentAwaited { awaited }] } else { vec![] })
    }

    /// Notes that a charge was refused and the order waits for another; `attempt` is its number.
    /// Safe to ask twice.
    pub fn note_decline(
        &self,
        attempt: u32,
        code: Option<String>,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        let is_news = self.status == OrderStatus::Pending
            && attempt == self.charges()
            && attempt > self.charge_ended;
        Ok(if is_news { vec![OrderEvent::ChargeDeclined { attempt, code }] } else { vec![] })
    }

    /// Notes that the money is set aside; the goods stay held as long as it is.
    pub fn mark_authorised(
        &self,
        payment: PaymentId,
        hold_until: Timestamp,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.own_payment(payment)?;
        match self.status {
            OrderStatus::Pending if self.authorised => Ok(vec![]),
            OrderStatus::Pending => Ok(vec![OrderEvent::OrderAuthorised { payment, hold_until }]),
            OrderStatus::Paid
            | OrderStatus::Shipped
            | OrderStatus::Delivered
            | OrderStatus::Cancelled => Err(OrderRefusal::NotPending),
        }
    }

    /// The last step of a purchase: stock and cart are done, the order is paid and settled.
    pub fn mark_paid(
        &self,
        payment: PaymentId,
        captured: Money,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.own_payment(payment)?;
        match self.status {
            OrderStatus::Paid => Ok(vec![]),
            OrderStatus::Pending if captured != self.quote.total => {
                Err(OrderRefusal::AmountMismatch { expected: self.quote.total, given: captured })
            }
            OrderStatus::Pending => Ok(vec![OrderEvent::OrderPaid { payment, captured }]),
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Cancelled => {
                Err(self.illegal(OrderStatus::Paid))
            }
        }
    }

    /// Cancels it: the first step of undoing whatever was done. Cancelled already: nothing changes.
    /// Money that staff hold came in time, also if it was noted while somebody looked at the time.
    pub fn cancel(&self, why: &Cancellation) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        let is_received = self.receipt.is_some() && why.reason == CancelReason::Expired;
        match self.status {
            OrderStatus::Cancelled => Ok(vec![]),
            OrderStatus::Pending if is_received => Err(self.illegal(OrderStatus::Cancelled)),
            OrderStatus::Pending | OrderStatus::Paid => Ok(vec![OrderEvent::OrderCancelled {
                reason: why.reason,
                decline_code: why.decline_code.clone(),
                shortages: why.shortages.iter().take(LINES_MAX).copied().collect(),
            }]),
            OrderStatus::Shipped | OrderStatus::Delivered => {
                Err(self.illegal(OrderStatus::Cancelled))
            }
        }
    }

    /// Nothing is left to do or undo; takes over what the payment says was taken and went back.
    /// Asking again with the same sums changes nothing.
    pub fn settle(
        &self,
        captured: Money,
        refunded: Money,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        if refunded.exceeds(captured)? || captured.exceeds(self.quote.total)? {
            return Err(OrderRefusal::AmountMismatch {
                expected: self.quote.total,
                given: captured,
            });
        }
        let known = self.settled && self.captured == captured && self.refunded == refunded;
        Ok(if known { vec![] } else { vec![OrderEvent::OrderSettled { captured, refunded }] })
    }

    /// Sends it, unless all of it was refunded. Unpaid, only when the money is set aside or is
    /// collected on delivery.
    pub fn ship(
        &self,
        tracking_number: Option<String>,
        carrier: Option<String>,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        let may_leave = match self.status {
            OrderStatus::Shipped => return Ok(vec![]),
            OrderStatus::Paid => true,
            OrderStatus::Pending => self.authorised || self.method == PaymentMethod::CashOnDelivery,
            OrderStatus::Delivered | OrderStatus::Cancelled => false,
        };
        if !may_leave {
            return Err(self.illegal(OrderStatus::Shipped));
        }
        if self.units_left().is_empty() {
            return Err(OrderRefusal::NothingToShip);
        }
        Ok(vec![OrderEvent::OrderShipped { tracking_number, carrier }])
    }

    /// Whether something of it is still to leave the house: its money is here and did not all go
    /// back, or is set aside, or is paid at the door. What was refunded as a whole may be sent all
    /// the same, but nobody waits for it.
    pub fn is_to_ship(&self) -> bool {
        let is_ready = match self.status {
            OrderStatus::Pending => self.authorised || self.method == PaymentMethod::CashOnDelivery,
            OrderStatus::Paid => !self.is_wholly_refunded(),
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Cancelled => false,
        };
        is_ready && !self.units_left().is_empty()
    }

    /// Forgets who ordered and where they live; the order itself stays. Safe to ask twice.
    pub fn erase_customer(&self) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        Ok(if self.erased { vec![] } else { vec![OrderEvent::CustomerErased] })
    }

    /// The number of the last charge that was asked for; 0 if none was.
    pub fn charges(&self) -> u32 {
        self.charge.as_ref().map_or(0, |charge| charge.number)
    }

    /// The refusal of a change that the status table does not have.
    pub fn illegal(&self, to: OrderStatus) -> OrderRefusal {
        OrderRefusal::IllegalTransition { from: self.status, to }
    }

    fn existing(&self) -> Result<(), OrderRefusal> {
        if self.exists() { Ok(()) } else { Err(OrderRefusal::UnknownOrder) }
    }

    fn own_payment(&self, payment: PaymentId) -> Result<(), OrderRefusal> {
        self.existing()?;
        if self.payment == Some(payment) { Ok(()) } else { Err(OrderRefusal::OtherPayment) }
    }
}

/// Most lines of one order; a cart has no more.
pub const LINES_MAX: usize = 200;
/// Most charges that may be asked for to pay one order.
pub const CHARGES_MAX: u32 = 50;

#[cfg(test)]
mod tests;
