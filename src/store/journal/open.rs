//! Opening a journal: which frames count, what is the unsynced end of a crash, what is damage.
//!
//! Invariant: a frame that may have been acknowledged is never cut off. A bad frame is damage if
//! a later frame knows it durable, if frames or segments do not follow one another, or if the
//! state knows more than the journal; then nothing is touched. Otherwise it is cut off and kept
//! aside, and what survived beyond the last known sync is written and synced again.

use std::{
    fmt,
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::domain::time::Timestamp;

use super::{
    super::{
        Seq,
        disk::Disk,
        fault::StoreFault,
        faults::Faults,
        leftovers::{self, PREFIX},
        len64,
    },
    Journal, Position,
    frame::{self, Frame, Header, Parsed},
    read::Place,
    segment::{self, Segment, Spares},
};

/// What was cut off when the journal was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The segment.
    pub file: PathBuf,
    /// Where the cut is.
    pub offset: u64,
    /// How many bytes were written behind it.
    pub bytes: u64,
    /// Where they are kept; nowhere if the disk was full.
    pub kept: Option<PathBuf>,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Torn { file, offset, bytes, kept } = self;
        write!(f, "{bytes} bytes of {} from byte {offset} on", file.display())?;
        match kept {
            Some(kept) => write!(f, ", kept as {}", kept.display()),
            None => write!(f, ", not kept: the disk is full"),
        }
    }
}

/// What a journal looks like before anything in it is touched.
#[derive(Debug)]
pub struct Survey {
    dir: PathBuf,
    segments: Vec<(Seq, PathBuf)>,
    timeline: u32,
    at: Position,
    synced: Seq,
    survivors: Option<u64>,
    torn: Option<(PathBuf, u64, Vec<u8>)>,
    closed: bool,
    unread: usize,
    bytes_before_last: u64,
}

/// Reads the journal in `dir` and judges it. Sealed segments that end before `known` are only
/// read as long as the newest of them stay below a limit; the others are left for later.
pub fn survey_within(dir: &Path, known: Seq, sealed_bytes_max: u64) -> Result<Survey, StoreFault> {
    let segments = segment::list(dir)?;
    let first = first_to_read(&segments, known, sealed_bytes_max);
    survey_from(dir, segments, first, known)
}

/// Reads all of the journal in `dir` and judges it.
pub fn survey_all(dir: &Path) -> Result<Survey, StoreFault> {
    survey_from(dir, segment::list(dir)?, 0, 0)
}

/// Old segments that nobody has read.
#[derive(Clone, Debug)]
pub struct Unread {
    dir: PathBuf,
    segments: Vec<(Seq, PathBuf)>,
}

impl Unread {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Each with the one behind it.
    pub fn pieces(&self) -> impl Iterator<Item = Unread> {
        let pairs = self.segments.windows(2);
        pairs.map(|pair| Unread { dir: self.dir.clone(), segments: pair.to_vec() })
    }

    /// Reads the first of them, which must be whole up to where the next begins.
    ///
    /// # Errors
    /// It is damaged, or cannot be read.
    pub fn check(&self) -> Result<(), StoreFault> {
        let [(begins, path), (next, _), ..] = &self.segments[..] else { return Ok(()) };
        let mut survey = Survey::of(&self.dir, self.segments.clone(), 0);
        survey.at.last = begins - 1;
        survey.read_segment(*begins, path, true)?;
        if survey.at.last + 1 == *next {
            return Ok(());
        }
        let what = format!("frame {} is missing before the next segment", survey.at.last + 1);
        Err(damage(path, survey.at.end, what))
    }
}

fn survey_from(
    dir: &Path,
    segments: Vec<(Seq, PathBuf)>,
    first: usize,
    known: Seq,
) -> Result<Survey, StoreFault> {
    let mut survey = Survey::of(dir, segments, first);
    if let Some((begins, path)) = survey.segments.first().filter(|(begins, _)| *begins != 1) {
        return Err(damage(path, 0, format!("the journal begins with frame {begins}")));
    }
    let segments = survey.segments.clone();
    for (index, (begins, path)) in segments.iter().enumerate().skip(first) {
        if index == first {
            survey.at.last = begins - 1;
        }
        let sealed = index + 1 < segments.len();
        survey.read_segment(*begins, path, sealed)?;
    }
    survey.reaches(known)?;
    Ok(survey)
}

