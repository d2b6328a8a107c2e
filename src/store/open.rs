//! Opening the store: journal first, then the state up to it, then the threads.
//!
//! Invariant: nothing is repaired before the whole is judged, nothing is served before what
//! will be served is durable.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Weak, atomic::Ordering},
    thread,
    time::Duration,
};

use super::{
    Inner, OpenReport, Seq, Store, StoreOptions, Threads,
    commit::{Committer, Pace},
    disk::Disk,
    fault::StoreFault,
    journal::{
        self, Journal,
        open::{Unread, survey_all, survey_within},
        segment::SPARE_NAME,
    },
    kinds::{Registry, Start},
    live::{Folding, Live},
    lock::DirLock,
    locked,
    progress::Progress,
    queue::Queue,
    replay::{ReplayFault, catch_up},
    state::{State, Unfit, checkpoint},
    sync::Mutex,
    tickets::Status,
    verify, words_of,
};

/// Opens the store in a directory that is taken.
pub(super) fn open(
    dir: &Path,
    lock: Arc<DirLock>,
    registry: &Registry,
    options: StoreOptions,
    progress: &dyn Progress,
) -> Result<(Store, OpenReport), StoreFault> {
    let journal_dir = journal::dir_of(dir);
    fs::create_dir_all(&journal_dir).map_err(StoreFault::io("make", &journal_dir))?;
    verify::clear_away(dir);
    let disk = Disk::under(dir, options.low_water_bytes, options.faults.clone());
    if disk.is_low() {
        // sled does not open on a full disk; the spare segment is room we keep for that.
        let _ = fs::remove_file(journal_dir.join(SPARE_NAME));
    }
    let state_dir = dir.join("state");
    let noted = checkpoint::noted(&state_dir).unwrap_or(0);
    // Two things that are read from end to end, and know nothing of one another yet.
    let (survey, opened) = thread::scope(|scope| {
        let opening = scope.spawn(|| checkpoint::open_noted(&state_dir));
        let survey = survey_within(&journal_dir, noted, options.sealed_bytes_read_max);
        (survey, opening.join())
    });
    let survey = survey?;
    let unread = survey.unread_segments();
    let opened = opened.map_err(|panic| StoreFault::StateDamaged { what: words_of(&*panic) })??;
    let known = match &opened {
        Ok((state, _)) => state.applied()?.max(noted),
        Err(_) => noted,
    };
    survey.reaches(known)?;
    let (journal, torn) =
        survey.repair(&disk, options.segment_bytes, options.timeline, options.faults.clone())?;
    let mut report =
        OpenReport { torn, seq: journal.last(), time: journal.time(), ..OpenReport::default() };
    let mut opening =
        Opening { dir, disk: &disk, options: &options, registry, progress, report: &mut report };
    let live = opening.live(opened, &journal)?;
    let store = start(dir, lock, live, journal, disk, &options)?;
    read_the_rest(unread, Arc::downgrade(&store.inner.status))
        .map_err(StoreFault::io("start a thread for", dir))?;
    Ok((store, report))
}

/// Makes the state of a stopped shop anew from its journal; how many commits that took. The old
/// state goes when the new one is whole, and comes back if that cannot be.
///
/// # Errors
/// The directory is taken, the journal is damaged or lacks what the state knows, or the disk.
/// Safe to repeat: until it is done, the next start does the same.
pub fn rebuild(
    dir: &Path,
    registry: Registry,
    options: StoreOptions,
    progress: &dyn Progress,
) -> Result<u64, StoreFault> {
    let lock = Arc::new(DirLock::take(dir)?);
    let state = dir.join("state");
    // Beside a journal that is not whole, the state may be all there is.
    survey_all(&journal::dir_of(dir))?.reaches(checkpoint::noted(&state).unwrap_or(0))?;
    let aside = checkpoint::move_aside(&state)?;
    let made = open(dir, lock, &registry, options, progress)
        .and_then(|(store, report)| store.close().map(|()| report.replayed));
    let Some(aside) = aside else { return made };
    if made.is_ok() {
        fs::remove_dir_all(&aside).map_err(StoreFault::io("remove", &aside))?;
    } else {
        let back = fs::remove_dir_all(&state).and_then(|()| fs::rename(&aside, &state));
        if let Err(source) = back {
            tracing::warn!(%source, "the old state stays aside; the next start makes a new one");
        }
    }
    made
}

/// Bringing the state up to the journal.
struct Opening<'a> {
    dir: &'a Path,
    disk: &'a Disk,
    options: &'a StoreOptions,
    registry: &'a Registry,
    progress: &'a dyn Progress,
    report: &'a mut OpenReport,
}

