//! Tokens: which are good, and what else somebody may try.

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const MINUTES: u32 = 15;

fn tokens() -> Tokens {
    tokens_under(7)
}

fn tokens_under(secret: u8) -> Tokens {
    Tokens::new(&SecretSlice::from(vec![secret; 32]))
}

fn ada() -> Bearer {
    Bearer { user: UserId::from_bytes([1; 16]), session: SessionId::from_bytes([2; 16]) }
}

fn ada_in(generation: u32) -> Refresh {
    Refresh { user: ada().user, session: ada().session, generation }
}

fn access(tokens: &Tokens) -> String {
    let made = tokens.access(ada(), "nonce", NOW, MINUTES).expect("a token");
    made.expose_secret().to_owned()
}

/// What Ada's token says, with one thing said otherwise.
fn claims_with(change: impl FnOnce(&mut Claims)) -> Claims {
    let mut claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: ada().user,
        sid: ada().session,
        typ: ACCESS.to_owned(),
        jti: "nonce".to_owned(),
        iat: seconds(NOW),
        nbf: seconds(NOW),
        exp: seconds(NOW) + 60,
    };
    change(&mut claims);
    claims
}

/// A token by somebody who has our key but not our rules.
fn signed(header: &Header, claims: &Claims) -> String {
    encode(header, claims, &tokens().signing).expect("a token")
}

fn after(seconds: i64) -> Timestamp {
    NOW.plus_millis(seconds * 1000)
}

/// The text with the bits of one of its decoded bytes flipped.
fn tampered(token: &str, index: usize) -> SecretString {
    let mut bytes = URL_SAFE_NO_PAD.decode(token).expect("base64");
    bytes[index] ^= 1;
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn an_access_token_says_who_it_was_made_for() {
    assert_eq!(tokens().read_access(&access(&tokens()), NOW), Ok(ada()));
}

#[test]
fn an_access_token_is_good_from_its_making_until_its_time_is_over() {
    let (tokens, token) = (tokens(), access(&tokens()));
    for (seconds, answer) in [
        (-1, Err(BadAccess::Invalid)),
        (0, Ok(ada())),
        (15 * 60 - 1, Ok(ada())),
        (15 * 60, Err(BadAccess::Expired)),
        (i64::from(u32::MAX), Err(BadAccess::Expired)),
    ] {
        assert_eq!(tokens.read_access(&token, after(seconds)), answer, "after {seconds} s");
    }
}

#[test]
fn a_token_under_another_secret_is_none_of_ours() {
    let (ours, theirs) = (tokens(), tokens_under(8));
    assert_eq!(ours.read_access(&access(&theirs), NOW), Err(BadAccess::Invalid));
    assert_eq!(ours.read_refresh(&theirs.refresh(ada_in(0))), Err(NotAToken));
}

#[test]
fn a_token_without_a_signature_is_none_of_ours() {
    let token = access(&tokens());
    let parts: Vec<&str> = token.split('.').collect();
    for algorithm in ["none", "None", "NONE", "nOnE"] {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
        for signature in ["", parts[2]] {
            let forged = format!("{header}.{}.{signature}", parts[1]);
            assert_eq!(tokens().read_access(&forged, NOW), Err(BadAccess::Invalid), "{forged}");
        }
    }
}

#[test]
fn a_token_of_another_algorithm_is_none_of_ours_even_under_our_key() {
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = signed(&Header::new(algorithm), &claims_with(|_| {}));
        assert_eq!(tokens().read_access(&token, NOW), Err(BadAccess::Invalid), "{algorithm:?}");
    }
    let token = signed(&Header::new(Algorithm::HS256), &claims_with(|_| {}));
    assert_eq!(tokens().read_access(&token, NOW), Ok(ada()));
}

#[test]
fn a_token_for_another_purpose_is_none_of_ours() {
    type Change = fn(&mut Claims);
    let changes: [(&str, Change); 4] = [
        ("issuer", |claims| claims.iss = "somebody".to_owned()),
        ("audience", |claims| claims.aud = "another-api".to_owned()),
        ("type", |claims| claims.typ = "refresh".to_owned()),
        ("beginning", |claims| claims.nbf += 1),
    ];
    for (what, change) in changes {
        let token = signed(&Header::new(Algorithm::HS256), &claims_with(change));
        assert_eq!(tokens().read_access(&token, NOW), Err(BadAccess::Invalid), "another {what}");
    }
}

