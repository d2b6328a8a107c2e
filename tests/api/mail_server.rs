//! A mail server: letters are handed to an independent one, which fails in every way it can.

use std::{collections::BTreeSet, time::Duration};

use actix_web::http::Method;
use bodega::subscribers::{mail::courier, runner::Standing};
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    python::file,
    receiver::Receiver,
    sink::{Sink, Taken},
    wares::{VISA, text},
};

/// A shop with a stopped clock that hands its letters in at this server.
fn shop_at(sink: &Sink, more: &[(&'static str, &'static str)]) -> Bodega {
    let mut settings: Vec<(&'static str, &'static str)> = Vec::new();
    for (key, value) in sink.settings() {
        if !more.iter().any(|(other, _)| *other == key) {
            settings.push((key, value.leak()));
        }
    }
    settings.extend(more);
    Bodega::with_stopped_clock_and(&settings)
}

/// Waits until something holds; real processes have no clock that we can turn.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let mut every = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..3_000 {
        every.tick().await;
        if holds() {
            return;
        }
    }
    panic!("{what}: not in time");
}

fn standing(bodega: &Bodega) -> Standing {
    bodega.shop.runner.standing(courier()).unwrap_or_default()
}

/// The names of all letters that were taken.
fn names(sink: &Sink) -> BTreeSet<String> {
    sink.taken().into_iter().map(|letter| letter.id).collect()
}

fn to(sink: &Sink, name: &str) -> Vec<Taken> {
    let address = format!("{name}@example.com");
    sink.taken().into_iter().filter(|letter| letter.to == address).collect()
}

/// The letters of which this is the state, as the owner sees them.
async fn in_state(owner: &Person, state: &str) -> Vec<Value> {
    let list = owner.get(&format!("/v1/mail?state={state}")).await.data();
    list.as_array().expect("a list").clone()
}

async fn noted(owner: &Person, state: &str) -> Value {
    let mut every = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..3_000 {
        every.tick().await;
        if let [letter] = &in_state(owner, state).await[..] {
            return letter.clone();
        }
    }
    panic!("no letter is {state}");
}

#[actix_web::test]
async fn a_letter_is_handed_over_encrypted_by_who_is_signed_in() {
    for sink in [Sink::open(), Sink::open_encrypted()] {
        let Some(sink) = sink else { return };
        let bodega = shop_at(&sink, &[]);
        bodega.sends_letters().await;
        for name in ["ada", "bob", "cleo"] {
            bodega.customer(name).await;
        }
        until("three letters", || sink.count() == 3).await;
        let letter = to(&sink, "ada").remove(0);
        assert_eq!(letter.subject, "Welcome to Test shop");
        assert!(letter.id.ends_with("@shop.example"), "{}", letter.id);
        assert!(letter.text.contains("Your account at Test shop is ready"), "{}", letter.text);
        let health = bodega.visitor().get("/health/ready").await.data();
        assert_eq!(health["neighbours"]["mail"], "ok", "{health}");
    }
}

#[actix_web::test]
async fn a_server_that_cannot_be_trusted_or_knows_no_such_password_gets_nothing() {
    let Some(sink) = Sink::open() else { return };
    let stranger: &'static str = file("tls/first.certificate.pem").leak();
    for (key, value, said) in [
        ("mail.smtp.password", "wrong", "535"),
        ("mail.smtp.ca_file", stranger, "certificate"),
        ("mail.smtp.tls", "implicit", ""),
    ] {
        let bodega = shop_at(&sink, &[(key, value), ("mail.smtp.timeout_ms", "10000")]);
        let owner = bodega.owner().await;
        bodega.sends_letters().await;
        bodega.customer("ada").await;
        until("down", || standing(&bodega).down.is_some()).await;
        let (_, why) = standing(&bodega).down.expect("a reason");
        assert!(why.contains(said), "{key}: {why}");
        assert_eq!(sink.count(), 0, "{key}");
        assert!(in_state(&owner, "DEAD").await.is_empty(), "nothing is lost: {key}");
    }
}

#[actix_web::test]
async fn a_server_that_takes_nothing_from_this_sender_loses_no_letter() {
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[]);
    let owner = bodega.owner().await;
    sink.behaves("sender");
    bodega.sends_letters().await;
    bodega.customer("ada").await;
    until("down", || standing(&bodega).down.is_some()).await;
    let (_, why) = standing(&bodega).down.expect("a reason");
    assert!(why.contains("553") && !why.contains("orders@"), "no address is kept: {why}");
    for state in ["WAITING", "DEAD"] {
        assert!(in_state(&owner, state).await.is_empty(), "it says nothing of the letter");
    }
    sink.behaves("");
    bodega.shop.clock.advance(Duration::from_secs(60));
    until("the letter", || to(&sink, "ada").len() == 1).await;
}

