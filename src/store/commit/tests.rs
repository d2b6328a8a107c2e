//! When a commit is answered, and what a failed one takes with it.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use super::super::{
    Mode, StoreFault, Versioned,
    change::prepare,
    disk::Disk,
    faults::Faults,
    journal::open::survey_all,
    keys::Key,
    queue::Queue,
    table::{Slot, Table, Write, Writer},
    testing::*,
    tickets::Status,
};
use super::{Committer, GIVE_WAY_MAX, Pace};

fn faulty() -> (Shop, Arc<Faults>) {
    let faults = Arc::new(Faults::none());
    let shop =
        Shop::with(super::super::StoreOptions { faults: Some(Arc::clone(&faults)), ..options() });
    (shop, faults)
}

fn coins(coins: u64) -> Vec<JarEvent> {
    vec![JarEvent::CoinsAdded { coins }]
}

#[test]
fn nobody_is_answered_before_the_sync_has_returned() {
    let (shop, faults) = faulty();
    faults.hold_syncs();
    let (first, durable) = shop.begins(1, &coins(5));
    faults.wait_for_held_sync();
    let (second, settled) = shop.begins(2, &coins(7));
    assert!(!shop.store.is_durable(first));
    assert_eq!(shop.coins(1), 0, "nothing is seen before it is durable");
    faults.let_syncs_go();
    assert_eq!(durable.wait().expect("kept"), 1);
    assert_eq!(settled.wait().expect("kept"), 2);
    assert!(shop.store.is_durable(first) && shop.store.is_durable(second));
    assert_eq!((shop.coins(1), shop.coins(2)), (5, 7));
    assert_eq!(shop.store.settled(first).wait().expect("known"), 2);
}

#[test]
fn many_waiting_commits_share_one_sync() {
    let (shop, faults) = faulty();
    faults.hold_syncs();
    let first = shop.begins(1, &coins(1)).1;
    faults.wait_for_held_sync();
    let many: Vec<_> = (2..100).map(|jar| shop.begins(jar, &coins(1)).1).collect();
    let passed = faults.syncs();
    faults.let_syncs_go();
    first.wait().expect("kept");
    many.into_iter().for_each(|durable| assert!(durable.wait().is_ok()));
    assert_eq!(faults.syncs() - passed, 1);
}

#[test]
fn a_failed_commit_ends_its_epoch_and_takes_what_was_decided_after_it() {
    let (shop, faults) = faulty();
    let (kept, durable) = shop.begins(1, &coins(5));
    durable.wait().expect("kept");
    let epoch = shop.store.epoch();

    faults.hold_syncs();
    let pending = shop.begins(2, &coins(1)).1;
    faults.wait_for_held_sync();
    let (large, too_large) = shop.begins(3, &[JarEvent::Labelled { label: "x".repeat(2 << 20) }]);
    let (_, behind) = shop.begins(4, &coins(1));
    faults.let_syncs_go();

    assert!(pending.wait().is_ok(), "what was decided before it is kept");
    assert!(matches!(too_large.wait(), Err(StoreFault::TooLarge { .. })));
    assert!(matches!(behind.wait(), Err(StoreFault::Overtaken)));
    assert_eq!(shop.store.epoch(), epoch + 1);
    assert!(!shop.store.is_durable(large));
    assert!(shop.store.is_durable(kept), "an ended epoch's durable commits stay so");
    assert!(matches!(shop.store.settled(large).wait(), Err(StoreFault::Overtaken)));

    let old = commit_on(&shop.reader, epoch, jar(5), &coins(1));
    assert!(matches!(shop.store.submit(old).1.wait(), Err(StoreFault::Overtaken)));
    assert_eq!(shop.store.epoch(), epoch + 1, "a late one ends no second epoch");
    assert!(shop.adds(4, 1).is_ok());
}

#[test]
fn a_step_is_refused_if_the_step_before_it_failed() {
    let (shop, _) = faulty();
    let (failed, durable) = shop.begins(1, &[JarEvent::Labelled { label: "x".repeat(2 << 20) }]);
    assert!(durable.wait().is_err());
    let (kept, durable) = shop.begins(1, &coins(1));
    durable.wait().expect("kept");

    let after = |ticket| {
        let mut commit = commit_on(&shop.reader, shop.store.epoch(), jar(2), &coins(1));
        commit.after = Some(ticket);
        shop.store.submit(commit).1.wait()
    };
    assert!(after(kept).is_ok());
    let epoch = shop.store.epoch();
    assert!(matches!(after(failed), Err(StoreFault::Overtaken)));
    assert_eq!(shop.store.epoch(), epoch + 1, "its keeper must look again");
    assert!(after(kept).is_ok(), "also across epochs");
    assert_eq!(shop.coins(2), 2);
}

