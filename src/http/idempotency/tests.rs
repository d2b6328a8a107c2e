//! What a key means.

use super::*;
use crate::accounts::Means;
use crate::domain::ids::{Identity, SessionId, UserId};
use crate::domain::users::Role;

fn headers(keys: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in keys {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header");
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn key_of(keys: &[(&'static str, &str)]) -> Result<Option<String>, String> {
    key_in(&Method::POST, &headers(keys))
        .map(|key| key.map(str::to_owned))
        .map_err(|refused| refused.code().to_owned())
}

#[test]
fn a_key_has_two_names_and_255_printable_characters() {
    assert_eq!(key_of(&[]), Ok(None));
    assert_eq!(key_of(&[("idempotency-key", "a b")]), Ok(Some("a b".to_owned())));
    assert_eq!(key_of(&[("x-idempotency-key", "a")]), Ok(Some("a".to_owned())));
    let both = [("idempotency-key", "a"), ("x-idempotency-key", "a")];
    assert_eq!(key_of(&both), Ok(Some("a".to_owned())));
    let long = "x".repeat(255);
    assert_eq!(key_of(&[("idempotency-key", &long)]), Ok(Some(long.clone())));
    let invalid = Err("invalid_idempotency_key".to_owned());
    assert_eq!(key_of(&[("idempotency-key", &format!("{long}x"))]), invalid);
    assert_eq!(key_of(&[("idempotency-key", "")]), invalid);
    assert_eq!(key_of(&[("idempotency-key", "é")]), invalid);
    assert_eq!(key_of(&[("idempotency-key", "a"), ("x-idempotency-key", "b")]), invalid);
}

#[test]
fn only_post_and_patch_take_a_key() {
    let headers = headers(&[("idempotency-key", "a")]);
    let takes = |method| key_in(&method, &headers).is_ok_and(|key| key.is_some());
    assert!(takes(Method::POST) && takes(Method::PATCH));
    assert!(!takes(Method::GET) && !takes(Method::DELETE));
}

#[test]
fn a_key_belongs_to_its_caller_its_method_and_its_route() {
    let caller = |byte| {
        let user = UserId::from_bytes([byte; 16]);
        Some(Caller {
            user,
            role: Role::Customer,
            means: Means::Session(SessionId::from_bytes([byte; 16])),
        })
    };
    let [here, there]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().expect("ip"));
    let scoped =
        |key, caller, address, route, asked| scoped(&[1; 32], key, caller, address, route, asked);
    let post = (&Method::POST, "/v1/orders/{id}");
    let asked = ("/v1/orders/1", "", &b"{}"[..]);
    let one = scoped("k", caller(1), here, post, asked);
    assert_eq!(one, scoped("k", caller(1), there, post, asked), "an account may move");
    for other in [
        scoped("k2", caller(1), here, post, asked),
        scoped("k", caller(2), here, post, asked),
        scoped("k", None, here, post, asked),
        scoped("k", caller(1), here, (&Method::PATCH, post.1), asked),
        scoped("k", caller(1), here, (&Method::POST, "/v1/orders"), asked),
    ] {
        assert_ne!(one.scope, other.scope);
    }
    let visitor = scoped("k", None, here, post, asked);
    assert_ne!(visitor.scope, scoped("k", None, there, post, asked).scope);
    for (path, body) in [("/v1/orders/2", "{}"), ("/v1/orders/1", "{ }")] {
        let other = scoped("k", caller(1), here, post, (path, "", body.as_bytes()));
        assert_eq!(one.scope, other.scope);
        assert_ne!(one.body, other.body, "another thing or another body is another request");
    }
}

#[test]
fn without_the_secret_nobody_can_tell_which_body_a_key_was_for() {
    let here = "192.0.2.1".parse().expect("ip");
    let (signup, body) = ("/v1/auth/signup", &br#"{"password":"correct horse"}"#[..]);
    let under = |secret: u8| {
        let route = (&Method::POST, signup);
        scoped(&[secret; 32], "k", None, here, route, (signup, "", body))
    };
    assert_eq!(under(1), under(1));
    assert_ne!(under(1).body, under(2).body);
    assert_ne!(under(1).scope, under(2).scope);
}

#[test]
fn successes_and_refused_payments_are_stored() {
    let stored: Vec<u16> = [200, 201, 400, 402, 404, 409, 429, 500, 503]
        .into_iter()
        .filter(|status| StatusCode::from_u16(*status).is_ok_and(|status| is_stored(status, false)))
        .collect();
    assert_eq!(stored, [200, 201, 402]);
}
