//! The index of products on the disk: written by one thread, and read through views.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tantivy::IndexReader;

use super::{
    expand::expansions,
    figures::{Adjusted, Moves},
    ground::{self, Making, Pen, Standing, damaged},
    request::SearchFault,
    rows::Rows,
    schema::{Columns, Findable, SCHEMA_VERSION, schema},
    view::{Counted, Labels, Opened, Segment, View},
    words::Words,
};
use crate::domain::ids::ProductId;

/// The index, to be read.
pub(super) struct Shelf {
    columns: Columns,
    words: Words,
    reader: IndexReader,
    labels: Arc<Labels>,
    opened: Mutex<Opened>,
    adjusted: Arc<Adjusted>,
    moves: Arc<Moves>,
    counted: Counted,
}

/// The one that changes the index.
pub struct Indexer {
    pub(super) pen: Pen,
    columns: Columns,
    words: Words,
    adjusted: Arc<Adjusted>,
    /// What was put in or taken out since the last commit.
    put: Vec<ProductId>,
}

impl Shelf {
    /// Opens the index in a directory, or begins an empty one; where it stands, if it is whole.
    pub fn open(
        dir: &Path,
        language: &str,
        moves: &Arc<Moves>,
        counted: &Counted,
    ) -> Result<(Shelf, Indexer, Option<Standing>), SearchFault> {
        let (making, columns) = making(language);
        let (adjusted, words): (Arc<Adjusted>, _) = (Arc::default(), Words::of(language));
        let (shelf, pen, standing) = ground::open(dir, &making, |reader| {
            let (words, labels) = (words.clone(), Arc::default());
            let (opened, counted) = (Mutex::default(), counted.clone());
            let (adjusted, moves) = (Arc::clone(&adjusted), Arc::clone(moves));
            let shelf = Shelf { columns, words, reader, labels, opened, adjusted, moves, counted };
            shelf.viewed(0, Arc::default())?;
            Ok(shelf)
        })?;
        Ok((shelf, Indexer { pen, columns, words, adjusted, put: Vec::new() }, standing))
    }

    /// Figures that are in no commit yet.
    pub fn adjusted(&self) -> &Adjusted {
        &self.adjusted
    }

    /// The index as it is now.
    pub fn view(
        &self,
        position: u64,
        synonyms: Arc<Vec<Vec<Vec<String>>>>,
    ) -> Result<View, SearchFault> {
        self.viewed(position, synonyms).map_err(damaged)
    }

    fn viewed(&self, position: u64, synonyms: Arc<Vec<Vec<Vec<String>>>>) -> tantivy::Result<View> {
        self.reader.reload()?;
        let searcher = self.reader.searcher();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut segments, mut kept) = (Vec::new(), Opened::new());
        for reader in searcher.segment_readers() {
            let id = reader.segment_id();
            let known = opened.get(&id).cloned();
            let rows = match &known {
                Some(rows) => Arc::clone(rows),
                None => Arc::new(Rows::open(reader, &self.labels)?),
            };
            kept.insert(id, Arc::clone(&rows));
            let segment = Segment { reader: reader.clone(), rows };
            if known.is_none() {
                self.adjusted.apply(&segment, &self.columns)?;
            }
            segments.push(segment);
        }
        *opened = kept;
        Ok(View {
            searcher,
            segments,
            columns: self.columns,
            labels: Arc::clone(&self.labels),
            words: self.words.clone(),
            synonyms,
            position,
            expansions: expansions(),
            moves: Arc::clone(&self.moves),
            answers: quick_cache::sync::Cache::new(ANSWERS_MAX),
            suggestions: quick_cache::sync::Cache::new(SUGGESTIONS_MAX),
            counted: self.counted.clone(),
        })
    }
}

impl Indexer {
    /// Puts a product in, in place of what was known of it. Seen after the next commit.
    pub fn put(&mut self, found: &Findable) -> Result<(), SearchFault> {
        self.remove(found.product)?;
        let document = self.columns.document(found, &mut self.words);
        self.pen.writer()?.add_document(document).map_err(damaged)?;
        Ok(())
    }

    /// Takes a product out. Seen after the next commit.
    pub fn remove(&mut self, product: ProductId) -> Result<(), SearchFault> {
        self.pen.writer()?.delete_term(self.columns.term_of(product));
        self.pen.changed();
        self.put.push(product);
        Ok(())
    }

    /// Takes everything out.
    pub fn clear(&mut self) -> Result<(), SearchFault> {
        self.pen.clear()
    }

    /// Changes since the last commit.
    pub fn changes(&self) -> u64 {
        self.pen.changes()
    }

    /// Writes what was changed, and that it is everything up to there; `None` while the index
    /// is still being made.
    pub fn commit(&mut self, standing: Option<Standing>) -> Result<(), SearchFault> {
        self.pen.commit(standing)?;
        self.adjusted.settle(self.put.drain(..));
        Ok(())
    }

    /// Lets go of what writing takes, until there is something to write; what is not committed
    /// stays. Safe to repeat.
    pub fn rest(&mut self) -> Result<(), SearchFault> {
        self.pen.rest()
    }
}

/// How the index of a shop of this language is made.
pub(super) fn making(language: &str) -> (Making, Columns) {
    let (schema, columns) = schema();
    let way = format!("{SCHEMA_VERSION} {language}");
    (Making { schema, way, writer_bytes_max: WRITER_BYTES_MAX }, columns)
}

/// Where the index lies in a data directory.
pub fn place_in(data_dir: &Path) -> PathBuf {
    data_dir.join("search")
}

/// Where the register lies in a data directory.
pub fn register_in(data_dir: &Path) -> PathBuf {
    data_dir.join("register")
}

/// Memory in which the writer gathers documents before it writes them out.
const WRITER_BYTES_MAX: usize = 40 << 20;
/// Answers a view remembers.
const ANSWERS_MAX: usize = 512;
/// Half-typed texts a view remembers the suggestions of.
const SUGGESTIONS_MAX: usize = 2_048;
