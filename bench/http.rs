//! How fast are product pages, carts, checkout and sign-in over HTTP, beside the framework alone?
//!
//! `cargo bench --bench http [seconds] [pages] [storefront] [carts] [checkout] [login]
//! [products]`; without names, all. `storefront` has a shop of its own with so many products
//! (default 100,000).

#[path = "support/bare.rs"]
mod bare;
#[path = "support/buyers.rs"]
mod buyers;
#[path = "support/fill.rs"]
mod fill;
#[path = "support/load.rs"]
mod load;
#[path = "support/orders.rs"]
mod orders;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/watch.rs"]
mod watch;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bare::serve_bare;
use buyers::{buyer, plenty, signed_in};
use load::{Client, Measured, line, load, paced, request};
use orders::orders;
use serde_json::json;
use shop::{serve, settings};
use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = words.iter().filter_map(|word| word.parse::<usize>().ok());
    let seconds = numbers.next().and_then(|number| u64::try_from(number).ok()).unwrap_or(5);
    let (time, many) = (Duration::from_secs(seconds), numbers.next().unwrap_or(MANY_PRODUCTS));
    let named: Vec<&str> =
        QUESTIONS.into_iter().filter(|name| words.iter().any(|word| word == name)).collect();
    let asked = |name: &str| named.is_empty() || named.contains(&name);
    if asked("storefront") {
        storefront(many, time);
    }
    if named == ["storefront"] {
        std::process::exit(0);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (shop, address) = serve(settings(&folder.path().join("data")));
    let filled = shop.clone();
    run(async move { bodega::demo::fill(&filled).await.expect("a filled shop") });
    let admin = signed_in(address, "admin@example.com", bodega::demo::PASSWORD);
    let products = plenty(address, &admin, PRODUCTS);
    if asked("pages") {
        pages(address, &products, time);
    }
    let buyers: Arc<Vec<(String, String)>> =
        Arc::new((0..BUYERS).map(|n| buyer(address, n)).collect());
    if asked("carts") {
        carts(address, &buyers, &products, time);
    }
    // Before anybody has bought: what is told and filed of purchases goes on behind them.
    if asked("login") {
        login(address, &products[0], time);
    }
    if asked("checkout") {
        checkout(address, &buyers, &products, time);
    }
    std::process::exit(0);
}

fn pages(address: SocketAddr, products: &[String], time: Duration) {
    let one = product_page(address, &products[0], time);
    line("product by id", &one.0, Some(&one.1));
    let page = list_page(address, time);
    line("list of 20, in stock", &page.0, Some(&page.1));
}

/// Pages of a large storefront for visitors, as a browser asks for them: as fast as 16 visitors
/// can click, and with each of them looking for a while before the next page, which is how long
/// the shop takes where nobody waits for a core.
fn storefront(products: usize, time: Duration) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (shop, address) = serve(settings(&folder.path().join("data")));
    let filled = shop.clone();
    run(async move {
        fill::fill(&filled, products, 0).await;
        let newest = filled.store().health().seq;
        filled.search.knows(newest).await;
    });
    for (name, path) in STOREFRONT {
        let ask = move |client: usize, turn: usize| {
            // A prime step goes all over the catalogue.
            let number = (client * 7_919 + turn * 104_729) % products.max(1);
            request("GET", &path.replace("{n}", &number.to_string()), None, None)
        };
        let paced = paced(address, VISITORS, LOOKING, time, &[200], ask);
        line(&format!("{name}, 16 clients, paced"), &paced, None);
        let fast = load(address, VISITORS, time, &[200], ask);
        line(&format!("{name}, 16 clients"), &fast, None);
    }
}

fn carts(
    address: SocketAddr,
    buyers: &Arc<Vec<(String, String)>>,
    wanted: &[String],
    time: Duration,
) {
    let (people, wanted) = (Arc::clone(buyers), wanted.to_vec());
    let carts = load(address, BUYERS, time, &[201, 409], move |client, turn| {
        // 999 of an item fit in a cart; then the next one.
        let product = &wanted[(turn / 900) % wanted.len()];
        let body = json!({ "productId": product, "quantity": 1 }).to_string();
        request("POST", "/v1/cart/addtocart", Some(&people[client].0), Some(&body))
    });
    line("add to cart, 64 clients", &carts, None);
}

