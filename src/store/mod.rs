//! Store: keeps what was decided. The journal is the truth, sled behind it is what can be asked.
//!
//! Invariant: no yes before its frame is on the disk; everything but the journal can be deleted
//! and made again. Knows nothing of HTTP, actors, or what the shop sells.
//!
//! The road of a commit: `change` makes it, `queue` lines it up, `commit` writes it into
//! the `journal` and publishes it in the `table`, from where it is folded into the `state`.

pub mod change;
mod changes;
mod codec;
mod commit;
mod disk;
pub mod fault;
pub mod faults;
pub mod journal;
pub mod keys;
pub mod kinds;
mod leftovers;
mod live;
mod lock;
mod open;
pub mod progress;
mod queue;
pub mod reader;
pub mod replay;
mod state;
mod sync;
mod table;
pub mod tickets;
pub mod verify;

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, atomic::Ordering},
    thread::JoinHandle,
};

use tokio::sync::watch;

use crate::domain::time::Timestamp;

pub use change::{Change, Commit, Made, RequestKey, StoredAnswer, Written, WrittenChange};
pub use fault::StoreFault;
pub use faults::{Faults, Stop};
pub use journal::{open::Torn, read::Entry};
pub use keys::{Key, KeyBuilder};
pub use kinds::{Kept, KeptRequest, Record, Registry, Row, Versioned, registry};
pub use open::rebuild;
pub use progress::{Progress, Silent};
pub use reader::{All, Footprint, Order, Reader};
pub use tickets::{Durable, Ticket};
pub use verify::{Check, Finding, VerifyReport, verify};

use commit::overtaken_in;
use disk::Disk;
use live::Folding;
use lock::DirLock;
use queue::Queue;
use sync::{Mutex, MutexGuard};
use table::{Slot, Table, Write};
use tickets::{Fate, Status};

/// The number of a frame in the journal, from 1; 0 is before the first.
pub type Seq = u64;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Size of a segment of the journal.
    pub segment_bytes: u64,
    /// Below so much free space nothing is written.
    pub low_water_bytes: u64,
    /// Commits that may wait for the commit thread.
    pub queue_commits_max: usize,
    /// Bytes of commits that may wait for the commit thread.
    pub queue_bytes_max: usize,
    /// How much of the journal that is sealed and folded long ago is read again before the shop
    /// opens; what is older is read in the background.
    pub sealed_bytes_read_max: u64,
    /// After a replay of so many commits, more than a crash usually leaves, the shop is not opened
    /// before the state is synced: were it killed again and again, each start would have more.
    pub replay_commits_max: u64,
    /// Memory for decoded records.
    pub cache_bytes: u64,
    /// The least timeline frames are written in; a restore raises it.
    pub timeline: u32,
    /// What a test wants to go wrong.
    pub faults: Option<Arc<Faults>>,
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions {
            segment_bytes: 32 << 20,
            low_water_bytes: 64 << 20,
            queue_commits_max: 64 * 1024,
            queue_bytes_max: 16 << 20,
            sealed_bytes_read_max: 64 << 20,
            replay_commits_max: 250_000,
            cache_bytes: 48 << 20,
            timeline: 1,
            faults: None,
        }
    }
}

/// What opening came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// The unsynced end of a crash that was cut off.
    pub torn: Option<Torn>,
    /// Why the state was made again from the journal, if it was.
    pub rebuilt: Option<String>,
    /// Where the state that could not be used was moved.
    pub moved_aside: Option<PathBuf>,
    /// Commits that were replayed.
    pub replayed: u64,
    /// The last frame.
    pub seq: Seq,
    /// Its time.
    pub time: Timestamp,
}

/// Whether commits are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    Writable,
    /// Not before there is room on the disk again; heals by itself.
    DiskFull,
    /// Not before a restart.
    ReadOnly {
        /// What happened.
        why: String,
    },
}

/// How the store is.
#[derive(Clone, Debug)]
pub struct StoreHealth {
    /// Whether commits are taken.
    pub mode: Mode,
    /// The last durable commit.
    pub seq: Seq,
    /// Size of all frames.
    pub journal_bytes: u64,
    /// Memory of what is not folded yet.
    pub table_bytes: usize,
    /// Damage that was found in old parts of the journal since the store was opened.
    pub damage: Option<StoreFault>,
}

/// Numbers about the store, for whoever watches it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// Room left on the disk.
    pub disk_free_bytes: u64,
    /// Entries that wait for the commit thread.
    pub waiting: usize,
    /// Reads that found their state decoded.
    pub cache_hits: u64,
    /// Reads that did not.
    pub cache_misses: u64,
}

/// Keeps what was decided. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    status: Arc<Status>,
    reader: Reader,
    table: Arc<Table>,
    journal_dir: PathBuf,
    threads: Mutex<Option<Threads>>,
    disk: Disk,
    faults: Option<Arc<Faults>>,
}

struct Threads {
    committing: JoinHandle<()>,
    folding: Folding,
    _lock: Arc<DirLock>,
}

impl Store {
    /// Opens the store in `dir`: takes it, judges the journal, makes the state so, and writes.
    pub fn open(
        dir: &Path,
        registry: Registry,
        options: StoreOptions,
        progress: &dyn Progress,
    ) -> Result<(Store, OpenReport), StoreFault> {
        let lock = Arc::new(DirLock::take(dir)?);
        open::open(dir, lock, &registry, options, progress)
    }

    /// Reads committed state.
    pub fn reader(&self) -> Reader {
        self.inner.reader.clone()
    }

    /// The present epoch; what was decided in an earlier one is refused.
    pub fn epoch(&self) -> u64 {
        self.inner.status.epoch()
    }

