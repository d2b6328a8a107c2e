//! Replay: from the journal to the state, when a start catches up or everything is made again.
//!
//! Invariant: the same `apply` and the same table as in the running shop, so the same bytes. A
//! record that already holds a change is left alone; a missing version in between is damage of
//! the state, never skipped. What is gone may begin again at version 1: a record may hold a later
//! life than the one that is being replayed, and does so only until that one ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::mpsc::{self, SyncSender},
    thread,
};

use crate::domain::time::Stamp;

use super::{
    Seq,
    change::{RequestKey, Written, WrittenChange, request_writes},
    fault::StoreFault,
    journal::read::Cursor,
    kinds::{Registry, Replayed, Start, Told},
    progress::Progress,
    reader::Reader,
    table::{FolderGone, Slot, Whole, Write, Writer},
};

/// Why a replay stopped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReplayFault {
    /// The state misses something the journal builds on.
    #[error("frame {seq} builds on a version of {what} that the state does not hold")]
    Gap {
        /// The frame.
        seq: Seq,
        /// Which aggregate.
        what: String,
    },
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
}

impl From<FolderGone> for ReplayFault {
    fn from(gone: FolderGone) -> ReplayFault {
        ReplayFault::Fault(StoreFault::StateDamaged { what: gone.to_string() })
    }
}

/// Brings the state from commit `from` to `through`; how many commits were read.
///
/// Reading and parsing go ahead on a thread of their own, in order; applying follows. A replay
/// that is cut short is not begun from the front again: now and then the state is made whole, so
/// that a checkpoint may be made of it.
pub(super) fn catch_up(
    journal: &Path,
    (from, through): (Seq, Seq),
    start: Start,
    registry: &Registry,
    (reader, writer): (&Reader, &mut Writer),
    progress: &dyn Progress,
) -> Result<u64, ReplayFault> {
    progress.begin("replaying the journal", through - from);
    let (touched, missed) = (BTreeSet::new(), BTreeMap::new());
    let mut replay = Replay { start, registry, reader, writer, touched, missed, read: 0 };
    replay.begin();
    thread::scope(|scope| {
        let (ahead, batches) = mpsc::sync_channel(BATCHES_AHEAD_MAX);
        let cursor = Cursor::after(journal, from);
        thread::Builder::new()
            .name("bodega-parse".into())
            .spawn_scoped(scope, move || parse(cursor, through, registry, &ahead))
            .map_err(StoreFault::io("start a thread for", journal))?;
        let (mut reached, mut whole) = (from, from);
        for batch in batches {
            let Batch { frames, commits } = batch?;
            for commit in commits {
                replay.take(commit)?;
            }
            reached += frames;
            if reached - whole >= WHOLE_EACH_FRAMES && replay.missed.is_empty() {
                replay.make_whole(reached, Whole::Yes)?;
                replay.begin();
                whole = reached;
            }
            progress.advance(frames);
        }
        Ok::<_, ReplayFault>(())
    })?;
    let read = replay.end((from, through))?;
    progress.end();
    Ok(read)
}

/// A replay under way.
struct Replay<'a> {
    start: Start,
    registry: &'a Registry,
    reader: &'a Reader,
    writer: &'a mut Writer,
    /// What was changed since the state was whole, by kind and id.
    touched: BTreeSet<(String, String)>,
    missed: Missed,
    /// Commits that were read.
    read: u64,
}

/// Aggregates of which the state holds nothing, or a later life, although the journal builds on
/// it; by kind and id. That is damage, unless a later change ends them: the state may be ahead of
/// where replaying begins.
type Missed = BTreeMap<(String, String), (Seq, String)>;

