//! Purchases: placing, paying, cancelling, shipping and refunding orders, each to its end.
//!
//! Everything here runs as a task of its own, so that a client that hangs up stops nothing, and
//! one at a time for each order. What a crash interrupts is found in the index of unfinished
//! orders and driven on, at the start and every minute.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use actix::ArbiterHandle;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, oneshot};

use crate::{
    domain::{
        aggregate::Aggregate,
        carts::Cart,
        catalogue::{CatalogueRefusal, Product},
        checkout::refund::{RefundFacts, RefundStep, next_of_refund},
        ids::{
            AddressId, CartId, LineId, OrderId, PaymentId, ProductId, RefundId, ShopId, UserId,
            VariantId,
        },
        inventory::HoldState,
        money::Money,
        orders::{
            CancelReason, Cancellation, CustomerContact, Order, OrderRefusal, PaymentMethod,
            Placed, RefundWish, ShippingAddress, agree_on_amount,
        },
        payments::{Capture, Charge, PaymentRefusal, RefundExtent, RefundOutcome, RefundState},
        pricing::{PricedItem, Terms, quote},
        quantity::Quantity,
        settings::Shop,
        time::Who,
        users::{User, UserRefusal},
    },
    store::{self, RequestKey, StoreFault, keys},
};

/// How a customer's action ended, for who asks here and knows no gateway.
pub use crate::gateways::ActionResult;

use super::{
    Intent, Rejection,
    checkout::{Drive, Driven, units_back},
    desks::Desks,
    inventory::{GetHolds, OrderedUnits, ReturnStock},
    orders::{ChangeOrder, OrderChange, PlaceOrder},
};

/// What somebody wants to buy.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who.
    pub user: UserId,
    /// Where to; one of the user's own addresses.
    pub address: AddressId,
    /// What; `None` is what is in the cart.
    pub items: Option<Vec<WantedItem>>,
    /// What the client believes it costs, if it says so.
    pub amount: Option<Money>,
    /// How it is to be paid.
    pub method: PaymentMethod,
    /// With what, if it is to be paid at once.
    pub token: Option<String>,
    /// Under which idempotency key.
    pub key: Option<RequestKey>,
}

/// One thing somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct WantedItem {
    /// Which product.
    pub product: ProductId,
    /// In which variant; needed only if there are several.
    pub variant: Option<VariantId>,
    /// How many.
    pub quantity: Quantity,
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
}

impl Purchases {
    /// Purchases over these desks; tasks run on this arbiter; holds last so many minutes.
    pub fn new(desks: Arc<Desks>, arbiter: ArbiterHandle, hold_minutes: u32) -> Purchases {
        let turns = Mutex::default();
        Purchases { inner: Arc::new(Inner { desks, arbiter, hold_minutes, turns }) }
    }

