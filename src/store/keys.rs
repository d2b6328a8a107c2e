//! Keys: how everything in the state is found, all on this page.
//!
//! Invariant: bytes sort as what they stand for, and no key is the beginning of a different
//! thing's key. The first byte says what it is:
//!
//! | first byte | what | then |
//! |---|---|---|
//! | `0x00` | the store's own notes | name |
//! | `0x01..=0x7f` | an aggregate's record, by its kind's `TAG` | id, 16 bytes |
//! | `0x80..=0xef` | an index row or a trail row | parts, see [`KeyBuilder`] |
//! | `0xf0` | a request key that had an effect | scope, 32 bytes |
//! | `0xf1` | a stored answer | scope, 32 bytes |
//! | `0xf2` | a further piece of a large value | its key, piece number |

mod deliveries;
mod housekeeping;
mod shop;
mod webhooks;

use std::{borrow::Borrow, fmt, sync::Arc};

use crate::domain::{ids::Identity, time::Timestamp};

pub use deliveries::*;
pub use housekeeping::*;
pub use shop::*;
pub use webhooks::*;

/// The name of something in the state; sorts as bytes. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<[u8]>);

impl Key {
    /// The record of the aggregate `id` of the kind with this tag.
    pub fn record(tag: u8, id: &impl Identity) -> Key {
        KeyBuilder(vec![tag]).id(id).done()
    }

    /// All records of the kind with this tag.
    pub fn records(tag: u8) -> Key {
        Key::from_bytes(&[tag])
    }

    /// Starts the key of a row. One tag for one kind of row, listed below, never reused.
    pub fn row(tag: u8) -> KeyBuilder {
        debug_assert!(ROW_TAGS.contains(&tag), "row tags are 0x80..=0xef");
        let mut bytes = Vec::with_capacity(KEY_BYTES_USUAL);
        bytes.push(tag);
        KeyBuilder(bytes)
    }

    /// The request key of this scope.
    pub fn request(scope: &[u8; 32]) -> Key {
        KeyBuilder(vec![REQUEST_TAG]).bytes(scope).done()
    }

    /// All request keys.
    pub fn requests() -> Key {
        Key::from_bytes(&[REQUEST_TAG])
    }

    /// The stored answer of this scope.
    pub fn answer(scope: &[u8; 32]) -> Key {
        KeyBuilder(vec![ANSWER_TAG]).bytes(scope).done()
    }

    /// Up to which frame the state has been folded.
    pub fn applied() -> Key {
        KeyBuilder(vec![NOTE_TAG]).bytes(b"applied").done()
    }

    /// The `number`-th further piece of the large value under this key.
    pub fn piece(&self, number: u16) -> Key {
        KeyBuilder(vec![PIECE_TAG]).bytes(&self.0).bytes(&number.to_be_bytes()).done()
    }

    /// The key over these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Key {
        Key(bytes.into())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes after the first `skip` ones: the id at the end of a row, for instance.
    pub fn after(&self, skip: usize) -> &[u8] {
        self.0.get(skip..).unwrap_or_default()
    }

    /// This key with another one behind it: the beginning of a list, then a place in it.
    pub fn followed_by(&self, rest: &Key) -> Key {
        KeyBuilder(self.0.to_vec()).bytes(rest.as_bytes()).done()
    }

    /// The 16 bytes at its end, read as an id.
    pub fn last_id<I: Identity>(&self) -> Option<I> {
        self.0.last_chunk::<16>().map(|bytes| I::from_bytes(*bytes))
    }

    /// The smallest key behind everything that begins with this one; `None` if there is none.
    pub(super) fn end_of_prefix(&self) -> Option<Key> {
        let kept = self.0.iter().rposition(|byte| *byte != u8::MAX)?;
        let mut end = self.0[..=kept].to_vec();
        end[kept] += 1;
        Some(Key(end.into()))
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.escape_ascii())
    }
}

/// Puts a key together, part by part; what comes first sorts first.
#[derive(Clone, Debug)]
pub struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    /// An id, 16 bytes.
    pub fn id(self, id: &impl Identity) -> KeyBuilder {
        self.bytes(&id.bytes())
    }

    /// A whole text. Its end is marked, so that `ab` + `c` is not `a` + `bc`.
    pub fn text(self, text: &str) -> KeyBuilder {
        self.text_start(text).byte(0)
    }

    /// The beginning of a text: for a prefix, and then the last part.
    pub fn text_start(mut self, text: &str) -> KeyBuilder {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(u8::MAX);
            }
        }
        self
    }

    /// A number, 8 bytes, small ones first.
    pub fn number(self, number: u64) -> KeyBuilder {
        self.bytes(&number.to_be_bytes())
    }

    /// A moment, 8 bytes, early ones first (also those before 1970).
    pub fn time(self, at: Timestamp) -> KeyBuilder {
        let sortable = at.millis().cast_unsigned() ^ (1 << 63);
        self.number(sortable)
    }

    /// One byte: a status, a flag.
    pub fn byte(self, byte: u8) -> KeyBuilder {
        self.bytes(&[byte])
    }

    /// Bytes of a fixed length.
    pub fn bytes(mut self, bytes: &[u8]) -> KeyBuilder {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The key.
    pub fn done(self) -> Key {
        Key(self.0.into())
    }
}

/// Whether a key is an aggregate's.
pub(super) fn is_record(key: &Key) -> bool {
    key.as_bytes().first().is_some_and(|tag| RECORD_TAGS.contains(tag))
}

/// First bytes of the store's own notes.
pub(super) const NOTE_TAG: u8 = 0x00;
/// First byte of request keys.
pub(super) const REQUEST_TAG: u8 = 0xf0;
/// First byte of stored answers.
pub(super) const ANSWER_TAG: u8 = 0xf1;
/// First byte of further pieces of large values.
pub(super) const PIECE_TAG: u8 = 0xf2;
/// Tags an aggregate kind may have.
pub const RECORD_TAGS: std::ops::RangeInclusive<u8> = 0x01..=0x7f;
/// Tags a kind of row may have.
pub const ROW_TAGS: std::ops::RangeInclusive<u8> = 0x80..=0xef;
const KEY_BYTES_USUAL: usize = 48;

#[cfg(test)]
mod tests;
