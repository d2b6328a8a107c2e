//! Tellings: programs that are told by webhook while they fail, and while the shop is killed.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::Path,
    thread,
};

use serde_json::{Value, json};

use super::{
    hearer::{ELSEWHERE, Heard, Hearer, Met},
    signatures::judged,
    support::{
        dice::{Dice, rounds},
        patience::{thinks, until},
        process::{DEMO, Serving, verify},
        till::{Till, put_in_cart},
        wire::{Client, Request},
    },
};

/// A shop that may tell programs on this machine.
fn start(dir: &Path) -> Serving {
    let nearby = ("BODEGA_WEBHOOKS__ALLOW_PRIVATE", "true");
    let environment: Vec<_> = DEMO.iter().copied().chain([nearby]).collect();
    Serving::start_with(dir, &environment)
}

/// An endpoint that is told of carts: its id and its secret.
fn endpoint(staff: &mut Client, hearer: &Hearer) -> (String, String) {
    let wish = json!({ "url": hearer.url, "types": ["cart.*"] });
    let told = staff.ask(&Request::post("/v1/webhook-endpoints", wish)).expect(201);
    let text = |name: &str| told.data()[name].as_str().expect("a text").to_owned();
    (text("id"), text("secret"))
}

/// Every page of a list.
fn all(staff: &mut Client, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = staff.ask(&Request::get(&format!("{path}{cursor}"))).expect(200).body;
        items.extend(page["data"].as_array().expect("a list").iter().cloned());
        let Some(next) = page["page"]["nextCursor"].as_str() else { return items };
        cursor = format!("&cursor={next}");
    }
}

/// The ids of letters that were met so.
fn met(letters: &[Heard], how: Met) -> Vec<&str> {
    letters.iter().filter(|letter| letter.met == how).map(Heard::id).collect()
}

/// What holds of all letters to one endpoint, whatever was done to whom.
fn must_be_sound(letters: &[Heard], secret: &str) {
    let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
    for letter in letters {
        let event: Value = serde_json::from_str(&letter.body).expect("JSON");
        assert_eq!(event["id"], letter.id(), "the id of a letter is the event's");
        let first = bodies.entry(letter.id()).or_insert(&letter.body);
        assert_eq!(*first, letter.body, "a letter says the same each time");
        assert_ne!(letter.path, ELSEWHERE, "no redirect is followed");
    }
    let signed = letters.iter().map(|letter| (&letter.headers, letter.body.as_str()));
    if let Some(said) = judged(signed, secret) {
        assert_eq!(said.len(), letters.len());
        assert!(said.iter().all(|one| one == "genuine"), "{said:?}");
    }
}

/// Trouble with half of all events, once or twice; with few of them until nobody waits any more.
fn moody(id: &str, before: usize) -> Met {
    let dice = id.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let trouble = match dice % 48 {
        0 => Met::TooLate,
        1..=8 => Met::Refused,
        9..=16 => Met::HungUp,
        17..=24 => Met::SentOn,
        _ => return Met::Taken,
    };
    let times = if trouble == Met::TooLate || dice % 5 > 0 { 1 } else { 2 };
    if before < times { trouble } else { Met::Taken }
}

#[test]
fn each_event_is_told_at_least_once_under_one_id_however_often_the_shop_is_killed() {
    let mut dice = Dice::thrown_in("each_event_is_told");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 1_000_000, 2);
    let hearer = Hearer::open(moody);
    let serving = start(&dir);
    let told = endpoint(&mut Client::with_token(serving.address, &till.admin), &hearer);
    serving.kill();
    let kills = rounds("BODEGA_FAULTS_TELLINGS", KILLS);
    for _ in 0..kills {
        let serving = start(&dir);
        let enough =
            hearer.count() + usize::try_from(dice.among(1..=LETTERS_A_ROUND)).expect("few");
        let at = serving.address;
        thread::scope(|scope| {
            scope.spawn(|| shops_until_it_fails(at, &till));
            until("letters", || (hearer.count() >= enough).then_some(()));
            serving.kill();
        });
    }
    let serving = start(&dir);
    let mut staff = Client::with_token(serving.address, &till.admin);
    let events = all(&mut staff, "/v1/events?types=cart.*&limit=100");
    let ids = |event: &Value| event["id"].as_str().expect("an id").to_owned();
    let events: BTreeSet<String> = events.iter().map(ids).collect();
    let letters = until("every event", || {
        let letters = hearer.heard();
        let taken: BTreeSet<&str> = met(&letters, Met::Taken).into_iter().collect();
        events.iter().all(|event| taken.contains(event.as_str())).then_some(letters)
    });
    eprintln!("{} events, {} letters, {kills} kills", events.len(), letters.len());
    must_be_sound(&letters, &told.1);
    let told_of: BTreeSet<&str> = letters.iter().map(Heard::id).collect();
    assert!(told_of.iter().all(|id| events.contains(*id)), "nothing else was told");
    let taken = met(&letters, Met::Taken);
    let twice = taken.len() - taken.iter().collect::<BTreeSet<_>>().len();
    let repeated_max = usize::try_from(kills + 1).expect("few") * BATCH;
    assert!(twice <= repeated_max, "{twice} were repeated, a crash repeats {BATCH} at most");
    // After many kills the letters take longer to come than a connection may rest.
    let mut staff = Client::with_token(serving.address, &till.admin);
    let path = format!("/v1/webhook-endpoints/{}/deliveries?state=WAITING", told.0);
    until("the log", || all(&mut staff, &path).is_empty().then_some(()));
    let dead = format!("/v1/webhook-endpoints/{}/deliveries?state=DEAD", told.0);
    assert_eq!(all(&mut staff, &dead), [json!(null); 0], "nothing was given up");
    serving.stop();
    verify(&dir);
}

