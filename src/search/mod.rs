//! Search: finds products by words, and says what else could be meant or chosen.
//!
//! Invariant: a projection. It is made from what it is told, answers from what it has committed,
//! and can be thrown away at any time. Knows neither the store nor the wire; the only folder
//! that names tantivy.
//!
//! The road of a query: `reading` takes the text apart with `words`, `expand` says what each word
//! may mean, `matching` finds documents, `gather` orders and counts them with `facets`.

mod expand;
mod facets;
mod gather;
mod highlight;
mod index;
mod matching;
mod misses;
mod reading;
mod register;
mod request;
mod schema;
mod spelling;
mod suggest;
mod view;
mod words;

use std::{
    collections::{BTreeSet, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use tantivy::{DocSet, TERMINATED, Term, schema::IndexRecordOption};
use tokio::sync::watch;

pub use highlight::Highlighter;
pub use index::{Indexer, Standing, forget, place_in, register_in};
pub use misses::{Miss, Misses, misses_in};
pub use register::{Card, Filed, Filing, Lookup, Register, Spot};
pub use request::{
    FacetValue, Facets, Filters, HITS_MAX, Hit, OptionFacet, Place, SearchAnswer, SearchFault,
    SearchRequest, SearchSort, Suggestion,
};
pub use schema::{Findable, sales_step};
pub use words::is_known_language;

use crate::domain::ids::{CategoryId, ProductId};
use expand::Tolerance;
use gather::Gathering;
use index::{Shelf, damaged};
use matching::{Wanted, for_each_match};
use reading::Typed;
use view::{Segment, View, first};

/// Synonyms: groups of entries that mean the same, each entry as its words.
type Synonyms = Vec<Vec<Vec<String>>>;

/// Finds products. Cheap to clone; any thread may have one, and none waits for another.
#[derive(Clone)]
pub struct Search(Arc<Parts>);

struct Parts {
    shelf: ArcSwap<Shelf>,
    view: ArcSwap<View>,
    synonyms: ArcSwap<Synonyms>,
    position: watch::Sender<u64>,
    wanted: watch::Sender<u64>,
    progress: ArcSwap<Progress>,
    categories: ArcSwap<Vec<(CategoryId, String)>>,
    is_damaged: AtomicBool,
    language: String,
}

/// How far the index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being made: so many of so many products are in.
    Building {
        /// Products that are in.
        done: u64,
        /// All products.
        all: u64,
    },
    /// It is whole, and follows.
    Following,
}

impl Search {
    /// Opens the index in this directory for a shop of this language, with its one writer and
    /// where it stands; nowhere, if it must be made anew.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn open(
        dir: &Path,
        language: &str,
    ) -> Result<(Search, Indexer, Option<Standing>), SearchFault> {
        let (shelf, indexer, standing) = Shelf::open(dir, language)?;
        let position = standing.map_or(0, |standing| standing.position);
        let synonyms: Arc<Synonyms> = Arc::default();
        let view = shelf.view(position, Arc::clone(&synonyms))?;
        let progress = match standing {
            Some(_) => Progress::Following,
            None => Progress::Building { done: 0, all: 0 },
        };
        let search = Search(Arc::new(Parts {
            shelf: ArcSwap::from_pointee(shelf),
            view: ArcSwap::from_pointee(view),
            synonyms: ArcSwap::from(synonyms),
            position: watch::Sender::new(position),
            wanted: watch::Sender::new(0),
            progress: ArcSwap::from_pointee(progress),
            categories: ArcSwap::default(),
            is_damaged: AtomicBool::new(false),
            language: language.to_owned(),
        }));
        Ok((search, indexer, standing))
    }

    /// Opens the index in this directory again; its former writer must be gone.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn reopen(&self, dir: &Path) -> Result<(Indexer, Option<Standing>), SearchFault> {
        let (shelf, indexer, standing) = Shelf::open(dir, &self.0.language)?;
        self.0.shelf.store(Arc::new(shelf));
        self.0.is_damaged.store(false, Ordering::Relaxed);
        if standing.is_none() {
            self.set_progress(Progress::Building { done: 0, all: 0 });
        }
        self.show(standing.map_or(0, |standing| standing.position))?;
        Ok((indexer, standing))
    }

    /// Removes the index in this directory, so that it is begun anew.
    ///
    /// # Errors
    /// The disk.
    pub fn forget(&self, dir: &Path) -> Result<(), SearchFault> {
        forget(dir).map_err(|fault| SearchFault::Damaged(fault.to_string()))
    }

    /// Finds products.
    ///
    /// # Errors
    /// The index cannot be read; it is made again.
    pub fn query(&self, request: &SearchRequest) -> Result<Arc<SearchAnswer>, SearchFault> {
        let view = self.0.view.load_full();
        if let Some(known) = view.answers.get(request) {
            return Ok(known);
        }
        let answer = Arc::new(self.guarded(|| answered(&view, request))?);
        view.answers.insert(request.clone(), Arc::clone(&answer));
        Ok(answer)
    }

    /// Whether a product is in stock as far as the index knows; `None` if it is not in it.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn known_stock(&self, product: ProductId) -> Result<Option<(bool, u64)>, SearchFault> {
        let view = self.0.view.load_full();
        self.guarded(|| {
            let term = view.columns.term_of(product);
            for segment in &view.segments {
                if let Some(document) = only(segment, &term)? {
                    let figures = &segment.figures;
                    let in_stock = first(&figures.in_stock, document) > 0;
                    return Ok(Some((in_stock, first(&figures.sales, document))));
                }
            }
            Ok(None)
        })
    }

    /// Shows what was committed, everything up to this position of the journal.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn show(&self, position: u64) -> Result<(), SearchFault> {
        let view = self.0.shelf.load().view(position, self.0.synonyms.load_full())?;
        self.0.view.store(Arc::new(view));
        self.reached(position);
        Ok(())
    }

    /// Says that nothing that can be found changed up to this position.
    pub fn reached(&self, position: u64) {
        self.0.position.send_if_modified(|known| {
            let is_new = *known < position;
            *known = position.max(*known);
            is_new
        });
    }

    /// Everything up to this position of the journal is known.
    pub fn position(&self) -> u64 {
        *self.0.position.borrow()
    }

    /// Waits until everything up to this position is known, and has it hurried. Ends only then:
    /// give it a limit.
    pub async fn knows(&self, position: u64) {
        let mut known = self.0.position.subscribe();
        if *known.borrow() < position {
            self.0.wanted.send_if_modified(|wanted| {
                let is_new = *wanted < position;
                *wanted = position.max(*wanted);
                is_new
            });
        }
        // The sender lives as long as this.
        let _ = known.wait_for(|known| *known >= position).await;
    }

    /// The last position somebody waits for.
    pub fn wanted(&self) -> watch::Receiver<u64> {
        self.0.wanted.subscribe()
    }

    /// From now on these mean the same: groups of words or of several words.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn use_synonyms(&self, groups: &[Vec<String>]) -> Result<(), SearchFault> {
        let mut words = self.0.view.load().words.clone();
        let mut entry = |text: &String| -> Vec<String> {
            words.split(text).into_iter().map(|word| word.text).collect()
        };
        let groups: Synonyms =
            groups.iter().map(|group| group.iter().map(&mut entry).collect()).collect();
        if **self.0.synonyms.load() == groups {
            return Ok(());
        }
        self.0.synonyms.store(Arc::new(groups));
        self.show(self.position())
    }

    /// From now on these are the categories that can be suggested, by name.
    pub fn use_categories(&self, categories: Vec<(CategoryId, String)>) {
        self.0.categories.store(Arc::new(categories));
    }

    /// How far the index is.
    pub fn progress(&self) -> Progress {
        **self.0.progress.load()
    }

    /// Notes how far the index is.
    pub fn set_progress(&self, progress: Progress) {
        self.0.progress.store(Arc::new(progress));
    }

    /// Whether a reader met something that cannot be read: it must be made again.
    pub fn is_damaged(&self) -> bool {
        self.0.is_damaged.load(Ordering::Relaxed)
    }

    /// The language words are stemmed in.
    pub fn language(&self) -> &str {
        &self.0.language
    }

    /// Segments the index consists of, and documents in it.
    pub fn size(&self) -> (usize, u64) {
        let view = self.0.view.load();
        (view.segments.len(), view.searcher.num_docs())
    }

    /// Runs a reader, whom damaged files may make panic.
    fn guarded<T>(&self, read: impl FnOnce() -> tantivy::Result<T>) -> Result<T, SearchFault> {
        let read = catch_unwind(AssertUnwindSafe(read));
        let read = read.map_err(|_| SearchFault::Damaged("a reader panicked".to_owned()));
        read.and_then(|read| read.map_err(damaged)).inspect_err(|_| {
            self.0.is_damaged.store(true, Ordering::Relaxed);
        })
    }
}