#[test]
fn a_token_somebody_has_changed_is_none_of_ours() {
    let (tokens, token) = (tokens(), access(&tokens()));
    let parts: Vec<&str> = token.split('.').collect();
    let said = URL_SAFE_NO_PAD.decode(parts[1]).expect("base64");
    let said = String::from_utf8(said).expect("text");
    let bob = UserId::from_bytes([9; 16]).to_string();
    let other = URL_SAFE_NO_PAD.encode(said.replace(&ada().user.to_string(), &bob));
    assert_ne!(other, parts[1]);
    let forged = format!("{}.{other}.{}", parts[0], parts[2]);
    assert_eq!(tokens.read_access(&forged, NOW), Err(BadAccess::Invalid));
}

#[test]
fn what_is_no_token_at_all_is_refused() {
    let long = "a".repeat(TOKEN_BYTES_MAX + 1);
    for text in ["", ".", "..", "a.b.c", "\u{0}", long.as_str()] {
        assert_eq!(tokens().read_access(text, NOW), Err(BadAccess::Invalid));
        assert_eq!(tokens().read_refresh(&SecretString::from(text)), Err(NotAToken));
        assert_eq!(reset_token_user(&SecretString::from(text)), Err(NotAToken));
    }
}

#[test]
fn a_refresh_token_says_its_session_and_generation_and_can_be_made_again() {
    for generation in [0, 1, u32::MAX] {
        let token = tokens().refresh(ada_in(generation));
        assert_eq!(tokens().read_refresh(&token), Ok(ada_in(generation)));
        let again = tokens().refresh(ada_in(generation));
        assert_eq!(token.expose_secret(), again.expose_secret());
    }
}

#[test]
fn no_kind_of_token_is_good_as_another() {
    let tokens = tokens();
    let refresh = tokens.refresh(ada_in(0));
    let reset = tokens.reset(ada().user, NOW);
    let access = SecretString::from(access(&tokens));
    for token in [&refresh, &reset] {
        let read = tokens.read_access(token.expose_secret(), NOW);
        assert_eq!(read, Err(BadAccess::Invalid));
    }
    for token in [&access, &reset] {
        assert_eq!(tokens.read_refresh(token), Err(NotAToken));
    }
    for token in [&access, &refresh] {
        assert_eq!(reset_token_user(token), Err(NotAToken));
    }
}

#[test]
fn a_refresh_token_with_any_byte_changed_is_none_of_ours() {
    let tokens = tokens();
    let token = tokens.refresh(ada_in(3));
    let generation = REFRESH_BYTES - 1;
    let bytes = URL_SAFE_NO_PAD.decode(token.expose_secret()).expect("base64").len();
    for index in [0, 16, generation, REFRESH_BYTES, bytes - 1] {
        let forged = tampered(token.expose_secret(), index);
        assert_eq!(tokens.read_refresh(&forged), Err(NotAToken), "byte {index}");
    }
    let cut: String = token.expose_secret().chars().take(REFRESH_BYTES * 4 / 3).collect();
    assert_eq!(tokens.read_refresh(&SecretString::from(cut)), Err(NotAToken));
}

#[test]
fn of_a_reset_token_only_a_hash_is_kept() {
    let (tokens, later) = (tokens(), NOW.plus_millis(1));
    let token = tokens.reset(ada().user, NOW);
    assert_eq!(reset_token_user(&token), Ok(ada().user));
    assert_eq!(reset_hash(&token), reset_hash(&tokens.reset(ada().user, NOW)));
    assert_ne!(reset_hash(&token), reset_hash(&tokens.reset(ada().user, later)));
    assert_ne!(reset_hash(&token), reset_hash(&tokens.reset(UserId::default(), NOW)));
    let elsewhere = Tokens::new(&SecretSlice::from(vec![9; 32]));
    assert_ne!(reset_hash(&token), reset_hash(&elsewhere.reset(ada().user, NOW)));
    assert!(!format!("{token:?}").contains(token.expose_secret()));
}
