//! State: the latest version of everything, in sled; the only folder that names it.
//!
//! Invariant: nothing is read from it that was not written so (checksums), and its own notes
//! never claim more than it holds. It can be lost at any time: the journal makes it again. A
//! panic of sled is a fault here, and leads to a rebuild.

pub mod checkpoint;
pub mod fold;

use std::{
    collections::BTreeMap,
    fs,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::{
    Seq,
    codec::{self, CodecFault, Sealed},
    fault::StoreFault,
    keys::{Key, PIECE_TAG},
    locked,
    sync::Mutex,
};

/// The state, open.
pub struct State {
    // Taken out at the end, so that a panic of sled while it closes is caught too.
    db: Option<sled::Db>,
    dir: PathBuf,
    /// How many further pieces large values have; few have any.
    pieces: Mutex<BTreeMap<Key, u16>>,
    damaged: AtomicBool,
}

/// A state that cannot be used, and why: it is moved aside and made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

impl State {
    /// Opens the state in `dir`, which is made if it is missing.
    pub fn open(dir: &Path) -> Result<State, StoreFault> {
        fs::create_dir_all(dir).map_err(StoreFault::io("make", dir))?;
        remove_half_snapshots(dir)?;
        wait_until_let_go(dir);
        let config = sled::Config::new()
            .path(dir)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        let db = guarded(|| config.open()).map_err(|fault| match fault {
            SledFault::Said(sled::Error::Io(source)) => StoreFault::io("open", dir)(source),
            other @ (SledFault::Said(_) | SledFault::Broke(_)) => {
                StoreFault::StateDamaged { what: other.to_string() }
            }
        })?;
        let dir = dir.to_path_buf();
        let (pieces, damaged) = (Mutex::default(), AtomicBool::new(false));
        let state = State { db: Some(db), dir, pieces, damaged };
        let pieces = state.find_large_values()?;
        *locked(&state.pieces) = pieces;
        Ok(state)
    }

    /// Up to which commit everything has been folded.
    pub fn applied(&self) -> Result<Seq, StoreFault> {
        let Some(body) = self.get(&Key::applied())? else { return Ok(0) };
        body.first_chunk::<8>()
            .map(|seq| u64::from_le_bytes(*seq))
            .ok_or_else(|| self.damaged("its own note is cut short".into()))
    }

    /// The value under a key.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreFault> {
        let head = self.ask(|db| db.get(key))?;
        head.map(|head| self.open_value(key, &head)).transpose()
    }

    /// The first entry whose key is not below `from`.
    pub fn range(&self, from: Bound<Key>, to: Bound<Key>) -> Result<sled::Iter, StoreFault> {
        self.ask(|db| Ok(db.range::<Key, _>((from, to))))
    }

    /// The next entry of a range, from its beginning or its end.
    pub fn step(
        &self,
        range: &mut sled::Iter,
        backwards: Backwards,
    ) -> Result<Option<(Key, Vec<u8>)>, StoreFault> {
        let found = self.ask(|_| match backwards {
            Backwards::No => range.next().transpose(),
            Backwards::Yes => range.next_back().transpose(),
        })?;
        let Some((key, head)) = found else { return Ok(None) };
        let key = Key::from_bytes(&key);
        let value = self.open_value(&key, &head)?;
        Ok(Some((key, value)))
    }

    /// Every raw entry, for comparing two states byte for byte.
    pub fn raw(&self) -> Result<sled::Iter, StoreFault> {
        self.range(Bound::Unbounded, Bound::Unbounded)
    }

    /// The next raw entry of [`State::raw`].
    pub fn raw_step(&self, entries: &mut sled::Iter) -> Result<Option<RawEntry>, StoreFault> {
        let found = self.ask(|_| entries.next().transpose())?;
        Ok(found.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// Writes and removes all of these at once.
    pub fn put(&self, writes: Vec<(Key, Option<Vec<u8>>)>) -> Result<(), StoreFault> {
        let mut batch = sled::Batch::default();
        let mut pieces = locked(&self.pieces);
        for (key, body) in writes {
            let before = pieces.get(&key).copied().unwrap_or(0);
            let after = match body {
                Some(body) => {
                    let sealed = codec::seal(&key, &body)
                        .map_err(|fault| self.damaged(format!("{key:?} is {fault}")))?;
                    insert(&mut batch, &key, sealed)
                }
                None => {
                    batch.remove(key.as_bytes());
                    0
                }
            };
            (after + 1..=before).for_each(|number| batch.remove(key.piece(number).as_bytes()));
            match after {
                0 if before == 0 => None,
                0 => pieces.remove(&key),
                count => pieces.insert(key, count),
            };
        }
        self.ask(|db| db.apply_batch(batch))
    }

    /// Leaves word for the next start that this state must be made again.
    pub fn damaged(&self, what: String) -> StoreFault {
        if !self.damaged.swap(true, Ordering::SeqCst) {
            tracing::error!(what, "the state is damaged and must be made again");
        }
        if fs::write(self.dir.join(DAMAGED_NAME), &what).is_err() {
            // On a disk without any room the note goes: without it nothing is trusted.
            let _ = checkpoint::take_back(&self.dir);
        }
        StoreFault::StateDamaged { what }
    }

    /// Whether damage was found since it was opened.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::SeqCst)
    }

    fn open_value(&self, key: &Key, head: &[u8]) -> Result<Vec<u8>, StoreFault> {
        let piece = |number| {
            let piece = self.ask(|db| db.get(key.piece(number))).map_err(Opening::Fault)?;
            Ok(piece.map(|piece| piece.to_vec()))
        };
        codec::open(key, head, piece).map_err(|opening| match opening {
            Opening::Fault(fault) => fault,
            Opening::Codec(fault) => self.damaged(format!("{key:?} is {fault}")),
        })
    }

    fn find_large_values(&self) -> Result<BTreeMap<Key, u16>, StoreFault> {
        let mut found = BTreeMap::new();
        let prefix = Key::from_bytes(&[PIECE_TAG]);
        let to = prefix.end_of_prefix().map_or(Bound::Unbounded, Bound::Excluded);
        let mut range = self.range(Bound::Included(prefix), to)?;
        while let Some((place, _)) = self.ask(|_| range.next().transpose())? {
            let Some((key, number)) = place[1..].split_last_chunk::<2>() else { continue };
            found.insert(Key::from_bytes(key), u16::from_be_bytes(*number));
        }
        Ok(found)
    }

    fn ask<T>(&self, question: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreFault> {
        let Some(db) = &self.db else { return Err(StoreFault::Closing) };
        guarded(|| question(db)).map_err(|fault| self.damaged(fault.to_string()))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // What sled cannot write now the next start would miss, and might not notice.
        if !self.is_damaged() {
            let _ = self.ask(|db| db.flush().map(drop));
        }
        let db = self.db.take();
        if catch_unwind(AssertUnwindSafe(|| drop(db))).is_err() {
            tracing::error!("sled broke while it was closed; the journal is not concerned");
        }
    }
}

/// A key and the bytes under it, as sled has them.
pub type RawEntry = (Vec<u8>, Vec<u8>);

/// The way a range is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backwards {
    /// From its beginning.
    No,
    /// From its end.
    Yes,
}

enum Opening {
    Fault(StoreFault),
    Codec(CodecFault),
}

impl From<CodecFault> for Opening {
    fn from(fault: CodecFault) -> Opening {
        Opening::Codec(fault)
    }
}

#[derive(Debug, thiserror::Error)]
enum SledFault {
    #[error("{0}")]
    Said(sled::Error),
    #[error("sled broke: {0}")]
    Broke(String),
}

/// Asks sled something; its panics are answers too.
fn guarded<T>(question: impl FnOnce() -> sled::Result<T>) -> Result<T, SledFault> {
    match catch_unwind(AssertUnwindSafe(question)) {
        Ok(answer) => answer.map_err(SledFault::Said),
        Err(panic) => Err(SledFault::Broke(super::words_of(&*panic))),
    }
}

fn insert(batch: &mut sled::Batch, key: &Key, sealed: Sealed) -> u16 {
    batch.insert(key.as_bytes(), sealed.head);
    let mut count = 0;
    for piece in sealed.pieces {
        count += 1;
        batch.insert(key.piece(count).as_bytes(), piece);
    }
    count
}

/// A state that was just closed in this process may be let go of a little later, by a thread of
/// sled's own. No other process has it: the data directory is locked.
fn wait_until_let_go(dir: &Path) {
    let Ok(file) = fs::File::open(dir.join("db")) else { return };
    for _ in 0..LET_GO_LOOKS_MAX {
        if file.try_lock().is_ok() {
            return;
        }
        thread::sleep(LET_GO_LOOK);
    }
}

/// A death while sled writes one of these makes it refuse to open for ever.
fn remove_half_snapshots(dir: &Path) -> Result<(), StoreFault> {
    for entry in fs::read_dir(dir).map_err(StoreFault::io("list", dir))? {
        let path = entry.map_err(StoreFault::io("list", dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(&path).map_err(StoreFault::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Written when damage was found; the next start rebuilds.
pub const DAMAGED_NAME: &str = "DAMAGED";
const LET_GO_LOOK: Duration = Duration::from_millis(10);
/// After so many looks, sled says itself that it is locked.
const LET_GO_LOOKS_MAX: usize = 1_000;
const SEGMENT_BYTES: usize = 4 << 20;
const CACHE_BYTES: u64 = 32 << 20;

#[cfg(test)]
mod tests;
