//! Money without a card: cash, bank transfers, what staff give back; and money that is set aside.

use std::time::Duration;

use bodega::domain::{
    money::{Currency, Money},
    payments::{Dispute, DisputeNews, DisputeState},
    time::{Timestamp, Who},
};
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id, text},
    wire::NOBODYS,
};

pub(super) struct Till {
    pub(super) bodega: Bodega,
    pub(super) owner: Person,
    pub(super) ada: Person,
    pub(super) tea: Value,
}

impl Till {
    pub(super) async fn at(bodega: Bodega) -> Till {
        let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
        let tea = owner.adds_product("Tea", "10.00", 50).await;
        Till { bodega, owner, ada, tea }
    }

    pub(super) async fn asks_for(&self, method: &str) -> Reply {
        let items = json!([{ "productId": id(&self.tea), "quantity": 1 }]);
        let to = self.ada.has_address().await;
        let body = json!({ "shippingAddressId": to, "items": items, "paymentMethod": method });
        self.ada.post("/v1/orders", body).await
    }

    pub(super) async fn buys_by(&self, token: &str) -> Value {
        let to = self.ada.has_address().await;
        self.ada.orders(&to, &self.tea, 1, token).await.data()
    }

    async fn does(&self, order: &Value, refund: &str, what: &str, body: Value) -> Reply {
        let path = format!("/v1/orders/{}/refunds/{refund}/{what}", id(order));
        self.owner.post(&path, body).await
    }

    async fn refunds(&self, order: &Value, body: Value) -> Reply {
        self.owner.post(&format!("/v1/orders/{}/refunds", id(order)), body).await
    }

    /// Status, payment, what is waited for, and how each refund stands.
    async fn sees(&self, order: &Value) -> String {
        told(&self.owner.sees_order(order).await)
    }

    /// So many days later, when everybody has signed in again.
    async fn is_open_after(&mut self, days: u64) {
        self.bodega.shop.clock.advance(Duration::from_secs(days * 24 * 60 * 60));
        self.bodega.drives_on().await;
        self.owner = self.owner.signed_in_again(&self.bodega);
        self.ada = self.ada.signed_in_again(&self.bodega);
    }
}

fn told(order: &Value) -> String {
    let refunds = order["refunds"].as_array().expect("a list");
    let refunds: Vec<&str> = refunds.iter().map(|refund| text(&refund["status"])).collect();
    let waits = order["waitingFor"].as_str().unwrap_or("nothing");
    let (status, paid) = (text(&order["status"]), text(&order["payment"]["status"]));
    format!("{status} {paid}, waits for {waits} {}", refunds.join(" ")).trim_end().to_owned()
}

fn refund_of(order: &Value) -> String {
    text(&order["refunds"][0]["id"]).to_owned()
}

#[actix_web::test]
async fn a_bank_transfer_is_asked_for_with_its_account_and_noted_by_staff() {
    let account = "Bank of Town\nIBAN GB00 TOWN 0000 0000 00";
    let till = Till::at(Bodega::with(&[("payments.bank_transfer_details", account)])).await;
    let order = till.asks_for("bank_transfer").await.data();
    assert_eq!(told(&order), "PENDING waiting, waits for receipt");
    let how = &order["payment"]["instructions"];
    assert_eq!((text(&how["type"]), text(&how["text"])), ("bank_transfer", account));
    assert_eq!(text(&how["reference"]), order["number"].to_string());
    assert_eq!((&how["amount"], &how["dueBy"]), (&order["totalPrice"], &order["heldUntil"]));
    let path = format!("/v1/orders/{}/status", id(&order));
    let noted = json!({ "status": "PAID", "reference": "statement 12" });
    let paid = till.owner.patch(&path, noted.clone()).key("once").await.data();
    assert_eq!(told(&paid), "PAID captured, waits for nothing");
    assert_eq!(paid["payment"]["instructions"], Value::Null);
    let entry = &paid["timeline"][1];
    assert_eq!((text(&entry["what"]), text(&entry["who"])), ("receipt_noted", "staff"));
    assert_eq!(text(&entry["reference"]), "statement 12");
    assert_eq!(till.owner.patch(&path, noted).key("once").await.data(), paid);
}

