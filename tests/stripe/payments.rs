//! Payments by card: each published payment method, 3-D Secure, refunds, and lost answers.

use serde_json::{Value, json};

use crate::{
    double::{Fault, Trouble},
    support::wares::id,
    world::{World, with},
};

#[actix_web::test]
async fn an_order_is_paid_refunded_in_part_and_then_cancelled() {
    let world = World::open().await;
    let order = world.buys("pm_card_visa").await.data();
    assert_eq!(order["status"], "PAID", "{order}");
    let key = id(&order).parse().expect("an id");
    let total = world.ours(key).order.quote.total.minor();
    assert_eq!((world.theirs(key).charges, world.theirs(key).taken), (1, total));
    let refunds = format!("/v1/orders/{}/refunds", id(&order));
    let refunded = world.owner.post(&refunds, json!({ "amount": "1.50" })).await.data();
    assert_eq!(refunded["payment"]["amountRefunded"].to_string(), "1.5");
    assert_eq!(world.theirs(key).refunded, 150);
    let over = world.owner.post(&refunds, json!({ "amount": "100.00" })).await;
    over.refused(409, "over_refund");
    let cancelled = world.ada.cancels(&order).await.data();
    assert_eq!(cancelled["status"], "CANCELLED");
    assert_eq!(world.theirs(key).refunded, total, "all of it went back");
    world.is_sound();
}

#[actix_web::test]
async fn stripe_is_told_for_which_request_it_is_asked() {
    let world = World::open().await;
    for trace in ["4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"] {
        let named = format!("00-{trace}-00f067aa0ba902b7-01");
        let order = world.ada.orders(&world.address, &world.tea, 1, "pm_card_visa");
        order.header("traceparent", &named).await.data();
        let told = world.stripe.ledger(|ledger| ledger.parent.clone()).expect("a trace");
        assert!(told.starts_with(&format!("00-{trace}-")), "{told}");
        assert_ne!(told, named, "each call is a span of its own");
    }
}

#[actix_web::test]
async fn every_published_payment_method_ends_as_it_is_published() {
    let world = World::open().await;
    let paid = ["visa", "visa_debit", "mastercard", "amex", "bypassPending"];
    for name in paid {
        let order = world.buys(&format!("pm_card_{name}")).await.data();
        assert_eq!(order["status"], "PAID", "{name}");
    }
    let declined = [
        ("visa_chargeDeclined", "generic_decline", "your card was declined"),
        ("chargeCustomerFail", "generic_decline", "your card was declined"),
        (
            "visa_chargeDeclinedInsufficientFunds",
            "insufficient_funds",
            "your card has insufficient funds",
        ),
        ("visa_chargeDeclinedLostCard", "lost_card", "your card was declined"),
        ("visa_chargeDeclinedStolenCard", "stolen_card", "your card was declined"),
        ("chargeDeclinedExpiredCard", "expired_card", "your card has expired"),
        ("chargeDeclinedIncorrectCvc", "incorrect_cvc", "your card's security code is incorrect"),
        (
            "chargeDeclinedProcessingError",
            "processing_error",
            "the bank could not process this payment; please try again",
        ),
        (
            "of_somebody_else",
            "resource_missing",
            "this payment method is not known or cannot be used",
        ),
    ];
    for (name, code, words) in declined {
        let no = world.buys(&format!("pm_card_{name}")).await.refused(402, "payment_declined");
        assert_eq!((&no["declineCode"], &no["detail"]), (&json!(code), &json!(words)), "{name}");
        let order = no["orderId"].as_str().expect("an order").parse().expect("an id");
        assert_eq!(world.theirs(order).taken, 0, "{name}");
    }
    for name in ["tok_visa", "pm_../../x"] {
        world.buys(name).await.refused(400, "unknown_payment_method");
    }
    world.buys("4242424242424242").await.refused(400, "card_data_not_accepted");
    world.is_sound();
}

#[actix_web::test]
async fn a_customer_confirms_with_the_bank_and_a_letter_makes_the_order_paid() {
    let world = World::open().await;
    world.listens();
    let order = world.buys("pm_card_authenticationRequired").await.data();
    assert_eq!(
        (&order["status"], &order["payment"]["status"]),
        (&json!("PENDING"), &json!("requires_action"))
    );
    let action = &order["payment"]["nextAction"];
    assert_eq!(action["type"], "use_stripe_sdk");
    let intent = world.intent_of(&order);
    assert_eq!(action["clientSecret"], format!("{intent}_secret_x"));
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    world.sees(&order, |order| order["status"] == "PAID").await;
    world.is_sound();
}

#[actix_web::test]
async fn without_a_letter_the_customer_who_comes_back_finishes_the_payment() {
    let world = World::open().await;
    let order = world.buys("pm_card_threeDSecure2Required").await.data();
    let path = format!("/v1/orders/{}/payment", id(&order));
    let still = world.ada.post(&path, json!({})).await.data();
    assert_eq!(still["payment"]["status"], "requires_action");
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    assert_eq!(world.ada.post(&path, json!({})).await.data()["status"], "PAID");
    world.is_sound();
}