#[actix_web::test]
async fn who_is_refused_for_a_while_waits_and_delays_nobody() {
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[]);
    let owner = bodega.owner().await;
    sink.behaves("451 ada@example.com");
    bodega.sends_letters().await;
    bodega.customer("ada").await;
    bodega.customer("bob").await;
    until("the other letter", || to(&sink, "bob").len() == 1).await;
    let waiting = noted(&owner, "WAITING").await;
    assert_eq!((&waiting["template"], &waiting["attempts"]), (&"welcome".into(), &1.into()));
    let error = text(&waiting["error"]);
    assert!(error.contains("451") && !error.contains("ada@"), "no address is kept: {error}");
    sink.behaves("");
    bodega.shop.clock.advance(Duration::from_secs(2));
    until("the letter", || to(&sink, "ada").len() == 1).await;
}

#[actix_web::test]
async fn who_is_refused_for_good_is_a_dead_letter_that_staff_can_send_after_all() {
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[]);
    let owner = bodega.owner().await;
    sink.behaves("550 ada@example.com");
    bodega.sends_letters().await;
    bodega.customer("ada").await;
    let dead = noted(&owner, "DEAD").await;
    let error = text(&dead["error"]);
    assert!(error.contains("550") && !error.contains("ada@"), "no address is kept: {error}");
    let owners: &'static str = owner.email.clone().leak();
    let owners = owners.trim_end_matches("@example.com");
    until("word to the owner", || to(&sink, owners).len() == 1).await;
    assert_eq!(to(&sink, owners)[0].subject, "Given up: welcome");
    sink.behaves("");
    let path = format!("/v1/mail/{}", text(&dead["id"]));
    let read = owner.get(&path).await.data();
    assert_eq!((text(&read["to"]), text(&read["state"])), ("ada@example.com", "DEAD"));
    owner.asks(Method::POST, &format!("{path}/resend")).await.data();
    until("the letter", || to(&sink, "ada").len() == 1).await;
    assert!(to(&sink, "ada")[0].id.starts_with(&format!("{}.1@", text(&dead["id"]))));
}

#[actix_web::test]
async fn while_the_server_is_away_or_closes_nothing_is_lost_and_all_arrives_after() {
    let Some(mut sink) = Sink::find() else { return };
    let bodega = shop_at(&sink, &[]);
    let owner = bodega.owner().await;
    bodega.sends_letters().await;
    for number in 0..20 {
        bodega.customer(&format!("away{number}")).await;
    }
    let is_down = || standing(&bodega).down.is_some();
    until("down", is_down).await;
    sink.start();
    sink.behaves("421");
    for number in 0..20 {
        bodega.customer(&format!("closing{number}")).await;
    }
    bodega.shop.clock.advance(Duration::from_secs(60));
    until("still down", is_down).await;
    assert_eq!(sink.count(), 0);
    for state in ["WAITING", "DEAD"] {
        assert!(in_state(&owner, state).await.is_empty(), "nothing is even noted");
    }
    sink.behaves("");
    until("all letters", || {
        bodega.shop.clock.advance(Duration::from_secs(60));
        sink.count() == 40
    })
    .await;
    assert_eq!(names(&sink).len(), 40, "each once");
}

#[actix_web::test]
async fn a_letter_whose_answer_was_lost_comes_again_under_the_same_name() {
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[]);
    let owner = bodega.owner().await;
    sink.behaves("lost ada@example.com");
    bodega.sends_letters().await;
    bodega.customer("ada").await;
    until("the letter", || to(&sink, "ada").len() == 1).await;
    noted(&owner, "WAITING").await;
    sink.behaves("");
    bodega.shop.clock.advance(Duration::from_secs(2));
    until("the letter again", || to(&sink, "ada").len() == 2).await;
    let letters = to(&sink, "ada");
    assert_eq!(letters[0].id, letters[1].id);
}

#[actix_web::test]
async fn a_slow_server_is_waited_for_and_gets_each_letter_once() {
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[]);
    let owner = bodega.owner().await;
    sink.behaves("slow");
    bodega.sends_letters().await;
    for number in 0..12 {
        bodega.customer(&format!("patient{number}")).await;
    }
    until("all letters", || names(&sink).len() == 12).await;
    bodega.has_told_everything().await;
    assert_eq!(sink.count(), 12, "each once");
    for state in ["WAITING", "DEAD"] {
        assert!(in_state(&owner, state).await.is_empty(), "none has failed");
    }
}

#[actix_web::test]
async fn as_many_letters_as_was_chosen_are_handed_over_at_once() {
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[("mail.smtp.connections", "6")]);
    sink.behaves("six");
    bodega.sends_letters().await;
    for number in 0..12 {
        bodega.customer(&format!("together{number}")).await;
    }
    until("all letters", || names(&sink).len() == 12).await;
}

