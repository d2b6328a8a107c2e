//! Money that is set aside: authorised at checkout, taken when the goods leave, given up with the
//! order or when its days are over.

use bodega::domain::ids::OrderId;
use serde_json::{Value, json};

use crate::{
    double::{Fault, Taken, Trouble},
    support::wares::{id, text},
    world::{World, with},
};

fn told(order: &Value) -> String {
    let waits = order["waitingFor"].as_str().unwrap_or("nothing");
    let (status, paid) = (text(&order["status"]), text(&order["payment"]["status"]));
    format!("{status} {paid}, waits for {waits}")
}

fn key(order: &Value) -> OrderId {
    id(order).parse().expect("an id")
}

#[actix_web::test]
async fn it_is_taken_once_when_the_goods_leave() {
    let world = World::that_sets_aside("8000").await;
    let order = world.buys("pm_card_visa").await.data();
    assert_eq!(told(&order), "PENDING authorised, waits for shipment");
    let total = world.ours(key(&order)).order.quote.total.minor();
    let set_aside = Taken { charges: 0, taken: 0, set_aside: total, refunded: 0 };
    assert_eq!(world.theirs(key(&order)), set_aside);
    // Staff and customer see until when it can be taken, as Stripe told.
    let until = order["payment"]["authorisedUntil"].clone();
    assert!(until.is_string(), "{order}");
    assert_eq!(world.owner.sees_order(&order).await["payment"]["authorisedUntil"], until);
    assert_eq!(order["heldUntil"], until, "the goods are held as long");
    for _ in 0..2 {
        let shipped = world.owner.makes(&order, "SHIPPED").await.data();
        assert_eq!(told(&shipped), "SHIPPED captured, waits for nothing");
    }
    let taken = Taken { charges: 1, taken: total, set_aside: 0, refunded: 0 };
    assert_eq!(world.theirs(key(&order)), taken);
    world.is_sound();
}

#[actix_web::test]
async fn a_lost_answer_about_it_moves_nothing_twice() {
    let faults = [Fault::ResetAfter, Fault::ErrorAfter, Fault::Garbage, Fault::ErrorBefore];
    for fault in faults {
        let world = World::that_sets_aside("8000").await;
        let (taken, given_up) =
            (world.buys("pm_card_visa").await.data(), world.buys("pm_card_visa").await.data());
        world.stripe.makes(Trouble { next: vec![fault; 2], ..Trouble::default() });
        let _perhaps = world.owner.makes(&taken, "SHIPPED").await.data();
        world.stripe.makes(Trouble { next: vec![fault; 2], ..Trouble::default() });
        let _perhaps = world.ada.cancels(&given_up).await.data();
        world.stripe.makes(Trouble::default());
        world.bodega.drives_on().await;
        let order = world.owner.sees_order(&taken).await;
        assert_eq!(told(&order), "SHIPPED captured, waits for nothing", "{fault:?}");
        let order = world.owner.sees_order(&given_up).await;
        assert_eq!(told(&order), "CANCELLED voided, waits for nothing", "{fault:?}");
        let (one, other) = (world.theirs(key(&taken)), world.theirs(key(&given_up)));
        let total = world.ours(key(&taken)).order.quote.total.minor();
        assert_eq!(one, Taken { charges: 1, taken: total, set_aside: 0, refunded: 0 }, "{fault:?}");
        assert_eq!(other, Taken::default(), "{fault:?}");
        world.is_sound();
    }
}

#[actix_web::test]
async fn a_cancel_gives_it_up_and_a_capture_that_was_faster_goes_back() {
    let world = World::that_sets_aside("8000").await;
    let order = world.buys("pm_card_visa").await.data();
    let cancelled = world.ada.cancels(&order).await.data();
    assert_eq!(told(&cancelled), "CANCELLED voided, waits for nothing");
    assert_eq!(world.theirs(key(&order)), Taken::default());
    // Somebody takes it in Stripe's dashboard just then.
    let order = world.buys("pm_card_visa").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| {
        ledger.post(&format!("/v1/payment_intents/{intent}/capture"), &Default::default())
    });
    let cancelled = world.ada.cancels(&order).await.data();
    assert_eq!(told(&cancelled), "CANCELLED captured, waits for nothing");
    let theirs = world.theirs(key(&order));
    assert_eq!((theirs.charges, theirs.refunded), (1, theirs.taken));
    world.is_sound();
}

