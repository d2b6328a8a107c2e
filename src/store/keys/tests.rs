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

#[test]
fn no_two_lists_share_a_tag() {
    let pages = [
        include_str!("shop.rs"),
        include_str!("deliveries.rs"),
        include_str!("housekeeping.rs"),
        include_str!("webhooks.rs"),
    ];
    let mut taken = std::collections::BTreeMap::new();
    for text in pages {
        // A list, or a look-up, is introduced by its prefix; its rows follow and have its tag.
        let parts = text
            .split("\n/// ")
            .filter(|part| part.starts_with("List: ") || part.starts_with("Look-up: "));
        for part in parts {
            let Some((_, rest)) = part.split_once("Key::row(") else { continue };
            let (tag, _) = rest.split_once(')').expect("a tag");
            let name = part.lines().next().unwrap_or_default();
            if let Some(other) = taken.insert(tag.to_owned(), name.to_owned()) {
                panic!("{tag} is the tag of `{other}` and of `{name}`");
            }
        }
    }
    assert!(taken.len() > 20, "the pages are read as they are written");
}
