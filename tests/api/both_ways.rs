//! Money that could come both ways: by hand, and by a card that was begun beside it. It comes once,
//! the cart is free meanwhile, and what was refunded stays in the house.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id, text},
};

const ASKS_FIRST: &str = "pm_card_authenticationRequired";

struct Counter {
    bodega: Bodega,
    owner: Person,
    ada: Person,
    tea: Value,
}

impl Counter {
    async fn at(bodega: Bodega) -> Counter {
        let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
        let tea = owner.adds_product("Tea", "10.00", 50).await;
        Counter { bodega, owner, ada, tea }
    }

    /// Orders what is in the cart, which is one tea.
    async fn orders_cart(&self, with: Value) -> Reply {
        self.ada.puts_in_cart(&self.tea, 1).await.data();
        let mut body = json!({ "shippingAddressId": self.ada.has_address().await });
        for (name, value) in with.as_object().expect("fields") {
            body[name] = value.clone();
        }
        self.ada.post("/v1/orders", body).await
    }

    async fn begins_a_card(&self, order: &Value) -> String {
        let charge = json!({ "charge": { "paymentMethodId": ASKS_FIRST } });
        let path = format!("/v1/orders/{}/payment", id(order));
        let begun = self.ada.post(&path, charge).await.data();
        text(&begun["payment"]["nextAction"]["url"]).to_owned()
    }

    async fn confirms(&self, page: &str) {
        let ask = self.bodega.visitor().asks(Method::POST, page);
        ask.bytes("application/x-www-form-urlencoded", "result=complete").await;
    }

    /// Status, payment, what was taken, and what happened.
    async fn sees(&self, order: &Value) -> String {
        let order = self.owner.sees_order(order).await;
        let timeline = order["timeline"].as_array().expect("a list").iter();
        let told: Vec<&str> = timeline.map(|entry| text(&entry["what"])).collect();
        let paid = &order["payment"];
        let how = (text(&order["status"]), text(&paid["status"]), &paid["amountCaptured"]);
        format!("{} {} {}: {}", how.0, how.1, how.2, told.join(" "))
    }

    async fn refunds(&self, order: &Value, body: Value) -> Reply {
        self.owner.post(&format!("/v1/orders/{}/refunds", id(order)), body).await
    }

    async fn refunded(&self, order: &Value, refund: &Value, how: &str) -> Reply {
        let path = format!("/v1/orders/{}/refunds/{}/{how}", id(order), id(refund));
        self.owner.post(&path, json!({})).await
    }
}

#[actix_web::test]
async fn the_cart_is_free_while_money_by_hand_or_set_aside_is_waited_for() {
    let counter = Counter::at(Bodega::with(&[("payments.capture", "manual")])).await;
    for with in [
        json!({ "paymentMethod": "cash_on_delivery" }),
        json!({ "paymentMethod": "bank_transfer" }),
        json!({ "charge": { "paymentMethodId": VISA } }),
    ] {
        let order = counter.orders_cart(with).await.data();
        assert_eq!(text(&order["status"]), "PENDING");
        let cart = counter.ada.get("/v1/cart/getcart").await.data();
        assert_eq!(cart["items"], json!([]), "its things are in the order");
    }
    assert_eq!(counter.owner.stock_of(&counter.tea).await, (50, 3, 47));
}

#[actix_web::test]
async fn a_cart_that_forgot_an_order_does_not_cancel_it() {
    let counter = Counter::at(Bodega::open()).await;
    let by_bank = || counter.orders_cart(json!({ "paymentMethod": "bank_transfer" }));
    let first = by_bank().await.data();
    for _ in 0..bodega::domain::carts::CONSUMED_BY_MAX {
        by_bank().await.data();
    }
    counter.bodega.drives_on().await;
    let paid = counter.owner.makes(&first, "PAID").await.data();
    assert_eq!(text(&paid["status"]), "PAID");
}

#[actix_web::test]
async fn cash_on_delivery_is_not_charged_to_a_card_as_well() {
    let counter = Counter::at(Bodega::open()).await;
    let order = counter.orders_cart(json!({ "paymentMethod": "cash_on_delivery" })).await.data();
    let page = counter.begins_a_card(&order).await;
    counter.owner.makes(&order, "SHIPPED").await.data();
    counter.confirms(&page).await;
    assert_eq!(counter.sees(&order).await, "SHIPPED voided 0.0: placed payment_chosen shipped");
    counter.owner.makes(&order, "DELIVERED").await.data();
    let delivered = counter.sees(&order).await;
    let (paid, told) = ("DELIVERED captured 20.75", "delivered receipt_noted paid");
    assert_eq!(delivered, format!("{paid}: placed payment_chosen shipped {told}"));
}

