//! What do letters cost a checkout, and how soon do all leave that waited for their server?
//!
//! `cargo bench --bench letters [seconds] [waiting] [folder] [away] [taken] [later]`; without
//! names, all; without a number 20,000 letters wait. The mail server is that of the tests
//! (`just venv`), in a process of its own that gives way to everybody else.

#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/load.rs"]
mod load;
#[path = "support/orders.rs"]
mod orders;
#[expect(dead_code, reason = "tests run other scripts by it")]
#[path = "../tests/support/python.rs"]
mod python;
#[path = "support/shop.rs"]
mod shop;
#[expect(dead_code, reason = "tests look at what it took, and have it fail")]
#[path = "../tests/support/sink.rs"]
mod sink;
#[path = "support/watch.rs"]
mod watch;

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use bodega::{
    actors::couriers::Direction,
    config::Settings,
    domain::{couriers::Courier, time::Who},
    shop::Shop,
};
use buyers::{buyer, plenty, signed_in};
use load::{Measured, line, load, paced};
use orders::orders;
use shop::{serve, settings, settings_with};
use sink::Sink;
use tempfile::TempDir;
use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = words.iter().filter_map(|word| word.parse().ok());
    let time = Duration::from_secs(numbers.next().unwrap_or(8));
    let waiting = numbers.next().unwrap_or(WAITING);
    let named: Vec<&str> =
        QUESTIONS.into_iter().filter(|name| words.iter().any(|word| word == name)).collect();
    let asked = |name: &str| named.is_empty() || named.contains(&name);
    if asked("folder") {
        Counter::open(None).cost("folder", time);
    }
    for (name, is_there) in [("away", false), ("taken", true)] {
        let Some(sink) = asked(name).then(Sink::find).flatten() else { continue };
        let counter = Counter::open(Some(&sink));
        let _sink = if is_there { started(sink) } else { sink };
        counter.cost(name, time);
    }
    if let Some(sink) = asked("later").then(Sink::find).flatten() {
        later(sink, time, waiting);
    }
    std::process::exit(0);
}

/// A shop that is open, and those who buy in it.
struct Counter {
    _folder: TempDir,
    shop: Shop,
    address: SocketAddr,
    buyers: Arc<Vec<(String, String)>>,
    products: Vec<String>,
}

/// What turns of one kind came to.
#[derive(Default)]
struct Turns {
    measured: Vec<Measured>,
    used: Used,
}

/// What was used and done until now, or during some turns.
#[derive(Clone, Copy, Default)]
struct Used {
    cpu_millis: u64,
    courier_millis: u64,
    letters: u64,
}

impl Counter {
    /// A shop whose letters go to this server, or into a folder.
    fn open(sink: Option<&Sink>) -> Counter {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path().join("data");
        let (shop, address) = serve(match sink {
            Some(sink) => handed_to(sink, &dir),
            None => settings(&dir),
        });
        let filled = shop.clone();
        run(async move { bodega::demo::fill(&filled).await.expect("a filled shop") });
        let admin = signed_in(address, "admin@example.com", bodega::demo::PASSWORD);
        let products = plenty(address, &admin, PRODUCTS);
        let buyers = Arc::new((0..BUYERS).map(|number| buyer(address, number)).collect());
        let sent = shop.clone();
        run(async move { sent.send_couriers_out().await }).expect("couriers that go");
        let counter = Counter { _folder: folder, shop, address, buyers, products };
        counter.direct(Direction::Pause);
        counter
    }

    /// Checkout while letters rest and while they go, in turns: what letters cost. While they rest
    /// they fall behind, so they are busy all the time when they do not. Each turn inherits what
    /// the one before has left to be folded, so one comes first that does not count, and the order
    /// favours none.
    fn cost(&self, what: &str, time: Duration) {
        let (mut rest, mut go) = (Turns::default(), Turns::default());
        let turn = time / TURNS;
        self.buying(turn);
        for letters_go in [false, true, true, false, true, false, false, true] {
            let (turns, direction) = match letters_go {
                true => (&mut go, Direction::Resume),
                false => (&mut rest, Direction::Pause),
            };
            self.direct(direction);
            let before = self.used();
            turns.measured.push(self.buying(turn));
            turns.used = turns.used.and(self.used().since(before));
        }
        self.direct(Direction::Pause);
        let (quiet, told) = (rest.together(), go.together());
        line(&format!("{what}: letters rest"), &quiet, None);
        line(&format!("{what}: letters go"), &told, Some(&quiet));
        let (millis, spent) = (u64::try_from(time.as_millis()).expect("few"), go.used);
        say(&format!(
            "{what}: {} beside {} µs of CPU an order, {} ‰ of a core in the couriers' thread, \
             {} letters, {} while they rest",
            go.cpu_micros_an_order(millis),
            rest.cpu_micros_an_order(millis),
            spent.courier_millis * 1000 / millis.max(1),
            spent.letters,
            rest.used.letters,
        ));
    }

    fn buying(&self, time: Duration) -> Measured {
        load(self.address, BUYERS, time, &[201], orders(&self.buyers, &self.products))
    }

    fn direct(&self, direction: Direction) {
        let (shop, courier) = (self.shop.clone(), self.shop.letters.courier());
        let done = async move { shop.runner.direct(courier, direction, Who::Shop).await };
        run(done).expect("a courier that listens");
    }

    fn used(&self) -> Used {
        let courier = self.shop.letters.courier();
        Used {
            cpu_millis: cpu_millis("/proc/self/stat"),
            courier_millis: couriers_millis(),
            letters: self.shop.reader.get::<Courier>(courier).expect("readable").state.delivered,
        }
    }

