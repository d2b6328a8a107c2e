//! What does Stripe cost a checkout, how soon is a payment known, and what do payments in flight
//! hold?
//!
//! `cargo bench --bench payments [seconds] [checkout] [letters] [flight]`; without names, all.
//! Stripe is the double of the tests, on loopback in this process: its work and that of the HTTP
//! between the two is in every number.

#[path = "support/buyers.rs"]
mod buyers;
#[expect(dead_code, unused_imports, reason = "the double serves tests that look at more of it")]
#[path = "../tests/support/stripe/mod.rs"]
mod double;
#[path = "support/load.rs"]
mod load;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/watch.rs"]
mod watch;

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use bodega::{
    domain::orders::{Order, OrderStatus},
    shop::Shop,
};
use buyers::{buyer, plenty, signed_in};
use double::{SECRET_KEY, Stripe, Trouble, WEBHOOK_SECRET, ledger::now as seconds, signature_of};
use load::{Client, line, load, paced, request};
use serde_json::{Value, json};
use shop::{serve, settings, settings_with};
use watch::now;

fn main() {
    // A payment in flight has a connection at each of four ends, all of them in this process.
    let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limits.maximum, ..limits };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("more files");
    let words: Vec<String> = std::env::args().skip(1).collect();
    let time = words.iter().filter_map(|word| word.parse().ok()).next().unwrap_or(5);
    let time = Duration::from_secs(time);
    let named = |name: &&str| words.iter().any(|word| word == name);
    let all = !QUESTIONS.iter().any(named);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stripe = Stripe::open();
    let by_stripe = Counter::open(over(&folder.path().join("stripe"), &stripe));
    if all || named(&"checkout") {
        let by_demo = Counter::open(settings(&folder.path().join("demo")));
        checkout(&by_demo, &by_stripe, time);
    }
    if all || named(&"letters") {
        letters(&by_stripe, &stripe);
    }
    if all || named(&"flight") {
        flight(&by_stripe, &stripe);
    }
    std::process::exit(0);
}

/// A shop that is open, and those who buy in it.
struct Counter {
    shop: Shop,
    address: SocketAddr,
    buyers: Arc<Vec<(String, String)>>,
    products: Arc<Vec<String>>,
}

impl Counter {
    fn open(settings: bodega::config::Settings) -> Counter {
        let (shop, address) = serve(settings);
        let filled = shop.clone();
        actix::System::new()
            .block_on(async move { bodega::demo::fill(&filled).await.expect("a filled shop") });
        let admin = signed_in(address, "admin@example.com", bodega::demo::PASSWORD);
        let products = Arc::new(plenty(address, &admin, PRODUCTS));
        let buyers = Arc::new((0..BUYERS).map(|number| buyer(address, number)).collect());
        Counter { shop, address, buyers, products }
    }

    /// The bytes of an order of one thing, paid with this.
    fn order(&self, client: usize, turn: usize, token: &str) -> Vec<u8> {
        order(&self.buyers, &self.products, client, turn, token)
    }
}

fn order(
    buyers: &[(String, String)],
    products: &[String],
    client: usize,
    turn: usize,
    token: &str,
) -> Vec<u8> {
    let (bearer, home) = &buyers[client % buyers.len()];
    let body = json!({
        "shippingAddressId": home,
        "items": [{ "productId": products[(client + turn) % products.len()], "quantity": 1 }],
        "charge": { "paymentMethodId": token },
    });
    request("POST", "/v1/orders", Some(bearer), Some(&body.to_string()))
}

/// Settings of a shop that asks this double.
fn over(dir: &Path, stripe: &Stripe) -> bodega::config::Settings {
    let secrets = format!("[\"{WEBHOOK_SECRET}\"]");
    settings_with(
        dir,
        &[
            ("PAYMENTS__GATEWAY", "stripe"),
            ("PAYMENTS__BANK_TRANSFER", "true"),
            ("PAYMENTS__STRIPE__SECRET_KEY", SECRET_KEY),
            ("PAYMENTS__STRIPE__WEBHOOK_SECRETS", &secrets),
            ("PAYMENTS__STRIPE__BASE_URL", &stripe.base_url()),
        ],
    )
}

/// The same checkout over the demo gateway and over the double: as fast as it goes, and at a pace
/// that leaves the machine room.
fn checkout(by_demo: &Counter, by_stripe: &Counter, time: Duration) {
    for (what, pause) in [("full speed", Duration::ZERO), ("paced, 256/s", PACE)] {
        let measured = [by_demo, by_stripe].map(|counter| {
            let (buyers, products) = (Arc::clone(&counter.buyers), Arc::clone(&counter.products));
            let ask = move |client, turn| order(&buyers, &products, client, turn, "pm_card_visa");
            match pause.is_zero() {
                true => load(counter.address, BUYERS, time, &[201], ask),
                false => paced(counter.address, BUYERS, pause, time, &[201], ask),
            }
        });
        let [demo, stripe] = measured;
        line(&format!("demo gateway, {what}"), &demo, None);
        line(&format!("double of Stripe, {what}"), &stripe, Some(&demo));
    }
}

