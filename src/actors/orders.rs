//! The orders actor: owner of every order and of the order book, asked by checkout and staff.
//!
//! Rules live in [`crate::domain::orders`]; the steps of a purchase are driven by
//! [`super::checkout`].

use std::sync::Arc;

use crate::{
    domain::{
        aggregate::Aggregate,
        ids::{OrderId, PaymentId, RefundId, ShopId, UserId},
        money::Money,
        order_book::OrderBook,
        orders::{
            Awaited, CancelReason, Cancellation, Order, OrderEvent, OrderRefusal, OrderStatus,
            Placed, RefundWish,
        },
        payments::{Capture, DisputeNews, RefundOutcome},
        time::Timestamp,
        users::UserRefusal,
    },
    store::{Versioned, keys},
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Places an order under the next number. Safe to send twice.
#[derive(Debug)]
pub struct PlaceOrder {
    /// The order; its number is given here.
    pub placed: Box<Placed>,
}

/// What is asked of one order.
#[derive(Clone, Debug)]
pub enum OrderChange {
    /// Another attempt to pay is to be made.
    ChoosePayment {
        /// With what.
        token: String,
        /// Whether the money is taken at once.
        capture: Capture,
    },
    /// The first attempt waits for somebody.
    AwaitPayment(Awaited),
    /// The money is set aside.
    MarkAuthorised {
        /// By this payment.
        payment: PaymentId,
        /// How long.
        hold_until: Timestamp,
    },
    /// The money is here.
    MarkPaid {
        /// By this payment.
        payment: PaymentId,
        /// How much.
        captured: Money,
    },
    /// Turn back.
    Cancel(Cancellation),
    /// Everything is done or undone.
    Settle {
        /// What was taken in all.
        captured: Money,
        /// What went back in all.
        refunded: Money,
    },
    /// It left the house.
    Ship {
        /// How to follow it.
        tracking_number: Option<String>,
        /// Who brings it.
        carrier: Option<String>,
    },
    /// It arrived.
    Deliver {
        /// What its payment has taken.
        captured: Money,
    },
    /// A charge was refused, and the order waits for another.
    NoteDecline {
        /// The number of the charge.
        attempt: u32,
        /// Why.
        code: Option<String>,
    },
    /// Staff has the money of an order that is paid by hand.
    NoteReceipt {
        /// How to find it again.
        reference: Option<String>,
    },
    /// Staff gave back what came by hand, because a card had paid as well.
    ReturnReceipt {
        /// What the card's charge took.
        charged: Money,
        /// How to find it again.
        reference: Option<String>,
    },
    /// Part of the money is to go back.
    DecideRefund {
        /// The refund to be.
        refund: RefundId,
        /// How much, for what.
        wish: RefundWish,
    },
    /// How a refund ended.
    NoteRefund {
        /// Which.
        refund: RefundId,
        /// How.
        outcome: RefundOutcome,
    },
    /// A refused refund counts as decided once more.
    ReviveRefund {
        /// Which.
        refund: RefundId,
    },
    /// What went back after the cancellation came back.
    FailReturn {
        /// What has gone back all the same.
        refunded: Money,
        /// Why.
        code: String,
    },
    /// What the gateway told of a dispute.
    NoteDispute(DisputeNews),
}

/// Asks one thing of one order. Safe to send twice.
#[derive(Debug)]
pub struct ChangeOrder {
    /// Which.
    pub order: OrderId,
    /// What.
    pub change: OrderChange,
}

/// Shows an order as decided so far, for a process that goes on.
#[derive(Debug)]
pub struct GetOrder {
    /// Which.
    pub order: OrderId,
}

/// Takes a person out of all their orders. Refused while paid ones wait to be shipped.
/// Safe to send twice; answers how many orders were left for another time.
#[derive(Debug)]
pub struct EraseCustomer {
    /// Whom.
    pub user: UserId,
}

impl Request for PlaceOrder {
    type Value = Arc<Order>;
}
impl Request for ChangeOrder {
    type Value = Arc<Order>;
}
impl Request for GetOrder {
    type Value = Arc<Order>;
}
impl Request for EraseCustomer {
    type Value = usize;
}

impl OrderChange {
    /// The refund that is to be decided, if that is what is asked.
    fn refund_decided(&self) -> Option<RefundId> {
        if let OrderChange::DecideRefund { refund, .. } = self { Some(*refund) } else { None }
    }
}

/// The only writer of orders.
pub struct Orders;

impl Owner for Orders {
    const NAME: &'static str = "orders";
}

impl Answers<PlaceOrder> for Orders {
    fn answer(&mut self, msg: PlaceOrder, work: &mut Work<'_>) -> Result<Arc<Order>, Rejection> {
        let mut placed = *msg.placed;
        let id = placed.id;
        let order = work.get::<Order>(id)?;
        if !order.exists() {
            let (number, given) = work.get::<OrderBook>(ShopId::default())?.give(id);
            work.change::<OrderBook>(ShopId::default(), given)?;
            placed.number = number;
        }
        work.made(Order::KIND, &id);
        let events = order.place(placed)?;
        work.change::<Order>(id, events)
    }
}

impl Answers<ChangeOrder> for Orders {
    fn answer(&mut self, msg: ChangeOrder, work: &mut Work<'_>) -> Result<Arc<Order>, Rejection> {
        let Versioned { version, state: order } = work.versioned::<Order>(msg.order)?;
        work.must_be_seen(version)?;
        let refund = msg.change.refund_decided();
        let events = decide(&order, msg.change)?;
        if let Some(scope) = order.request.filter(|_| came_to_nothing(&events)) {
            // Nothing came of the request: the same key may try again.
            work.forget_key(scope);
        }
        match refund {
            Some(refund) => made_refund(work, msg.order, refund),
            None => work.made(Order::KIND, &msg.order),
        }
        work.change::<Order>(msg.order, events)
    }
}

impl Answers<GetOrder> for Orders {
    fn answer(&mut self, msg: GetOrder, work: &mut Work<'_>) -> Result<Arc<Order>, Rejection> {
        let Versioned { version, state } = work.versioned::<Order>(msg.order)?;
        work.must_be_seen(version)?;
        Ok(state)
    }
}

impl Answers<EraseCustomer> for Orders {
    fn answer(&mut self, msg: EraseCustomer, work: &mut Work<'_>) -> Result<usize, Rejection> {
        let open = work.listed::<OrderId>(&keys::open_orders_of(msg.user), ERASED_ORDERS_MAX)?;
        for id in open {
            let order = work.get::<Order>(id)?;
            if waits_for_goods(&order) {
                return Err(UserRefusal::OpenOrders.into());
            }
        }
        // A purchase under way may still be paid: it needs somebody to be sent to.
        let named = work.listed::<OrderId>(&keys::orders_of(msg.user), ERASED_ORDERS_MAX)?;
        for id in &named {
            let order = work.get::<Order>(*id)?;
            if order.status == OrderStatus::Pending || waits_for_goods(&order) {
                return Err(UserRefusal::OpenOrders.into());
            }
            let events = order.erase_customer()?;
            work.change::<Order>(*id, events)?;
        }
        Ok(named.len())
    }
}

/// What a client is shown again who asked for a refund: the order, by how this refund ended.
pub(super) fn made_refund(work: &mut Work<'_>, order: OrderId, refund: RefundId) {
    work.made(REFUND, &format!("{order}/{refund}"));
}

fn decide(order: &Order, change: OrderChange) -> Result<Vec<OrderEvent>, OrderRefusal> {
    match change {
        OrderChange::ChoosePayment { token, capture } => order.choose_payment(token, capture),
        OrderChange::AwaitPayment(awaited) => order.await_payment(awaited),
        OrderChange::MarkAuthorised { payment, hold_until } => {
            order.mark_authorised(payment, hold_until)
        }
        OrderChange::MarkPaid { payment, captured } => order.mark_paid(payment, captured),
        OrderChange::Cancel(why) => order.cancel(&why),
        OrderChange::Settle { captured, refunded } => order.settle(captured, refunded),
        OrderChange::Ship { tracking_number, carrier } => order.ship(tracking_number, carrier),
        OrderChange::Deliver { captured } => order.deliver(captured),
        OrderChange::NoteDecline { attempt, code } => order.note_decline(attempt, code),
        OrderChange::NoteReceipt { reference } => order.note_receipt(reference),
        OrderChange::ReturnReceipt { charged, reference } => {
            order.return_receipt(charged, reference)
        }
        OrderChange::DecideRefund { refund, wish } => order.decide_refund(refund, &wish),
        OrderChange::NoteRefund { refund, outcome } => order.record_refund(refund, &outcome),
        OrderChange::ReviveRefund { refund } => order.revive_refund(refund),
        OrderChange::FailReturn { refunded, code } => order.fail_return(refunded, code),
        OrderChange::NoteDispute(news) => order.note_dispute(&news),
    }
}

/// Whether goods are still to be sent, or may be if a refund is refused after all.
fn waits_for_goods(order: &Order) -> bool {
    order.is_to_ship() || order.status == OrderStatus::Paid && order.open_refund().is_some()
}

fn came_to_nothing(events: &[OrderEvent]) -> bool {
    events.iter().any(|event| {
        matches!(
            event,
            OrderEvent::OrderCancelled {
                reason: CancelReason::OutOfStock | CancelReason::CartInCheckout,
                ..
            }
        )
    })
}

/// The kind of what a request made that is about a refund; its id is `<order>/<refund>`.
const REFUND: &str = "refund";
/// Orders a person is taken out of in one commit.
const ERASED_ORDERS_MAX: usize = 500;
