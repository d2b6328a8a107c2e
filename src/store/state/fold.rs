//! Folding: a thread of its own writes frozen generations of the memory table into the state.
//!
//! Invariant: a record and its rows reach the state in one batch, the applied number in the
//! last batch of its generation. A batch is small, because sled holds a lock of the whole
//! process for as long as one takes (about half a millisecond for this size). A checkpoint says
//! no more than is whole, so a replay that is cut short leaves nothing half right behind.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::clock::Clock;

use super::{
    super::{
        Seq,
        disk::Disk,
        fault::StoreFault,
        keys::{self, Key},
        reader::Cache,
        table::{Frozen, GENERATIONS_WAITING_MAX, Slot, Table, Whole},
        words_of,
    },
    State,
};

/// What the folder is asked.
pub enum Fold {
    /// Write this generation into the state.
    Generation(Frozen),
    /// Make a checkpoint of everything before, and say when it is done.
    Checkpoint(mpsc::Sender<Result<Seq, StoreFault>>),
}

/// The thread that folds.
pub(in super::super) struct Folder {
    pub state: Arc<State>,
    pub table: Arc<Table>,
    pub cache: Arc<Cache>,
    pub disk: Disk,
    /// The store is being closed: waiting for better times is over.
    pub ending: Arc<AtomicBool>,
    /// Everything up to there is folded, and whole.
    pub through: Seq,
    pub checkpointed: Seq,
    /// When the last checkpoint was begun, and the time it is told from.
    pub since: Duration,
    pub clock: Clock,
    /// A checkpoint is worth its while before its time.
    pub wanted: bool,
    /// A checkpoint under way beside folding.
    pub syncing: Option<JoinHandle<Result<Seq, StoreFault>>>,
}

impl Folder {
    /// Starts the thread. It ends when all senders are gone, or when the state fails.
    pub fn start(self) -> Result<(SyncSender<Fold>, JoinHandle<()>), StoreFault> {
        let (asked, questions) = mpsc::sync_channel(GENERATIONS_WAITING_MAX);
        let dir = self.state.dir.clone();
        let thread = thread::Builder::new()
            .name("bodega-folder".into())
            .spawn(move || self.work(&questions))
            .map_err(StoreFault::io("start a thread for", &dir))?;
        Ok((asked, thread))
    }

    fn work(mut self, questions: &Receiver<Fold>) {
        // Commits and answers come first; folding may lag behind, up to the table's bound.
        let _ = rustix::process::setpriority_process(None, NICE);
        self.answer(questions);
        if let Err(fault) = self.end_syncing() {
            tracing::warn!(%fault, "the state could not be synced; the next start catches up");
        }
    }

