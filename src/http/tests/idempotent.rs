//! The same request twice.

use super::{super::limits::LimitSettings, Ask, ask_through, pipeline, shop};

fn note(key: &str, text: &str) -> Ask {
    let body = format!(r#"{{"text":"{text}"}}"#);
    Ask::post("/v1/notes").by("ada").json(body).with("idempotency-key", key)
}

#[actix_web::test]
async fn the_same_request_has_one_effect_and_one_answer() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    let first = ask_through(&pipeline, note("k", "tea")).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None));
    shop.clock.advance(std::time::Duration::from_secs(5));
    let again = ask_through(&pipeline, note("k", "tea")).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_eq!(shop.notes.lock().expect("sound").len(), 1);
    let other = ask_through(&pipeline, note("k", "coffee")).await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
    assert_eq!(ask_through(&pipeline, note("k2", "tea")).await.status, 201);
    assert_eq!(shop.notes.lock().expect("sound").len(), 2);
}

#[actix_web::test]
async fn an_answer_that_was_lost_is_made_again() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    let first = ask_through(&pipeline, note("k", "tea")).await;
    shop.memory.kept.lock().expect("sound").clear();
    let again = ask_through(&pipeline, note("k", "tea")).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.json()["data"]["id"], first.json()["data"]["id"]);
    assert_eq!(shop.notes.lock().expect("sound").len(), 1);
    assert_eq!(shop.memory.kept.lock().expect("sound").len(), 1, "and kept again");
}

#[actix_web::test]
async fn refusals_are_decided_afresh_but_a_declined_payment_stays_declined() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    assert_eq!(ask_through(&pipeline, note("k", "")).await.status, 400);
    assert_eq!(ask_through(&pipeline, note("k", "tea")).await.status, 201);
    let pay = || Ask::post("/v1/notes/pay").with("x-idempotency-key", "k");
    let first = ask_through(&pipeline, pay()).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (402, None));
    let again = ask_through(&pipeline, pay()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (402, Some("true")));
    assert_eq!(again.header("content-type"), Some("application/problem+json"));
    assert_eq!(again.json()["declineCode"], "insufficient_funds");
    assert_eq!(again.body, first.body);
}

#[actix_web::test]
async fn an_answer_with_a_token_is_never_stored() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    let token = || Ask::post("/v1/notes/token").with("idempotency-key", "k");
    assert_eq!(ask_through(&pipeline, token()).await.status, 201);
    assert!(shop.memory.kept.lock().expect("sound").is_empty());
    assert_eq!(ask_through(&pipeline, token()).await.code(), "idempotent_answer_lost");
}

#[actix_web::test]
async fn a_request_that_is_still_running_is_not_run_twice_even_if_the_client_hung_up() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    let wait = || Ask::post("/v1/notes/wait").with("idempotency-key", "k");
    {
        let first = std::pin::pin!(ask_through(&pipeline, wait()));
        let given_up = tokio::select! {
            biased;
            _ = first => false,
            () = async { for _ in 0..50 { tokio::task::yield_now().await } } => true,
        };
        assert!(given_up, "it waits at the gate, and nobody listens any more");
    }
    let second = ask_through(&pipeline, wait()).await;
    assert_eq!((second.status, second.code().as_str()), (409, "idempotency_key_in_flight"));
    assert_eq!(second.header("retry-after"), Some("1"));
    shop.gate.notify_one();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    shop.gate.notify_one();
    assert_eq!(ask_through(&pipeline, wait()).await.status, 201, "the key is free again");
}
