//! Housekeeping: what is not needed goes, what is needed stays, and a crash in between loses
//! nothing and leaves nothing behind.

use std::{sync::Arc, time::Duration};

use bodega::{
    actors::{
        couriers::{OpenCourier, RecordDeliveries, Tried},
        housekeeping::Purged,
        inventory::{Stocktaking, TakeStock},
        news::{HearNews, NoteApplied},
        orders::OrderChange,
        purchases::Wanted,
        purging::{EndReturns, ForgetHolds},
        users::{NewSession, OpenSession, RequestReset},
    },
    domain::{
        carts::Cart,
        deliveries::{Attempt, Delivery, Note},
        ids::{CourierId, Identity, OrderId},
        inventory::Hold,
        news::{GatewayNews, News, Subject, news_id},
        orders::{Filing, Order, OrderStatus, PaymentMethod, RefundWish, Restock},
        quantity::Quantity,
        time::Who,
        users::{PasswordHash, TokenHash, User},
    },
    store::RequestKey,
};

use super::support::house::{House, Shopper, Ware, refused};

const GOOD: &str = "pm_card_visa";

/// What one month of use leaves behind, whatever it is.
async fn a_month(house: &House, shopper: Shopper, ware: Ware, month: u8) -> OrderId {
    signs_in_and_forgets_the_password(house, shopper, month).await;
    let order = house.shop.purchases.place(keyed(shopper, ware, month)).await;
    let order = order.expect("an order").order.id;
    let (purchases, intent) = (&house.shop.purchases, || house.shop.intent(Who::Shop));
    let ship = OrderChange::Ship { tracking_number: None, carrier: None };
    purchases.change(order, ship, intent()).await.expect("a parcel");
    purchases.deliver(order, intent()).await.expect("a parcel");
    house.put_in_cart(house.shopper(usize::from(month)).await, ware, 1).await.expect("room");
    sets_aside_and_gives_back(house, ware).await;
    hears_and_tells(house, month).await;
    house.clock.advance(Duration::from_secs(30 * 24 * 3600));
    order
}

fn keyed(shopper: Shopper, ware: Ware, number: u8) -> Wanted {
    let item = bodega::actors::purchases::WantedItem {
        product: ware.product,
        variant: None,
        quantity: Quantity::new(1).expect("one"),
    };
    Wanted {
        user: shopper.user,
        address: shopper.address,
        items: Some(vec![item]),
        amount: None,
        method: PaymentMethod::Card,
        token: Some(GOOD.to_owned()),
        key: Some(RequestKey { scope: [number; 32], body: [0; 32], made: None }),
    }
}

async fn signs_in_and_forgets_the_password(house: &House, shopper: Shopper, month: u8) {
    let (desks, now) = (&house.shop.desks, house.clock.now());
    let session = NewSession {
        session: house.clock.new_id(),
        device: "a browser".to_owned(),
        address: "192.0.2.1".to_owned(),
        expires_at: now.plus_minutes(7 * 24 * 60),
    };
    let verified = PasswordHash::new("not a hash: nobody signs in here".to_owned());
    let open = OpenSession { user: shopper.user, verified, session };
    desks.users.ask(open, house.shop.intent(Who::Customer(shopper.user))).await.expect("signed in");
    let reset = RequestReset {
        user: shopper.user,
        token_hash: TokenHash([month; 32]),
        expires_at: now.plus_minutes(30),
    };
    desks.users.ask(reset, house.shop.intent(Who::Visitor)).await.expect("a link");
}

async fn sets_aside_and_gives_back(house: &House, ware: Ware) {
    let quantity = Quantity::new(2).expect("two");
    let hold = house.clock.new_id();
    for asked in [
        Stocktaking::Hold { hold, quantity, reference: None },
        Stocktaking::Release { quantity, reference: None },
    ] {
        let take = TakeStock { variant: ware.variant, asked };
        house.shop.desks.inventory.ask(take, house.shop.intent(Who::Shop)).await.expect("stock");
    }
}

