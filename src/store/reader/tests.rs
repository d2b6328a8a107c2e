//! Table and state read as one.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    super::{change, disk::Disk, live::Live, testing::*},
    *,
};
use crate::store::table::Write;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    Remove(u8),
    Freeze,
    Fold,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..12_u8, any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => (0..12_u8).prop_map(Step::Remove),
        1 => Just(Step::Freeze),
        1 => Just(Step::Fold),
    ]
}

fn row(key: u8) -> Key {
    Key::row(0x80 + key % 3).text(&"k".repeat(usize::from(key))).done()
}

fn live(folder: &std::path::Path) -> Live {
    let state = State::open(&folder.join("state")).expect("a state");
    Live::start(state, 0, 1 << 20, Disk::under(folder, 0, None)).expect("a live state")
}

/// What a list must be, from the model.
fn expected(
    model: &BTreeMap<Key, Vec<u8>>,
    prefix: &Key,
    after: Option<&Key>,
    order: Order,
    limit: usize,
) -> Vec<(Key, Vec<u8>)> {
    let under = |(key, _): &(&Key, &Vec<u8>)| key.as_bytes().starts_with(prefix.as_bytes());
    let beyond = |(key, _): &(&Key, &Vec<u8>)| match (order, after) {
        (_, None) => true,
        (Order::Ascending, Some(after)) => *key > after,
        (Order::Descending, Some(after)) => *key < after,
    };
    let mut all: Vec<_> = model.iter().filter(under).filter(beyond).collect();
    if order == Order::Descending {
        all.reverse();
    }
    all.into_iter().take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn lists_see_table_and_state_as_one(
        steps in prop::collection::vec(step(), 1..60),
        limit in 1..8_usize,
        start in 0..12_u8,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut live = live(folder.path());
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(key, value) => {
                    model.insert(row(key), vec![value]);
                    let slots = vec![(row(key), Slot::row(Some(vec![value])))];
                    live.writer.publish(1, vec![Write::group(slots)]);
                }
                Step::Remove(key) => {
                    model.remove(&row(key));
                    live.writer.publish(1, vec![Write::group(vec![(row(key), Slot::Gone)])]);
                }
                Step::Freeze => live.writer.freeze().expect("frozen"),
                Step::Fold => {
                    live.writer.freeze().expect("frozen");
                    live.folding.checkpoint_now().expect("folded");
                }
            }
            for key in 0..12 {
                let found = live.reader.row(&row(key)).expect("a row");
                prop_assert_eq!(found.as_ref(), model.get(&row(key)));
            }
            for order in [Order::Ascending, Order::Descending] {
                for (prefix, after) in [
                    (Key::from_bytes(&[0x80]), None),
                    (Key::from_bytes(&[0x81]), Some(row(start))),
                    (Key::from_bytes(&[0x82]), Some(row(start))),
                    (row(start), None),
                ] {
                    let found = live.reader.rows(&prefix, after.as_ref(), order, limit);
                    let found: Vec<_> = found.expect("rows");
                    let wanted = expected(&model, &prefix, after.as_ref(), order, limit);
                    prop_assert_eq!(found, wanted);
                }
            }
        }
    }
}

#[test]
fn a_record_is_the_same_before_and_after_it_is_folded() {
    let shop = Shop::new();
    for round in 1..=5 {
        for number in 1..=40 {
            shop.adds(number, 1).expect("kept");
        }
        for number in 1..=40 {
            assert_eq!(shop.coins(number), round);
        }
    }
    let (shop, _) = shop.reopened();
    assert!((1..=40).all(|number| shop.coins(number) == 5));
    shop.adds(7, 1).expect("kept");
    assert_eq!(shop.coins(7), 6, "a loaded record is overtaken by the table");
}

#[test]
fn a_cached_record_is_replaced_when_a_newer_one_is_folded() {
    let folder = tempfile::tempdir().expect("a folder");
    let blank = Versioned::<Jar>::default();
    let first = commit_from(&blank, 1, jar(1), &[JarEvent::CoinsAdded { coins: 1 }]);
    let mut before = live(folder.path());
    before.writer.publish(1, change::prepare(first).expect("prepared").writes);
    drop(before.finish().expect("folded"));

    let mut live = live(folder.path());
    let loaded = live.reader.get::<Jar>(jar(1)).expect("readable");
    assert_eq!(loaded.state.coins, 1);
    let second = commit_from(&loaded, 1, jar(1), &[JarEvent::CoinsAdded { coins: 1 }]);
    live.writer.publish(2, change::prepare(second).expect("prepared").writes);
    live.writer.freeze().expect("frozen");
    live.folding.checkpoint_now().expect("folded");
    assert_eq!(live.reader.get::<Jar>(jar(1)).expect("readable").state.coins, 2);
}

#[test]
fn all_of_a_kind_are_listed_without_those_that_are_gone() {
    let shop = Shop::new();
    for number in 1..=200 {
        shop.adds(number, u64::from(number)).expect("kept");
    }
    shop.does(77, &[JarEvent::Broken]).expect("kept");
    let (shop, _) = shop.reopened();
    shop.does(78, &[JarEvent::Broken]).expect("kept");
    shop.adds(201, 201).expect("kept");
    let all: Vec<u64> = shop
        .reader
        .all::<Jar>()
        .map(|found| found.expect("a readable jar").1.state.coins)
        .collect();
    let expected: Vec<u64> = (1..=201).filter(|coins| ![77, 78].contains(coins)).collect();
    assert_eq!(all, expected);
}

#[test]
fn what_is_gone_leaves_nothing_and_may_begin_again() {
    let shop = Shop::new();
    shop.labels(1, "rent").expect("kept");
    shop.does(1, &[JarEvent::Broken]).expect("kept");
    let check = |shop: &Shop| {
        let gone = shop.reader.get::<Jar>(jar(1)).expect("readable");
        assert_eq!((gone.version, &*gone.state), (0, &Jar::default()));
        assert_eq!(shop.reader.row(&jar_by_label("rent")).expect("a row"), None);
        let listed = shop.reader.rows(&Key::row(0xed).done(), None, Order::Ascending, 10);
        assert_eq!(listed.expect("rows"), []);
    };
    check(&shop);
    let (shop, _) = shop.reopened();
    check(&shop);
    shop.labels(1, "rent").expect("kept");
    assert_eq!(shop.reader.get::<Jar>(jar(1)).expect("readable").version, 1);
    shop.does(1, &[JarEvent::Broken]).expect("kept");
    let (shop, _) = shop.reopened();
    check(&shop);
}
