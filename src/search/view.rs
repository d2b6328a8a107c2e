//! View: the index as of one commit, opened for many readers at once.
//!
//! Invariant: a view never changes; a reload makes another. What is dear to open is kept for
//! each segment and shared by the views it appears in; what was found is remembered as long as
//! the same words find the same products.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use quick_cache::sync::Cache;
use tantivy::{DocId, Searcher, SegmentReader, index::SegmentId};

use super::{
    expand::{Expansions, expansions},
    moves::{KeptAnswer, Moves, StockMoved},
    request::SearchRequest,
    rows::Rows,
    schema::{Columns, fold_label},
    suggest::Suggested,
    words::Words,
};
use crate::meters::CacheMeter;

/// The index as of one commit.
pub(super) struct View {
    pub searcher: Searcher,
    pub segments: Vec<Segment>,
    pub columns: Columns,
    pub labels: Arc<Labels>,
    pub words: Words,
    pub synonyms: Arc<Vec<Vec<Vec<String>>>>,
    pub moves: Arc<Moves>,
    pub remembered: Arc<Remembered>,
    pub counted: Counted,
}

/// What was found before, and how far the figures were that it was made from.
pub(super) struct Remembered {
    pub expansions: Expansions,
    pub answers: Cache<SearchRequest, Arc<KeptAnswer>>,
    pub suggestions: Cache<String, (StockMoved, Arc<Suggested>)>,
}

impl Default for Remembered {
    fn default() -> Remembered {
        Remembered {
            expansions: expansions(),
            answers: Cache::new(ANSWERS_MAX),
            suggestions: Cache::new(SUGGESTIONS_MAX),
        }
    }
}

/// How often what views remember was of use, whichever view it was.
#[derive(Clone)]
pub(super) struct Counted {
    pub answers: CacheMeter,
    pub suggestions: CacheMeter,
    pub words: CacheMeter,
}

impl Counted {
    pub fn new() -> Counted {
        Counted {
            answers: CacheMeter::of("search_answers"),
            suggestions: CacheMeter::of("search_suggestions"),
            words: CacheMeter::of("search_words"),
        }
    }
}

/// A segment as this view sees it.
pub(super) struct Segment {
    pub reader: SegmentReader,
    pub rows: Arc<Rows>,
}

/// All labels that were met, numbered from zero; one that differs only in case is the same.
#[derive(Default)]
pub(super) struct Labels(RwLock<KnownLabels>);

/// Labels while they are shown; none comes to them until then.
pub(super) struct ShownLabels<'a>(RwLockReadGuard<'a, KnownLabels>);

#[derive(Default)]
pub(super) struct KnownLabels {
    numbers: HashMap<String, u32>,
    shown: Vec<Box<str>>,
}

/// What was opened of segments, by what they are.
pub(super) type Opened = HashMap<SegmentId, Arc<Rows>>;

impl Segment {
    /// Whether the document is still there.
    pub fn has(&self, document: DocId) -> bool {
        !self.reader.is_deleted(document)
    }
}

impl ShownLabels<'_> {
    /// A label as it is shown.
    pub fn of(&self, number: u32) -> Option<&str> {
        self.0.shown.get(usize::try_from(number).ok()?).map(AsRef::as_ref)
    }
}

impl Labels {
    /// The number of a label.
    pub fn number_of(&self, label: &str) -> u32 {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let folded = fold_label(label);
        if let Some(number) = known.numbers.get(&folded) {
            return *number;
        }
        let number = u32::try_from(known.shown.len()).unwrap_or(u32::MAX);
        known.shown.push(Box::from(label));
        known.numbers.insert(folded, number);
        number
    }

    /// The number of a label that was met before.
    pub fn known(&self, label: &str) -> Option<u32> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.numbers.get(&fold_label(label)).copied()
    }

    /// All of them, to be shown.
    pub fn shown(&self) -> ShownLabels<'_> {
        ShownLabels(self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).shown.len()
    }
}

/// Answers that are remembered.
const ANSWERS_MAX: usize = 512;
/// Half-typed texts of which the suggestions are remembered.
const SUGGESTIONS_MAX: usize = 2_048;
