//! Replaying gives what the shop had.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proptest::{collection::vec, prelude::*, sample::Index};

use super::super::{
    Kept, Key, Progress, Store, StoreOptions, Versioned, codec,
    keys::NOTE_TAG,
    state::{RawEntry, State, checkpoint},
    testing::*,
};
use crate::domain::ids::Identity;

#[test]
fn a_crash_at_any_moment_loses_no_acknowledged_commit() {
    let shop = Shop::new();
    let copies = tempfile::tempdir().expect("a folder");
    for number in 1..=30 {
        shop.adds(number, 1).expect("kept");
        if number % 10 == 0 {
            let copy = copies.path().join(number.to_string());
            copy_of(shop.folder.path(), &copy);
            let (store, report) = open(&copy).expect("a store that opens");
            assert_eq!(report.seq, store.health().seq);
            for kept in 1..=number {
                let found = store.reader().get::<Jar>(jar(kept)).expect("a readable jar");
                assert_eq!(found.state.coins, 1, "jar {kept} of {number}");
            }
        }
    }
}

/// As a dead process leaves it: files as they are, nobody closed anything. The journal is copied
/// last: the state never knows more than the journal.
fn copy_of(from: &Path, to: &Path) {
    for part in ["state", "journal"] {
        fs::create_dir_all(to.join(part)).expect("a folder");
        for entry in fs::read_dir(from.join(part)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let place = to.join(part).join(path.file_name().expect("a name"));
            if path.is_file() && !path.ends_with("spare.tmp") {
                // A file that is replaced meanwhile is as good as not there.
                let _ = fs::copy(&path, place);
            }
        }
    }
}

#[test]
fn a_row_that_passed_from_one_to_another_stays_with_its_new_owner() {
    for folded_first in [1, 2] {
        let shop = Shop::new();
        shop.labels(1, "rent").expect("kept");
        let folder = shop.closed();
        let state_dir = folder.path().join("state");
        let old = folder.path().join("old");
        fs::create_dir(&old).expect("a folder");
        files_of(&state_dir, &old);
        let (store, _) = open(folder.path()).expect("a store that opens");
        let reader = store.reader();
        for (number, label) in [(1, "food"), (2, "rent"), (2, "fun"), (1, "rent")] {
            let event = JarEvent::Labelled { label: label.to_owned() };
            let commit = commit_on(&reader, store.epoch(), jar(number), &[event]);
            store.submit(commit).1.wait().expect("kept");
        }
        let newest = reader.get::<Jar>(jar(folded_first)).expect("a jar");
        drop(reader);
        store.close().expect("closed");

        // A fold that a crash cut short: one of the two is new, with the rows as they were last.
        fs::remove_dir_all(&state_dir).expect("removed");
        fs::rename(&old, &state_dir).expect("the state as it was");
        let state = State::open(&state_dir).expect("the state");
        let mut body = newest.version.to_le_bytes().to_vec();
        body.extend(codec::encode(&*newest.state).expect("encoded"));
        let record = Key::record(Jar::TAG, &jar(folded_first));
        let rent = (jar_by_label("rent"), Some(jar(1).bytes().to_vec()));
        state.put(vec![(record, Some(body)), rent]).expect("written");
        state.sync().expect("flushed");
        drop(state);

        let (store, report) = open(folder.path()).expect("a store that opens");
        assert_eq!((report.rebuilt, report.replayed), (None, 4));
        let row = |label| store.reader().row(&jar_by_label(label)).expect("a row");
        assert_eq!(row("rent"), Some(vec![1; 16]), "jar {folded_first} was folded first");
        assert_eq!(row("food"), None);
        assert_eq!(row("fun"), Some(vec![2; 16]));
    }
}

