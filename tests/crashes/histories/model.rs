//! The model: who wanted what, and what must follow from it.

use bodega::{
    actors::{
        Rejection,
        inventory::{Stocktaking, TakeStock},
        orders::OrderChange,
    },
    domain::{
        ids::OrderId,
        money::{Currency, Money},
        orders::{
            CancelReason, Order, OrderStatus, RefundWish, RefundedLine, Restock, TimelineKind,
        },
        quantity::Quantity,
        time::Who,
    },
};

use super::{
    super::support::house::{House, Shopper, Ware},
    Event,
};

/// What somebody pays with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    Good,
    Empty,
    Silent,
    SilentlyDeclined,
    Slow,
    Asking,
    None,
}

impl Card {
    fn token(self) -> Option<&'static str> {
        match self {
            Card::Good => Some("pm_card_visa"),
            Card::Empty => Some("pm_card_chargeDeclinedInsufficientFunds"),
            Card::Silent => Some("pm_demo_unknown"),
            Card::SilentlyDeclined => Some("pm_demo_unknown_declined"),
            Card::Slow => Some("pm_demo_processing"),
            Card::Asking => Some("pm_card_authenticationRequired"),
            Card::None => None,
        }
    }
}

/// A shop, and what is known of it from outside.
pub struct History {
    house: Option<House>,
    shoppers: Vec<Shopper>,
    shelves: Vec<Shelf>,
    orders: Vec<Known>,
}

struct Shelf {
    ware: Ware,
    came_in: u32,
    /// Units each shopper ever put into the cart.
    put_in: Vec<u32>,
}

struct Known {
    id: OrderId,
    shopper: usize,
    brought_back: u32,
    refunded: i64,
}

impl History {
    pub async fn begun() -> History {
        let house = House::new().await;
        let shoppers = vec![house.shopper(0).await, house.shopper(1).await];
        let mut shelves = Vec::new();
        for name in ["Lamp", "Vase"] {
            let ware = house.ware(name, UNITS).await;
            shelves.push(Shelf { ware, came_in: UNITS, put_in: vec![0; shoppers.len()] });
        }
        History { house: Some(house), shoppers, shelves, orders: Vec::new() }
    }

    fn house(&self) -> &House {
        self.house.as_ref().expect("open between events")
    }

    pub async fn goes_on(&mut self, event: Event) {
        match event {
            Event::Received { ware, units } => self.receive(ware, units).await,
            Event::PutInCart { shopper, ware, units } => self.put(shopper, ware, units).await,
            Event::Ordered { shopper, ware, units, card } => {
                self.order(shopper, ware, units, card).await;
            }
            Event::CartOrdered { shopper, card } => self.order_cart(shopper, card).await,
            Event::PaidAgain { order, card } => self.pay(order, card).await,
            Event::Cancelled { order } => self.cancel(order).await,
            Event::Refunded { order, minor } => self.refund(order, minor).await,
            Event::BroughtBack { order, units } => self.bring_back(order, units).await,
            Event::Shipped { order } => self.ship(order).await,
            Event::Later { minutes } => self.house().minutes_later(minutes).await,
            Event::Reopened => {
                let house = self.house.take().expect("open between events");
                self.house = Some(house.reopened().await);
            }
        }
    }

    async fn receive(&mut self, ware: usize, units: u32) {
        let asked =
            Stocktaking::Receive { quantity: Quantity::new(units).expect("some"), reason: None };
        let variant = self.shelves[ware].ware.variant;
        let shop = &self.house().shop;
        let taken = shop.desks.inventory.ask(TakeStock { variant, asked }, shop.intent(Who::Shop));
        taken.await.expect("room on the shelf");
        self.shelves[ware].came_in += units;
    }

    async fn put(&mut self, shopper: usize, ware: usize, units: u32) {
        let (who, what) = (self.shoppers[shopper], self.shelves[ware].ware);
        let wanted = self.house().units_in_cart(who, what) + units;
        let fits = wanted <= self.house().ledger(what).available();
        let put = self.house().put_in_cart(who, what, units).await;
        assert_eq!(put.is_ok(), fits, "{put:?}");
        if fits {
            self.shelves[ware].put_in[shopper] += units;
        }
    }

    async fn order(&mut self, shopper: usize, ware: usize, units: u32, card: Card) {
        let (who, what) = (self.shoppers[shopper], self.shelves[ware].ware);
        let is_there = units <= self.house().ledger(what).available();
        let placed = self.house().order(who, what, units, card.token()).await;
        let order = placed.expect("an order of what is sold").order;
        assert_eq!((order.status, order.cancel_reason), expected(card, is_there));
        self.remember(&order, shopper);
    }

