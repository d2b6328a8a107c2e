//! API keys: let in within their scopes, kept out of what only a person may do.

use std::{fs, path::Path};

use bodega::{
    domain::api_keys::Scope,
    http::{access::Access, wiring},
    shop::Shop,
};
use serde_json::{Value, json};

use crate::{
    access::{idle_call, is_let_in, named},
    support::{Bodega, Person, wares::id},
};

/// What only a person may do, said here by name; no key reaches any of it.
const PERSONS_ONLY: &[&str] = &[
    "POST /v1/auth/changepassword",
    "POST /v1/auth/signout",
    "GET /v1/auth/getprofile",
    "GET /v1/auth/sessions",
    "DELETE /v1/auth/sessions/{id}",
    "PATCH /v1/users/updateuser",
    "DELETE /v1/users/deleteuser",
    "DELETE /v1/users/deleteuser/{id}",
    "PATCH /v1/users/{id}/role",
    "POST /v1/api-keys",
    "GET /v1/api-keys",
    "DELETE /v1/api-keys/{id}",
    "GET /v1/cart/getcart",
    "POST /v1/orders",
    "GET /v1/orders",
    "POST /v1/orders/{id}/payment",
];

fn all_scopes() -> Vec<&'static str> {
    Scope::ALL.iter().map(|(name, _)| *name).collect()
}

/// A program with a key of this admin, and the key as it is shown.
async fn program(owner: &Person, scopes: &[&str]) -> (Person, Value) {
    let wish = json!({ "name": "accounting", "scopes": scopes });
    let key = owner.post("/v1/api-keys", wish).await.data();
    let access = key["secret"].as_str().map(str::to_owned);
    (Person { access, cookie: None, id: String::new(), ..owner.clone() }, key)
}

fn table() -> Vec<bodega::http::table::Operation<Shop>> {
    wiring::operations(bodega::config::Gateway::Demo)
}

#[actix_web::test]
async fn a_key_gets_in_with_the_scope_and_not_without_it() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let (mighty, _) = program(&owner, &all_scopes()).await;
    for operation in table() {
        let (name, reply) = (named(&operation), idle_call(&mighty, &operation).await);
        match operation.scope {
            // Pages know people by their cookie; to them a program is a stranger.
            _ if operation.is_page => {
                let is_open = operation.access == Access::Public || reply.status >= 300;
                assert!(is_open && reply.status < 500, "{name}: {}", reply.status);
            }
            _ if operation.path == "/metrics" => assert!(is_let_in(&reply), "{name}"),
            _ if operation.access == Access::Public => {
                assert!(is_let_in(&reply) || reply.outcome() == "401 session_ended", "{name}");
            }
            None => drop(reply.refused(403, "person_only")),
            Some(scope) => {
                assert!(is_let_in(&reply) && reply.status < 500, "{name}: {}", reply.text());
                let others: Vec<&str> =
                    all_scopes().into_iter().filter(|other| *other != scope.name()).collect();
                let (weak, key) = program(&owner, &others).await;
                let refused = idle_call(&weak, &operation).await.refused(403, "scope_required");
                assert_eq!(refused["scope"], scope.name(), "{name}");
                owner.delete(&format!("/v1/api-keys/{}", id(&key))).await.data();
            }
        }
    }
    for person_only in PERSONS_ONLY {
        let known = table().iter().any(|op| named(op) == *person_only && op.scope.is_none());
        assert!(known, "{person_only} is open to keys, or is gone");
    }
}

#[actix_web::test]
async fn a_key_acts_for_its_maker_and_never_beyond_them() {
    let bodega = Bodega::open();
    let (owner, other) = (bodega.owner().await, bodega.owner().await);
    let (reads, _) = program(&owner, &["orders:read", "catalogue:write"]).await;
    reads.get("/v1/orders/all").await.data();
    let tea = reads.adds_product("Tea", "3.99", 1).await;
    assert_eq!(tea["name"], "Tea");
    let role = format!("/v1/users/{}/role", owner.id);
    other.patch(&role, json!({ "role": "INVENTORY_MANAGER" })).await.data();
    reads.get("/v1/orders/all").await.refused(403, "forbidden");
    reads.adds_product("Coffee", "3.99", 1).await;
    owner.delete("/v1/users/deleteuser").await.data();
    reads.get("/v1/orders/all").await.refused(401, "key_ended");
}