#[test]
fn a_gap_in_the_versions_is_damage_of_the_state_and_it_is_made_again() {
    let shop = Shop::new();
    shop.adds(1, 1).expect("kept");
    shop.adds(1, 1).expect("kept");
    let folder = shop.closed();
    let state_dir = folder.path().join("state");
    // The state forgets the jar, but not how far it came.
    let state = State::open(&state_dir).expect("the state");
    state.put(vec![(Key::record(Jar::TAG, &jar(1)), None)]).expect("removed");
    state.sync().expect("flushed");
    drop(state);
    let (store, _) = open(folder.path()).expect("a store that opens");
    let epoch = store.epoch();
    let two = super::super::Versioned {
        version: 2,
        state: std::sync::Arc::new(Jar { coins: 2, ..Jar::default() }),
    };
    let commit = commit_from(&two, epoch, jar(1), &[JarEvent::CoinsAdded { coins: 1 }]);
    store.submit(commit).1.wait().expect("kept");
    let copies = tempfile::tempdir().expect("a folder");
    copy_of(folder.path(), copies.path());
    let state = State::open(&copies.path().join("state")).expect("the state");
    state.put(vec![(Key::record(Jar::TAG, &jar(1)), None)]).expect("removed");
    state.sync().expect("flushed");
    drop(state);

    let (store, report) = open(copies.path()).expect("a store that opens");
    assert!(report.rebuilt.is_some_and(|why| why.contains("does not fit")));
    let found = store.reader().get::<Jar>(jar(1)).expect("a jar");
    assert_eq!((found.version, found.state.coins), (3, 3));
}

#[test]
fn what_had_ended_when_a_crash_came_is_no_gap() {
    for folded in [true, false] {
        let shop = Shop::new();
        shop.labels(1, "rent").expect("kept");
        let folder = shop.closed();
        let (state_dir, old) = (folder.path().join("state"), folder.path().join("old"));
        fs::create_dir(&old).expect("a folder");
        files_of(&state_dir, &old);
        let (store, _) = open(folder.path()).expect("a store that opens");
        let reader = store.reader();
        for event in [JarEvent::CoinsAdded { coins: 1 }, JarEvent::Broken] {
            let commit = commit_on(&reader, store.epoch(), jar(1), &[event]);
            store.submit(commit).1.wait().expect("kept");
        }
        drop(reader);
        store.close().expect("closed");

        fs::remove_dir_all(&state_dir).expect("removed");
        fs::rename(&old, &state_dir).expect("the state as it was");
        if folded {
            // Ahead of its checkpoint: the end of the jar had been folded, not its last coin alone.
            let state = State::open(&state_dir).expect("the state");
            let gone = [Key::record(Jar::TAG, &jar(1)), jar_by_label("rent")];
            state.put(gone.into_iter().map(|key| (key, None)).collect()).expect("removed");
            state.sync().expect("flushed");
        }
        let (store, report) = open(folder.path()).expect("a store that opens");
        assert_eq!((report.rebuilt, report.replayed), (None, 2), "folded: {folded}");
        assert_eq!(store.reader().get::<Jar>(jar(1)).expect("readable").version, 0);
        assert_eq!(store.reader().row(&jar_by_label("rent")).expect("a row"), None);
    }
}

fn files_of(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
}

/// Adds so many coins, one a commit, without waiting for any but the last.
fn adds_many(store: &Store, jars: &mut BTreeMap<u8, Versioned<Jar>>, commits: u64) {
    let mut last = None;
    for number in 0..commits {
        let jar_number = u8::try_from(number % 40).expect("few");
        let before = jars.entry(jar_number).or_default();
        let coin = [JarEvent::CoinsAdded { coins: 1 }];
        let commit = commit_from(before, store.epoch(), jar(jar_number), &coin);
        let state = std::sync::Arc::new(Jar { coins: before.state.coins + 1, ..Jar::default() });
        *before = Versioned { version: before.version + 1, state };
        last = Some(store.submit(commit).1);
    }
    last.expect("some").wait().expect("kept");
}

#[test]
fn a_shop_that_never_closes_in_good_order_does_not_replay_ever_more() {
    let folder = Shop::new().closed();
    let mut jars = BTreeMap::new();
    let mut replayed = Vec::new();
    for _ in 0..10 {
        let (store, report) = open(folder.path()).expect("a store that opens");
        assert_eq!(report.rebuilt, None);
        replayed.push(report.replayed);
        adds_many(&store, &mut jars, 1_500);
        // Not closed: folded, and not a word about it.
        drop(store);
    }
    let most = super::CHECKPOINT_AFTER_COMMITS + 1_500;
    assert!(replayed.iter().all(|commits| *commits < most), "{replayed:?}");
    assert!(replayed.iter().any(|commits| *commits >= 3_000), "{replayed:?}");
}

