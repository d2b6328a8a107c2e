//! Kept pages: what everybody sees whom the shop does not know, written once for all of them.
//!
//! Invariant: such a page shows nothing of a person and has no token for a form, and is sent again
//! only while all that it was made from stands: whatever was read for it, and the answers of search
//! it shows. What else changes forgets it not. Whoever has a cookie of ours gets a page of their
//! own.

use std::sync::Arc;

use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};

use crate::{
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
    search::{self, Findings},
    shop::Shop,
    store::Footprint,
};

/// Pages written lately, by path and query.
#[derive(Debug)]
pub struct KeptPages {
    pages: Cache<String, Arc<KeptPage>, ByBytes>,
    counted: CacheMeter,
}

/// A page as it is sent to everybody.
#[derive(Debug)]
struct KeptPage {
    /// What was read for it.
    made_from: Footprint,
    /// What was looked for, and how that was answered.
    found: Findings,
    /// How far the index was when it was made: pages say so.
    progress: search::Progress,
    etag: ETag,
    html: Arc<Packable>,
}

impl KeptPage {
    /// Whether the same would be written now.
    fn stands(&self, shop: &Shop) -> bool {
        self.progress == shop.search.progress()
            && shop.reader.stands(&self.made_from)
            && shop.search.stands(&self.found)
    }
}

impl KeptPages {
    /// Nothing written yet.
    pub fn empty() -> KeptPages {
        let pages = Cache::with_weighter(PAGES_USUAL, PAGES_BYTES_MAX, ByBytes);
        KeptPages { pages, counted: CacheMeter::of("pages") }
    }

    /// Lets go of all of them: whatever is asked for next is written anew. Safe to repeat.
    pub fn forget(&self) {
        self.pages.clear();
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
    let names = CookieNames::of(shop, from.headers());
    let is_known = |name| cookies::value(from.headers(), name).is_some();
    let is_anybody = who.0.is_none() && !is_known(names.session) && !is_known(names.visit);
    if !is_anybody || from.asked().len() > ASKED_BYTES_MAX {
        return made();
    }
    let KeptPages { pages, counted } = &shop.kept_pages;
    let known = pages.get(from.asked()).filter(|page| page.stands(shop));
    if let Some(page) = counted.noted(known) {
        return Ok(PageAnswer::packable(page.etag.clone(), Arc::clone(&page.html)));
    }
    // Asked before anything is read: what changes meanwhile is seen the next time.
    let progress = shop.search.progress();
    let ((answer, made_from), found) = shop.search.noting(|| shop.reader.noting(made));
    let answer = answer?;
    let Some(html) = answer.for_everybody() else { return Ok(answer) };
    let (etag, html) = (ETag::of_bytes(html.as_bytes()), Bytes::copy_from_slice(html.as_bytes()));
    let html = Arc::new(Packable::of(html));
    let page = KeptPage { made_from, found, progress, etag: etag.clone(), html: Arc::clone(&html) };
    pages.insert(from.asked().to_owned(), Arc::new(page));
    Ok(PageAnswer::packable(etag, html))
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<String, Arc<KeptPage>> for ByBytes {
    fn weight(&self, asked: &String, page: &Arc<KeptPage>) -> u64 {
        let made_from = page.made_from.weight() + page.found.weight();
        let bytes = page.html.weight() + made_from + asked.len() + PAGE_BYTES_BESIDE;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// All kept pages together.
const PAGES_BYTES_MAX: u64 = 32 << 20;
const PAGES_USUAL: usize = 2_048;
/// Longer addresses are asked for too seldom.
const ASKED_BYTES_MAX: usize = 512;
/// A page without text and address.
const PAGE_BYTES_BESIDE: usize = 200;