async fn hears_and_tells(house: &House, month: u8) {
    let (desks, shop) = (&house.shop.desks, &house.shop);
    let news = GatewayNews {
        event_id: format!("evt_{month}"),
        happened_at: house.clock.now(),
        about: Subject::Other { kind: "payout.paid".to_owned() },
    };
    let id = news_id(&news.event_id);
    desks.news.ask(HearNews { news }, shop.intent(Who::Shop)).await.expect("heard");
    desks.news.ask(NoteApplied { news: id }, shop.intent(Who::Shop)).await.expect("applied");
    let courier = CourierId::from_bytes([1; 16]);
    let open = OpenCourier { courier, name: "a friend".to_owned(), from: 0 };
    desks.couriers.ask(open, shop.intent(Who::Shop)).await.expect("a courier");
    let note = Note { courier, what: "letter".to_owned(), frame: month.into(), ..Note::default() };
    let tried = Tried { delivery: house.clock.new_id(), note, attempt: Attempt::Made, reply: None };
    let record = RecordDeliveries { courier, through: month.into(), tried: vec![tried] };
    desks.couriers.ask(record, shop.intent(Who::Shop)).await.expect("recorded");
}

/// How many of each thing are kept.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    requests: usize,
    sessions_and_links: usize,
    holds: usize,
    deliveries: usize,
    news: usize,
    carts: usize,
}

fn kept(house: &House) -> Kept {
    let reader = &house.shop.reader;
    let of_user = |user: &User| user.sessions.len() + usize::from(user.reset.is_some());
    Kept {
        requests: reader.requests(None, 10_000).expect("readable").len(),
        sessions_and_links: reader.all::<User>().flatten().map(|(_, u)| of_user(&u.state)).sum(),
        holds: reader.all::<Hold>().count(),
        deliveries: reader.all::<Delivery>().count(),
        news: reader.all::<News>().count(),
        carts: reader.all::<Cart>().count(),
    }
}

#[actix::test]
async fn nothing_but_accounts_and_orders_grows_over_the_months() {
    let house = House::new().await;
    let (ware, shopper) = (house.ware("Lamp", 1000).await, house.shopper(1000).await);
    let (mut after, mut purged) = (Vec::new(), Purged::default());
    for month in 1..=16 {
        a_month(&house, shopper, ware, month).await;
        purged = house.shop.housekeeping.round().await.expect("a round");
        after.push(kept(&house));
    }
    let bounded =
        Kept { requests: 0, sessions_and_links: 0, holds: 12, deliveries: 3, news: 2, carts: 3 };
    assert_eq!(after[15], bounded);
    assert_eq!(after[14], after[15], "a further month adds nothing");
    let one =
        Purged { requests: 1, users: 1, orders: 1, holds: 1, deliveries: 1, news: 1, carts: 1 };
    assert_eq!(purged, one, "each month takes one of each with it");
    let idle = house.shop.housekeeping.round().await.expect("a round");
    assert_eq!(idle, Purged::default(), "a second look finds nothing");
    house.must_be_sound();
}

#[actix::test]
async fn what_is_young_or_in_use_stays() {
    let house = House::new().await;
    let (ware, shopper) = (house.ware("Lamp", 10).await, house.shopper(0).await);
    let waiting = house.order(shopper, ware, 1, None).await.expect("an order").order.id;
    let placed = house.shop.purchases.place(keyed(shopper, ware, 1)).await.expect("an order");
    signs_in_and_forgets_the_password(&house, shopper, 1).await;
    house.put_in_cart(shopper, ware, 1).await.expect("room");
    hears_and_tells(&house, 1).await;
    let before = kept(&house);
    house.clock.advance(Duration::from_secs(23 * 60));
    assert_eq!(house.shop.housekeeping.round().await.expect("a round"), Purged::default());
    assert_eq!(kept(&house), before);

    // A paid order that never leaves the house keeps its units, and so does one that waits.
    house.clock.advance(Duration::from_secs(3 * 366 * 24 * 3600));
    house.shop.housekeeping.round().await.expect("a round");
    assert_eq!(kept(&house).holds, 2, "of {waiting} and {}", placed.order.id);
    house.must_be_sound();
}

