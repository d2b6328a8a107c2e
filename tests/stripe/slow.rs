//! A slow Stripe: what waits for it waits without a thread, and nobody else waits.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::{double::Trouble, support::wares::id, world::World};

#[actix_web::test]
async fn a_thousand_payments_in_flight_hold_no_thread_and_no_actor() {
    let world = Arc::new(World::open().await);
    world.buys("pm_card_visa").await.data();
    world.stripe.makes(Trouble { always_late: Some(5000), ..Trouble::default() });
    let (threads_before, calls_before) = (threads(), world.stripe.ledger(|ledger| ledger.calls));
    let mut waiting = JoinSet::new();
    for _ in 0..PAYMENTS {
        let world = Arc::clone(&world);
        waiting.spawn_local(async move { world.places("pm_card_visa").await });
    }
    let mut every = tokio::time::interval(std::time::Duration::from_millis(10));
    while world.stripe.ledger(|ledger| ledger.calls) < calls_before + PAYMENTS {
        every.tick().await;
    }
    let more = threads().saturating_sub(threads_before);
    assert!(more < 10, "{more} threads more for {PAYMENTS} payments");
    // Nobody else waits: none of these could be answered if the owners did.
    let answered = world.stripe.ledger(|ledger| ledger.events.len());
    world.ada.get(&format!("/v1/product/getproduct/{}", id(&world.tea))).await.data();
    assert_eq!(world.ada.puts_in_cart(&world.tea, 1).await.status, 201);
    let by_hand = json!({
        "shippingAddressId": world.address,
        "items": [{ "productId": id(&world.tea), "quantity": 1 }],
        "paymentMethod": "bank_transfer",
    });
    let by_hand = world.ada.post("/v1/orders", by_hand).await.data();
    assert_eq!(world.ada.cancels(&by_hand).await.data()["status"], "CANCELLED");
    assert!(answered > 0 && waiting.try_join_next().is_none(), "the payments still wait");
    let mut paid = 0;
    while let Some(placed) = waiting.join_next().await {
        let driven = placed.expect("no panic").expect("an order");
        paid += u64::from(driven.order.status.name() == "PAID");
    }
    assert_eq!(paid, PAYMENTS);
    world.is_sound();
}

/// How many threads this process has.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("a list of threads").count()
}

const PAYMENTS: u64 = 1000;