    fn answer(&mut self, questions: &Receiver<Fold>) {
        loop {
            let done = match questions.recv_timeout(CHECKPOINT_IDLE) {
                Ok(Fold::Generation(frozen)) => self.fold(&frozen),
                Ok(Fold::Checkpoint(answer)) => {
                    let outcome = self.checkpoint();
                    let _ = answer.send(outcome.clone().map(|()| self.checkpointed));
                    outcome
                }
                Err(RecvTimeoutError::Timeout) => self.checkpoint(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match done {
                Ok(()) => {}
                // Nothing is lost of what was folded; only the note that says so is missing yet.
                Err(fault @ StoreFault::Io { .. }) => {
                    tracing::warn!(%fault, "the state could not be synced yet; it is tried again");
                }
                Err(fault @ StoreFault::DiskFull) => return refuse_the_rest(questions, &fault),
                Err(fault) => {
                    tracing::error!(%fault, "the state takes no more changes");
                    return;
                }
            }
        }
    }

    fn fold(&mut self, frozen: &Frozen) -> Result<(), StoreFault> {
        self.wait_for_room()?;
        let mut groups: BTreeMap<&Key, BTreeSet<&Key>> = BTreeMap::new();
        for keys in &frozen.groups {
            if let Some(first) = keys.first() {
                groups.entry(first).or_default().extend(keys);
            }
        }
        let mut batch = Batch::default();
        for keys in groups.into_values() {
            for key in keys {
                batch.add(key, frozen)?;
            }
            if batch.is_large() {
                self.write(std::mem::take(&mut batch))?;
                thread::yield_now();
            }
        }
        batch.writes.push((Key::applied(), Some(frozen.through.to_le_bytes().to_vec())));
        self.write(batch)?;
        self.table.forget(frozen);
        match frozen.whole {
            Whole::NotYet => {}
            Whole::Yes => self.through = frozen.through,
            Whole::AndMuch => (self.through, self.wanted) = (frozen.through, true),
        }
        self.checkpoint_beside()
    }

    /// While there is always something to fold, a checkpoint is made by a thread of its own: on
    /// a slow disk a sync takes seconds, and commits would soon wait for the table to be emptied.
    fn checkpoint_beside(&mut self) -> Result<(), StoreFault> {
        if self.syncing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.end_syncing()?;
        }
        if !self.is_due() || self.syncing.is_some() || self.disk.is_very_low() {
            return Ok(());
        }
        (self.since, self.wanted) = (self.clock.running(), false);
        let (state, whole) = (Arc::clone(&self.state), self.through);
        let thread = thread::Builder::new().name("bodega-sync".into());
        let thread = thread.spawn(move || state.checkpoint(whole));
        self.syncing = Some(thread.map_err(StoreFault::io("start a thread for", &self.state.dir))?);
        Ok(())
    }

    /// Whether the next start would have too much to catch up with, or whatever there is has
    /// waited long enough.
    fn is_due(&self) -> bool {
        let waited = self.clock.running().saturating_sub(self.since);
        let behind = self.through - self.checkpointed;
        behind >= CHECKPOINT_FRAMES || (behind > 0 && (self.wanted || waited >= CHECKPOINT_EVERY))
    }

    /// Waits for the checkpoint under way, if there is one.
    fn end_syncing(&mut self) -> Result<(), StoreFault> {
        let Some(thread) = self.syncing.take() else { return Ok(()) };
        let broken =
            |panic: Box<dyn Any + Send>| StoreFault::StateDamaged { what: words_of(&*panic) };
        self.checkpointed = thread.join().map_err(broken)??.max(self.checkpointed);
        Ok(())
    }

    fn write(&self, batch: Batch) -> Result<(), StoreFault> {
        self.state.put(batch.writes)?;
        for (key, slot) in batch.records {
            match slot {
                // Replaces what a reader may just be loading from before.
                Slot::Record(record) => self.cache.insert(key, record),
                // So does this: what is being loaded does not get in.
                Slot::Row(_) | Slot::Gone => drop(self.cache.remove(&key)),
            }
        }
        Ok(())
    }

    /// sled breaks for good if the disk is full in the middle of a write. Until there is room,
    /// the table is read; commits are refused long before it is full.
    fn wait_for_room(&self) -> Result<(), StoreFault> {
        let mut is_told = false;
        while self.disk.is_very_low() {
            if self.ending.load(Ordering::SeqCst) {
                return Err(StoreFault::DiskFull);
            }
            if !is_told {
                is_told = true;
                tracing::warn!("the disk is full; what is new waits in memory until there is room");
            }
            thread::park_timeout(ROOM_AGAIN);
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), StoreFault> {
        self.end_syncing()?;
        if self.disk.is_very_low() {
            return Ok(());
        }
        if self.through > self.checkpointed || super::checkpoint::noted(&self.state.dir).is_none() {
            (self.since, self.wanted) = (self.clock.running(), false);
            self.checkpointed = self.state.checkpoint(self.through)?;
        }
        Ok(())
    }
}

/// The store is being closed on a full disk: the rest stays in the journal, and whoever asks for
/// a checkpoint hears why there is none.
fn refuse_the_rest(questions: &Receiver<Fold>, why: &StoreFault) {
    for question in questions {
        if let Fold::Checkpoint(answer) = question {
            let _ = answer.send(Err(why.clone()));
        }
    }
}

/// Ends the folding thread, whose senders must be gone, and says if it broke.
pub fn join(thread: JoinHandle<()>) -> Result<(), StoreFault> {
    thread.join().map_err(|panic| StoreFault::StateDamaged { what: words_of(&*panic) })
}

#[derive(Default)]
struct Batch {
    writes: Vec<(Key, Option<Vec<u8>>)>,
    records: Vec<(Key, Slot)>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, key: &Key, frozen: &Frozen) -> Result<(), StoreFault> {
        let Some(slot) = frozen.generation.get(key) else { return Ok(()) };
        let body = match &slot {
            Slot::Record(record) => {
                let body = record.body().map_err(|fault| StoreFault::StateDamaged {
                    what: format!("{key:?} cannot be encoded: {fault}"),
                })?;
                Some(body)
            }
            Slot::Row(value) => Some(value.to_vec()),
            Slot::Gone => None,
        };
        self.bytes += body.as_ref().map_or(0, Vec::len);
        self.writes.push((key.clone(), body));
        if keys::is_record(key) {
            self.records.push((key.clone(), slot));
        }
        Ok(())
    }

    fn is_large(&self) -> bool {
        self.writes.len() >= FOLD_WRITES || self.bytes >= FOLD_BYTES
    }
}

const FOLD_WRITES: usize = 32;
const FOLD_BYTES: usize = 64 * 1024;
/// So much may be left for the next start to catch up with ...
const CHECKPOINT_FRAMES: u64 = 100_000;
/// ... and for so long, while the shop is never quite idle.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
const CHECKPOINT_IDLE: Duration = Duration::from_secs(5);
const ROOM_AGAIN: Duration = Duration::from_millis(200);
const NICE: i32 = 5;

#[cfg(test)]
mod tests;
