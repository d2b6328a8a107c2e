//! Refunds: by amount, by lines, with goods that go back on the shelf; never more than was paid.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id, text},
    wire::NOBODYS,
};

struct Desk {
    _bodega: Bodega,
    owner: Person,
    ada: Person,
    tea: Value,
    coffee: Value,
}

impl Desk {
    async fn open() -> Desk {
        let bodega = Bodega::open();
        let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
        let tea = owner.adds_product("Tea", "3.33", 50).await;
        let coffee = owner.adds_product("Coffee", "7.00", 50).await;
        Desk { _bodega: bodega, owner, ada, tea, coffee }
    }

    /// Three teas and a coffee: 16.99, tax 1.28, shipping 10.00.
    async fn order_by(&self, token: &str) -> Value {
        let items = json!([
            { "productId": id(&self.tea), "quantity": 3 },
            { "productId": id(&self.coffee), "quantity": 1 },
        ]);
        let to = self.ada.has_address().await;
        let charge = json!({ "paymentMethodId": token });
        let body = json!({ "shippingAddressId": to, "items": items, "charge": charge });
        let order = self.ada.post("/v1/orders", body).await.data();
        assert_eq!(order["totalPrice"], 28.27);
        order
    }

    async fn refunds(&self, order: &Value, body: Value) -> Reply {
        self.owner.post(&format!("/v1/orders/{}/refunds", id(order)), body).await
    }