impl Replay<'_> {
    /// From nothing no change is skipped, so the state is whole after each commit.
    fn begin(&mut self) {
        match self.start {
            Start::Nothing => {}
            Start::State => self.writer.is_in_pieces(),
        }
    }

    fn take(&mut self, commit: Commit) -> Result<(), ReplayFault> {
        let mut writes = Vec::with_capacity(commit.changes.len() + 1);
        for Change { kind, id, version, told } in commit.changes {
            let name = (kind, id);
            match told.again(self.reader, &commit.stamp, self.start)? {
                Replayed::Already => {}
                Replayed::Again(write) => writes.push(write),
                Replayed::Ended(write) => {
                    self.missed.remove(&name);
                    writes.push(write);
                }
                Replayed::Gap { held } => {
                    let what = format!("{} {}, {version} after {held}", name.0, name.1);
                    if self.start == Start::Nothing {
                        return Err(ReplayFault::Gap { seq: commit.seq, what });
                    }
                    self.missed.entry(name.clone()).or_insert((commit.seq, what));
                }
            }
            if self.start == Start::State {
                self.touched.insert(name);
            }
        }
        writes.extend(request_writes(commit.stamp.at, commit.key, &commit.forgotten)?);
        self.writer.publish(commit.seq, writes);
        self.read += 1;
        Ok(self.writer.freeze_if_full()?)
    }

    /// A fold that a crash cut short may have left one owner of a row new and the other old; then
    /// replaying the old one takes the row from the new one. What they are now says whose it is.
    fn make_whole(&mut self, through: Seq, whole: Whole) -> Result<(), ReplayFault> {
        for (kind, id) in std::mem::take(&mut self.touched) {
            let mut wrong = Vec::new();
            for (key, value) in self.registry.rows(self.reader, &kind, &id)? {
                if self.reader.row(&key)?.as_ref() != Some(&value) {
                    wrong.push((key, Slot::row(Some(value))));
                }
            }
            if !wrong.is_empty() {
                self.writer.publish(through, vec![Write::group(wrong)]);
                self.writer.freeze_if_full()?;
            }
        }
        Ok(self.writer.is_whole(through, whole)?)
    }

    /// How many commits were read, if nothing is missing.
    fn end(mut self, (from, through): (Seq, Seq)) -> Result<u64, ReplayFault> {
        if let Some((seq, what)) = std::mem::take(&mut self.missed).into_values().min() {
            return Err(ReplayFault::Gap { seq, what });
        }
        let is_much = self.start == Start::Nothing || self.read >= CHECKPOINT_AFTER_COMMITS;
        let whole = if is_much { Whole::AndMuch } else { Whole::Yes };
        // After frames that only close the journal the state is as it was.
        self.make_whole(if self.read == 0 { from } else { through }, whole)?;
        Ok(self.read)
    }
}

/// Some frames that were read, and the commits in them.
#[derive(Default)]
struct Batch {
    frames: u64,
    commits: Vec<Commit>,
}

/// A commit that was read.
struct Commit {
    seq: Seq,
    stamp: Stamp,
    key: Option<RequestKey>,
    forgotten: Vec<[u8; 32]>,
    changes: Vec<Change>,
}

/// A change that was read.
struct Change {
    kind: String,
    id: String,
    version: u64,
    told: Box<dyn Told>,
}

/// Reads ahead, until the end, a fault, or nobody who waits for more.
fn parse(
    mut cursor: Cursor,
    through: Seq,
    registry: &Registry,
    ahead: &SyncSender<Result<Batch, StoreFault>>,
) {
    loop {
        let batch = next_batch(&mut cursor, through, registry);
        let is_last = batch.as_ref().map_or(true, |batch| batch.frames == 0);
        if ahead.send(batch).is_err() || is_last {
            return;
        }
    }
}

fn next_batch(cursor: &mut Cursor, through: Seq, registry: &Registry) -> Result<Batch, StoreFault> {
    let mut batch = Batch::default();
    let mut bytes = 0;
    while batch.frames < BATCH_FRAMES && bytes < BATCH_BYTES {
        let Some(entry) = cursor.next(through)? else { break };
        batch.frames += 1;
        bytes += entry.payload.len();
        if entry.payload.is_empty() {
            continue;
        }
        let written = Written::read(entry.seq, &entry.payload)?;
        let (stamp, forgotten) = (written.stamp(), written.forgotten());
        let Written { key, changes, .. } = written;
        let changes = changes.into_iter().map(|written| {
            let told = registry.read(&written, entry.seq)?;
            let WrittenChange { kind, id, version, .. } = written;
            Ok(Change { kind, id, version, told })
        });
        let changes = changes.collect::<Result<_, StoreFault>>()?;
        batch.commits.push(Commit { seq: entry.seq, stamp, key, forgotten, changes });
    }
    Ok(batch)
}

/// Frames that are handed on at once, and bytes of them.
const BATCH_FRAMES: u64 = 128;
const BATCH_BYTES: usize = 256 * 1024;
/// Batches that may wait to be applied.
const BATCHES_AHEAD_MAX: usize = 8;
/// How often the state is made whole meanwhile: what a replay that is cut short begins again.
const WHOLE_EACH_FRAMES: u64 = 50_000;
/// After a replay of so many, the state is synced in the background: killed again and again, each
/// start would have more to catch up with.
const CHECKPOINT_AFTER_COMMITS: u64 = 5_000;

#[cfg(test)]
mod tests;
