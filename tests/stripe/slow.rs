//! A slow Stripe: what waits for it waits without a thread, and nobody else waits.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    double::Trouble,
    support::wares::{id, order},
    world::World,
};

#[actix_web::test]
async fn a_thousand_payments_in_flight_hold_no_thread_and_no_actor() {
    // Each has a connection here, one in the shop, and two between the shop and the double.
    let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limits.maximum, ..limits };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("more files");
    let world = World::open().await;
    world.buys("pm_card_visa").await.data();
    world.stripe.makes(Trouble { always_late: Some(5000), ..Trouble::default() });
    let (threads_before, calls_before) = (threads(), world.stripe.ledger(|ledger| ledger.calls));
    // One client with a connection for each: making a thousand clients would take longer.
    let client = reqwest::Client::new();
    let url = format!("http://{}/v1/orders", world.bodega.address);
    let body = order(&world.address, &world.tea, 1, "pm_card_visa");
    let token = world.ada.access.clone().expect("a token");
    let mut waiting = JoinSet::new();
    for _ in 0..PAYMENTS {
        let buys = client.post(&url).bearer_auth(&token).json(&body).send();
        waiting.spawn(async move { buys.await?.json::<Value>().await });
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
    let mut paid = BTreeSet::new();
    while let Some(reply) = waiting.join_next().await {
        let order = &reply.expect("no panic").expect("an answer")["data"];
        assert_eq!(order["status"], "PAID", "{order}");
        assert_eq!(world.theirs(id(order).parse().expect("an id")).charges, 1);
        paid.insert(id(order).to_owned());
    }
    assert_eq!(u64::try_from(paid.len()), Ok(PAYMENTS));
    world.is_sound();
}

/// How many threads this process has.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("a list of threads").count()
}

const PAYMENTS: u64 = 1000;
