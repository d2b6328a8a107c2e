//! Replay: from the journal to the state, when a start catches up or everything is made again.
//!
//! Invariant: the same `apply` and the same table as in the running shop, so the same bytes. A
//! record that already holds a change is left alone; a missing version in between is damage of
//! the state, never skipped.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Seq,
    change::{Written, replayed_write, request_writes},
    fault::StoreFault,
    journal::read::Cursor,
    kinds::{Registry, Replayed},
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
pub(super) fn catch_up(
    journal: &Path,
    (from, through): (Seq, Seq),
    registry: &Registry,
    reader: &Reader,
    writer: &mut Writer,
    progress: &dyn Progress,
) -> Result<u64, ReplayFault> {
    progress.begin("replaying the journal", through - from);
    let mut cursor = Cursor::after(journal, from);
    let mut touched = BTreeSet::new();
    let mut missed = BTreeMap::new();
    let mut read = 0;
    while let Some(entry) = cursor.next(through)? {
        progress.advance(1);
        if entry.payload.is_empty() {
            continue;
        }
        read += 1;
        let written = Written::read(entry.seq, &entry.payload)?;
        replay((entry.seq, from), &written, registry, (reader, writer), &mut missed)?;
        // From zero nothing is skipped, so there is nothing to put right afterwards.
        if from > 0 {
            touched.extend(written.changes.into_iter().map(|change| (change.kind, change.id)));
        }
        writer.freeze_if_full()?;
    }
    if let Some((seq, what)) = missed.into_values().min() {
        return Err(ReplayFault::Gap { seq, what });
    }
    put_rows_right(touched, through, registry, reader, writer)?;
    progress.end();
    Ok(read)
}

/// Aggregates the state holds nothing of although the journal builds on it, by kind and id. That
/// is damage, unless a later change ended them: the state may be ahead of where replaying begins.
type Missed = BTreeMap<(String, String), (Seq, String)>;

fn replay(
    (seq, from): (Seq, Seq),
    written: &Written,
    registry: &Registry,
    (reader, writer): (&Reader, &mut Writer),
    missed: &mut Missed,
) -> Result<(), ReplayFault> {
    let stamp = written.stamp();
    for change in &written.changes {
        let name = || (change.kind.clone(), change.id.clone());
        match registry.replay(reader, change, &stamp, seq)? {
            Replayed::Already => {}
            Replayed::Again(change) => writer.publish(seq, vec![replayed_write(change)]),
            Replayed::Ended => drop(missed.remove(&name())),
            Replayed::Gap { held } => {
                let what =
                    format!("{} {}, {} after {held}", change.kind, change.id, change.version);
                if held > 0 || from == 0 {
                    return Err(ReplayFault::Gap { seq, what });
                }
                missed.entry(name()).or_insert((seq, what));
            }
        }
    }
    let requests = request_writes(written.at, written.key.clone(), &written.forgotten())?;
    writer.publish(seq, requests);
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

#[cfg(test)]
mod tests;
