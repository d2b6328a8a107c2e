//! How long does a shop take to open again that was killed in the middle of selling, and how fast
//! is its state made again from nothing?
//!
//! `cargo bench --bench recovery [events]` fills a temporary folder (of `TMPDIR`) until about so
//! many events are in the journal, with the process killed at the end as it stands. Of the rebuild
//! each thread's own time is told: parsing, applying, and what sled takes to fold.

#[path = "support/fill.rs"]
mod fill;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/watch.rs"]
mod watch;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use bodega::store::{self, Silent, StoreOptions, Written, journal::read::Cursor, registry};
use shop::{serve, settings};
use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let events = words.iter().find_map(|word| word.parse::<usize>().ok()).unwrap_or(1_000_000);
    if let Some(at) = words.iter().position(|word| word == FILL) {
        let (shop, _) = serve(settings(Path::new(&words[at + 1])));
        let orders = events / EVENTS_AN_ORDER;
        actix::System::new().block_on(fill::fill(&shop, PRODUCTS, orders));
        // As it stands: nothing is closed, folded or synced beyond what was acknowledged.
        std::process::abort();
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("data");
    let filling = now();
    let filled = Command::new(std::env::current_exe().expect("this program"))
        .args([&events.to_string(), FILL])
        .arg(&dir)
        .status();
    assert!(filled.is_ok_and(|ended| ended.code().is_none()), "it was not killed at the end");
    let (frames, events) = counted(&dir);
    tell(&format!("{events} events in {frames} frames, written in {:?}", filling.elapsed()));
    opened(&dir, "the kill");
    opened(&dir, "another kill, with nothing left to catch up");
    rebuilt(&dir, events);
    std::process::exit(0);
}

/// Frames and events in the journal.
fn counted(dir: &Path) -> (u64, u64) {
    let mut cursor = Cursor::after(&dir.join("journal"), 0);
    let (mut frames, mut events) = (0, 0);
    // Behind the last frame the next one is missing.
    while let Ok(Some(entry)) = cursor.next(u64::MAX) {
        frames += 1;
        if entry.payload.is_empty() {
            continue;
        }
        let written = Written::read(entry.seq, &entry.payload).expect("our own frame");
        for change in written.changes {
            let of_change: Vec<serde_json::Value> =
                serde_json::from_str(change.events.get()).expect("a list");
            events += u64::try_from(of_change.len()).expect("few");
        }
    }
    (frames, events)
}

/// Starts the real binary and kills it as soon as it is ready.
fn opened(dir: &Path, after: &str) {
    let started = now();
    let mut shop = Command::new(env!("CARGO_BIN_EXE_bodega"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir)
        .env("BODEGA_PAYMENTS__GATEWAY", "demo")
        .env("BODEGA_LOG__LEVEL", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let out = shop.stdout.take().expect("its output");
    BufReader::new(out).lines().next().expect("a line").expect("text");
    tell(&format!("ready in {:?} after {after}", started.elapsed()));
    shop.kill().expect("our own child");
    shop.wait().expect("an end");
}

/// Makes the state again, and tells how long, and whose time it was.
fn rebuilt(dir: &Path, events: u64) {
    let (done, is_done) = channel();
    let started = now();
    let place = dir.to_path_buf();
    let rebuild = move || {
        let made = store::rebuild(&place, registry(), StoreOptions::default(), &Silent);
        let _ = done.send(made.expect("a sound journal"));
    };
    thread::Builder::new().name(APPLYING.to_owned()).spawn(rebuild).expect("a thread");
    let mut spent = BTreeMap::new();
    while is_done.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        look_at_threads(&mut spent);
    }
    let took = started.elapsed();
    tell(&format!("made again in {took:?}: {} events/s in all", a_second(events, took)));
    for (name, took) in spent {
        tell(&format!("  {name:<16} {took:>8.2?} of a core: {} events/s", a_second(events, took)));
    }
}

/// The time that each thread has had so far, by name.
fn look_at_threads(spent: &mut BTreeMap<String, Duration>) {
    let mut now: BTreeMap<String, Duration> = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").expect("Linux").flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((head, rest)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map(|(_, name)| name.to_owned()).unwrap_or_default();
        let ticks = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
        *now.entry(name).or_default() += Duration::from_millis(ticks.sum::<u64>() * TICK_MILLIS);
    }
    for (name, took) in now.into_iter().filter(|(name, _)| NAMES.contains(&name.as_str())) {
        // A thread that has ended keeps what it had.
        let known = spent.entry(name).or_default();
        *known = took.max(*known);
    }
}

fn a_second(events: u64, took: Duration) -> u128 {
    u128::from(events) * 1_000 / took.as_millis().max(1)
}

fn tell(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").expect("standard output");
}

/// Asks this program to fill the folder that is named next, and to die there.
const FILL: &str = "fill";
const PRODUCTS: usize = 2_000;
/// An order of one line, paid by card: what it writes, with stock and payment.
const EVENTS_AN_ORDER: usize = 10;
const APPLYING: &str = "apply";
/// The threads of a rebuild, as the system cuts their names.
const NAMES: &[&str] = &["bodega-parse", APPLYING, "bodega-folder"];
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Linux counts a thread's time in hundredths of a second.
const TICK_MILLIS: u64 = 10;
