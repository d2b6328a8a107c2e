//! Replay: from the journal to the state, when a start catches up or everything is made again.
//!
//! Invariant: the same `apply` and the same table as in the running shop, so the same bytes. A
//! record that already holds a change is left alone; a missing version in between is damage of
//! the state, never skipped.

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
    table::{FolderGone, Slot, Write, Writer},
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
/// Reading and parsing go ahead on a thread of their own, in order; applying follows.
pub(super) fn catch_up(
    journal: &Path,
    (from, through): (Seq, Seq),
    start: Start,
    registry: &Registry,
    (reader, writer): (&Reader, &mut Writer),
    progress: &dyn Progress,
) -> Result<u64, ReplayFault> {
    progress.begin("replaying the journal", through - from);
    let mut touched = BTreeSet::new();
    let mut missed = BTreeMap::new();
    let mut read = 0;
    thread::scope(|scope| {
        let (ahead, batches) = mpsc::sync_channel(BATCHES_AHEAD_MAX);
        let cursor = Cursor::after(journal, from);
        thread::Builder::new()
            .name("bodega-parse".into())
            .spawn_scoped(scope, move || parse(cursor, through, registry, &ahead))
            .map_err(StoreFault::io("start a thread for", journal))?;
        for batch in batches {
            let Batch { frames, commits } = batch?;
            for commit in commits {
                read += 1;
                replay(&commit, start, (reader, writer), &mut missed)?;
                // From nothing no change is skipped, so there is nothing to put right afterwards.
                if start == Start::State {
                    let names = commit.changes.into_iter().map(|change| (change.kind, change.id));
                    touched.extend(names);
                }
                writer.freeze_if_full()?;
            }
            progress.advance(frames);
        }
        Ok::<_, ReplayFault>(())
    })?;
    if let Some((seq, what)) = missed.into_values().min() {
        return Err(ReplayFault::Gap { seq, what });
    }
    put_rows_right(touched, through, registry, reader, writer)?;
    progress.end();
    Ok(read)
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

/// Aggregates the state holds nothing of although the journal builds on it, by kind and id. That
/// is damage, unless a later change ended them: the state may be ahead of where replaying begins.
type Missed = BTreeMap<(String, String), (Seq, String)>;

fn replay(
    commit: &Commit,
    start: Start,
    (reader, writer): (&Reader, &mut Writer),
    missed: &mut Missed,
) -> Result<(), ReplayFault> {
    let mut writes = Vec::with_capacity(commit.changes.len() + 1);
    for Change { kind, id, version, told } in &commit.changes {
        match told.again(reader, &commit.stamp, start)? {
            Replayed::Already => {}
            Replayed::Again(write) => writes.push(write),
            Replayed::Ended => drop(missed.remove(&(kind.clone(), id.clone()))),
            Replayed::Gap { held } => {
                let what = format!("{kind} {id}, {version} after {held}");
                if held > 0 || start == Start::Nothing {
                    return Err(ReplayFault::Gap { seq: commit.seq, what });
                }
                missed.entry((kind.clone(), id.clone())).or_insert((commit.seq, what));
            }
        }
    }
    writes.extend(request_writes(commit.stamp.at, commit.key.clone(), &commit.forgotten)?);
    writer.publish(commit.seq, writes);
    Ok(())
}

/// A fold that a crash cut short may have left one owner of a row new and the other old; then
/// replaying the old one takes the row from the new one. What they are now says whose it is.
fn put_rows_right(
    touched: BTreeSet<(String, String)>,
    through: Seq,
    registry: &Registry,
    reader: &Reader,
    writer: &mut Writer,
) -> Result<(), ReplayFault> {
    for (kind, id) in touched {
        let mut wrong = Vec::new();
        for (key, value) in registry.rows(reader, &kind, &id)? {
            if reader.row(&key)?.as_ref() != Some(&value) {
                wrong.push((key, Slot::row(Some(value))));
            }
        }
        writer.publish(through, vec![Write::group(wrong)]);
        writer.freeze_if_full()?;
    }
    Ok(())
}

/// Frames that are handed on at once, and bytes of them.
const BATCH_FRAMES: u64 = 128;
const BATCH_BYTES: usize = 256 * 1024;
/// Batches that may wait to be applied.
const BATCHES_AHEAD_MAX: usize = 8;

#[cfg(test)]
mod tests;
