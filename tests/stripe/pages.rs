//! Payment pages at Stripe: the customer types the card there, and the shop hears of it.

use serde_json::json;

use crate::{support::wares::id, world::World};

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
