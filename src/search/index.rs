//! The index on the disk: opened, written by one thread, and read through views.
//!
//! Invariant: the position of the journal travels in the commit that knows everything up to it,
//! so index and position never disagree. Whatever cannot be read, or is of another schema or
//! language, is thrown away: the journal can make it again.

use std::{
    fs, io,
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy,
    indexer::{IndexWriterOptions, LogMergePolicy},
};

use super::{
    expand::expansions,
    request::SearchFault,
    schema::{Columns, Findable, SCHEMA_VERSION, schema},
    view::{Figures, Labels, Opened, Segment, View},
    words::Words,
};
use crate::domain::ids::ProductId;

/// How far an index has come, as it says in its last commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    schema: u32,
    language: String,
    /// Missing while the index is being made.
    position: Option<u64>,
    timeline: u32,
    /// Of all of the above: a position that is damaged would hide what came before it.
    sum: u32,
}

impl Cursor {
    fn at(language: &str, standing: Option<Standing>) -> Cursor {
        let position = standing.map(|standing| standing.position);
        let timeline = standing.map_or(0, |standing| standing.timeline);
        let words = format!("{SCHEMA_VERSION} {language} {position:?} {timeline}");
        let sum = crc32c::crc32c(words.as_bytes());
        Cursor { schema: SCHEMA_VERSION, language: language.to_owned(), position, timeline, sum }
    }
}

/// Where an index stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last frame it knows.
    pub position: u64,
    /// The timeline of that frame.
    pub timeline: u32,
}

/// An index with its one writer.
pub(super) struct Shelf {
    columns: Columns,
    language: String,
    reader: IndexReader,
    labels: Arc<Labels>,
    opened: Mutex<Opened>,
}

/// The one that changes the index.
pub struct Indexer {
    writer: IndexWriter,
    columns: Columns,
    words: Words,
    language: String,
    changes: u64,
}

impl Shelf {
    /// Opens the index in a directory, or begins an empty one; where it stands, if it is whole.
    pub fn open(
        dir: &Path,
        language: &str,
    ) -> Result<(Shelf, Indexer, Option<Standing>), SearchFault> {
        // Files that are damaged may make a reader panic.
        match catch_unwind(|| Shelf::sound(dir, language)) {
            Ok(Ok(Some(sound))) => Ok(sound),
            Ok(Ok(None) | Err(_)) | Err(_) => {
                let index = Shelf::begun(dir)?;
                Shelf::over(index, language, None).map_err(damaged)
            }
        }
    }

    /// The index that is there, if all of it can be read.
    fn sound(
        dir: &Path,
        language: &str,
    ) -> tantivy::Result<Option<(Shelf, Indexer, Option<Standing>)>> {
        let Some((index, standing)) = Shelf::opened(dir, language)? else { return Ok(None) };
        let (shelf, indexer, standing) = Shelf::over(index, language, Some(standing))?;
        // Opens what each file names.
        shelf.viewed(0, Arc::default())?;
        Ok(Some((shelf, indexer, standing)))
    }

    fn opened(dir: &Path, language: &str) -> tantivy::Result<Option<(Index, Standing)>> {
        if !dir.join("meta.json").exists() {
            return Ok(None);
        }
        let index = Index::open_in_dir(dir)?;
        let payload = index.load_metas()?.payload.unwrap_or_default();
        let Ok(cursor) = serde_json::from_str::<Cursor>(&payload) else { return Ok(None) };
        let Some(position) = cursor.position else { return Ok(None) };
        let standing = Standing { position, timeline: cursor.timeline };
        if cursor != Cursor::at(language, Some(standing)) {
            return Ok(None);
        }
        if index.schema() != schema().0 || !index.validate_checksum()?.is_empty() {
            return Ok(None);
        }
        Ok(Some((index, standing)))
    }

    fn begun(dir: &Path) -> Result<Index, SearchFault> {
        let place = |fault: io::Error| SearchFault::Damaged(fault.to_string());
        if dir.exists() {
            fs::remove_dir_all(dir).map_err(place)?;
        }
        fs::create_dir_all(dir).map_err(place)?;
        Index::create_in_dir(dir, schema().0).map_err(damaged)
    }

    fn over(
        index: Index,
        language: &str,
        standing: Option<Standing>,
    ) -> tantivy::Result<(Shelf, Indexer, Option<Standing>)> {
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
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let language = language.to_owned();
        let words = Words::of(&language);
        let indexer = Indexer { writer, columns, words, language: language.clone(), changes: 0 };
        let shelf =
            Shelf { columns, language, reader, labels: Arc::default(), opened: Mutex::default() };
        Ok((shelf, indexer, standing))
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
            let figures = match opened.get(&id) {
                Some(figures) => Arc::clone(figures),
                None => Arc::new(Figures::open(reader, &self.labels)?),
            };
            kept.insert(id, Arc::clone(&figures));
            segments.push(Segment { reader: reader.clone(), figures });
        }
        *opened = kept;
        Ok(View {
            searcher,
            segments,
            columns: self.columns,
            labels: Arc::clone(&self.labels),
            words: Words::of(&self.language),
            synonyms,
            position,
            expansions: expansions(),
            answers: quick_cache::sync::Cache::new(ANSWERS_MAX),
        })
    }
}

impl Indexer {
    /// Puts a product in, in place of what was known of it. Seen after the next commit.
    pub fn put(&mut self, found: &Findable) -> Result<(), SearchFault> {
        self.writer.delete_term(self.columns.term_of(found.product));
        let document = self.columns.document(found, &mut self.words);
        self.writer.add_document(document).map_err(damaged)?;
        self.changes += 1;
        Ok(())
    }

    /// Takes a product out. Seen after the next commit.
    pub fn remove(&mut self, product: ProductId) {
        self.writer.delete_term(self.columns.term_of(product));
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

    /// Writes what was changed, and that it is everything up to there; `None` while the index
    /// is still being made.
    pub fn commit(&mut self, standing: Option<Standing>) -> Result<(), SearchFault> {
        let cursor = Cursor::at(&self.language, standing);
        let payload = serde_json::to_string(&cursor)
            .map_err(|fault| SearchFault::Damaged(fault.to_string()))?;
        let mut commit = self.writer.prepare_commit().map_err(damaged)?;
        commit.set_payload(&payload);
        commit.commit().map_err(damaged)?;
        self.changes = 0;
        Ok(())
    }
}

/// Removes the index in a directory; the next start makes it again.
///
/// # Errors
/// The disk.
pub fn forget(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Where the index lies in a data directory.
pub fn place_in(data_dir: &Path) -> PathBuf {
    data_dir.join("search")
}

/// Where the register lies in a data directory.
pub fn register_in(data_dir: &Path) -> PathBuf {
    data_dir.join("register")
}

pub(super) fn damaged(fault: tantivy::TantivyError) -> SearchFault {
    SearchFault::Damaged(fault.to_string())
}

/// Memory in which the writer gathers documents before it writes them out.
const WRITER_BYTES_MAX: usize = 40 << 20;
const SEGMENTS_MERGED_MIN: usize = 4;
/// Beyond this share of deleted documents a segment is written anew.
const DELETED_SHARE_MAX: f32 = 0.3;
/// Answers a view remembers.
const ANSWERS_MAX: usize = 512;
