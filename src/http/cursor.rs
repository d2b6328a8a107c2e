//! Cursors: where the next page of a list starts, opaque to clients.
//!
//! A cursor is the key of the last row shown with a short seal over it and the list's name, so
//! that it cannot be forged, nor used for another list.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{
    fields::{Body, Fields, text, whole},
    problem::Problem,
};

/// Seals and opens cursors.
#[derive(Clone)]
pub struct Cursors {
    secret: [u8; 32],
}

impl Cursors {
    /// Seals with this secret; a new secret makes old cursors invalid.
    pub fn new(secret: [u8; 32]) -> Cursors {
        Cursors { secret }
    }

    /// The cursor that stands for this key of this list.
    pub fn seal(&self, list: &str, key: &[u8]) -> String {
        let mut bytes = self.seal_of(list, key).to_vec();
        bytes.extend_from_slice(key);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The key a cursor of this list stands for.
    ///
    /// # Errors
    /// 400 `invalid_cursor`.
    pub fn open(&self, list: &str, cursor: &str) -> Result<Vec<u8>, Problem> {
        let invalid = || Problem::malformed("invalid_cursor", "this cursor is not one of ours");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (seal, key) = bytes.split_at_checked(SEAL_BYTES).ok_or_else(invalid)?;
        if bool::from(seal.ct_eq(&self.seal_of(list, key))) {
            Ok(key.to_vec())
        } else {
            Err(invalid())
        }
    }

    /// The key the page starts after, if the client asked for a later page.
    ///
    /// # Errors
    /// 400 `invalid_cursor`.
    pub fn start(&self, list: &str, paging: &Paging) -> Result<Option<Vec<u8>>, Problem> {
        paging.cursor.as_deref().map(|cursor| self.open(list, cursor)).transpose()
    }

    fn seal_of(&self, list: &str, key: &[u8]) -> [u8; SEAL_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret)
            .expect("an HMAC takes a secret of any length");
        mac.update(list.as_bytes());
        mac.update(&[0]);
        mac.update(key);
        let whole = mac.finalize().into_bytes();
        std::array::from_fn(|index| whole[index])
    }
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors")
    }
}

/// Which page of a list: `limit` and `cursor`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Paging {
    /// How many entries at most.
    pub limit: u32,
    /// Where to go on, sealed.
    pub cursor: Option<String>,
}

impl Body for Paging {
    fn read(fields: &mut Fields<'_>) -> Paging {
        Paging {
            limit: fields.or("limit", whole(1, PAGE_ENTRIES_MAX), PAGE_ENTRIES),
            cursor: fields.optional("cursor", text(1, CURSOR_LETTERS_MAX)),
        }
    }
}

/// Entries on a page when nobody says.
pub const PAGE_ENTRIES: u32 = 50;
/// Most entries on a page.
pub const PAGE_ENTRIES_MAX: u32 = 100;
const CURSOR_LETTERS_MAX: usize = 1024;
const SEAL_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_for_its_list_and_its_secret() {
        let cursors = Cursors::new([1; 32]);
        let sealed = cursors.seal("orders", b"\x00key\xff");
        assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(cursors.open("orders", &sealed).ok(), Some(b"\x00key\xff".to_vec()));
        assert!(cursors.open("users", &sealed).is_err());
        assert!(Cursors::new([2; 32]).open("orders", &sealed).is_err());
    }

    #[test]
    fn a_cursor_that_was_tampered_with_is_refused() {
        let cursors = Cursors::new([1; 32]);
        for forged in ["", "AAAA", "not base64!", "AAAAAAAAAAAAAAAA"] {
            let refused = cursors.open("orders", forged).expect_err("it is forged");
            assert_eq!((refused.code(), refused.status().as_u16()), ("invalid_cursor", 400));
        }
    }
}
