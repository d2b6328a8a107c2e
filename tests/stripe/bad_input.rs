//! Bad input about money: each has its name, and nothing moves; and a card number leaves no trace.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bodega::{
    actors::Rejection,
    domain::{money::Money, payments::RefundExtent},
};
use serde_json::{Value, json};

use crate::{
    binary::{
        files::copy,
        process::{DEMO, Serving, run_in, verify},
        till::{Till, order_of},
        wire::{Client, Request},
    },
    double::{SECRET_KEY, Stripe, WEBHOOK_SECRET},
    support::wares::id,
    world::World,
};

/// How often Stripe was asked, and what it took, set aside and gave back in all.
fn moved(world: &World) -> (u64, i64, i64) {
    world.stripe.ledger(|ledger| {
        let all = ledger.intents.values();
        let taken = all.clone().map(|intent| intent.received).sum();
        (ledger.calls, taken, all.map(|intent| intent.refunded).sum())
    })
}

#[actix_web::test]
async fn an_amount_or_a_currency_that_is_not_the_orders_moves_nothing() {
    let world = World::open().await;
    let waiting = {
        let items = json!([{ "productId": id(&world.tea), "quantity": 1 }]);
        let body = json!({ "shippingAddressId": world.address, "items": items });
        world.ada.post("/v1/orders", body).await.data()
    };
    let (before, orders) = (moved(&world), world.ada.get("/v1/orders").await.data());
    let charge = |more: Value| {
        let mut charge = json!({ "paymentMethodId": "pm_card_visa" });
        charge.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        charge
    };
    let places = async |charge: Value| {
        let items = json!([{ "productId": id(&world.tea), "quantity": 1 }]);
        let to = &world.address;
        let body = json!({ "shippingAddressId": to, "items": items, "charge": charge });
        world.ada.post("/v1/orders", body).await
    };
    let pays = async |charge: Value| {
        let path = format!("/v1/orders/{}/payment", id(&waiting));
        world.ada.post(&path, json!({ "charge": charge })).await
    };
    for amount in [1357, 1359, 0] {
        let mismatch = charge(json!({ "amount": amount }));
        let told = places(mismatch.clone()).await.refused(409, "amount_mismatch");
        assert_eq!((&told["expected"], &told["given"]), (&json!(1358), &json!(amount)));
        pays(mismatch).await.refused(409, "amount_mismatch");
    }
    let other = [("/charge/currency".to_owned(), "currency_mismatch".to_owned())];
    for currency in ["EUR", "jpy", "XXX"] {
        let other_currency = charge(json!({ "amount": 1358, "currency": currency }));
        assert_eq!(places(other_currency.clone()).await.faults(), other, "{currency}");
        assert_eq!(pays(other_currency).await.faults(), other, "{currency}");
    }
    for method in [NUMBER, "tok_visa", "pm_../../x", "pm_", "cus_1", "card_1"] {
        let strange = json!({ "paymentMethodId": method });
        let code = if method == NUMBER { CARD_REFUSED } else { "unknown_payment_method" };
        places(strange.clone()).await.refused(400, code);
        pays(strange).await.refused(400, code);
    }
    assert_eq!(moved(&world), before, "Stripe was not even asked");
    assert_eq!(world.ada.get("/v1/orders").await.data(), orders, "nothing was placed");
    // One that only Stripe can know is not ours: declined by name, and nothing is taken.
    let foreign = json!({ "paymentMethodId": "pm_card_of_somebody_else" });
    let no = places(foreign.clone()).await.refused(402, "payment_declined");
    assert_eq!(no["declineCode"], "resource_missing");
    let no = pays(foreign).await.refused(402, "payment_declined");
    assert_eq!(no["declineCode"], "resource_missing");
    assert_eq!(moved(&world).1, 0);
    let paid = pays(charge(json!({ "amount": 1358, "currency": "usd" }))).await.data();
    assert_eq!(paid["status"], "PAID", "{paid}");
    world.is_sound();
}

