//! Search: finds products by words, and says what else could be meant or chosen.
//!
//! Invariant: a projection. It is made from what it is told, answers from what it has committed,
//! with newer figures, and can be thrown away at any time. Knows neither the store nor the wire;
//! the only folder that names tantivy.
//!
//! The road of a query: `reading` takes the text apart with `words`, `expand` says what each word
//! may mean, `matching` finds documents, `gather` orders and counts them with `facets`.

mod checked;
mod expand;
mod facets;
mod figures;
mod findings;
mod gather;
mod ground;
mod headway;
mod highlight;
mod index;
mod known;
mod look;
mod matching;
mod misses;
mod moves;
mod reading;
mod register;
mod request;
mod rows;
mod schema;
mod spelling;
mod suggest;
mod view;
mod words;

use std::{
    collections::{BTreeSet, HashSet},
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use tantivy::{DocSet, TERMINATED, Term, schema::IndexRecordOption};

pub use figures::{Figures, KnownProduct};
pub use findings::Findings;
pub use ground::{Standing, Unfit, forget};
pub use headway::{Headway, Progress};
pub use highlight::{Highlighter, Marker};
pub use index::{Committed, Indexer, place_in, register_in};
pub use known::Reach;
pub use look::{Looked, look};
pub use misses::{Miss, Misses, misses_in};
pub use register::{Card, Filed, Filing, Lookup, Register, Spot};
pub use request::{
    FacetValue, Facets, Filters, HITS_MAX, Hit, OptionFacet, Place, SearchAnswer, SearchFault,
    SearchRequest, SearchSort, Suggestion,
};
pub use schema::{Choice, Findable, sales_step};
pub use words::is_known_language;

use expand::Tolerance;
use findings::note_answer;
use gather::Gathering;
use ground::damaged;
use index::Shelf;
use matching::{Wanted, for_each_match, has_any};
use moves::{KeptAnswer, Moves};
use reading::Typed;
use suggest::NamedCategory;
use view::{Counted, Remembered, Segment, View};

/// Synonyms: groups of entries that mean the same, each entry as its words.
type Synonyms = Vec<Vec<Vec<String>>>;

/// Finds products. Cheap to clone; any thread may have one, and none waits for another.
#[derive(Clone)]
pub struct Search(Arc<Parts>);

struct Parts {
    shelf: ArcSwap<Shelf>,
    view: ArcSwap<View>,
    changes: AtomicU64,
    moves: Arc<Moves>,
    synonyms: ArcSwap<Synonyms>,
    categories: ArcSwap<Vec<NamedCategory>>,
    language: String,
    headway: Headway,
    counted: Counted,
}

impl Deref for Search {
    type Target = Headway;
    fn deref(&self) -> &Headway {
        &self.0.headway
    }
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
        let counted = Counted::new();
        let moves: Arc<Moves> = Arc::default();
        let (shelf, indexer, standing) = Shelf::open(dir, language, &moves, &counted)?;
        let headway = Headway::from(standing);
        let synonyms: Arc<Synonyms> = Arc::default();
        let view = shelf.view(Arc::clone(&synonyms), Arc::default())?;
        let search = Search(Arc::new(Parts {
            shelf: ArcSwap::from_pointee(shelf),
            view: ArcSwap::from_pointee(view),
            changes: AtomicU64::new(0),
            moves,
            synonyms: ArcSwap::from(synonyms),
            categories: ArcSwap::default(),
            language: language.to_owned(),
            headway,
            counted,
        }));
        Ok((search, indexer, standing))
    }

    /// Opens the index in this directory again; its former writer must be gone.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn reopen(&self, dir: &Path) -> Result<(Indexer, Option<Standing>), SearchFault> {
        let Parts { language, moves, counted, .. } = &*self.0;
        let (shelf, indexer, standing) = Shelf::open(dir, language, moves, counted)?;
        self.0.shelf.store(Arc::new(shelf));
        self.begin_again(standing);
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
        // In this order: figures that change after a view has gone do not change in it.
        let moved = self.0.moves.now();
        let view = self.0.view.load_full();
        let answers = &view.remembered.answers;
        let known = answers.get(request).filter(|kept| view.moves.leave(kept, request));
        let answer = match view.counted.answers.noted(known) {
            Some(kept) => Arc::clone(&kept.answer),
            None => {
                let answer = Arc::new(self.guarded(|| answered(&view, request))?);
                let kept = Arc::new(KeptAnswer::of(Arc::clone(&answer), moved));
                answers.insert(request.clone(), kept);
                answer
            }
        };
        note_answer(request, &answer);
        Ok(answer)
    }

    /// Shows what was committed, everything up to this position of the journal.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn show(&self, position: u64) -> Result<(), SearchFault> {
        self.show_as_far_as(Reach::whole(position))
    }

    /// Shows what was committed, which goes so far.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn show_as_far_as(&self, reach: Reach) -> Result<(), SearchFault> {
        self.show_with(Arc::default())?;
        self.0.changes.fetch_add(1, Ordering::Release);
        self.reached(reach);
        Ok(())
    }

    /// Shows what was committed, which goes so far and changes nothing that was not shown before.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn show_alike(&self, reach: Reach) -> Result<(), SearchFault> {
        self.show_with(Arc::clone(&self.0.view.load().remembered))?;
        self.reached(reach);
        Ok(())
    }

    fn show_with(&self, remembered: Arc<Remembered>) -> Result<(), SearchFault> {
        let view = self.0.shelf.load().view(self.0.synonyms.load_full(), remembered)?;
        self.0.view.store(Arc::new(view));
        Ok(())
    }

    /// How often what is found has changed. What was found after asking this is found again as
    /// long as the answer stays the same.
    pub fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::Acquire)
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
        read.and_then(|read| read.map_err(damaged)).inspect_err(|_| self.note_damage())
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
        return Ok(SearchAnswer { facets, ..SearchAnswer::default() });
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
    })
}

/// Whether anything at all is found.
fn is_found(view: &View, wanted: &Wanted) -> tantivy::Result<bool> {
    let mut is_found = false;
    for segment in &view.segments {
        match &wanted.slots[..] {
            [only] if wanted.phrases.is_empty() => is_found = has_any(view, segment, only)?,
            _ => for_each_match(view, segment, wanted, |_, _| is_found = true)?,
        }
        if is_found {
            break;
        }
    }
    Ok(is_found)
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
