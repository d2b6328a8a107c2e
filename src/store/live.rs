//! Live state: sled, the memory table before it, the thread that folds, and a reader of it all.
//!
//! Invariant: the parts are started and ended together, in one order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{clock::Clock, domain::time::Timestamp};

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
            since: Duration::ZERO,
            clock: Clock::of_machine(Timestamp::default()),
            wanted: false,
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
    /// Waits until all that was frozen is folded and synced, but no longer than that, also where
    /// so much waits to be folded that nobody can ask.
    pub fn checkpoint_within(&self, patience: Duration) {
        let clock = Clock::of_machine(Timestamp::default());
        let left = || patience.saturating_sub(clock.running());
        let (answer, answered) = mpsc::channel();
        let mut question = Fold::Checkpoint(answer);
        // Where it fails the journal still has it all: the next start catches up.
        while let Err(TrySendError::Full(back)) = self.folder.try_send(question) {
            if left().is_zero() {
                return;
            }
            thread::park_timeout(ASK_AGAIN.min(left()));
            question = back;
        }
        let _ = answered.recv_timeout(left());
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

/// How often a line that is full is looked at again.
const ASK_AGAIN: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::{
        super::{
            faults::Faults,
            keys::Key,
            state::checkpoint,
            table::{Slot, Write},
        },
        *,
    };

    #[test]
    fn no_start_waits_for_ever_for_a_folder_that_takes_no_question() {
        let (folder, nobody_takes_them) = mpsc::sync_channel(0);
        let folding = Folding { folder, thread: thread::spawn(|| ()), ending: Arc::default() };
        folding.checkpoint_within(Duration::from_millis(1));
        drop(nobody_takes_them);
        folding.abandon();
    }

    #[test]
    fn no_start_waits_for_ever_for_a_state_that_cannot_be_synced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let faults = Arc::new(Faults::none());
        faults.leave_room(0);
        let disk = Disk::under(folder.path(), 1_000, Some(faults));
        let state = State::open(folder.path()).expect("a state");
        let mut live = Live::start(state, 0, 1 << 20, disk).expect("a thread");
        let row = (Key::row(0xee).text("row").done(), Slot::row(Some(vec![1])));
        live.writer.publish(1, vec![Write::group(vec![row])]);
        live.writer.freeze().expect("the folder listens");
        live.folding.checkpoint_within(Duration::from_millis(1));
        assert_eq!(checkpoint::noted(folder.path()), None, "there was no room for it");
        live.abandon();
    }
}
