//! A mail server: letters are handed to an independent one, which fails in every way it can.

use std::time::Duration;

use actix_web::http::Method;
use serde_json::Value;

use crate::support::{
    Bodega, Person,
    sink::{Sink, Taken},
    wares::text,
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
    let Some(sink) = Sink::open() else { return };
    let bodega = shop_at(&sink, &[]);
    bodega.sends_letters().await;
    for name in ["ada", "bob", "cleo"] {
        bodega.customer(name).await;
    }
    until("three letters", || sink.taken().len() == 3).await;
    let letter = to(&sink, "ada").remove(0);
    assert_eq!(letter.subject, "Welcome to Test shop");
    assert!(letter.id.ends_with("@shop.example"), "{}", letter.id);
    assert!(letter.text.contains("your account at Test shop is ready"), "{}", letter.text);
    let health = bodega.visitor().get("/health/ready").await.data();
    assert_eq!(health["neighbours"]["mail"], "ok", "{health}");
}

#[actix_web::test]
async fn a_server_that_cannot_be_trusted_or_knows_no_such_password_gets_nothing() {
    let Some(sink) = Sink::open() else { return };
    let stranger = format!("{}/tests/tls/first.certificate.pem", env!("CARGO_MANIFEST_DIR"));
    let stranger: &'static str = stranger.leak();
    for wrong in [("mail.smtp.password", "wrong"), ("mail.smtp.ca_file", stranger)] {
        let bodega = shop_at(&sink, &[wrong]);
        let owner = bodega.owner().await;
        bodega.sends_letters().await;
        bodega.customer("ada").await;
        let mail = bodega::subscribers::mail::courier();
        let down = || bodega.shop.runner.standing(mail).and_then(|standing| standing.down);
        until("down", || down().is_some()).await;
        assert_eq!(sink.taken().len(), 0, "{wrong:?}");
        assert!(in_state(&owner, "DEAD").await.is_empty(), "nothing is lost: {wrong:?}");
    }
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
    let mail = bodega::subscribers::mail::courier();
    let is_down = || bodega.shop.runner.standing(mail).is_some_and(|it| it.down.is_some());
    until("down", is_down).await;
    sink.start();
    sink.behaves("421");
    for number in 0..20 {
        bodega.customer(&format!("closing{number}")).await;
    }
    bodega.shop.clock.advance(Duration::from_secs(60));
    until("still down", is_down).await;
    assert_eq!(sink.taken().len(), 0);
    for state in ["WAITING", "DEAD"] {
        assert!(in_state(&owner, state).await.is_empty(), "nothing is even noted");
    }
    sink.behaves("");
    until("all letters", || {
        bodega.shop.clock.advance(Duration::from_secs(60));
        sink.taken().len() == 40
    })
    .await;
    let mut ids: Vec<String> = sink.taken().into_iter().map(|letter| letter.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40, "each once");
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