    async fn order_cart(&mut self, shopper: usize, card: Card) {
        let who = self.shoppers[shopper];
        let cart = self.house().cart(who);
        let is_there = self.shelves.iter().all(|shelf| {
            cart.units_of(shelf.ware.variant) <= self.house().ledger(shelf.ware).available()
        });
        let placed = self.house().order_cart(who, card.token()).await;
        if cart.lines.is_empty() {
            assert!(is_refused(&placed, "empty_order"), "{placed:?}");
            return;
        }
        let order = placed.expect("an order of what is in the cart").order;
        let so = (order.status, order.cancel_reason);
        match cart.claimed_by() {
            Some(_) => {
                assert_eq!(so, (OrderStatus::Cancelled, Some(CancelReason::CartInCheckout)));
            }
            None => assert_eq!(so, expected(card, is_there)),
        }
        self.remember(&order, shopper);
    }

    async fn pay(&mut self, order: usize, card: Card) {
        let (Some(known), Some(token)) = (self.known(order), card.token()) else { return };
        let (id, who) = (known.id, Who::Customer(self.shoppers[known.shopper].user));
        let before = self.house().order_now(id);
        let shop = &self.house().shop;
        let paid = shop.purchases.pay(id, token.to_owned(), shop.intent(who)).await;
        let after = self.house().order_now(id);
        if before.status != OrderStatus::Pending {
            assert_eq!(after.status, before.status, "paying again changes nothing: {paid:?}");
        } else if paid.is_ok() && card == Card::Good {
            assert_eq!(after.status, OrderStatus::Paid);
        }
    }

    async fn cancel(&mut self, order: usize) {
        let Some(known) = self.known(order) else { return };
        let before = self.house().order_now(known.id);
        let cancelled = self.house().cancel(self.shoppers[known.shopper], known.id).await;
        let has_left = matches!(before.status, OrderStatus::Shipped | OrderStatus::Delivered);
        assert_eq!(cancelled.is_ok(), !has_left, "{cancelled:?}");
    }

    async fn refund(&mut self, order: usize, minor: i64) {
        let Some(known) = self.known(order) else { return };
        let before = self.house().order_now(known.id);
        let left = before.captured.minor() - known.refunded;
        let amount = Money::of(minor, Currency::USD).expect("a small amount");
        let wish = RefundWish { amount: Some(amount), ..RefundWish::default() };
        let refunded = self.give_back(known.id, wish).await;
        assert_eq!(refunded.is_ok(), has_sold(&before) && minor <= left, "{refunded:?} of {left}");
        if refunded.is_ok() {
            self.known_mut(order).refunded += minor;
        }
    }

    async fn bring_back(&mut self, order: usize, units: u32) {
        let Some(known) = self.known(order) else { return };
        let before = self.house().order_now(known.id);
        let line = before.quote.lines[0].id;
        let lines = vec![RefundedLine { line, units }];
        let wish = RefundWish { lines, restock: Restock::Yes, ..RefundWish::default() };
        // What was refunded as a sum may leave too little for the line: then it is refused.
        if let Ok(after) = self.give_back(known.id, wish).await {
            let refunded = after.refunds.values().map(|refund| refund.amount.minor()).sum();
            let known = self.known_mut(order);
            known.brought_back += units;
            known.refunded = refunded;
        }
    }

    async fn give_back(
        &self,
        order: OrderId,
        wish: RefundWish,
    ) -> Result<std::sync::Arc<Order>, Rejection> {
        let shop = &self.house().shop;
        let refund = shop.clock.new_id();
        let intent = || shop.intent(Who::Shop);
        let first = shop.purchases.refund(order, refund, wish.clone(), intent()).await;
        let again = shop.purchases.refund(order, refund, wish, intent()).await;
        assert_eq!(first, again, "the same refund again changes nothing");
        first
    }

    async fn ship(&mut self, order: usize) {
        let Some(known) = self.known(order) else { return };
        let before = self.house().order_now(known.id).status;
        let ship = OrderChange::Ship { tracking_number: None, carrier: None };
        let shop = &self.house().shop;
        let shipped = shop.purchases.change(known.id, ship, shop.intent(Who::Shop)).await;
        // The bank is asked first: what was in doubt may be paid by now.
        let after = self.house().order_now(known.id);
        let is_paid =
            before == OrderStatus::Paid || before == OrderStatus::Pending && was_paid(&after);
        // What was brought back as a whole stays here.
        let has_goods = !after.units_left().is_empty();
        let may_leave = before == OrderStatus::Shipped || is_paid && has_goods;
        assert_eq!(shipped.is_ok(), may_leave, "{before:?}: {shipped:?}");
        assert_eq!(after.status == OrderStatus::Shipped, may_leave);
    }

