//! Purchases: placing, paying, cancelling, shipping and refunding orders, each to its end.
//!
//! Everything here runs as a task of its own, so that a client that hangs up stops nothing, and
//! one at a time for each order. What a crash interrupts is found in the index of unfinished
//! orders and driven on, at the start and every minute.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use actix::ArbiterHandle;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, oneshot};

use crate::{
    domain::{
        aggregate::Aggregate,
        ids::{OrderId, RefundId, UserId},
        orders::{
            CancelReason, Cancellation, Order, OrderRefusal, OrderStatus, Placed, RefundWish,
        },
        payments::{Capture, DisputeNews, PaymentRefusal},
        time::{Timestamp, Who},
    },
    store::{self, RequestKey, StoreFault, keys},
    traceparent,
};

/// How a customer's action ended, for who asks here and knows no gateway.
pub use crate::gateways::ActionResult;

pub use super::placing::{Wanted, WantedItem};

use super::{
    Intent, Rejection,
    checkout::{Drive, Driven},
    desks::Desks,
    orders::{ChangeOrder, GetOrder, OrderChange, PlaceOrder},
    placing::priced,
    refunding::drive_refund,
};

/// Which unfinished orders are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Those that are due, or were left in doubt.
    Due,
    /// All, after a start: a crash may have left any of them halfway.
    All,
}

/// Where purchases are asked. Clones share it.
#[derive(Clone)]
pub struct Purchases {
    inner: Arc<Inner>,
}

struct Inner {
    desks: Arc<Desks>,
    arbiter: ArbiterHandle,
    hold_minutes: u32,
    turns: Mutex<HashMap<OrderId, Weak<Turn<()>>>>,
    stuck: Mutex<BTreeSet<OrderId>>,
}

impl Purchases {
    /// Purchases over these desks; tasks run on this arbiter; holds last so many minutes.
    pub fn new(desks: Arc<Desks>, arbiter: ArbiterHandle, hold_minutes: u32) -> Purchases {
        let (turns, stuck) = (Mutex::default(), Mutex::default());
        Purchases { inner: Arc::new(Inner { desks, arbiter, hold_minutes, turns, stuck }) }
    }

    /// Places an order and drives it as far as it goes.
    ///
    /// # Errors
    /// What is wrong with the wish itself. That stock, cart or card said no is told by the order.
    pub async fn place(&self, wanted: Wanted) -> Result<Driven, Rejection> {
        // Priced here, on the asker's thread: the owners' thread only decides.
        let (who, key) = (Who::Customer(wanted.user), wanted.key.clone());
        let placed = priced(&self.inner.desks, self.inner.hold_minutes, wanted)?;
        self.on_its_own(move |inner| async move { inner.place(placed, who, key).await }).await
    }

