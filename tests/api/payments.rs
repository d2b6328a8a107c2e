//! Payments: cards that pay, are refused, ask first, take their time or lose their answer.

use actix_web::http::Method;
use bodega::domain::demo_charge::cards::NUMBERS;
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id, text},
    wire::NOBODYS,
};

fn card(number: &str) -> Value {
    json!({ "number": number, "exp_month": 12, "exp_year": 2099, "cvc": "123" })
}

/// Somebody who orders one tea.
struct Shopper {
    bodega: Bodega,
    manager: Person,
    ada: Person,
    to: String,
    tea: Value,
}

impl Shopper {
    async fn at(bodega: Bodega) -> Shopper {
        let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
        let tea = manager.adds_product("Tea", "10.00", 50).await;
        let to = ada.has_address().await;
        Shopper { bodega, manager, ada, to, tea }
    }

    async fn pays_with(&self, charge: Value) -> Reply {
        let items = json!([{ "productId": id(&self.tea), "quantity": 1 }]);
        let body = json!({ "shippingAddressId": self.to, "items": items, "charge": charge });
        self.ada.post("/v1/orders", body).await
    }

    async fn pays_by(&self, token: &str) -> Reply {
        self.pays_with(json!({ "paymentMethodId": token })).await
    }

    async fn unpaid(&self) -> Value {
        let items = json!([{ "productId": id(&self.tea), "quantity": 1 }]);
        let body = json!({ "shippingAddressId": self.to, "items": items });
        self.ada.post("/v1/orders", body).await.data()
    }

    async fn pays_again(&self, order: &Value, token: &str) -> Reply {
        let body = json!({ "charge": { "paymentMethodId": token } });
        self.ada.post(&format!("/v1/orders/{}/payment", id(order)), body).await
    }

    async fn goes_on(&self, order: &Value) -> Reply {
        self.ada.asks(Method::POST, &format!("/v1/orders/{}/payment", id(order))).await
    }

    /// Status of the order and of its payment: `PENDING processing`.
    async fn sees(&self, order: &Value) -> String {
        told(&self.ada.sees_order(order).await)
    }
}

fn told(order: &Value) -> String {
    let why = order["cancelReason"].as_str().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{}{why} {}", text(&order["status"]), text(&order["payment"]["status"]))
}

/// The order that a refusal names.
fn named(refusal: &Value) -> Value {
    json!({ "id": refusal["orderId"] })
}