#[actix_web::test]
async fn what_lapses_before_the_goods_leave_is_shown_and_another_card_pays() {
    let world = World::that_sets_aside("8000").await;
    world.listens();
    let order = world.buys("pm_card_visa").await.data();
    let intent = world.intent_of(&order);
    world.stripe.ledger(|ledger| ledger.lapse(&intent));
    let lapsed = world.sees(&order, |order| order["waitingFor"] == "to_be_paid").await;
    assert_eq!(told(&lapsed), "PENDING voided, waits for to_be_paid");
    assert_eq!(lapsed["payment"]["authorisedUntil"], Value::Null);
    world.owner.makes(&order, "SHIPPED").await.refused(409, "illegal_transition");
    let path = format!("/v1/orders/{}/payment", id(&order));
    let again = world.ada.post(&path, with("pm_card_mastercard")).await.data();
    assert_eq!(told(&again), "PENDING authorised, waits for shipment");
    let shipped = world.owner.makes(&order, "SHIPPED").await.data();
    assert_eq!(told(&shipped), "SHIPPED captured, waits for nothing");
    assert_eq!(world.theirs(key(&order)).charges, 1);
    world.is_sound();
}

#[actix_web::test]
async fn goods_that_left_before_a_refused_capture_are_shown_to_staff() {
    let world = World::that_sets_aside("8000").await;
    let order = world.buys("pm_card_visa").await.data();
    let intent = world.intent_of(&order);
    // It lapses, and nobody tells.
    world.stripe.ledger(|ledger| ledger.lapse(&intent));
    let shipped = world.owner.makes(&order, "SHIPPED").await.data();
    assert_eq!(told(&shipped), "SHIPPED voided, waits for capture_refused");
    assert_eq!(world.theirs(key(&order)), Taken::default());
    world.bodega.drives_on().await;
    assert_eq!(told(&world.owner.sees_order(&order).await), told(&shipped));
    world.is_sound();
}

#[actix_web::test]
async fn less_than_was_asked_for_is_no_purchase_and_goes_back() {
    let world = World::that_sets_aside("8000").await;
    world.listens();
    let order = world.buys("pm_card_visa").await.data();
    let intent = world.intent_of(&order);
    // Somebody takes a part of it in Stripe's dashboard.
    let part = [("amount_to_capture".to_owned(), "100".to_owned())].into();
    let path = format!("/v1/payment_intents/{intent}/capture");
    world.stripe.ledger(|ledger| ledger.post(&path, &part));
    let is_over =
        |order: &Value| order["status"] == "CANCELLED" && order["payment"]["amountRefunded"] == 1.0;
    let over = world.sees(&order, is_over).await;
    assert_eq!(told(&over), "CANCELLED captured, waits for nothing");
    let back = Taken { charges: 1, taken: 100, set_aside: 0, refunded: 100 };
    assert_eq!(world.theirs(key(&order)), back);
    let (_, reserved, _) = world.owner.stock_of(&world.tea).await;
    assert_eq!(reserved, 0);
    world.is_sound();
}

#[actix_web::test]
async fn a_payment_page_sets_it_aside_too() {
    let world = World::that_sets_aside("8000").await;
    world.listens();
    let order = world.buys("checkout").await.data();
    let url = text(&order["payment"]["nextAction"]["url"]);
    let page = url.rsplit('/').next().expect("a name").to_owned();
    world.stripe.ledger(|ledger| ledger.pay_session(&page, "pm_card_visa"));
    let held = world.sees(&order, |order| order["waitingFor"] == "shipment").await;
    assert_eq!(told(&held), "PENDING authorised, waits for shipment");
    let shipped = world.owner.makes(&order, "SHIPPED").await.data();
    assert_eq!(told(&shipped), "SHIPPED captured, waits for nothing");
    let refunds = format!("/v1/orders/{}/refunds", id(&order));
    let refunded = world.owner.post(&refunds, json!({ "amount": "1.00" })).await.data();
    assert_eq!(refunded["payment"]["amountRefunded"].to_string(), "1.0");
    assert_eq!(world.theirs(key(&order)).refunded, 100);
    world.is_sound();
}

#[actix_web::test]
async fn staff_are_offered_to_take_it_until_it_is_taken() {
    let world = World::that_sets_aside("8000").await;
    let order = world.buys("pm_card_visa").await.data();
    let page = format!("/admin/orders/{}", id(&order));
    let offers = async || {
        let shown = world.owner.opens(&page).await;
        assert_eq!(shown.status, 200, "{}", shown.text());
        shown.text().contains(&format!("action=\"{page}/capture\""))
    };
    assert!(offers().await, "the money waits to be taken");
    // The second time from a page that was left open.
    for _ in 0..2 {
        let taken = world.owner.sends(&format!("{page}/capture"), &[]).await;
        assert_eq!(taken.header("location"), format!("{page}?done=captured"), "{}", taken.text());
        assert!(!offers().await, "nothing is left to take");
    }
    assert_eq!(world.theirs(key(&order)).charges, 1);
    world.is_sound();
}
