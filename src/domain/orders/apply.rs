//! How an order takes its events in, and what must hold of every order.

use super::{
    CustomerContact, Order, OrderEvent, OrderRefund, OrderRefundState, OrderStatus, PaymentMethod,
    Placed, ShippingAddress, timeline,
};
use crate::domain::{
    aggregate::Aggregate,
    ids::{OrderId, RefundId},
    money::{Money, MoneyRefusal},
    time::Stamp,
};

impl Aggregate for Order {
    const KIND: &'static str = "order";
    type Id = OrderId;
    type Event = OrderEvent;

    fn apply(&mut self, event: &OrderEvent, stamp: &Stamp) {
        let newly_refunded = self.newly_refunded(event);
        timeline::add(&mut self.timeline, event, newly_refunded, stamp);
        self.updated_at = stamp.at;
        match event.clone() {
            OrderEvent::OrderPlaced(placed) => {
                self.placed_at = stamp.at;
                self.take_in(*placed);
            }
            OrderEvent::PaymentChosen { charge } => {
                // An order that may be paid by hand still may, should the card be declined.
                if !self.method.is_by_hand() {
                    self.method = PaymentMethod::Card;
                }
                (self.charge, self.placing) = (Some(charge), false);
            }
            OrderEvent::PaymentAwaited { .. } => self.placing = false,
            OrderEvent::OrderAuthorised { hold_until, .. } => {
                (self.authorised, self.placing) = (true, false);
                self.hold_until = hold_until;
            }
            OrderEvent::OrderPaid { captured, .. } => {
                self.status = OrderStatus::Paid;
                self.captured = captured;
                (self.placing, self.settled) = (false, true);
            }
            OrderEvent::OrderCancelled { reason, decline_code, shortages } => {
                self.status = OrderStatus::Cancelled;
                self.cancel_reason = Some(reason);
                (self.decline_code, self.shortages) = (decline_code, shortages);
                (self.placing, self.settled) = (false, false);
            }
            OrderEvent::OrderSettled { captured, refunded } => {
                (self.captured, self.refunded) = (captured, refunded);
                self.settled = true;
            }
            OrderEvent::OrderShipped { tracking_number, carrier } => {
                self.status = OrderStatus::Shipped;
                (self.tracking_number, self.carrier) = (tracking_number, carrier);
                self.placing = false;
            }
            OrderEvent::OrderDelivered => self.status = OrderStatus::Delivered,
            OrderEvent::RefundDecided { refund, amount, lines, restock, reason } => {
                let (state, decided_at) = (OrderRefundState::Decided, stamp.at);
                let record = OrderRefund { amount, lines, restock, reason, state, decided_at };
                self.refunds.insert(refund, record);
            }
            OrderEvent::OrderRefunded { refund, amount, .. } => {
                self.set_refund(refund, OrderRefundState::Done);
                // Settling a cancelled order took over all that the payment gave back: this too.
                if !(self.status == OrderStatus::Cancelled && self.settled) {
                    self.refunded = self.refunded.plus(amount).unwrap_or(self.refunded);
                }
            }
            OrderEvent::RefundRefused { refund, code } => {
                self.take_back(refund);
                self.set_refund(refund, OrderRefundState::Refused { code });
            }
            OrderEvent::DisputeNoted(news) => {
                self.disputes.insert(news.dispute, news.known);
            }
            OrderEvent::CustomerErased => {
                self.erased = true;
                self.customer = CustomerContact::default();
                self.shipping_address = ShippingAddress::default();
            }
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        if !self.exists() {
            return Ok(());
        }
        self.quote.check()?;
        if (self.status == OrderStatus::Cancelled) != self.cancel_reason.is_some() {
            return Err("a cancelled order says why, and no other does");
        }
        let bought = |(id, units): (_, &u32)| {
            self.quote.line(id).is_some_and(|line| *units <= line.quantity.units())
        };
        if !self.units_refunded().iter().all(|(id, units)| bought((*id, units))) {
            return Err("never more units are refunded than were bought");
        }
        match self.sums_hold() {
            Ok(true) => Ok(()),
            Ok(false) => Err("refunded never exceeds captured, nor captured the total"),
            Err(_) => Err("an order is in one currency"),
        }
    }
}

impl Order {
    fn take_in(&mut self, placed: Placed) {
        let nothing = Money::zero(placed.quote.currency);
        *self = Order {
            id: placed.id,
            number: placed.number,
            customer: placed.customer,
            quote: placed.quote,
            shipping_address_id: placed.shipping_address_id,
            shipping_address: placed.shipping_address,
            from_cart: placed.from_cart,
            payment: Some(placed.payment),
            method: placed.method,
            placing: placed.charge.is_some(),
            charge: placed.charge,
            hold_until: placed.hold_until,
            timeline: std::mem::take(&mut self.timeline),
            captured: nothing,
            refunded: nothing,
            placed_at: self.placed_at,
            updated_at: self.updated_at,
            request: placed.request,
            ..Order::default()
        };
    }

    /// What settling finds to have gone back beyond what was known.
    fn newly_refunded(&self, event: &OrderEvent) -> Option<Money> {
        let OrderEvent::OrderSettled { refunded, .. } = event else { return None };
        let more = refunded.minus(self.refunded).ok()?;
        (!more.is_zero() && !more.is_negative()).then_some(more)
    }

    /// A refund that was done did not arrive: it has not gone back after all.
    fn take_back(&mut self, refund: RefundId) {
        let done = self.refunds.get(&refund).filter(|known| known.state == OrderRefundState::Done);
        if let Some(known) = done {
            self.refunded = self.refunded.minus(known.amount).unwrap_or(self.refunded);
        }
    }

    fn set_refund(&mut self, refund: RefundId, state: OrderRefundState) {
        if let Some(refund) = self.refunds.get_mut(&refund) {
            refund.state = state;
        }
    }

    fn sums_hold(&self) -> Result<bool, MoneyRefusal> {
        let back = self.refunded_or_decided()?;
        Ok(!self.captured.exceeds(self.quote.total)?
            && !self.refunded.exceeds(self.captured)?
            && !back.exceeds(self.captured)?)
    }
}
