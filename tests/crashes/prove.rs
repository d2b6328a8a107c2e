//! Prove: each proof of `bodega prove`, small, by the binary that was built.

use std::process::{Command, Output};

/// Runs `bodega prove` where temporary files are ours; what it said, and whether it left anything.
fn prove(arguments: &[&str]) -> Output {
    let room = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bodega"));
    command.arg("prove").args(arguments).env("TMPDIR", room.path()).current_dir(room.path());
    // What steers the tests is no setting of a shop.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BODEGA_") {
            command.env_remove(name);
        }
    }
    let ended = command.output().expect("the binary was built");
    let left: Vec<_> = room.path().read_dir().expect("readable").collect();
    assert!(left.is_empty(), "it leaves nothing behind: {left:?}, {ended:?}");
    ended
}

#[track_caller]
fn holds(arguments: &[&str]) -> String {
    let ended = prove(arguments);
    let said = String::from_utf8(ended.stdout).expect("text");
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}\n{complained}");
    for line in ["  tried  ", "  found  ", "  holds  "] {
        assert!(said.contains(line), "{said}");
    }
    said
}

#[test]
fn nothing_is_oversold() {
    let small = ["oversell", "--buyers", "8", "--units", "4", "--wishes", "12", "--seed", "3"];
    let said = holds(&small);
    assert!(said.starts_with("oversell (seed 3)\n"), "{said}");
    assert!(said.contains("0 oversold"), "{said}");
}

#[test]
fn money_is_right_to_the_cent() {
    let said = holds(&["money", "--carts", "500", "--orders", "3"]);
    assert!(said.contains("500 carts by the rules alone, and 9 orders"), "{said}");
}

#[test]
fn what_was_acknowledged_survives_kills() {
    let said = holds(&["crash", "--kills", "4", "--buyers", "3"]);
    assert!(said.contains("4 kills (SIGKILL)") && said.contains("0 lost"), "{said}");
}

#[test]
fn what_was_acknowledged_survives_power_cuts() {
    let arguments = ["power", "--cuts", "1", "--buyers", "3"];
    let ended = prove(&arguments);
    let why = String::from_utf8_lossy(&ended.stderr);
    if ended.status.code() == Some(1) && why.contains("power could not be tried: ") {
        eprintln!("skipped: {why}");
        return;
    }
    let said = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(0), "{said}\n{why}");
    assert!(said.contains("2 power cuts") && said.contains("0 lost"), "{said}");
}

#[test]
fn a_proof_never_touches_a_shop() {
    let ended = prove(&["oversell", "--data-dir", "shop"]);
    assert_eq!(ended.status.code(), Some(1));
    let why = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(why.contains("temporary directory of its own"), "{why}");
}
