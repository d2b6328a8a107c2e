//! The client's judgement of answers, and its pauses. Real calls are made by the tests that run a
//! whole shop against a double of Stripe.

use super::*;
use crate::{clock::Clock, domain::time::Timestamp, gateways::breaker::Tripping};

fn judge(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> String {
    let status = StatusCode::from_u16(status).expect("a status");
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    match judged::<serde_json::Value>("/v1/x", status, &headers, body.as_bytes()) {
        Tried::Done(answer) => format!("done, again: {}", answer.is_replay),
        Tried::Refused(refused) => format!("refused: {}", refused.error.why()),
        Tried::Again { wait, .. } => format!("again {wait:?}"),
        Tried::Doubt { is_replay } => format!("doubt, final: {is_replay}"),
    }
}

#[test]
fn answers_are_judged_as_stripes_own_clients_judge_them() {
    let declined = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"x"}}"#;
    let replay = ("idempotent-replayed", "true");
    assert_eq!(judge(200, &[], "{}"), "done, again: false");
    assert_eq!(judge(200, &[replay], "{}"), "done, again: true");
    assert_eq!(judge(200, &[], "<html>"), "doubt, final: false");
    assert_eq!(judge(402, &[], declined), "refused: x");
    assert_eq!(judge(400, &[], r#"{"error":{"type":"new"},"more":1}"#), "refused: new");
    assert_eq!(judge(400, &[], "garbage"), "doubt, final: false");
    assert_eq!(judge(409, &[], "{}"), "again None");
    assert_eq!(judge(500, &[], "{}"), "again None");
    assert_eq!(judge(503, &[("retry-after", "2")], "{}"), "again Some(2s)");
    assert_eq!(judge(500, &[("stripe-should-retry", "false")], "{}"), "doubt, final: false");
    let kept = [replay, ("stripe-should-retry", "false")];
    assert_eq!(judge(500, &kept, "{}"), "doubt, final: true");
    assert_eq!(judge(429, &[], "{}"), "doubt, final: false");
    assert_eq!(judge(429, &[("stripe-should-retry", "true")], "{}"), "again None");
    assert_eq!(judge(401, &[], r#"{"error":{}}"#), "doubt, final: false");
    assert_eq!(judge(302, &[], "{}"), "doubt, final: false");
}

#[test]
fn pauses_grow_to_a_limit_and_differ() {
    let clock = Clock::stopped_at(Timestamp::from_millis(0));
    let breaker = Breaker::new("stripe", Tripping::default(), clock);
    let key = SecretString::from("sk_test_x");
    let client = Client::new(
        "http://127.0.0.1:1".parse().expect("an address"),
        key,
        Patience::default(),
        breaker,
    );
    let client = client.expect("a client");
    let millis = |repeats, asked| client.pause(repeats, asked).as_millis();
    for _ in 0..50 {
        assert_eq!(millis(0, None), 500);
        assert!((500..=1000).contains(&millis(1, None)));
        assert!((2500..=5000).contains(&millis(20, None)));
        assert_eq!(millis(0, Some(Duration::from_secs(3))), 3000);
        assert_eq!(millis(0, Some(Duration::from_secs(600))), 500, "so long nobody waits");
    }
}
