//! What an order, its payment, its cart and its holds say about a checkout, so that it can be taken
//! up after a crash. Whoever can read them observes; this file only says what it means.

use super::{Asked, ClaimFact, Facts, HoldFact, PayBy, PaymentFact, Step, Waiting, next};
use crate::domain::{
    carts::Cart,
    ids::OrderId,
    inventory::{Hold, HoldState},
    orders::{Order, OrderStatus},
    payments::{PayState, Payment},
    time::Timestamp,
};

impl Facts {
    /// The facts as they stand at `now`, with nothing remembered.
    pub fn observe(
        order: &Order,
        payment: &Payment,
        claim: ClaimFact,
        hold: HoldFact,
        now: Timestamp,
    ) -> Facts {
        Facts {
            status: order.status,
            settled: order.settled && knows_what_was_taken(order, payment),
            placing: order.placing,
            authorised: order.authorised,
            capturing: payment.capturing,
            pay_by: pay_by(order, payment),
            charge_wanted: order.charges() > payment.attempt,
            decline_unnoted: payment.attempt == order.charges()
                && order.charges() > order.charge_ended,
            receipt: order.receipt.is_some() && !payment.by_hand,
            expired: now >= order.hold_until,
            claim: if order.from_cart.is_none() { ClaimFact::NoCart } else { claim },
            hold,
            payment: payment_fact(payment),
            asked: Asked::default(),
            obstacle: None,
        }
    }
}

/// What an order waits for, as it stands: nothing if it has ended, or if something is being done
/// about it at this moment. Cart and goods are taken to be as they are when nothing is being done.
pub fn waiting_for(order: &Order, payment: &Payment, now: Timestamp) -> Option<Waiting> {
    if order.open_refund().is_some() {
        let by_staff = payment.by_hand;
        return Some(if by_staff { Waiting::RefundByHand } else { Waiting::RefundInDoubt });
    }
    if order.is_paid_twice(payment) {
        return Some(Waiting::RefundByHand);
    }
    let (claim, hold) = match order.status {
        OrderStatus::Pending => (ClaimFact::Consumed, HoldFact::Held),
        OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
            (ClaimFact::Consumed, HoldFact::Committed)
        }
        OrderStatus::Cancelled => (ClaimFact::Unclaimed, HoldFact::Released),
    };
    let asked = Asked { about_charge: true, to_void: true, to_capture: true, to_refund: true };
    let facts = Facts { asked, ..Facts::observe(order, payment, claim, hold, now) };
    if let Step::Wait(waiting) = next(&facts) { Some(waiting) } else { None }
}

impl ClaimFact {
    /// What a cart says of an order's claim.
    pub fn of(cart: &Cart, order: OrderId) -> ClaimFact {
        if cart.consumed_by.contains(&order) {
            ClaimFact::Consumed
        } else if cart.claimed_by() == Some(order) {
            ClaimFact::Claimed
        } else {
            ClaimFact::Unclaimed
        }
    }
}

impl HoldFact {
    /// What a hold says. Of a cancelled order so many units are to come back: those that were
    /// refunded without coming back are not among them.
    pub fn of(hold: &Hold, to_come_back: Option<u32>) -> HoldFact {
        match hold.state {
            HoldState::Committed if to_come_back.is_some_and(|units| hold.returned >= units) => {
                HoldFact::Returned
            }
            HoldState::Unplaced => HoldFact::None,
            HoldState::Held => HoldFact::Held,
            HoldState::Committed => HoldFact::Committed,
            HoldState::Released => HoldFact::Released,
            HoldState::Returned => HoldFact::Returned,
        }
    }
}

/// Money may come late, when an order is settled already.
fn knows_what_was_taken(order: &Order, payment: &Payment) -> bool {
    payment.state != PayState::Captured || order.captured == payment.captured
}

fn pay_by(order: &Order, payment: &Payment) -> PayBy {
    if order.quote.total.is_zero() {
        PayBy::Nothing
    } else if payment.by_hand || (!payment.exists() && order.method.is_by_hand()) {
        PayBy::Hand
    } else {
        PayBy::Gateway
    }
}

/// What the payment says, in one word.
pub fn payment_fact(payment: &Payment) -> PaymentFact {
    match payment.state {
        PayState::Waiting => PaymentFact::None,
        PayState::Attempting => PaymentFact::Unknown,
        PayState::NeedsAction { .. } => PaymentFact::NeedsAction,
        PayState::Processing => PaymentFact::Processing,
        PayState::Authorised => PaymentFact::Authorised,
        PayState::Declined { .. } => PaymentFact::Declined,
        PayState::Voided => PaymentFact::Voided,
        PayState::Captured if payment.has_refund_in_flight() => PaymentFact::Refunding,
        PayState::Captured if payment.left_to_refund().is_ok_and(|left| left.is_zero()) => {
            PaymentFact::Refunded
        }
        PayState::Captured if payment.rest_was_refused() => PaymentFact::RefundFailed,
        PayState::Captured if payment.captured != payment.amount => PaymentFact::Short,
        PayState::Captured => PaymentFact::Captured,
    }
}