impl Survey {
    fn of(dir: &Path, segments: Vec<(Seq, PathBuf)>, unread: usize) -> Survey {
        Survey {
            dir: dir.to_path_buf(),
            timeline: 0,
            at: Position { end: 0, chain: 0, last: 0, time: Timestamp::default() },
            synced: 0,
            survivors: None,
            torn: None,
            closed: true,
            unread,
            bytes_before_last: 0,
            segments,
        }
    }

    /// Number of the last frame that counts.
    pub fn last(&self) -> Seq {
        self.at.last
    }

    /// The segments, by the number of their first frame.
    pub fn segments(&self) -> &[(Seq, PathBuf)] {
        &self.segments
    }

    /// The oldest segments, as far as they were not read.
    pub fn unread_segments(&self) -> Unread {
        // With the one behind, whose name says where the last of them ends.
        let through = if self.unread == 0 { 0 } else { self.unread + 1 };
        Unread { dir: self.dir.clone(), segments: self.segments[..through].to_vec() }
    }

    /// Where an unsynced end would be cut off, and how many bytes are behind.
    pub fn torn(&self) -> Option<(&Path, u64, usize)> {
        self.torn.as_ref().map(|(path, offset, tail)| (path.as_path(), *offset, tail.len()))
    }

    /// Whether the journal goes as far as the state: otherwise its end was lost.
    pub fn reaches(&self, known: Seq) -> Result<(), StoreFault> {
        if self.at.last >= known {
            return Ok(());
        }
        let (file, offset) = self.end();
        let last = self.at.last;
        let what = format!("the journal ends with frame {last}, but the state knows {known}");
        Err(damage(&file, offset, what))
    }

    fn end(&self) -> (PathBuf, u64) {
        let last = self.segments.last().map(|(_, path)| path.clone());
        (last.unwrap_or_else(|| self.dir.clone()), self.at.end)
    }

    fn read_segment(&mut self, begins: Seq, path: &Path, sealed: bool) -> Result<(), StoreFault> {
        if begins != self.at.last + 1 {
            let what = format!("frame {} is missing before this segment", self.at.last + 1);
            return Err(damage(path, 0, what));
        }
        self.bytes_before_last += self.at.end;
        self.at = Position { end: 0, chain: 0, ..self.at };
        self.synced = self.at.last;
        let mut place = Place::at_beginning(path)?;
        let mut starts = Vec::new();
        while let Parsed::Frame(frame) = place.look()? {
            let offset = self.at.end;
            self.take(&frame).map_err(|what| damage(path, offset, what))?;
            starts.push((frame.header.seq, offset));
            let bytes = frame.bytes();
            place.pass(bytes);
            self.at.end = place.offset();
        }
        let synced = self.synced;
        let first_unsure = starts.into_iter().find(|(seq, _)| *seq > synced);
        self.survivors = first_unsure.map(|(_, start)| start);
        self.judge_rest(path, place, sealed)
    }

    /// Counts a frame in, or says why it does not follow.
    fn take(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        let Header { timeline, seq, time, synced_through, before } = frame.header;
        let expected = self.at.last + 1;
        if seq != expected {
            return Err(format!("frame {seq} lies where frame {expected} should"));
        }
        if before != self.at.chain {
            return Err(format!("frame {seq} does not follow the frame before it"));
        }
        if timeline < self.timeline || time < self.at.time || synced_through >= seq {
            return Err(format!("frame {seq} is at odds with the frames before it"));
        }
        self.timeline = timeline;
        self.synced = self.synced.max(synced_through);
        self.closed = frame.payload.is_empty();
        self.at.chain = frame.crc;
        self.at.last = seq;
        self.at.time = time;
        Ok(())
    }

    /// What follows the last frame of a segment: nothing, an unsynced end, or damage.
    fn judge_rest(&mut self, path: &Path, mut rest: Place, sealed: bool) -> Result<(), StoreFault> {
        if rest.is_blank() {
            return Ok(());
        }
        let offset = rest.offset();
        if let Parsed::Later(format) = rest.look()? {
            return Err(later(path, offset, format));
        }
        let next = self.at.last + 1;
        if sealed {
            let what = format!("frame {next} is damaged, and the journal goes on behind it");
            return Err(damage(path, offset, what));
        }
        let rest = rest.rest()?;
        if let Some(later) = frame::find(rest, |header| header.synced_through >= next) {
            let seq = later.header.seq;
            let what = format!("frame {next} is damaged, but was durable before frame {seq}");
            return Err(damage(path, offset, what));
        }
        let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.torn = Some((path.to_path_buf(), offset, rest[..written].to_vec()));
        Ok(())
    }