#[actix_web::test]
async fn a_refund_above_what_is_left_moves_nothing() {
    let world = World::open().await;
    let order = world.buys("pm_card_visa").await.data();
    let refunds = format!("/v1/orders/{}/refunds", id(&order));
    let refund = async |body: Value| world.owner.post(&refunds, body).await;
    refund(json!({ "amount": "13.59" })).await.refused(409, "over_refund");
    refund(json!({ "amount": "10.00" })).await.data();
    let before = moved(&world);
    refund(json!({ "amount": "3.59" })).await.refused(409, "over_refund");
    for (amount, code) in [("0", "not_positive"), ("-1", "not_an_amount"), ("1.001", "precision")] {
        let answer = refund(json!({ "amount": amount })).await;
        assert!((400..500).contains(&answer.status), "{amount} {code}: {}", answer.text());
    }
    let strange = json!({ "items": [{ "productId": id(&order), "quantity": 1 }] });
    let answer = refund(strange).await;
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    let unpaid = world.buys("pm_card_authenticationRequired").await.data();
    let calls = moved(&world);
    let path = format!("/v1/orders/{}/refunds", id(&unpaid));
    world.owner.post(&path, json!({ "amount": "1.00" })).await.refused(409, "nothing_to_refund");
    assert_eq!(moved(&world), calls);
    assert_eq!(moved(&world).2, before.2);
    world.is_sound();
}

#[actix_web::test]
async fn a_payment_gives_back_no_more_than_is_left_whoever_decided_it() {
    let world = World::open().await;
    let order = world.buys("pm_card_visa").await.data();
    let order = world.ours(id(&order).parse().expect("an id")).order;
    let (shop, payment) = (&world.bodega.shop, order.payment.expect("a payment"));
    // Past the order, whose own rule refuses a wish of staff before.
    let refund = async |minor: i64| {
        let amount = Money::of(minor, order.quote.currency).expect("an amount");
        let (refund, part) = (shop.clock.new_id(), RefundExtent::Part);
        shop.desks.charging.refund(payment, refund, amount, part, None, None).await
    };
    let before = moved(&world);
    let over = async |minor: i64| match refund(minor).await {
        Err(Rejection::Refused(why)) => why.code().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(over(1359).await, "over_refund");
    assert_eq!(moved(&world), before, "Stripe was not even asked");
    refund(1000).await.expect("some of it");
    let before = moved(&world);
    assert_eq!(over(359).await, "over_refund");
    assert_eq!(moved(&world), before);
    assert_eq!(before.2, 1000);
}

#[actix_web::test]
async fn a_payment_method_like_all_others_of_a_refused_card_has_to_wait_with_it() {
    let world = World::with_settings(&[
        ("limits.enabled", "true"),
        ("limits.orders_per_minute", "1000"),
        ("limits.declines_per_hour_by_card", "2"),
        ("limits.declines_per_hour_by_account", "100"),
        ("limits.declines_per_hour_by_address", "100"),
    ])
    .await;
    // Typed in anew each time: another method, and the same card.
    for method in ["pm_s1_chargeDeclined", "pm_s2_chargeDeclined"] {
        world.buys(method).await.refused(402, "payment_declined");
    }
    let before = moved(&world).1;
    world.buys("pm_s3_chargeDeclined").await.refused(429, "too_many_declines");
    assert_eq!(moved(&world).1, before);
    assert_eq!(world.buys("pm_card_visa").await.data()["status"], "PAID", "another card");
    let calls = moved(&world).0;
    world.buys(NUMBER).await.refused(400, CARD_REFUSED);
    for method in ["pm_../../x", "pm_s1_x?expand[]=customer"] {
        world.buys(method).await.refused(400, "unknown_payment_method");
    }
    assert_eq!(moved(&world).0, calls, "Stripe is not asked about what is no payment method");
    let page = world.buys("checkout").await.data();
    assert_eq!(page["payment"]["status"], "requires_action", "a page is no card");
    let figures = world.owner.get("/v1/card-testing").await.data();
    assert_eq!((&figures["declined"], &figures["refusedByCard"]), (&json!(2), &json!(1)));
}

#[test]
fn card_numbers_are_refused_and_leave_no_trace() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 40, 1);
    let (stripe, manual) = (Stripe::open(), "manual");
    let base = stripe.base_url();
    let secrets = format!("[\"{WEBHOOK_SECRET}\"]");
    let mut told = String::new();
    for gateway in ["stripe", manual] {
        let mut chosen: Vec<(&str, &str)> = DEMO
            .iter()
            .copied()
            .filter(|(name, _)| !name.ends_with("GATEWAY") && !name.ends_with("LEVEL"))
            .collect();
        chosen.extend([
            ("BODEGA_PAYMENTS__GATEWAY", gateway),
            ("BODEGA_LOG__LEVEL", "trace"),
            ("BODEGA_LOG__REQUESTS", "all"),
        ]);
        if gateway != manual {
            chosen.extend([
                ("BODEGA_PAYMENTS__STRIPE__SECRET_KEY", SECRET_KEY),
                ("BODEGA_PAYMENTS__STRIPE__WEBHOOK_SECRETS", secrets.as_str()),
                ("BODEGA_PAYMENTS__STRIPE__BASE_URL", base.as_str()),
            ]);
        }
        let serving = Serving::start_with(&dir, &chosen);
        offers_cards(&till, &serving);
        serving.tell_to_stop();
        let ended = serving.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        told.push_str(&ended.out);
        told.push_str(&ended.err);
        told.push_str(&run_in(&["config", "check"], &dir, &chosen).out);
    }
    assert!(told.contains("/v1/orders"), "requests were logged: {told}");
    let backup = room.path().join("backup");
    copy(&dir, &backup);
    verify(&backup);
    for trace in traces() {
        assert!(!told.contains(&trace), "{trace} was logged");
        for place in [&dir, &backup] {
            assert_eq!(files_with(place, trace.as_bytes()), [""; 0], "{trace} is in the data");
        }
        let asked = stripe.ledger(|ledger| ledger.keys.values().any(|k| k.asked.contains(&trace)));
        assert!(!asked, "{trace} was sent to Stripe");
    }
    // It would have been found: the order's own words are.
    for place in [&dir, &backup] {
        assert_ne!(files_with(place, till.products[0].as_bytes()), [""; 0]);
    }
}