fn answered(view: &View, request: &SearchRequest) -> tantivy::Result<SearchAnswer> {
    let limit = request.limit.clamp(1, HITS_MAX);
    let request = SearchRequest { limit, ..request.clone() };
    let mut words = view.words.clone();
    let typed = Typed::read(&request.text, &mut words);
    if typed.is_empty() && !request.text.trim().is_empty() {
        // Something was asked, but nothing that could be found.
        let facets = request.facets.then(Default::default);
        return Ok(SearchAnswer { facets, position: view.position, ..SearchAnswer::default() });
    }
    let wanted = view.wanted(&typed, Tolerance::Unknown)?;
    let mut answer = found(view, &request, &typed, &wanted)?;
    if answer.total == 0 && request.after.is_none() && !typed.is_empty() {
        // Perhaps a known word is a slip for another.
        let wanted = view.wanted(&typed, Tolerance::All)?;
        answer = found(view, &request, &typed, &wanted)?;
    }
    if answer.total == 0 && !typed.is_empty() {
        answer.did_you_mean = spelling::nearest(view, &request, &typed)?;
    }
    Ok(answer)
}

/// What is found of exactly this.
fn found(
    view: &View,
    request: &SearchRequest,
    typed: &Typed,
    wanted: &Wanted,
) -> tantivy::Result<SearchAnswer> {
    let mut gathering = Gathering::new(view, request, !typed.is_empty());
    let sku = Term::from_field_text(view.columns.skus, &typed.sku);
    for segment in &view.segments {
        let exact = with_sku(view, segment, typed, &sku)?;
        for_each_match(view, segment, wanted, |document, relevance| {
            let bonus = if exact.contains(&document) { EXACT_SKU_POINTS } else { 0 };
            gathering.take(segment, document, relevance + bonus);
        })?;
    }
    let (hits, next) = gathering.page();
    let total = gathering.total;
    let facets = gathering.counts.map(|counts| counts.into_facets(&view.labels, &request.filters));
    Ok(SearchAnswer {
        hits,
        total,
        next,
        facets,
        did_you_mean: None,
        highlighter: Arc::new(Highlighter::new(terms_of(wanted), view.words.clone())),
        position: view.position,
    })
}

