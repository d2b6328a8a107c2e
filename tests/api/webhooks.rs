//! Webhooks: each endpoint is told what it asked for, signed, once an id, until it takes it.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    receiver::{Letter, Reaction, Receiver},
    signatures::judged,
    wares::{id, text},
};

/// A shop that may tell receivers on this machine.
const NEARBY: (&str, &str) = ("webhooks.allow_private", "true");

/// An endpoint that is told these types, as it was shown with its secret.
async fn endpoint(owner: &Person, receiver: &Receiver, types: &[&str]) -> Value {
    let wish = json!({ "url": receiver.url, "types": types, "description": "a test" });
    owner.post("/v1/webhook-endpoints", wish).await.data()
}

fn path_of(endpoint: &Value) -> String {
    format!("/v1/webhook-endpoints/{}", id(endpoint))
}

async fn deliveries(owner: &Person, endpoint: &Value) -> Vec<Value> {
    let list = owner.get(&format!("{}/deliveries", path_of(endpoint))).await.json();
    list["data"].as_array().expect("a list").clone()
}

/// Waits until what is asked for holds.
async fn until(what: &str, bodega: &Bodega, holds: impl AsyncFn() -> bool) {
    let mut follower = bodega.shop.store().follow(0);
    let waited = async {
        while !holds().await {
            assert!(follower.news().await, "the shop has closed");
        }
    };
    assert!(tokio::time::timeout(PATIENT, waited).await.is_ok(), "{what}: not in time");
}

/// What the independent library says of letters under a secret; none if it is not installed.
fn verified(letters: &[Letter], secret: &str) -> Option<Vec<String>> {
    judged(letters.iter().map(|letter| (&letter.headers, letter.body.as_str())), secret)
}

#[actix_web::test]
async fn an_endpoint_is_told_what_it_asked_for_signed_and_once() {
    let bodega = Bodega::with(&[NEARBY]);
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 10).await;
    let (orders, stock) = (Receiver::open().await, Receiver::open().await);
    let told = endpoint(&owner, &orders, &["order.*"]).await;
    endpoint(&owner, &stock, &["stock.changed"]).await;
    let order = ada.buys(&tea, 1).await;
    let letters = orders.has(2).await;
    let types: Vec<Value> = letters.iter().map(|letter| letter.json()["type"].clone()).collect();
    assert_eq!(types, ["order.placed", "order.paid"]);
    let listed = owner.get("/v1/events?types=order.*").await.json()["data"].clone();
    for (letter, event) in letters.iter().zip(listed.as_array().expect("a list")) {
        assert_eq!(&letter.json(), event, "the letter is the event as it is listed");
        assert_eq!(letter.header("webhook-id"), id(event));
        assert_eq!(letter.header("content-type"), "application/json");
        let trace = id(event).replace('-', "");
        assert!(letter.header("traceparent").starts_with(&format!("00-{trace}-")));
        assert_eq!(letter.path, "/hook");
    }
    assert_eq!(letters[1].json()["data"]["orderId"], order["id"]);
    let secret = text(&told["secret"]);
    if let Some(said) = verified(&letters, secret) {
        assert_eq!(said, ["genuine", "genuine"]);
        let mut forged = letters.clone();
        forged[0].body = forged[0].body.replace("order.placed", "order.eaten");
        assert_eq!(verified(&forged, secret).expect("as before"), ["forged", "genuine"]);
    }
    let about_stock = stock.has(2).await;
    assert!(about_stock.iter().all(|letter| letter.json()["type"] == "stock.changed"));
    assert_eq!(orders.so_far().len(), 2, "nobody was told twice");
}

