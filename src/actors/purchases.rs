//! Purchases: placing, paying, cancelling, shipping and refunding orders, each to its end.
//!
//! Everything here runs as a task of its own, so that a client that hangs up stops nothing, and
//! one at a time for each order. What a crash interrupts is found in the index of unfinished
//! orders and driven on, at the start and every minute.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use actix::ArbiterHandle;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, oneshot};

use crate::{
    domain::{
        aggregate::Aggregate,
        ids::{OrderId, UserId},
        orders::{CancelReason, Cancellation, Order, OrderRefusal, OrderStatus, Placed},
        payments::PaymentRefusal,
        pricing::Quote,
        time::Who,
    },
    store::{self, RequestKey, keys},
    traceparent,
};

/// How a customer's action ended, for who asks here and knows no gateway.
pub use crate::gateways::ActionResult;

pub use super::placing::{PaymentTerms, Wanted, WantedItem};
pub use sweep::Sweep;

mod by_hand;
mod card_testing;
mod coming_back;
mod refunds;
mod sweep;

use coming_back::CameBack;

use super::{
    Intent, Rejection,
    checkout::{Drive, Driven},
    declines::{DeclineFigures, Declines},
    desks::Desks,
    orders::{ChangeOrder, GetOrder, OrderChange, PlaceOrder},
    placing::{priced, quoted},
    refunding::{drive_refund, note_what_came_back},
};

/// Where purchases are asked. Clones share it.
#[derive(Clone)]
pub struct Purchases {
    inner: Arc<Inner>,
    from: Option<IpAddr>,
}

pub(super) struct Inner {
    pub(super) desks: Arc<Desks>,
    arbiter: ArbiterHandle,
    terms: PaymentTerms,
    declines: Declines,
    turns: Mutex<HashMap<OrderId, Weak<Turn<()>>>>,
    stuck: Mutex<BTreeSet<OrderId>>,
    came_back: CameBack,
}

impl Purchases {
    /// Purchases over these desks, on these terms; tasks run on this arbiter.
    pub fn new(desks: Arc<Desks>, arbiter: ArbiterHandle, terms: PaymentTerms) -> Purchases {
        let (turns, stuck) = (Mutex::default(), Mutex::default());
        let declines = Declines::new(terms.declines, desks.clock.clone());
        let came_back = CameBack::default();
        let inner = Inner { desks, arbiter, terms, declines, turns, stuck, came_back };
        Purchases { inner: Arc::new(inner), from: None }
    }

    /// The same, asked from this client address.
    #[must_use]
    pub fn asked_from(&self, address: IpAddr) -> Purchases {
        Purchases { inner: Arc::clone(&self.inner), from: Some(address) }
    }

    /// What was counted of refused charges since the start.
    pub fn declines(&self) -> DeclineFigures {
        self.inner.declines.figures()
    }

    /// What the things in somebody's cart cost now, to the cent, if they were ordered.
    ///
    /// # Errors
    /// An empty cart, or something in it that is not for sale.
    pub fn quoted(&self, user: UserId) -> Result<Quote, Rejection> {
        quoted(&self.inner.desks, user)
    }

    /// Places an order and drives it as far as it goes.
    ///
    /// # Errors
    /// What is wrong with the wish itself. That stock, cart or card said no is told by the order.
    pub async fn place(&self, wanted: Wanted) -> Result<Driven, Rejection> {
        if wanted.token.is_some() {
            self.inner.desks.charging.available()?;
        }
        // Priced here, on the asker's thread: the owners' thread only decides.
        let (from, who, key) = (self.from, Who::Customer(wanted.user), wanted.key.clone());
        if let Some(token) = &wanted.token {
            self.inner.must_not_test_cards(from, Some(wanted.user), token).await?;
        }
        let placed = priced(&self.inner.desks, &self.inner.terms, wanted)?;
        self.on_its_own(move |inner| async move { inner.place(placed, from, who, key).await }).await
    }

