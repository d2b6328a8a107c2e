//! Letters of Stripe: forged, twice, late, lost, and about nothing.

use std::time::Duration;

use bodega::{domain::news::News, store::Order};
use serde_json::{Value, json};

use crate::{
    double::{Delivery, Fault, Trouble, ledger::now, signature_of},
    support::{Reply, wares::id},
    world::World,
};

async fn sends(world: &World, signature: &str, body: &str) -> Reply {
    let ask = world.bodega.visitor().asks(actix_web::http::Method::POST, "/v1/webhooks/stripe");
    ask.header("stripe-signature", signature).bytes("application/json", body.to_owned()).await
}

fn kept(world: &World) -> Vec<bool> {
    let all = world.bodega.shop.reader.all::<News>();
    all.map(|news| news.expect("readable").1.state.applied).collect()
}

#[actix_web::test]
async fn a_forged_letter_changes_nothing_and_learns_nothing() {
    let world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    let event = world.stripe.ledger(|ledger| ledger.events.last().expect("an event").0.to_string());
    let other = signature_of("another body", now());
    let old = signature_of(&event, now() - 400);
    let refusals: Vec<Value> = [
        sends(&world, "", &event).await,
        sends(&world, &other, &event).await,
        sends(&world, &old, &event).await,
        sends(&world, &signature_of("garbage", now()), "garbage").await,
        sends(&world, &format!("t={},v1={}", now(), "0".repeat(64)), "").await,
    ]
    .iter()
    .map(|no| {
        let mut told = no.refused(400, "invalid_signature");
        told.as_object_mut().expect("a body").remove("traceId");
        told
    })
    .collect();
    assert!(refusals.windows(2).all(|two| two[0] == two[1]), "{refusals:?}");
    assert_eq!(kept(&world), [false; 0]);
    assert_eq!(world.ada.sees_order(&order).await["status"], "PENDING");
    sends(&world, &signature_of(&event, now()), &event).await.data();
    world.sees(&order, |order| order["status"] == "PAID").await;
}

#[actix_web::test]
async fn a_letter_is_followed_once_however_often_it_comes() {
    let world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    let event = world.stripe.ledger(|ledger| ledger.events.last().expect("an event").0.to_string());
    for _ in 0..3 {
        sends(&world, &signature_of(&event, now()), &event).await.data();
    }
    let paid = world.sees(&order, |order| order["status"] == "PAID").await;
    let paid_lines = paid["timeline"].as_array().expect("lines").iter();
    assert_eq!(paid_lines.filter(|line| line["what"] == "paid").count(), 1);
    assert_eq!(kept(&world).len(), 1);
}

#[actix_web::test]
async fn what_could_not_be_delivered_is_fetched() {
    let world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    let fresh = world.bodega.shop.hearing.fetch().await.expect("a fetch");
    assert!(fresh >= 2, "asked for the bank, and paid: {fresh}");
    assert_eq!(world.ada.sees_order(&order).await["status"], "PAID");
    assert_eq!(world.bodega.shop.hearing.fetch().await.expect("a fetch"), 0, "it is known");
    assert!(kept(&world).iter().all(|applied| *applied));
}

#[actix_web::test]
async fn letters_that_are_about_nothing_are_acknowledged_and_not_kept() {
    let world = World::open().await;
    let strange = json!({
        "id": "evt_strange", "object": "event", "type": "a.kind.of.next.year", "created": now(),
        "livemode": false, "data": { "object": { "id": "x_1" } },
    });
    let body = strange.to_string();
    assert_eq!(sends(&world, &signature_of(&body, now()), &body).await.data()["received"], true);
    assert_eq!(kept(&world), [false; 0]);
}

#[actix_web::test]
async fn a_letter_with_another_amount_or_mode_moves_nothing() {
    let world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    let event = world.stripe.ledger(|ledger| ledger.events.last().expect("an event").0.clone());
    let changes: [fn(&mut Value); 3] = [
        |event| event["data"]["object"]["amount"] = json!(1),
        |event| event["data"]["object"]["currency"] = json!("eur"),
        |event| event["livemode"] = json!(true),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut changed = event.clone();
        changed["id"] = json!(format!("evt_changed_{number}"));
        change(&mut changed);
        let body = changed.to_string();
        sends(&world, &signature_of(&body, now()), &body).await.data();
    }
    world.bodega.shop.hearing.sweep().await.expect("a sweep");
    assert_eq!(world.ada.sees_order(&order).await["status"], "PENDING");
    assert!(kept(&world).iter().all(|applied| *applied), "none is tried for ever");
}