#[actix::test]
async fn a_cart_that_was_given_up_can_be_filled_again() {
    let house = House::new().await;
    let (ware, shopper) = (house.ware("Lamp", 10).await, house.shopper(0).await);
    house.put_in_cart(shopper, ware, 3).await.expect("room");
    house.clock.advance(Duration::from_secs(92 * 24 * 3600));
    house.shop.housekeeping.round().await.expect("a round");
    assert_eq!(house.units_in_cart(shopper, ware), 0);
    let house = house.reopened().await;
    house.put_in_cart(shopper, ware, 2).await.expect("room");
    assert_eq!(house.units_in_cart(shopper, ware), 2);
    house.order_cart(shopper, Some(GOOD)).await.expect("an order");
    house.must_be_sound();
}

/// An order that was delivered so long ago that it can be put away.
async fn delivered_long_ago(house: &House) -> Arc<Order> {
    let (ware, shopper) = (house.ware("Lamp", 10).await, house.shopper(1000).await);
    let order = a_month(house, shopper, ware, 1).await;
    house.clock.advance(Duration::from_secs(366 * 24 * 3600));
    let order = house.order_now(order);
    assert_eq!((order.status, order.filing), (OrderStatus::Delivered, Filing::Open));
    order
}

async fn refunds(house: &House, order: &Order, restock: Restock) -> &'static str {
    let wish = RefundWish { restock, ..RefundWish::default() };
    let (id, intent) = (house.clock.new_id(), house.shop.intent(Who::Shop));
    match house.shop.purchases.refund(order.id, id, wish, intent).await {
        Ok(order) => order.status.name(),
        refusal => refused(refusal),
    }
}

#[actix::test]
async fn an_old_order_gives_money_back_but_no_units() {
    let house = House::new().await;
    let order = delivered_long_ago(&house).await;
    assert_eq!(house.shop.housekeeping.round().await.expect("a round").orders, 1);
    assert_eq!(house.order_now(order.id).filing, Filing::Filed);
    assert_eq!(refunds(&house, &order, Restock::Yes).await, "returns_ended");
    assert_eq!(refunds(&house, &order, Restock::No).await, "DELIVERED");
    assert_eq!(house.bank(order.id), [(order.quote.total, order.quote.total)]);
    house.must_be_sound();
}

#[actix::test]
async fn an_order_that_was_killed_while_it_was_put_away_is_put_away_by_the_next_round() {
    for steps in 0..=2 {
        let house = House::new().await;
        let order = delivered_long_ago(&house).await;
        let desks = &house.shop.desks;
        let before = house.clock.now().plus_minutes(0).plus_millis(-365 * 24 * 3_600_000);
        let mut holds = Vec::new();
        if steps > 0 {
            let end = EndReturns { orders: vec![order.id], before };
            let ended = desks.orders.ask(end, house.shop.intent(Who::Shop)).await.expect("ended");
            holds.extend(ended.into_iter().flat_map(|(_, holds)| holds));
            assert_eq!(holds.len(), 1);
        }
        if steps > 1 {
            let forget = ForgetHolds { holds };
            let held = desks.inventory.ask(forget, house.shop.intent(Who::Shop)).await;
            assert_eq!(held, Ok(vec![]));
        }
        let killed = house.as_if_killed().await;
        assert_eq!(killed.shop.housekeeping.round().await.expect("a round").orders, 1);
        assert_eq!(killed.order_now(order.id).filing, Filing::Filed, "after {steps} steps");
        let again = killed.as_if_killed().await;
        assert_eq!(again.shop.reader.all::<Hold>().count(), 0, "after {steps} steps");
        assert_eq!(again.shop.housekeeping.round().await.expect("a round"), Purged::default());
        for house in [house, killed, again] {
            house.must_be_sound();
        }
    }
}
