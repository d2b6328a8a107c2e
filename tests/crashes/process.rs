//! Process: what the binary does when it may not start, is told to stop, or finds its data other
//! than it left it. Each end has its exit code and says why in plain words.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    dice::Dice,
    process::{DEMO, Serving, run, run_in, run_unread, verify},
    till::{Till, cancel, order_of, order_of_cart, put_in_cart},
    wire::{Client, Request},
};

const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];

pub fn room() -> (TempDir, PathBuf) {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    (room, dir)
}

#[test]
fn a_second_process_is_sent_away_and_the_first_goes_on() {
    let (_room, dir) = room();
    let first = Serving::start(&dir);
    for command in [SERVE, &["verify"], &["rebuild"]] {
        fs::create_dir_all(dir.join("journal")).expect("it is there");
        let second = run(command, &dir);
        assert_eq!(second.code, Some(75), "{second:?}");
        let why = format!("another process is using {}", dir.display());
        assert!(second.err.contains(&why), "{second:?}");
    }
    Client::at(first.address).ask(&Request::get("/health/ready")).expect(200);
    first.stop();
    verify(&dir);
}

#[test]
fn a_port_that_is_taken_is_said_so_and_the_data_is_unharmed() {
    let (_room, dir) = room();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let ended = run(&["serve", "--listen", &address], &dir);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let why = format!("cannot listen on {address}: the port is in use by another program");
    assert!(ended.err.contains(&why), "{ended:?}");
    assert_eq!(ended.out, "", "it never said that it is open");
    verify(&dir);
}

#[test]
fn a_command_whose_reader_has_gone_ends_without_a_complaint() {
    let (_room, dir) = room();
    Serving::start(&dir).stop();
    let commands: [&[&str]; 4] = [
        &["verify"],
        &["config", "check"],
        &["config", "init", "--print"],
        &["export", "products"],
    ];
    for command in commands {
        let ended = run_unread(command, &dir);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{command:?}");
    }
    // What it found is still told by its exit code.
    let journal = fs::read_dir(dir.join("journal")).expect("a journal");
    let oldest = journal.map_while(Result::ok).map(|file| file.path()).min().expect("a segment");
    let mut bytes = fs::read(&oldest).expect("a segment");
    bytes[100] ^= 1;
    fs::write(&oldest, bytes).expect("room on the disk");
    assert_eq!(run_unread(&["verify"], &dir).code, Some(65));
}

#[test]
fn who_listens_everywhere_is_found_at_localhost() {
    let (_room, dir) = room();
    let words = ["serve", "--listen", "0.0.0.0:0"];
    let mut serving = Serving::try_start_as(&words, &dir, DEMO).expect("an open shop");
    assert!(serving.ready.contains("://localhost:"), "{}", serving.ready);
    let setup = serving.next_line();
    assert!(setup.contains("://localhost:") && !setup.contains("0.0.0.0"), "{setup}");
    serving.stop();
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let (room, _) = room();
    fs::write(room.path().join("file"), "").expect("room on the disk");
    let under_a_file = room.path().join("file").join("shop");
    let ended = run(SERVE, &under_a_file);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains(&under_a_file.display().to_string()), "{ended:?}");

    let closed = room.path().join("closed");
    fs::create_dir(&closed).expect("room on the disk");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).expect("our own directory");
    if fs::write(closed.join("probe"), "").is_ok() {
        eprintln!("skipped: this user (root) may write into a directory that is closed to all");
        return;
    }
    let ended = run(SERVE, &closed.join("shop"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("Permission denied"), "{ended:?}");
}

#[test]
fn all_faults_of_the_settings_are_told_at_once_and_nothing_is_touched() {
    let (_room, dir) = room();
    let settings = [
        ("BODEGA_PAYMENTS__GATEWAY", "nobody"),
        ("BODEGA_AUTH__PASSWORD_MIN", "3"),
        ("BODEGA_LIMITS__ENABELD", "false"),
        ("BODEGA_SHOP__TAX_RATE", "NaN"),
    ];
    for command in [SERVE, &["verify"], &["config", "check"]] {
        let ended = run_in(command, &dir, &settings);
        assert_eq!(ended.code, Some(78), "{ended:?}");
        for key in ["payments.gateway", "auth.password_min", "shop.tax_rate"] {
            assert!(ended.err.contains(key), "{key}: {}", ended.err);
        }
        assert!(ended.err.contains("BODEGA_LIMITS__ENABELD"), "{}", ended.err);
        assert!(ended.err.contains("BODEGA_LIMITS__ENABLED"), "it says what was meant");
    }
    assert!(!dir.exists());
}

