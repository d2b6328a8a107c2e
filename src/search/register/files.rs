//! The register's files: written by one, read by many, each commit with the position it knows.

use std::{
    fs,
    panic::catch_unwind,
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, SegmentReader, TantivyDocument, Term,
    columnar::Column,
    indexer::{IndexWriterOptions, LogMergePolicy},
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use super::{Card, Filed, Spot, terms_of};
use crate::search::{Standing, index::damaged, request::SearchFault, words::Words};

/// Where a register stands, as it says in its last commit.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    schema: u32,
    /// Missing while it is being made.
    position: Option<u64>,
    timeline: u32,
    /// Of all of the above: a position that is damaged would hide what came before it.
    sum: u32,
}

impl Cursor {
    fn at(standing: Option<Standing>) -> Cursor {
        let position = standing.map(|standing| standing.position);
        let timeline = standing.map_or(0, |standing| standing.timeline);
        let words = format!("{SCHEMA_VERSION} {position:?} {timeline}");
        let sum = crc32c::crc32c(words.as_bytes());
        Cursor { schema: SCHEMA_VERSION, position, timeline, sum }
    }
}

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
    writer: IndexWriter,
    columns: Columns,
    words: Words,
    changes: u64,
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
        // Files that are damaged may make a reader panic.
        match catch_unwind(|| Shelf::sound(dir)) {
            Ok(Ok(Some(sound))) => Ok(sound),
            Ok(Ok(None) | Err(_)) | Err(_) => Shelf::over(&begun(dir)?, None).map_err(damaged),
        }
    }

    /// The register that is there, if all of it can be read.
    fn sound(dir: &Path) -> tantivy::Result<Option<(Shelf, Filing, Option<Standing>)>> {
        let Some((index, standing)) = opened(dir)? else { return Ok(None) };
        let sound = Shelf::over(&index, Some(standing))?;
        // Opens what each file names.
        sound.0.paged()?;
        Ok(Some(sound))
    }

    fn over(
        index: &Index,
        standing: Option<Standing>,
    ) -> tantivy::Result<(Shelf, Filing, Option<Standing>)> {
        let (_, columns) = schema();
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES_MAX)
            .build();
        let writer: IndexWriter = index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(SEGMENTS_MERGED_MIN);
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE_MAX);
        writer.set_merge_policy(Box::new(policy));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
        let shelf = Shelf { columns, reader: reader?, opened: Mutex::new(()) };
        let filing = Filing { writer, columns, words: Words::of(""), changes: 0 };
        Ok((shelf, filing, standing))
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
        self.remove(card.filed, card.id);
        let mut document = TantivyDocument::default();
        document.add_bytes(name, &name_of(card.filed, card.id));
        let token = |text: String| Token { text, position: 0, ..Token::default() };
        let tokens = terms_of(card, &mut self.words).into_iter().map(token).collect();
        document.add_pre_tokenized_text(terms, PreTokenizedString { text: String::new(), tokens });
        let [high, low] = halves(card.id);
        document.add_u64(id_high, high);
        document.add_u64(id_low, low);
        document.add_i64(at, card.at.millis());
        self.writer.add_document(document).map_err(damaged)?;
        Ok(())
    }

    /// Takes a card out. Seen after the next commit.
    pub fn remove(&mut self, filed: Filed, id: [u8; 16]) {
        let term = Term::from_field_bytes(self.columns.name, &name_of(filed, id));
        self.writer.delete_term(term);
        self.changes += 1;
    }

    /// Takes everything out.
    pub fn clear(&mut self) -> Result<(), SearchFault> {
        self.writer.delete_all_documents().map_err(damaged)?;
        self.changes += 1;
        Ok(())
    }

    /// Changes since the last commit.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Writes what was changed, and that it is everything up to there; `None` while the register
    /// is still being made.
    pub fn commit(&mut self, standing: Option<Standing>) -> Result<(), SearchFault> {
        let cursor = Cursor::at(standing);
        let payload = serde_json::to_string(&cursor)
            .map_err(|fault| SearchFault::Damaged(fault.to_string()))?;
        let mut commit = self.writer.prepare_commit().map_err(damaged)?;
        commit.set_payload(&payload);
        commit.commit().map_err(damaged)?;
        self.changes = 0;
        Ok(())
    }
}

fn opened(dir: &Path) -> tantivy::Result<Option<(Index, Standing)>> {
    if !dir.join("meta.json").exists() {
        return Ok(None);
    }
    let index = Index::open_in_dir(dir)?;
    let payload = index.load_metas()?.payload.unwrap_or_default();
    let Ok(cursor) = serde_json::from_str::<Cursor>(&payload) else { return Ok(None) };
    let Some(position) = cursor.position else { return Ok(None) };
    let standing = Standing { position, timeline: cursor.timeline };
    if cursor != Cursor::at(Some(standing)) {
        return Ok(None);
    }
    if index.schema() != schema().0 || !index.validate_checksum()?.is_empty() {
        return Ok(None);
    }
    Ok(Some((index, standing)))
}

fn begun(dir: &Path) -> Result<Index, SearchFault> {
    let place = |fault: std::io::Error| SearchFault::Damaged(fault.to_string());
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(place)?;
    }
    fs::create_dir_all(dir).map_err(place)?;
    Index::create_in_dir(dir, schema().0).map_err(damaged)
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
const SCHEMA_VERSION: u32 = 1;
/// Memory in which the writer gathers cards before it writes them out: the least there can be.
const WRITER_BYTES_MAX: usize = 15 << 20;
const SEGMENTS_MERGED_MIN: usize = 4;
/// Beyond this share of deleted cards a segment is written anew.
const DELETED_SHARE_MAX: f32 = 0.3;
