//! Verified: what `bodega verify` says beyond its findings, and a rebuild that cannot be.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    process::{a_shop_with_orders, first_segment, room},
    support::process::{Serving, run, verify},
};

/// What `bodega verify --json` says of a shop in which nothing is wrong.
fn said_of(dir: &Path) -> Value {
    let ended = run(&["verify", "--json"], dir);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.out).expect("one JSON object")
}

/// How the index in this folder is, by the same.
fn index_in(said: &Value, folder: &str) -> Value {
    let indexes = said["indexes"].as_array().expect("a list");
    let index = indexes.iter().find(|index| index["where"] == folder).expect("it is told");
    index["state"].clone()
}

#[test]
fn verify_says_how_each_index_is_and_fails_for_none() {
    let (_room, dir) = room();
    a_shop_with_orders(&dir);
    let sound = said_of(&dir);
    for folder in ["search", "register"] {
        assert_eq!(index_in(&sound, folder), "sound", "{sound}");
    }
    let words = run(&["verify"], &dir).out;
    assert!(words.contains("the index in search/ is sound"), "{words}");

    for file in fs::read_dir(dir.join("search")).expect("an index") {
        let file = file.expect("readable").path();
        if file.extension().is_some_and(|kind| kind == "term") {
            let mut bytes = fs::read(&file).expect("readable");
            bytes[0] ^= 1;
            fs::write(&file, bytes).expect("room on the disk");
        }
    }
    fs::remove_dir_all(dir.join("register")).expect("an index");
    let damaged = said_of(&dir);
    assert_eq!(index_in(&damaged, "search"), "damaged", "{damaged}");
    assert_eq!(index_in(&damaged, "register"), "missing", "{damaged}");
    let words = run(&["verify"], &dir).out;
    assert!(words.contains("search/ is damaged; the next start makes it again"), "{words}");
    assert!(words.contains("everything is as it must be"), "{words}");

    Serving::start(&dir).stop();
    let mended = said_of(&dir);
    for folder in ["search", "register"] {
        assert_eq!(index_in(&mended, folder), "sound", "{mended}");
    }
}

#[test]
fn verify_says_what_it_has_mended() {
    let (_room, dir) = room();
    a_shop_with_orders(&dir);
    fs::remove_file(dir.join("state").join("CHECKPOINT")).expect("it was closed");
    let words = run(&["verify"], &dir).out;
    assert!(words.contains("the state was made again from the journal: it has no"), "{words}");
    assert_eq!(said_of(&dir)["stateMadeAgain"], Value::Null, "it is whole again");
}

#[test]
fn what_a_verification_left_behind_that_was_broken_off_is_cleared_away() {
    let (_room, dir) = room();
    a_shop_with_orders(&dir);
    let left = dir.join("verify.tmp");
    fs::create_dir(&left).expect("room on the disk");
    fs::write(left.join("db"), "half of a state").expect("room on the disk");
    Serving::start(&dir).stop();
    assert!(!left.exists());
}

/// All files below a folder, and what is in them.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(content(&path));
        } else {
            found.push((path.clone(), fs::read(&path).expect("readable")));
        }
    }
    found.sort();
    found
}

#[test]
fn a_rebuild_that_cannot_be_takes_nothing_away() {
    let (_room, dir) = room();
    let (till, before) = a_shop_with_orders(&dir);
    let (state, segment) = (dir.join("state"), first_segment(&dir));
    let (sound, held) = (fs::read(&segment).expect("readable"), content(&state));
    let written = sound.iter().rposition(|byte| *byte != 0).expect("frames");
    let mut damaged = sound.clone();
    damaged[written / 2] ^= 1;
    let older = [&sound[..written / 2], &vec![0; sound.len() - written / 2]].concat();
    for (what, bytes) in [("damaged", damaged), ("older", older)] {
        fs::write(&segment, bytes).expect("room on the disk");
        let ended = run(&["rebuild"], &dir);
        assert_eq!(ended.code, Some(65), "{what}: {ended:?}");
        assert!(content(&state) == held, "{what}: the state is as it was");
    }
    fs::remove_file(&segment).expect("it was there");
    let ended = run(&["rebuild"], &dir);
    assert_eq!(ended.code, Some(65), "gone: {ended:?}");
    let what_to_do = format!("run `bodega verify --data-dir {}`", dir.display());
    assert!(ended.err.contains(&what_to_do), "{ended:?}");
    assert!(content(&state) == held, "gone: the state is as it was");

    fs::write(&segment, &sound).expect("room on the disk");
    let ended = run(&["rebuild"], &dir);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let aside = fs::read_dir(&dir).expect("readable").any(|entry| {
        let name = entry.expect("readable").file_name();
        name.to_string_lossy().starts_with("state.")
    });
    assert!(!aside, "the old state goes when the new one is whole");
    verify(&dir);
    let serving = Serving::start(&dir);
    assert_eq!(till.orders(serving.address), before);
    serving.stop();
}
