//! The rules of API keys, also when they say no.

use super::*;

fn key(scopes: &[Scope]) -> NewApiKey {
    NewApiKey {
        id: ApiKeyId::default(),
        name: "the accounting".to_owned(),
        hash: TokenHash([7; 32]),
        ends_with: "abcd".to_owned(),
        scopes: scopes.iter().copied().collect(),
        made_by: UserId::default(),
        expires_at: Some(Timestamp::from_millis(1_000)),
    }
}

fn after(events: &[ApiKeyEvent], at: i64) -> ApiKey {
    let mut key = ApiKey::default();
    let stamp = Stamp { at: Timestamp::from_millis(at), ..Stamp::default() };
    events.iter().for_each(|event| key.apply(event, &stamp));
    key.check().expect("a sound key");
    key
}

fn made() -> ApiKey {
    let events = ApiKey::default().make(key(&[Scope::OrdersRead]), 0).expect("a key");
    after(&events, 1)
}

#[test]
fn a_key_is_made_once_and_with_a_scope() {
    assert_eq!(made().make(key(&[Scope::OrdersRead]), 0), Ok(vec![]));
    let other = made().make(key(&[Scope::OrdersWrite]), 0);
    assert_eq!(other, Err(ApiKeyRefusal::AlreadyMade));
    assert_eq!(ApiKey::default().make(key(&[]), 0), Err(ApiKeyRefusal::NoScope));
    let full = ApiKey::default().make(key(&[Scope::OrdersRead]), API_KEYS_MAX);
    assert_eq!(full, Err(ApiKeyRefusal::TooManyKeys));
}

#[test]
fn a_key_lets_in_until_it_expires_or_is_revoked() {
    assert!(ApiKey::default().live(Timestamp::from_millis(5)).is_none());
    assert!(made().live(Timestamp::from_millis(999)).is_some());
    assert!(made().live(Timestamp::from_millis(1_000)).is_none());
    let mut revoked = made();
    for event in made().revoke().expect("a key") {
        revoked.apply(&event, &Stamp::default());
    }
    assert!(revoked.live(Timestamp::from_millis(5)).is_none());
    assert_eq!(revoked.revoke(), Ok(vec![]), "revoking twice is already so");
    assert_eq!(ApiKey::default().revoke(), Err(ApiKeyRefusal::UnknownKey));
}

#[test]
fn use_is_noted_now_and_then_and_not_of_a_revoked_key() {
    let at = Timestamp::from_millis;
    let events = made().note_use(at(10));
    assert_eq!(events, [ApiKeyEvent::KeyUsed { used_at: at(10) }]);
    let mut used = made();
    events.iter().for_each(|event| used.apply(event, &Stamp::default()));
    assert_eq!(used.note_use(at(9 + USE_NOTED_EVERY_MILLIS)), []);
    assert_eq!(used.note_use(at(10 + USE_NOTED_EVERY_MILLIS)).len(), 1);
    used.apply(&ApiKeyEvent::KeyRevoked {}, &Stamp::default());
    assert_eq!(used.note_use(at(10 + USE_NOTED_EVERY_MILLIS)), []);
    assert_eq!(ApiKey::default().note_use(at(10)), []);
}

#[test]
fn every_scope_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = Scope::ALL.iter().map(|(_, scope)| scope.name()).collect();
    assert_eq!(names.len(), Scope::ALL.len());
    assert_eq!(Scope::OrdersRead.name(), "orders:read");
}

#[test]
fn a_set_of_scopes_holds_what_was_put_in_and_nothing_else() {
    for (_, one) in Scope::ALL {
        let scopes: Scopes = [*one].into_iter().collect();
        let held = Scope::ALL.iter().filter(|(_, scope)| scopes.holds(*scope)).count();
        assert!(scopes.holds(*one) && held == 1, "{one:?}");
    }
    assert!(!Scopes::default().holds(Scope::OrdersRead));
}