#[actix_web::test]
async fn every_published_card_does_what_is_published_of_it() {
    let shopper = Shopper::at(Bodega::open()).await;
    let declines = [
        ("4000000000000002", "generic_decline"),
        ("4000000000000341", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "lost_card"),
        ("4000000000009979", "stolen_card"),
        ("4000000000006975", "card_velocity_exceeded"),
        ("4100000000000019", "fraudulent"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000101", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
        ("4242424242424241", "incorrect_number"),
    ];
    let asks = [
        "4000002500003155",
        "4000002760003184",
        "4000000000003220",
        "4000000000003063",
        "4000008260003178",
    ];
    let mut stock = shopper.manager.stock_of(&shopper.tea).await;
    for (number, _) in NUMBERS {
        let answer = shopper.pays_with(json!({ "card": card(number) })).await;
        assert!(!answer.text().contains(number), "{}", answer.text());
        if let Some((_, code)) = declines.iter().find(|(declined, _)| declined == number) {
            let refusal = answer.refused(402, "payment_declined");
            assert_eq!(text(&refusal["declineCode"]), *code, "{number}");
            let told = shopper.sees(&named(&refusal)).await;
            assert_eq!(told, "CANCELLED (payment_declined) declined");
        } else if asks.contains(number) {
            assert_eq!(told(&answer.data()), "PENDING requires_action", "{number}");
            shopper.ada.cancels(&answer.data()).await.data();
        } else {
            assert_eq!(told(&answer.data()), "PAID captured", "{number}");
            stock = (stock.0 - 1, 0, stock.2 - 1);
        }
        assert_eq!(shopper.manager.stock_of(&shopper.tea).await, stock, "{number}");
    }
}

#[actix_web::test]
async fn a_declined_order_says_why() {
    let shopper = Shopper::at(Bodega::open()).await;
    let answer = shopper.pays_by("pm_card_visa_chargeDeclinedInsufficientFunds").await;
    insta::assert_snapshot!(answer.shown(), @r#"
    402
    {
      "code": "payment_declined",
      "declineCode": "insufficient_funds",
      "detail": "your card has insufficient funds",
      "instance": "/v1/orders",
      "orderId": "[id]",
      "status": 402,
      "title": "Payment declined",
      "traceId": "[traceId]",
      "type": "urn:bodega:problem:payment_declined"
    }
    "#);
    let order = shopper.ada.sees_order(&named(&answer.json())).await;
    assert_eq!(text(&order["payment"]["declineCode"]), "insufficient_funds");
    assert_eq!(order["payment"]["amountCaptured"], 0.0);
    shopper.pays_again(&order, VISA).await.refused(409, "not_pending");
}

#[actix_web::test]
async fn a_card_is_looked_at_before_it_is_charged() {
    let shopper = Shopper::at(Bodega::open()).await;
    let with = |field: &str, value: Value| {
        let mut card = card("4242 4242 4242 4242");
        card[field] = value;
        json!({ "card": card })
    };
    let paid = shopper.pays_with(with("cvc", json!("1234"))).await;
    assert_eq!(told(&paid.data()), "PAID captured");
    for (field, value, code) in [
        ("exp_year", json!(2020), "expired_card"),
        ("exp_year", json!(20), "expired_card"),
        ("cvc", json!("12"), "incorrect_cvc"),
        ("cvc", json!("abc"), "incorrect_cvc"),
    ] {
        let refusal = shopper.pays_with(with(field, value)).await.refused(402, "payment_declined");
        assert_eq!(text(&refusal["declineCode"]), code);
    }
    for (charge, pointer, code) in [
        (with("exp_month", json!(13)), "/charge/card/exp_month", "too_large"),
        (with("cvc", json!(123)), "/charge/card/cvc", "wrong_type"),
        (with("name", json!("Ada")), "/charge/card/name", "unknown_field"),
        (with("token", json!(VISA)), "/charge/card/number", "not_both"),
        (json!({ "card": { "number": "4242424242424242" } }), "/charge/card/exp_month", "required"),
        (json!({ "card": {} }), "/charge/card/number", "required"),
        (json!({ "card": card("x"), "paymentMethodId": VISA }), "/charge/card", "not_both"),
    ] {
        let faults = shopper.pays_with(charge).await.faults();
        assert!(faults.contains(&(pointer.to_owned(), code.to_owned())), "{pointer}: {faults:?}");
    }
    let token = json!({ "card": { "token": "tok_visa" } });
    assert_eq!(told(&shopper.pays_with(token).await.data()), "PAID captured");
    shopper.pays_by("pm_card_nonsense").await.refused(400, "unknown_payment_method");
    let items = json!([{ "productId": id(&shopper.tea), "quantity": 1 }]);
    let both = json!({
        "shippingAddressId": shopper.to, "items": items, "paymentMethod": "bank_transfer",
        "charge": { "paymentMethodId": VISA },
    });
    let both = shopper.ada.post("/v1/orders", both).await;
    assert_eq!(both.faults(), [("/paymentMethod".to_owned(), "not_both".to_owned())]);
}

/// Whether a file of the folder holds these bytes.
fn is_kept(folder: &std::path::Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return is_kept(&path, wanted);
        }
        let bytes = std::fs::read(&path).expect("a file");
        bytes.windows(wanted.len()).any(|part| part == wanted)
    })
}

#[actix_web::test]
async fn a_real_card_number_is_refused_and_kept_nowhere() {
    let shopper = Shopper::at(Bodega::open()).await;
    let number = "4539578763621486";
    for written in [number, "4539 5787 6362 1486", "4539-5787-6362-1486"] {
        let answer = shopper.pays_with(json!({ "card": card(written) })).await;
        answer.refused(400, "card_data_not_accepted");
        assert!(!answer.text().contains("4539"), "{}", answer.text());
    }
    let order = shopper.unpaid().await;
    let path = format!("/v1/orders/{}/payment", id(&order));
    let body = json!({ "charge": { "card": card(number) } });
    shopper.ada.post(&path, body).key("pay").await.refused(400, "card_data_not_accepted");
    let paid = shopper.pays_with(json!({ "card": card("4242424242424242") })).await;
    assert_eq!(told(&paid.data()), "PAID captured");
    for kept in ["4539", "4242424242424242"] {
        assert!(!is_kept(shopper.bodega.folder(), kept.as_bytes()), "{kept} is on the disk");
    }
    assert!(is_kept(shopper.bodega.folder(), b"pm_card_visa"));
}