    /// Drives an order on from wherever it stands; nothing happens to one that has ended.
    ///
    /// # Errors
    /// An unknown order; busy or fault.
    pub async fn drive(&self, order: OrderId, who: Who) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move { inner.drive(order, who).await }).await
    }

    /// Pays a PENDING order with another card.
    ///
    /// # Errors
    /// The order is not waiting to be paid, or another attempt has not ended yet.
    pub async fn pay(
        &self,
        order: OrderId,
        token: String,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move { inner.pay(order, token, intent).await }).await
    }

    /// The customer's part is done, well or not (the demo's 3-D Secure page).
    ///
    /// # Errors
    /// An unknown order; busy or fault.
    pub async fn complete_action(
        &self,
        order: OrderId,
        result: ActionResult,
        who: Who,
    ) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move {
            let turn = inner.turn(order).await;
            let found = inner.desks.reader.get::<Order>(order)?.state;
            let payment = found.payment.ok_or(OrderRefusal::UnknownOrder)?;
            inner.desks.charging.complete_action(payment, result).await?;
            inner.drive_in(turn, order, who).await
        })
        .await
    }

    /// Cancels an order: decided at once, whatever else is under way, then driven back.
    ///
    /// # Errors
    /// The order has left the house.
    pub async fn cancel(
        &self,
        order: OrderId,
        reason: CancelReason,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        let change = OrderChange::Cancel(Cancellation::because(reason));
        self.change(order, change, intent).await
    }

    /// Cancels what somebody has not paid yet, before their account goes.
    ///
    /// # Errors
    /// Busy or fault; what was cancelled stays so.
    pub async fn give_up_pending(&self, user: UserId, who: Who) -> Result<(), Rejection> {
        let Desks { reader, .. } = &*self.inner.desks;
        let latest = store::Order::Descending;
        for (key, _) in reader.rows(&keys::orders_of(user), None, latest, GIVEN_UP_ORDERS_MAX)? {
            let Some(order) = key.last_id::<OrderId>() else { continue };
            if reader.get::<Order>(order)?.state.status == OrderStatus::Pending {
                let intent = self.inner.desks.intent(who, None);
                self.cancel(order, CancelReason::Customer, intent).await?;
            }
        }
        Ok(())
    }

    /// Changes an order's status by staff and does what follows from it.
    ///
    /// # Errors
    /// The table of the wire contract says no.
    pub async fn change(
        &self,
        order: OrderId,
        change: OrderChange,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move {
            let who = intent.stamp.who;
            if matches!(change, OrderChange::Ship { .. }) {
                // Nothing leaves the house before its goods are held.
                inner.drive(order, who).await?;
            }
            inner.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
            inner.drive(order, who).await
        })
        .await
    }

    /// Staff has received the money of an order that is paid by hand.
    ///
    /// # Errors
    /// The order is not paid by hand, or not waiting for it.
    pub async fn receive(&self, order: OrderId, intent: Intent) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move {
            let who = intent.stamp.who;
            let turn = inner.turn(order).await;
            let expect = ChangeOrder { order, change: OrderChange::ExpectReceipt };
            let asked = inner.desks.intent(who, None);
            let found = inner.desks.orders.ask(expect, asked).await?;
            if let Some(payment) = found.payment {
                let total = found.quote.total;
                inner.desks.charging.receive(payment, order, total, intent).await?;
            }
            inner.drive_in(turn, order, who).await
        })
        .await
    }

    /// Refunds part or all of an order: decided, then driven to its end.
    ///
    /// # Errors
    /// More than is left, or an unknown line.
    pub async fn refund(
        &self,
        order: OrderId,
        refund: RefundId,
        wish: RefundWish,
        intent: Intent,
    ) -> Result<Arc<Order>, Rejection> {
        self.on_its_own(move |inner| async move {
            let who = intent.stamp.who;
            let _turn = inner.turn(order).await;
            let change = OrderChange::DecideRefund { refund, wish };
            let decided = inner.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
            drive_refund(&inner.desks, decided, refund, who).await
        })
        .await
    }

    /// Records what the gateway told of a dispute about an order, in its payment and in the order.
    /// Safe to send twice, in any order, and again after a crash between the two.
    ///
    /// # Errors
    /// The order was not paid through a gateway; busy or fault.
    pub async fn record_dispute(
        &self,
        order: OrderId,
        news: DisputeNews,
    ) -> Result<Arc<Order>, Rejection> {
        self.on_its_own(move |inner| async move {
            let desks = &inner.desks;
            let intent = || desks.intent(Who::Shop, None);
            let found = desks.orders.ask(GetOrder { order }, intent()).await?;
            let payment = found.payment.ok_or(OrderRefusal::UnknownOrder)?;
            desks.charging.record_dispute(payment, news.clone()).await?;
            let change = OrderChange::NoteDispute(news);
            desks.orders.ask(ChangeOrder { order, change }, intent()).await
        })
        .await
    }

    /// Drives every unfinished order on that is due, or all of them, as at the start; answers how
    /// many were looked at.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sweep(&self, which: Sweep) -> Result<usize, StoreFault> {
        let Inner { desks, stuck, .. } = &*self.inner;
        let due = match which {
            Sweep::Due => desks.clock.now(),
            Sweep::All => Timestamp::from_millis(i64::MAX - 1),
        };
        let due = keys::unfinished_until(due);
        let list =
            |prefix| desks.reader.rows(&prefix, None, store::Order::Ascending, SWEPT_ORDERS_MAX);
        let waiting = list(keys::unfinished_orders())?;
        let in_time = waiting.into_iter().take_while(|(key, _)| *key < due);
        let rows = in_time.chain(list(keys::unfinished_payments())?);
        let mut orders: BTreeSet<OrderId> = rows.filter_map(|(key, _)| key.last_id()).collect();
        orders.append(&mut stuck.lock().unwrap_or_else(PoisonError::into_inner));
        for order in &orders {
            if let Err(error) = self.drive(*order, Who::Shop).await {
                tracing::warn!(order.id = %order, %error, "an unfinished order could not go on");
            }
        }
        Ok(orders.len())
    }

    /// Runs as a task of its own: whoever asked may hang up.
    async fn on_its_own<T, F>(&self, task: impl FnOnce(Arc<Inner>) -> F) -> Result<T, Rejection>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Rejection>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        // Whoever is called outside hears for which request.
        let running = traceparent::within(traceparent::current(), task(Arc::clone(&self.inner)));
        let started = self.inner.arbiter.spawn(async move {
            // Nobody may be listening any more; what was done stands.
            let _ = answer.send(running.await);
        });
        if !started {
            return Err(Rejection::Busy);
        }
        answered.await.unwrap_or(Err(Rejection::Fault))
    }
}

