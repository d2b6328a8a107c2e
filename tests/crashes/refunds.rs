//! Refunds and cancels of one order: whatever comes first, all the money goes back once.

use bodega::{
    actors::orders::OrderChange,
    domain::{
        ids::RefundId,
        money::{Currency, Money},
        orders::{OrderRefundState, OrderStatus, RefundWish, RefundedLine, Restock},
        time::Who,
    },
};

use super::support::house::House;

const GOOD: Option<&str> = Some("pm_card_visa");

#[actix::test]
async fn what_was_refunded_without_coming_back_does_not_hold_up_a_cancel() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    let order = house.order(shopper, ware, 3, GOOD).await.expect("an order").order;
    let line = order.quote.lines[0].id;
    let wish = RefundWish {
        amount: None,
        lines: vec![RefundedLine { line, units: 3 }],
        restock: Restock::No,
        reason: None,
    };
    let intent = house.shop.intent(Who::Shop);
    let id: RefundId = house.shop.clock.new_id();
    house.shop.purchases.refund(order.id, id, wish, intent).await.expect("a refund");
    let driven = house.cancel(shopper, order.id).await.expect("a cancel");
    assert_eq!(driven.waiting, None);
    assert_eq!(driven.order.status, OrderStatus::Cancelled);
    assert!(driven.order.settled, "it has come to its end");
    let total = order.quote.total;
    assert_eq!(house.bank(order.id), [(total, total)], "all of it went back, once");
    assert_eq!(house.shelf(ware), (7, 0), "what the customer keeps is not on the shelf");
    house.must_be_sound();
}

#[actix::test]
async fn a_refund_that_a_cancel_has_overtaken_comes_to_an_end() {
    let house = House::new().await;
    let ware = house.ware("Lamp", 10).await;
    let shopper = house.shopper(0).await;
    let order = house.order(shopper, ware, 1, GOOD).await.expect("an order").order;
    let wish = RefundWish {
        amount: Some(Money::of(500, Currency::USD).expect("an amount")),
        lines: vec![],
        restock: Restock::No,
        reason: None,
    };
    let id: RefundId = house.shop.clock.new_id();
    // Decided, and then nobody drove it: as after a crash.
    let decide = bodega::actors::orders::ChangeOrder {
        order: order.id,
        change: OrderChange::DecideRefund { refund: id, wish },
    };
    let intent = house.shop.intent(Who::Shop);
    house.shop.desks.orders.ask(decide, intent).await.expect("a decision");
    let driven = house.cancel(shopper, order.id).await.expect("a cancel");
    assert!(driven.order.settled && driven.order.open_refund().is_none());
    assert_ne!(driven.order.refunds[&id].state, OrderRefundState::Decided);
    let total = order.quote.total;
    assert_eq!(house.bank(order.id), [(total, total)]);
    house.must_be_sound();
}
