//! Paid twice: a card was faster than the money that staff noted, and what they hold goes back.

use bodega::{actors::orders::OrderChange, domain::time::Who};
use serde_json::{Value, json};

use crate::{
    by_hand::Till,
    support::{
        Bodega, Reply,
        wares::{VISA, id, text},
    },
};

/// What the overview says above the orders whose money waits.
const WAITS: &str = "Money that waits for you";

impl Till {
    async fn pays_by(&self, order: &Value, token: &str) -> Value {
        let body = json!({ "charge": { "paymentMethodId": token } });
        self.ada.post(&format!("/v1/orders/{}/payment", id(order)), body).await.data()
    }

    /// An order by bank transfer whose receipt is noted while its card is asked for, and has paid.
    async fn is_paid_twice(&self) -> Value {
        let order = self.asks_for("bank_transfer").await.data();
        let asks = self.pays_by(&order, "pm_card_authenticationRequired").await;
        let page = text(&asks["payment"]["nextAction"]["url"]).to_owned();
        // The receipt is noted, and nobody has driven the order on, when the customer confirms.
        let change = OrderChange::NoteReceipt { reference: Some("statement 12".to_owned()) };
        let note = bodega::actors::orders::ChangeOrder {
            order: id(&order).parse().expect("an id"),
            change,
        };
        let shop = &self.bodega.shop;
        shop.desks.orders.ask(note, shop.intent(Who::Shop)).await.expect("noted");
        let yes = self.bodega.visitor().asks(actix_web::http::Method::POST, &page);
        yes.bytes("application/x-www-form-urlencoded", "result=complete").await;
        let paid = self.owner.sees_order(&order).await;
        assert_eq!((text(&paid["status"]), text(&paid["payment"]["status"])), ("PAID", "captured"));
        paid
    }

    async fn gives_back(&self, order: &Value, reference: &str) -> Reply {
        let refund = text(&order["refunds"][0]["id"]);
        let path = format!("/v1/orders/{}/refunds/{refund}/payout", id(order));
        self.owner.post(&path, json!({ "reference": reference })).await
    }
}

#[actix_web::test]
async fn what_came_by_hand_beside_a_card_is_to_be_paid_out_where_staff_work() {
    let till = Till::at(Bodega::open()).await;
    let order = till.is_paid_twice().await;
    assert_eq!(text(&order["waitingFor"]), "refund_by_hand");
    let refund = &order["refunds"][0];
    assert_eq!(
        (text(&refund["status"]), &refund["amount"], text(&refund["reason"])),
        ("to_be_paid_out", &order["totalPrice"], "a card had paid as well")
    );
    assert!(refund["createdAt"].is_string(), "{refund}");
    let page = format!("/admin/orders/{}", id(&order));
    let home = async || till.owner.opens("/admin").await.text().to_owned();
    let told = home().await;
    assert!(told.contains(WAITS) && told.contains(&page), "{told}");
    let shown = till.owner.opens(&page).await;
    for said in ["To be paid out by hand", "statement 12", "waits for you to pay the money back"] {
        assert!(shown.text().contains(said), "{said}: {}", shown.text());
    }
    let manager = till.bodega.manager().await;
    assert!(!manager.opens("/admin").await.text().contains(WAITS));

    let done = till.gives_back(&order, "transfer 9").await.data();
    assert_eq!((text(&done["status"]), &done["waitingFor"]), ("PAID", &Value::Null));
    let refund = &done["refunds"][0];
    assert_eq!((text(&refund["status"]), text(&refund["reference"])), ("paid_out", "transfer 9"));
    assert_eq!(done["payment"]["amountRefunded"], 0.0, "the card's money stays");
    let last = done["timeline"].as_array().expect("a list").last().expect("an entry").clone();
    assert_eq!((text(&last["what"]), text(&last["reference"])), ("receipt_returned", "transfer 9"));
    assert!(!home().await.contains(WAITS));
    assert_eq!(till.gives_back(&order, "transfer 9").await.data(), done);
    till.gives_back(&order, "transfer 10").await.refused(409, "refunded_already");
    let shipped = till.owner.makes(&order, "SHIPPED").await;
    assert_eq!(shipped.data()["status"], "SHIPPED");
}

#[actix_web::test]
async fn an_order_that_was_paid_twice_and_is_cancelled_gives_both_back() {
    let till = Till::at(Bodega::open()).await;
    let order = till.is_paid_twice().await;
    let cancelled = till.owner.cancels(&order).await.data();
    assert_eq!(cancelled["payment"]["amountRefunded"], order["totalPrice"], "the card's");
    assert_eq!(text(&cancelled["waitingFor"]), "refund_by_hand");
    let of_receipt = |order: &Value| {
        let mut all = order["refunds"].as_array().expect("a list").iter();
        all.find(|refund| refund["reason"] == "a card had paid as well").cloned().expect("one")
    };
    let refund = of_receipt(&cancelled);
    let path = format!("/v1/orders/{}/refunds/{}/payout", id(&order), id(&refund));
    let done = till.owner.post(&path, json!({})).await.data();
    assert_eq!(
        (&done["waitingFor"], text(&of_receipt(&done)["status"])),
        (&Value::Null, "paid_out")
    );
}