#[actix_web::test]
async fn a_new_secret_signs_beside_the_old_one_and_neither_is_kept_or_shown_again() {
    let bodega = Bodega::with_stopped_clock_and(&[NEARBY]);
    let owner = bodega.owner().await;
    let receiver = Receiver::open().await;
    let told = endpoint(&owner, &receiver, &["product.*"]).await;
    let rotated = owner.post(&format!("{}/secret", path_of(&told)), json!({})).await.data();
    let (old, new) = (text(&told["secret"]), text(&rotated["secret"]));
    assert_ne!(old, new);
    owner.adds_product("Tea", "3.99", 0).await;
    let letters = receiver.has(1).await;
    assert_eq!(letters[0].header("webhook-signature").split(' ').count(), 2);
    bodega.shop.clock.advance(Duration::from_secs(25 * 60 * 60));
    let owner = owner.signed_in_again(&bodega);
    owner.adds_product("Coffee", "3.99", 0).await;
    let letters = receiver.has(2).await;
    assert_eq!(letters[1].header("webhook-signature").split(' ').count(), 1);
    let shown = owner.get(&path_of(&told)).await.text().to_owned();
    let listed = owner.get("/v1/webhook-endpoints").await.text().to_owned();
    let log = owner.get(&format!("{}/deliveries", path_of(&told))).await.text().to_owned();
    for answer in [shown, listed, log] {
        assert!(!answer.contains("whsec_"), "{answer}");
    }
    let bare = [old, new].map(|secret| secret.trim_start_matches("whsec_").to_owned());
    let _closed = bodega.reopened_after(|folder| {
        for (path, bytes) in each_file(folder) {
            for secret in &bare {
                let holds = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!holds, "{path} holds a secret");
            }
        }
    });
}

fn each_file(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map_while(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files.extend(each_file(&path));
        } else if path.is_file() {
            files.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
    files
}

#[actix_web::test]
async fn what_is_not_taken_is_sent_again_under_the_same_id_until_it_is() {
    let bodega = Bodega::with_stopped_clock_and(&[NEARBY]);
    let owner = bodega.owner().await;
    let receiver = Receiver::open().await;
    let told = endpoint(&owner, &receiver, &["product.added"]).await;
    receiver.answers([
        Reaction::Answer(500, ""),
        Reaction::HangUp,
        Reaction::Answer(302, "location: /elsewhere\r\n"),
        Reaction::Answer(503, "retry-after: 3600\r\n"),
    ]);
    owner.adds_product("Tea", "3.99", 0).await;
    for attempts in 1..=3 {
        receiver.has(attempts).await;
        noted(&bodega, &owner, &told, attempts).await;
        bodega.shop.clock.advance(Duration::from_secs(60));
    }
    receiver.has(4).await;
    noted(&bodega, &owner, &told, 4).await;
    // It wants to be left alone for an hour.
    let waiting = deliveries(&owner.signed_in_again(&bodega), &told).await;
    let due: jiff::Timestamp = text(&waiting[0]["dueAt"]).parse().expect("a moment");
    assert_eq!(due.as_millisecond() - bodega.shop.clock.now().millis(), 3_600_000);
    bodega.shop.clock.advance(Duration::from_secs(59 * 60));
    let owner = owner.signed_in_again(&bodega);
    let waiting = deliveries(&owner, &told).await;
    assert_eq!((&waiting[0]["state"], &waiting[0]["attempts"]), (&json!("WAITING"), &json!(4)));
    bodega.shop.clock.advance(Duration::from_secs(61));
    let letters = receiver.has(5).await;
    let ids: BTreeSet<&str> = letters.iter().map(|letter| letter.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1);
    assert!(letters.iter().all(|letter| letter.path == "/hook"), "nothing was followed");
    until("delivered", &bodega, async || {
        deliveries(&owner, &told).await[0]["state"] == "DELIVERED"
    })
    .await;

    let one = format!("{}/deliveries/{}", path_of(&told), id(&deliveries(&owner, &told).await[0]));
    let sent = owner.get(&one).await.data();
    let answers = sent["answers"].as_array().expect("answers");
    let statuses: Vec<&Value> = answers.iter().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [500, 302, 503, 204], "one was not answered");
    assert_eq!(answers[0]["body"], "told");
    assert_eq!(sent["request"]["url"], receiver.url);
    assert_eq!(sent["request"]["body"], letters[0].body);
    assert_eq!(sent["request"]["headers"]["webhook-id"], letters[0].header("webhook-id"));
    owner.post(&format!("{one}/resend"), json!({})).await.data();
    let letters = receiver.has(6).await;
    assert_eq!(letters[5].header("webhook-id"), letters[0].header("webhook-id"));
}