    async fn refunded(&self, order: &Value, body: Value) -> f64 {
        let answer = self.refunds(order, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.data()["payment"]["amountRefunded"].as_f64().expect("an amount")
    }
}

#[actix_web::test]
async fn an_amount_goes_back_and_never_more_than_was_paid() {
    let desk = Desk::open().await;
    let order = desk.order_by(VISA).await;
    assert_eq!(desk.refunded(&order, json!({ "amount": 8.27, "reason": "a dent" })).await, 8.27);
    let over = desk.refunds(&order, json!({ "amount": "20.01" })).await;
    assert_eq!(over.refused(409, "over_refund")["left"], 20.0);
    let faulty = [
        (json!(-1), "too_small"),
        (json!(0), "too_small"),
        (json!("0.00"), "too_small"),
        (json!(0.001), "too_many_decimals"),
    ];
    for (amount, code) in faulty {
        let faults = desk.refunds(&order, json!({ "amount": amount })).await.faults();
        assert_eq!(faults, [("/amount".to_owned(), code.to_owned())]);
    }
    assert_eq!(desk.refunded(&order, json!({})).await, 28.27, "nothing said is all that is left");
    desk.refunds(&order, json!({})).await.refused(409, "nothing_to_refund");
    let kept = desk.ada.sees_order(&order).await;
    assert_eq!(text(&kept["status"]), "PAID");
    let told: Vec<(&str, &Value)> = kept["timeline"]
        .as_array()
        .expect("a timeline")
        .iter()
        .map(|entry| (text(&entry["what"]), &entry["amount"]))
        .collect();
    assert_eq!(told[2..], [("refunded", &json!(8.27)), ("refunded", &json!(20.0))]);
    assert_eq!(desk.owner.stock_of(&desk.tea).await, (47, 0, 47), "the goods are gone");
}

#[actix_web::test]
async fn a_refund_without_a_body_is_all_that_is_left() {
    let desk = Desk::open().await;
    let order = desk.order_by(VISA).await;
    let path = format!("/v1/orders/{}/refunds", id(&order));
    let answer = desk.owner.asks(actix_web::http::Method::POST, &path).await;
    assert_eq!(answer.data()["payment"]["amountRefunded"], 28.27);
}

#[actix_web::test]
async fn units_go_back_at_what_they_cost_with_their_tax_and_add_up() {
    let desk = Desk::open().await;
    let order = desk.order_by(VISA).await;
    let one = json!({ "items": [{ "productId": id(&desk.tea), "quantity": 1 }], "restock": true });
    // A third of 9.99, and of the tax of 0.75; the last unit makes the line whole.
    assert_eq!(desk.refunded(&order, one.clone()).await, 3.58);
    assert_eq!(desk.owner.stock_of(&desk.tea).await, (48, 0, 48));
    assert_eq!(desk.refunded(&order, one.clone()).await, 7.16);
    assert_eq!(desk.refunded(&order, one.clone()).await, 10.74);
    assert_eq!(desk.owner.stock_of(&desk.tea).await, (50, 0, 50));
    desk.refunds(&order, one).await.refused(409, "too_many_units");
    // Shipping goes back with the last unit of the order.
    let line = &order["items"][1]["id"];
    let last = json!({ "items": [{ "id": line, "quantity": 1 }] });
    assert_eq!(desk.refunded(&order, last).await, 28.27);
    assert_eq!(desk.owner.stock_of(&desk.coffee).await, (49, 0, 49), "not restocked");
}

#[actix_web::test]
async fn a_refund_names_lines_of_its_order() {
    let desk = Desk::open().await;
    let order = desk.order_by(VISA).await;
    let line = &order["items"][0]["id"];
    for (items, pointer, code) in [
        (json!([]), "/items", "too_short"),
        (json!([{ "quantity": 1 }]), "/items/0/id", "required"),
        (
            json!([{ "id": line, "productId": id(&desk.tea), "quantity": 1 }]),
            "/items/0/productId",
            "not_both",
        ),
        (json!([{ "id": line, "quantity": 0 }]), "/items/0/quantity", "too_small"),
        (json!([{ "id": line }]), "/items/0/quantity", "required"),
    ] {
        let faults = desk.refunds(&order, json!({ "items": items })).await.faults();
        assert_eq!(faults, [(pointer.to_owned(), code.to_owned())]);
    }
    for item in
        [json!({ "id": NOBODYS, "quantity": 1 }), json!({ "productId": NOBODYS, "quantity": 1 })]
    {
        desk.refunds(&order, json!({ "items": [item] })).await.refused(404, "not_found");
    }
    let four = json!({ "items": [{ "id": line, "quantity": 4 }] });
    desk.refunds(&order, four).await.refused(409, "too_many_units");
    let twice = json!({ "items": [{ "id": line, "quantity": 2 }, { "id": line, "quantity": 2 }] });
    desk.refunds(&order, twice).await.refused(409, "too_many_units");
    let unknown = json!({ "id": NOBODYS });
    desk.refunds(&unknown, json!({})).await.refused(404, "not_found");
    assert_eq!(desk.ada.sees_order(&order).await, order);
}

#[actix_web::test]
async fn only_money_that_was_taken_goes_back() {
    let desk = Desk::open().await;
    let waiting = desk.order_by("pm_card_authenticationRequired").await;
    desk.refunds(&waiting, json!({})).await.refused(409, "nothing_to_refund");
    let cancelled = desk.order_by(VISA).await;
    desk.ada.cancels(&cancelled).await.data();
    desk.refunds(&cancelled, json!({})).await.refused(409, "nothing_to_refund");
}

#[actix_web::test]
async fn a_refund_the_bank_refuses_counts_as_not_made() {
    let desk = Desk::open().await;
    let order = desk.order_by("pm_card_refundFail").await;
    let refused = desk.refunds(&order, json!({ "amount": 5 })).await;
    let refusal = refused.refused(402, "refund_refused");
    assert_eq!(refusal["orderId"], order["id"]);
    assert!(refusal["declineCode"].is_string(), "{refusal}");
    let kept = desk.ada.sees_order(&order).await;
    assert_eq!((text(&kept["status"]), &kept["payment"]["amountRefunded"]), ("PAID", &json!(0.0)));
    let told = text(&kept["timeline"][2]["what"]);
    assert_eq!(told, "refund_refused");
}

#[actix_web::test]
async fn a_cancelled_order_gives_back_what_a_refund_has_not() {
    let desk = Desk::open().await;
    let order = desk.order_by(VISA).await;
    let part = json!({ "items": [{ "productId": id(&desk.tea), "quantity": 2 }], "restock": true });
    desk.refunded(&order, part).await;
    let cancelled = desk.ada.cancels(&order).await.data();
    assert_eq!(cancelled["payment"]["amountRefunded"], 28.27);
    assert_eq!(desk.owner.stock_of(&desk.tea).await, (50, 0, 50));
    assert_eq!(desk.owner.stock_of(&desk.coffee).await, (50, 0, 50));
}

#[actix_web::test]
async fn a_delivered_order_can_be_refunded() {
    let desk = Desk::open().await;
    let order = desk.order_by(VISA).await;
    desk.owner.makes(&order, "SHIPPED").await.data();
    desk.owner.makes(&order, "DELIVERED").await.data();
    assert_eq!(desk.refunded(&order, json!({})).await, 28.27);
    assert_eq!(text(&desk.ada.sees_order(&order).await["status"]), "DELIVERED");
}
