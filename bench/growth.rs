//! Does the index of a shop grow, or its cost, over months of small changes?
//!
//! `cargo bench --bench growth -- CHANGES [PRODUCTS]` puts products (20000) into an index on a
//! temporary folder (of `TMPDIR`) and changes one of them so many times (2000), each change in a
//! commit of its own: far worse than a shop, which gathers. For each tenth of the changes it tells
//! the most segments there were, the size on disk, and the median commit and query.

#[path = "support/watch.rs"]
mod watch;

use std::{io::Write, path::Path, time::Duration};

use bodega::{
    domain::ids::{Identity, ProductId},
    search::{Findable, Indexer, Search, SearchRequest, Standing},
};
use watch::now;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let mut numbers = words.iter().filter_map(|word| word.parse::<u64>().ok());
    let (changes, products) =
        (numbers.next().unwrap_or(2_000), numbers.next().unwrap_or(20_000).max(1));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (search, mut indexer, _) = Search::open(folder.path(), "en").expect("an index");
    for number in 0..products {
        indexer.put(&product(number, 0)).expect("room");
    }
    commit(&search, &mut indexer, 1);
    let tenth = (changes / 10).max(1);
    let mut seen = Tenth::default();
    for change in 1..=changes {
        let begun = now();
        indexer.put(&product(change * 7_919 % products, change)).expect("room");
        commit(&search, &mut indexer, change + 1);
        seen.commits.push(begun.elapsed());
        seen.segments = seen.segments.max(search.size().0);
        if change.is_multiple_of(QUERY_EVERY) {
            let text = format!("green {}", WORDS[number_of(change) % WORDS.len()]);
            let begun = now();
            let asked = SearchRequest { text, limit: 20, facets: true, ..Default::default() };
            let found = search.query(&asked).expect("an answer");
            seen.queries.push(begun.elapsed());
            assert!(found.total > 0);
        }
        if change.is_multiple_of(tenth) {
            seen.tell(change, bytes(folder.path()));
            seen = Tenth::default();
        }
    }
    let (segments, documents) = search.size();
    assert_eq!(documents, products, "each product is there once");
    tell(&format!("{documents} products in {segments} segments at the end"));
}

#[derive(Default)]
struct Tenth {
    commits: Vec<Duration>,
    queries: Vec<Duration>,
    segments: usize,
}

impl Tenth {
    fn tell(&mut self, change: u64, bytes: u64) {
        let (commit, query) = (median(&mut self.commits), median(&mut self.queries));
        let (segments, kib) = (self.segments, bytes / 1024);
        tell(&format!(
            "after {change} changes: at most {segments} segments, {kib} KiB, commit {commit:?}, \
             query {query:?}"
        ));
    }
}

fn median(of: &mut [Duration]) -> Duration {
    of.sort_unstable();
    of.get(of.len() / 2).copied().unwrap_or_default()
}

fn commit(search: &Search, indexer: &mut Indexer, position: u64) {
    indexer.commit(Some(Standing { position, timeline: 1 })).expect("a commit");
    search.show(position).expect("a view");
}

fn product(number: u64, version: u64) -> Findable {
    let word = |step: u64| WORDS[number_of(number / step) % WORDS.len()];
    Findable {
        product: ProductId::from_bytes(u128::from(number + 1).to_be_bytes()),
        name: format!("Green {} {} {number}", word(1), word(9)),
        brand: Some(format!("Brand {}", number % 200)),
        description: format!("A {} for every {}, in its usual quality.", word(3), word(5)),
        skus: vec![format!("SKU-{number}")],
        price_minor: i64::try_from(100 + version % 9_000).expect("small"),
        price_spread: 0,
        in_stock: !version.is_multiple_of(9),
        ..Findable::default()
    }
}

fn number_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
}

fn tell(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").expect("standard output");
}

const QUERY_EVERY: u64 = 10;
const WORDS: &[&str] = &[
    "kettle", "linen", "walnut", "lantern", "blanket", "grinder", "journal", "cushion", "tray",
    "basket", "teapot", "apron", "mortar", "candle", "hammock", "stool", "saucepan", "knife",
];