    /// Stock, money and carts, counted from the outside and from the inside.
    pub fn must_add_up(&self) {
        let house = self.house();
        let now: Vec<_> =
            self.orders.iter().map(|known| (known, house.order_now(known.id))).collect();
        for shelf in &self.shelves {
            let units = |order: &Order| -> u32 {
                let lines = order.quote.lines.iter();
                let of_it = lines.filter(|line| line.variant == shelf.ware.variant);
                of_it.map(|line| line.quantity.units()).sum()
            };
            let back = |known: &Known, order: &Order| {
                let is_it = order.quote.lines[0].variant == shelf.ware.variant;
                if is_it { known.brought_back } else { 0 }
            };
            let sold = now.iter().filter(|(_, order)| has_sold(order));
            let gone: u32 = sold.map(|(known, order)| units(order) - back(known, order)).sum();
            let waiting = now.iter().filter(|(_, order)| order.status == OrderStatus::Pending);
            let held: u32 = waiting.map(|(_, order)| units(order)).sum();
            assert_eq!(house.shelf(shelf.ware), (shelf.came_in - gone, held));
            for (number, shopper) in self.shoppers.iter().enumerate() {
                let bought: u32 = now
                    .iter()
                    .filter(|(known, order)| known.shopper == number && took_the_cart(order))
                    .map(|(_, order)| units(order))
                    .sum();
                let left = house.units_in_cart(*shopper, shelf.ware);
                assert_eq!(shelf.put_in[number], bought + left, "a cart is consumed once");
            }
        }
        for (known, order) in &now {
            self.money_must_add_up(known, order);
        }
    }

    fn money_must_add_up(&self, known: &Known, order: &Order) {
        let (total, bank) = (order.quote.total, self.house().bank(order.id));
        assert!(bank.len() <= 1, "charged once at most: {bank:?}");
        let nothing = Money::zero(Currency::USD);
        let (taken, back) = bank.first().copied().unwrap_or((nothing, nothing));
        assert!(taken == nothing || taken == total);
        match order.status {
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
                assert_eq!((taken, back.minor()), (total, known.refunded), "{order:?}");
            }
            OrderStatus::Cancelled if !order.is_unfinished() => assert_eq!(taken, back),
            OrderStatus::Cancelled | OrderStatus::Pending => {}
        }
        if !order.is_unfinished() {
            assert_eq!((order.captured, order.refunded), (taken, back), "our books are the bank's");
        }
    }

    /// Nothing waits for ever, and the journal tells the same as the state.
    pub async fn ends_well(mut self) {
        for _ in 0..4 {
            self.house().minutes_later(30).await;
        }
        self.must_add_up();
        for known in &self.orders {
            let order = self.house().order_now(known.id);
            assert!(!order.is_unfinished(), "{order:?}");
            assert_ne!(order.status, OrderStatus::Pending);
        }
        self.house.take().expect("open").must_be_sound();
    }

    fn remember(&mut self, order: &Order, shopper: usize) {
        self.orders.push(Known { id: order.id, shopper, brought_back: 0, refunded: 0 });
    }

    /// One of the orders there are.
    fn known(&self, number: usize) -> Option<&Known> {
        self.orders.get(number.checked_rem(self.orders.len())?)
    }

    fn known_mut(&mut self, number: usize) -> &mut Known {
        let orders = self.orders.len();
        &mut self.orders[number % orders]
    }
}

/// How an order ends that is placed with this card.
fn expected(card: Card, is_there: bool) -> (OrderStatus, Option<CancelReason>) {
    match (is_there, card) {
        (false, _) => (OrderStatus::Cancelled, Some(CancelReason::OutOfStock)),
        (true, Card::Good) => (OrderStatus::Paid, None),
        (true, Card::Empty) => (OrderStatus::Cancelled, Some(CancelReason::PaymentDeclined)),
        (true, Card::Silent | Card::SilentlyDeclined | Card::Slow | Card::Asking | Card::None) => {
            (OrderStatus::Pending, None)
        }
    }
}

fn has_sold(order: &Order) -> bool {
    matches!(order.status, OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered)
}

/// Whether the cart it was made from was emptied for it: once it was paid.
fn took_the_cart(order: &Order) -> bool {
    order.from_cart.is_some() && was_paid(order)
}

fn was_paid(order: &Order) -> bool {
    order.timeline.iter().any(|entry| matches!(entry.what, TimelineKind::Paid { .. }))
}

fn is_refused<T>(asked: &Result<T, Rejection>, code: &str) -> bool {
    matches!(asked, Err(Rejection::Refused(refusal)) if refusal.code() == code)
}

const UNITS: u32 = 6;
