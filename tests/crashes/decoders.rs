//! Decoders: bytes that are anything, or almost what they should be.
//!
//! The same checks are what `just fuzz` feeds for hours.

mod checks;

use bodega::{
    domain::time::Timestamp,
    http::cursor::Cursors,
    store::journal::frame::{self, HEADER_BYTES, Header},
};
use proptest::{collection::vec, prelude::*, sample::Index};

/// What is done to something sound.
type Change = (Index, u8, u8);

/// Flips, inserts, removes and repeats bytes.
fn changed(sound: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for (at, what, byte) in changes {
        let at = at.index(bytes.len() + 1);
        match what % 5 {
            0 if at < bytes.len() => bytes[at] ^= 1 << (byte % 8),
            1 => bytes.insert(at, *byte),
            2 => bytes.truncate(at),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.extend_from_within(..at.min(64)),
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(any::<Change>(), 0..6)
}

fn frames() -> Vec<u8> {
    let mut all = Vec::new();
    let mut before = 0;
    for seq in 1..=3 {
        let mut bytes = vec![0; HEADER_BYTES];
        let time = Timestamp::from_millis(1_800_000_000_000);
        bytes.extend_from_slice(br#"{"at":1800000000000,"who":"shop","changes":[]}"#);
        let header = Header { timeline: 1, seq, time, synced_through: seq - 1, before };
        before = frame::stamp(&mut bytes, &header);
        all.extend(bytes);
    }
    all
}

const BODIES: &[&str] = &[
    r#"{"productId":"01a22833-3e1d-7000-b71f-6254da072893","quantity":1}"#,
    r#"{"name":"Tea","description":"","price":"4.99","stock":3,"categoryIds":[],
        "options":[{"name":"Size","values":["S"]}],
        "variants":[{"sku":"T-S","options":{"Size":"S"},"stock":3,"price":4.5}]}"#,
    r#"{"shippingAddressId":"01a22833-3e1d-7000-b71f-6254da072893",
        "items":[{"productId":"01a22833-3e1d-7000-b71f-6254da072893","quantity":2}],
        "charge":{"paymentMethodId":"pm_card_visa","amount":"9.98"}}"#,
    r#"{"username":"ada","email":"ada@example.com","password":"correct horse","phone":null}"#,
    r#"{"amount":1.25,"reason":"a dent","items":[{"lineId":"x","quantity":1,"restock":true}]}"#,
    "q=tea&limit=20&sort=price&cursor=abc&minPrice=1.00&inStock=true",
];

proptest! {
    #[test]
    fn whatever_a_disk_gives_back_is_no_frame_unless_it_is_one(
        anything in vec(any::<u8>(), 0..200),
        changes in changes(),
    ) {
        checks::frames(&anything);
        checks::frames(&changed(&frames(), &changes));
    }

    #[test]
    fn an_amount_is_the_one_that_was_written(
        anything in "\\PC{0,24}",
        amount in "-?[0-9]{1,21}(\\.[0-9]{0,5})?(e[0-9])?",
    ) {
        checks::money(anything.as_bytes());
        checks::money(amount.as_bytes());
    }

    #[test]
    fn no_cursor_is_taken_that_was_not_given(
        anything in vec(any::<u8>(), 0..80),
        key in vec(any::<u8>(), 0..40),
        changes in changes(),
    ) {
        let given = Cursors::new([7; 32]).seal("orders", &key);
        prop_assert_eq!(Cursors::new([7; 32]).open("orders", &given).ok(), Some(key));
        checks::cursors(&anything);
        checks::cursors(&changed(given.as_bytes(), &changes));
    }

    #[test]
    fn no_token_is_taken_that_was_not_given(
        anything in vec(any::<u8>(), 0..120),
        changes in changes(),
    ) {
        checks::tokens(&anything);
        for given in checks::tokens_given() {
            checks::tokens(&changed(given.as_bytes(), &changes));
        }
    }
}

proptest! {
    // Each is read by every operation of the shop.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_comes_as_a_body_is_read_or_refused(
        anything in vec(any::<u8>(), 0..200),
        which in any::<Index>(),
        changes in changes(),
    ) {
        checks::bodies(&anything);
        checks::bodies(&changed(which.get(BODIES).as_bytes(), &changes));
    }
}
