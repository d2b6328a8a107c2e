//! Frame: one commit in the journal, a binary header and a line of JSON.
//!
//! Invariant: a frame is only taken for one if its checksum over header and payload fits. The
//! last letter of the magic counts formats: a frame of a later one is told from a damaged one, so
//! that an older program refuses it and never cuts it off.
//!
//! | byte | what |
//! |---|---|
//! | 0 | magic, `BDG1` |
//! | 4 | length of the payload; 0 is a closing frame |
//! | 8 | timeline |
//! | 12 | nothing yet, 0 |
//! | 16 | sequence number |
//! | 24 | time, milliseconds since 1970; never goes back |
//! | 32 | synced through: the last number known durable when this was written |
//! | 40 | CRC-32C of the frame before; 0 in the first of a segment |
//! | 44 | CRC-32C of all the rest |
//!
//! All numbers are little-endian.

use crate::domain::time::Timestamp;

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which life of the shop it belongs to; a restore starts a new one.
    pub timeline: u32,
    /// Its sequence number, from 1, without gaps.
    pub seq: u64,
    /// When it was decided, or later.
    pub time: Timestamp,
    /// The last sequence number known durable when it was written.
    pub synced_through: u64,
    /// The checksum of the frame before it in the segment.
    pub before: u32,
}

/// A whole frame within some bytes.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its header.
    pub header: Header,
    /// Its payload; empty in a closing frame.
    pub payload: &'a [u8],
    /// Its checksum.
    pub crc: u32,
}

impl Frame<'_> {
    /// Header and payload in bytes.
    pub fn bytes(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }
}

/// What lies at a place where a frame could begin.
#[derive(Clone, Copy, Debug)]
pub enum Parsed<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// Nothing was written here.
    Empty,
    /// It goes on beyond the bytes at hand, by its own account.
    Short,
    /// A frame of a later format, which counts by this letter.
    Later(char),
    /// No frame.
    Bad(&'static str),
}

/// Fills in the header of `frame`, whose payload is in place; its checksum.
pub fn stamp(frame: &mut [u8], header: &Header) -> u32 {
    let payload = frame.len().saturating_sub(HEADER_BYTES);
    let length = u32::try_from(payload).expect("a payload is limited to a mebibyte");
    frame[0..4].copy_from_slice(&MAGIC);
    frame[4..8].copy_from_slice(&length.to_le_bytes());
    frame[8..12].copy_from_slice(&header.timeline.to_le_bytes());
    frame[12..16].fill(0);
    frame[16..24].copy_from_slice(&header.seq.to_le_bytes());
    frame[24..32].copy_from_slice(&header.time.millis().to_le_bytes());
    frame[32..40].copy_from_slice(&header.synced_through.to_le_bytes());
    frame[40..44].copy_from_slice(&header.before.to_le_bytes());
    let crc = checksum(frame);
    frame[44..48].copy_from_slice(&crc.to_le_bytes());
    crc
}

/// Reads what begins at the first of these bytes.
pub fn parse(bytes: &[u8]) -> Parsed<'_> {
    let head = &bytes[..bytes.len().min(HEADER_BYTES)];
    if head.iter().all(|byte| *byte == 0) {
        return Parsed::Empty;
    }
    if head.len() < HEADER_BYTES {
        return Parsed::Short;
    }
    if head[0..4] != MAGIC {
        return not_ours(bytes);
    }
    let length = usize::try_from(u32::from_le_bytes(array(head, 4))).unwrap_or(usize::MAX);
    if length > super::super::change::PAYLOAD_BYTES_MAX {
        return Parsed::Bad("the frame is longer than a frame may be");
    }
    let Some(whole) = bytes.get(..HEADER_BYTES + length) else { return Parsed::Short };
    let crc = u32::from_le_bytes(array(head, 44));
    if checksum(whole) != crc {
        return Parsed::Bad("the checksum of the frame does not fit");
    }
    let header = Header {
        timeline: u32::from_le_bytes(array(head, 8)),
        seq: u64::from_le_bytes(array(head, 16)),
        time: Timestamp::from_millis(i64::from_le_bytes(array(head, 24))),
        synced_through: u64::from_le_bytes(array(head, 32)),
        before: u32::from_le_bytes(array(head, 40)),
    };
    Parsed::Frame(Frame { header, payload: &whole[HEADER_BYTES..], crc })
}

/// What begins with another magic: a frame of a later format, unless it is one of ours with a
/// single letter changed.
fn not_ours(bytes: &[u8]) -> Parsed<'_> {
    let [name @ .., ours] = MAGIC;
    let later = bytes[name.len()];
    if !bytes.starts_with(&name) || later <= ours || !later.is_ascii_alphanumeric() {
        return Parsed::Bad("no frame begins here");
    }
    let length = usize::try_from(u32::from_le_bytes(array(bytes, 4))).unwrap_or(usize::MAX);
    if let Some(whole) = bytes.get(..HEADER_BYTES.saturating_add(length)) {
        let mut mended = whole.to_vec();
        mended[..MAGIC.len()].copy_from_slice(&MAGIC);
        if checksum(&mended) == u32::from_le_bytes(array(whole, 44)) {
            return Parsed::Bad("the first letters of the frame are damaged");
        }
    }
    Parsed::Later(char::from(later))
}

/// The first whole frame at or after the beginning of these bytes that `wanted` wants.
pub fn find<'a>(bytes: &'a [u8], wanted: impl Fn(&Header) -> bool) -> Option<Frame<'a>> {
    let starts = bytes.windows(MAGIC.len()).enumerate();
    starts.filter(|(_, window)| *window == MAGIC).find_map(|(at, _)| match parse(&bytes[at..]) {
        Parsed::Frame(frame) if wanted(&frame.header) => Some(frame),
        Parsed::Frame(_) | Parsed::Empty | Parsed::Short | Parsed::Later(_) | Parsed::Bad(_) => {
            None
        }
    })
}

fn checksum(frame: &[u8]) -> u32 {
    let sum = crc32c::crc32c(&frame[..HEADER_BYTES - 4]);
    crc32c::crc32c_append(sum, &frame[HEADER_BYTES..])
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// Length of a frame's header.
pub const HEADER_BYTES: usize = 48;
const MAGIC: [u8; 4] = *b"BDG1";