#[actix_web::test]
async fn a_bank_that_says_no_leaves_an_order_that_another_card_pays() {
    let world = World::open().await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, false));
    let path = format!("/v1/orders/{}/payment", id(&order));
    world.ada.post(&path, json!({})).await.refused(402, "payment_declined");
    let status = world.stripe.ledger(|ledger| ledger.intents[&intent].status);
    assert_eq!(status, "canceled", "nobody can pay the refused intent behind the shop's back");
    let paid = world.ada.post(&path, with("pm_card_visa")).await.data();
    assert_eq!(paid["status"], "PAID");
    assert_eq!(world.theirs(id(&order).parse().expect("an id")).charges, 1);
    world.is_sound();
}

#[actix_web::test]
async fn a_customer_whom_the_bank_asks_may_turn_to_another_card_and_is_charged_once() {
    let world = World::open().await;
    let asked = async || world.buys("pm_card_authenticationRequired").await.data();
    let turns = async |order: &Value| {
        let path = format!("/v1/orders/{}/payment", id(order));
        world.ada.post(&path, with("pm_card_visa")).await.data()
    };
    let charged = |order: &Value| world.theirs(id(order).parse().expect("an id")).charges;
    let order = asked().await;
    let intent = world.intent_of(&order);
    assert_eq!(turns(&order).await["status"], "PAID");
    assert_eq!(world.stripe.ledger(|ledger| ledger.intents[&intent].status), "canceled");
    assert_eq!(charged(&order), 1);
    // The bank said yes a moment before: that charge pays, and the other card is left alone.
    let order = asked().await;
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, true));
    assert_eq!(turns(&order).await["status"], "PAID");
    assert_eq!(world.stripe.ledger(|ledger| ledger.intents[&intent].status), "succeeded");
    assert_eq!(charged(&order), 1);
    // Nobody knows whether it was given up: nothing new is charged until that is known.
    let order = asked().await;
    world.stripe.makes(Trouble { next: vec![Fault::Unavailable; 9], ..Trouble::default() });
    assert_eq!(turns(&order).await["waitingFor"], "payment_in_doubt");
    assert_eq!(charged(&order), 0);
    world.stripe.makes(Trouble::default());
    world.bodega.drives_on().await;
    assert_eq!(world.ada.sees_order(&order).await["status"], "PAID");
    assert_eq!(charged(&order), 1);
    // From a payment page, too; nobody can pay there any more.
    let order = world.buys("checkout").await.data();
    assert_eq!(turns(&order).await["status"], "PAID");
    let open = world.stripe.ledger(|ledger| {
        ledger.sessions.values().filter(|session| session.status == "open").count()
    });
    assert_eq!((charged(&order), open), (1, 0));
    world.is_sound();
}

#[actix_web::test]
async fn a_no_that_nobody_heard_counts_though_the_customer_turns_to_another_card() {
    let world = World::with_settings(&[("limits.declines_per_hour_by_card", "1")]).await;
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, false));
    let path = format!("/v1/orders/{}/payment", id(&order));
    assert_eq!(world.ada.post(&path, with("pm_card_visa")).await.data()["status"], "PAID");
    let figures = world.owner.get("/v1/card-testing").await.data();
    assert_eq!(figures["declined"], 1, "{figures}");
    world.is_sound();
}

#[actix_web::test]
async fn a_no_that_a_letter_brings_counts() {
    let world = World::open().await;
    world.listens();
    let order = world.buys("pm_card_authenticationRequired").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.finish(&intent, false));
    world.sees(&order, |order| order["payment"]["status"] == "declined").await;
    world.bodega.drives_on().await;
    assert_eq!(world.owner.get("/v1/card-testing").await.data()["declined"], 1, "and once");
}

#[actix_web::test]
async fn whatever_answer_is_lost_the_card_is_charged_once() {
    // (what goes wrong with the calls in their order: make, confirm, look)
    let scripts: &[&[Fault]] = &[
        &[Fault::ResetAfter],
        &[Fault::ResetBefore],
        &[Fault::ErrorBefore],
        &[Fault::ErrorAfter],
        &[Fault::Garbage],
        &[Fault::TooMany],
        &[Fault::None, Fault::ResetAfter],
        &[Fault::None, Fault::ErrorAfter],
        &[Fault::None, Fault::ErrorBefore],
        &[Fault::None, Fault::Garbage],
        &[Fault::None, Fault::Unavailable],
        &[Fault::None, Fault::Conflict],
        &[Fault::None, Fault::TooMany],
        &[Fault::None, Fault::ResetAfter, Fault::ResetAfter, Fault::ResetAfter],
        &[Fault::None, Fault::Garbage, Fault::Garbage],
    ];
    for script in scripts {
        // A shop each: so much trouble at once would open the breaker.
        let world = World::open().await;
        world.stripe.makes(Trouble { next: script.to_vec(), ..Trouble::default() });
        let driven = world.places("pm_card_visa").await.expect("an order");
        world.stripe.makes(Trouble::default());
        let order = driven.order.id;
        for _ in 0..3 {
            let drives = world.bodega.shop.purchases.drive(order, bodega::domain::time::Who::Shop);
            drives.await.expect("it goes on");
        }
        let (ours, theirs) = (world.ours(order), world.theirs(order));
        assert_eq!(ours.order.status.name(), "PAID", "{script:?}: {:?}", ours.payment.state);
        assert_eq!(
            (theirs.charges, theirs.taken),
            (1, ours.payment.captured.minor()),
            "{script:?}"
        );
        world.is_sound();
    }
}