#[actix_web::test]
async fn a_server_that_says_nothing_loses_no_letter_and_delays_no_other_courier() {
    let Some(sink) = Sink::open() else { return };
    let chosen = [("mail.smtp.timeout_ms", "2000"), ("webhooks.allow_private", "true")];
    let bodega = shop_at(&sink, &chosen);
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let (tea, to) = (owner.adds_product("Tea", "3.99", 50).await, ada.has_address().await);
    let receiver = Receiver::open().await;
    let endpoint = json!({ "url": receiver.url, "types": ["order.paid"], "description": "a test" });
    owner.post("/v1/webhook-endpoints", endpoint).await.data();
    sink.behaves("hang");
    bodega.sends_letters().await;
    for _ in 0..8 {
        ada.orders(&to, &tea, 1, VISA).await.data();
    }
    receiver.has(8).await;
    assert_eq!(sink.count(), 0, "the others were told while the mail server said nothing");
    until("down", || standing(&bodega).down.is_some()).await;
    for state in ["WAITING", "DEAD"] {
        assert!(in_state(&owner, state).await.is_empty(), "nothing is even noted");
    }
    sink.behaves("");
    until("all letters", || {
        bodega.shop.clock.advance(Duration::from_secs(60));
        // One to the customer and one to the owner.
        names(&sink).len() == 16
    })
    .await;
    bodega.has_told_everything().await;
    let owner = owner.signed_in_again(&bodega);
    assert!(in_state(&owner, "DEAD").await.is_empty(), "nothing was lost");
}

#[actix_web::test]
async fn a_server_that_falls_silent_in_the_middle_is_tried_again_and_others_go_on() {
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[("mail.smtp.timeout_ms", "2000")]);
    let owner = bodega.owner().await;
    sink.behaves("hang ada@example.com");
    bodega.sends_letters().await;
    bodega.customer("ada").await;
    bodega.customer("bob").await;
    until("the other letter", || to(&sink, "bob").len() == 1).await;
    let waiting = noted(&owner, "WAITING").await;
    assert_eq!((text(&waiting["error"]), &waiting["attempts"]), ("no answer in time", &1.into()));
    sink.behaves("");
    bodega.shop.clock.advance(Duration::from_secs(2));
    until("the letter", || to(&sink, "ada").len() == 1).await;
}

#[actix_web::test]
async fn after_an_hour_without_a_mail_server_all_letters_arrive_within_five_minutes() {
    let Some(mut sink) = Sink::find() else { return };
    let bodega = shop_at(&sink, &[]);
    let clock = bodega.shop.clock.clone();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let (tea, address) = (owner.adds_product("Tea", "3.99", 500).await, ada.has_address().await);
    bodega.sends_letters().await;
    let mut told = BTreeSet::new();
    for _ in 0..MINUTES {
        let ada = ada.signed_in_again(&bodega);
        for _ in 0..ORDERS_A_MINUTE {
            let order = ada.orders(&address, &tea, 1, VISA).await.data();
            told.insert(format!("Your order {} is confirmed", order["number"]));
        }
        clock.advance(Duration::from_secs(60));
    }
    until("down", || standing(&bodega).down.is_some()).await;
    let owner = owner.signed_in_again(&bodega);
    for state in ["WAITING", "DEAD"] {
        assert!(in_state(&owner, state).await.is_empty(), "the journal is the queue");
    }
    sink.start();
    let back = clock.now();
    // As soon as the server is found, time stands still: the rest is work and not waiting.
    until("up again", || {
        let is_down = standing(&bodega).down.is_some();
        if is_down && clock.now().millis_since(back) < FIVE_MINUTES_MILLIS {
            clock.advance(Duration::from_secs(1));
        }
        !is_down
    })
    .await;
    bodega.has_told_everything().await;
    assert!(clock.now().millis_since(back) <= FIVE_MINUTES_MILLIS);
    let letters = sink.taken();
    let confirmed = letters.iter().filter(|letter| letter.to == "ada@example.com");
    let confirmed: Vec<String> = confirmed.map(|letter| letter.subject.clone()).collect();
    assert_eq!(confirmed.len(), told.len(), "each once");
    assert_eq!(confirmed.into_iter().collect::<BTreeSet<_>>(), told);
    assert_eq!(letters.len(), 2 * told.len(), "and the owner was told of each");
    let owner = owner.signed_in_again(&bodega);
    for state in ["WAITING", "DEAD"] {
        assert!(in_state(&owner, state).await.is_empty(), "nothing is left");
    }
}

const MINUTES: usize = 60;
const ORDERS_A_MINUTE: usize = 3;
const FIVE_MINUTES_MILLIS: i64 = 5 * 60 * 1_000;
