//! The index of products on the disk: written by one thread, and read through views.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tantivy::IndexReader;

use super::{
    figures::{Adjusted, Figures},
    ground::{self, Making, Pen, Standing, damaged},
    moves::Moves,
    request::SearchFault,
    rows::Rows,
    schema::{Columns, Findable, SCHEMA_VERSION, schema},
    view::{Counted, Labels, Opened, Remembered, Segment, View},
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
    /// What was put in or taken out since the last commit; with its figures, if it was put in
    /// alike, and may be adjusted before the commit.
    put: Vec<(ProductId, Option<Figures>)>,
    /// How often that changed what is found by which words.
    changes: u64,
}

/// What a commit changed of what can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Nothing that was not shown before it: figures were written down.
    Figures,
    /// What is found by which words.
    Words,
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
            shelf.viewed(Arc::default(), Arc::default())?;
            Ok(shelf)
        })?;
        let (put, changes) = (Vec::new(), 0);
        Ok((shelf, Indexer { pen, columns, words, adjusted, put, changes }, standing))
    }

    /// Figures that are in no commit yet.
    pub fn adjusted(&self) -> &Adjusted {
        &self.adjusted
    }

    /// The index as it is now. What is remembered must have been found in one alike.
    pub fn view(
        &self,
        synonyms: Arc<Vec<Vec<Vec<String>>>>,
        remembered: Arc<Remembered>,
    ) -> Result<View, SearchFault> {
        self.viewed(synonyms, remembered).map_err(damaged)
    }

    fn viewed(
        &self,
        synonyms: Arc<Vec<Vec<Vec<String>>>>,
        remembered: Arc<Remembered>,
    ) -> tantivy::Result<View> {
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
            moves: Arc::clone(&self.moves),
            remembered,
            counted: self.counted.clone(),
        })
    }
}

impl Indexer {
    /// Puts a product in, in place of what was known of it. Seen after the next commit.
    pub fn put(&mut self, found: &Findable) -> Result<(), SearchFault> {
        self.changes += 1;
        self.put_with(found, None)
    }

    /// Puts a product in that is in it already with the same words, and is shown with the same
    /// figures.
    pub fn put_alike(&mut self, found: &Findable) -> Result<(), SearchFault> {
        self.put_with(found, Some(found.figures()))
    }

    fn put_with(&mut self, found: &Findable, alike: Option<Figures>) -> Result<(), SearchFault> {
        self.take_out(found.product, alike)?;
        let document = self.columns.document(found, &mut self.words);
        self.pen.writer()?.add_document(document).map_err(damaged)?;
        Ok(())
    }

    /// Takes a product out. Seen after the next commit.
    pub fn remove(&mut self, product: ProductId) -> Result<(), SearchFault> {
        self.changes += 1;
        self.take_out(product, None)
    }

    fn take_out(&mut self, product: ProductId, alike: Option<Figures>) -> Result<(), SearchFault> {
        self.pen.writer()?.delete_term(self.columns.term_of(product));
        self.pen.changed();
        self.put.push((product, alike));
        Ok(())
    }

    /// Takes everything out.
    pub fn clear(&mut self) -> Result<(), SearchFault> {
        self.changes += 1;
        self.pen.clear()
    }

    /// Changes since the last commit that are not shown before the next one.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether anything is in no commit yet.
    pub fn has_written(&self) -> bool {
        self.pen.changes() > 0
    }

    /// Writes what was changed, and that it is everything up to there; `None` while the index
    /// is still being made. Says what that changes, to be shown.
    pub fn commit(&mut self, standing: Option<Standing>) -> Result<Committed, SearchFault> {
        self.pen.commit(standing)?;
        self.adjusted.settle(self.put.drain(..));
        let changes = std::mem::take(&mut self.changes);
        Ok(if changes > 0 { Committed::Words } else { Committed::Figures })
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
