//! A sample of damages for the real binary: it says what is wrong, or serves what was there.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    super::support::{
        dice::{Dice, rounds},
        files::copy,
        patience::until,
        process::{DEMO, Serving, verify},
        till::{Till, order_of, order_of_cart, put_in_cart},
        wire::{Client, Reply, Request},
    },
    Damage, list,
};

#[test]
fn a_damaged_shop_says_so_or_serves_what_was_there() {
    let mut dice = Dice::thrown_in("a_damaged_shop_says_so");
    let room = tempfile::tempdir().expect("a temporary directory");
    let ready = room.path().join("ready");
    let (till, served) = a_shop_with_orders(&ready);
    let mut files = Vec::new();
    list(&ready, Path::new(""), &mut files);
    for _ in 0..rounds("BODEGA_FAULTS_DAMAGED_SHOPS", SHOPS) {
        let damage = Damage::drawn(&files, &mut dice);
        let dir = room.path().join("damaged");
        copy(&ready, &dir);
        damage.done_to(&dir);
        match Serving::try_start(&dir, DEMO) {
            Err(ended) => {
                let part = damage.part();
                let is_data = part == "journal" || part.starts_with("secret");
                assert!(is_data, "{damage:?}: {ended:?}");
                let code = if part == "journal" { 65 } else { 1 };
                assert_eq!(ended.code, Some(code), "{damage:?}: {ended:?}");
                assert!(ended.err.contains(part), "{damage:?}: {ended:?}");
            }
            Ok(serving) => {
                let now = until_served(&till, &serving);
                assert_eq!(now, served, "{damage:?}");
                serving.tell_to_stop();
                let ended = serving.end();
                assert_eq!(ended.code, Some(0), "{damage:?}: {ended:?}");
                verify(&dir);
            }
        }
        fs::remove_dir_all(&dir).expect("our own directory");
    }
}

/// A stopped shop with orders, and what staff see of it.
fn a_shop_with_orders(dir: &Path) -> (Till, Vec<Value>) {
    let till = Till::made_ready(dir, 2, 40, 1);
    let serving = Serving::start(dir);
    let customer = &till.customers[0];
    let mut client = Client::with_token(serving.address, &customer.token);
    for _ in 0..4 {
        client.ask(&put_in_cart(&till.products[0], 2)).expect(201);
        client.ask(&order_of_cart(customer, "pm_card_visa")).expect(201);
        client.ask(&order_of(customer, &till.products[1], 1, "pm_card_visa")).expect(201);
    }
    let served = until_served(&till, &serving);
    serving.stop();
    // The blank segment that waits is large, and made again.
    fs::remove_file(dir.join("journal/spare")).expect("our own file");
    (till, served)
}

/// What staff see; a shop that finds its state damaged opens again by itself meanwhile, and one
/// whose register is damaged makes it again.
fn until_served(till: &Till, serving: &Serving) -> Vec<Value> {
    until("an answer to each page", || {
        let mut staff = Client::with_token(serving.address, &till.admin);
        let answers = PAGES.iter().map(|page| staff.send(&Request::get(page)));
        let answers: Vec<_> = answers.collect::<Result<_, _>>().ok()?;
        let is_whole = |answer: &Reply| answer.data()["isComplete"] != false;
        let all = answers.iter().all(|answer| answer.status < 500 && is_whole(answer));
        all.then(|| answers.into_iter().map(|answer| answer.expect(200).body).collect())
    })
}

const PAGES: &[&str] = &[
    "/v1/orders/all?limit=100",
    "/v1/product/getproducts",
    "/v1/product/getproducts?sort=name",
    "/v1/auth/getprofile",
    "/v1/search?query=product",
    "/v1/search?query=customer0@example.com&limit=20",
];
const SHOPS: u64 = 12;
