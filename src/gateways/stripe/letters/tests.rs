//! Letters: genuine ones are read, all others are refused alike.

use serde_json::{Value, json};

use super::*;
use crate::domain::{
    ids::{Identity, OrderId},
    money::{Currency, Money},
};

const NOW: i64 = 1_795_000_000;
const SECRET: &str = "whsec_a_secret_of_a_test";

fn a_door() -> Door {
    let secrets = ["whsec_the_next_one", SECRET].map(SecretString::from).to_vec();
    Door { secrets, is_live: Some(false) }
}

fn signed(secret: &str, at: i64, body: &[u8]) -> String {
    let mut hash = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    hash.update(format!("{at}.").as_bytes());
    hash.update(body);
    hex::encode(hash.finalize().into_bytes())
}

fn opened(signature: &str, body: &[u8]) -> Result<GatewayNews, NotGenuine> {
    a_door().open(Letter { signature, body, now: moment(NOW) })
}

fn an_event(kind: &str, object: Value) -> Vec<u8> {
    json!({
        "id": "evt_1", "object": "event", "type": kind, "created": NOW - 5, "livemode": false,
        "data": { "object": object }, "something_new": [1, 2],
    })
    .to_string()
    .into_bytes()
}

fn read(kind: &str, object: Value) -> Subject {
    let body = an_event(kind, object);
    let header = format!("t={NOW},v1={}", signed(SECRET, NOW, &body));
    opened(&header, &body).expect("a genuine letter").about
}

#[test]
fn a_letter_is_believed_only_with_a_fresh_signature_over_its_bytes() {
    let body = an_event("customer.created", json!({ "id": "cus_1" }));
    let good = signed(SECRET, NOW, &body);
    let wrong = signed("whsec_of_somebody_else", NOW, &body);
    let old =
        |seconds: i64| format!("t={0},v1={1}", NOW - seconds, signed(SECRET, NOW - seconds, &body));
    let believed = [
        format!("t={NOW},v1={good}"),
        format!("t={NOW},v1={wrong},v1={good}"),
        format!("t={NOW}, v0=00, v1={good}, v2=what"),
        format!("t={NOW},v1={}", signed("whsec_the_next_one", NOW, &body)),
        old(300),
        old(-300),
    ];
    for header in believed {
        assert!(opened(&header, &body).is_ok(), "{header}");
    }
    let refused = [
        String::new(),
        format!("t={NOW}"),
        format!("v1={good}"),
        format!("t={NOW},v1={wrong}"),
        format!("t={NOW},v0={good}"),
        format!("t={NOW},v1={}", &good[..62]),
        format!("t=0{NOW},v1={good}"),
        format!("t={},v1={good}", NOW + 1),
        format!("t=never,v1={good}"),
        old(301),
        old(-301),
    ];
    for header in refused {
        assert_eq!(opened(&header, &body), Err(NotGenuine), "{header}");
    }
    let mut changed = body.clone();
    changed.push(b' ');
    assert_eq!(opened(&format!("t={NOW},v1={good}"), &changed), Err(NotGenuine));
    let nothing = b"{}";
    let header = format!("t={NOW},v1={}", signed(SECRET, NOW, nothing));
    assert_eq!(opened(&header, nothing), Err(NotGenuine), "signed, but no event");
}

#[test]
fn without_a_secret_nothing_is_believed() {
    let body = an_event("customer.created", json!({ "id": "cus_1" }));
    let signature = format!("t={NOW},v1={}", signed("", NOW, &body));
    let door = Door { secrets: vec![], is_live: None };
    let letter = Letter { signature: &signature, body: &body, now: moment(NOW) };
    assert_eq!(door.open(letter), Err(NotGenuine));
}

#[test]
fn news_of_a_charge_says_which_one() {
    let order = OrderId::from_bytes([7; 16]);
    let object = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 1358, "currency": "usd",
        "metadata": { "order_id": order.to_string(), "payment_id": "nonsense" },
        "status": "a status of next year",
    });
    let Subject::ChargeChanged(changed) = read("payment_intent.succeeded", object) else {
        panic!("not about a charge");
    };
    assert_eq!((changed.gateway_id.as_str(), changed.order), ("pi_1", Some(order)));
    assert_eq!(changed.payment, None);
    assert_eq!(changed.amount, Money::of(1358, Currency::USD).ok());
}

#[test]
fn news_of_a_dispute_says_until_when_evidence_is_taken() {
    let object = json!({
        "id": "dp_1", "amount": 500, "currency": "usd", "payment_intent": "pi_1",
        "reason": "fraudulent", "status": "needs_response",
        "evidence_details": { "due_by": NOW + 9 },
    });
    let Subject::Disputed { charge, news } = read("charge.dispute.created", object) else {
        panic!("not about a dispute");
    };
    assert_eq!((charge.as_str(), news.dispute.as_str()), ("pi_1", "dp_1"));
    assert_eq!(news.known.evidence_by, Some(moment(NOW + 9)));
    assert_eq!(news.known.state, DisputeState::NeedsResponse);
}

#[test]
fn what_the_shop_does_not_follow_is_about_nothing() {
    let other = |kind: &str| Subject::Other { kind: kind.to_owned() };
    let object = json!({ "id": "cus_1" });
    assert_eq!(read("customer.created", object.clone()), other("customer.created"));
    assert_eq!(read("payment_intent.created", object), other("payment_intent.created"));
    let mut live: Value =
        serde_json::from_slice(&an_event("payment_intent.succeeded", json!({ "id": "pi_1" })))
            .expect("JSON");
    live["livemode"] = json!(true);
    let body = live.to_string().into_bytes();
    let header = format!("t={NOW},v1={}", signed(SECRET, NOW, &body));
    let news = opened(&header, &body).expect("genuine");
    assert_eq!(news.about, other("payment_intent.succeeded"), "real money in a test shop");
}

#[test]
fn a_key_says_whether_money_is_real() {
    for (key, is) in [
        ("sk_live_x", Some(true)),
        ("rk_live_x", Some(true)),
        ("sk_test_x", Some(false)),
        ("rk_test_x", Some(false)),
        ("sk_12345", None),
    ] {
        assert_eq!(is_live(&SecretString::from(key)), is, "{key}");
    }
}

#[test]
fn a_refund_that_failed_or_was_called_off_has_not_gone_back() {
    let why = |object: Value| {
        let about = read("refund.updated", object);
        let Subject::RefundChanged(changed) = about else { panic!("no refund") };
        changed.failed
    };
    let refund = |status: &str| json!({ "id": "re_1", "payment_intent": "pi_1", "status": status });
    assert_eq!(why(refund("succeeded")), None);
    assert_eq!(why(refund("pending")), None);
    assert_eq!(why(refund("failed")), Some("unknown".to_owned()));
    assert_eq!(why(refund("canceled")), Some("canceled".to_owned()));
}
