//! What happens to a state that lost something.

use std::{fs, path::Path};

use super::{
    super::{StoreFault, testing::*},
    *,
};

/// A shop of twenty jars, closed.
fn folder_of_jars() -> tempfile::TempDir {
    let shop = Shop::new();
    for number in 1..=20 {
        shop.labels(number, &format!("jar {number}")).expect("kept");
        shop.adds(number, u64::from(number)).expect("kept");
    }
    shop.closed()
}

fn all_jars_are_there(folder: &Path) -> super::super::OpenReport {
    let (store, report) = open(folder).expect("a store that opens");
    let reader = store.reader();
    for number in 1..=20 {
        let found = reader.get::<Jar>(jar(number)).expect("a readable jar");
        assert_eq!((found.version, found.state.coins), (2, u64::from(number)));
        let owner = reader.row(&jar_by_label(&format!("jar {number}"))).expect("a row");
        assert_eq!(owner, Some(vec![number; 16]));
    }
    drop(reader);
    store.close().expect("closed");
    report
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("a copy");
        }
    }
}

#[test]
fn after_a_clean_stop_nothing_is_replayed() {
    let folder = folder_of_jars();
    let report = all_jars_are_there(folder.path());
    assert_eq!((report.replayed, report.rebuilt), (0, None));
}

#[test]
fn a_missing_state_is_made_again() {
    let folder = folder_of_jars();
    fs::remove_dir_all(folder.path().join("state")).expect("removed");
    let report = all_jars_are_there(folder.path());
    assert_eq!(report.replayed, 40);
    assert!(report.rebuilt.is_some() && report.moved_aside.is_none());
    assert_eq!(all_jars_are_there(folder.path()).rebuilt, None, "once is enough");
}

#[test]
fn a_state_that_lost_its_tail_is_caught_up() {
    let folder = folder_of_jars();
    let state = folder.path().join("state");
    let old = folder.path().join("old");
    copy(&state, &old);
    let (store, _) = open(folder.path()).expect("a store that opens");
    let reader = store.reader();
    let epoch = store.epoch();
    for number in 1..=20 {
        let added = [JarEvent::CoinsAdded { coins: 1 }];
        let commit = commit_on(&reader, epoch, jar(number), &added);
        store.submit(commit).1.wait().expect("kept");
    }
    drop(reader);
    store.close().expect("closed");
    fs::remove_dir_all(&state).expect("removed");
    fs::rename(&old, &state).expect("the state as it was");

    let (store, report) = open(folder.path()).expect("a store that opens");
    assert_eq!((report.replayed, report.rebuilt), (20, None));
    let first = store.reader().get::<Jar>(jar(1)).expect("a readable jar");
    assert_eq!((first.version, first.state.coins), (3, 2));
}

#[test]
fn a_state_behind_its_checkpoint_is_moved_aside_and_made_again() {
    let folder = folder_of_jars();
    let state = folder.path().join("state");
    let note = fs::read(state.join("CHECKPOINT")).expect("a note");
    fs::remove_dir_all(&state).expect("removed");
    drop(State::open(&state).expect("an empty state"));
    fs::write(state.join("CHECKPOINT"), note).expect("a note that promises more");
    let report = all_jars_are_there(folder.path());
    assert!(report.rebuilt.is_some());
    assert!(report.moved_aside.is_some_and(|aside| aside.ends_with("state.damaged-1")));

    fs::write(state.join(DAMAGED_NAME), "on order").expect("a mark");
    let report = all_jars_are_there(folder.path());
    assert!(report.moved_aside.is_some_and(|aside| aside.ends_with("state.damaged-2")));
    assert!(!folder.path().join("state.damaged-1").exists(), "only the latest is kept");
}

#[test]
fn a_state_of_an_older_format_is_made_again() {
    let folder = folder_of_jars();
    let words = format!("bodega-state {} 40", super::super::codec::FORMAT - 1);
    let note = format!("{words} {:08x}\n", crc32c::crc32c(words.as_bytes()));
    fs::write(folder.path().join("state/CHECKPOINT"), note).expect("an old note");
    assert!(all_jars_are_there(folder.path()).rebuilt.is_some());
}

#[test]
fn a_half_written_snapshot_does_not_keep_the_shop_shut() {
    let folder = folder_of_jars();
    let half = folder.path().join("state/snap.00000000000000AA.generating");
    fs::write(&half, "half").expect("written");
    assert_eq!(all_jars_are_there(folder.path()).rebuilt, None);
    assert!(!half.exists());
}

#[test]
fn damage_in_a_file_of_the_state_is_never_served() {
    let folder = folder_of_jars();
    let whole = folder.path().join("whole");
    copy(&folder.path().join("state"), &whole);
    let length = fs::metadata(whole.join("db")).expect("sled's file").len();
    for part in 0..12 {
        let state = folder.path().join("state");
        fs::remove_dir_all(&state).expect("removed");
        copy(&whole, &state);
        let mut bytes = fs::read(state.join("db")).expect("sled's file");
        let at = usize::try_from(length * part / 12).expect("an offset") + 37;
        let end = bytes.len().min(at + 64);
        bytes[at..end].iter_mut().for_each(|byte| *byte ^= 0xff);
        fs::write(state.join("db"), bytes).expect("damaged");

        let (store, _) = open(folder.path()).expect("a damaged state is no reason to be shut");
        let reader = store.reader();
        let mut noticed = false;
        for number in 1..=20 {
            match reader.get::<Jar>(jar(number)) {
                Ok(found) => assert_eq!(found.state.coins, u64::from(number)),
                Err(StoreFault::StateDamaged { .. }) => noticed = true,
                Err(other) => panic!("{other}"),
            }
        }
        drop((reader, store));
        if noticed {
            assert!(all_jars_are_there(folder.path()).rebuilt.is_some());
        }
    }
}

#[test]
fn a_record_that_is_not_what_was_written_is_a_fault_and_made_again() {
    let folder = folder_of_jars();
    let state = State::open(&folder.path().join("state")).expect("the state");
    let key = Key::record(<Jar as super::super::Kept>::TAG, &jar(3));
    let db = state.db.as_ref().expect("sled");
    let mut value = db.get(&key).expect("readable").expect("there").to_vec();
    *value.last_mut().expect("a byte") ^= 1;
    db.insert(key.as_bytes(), value).expect("written");
    drop(state);

    let (store, _) = open(folder.path()).expect("a store that opens");
    let read = store.reader().get::<Jar>(jar(3));
    assert!(matches!(read, Err(StoreFault::StateDamaged { .. })));
    drop(store);
    assert!(all_jars_are_there(folder.path()).rebuilt.is_some());
}

#[test]
fn a_large_value_that_shrinks_leaves_no_pieces_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = State::open(folder.path()).expect("a state");
    let key = Key::row(0x80).text("large").done();
    for size in [100_000, 10, 50_000] {
        state.put(vec![(key.clone(), Some(vec![7; size]))]).expect("written");
        assert_eq!(state.get(&key).expect("readable").map(|value| value.len()), Some(size));
        let entries = state.raw().expect("entries").count();
        assert_eq!(entries, 1 + size / 16_321, "{size} bytes");
    }
    drop(state);
    let state = State::open(folder.path()).expect("a state");
    state.put(vec![(key, None)]).expect("written");
    assert_eq!(state.raw().expect("entries").count(), 0);
}
