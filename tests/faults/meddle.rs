//! Orders for the meddler (`meddler.rs`), which lets one write or sync of the shop end badly.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The environment in which a shop on `dir` meets this fate: `die:17`, `tear:17`,
/// `fail_syncs:17`, `slow_syncs:20000` (microseconds) or `full:17`.
pub fn order(fate: &str, dir: &Path) -> Vec<(String, String)> {
    let named = |name: &str, value: String| (name.to_owned(), value);
    vec![
        named("LD_PRELOAD", library().display().to_string()),
        named("MEDDLE", fate.to_owned()),
        named("MEDDLE_DIR", dir.display().to_string()),
    ]
}

/// The meddler, compiled once a process.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let own = format!("meddler-{}.so", std::process::id());
        let library = folder.join(own);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/meddler.rs");
        let compiler = std::env::var_os("RUSTC").unwrap_or("rustc".into());
        let compiled = Command::new(compiler)
            .args(["--edition", "2024", "--crate-type", "cdylib", "-C", "panic=abort", "-o"])
            .arg(&library)
            .arg(&source)
            .status();
        assert!(compiled.is_ok_and(|status| status.success()), "the meddler does not compile");
        // One name for all, so that few are left behind.
        let shared = folder.join("meddler.so");
        std::fs::rename(&library, &shared).expect("our own folder");
        shared
    })
}
