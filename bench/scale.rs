//! How long does a large shop take to start, and how much memory does it hold, idle and at work?
//!
//! `cargo bench --bench scale [products] [orders]` fills a temporary folder, then starts the real
//! binary on it: after a clean stop, and after a kill in the middle of reading and buying.

#[path = "support/fill.rs"]
mod fill;
#[path = "support/load.rs"]
mod load;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/watch.rs"]
mod watch;

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fill::fill;
use load::{Client, line, load, request};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use shop::{serve, settings};
use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let mut counts = words.iter().filter_map(|word| word.parse::<usize>().ok());
    let (products, orders) = (counts.next().unwrap_or(100_000), counts.next().unwrap_or(100_000));
    if let Some(at) = words.iter().position(|word| word == FILL) {
        filled(Path::new(&words[at + 1]), products, orders);
        std::process::exit(0);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("data");
    let filling = now();
    // In a process of its own: whoever filled the shop would hold its files.
    let done = Command::new(std::env::current_exe().expect("this program"))
        .args([products.to_string(), orders.to_string(), FILL.to_owned()])
        .arg(&dir)
        .status();
    assert!(done.expect("a process").success(), "the shop was not filled");
    tell(&format!(
        "filled with {products} products and {orders} orders in {:?}",
        filling.elapsed()
    ));
    for (after, ending) in [("a clean stop", Signal::KILL), ("a kill -9", Signal::TERM)] {
        let started = now();
        let (mut shop, address) = start(&dir);
        let took = started.elapsed();
        tell(&format!("ready {took:?} after {after}; {}", resident(shop.id())));
        work(address, shop.id());
        tell(&format!("after reading and buying: {}", resident(shop.id())));
        let id = i32::try_from(shop.id()).expect("a process id");
        let process = Pid::from_raw(id).expect("a process id");
        kill_process(process, ending).expect("a signal");
        shop.wait().expect("an end");
    }
    std::process::exit(0);
}

/// Reads products all over the catalogue, then buys, for some seconds each.
fn work(address: SocketAddr, shop: u32) {
    let body = json!({ "email": "admin@example.com", "password": bodega::demo::PASSWORD });
    let admin = asked(address, "POST", "/v1/auth/login", None, &body);
    let token = admin["data"]["accessToken"].as_str().expect("a token").to_owned();
    let products = products_of(address);
    let ids = products.clone();
    let reads = load(address, CLIENTS, WORK_TIME, &[200], move |client, turn| {
        // A prime step goes all over the catalogue.
        let id = &ids[(client * 7_919 + turn * 104_729) % ids.len()];
        request("GET", &format!("/v1/product/getproduct/{id}"), None, None)
    });
    line("products all over the catalogue", &reads, None);
    tell(&format!("after reading: {}", resident(shop)));
    for (name, path) in PAGES {
        let pages =
            load(address, CLIENTS, WORK_TIME, &[200], move |_, _| request("GET", path, None, None));
        line(name, &pages, None);
    }
    tell(&format!("after pages: {}", resident(shop)));
    let home = json!({
        "fullName": "A Buyer", "phone": "+1-555-0100", "street": "1 Main Street",
        "city": "Springfield", "state": "OR", "country": "US", "postalCode": "97477",
    });
    let path = "/v1/users-address/createuseraddress";
    let home = asked(address, "POST", path, Some(&token), &home);
    let home = home["data"]["id"].as_str().expect("an id").to_owned();
    let buys = load(address, CLIENTS, WORK_TIME, &[201, 409], move |client, turn| {
        let product = &products[(client * 7_919 + turn * 104_729) % products.len()];
        let body = json!({
            "shippingAddressId": home,
            "items": [{ "productId": product, "quantity": 1 }],
            "charge": { "paymentMethodId": "pm_card_visa" },
        });
        request("POST", "/v1/orders", Some(&token), Some(&body.to_string()))
    });
    line("checkout, paid, 16 clients", &buys, None);
}

fn products_of(address: SocketAddr) -> Vec<String> {
    let (mut ids, mut path) = (Vec::new(), LIST.to_owned());
    loop {
        let page = asked(address, "GET", &path, None, &json!({}));
        let items = page["data"].as_array().expect("a list");
        // Those that are bought without naming a variant.
        let is_simple = |item: &&Value| item["variants"].as_array().map_or(0, Vec::len) == 1;
        let simple = items.iter().filter(is_simple);
        ids.extend(simple.filter_map(|item| item["id"].as_str().map(str::to_owned)));
        match page["page"]["nextCursor"].as_str() {
            Some(cursor) => path = format!("{LIST}&cursor={cursor}"),
            None => return ids,
        }
    }
}

fn asked(at: SocketAddr, method: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
    let reply = Client::to(at).send(&request(method, path, token, Some(&body.to_string())));
    serde_json::from_slice(&reply.expect("an answer").body).expect("JSON")
}

fn start(dir: &Path) -> (Child, SocketAddr) {
    let mut shop = Command::new(env!("CARGO_BIN_EXE_bodega"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir)
        .env("BODEGA_PAYMENTS__GATEWAY", "demo")
        .env("BODEGA_LIMITS__ENABLED", "false")
        .env("BODEGA_LOG__LEVEL", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let out = shop.stdout.take().expect("its output");
    let ready = BufReader::new(out).lines().next().expect("a line").expect("text");
    let (_, address) = ready.split_once("http://").unwrap_or_else(|| panic!("{ready}"));
    let end = address.find(|letter: char| !(letter.is_ascii_digit() || ".:".contains(letter)));
    let address = &address[..end.unwrap_or(address.len())];
    (shop, address.parse().expect("an address"))
}

/// Memory that is resident, and how much of it is its own and no mapped file's.
fn resident(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let mib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("its memory");
        let kib = line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
        kib.expect("a number") / 1024
    };
    format!("resident {} MB, {} MB its own", mib("VmRSS"), mib("RssAnon"))
}

fn filled(dir: &Path, products: usize, orders: usize) {
    let (shop, _) = serve(settings(dir));
    actix::System::new().block_on(async move {
        fill(&shop, products, orders).await;
        shop.close().expect("a disk that takes it");
    });
}

fn tell(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").expect("standard output");
}

const CLIENTS: usize = 16;
const WORK_TIME: Duration = Duration::from_secs(10);
/// Pages of the storefront, as a browser asks for them.
const PAGES: [(&str, &str); 3] = [
    ("home page", "/"),
    ("everything, with its facets", "/search"),
    ("search page", "/search?q=ware"),
];
const LIST: &str = "/v1/product/getproducts?limit=100";
/// Asks this program to fill the folder that is named next.
const FILL: &str = "fill";
