//! Races: many who want the same thing at once, and what time and doubt make of an order.

use bodega::{
    actors::{
        carts::ConsumeCart,
        inventory::{CommitStock, OrderedUnits},
    },
    domain::{
        orders::{CancelReason, OrderStatus, TimelineKind},
        payments::PayState,
        time::Who,
    },
};
use futures_util::future::join_all;

use super::support::house::{House, refused};

const GOOD: Option<&str> = Some("pm_card_visa");
const SILENT: Option<&str> = Some("pm_demo_unknown");
const SLOW: Option<&str> = Some("pm_demo_processing");
const EMPTY: Option<&str> = Some("pm_card_chargeDeclinedInsufficientFunds");

#[actix::test]
async fn five_units_are_sold_to_five_of_sixty_four_buyers() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 5).await;
    let shoppers = join_all((0..64).map(|number| house.shopper(number))).await;
    let bought = join_all(shoppers.iter().map(|shopper| house.order(*shopper, ware, 1, GOOD)));
    let orders: Vec<_> =
        bought.await.into_iter().map(|driven| driven.expect("an order").order).collect();
    let paid = orders.iter().filter(|order| order.status == OrderStatus::Paid).count();
    let turned_back =
        orders.iter().filter(|order| order.cancel_reason == Some(CancelReason::OutOfStock));
    assert_eq!((paid, turned_back.count()), (5, 59));
    assert_eq!(house.shelf(ware), (0, 0));
    let charged: usize = orders.iter().map(|order| house.bank(order.id).len()).sum();
    assert_eq!(charged, 5, "nobody pays for nothing");
    house.must_be_sound();
}

#[actix::test]
async fn a_cart_is_bought_once_however_often_it_is_checked_out_at_once() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 100).await;
    let shopper = house.shopper(0).await;
    house.put_in_cart(shopper, ware, 2).await.expect("room in the cart");
    let driven = join_all((0..8).map(|_| house.order_cart(shopper, GOOD))).await;
    let driven: Vec<_> = driven.into_iter().map(|driven| driven.expect("an order")).collect();
    let paid: Vec<_> =
        driven.iter().filter(|driven| driven.order.status == OrderStatus::Paid).collect();
    assert_eq!(paid.len(), 1);
    for lost in driven.iter().filter(|driven| driven.order.id != paid[0].order.id) {
        assert_eq!(lost.order.cancel_reason, Some(CancelReason::CartInCheckout));
        let why = (lost.cart_taken_by, lost.cart_changed);
        assert!(why == (Some(paid[0].order.id), false) || why == (None, true), "{why:?}");
        assert_eq!(house.bank(lost.order.id), []);
    }
    assert_eq!(house.units_in_cart(shopper, ware), 0);
    assert_eq!(house.cart(shopper).consumed_by, [paid[0].order.id]);
    assert_eq!(house.shelf(ware), (98, 0));
    house.must_be_sound();
}

#[actix::test]
async fn what_is_put_in_during_a_checkout_stays_in_the_cart() {
    let house = House::new().await;
    let (lamp, vase) = (house.ware("Lamp", 10).await, house.ware("Vase", 10).await);
    let shopper = house.shopper(0).await;
    house.put_in_cart(shopper, lamp, 2).await.expect("room in the cart");
    let order = house.order_cart(shopper, SLOW).await.expect("an order").order.id;
    house.put_in_cart(shopper, lamp, 1).await.expect("room in the cart");
    house.put_in_cart(shopper, vase, 3).await.expect("room in the cart");
    house.minutes_later(1).await;
    house.minutes_later(1).await;
    assert_eq!(house.order_now(order).status, OrderStatus::Paid);
    assert_eq!(house.units_in_cart(shopper, lamp), 1);
    assert_eq!(house.units_in_cart(shopper, vase), 3);
    house.must_be_sound();
}

