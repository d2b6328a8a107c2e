//! How fast is search in a large shop, and do its readers notice a writer?
//!
//! `cargo bench --bench search -- PRODUCTS [SECONDS]` fills a shop on a temporary folder from a
//! made-up catalogue with many names, brands, categories and options, waits for the index, and
//! asks over HTTP: words with facets and typos, half words, a product by id beside a bare handler,
//! each as fast as it goes and by clients who look at an answer before they ask again, and all
//! that once more while somebody changes 500 products a second. Run it with 100000 and with
//! 1000000 to see how cost grows.

#[path = "support/adding.rs"]
mod adding;
#[path = "support/bare.rs"]
mod bare;
#[path = "support/load.rs"]
mod load;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/watch.rs"]
mod watch;

use std::{
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use bodega::{
    actors::{
        assortment::{StockedVariant, WantedChanges, WantedProduct},
        catalogue::AddCategory,
    },
    domain::{
        catalogue::{ProductEdit, WantedVariant},
        ids::{CategoryId, ProductId},
        money::{Currency, Money},
        time::Who,
    },
    search::Progress,
    shop::Shop,
};
use futures_util::future::join_all;
use load::{Client, Measured, line, load, paced, request};
use shop::{serve, settings};
use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let mut numbers = words.iter().filter_map(|word| word.parse::<usize>().ok());
    let products = numbers.next().unwrap_or(100_000);
    let seconds = numbers.next().and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(10);
    let time = Duration::from_secs(seconds);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let filling = now();
    let (shop, address) = serve(settings(folder.path()));
    let ids = Arc::new(fill(&shop, products));
    tell(&format!("filled with {products} products in {:?}", filling.elapsed()));
    known(&shop);
    tell(&format!("resident {} MB", resident_mib()));
    index_again(&shop, folder.path());

    let quiet = reads(address, &ids, time);
    tell(&format!("resident {} MB after reading", resident_mib()));
    let (over, changed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writer = {
        let (shop, ids) = (shop.clone(), Arc::clone(&ids));
        let (over, changed) = (Arc::clone(&over), Arc::clone(&changed));
        thread::spawn(move || write(&shop, &ids, &over, &changed))
    };
    let began = now();
    tell("while somebody changes 500 products a second:");
    let busy = reads(address, &ids, time);
    over.store(true, Ordering::Relaxed);
    writer.join().expect("a writer that ends");
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = changed.load(Ordering::Relaxed) * 1000 / millis;
    tell(&format!("{rate} products a second were changed; resident {} MB", resident_mib()));
    for (quiet, busy) in quiet.iter().zip(&busy) {
        let times = |quiet: &Measured, busy: &Measured| {
            let percent = busy.p99 * 100 / quiet.p99.max(1);
            format!("{}.{:02}", percent / 100, percent % 100)
        };
        let (full, looking) =
            (times(&quiet.full, &busy.full), times(&quiet.looking, &busy.looking));
        tell(&format!("{}: p99 {full} of the quiet one; looking, {looking}", quiet.name));
    }
    let (segments, documents) = shop.search.size();
    tell(&format!("{documents} products in {segments} segments"));
    std::process::exit(0);
}

/// Asks everything, each for so long.
fn reads(address: SocketAddr, ids: &Arc<Vec<ProductId>>, time: Duration) -> Vec<Asked> {
    let mut all = Vec::new();
    let mut ask = |name, bare: Option<&Measured>, ask: Asks| {
        let (full, looking) = (Arc::clone(&ask), ask);
        let full = load(address, CLIENTS, time, &[200], move |client, turn| full(client, turn));
        line(name, &full, bare);
        let looking = paced(address, CLIENTS, LOOKING, time, &[200], move |client, turn| {
            looking(client, turn)
        });
        line("  the same, looking between two", &looking, None);
        all.push(Asked { name, full, looking });
    };
    let path = "/v1/product/searchproducts?limit=20&facets=true&query=";
    ask("search with facets", None, asks(move |number| format!("{path}{}", query(number))));
    let path = "/v1/product/suggest?query=";
    let half = move |number: usize| {
        let typed = query(number);
        // As it is typed: some letters of it.
        let letters = 2 + number % typed.len().saturating_sub(2).max(1);
        format!("{path}{}", typed.chars().take(letters).collect::<String>())
    };
    ask("as you type", None, asks(half));
    let product = |id: ProductId| format!("/v1/product/getproduct/{id}");
    let first = request("GET", &product(ids[0]), None, None);
    let body = Client::to(address).send(&first).expect("a product").body;
    let bare = load(bare::serve_bare(body), CLIENTS, time, &[200], move |_, _| first.clone());
    let these = Arc::clone(ids);
    let one = asks(move |number| product(these[number % these.len()]));
    ask("products all over, by id", Some(&bare), one);
    let these = Arc::clone(ids);
    let few: Asks = Arc::new(move |client, turn| {
        request("GET", &product(these[(client + turn) % 100]), None, None)
    });
    ask("a hundred products, by id", Some(&bare), few);
    let pages: Asks = Arc::new(|client, turn| {
        let shelf = (client * 31 + turn * 17) % SHELVES;
        let path = format!("/v1/product/getproductsbycategory/shelf-{shelf}?limit=20");
        request("GET", &path, None, None)
    });
    ask("a page of 20 of a category", None, pages);
    all
}

/// How one thing was answered: as fast as it goes, and to clients who look between two.
struct Asked {
    name: &'static str,
    full: Measured,
    looking: Measured,
}

/// What a client sends at its turn.
type Asks = Arc<dyn Fn(usize, usize) -> Vec<u8> + Send + Sync>;

/// Asks for the path of a number, which is another one at each turn of each client.
fn asks(path: impl Fn(usize) -> String + Send + Sync + 'static) -> Asks {
    Arc::new(move |client, turn| request("GET", &path(client * 7_919 + turn * 104_729), None, None))
}

/// What somebody looks for: a word or two of the catalogue, some with a slip, some with a brand.
fn query(number: usize) -> String {
    let (one, other) = (WORDS[number % WORDS.len()], WORDS[number / 7 % WORDS.len()]);
    match number % 5 {
        0 => one.to_owned(),
        1 => format!("{one}+{other}"),
        2 => format!("{}{}", &one[..1], &one[2..]),
        3 => format!("{one}+brand{}", number % BRANDS),
        _ => format!("{one}+{}", &other[..3]),
    }
}

/// Throws the index away, as a damaged one is, and tells how long it takes to be made again.
fn index_again(shop: &Shop, dir: &Path) {
    let begun = now();
    let lost = dir.join("another-index");
    let (search, indexer, standing) =
        bodega::search::Search::open(&lost, "en").expect("an empty index");
    assert!(standing.is_none());
    let goods =
        bodega::subscribers::search::Goods { search: search.clone(), indexer, standing, dir: lost };
    let register_dir = dir.join("another-register");
    let (register, filing, standing) =
        bodega::search::Register::open(&register_dir).expect("an empty register");
    let desk = bodega::subscribers::search::Desk {
        register: register.clone(),
        filing,
        standing,
        dir: register_dir,
    };
    let following =
        bodega::subscribers::search::Following::start(shop.store().clone(), goods, desk)
            .expect("a thread");
    while search.progress() != Progress::Following {
        thread::sleep(Duration::from_millis(10));
    }
    tell(&format!("index of {} products made in {:?}", search.size().1, begun.elapsed()));
    while register.progress() != Progress::Following {
        thread::sleep(Duration::from_millis(10));
    }
    tell(&format!("and the register of {} cards by {:?}", register.size().1, begun.elapsed()));
    following.stop();
}

/// Waits until search knows everything.
fn known(shop: &Shop) {
    let begun = now();
    let position = shop.store().health().seq;
    while shop.search.position() < position || shop.register.position() < position {
        thread::sleep(Duration::from_millis(5));
    }
    tell(&format!("search knew all of it {:?} later", begun.elapsed()));
}

fn fill(shop: &Shop, products: usize) -> Vec<ProductId> {
    actix::System::new().block_on(async {
        let mut shelves = Vec::new();
        for number in 0..SHELVES {
            let parent = (number >= TOP).then(|| shelves[number % TOP]);
            let category: CategoryId = shop.clock.new_id();
            let name = format!("Shelf {number}");
            let add = AddCategory { category, name, description: String::new(), parent };
            shop.desks.catalogue.ask(add, shop.intent(Who::Shop)).await.expect("a category");
            shelves.push(category);
        }
        let mut ids = Vec::with_capacity(products);
        for chunk in (0..products).collect::<Vec<_>>().chunks(AT_ONCE) {
            ids.extend(join_all(chunk.iter().map(|number| add(shop, *number, &shelves))).await);
        }
        ids
    })
}

async fn add(shop: &Shop, number: usize, shelves: &[CategoryId]) -> ProductId {
    let word = |step: usize| WORDS[number / step % WORDS.len()];
    let name = format!("{} {} {} {number}", word(1), word(20), word(400));
    let only = WantedVariant { sku: Some(format!("SKU-{number}")), ..WantedVariant::default() };
    let wanted = WantedProduct {
        handle: None,
        is_active: true,
        name,
        description: format!(
            "A {} {} made of {} for every {}, in its usual quality and with a description of the \
             usual length.",
            word(3),
            word(7),
            word(11),
            word(13)
        ),
        price: Money::of(i64::try_from(100 + number % 9_900).expect("small"), Currency::USD)
            .expect("a price"),
        category_ids: vec![shelves[number % shelves.len()]],
        images: vec![],
        brand: Some(format!("Brand{}", number % BRANDS)),
        options: vec![],
        variants: vec![StockedVariant {
            wanted: only,
            on_hand: Some(u32::from(!number.is_multiple_of(9))),
        }],
    };
    adding::added(shop, wanted).await
}

/// Changes prices at a steady pace until it is over.
fn write(shop: &Shop, ids: &[ProductId], over: &AtomicBool, changed: &AtomicU64) {
    actix::System::new().block_on(async {
        let began = now();
        let mut number = 0;
        while !over.load(Ordering::Relaxed) {
            let due = began.elapsed().as_millis() * CHANGES_A_SECOND / 1000;
            if u128::try_from(number).unwrap_or(u128::MAX) >= due {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            let some = (number..number + 10).map(|number| {
                let cents = i64::try_from(100 + number % 9_000).expect("small");
                let price = Money::of(cents, Currency::USD).expect("a price");
                let edit = ProductEdit { price: Some(price), ..ProductEdit::default() };
                let changes = WantedChanges { edit, ..WantedChanges::default() };
                let id = ids[number * 104_729 % ids.len()];
                shop.assortment.edit(id, changes, None, shop.intent(Who::Shop))
            });
            let done = join_all(some).await.into_iter().filter(Result::is_ok).count();
            changed.fetch_add(u64::try_from(done).unwrap_or_default(), Ordering::Relaxed);
            number += 10;
        }
    });
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("its memory");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    kib / 1024
}

fn tell(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").expect("standard output");
}

const CLIENTS: usize = 16;
/// How long a client looks at an answer, when it does.
const LOOKING: Duration = Duration::from_millis(10);
const AT_ONCE: usize = 256;
const BRANDS: usize = 300;
const SHELVES: usize = 120;
/// Categories at the top; all others stand below one of them.
const TOP: usize = 12;
const CHANGES_A_SECOND: u128 = 500;
const WORDS: &[&str] = &[
    "green", "kettle", "copper", "linen", "walnut", "garden", "lantern", "woollen", "blanket",
    "ceramic", "espresso", "grinder", "leather", "journal", "velvet", "cushion", "marble", "tray",
    "bamboo", "basket", "silver", "teapot", "cotton", "apron", "granite", "mortar", "olive",
    "candle", "scented", "vanilla", "hammock", "outdoor", "folding", "stool", "enamel", "saucepan",
    "bread", "knife", "chopping", "board", "glass", "carafe", "pepper", "mill", "wicker", "chair",
    "painted", "vase", "stone", "bowl", "oak", "shelf", "brass", "hook", "paper", "lamp", "rattan",
    "mirror", "felt", "slippers", "striped", "towel", "rubber", "boots", "canvas", "satchel",
    "pocket", "compass", "field", "notebook", "fountain", "pen", "ink", "bottle", "travel", "mug",
];