#[actix_web::test]
async fn a_transfer_that_is_noted_gives_up_the_card_begun_beside_it() {
    let counter = Counter::at(Bodega::open()).await;
    let order = counter.orders_cart(json!({ "paymentMethod": "bank_transfer" })).await.data();
    let page = counter.begins_a_card(&order).await;
    counter.owner.makes(&order, "PAID").await.data();
    counter.confirms(&page).await;
    let paid = "PAID captured 20.75: placed payment_chosen receipt_noted paid";
    assert_eq!(counter.sees(&order).await, paid);
    let back = counter.ada.cancels(&order).await.data();
    assert_eq!(text(&back["waitingFor"]), "refund_by_hand", "it came by hand");
}

#[actix_web::test]
async fn nobody_who_has_paid_is_told_to_pay_in_cash() {
    let counter = Counter::at(Bodega::open()).await;
    let order = counter.orders_cart(json!({ "paymentMethod": "cash_on_delivery" })).await.data();
    let page = format!("/orders/{}", id(&order));
    let tells = async || counter.ada.opens(&page).await.text().contains("in cash when");
    assert!(tells().await, "it is still to be paid");
    counter.owner.makes(&order, "PAID").await.data();
    counter.owner.makes(&order, "SHIPPED").await.data();
    assert!(!tells().await, "it was paid at the counter");
}

#[actix_web::test]
async fn what_is_paid_at_the_door_is_to_be_shipped_from_the_start() {
    let counter = Counter::at(Bodega::open()).await;
    let order = counter.orders_cart(json!({ "paymentMethod": "cash_on_delivery" })).await.data();
    let by_bank = counter.orders_cart(json!({ "paymentMethod": "bank_transfer" })).await.data();
    let home = counter.owner.opens("/admin").await;
    for label in ["To ship", "Waiting for a bank transfer"] {
        let tile = "<span class=\"tile-figure\">1</span> <span class=\"tile-label\">";
        assert!(home.text().contains(&format!("{tile}{label}<")), "{label}: {}", home.text());
    }
    let list = counter.owner.opens("/admin/orders?status=TO_SHIP").await;
    let is_listed = [&order, &by_bank].map(|order| list.text().contains(id(order)));
    assert_eq!(is_listed, [true, false], "{}", list.text());
    let page = counter.owner.opens(&format!("/admin/orders/{}", id(&order))).await;
    assert!(page.text().contains("waits to be shipped, and is paid at the door"));
    let own = counter.ada.opens(&format!("/orders/{}", id(&order))).await;
    assert!(own.text().contains("Being packed"), "{}", own.text());
}

#[actix_web::test]
async fn what_was_refunded_as_a_whole_is_not_to_be_shipped() {
    let counter = Counter::at(Bodega::open()).await;
    let charge = json!({ "charge": { "paymentMethodId": VISA } });
    let order = counter.orders_cart(charge.clone()).await.data();
    let other = counter.orders_cart(charge).await.data();
    let no = counter.refunds(&order, json!({ "amount": 1, "restock": true })).await;
    no.refused(400, "restock_without_items");
    assert_eq!(counter.refunds(&order, json!({ "amount": 1 })).await.status, 201);
    let all =
        json!({ "items": [{ "id": order["items"][0]["id"], "quantity": 1 }], "restock": true });
    let refunded = counter.refunds(&order, all).await.data();
    assert_eq!(refunded["payment"]["amountRefunded"], order["totalPrice"]);
    counter.owner.makes(&order, "SHIPPED").await.refused(409, "nothing_to_ship");
    let home = counter.owner.opens("/admin").await;
    let tile = "<span class=\"tile-figure\">1</span> <span class=\"tile-label\">To ship";
    assert!(home.text().contains(tile), "{}", home.text());
    let list = async |query: &str| {
        let page = counter.owner.opens(&format!("/admin/orders{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        [&order, &other].map(|order| page.text().contains(&format!("/admin/orders/{}", id(order))))
    };
    assert_eq!(list("?status=TO_SHIP").await, [false, true]);
    assert_eq!(list("?status=PAID").await, [true, true]);
    assert_eq!(list("?status=TO_SHIP&q=ada%40example.com").await, [false, true]);
    assert_eq!(counter.owner.stock_of(&counter.tea).await, (49, 0, 49));
}

#[actix_web::test]
async fn the_rest_goes_back_after_a_part_was_paid_out() {
    let counter = Counter::at(Bodega::open()).await;
    let charge = json!({ "charge": { "paymentMethodId": "pm_card_refundFail" } });
    let order = counter.orders_cart(charge).await.data();
    counter.refunds(&order, json!({ "amount": 5 })).await.refused(402, "refund_refused");
    let cancelled = counter.owner.cancels(&order).await.data();
    let (part, rest) = (&cancelled["refunds"][0], &cancelled["refunds"][1]);
    counter.refunded(&order, part, "payout").await.data();
    let settled = counter.refunded(&order, rest, "payout").await.data();
    assert_eq!(settled["refunds"][1]["amount"], 15.75);
    assert_eq!(settled["payment"]["amountRefunded"], order["totalPrice"]);
    assert_eq!(settled["waitingFor"], Value::Null);
}
