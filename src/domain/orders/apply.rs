//! How an order takes its events in, and what must hold of every order.

use super::{
    CustomerContact, Filing, Order, OrderEvent, OrderRefund, OrderRefundState, OrderStatus,
    PaymentMethod, Placed, Receipt, Returned, ShippingAddress, TimelineKind, timeline,
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
        match Filing::after(event) {
            // Nothing happened to the order; it was only put away.
            Some(filing) => self.filing = filing,
            None => self.happen(event, stamp),
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
    fn happen(&mut self, event: &OrderEvent, stamp: &Stamp) {
        let settled = self.found_by_settling(event);
        timeline::add(&mut self.timeline, event, settled, stamp);
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
            OrderEvent::ChargeDeclined { attempt, .. } => {
                // What was set aside is not any more, if it ever was.
                (self.charge_ended, self.placing) = (attempt, false);
                self.authorised = false;
            }
            OrderEvent::ReceiptNoted { reference } => self.receive(reference, stamp),
            OrderEvent::ReceiptReturned { reference } => self.hand_back(reference),
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
            OrderEvent::OrderRefunded { refund, amount, .. } => self.give_back(refund, amount),
            OrderEvent::RefundRefused { refund, code } => {
                self.take_back(refund);
                self.set_refund(refund, OrderRefundState::Refused { code });
            }
            OrderEvent::RefundRevived { refund } => {
                self.set_refund(refund, OrderRefundState::Decided);
            }
            OrderEvent::ReturnFailed { refunded, .. } => {
                (self.refunded, self.settled) = (refunded, false);
            }
            OrderEvent::DisputeNoted(news) => {
                self.disputes.insert(news.dispute, news.known);
            }
            OrderEvent::CustomerErased => self.forget_customer(),
            OrderEvent::ReturnsEnded | OrderEvent::OrderFiled => {}
        }
    }

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

    fn receive(&mut self, reference: Option<String>, stamp: &Stamp) {
        self.receipt = Some(Receipt { reference, noted_at: stamp.at, returned: None });
        (self.placing, self.settled) = (false, false);
    }

    fn hand_back(&mut self, reference: Option<String>) {
        if let Some(receipt) = &mut self.receipt {
            receipt.returned = Some(Returned { reference });
        }
    }

    /// What settling finds beyond what was known: money that went back, or that came.
    fn found_by_settling(&self, event: &OrderEvent) -> Option<TimelineKind> {
        let OrderEvent::OrderSettled { captured, refunded } = event else { return None };
        let more = |now: &Money, known: Money| {
            let more = now.minus(known).ok()?;
            (!more.is_zero() && !more.is_negative()).then_some(more)
        };
        let back = more(refunded, self.refunded).map(|amount| TimelineKind::Refunded { amount });
        let left_unpaid = matches!(self.status, OrderStatus::Shipped | OrderStatus::Delivered);
        let taken = more(captured, self.captured).filter(|_| left_unpaid);
        back.or(taken.map(|amount| TimelineKind::Paid { amount }))
    }

    fn forget_customer(&mut self) {
        self.erased = true;
        self.customer = CustomerContact::default();
        self.shipping_address = ShippingAddress::default();
    }

    fn give_back(&mut self, refund: RefundId, amount: Money) {
        self.set_refund(refund, OrderRefundState::Done);
        // Settling a cancelled order took over all that the payment gave back: this too.
        if !(self.status == OrderStatus::Cancelled && self.settled) {
            self.refunded = self.refunded.plus(amount).unwrap_or(self.refunded);
        }
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