    /// Places an order and drives it as far as it goes.
    ///
    /// # Errors
    /// What is wrong with the wish itself. That stock, cart or card said no is told by the order.
    pub async fn place(&self, wanted: Wanted) -> Result<Driven, Rejection> {
        self.on_its_own(|inner| async move { inner.place(wanted).await }).await
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
            let found = inner.desks.orders.ask(expect, intent).await?;
            if let Some(payment) = found.payment {
                inner.desks.charging.receive(payment, order, found.quote.total).await?;
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
            let change = OrderChange::DecideRefund { refund, wish };
            let decided = inner.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
            let _turn = inner.turn(order).await;
            inner.drive_refund(decided, refund, who).await
        })
        .await
    }

    /// Drives every unfinished order on that is due; answers how many were looked at.
    pub async fn sweep(&self) -> Result<usize, StoreFault> {
        let desks = &self.inner.desks;
        let due = keys::unfinished_until(desks.clock.now());
        let list =
            |prefix| desks.reader.rows(&prefix, None, store::Order::Ascending, SWEPT_ORDERS_MAX);
        let waiting = list(keys::unfinished_orders())?;
        let in_time = waiting.into_iter().take_while(|(key, _)| *key < due);
        let rows = in_time.chain(list(keys::unfinished_payments())?);
        let mut orders: Vec<OrderId> = rows.filter_map(|(key, _)| key.last_id()).collect();
        orders.sort_unstable();
        orders.dedup();
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
        let running = task(Arc::clone(&self.inner));
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
    async fn place(&self, wanted: Wanted) -> Result<Driven, Rejection> {
        let who = Who::Customer(wanted.user);
        let (key, placed) = (wanted.key.clone(), self.priced(wanted)?);
        let order = placed.id;
        let _turn = self.turn(order).await;
        let intent = self.desks.intent(who, None).under(key);
        let place = PlaceOrder { placed: Box::new(placed) };
        let (placed, ticket) = self.desks.orders.step(place, intent).await;
        Drive::begun(&self.desks, who, placed?, ticket).to_the_end().await
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
        let driven = Drive::observed(&self.desks, who, order).await?.to_the_end().await?;
        let Some(refund) = driven.order.open_refund() else { return Ok(driven) };
        let order = self.drive_refund(Arc::clone(&driven.order), refund, who).await?;
        Ok(Driven { order, ..driven })
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

    /// Prices what is wanted, from the catalogue and the shop's own terms.
    fn priced(&self, wanted: Wanted) -> Result<Placed, Rejection> {
        let Desks { reader, clock, charging, .. } = &*self.desks;
        let user = reader.get::<User>(wanted.user)?.state;
        let address = user.addresses.get(&wanted.address).ok_or(UserRefusal::UnknownAddress)?;
        let (items, from_cart) = match wanted.items {
            Some(items) => (items, None),
            None => self.in_the_cart_of(wanted.user)?,
        };
        let items = self.priced_items(items)?;
        let lines: Vec<LineId> = items.iter().map(|_| clock.new_id()).collect();
        let shop = reader.get::<Shop>(ShopId::default())?.state;
        let terms = Terms {
            currency: shop.currency,
            tax_rate: shop.tax_rate,
            shipping_flat: shop.shipping_flat,
        };
        let quote = quote(&items, &lines, &terms)?;
        agree_on_amount(quote.total, wanted.amount)?;
        if wanted.token.as_ref().is_some_and(|token| !charging.knows(token)) {
            return Err(PaymentRefusal::UnknownMethod.into());
        }
        let capture = Capture::Automatic;
        Ok(Placed {
            id: clock.new_id(),
            number: NUMBER_TO_BE_GIVEN,
            customer: CustomerContact { user: Some(user.id), email: user.email.clone() },
            quote,
            shipping_address_id: address.id,
            shipping_address: copied(&address.fields),
            from_cart,
            payment: clock.new_id::<PaymentId>(),
            method: wanted.method,
            charge: wanted.token.map(|token| Charge { number: 1, token, capture }),
            hold_until: clock.now().plus_minutes(self.hold_minutes_for(wanted.method)),
            request: wanted.key.map(|key| key.scope),
        })
    }

    /// What is in a cart and still in the catalogue, with the cart's version.
    fn in_the_cart_of(
        &self,
        user: UserId,
    ) -> Result<(Vec<WantedItem>, Option<(CartId, u64)>), Rejection> {
        let reader = &self.desks.reader;
        let id = reader.row(&keys::cart_of(user))?.and_then(|value| keys::held_by(&value));
        let Some(id) = id else { return Err(OrderRefusal::EmptyOrder.into()) };
        let cart = reader.get::<Cart>(id)?.state;
        let mut items = Vec::with_capacity(cart.lines.len());
        for line in cart.lines.values() {
            let product = reader.get::<Product>(line.product)?.state;
            let gone = !product.exists() || !product.variants.contains_key(&line.variant);
            let Some(quantity) = Quantity::new(line.quantity).ok().filter(|_| !gone) else {
                continue;
            };
            let (product, variant) = (line.product, Some(line.variant));
            items.push(WantedItem { product, variant, quantity });
        }
        Ok((items, Some((id, cart.version_of_lines))))
    }

    /// Finds name, SKU and price of each item; the same variant named twice is one line.
    fn priced_items(&self, wanted: Vec<WantedItem>) -> Result<Vec<PricedItem>, Rejection> {
        let mut items: Vec<PricedItem> = Vec::with_capacity(wanted.len());
        for item in wanted {
            let product = self.desks.reader.get::<Product>(item.product)?.state;
            let variant = product.pick_variant(item.variant)?;
            if !product.is_active {
                return Err(CatalogueRefusal::ProductInactive.into());
            }
            if let Some(same) = items.iter_mut().find(|other| other.variant == variant) {
                let units = same.quantity.units().saturating_add(item.quantity.units());
                same.quantity = Quantity::new(units).map_err(|_| OrderRefusal::TooManyLines)?;
                continue;
            }
            items.push(PricedItem {
                product: product.id,
                variant,
                sku: product.variants.get(&variant).map(|v| v.sku.clone()).unwrap_or_default(),
                name: product.name.clone(),
                unit_price: product.unit_price(variant),
                quantity: item.quantity,
            });
        }
        if items.is_empty() { Err(OrderRefusal::EmptyOrder.into()) } else { Ok(items) }
    }

    fn hold_minutes_for(&self, method: PaymentMethod) -> u32 {
        if method.is_by_hand() { BY_HAND_HOLD_MINUTES } else { self.hold_minutes }
    }

    async fn drive_refund(
        &self,
        mut order: Arc<Order>,
        refund: RefundId,
        who: Who,
    ) -> Result<Arc<Order>, Rejection> {
        let desks = &*self.desks;
        let payment_id = order.payment.unwrap_or_default();
        let mut payment = desks.charging.look_up(payment_id).await?;
        let mut returned = self.goods_are_back(&order, refund).await?;
        let mut asked = false;
        for _ in 0..REFUND_STEPS_MAX {
            let observed = RefundFacts::observe(&order, &payment, refund, returned);
            let step = next_of_refund(&RefundFacts { asked, ..observed });
            let known = order.refunds.get(&refund).ok_or(OrderRefusal::UnknownRefund)?;
            match step {
                RefundStep::MoveMoney => {
                    let (amount, reason) = (known.amount, known.reason.clone());
                    let extent = RefundExtent::Part;
                    let charging = &desks.charging;
                    let moved =
                        charging.refund(payment_id, refund, amount, extent, reason, None).await?;
                    (payment, asked) = (moved.0, true);
                }
                RefundStep::ReturnGoods => {
                    let lines = units_back(&order, Some(refund));
                    desks.inventory.ask(ReturnStock { lines }, desks.intent(who, None)).await?;
                    returned = true;
                }
                RefundStep::NoteDone | RefundStep::NoteRefused => {
                    let state = payment.refunds.get(&refund).map(|refund| refund.state.clone());
                    let change = OrderChange::NoteRefund { refund, outcome: outcome(state) };
                    let note = ChangeOrder { order: order.id, change };
                    order = desks.orders.ask(note, desks.intent(who, None)).await?;
                }
                RefundStep::WaitForGateway | RefundStep::WaitForStaff | RefundStep::Finished => {
                    break;
                }
            }
        }
        Ok(order)
    }

    /// Whether the holds already count what this refund puts back on the shelf.
    async fn goods_are_back(&self, order: &Order, refund: RefundId) -> Result<bool, Rejection> {
        if !order.refunds.contains_key(&refund) {
            return Ok(true);
        }
        let desks = &*self.desks;
        let wanted = units_back(order, Some(refund));
        let lines = wanted.clone();
        let (holds, _) =
            desks.inventory.step(GetHolds { lines }, desks.intent(Who::Shop, None)).await;
        let back = |(line, hold): (&OrderedUnits, &Arc<crate::domain::inventory::Hold>)| {
            hold.returned >= line.quantity.units() || hold.state == HoldState::Returned
        };
        Ok(wanted.iter().zip(holds?.iter()).all(back))
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

fn outcome(state: Option<RefundState>) -> RefundOutcome {
    match state {
        Some(RefundState::Succeeded { gateway_ref }) => RefundOutcome::Succeeded { gateway_ref },
        Some(RefundState::Failed { code }) => RefundOutcome::Failed { code },
        Some(RefundState::InFlight) | None => RefundOutcome::Unknown,
    }
}

fn copied(address: &crate::domain::users::AddressFields) -> ShippingAddress {
    let address = address.clone();
    ShippingAddress {
        full_name: address.full_name,
        phone: address.phone,
        street: address.street,
        city: address.city,
        state: address.state,
        country: address.country,
        postal_code: address.postal_code,
    }
}

/// The kind of thing a placed order's idempotency key made.
pub const MADE_AN_ORDER: &str = Order::KIND;
/// The orders actor gives the number.
const NUMBER_TO_BE_GIVEN: u64 = u64::MAX;
/// How long an order that is paid by hand holds its goods: a week.
const BY_HAND_HOLD_MINUTES: u32 = 7 * 24 * 60;
/// Orders looked at in one sweep; the rest waits for the next.
const SWEPT_ORDERS_MAX: usize = 10_000;
/// Steps of one refund; the longest road has four.
const REFUND_STEPS_MAX: usize = 8;
/// Beyond this many remembered turns, those nobody waits for are forgotten.
const TURNS_KEPT: usize = 4096;
