//! Journal: the durable, ordered log of everything that was ever decided.
//!
//! Invariant: what [`Journal::append`] calls durable is on the disk, whole, after whatever was
//! durable before it; what it does not is gone from the file again, or the journal says that it
//! is broken. Knows nothing of what the frames mean.

pub mod frame;
pub mod open;
pub mod read;
pub mod segment;

use std::{io, path::PathBuf, sync::Arc};

use crate::domain::time::Timestamp;

use super::{
    Seq,
    faults::{Faults, Stop},
    len64,
};
use frame::{HEADER_BYTES, Header};
use segment::{Segment, Spares};

/// The journal, open for appending. One thread has it.
pub struct Journal {
    segment: Segment,
    spares: Spares,
    timeline: u32,
    at: Position,
    synced: Seq,
    closed: bool,
    full_segments_bytes: u64,
    faults: Option<Arc<Faults>>,
    buffer: Vec<u8>,
}

/// Where the next frame goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// Offset in the segment.
    pub end: u64,
    /// Checksum of the frame before.
    pub chain: u32,
    /// Number of the frame before.
    pub last: Seq,
    /// Time of the frame before.
    pub time: Timestamp,
}

/// What became of a batch: its first so many frames are durable, the others are gone.
#[derive(Debug)]
pub struct Appended {
    /// How many are durable.
    pub durable: usize,
    /// Why the others are not.
    pub fault: Option<AppendFault>,
}

/// Why an append stopped.
#[derive(Debug)]
pub enum AppendFault {
    /// No room; what was written of it has been taken back.
    Full(io::Error),
    /// Nobody knows what is on the disk: nothing more may be written.
    Broken(String),
}

impl Journal {
    /// Number of the last frame.
    pub fn last(&self) -> Seq {
        self.at.last
    }

    /// Time of the last frame.
    pub fn time(&self) -> Timestamp {
        self.at.time
    }

    /// How many bytes all frames take.
    pub fn bytes(&self) -> u64 {
        self.full_segments_bytes + self.at.end
    }

    /// Writes frames (payloads behind room for a header) with one sync for all that fit into
    /// one segment.
    pub fn append(&mut self, frames: &mut [(Vec<u8>, Timestamp)]) -> Appended {
        let mut durable = 0;
        while durable < frames.len() {
            let fitting = match self.fitting(&frames[durable..]) {
                0 if self.at.end == 0 => {
                    let fault = io::Error::other("a frame is larger than a segment");
                    return Appended { durable, fault: Some(AppendFault::Full(fault)) };
                }
                0 => match self.roll() {
                    Ok(()) => continue,
                    Err(fault) => return Appended { durable, fault: Some(fault) },
                },
                fitting => fitting,
            };
            if let Err(fault) = self.append_here(&mut frames[durable..durable + fitting]) {
                return Appended { durable, fault: Some(fault) };
            }
            durable += fitting;
        }
        Appended { durable, fault: None }
    }

    /// Writes down that everything so far is known to be durable, unless that was the last word.
    pub fn close(&mut self) -> Result<(), AppendFault> {
        if self.closed {
            return Ok(());
        }
        let closing = (vec![0; HEADER_BYTES], self.at.time);
        match self.append(&mut [closing]).fault {
            Some(fault) => Err(fault),
            None => {
                self.closed = true;
                Ok(())
            }
        }
    }

    /// How many of these frames the rest of the segment takes.
    fn fitting(&self, frames: &[(Vec<u8>, Timestamp)]) -> usize {
        let mut room = self.segment.size() - self.at.end;
        let fits = |(frame, _): &&(Vec<u8>, Timestamp)| {
            let left = room.checked_sub(len64(frame.len()));
            room = left.unwrap_or(0);
            left.is_some()
        };
        frames.iter().take_while(fits).count()
    }

    fn append_here(&mut self, frames: &mut [(Vec<u8>, Timestamp)]) -> Result<(), AppendFault> {
        let before = self.at;
        self.buffer.clear();
        for (frame, time) in frames {
            let header = Header {
                timeline: self.timeline,
                seq: self.at.last + 1,
                time: self.at.time.max(*time),
                synced_through: self.synced,
                before: self.at.chain,
            };
            self.at.chain = frame::stamp(frame, &header);
            self.at.last = header.seq;
            self.at.time = header.time;
            self.at.end += len64(frame.len());
            self.buffer.extend_from_slice(frame);
            self.pass_frame(before.end);
        }
        let written = self.write_and_sync(before.end);
        if written.is_err() {
            self.at = before;
        } else {
            self.synced = self.at.last;
            self.closed = false;
        }
        if self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = Vec::new();
        }
        written
    }

    fn write_and_sync(&self, offset: u64) -> Result<(), AppendFault> {
        self.pass(Stop::BeforeWrite);
        let bytes = len64(self.buffer.len());
        if let Err(short) = self.segment.write(&self.buffer, offset) {
            // What was written of it must not be there after a crash: its refusals are answered.
            return Err(match self.segment.zero(offset, bytes) {
                Ok(()) => AppendFault::Full(short),
                Err(zeroing) => AppendFault::Broken(format!("{short}, then {zeroing}")),
            });
        }
        self.pass(Stop::AfterWrite);
        if let Err(fault) = self.segment.sync() {
            // A second sync could succeed without having written anything, so none is believed.
            let _ = self.segment.zero(offset, bytes);
            return Err(AppendFault::Broken(format!("the journal could not be synced: {fault}")));
        }
        self.pass(Stop::AfterSync);
        Ok(())
    }

    /// Goes on in the next segment. Everything in this one is durable.
    fn roll(&mut self) -> Result<(), AppendFault> {
        let path = self.spares.take(self.at.last + 1).map_err(AppendFault::Full)?;
        let segment = Segment::open(&path, self.faults.clone())
            .map_err(|fault| AppendFault::Broken(fault.to_string()))?;
        self.full_segments_bytes += self.at.end;
        self.segment = segment;
        self.at = Position { end: 0, chain: 0, ..self.at };
        Ok(())
    }

    /// On order, the frames so far are all that reaches the file of those that go together.
    fn pass_frame(&self, offset: u64) {
        if self.faults.as_ref().is_some_and(|faults| faults.is_the_last(Stop::AfterFrame)) {
            // Whether it went well is seen by who opens the journal.
            let _ = self.segment.write(&self.buffer, offset);
            std::process::abort();
        }
    }

    fn pass(&self, stop: Stop) {
        if let Some(faults) = &self.faults {
            faults.pass(stop);
        }
    }
}

/// Where the journal of a data directory lies.
pub(super) fn dir_of(data: &std::path::Path) -> PathBuf {
    data.join("journal")
}

/// A batch buffer larger than this is given back.
const BUFFER_BYTES_KEPT: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests;