#[actix::test]
async fn cancelling_many_times_at_once_gives_the_money_back_once() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    let order = house.order(shopper, ware, 3, GOOD).await.expect("an order").order;
    assert_eq!((order.status, house.shelf(ware)), (OrderStatus::Paid, (7, 0)));
    for cancelled in join_all((0..8).map(|_| house.cancel(shopper, order.id))).await {
        assert_eq!(cancelled.expect("cancelled").order.status, OrderStatus::Cancelled);
    }
    assert_eq!(house.bank(order.id), [(order.quote.total, order.quote.total)]);
    assert_eq!(house.payment_of(order.id).refunds.len(), 1);
    assert_eq!(house.shelf(ware), (10, 0), "back on the shelf, once");
    assert!(!house.order_now(order.id).is_unfinished());
    house.must_be_sound();
}

#[actix::test]
async fn a_charge_that_succeeds_after_its_order_was_cancelled_is_refunded() {
    for token in [SILENT, SLOW] {
        let house = House::new().await;
        let ware = house.ware("Lamp", 10).await;
        let shopper = house.shopper(0).await;
        let placed = house.order(shopper, ware, 2, token).await.expect("an order").order;
        assert_eq!((placed.status, house.shelf(ware)), (OrderStatus::Pending, (10, 2)));
        let cancelled = house.cancel(shopper, placed.id).await.expect("cancelled").order;
        assert_eq!((cancelled.status, house.shelf(ware)), (OrderStatus::Cancelled, (10, 0)));
        for _ in 0..4 {
            house.minutes_later(1).await;
        }
        let order = house.order_now(placed.id);
        assert_eq!(order.status, OrderStatus::Cancelled, "a cancelled order stays so");
        assert!(!order.is_unfinished(), "{order:?}");
        for (taken, given_back) in house.bank(order.id) {
            assert_eq!(taken, given_back, "{token:?}: nothing is taken and kept");
        }
        assert_eq!(order.captured, order.refunded);
        assert_eq!(house.shelf(ware), (10, 0));
        house.must_be_sound();
    }
}

#[actix::test]
async fn cancelling_while_the_card_is_charged_keeps_no_money() {
    for token in [GOOD, SILENT, SLOW] {
        let house = House::new().await;
        let ware = house.ware("Lamp", 100).await;
        let shopper = house.shopper(0).await;
        let pending = house.order(shopper, ware, 1, None).await.expect("an order").order.id;
        let intent = || house.shop.intent(Who::Customer(shopper.user));
        let token = token.unwrap_or_default().to_owned();
        let (paid, cancelled) = futures_util::future::join(
            house.shop.purchases.pay(pending, token, intent()),
            house.cancel(shopper, pending),
        )
        .await;
        cancelled.expect("an order that has not left the house");
        drop(paid);
        for _ in 0..4 {
            house.minutes_later(1).await;
        }
        let order = house.order_now(pending);
        assert_eq!((order.status, order.is_unfinished()), (OrderStatus::Cancelled, false));
        assert!(house.bank(pending).iter().all(|(taken, back)| taken == back));
        assert_eq!(house.shelf(ware), (100, 0));
        house.must_be_sound();
    }
}

/// The cart is emptied before the order is paid. Who cancels between the two, or while the disk is
/// full there, has cancelled a purchase that was made.
#[actix::test]
async fn who_cancels_after_the_cart_was_emptied_has_everything_back_but_the_cart() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    house.put_in_cart(shopper, ware, 2).await.expect("room in the cart");
    let placed = house.order_cart(shopper, SILENT).await.expect("an order").order;
    assert_eq!(placed.status, OrderStatus::Pending);
    let (desks, intent) = (&house.shop.desks, || house.shop.intent(Who::Shop));
    desks.charging.ask(placed.payment.expect("its name")).await.expect("money");
    let lines = placed.quote.lines.iter();
    let lines = lines.map(|line| OrderedUnits {
        line: line.id,
        variant: line.variant,
        quantity: line.quantity,
    });
    let commit = CommitStock { lines: lines.collect() };
    desks.inventory.ask(commit, intent()).await.expect("held goods");
    let consume = ConsumeCart { cart: placed.from_cart.expect("of a cart").0, order: placed.id };
    desks.carts.ask(consume, intent()).await.expect("a claimed cart");

    house.cancel(shopper, placed.id).await.expect("an order that has not left the house");
    let order = house.order_now(placed.id);
    assert_eq!((order.status, order.is_unfinished()), (OrderStatus::Cancelled, false));
    let was_paid = order.timeline.iter().any(|is| matches!(is.what, TimelineKind::Paid { .. }));
    assert!(!was_paid, "it never was: {order:?}");
    assert_eq!(house.bank(order.id), [(order.quote.total, order.quote.total)]);
    assert_eq!(house.shelf(ware), (10, 0));
    assert_eq!(house.units_in_cart(shopper, ware), 0, "as when a paid order is cancelled");
    assert_eq!(house.cart(shopper).consumed_by, [order.id]);
    house.must_be_sound();
}

