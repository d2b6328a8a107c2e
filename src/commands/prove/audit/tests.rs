//! A wrong history is found: each test tells one that must not be, and reads what it is called.

use serde_json::json;

use super::*;
use crate::commands::client::{Reply, Request};

/// A shop in which one buyer bought two of five units, and one more from the cart.
struct History {
    books: Books,
    asked: Vec<Asked>,
}

fn history() -> History {
    let order = |id: &str, number: u64, units: u64| {
        json!({
            "id": id, "number": number, "status": "PAID", "totalPrice": 9.98,
            "items": [{ "productId": "tea", "quantity": units }],
            "payment": { "amountCaptured": 9.98, "amountRefunded": 0.0 },
            "timeline": [{ "what": "placed" }, { "what": "paid" }],
        })
    };
    let (one, other) = (order("one", 1, 2), order("other", 2, 1));
    let of_items = json!({ "items": [{ "productId": "tea", "quantity": 2 }] });
    let asked = vec![
        heard(Request::post("/v1/orders", of_items).under("a"), 201, &one),
        heard(cart(1).under("b"), 201, &json!({})),
        heard(Request::post("/v1/orders", json!({})).under("c"), 201, &other),
    ];
    let shelf = Shelf { product: "tea".to_owned(), received: 5, on_hand: 2, reserved: 0 };
    let carts = vec![json!({ "items": [] })];
    History { books: Books { orders: vec![one, other], shelves: vec![shelf], carts }, asked }
}

fn cart(units: u64) -> Request {
    Request::post("/v1/cart/addtocart", json!({ "productId": "tea", "quantity": units }))
}

fn heard(request: Request, status: u16, data: &Value) -> Asked {
    let body = json!({ "data": data });
    let reply = Reply { status, replayed: false, text: body.to_string(), body };
    Asked { request, reply: Some(reply) }
}

impl History {
    #[track_caller]
    fn is_called(&self, words: &str) {
        let found = audit(&self.books, &[&self.asked]).expect_err("a wrong history");
        assert!(found.0.contains(words), "{found}");
    }
}

#[test]
fn a_right_history_is_counted() {
    let History { books, asked } = history();
    let tally = audit(&books, &[&asked]).expect("right");
    assert_eq!((tally.paid, tally.units_received, tally.units_gone), (2, 5, 3));
}

#[test]
fn an_order_that_was_acknowledged_and_is_gone_is_found() {
    let mut history = history();
    history.books.orders.remove(0);
    history.is_called("order one is not there");
}

#[test]
fn an_order_that_is_not_what_was_told_is_found() {
    let mut changed = history();
    changed.books.orders[0]["totalPrice"] = json!(9.97);
    changed.is_called("order one is not what the buyer was told");
    let mut behind = history();
    behind.books.orders[0]["status"] = json!("PENDING");
    behind.is_called("order one was further");
}

#[test]
fn a_cancellation_that_did_not_stay_is_found() {
    let mut history = history();
    let told = history.books.orders[0].clone();
    history.asked.push(heard(Request::patch("/v1/orders/one/cancel"), 200, &told));
    history.is_called("order one was cancelled, and is not");
}

#[test]
fn a_unit_that_was_sold_twice_is_found() {
    let mut history = history();
    for order in &mut history.books.orders {
        order["items"][0]["quantity"] = json!(3);
    }
    for asked in history.asked.iter_mut().filter(|asked| asked.request.path == "/v1/orders") {
        let reply = asked.reply.as_mut().expect("answered");
        reply.body["data"]["items"][0]["quantity"] = json!(3);
    }
    history.is_called("OVERSOLD: 6 units of product tea are sold and 0 promised, of 5");
}

#[test]
fn a_unit_that_is_nowhere_and_a_hold_of_nobody_are_found() {
    let mut nowhere = history();
    nowhere.books.shelves[0].on_hand = 1;
    nowhere.is_called("of 5 units of product tea, 3 are sold and 1 on hand");
    let mut held = history();
    held.books.shelves[0].reserved = 1;
    held.is_called("1 units of product tea are reserved, and orders wait for 0");
}

#[test]
fn two_orders_of_one_key_and_one_order_of_two_keys_are_found() {
    let mut doubled = history();
    let mut second = doubled.books.orders[0].clone();
    second["id"] = json!("second");
    doubled.books.orders.push(second);
    doubled.is_called("order second is there, and no buyer was told of it");
    let mut shared = history();
    let again = shared.asked[0].clone();
    shared.asked.push(again);
    shared.is_called("order one answers `a` and another key too");
}

#[test]
fn money_that_did_not_move_once_is_found() {
    for (status, captured, refunded, words) in [
        ("PAID", 19.96, 0.0, "is paid, but not its total"),
        ("PAID", 9.98, 9.98, "was refunded, and nobody asked for it"),
        ("CANCELLED", 9.98, 0.0, "is cancelled, and its money was kept"),
        ("PENDING", 9.98, 0.0, "waits for money that was taken"),
    ] {
        let mut order = history().books.orders[0].clone();
        order["status"] = json!(status);
        order["payment"] = json!({ "amountCaptured": captured, "amountRefunded": refunded });
        let found = money_moved_once(&order).expect_err("wrong");
        assert!(found.0.contains(words), "{found}");
    }
}

#[test]
fn a_cart_that_was_consumed_twice_or_not_at_all_is_found() {
    let mut kept = history();
    kept.books.carts[0] = json!({ "items": [{ "productId": "tea", "quantity": 1 }] });
    kept.is_called(
        "of 1 units of product tea put into a cart, 1 were bought from it and 1 are left",
    );
    let mut lost = history();
    lost.asked.push(heard(cart(2).under("d"), 201, &json!({})));
    lost.is_called(
        "of 3 units of product tea put into a cart, 1 were bought from it and 0 are left",
    );
}
