//! Leftovers: the ends that were cut off the journal, kept aside for whoever wants to look.
//!
//! Invariant: at most [`KEPT_MAX`] are there after one is added, the newest ones. Nothing that is
//! in one of them was ever answered with yes, so nothing is lost with it.

use std::{
    fs, io,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::domain::time::Timestamp;

/// Lets go of all but the newest in the journal's directory, and of those from before a moment;
/// how many that were. Safe to repeat.
pub(super) fn let_go(dir: &Path, before: Timestamp) -> io::Result<usize> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    let is_old = |at: SystemTime| {
        let millis = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        i64::try_from(millis).is_ok_and(|millis| millis < before.millis())
    };
    let mut gone = 0;
    for (newer, (at, path)) in found.into_iter().enumerate() {
        if newer >= KEPT_MAX || is_old(at) {
            fs::remove_file(path)?;
            gone += 1;
        }
    }
    Ok(gone)
}

/// What the name of each begins with; the segment and the place in it follow.
pub(super) const PREFIX: &str = "torn-";
/// Crashes whose traces are kept.
const KEPT_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_newest_ends_are_kept_and_none_for_ever() {
        let room = tempfile::tempdir().expect("a folder");
        let written = |number: u64| room.path().join(format!("{PREFIX}000-{number}"));
        for number in 0..30 {
            let file = fs::File::create(written(number)).expect("room on the disk");
            let at = UNIX_EPOCH + Duration::from_secs(1_000 + number);
            file.set_modified(at).expect("our own file");
        }
        let segment = room.path().join("00000000000000000001.journal");
        fs::write(&segment, "frames").expect("room on the disk");
        assert_eq!(let_go(room.path(), Timestamp::default()).expect("a folder"), 10);
        assert!(!written(9).exists() && written(10).exists());
        assert_eq!(let_go(room.path(), Timestamp::default()).expect("a folder"), 0);
        let before = Timestamp::from_millis(1_029_000);
        assert_eq!(let_go(room.path(), before).expect("a folder"), 19);
        assert!(written(29).exists() && segment.exists());
    }
}
