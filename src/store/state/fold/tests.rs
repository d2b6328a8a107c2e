//! When a checkpoint is made while the shop is never idle.

use std::path::Path;

use crate::domain::time::Timestamp;

use super::{
    super::{
        super::{reader::cache_of, table::Write, table::Writer},
        checkpoint::noted,
    },
    *,
};

/// A folder that is asked by hand, and the writer whose generations it folds.
struct Bench {
    folder: Folder,
    writer: Writer,
    folds: Receiver<Fold>,
    clock: Clock,
    commits: Seq,
}

impl Bench {
    fn on(dir: &Path) -> Bench {
        let (table, clock) = (Arc::new(Table::new()), Clock::stopped_at(Timestamp::default()));
        let (frozen, folds) = mpsc::sync_channel(GENERATIONS_WAITING_MAX);
        let folder = Folder {
            state: Arc::new(State::open(dir).expect("a state")),
            table: Arc::clone(&table),
            cache: Arc::new(cache_of(1 << 20)),
            disk: Disk::under(dir, 0, None),
            ending: Arc::default(),
            through: 0,
            checkpointed: 0,
            since: Duration::ZERO,
            clock: clock.clone(),
            wanted: false,
            syncing: None,
        };
        Bench { folder, writer: Writer::new(table, frozen, 0), folds, clock, commits: 0 }
    }

    /// Folds this many more commits when so many seconds have passed; what the note says then.
    fn noted_after(&mut self, seconds: u64, commits: Seq) -> Option<Seq> {
        self.clock.advance(Duration::from_secs(seconds));
        self.commits += commits;
        let row = (Key::row(0xee).number(self.commits).done(), Slot::row(Some(vec![1])));
        self.writer.publish(self.commits, vec![Write::group(vec![row])]);
        self.writer.freeze().expect("somebody listens");
        let Ok(Fold::Generation(frozen)) = self.folds.try_recv() else { panic!("nothing froze") };
        self.folder.fold(&frozen).expect("folded");
        self.folder.end_syncing().expect("synced");
        noted(&self.folder.state.dir)
    }
}

#[test]
fn a_shop_that_is_never_idle_has_a_checkpoint_each_minute() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut bench = Bench::on(folder.path());
    assert_eq!(bench.noted_after(59, 1), None);
    assert_eq!(bench.noted_after(1, 1), Some(2));
    assert_eq!(bench.noted_after(59, 1), Some(2));
    assert_eq!(bench.noted_after(1, 1), Some(4));
}

#[test]
fn no_crash_leaves_more_commits_to_replay_than_a_checkpoint_allows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut bench = Bench::on(folder.path());
    assert_eq!(bench.noted_after(0, CHECKPOINT_FRAMES - 1), None);
    assert_eq!(bench.noted_after(0, 1), Some(CHECKPOINT_FRAMES));
    assert_eq!(bench.noted_after(0, CHECKPOINT_FRAMES - 1), Some(CHECKPOINT_FRAMES));
    assert_eq!(bench.noted_after(0, 1), Some(2 * CHECKPOINT_FRAMES));
}
