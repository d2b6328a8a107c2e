//! Python: the independent programs that some tests ask for a second opinion; `just venv` installs
//! them.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// A program of the tests' Python environment; nothing, and a word why, where it is not there.
pub fn program(name: &str) -> Option<PathBuf> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or("target".to_owned());
    let venv = std::env::var("BODEGA_TEST_VENV").unwrap_or(format!("{target}/venv"));
    let path = PathBuf::from(venv).join("bin").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there; `just venv` makes it", path.display());
    None
}

/// Where a file of the tests is.
pub fn file(name: &str) -> String {
    format!("{}/tests/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a script says of what it is given to read; nothing where there is no Python for it.
pub fn said_by(name: &str, given: &[u8]) -> Option<Output> {
    let mut child = Command::new(program("python")?)
        .arg(file(name))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program that runs");
    child.stdin.take().expect("a pipe").write_all(given).expect("a script that reads it");
    Some(child.wait_with_output().expect("an end"))
}
