//! The register's files: written by one, read by many, each commit with the position it knows.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use tantivy::{
    IndexReader, Searcher, SegmentReader, TantivyDocument, Term,
    columnar::Column,
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use super::{Card, Filed, Spot, terms_of};
use crate::search::{
    Standing,
    ground::{self, Making, Pen, Unfit, damaged},
    request::SearchFault,
    words::Words,
};

#[derive(Clone, Copy)]
struct Columns {
    /// Kind and id, to replace a card by.
    name: Field,
    terms: Field,
    id_high: Field,
    id_low: Field,
    at: Field,
}

/// A register with its reader.
pub(super) struct Shelf {
    columns: Columns,
    reader: IndexReader,
    opened: Mutex<()>,
}

/// The one that changes the register.
pub struct Filing {
    pen: Pen,
    columns: Columns,
    words: Words,
}

/// The register as of one commit.
pub(super) struct Page {
    pub drawers: Vec<Drawer>,
    pub words: Words,
    terms: Field,
    searcher: Searcher,
}

/// A segment of it.
pub(super) struct Drawer {
    reader: SegmentReader,
    id_high: Column<u64>,
    id_low: Column<u64>,
    at: Column<i64>,
}

impl Shelf {
    /// Opens the register in a directory, or begins an empty one.
    pub fn open(dir: &Path) -> Result<(Shelf, Filing, Option<Standing>), SearchFault> {
        let (making, columns) = making();
        let (shelf, pen, standing) = ground::open(dir, &making, |reader| {
            let shelf = Shelf { columns, reader, opened: Mutex::new(()) };
            shelf.paged()?;
            Ok(shelf)
        })?;
        Ok((shelf, Filing { pen, columns, words: Words::of("") }, standing))
    }

    /// The register as it is now.
    pub fn page(&self) -> Result<Page, SearchFault> {
        let _one_at_a_time = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        self.paged().map_err(damaged)
    }

    fn paged(&self) -> tantivy::Result<Page> {
        self.reader.reload()?;
        let searcher = self.reader.searcher();
        let drawer = |reader: &SegmentReader| -> tantivy::Result<Drawer> {
            let fast = reader.fast_fields();
            Ok(Drawer {
                reader: reader.clone(),
                id_high: fast.u64(ID_HIGH)?,
                id_low: fast.u64(ID_LOW)?,
                at: fast.i64(AT)?,
            })
        };
        let drawers: tantivy::Result<Vec<Drawer>> =
            searcher.segment_readers().iter().map(drawer).collect();
        Ok(Page { drawers: drawers?, words: Words::of(""), terms: self.columns.terms, searcher })
    }
}

impl Page {
    /// Segments, and cards in them.
    pub fn size(&self) -> (usize, u64) {
        (self.drawers.len(), self.searcher.num_docs())
    }
}

impl Drawer {
    /// How many documents there are, deleted ones included.
    pub fn documents(&self) -> u32 {
        self.reader.max_doc()
    }

    /// The terms of all cards.
    pub fn terms(
        &self,
        page: &Page,
    ) -> tantivy::Result<std::sync::Arc<tantivy::InvertedIndexReader>> {
        self.reader.inverted_index(page.terms)
    }

    /// The place of a card that is still there.
    pub fn spot(&self, document: u32) -> Option<Spot> {
        if self.reader.is_deleted(document) {
            return None;
        }
        let high = u128::from(self.id_high.first(document)?);
        let low = u128::from(self.id_low.first(document)?);
        Some(Spot { at: self.at.first(document)?, id: high << 64 | low })
    }
}

impl Filing {
    /// Puts a card in, in place of the one there was. Seen after the next commit.
    pub fn put(&mut self, card: &Card) -> Result<(), SearchFault> {
        let Columns { name, terms, id_high, id_low, at } = self.columns;
        self.remove(card.filed, card.id)?;
        let mut document = TantivyDocument::default();
        document.add_bytes(name, &name_of(card.filed, card.id));
        let token = |text: String| Token { text, position: 0, ..Token::default() };
        let tokens = terms_of(card, &mut self.words).into_iter().map(token).collect();
        document.add_pre_tokenized_text(terms, PreTokenizedString { text: String::new(), tokens });
        let [high, low] = halves(card.id);
        document.add_u64(id_high, high);
        document.add_u64(id_low, low);
        document.add_i64(at, card.at.millis());
        self.pen.writer()?.add_document(document).map_err(damaged)?;
        Ok(())
    }

    /// Takes a card out. Seen after the next commit.
    pub fn remove(&mut self, filed: Filed, id: [u8; 16]) -> Result<(), SearchFault> {
        let term = Term::from_field_bytes(self.columns.name, &name_of(filed, id));
        self.pen.writer()?.delete_term(term);
        self.pen.changed();
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

    /// Writes what was changed, and that it is everything up to there; `None` while the register
    /// is still being made.
    pub fn commit(&mut self, standing: Option<Standing>) -> Result<(), SearchFault> {
        self.pen.commit(standing)
    }

    /// Lets go of what writing takes, until there is something to write; what is not committed
    /// stays. Safe to repeat.
    pub fn rest(&mut self) -> Result<(), SearchFault> {
        self.pen.rest()
    }
}

/// How a register is made.
fn making() -> (Making, Columns) {
    let (schema, columns) = schema();
    let way = SCHEMA_VERSION.to_owned();
    (Making { schema, way, writer_bytes_max: WRITER_BYTES_MAX }, columns)
}

/// Where the register in a directory stands, which nobody has open.
pub(in crate::search) fn look(dir: &Path) -> Option<Result<Standing, Unfit>> {
    ground::look(dir, &making().0)
}

fn schema() -> (Schema, Columns) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let columns = Columns {
        name: schema.add_bytes_field("name", INDEXED),
        terms: schema.add_text_field("terms", TextOptions::default().set_indexing_options(words)),
        id_high: schema.add_u64_field(ID_HIGH, FAST),
        id_low: schema.add_u64_field(ID_LOW, FAST),
        at: schema.add_i64_field(AT, FAST),
    };
    (schema.build(), columns)
}

fn name_of(filed: Filed, id: [u8; 16]) -> [u8; 17] {
    let mut name = [0; 17];
    name[0] = match filed {
        Filed::Order => 1,
        Filed::Customer => 2,
        Filed::Product => 3,
    };
    name[1..].copy_from_slice(&id);
    name
}

fn halves(id: [u8; 16]) -> [u64; 2] {
    let bits = u128::from_be_bytes(id);
    let part = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    [part(bits >> 64), part(bits)]
}

const ID_HIGH: &str = "id_high";
const ID_LOW: &str = "id_low";
const AT: &str = "at";
/// Raised with everything here that changes, and with what a card is found by.
const SCHEMA_VERSION: &str = "2";
/// Memory in which the writer gathers cards before it writes them out: the least there can be.
const WRITER_BYTES_MAX: usize = 15 << 20;