/// Whoever stops the shop in good order stops it while something is under way: that is waited for
/// and noted, so that nothing comes again after the next start.
#[test]
fn what_is_told_while_the_shop_is_told_to_stop_is_told_once() {
    let mut dice = Dice::thrown_in("what_is_told_while_the_shop_is_told_to_stop");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 1_000_000, SHOPPERS);
    let hearer = Hearer::open(|_, _| Met::TakenSlowly);
    let serving = start(&dir);
    endpoint(&mut Client::with_token(serving.address, &till.admin), &hearer);
    serving.stop();
    for _ in 0..STOPS {
        let serving = start(&dir);
        let enough = hearer.count() + usize::try_from(dice.among(1..=LETTERS_A_STOP)).expect("few");
        let at = serving.address;
        let ended = thread::scope(|scope| {
            scope.spawn(|| shops_until_it_fails(at, &till));
            until("letters", || (hearer.count() >= enough).then_some(()));
            serving.tell_to_stop();
            serving.end()
        });
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let serving = start(&dir);
    let mut staff = Client::with_token(serving.address, &till.admin);
    let events = all(&mut staff, "/v1/events?types=cart.*&limit=100");
    let mut events: Vec<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
    hearer.is_mended();
    until("every event", || (hearer.count() >= events.len()).then_some(()));
    serving.stop();
    let letters = hearer.heard();
    let mut told: Vec<&str> = letters.iter().map(Heard::id).collect();
    events.sort_unstable();
    told.sort_unstable();
    let twice: Vec<&str> =
        told.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]).collect();
    assert_eq!(twice, [""; 0], "of {} letters", told.len());
    assert_eq!(told, events);
    verify(&dir);
}

/// Changes carts again and again; each change is an event. Not faster than events are told, so that
/// what is left to tell at the end does not depend on the machine.
fn shops_until_it_fails(at: SocketAddr, till: &Till) {
    thread::scope(|scope| {
        for customer in &till.customers {
            scope.spawn(move || {
                let mut client = Client::with_token(at, &customer.token);
                while let Ok(reply) = client.send(&put_in_cart(&till.products[0], 1)) {
                    if reply.status == 409 && client.send(&clear()).is_err() {
                        break;
                    }
                    thinks();
                }
            });
        }
    });
}

fn clear() -> Request {
    Request { method: "DELETE", path: "/v1/cart/clearcart".to_owned(), key: None, body: None }
}

#[test]
fn a_program_that_fails_hangs_or_redirects_holds_up_no_other_and_is_told_again() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 100, 1);
    let serving = start(&dir);
    let mut staff = Client::with_token(serving.address, &till.admin);
    let troubled = [
        (Hearer::open(|_, _| Met::Refused), "it answered 500"),
        (Hearer::open(|_, _| Met::SentOn), "redirects are not followed"),
        (Hearer::open(|_, _| Met::HungUp), "the connection broke off"),
        (Hearer::open(|_, _| Met::TooLate), "no answer in time"),
    ];
    let told: Vec<(String, String)> =
        troubled.iter().map(|(hearer, _)| endpoint(&mut staff, hearer)).collect();
    let sound = Hearer::open(|_, _| Met::Taken);
    let (_, secret) = endpoint(&mut staff, &sound);
    let mut customer = Client::with_token(serving.address, &till.customers[0].token);
    customer.ask(&put_in_cart(&till.products[0], 1)).expect(201);
    until("the sound one", || (sound.count() == 1).then_some(()));
    let late = &troubled[3].0;
    assert!(met(&late.heard(), Met::Taken).is_empty(), "it is told while another hangs");
    must_be_sound(&sound.heard(), &secret);
    for ((hearer, why), (id, secret)) in troubled.iter().zip(&told) {
        let log = format!("/v1/webhook-endpoints/{id}/deliveries?limit=100");
        let failed = until(why, || {
            let delivery = all(&mut staff, &log).pop()?;
            delivery["error"].as_str().map(str::to_owned)
        });
        assert!(failed.contains(why), "{failed}");
        hearer.is_mended();
        let attempts = until("the log", || {
            let delivery = all(&mut staff, &log).pop()?;
            let is_done = delivery["state"] == "DELIVERED";
            is_done.then(|| delivery["attempts"].as_u64())
        });
        let letters = hearer.heard();
        assert_eq!(met(&letters, Met::Taken).len(), 1, "it is told until it takes it");
        assert!(letters.iter().all(|letter| letter.id() == letters[0].id()), "under one id");
        assert_eq!(attempts, u64::try_from(letters.len()).ok());
        must_be_sound(&letters, secret);
    }
    assert_eq!(sound.count(), 1);
    serving.stop();
    verify(&dir);
}

const KILLS: u64 = 12;
/// How often the shop is told to stop, and how many change their carts meanwhile.
const STOPS: u64 = 6;
const SHOPPERS: usize = 2;
const LETTERS_A_STOP: u64 = 12;
/// Letters that may come before a shop is killed.
const LETTERS_A_ROUND: u64 = 60;
/// Deliveries that are under way or not recorded yet at most.
const BATCH: usize = 16;
