//! Panics: a rule that panics in the middle of everything, in the real binary, again and again.
//!
//! `BODEGA_FAULT=panic:17` lets every 17th decision of any owner panic.

use std::net::SocketAddr;

use serde_json::Value;

use super::{
    buyers::Crowd,
    support::{
        dice::Dice,
        patience::until,
        process::{DEMO, Serving, verify},
        till::{Till, cancel, go_on_paying, order_of, order_of_cart, put_in_cart},
        wire::{Client, Reply, Request},
    },
};

#[test]
fn a_rule_that_panics_costs_its_own_request_and_nothing_else() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 100, 1);
    let (customer, product) = (&till.customers[0], till.products[0].as_str());
    let mut failed = 0;
    for (round, every) in [17, 29, 41].into_iter().enumerate() {
        let serving = start(&dir, every);
        let mut client = Client::with_token(serving.address, &customer.token);
        let mut ask = |request: Request, key: String| {
            let request = request.under(format!("{round} {key}"));
            until_answered(&mut client, &request, &mut failed)
        };
        for turn in 0..4 {
            let visa = "pm_card_visa";
            ask(put_in_cart(product, 1), format!("put {turn}"));
            let bought = ask(order_of_cart(customer, visa), format!("buy cart {turn}"));
            // A bank that panicked leaves a doubt. The cart is held until the customer goes on with
            // the payment, or the shop does.
            must_be_paid(bought, |order, look| {
                ask(go_on_paying(order), format!("go on {turn} {look}"))
            });
            let order = ask(order_of(customer, product, 2, visa), format!("buy {turn}"));
            ask(cancel(&order.order().expect("an order")), format!("cancel {turn}"));
        }
        serving.kill();
    }
    assert!(failed > 0, "the panics were ordered and did not come");
    let serving = Serving::start(&dir);
    let orders = at_their_end(&till, serving.address);
    let count = |status| orders.iter().filter(|order| order["status"] == status).count();
    assert_eq!((count("PAID"), count("CANCELLED"), orders.len()), (12, 12, 24));
    assert_eq!(till.shelf(serving.address, product), (100 - 12, 0));
    serving.stop();
    verify(&dir);
}

#[test]
fn nothing_is_lost_when_rules_panic_under_load() {
    let mut dice = Dice::thrown_in("nothing_is_lost_when_rules_panic");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    for _ in 0..ROUNDS {
        let serving = start(&dir, dice.among(25..=60));
        crowd.buy_until_it_fails(serving.address);
        serving.kill();
    }
    crowd.must_find_all_they_were_told(&dir);
}

#[test]
fn a_shop_whose_rules_panic_again_and_again_ends() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 100, 1);
    let serving = start(&dir, 5);
    let mut client = Client::with_token(serving.address, &till.customers[0].token);
    let put = put_in_cart(&till.products[0], 1);
    let ends = (0..ASKED_MAX).any(|_| client.send(&put).is_err());
    assert!(ends, "it goes on for ever");
    let ended = serving.end();
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.err.contains("panics again and again; the process ends"), "{ended:?}");
    verify(&dir);
}

/// A shop in which every so-manieth decision panics.
fn start(dir: &std::path::Path, every: u64) -> Serving {
    let fault = format!("panic:{every}");
    let environment: Vec<_> =
        DEMO.iter().copied().chain([("BODEGA_FAULT", fault.as_str())]).collect();
    Serving::start_with(dir, &environment)
}

/// Goes on with the payment of an order until it is made.
fn must_be_paid(bought: Reply, mut go_on: impl FnMut(&str, usize) -> Reply) {
    let order = bought.order().expect("an order");
    let (mut reply, mut look) = (bought, 0);
    until("the payment", || {
        if reply.data()["status"] == "PAID" {
            return Some(());
        }
        assert_eq!(reply.data()["status"], "PENDING", "{}", reply.body);
        (reply, look) = (go_on(&order, look), look + 1);
        None
    });
}

/// All orders, once none is on its way: a bank that panicked is asked by and by what it had said.
fn at_their_end(till: &Till, at: SocketAddr) -> Vec<Value> {
    until("the orders to come to an end", || {
        let orders = till.orders(at);
        orders.iter().all(|order| order["status"] != "PENDING").then_some(orders)
    })
}

/// Asks again under the same key as long as something failed.
fn until_answered(client: &mut Client, request: &Request, failed: &mut u64) -> Reply {
    until(&request.path, || {
        let reply = client.ask(request);
        match reply.status {
            500 | 503 => *failed += 1,
            // The first attempt may still be at work.
            409 if reply.body["code"] == "idempotency_key_in_flight" => {}
            200..=299 => return Some(reply),
            other => panic!("{}: {other} {}", request.path, reply.body),
        }
        None
    })
}

const ROUNDS: usize = 12;
/// Requests after which the process has surely ended.
const ASKED_MAX: usize = 5_000;
