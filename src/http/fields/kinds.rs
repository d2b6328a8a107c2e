//! Kinds of one value: text, secrets, email, URL, yes or no, named choices, ids.

use std::{borrow::Cow, marker::PhantomData};

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Faults, Kind, Place, Raw, read::NotText};
use crate::domain::ids::Identity;

/// One line of text, trimmed, of so many code points; no control characters.
pub fn text(min: usize, max: usize) -> Text {
    Text { min, max, lines: Lines::One }
}

/// Text of several lines, trimmed, of so many code points; line ends and tabs are fine.
pub fn multiline(min: usize, max: usize) -> Text {
    Text { min, max, lines: Lines::Many }
}

/// Any text of at most so many code points, taken as it is: what somebody types to search.
pub fn loose(max: usize) -> Text {
    Text { min: 0, max, lines: Lines::Any }
}

/// See [`text`], [`multiline`] and [`loose`].
#[derive(Clone, Copy, Debug)]
pub struct Text {
    min: usize,
    max: usize,
    lines: Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    One,
    Many,
    Any,
}

impl Kind for Text {
    type Value = String;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<String> {
        let text = text_of(raw, at, faults)?;
        if self.lines == Lines::Any {
            return fits(&text, self.min, self.max, at, faults).then(|| text.into_owned());
        }
        let text = text.trim();
        let break_or_tab =
            |letter| self.lines == Lines::Many && matches!(letter, '\n' | '\r' | '\t');
        if text.chars().any(|letter| letter.is_control() && !break_or_tab(letter)) {
            faults.note(at, "invalid_text", "holds control characters");
            return None;
        }
        fits(text, self.min, self.max, at, faults).then(|| text.to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn schema(&self) -> Value {
        let control = match self.lines {
            Lines::One => r"\u0000-\u001f\u007f-\u009f",
            Lines::Many => r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f",
            Lines::Any => return json!({ "type": "string", "maxLength": self.max }),
        };
        let pattern = if self.min == 0 {
            format!("^[^{control}]*$")
        } else {
            format!(r"^[^{control}]*[^\s{control}][^{control}]*$")
        };
        let mut schema = json!({ "type": "string", "maxLength": self.max, "pattern": pattern });
        if self.min > 0 {
            schema["minLength"] = json!(self.min);
        }
        schema
    }
}

/// A new password, of 8 to 128 code points, taken as it is. Whether it is a common one is the
/// handler's question.
pub fn password() -> Secret {
    secret(PASSWORD_MIN, PASSWORD_MAX)
}

/// A secret of so many code points, taken as it is and never printed: a token, a password to
/// be checked.
pub fn secret(min: usize, max: usize) -> Secret {
    Secret { min, max }
}

/// See [`secret`].
#[derive(Clone, Copy, Debug)]
pub struct Secret {
    min: usize,
    max: usize,
}

impl Kind for Secret {
    type Value = SecretString;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<SecretString> {
        let text = text_of(raw, at, faults)?;
        if text.chars().any(char::is_control) {
            faults.note(at, "invalid_text", "holds control characters");
            return None;
        }
        fits(&text, self.min, self.max, at, faults).then(|| SecretString::from(text.into_owned()))
    }

    fn blank(&self) -> SecretString {
        SecretString::default()
    }

    fn schema(&self) -> Value {
        json!({
            "type": "string",
            "minLength": self.min,
            "maxLength": self.max,
            "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$",
        })
    }
}

/// An email address, as it was typed; comparing them folds case elsewhere.
pub fn email() -> Email {
    Email
}

/// See [`email`].
#[derive(Clone, Copy, Debug)]
pub struct Email;

impl Kind for Email {
    type Value = String;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<String> {
        let text = text_of(raw, at, faults)?;
        let text = text.trim();
        if !fits(text, 1, EMAIL_LETTERS_MAX, at, faults) {
            return None;
        }
        if !is_email(text) {
            faults.note(at, "invalid_email", "is not an email address");
            return None;
        }
        Some(text.to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "format": "email", "maxLength": EMAIL_LETTERS_MAX })
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let odd = |letter: char| {
        letter.is_control() || letter.is_whitespace() || "()<>[]@,;:\\\"".contains(letter)
    };
    let label = |label: &str| {
        let inside = |letter: char| letter.is_alphanumeric() || letter == '-';
        !label.is_empty()
            && label.chars().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty()
        && local.len() <= EMAIL_LOCAL_BYTES_MAX
        && !local.chars().any(odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// An absolute http(s) URL of at most so many code points.
pub fn url(max: usize) -> Url {
    Url { max }
}

/// See [`url`].
#[derive(Clone, Copy, Debug)]
pub struct Url {
    max: usize,
}

impl Kind for Url {
    type Value = String;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<String> {
        let text = text_of(raw, at, faults)?;
        let text = text.trim();
        if !fits(text, 1, self.max, at, faults) {
            return None;
        }
        let parsed = text.parse::<actix_web::http::Uri>().ok();
        let scheme = parsed.as_ref().and_then(|uri| uri.scheme_str());
        if !matches!(scheme, Some("http" | "https")) {
            faults.note(at, "invalid_url", "is not an http or https address");
            return None;
        }
        Some(text.to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn schema(&self) -> Value {
        json!({
            "type": "string",
            "format": "uri",
            "pattern": "^https?://[!-~]+$",
            "maxLength": self.max,
        })
    }
}

/// `true` or `false`.
pub fn yes_or_no() -> Yes {
    Yes
}

/// See [`yes_or_no`].
#[derive(Clone, Copy, Debug)]
pub struct Yes;

impl Kind for Yes {
    type Value = bool;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<bool> {
        match raw {
            Raw::Json("true") | Raw::Word("true") => Some(true),
            Raw::Json("false") | Raw::Word("false") => Some(false),
            Raw::Json(_) | Raw::Word(_) => {
                faults.note(at, "wrong_type", "must be true or false");
                None
            }
        }
    }

    fn blank(&self) -> bool {
        false
    }

    fn schema(&self) -> Value {
        json!({ "type": "boolean" })
    }
}

/// One of these names, each standing for a value.
pub fn choice<T: Copy + 'static>(names: &'static [(&'static str, T)]) -> Choice<T> {
    Choice { names }
}

/// See [`choice`].
#[derive(Clone, Copy, Debug)]
pub struct Choice<T: 'static> {
    names: &'static [(&'static str, T)],
}

impl<T: Copy + 'static> Kind for Choice<T> {
    type Value = T;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<T> {
        let text = text_of(raw, at, faults)?;
        let known = self.names.iter().find(|(name, _)| *name == text);
        if known.is_none() {
            let names: Vec<&str> = self.names.iter().map(|(name, _)| *name).collect();
            faults.note(at, "not_a_choice", format!("must be one of {}", names.join(", ")));
        }
        known.map(|(_, value)| *value)
    }

    fn blank(&self) -> T {
        self.names.first().expect("a choice names at least one value").1
    }

    fn schema(&self) -> Value {
        let names: Vec<&str> = self.names.iter().map(|(name, _)| *name).collect();
        json!({ "type": "string", "enum": names })
    }
}

/// The id of a thing. What is no id becomes one that nobody has, so that it is answered as an
/// unknown one is.
pub fn id<T: Identity>() -> Identifier<T> {
    Identifier(PhantomData)
}

/// See [`id`].
#[derive(Clone, Copy, Debug)]
pub struct Identifier<T>(PhantomData<T>);

impl<T: Identity> Kind for Identifier<T> {
    type Value = T;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<T> {
        text_of(raw, at, faults).map(|text| text.parse().unwrap_or_else(|_| self.blank()))
    }

    fn blank(&self) -> T {
        T::from_bytes([0; 16])
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "format": "uuid" })
    }
}

/// A kind with one more check; see [`Kind::such_that`].
#[derive(Clone, Copy, Debug)]
pub struct SuchThat<K, C> {
    kind: K,
    check: C,
}

impl<K, C> SuchThat<K, C> {
    pub(super) fn new(kind: K, check: C) -> SuchThat<K, C> {
        SuchThat { kind, check }
    }
}

impl<K, C> Kind for SuchThat<K, C>
where
    K: Kind,
    C: Fn(&K::Value) -> Result<(), (&'static str, &'static str)>,
{
    type Value = K::Value;

    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<K::Value> {
        let value = self.kind.read(raw, at, faults)?;
        match (self.check)(&value) {
            Ok(()) => Some(value),
            Err((code, detail)) => {
                faults.note(at, code, detail);
                None
            }
        }
    }

    fn blank(&self) -> K::Value {
        self.kind.blank()
    }

    fn schema(&self) -> Value {
        self.kind.schema()
    }
}

/// The text of a value, or a fault.
fn text_of<'a>(raw: Raw<'a>, at: &Place<'_>, faults: &mut Faults) -> Option<Cow<'a, str>> {
    raw.text()
        .map_err(|why| match why {
            NotText::AnotherType => faults.note(at, "wrong_type", "must be a text"),
            NotText::HalfACharacter => faults.note(at, "invalid_text", "holds half a character"),
        })
        .ok()
}

/// Whether the text has a right number of code points; a fault if not.
fn fits(text: &str, min: usize, max: usize, at: &Place<'_>, faults: &mut Faults) -> bool {
    let length = text.chars().count();
    if length < min {
        let detail = match min {
            1 => "must not be empty".to_owned(),
            _ => format!("must have at least {min} characters"),
        };
        faults.note(at, "too_short", detail);
    } else if length > max {
        faults.note(at, "too_long", format!("must have at most {max} characters"));
    }
    (min..=max).contains(&length)
}

/// Shortest and longest password, in code points.
pub const PASSWORD_MIN: usize = 8;
/// See `PASSWORD_MIN`.
pub const PASSWORD_MAX: usize = 128;
const EMAIL_LETTERS_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
