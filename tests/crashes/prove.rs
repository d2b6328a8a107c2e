//! Prove: each proof of `bodega prove`, small, by the binary that was built.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use super::support::patience::until;

/// `bodega prove` where temporary files are ours.
fn proving(arguments: &[&str], room: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bodega"));
    command.arg("prove").args(arguments).env("TMPDIR", room).current_dir(room);
    // What steers the tests is no setting of a shop.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BODEGA_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs `bodega prove`; what it said. It leaves nothing behind.
fn prove(arguments: &[&str]) -> Output {
    let room = tempfile::tempdir().expect("a temporary directory");
    let ended = proving(arguments, room.path()).output().expect("the binary was built");
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

/// Whether a process works below this directory: a shop that is being tried.
fn is_somebody_below(room: &Path) -> bool {
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let mut at = processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
    at.any(|at| at != room && at.starts_with(room))
}

#[test]
fn a_proof_that_is_told_to_stop_leaves_nothing_behind() {
    for (arguments, signal) in [
        (["crash", "--kills", "1000000", "--buyers", "2"], Signal::TERM),
        (["power", "--cuts", "1000000", "--buyers", "2"], Signal::INT),
    ] {
        let room = tempfile::tempdir().expect("a temporary directory");
        let mut command = proving(&arguments, room.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary was built");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process")).expect("a process");
        // Under way, or not to be had here.
        until("a proof with a shop", || {
            let over = child.try_wait().expect("our own child");
            (over.is_some() || is_somebody_below(room.path())).then_some(())
        });
        // It may have ended by itself.
        let _ = kill_process(pid, signal);
        let ended = child.wait_with_output().expect("our own child");
        let why = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{why}");
        if why.contains("could not be tried: ") {
            eprintln!("skipped: {why}");
            continue;
        }
        assert!(why.contains("stopped; nothing is left behind"), "{why}");
        let left: Vec<_> = room.path().read_dir().expect("readable").collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(!is_somebody_below(room.path()), "its shop has ended");
        let mounts = fs::read_to_string("/proc/mounts").expect("Linux");
        assert!(!mounts.contains(&room.path().display().to_string()), "{mounts}");
    }
}