#[actix_web::test]
async fn cash_is_paid_where_the_goods_are_handed_over() {
    let till = Till::at(Bodega::open()).await;
    let order = till.asks_for("cash_on_delivery").await.data();
    assert_eq!(text(&order["payment"]["instructions"]["type"]), "cash_on_delivery");
    let shipped = till.owner.makes(&order, "SHIPPED").await.data();
    assert_eq!(told(&shipped), "SHIPPED waiting, waits for nothing");
    assert_eq!(shipped["payment"]["amountCaptured"], 0.0);
    assert_eq!(till.owner.stock_of(&till.tea).await, (49, 0, 49));
    let delivered = till.owner.makes(&order, "DELIVERED").await.data();
    assert_eq!(told(&delivered), "DELIVERED captured, waits for nothing");
    assert_eq!(delivered["payment"]["amountCaptured"], order["totalPrice"]);
    let timeline = delivered["timeline"].as_array().expect("a list").iter();
    let timeline: Vec<&str> = timeline.map(|entry| text(&entry["what"])).collect();
    assert_eq!(timeline, ["placed", "shipped", "delivered", "receipt_noted", "paid"]);
}

#[actix_web::test]
async fn a_way_to_pay_that_is_switched_off_is_not_taken() {
    let off = [("payments.cash_on_delivery", "false"), ("payments.bank_transfer", "false")];
    let till = Till::at(Bodega::with(&off)).await;
    for method in ["cash_on_delivery", "bank_transfer"] {
        till.asks_for(method).await.refused(400, "payment_method_not_offered");
    }
    assert_eq!(told(&till.asks_for("card").await.data()), "PENDING waiting, waits for to_be_paid");
}

#[actix_web::test]
async fn an_order_below_the_minimum_is_refused_with_the_minimum() {
    let till = Till::at(Bodega::with(&[("payments.minimum_order", "10.01")])).await;
    let refusal = till.asks_for("card").await.refused(409, "below_minimum_order");
    assert_eq!(refusal["minimum"], 10.01);
    assert_eq!(till.ada.get("/v1/orders").await.data(), json!([]), "nothing was placed");
    let till = Till::at(Bodega::with(&[("payments.minimum_order", "10.00")])).await;
    assert_eq!(till.asks_for("card").await.status, 201);
}

#[actix_web::test]
async fn an_order_by_hand_has_its_days_and_then_expires() {
    let chosen = [("payments.manual_hold_days", "3")];
    let mut till = Till::at(Bodega::with_stopped_clock_and(&chosen)).await;
    let order = till.asks_for("bank_transfer").await.data();
    till.is_open_after(2).await;
    assert_eq!(till.sees(&order).await, "PENDING waiting, waits for receipt");
    till.is_open_after(1).await;
    let expired = till.owner.sees_order(&order).await;
    assert_eq!(
        (text(&expired["status"]), text(&expired["cancelReason"])),
        ("CANCELLED", "expired")
    );
    assert_eq!(till.owner.stock_of(&till.tea).await, (50, 0, 50));
    till.owner.makes(&order, "PAID").await.refused(409, "illegal_transition");
}

#[actix_web::test]
async fn what_came_by_hand_goes_back_by_hand() {
    let till = Till::at(Bodega::open()).await;
    let order = till.asks_for("bank_transfer").await.data();
    till.owner.makes(&order, "PAID").await.data();
    let part = till.refunds(&order, json!({ "amount": 5, "reason": "a dent" })).await.data();
    assert_eq!(told(&part), "PAID captured, waits for refund_by_hand to_be_paid_out");
    let body = json!({ "reference": "transfer 7" });
    let done = till.does(&order, &refund_of(&part), "payout", body.clone()).await.data();
    assert_eq!(told(&done), "PAID captured, waits for nothing paid_out");
    assert_eq!(done["payment"]["amountRefunded"], 5.0);
    assert_eq!(text(&done["refunds"][0]["reference"]), "transfer 7");
    assert_eq!(till.does(&order, &refund_of(&part), "payout", body).await.data(), done);
    let other = json!({ "reference": "transfer 8" });
    let again = till.does(&order, &refund_of(&part), "payout", other).await;
    again.refused(409, "refunded_already");
    let cancelled = till.ada.cancels(&order).await.data();
    assert_eq!(
        told(&cancelled),
        "CANCELLED captured, waits for refund_by_hand paid_out to_be_paid_out"
    );
    let rest = text(&cancelled["refunds"][1]["id"]).to_owned();
    assert!(cancelled["refunds"][1]["createdAt"].is_string(), "{}", cancelled["refunds"]);
    let settled = till.does(&order, &rest, "payout", json!({})).await.data();
    assert_eq!(told(&settled), "CANCELLED captured, waits for nothing paid_out paid_out");
    assert_eq!(settled["refunds"][1]["createdAt"], cancelled["refunds"][1]["createdAt"]);
    assert_eq!(settled["payment"]["amountRefunded"], settled["totalPrice"]);
    let nobodys = till.does(&order, NOBODYS, "payout", json!({})).await;
    nobodys.refused(404, "not_found");
}