#[actix_web::test]
async fn what_was_kept_before_a_crash_is_followed_after_it() {
    let mut world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    let event = world.stripe.ledger(|ledger| ledger.events.last().expect("an event").0.to_string());
    // Stripe does not answer just then: the letter is acknowledged, and stays to be followed.
    world.stripe.makes(Trouble { is_down: true, ..Trouble::default() });
    sends(&world, &signature_of(&event, now()), &event).await.data();
    world.bodega = world.bodega.reopened();
    world.stripe.makes(Trouble::default());
    let prefix = bodega::store::keys::open_news();
    let open = world.bodega.shop.reader.rows(&prefix, None, Order::Ascending, 10);
    assert_eq!(open.expect("readable").len(), 1);
    assert_eq!(world.bodega.shop.hearing.sweep().await.expect("a sweep"), 1);
    let ada = world.ada.signed_in_again(&world.bodega);
    assert_eq!(ada.sees_order(&order).await["status"], "PAID");
}

#[actix_web::test]
async fn disputes_are_recorded_in_whatever_order_they_are_told() {
    let world = World::open().await;
    let order = world.buys("pm_card_createDispute").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.dispute(&intent, "lost"));
    let to = Some(world.bodega.address);
    world.stripe.tells(Delivery { to, shuffled: true, twice: 50, ..Delivery::default() });
    world.bodega.shop.hearing.fetch().await.expect("a fetch");
    let key = id(&order).parse().expect("an id");
    let disputes = world.ours(key).payment.disputes;
    assert_eq!(disputes.len(), 1);
    let dispute = disputes.values().next().expect("a dispute");
    assert_eq!((dispute.state.name(), dispute.reason.as_str()), ("lost", "fraudulent"));
    assert!(dispute.evidence_by.is_some());
    assert_eq!(world.ours(key).order.disputes, world.ours(key).payment.disputes);
}

#[actix_web::test]
async fn a_dispute_comes_from_a_letter_to_the_pages_of_staff_and_off_them() {
    let world = World::open().await;
    let order = world.buys("pm_card_visa").await.data();
    let (intent, page) = (world.intent_of(&order), format!("/admin/orders/{}", id(&order)));
    let is_open = async || {
        let list = world.owner.opens("/admin/orders?dispute=open").await;
        list.text().contains(&page)
    };
    assert!(!is_open().await, "nothing is disputed yet");
    for (status, words) in [("needs_response", "Needs your answer"), ("won", "Won")] {
        world.stripe.ledger(|ledger| ledger.dispute(&intent, status));
        let event = world.stripe.ledger(|ledger| ledger.events.last().expect("one").0.to_string());
        sends(&world, &signature_of(&event, now()), &event).await.data();
        world.bodega.shop.hearing.sweep().await.expect("a sweep");
        let shown = world.owner.opens(&page).await;
        let notice = shown.text().split_once("<strong>Disputed: ").expect("a notice").1;
        let notice = notice.split("</div>").next().expect("its end");
        assert!(notice.contains(words) && notice.contains("raudulent"), "{status}: {notice}");
        assert!(notice.contains("Evidence is due by"), "{status}: {notice}");
        assert_eq!(is_open().await, status == "needs_response", "{status}");
    }
    assert!(world.owner.opens("/admin/orders?dispute=any").await.text().contains(&page));
    world.is_sound();
}

#[actix_web::test]
async fn a_refund_that_the_bank_sends_back_is_noted() {
    let world = World::open().await;
    world.listens();
    let order = world.buys("pm_card_refundFail").await.data();
    let path = format!("/v1/orders/{}/refunds", id(&order));
    let _on_its_way = world.owner.post(&path, json!({ "amount": "1.00" })).await;
    let key = id(&order).parse().expect("an id");
    let mut every = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..3000 {
        every.tick().await;
        if world.ours(key).payment.refunds.values().any(|refund| refund.has_failed()) {
            break;
        }
    }
    let payment = world.ours(key).payment;
    assert_eq!(payment.refunded().expect("a sum").minor(), world.theirs(key).refunded);
    assert_eq!(world.theirs(key).refunded, 0);
    let codes: Vec<_> = payment.refunds.values().map(|refund| refund.state.clone()).collect();
    assert!(format!("{codes:?}").contains("expired_or_canceled_card"), "{codes:?}");
}