impl Opening<'_> {
    /// The state as the journal says it is: caught up, or made again.
    fn live(
        &mut self,
        opened: Result<(State, Seq), Unfit>,
        journal: &Journal,
    ) -> Result<Live, StoreFault> {
        let unfit = match opened {
            Ok((state, checkpoint)) => match self.caught_up(state, Some(checkpoint), journal) {
                Ok(live) => return Ok(live),
                Err(ReplayFault::Gap { seq, what }) => {
                    Unfit(format!("frame {seq} does not fit to {what}"))
                }
                Err(ReplayFault::Fault(StoreFault::StateDamaged { what })) => Unfit(what),
                Err(ReplayFault::Fault(fault)) => return Err(fault),
            },
            Err(unfit) => unfit,
        };
        self.made_again(unfit, journal)
    }

    fn made_again(&mut self, unfit: Unfit, journal: &Journal) -> Result<Live, StoreFault> {
        let state_dir = self.dir.join("state");
        self.report.moved_aside = checkpoint::move_aside(&state_dir)?;
        if journal.last() > 0 {
            tracing::warn!(why = unfit.0, "the state is made again from the journal");
            self.report.rebuilt = Some(unfit.0);
        }
        self.caught_up(State::open(&state_dir)?, None, journal).map_err(|fault| match fault {
            ReplayFault::Gap { seq, what } => StoreFault::Unreadable { seq, what },
            ReplayFault::Fault(fault) => fault,
        })
    }

    fn caught_up(
        &mut self,
        state: State,
        checkpoint: Option<Seq>,
        journal: &Journal,
    ) -> Result<Live, ReplayFault> {
        let start = if checkpoint.is_some() { Start::State } else { Start::Nothing };
        let checkpoint = checkpoint.unwrap_or(0);
        let mut live = Live::start(state, checkpoint, self.options.cache_bytes, self.disk.clone())?;
        let journal_dir = journal::dir_of(self.dir);
        let range = (checkpoint, journal.last());
        let into = (&live.reader, &mut live.writer);
        match catch_up(&journal_dir, range, start, self.registry, into, self.progress) {
            Ok(replayed) => {
                self.report.replayed = replayed;
                self.keep(replayed, &live.folding);
                Ok(live)
            }
            Err(fault) => {
                live.abandon();
                Err(fault)
            }
        }
    }
}

impl Opening<'_> {
    /// After a very long replay the start waits until the state is synced.
    fn keep(&self, replayed: u64, folding: &Folding) {
        if replayed < self.options.replay_commits_max || self.disk.is_very_low() {
            return;
        }
        self.progress.begin("writing the state to the disk", 0);
        folding.checkpoint_within(CHECKPOINT_PATIENCE);
        self.progress.end();
    }
}

/// Reads what no start waits for: the segments that are sealed and folded long ago.
fn read_the_rest(unread: Unread, status: Weak<Status>) -> io::Result<()> {
    if unread.is_empty() {
        return Ok(());
    }
    let read = move || {
        // Behind everything that somebody waits for.
        let _ = rustix::process::setpriority_process(None, NICE);
        for piece in unread.pieces() {
            let checked = piece.check();
            // Gone with the store that was being read for.
            let Some(status) = status.upgrade() else { return };
            if let Err(damage) = checked {
                tracing::error!(%damage, "an old part of the journal is damaged");
                locked(&status.damage).get_or_insert(damage);
            }
        }
    };
    thread::Builder::new().name("bodega-check".into()).spawn(read).map(drop)
}

fn start(
    dir: &Path,
    lock: Arc<DirLock>,
    live: Live,
    journal: Journal,
    disk: Disk,
    options: &StoreOptions,
) -> Result<Store, StoreFault> {
    let status = Arc::new(Status::new(journal.last(), journal.time()));
    status.journal_bytes.store(journal.bytes(), Ordering::Relaxed);
    let queue = Arc::new(Queue::new(options.queue_commits_max, options.queue_bytes_max));
    let Live { reader, writer, folding, table, state: _ } = live;
    let watched = disk.clone();
    let committer = Committer {
        queue: Arc::clone(&queue),
        status: Arc::clone(&status),
        journal,
        writer,
        disk,
        faults: options.faults.clone(),
        good: None,
        pace: Pace::new(),
    };
    let committing = thread::Builder::new()
        .name("bodega-commit".into())
        .spawn(move || committer.run())
        .map_err(StoreFault::io("start a thread for", dir))?;
    let inner = Inner {
        queue,
        status,
        reader,
        table,
        journal_dir: journal::dir_of(dir),
        disk: watched,
        faults: options.faults.clone(),
        threads: Mutex::new(Some(Threads { committing, folding, _lock: lock })),
    };
    Ok(Store { inner: Arc::new(inner) })
}

/// No start waits longer for the state to be synced.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(30);
/// How far the reading of old segments stands back.
const NICE: i32 = 15;
