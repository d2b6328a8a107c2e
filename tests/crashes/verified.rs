//! Verified: a rebuild that cannot be.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    process::{a_shop_with_orders, first_segment, room},
    support::process::{Serving, run, verify},
};

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