#[test]
fn what_a_start_found_folded_already_is_known_to_the_next_one() {
    let (shop, _) = Shop::new().reopened();
    for number in 1..=20 {
        shop.adds(number, 1).expect("kept");
    }
    let Shop { store, reader, folder } = shop;
    // Not closed: folded, and not a word about it.
    drop((reader, store));
    let (store, report) = open(folder.path()).expect("a store that opens");
    assert_eq!((report.replayed, report.rebuilt), (20, None));
    store.close().expect("closed");
    let (_store, report) = open(folder.path()).expect("a store that opens");
    assert_eq!(report.replayed, 0, "it was closed in good order");
}

#[test]
fn after_a_long_replay_the_shop_opens_with_its_state_synced() {
    let folder = Shop::new().closed();
    let (state_dir, old) = (folder.path().join("state"), folder.path().join("old"));
    fs::create_dir(&old).expect("a folder");
    files_of(&state_dir, &old);
    let (store, _) = open(folder.path()).expect("a store that opens");
    let much = 1_000;
    adds_many(&store, &mut BTreeMap::new(), much);
    store.close().expect("closed");
    fs::remove_dir_all(&state_dir).expect("removed");
    fs::rename(&old, &state_dir).expect("the state as it was");

    let patient = StoreOptions { replay_commits_max: much, ..options() };
    let labels = Labels::default();
    let opened = Store::open(folder.path(), jars(), patient, &labels);
    let (_store, report) = opened.expect("a store that opens");
    assert_eq!((report.replayed, report.rebuilt), (much, None));
    assert_eq!(checkpoint::noted(&state_dir), Some(report.seq));
    let told = labels.0.into_inner().expect("nobody panics with it");
    assert_eq!(told, ["replaying the journal", "writing the state to the disk"]);
}

/// What whoever waits for a start is told, in order.
#[derive(Default)]
struct Labels(std::sync::Mutex<Vec<String>>);

impl Progress for Labels {
    fn begin(&self, label: &str, _total: u64) {
        self.0.lock().expect("nobody panics with it").push(label.to_owned());
    }

    fn advance(&self, _steps: u64) {}

    fn end(&self) {}
}

/// What happens to one of three jars.
#[derive(Clone, Debug)]
enum Turn {
    Label(u8, usize),
    Coin(u8),
    Break(u8),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => (1..=3_u8, 0..LABELS.len()).prop_map(|(number, label)| Turn::Label(number, label)),
        4 => (1..=3_u8).prop_map(Turn::Coin),
        2 => (1..=3_u8).prop_map(Turn::Break),
    ]
}

/// Lets these turns happen, as far as the rules allow: a label is one jar's, and what is not
/// there does not break. What was written of each jar, by key.
fn live_through(store: &Store, turns: &[Turn]) -> BTreeMap<u8, BTreeSet<Key>> {
    let reader = store.reader();
    let mut written: BTreeMap<u8, BTreeSet<Key>> = BTreeMap::new();
    for turn in turns {
        let (number, event) = match *turn {
            Turn::Label(number, label) => {
                let label = LABELS[label].to_owned();
                if reader.row(&jar_by_label(&label)).expect("a row").is_some() {
                    continue;
                }
                (number, JarEvent::Labelled { label })
            }
            Turn::Coin(number) => (number, JarEvent::CoinsAdded { coins: 1 }),
            Turn::Break(number) => {
                if reader.get::<Jar>(jar(number)).expect("a jar").version == 0 {
                    continue;
                }
                (number, JarEvent::Broken)
            }
        };
        let commit = commit_on(&reader, store.epoch(), jar(number), &[event]);
        let change = &commit.changes[0];
        let rows = change.rows.iter().map(|(key, _)| key.clone());
        written.entry(number).or_default().extend(rows.chain([change.record.clone()]));
        store.submit(commit).1.wait().expect("kept");
    }
    written
}

/// Everything in a state but the store's own notes.
fn raw_of(state_dir: &Path) -> Vec<RawEntry> {
    let state = State::open(state_dir).expect("a state");
    let mut entries = state.raw().expect("entries");
    let mut all = Vec::new();
    while let Some(entry) = state.raw_step(&mut entries).expect("an entry") {
        all.push(entry);
    }
    all.retain(|(key, _)| key[0] != NOTE_TAG);
    all
}