#[test]
fn a_settings_file_is_begun_once_and_changes_nothing() {
    let (room, dir) = room();
    let path = room.path().join("bodega.toml");
    let init = ["config", "init", "--config", path.to_str().expect("a path in UTF-8")];
    let wrote = run(&init, &dir);
    assert_eq!(wrote.code, Some(0), "{wrote:?}");
    let text = fs::read_to_string(&path).expect("the file");
    assert_eq!(run(&["config", "init", "--print"], &dir).out.trim_end(), text.trim_end());
    let check = ["config", "check", "--config", path.to_str().expect("a path in UTF-8")];
    let checked = run_in(&check, &dir, &[]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(checked.out, run_in(&["config", "check"], &dir, &[]).out);
    let again = run(&init, &dir);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("is there already; nothing was changed"), "{again:?}");
    assert_eq!(fs::read_to_string(&path).expect("the file"), text);
}

#[test]
fn a_fault_on_order_that_is_none_stops_the_start() {
    let (_room, dir) = room();
    let ended = run_in(SERVE, &dir, &[("BODEGA_FAULT", "tomorrow")]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("BODEGA_FAULT"), "{ended:?}");
}

#[test]
fn told_to_stop_under_load_it_answers_what_it_has_begun() {
    let (_room, dir) = room();
    let till = Till::made_ready(&dir, 1, 10_000, 4);
    let serving = Serving::start(&dir);
    let (answered, (enough, is_enough)) = (AtomicU64::new(0), channel());
    let acknowledged: Vec<String> = thread::scope(|scope| {
        let buying = till.customers.iter().map(|customer| {
            let (till, answered, enough) = (&till, &answered, enough.clone());
            let mut client = Client::with_token(serving.address, &customer.token);
            scope.spawn(move || {
                let wish = order_of(customer, &till.products[0], 1, "pm_card_visa");
                let mut orders = Vec::new();
                while let Ok(reply) = client.send(&wish) {
                    assert_eq!(reply.data()["status"], "PAID", "{}", reply.body);
                    orders.push(reply.order().expect("an order"));
                    if answered.fetch_add(1, Ordering::SeqCst) == ANSWERS_BEFORE_THE_END {
                        enough.send(()).expect("somebody waits");
                    }
                    if reply.closes {
                        break;
                    }
                }
                orders
            })
        });
        let buying: Vec<_> = buying.collect();
        is_enough.recv_timeout(Duration::from_secs(60)).expect("the shop answers");
        serving.tell_to_stop();
        buying.into_iter().flat_map(|buyer| buyer.join().expect("sound")).collect()
    });
    let ended = serving.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    verify(&dir);
    let serving = Serving::start(&dir);
    let mut kept = ids(&till.orders(serving.address));
    let mut acknowledged = acknowledged;
    kept.sort_unstable();
    acknowledged.sort_unstable();
    assert_eq!(kept, acknowledged, "what had an effect was answered, and is there");
    serving.stop();
}

#[test]
fn it_may_be_told_to_stop_as_soon_as_it_says_that_it_is_open() {
    let (_room, dir) = room();
    for _ in 0..10 {
        Serving::start(&dir).stop();
    }
    verify(&dir);
}

#[test]
fn no_test_money_is_taken_unless_that_was_chosen() {
    let (_room, dir) = room();
    let till = Till::made_ready(&dir, 1, 10, 1);
    let plain: Vec<_> =
        DEMO.iter().copied().filter(|(name, _)| !name.contains("GATEWAY")).collect();
    let serving = Serving::start_with(&dir, &plain);
    assert!(!serving.ready.contains("demo"), "{}", serving.ready);
    let mut client = Client::with_token(serving.address, &till.customers[0].token);
    let wish = order_of(&till.customers[0], &till.products[0], 1, "pm_card_visa");
    let refused = client.ask(&wish);
    assert_eq!(refused.body["code"], "unknown_payment_method", "{}", refused.body);
    serving.stop();
    let listing = run_in(&["config", "check"], &dir, &[]);
    assert!(listing.out.contains("payments.gateway = \"manual\"  (default)"), "{listing:?}");
    let chosen = Serving::start(&dir);
    assert!(chosen.ready.contains("demo gateway: no money moves"), "{}", chosen.ready);
    chosen.stop();
}

/// What is done to a folder.
type Damage = fn(&Path);