/// Sends the number wherever a client might put it.
fn offers_cards(till: &Till, serving: &Serving) {
    let customer = &till.customers[0];
    let mut ada = Client::with_token(serving.address, &customer.token);
    let card = |number: Value| {
        json!({
            "number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123",
        })
    };
    let items = json!([{ "productId": till.products[0], "quantity": 1 }]);
    let order = |charge: Value| {
        json!({
            "shippingAddressId": customer.address, "items": items, "charge": charge,
        })
    };
    let waiting = Request::post("/v1/orders", order(json!({})));
    let waiting = ada.ask(&waiting).expect(201).order().expect("an order");
    let pay = format!("/v1/orders/{waiting}/payment");
    let spaced = "4242 4242 4242 4242";
    for number in [json!(NUMBER), json!(spaced), json!(NUMBER.parse::<u64>().expect("digits"))] {
        let as_card = json!({ "card": card(number.clone()) });
        let (placed, paid) =
            (Request::post("/v1/orders", order(as_card.clone())), json!({ "charge": as_card }));
        for (turn, request) in [placed, Request::post(&pay, paid)].into_iter().enumerate() {
            let reply = ada.ask(&request.under(format!("card {turn}")));
            assert_eq!(reply.status, 400, "{}", reply.body);
            if number.is_string() {
                assert_eq!(reply.body["code"], "card_data_not_accepted", "{}", reply.body);
            }
            assert!(!reply.body.to_string().contains("4242"), "{}", reply.body);
        }
    }
    for charge in [
        json!({ "paymentMethodId": NUMBER }),
        json!({ "card": { "token": NUMBER } }),
        json!({ "currency": NUMBER }),
        json!({ NUMBER: NUMBER }),
        json!(NUMBER),
    ] {
        let reply = ada.ask(&Request::post("/v1/orders", order(charge)));
        assert_eq!(reply.status, 400, "{}", reply.body);
    }
    let letter = json!({ "id": "evt_1", "type": "x", "data": { "object": card(json!(NUMBER)) } });
    let reply = ada.ask(&Request::post("/v1/webhooks/stripe", letter));
    assert!((400..500).contains(&reply.status), "{}", reply.body);
    ada.ask(&order_of(customer, &till.products[0], 1, "checkout"));
}

/// The number as it is, and as base64 shows it, wherever in a group of three it begins.
fn traces() -> Vec<String> {
    let mut traces = vec![NUMBER.to_owned(), "4242 4242".to_owned(), hex::encode(NUMBER)];
    for before in 0..3 {
        let encoded = STANDARD.encode(format!("{}{NUMBER}", "x".repeat(before)));
        traces.push(encoded[4..encoded.len() - 4].to_owned());
    }
    traces
}

/// The files below a folder that hold these bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if path.is_file() {
            let content = fs::read(&path).unwrap_or_default();
            if content.windows(bytes.len()).any(|window| window == bytes) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

const NUMBER: &str = "4242424242424242";
const CARD_REFUSED: &str = "card_data_not_accepted";