impl Inner {
    async fn place(
        &self,
        placed: Placed,
        who: Who,
        key: Option<RequestKey>,
    ) -> Result<Driven, Rejection> {
        let order = placed.id;
        let _turn = self.turn(order).await;
        let intent = self.desks.intent(who, None).under(key);
        let place = PlaceOrder { placed: Box::new(placed) };
        let (placed, ticket) = self.desks.orders.step(place, intent).await;
        let driven = Drive::begun(&self.desks, who, placed?, ticket).through().await;
        self.watch(order, driven)
    }

    async fn drive(&self, order: OrderId, who: Who) -> Result<Driven, Rejection> {
        let turn = self.turn(order).await;
        self.drive_in(turn, order, who).await
    }

    async fn drive_in(
        &self,
        _turn: OwnedMutexGuard<()>,
        order: OrderId,
        who: Who,
    ) -> Result<Driven, Rejection> {
        let driven = self.drive_all(order, who).await;
        self.watch(order, driven)
    }

    /// Refunds that staff decided first: what a cancel gives back is what they leave.
    async fn drive_all(&self, order: OrderId, who: Who) -> Result<Driven, Rejection> {
        let desks = &*self.desks;
        let found = desks.orders.ask(GetOrder { order }, desks.intent(who, None)).await?;
        if let Some(refund) = found.open_refund() {
            drive_refund(desks, found, refund, who).await?;
        }
        Drive::observed(desks, who, order).await?.through().await
    }

    /// What could not go on now is looked at again in the next sweep.
    fn watch(
        &self,
        order: OrderId,
        driven: Result<Driven, Rejection>,
    ) -> Result<Driven, Rejection> {
        if matches!(driven, Err(Rejection::Busy | Rejection::Unwritable | Rejection::Fault)) {
            let mut stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
            if stuck.len() < STUCK_ORDERS_MAX {
                stuck.insert(order);
            }
        }
        driven
    }

    async fn pay(
        &self,
        order: OrderId,
        token: String,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        let who = intent.stamp.who;
        let turn = self.turn(order).await;
        let found = self.desks.reader.get::<Order>(order)?.state;
        let payment = self.desks.charging.look_up(found.payment.unwrap_or_default()).await?;
        payment.may_try_again()?;
        if !self.desks.charging.knows(&token) {
            return Err(PaymentRefusal::UnknownMethod.into());
        }
        let change = OrderChange::ChoosePayment { token, capture: Capture::Automatic };
        self.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
        self.drive_in(turn, order, who).await
    }

    /// Waits until nobody else drives this order.
    async fn turn(&self, order: OrderId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() > TURNS_KEPT {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            let known = turns.get(&order).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::new(Turn::new(()));
                turns.insert(order, Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

/// The kind of thing a placed order's idempotency key made.
pub const MADE_AN_ORDER: &str = Order::KIND;
/// Orders looked at in one sweep; the rest waits for the next.
const SWEPT_ORDERS_MAX: usize = 10_000;
/// Beyond this many remembered turns, those nobody waits for are forgotten.
const TURNS_KEPT: usize = 4096;
/// Orders remembered for the next sweep because they could not go on.
const STUCK_ORDERS_MAX: usize = 10_000;
/// The latest orders of a person that are looked at when their account goes.
const GIVEN_UP_ORDERS_MAX: usize = 1000;
