//! Verify: is everything that can be seen from the data as it must be? Of a stopped shop.
//!
//! Invariant: changes nothing but what a start would change too. It reads every frame, makes
//! the state again from zero and compares it with the live one, byte for byte (stored answers
//! apart, which the journal does not know); then asks the shop's own checks.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    OpenReport, Seq, StoreOptions,
    disk::Disk,
    fault::StoreFault,
    journal::{self, open::survey_all},
    keys::{ANSWER_TAG, NOTE_TAG, PIECE_TAG},
    kinds::{Registry, Start},
    live::Live,
    lock::DirLock,
    open,
    progress::Progress,
    reader::Reader,
    replay::{ReplayFault, catch_up},
    state::State,
};

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: String,
    /// Where: a file and offset, a key, an aggregate.
    pub place: String,
}

/// A rule about the whole shop, asked of the state as rebuilt from the journal.
pub trait Check {
    /// What it is called.
    fn name(&self) -> &'static str;
    /// Everything that breaks it.
    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault>;
}

/// What a verification came to.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// The last frame.
    pub seq: Seq,
    /// Commits that were replayed from zero.
    pub commits: u64,
    /// Entries of the state that were compared.
    pub compared: u64,
    /// What opening found: an unsynced end, a state made again.
    pub opened: OpenReport,
    /// What is not as it must be; empty if all is well.
    pub findings: Vec<Finding>,
}

/// Verifies the shop in `dir`.
pub fn verify(
    dir: &Path,
    registry: &Registry,
    options: StoreOptions,
    checks: &[Box<dyn Check>],
    progress: &dyn Progress,
) -> Result<VerifyReport, StoreFault> {
    let lock = Arc::new(DirLock::take(dir)?);
    let mut report = VerifyReport::default();
    let cache_bytes = options.cache_bytes;
    let disk = Disk::under(dir, options.low_water_bytes, options.faults.clone());
    let opened = survey_all(&journal::dir_of(dir))
        .and_then(|_| open::open(dir, Arc::clone(&lock), registry, options, progress));
    match opened {
        Ok((store, opened)) => {
            report.seq = opened.seq;
            report.opened = opened;
            store.close()?;
        }
        Err(StoreFault::Damaged { file, offset, what, .. }) => {
            let place = format!("{} at byte {offset}", file.display());
            report.findings.push(Finding { what, place });
            return Ok(report);
        }
        Err(other) => return Err(other),
    }
    let scratch = Scratch::make(dir)?;
    let mut live = Live::start(State::open(&scratch.0)?, 0, cache_bytes, disk)?;
    let journal_dir = journal::dir_of(dir);
    let (range, into) = ((0, report.seq), (&live.reader, &mut live.writer));
    match catch_up(&journal_dir, range, Start::Nothing, registry, into, progress) {
        Ok(commits) => report.commits = commits,
        Err(ReplayFault::Gap { seq, what }) => {
            let what = format!("a version is missing before {what}");
            report.findings.push(Finding { what, place: format!("frame {seq}") });
        }
        Err(ReplayFault::Fault(fault)) => {
            live.abandon();
            return Err(fault);
        }
    }
    for check in checks {
        let findings = check.findings(&live.reader)?.into_iter().take(FINDINGS_MAX);
        report.findings.extend(findings.map(|finding| Finding {
            what: format!("{}: {}", check.name(), finding.what),
            ..finding
        }));
    }
    let rebuilt = live.finish()?;
    compare(&State::open(&dir.join("state"))?, &rebuilt, &mut report, progress)?;
    Ok(report)
}

/// A folder for the state made from zero; removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn make(dir: &Path) -> Result<Scratch, StoreFault> {
        let path = dir.join(SCRATCH_NAME);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(StoreFault::io("remove", &path))?;
        }
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind, it is removed by the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what a verification left behind that was broken off: it takes as much room as the state.
/// Where it cannot be, the next one removes it or says why not.
pub(super) fn clear_away(dir: &Path) {
    let _ = fs::remove_dir_all(dir.join(SCRATCH_NAME));
}

/// Walks both states side by side.
fn compare(
    live: &State,
    rebuilt: &State,
    report: &mut VerifyReport,
    progress: &dyn Progress,
) -> Result<(), StoreFault> {
    progress.begin("comparing the state", 0);
    let (mut left, mut right) = (Walk::over(live)?, Walk::over(rebuilt)?);
    while report.findings.len() < FINDINGS_MAX {
        let what = match (&left.head, &right.head) {
            (None, None) => break,
            (Some((key, _)), Some((other, _))) if key < other => "the journal knows nothing of it",
            (Some(_), None) => "the journal knows nothing of it",
            (Some((key, _)), Some((other, _))) if key > other => "the state lacks it",
            (None, Some(_)) => "the state lacks it",
            (Some((_, value)), Some((_, made))) if value != made => "it differs from the journal",
            (Some(_), Some(_)) => "",
        };
        let smallest = left.head.iter().chain(&right.head).map(|(key, _)| key.clone()).min();
        let Some(key) = smallest else { break };
        if !what.is_empty() {
            let place = format!("state key {}", key.escape_ascii());
            report.findings.push(Finding { what: what.to_owned(), place });
        }
        left.pass(&key)?;
        right.pass(&key)?;
        report.compared += 1;
        progress.advance(1);
    }
    progress.end();
    Ok(())
}

/// The raw entries of a state that the journal speaks of.
struct Walk<'a> {
    state: &'a State,
    entries: sled::Iter,
    head: Option<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Walk<'a> {
    fn over(state: &'a State) -> Result<Walk<'a>, StoreFault> {
        let mut walk = Walk { state, entries: state.raw()?, head: None };
        walk.step()?;
        Ok(walk)
    }

    fn pass(&mut self, key: &[u8]) -> Result<(), StoreFault> {
        if self.head.as_ref().is_some_and(|(head, _)| head == key) { self.step() } else { Ok(()) }
    }

    fn step(&mut self) -> Result<(), StoreFault> {
        loop {
            self.head = self.state.raw_step(&mut self.entries)?;
            let Some((key, _)) = &self.head else { return Ok(()) };
            let beside =
                matches!(key.as_slice(), [NOTE_TAG | ANSWER_TAG, ..] | [PIECE_TAG, ANSWER_TAG, ..]);
            if !beside {
                return Ok(());
            }
        }
    }
}

const SCRATCH_NAME: &str = "verify.tmp";
/// More of one kind is not told once so much is wrong.
const FINDINGS_MAX: usize = 1000;

#[cfg(test)]
mod tests;
