//! Full: a disk without room, which gets some again.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use serde_json::json;

use super::{
    buyers::Crowd,
    meddle::order,
    mounts::Mount,
    support::{
        dice::Dice,
        process::{DEMO, Serving},
        wire::{Client, Reply, Request},
    },
};

#[test]
fn a_full_disk_is_said_so_and_heals_without_a_restart() {
    let Some(mount) = Mount::of_memory(MEGABYTES) else { return };
    let mut dice = Dice::thrown_in("a_full_disk");
    let dir = mount.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    let serving = Serving::start(&dir);
    let ballast = mount.path().join("ballast");
    for _ in 0..ROUNDS {
        fill(&ballast);
        must_be_full(&crowd, &serving);
        fs::remove_file(&ballast).expect("our own file");
        must_sell(&crowd, &serving);
        let at = serving.address;
        crowd.buy_until(at, &mut dice, || fill(&ballast));
        fs::remove_file(&ballast).expect("our own file");
    }
    fill(&ballast);
    must_be_full(&crowd, &serving);
    mount.resize(2 * MEGABYTES);
    must_sell(&crowd, &serving);
    serving.stop();
    crowd.must_find_all_they_were_told(&dir);
}

#[test]
fn a_shop_opens_on_a_full_disk_and_heals() {
    let Some(mount) = Mount::of_memory(MEGABYTES) else { return };
    let mut dice = Dice::thrown_in("a_shop_opens_on_a_full_disk");
    let dir = mount.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    let ballast = mount.path().join("ballast");
    for killed in [false, true, false, true] {
        fill(&ballast);
        // Opens, and lives on the room that it keeps for this, until that is gone as well.
        let serving = Serving::start(&dir);
        fill(&mount.path().join("more"));
        must_be_full(&crowd, &serving);
        if killed {
            serving.kill();
        } else {
            serving.tell_to_stop();
            let ended = serving.end();
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        // With nothing left at all, the state may not open; that is said, and harms nothing.
        match Serving::try_start(&dir, DEMO) {
            Ok(serving) => {
                must_be_full(&crowd, &serving);
                serving.kill();
            }
            Err(ended) => {
                assert_eq!(ended.code, Some(1), "{ended:?}");
                assert!(ended.err.contains("No space left"), "{ended:?}");
            }
        }
        fs::remove_file(mount.path().join("more")).expect("our own file");
        fs::remove_file(&ballast).expect("our own file");
        let serving = Serving::start(&dir);
        must_sell(&crowd, &serving);
        let at = serving.address;
        crowd.buy_until(at, &mut dice, || serving.kill());
    }
    crowd.must_find_all_they_were_told(&dir);
}

#[test]
fn a_write_that_finds_no_room_is_taken_back_wherever_it_was() {
    let mut dice = Dice::thrown_in("a_write_that_finds_no_room");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let mut crowd = Crowd::before(&dir, 60, &mut dice);
    for _ in 0..ROUNDS * 2 {
        let fate = order(&format!("full:{}", dice.among(1..=120)), &dir);
        let fate = fate.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let environment: Vec<_> = DEMO.iter().copied().chain(fate).collect();
        match Serving::try_start(&dir, &environment) {
            Err(ended) => {
                assert_eq!(ended.code, Some(1), "{ended:?}");
                assert!(ended.err.contains("No space left"), "{ended:?}");
            }
            Ok(serving) => {
                crowd.buy_until_it_fails(serving.address);
                serving.kill();
            }
        }
    }
    crowd.must_find_all_they_were_told(&dir);
}

/// Writes until nothing more goes in.
fn fill(file: &Path) {
    use std::io::Write;
    let mut file = fs::File::create(file).expect("a name takes no room");
    for size in [1 << 20, 1 << 12, 1] {
        let piece = vec![1; size];
        while file.write_all(&piece).is_ok() {}
    }
}

/// Buying is refused with what to do next; looking is not.
fn must_be_full(crowd: &Crowd, serving: &Serving) {
    let refused = until(|| is_changed(crowd, serving), |reply| reply.status == 503);
    assert_eq!(refused.body["code"], "unwritable", "{}", refused.body);
    assert_eq!(refused.retry_after, Some(1), "{}", refused.body);
    let customer = &crowd.till.customers[0];
    let mut client = Client::with_token(serving.address, &customer.token);
    client.ask(&Request::get("/v1/cart/getcart")).expect(200);
    client.ask(&Request::get("/v1/product/getproducts")).expect(200);
}

fn must_sell(crowd: &Crowd, serving: &Serving) {
    until(|| is_changed(crowd, serving), |reply| reply.status == 200);
}

/// A product gets another description, if that can be written.
fn is_changed(crowd: &Crowd, serving: &Serving) -> Reply {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let product = &crowd.till.products[0];
    let change = json!({ "id": product, "description": format!("Words, {number}") });
    let mut staff = Client::with_token(serving.address, &crowd.till.admin);
    staff.ask(&Request { body: Some(change), ..Request::patch("/v1/product/updateproduct") })
}

/// Asks again until the answer is the wanted one; how the disk is, is looked at now and then.
fn until(mut ask: impl FnMut() -> Reply, wanted: impl Fn(&Reply) -> bool) -> Reply {
    for _ in 0..TRIES_MAX {
        let reply = ask();
        if wanted(&reply) {
            return reply;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came: {}", ask().body)
}

const MEGABYTES: u64 = 128;
const ROUNDS: usize = 3;
const TRIES_MAX: usize = 1500;