#[actix_web::test]
async fn a_key_is_shown_once_and_kept_as_a_hash() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let (_, key) = program(&owner, &["metrics:read"]).await;
    let secret = key["secret"].as_str().expect("a text").to_owned();
    assert!(secret.starts_with("sk_") && secret.len() == 67, "{secret}");
    let listed = owner.get("/v1/api-keys").await.json();
    assert!(!listed.to_string().contains(&secret[3..]), "{listed}");
    assert_eq!(listed["data"][0]["endsWith"], secret[63..], "{listed}");
    let bodega = bodega.reopened_after(|folder| {
        let written = each_file(folder);
        assert!(written.len() > 1, "the journal and the state were read");
        for (path, bytes) in written {
            let holds = bytes.windows(32).any(|part| part == &secret.as_bytes()[3..35]);
            assert!(!holds, "{path} holds the text of a key");
        }
    });
    let again = Person { address: bodega.address, access: Some(secret), ..owner };
    again.get("/metrics").await;
    assert_eq!(again.get("/metrics").await.status, 200, "it is good after a restart");
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
async fn a_key_that_has_ended_or_is_forged_lets_nobody_in() {
    let bodega = Bodega::with_stopped_clock();
    let owner = bodega.owner().await;
    let (revoked, key) = program(&owner, &["orders:read"]).await;
    revoked.get("/v1/orders/all").await.data();
    let path = format!("/v1/api-keys/{}", id(&key));
    owner.delete(&path).await.data();
    owner.delete(&path).await.data();
    revoked.get("/v1/orders/all").await.refused(401, "key_ended");
    assert_eq!(owner.get("/v1/api-keys").await.json()["data"], json!([]));

    let (good, _) = program(&owner, &["orders:read"]).await;
    let text = good.access.clone().expect("a key");
    let forged = format!("{}{}", &text[..66], if text.ends_with('A') { 'Q' } else { 'A' });
    for wrong in [forged.as_str(), "sk_", "sk_nonsense", &text[..66]] {
        let stranger = Person { access: Some(wrong.to_owned()), ..owner.clone() };
        let reply = stranger.get("/v1/orders/all").await;
        assert_eq!(reply.outcome(), "401 invalid_token", "{wrong}");
    }

    let soon = bodega.shop.clock.now().millis() + 60_000;
    let soon = format!("{}", jiff::Timestamp::from_millisecond(soon).expect("a moment"));
    let wish = json!({ "name": "short", "scopes": ["orders:read"], "expiresAt": soon });
    let short = owner.post("/v1/api-keys", wish).await.data();
    let access = short["secret"].as_str().map(str::to_owned);
    let short = Person { access, ..owner.clone() };
    short.get("/v1/orders/all").await.data();
    bodega.shop.clock.advance(std::time::Duration::from_secs(61));
    short.get("/v1/orders/all").await.refused(401, "key_ended");
}

#[actix_web::test]
async fn the_last_use_of_a_key_is_shown_and_noted_by_the_hour() {
    let bodega = Bodega::with_stopped_clock();
    let owner = bodega.owner().await;
    let (reads, key) = program(&owner, &["orders:read"]).await;
    assert_eq!(key["lastUsedAt"], Value::Null);
    reads.get("/v1/orders/all").await.data();
    let used = owner.get("/v1/api-keys").await.json()["data"][0]["lastUsedAt"].clone();
    assert!(used.is_string(), "{used}");
    let commits = || bodega.shop.store().health().seq;
    let before = commits();
    bodega.shop.accounts.note_key_uses().await.expect("noted");
    let noted = commits();
    assert!(noted > before, "the first use is written down");
    bodega.shop.clock.advance(std::time::Duration::from_secs(60));
    reads.get("/v1/orders/all").await.data();
    bodega.shop.accounts.note_key_uses().await.expect("noted");
    assert_eq!(commits(), noted, "the next one within the hour is not");
    let bodega = bodega.reopened();
    let owner = Person { address: bodega.address, ..owner };
    assert_eq!(owner.get("/v1/api-keys").await.json()["data"][0]["lastUsedAt"], used);
}

#[actix_web::test]
async fn a_key_that_makes_no_sense_is_not_made() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let wish = |scopes: Value| json!({ "name": "k", "scopes": scopes });
    let faults = owner.post("/v1/api-keys", wish(json!(["everything"]))).await.faults();
    assert_eq!(faults, [("/scopes/0".to_owned(), "not_a_choice".to_owned())]);
    let faults = owner.post("/v1/api-keys", wish(json!([]))).await.faults();
    assert_eq!(faults, [("/scopes".to_owned(), "too_short".to_owned())]);
    let past =
        json!({ "name": "k", "scopes": ["orders:read"], "expiresAt": "2020-01-01T00:00:00Z" });
    let faults = owner.post("/v1/api-keys", past).await.faults();
    assert_eq!(faults, [("/expiresAt".to_owned(), "in_the_past".to_owned())]);
    owner
        .delete(&format!("/v1/api-keys/{}", crate::support::wire::NOBODYS))
        .await
        .refused(404, "not_found");
}
