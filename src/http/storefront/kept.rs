//! Kept pages: what everybody sees whom the shop does not know, written once for all of them.
//!
//! Invariant: such a page shows nothing of a person and has no token for a form, and is sent again
//! only while all that it was made from stands: products, their stock, categories, the shop's own
//! settings and what search knows. Whoever has a cookie of ours gets a page of their own.

use std::sync::Arc;

use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};

use crate::{
    domain::{
        catalogue::{Category, Product},
        inventory::Ledger,
        settings,
    },
    http::{
        access::Public,
        answer::{Answer, Packable},
        call::Origin,
        etag::ETag,
        pages::{
            PageAnswer,
            cookies::{self, CookieNames},
        },
    },
    meters::CacheMeter,
    search,
    shop::{Parts, Shop},
};

/// Pages written lately, by path and query.
#[derive(Debug)]
pub struct KeptPages {
    pages: Cache<String, KeptPage, ByBytes>,
    counted: CacheMeter,
}

/// A page as it is sent to everybody. Cheap to clone.
#[derive(Clone, Debug)]
struct KeptPage {
    counts: Counts,
    etag: ETag,
    html: Arc<Packable>,
}

/// How often anything has changed that pages are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    products: u64,
    ledgers: u64,
    categories: u64,
    settings: u64,
    found: u64,
    progress: search::Progress,
}

impl Counts {
    fn now(shop: &Shop) -> Counts {
        let Parts { reader, search, .. } = &**shop;
        Counts {
            products: reader.changes_of::<Product>(),
            ledgers: reader.changes_of::<Ledger>(),
            categories: reader.changes_of::<Category>(),
            settings: reader.changes_of::<settings::Shop>(),
            found: search.changes(),
            progress: search.progress(),
        }
    }
}

impl KeptPages {
    /// Nothing written yet.
    pub fn empty() -> KeptPages {
        let pages = Cache::with_weighter(PAGES_USUAL, PAGES_BYTES_MAX, ByBytes);
        KeptPages { pages, counted: CacheMeter::of("pages") }
    }
}

/// The page that was asked for: as it was written for the last visitor, if it would be the same;
/// otherwise as `made` makes it.
///
/// # Errors
/// What `made` says.
pub fn kept(
    shop: &Shop,
    who: &Public,
    from: &Origin,
    made: impl FnOnce() -> Answer<PageAnswer>,
) -> Answer<PageAnswer> {
    let names = CookieNames::of(&shop.settings);
    let is_known = |name| cookies::value(from.headers(), name).is_some();
    let is_anybody = who.0.is_none() && !is_known(names.session) && !is_known(names.visit);
    if !is_anybody || from.asked().len() > ASKED_BYTES_MAX {
        return made();
    }
    let KeptPages { pages, counted } = &shop.kept_pages;
    // Asked before anything is read: what changes meanwhile is seen the next time.
    let counts = Counts::now(shop);
    let known = pages.get(from.asked()).filter(|page| page.counts == counts);
    if let Some(KeptPage { etag, html, .. }) = counted.noted(known) {
        return Ok(PageAnswer::packable(etag, html));
    }
    let answer = made()?;
    let Some(html) = answer.for_everybody() else { return Ok(answer) };
    let (etag, html) = (ETag::of_bytes(html.as_bytes()), Bytes::copy_from_slice(html.as_bytes()));
    let page = KeptPage { counts, etag, html: Arc::new(Packable::of(html)) };
    pages.insert(from.asked().to_owned(), page.clone());
    Ok(PageAnswer::packable(page.etag, page.html))
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<String, KeptPage> for ByBytes {
    fn weight(&self, asked: &String, page: &KeptPage) -> u64 {
        u64::try_from(page.html.weight() + asked.len() + PAGE_BYTES_BESIDE).unwrap_or(u64::MAX)
    }
}

/// All kept pages together.
const PAGES_BYTES_MAX: u64 = 32 << 20;
const PAGES_USUAL: usize = 2_048;
/// Longer addresses are asked for too seldom.
const ASKED_BYTES_MAX: usize = 512;
/// A page without text and address.
const PAGE_BYTES_BESIDE: usize = 200;
