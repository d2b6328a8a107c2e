//! Reading the journal from a position: for replays, for those that follow it live, and for
//! whoever judges it.
//!
//! Invariant: gives frames in order and without gaps, and never one that is not durable yet
//! (whoever reads says how far it may go). No segment is ever in memory as a whole.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::domain::time::Timestamp;

use super::{
    super::{Seq, fault::StoreFault, len64},
    frame::{self, Frame, Parsed},
    open::{damage, later},
    segment,
};

/// A place in the journal; reading moves it on.
#[derive(Debug)]
pub struct Cursor {
    dir: PathBuf,
    next: Seq,
    place: Option<Place>,
}

/// A place in an open segment, and the bytes that were read from there on.
#[derive(Debug)]
pub(super) struct Place {
    file: File,
    path: PathBuf,
    offset: u64,
    buffer: Vec<u8>,
    used: usize,
    /// How much is read next: little for one who waits at the end, much for one far behind.
    step: usize,
}

/// A frame on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence number.
    pub seq: Seq,
    /// When it was written.
    pub time: Timestamp,
    /// The timeline it belongs to.
    pub timeline: u32,
    /// A line of JSON; empty in a closing frame.
    pub payload: Vec<u8>,
}

impl Cursor {
    /// Begins after the frame with this number (0: with the first).
    pub fn after(dir: &Path, seq: Seq) -> Cursor {
        Cursor { dir: dir.to_path_buf(), next: seq + 1, place: None }
    }

    /// The next frame, if its number is at most `through`.
    pub fn next(&mut self, through: Seq) -> Result<Option<Entry>, StoreFault> {
        while self.next <= through {
            let mut place = match self.place.take() {
                Some(place) => place,
                None => self.open()?,
            };
            let Some(entry) = place.read()? else {
                // The next frame is durable, so it begins the next segment.
                let following = self.dir.join(segment::name_of(self.next));
                if following == place.path || !following.exists() {
                    let what = format!("frame {} is missing", self.next);
                    return Err(damage(&place.path, place.offset, what));
                }
                continue;
            };
            self.place = Some(place);
            if entry.seq > self.next {
                let what = format!("frame {} is missing", self.next);
                return Err(damage(&self.dir, 0, what));
            }
            if entry.seq == self.next {
                self.next += 1;
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn open(&self) -> Result<Place, StoreFault> {
        let segments = segment::list(&self.dir)?;
        let found = segments.into_iter().rev().find(|(begins, _)| *begins <= self.next);
        let Some((_, path)) = found else {
            return Err(damage(&self.dir, 0, format!("frame {} is missing", self.next)));
        };
        Place::at_beginning(&path)
    }
}

impl Place {
    pub(super) fn at_beginning(segment: &Path) -> Result<Place, StoreFault> {
        let file = File::open(segment).map_err(StoreFault::io("open", segment))?;
        let path = segment.to_path_buf();
        Ok(Place { file, path, offset: 0, buffer: Vec::new(), used: 0, step: READ_BYTES_MIN })
    }

    /// How many bytes of the segment lie before it.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What begins here.
    pub(super) fn look(&mut self) -> Result<Parsed<'_>, StoreFault> {
        // What is at hand may end within a frame, or be older than what was written since.
        if !self.has_frame() {
            let bytes = self.next_step();
            self.fill(bytes)?;
            if !self.has_frame() {
                self.fill(READ_BYTES_LARGE)?;
            }
        }
        Ok(frame::parse(&self.buffer[self.used..]))
    }

    fn has_frame(&self) -> bool {
        matches!(frame::parse(&self.buffer[self.used..]), Parsed::Frame(_))
    }

    /// Twice as much as last time, if most of that was frames; else a little again: behind the
    /// last frame a segment is zeros, which whoever waits there would read with every commit.
    fn next_step(&mut self) -> usize {
        let was_needed = self.used * 2 >= self.buffer.len();
        self.step = if was_needed { (self.step * 2).min(READ_BYTES_MAX) } else { READ_BYTES_MIN };
        self.step
    }

    /// Moves on by so many bytes, which were looked at.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.used += bytes;
        self.offset += len64(bytes);
    }

    /// Whether there are only zeros from here on.
    pub(super) fn is_blank(&self) -> bool {
        segment::is_blank_from(&self.file, self.offset)
    }

    /// Everything from here on.
    pub(super) fn rest(&mut self) -> Result<&[u8], StoreFault> {
        let size = self.file.metadata().map_err(StoreFault::io("look at", &self.path))?.len();
        let bytes = size.saturating_sub(self.offset);
        self.fill(usize::try_from(bytes).expect("a segment fits into memory"))?;
        Ok(&self.buffer)
    }

    /// The next frame of the segment; `None` behind the last.
    fn read(&mut self) -> Result<Option<Entry>, StoreFault> {
        match self.look()? {
            Parsed::Frame(frame) => {
                let (entry, bytes) = (entry_of(&frame), frame.bytes());
                self.pass(bytes);
                Ok(Some(entry))
            }
            Parsed::Later(format) => Err(later(&self.path, self.offset, format)),
            Parsed::Bad(what) => Err(damage(&self.path, self.offset, what.to_owned())),
            Parsed::Empty | Parsed::Short => Ok(None),
        }
    }

    fn fill(&mut self, bytes: usize) -> Result<(), StoreFault> {
        self.buffer.resize(bytes, 0);
        let mut done = 0;
        while done < self.buffer.len() {
            let at = self.offset + len64(done);
            let read = self.file.read_at(&mut self.buffer[done..], at);
            match read.map_err(StoreFault::io("read", &self.path))? {
                0 => break,
                read => done += read,
            }
        }
        self.buffer.truncate(done);
        self.used = 0;
        Ok(())
    }
}

fn entry_of(frame: &Frame<'_>) -> Entry {
    Entry {
        seq: frame.header.seq,
        time: frame.header.time,
        timeline: frame.header.timeline,
        payload: frame.payload.to_vec(),
    }
}

/// Read at once by one who waits at the end.
const READ_BYTES_MIN: usize = 16 * 1024;
/// Read at once by one who has much before them.
const READ_BYTES_MAX: usize = 256 * 1024;
/// Read at once where that is not enough: more than the largest frame.
const READ_BYTES_LARGE: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_at_the_end_reads_a_little_and_who_is_far_behind_much() {
        let folder = tempfile::tempdir().expect("a folder");
        let segment = folder.path().join("segment");
        std::fs::write(&segment, vec![0; 4 * READ_BYTES_MAX]).expect("room on the disk");
        let mut place = Place::at_beginning(&segment).expect("a segment");
        let mut reads = |part: fn(usize) -> usize| {
            place.used = part(place.buffer.len());
            let bytes = place.next_step();
            place.fill(bytes).expect("readable");
            place.buffer.len()
        };
        let behind: Vec<usize> = (0..5).map(|_| reads(|all| all)).collect();
        assert_eq!(behind, [2, 4, 8, 16, 16].map(|times| times * READ_BYTES_MIN));
        assert_eq!(READ_BYTES_MAX, 16 * READ_BYTES_MIN);
        assert_eq!(reads(|_| 300), READ_BYTES_MIN, "one frame, and zeros behind it");
        assert_eq!(reads(|_| 300), READ_BYTES_MIN);
    }
}