/// Waits until so many attempts at the only delivery are noted.
async fn noted(bodega: &Bodega, owner: &Person, told: &Value, attempts: usize) {
    let owner = owner.signed_in_again(bodega);
    until("noted", bodega, async || {
        let all = deliveries(&owner, told).await;
        all.first().is_some_and(|delivery| delivery["attempts"] == attempts)
    })
    .await;
}

#[actix_web::test]
async fn who_is_gone_or_takes_nothing_for_days_is_told_no_more_and_staff_hears_of_it() {
    let bodega = Bodega::with_stopped_clock_and(&[NEARBY]);
    let owner = bodega.owner().await;
    bodega.sends_letters().await;
    let (gone, failing) = (Receiver::open().await, Receiver::open().await);
    let told_gone = endpoint(&owner, &gone, &["product.added"]).await;
    let told_failing = endpoint(&owner, &failing, &["product.added"]).await;
    gone.answers([Reaction::Answer(410, "")]);
    failing.always_answers(Reaction::Answer(500, ""));
    owner.adds_product("Tea", "3.99", 0).await;
    let shown =
        async |told: &Value| owner.signed_in_again(&bodega).get(&path_of(told)).await.data();
    until("gone", &bodega, async || shown(&told_gone).await["isActive"] == false).await;
    assert_eq!(shown(&told_gone).await["disabledBecause"], "gone");
    until("failing", &bodega, async || shown(&told_failing).await["failingSince"].is_string())
        .await;
    noted(&bodega, &owner, &told_failing, 1).await;
    bodega.shop.clock.advance(Duration::from_secs(3 * 24 * 60 * 60 + 1));
    until("disabled", &bodega, async || shown(&told_failing).await["isActive"] == false).await;
    assert_eq!(shown(&told_failing).await["disabledBecause"], "failing");
    let owner = owner.signed_in_again(&bodega);
    let events = owner.get("/v1/events?types=webhook_endpoint.disabled").await.json();
    let why: Vec<&Value> = events["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| &event["data"]["why"])
        .collect();
    assert_eq!(why, ["gone", "failing"]);
    bodega.has_told_everything().await;
    let letters = bodega.letters_to(&owner.email, 2).await;
    let words = ["gone for good", "taken nothing for three days"];
    assert_eq!(letters.len(), words.len(), "and none about what it did not take: {letters:?}");
    for (letter, words) in letters.iter().zip(words) {
        assert!(letter.subject.starts_with("Switched off: "), "{}", letter.subject);
        assert!(letter.text.contains(words), "{}", letter.text);
    }

    // What happens meanwhile is told once it is switched on again.
    failing.recovers();
    let before = failing.so_far().len();
    owner.adds_product("Coffee", "3.99", 0).await;
    let on = owner.patch(&path_of(&told_failing), json!({ "isActive": true })).await.data();
    assert_eq!((&on["isActive"], &on["failingSince"]), (&json!(true), &Value::Null));
    let letters = failing.has(before + 1).await;
    let told: Vec<Value> =
        letters[before..].iter().map(|letter| letter.json()["data"]["name"].clone()).collect();
    assert!(told.contains(&json!("Coffee")), "{told:?}");
}

#[actix_web::test]
async fn old_events_are_sent_again_to_one_endpoint_from_where_staff_says() {
    let bodega = Bodega::with(&[NEARBY]);
    let owner = bodega.owner().await;
    for name in ["Tea", "Coffee", "Cocoa"] {
        owner.adds_product(name, "3.99", 0).await;
    }
    let (receiver, other) = (Receiver::open().await, Receiver::open().await);
    let told = endpoint(&owner, &receiver, &["product.added"]).await;
    endpoint(&owner, &other, &["product.added"]).await;
    let events = owner.get("/v1/events?types=product.added").await.json()["data"].clone();
    let position = events[1]["position"].clone();
    let replay = format!("{}/replay", path_of(&told));
    let asked = owner.post(&replay, json!({ "position": position })).await.data();
    assert_eq!(asked["replays"][0]["hasEnded"], false);
    let letters = receiver.has(2).await;
    let names: Vec<&str> = letters.iter().map(|letter| letter.header("webhook-id")).collect();
    let wanted: BTreeSet<&str> = BTreeSet::from([id(&events[1]), id(&events[2])]);
    assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), wanted);
    owner.adds_product("Milk", "3.99", 0).await;
    let letters = receiver.has(3).await;
    assert_eq!(letters[2].json()["data"]["name"], "Milk", "it is told once what is new");
    assert_eq!(other.has(1).await.len(), 1, "the other one asked for nothing old");
    until("ended", &bodega, async || {
        bodega.shop.webhooks.tend().await.expect("looked after");
        owner.get(&path_of(&told)).await.data()["replays"][0]["hasEnded"] == true
    })
    .await;
    let nothing = owner.post(&replay, json!({ "position": 999_999_999 })).await;
    nothing.refused(400, "nothing_to_replay");
    owner.delete(&path_of(&told)).await.data();
    owner.get(&path_of(&told)).await.refused(404, "not_found");
    owner.adds_product("Water", "3.99", 0).await;
    other.has(2).await;
    assert_eq!(receiver.so_far().len(), 3, "who was removed is told nothing");
}

