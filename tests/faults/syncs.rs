//! Syncs: a disk that does not sync, or takes its time.

use super::{
    buyers::Crowd,
    meddle::order,
    support::{
        dice::Dice,
        process::{DEMO, Serving, run_in},
        till::order_of,
        wire::{Client, Request},
    },
};

/// The usual environment, with a fate.
fn with(fate: &[(String, String)]) -> Vec<(&str, &str)> {
    let fate = fate.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    DEMO.iter().copied().chain(fate).collect()
}

#[test]
fn after_a_failed_sync_nothing_is_promised_until_a_restart() {
    let mut dice = Dice::thrown_in("after_a_failed_sync");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    for _ in 0..ROUNDS {
        let fate = order(&format!("fail_syncs:{}", dice.among(60..=160)), &dir.join("journal"));
        let serving = Serving::start_with(&dir, &with(&fate));
        crowd.buy_until_it_fails(serving.address);
        let customer = &crowd.till.customers[0];
        let mut client = Client::with_token(serving.address, &customer.token);
        let wish = order_of(customer, &crowd.till.products[0], 1, "pm_card_visa");
        // What was decided on top of the lost change may still be told that it is too busy.
        let mut again = || client.ask(&wish.clone().under("never kept")).expect(503);
        let unwritable = (0..TRIES_MAX).any(|_| again().body["code"] == "unwritable");
        assert!(unwritable, "{}", again().body);
        client.ask(&Request::get("/v1/cart/getcart")).expect(200);
        let ready = client.ask(&Request::get("/health/ready")).expect(503);
        assert!(ready.body.to_string().contains("read-only"), "{}", ready.body);
        serving.tell_to_stop();
        let ended = serving.end();
        assert!(ended.err.contains("could not be synced"), "{ended:?}");
    }
    crowd.must_find_all_they_were_told(&dir);
}

#[test]
fn a_shop_does_not_open_on_a_disk_that_does_not_sync() {
    let mut dice = Dice::thrown_in("a_shop_does_not_open");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    let serving = Serving::start(&dir);
    let at = serving.address;
    crowd.buy_until(at, &mut dice, || serving.kill());
    let fate = order("fail_syncs:1", &dir.join("journal"));
    let ended = run_in(&["serve", "--listen", "127.0.0.1:0"], &dir, &with(&fate));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("cannot make the last frames durable"), "{ended:?}");
    crowd.must_find_all_they_were_told(&dir);
}

#[test]
fn a_slow_disk_makes_the_shop_slow_and_nothing_else() {
    let mut dice = Dice::thrown_in("a_slow_disk");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    let serving = Serving::start(&dir);
    crowd.buy_until(serving.address, &mut dice, || serving.kill());
    let fate = order(&format!("slow_syncs:{SLOW_MICROS}"), &dir.join("journal"));
    let serving = Serving::start_with(&dir, &with(&fate));
    let at = serving.address;
    crowd.buy_until(at, &mut dice, || {
        // Beside those who buy, many come at once: each is answered, and with yes.
        std::thread::scope(|scope| {
            for _ in 0..CROWD {
                scope.spawn(|| Client::at(at).ask(&Request::get("/health/ready")).expect(200));
            }
        });
        serving.kill();
    });
    crowd.must_find_all_they_were_told(&dir);
}

#[test]
fn a_start_that_takes_long_says_meanwhile_what_it_does() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    // A first start makes a segment, and syncs it piece by piece.
    let fate = order(&format!("slow_syncs:{VERY_SLOW_MICROS}"), &dir);
    let serving = Serving::start_with(&dir, &with(&fate));
    serving.tell_to_stop();
    let ended = serving.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("still opening the shop"), "{ended:?}");
}

const ROUNDS: usize = 3;
const TRIES_MAX: usize = 10;
const SLOW_MICROS: u64 = 20_000;
const VERY_SLOW_MICROS: u64 = 300_000;
const CROWD: usize = 64;