    /// Whether every letter that is due is recorded as delivered.
    fn has_told_everything(&self) -> bool {
        let seq = self.shop.store().health().seq;
        let standing = self.shop.runner.standing(self.shop.letters.courier());
        standing.is_some_and(|standing| standing.read >= seq && standing.behind_since.is_none())
    }

    /// A few who buy while the machine has time to spare.
    fn calmly(&self, time: Duration) -> Measured {
        let orders = orders(&self.buyers, &self.products);
        paced(self.address, CALM_BUYERS, CALM_EVERY, time, &[201], orders)
    }
}

/// Settings of a shop in this folder that hands its letters to this server.
fn handed_to(sink: &Sink, dir: &Path) -> Settings {
    let named = |(key, value): (&str, String)| (key.to_uppercase().replace('.', "__"), value);
    let chosen: Vec<(String, String)> = sink.settings().into_iter().map(named).collect();
    let chosen: Vec<(&str, &str)> =
        chosen.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    settings_with(dir, &chosen)
}

/// So many letters wait for a server that is not there; it comes, and takes them while some more
/// is bought.
fn later(sink: Sink, time: Duration, waiting: u64) {
    let counter = Counter::open(Some(&sink));
    counter.direct(Direction::Resume);
    let placed = now();
    let mut orders_placed = 0;
    // One letter to who buys, and one to the admin.
    while orders_placed * 2 < waiting {
        orders_placed += counter.buying(Duration::from_millis(200)).per_second / 5;
    }
    say(&format!("later: {orders_placed} orders in {} ms", placed.elapsed().as_millis()));
    let away = counter.calmly(time);
    line("later: 16 orders/s, nobody listens", &away, None);
    let before = counter.used();
    let _sink = started(sink);
    let came = now();
    let mut turns = Turns::default();
    let mut found = None;
    while !counter.has_told_everything() {
        assert!(came.elapsed() < STUCK_AFTER, "letters that never leave");
        turns.measured.push(counter.calmly(TURN));
        let so_far = counter.used().since(before);
        if so_far.letters > 0 {
            found.get_or_insert(came.elapsed().as_millis());
        }
    }
    let (took, spent) = (came.elapsed().as_millis(), counter.used().since(before));
    line("later: the same, letters leave", &turns.together(), None);
    say(&format!(
        "later: {} letters left within {took} ms after the server came (the first within {} ms), \
         {} µs of CPU each, {} of them of the couriers' thread",
        spent.letters,
        found.unwrap_or_default(),
        spent.cpu_millis * 1000 / spent.letters.max(1),
        spent.courier_millis * 1000 / spent.letters.max(1),
    ));
}

impl Turns {
    /// Their mean rate, and the median of their times.
    fn together(&self) -> Measured {
        let count = self.measured.len();
        let median = |of: fn(&Measured) -> u128| {
            let mut all: Vec<u128> = self.measured.iter().map(of).collect();
            all.sort_unstable();
            (all[(count - 1) / 2] + all[count / 2]) / 2
        };
        let sum: u64 = self.measured.iter().map(|turn| turn.per_second).sum();
        Measured {
            per_second: sum / u64::try_from(count).expect("few"),
            p50: median(|turn| turn.p50),
            p99: median(|turn| turn.p99),
        }
    }

    fn cpu_micros_an_order(&self, millis: u64) -> u64 {
        let orders = self.together().per_second * millis / 1000;
        self.used.cpu_millis * 1000 / orders.max(1)
    }
}

impl Used {
    fn since(self, before: Used) -> Used {
        Used {
            cpu_millis: self.cpu_millis - before.cpu_millis,
            courier_millis: self.courier_millis - before.courier_millis,
            letters: self.letters - before.letters,
        }
    }

    fn and(self, other: Used) -> Used {
        Used {
            cpu_millis: self.cpu_millis + other.cpu_millis,
            courier_millis: self.courier_millis + other.courier_millis,
            letters: self.letters + other.letters,
        }
    }
}

/// A server that takes letters when nobody else wants the machine.
fn started(mut sink: Sink) -> Sink {
    let starting = thread::spawn(move || {
        // A process is as nice as the thread that begins it.
        rustix::process::setpriority_process(None, NICE_MAX).expect("a thread of ours");
        sink.start();
        sink
    });
    starting.join().expect("a server that starts")
}

/// What the couriers' threads of this process have used.
fn couriers_millis() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("a list of threads");
    let paths = tasks.map(|task| task.expect("a thread").path());
    let couriers = paths.filter(|path| {
        fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "couriers")
    });
    couriers.map(|path| cpu_millis(&path.join("stat").display().to_string())).sum()
}

/// What a process or a thread has used, by its `stat`: user and system, in hundredths.
fn cpu_millis(stat: &str) -> u64 {
    let text = fs::read_to_string(stat).expect("readable");
    let (_, behind_name) = text.rsplit_once(')').expect("a name");
    let used = behind_name.split_whitespace().skip(11).take(2);
    used.map(|ticks| ticks.parse::<u64>().expect("a figure") * 10).sum()
}

fn say(text: &str) {
    writeln!(io::stdout(), "{text}").expect("standard output");
}

fn run<T>(task: impl Future<Output = T>) -> T {
    actix::System::new().block_on(task)
}

const QUESTIONS: [&str; 4] = ["folder", "away", "taken", "later"];
const BUYERS: usize = 64;
const PRODUCTS: usize = 64;
/// Turns of each kind.
const TURNS: u32 = 4;
const WAITING: u64 = 20_000;
/// Each of these buys once a second.
const CALM_BUYERS: usize = 16;
const CALM_EVERY: Duration = Duration::from_secs(1);
/// How long they buy before somebody looks whether all has been told.
const TURN: Duration = Duration::from_secs(5);
const STUCK_AFTER: Duration = Duration::from_secs(1800);
const NICE_MAX: i32 = 19;
