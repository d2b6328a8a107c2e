//! Checks: what must hold of each decoder of a stranger's or a disk's bytes, whatever they are.
//! Shared with the fuzzer in `fuzz/`.

use bodega::{
    accounts::tokens::{Bearer, Refresh, Tokens, reset_token_user},
    config::Gateway,
    domain::{
        ids::{SessionId, UserId},
        money::{Currency, Money},
        time::Timestamp,
    },
    http::{cursor::Cursors, wiring::operations},
    store::{
        Written,
        journal::frame::{self, HEADER_BYTES, Parsed},
    },
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// What is taken for a frame is, written again, the bytes it was read from. What is taken for a
/// commit names its changes.
pub fn frames(bytes: &[u8]) {
    if let Parsed::Frame(found) = frame::parse(bytes) {
        let mut again = vec![0; HEADER_BYTES];
        again.extend_from_slice(found.payload);
        assert_eq!(frame::stamp(&mut again, &found.header), found.crc);
        assert_eq!(again, bytes[..found.bytes()]);
    }
    let later = frame::find(bytes, |header| header.synced_through > 0);
    assert!(later.is_none_or(|found| found.bytes() <= bytes.len()));
    // What a disk gives back may be anything, and is refused in words.
    let _ = Written::read(1, bytes);
}

/// An amount that was read is, written and read again, the same one.
pub fn money(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for currency in ["USD", "JPY", "KWD"] {
        let currency: Currency = currency.parse().expect("a currency");
        if let Ok(read) = Money::read(&text, currency) {
            assert_eq!(Money::read(&read.to_string(), currency), Ok(read), "{text}");
        }
    }
}

/// What is taken for a cursor was sealed by us, for this list and no other.
pub fn cursors(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let cursors = Cursors::new([7; 32]);
    if let Ok(key) = cursors.open("orders", &text) {
        assert_eq!(cursors.seal("orders", &key), text);
        assert!(cursors.open("products", &text).is_err());
    }
}

/// What is taken for a token is the one that was given.
pub fn tokens(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if let Ok(read) = our_tokens().read_access(&text, Timestamp::from_millis(GIVEN_AT)) {
        assert_eq!(read, bearer());
    }
    let text = SecretString::from(text);
    if let Ok(read) = our_tokens().read_refresh(&text) {
        assert_eq!(our_tokens().refresh(read).expose_secret(), text.expose_secret());
    }
    let _ = reset_token_user(&text);
}

/// Whatever comes as a body or a query is read, or refused with what is wrong.
pub fn bodies(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    for operation in operations(Gateway::Demo) {
        for read in [(operation.reads)(bytes.to_vec().into()), (operation.asks)(&query)] {
            if let Err(problem) = read {
                assert!(problem.status().is_client_error(), "{}: {problem:?}", operation.id);
            }
        }
    }
}

/// An access and a refresh token, as they are given.
pub fn tokens_given() -> [String; 2] {
    let now = Timestamp::from_millis(GIVEN_AT);
    let access = our_tokens().access(bearer(), "once", now, 10).expect("a sound secret");
    let refresh = Refresh { user: bearer().user, session: bearer().session, generation: 3 };
    [access, our_tokens().refresh(refresh)].map(|token| token.expose_secret().to_owned())
}

fn our_tokens() -> Tokens {
    Tokens::new(&SecretSlice::from((0..32).collect::<Vec<u8>>()))
}

fn bearer() -> Bearer {
    Bearer { user: UserId::default(), session: SessionId::default() }
}

const GIVEN_AT: i64 = 1_800_000_000_000;
