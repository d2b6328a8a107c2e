//! Ground: what every index of ours stands on: its files, its one writer, and how far it knows
//! the journal.
//!
//! Invariant: the position of the journal travels in the commit that knows everything up to it,
//! so index and position never disagree. Whatever cannot be read, or was made in another way, is
//! thrown away: the journal can make it again.

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy,
    indexer::{IndexWriterOptions, LogMergePolicy},
    schema::Schema,
};

use super::{checked::Checked, request::SearchFault};

/// How an index is made; one that was made in another way is begun anew.
#[derive(Clone)]
pub(super) struct Making {
    /// Its columns.
    pub schema: Schema,
    /// All else that its content depends on, such as a version and a language.
    pub way: String,
    /// Memory in which the writer gathers documents before it writes them out.
    pub writer_bytes_max: usize,
}

/// Where an index stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last frame it knows.
    pub position: u64,
    /// The timeline of that frame.
    pub timeline: u32,
}

/// How far an index has come, as it says in its last commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    way: String,
    /// Missing while the index is being made.
    position: Option<u64>,
    timeline: u32,
    /// Of all of the above: a position that is damaged would hide what came before it.
    sum: u32,
}

impl Cursor {
    fn at(way: &str, standing: Option<Standing>) -> Cursor {
        let position = standing.map(|standing| standing.position);
        let timeline = standing.map_or(0, |standing| standing.timeline);
        let sum = crc32c::crc32c(format!("{way} {position:?} {timeline}").as_bytes());
        Cursor { way: way.to_owned(), position, timeline, sum }
    }
}

/// Opens the index in a directory, or begins an empty one; where it stands, if it is whole.
/// `read_all` opens what each of its files names.
///
/// # Errors
/// The directory cannot be written.
pub(super) fn open<R>(
    dir: &Path,
    making: &Making,
    read_all: impl Fn(IndexReader) -> tantivy::Result<R>,
) -> Result<(R, Pen, Option<Standing>), SearchFault> {
    let over = |index: &Index, standing: Option<Standing>| {
        let reader: IndexReader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        tantivy::Result::Ok((read_all(reader)?, Pen::over(index, making)?, standing))
    };
    // Files that are damaged may make a reader panic.
    let sound = catch_unwind(AssertUnwindSafe(|| match there(dir, making)? {
        There::Whole(index, standing) => over(&index, Some(standing)).map(Some),
        There::Nothing | There::Unfit(_) => Ok(None),
    }));
    match sound {
        Ok(Ok(Some(sound))) => Ok(sound),
        Ok(Ok(None) | Err(_)) | Err(_) => over(&begun(dir, making)?, None).map_err(damaged),
    }
}

/// What lies in a directory.
enum There {
    Nothing,
    /// An index that cannot be used, and why.
    Unfit(Unfit),
    /// An index of this making, none of whose files is damaged.
    Whole(Index, Standing),
}

/// Why an index is thrown away and made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It was being made, or is of another version or language.
    Otherwise,
    /// A file of it is not what was written, or is missing.
    Damaged,
}

/// Where an index stands that nobody has open, if there is one and it can be used. Changes
/// nothing.
pub(super) fn look(dir: &Path, making: &Making) -> Option<Result<Standing, Unfit>> {
    // Files that are damaged may make a reader panic.
    match catch_unwind(AssertUnwindSafe(|| there(dir, making))) {
        Ok(Ok(There::Nothing)) => None,
        Ok(Ok(There::Unfit(why))) => Some(Err(why)),
        Ok(Ok(There::Whole(_, standing))) => Some(Ok(standing)),
        Ok(Err(_)) | Err(_) => Some(Err(Unfit::Damaged)),
    }
}

fn there(dir: &Path, making: &Making) -> tantivy::Result<There> {
    if !dir.join("meta.json").exists() {
        return Ok(There::Nothing);
    }
    let index = Index::open(Checked::at(dir)?)?;
    let payload = index.load_metas()?.payload.unwrap_or_default();
    let cursor = serde_json::from_str::<Cursor>(&payload).ok();
    let standing = cursor.as_ref().and_then(|cursor| {
        Some(Standing { position: cursor.position?, timeline: cursor.timeline })
    });
    let Some(standing) = standing else { return Ok(There::Unfit(Unfit::Otherwise)) };
    let is_ours = cursor == Some(Cursor::at(&making.way, Some(standing)));
    if !is_ours || index.schema() != making.schema {
        return Ok(There::Unfit(Unfit::Otherwise));
    }
    if !index.validate_checksum()?.is_empty() {
        return Ok(There::Unfit(Unfit::Damaged));
    }
    Ok(There::Whole(index, standing))
}

fn begun(dir: &Path, making: &Making) -> Result<Index, SearchFault> {
    let place = |fault: io::Error| SearchFault::Damaged(fault.to_string());
    forget(dir).map_err(place)?;
    fs::create_dir_all(dir).map_err(place)?;
    let over = |dir| Index::create(dir, making.schema.clone(), IndexSettings::default());
    Checked::at(dir).and_then(over).map_err(damaged)
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

/// The one writer of an index. It holds threads and queues only while there is something to write.
pub(super) struct Pen {
    index: Index,
    making: Making,
    writer: Option<IndexWriter>,
    changes: u64,
}

impl Pen {
    fn over(index: &Index, making: &Making) -> tantivy::Result<Pen> {
        // Opened once, to see that it can be.
        let writer = Some(Pen::open(index, making)?);
        Ok(Pen { index: index.clone(), making: making.clone(), writer, changes: 0 })
    }

    fn open(index: &Index, making: &Making) -> tantivy::Result<IndexWriter> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(making.writer_bytes_max)
            .build();
        let writer: IndexWriter = index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(SEGMENTS_MERGED_MIN);
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE_MAX);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }

    /// What writes, opened if need be.
    pub fn writer(&mut self) -> Result<&mut IndexWriter, SearchFault> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => Pen::open(&self.index, &self.making).map_err(damaged)?,
        };
        Ok(self.writer.insert(writer))
    }

    /// Lets go of what writing takes, unless something is not committed. Waits for segments that
    /// are being merged.
    pub fn rest(&mut self) -> Result<(), SearchFault> {
        match self.writer.take_if(|_| self.changes == 0) {
            Some(writer) => writer.wait_merging_threads().map_err(damaged),
            None => Ok(()),
        }
    }

    /// Something is otherwise than in the last commit.
    pub fn changed(&mut self) {
        self.changes += 1;
    }

    /// Changes since the last commit.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Takes everything out.
    pub fn clear(&mut self) -> Result<(), SearchFault> {
        self.writer()?.delete_all_documents().map_err(damaged)?;
        self.changed();
        Ok(())
    }

    /// Writes what was changed, and that it is everything up to there; `None` while the index
    /// is still being made.
    pub fn commit(&mut self, standing: Option<Standing>) -> Result<(), SearchFault> {
        let payload = serde_json::to_string(&Cursor::at(&self.making.way, standing))
            .map_err(|fault| SearchFault::Damaged(fault.to_string()))?;
        let mut commit = self.writer()?.prepare_commit().map_err(damaged)?;
        commit.set_payload(&payload);
        commit.commit().map_err(damaged)?;
        self.changes = 0;
        Ok(())
    }
}

pub(super) fn damaged(fault: tantivy::TantivyError) -> SearchFault {
    SearchFault::Damaged(fault.to_string())
}

const SEGMENTS_MERGED_MIN: usize = 4;
/// Beyond this share of deleted documents a segment is written anew.
const DELETED_SHARE_MAX: f32 = 0.3;
