//! Clocks: the machine's clock jumps, forwards and back, while the shop is open and between.
//!
//! Needs libfaketime (Debian: faketime), which is put before the C library and told by a file
//! what the wall clock says; the monotonic clock stays as it is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::support::{
    patience::until,
    process::{DEMO, Serving, verify},
    till::{Customer, Till, order_of},
    wire::{Client, Request},
};

#[test]
fn orders_and_ids_stay_in_order_however_the_clock_jumps() {
    let Some(clock) = WallClock::of_a_test() else { return };
    let dir = clock.room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 100, 1);
    let mut seen = Vec::new();
    for (number, jumps) in JUMPS.iter().enumerate() {
        clock.says(jumps[0]);
        let serving = clock.start(&dir);
        let mut client = Client::with_token(serving.address, &till.customers[0].token);
        for (turn, jump) in jumps.iter().enumerate() {
            clock.says(jump);
            let wish = order_of(&till.customers[0], &till.products[0], 1, "pm_card_visa");
            let order = client.ask(&wish.under(format!("{number} {turn}"))).expect(201);
            seen.push(order.data().clone());
        }
        serving.tell_to_stop();
        let ended = serving.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let is_reported = ended.err.contains("is not obeyed");
        assert_eq!(is_reported, jumps.len() > 1, "{jumps:?}: {ended:?}");
    }
    for pair in seen.windows(2) {
        let order = |name: &str| [&pair[0], &pair[1]].map(|order: &Value| order[name].clone());
        let [number, next] = order("number").map(|number| number.as_u64().expect("a number"));
        assert_eq!(number + 1, next, "numbers go on");
        for name in ["id", "createdAt"] {
            let [before, after] = order(name).map(|text| text.as_str().expect("text").to_owned());
            assert!(before <= after, "{name}: {before} before {after}");
        }
    }
    verify(&dir);
}

#[test]
fn a_hold_expires_once_though_the_clock_goes_back_again() {
    let Some(clock) = WallClock::of_a_test() else { return };
    let dir = clock.room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 10, 1);
    let (customer, product) = (&till.customers[0], &till.products[0]);
    let serving = clock.start(&dir);
    let wish = order_of(customer, product, 3, "pm_card_authenticationRequired");
    let placed = Client::with_token(serving.address, &customer.token).ask(&wish).expect(201);
    assert_eq!(placed.data()["status"], "PENDING", "{}", placed.body);
    let id = placed.order().expect("an order");
    assert_eq!(till.shelf(serving.address, product), (10, 3));
    serving.stop();
    for jump in ["+20m", "+0", "-40m", "+2h"] {
        clock.says(jump);
        let serving = clock.start(&dir);
        let order = until_cancelled(&serving, customer, &id);
        assert_eq!(order["cancelReason"], "expired", "{order}");
        let timeline = order["timeline"].as_array().expect("a timeline").iter();
        let ends = timeline.filter(|entry| entry["what"] == "cancelled").count();
        assert_eq!(ends, 1, "{jump}: {order}");
        assert_eq!(till.shelf(serving.address, product), (10, 0), "{jump}");
        serving.stop();
    }
    verify(&dir);
}

fn until_cancelled(serving: &Serving, customer: &Customer, id: &str) -> Value {
    let mut client = Client::with_token(serving.address, &customer.token);
    until("an end of the order", || {
        let order = client.ask(&Request::get(&format!("/v1/orders/{id}"))).expect(200);
        let order = order.data().clone();
        (order["status"] == "CANCELLED").then_some(order)
    })
}

/// A wall clock that says what it is told, as the shop sees it.
struct WallClock {
    room: tempfile::TempDir,
    library: PathBuf,
}

impl WallClock {
    fn of_a_test() -> Option<WallClock> {
        let library = LIBRARIES.iter().map(PathBuf::from).find(|library| library.is_file());
        if library.is_none() {
            eprintln!("skipped: `faketime` is not installed");
        }
        let room = tempfile::tempdir().expect("a temporary directory");
        let clock = WallClock { room, library: library? };
        clock.says("+0");
        Some(clock)
    }

    /// How far it is from the machine's own, as `+20m`.
    fn says(&self, offset: &str) {
        let half = self.room.path().join("half");
        fs::write(&half, format!("{offset}\n")).expect("room on the disk");
        fs::rename(half, self.file()).expect("our own folder");
    }

    fn file(&self) -> PathBuf {
        self.room.path().join("offset")
    }

    fn start(&self, dir: &Path) -> Serving {
        let (library, file) = (self.library.display().to_string(), self.file());
        let file = file.display().to_string();
        let fake = [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", file.as_str()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_NO_CACHE", "1"),
        ];
        let environment: Vec<_> = DEMO.iter().copied().chain(fake).collect();
        Serving::start_with(dir, &environment)
    }
}

/// What the clock says in each run of the shop: from start to end.
const JUMPS: &[&[&str]] = &[
    &["+0", "+3h", "-2h", "+0", "+400d", "-400d", "+10m", "-10m"],
    &["-30m"],
    &["+20m", "-3d", "+20m"],
    &["+0"],
];
/// Where Debian and its like put it, and others.
const LIBRARIES: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];
