//! Letters: the real binary hands them to a real mail server, and is killed while they leave.
//!
//! Whoever paid is told so, under one name however often it is repeated, and a kill repeats no
//! more than one batch that was not recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use super::{
    buyers::Crowd,
    ledger::was_paid,
    sink::{Sink, Taken},
    support::{
        dice::{Dice, rounds},
        patience::until,
        process::{DEMO, Serving, verify},
        wire::{Client, Request},
    },
};

#[test]
fn who_has_paid_is_told_so_though_the_shop_is_killed_while_letters_leave() {
    let Some(sink) = Sink::open() else { return };
    let mut dice = Dice::thrown_in("who_has_paid_is_told_so");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let kills = rounds("BODEGA_FAULTS_LETTER_KILLS", KILLS);
    let mut crowd = Crowd::before(&dir, UNITS_A_KILL * (kills + 1), &mut dice);
    let mut lives = Vec::new();
    for number in 1..=kills {
        let serving = start(&dir, &sink);
        let until_killed = sink.count() + usize::try_from(dice.among(1..=LETTERS)).expect("few");
        crowd.buy_until(serving.address, &mut dice, || {
            until("letters", || (sink.count() >= until_killed).then_some(()));
            serving.kill();
        });
        lives.push(u64::try_from(sink.count()).expect("few"));
        if number % TOLD_EVERY == 0 {
            eprintln!("{number} kills");
        }
    }
    let serving = start(&dir, &sink);
    crowd.must_agree_with(serving.address);
    has_told_everything(&crowd, &serving, &sink);
    let orders = crowd.till.orders(serving.address);
    serving.stop();
    verify(&dir);
    let letters = sink.taken();
    must_be_told_once(&orders, &letters);
    let repeated = repeated_in(&letters, &lives);
    assert!(repeated.iter().all(|count| *count <= BATCH_MAX), "{repeated:?}");
    let paid = orders.iter().filter(|order| was_paid(order)).count();
    assert!(paid > 0, "somebody bought something");
    let (all, twice) = (letters.len(), repeated.iter().sum::<usize>());
    eprintln!("{kills} kills, {paid} orders paid, {all} letters, {twice} of them repetitions");
}

fn start(dir: &Path, sink: &Sink) -> Serving {
    let settings = sink
        .settings()
        .into_iter()
        .map(|(path, value)| (format!("BODEGA_{}", path.replace('.', "__").to_uppercase()), value));
    let settings: Vec<(String, String)> = settings.collect();
    let chosen = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let environment: Vec<_> = DEMO.iter().copied().chain(LETTERS_ALONE).chain(chosen).collect();
    Serving::start_with(dir, &environment)
}

/// Waits until nothing is left to tell. However many letters wait, some leave each minute.
fn has_told_everything(crowd: &Crowd, serving: &Serving, sink: &Sink) {
    let mut staff = Client::with_token(serving.address, &crowd.till.admin);
    let mut is_behind = || {
        let couriers = staff.ask(&Request::get("/v1/couriers")).expect(200);
        let couriers = couriers.data().as_array().expect("a list");
        couriers.iter().any(|courier| courier["name"] == "mail" && courier["lag"] != 0)
    };
    loop {
        let before = sink.count();
        let is_done = until("another letter", || {
            if is_behind() { (sink.count() > before).then_some(false) } else { Some(true) }
        });
        if is_done {
            return;
        }
    }
}

/// Each paid order has its confirmation under one name, and no other order has one.
fn must_be_told_once(orders: &[Value], letters: &[Taken]) {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut said: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for letter in letters {
        names.entry(&letter.subject).or_default().insert(&letter.id);
        let says = (letter.to.as_str(), letter.subject.as_str());
        assert_eq!(*said.entry(&letter.id).or_insert(says), says, "one name, one letter");
    }
    for order in orders {
        let subject = format!("Your order {} is confirmed", order["number"]);
        let told = names.get(subject.as_str()).map_or(0, BTreeSet::len);
        assert_eq!(told, usize::from(was_paid(order)), "{subject}: {order}");
    }
}

/// How many letters that had been taken before came again, in each life of the shop; a life ends
/// with so many taken.
fn repeated_in(letters: &[Taken], lives: &[u64]) -> Vec<usize> {
    let (mut seen, mut repeated) = (BTreeSet::new(), vec![0; lives.len() + 1]);
    for letter in letters {
        let life = lives.iter().filter(|taken| letter.turn > **taken).count();
        repeated[life] += usize::from(!seen.insert(&letter.id));
    }
    repeated
}

/// Nobody but customers is written to; and a machine may be busy.
const LETTERS_ALONE: [(&str, &str); 2] =
    [("BODEGA_MAIL__NEW_ORDERS", "false"), ("BODEGA_MAIL__SMTP__TIMEOUT_MS", "50000")];
const KILLS: u64 = 20;
const TOLD_EVERY: u64 = 10;
/// A shop is killed with one of so many letters of its life.
const LETTERS: u64 = 12;
/// More than anybody buys in one life of the shop.
const UNITS_A_KILL: u64 = 400;
/// What a crash may repeat, as docs/mail.md promises.
const BATCH_MAX: usize = 16;