#[actix_web::test]
async fn what_is_missing_of_a_card_is_named_where_it_is_missing() {
    let shopper = Shopper::at(Bodega::open()).await;
    let faults = async |card: Value| {
        let faults = shopper.pays_with(json!({ "card": card })).await.faults();
        faults.into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>()
    };
    let mut given = card("4242424242424242");
    for name in ["number", "exp_month", "exp_year", "cvc"] {
        let mut part = given.clone();
        part.as_object_mut().expect("an object").remove(name);
        assert_eq!(faults(part).await, [format!("/charge/card/{name} required")]);
    }
    given["exp_month"] = json!(13);
    assert_eq!(faults(given).await, ["/charge/card/exp_month too_large"]);
}

#[actix_web::test]
async fn no_card_number_is_taken_where_no_money_is_played_with() {
    let shopper = Shopper::at(Bodega::with(&[("payments.gateway", "manual")])).await;
    let answer = shopper.pays_with(json!({ "card": card("4242424242424242") })).await;
    answer.refused(400, "card_data_not_accepted");
    assert!(!answer.text().contains("4242"));
    shopper.pays_by(VISA).await.refused(400, "unknown_payment_method");
    let order = shopper.unpaid().await;
    shopper.pays_again(&order, VISA).await.refused(400, "unknown_payment_method");
    let page = shopper.ada.get(&format!("/demo/3ds/{NOBODYS}")).await;
    page.refused(404, "not_found");
}

/// Answers the bank's question on its page.
async fn decides(shopper: &Shopper, order: &Value, result: &str) -> Reply {
    let action = &order["payment"]["nextAction"];
    assert_eq!(text(&action["type"]), "redirect_to_url");
    let path = text(&action["url"]);
    let page = shopper.bodega.visitor().get(path).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("$20.75"), "{}", page.text());
    let form = "application/x-www-form-urlencoded";
    let ask = shopper.bodega.visitor().asks(Method::POST, path);
    ask.bytes(form, format!("result={result}")).await
}

#[actix_web::test]
async fn a_confirmed_payment_is_paid() {
    let shopper = Shopper::at(Bodega::open()).await;
    let order = shopper.pays_by("pm_card_authenticationRequired").await.data();
    assert_eq!(told(&order), "PENDING requires_action");
    assert_eq!(shopper.manager.stock_of(&shopper.tea).await, (50, 1, 49));
    let waiting = shopper.goes_on(&order).await;
    assert_eq!(
        (waiting.status, told(&waiting.data())),
        (201, "PENDING requires_action".to_owned())
    );
    let page = decides(&shopper, &order, "complete").await;
    assert!(page.text().contains("confirmed"), "{}", page.text());
    assert_eq!(shopper.sees(&order).await, "PAID captured");
    assert_eq!(told(&shopper.goes_on(&order).await.data()), "PAID captured");
    let again = decides(&shopper, &order, "fail").await;
    assert!(again.text().contains("confirmed"), "{}", again.text());
    assert_eq!(shopper.sees(&order).await, "PAID captured");
    assert_eq!(shopper.manager.stock_of(&shopper.tea).await, (49, 0, 49));
}

#[actix_web::test]
async fn a_customer_who_is_asked_first_may_turn_to_another_card() {
    let shopper = Shopper::at(Bodega::open()).await;
    let order = shopper.pays_by("pm_card_authenticationRequired").await.data();
    let path = text(&order["payment"]["nextAction"]["url"]).to_owned();
    assert_eq!(told(&shopper.pays_again(&order, VISA).await.data()), "PAID captured");
    let form = "application/x-www-form-urlencoded";
    let late = shopper.bodega.visitor().asks(Method::POST, &path);
    let late = late.bytes(form, "result=complete").await;
    assert!(late.text().contains("nothing to confirm"), "{}", late.text());
    let then = shopper.ada.sees_order(&order).await;
    assert_eq!(
        (told(&then), &then["payment"]["amountCaptured"]),
        ("PAID captured".to_owned(), &then["totalPrice"],)
    );
    assert_eq!(shopper.manager.stock_of(&shopper.tea).await, (49, 0, 49));
}

#[actix_web::test]
async fn a_payment_that_is_not_confirmed_is_not_paid_and_can_be_tried_again() {
    let shopper = Shopper::at(Bodega::open()).await;
    let order = shopper.pays_by("pm_card_authenticationRequired").await.data();
    let page = decides(&shopper, &order, "fail").await;
    assert!(page.text().contains("declined"), "{}", page.text());
    assert_eq!(shopper.sees(&order).await, "PENDING declined");
    assert_eq!(told(&shopper.pays_again(&order, VISA).await.data()), "PAID captured");
    let poor = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds";
    let order = shopper.pays_by(poor).await.data();
    let page = decides(&shopper, &order, "complete").await;
    assert!(page.text().contains("declined"), "{}", page.text());
    let then = shopper.ada.sees_order(&order).await;
    assert_eq!(text(&then["payment"]["declineCode"]), "insufficient_funds");
    assert_eq!(told(&then), "PENDING declined");
}

