//! Stopped: a purchase in a shop that dies at each of its commits, one after the other.
//!
//! Wherever it died, the same requests under the same keys end the same way: one order each, one
//! charge each, and a cart that was consumed once.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use super::support::{
    process::{DEMO, Serving, verify},
    till::{Till, cancel, order_of_cart, put_in_cart},
    wire::{Client, Reply, Request},
};

#[test]
fn a_purchase_ends_the_same_wherever_the_process_died() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let ready = room.path().join("ready");
    let till = Till::made_ready(&ready, 1, UNITS, 1);
    for stop in ["before_write", "after_write", "after_sync", "before_answer"] {
        let (next, survived) = (AtomicU64::new(1), AtomicU64::new(u64::MAX));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    loop {
                        let passage = next.fetch_add(step_of(stop), Ordering::SeqCst);
                        if passage > survived.load(Ordering::SeqCst) {
                            return;
                        }
                        assert!(passage <= COMMITS_MAX, "{stop}: dies without end");
                        let dir = room.path().join(format!("{stop}-{passage}"));
                        copy(&ready, &dir);
                        if !dies_and_goes_on(&till, &dir, &format!("{stop}:{passage}")) {
                            survived.fetch_min(passage, Ordering::SeqCst);
                        }
                        fs::remove_dir_all(&dir).expect("our own directory");
                    }
                });
            }
        });
        let survived = survived.into_inner();
        eprintln!("{stop}: lives through a fault at commit {survived}, there are fewer");
        assert!(survived > COMMITS_MIN, "{stop}: the fault was ordered and did not come");
    }
}

/// Buys in a shop that dies there, and again in one that does not; whether it died.
fn dies_and_goes_on(till: &Till, dir: &Path, fault: &str) -> bool {
    let environment: Vec<_> = DEMO.iter().copied().chain([("BODEGA_FAULT", fault)]).collect();
    let mut heard = Vec::new();
    let died = match Serving::try_start(dir, &environment) {
        Err(ended) => {
            assert_eq!(ended.code, None, "it dies on order, it does not refuse: {ended:?}");
            true
        }
        Ok(serving) => {
            let bought = go_shopping(till, &mut client(till, &serving), &mut heard);
            match bought {
                Ok(()) => serving.kill(),
                Err(_) => assert_eq!(serving.end().code, None, "it dies on order"),
            }
            bought.is_err()
        }
    };
    let serving = Serving::start(dir);
    let mut again = Vec::new();
    let mut client = client(till, &serving);
    go_shopping(till, &mut client, &mut again).unwrap_or_else(|why| panic!("{fault}: {why}"));
    for (before, after) in heard.iter().zip(&again) {
        assert_eq!(before.order(), after.order(), "{fault}");
        assert_eq!(before.status, after.status, "{fault}: {} {}", before.body, after.body);
    }
    must_be_bought_once(till, &serving, fault);
    serving.stop();
    verify(dir);
    died
}

/// Buys a cart, changes one's mind, and buys another one.
fn go_shopping(till: &Till, client: &mut Client, heard: &mut Vec<Reply>) -> io::Result<()> {
    let (customer, product) = (&till.customers[0], till.products[0].as_str());
    let visa = "pm_card_visa";
    let mut ask = |request: Request, key: &str| {
        let reply = client.send(&request.under(key))?;
        assert!(reply.status < 300, "{key}: {}", reply.body);
        heard.push(reply.clone());
        io::Result::Ok(reply)
    };
    ask(put_in_cart(product, 2), "put two in")?;
    let first = ask(order_of_cart(customer, visa), "buy the cart")?;
    ask(cancel(&first.order().expect("an order")), "cancel it")?;
    ask(put_in_cart(product, 1), "put one in")?;
    ask(order_of_cart(customer, visa), "buy the other cart")?;
    Ok(())
}

fn must_be_bought_once(till: &Till, serving: &Serving, fault: &str) {
    let mut orders = till.orders(serving.address);
    orders.sort_by_key(|order| order["number"].as_u64());
    let [first, second] = &orders[..] else { panic!("{fault}: {} orders", orders.len()) };
    assert_eq!((&first["status"], &second["status"]), (&"CANCELLED".into(), &"PAID".into()));
    for order in [first, second] {
        assert_eq!(order["payment"]["amountCaptured"], order["totalPrice"], "{fault}");
    }
    assert_eq!(first["payment"]["amountRefunded"], first["totalPrice"], "{fault}");
    assert_eq!(till.shelf(serving.address, &till.products[0]), (UNITS - 1, 0), "{fault}");
    let cart = client(till, serving).ask(&Request::get("/v1/cart/getcart"));
    assert_eq!(cart.data()["items"], serde_json::json!([]), "{fault}");
}

fn client(till: &Till, serving: &Serving) -> Client {
    Client::with_token(serving.address, &till.customers[0].token)
}

/// How far apart the commits are. A process that dies leaves what it has written, so that dying
/// between writing and answering differs little: some of those commits are enough.
fn step_of(stop: &str) -> u64 {
    match stop {
        "before_write" | "before_answer" => 1,
        _ => 4,
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new directory");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let (kind, to) = (entry.file_type().expect("readable"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), &to).expect("room on the disk");
        }
    }
}

const UNITS: u64 = 10;
const THREADS: usize = 2;
/// And surely not so many.
const COMMITS_MAX: u64 = 100;
/// A purchase, its way back and another purchase take at least so many.
const COMMITS_MIN: u64 = 12;
