//! What do those who are told cost those who buy, and how soon are they told? What do numbers and
//! logs cost a reader?
//!
//! `cargo bench --bench events [seconds] [listeners] [parts] [latency] [watching]`; without names,
//! all.

#[path = "support/bare.rs"]
mod bare;
#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/listeners.rs"]
mod listeners;
#[path = "support/load.rs"]
mod load;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/threads.rs"]
mod threads;
#[path = "support/watch.rs"]
mod watch;

use std::{
    fs::File,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use bare::serve_bare;
use bodega::{
    actors::couriers::Direction,
    clock::Clock,
    config::{LogRequests, Settings},
    domain::{ids::CourierId, time::Who},
    http::{
        server::{ServerSettings, listen},
        wiring::pipeline,
    },
    meters::Meters,
    shop::{Shop, owners_thread},
    store::{Silent, Store, StoreOptions, registry},
    subscribers::webhooks::courier_of,
};
use buyers::{buyer, plenty, signed_in};
use listeners::{Listening, hears, listening, opened};
use load::{Client, Measured, line, load, paced, request};
use serde_json::{Value, json};
use shop::{serve, settings};
use threads::Threads;
use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let seconds = words.iter().filter_map(|word| word.parse().ok()).next().unwrap_or(5);
    let time = Duration::from_secs(seconds);
    let named: Vec<&str> =
        QUESTIONS.into_iter().filter(|name| words.iter().any(|word| word == name)).collect();
    let asked = |name: &str| named.is_empty() || named.contains(&name);
    let folder = tempfile::tempdir().expect("a temporary folder");
    if asked("listeners") || asked("parts") || asked("latency") {
        let market = Market::open(&folder.path().join("market"));
        if asked("listeners") {
            market.listeners(time);
        }
        if asked("parts") {
            market.parts(time);
        }
        if asked("latency") {
            market.latency(time);
        }
    }
    if asked("watching") {
        watching(folder.path(), time);
    }
    std::process::exit(0);
}

/// A shop with buyers, and somebody who is told by webhook.
struct Market {
    shop: Shop,
    address: SocketAddr,
    products: Vec<String>,
    buyers: Arc<Vec<(String, String)>>,
    webhook: CourierId,
}

impl Market {
    fn open(dir: &Path) -> Market {
        let mut settings = settings(dir);
        settings.webhooks.allow_private = true;
        let (shop, address) = serve(settings);
        let filled = shop.clone();
        run(async move { bodega::demo::fill(&filled).await.expect("a filled shop") });
        let admin = signed_in(address, "admin@example.com", bodega::demo::PASSWORD);
        let products = plenty(address, &admin, PRODUCTS);
        let buyers = Arc::new((0..BUYERS).map(|number| buyer(address, number)).collect());
        let receiver = format!("http://{}/", serve_bare(Vec::new()));
        let wish = json!({ "url": receiver, "types": ["order.*"] }).to_string();
        let post = request("POST", "/v1/webhook-endpoints", Some(&admin), Some(&wish));
        let told = Client::to(address).send(&post).expect("an answer").body;
        let told: Value = serde_json::from_slice(&told).expect("JSON");
        let id = told["data"]["id"].as_str().unwrap_or_else(|| panic!("{told}"));
        let webhook = courier_of(id.parse().expect("an id"));
        let sent = shop.clone();
        run(async move { sent.send_couriers_out().await }).expect("couriers that go");
        Market { shop, address, products, buyers, webhook }
    }

    /// Checkout with nobody who is told, and with letters, a webhook and a thousand visitors who
    /// follow the stock of what is sold, in turns; the better of two each.
    fn listeners(&self, time: Duration) {
        let half = time / 2;
        let turn = || {
            self.direct(Direction::Pause, &self.couriers());
            let alone = self.buying(half);
            self.direct(Direction::Resume, &self.couriers());
            let listening = self.listening(&self.products);
            let told = self.buying(half);
            drop(listening);
            (alone, told)
        };
        let (first, second) = (turn(), turn());
        let (alone, told) = (better(first.0, second.0), better(first.1, second.1));
        line("checkout, nobody is told", &alone, None);
        line("checkout, 1,000 streams, couriers", &told, Some(&alone));
    }