fn with_sku(
    view: &View,
    segment: &Segment,
    typed: &Typed,
    sku: &Term,
) -> tantivy::Result<BTreeSet<u32>> {
    let mut documents = BTreeSet::new();
    if typed.sku.is_empty() {
        return Ok(documents);
    }
    let skus = segment.reader.inverted_index(view.columns.skus)?;
    let Some(mut postings) = skus.read_postings(sku, IndexRecordOption::Basic)? else {
        return Ok(documents);
    };
    while postings.doc() != TERMINATED {
        documents.insert(postings.doc());
        postings.advance();
    }
    Ok(documents)
}

fn terms_of(wanted: &Wanted) -> HashSet<String> {
    let readings = wanted.slots.iter().flat_map(|slot| &slot.readings);
    readings.flatten().map(|meant| meant.term.clone()).collect()
}

/// The living document with this unique term.
fn only(segment: &Segment, term: &Term) -> tantivy::Result<Option<u32>> {
    let ids = segment.reader.inverted_index(term.field())?;
    let Some(mut postings) = ids.read_postings(term, IndexRecordOption::Basic)? else {
        return Ok(None);
    };
    while postings.doc() != TERMINATED {
        if segment.has(postings.doc()) {
            return Ok(Some(postings.doc()));
        }
        postings.advance();
    }
    Ok(None)
}

/// Puts a product with just this SKU before all others.
const EXACT_SKU_POINTS: u32 = 1_000_000;

#[cfg(test)]
mod tests;