#[actix::test]
async fn paying_twice_at_once_takes_the_money_once() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    let pending = house.order(shopper, ware, 1, None).await.expect("an order").order;
    assert_eq!(pending.status, OrderStatus::Pending);
    let who = Who::Customer(shopper.user);
    let paying = (0..4).map(|_| {
        let token = "pm_card_visa".to_owned();
        house.shop.purchases.pay(pending.id, token, house.shop.intent(who))
    });
    let paid = join_all(paying).await;
    assert_eq!(paid.iter().filter(|paid| paid.is_ok()).count(), 1, "{paid:?}");
    let refusals = paid.into_iter().filter(Result::is_err).map(refused);
    assert!(refusals.eq(["already_paid"; 3]));
    assert_eq!(house.order_now(pending.id).status, OrderStatus::Paid);
    assert_eq!(house.bank(pending.id).len(), 1);
    assert_eq!(house.shelf(ware), (9, 0));
    house.must_be_sound();
}

#[actix::test]
async fn a_declined_card_leaves_cart_and_shelf_as_they_were() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    house.put_in_cart(shopper, ware, 4).await.expect("room in the cart");
    let declined = house.order_cart(shopper, EMPTY).await.expect("an order").order;
    assert_eq!(declined.cancel_reason, Some(CancelReason::PaymentDeclined));
    assert_eq!(house.units_in_cart(shopper, ware), 4);
    assert_eq!(house.cart(shopper).claimed_by(), None);
    assert_eq!(house.shelf(ware), (10, 0));
    house.must_be_sound();
}

#[actix::test]
async fn an_order_nobody_pays_expires_and_lets_go_of_its_goods() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    house.put_in_cart(shopper, ware, 4).await.expect("room in the cart");
    let order = house.order_cart(shopper, None).await.expect("an order").order.id;
    house.minutes_later(14).await;
    assert_eq!(house.order_now(order).status, OrderStatus::Pending);
    assert_eq!(house.shelf(ware), (10, 4));
    house.minutes_later(2).await;
    let expired = house.order_now(order);
    assert_eq!(expired.status, OrderStatus::Cancelled);
    assert_eq!(expired.cancel_reason, Some(CancelReason::Expired));
    assert!(!expired.is_unfinished());
    assert_eq!(house.shelf(ware), (10, 0));
    assert_eq!(house.units_in_cart(shopper, ware), 4, "the cart is as it was");
    assert_eq!(house.cart(shopper).claimed_by(), None);
    house.must_be_sound();
}

#[actix::test]
async fn an_order_in_doubt_is_driven_on_after_the_shop_was_opened_again() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    house.put_in_cart(shopper, ware, 2).await.expect("room in the cart");
    let order = house.order_cart(shopper, SILENT).await.expect("an order").order.id;
    assert_eq!(house.payment_of(order).state, PayState::Attempting);
    let house = house.reopened().await;
    assert_eq!(house.order_now(order).status, OrderStatus::Pending);
    house.minutes_later(1).await;
    assert_eq!(house.order_now(order).status, OrderStatus::Paid);
    assert_eq!(house.bank(order).len(), 1, "asked about, not charged anew");
    assert_eq!(house.units_in_cart(shopper, ware), 0);
    assert_eq!(house.shelf(ware), (8, 0));
    let house = house.reopened().await;
    assert_eq!(
        house.shop.purchases.sweep(bodega::actors::purchases::Sweep::Due).await.expect("readable"),
        0,
        "nothing is left"
    );
    house.must_be_sound();
}
