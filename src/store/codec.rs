//! Codec: how a value lies in the state, and the only file that names bincode.
//!
//! Invariant: bytes that were not written as they are read are never decoded. A value begins
//! with a format byte, the number of further pieces and a CRC-32C over key, number and body.
//! A change of this format or of any encoded type raises [`FORMAT`] and costs one rebuild.

use bincode::Options;
use serde::{Serialize, de::DeserializeOwned};

use super::keys::Key;

/// Why bytes of the state are not a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecFault {
    /// Too short to be anything.
    #[error("cut short")]
    Short,
    /// Of a format this program does not write.
    #[error("of format {0}")]
    Format(u8),
    /// The checksum does not fit.
    #[error("its checksum does not fit")]
    Checksum,
    /// A piece is missing.
    #[error("piece {0} is missing")]
    Piece(u16),
    /// More than a value may be.
    #[error("larger than a value may be")]
    TooLarge,
    /// The body does not decode.
    #[error("not decodable: {0}")]
    Body(String),
}

/// A value as it lies in the state: the head under its key, further pieces under theirs.
#[derive(Debug)]
pub struct Sealed {
    /// Goes under the key itself.
    pub head: Vec<u8>,
    /// Go under [`Key::piece`] 1, 2, …
    pub pieces: Vec<Vec<u8>>,
}

/// Encodes a value.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecFault> {
    form().serialize(value).map_err(|fault| CodecFault::Body(fault.to_string()))
}

/// Decodes a value; all bytes must be used.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecFault> {
    form().deserialize(bytes).map_err(|fault| CodecFault::Body(fault.to_string()))
}

/// How many bytes the encoded value has, without encoding it.
pub fn size<T: Serialize>(value: &T) -> usize {
    let bytes = form().serialized_size(value).unwrap_or(VALUE_BYTES_MAX);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Adds format, length in pieces and checksum, and cuts what is too large for one page.
pub fn seal(key: &Key, body: &[u8]) -> Result<Sealed, CodecFault> {
    let (first, rest) = body.split_at(body.len().min(PIECE_BYTES_MAX));
    let pieces: Vec<Vec<u8>> = rest.chunks(PIECE_BYTES_MAX).map(<[u8]>::to_vec).collect();
    let count = u16::try_from(pieces.len()).map_err(|_| CodecFault::TooLarge)?;
    let mut head = Vec::with_capacity(HEAD_BYTES + first.len());
    head.push(FORMAT);
    head.extend_from_slice(&count.to_le_bytes());
    head.extend_from_slice(&checksum(key, count, body).to_le_bytes());
    head.extend_from_slice(first);
    Ok(Sealed { head, pieces })
}

/// How many further pieces a value with this head has.
pub fn pieces_of(head: &[u8]) -> Result<u16, CodecFault> {
    let (format, rest) = head.split_first().ok_or(CodecFault::Short)?;
    if *format != FORMAT {
        return Err(CodecFault::Format(*format));
    }
    rest.first_chunk::<2>().map(|count| u16::from_le_bytes(*count)).ok_or(CodecFault::Short)
}

/// Takes a value out again: checks everything, puts pieces together.
pub fn open<E: From<CodecFault>>(
    key: &Key,
    head: &[u8],
    mut piece: impl FnMut(u16) -> Result<Option<Vec<u8>>, E>,
) -> Result<Vec<u8>, E> {
    let count = pieces_of(head)?;
    let sum = head.get(3..).and_then(<[u8]>::first_chunk::<4>).ok_or(CodecFault::Short)?;
    let mut body = head.get(HEAD_BYTES..).ok_or(CodecFault::Short)?.to_vec();
    for number in 1..=count {
        body.extend(piece(number)?.ok_or(CodecFault::Piece(number))?);
    }
    if checksum(key, count, &body) != u32::from_le_bytes(*sum) {
        return Err(CodecFault::Checksum.into());
    }
    Ok(body)
}

fn checksum(key: &Key, count: u16, body: &[u8]) -> u32 {
    let sum = crc32c::crc32c(key.as_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(sum, &count.to_le_bytes()), body)
}

fn form() -> impl Options {
    bincode::DefaultOptions::new().with_limit(VALUE_BYTES_MAX)
}

/// The format of everything in the state.
pub const FORMAT: u8 = 7;
const HEAD_BYTES: usize = 7;
/// sled keeps larger values in files that it never syncs, so no piece is larger.
const PIECE_BYTES_MAX: usize = 16 * 1024 - 64;
const VALUE_BYTES_MAX: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests;