    /// Drives an order on from wherever it stands; nothing happens to one that has ended.
    ///
    /// # Errors
    /// An unknown order; busy or fault.
    pub async fn drive(&self, order: OrderId, who: Who) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move { inner.drive(order, who).await }).await
    }

    /// Pays a PENDING order with another card. A charge that only waits for the customer is given
    /// up first; should it have been faster, it is the one that pays.
    ///
    /// # Errors
    /// The order is not waiting to be paid, or another attempt has not ended yet.
    pub async fn pay(
        &self,
        order: OrderId,
        token: String,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        let from = self.from;
        self.on_its_own(move |inner| async move { inner.pay(order, token, from, intent).await })
            .await
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

    /// Runs as a task of its own: whoever asked may hang up.
    pub(super) async fn on_its_own<T, F>(
        &self,
        task: impl FnOnce(Arc<Inner>) -> F,
    ) -> Result<T, Rejection>
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
        from: Option<IpAddr>,
        who: Who,
        key: Option<RequestKey>,
    ) -> Result<Driven, Rejection> {
        let order = placed.id;
        let _turn = self.turn(order).await;
        let intent = self.desks.intent(who, None).under(key);
        let place = PlaceOrder { placed: Box::new(placed) };
        let (placed, ticket) = self.desks.orders.step(place, intent).await;
        let driven = Drive::begun(&self.desks, who, placed?, ticket).through().await;
        self.count_declines(order, from, &driven).await;
        self.watch(order, driven)
    }

    async fn drive(&self, order: OrderId, who: Who) -> Result<Driven, Rejection> {
        let turn = self.turn(order).await;
        self.drive_in(turn, order, who).await
    }

    pub(super) async fn drive_in(
        &self,
        turn: OwnedMutexGuard<()>,
        order: OrderId,
        who: Who,
    ) -> Result<Driven, Rejection> {
        self.drive_from(None, turn, order, who).await
    }

    async fn drive_from(
        &self,
        from: Option<IpAddr>,
        _turn: OwnedMutexGuard<()>,
        order: OrderId,
        who: Who,
    ) -> Result<Driven, Rejection> {
        let driven = self.drive_all(order, who).await;
        self.count_declines(order, from, &driven).await;
        self.watch(order, driven)
    }

    /// Refunds that staff decided first, and those that came back: what a cancel gives back is what
    /// they leave.
    async fn drive_all(&self, order: OrderId, who: Who) -> Result<Driven, Rejection> {
        let desks = &*self.desks;
        let found = desks.orders.ask(GetOrder { order }, desks.intent(who, None)).await?;
        let mut found = note_what_came_back(desks, found, who).await?;
        while let Some(refund) = found.open_refund() {
            found = drive_refund(desks, found, refund, who).await?;
            if found.open_refund() == Some(refund) {
                break;
            }
        }
        Drive::observed(desks, who, order).await?.through().await
    }

    /// What could not go on now is looked at again in the next sweep.
    fn watch(
        &self,
        order: OrderId,
        driven: Result<Driven, Rejection>,
    ) -> Result<Driven, Rejection> {
        let is_stuck = matches!(
            driven,
            Err(Rejection::Busy | Rejection::Late | Rejection::Unwritable | Rejection::Fault)
        );
        if is_stuck {
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
        from: Option<IpAddr>,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        self.desks.charging.available()?;
        let who = intent.stamp.who;
        let turn = self.turn(order).await;
        let found = self.desks.reader.get::<Order>(order)?.state;
        let payment = self.desks.charging.look_up(found.payment.unwrap_or_default()).await?;
        payment.may_turn_to_another()?;
        if !self.desks.charging.knows(&token) {
            return Err(PaymentRefusal::UnknownMethod.into());
        }
        self.must_not_test_cards(from, found.customer.user, &token).await?;
        let change = OrderChange::ChoosePayment { token, capture: self.terms.capture };
        self.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
        self.drive_from(from, turn, order, who).await
    }

    /// Waits until nobody else drives this order.
    pub(super) async fn turn(&self, order: OrderId) -> OwnedMutexGuard<()> {
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
/// Beyond this many remembered turns, those nobody waits for are forgotten.
const TURNS_KEPT: usize = 4096;
/// Orders remembered for the next sweep because they could not go on.
const STUCK_ORDERS_MAX: usize = 10_000;
/// The latest orders of a person that are looked at when their account goes.
const GIVEN_UP_ORDERS_MAX: usize = 1000;