#[actix_web::test]
async fn the_banks_page_asks_about_known_charges_only() {
    let shopper = Shopper::at(Bodega::open()).await;
    let order = shopper.pays_by("pm_card_authenticationRequired").await.data();
    let path = text(&order["payment"]["nextAction"]["url"]).to_owned();
    let visitor = shopper.bodega.visitor();
    let form = "application/x-www-form-urlencoded";
    for bad in ["", "result=perhaps", "result=complete&result=fail", "x=1", "result=%FF"] {
        let answer = visitor.asks(Method::POST, &path).bytes(form, bad.to_owned()).await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
    for missing in [NOBODYS, "nonsense"] {
        let path = format!("/demo/3ds/{missing}");
        visitor.get(&path).await.refused(404, "not_found");
        let ask = visitor.asks(Method::POST, &path).bytes(form, "result=complete");
        ask.await.refused(404, "not_found");
    }
    shopper.ada.cancels(&order).await.data();
    let late = visitor.asks(Method::POST, &path).bytes(form, "result=complete").await;
    assert!(late.text().contains("nothing to confirm"), "{}", late.text());
    assert_eq!(shopper.sees(&order).await, "CANCELLED (customer) voided");
}

#[actix_web::test]
async fn a_payment_at_work_ends_by_itself() {
    let shopper = Shopper::at(Bodega::with_stopped_clock()).await;
    let paid = shopper.pays_by("pm_demo_processing").await.data();
    let declined = shopper.pays_by("pm_demo_processing_declined").await.data();
    for order in [&paid, &declined] {
        assert_eq!(told(order), "PENDING processing");
        shopper.pays_again(order, VISA).await.refused(409, "payment_in_progress");
    }
    assert_eq!(shopper.manager.stock_of(&shopper.tea).await, (50, 2, 48));
    for _ in 0..3 {
        shopper.bodega.shop.clock.advance(std::time::Duration::from_secs(60));
        shopper.bodega.drives_on().await;
    }
    assert_eq!(shopper.sees(&paid).await, "PAID captured");
    assert_eq!(shopper.sees(&declined).await, "PENDING declined");
}

#[actix_web::test]
async fn a_payment_whose_answer_was_lost_is_asked_about_and_taken_once() {
    let shopper = Shopper::at(Bodega::with_stopped_clock()).await;
    let paid = shopper.pays_by("pm_demo_unknown").await.data();
    assert_eq!(told(&paid), "PENDING processing");
    let declined = shopper.pays_by("pm_demo_unknown_declined").await.data();
    assert_eq!(told(&declined), "PENDING processing");
    for _ in 0..3 {
        shopper.bodega.shop.clock.advance(std::time::Duration::from_secs(60));
        shopper.bodega.drives_on().await;
    }
    assert_eq!(shopper.sees(&paid).await, "PAID captured");
    let orders = shopper.ada.get("/v1/orders").await.data();
    assert_eq!(told(&orders[0]), "PENDING declined", "it was told to wait, and may be paid again");
    assert_eq!(orders[1]["payment"]["amountCaptured"], 20.75);
}

#[actix_web::test]
async fn a_waiting_order_is_paid_later() {
    let shopper = Shopper::at(Bodega::open()).await;
    let order = shopper.unpaid().await;
    assert_eq!(told(&order), "PENDING waiting");
    let refusal = shopper.pays_again(&order, "pm_card_chargeDeclined").await;
    refusal.refused(402, "payment_declined");
    assert_eq!(shopper.sees(&order).await, "PENDING declined", "it can be tried again");
    shopper.pays_again(&order, "pm_card_nonsense").await.refused(400, "unknown_payment_method");
    let body = json!({ "charge": { "paymentMethodId": VISA, "amount": 1 } });
    let other = shopper.ada.post(&format!("/v1/orders/{}/payment", id(&order)), body).await;
    assert_eq!(other.refused(409, "amount_mismatch")["expected"], 2075);
    let paid = shopper.pays_again(&order, VISA).await;
    assert_eq!((paid.status, told(&paid.data())), (201, "PAID captured".to_owned()));
    shopper.pays_again(&order, VISA).await.refused(409, "already_paid");
    let kept = shopper.ada.sees_order(&order).await;
    assert_eq!(kept["payment"]["amountCaptured"], kept["totalPrice"]);
    let cancelled = shopper.unpaid().await;
    shopper.ada.cancels(&cancelled).await.data();
    let late = shopper.pays_again(&cancelled, VISA).await;
    assert_eq!(late.status, 409, "{}", late.text());
}