    /// Cuts off the unsynced end, makes what survived durable, and opens the journal.
    pub(in super::super) fn repair(
        self,
        disk: &Disk,
        segment_bytes: u64,
        timeline: u32,
        faults: Option<Arc<Faults>>,
    ) -> Result<(Journal, Option<Torn>), StoreFault> {
        let dir = self.dir;
        let torn = self.torn.map(|torn| keep_aside(&dir, torn)).transpose()?;
        let path = match self.segments.last() {
            Some((_, path)) => path.clone(),
            None => segment::make(&dir, &segment::name_of(1), segment_bytes.min(FIRST_BYTES))
                .map_err(StoreFault::io("make the first segment in", &dir))?,
        };
        let segment = Segment::open(&path, faults.clone())?;
        if let Some(torn) = &torn {
            segment
                .zero(torn.offset, torn.bytes)
                .map_err(StoreFault::io("cut the unsynced end off", &path))?;
        }
        if let Some(start) = self.survivors {
            rewrite(&segment, start, self.at.end)?;
        }
        if torn.is_some()
            && let Err(fault) = leftovers::let_go(&dir, Timestamp::default())
        {
            tracing::warn!(%fault, "old ends of the journal could not be let go of");
        }
        let journal = Journal {
            spares: Spares::start(&dir, segment_bytes, disk.clone())?,
            segment,
            timeline: self.timeline.max(timeline),
            at: self.at,
            synced: self.at.last,
            closed: self.closed,
            full_segments_bytes: self.bytes_before_last,
            faults,
            buffer: Vec::new(),
        };
        Ok((journal, torn))
    }
}

/// The first segment that has to be read: those before are sealed, old and beyond the limit.
fn first_to_read(segments: &[(Seq, PathBuf)], known: Seq, sealed_bytes_max: u64) -> usize {
    let needed = segments.iter().rposition(|(begins, _)| *begins <= known + 1).unwrap_or(0);
    let mut first = needed;
    let mut bytes = 0;
    while first > 0 {
        bytes += fs::metadata(&segments[first - 1].1).map_or(0, |segment| segment.len());
        if bytes > sealed_bytes_max {
            break;
        }
        first -= 1;
    }
    first
}

/// After a crash, frames may exist in the page cache only: what is served must be on the disk.
fn rewrite(segment: &Segment, start: u64, end: u64) -> Result<(), StoreFault> {
    let path = segment.path();
    let mut bytes = vec![0; usize::try_from(end - start).expect("a segment fits into memory")];
    File::open(path)
        .and_then(|file| file.read_exact_at(&mut bytes, start))
        .map_err(StoreFault::io("read", path))?;
    segment
        .write(&bytes, start)
        .and_then(|()| segment.sync())
        .map_err(StoreFault::io("make the last frames durable in", path))
}

fn keep_aside(
    dir: &Path,
    (file, offset, tail): (PathBuf, u64, Vec<u8>),
) -> Result<Torn, StoreFault> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut path = dir.join(format!("{PREFIX}{name}-{offset}"));
    let mut again = 1;
    while path.exists() {
        again += 1;
        path.set_file_name(format!("{PREFIX}{name}-{offset}-{again}"));
    }
    let written = File::create(&path)
        .and_then(|mut to| to.write_all(&tail).and_then(|()| to.sync_all()))
        .and_then(|()| segment::sync_dir(dir));
    let kept = match written {
        Ok(()) => Some(path),
        // A full disk must not keep the shop shut; the report says that nothing was kept.
        Err(fault) if fault.kind() == std::io::ErrorKind::StorageFull => {
            let _ = fs::remove_file(&path);
            None
        }
        Err(fault) => return Err(StoreFault::io("keep the unsynced end in", &path)(fault)),
    };
    Ok(Torn { file, offset, bytes: len64(tail.len()), kept })
}

pub(in super::super) fn damage(file: &Path, offset: u64, what: String) -> StoreFault {
    // Where nothing is left of it, the journal itself is named.
    let journal = if file.is_dir() { Some(file) } else { file.parent() };
    let data = journal.and_then(Path::parent).unwrap_or(Path::new("."));
    let command = format!("bodega verify --data-dir {}", data.display());
    StoreFault::Damaged { file: file.to_path_buf(), offset, what, command }
}

/// What a later version has written is neither read nor cut off.
pub(in super::super) fn later(file: &Path, offset: u64, format: char) -> StoreFault {
    StoreFault::LaterFormat { file: file.to_path_buf(), offset, format }
}

/// The first segment of a fresh journal is small, so that a first start is quick.
const FIRST_BYTES: u64 = 4 * 1024 * 1024;
