//! Script: a purchase, its way back and further ones, in a shop that dies on the way.
//!
//! Wherever it died, the same requests under the same keys end the same way: one order each, one
//! charge each, and a cart that was consumed once. Whoever buys is impatient and sends each request
//! twice at once, under the same key.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use super::support::{
    files::copy,
    process::{DEMO, Serving, verify},
    till::{Till, cancel, order_of_cart, put_in_cart},
    wire::{Client, Reply, Request},
};

/// What is tried.
pub struct Script {
    /// What the faults are called.
    pub name: &'static str,
    /// How far apart they are.
    pub step: u64,
    /// The last place to try.
    pub most: u64,
    /// How many more purchases follow on the first, which is cancelled.
    pub purchases: u64,
}

/// Runs the script once for each place where the shop may die, until it lives through one: that
/// many places there are. `order` says in the environment where to die.
pub fn dies_everywhere(
    script: &Script,
    order: impl Fn(u64, &Path) -> Vec<(String, String)> + Sync,
) -> u64 {
    let Script { name, step, most, purchases } = *script;
    let room = tempfile::tempdir().expect("a temporary directory");
    let ready = room.path().join("ready");
    let till = Till::made_ready(&ready, 1, UNITS, 1);
    let (next, survived) = (AtomicU64::new(1), AtomicU64::new(u64::MAX));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(step, Ordering::SeqCst);
                    if place > survived.load(Ordering::SeqCst).min(most) {
                        return;
                    }
                    let dir = room.path().join(place.to_string());
                    copy(&ready, &dir);
                    if !dies_and_goes_on(
                        &till,
                        purchases,
                        &dir,
                        &format!("{name}:{place}"),
                        &order(place, &dir),
                    ) {
                        survived.fetch_min(place, Ordering::SeqCst);
                    }
                    fs::remove_dir_all(&dir).expect("our own directory");
                }
            });
        }
    });
    survived.into_inner()
}

/// Buys in a shop that dies there, and again in one that does not; whether it died.
fn dies_and_goes_on(
    till: &Till,
    purchases: u64,
    dir: &Path,
    fault: &str,
    order: &[(String, String)],
) -> bool {
    let order = order.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let environment: Vec<_> = DEMO.iter().copied().chain(order).collect();
    let mut heard = Vec::new();
    let died = match Serving::try_start(dir, &environment) {
        Err(ended) => {
            assert_eq!(ended.code, None, "it dies on order, it does not refuse: {ended:?}");
            true
        }
        Ok(serving) => {
            let bought = go_shopping(till, purchases, &serving, &mut heard);
            match bought {
                Ok(()) => serving.kill(),
                Err(_) => assert_eq!(serving.end().code, None, "it dies on order"),
            }
            bought.is_err()
        }
    };
    let serving = Serving::start(dir);
    let mut again = Vec::new();
    go_shopping(till, purchases, &serving, &mut again)
        .unwrap_or_else(|why| panic!("{fault}: {why}"));
    for (before, after) in heard.iter().zip(&again) {
        assert_eq!(before.order(), after.order(), "{fault}");
        assert_eq!(before.status, after.status, "{fault}: {} {}", before.body, after.body);
    }
    must_be_bought_once(till, purchases, &serving, fault);
    serving.stop();
    verify(dir);
    died
}

/// Buys a cart, changes one's mind, and buys others.
fn go_shopping(
    till: &Till,
    purchases: u64,
    serving: &Serving,
    heard: &mut Vec<Reply>,
) -> io::Result<()> {
    let (customer, product) = (&till.customers[0], till.products[0].as_str());
    let visa = "pm_card_visa";
    let mut hands = [client(till, serving), client(till, serving)];
    let mut ask = |request: Request, key: &str| {
        let reply = ask_twice_at_once(&mut hands, &request.under(key))?;
        heard.push(reply.clone());
        io::Result::Ok(reply)
    };
    ask(put_in_cart(product, 2), "put two in")?;
    let first = ask(order_of_cart(customer, visa), "buy the cart")?;
    ask(cancel(&first.order().expect("an order")), "cancel it")?;
    for number in 0..purchases {
        ask(put_in_cart(product, 1), &format!("put {number} in"))?;
        ask(order_of_cart(customer, visa), &format!("buy cart {number}"))?;
    }
    Ok(())
}

/// Sends a request over two connections at once. One is answered, and the other gets the same
/// answer, or is told that the first is still at work.
fn ask_twice_at_once(hands: &mut [Client; 2], request: &Request) -> io::Result<Reply> {
    let [one, other] = hands;
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| other.send(request));
        (one.send(request), other.join().expect("a client"))
    });
    let (one, other) = (one?, other?);
    let is_at_work = |reply: &Reply| reply.body["code"] == "idempotency_key_in_flight";
    let (reply, other) = if is_at_work(&one) { (other, one) } else { (one, other) };
    assert!(reply.status < 300, "{request:?}: {} {}", reply.body, other.body);
    assert!(is_at_work(&other) || other.body == reply.body, "{} {}", reply.body, other.body);
    Ok(reply)
}

fn must_be_bought_once(till: &Till, purchases: u64, serving: &Serving, fault: &str) {
    let mut orders = till.orders(serving.address);
    orders.sort_by_key(|order| order["number"].as_u64());
    let (first, others) = orders.split_first().expect("orders");
    assert_eq!(first["status"], "CANCELLED", "{fault}");
    assert_eq!(others.len(), usize::try_from(purchases).expect("few"), "{fault}");
    assert!(others.iter().all(|order| order["status"] == "PAID"), "{fault}: {others:?}");
    for order in &orders {
        assert_eq!(order["payment"]["amountCaptured"], order["totalPrice"], "{fault}");
    }
    assert_eq!(first["payment"]["amountRefunded"], first["totalPrice"], "{fault}");
    assert_eq!(till.shelf(serving.address, &till.products[0]), (UNITS - purchases, 0), "{fault}");
    let cart = client(till, serving).ask(&Request::get("/v1/cart/getcart"));
    assert_eq!(cart.data()["items"], serde_json::json!([]), "{fault}");
}

fn client(till: &Till, serving: &Serving) -> Client {
    Client::with_token(serving.address, &till.customers[0].token)
}

const UNITS: u64 = 40;
const THREADS: usize = 2;