#[actix_web::test]
async fn an_order_that_was_paid_once_has_nothing_by_hand_to_give_back() {
    let till = Till::at(Bodega::open()).await;
    let by_card = till.asks_for("bank_transfer").await.data();
    till.pays_by(&by_card, VISA).await;
    let by_hand = till.asks_for("bank_transfer").await.data();
    till.owner.makes(&by_hand, "PAID").await.data();
    for order in [&by_card, &by_hand] {
        let seen = till.owner.sees_order(order).await;
        assert_eq!((&seen["refunds"], &seen["waitingFor"]), (&json!([]), &Value::Null));
        let path = format!("/v1/orders/{0}/refunds/{0}/payout", id(order));
        till.owner.post(&path, json!({})).await.refused(404, "not_found");
    }
    assert!(!till.owner.opens("/admin").await.text().contains(WAITS));
}

#[actix_web::test]
async fn staff_see_at_once_whose_money_waits_for_them() {
    let till = Till::at(Bodega::open()).await;
    let order = till.buys_by("pm_card_refundFail").await;
    let home = async || till.owner.opens("/admin").await.text().to_owned();
    assert!(!home().await.contains(WAITS));
    till.owner.cancels(&order).await.data();
    let told = home().await;
    let said = format!("Order {}</a> waits for you: the refund was refused", order["number"]);
    assert!(told.contains(WAITS) && told.contains(&said), "{told}");
    let cancelled = till.owner.sees_order(&order).await;
    till.gives_back(&cancelled, "in cash").await.data();
    assert!(!home().await.contains(WAITS));
}

#[actix_web::test]
async fn staff_read_of_each_payment_what_it_was() {
    let till = Till::at(Bodega::open()).await;
    let told = async |order: &Value| {
        till.owner.opens(&format!("/admin/orders/{}", id(order))).await.text().to_owned()
    };
    let order = till.asks_for("bank_transfer").await.data();
    let declined = json!({ "charge": { "paymentMethodId": "pm_card_chargeDeclined" } });
    let path = format!("/v1/orders/{}/payment", id(&order));
    till.ada.post(&path, declined).await.refused(402, "payment_declined");
    let page = told(&order).await;
    assert!(page.contains("A card was chosen to pay with"), "{page}");
    assert!(!page.contains("Paid again"), "it was the first: {page}");
    let noted = json!({ "status": "PAID", "reference": "statement 12" });
    let status = format!("/v1/orders/{}/status", id(&order));
    till.owner.patch(&status, noted).await.data();
    let page = told(&order).await;
    assert!(page.contains("<dt>Reference</dt><dd><code>statement 12</code>"), "{page}");

    let order = till.buys_by("pm_card_authenticationRequired").await;
    till.pays_by(&order, VISA).await;
    assert!(told(&order).await.contains("Paid again, with another card"));
}

#[actix_web::test]
async fn programs_are_told_how_much_was_taken_and_how_much_went_back() {
    let till = Till::at(Bodega::open()).await;
    let told = async |order: &Value, which: &str| -> Vec<Value> {
        let events = till.owner.get(&format!("/v1/events?limit=100&types={which}")).await.data();
        let events = events.as_array().expect("a list").iter();
        events
            .map(|event| event["data"].clone())
            .filter(|of| of["orderId"] == order["id"])
            .collect()
    };
    let cancelled = till.buys_by(VISA).await;
    till.owner.cancels(&cancelled).await.data();
    let cash = till.asks_for("cash_on_delivery").await.data();
    till.owner.makes(&cash, "SHIPPED").await.data();
    till.owner.makes(&cash, "DELIVERED").await.data();
    for (order, back) in [(&cancelled, &cancelled["totalPrice"]), (&cash, &json!(0.0))] {
        let settled = told(order, "order.settled").await;
        let last = settled.last().expect("it is settled");
        assert_eq!(
            (&last["amountCaptured"], &last["amountRefunded"]),
            (&order["totalPrice"], back)
        );
    }
    let refused = till.buys_by("pm_card_refundFail").await;
    let path = format!("/v1/orders/{}/refunds", id(&refused));
    till.owner.post(&path, json!({ "amount": 5 })).await.refused(402, "refund_refused");
    assert_eq!(told(&refused, "order.refund_failed").await[0]["amount"], 5.0);
    let twice = till.is_paid_twice().await;
    till.gives_back(&twice, "transfer 9").await.data();
    let back = &told(&twice, "order.refunded").await[0];
    assert_eq!((&back["amount"], &back["refundId"]), (&twice["totalPrice"], &twice["id"]));
}