    /// Hands in a commit. Never waits; what cannot be taken fails in its place in the line, and
    /// with it ends its epoch.
    pub fn submit(&self, commit: Commit) -> (Ticket, Durable) {
        let (epoch, after) = (commit.epoch, commit.after);
        self.inner.queue.push(epoch, after, change::prepare(commit))
    }

    /// Waits until everything up to a ticket is durable, or the ticket's commit has failed.
    pub fn settled(&self, ticket: Ticket) -> Durable {
        match self.inner.status.fate(ticket) {
            Fate::Durable => Durable::known(Ok(self.inner.status.seq())),
            Fate::Failed => Durable::known(Err(self.overtaken())),
            Fate::Open => self.inner.queue.settle(ticket),
        }
    }

    /// Whether a ticket's commit is durable.
    pub fn is_durable(&self, ticket: Ticket) -> bool {
        self.inner.status.fate(ticket) == Fate::Durable
    }

    /// Whether a ticket's commit has failed: nothing may build on it.
    pub fn has_failed(&self, ticket: Ticket) -> bool {
        self.inner.status.fate(ticket) == Fate::Failed
    }

    /// What to tell whoever builds on something that failed.
    pub fn overtaken(&self) -> StoreFault {
        overtaken_in(&self.inner.status.mode())
    }

    /// Keeps the answer to a request in the state; it can be read at once. It may be lost in a
    /// crash; then it is made again from what the request made.
    pub fn keep_answer(&self, scope: [u8; 32], answer: &StoredAnswer) {
        let Ok(value) = codec::encode(answer) else { return };
        let Inner { table, queue, .. } = &*self.inner;
        let (key, slot) = (Key::answer(&scope), Slot::row(Some(value)));
        table.announce(key.clone(), slot.clone());
        if !queue.keep(Write::group(vec![(key.clone(), slot)])) {
            table.retract(&key);
        }
    }

    /// Where a test may let an owner's decision panic.
    pub fn decide(&self) {
        if let Some(faults) = &self.inner.faults {
            faults.decide();
        }
    }

    /// The time of the last commit: no clock may stand before it.
    pub fn now_floor(&self) -> Timestamp {
        self.inner.status.time()
    }

    /// Whether the state was found damaged: it must be made again, which opening the store does.
    pub fn must_be_reopened(&self) -> bool {
        self.inner.reader.state_is_damaged()
    }

    /// Lets go of ends that crashes cut off the journal before this moment. Safe to repeat.
    ///
    /// # Errors
    /// The disk.
    pub fn let_go_of_leftovers(&self, before: Timestamp) -> std::io::Result<usize> {
        leftovers::let_go(&self.inner.journal_dir, before)
    }

    /// How the store is.
    pub fn health(&self) -> StoreHealth {
        let status = &self.inner.status;
        StoreHealth {
            mode: status.mode(),
            seq: status.seq(),
            journal_bytes: status.journal_bytes.load(Ordering::Relaxed),
            table_bytes: self.inner.table.weight(),
            damage: locked(&status.damage).clone(),
        }
    }

    /// Numbers beside [`Store::health`].
    pub fn figures(&self) -> StoreFigures {
        let (cache_hits, cache_misses) = self.inner.reader.cache_figures();
        StoreFigures {
            disk_free_bytes: self.inner.disk.free_bytes(),
            waiting: self.inner.queue.waiting(),
            cache_hits,
            cache_misses,
        }
    }

    /// Reads the journal after a frame, and waits for more.
    pub fn follow(&self, after: Seq) -> Follower {
        Follower {
            cursor: journal::read::Cursor::after(&self.inner.journal_dir, after),
            read: after,
            durable: self.inner.status.seq_watch(),
        }
    }

    /// Writes what waits, closes the journal, folds and syncs the state. Readers should be gone.
    pub fn close(self) -> Result<(), StoreFault> {
        self.inner.queue.close();
        let Some(threads) = locked(&self.inner.threads).take() else { return Ok(()) };
        let worked = threads.committing.join();
        match threads.folding.finish() {
            // The journal has it all; the next start catches up.
            Err(fault @ (StoreFault::DiskFull | StoreFault::Io { .. })) => {
                tracing::warn!(%fault, "the state stays behind the journal");
            }
            folded => folded?,
        }
        worked.map_err(|panic| StoreFault::ReadOnly { why: words_of(&*panic) })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(threads) = locked(&self.threads).take() {
            // A commit thread that broke has said so already.
            let _ = threads.committing.join();
            threads.folding.abandon();
        }
    }
}

/// Reads durable commits in order.
pub struct Follower {
    cursor: journal::read::Cursor,
    read: Seq,
    durable: watch::Receiver<Seq>,
}

impl Follower {
    /// Up to `limit` commits that are durable now and have not been read.
    pub fn read(&mut self, limit: usize) -> Result<Vec<Entry>, StoreFault> {
        let through = *self.durable.borrow_and_update();
        let mut entries = Vec::new();
        while entries.len() < limit {
            let Some(entry) = self.cursor.next(through)? else { break };
            self.read = entry.seq;
            if !entry.payload.is_empty() {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// Waits until something has become durable since the last [`Follower::read`]; `false` if
    /// nothing ever will.
    pub async fn news(&mut self) -> bool {
        self.durable.changed().await.is_ok()
    }

    /// The last frame that was read, whether there was a commit in it or not.
    pub fn position(&self) -> Seq {
        self.read
    }

    /// Waits until there is something to read; `false` if there never will be.
    pub async fn wait(&mut self) -> bool {
        let read = self.read;
        self.durable.wait_for(|seq| *seq > read).await.is_ok()
    }
}

/// A lock is only poisoned by a panic that is reported where it happened.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A length as a file offset.
fn len64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// What a panic said.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
    words.unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
