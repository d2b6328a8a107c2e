//! Live state: sled, the memory table before it, the thread that folds, and a reader of it all.
//!
//! Invariant: the parts are started and ended together, in one order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, SyncSender},
    },
    thread::JoinHandle,
};

use super::{
    Seq,
    disk::Disk,
    fault::StoreFault,
    reader::{Reader, cache_of},
    state::{
        State,
        fold::{self, Fold, Folder},
    },
    table::{Table, Writer},
};

/// A state in use.
pub(super) struct Live {
    pub reader: Reader,
    pub writer: Writer,
    pub folding: Folding,
    pub table: Arc<Table>,
    pub state: Arc<State>,
}

/// The thread that folds, and the way to it.
pub(super) struct Folding {
    folder: SyncSender<Fold>,
    thread: JoinHandle<()>,
    ending: Arc<AtomicBool>,
}

impl Live {
    /// Starts with a state that was synced up to `checkpoint`.
    pub fn start(
        state: State,
        checkpoint: Seq,
        cache_bytes: u64,
        disk: Disk,
    ) -> Result<Live, StoreFault> {
        let table = Arc::new(Table::new());
        let cache = Arc::new(cache_of(cache_bytes));
        let state = Arc::new(state);
        let ending = Arc::new(AtomicBool::new(false));
        let folder = Folder {
            state: Arc::clone(&state),
            table: Arc::clone(&table),
            cache: Arc::clone(&cache),
            disk,
            ending: Arc::clone(&ending),
            through: checkpoint,
            checkpointed: checkpoint,
            syncing: None,
        };
        let (folder, thread) = folder.start()?;
        let writer = Writer::new(Arc::clone(&table), folder.clone(), checkpoint);
        let reader = Reader::new(Arc::clone(&table), cache, Arc::clone(&state));
        Ok(Live { reader, writer, folding: Folding { folder, thread, ending }, table, state })
    }

    /// Folds everything and syncs it; the state then.
    pub fn finish(mut self) -> Result<Arc<State>, StoreFault> {
        let frozen = self.writer.freeze();
        drop(self.writer);
        let ended = self.folding.finish();
        frozen.map_err(|gone| StoreFault::StateDamaged { what: gone.to_string() })?;
        ended?;
        Ok(self.state)
    }

    /// Ends without a checkpoint.
    pub fn abandon(self) {
        let Live { writer, folding, .. } = self;
        drop(writer);
        folding.abandon();
    }
}

impl Folding {
    /// Asks for a checkpoint without waiting for it.
    pub fn checkpoint_soon(&self) {
        let (answer, _) = mpsc::channel();
        // If the folder has ended, the state is damaged and the next start makes it again.
        let _ = self.folder.send(Fold::Checkpoint(answer));
    }

    /// Waits until all that was frozen is folded and synced.
    pub fn checkpoint_now(&self) -> Result<Seq, StoreFault> {
        let (answer, answered) = mpsc::channel();
        let gone = || StoreFault::StateDamaged { what: "the folding thread has ended".into() };
        self.folder.send(Fold::Checkpoint(answer)).map_err(|_| gone())?;
        answered.recv().unwrap_or_else(|_| Err(gone()))
    }

    /// The same, then ends the thread. The writer must be gone.
    pub fn finish(self) -> Result<(), StoreFault> {
        self.ending.store(true, Ordering::SeqCst);
        let done = self.checkpoint_now();
        drop(self.folder);
        fold::join(self.thread)?;
        done.map(|_| ())
    }

    /// Waits until the thread has ended.
    pub fn abandon(self) {
        self.ending.store(true, Ordering::SeqCst);
        drop(self.folder);
        if let Err(fault) = fold::join(self.thread) {
            tracing::error!(%fault, "folding ended badly");
        }
    }
}
