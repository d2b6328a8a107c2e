//! The defence against card testing, and what the shop says of its books and the bank's.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    wares::{VISA, id, text},
};

const DECLINED: &str = "pm_card_chargeDeclined";

async fn counter(bodega: &Bodega) -> (Person, Person, Value, String) {
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "10.00", 50).await;
    let to = ada.has_address().await;
    (owner, ada, tea, to)
}

#[actix_web::test]
async fn a_card_that_is_declined_too_often_has_to_wait_and_others_pay() {
    let limits = [
        ("limits.enabled", "true"),
        ("limits.orders_per_minute", "1000"),
        ("limits.declines_per_hour_by_card", "2"),
        ("limits.declines_per_hour_by_account", "3"),
    ];
    let bodega = Bodega::with_stopped_clock_and(&limits);
    let (owner, ada, tea, to) = counter(&bodega).await;
    for _ in 0..2 {
        ada.orders(&to, &tea, 1, DECLINED).await.refused(402, "payment_declined");
    }
    let refused = ada.orders(&to, &tea, 1, DECLINED).await;
    assert_eq!(refused.refused(429, "too_many_declines")["retryAfter"], 1800);
    assert_eq!(refused.header("retry-after"), "1800");
    assert_eq!(ada.orders(&to, &tea, 1, VISA).await.status, 201, "another card pays");
    let poor = "pm_card_chargeDeclinedInsufficientFunds";
    ada.orders(&to, &tea, 1, poor).await.refused(402, "payment_declined");
    ada.orders(&to, &tea, 1, VISA).await.refused(429, "too_many_declines");
    let figures = owner.get("/v1/card-testing").await.data();
    let shown = json!({
        "declined": 3, "refusedByAddress": 0, "refusedByAccount": 1, "refusedByCard": 1,
    });
    assert_eq!(figures, shown);
    assert_eq!(owner.stock_of(&tea).await, (49, 0, 49), "what was refused holds nothing");
    bodega.shop.clock.advance(Duration::from_secs(1800));
    let ada = ada.signed_in_again(&bodega);
    assert_eq!(ada.orders(&to, &tea, 1, VISA).await.status, 201);
}

#[actix_web::test]
async fn a_card_that_is_declined_later_counts_like_one_that_is_declined_at_once() {
    let limits = [
        ("limits.enabled", "true"),
        ("limits.orders_per_minute", "1000"),
        ("limits.declines_per_hour_by_account", "100"),
        ("limits.declines_per_hour_by_address", "4"),
        ("limits.declines_per_hour_by_card", "2"),
    ];
    let bodega = Bodega::with_stopped_clock_and(&limits);
    let (owner, ada, tea, to) = counter(&bodega).await;
    let declined = async || owner.get("/v1/card-testing").await.data()["declined"].clone();
    // The customer fails to confirm on the bank's page.
    let asks = "pm_card_authenticationRequired";
    for counted in 1..=2 {
        let order = ada.orders(&to, &tea, 1, asks).await.data();
        let page = text(&order["payment"]["nextAction"]["url"]);
        let no = bodega.visitor().asks(actix_web::http::Method::POST, page);
        no.bytes("application/x-www-form-urlencoded", "result=fail").await;
        bodega.drives_on().await;
        assert_eq!(declined().await, counted);
    }
    ada.orders(&to, &tea, 1, asks).await.refused(429, "too_many_declines");
    // The bank says so when the shop asks again.
    let works = "pm_demo_processing_declined";
    for counted in 3..=4 {
        let order = ada.orders(&to, &tea, 1, works).await.data();
        assert_eq!(order["payment"]["status"], "processing");
        assert_eq!(declined().await, counted - 1, "nobody knows yet");
        for _ in 0..3 {
            bodega.drives_on().await;
        }
        assert_eq!(ada.sees_order(&order).await["payment"]["status"], "declined");
        assert_eq!(declined().await, counted);
    }
    ada.orders(&to, &tea, 1, VISA).await.refused(429, "too_many_declines");
    let figures = owner.get("/v1/card-testing").await.data();
    assert_eq!((&figures["refusedByCard"], &figures["refusedByAddress"]), (&json!(1), &json!(1)));
}