#[actix_web::test]
async fn a_refund_whose_answer_is_lost_goes_back_once() {
    let world = World::open().await;
    for fault in [Fault::ResetAfter, Fault::ErrorAfter, Fault::Garbage, Fault::Unavailable] {
        let order = world.buys("pm_card_visa").await.data();
        world.stripe.makes(Trouble { next: vec![fault], ..Trouble::default() });
        let path = format!("/v1/orders/{}/refunds", id(&order));
        let _perhaps = world.owner.post(&path, json!({ "amount": "2.00" })).await;
        world.stripe.makes(Trouble::default());
        let key = id(&order).parse().expect("an id");
        let drives = world.bodega.shop.purchases.drive(key, bodega::domain::time::Who::Shop);
        drives.await.expect("it goes on");
        assert_eq!(world.theirs(key).refunded, 200, "{fault:?}");
        let refunded = world.ours(key).payment.refunded().expect("a sum");
        assert_eq!(refunded.minor(), 200, "{fault:?}");
    }
    world.is_sound();
}

#[actix_web::test]
async fn a_stripe_that_is_down_stops_cards_and_nothing_else() {
    let world = World::open().await;
    let before = world.buys("pm_card_visa").await.data();
    world.stripe.makes(Trouble { is_down: true, ..Trouble::default() });
    let mut down = None;
    for _ in 0..20 {
        let answer = world.buys("pm_card_visa").await;
        if answer.status == 503 {
            down = Some(answer);
            break;
        }
        assert_eq!(answer.data()["status"], "PENDING", "in doubt, and shown as being processed");
    }
    let down = down.expect("the shop notices");
    down.refused(503, "gateway_down");
    assert!(down.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    let form = [("address", &*world.address), ("method", "card"), ("total", "1"), ("key", "once")];
    let page = world.ada.sends("/checkout", &form).await;
    assert_eq!(page.status, 503, "{}", page.text());
    for said in ["nothing was ordered or charged", "name=\"key\" value=\"once\"", "Send it again"] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    let ready = world.ada.get("/health/ready").await.data();
    assert_eq!(ready["neighbours"]["payments"], "down");
    let gauge = async || world.owner.get("/metrics").await.text().to_owned();
    let is_down = |is| format!("bodega_breaker_open{{neighbour=\"payments\"}} {is}\n");
    assert!(gauge().await.contains(&is_down(1)));
    world.ada.get(&format!("/v1/product/getproduct/{}", id(&world.tea))).await.data();
    assert_eq!(world.ada.puts_in_cart(&world.tea, 1).await.status, 201);
    world.ada.sees_order(&before).await;
    let by_hand = json!({
        "shippingAddressId": world.address,
        "items": [{ "productId": id(&world.tea), "quantity": 1 }],
        "paymentMethod": "cash_on_delivery",
    });
    assert_eq!(world.ada.post("/v1/orders", by_hand).await.data()["status"], "PENDING");
    // It is back: the first call that may try finds out, and what was in doubt is settled.
    world.stripe.makes(Trouble::default());
    let mut every = tokio::time::interval(std::time::Duration::from_millis(100));
    for _ in 0..600 {
        every.tick().await;
        if world.buys("pm_card_visa").await.status == 201 {
            break;
        }
    }
    assert_eq!(world.buys("pm_card_visa").await.data()["status"], "PAID");
    let ready = world.ada.get("/health/ready").await.data();
    assert_eq!(ready["neighbours"]["payments"], "ok");
    assert!(gauge().await.contains(&is_down(0)));
    world
        .bodega
        .shop
        .purchases
        .sweep(bodega::actors::purchases::Sweep::All)
        .await
        .expect("a sweep");
    let orders = world.ada.get("/v1/orders?limit=100").await.data();
    for order in orders.as_array().expect("orders") {
        let key = id(order).parse().expect("an id");
        let (ours, theirs) = (world.ours(key), world.theirs(key));
        assert!(theirs.charges <= 1);
        assert_eq!(ours.payment.captured.minor(), theirs.taken, "{order}");
        let by_hand = ours.order.method.is_by_hand();
        assert!(by_hand || ours.order.status.name() == "PAID", "{order}");
    }
    world.is_sound();
}

#[actix_web::test]
async fn no_number_of_declines_or_bad_requests_makes_stripe_seem_down() {
    let world = World::open().await;
    for method in ["pm_card_chargeDeclined", "pm_card_of_somebody_else"] {
        for _ in 0..15 {
            world.buys(method).await.refused(402, "payment_declined");
        }
    }
    assert_eq!(world.buys("pm_card_visa").await.data()["status"], "PAID");
    let ready = world.ada.get("/health/ready").await.data();
    assert_eq!(ready["neighbours"]["payments"], "ok");
}