fn checkout(
    address: SocketAddr,
    buyers: &Arc<Vec<(String, String)>>,
    wanted: &[String],
    time: Duration,
) {
    let checkout = load(address, BUYERS, time, &[201], orders(buyers, wanted));
    line("checkout, paid, 64 clients", &checkout, None);
}

fn better(a: Measured, b: Measured) -> Measured {
    if a.per_second > b.per_second { a } else { b }
}

/// Log-ins beside bare argon2id, and how much slower a page is for readers while they go on.
fn login(address: SocketAddr, product: &str, time: Duration) {
    let bare = bare_argon2(time);
    line("argon2id alone, same pool", &bare, None);
    let log_in = |_, _| {
        let body = json!({ "email": "admin@example.com", "password": bodega::demo::PASSWORD });
        request("POST", "/v1/auth/login", None, Some(&body.to_string()))
    };
    let login = load(address, SIGNERS, time, &[201], log_in);
    line("log in, 8 clients", &login, Some(&bare));

    let get = request("GET", &format!("/v1/product/getproduct/{product}"), None, None);
    let again = get.clone();
    let quiet = paced(address, READERS, EVERY, time, &[200], move |_, _| get.clone());
    line("product by id, 320/s", &quiet, None);
    let signing = std::thread::spawn(move || load(address, SIGNERS, time, &[201], log_in));
    let busy = paced(address, READERS, EVERY, time, &[200], move |_, _| again.clone());
    line("product by id, 320/s, during log-ins", &busy, None);
    signing.join().expect("log-ins");
}

fn product_page(address: SocketAddr, product: &str, time: Duration) -> (Measured, Measured) {
    let get = request("GET", &format!("/v1/product/getproduct/{product}"), None, None);
    beside_bare(address, get, time)
}

fn list_page(address: SocketAddr, time: Duration) -> (Measured, Measured) {
    let get = request("GET", "/v1/product/getproducts?inStock=true&limit=20", None, None);
    beside_bare(address, get, time)
}

/// The shop and a bare handler that returns the same bytes, one after the other, twice; the
/// better half of each, so that a busy moment does not count.
fn beside_bare(address: SocketAddr, get: Vec<u8>, time: Duration) -> (Measured, Measured) {
    let body = Client::to(address).send(&get).expect("an answer").body;
    let bare = serve_bare(body);
    let half = time / 2;
    let asked = |at| {
        let get = get.clone();
        load(at, READERS, half, &[200], move |_, _| get.clone())
    };
    let (first, bare_first) = (asked(address), asked(bare));
    let (second, bare_second) = (asked(address), asked(bare));
    (better(first, second), better(bare_first, bare_second))
}

/// What the pool's threads could do with nothing else to do.
fn bare_argon2(time: Duration) -> Measured {
    let threads = (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1);
    let running: Vec<_> = (0..threads)
        .map(|_| {
            std::thread::spawn(move || {
                let (began, mut times) = (now(), Vec::new());
                let password = secrecy::SecretString::from("a long enough password");
                while began.elapsed() < time {
                    let one = now();
                    bodega::accounts::passwords::hash(&password).expect("a hash");
                    times.push(one.elapsed().as_micros());
                }
                times
            })
        })
        .collect();
    let mut times: Vec<u128> =
        running.into_iter().flat_map(|one| one.join().expect("a thread")).collect();
    times.sort_unstable();
    let per_second = u64::try_from(times.len()).expect("a count") / time.as_secs().max(1);
    Measured { per_second, p50: times[times.len() / 2], p99: times[times.len() * 99 / 100] }
}

fn run<T>(task: impl Future<Output = T>) -> T {
    actix::System::new().block_on(task)
}

const QUESTIONS: [&str; 5] = ["pages", "storefront", "carts", "checkout", "login"];
/// Pages of the storefront; `{n}` is the number of a product.
const STOREFRONT: [(&str, &str); 6] = [
    ("home page", "/"),
    ("category page", "/category/coffee"),
    ("category page, cheapest first", "/category/coffee?sort=price_asc"),
    ("product page", "/product/scale-product-{n}"),
    ("search page", "/search?q=tea"),
    ("search, found everywhere", "/search?q=product"),
];
const MANY_PRODUCTS: usize = 100_000;
/// How long a visitor looks at a page.
const LOOKING: Duration = Duration::from_millis(50);
const VISITORS: usize = 16;
const READERS: usize = 32;
/// How often a paced reader asks.
const EVERY: Duration = Duration::from_millis(100);
const SIGNERS: usize = 8;
const BUYERS: usize = 64;
const PRODUCTS: usize = 64;