#[actix_web::test]
async fn a_letter_that_overtakes_the_answer_about_a_refund_is_believed() {
    let world = World::open().await;
    let order = world.buys("pm_card_refundFail").await.data();
    let refunds = format!("/v1/orders/{}/refunds", id(&order));
    // The answer says that the refund is pending; the bank has sent it back before that is heard.
    world.stripe.makes(Trouble { next: vec![Fault::Late(1000)], ..Trouble::default() });
    let refunds = async { world.owner.post(&refunds, json!({ "amount": "1.00" })).await };
    let overtakes = async {
        let mut every = tokio::time::interval(Duration::from_millis(5));
        let letter = loop {
            every.tick().await;
            let told = world.stripe.ledger(|ledger| {
                let mut all = ledger.events.iter().map(|(event, _)| event);
                all.find(|event| event["type"] == "refund.failed").map(Value::to_string)
            });
            if let Some(letter) = told {
                break letter;
            }
        };
        sends(&world, &signature_of(&letter, now()), &letter).await.data();
    };
    let (_pending, ()) = tokio::join!(refunds, overtakes);
    let key = id(&order).parse().expect("an id");
    let mut every = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..3000 {
        every.tick().await;
        if world.ours(key).payment.refunds.values().any(|refund| refund.has_failed()) {
            break;
        }
    }
    let refund = world.owner.sees_order(&order).await["refunds"][0].clone();
    assert_eq!(refund["status"], "failed", "{refund}");
    assert_eq!(world.theirs(key).refunded, 0);
    world.is_sound();
}

#[actix_web::test]
async fn a_late_letter_about_an_earlier_try_does_not_undo_the_refund_that_went_well() {
    let world = World::open().await;
    let order = world.buys("pm_card_refundFail").await.data();
    let (key, intent) = (id(&order).parse().expect("an id"), world.intent_of(&order));
    let refunds = format!("/v1/orders/{}/refunds", id(&order));
    let _on_its_way = world.owner.post(&refunds, json!({ "amount": "1.00" })).await;
    world.bodega.shop.hearing.fetch().await.expect("a fetch");
    let failed = world.owner.sees_order(&order).await["refunds"][0].clone();
    assert_eq!(failed["status"], "failed", "{failed}");
    // The bank is well again, and staff try once more.
    let well = Some("pm_card_visa".to_owned());
    world.stripe.ledger(|ledger| ledger.intents.get_mut(&intent).expect("it").method = well);
    world.owner.post(&format!("{refunds}/{}/retry", id(&failed)), json!({})).await.data();
    let went_well = async || world.owner.sees_order(&order).await["refunds"][0]["status"].clone();
    assert_eq!(went_well().await, "succeeded");
    // Stripe tells of the first try under a second name, late.
    let late = world.stripe.ledger(|ledger| {
        let told = ledger.events.iter().find(|(event, _)| event["type"] == "refund.failed");
        let object = told.expect("told").0["data"]["object"].clone();
        ledger.tell("refund.updated", object);
        ledger.events.last().expect("an event").0.to_string()
    });
    sends(&world, &signature_of(&late, now()), &late).await.data();
    world.bodega.shop.hearing.sweep().await.expect("a sweep");
    assert!(kept(&world).iter().all(|applied| *applied));
    assert_eq!(went_well().await, "succeeded");
    let refunded = world.ours(key).payment.refunded().expect("a sum");
    assert_eq!((refunded.minor(), world.theirs(key).refunded), (100, 100));
    world.is_sound();
}

#[actix_web::test]
async fn what_was_not_delivered_is_found_behind_pages_of_what_nobody_follows() {
    let world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| {
        ledger.finish(&intent, true);
        for number in 0..250 {
            ledger.tell("customer.updated", json!({ "id": format!("cus_{number}") }));
        }
    });
    world.bodega.shop.hearing.fetch().await.expect("a fetch");
    assert_eq!(world.ada.sees_order(&order).await["status"], "PAID");
    let calls = || world.stripe.ledger(|ledger| ledger.calls);
    let before = calls();
    world.bodega.shop.hearing.fetch().await.expect("a fetch");
    assert_eq!(calls() - before, 3, "nothing is followed again");
}

#[actix_web::test]
async fn more_than_is_fetched_at_once_is_fetched_the_next_time() {
    let world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| {
        ledger.finish(&intent, true);
        for number in 0..EVENTS_AT_ONCE {
            ledger.tell("customer.updated", json!({ "id": format!("cus_{number}") }));
        }
    });
    world.bodega.shop.hearing.fetch().await.expect("a fetch");
    assert_eq!(world.ada.sees_order(&order).await["status"], "PENDING", "it lies further back");
    world.bodega.shop.hearing.fetch().await.expect("a fetch");
    assert_eq!(world.ada.sees_order(&order).await["status"], "PAID");
}

/// A hundred pages of a hundred.
const EVENTS_AT_ONCE: usize = 10_000;
