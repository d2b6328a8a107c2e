//! Entity tags: which version of a thing an answer shows (RFC 9110).
//!
//! A tag is the thing's own version, and behind a dash the figures that change without it, such
//! as stock. `If-None-Match` compares all of it, `If-Match` the version alone, so that a sale
//! does not spoil somebody's edit.

use std::{borrow::Cow, fmt};

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// A strong entity tag, with its quotes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(HeaderValue);

impl ETag {
    /// The tag of a thing in this version.
    pub fn of_version(version: u64) -> ETag {
        ETag::of_text(format!("\"{version}\""))
    }

    /// The tag of a thing in this version, shown with these figures.
    pub fn of_figures(version: u64, figures: impl fmt::LowerHex) -> ETag {
        ETag::of_text(format!("\"{version}-{figures:x}\""))
    }

    /// The tag of these bytes, for what has no version: lists.
    pub fn of_bytes(bytes: &[u8]) -> ETag {
        let digest = Sha256::digest(bytes);
        let short: u64 = digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        ETag::of_text(format!("\"h{short:016x}\""))
    }

    fn of_text(text: String) -> ETag {
        let value = HeaderValue::from_maybe_shared(Bytes::from(text));
        ETag(value.unwrap_or(HeaderValue::from_static("\"\"")))
    }

    /// The tag as a header's value.
    pub fn as_header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Whether `If-None-Match` says that the client has this already.
    pub fn is_known_to(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(header::IF_NONE_MATCH)
            .filter_map(|value| value.to_str().ok())
            .any(|list| list.trim() == "*" || tags(list).any(|tag| self.0 == *plain(tag)))
    }
}

/// What `If-Match` demands of the version that is to be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch {
    versions: Option<Vec<u64>>,
}

impl IfMatch {
    /// Reads the header; without it, or with `*`, every version will do.
    pub fn read(headers: &HeaderMap) -> IfMatch {
        let lists: Vec<&str> =
            headers.get_all(header::IF_MATCH).filter_map(|value| value.to_str().ok()).collect();
        if lists.is_empty() || lists.iter().any(|list| list.trim() == "*") {
            return IfMatch::default();
        }
        IfMatch {
            versions: Some(lists.into_iter().flat_map(tags).filter_map(version_in).collect()),
        }
    }

    /// Only this version will do.
    pub fn of_version(version: u64) -> IfMatch {
        IfMatch { versions: Some(vec![version]) }
    }

    /// Whether the thing may be changed in this version.
    pub fn admits(&self, version: u64) -> bool {
        self.versions.as_ref().is_none_or(|versions| versions.contains(&version))
    }

    /// Refuses with 412 if the thing may not be changed in this version.
    ///
    /// # Errors
    /// 412 `precondition_failed`.
    pub fn check(&self, version: u64) -> Result<(), Problem> {
        if self.admits(version) { Ok(()) } else { Err(Problem::precondition_failed()) }
    }

    /// The version a change must find, for a rule that compares it itself: the one just looked
    /// at, if the client insists on one; `None` is every version.
    ///
    /// # Errors
    /// 412 `precondition_failed`, if it is another one already.
    pub fn seen(&self, version: u64) -> Result<Option<u64>, Problem> {
        self.check(version)?;
        Ok(self.versions.is_some().then_some(version))
    }

    /// The versions that will do, for a rule that compares them itself; `None` is every version.
    pub fn versions(&self) -> Option<&[u64]> {
        self.versions.as_deref()
    }
}

/// The tag of the same version in another coding, `gzip` or `br`; `None` if it has one already.
pub(super) fn of_coding(tag: &HeaderValue, coding: &str) -> Option<HeaderValue> {
    let tag = tag.to_str().ok()?.strip_suffix('"').filter(|tag| !tag.ends_with(coding))?;
    HeaderValue::try_from(format!("{tag}-{coding}\"")).ok()
}

/// The tag of a version, whatever coding it was sent in, and however weak it came back.
fn plain(tag: &str) -> Cow<'_, str> {
    let tag = tag.trim_start_matches("W/");
    let bare = CODINGS.iter().find_map(|coding| tag.strip_suffix('"')?.strip_suffix(coding));
    bare.map_or(Cow::Borrowed(tag), |bare| Cow::Owned(format!("{bare}\"")))
}

/// The tags of a list; ours hold no commas.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}

fn version_in(tag: &str) -> Option<u64> {
    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
    inside.split('-').next()?.parse().ok()
}

/// What [`of_coding`] puts behind a tag, for the codings in use.
const CODINGS: [&str; 2] = ["-gzip", "-br"];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn a_tag_that_the_client_has_is_recognised() {
        let tag = ETag::of_figures(12, 255_u32);
        for known in [r#""12-ff""#, r#"W/"12-ff""#, r#""1", "12-ff""#, "*"] {
            assert!(tag.is_known_to(&headers(header::IF_NONE_MATCH, known)), "{known}");
        }
        for unknown in [r#""12""#, r#""12-fe""#, "12-ff", ""] {
            assert!(!tag.is_known_to(&headers(header::IF_NONE_MATCH, unknown)), "{unknown}");
        }
        assert!(!tag.is_known_to(&HeaderMap::new()));
    }

    #[test]
    fn a_compressed_answer_has_a_tag_of_its_own_and_the_same_version() {
        let tag = ETag::of_figures(12, 255_u32);
        let packed = of_coding(&tag.as_header(), "gzip").expect("a tag");
        assert_eq!(packed, r#""12-ff-gzip""#);
        assert_eq!(of_coding(&packed, "gzip"), None, "once");
        assert!(tag.is_known_to(&headers(header::IF_NONE_MATCH, r#""12-ff-gzip""#)));
        assert!(tag.is_known_to(&headers(header::IF_NONE_MATCH, r#"W/"12-ff-br""#)));
        assert!(!tag.is_known_to(&headers(header::IF_NONE_MATCH, r#""12-gzip""#)));
        assert!(IfMatch::read(&headers(header::IF_MATCH, r#""12-ff-gzip""#)).admits(12));
    }

    #[test]
    fn a_change_compares_the_version_and_not_the_stock() {
        let demand = IfMatch::read(&headers(header::IF_MATCH, r#""11", "12-ff""#));
        assert!(demand.admits(12) && demand.admits(11) && !demand.admits(13));
        assert!(IfMatch::read(&headers(header::IF_MATCH, "*")).admits(1));
        assert!(IfMatch::read(&HeaderMap::new()).admits(1));
        let weak = IfMatch::read(&headers(header::IF_MATCH, r#"W/"12""#));
        assert!(!weak.admits(12), "a weak tag proves nothing");
    }
}