#[actix_web::test]
async fn a_refused_refund_is_shown_and_can_be_tried_again_or_paid_out() {
    let till = Till::at(Bodega::open()).await;
    let order = till.buys_by("pm_card_refundFail").await;
    till.refunds(&order, json!({ "amount": 5 })).await.refused(402, "refund_refused");
    let refused = till.owner.sees_order(&order).await;
    assert_eq!(told(&refused), "PAID captured, waits for nothing failed");
    assert_eq!(text(&refused["refunds"][0]["failureCode"]), "expired_or_canceled_card");
    let refund = refund_of(&refused);
    let again = till.does(&order, &refund, "retry", json!({})).await;
    again.refused(402, "refund_refused");
    assert_eq!(till.sees(&order).await, "PAID captured, waits for nothing failed");
    let out = till.does(&order, &refund, "payout", json!({ "reference": "cash" })).await.data();
    assert_eq!(told(&out), "PAID captured, waits for nothing paid_out");
    assert_eq!(out["payment"]["amountRefunded"], 5.0);
    let cancelled = till.owner.cancels(&order).await.data();
    assert_eq!(told(&cancelled), "CANCELLED captured, waits for refund_refused paid_out failed");
    let rest = text(&cancelled["refunds"][1]["id"]).to_owned();
    till.does(&order, &rest, "retry", json!({})).await.data();
    assert_eq!(
        till.sees(&order).await,
        "CANCELLED captured, waits for refund_refused paid_out failed"
    );
    let settled = till.does(&order, &rest, "payout", json!({})).await.data();
    assert_eq!(told(&settled), "CANCELLED captured, waits for nothing paid_out paid_out");
    let ada = till.ada.post(&format!("/v1/orders/{}/refunds/{rest}/retry", id(&order)), json!({}));
    ada.await.refused(403, "forbidden");
}

#[actix_web::test]
async fn money_is_set_aside_at_checkout_and_taken_when_the_goods_leave() {
    let manual = [("payments.capture", "manual")];
    let mut till = Till::at(Bodega::with_stopped_clock_and(&manual)).await;
    let order = till.buys_by(VISA).await;
    assert_eq!(told(&order), "PENDING authorised, waits for shipment");
    assert_eq!(order["payment"]["authorisedUntil"], order["heldUntil"]);
    assert_eq!(order["payment"]["amountCaptured"], 0.0);
    let again = json!({ "charge": { "paymentMethodId": VISA } });
    let again = till.ada.post(&format!("/v1/orders/{}/payment", id(&order)), again).await;
    again.refused(409, "payment_in_progress");
    let shipped = till.owner.makes(&order, "SHIPPED").await.data();
    assert_eq!(told(&shipped), "SHIPPED captured, waits for nothing");
    assert_eq!(shipped["payment"]["amountCaptured"], order["totalPrice"]);
    let given_up = till.buys_by(VISA).await;
    let cancelled = till.ada.cancels(&given_up).await.data();
    assert_eq!(told(&cancelled), "CANCELLED voided, waits for nothing");
    let forgotten = till.buys_by(VISA).await;
    till.is_open_after(6).await;
    assert_eq!(till.sees(&forgotten).await, "PENDING authorised, waits for shipment");
    till.is_open_after(2).await;
    let expired = till.owner.sees_order(&forgotten).await;
    assert_eq!(told(&expired), "CANCELLED voided, waits for nothing");
    assert_eq!(text(&expired["cancelReason"]), "expired");
    assert_eq!(till.owner.stock_of(&till.tea).await, (49, 0, 49));
}