    /// What each of those who are told costs a checkout: throughput, and time on a processor by
    /// thread. In turns, the better of two each.
    fn parts(&self, time: Duration) {
        let [letters, webhook] = self.couriers();
        let (sold, one) = (&self.products[..], &self.products[..1]);
        let parts: [(&str, &[String], &[CourierId]); 6] = [
            ("nobody is told", &[], &[]),
            ("1,000 streams", sold, &[]),
            ("1,000 streams, one product", one, &[]),
            ("letters", &[], &[letters]),
            ("a webhook", &[], &[webhook]),
            ("all of them", sold, &[letters, webhook]),
        ];
        let mut best: [Option<(Measured, Threads, Threads)>; 6] = Default::default();
        for _ in 0..2 {
            for ((_, products, couriers), best) in parts.iter().zip(&mut best) {
                self.direct(Direction::Pause, &self.couriers());
                self.direct(Direction::Resume, couriers);
                let visitors = (!products.is_empty()).then(|| self.listening(products));
                let before = Threads::now();
                let bought = self.buying(time / 2);
                let turn = (bought, before, Threads::now());
                drop(visitors);
                if best.as_ref().is_none_or(|best| best.0.per_second < turn.0.per_second) {
                    *best = Some(turn);
                }
            }
        }
        let best = best.map(|turn| turn.expect("two turns"));
        for ((what, ..), (bought, before, after)) in parts.iter().zip(&best) {
            line(what, bought, Some(&best[0].0));
            let millis = u64::try_from(time.as_millis() / 2).expect("a short time");
            after.line_since(before, bought.per_second * millis / 1000);
        }
    }

    /// From before a cart is changed until its owner's page is told, beside the answer itself:
    /// with a thousand others who listen, and while 256 orders a second are asked for.
    fn latency(&self, time: Duration) {
        let listening = self.listening(&self.products);
        let (answered, heard) = self.told_of_carts(BUYERS, time);
        line("cart changed: answered", &answered, None);
        line("cart changed: heard, 1,000 listen", &heard, None);
        let (buyers, address) = (Arc::clone(&self.buyers), self.address);
        let products = self.products.clone();
        let busy = thread::spawn(move || {
            paced(address, BUYERS, EVERY, time, &[201], orders(&buyers, &products))
        });
        let (answered, heard) = self.told_of_carts(BUYERS + 1, time);
        line("the same, 256 orders/s: answered", &answered, None);
        line("the same, 256 orders/s: heard", &heard, None);
        line("those orders", &busy.join().expect("orders"), None);
        drop(listening);
    }

    fn told_of_carts(&self, number: usize, time: Duration) -> (Measured, Measured) {
        let (token, _) = buyer(self.address, number);
        let mut page = opened(self.address, "?types=cart.*", Some(&token));
        let mut client = Client::to(self.address);
        let body = json!({ "productId": self.products[0], "quantity": 1 }).to_string();
        let add = request("POST", "/v1/cart/addtocart", Some(&token), Some(&body));
        let clear = request("DELETE", "/v1/cart/clearcart", Some(&token), None);
        let (began, mut answered, mut heard) = (now(), Vec::new(), Vec::new());
        while began.elapsed() < time {
            let change = if answered.len() % 2 == 0 { &add } else { &clear };
            let asked = now();
            let status = client.send(change).expect("an answer").status;
            assert!(status == 200 || status == 201, "{status}");
            answered.push(asked.elapsed().as_micros());
            hears(&mut page);
            heard.push(asked.elapsed().as_micros());
            thread::sleep(PAUSE);
        }
        (measured(answered, time), measured(heard, time))
    }

    fn buying(&self, time: Duration) -> Measured {
        load(self.address, BUYERS, time, &[201], orders(&self.buyers, &self.products))
    }

    fn listening(&self, products: &[String]) -> Listening {
        let listening = listening(self.address, LISTENERS, products);
        assert!(self.shop.live.listening() >= LISTENERS);
        listening
    }

    fn couriers(&self) -> [CourierId; 2] {
        [self.shop.letters.courier(), self.webhook]
    }

    fn direct(&self, direction: Direction, couriers: &[CourierId]) {
        for courier in couriers.iter().copied() {
            let shop = self.shop.clone();
            let done = async move { shop.runner.direct(courier, direction, Who::Shop).await };
            run(done).expect("a courier that listens");
        }
    }
}

