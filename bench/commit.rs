//! How many small commits a second become durable, beside the bare disk and beside sled alone.
//!
//! Each submitter changes a thing of its own and waits until that is durable. The folder is made
//! in the directory given as the first argument, else in the present one.

#[path = "support/watch.rs"]
mod watch;

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bodega::{
    domain::{
        aggregate::Aggregate,
        ids::{CartId, Identity},
        time::{Stamp, Timestamp, Who},
    },
    store::{
        Change, Commit, Kept, Key, Registry, Row, Silent, Store, StoreFault, StoreOptions,
        Versioned,
    },
};
use serde::{Deserialize, Serialize};
use watch::now;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let place = PathBuf::from(place.unwrap_or_else(|| ".".to_owned()));
    let folder = place.join("bench-commit.tmp");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut table = io::stdout().lock();
    writeln!(table, "{:<34}{:>12}{:>12}{:>12}", "what", "a second", "p50 µs", "p99 µs")?;
    show(&mut table, "bare write + fdatasync", bare_syncs(&folder)?)?;
    for submitters in [1, 16, 256] {
        let what = format!("commit thread, {submitters} submitters");
        show(&mut table, &what, commits(&folder, submitters)?)?;
    }
    // Last, because what it leaves for the system to write would slow the others down.
    show(&mut table, "sled insert + flush (not durable)", sled_flushes(&folder)?)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// How long each of many took, and all together.
struct Times {
    each: Vec<Duration>,
    all: Duration,
}

fn show(table: &mut impl Write, what: &str, mut times: Times) -> io::Result<()> {
    times.each.sort();
    let count = u128::try_from(times.each.len()).unwrap_or(0);
    let a_second = count * 1_000_000 / times.all.as_micros().max(1);
    let at = |percent: usize| times.each[times.each.len() * percent / 100].as_micros();
    writeln!(table, "{what:<34}{a_second:>12}{:>12}{:>12}", at(50), at(99))
}

fn bare_syncs(folder: &Path) -> io::Result<Times> {
    let file = File::create(folder.join("bare"))?;
    file.write_all_at(&vec![0; 16 << 20], 0)?;
    file.sync_all()?;
    let begun = now();
    let mut each = Vec::new();
    let mut offset = 0;
    while begun.elapsed() < LONG {
        let once = now();
        file.write_all_at(&[1; FRAME_BYTES_USUAL], offset)?;
        file.sync_data()?;
        each.push(once.elapsed());
        offset = (offset + 300) % (15 << 20);
    }
    Ok(Times { each, all: begun.elapsed() })
}

fn sled_flushes(folder: &Path) -> Result<Times, sled::Error> {
    let db = sled::Config::new().path(folder.join("sled")).flush_every_ms(None).open()?;
    let begun = now();
    let mut each = Vec::new();
    while begun.elapsed() < LONG {
        let once = now();
        db.insert(each.len().to_be_bytes(), vec![1; FRAME_BYTES_USUAL])?;
        db.flush()?;
        each.push(once.elapsed());
    }
    Ok(Times { each, all: begun.elapsed() })
}

fn commits(folder: &Path, submitters: u32) -> Result<Times, StoreFault> {
    let dir = folder.join(format!("store-{submitters}"));
    let registry = Registry::new().with::<Counter>();
    let (store, _) = Store::open(&dir, registry, StoreOptions::default(), &Silent)?;
    let begun = now();
    let threads = submitters.min(THREADS);
    let working: Vec<_> = (0..threads)
        .map(|thread| {
            let store = store.clone();
            let mine: Vec<u32> = (thread..submitters).step_by(step(threads)).collect();
            std::thread::spawn(move || submit_all(&store, mine, begun))
        })
        .collect();
    let mut each = Vec::new();
    for thread in working {
        each.extend(thread.join().expect("a submitter that does not panic")?);
    }
    let all = begun.elapsed();
    store.close()?;
    Ok(Times { each, all })
}

/// Every submitter of one thread, as tasks.
fn submit_all(
    store: &Store,
    submitters: Vec<u32>,
    begun: Instant,
) -> Result<Vec<Duration>, StoreFault> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let tasks: Vec<_> = submitters
            .into_iter()
            .map(|number| tokio::spawn(submit(store.clone(), number, begun)))
            .collect();
        let mut each = Vec::new();
        for task in tasks {
            each.extend(task.await.expect("a task that does not panic")?);
        }
        Ok(each)
    })
}

async fn submit(store: Store, number: u32, begun: Instant) -> Result<Vec<Duration>, StoreFault> {
    let mut bytes = [0; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    let id = CartId::from_bytes(bytes);
    let mut counter = Versioned::<Counter>::default();
    let mut each = Vec::new();
    let stamp = Stamp { at: Timestamp::from_millis(1_800_000_000_000), who: Who::Shop };
    while begun.elapsed() < LONG {
        let once = now();
        let events = [Counted { by: 1, why: "somebody came through the door".to_owned() }];
        let mut after = Counter::clone(&counter.state);
        after.apply(&events[0], &stamp);
        let after = Arc::new(after);
        let change = Change::new(id, &counter, Arc::clone(&after), &events, &stamp);
        let commit = Commit {
            epoch: store.epoch(),
            after: None,
            stamp,
            key: None,
            forget_keys: Vec::new(),
            changes: vec![change],
        };
        store.submit(commit).1.await?;
        counter = Versioned { version: counter.version + 1, state: after };
        each.push(once.elapsed());
    }
    Ok(each)
}

/// A small thing with one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counter {
    count: u64,
    last: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Counted {
    by: u64,
    why: String,
}

impl Aggregate for Counter {
    const KIND: &'static str = "counter";
    type Id = CartId;
    type Event = Counted;

    fn apply(&mut self, event: &Counted, _stamp: &Stamp) {
        self.count += event.by;
        self.last.clone_from(&event.why);
    }

    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

impl Kept for Counter {
    const TAG: u8 = 1;

    fn rows(&self, id: CartId) -> Vec<Row> {
        vec![(Key::row(0x80).number(self.count / 1000).id(&id).done(), Vec::new())]
    }
}

fn step(threads: u32) -> usize {
    usize::try_from(threads).unwrap_or(1)
}

const LONG: Duration = Duration::from_secs(5);
const THREADS: u32 = 2;
const FRAME_BYTES_USUAL: usize = 300;