/// A closed shop's state, put aside under this name.
fn aside(folder: &Path, name: &str) -> std::path::PathBuf {
    let place = folder.join(name);
    fs::create_dir(&place).expect("a folder");
    files_of(&folder.join("state"), &place);
    place
}

/// Folds what was written of these jars, each with all its rows as they were last.
fn get_in(state_dir: &Path, last: &Path, written: &BTreeMap<u8, BTreeSet<Key>>) {
    let last = State::open(last).expect("a state");
    let state = State::open(state_dir).expect("a state");
    for keys in written.values() {
        let now = |key: &Key| (key.clone(), last.get(key).expect("readable"));
        state.put(keys.iter().map(now).collect()).expect("written");
    }
    state.sync().expect("flushed");
}

#[test]
fn a_second_life_that_was_folded_is_no_damage_of_the_first() {
    // The first was at its second version when the state was synced; the second is at its first
    // when the crash comes, so that the next version of the first is missing.
    let folder = Shop::new().closed();
    let state_dir = folder.path().join("state");
    let (store, _) = open(folder.path()).expect("a store that opens");
    live_through(&store, &[Turn::Label(1, 0), Turn::Coin(1)]);
    store.close().expect("closed");
    let early = aside(folder.path(), "early");
    let (store, _) = open(folder.path()).expect("a store that opens");
    let lives =
        [Turn::Coin(1), Turn::Coin(1), Turn::Break(1), Turn::Label(2, 0), Turn::Label(1, 1)];
    let mut written = live_through(&store, &lives);
    store.close().expect("closed");
    let (last, ended) = (aside(folder.path(), "last"), raw_of(&state_dir));

    fs::remove_dir_all(&state_dir).expect("removed");
    fs::rename(&early, &state_dir).expect("the state as it was");
    written.remove(&2);
    get_in(&state_dir, &last, &written);
    let (store, report) = open(folder.path()).expect("a store that opens");
    assert_eq!((report.rebuilt, report.replayed), (None, 5));
    store.close().expect("closed");
    assert_eq!(raw_of(&state_dir), ended);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// A jar that broke may begin again at version 1, and its labels may be another's meanwhile.
    /// The state was synced early, one generation was folded after that, and the next one as far
    /// as the crash let it: some of the jars, each with all its rows.
    #[test]
    fn whatever_was_folded_when_a_crash_came_all_lives_end_as_they_did(
        turns in vec(turn(), 12..40),
        (synced, folded) in any::<(Index, Index)>(),
        got_in in vec(any::<bool>(), 3),
    ) {
        // Most of it happens after the state was synced: then a life ends and another begins.
        let synced = synced.index(turns.len() / 2 + 1);
        let folded = synced + folded.index(turns.len() - synced + 1);
        let folder = Shop::new().closed();
        let state_dir = folder.path().join("state");
        let mut written = BTreeMap::new();
        let mut states = Vec::new();
        let parts = [
            ("early", &turns[..synced]),
            ("later", &turns[synced..folded]),
            ("last", &turns[folded..]),
        ];
        for (name, turns) in parts {
            let (store, _) = open(folder.path()).expect("a store that opens");
            written = live_through(&store, turns);
            store.close().expect("closed");
            states.push(aside(folder.path(), name));
        }
        let ended = raw_of(&state_dir);

        fs::remove_dir_all(&state_dir).expect("removed");
        fs::rename(&states[1], &state_dir).expect("the state as it was");
        fs::copy(states[0].join("CHECKPOINT"), state_dir.join("CHECKPOINT")).expect("the note");
        written.retain(|number, _| got_in[usize::from(*number) - 1]);
        get_in(&state_dir, &states[2], &written);

        let (store, report) = open(folder.path()).expect("a store that opens");
        prop_assert_eq!(report.rebuilt, None);
        store.close().expect("closed");
        prop_assert_eq!(&raw_of(&state_dir), &ended);

        fs::remove_dir_all(&state_dir).expect("removed");
        let (store, _) = open(folder.path()).expect("a store that opens");
        store.close().expect("closed");
        prop_assert_eq!(&raw_of(&state_dir), &ended, "made again from nothing");
    }
}

const LABELS: &[&str] = &["rent", "food", "fun"];