#[actix_web::test]
async fn what_happened_while_the_shop_was_closed_or_the_endpoint_silent_is_told_later() {
    let bodega = Bodega::with(&[NEARBY]);
    let owner = bodega.owner().await;
    let receiver = Receiver::open().await;
    endpoint(&owner, &receiver, &["product.added"]).await;
    receiver.always_answers(Reaction::Answer(500, ""));
    owner.adds_product("Tea", "3.99", 0).await;
    let first = receiver.has(1).await[0].header("webhook-id").to_owned();
    let bodega = bodega.reopened();
    receiver.recovers();
    let before = receiver.so_far().len();
    bodega.sends_letters().await;
    let letters = receiver.has(before + 1).await;
    assert_eq!(letters[before].header("webhook-id"), first);
}

#[actix_web::test]
async fn an_address_inside_is_refused_unless_it_is_allowed() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let wish = |url: &str| json!({ "url": url, "types": ["shop.opened"] });
    for (url, code) in [
        ("http://hooks.example/", "https_required"),
        ("https://127.0.0.1/", "private_address"),
        ("https://[::1]:8443/", "private_address"),
        ("https://192.168.1.9/", "private_address"),
        ("https://localhost/", "private_address"),
        ("https://ada:word@hooks.example/", "credentials_in_url"),
    ] {
        let faults = owner.post("/v1/webhook-endpoints", wish(url)).await.faults();
        assert_eq!(faults, [("/url".to_owned(), code.to_owned())], "{url}");
    }
    let none = json!({ "url": "https://hooks.example/", "types": [] });
    let faults = owner.post("/v1/webhook-endpoints", none).await.faults();
    assert_eq!(faults, [("/types".to_owned(), "too_short".to_owned())]);
    let good = owner.post("/v1/webhook-endpoints", wish("https://hooks.example/")).await.data();
    let moved = owner.patch(&path_of(&good), json!({ "url": "https://10.0.0.1/" })).await.faults();
    assert_eq!(moved, [("/url".to_owned(), "private_address".to_owned())]);
}

/// A test that waits for longer has failed.
const PATIENT: Duration = Duration::from_secs(30);