/// From the moment a letter is sent until the order is PAID, durably.
fn letters(counter: &Counter, stripe: &Stripe) {
    let mut client = Client::to(counter.address);
    let mut times: Vec<u128> = (0..LETTERS)
        .map(|turn| {
            let placed = client.send(&counter.order(0, turn, "pm_card_authenticationRequired"));
            let placed: Value =
                serde_json::from_slice(&placed.expect("an answer").body).expect("JSON");
            let order = placed["data"]["id"].as_str().expect("an order").to_owned();
            let body = stripe.ledger(|ledger| {
                let mut all = ledger.intents.iter();
                let intent = all.find(|(_, intent)| intent.metadata["order_id"] == order.as_str());
                let intent = intent.expect("an intent").0.clone();
                ledger.finish(&intent, true);
                ledger.events.last().expect("an event").0.to_string()
            });
            let letter = letter(&body);
            let sent = now();
            assert_eq!(client.send(&letter).expect("an answer").status, 200);
            let order = order.parse().expect("an id");
            let status = || counter.shop.reader.get::<Order>(order).expect("readable").state.status;
            while status() != OrderStatus::Paid {
                assert!(sent.elapsed() < STUCK_AFTER, "a letter is never followed");
                thread::sleep(LOOKED_EVERY);
            }
            sent.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    let (half, most, worst) =
        (times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1]);
    say(&format!(
        "letter to PAID, {LETTERS} letters  p50 {half} µs  p99 {most} µs  max {worst} µs"
    ));
}

fn letter(body: &str) -> Vec<u8> {
    let signature = signature_of(body, seconds());
    format!(
        "POST /v1/webhooks/stripe HTTP/1.1\r\nhost: bench\r\nstripe-signature: {signature}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A thousand payments wait for a bank that takes five seconds a call; others read and buy.
fn flight(counter: &Counter, stripe: &Stripe) {
    let product = format!("/v1/product/getproduct/{}", counter.products[0]);
    let get = request("GET", &product, None, None);
    let quiet = {
        let get = get.clone();
        paced(counter.address, READERS, READ_EVERY, MEANWHILE, &[200], move |_, _| get.clone())
    };
    stripe.makes(Trouble { always_late: Some(BANK_MILLIS), ..Trouble::default() });
    let (threads, memory, calls) =
        (threads(), resident_kib(), stripe.ledger(|ledger| ledger.calls));
    let mut waiting: Vec<Client> = (0..PAYMENTS).map(|_| Client::to(counter.address)).collect();
    let began = now();
    for (number, client) in waiting.iter_mut().enumerate() {
        client.write(&counter.order(number, 0, "pm_card_visa")).expect("a request");
    }
    let in_flight = || stripe.ledger(|ledger| ledger.calls) - calls;
    while usize::try_from(in_flight()).expect("few") < PAYMENTS {
        thread::sleep(LOOKED_EVERY);
    }
    let (threads_more, memory_more) =
        (self::threads().saturating_sub(threads), resident_kib().saturating_sub(memory));
    let busy =
        paced(counter.address, READERS, READ_EVERY, MEANWHILE, &[200], move |_, _| get.clone());
    let mut paid = 0;
    for client in &mut waiting {
        let reply: Value =
            serde_json::from_slice(&client.read().expect("an answer").body).expect("JSON");
        paid += usize::from(reply["data"]["status"] == "PAID");
    }
    let took = began.elapsed().as_millis();
    stripe.makes(Trouble::default());
    line("product by id, 320/s", &quiet, None);
    line("the same, 1,000 payments in flight", &busy, None);
    say(&format!(
        "{paid} of {PAYMENTS} payments PAID after {took} ms (two calls of {BANK_MILLIS} ms each); \
         {threads_more} threads and {memory_more} KiB more, clients and double included"
    ));
}

/// How many threads this process has.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("a list of threads").count()
}

/// What this process holds of the machine's memory.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("readable");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a figure")
}

fn say(text: &str) {
    writeln!(io::stdout(), "{text}").expect("standard output");
}

const QUESTIONS: [&str; 3] = ["checkout", "letters", "flight"];
const BUYERS: usize = 64;
const PRODUCTS: usize = 64;
/// Each buyer orders so often: 256 orders a second in all, less what an order takes.
const PACE: Duration = Duration::from_millis(250);
const LETTERS: usize = 300;
const LOOKED_EVERY: Duration = Duration::from_micros(100);
const STUCK_AFTER: Duration = Duration::from_secs(60);
const PAYMENTS: usize = 1000;
const BANK_MILLIS: u64 = 5000;
const READERS: usize = 32;
const READ_EVERY: Duration = Duration::from_millis(100);
/// Less than the bank takes.
const MEANWHILE: Duration = Duration::from_secs(3);