/// One product by id: from a shop that counts nothing and logs nothing, from one as it is sold,
/// and from one that logs every request; in turns, the better of two each. Logs are JSON in a
/// file.
fn watching(dir: &Path, time: Duration) {
    let log = File::create(dir.join("log")).expect("a file");
    tracing_subscriber::fmt().json().flatten_event(true).with_writer(Mutex::new(log)).init();
    let opened = |name: &str, requests: LogRequests, meters: Meters| {
        let mut settings = settings(&dir.join(name));
        settings.log.requests = requests;
        let (shop, address) = serve_counted_by(meters, settings);
        let filled = shop.clone();
        run(async move { bodega::demo::fill(&filled).await.expect("a filled shop") });
        let admin = signed_in(address, "admin@example.com", bodega::demo::PASSWORD);
        let product = plenty(address, &admin, 1).remove(0);
        let path = format!("/v1/product/getproduct/{product}");
        (address, request("GET", &path, None, None))
    };
    let shops = [
        opened("silent", LogRequests::None, Meters::silent()),
        opened("usual", LogRequests::Changes, Meters::new()),
        opened("loud", LogRequests::All, Meters::new()),
    ];
    let mut best: [Option<Measured>; 3] = [None, None, None];
    for _ in 0..2 {
        for (place, (address, get)) in shops.iter().enumerate() {
            let get = get.clone();
            let read = load(*address, READERS, time / 2, &[200], move |_, _| get.clone());
            best[place] = Some(match best[place].take() {
                None => read,
                Some(before) => better(before, read),
            });
        }
    }
    let [silent, usual, loud] = best.map(|read| read.expect("two turns"));
    line("product, no numbers, no logs", &silent, None);
    line("product, numbers, usual logs", &usual, Some(&silent));
    line("product, numbers, all logged", &loud, Some(&silent));
}

/// As [`serve`], but what happens is counted by these.
fn serve_counted_by(meters: Meters, settings: Settings) -> (Shop, SocketAddr) {
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        actix::System::new().block_on(async move {
            let owners = owners_thread();
            let options = StoreOptions::default();
            let opened = meters
                .while_making(|| Store::open(&settings.data_dir, registry(), options, &Silent));
            let (store, _) = opened.expect("a store");
            let clock = Clock::of_machine(store.now_floor());
            let at = ServerSettings::at(settings.listen);
            let shop = Shop::counted_by(meters, store, clock, settings, &owners.handle()).await;
            let shop = shop.expect("an open shop");
            actix::spawn(shop.clone().keep_tidy());
            let listening = listen(pipeline(shop.clone()), &at).expect("a free port");
            ready.send((shop, listening.address)).expect("somebody waits");
            listening.server.await.expect("a server that ends well");
        });
    });
    is_ready.recv().expect("a shop that opens")
}

fn orders(
    buyers: &Arc<Vec<(String, String)>>,
    products: &[String],
) -> impl Fn(usize, usize) -> Vec<u8> + Send + Sync + 'static {
    let (buyers, products) = (Arc::clone(buyers), products.to_vec());
    move |client, turn| {
        let (token, home) = &buyers[client];
        let product = &products[(client + turn) % products.len()];
        let body = json!({
            "shippingAddressId": home,
            "items": [{ "productId": product, "quantity": 1 }],
            "charge": { "paymentMethodId": "pm_card_visa" },
        });
        request("POST", "/v1/orders", Some(token), Some(&body.to_string()))
    }
}

fn measured(mut times: Vec<u128>, time: Duration) -> Measured {
    times.sort_unstable();
    let count = times.len();
    let per_second = u64::try_from(count).expect("a count") / time.as_secs().max(1);
    Measured { per_second, p50: times[count / 2], p99: times[count * 99 / 100] }
}

fn better(a: Measured, b: Measured) -> Measured {
    if a.per_second > b.per_second { a } else { b }
}

fn run<T>(task: impl Future<Output = T>) -> T {
    actix::System::new().block_on(task)
}

const QUESTIONS: [&str; 4] = ["listeners", "parts", "latency", "watching"];
const LISTENERS: usize = 1_000;
const READERS: usize = 32;
const BUYERS: usize = 64;
const PRODUCTS: usize = 64;
/// How often a paced buyer orders.
const EVERY: Duration = Duration::from_millis(250);
/// Between two changes of a cart.
const PAUSE: Duration = Duration::from_millis(5);
