//! Site map: every page that search engines shall know, as <https://sitemaps.org> describes it.
//!
//! | Path                        | Lists                                              |
//! |-----------------------------|----------------------------------------------------|
//! | /sitemap.xml                | the parts                                          |
//! | /sitemaps/pages.xml         | home, categories, the texts of the shop            |
//! | /sitemaps/products-{n}.xml  | a part of the products, in the order they were added |
//!
//! Invariant: a part has at most 50,000 addresses, whatever the shop's size, and is read beside
//! everything else, one at a time. Where parts begin is remembered for some minutes; what was
//! added since is in the last one.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::http::{
    Method, StatusCode,
    header::{self, HeaderValue},
};
use schemars::SchemaGenerator;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    domain::{
        catalogue::Product,
        ids::{ProductId, ShopId},
        settings,
    },
    http::{
        access::Public,
        answer::{Answer, Show, bytes_answer},
        call::{Call, CallOn, Word},
        limits::Class,
        pages::words,
        problem::Problem,
        table::{Operation, op},
    },
    shop::Shop,
    store::{Key, Order, Reader, StoreFault, keys},
};

/// What is for search engines.
pub fn operations() -> Vec<Operation<Shop>> {
    let get = || Method::GET;
    use Class::Reads;
    vec![
        op(get(), "/sitemap.xml", Reads, "List the parts of the site map", show_parts).hidden(),
        op(get(), "/sitemaps/{name}", Reads, "List a part of all pages", show_part).hidden(),
    ]
}

async fn show_parts(shop: Shop, _: Public, _: Call) -> Answer<Plain> {
    let base = base_of(&shop)?;
    let begins = begins_of(&shop).await?;
    let mut map = String::from(PARTS_BEGIN);
    let mut note = |name: &str| {
        writeln!(map, "<sitemap><loc>{base}/sitemaps/{name}.xml</loc></sitemap>")
            .expect("a String takes everything");
    };
    note("pages");
    for number in 1..=begins.len() {
        note(&format!("products-{number}"));
    }
    map.push_str("</sitemapindex>\n");
    Ok(Plain::xml(map))
}

async fn show_part(shop: Shop, _: Public, call: CallOn<Word>) -> Answer<Plain> {
    let Word(name) = call.path;
    if name == "pages.xml" {
        return pages(&shop).map(Plain::xml);
    }
    let number = name.strip_prefix("products-").and_then(|rest| rest.strip_suffix(".xml"));
    let number: usize =
        number.and_then(|number| number.parse().ok()).ok_or_else(Problem::not_found)?;
    let begins = begins_of(&shop).await?;
    let begin =
        number.checked_sub(1).and_then(|at| begins.get(at)).ok_or_else(Problem::not_found)?;
    let (begin, is_last) = (begin.clone(), number == begins.len());
    let base = base_of(&shop)?;
    let most = if is_last { ADDRESSES_MAX } else { PRODUCTS_A_PART };
    let map = beside(&shop, move |reader| {
        let mut map = String::from(MAP_BEGINS);
        for (slug, changed) in products(reader, begin.as_ref(), most)? {
            let (path, changed) = (escaped(&format!("/product/{slug}")), words::machine(changed));
            writeln!(map, "<url><loc>{base}{path}</loc><lastmod>{changed}</lastmod></url>")
                .expect("a String takes everything");
        }
        map.push_str(MAP_ENDS);
        Ok(map)
    });
    map.await.map(Plain::xml)
}

/// Home, categories and texts.
fn pages(shop: &Shop) -> Answer<String> {
    let base = base_of(shop)?;
    let mut map = String::from(MAP_BEGINS);
    let mut note = |path: &str| {
        writeln!(map, "<url><loc>{base}{}</loc></url>", escaped(path))
            .expect("a String takes everything");
    };
    note("/");
    for node in shop.shelves.tree()?.all() {
        note(&format!("/category/{}", node.slug));
    }
    for (name, _) in shop.web.texts() {
        note(&format!("/pages/{name}"));
    }
    map.push_str(MAP_ENDS);
    Ok(map)
}

/// Where the parts of the products begin: behind these rows.
async fn begins_of(shop: &Shop) -> Answer<Arc<Vec<Option<Key>>>> {
    let changes = shop.reader.changes_of::<Product>();
    let now = shop.clock.running();
    if let Some(known) = shop.site_map.known(changes, now) {
        return Ok(known);
    }
    let found = beside(shop, |reader| begins(reader, PRODUCTS_A_PART)).await?;
    Ok(shop.site_map.remember(changes, now, found))
}

/// Reads beside everything else, one at a time.
async fn beside<T: Send + 'static>(
    shop: &Shop,
    read: impl FnOnce(&Reader) -> Result<T, StoreFault> + Send + 'static,
) -> Answer<T> {
    let turn = tokio::time::timeout(PATIENCE, Arc::clone(&shop.site_map.turn).acquire_owned());
    let busy = || Problem::busy("the site map is being read by others");
    let turn = turn.await.map_err(|_| busy())?.map_err(Problem::fault)?;
    let reader = shop.reader.clone();
    let done = actix_web::web::block(move || {
        let _turn = turn;
        read(&reader)
    });
    Ok(done.await.map_err(Problem::fault)??)
}