#[test]
fn a_full_disk_refuses_and_heals_by_itself() {
    let (shop, faults) = faulty();
    shop.adds(1, 5).expect("kept");
    faults.leave_room(10);
    assert!(matches!(shop.adds(1, 1), Err(StoreFault::DiskFull)));
    assert_eq!(shop.store.health().mode, Mode::DiskFull);
    assert_eq!(shop.coins(1), 5, "reads go on");
    faults.leave_room(u64::MAX);
    shop.adds(1, 1).expect("there is room again");
    assert_eq!(shop.store.health().mode, Mode::Writable);

    let (shop, report) = shop.reopened();
    assert_eq!(report.torn, None, "the short write was taken back");
    assert_eq!(shop.coins(1), 6);
}

#[test]
fn writes_stop_before_the_disk_is_really_full() {
    let faults = Arc::new(Faults::none());
    let shop = Shop::with(super::super::StoreOptions {
        faults: Some(Arc::clone(&faults)),
        low_water_bytes: 1000,
        ..options()
    });
    faults.leave_room(999);
    assert!(matches!(shop.adds(1, 1), Err(StoreFault::DiskFull)));
    faults.leave_room(1_000_000);
    shop.adds(1, 1).expect("there is room again");
}

#[test]
fn a_failed_sync_is_not_tried_again() {
    let (shop, faults) = faulty();
    shop.adds(1, 5).expect("kept");
    faults.fail_syncs();
    assert!(matches!(shop.adds(1, 1), Err(StoreFault::ReadOnly { .. })));
    assert!(matches!(shop.adds(1, 1), Err(StoreFault::ReadOnly { .. })));
    assert!(matches!(shop.store.health().mode, Mode::ReadOnly { .. }));
    assert_eq!(shop.coins(1), 5, "reads go on");
}

#[test]
fn a_full_queue_says_busy_and_ends_the_epoch_in_its_place() {
    let faults = Arc::new(Faults::none());
    let shop = Shop::with(super::super::StoreOptions {
        faults: Some(Arc::clone(&faults)),
        queue_commits_max: 2,
        ..options()
    });
    let epoch = shop.store.epoch();
    faults.hold_syncs();
    let first = shop.begins(1, &coins(1)).1;
    faults.wait_for_held_sync();
    let waiting = [shop.begins(2, &coins(1)).1, shop.begins(3, &coins(1)).1];
    let refused = shop.begins(4, &coins(1)).1;
    let behind = shop.begins(5, &coins(1)).1;
    faults.let_syncs_go();
    assert!(first.wait().is_ok());
    waiting.into_iter().for_each(|durable| assert!(durable.wait().is_ok()));
    assert!(matches!(refused.wait(), Err(StoreFault::Busy)));
    assert!(behind.wait().is_err());
    assert_eq!(shop.store.epoch(), epoch + 1);
}

#[test]
fn a_closed_store_says_so() {
    let shop = Shop::new();
    let (store, reader) = (shop.store.clone(), shop.reader.clone());
    let folder = shop.closed();
    let commit = commit_on(&reader, store.epoch(), jar(1), &coins(1));
    assert!(matches!(store.submit(commit).1.wait(), Err(StoreFault::Closing)));
    drop(folder);
}

/// For how long a commit thread gives way after one batch, while so much waits to be folded.
fn gives_way(dir: &Path, unfolded_bytes: usize) -> Duration {
    let faults = Arc::new(Faults::none());
    let disk = Disk::under(dir, 0, Some(Arc::clone(&faults)));
    let survey = survey_all(dir).expect("an empty journal");
    let (journal, _) = survey.repair(&disk, 4 << 20, 1, None).expect("a journal");
    let status = Arc::new(Status::new(journal.last(), journal.time()));
    let queue = Arc::new(Queue::new(8, usize::MAX));
    let (folder, _folds) = mpsc::sync_channel(8);
    let mut writer = Writer::new(Arc::new(Table::new()), folder, journal.last());
    let unfolded = Slot::row(Some(vec![0; unfolded_bytes]));
    writer.publish(0, vec![Write::group(vec![(Key::row(0xee).text("much").done(), unfolded)])]);
    let commit = commit_from(&Versioned::default(), status.epoch(), jar(1), &coins(1));
    let (_, durable) = queue.push(status.epoch(), None, prepare(commit));
    queue.close();
    let (faults_seen, pace) = (Some(Arc::clone(&faults)), Pace::new());
    let committer =
        Committer { queue, status, journal, writer, disk, faults: faults_seen, good: None, pace };
    committer.run();
    durable.wait().expect("kept all the same");
    faults.given_way()
}

#[test]
fn commits_give_way_to_a_folder_that_is_behind_and_never_for_long() {
    let waits = [1 << 20, 40 << 20, 60 << 20, 200 << 20].map(|unfolded_bytes| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        gives_way(folder.path(), unfolded_bytes)
    });
    assert_eq!(waits[0], Duration::ZERO, "what is being filled and folded slows nobody");
    assert!(waits.is_sorted_by(|one, next| one < next), "{waits:?}");
    assert_eq!(waits[3], GIVE_WAY_MAX);
}