#[actix_web::test]
async fn after_a_healthy_day_both_books_say_the_same() {
    let bodega = Bodega::with_stopped_clock();
    let (owner, ada, tea, to) = counter(&bodega).await;
    for token in [
        VISA,
        VISA,
        "pm_card_refundFail",
        "pm_demo_unknown",
        "pm_demo_processing",
        "pm_card_authenticationRequired",
        DECLINED,
    ] {
        ada.orders(&to, &tea, 1, token).await;
    }
    let orders = ada.get("/v1/orders").await.data();
    let paid: Vec<&Value> = orders
        .as_array()
        .expect("a list")
        .iter()
        .filter(|order| order["status"] == "PAID")
        .collect();
    ada.cancels(paid[2]).await.data();
    let path = format!("/v1/orders/{}/refunds", id(paid[1]));
    owner.post(&path, json!({ "amount": 5 })).await.data();
    for _ in 0..3 {
        bodega.shop.clock.advance(Duration::from_secs(300));
        bodega.drives_on().await;
    }
    bodega.shop.clock.advance(Duration::from_secs(300));
    let owner = owner.signed_in_again(&bodega);
    let none = owner.get("/v1/reconciliation").await.data();
    assert_eq!((&none["madeAt"], &none["differences"]), (&Value::Null, &json!([])));
    bodega.shop.reconciling.compare(1).await.expect("two books");
    let report = owner.get("/v1/reconciliation").await.data();
    assert_eq!(report["differences"], json!([]), "{report}");
    assert_eq!((text(&report["gateway"]), &report["charges"]), ("demo", &json!(7)));
    assert_eq!((&report["refunds"], &report["orders"]), (&json!(2), &json!(7)));
    let bodega = bodega.reopened();
    let owner = owner.signed_in_again(&bodega);
    assert_eq!(owner.get("/v1/reconciliation").await.data(), report, "a restart forgets nothing");
}

#[actix_web::test]
async fn money_the_shop_does_not_know_of_is_told_with_what_to_do() {
    use bodega::{
        actors::demo_bank::{CarryOut, DemoBank},
        domain::{
            demo_charge::{DemoAsk, DemoCommand, charge_id},
            money::{Currency, Money},
            payments::Capture,
            time::Who,
        },
    };
    let bodega = Bodega::with_stopped_clock();
    let (owner, ada, tea, to) = counter(&bodega).await;
    let order = ada.orders(&to, &tea, 1, VISA).await.data();
    let key = "somebody:else:1".to_owned();
    let asked = DemoAsk {
        key: key.clone(),
        order: id(&order).parse().expect("an id"),
        payment: text(&order["paymentId"]).parse().expect("an id"),
        amount: Money::of(2075, Currency::USD).expect("an amount"),
        token: VISA.to_owned(),
        capture: Capture::Automatic,
    };
    let command = DemoCommand::Charge(asked);
    let book = CarryOut { charge: charge_id(&key), command };
    let bank = bodega::actors::Desk::open(
        DemoBank,
        bodega.shop.store(),
        &bodega.shop.clock,
        &actix::Arbiter::current(),
    );
    let booked = bank.ask(book, bodega.shop.intent(Who::Shop)).await.expect("booked");
    assert!(booked.is_ok());
    bodega.shop.clock.advance(Duration::from_secs(300));
    bodega.shop.reconciling.compare(1).await.expect("two books");
    let owner = owner.signed_in_again(&bodega);
    let report = owner.get("/v1/reconciliation").await.data();
    let difference = &report["differences"][0];
    assert_eq!(text(&difference["kind"]), "charged_twice");
    assert_eq!((&difference["orderNumber"], &difference["theirs"]), (&json!(1001), &json!(20.75)));
    assert!(text(&difference["proposal"]).contains("refund this charge"));
    assert_eq!(report["differences"].as_array().map(Vec::len), Some(1));
}