#[test]
fn a_state_that_is_gone_or_damaged_is_made_again_from_the_journal() {
    let (_room, dir) = room();
    let (till, before) = a_shop_with_orders(&dir);
    let state = dir.join("state");
    let damages: [(&str, Damage); 4] = [
        ("gone", |state| fs::remove_dir_all(state).expect("ours")),
        ("cut", |state| each_file(state, |bytes| bytes.truncate(bytes.len() / 2))),
        ("scribbled", |state| each_file(state, |bytes| bytes.iter_mut().for_each(|b| *b ^= 0x55))),
        ("empty", |state| each_file(state, Vec::clear)),
    ];
    for (name, damage) in damages {
        damage(&state);
        let serving = Serving::start(&dir);
        assert_eq!(till.orders(serving.address), before, "{name}");
        serving.tell_to_stop();
        let ended = serving.end();
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        assert!(ended.err.contains("made again from the journal"), "{name}: {ended:?}");
        verify(&dir);
    }
    let rebuilt = run(&["rebuild"], &dir);
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    verify(&dir);
    let serving = Serving::start(&dir);
    assert_eq!(till.orders(serving.address), before, "rebuilt");
    serving.stop();
}

#[test]
fn a_flipped_byte_in_the_journal_stops_the_start_and_is_named() {
    let mut dice = Dice::thrown_in("a_flipped_byte");
    let (_room, dir) = room();
    a_shop_with_orders(&dir);
    let segment = first_segment(&dir);
    let sound = fs::read(&segment).expect("readable");
    let written = sound.iter().rposition(|byte| *byte != 0).expect("frames");
    let closed_part = u64::try_from(written * 3 / 4).expect("small");
    for command in [SERVE, SERVE, SERVE, &["verify"], &["rebuild"]] {
        let at = usize::try_from(dice.among(0..=closed_part)).expect("small");
        let mut damaged = sound.clone();
        damaged[at] ^= 1 << dice.among(0..=7);
        fs::write(&segment, &damaged).expect("room on the disk");
        let ended = run(command, &dir);
        assert_eq!(ended.code, Some(65), "byte {at}: {ended:?}");
        let said = format!("{}{}", ended.out, ended.err);
        assert!(said.contains(&segment.display().to_string()), "byte {at}: {said}");
        let offsets = said.split("at byte ").skip(1).filter_map(|rest| {
            rest.split(|sign: char| !sign.is_ascii_digit()).next()?.parse::<usize>().ok()
        });
        let near = offsets.max().is_some_and(|offset| offset <= at && at - offset < 1 << 16);
        assert!(near, "byte {at}: {said}");
        assert!(fs::read(&segment).expect("readable") == damaged, "nothing is mended by guessing");
    }
    fs::write(&segment, &sound).expect("room on the disk");
    verify(&dir);
}

#[test]
fn the_tour_of_the_demo_goes_well() {
    let (_room, dir) = room();
    let ended = run(&["demo", "--tour"], &dir);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("every step did what it should"), "{ended:?}");
    assert_eq!(ended.err, "", "between its steps stands nothing else");
    verify(&dir);
}

/// A shop with a paid, a cancelled and a declined order; stopped. What staff see of them.
pub fn a_shop_with_orders(dir: &Path) -> (Till, Vec<Value>) {
    let till = Till::made_ready(dir, 2, 20, 1);
    let serving = Serving::start(dir);
    let customer = &till.customers[0];
    let mut client = Client::with_token(serving.address, &customer.token);
    client.ask(&put_in_cart(&till.products[0], 2)).expect(201);
    client.ask(&order_of_cart(customer, "pm_card_visa")).expect(201);
    let paid = client.ask(&order_of(customer, &till.products[1], 3, "pm_card_visa")).expect(201);
    client.ask(&cancel(&paid.order().expect("an order"))).expect(200);
    client.ask(&order_of(customer, &till.products[1], 3, "pm_card_chargeDeclined")).expect(402);
    let orders = till.orders(serving.address);
    assert_eq!(orders.len(), 3);
    serving.stop();
    (till, orders)
}

fn ids(orders: &[Value]) -> Vec<String> {
    orders.iter().map(|order| order["id"].as_str().expect("an id").to_owned()).collect()
}

pub fn first_segment(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir.join("journal")).expect("readable");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    let begun = |path: &&PathBuf| fs::read(path).expect("readable").starts_with(b"BDG1");
    files.iter().find(begun).expect("a segment with frames").clone()
}

/// Changes every file below a folder.
fn each_file(folder: &Path, change: fn(&mut Vec<u8>)) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            each_file(&path, change);
        } else {
            let mut bytes = fs::read(&path).expect("readable");
            change(&mut bytes);
            fs::write(&path, bytes).expect("room on the disk");
        }
    }
}

const ANSWERS_BEFORE_THE_END: u64 = 40;
