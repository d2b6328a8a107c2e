//! Secrets of an account: hashes only, in types that do not print.
//!
//! Hashing and token making happen at the edges; the rules only keep and compare what comes in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::time::Timestamp;

/// The hash of a password, as PHC text.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash with this PHC text.
    pub fn new(phc: String) -> PasswordHash {
        PasswordHash(phc)
    }

    /// The PHC text, for whoever verifies a password.
    pub fn phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The SHA-256 of a random token; hex in the journal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.serialize_str(&hex(&self.0)) } else { self.0.serialize(to) }
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            unhex(&text).map(TokenHash).ok_or_else(|| de::Error::custom("not a token hash"))
        } else {
            <[u8; 32]>::deserialize(from).map(TokenHash)
        }
    }
}

/// A mailed token that may set a new password, once and not for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetToken {
    /// The hash of the token; the token itself is only in the mail.
    pub hash: TokenHash,
    /// From this moment on it is refused.
    pub expires_at: Timestamp,
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}