#[actix_web::test]
async fn what_is_set_aside_is_taken_before_the_goods_leave_if_staff_say_so() {
    let till = Till::at(Bodega::with(&[("payments.capture", "manual")])).await;
    let order = till.buys_by(VISA).await;
    let path = format!("/v1/orders/{}/status", id(&order));
    let take = || till.owner.patch(&path, json!({ "status": "PAID" }));
    take().header("if-match", r#""0""#).await.refused(412, "precondition_failed");
    till.ada.patch(&path, json!({ "status": "PAID" })).await.refused(403, "forbidden");
    assert_eq!(till.sees(&order).await, "PENDING authorised, waits for shipment");
    let taken = take().key("once").await.data();
    assert_eq!(told(&taken), "PAID captured, waits for nothing");
    assert_eq!(taken["payment"]["amountCaptured"], order["totalPrice"]);
    assert_eq!(till.owner.stock_of(&till.tea).await, (49, 0, 49));
    let last = taken["timeline"].as_array().expect("a list").last().expect("an entry").clone();
    assert_eq!((text(&last["what"]), text(&last["who"])), ("paid", "staff"));
    assert_eq!(take().key("once").await.data(), taken);
    assert_eq!(take().await.data()["payment"], taken["payment"], "it is taken once");
    let back = till.owner.cancels(&order).await.data();
    assert_eq!(back["payment"]["amountRefunded"], order["totalPrice"]);

    let unpaid = till.asks_for("card").await.data();
    till.owner.makes(&unpaid, "PAID").await.refused(409, "illegal_transition");
    let given_up = till.buys_by(VISA).await;
    till.ada.cancels(&given_up).await.data();
    till.owner.makes(&given_up, "PAID").await.refused(409, "illegal_transition");
}

#[actix_web::test]
async fn the_page_of_an_order_says_what_will_be_taken_before_it_is() {
    let till = Till::at(Bodega::with(&[("payments.capture", "manual")])).await;
    let order = till.buys_by(VISA).await;
    let path = format!("/admin/orders/{}", id(&order));
    let page = till.owner.opens(&path).await;
    let amount = order["totalPrice"].to_string();
    assert!(page.text().contains(&format!("Take ${amount}")), "{}", page.text());
    assert!(page.text().contains("What is set aside is given up"), "cancelling takes nothing");
    assert!(page.text().contains("waits to be shipped"), "{}", page.text());
    let tick = format!("name=\"orders\" value=\"{}\"", id(&order));
    let list = till.owner.opens("/admin/orders?status=TO_SHIP").await;
    assert!(list.text().contains(&tick), "{}", list.text());
    let home = till.owner.opens("/admin").await;
    let tile = "<span class=\"tile-figure\">1</span> <span class=\"tile-label\">To ship";
    assert!(home.text().contains(tile), "{}", home.text());
    let capture = format!("{path}/capture");
    let stale = till.owner.sends(&capture, &[("version", "1")]).await;
    assert_eq!(stale.status, 412, "{}", stale.text());
    assert_eq!(till.sees(&order).await, "PENDING authorised, waits for shipment");
    for _ in 0..2 {
        let done = till.owner.sends(&capture, &[("key", "a-click")]).await;
        assert_eq!(
            (done.status, done.header("location")),
            (303, &*format!("{path}?done=captured"))
        );
    }
    assert_eq!(till.sees(&order).await, "PAID captured, waits for nothing");
    let page = till.owner.opens(&path).await;
    assert!(!page.text().contains("/capture\""), "{}", page.text());
}

#[actix_web::test]
async fn a_demo_is_filled_where_money_is_set_aside_too() {
    let bodega = Bodega::with(&[("payments.capture", "manual")]);
    bodega::demo::fill(&bodega.shop).await.expect("a filled shop");
    let orders = bodega.owner().await.get("/v1/orders/all?status=PAID").await.data();
    let paid = orders.as_array().expect("a list");
    assert!(paid.iter().any(|order| order["payment"]["amountRefunded"] == 5.0), "{orders}");
}

#[actix_web::test]
async fn taking_what_is_set_aside_is_gone_on_with_after_a_crash() {
    let bodega = Bodega::with(&[("payments.capture", "manual")]);
    let till = Till::at(bodega).await;
    let order = till.buys_by(VISA).await;
    let shop = &till.bodega.shop;
    let payment = text(&order["paymentId"]).parse().expect("an id");
    // As far as it came: it is decided, and nobody has asked the bank yet.
    let begun = shop.desks.charging.begin_capture(payment, shop.intent(Who::Shop)).await;
    begun.expect("decided");
    assert_eq!(till.sees(&order).await, "PENDING authorised, waits for payment_in_doubt");
    till.bodega.drives_on().await;
    assert_eq!(till.sees(&order).await, "PAID captured, waits for nothing");
}

#[actix_web::test]
async fn a_change_that_insists_on_what_it_saw_is_refused_when_the_order_has_changed() {
    let till = Till::at(Bodega::open()).await;
    let order = till.asks_for("bank_transfer").await.data();
    let path = format!("/v1/orders/{}", id(&order));
    let seen = till.owner.get(&path).await.header("etag").to_owned();
    let paid = || till.owner.patch(&format!("{path}/status"), json!({ "status": "PAID" }));
    paid().header("if-match", r#""0""#).await.refused(412, "precondition_failed");
    assert_eq!(till.sees(&order).await, "PENDING waiting, waits for receipt");
    assert_eq!(paid().header("if-match", &seen).await.status, 200);
    let cancel = till.ada.cancels(&order).header("if-match", &seen).await;
    cancel.refused(412, "precondition_failed");
}

#[actix_web::test]
async fn staff_see_what_cardholders_dispute_by_the_deadline_for_evidence() {
    let till = Till::at(Bodega::open()).await;
    let (late, soon, paid) =
        (till.buys_by(VISA).await, till.buys_by(VISA).await, till.buys_by(VISA).await);
    let tell = async |order: &Value, state, due| {
        let known = Dispute {
            amount: Money::of(2075, Currency::USD).expect("an amount"),
            reason: "product_not_received".to_owned(),
            state,
            evidence_by: Some(Timestamp::from_millis(due)),
        };
        let news = DisputeNews { dispute: format!("dp_{}", id(order)), known };
        let order = id(order).parse().expect("an id");
        till.bodega.shop.purchases.record_dispute(order, news).await.expect("noted")
    };
    tell(&late, DisputeState::NeedsResponse, 1_900_000_000_000).await;
    for _ in 0..2 {
        tell(&soon, DisputeState::NeedsResponse, 1_800_000_000_000).await;
    }
    let all = async |which: &str| {
        let page = till.owner.get(&format!("/v1/orders/all?dispute={which}")).await.data();
        page.as_array().expect("a list").iter().map(|one| id(one).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(all("open").await, [id(&soon), id(&late)]);
    let seen = till.owner.sees_order(&soon).await;
    let dispute = &seen["disputes"][0];
    assert_eq!(text(&dispute["status"]), "needs_response");
    assert_eq!(text(&dispute["evidenceDueBy"]), "2027-01-15T08:00:00.000Z");
    let last = seen["timeline"].as_array().expect("a list").last().expect("an entry").clone();
    assert_eq!((text(&last["what"]), text(&last["dispute"])), ("disputed", "needs_response"));
    assert_eq!(till.ada.sees_order(&soon).await["disputes"], Value::Null);
    tell(&soon, DisputeState::Lost, 1_800_000_000_000).await;
    tell(&soon, DisputeState::NeedsResponse, 1_800_000_000_000).await;
    assert_eq!(all("open").await, [id(&late)]);
    assert_eq!(all("any").await, [id(&soon), id(&late)]);
    let faults = till.owner.get("/v1/orders/all?dispute=maybe").await.faults();
    assert_eq!(faults, [("/dispute".to_owned(), "not_a_choice".to_owned())]);
    assert_eq!(till.sees(&paid).await, "PAID captured, waits for nothing");
}
