//! Replaying gives what the shop had.

use std::{fs, path::Path};

use super::super::{Kept, Key, codec, state::State, testing::*};
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
