//! Checkpoint: a point of the state that is really on the disk, and the note that says so.
//!
//! Invariant: the note is written last. sled's own flush does not wait for the disk, so every
//! file of it is synced, then the directory, then the note by rename.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    super::{Seq, codec::FORMAT, fault::StoreFault, journal::segment::sync_dir},
    DAMAGED_NAME, State, Unfit,
};

impl State {
    /// Makes everything folded so far durable, and notes that all of it up to `whole` is there.
    pub fn checkpoint(&self, whole: Seq) -> Result<Seq, StoreFault> {
        self.sync()?;
        write_note(&self.dir, whole).map_err(StoreFault::io("write a note in", &self.dir))?;
        Ok(whole)
    }

    /// Syncs the files, without a note that says so.
    pub fn sync(&self) -> Result<(), StoreFault> {
        self.ask(|db| db.flush().map(|_| ()))?;
        let mut files = Vec::new();
        open_all(&self.dir, &mut files).map_err(StoreFault::io("open", &self.dir))?;
        for file in files {
            // What a failed sync has lost is not written by a second one.
            file.sync_all().map_err(|fault| self.damaged(format!("it did not sync: {fault}")))?;
        }
        Ok(())
    }
}

/// Up to which commit the state in `dir` was synced; `None` if no note of this format says so.
pub fn noted(dir: &Path) -> Option<Seq> {
    let note = fs::read_to_string(dir.join(NOTE_NAME)).ok()?;
    let (words, sum) = note.trim_end().rsplit_once(' ')?;
    if format!("{:08x}", crc32c::crc32c(words.as_bytes())) != sum {
        return None;
    }
    let seq = words.strip_prefix(&format!("bodega-state {FORMAT} "))?;
    seq.parse().ok()
}

/// Takes the note back that says how far the state in `dir` was synced.
pub fn take_back(dir: &Path) -> io::Result<()> {
    fs::remove_file(dir.join(NOTE_NAME))
}

/// Opens a state that can be trusted up to its checkpoint; its number.
pub fn open_noted(dir: &Path) -> Result<Result<(State, Seq), Unfit>, StoreFault> {
    let unfit = |why: &str| Ok(Err(Unfit(why.to_owned())));
    if !dir.exists() {
        return unfit("there was none");
    }
    if dir.join(DAMAGED_NAME).exists() {
        return unfit("it was found damaged");
    }
    let Some(checkpoint) = noted(dir) else {
        return unfit("it has no checkpoint of this version's format");
    };
    let state = match State::open(dir) {
        Ok(state) => state,
        Err(StoreFault::StateDamaged { what }) => return unfit(&what),
        Err(other) => return Err(other),
    };
    match state.applied() {
        Ok(applied) if applied >= checkpoint => Ok(Ok((state, checkpoint))),
        Ok(_) => unfit("it has lost what it held at its checkpoint"),
        Err(StoreFault::StateDamaged { what }) => unfit(&what),
        Err(other) => Err(other),
    }
}

/// Moves a state away that cannot be used. The latest such one is kept.
pub fn move_aside(dir: &Path) -> Result<Option<PathBuf>, StoreFault> {
    if !dir.exists() {
        return Ok(None);
    }
    let data = dir.parent().unwrap_or(Path::new("."));
    let mut newest = 0;
    for entry in fs::read_dir(data).map_err(StoreFault::io("list", data))? {
        let path = entry.map_err(StoreFault::io("list", data))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(number) = name.strip_prefix(ASIDE_NAME).and_then(|n| n.parse::<u64>().ok()) else {
            continue;
        };
        newest = newest.max(number);
        fs::remove_dir_all(&path).map_err(StoreFault::io("remove", &path))?;
    }
    let aside = data.join(format!("{ASIDE_NAME}{}", newest + 1));
    fs::rename(dir, &aside).map_err(StoreFault::io("move aside", dir))?;
    Ok(Some(aside))
}

/// Opens every file below a folder, and last the folder: to be synced in this order.
fn open_all(dir: &Path, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            open_all(&path, files)?;
        } else {
            match File::open(&path) {
                Ok(file) => files.push(file),
                // sled removes snapshots it has replaced.
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => return Err(fault),
            }
        }
    }
    files.push(File::open(dir)?);
    Ok(())
}

fn write_note(dir: &Path, applied: Seq) -> io::Result<()> {
    let words = format!("bodega-state {FORMAT} {applied}");
    let sum = crc32c::crc32c(words.as_bytes());
    let half_made = dir.join("CHECKPOINT.tmp");
    let mut file = File::create(&half_made)?;
    writeln!(file, "{words} {sum:08x}")?;
    file.sync_all()?;
    fs::rename(&half_made, dir.join(NOTE_NAME))?;
    sync_dir(dir)
}

const NOTE_NAME: &str = "CHECKPOINT";
const ASIDE_NAME: &str = "state.damaged-";
