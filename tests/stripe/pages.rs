//! Payment pages at Stripe: the customer types the card there, and the shop hears of it.

use serde_json::json;

use crate::{
    double::{Fault, Taken, Trouble},
    support::wares::{id, text},
    world::World,
};

#[actix_web::test]
async fn a_customer_pays_on_a_page_at_stripe() {
    let world = World::open().await;
    world.listens();
    let order = world.buys("checkout").await.data();
    assert_eq!(order["payment"]["status"], "requires_action");
    let action = &order["payment"]["nextAction"];
    assert_eq!(action["type"], "redirect_to_url");
    let url = action["url"].as_str().expect("an address");
    let page = url.rsplit('/').next().expect("a name").to_owned();
    assert!(url.starts_with("https://checkout.stripe.com/"), "{url}");
    world.stripe.ledger(|ledger| ledger.pay_session(&page, "pm_card_chargeDeclined"));
    world.stripe.ledger(|ledger| ledger.pay_session(&page, "pm_card_visa"));
    let paid = world.sees(&order, |order| order["status"] == "PAID").await;
    let key = id(&order).parse().expect("an id");
    assert_eq!(
        (world.theirs(key).charges, paid["totalAmount"].clone()),
        (1, order["totalAmount"].clone())
    );
    let cancelled = world.ada.cancels(&order).await.data();
    assert_eq!(cancelled["status"], "CANCELLED");
    assert_eq!(world.theirs(key).refunded, world.theirs(key).taken, "it went back");
    world.is_sound();
}

#[actix_web::test]
async fn a_customer_who_comes_back_sees_at_once_that_the_order_is_paid() {
    let world = World::with_stopped_clock("8000").await;
    let order = world.buys("checkout").await.data();
    let own = format!("/orders/{}", id(&order));
    let back = format!("{own}?payment=done");
    let page = page_of(&order);
    let asked = || world.stripe.ledger(|ledger| ledger.sessions[&page].asked);
    let comes_back = async || {
        let led = world.ada.opens(&back).await;
        assert_eq!((led.status, led.header("location")), (303, &*own));
    };
    // Not paid yet, and called again and again: the page at Stripe is asked about once.
    for _ in 0..5 {
        comes_back().await;
    }
    assert_eq!(asked(), 1);
    assert!(world.ada.opens(&own).await.text().contains("Waiting for payment"));
    world.stripe.ledger(|ledger| ledger.pay_session(&page, "pm_card_visa"));
    world.bodega.shop.clock.advance(std::time::Duration::from_secs(5));
    comes_back().await;
    assert_eq!(world.ada.sees_order(&order).await["status"], "PAID");
    assert_eq!(world.ada.opens(&back).await.status, 200, "there is nothing to ask any more");
    assert_eq!(world.ada.opens(&format!("{own}?payment=open")).await.status, 200);
    // Whoever is not answered in time sees the page all the same.
    let other = world.buys("checkout").await.data();
    world.stripe.makes(Trouble { next: vec![Fault::Unavailable; 9], ..Trouble::default() });
    let led = world.ada.opens(&format!("/orders/{}?payment=done", id(&other))).await;
    assert_eq!(led.status, 303);
    let bob = world.bodega.customer("bob").await;
    assert_eq!(bob.opens(&back).await.status, 404, "nobody asks about another's order");
    world.stripe.makes(Trouble::default());
    world.is_sound();
}

#[actix_web::test]
async fn a_page_of_a_cancelled_order_is_closed() {
    let world = World::open().await;
    let order = world.buys("checkout").await.data();
    let cancelled = world.ada.cancels(&order).await.data();
    assert_eq!(cancelled["status"], "CANCELLED");
    let open = world.stripe.ledger(|ledger| {
        ledger.sessions.values().filter(|session| session.status == "open").count()
    });
    assert_eq!(open, 0);
    assert_eq!(cancelled["payment"]["status"], json!("voided"));
    world.is_sound();
}

#[actix_web::test]
async fn whatever_answer_about_a_page_is_lost_it_is_paid_once_or_closed() {
    let faults = [
        Fault::ResetAfter,
        Fault::ResetBefore,
        Fault::ErrorAfter,
        Fault::ErrorBefore,
        Fault::Garbage,
        Fault::Unavailable,
        Fault::TooMany,
        Fault::Conflict,
    ];
    for fault in faults {
        let world = World::open().await;
        let goes_wrong = |times| {
            world.stripe.makes(Trouble { next: vec![fault; times], ..Trouble::default() });
        };
        let goes_on = async || {
            world.stripe.makes(Trouble::default());
            world.bodega.drives_on().await;
        };
        goes_wrong(1);
        let order = world.buys("checkout").await.data();
        goes_on().await;
        let order = world.ada.sees_order(&order).await;
        let page = page_of(&order);
        world.stripe.ledger(|ledger| ledger.pay_session(&page, "pm_card_visa"));
        goes_wrong(2);
        let path = format!("/v1/orders/{}/payment", id(&order));
        let _perhaps = world.ada.post(&path, json!({})).await;
        goes_on().await;
        assert_eq!(world.ada.sees_order(&order).await["status"], "PAID", "{fault:?}");
        let theirs = world.theirs(id(&order).parse().expect("an id"));
        assert_eq!((theirs.charges, theirs.refunded), (1, 0), "{fault:?}");
        let other = world.buys("checkout").await.data();
        let page = page_of(&other);
        goes_wrong(2);
        let _perhaps = world.ada.cancels(&other).await;
        goes_on().await;
        let other = world.ada.sees_order(&other).await;
        assert_eq!(
            (&other["status"], &other["payment"]["status"], &other["waitingFor"]),
            (&json!("CANCELLED"), &json!("voided"), &json!(null)),
            "{fault:?}"
        );
        let status = world.stripe.ledger(|ledger| ledger.sessions[&page].status);
        assert_eq!(status, "expired", "{fault:?}: nobody can pay it any more");
        assert_eq!(world.theirs(id(&other).parse().expect("an id")), Taken::default());
        world.is_sound();
    }
}

#[actix_web::test]
async fn what_was_set_aside_on_a_page_is_given_up_whatever_closing_the_page_said() {
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::ResetAfter, Fault::Garbage] {
        let world = World::that_sets_aside("8000").await;
        let order = world.buys("checkout").await.data();
        // Paid, and nobody has told the shop: it closes the page of a cancelled order.
        let page = page_of(&order);
        world.stripe.ledger(|ledger| ledger.pay_session(&page, "pm_card_visa"));
        world.stripe.makes(Trouble { next: vec![fault], ..Trouble::default() });
        let _perhaps = world.ada.cancels(&order).await;
        world.stripe.makes(Trouble::default());
        world.bodega.drives_on().await;
        let order = world.ada.sees_order(&order).await;
        assert_eq!(
            (&order["payment"]["status"], &order["waitingFor"]),
            (&json!("voided"), &json!(null)),
            "{fault:?}"
        );
        let theirs = world.theirs(id(&order).parse().expect("an id"));
        assert_eq!(theirs, Taken::default(), "{fault:?}");
        world.is_sound();
    }
}

/// The name of the page an order is to be paid on.
fn page_of(order: &serde_json::Value) -> String {
    let url = text(&order["payment"]["nextAction"]["url"]);
    url.rsplit('/').next().expect("a name").to_owned()
}
