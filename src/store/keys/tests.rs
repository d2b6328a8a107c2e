//! Keys sort as what they stand for.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::CartId;

proptest! {
    #[test]
    fn keys_sort_as_their_parts_do(
        (left, right) in (part(), part()).prop_flat_map(|(a, b)| (Just(a), Just(b))),
    ) {
        prop_assert_eq!(key(&left).cmp(&key(&right)), left.cmp(&right));
    }

    #[test]
    fn everything_with_a_prefix_is_before_its_end(
        prefix in prop::collection::vec(any::<u8>(), 0..4),
        rest in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let whole = Key::from_bytes(&[prefix.clone(), rest].concat());
        if let Some(end) = Key::from_bytes(&prefix).end_of_prefix() {
            prop_assert!(whole < end);
            prop_assert!(!end.as_bytes().starts_with(&prefix));
        }
    }
}

type Parts = (String, i64, u64);

fn part() -> impl Strategy<Value = Parts> {
    ("[a-b\\x00]{0,3}", -2..2_i64, 0..3_u64)
}

fn key((text, at, number): &Parts) -> Key {
    Key::row(0x80).text(text).time(Timestamp::from_millis(*at)).number(*number).done()
}

#[test]
fn the_end_of_one_text_is_not_the_beginning_of_the_next() {
    let one = Key::row(0x80).text("ab").text("c").done();
    let other = Key::row(0x80).text("a").text("bc").done();
    assert_ne!(one, other);
}

#[test]
fn an_id_at_the_end_is_read_back() {
    let id = CartId::from_bytes([7; 16]);
    assert_eq!(Key::row(0x80).text("tea").id(&id).done().last_id(), Some(id));
    assert_eq!(Key::row(0x80).text("tea").done().last_id::<CartId>(), None);
}