/// Where parts of so many products each begin: the first at the start, each other one behind a
/// row. No part is empty, so a shop without products has none.
///
/// # Errors
/// A fault of the store.
pub fn begins(reader: &Reader, products_a_part: usize) -> Result<Vec<Option<Key>>, StoreFault> {
    let (mut begins, mut after, mut in_part) = (Vec::new(), None, products_a_part);
    let read =
        |after: Option<&Key>, count| reader.rows(&keys::products(), after, Order::Ascending, count);
    loop {
        if in_part == products_a_part {
            if read(after.as_ref(), 1)?.is_empty() {
                return Ok(begins);
            }
            begins.push(after.clone());
            in_part = 0;
        }
        let count = ROWS_AT_ONCE.min(products_a_part - in_part);
        let rows = read(after.as_ref(), count)?;
        if rows.len() < count {
            return Ok(begins);
        }
        in_part += count;
        after = rows.into_iter().next_back().map(|(key, _)| key);
    }
}

/// The products for sale behind this row, out of so many: their slugs, and when each last changed.
///
/// # Errors
/// A fault of the store.
pub fn products(
    reader: &Reader,
    begin: Option<&Key>,
    most: usize,
) -> Result<Vec<(String, crate::domain::time::Timestamp)>, StoreFault> {
    let (mut found, mut after, mut left) = (Vec::new(), begin.cloned(), most);
    while left > 0 {
        let count = ROWS_AT_ONCE.min(left);
        let rows = reader.rows(&keys::products(), after.as_ref(), Order::Ascending, count)?;
        for id in rows.iter().filter_map(|(key, _)| key.last_id::<ProductId>()) {
            let product = reader.get::<Product>(id)?.state;
            if product.exists() && product.is_active {
                found.push((product.slug.clone(), product.updated_at));
            }
        }
        left -= count;
        if rows.len() < count {
            break;
        }
        after = rows.into_iter().next_back().map(|(key, _)| key);
    }
    Ok(found)
}

/// What is remembered of the site map.
pub struct SiteMap {
    begins: Mutex<Option<Begins>>,
    turn: Arc<Semaphore>,
}

struct Begins {
    /// How often products had changed.
    of: u64,
    at: Duration,
    found: Arc<Vec<Option<Key>>>,
}

impl Default for SiteMap {
    fn default() -> SiteMap {
        SiteMap { begins: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl SiteMap {
    fn known(&self, changes: u64, now: Duration) -> Option<Arc<Vec<Option<Key>>>> {
        let begins = self.begins.lock().unwrap_or_else(PoisonError::into_inner);
        let known = begins.as_ref()?;
        let is_good = known.of == changes || now < known.at.saturating_add(KEPT_FOR);
        is_good.then(|| Arc::clone(&known.found))
    }

    fn remember(&self, of: u64, at: Duration, found: Vec<Option<Key>>) -> Arc<Vec<Option<Key>>> {
        let found = Arc::new(found);
        let known = Begins { of, at, found: Arc::clone(&found) };
        *self.begins.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        found
    }
}

/// Where customers find the shop.
pub(super) fn base_of(shop: &Shop) -> Answer<String> {
    let terms = shop.reader.get::<settings::Shop>(ShopId::default())?.state;
    Ok(escaped(terms.public_url.trim_end_matches('/')))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A text of another kind than a page.
pub(super) struct Plain {
    media_type: &'static str,
    text: String,
}

impl Plain {
    fn xml(text: String) -> Plain {
        Plain { media_type: "application/xml; charset=utf-8", text }
    }

    /// Plain text.
    pub(super) fn text(text: String) -> Plain {
        Plain { media_type: "text/plain; charset=utf-8", text }
    }
}

impl Show for Plain {
    fn show(
        self,
        status: StatusCode,
        _: &actix_web::HttpRequest,
    ) -> Result<actix_web::HttpResponse, Problem> {
        let mut answer = bytes_answer(status, self.media_type, self.text.into());
        let control = HeaderValue::from_static("public, max-age=3600");
        answer.headers_mut().insert(header::CACHE_CONTROL, control);
        Ok(answer)
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        None
    }
}

const PARTS_BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
const MAP_BEGINS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
const MAP_ENDS: &str = "</urlset>\n";
/// Products of a part, but for the last: about a megabyte.
const PRODUCTS_A_PART: usize = 10_000;
/// Addresses of one file; the protocol allows no more.
const ADDRESSES_MAX: usize = 50_000;
const ROWS_AT_ONCE: usize = 256;
/// So long, parts begin where they began, whatever was added.
const KEPT_FOR: Duration = Duration::from_secs(10 * 60);
/// So long one waits for others who read it.
const PATIENCE: Duration = Duration::from_secs(5);
