//! Reading: from the bytes of a body, or a query string, to values by name.
//!
//! A value stays the text it was sent as until its kind reads it, so the digits of numbers and
//! the order and number of keys are seen as they came. Values are descended into only as far as
//! the body's type goes: depth costs nothing.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Body, Faults, Fields, Place};
use crate::http::problem::Problem;

/// A value as it was sent.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// JSON text of one value.
    Json(&'a str),
    /// A decoded query parameter.
    Word(&'a str),
}

impl<'a> Raw<'a> {
    /// The text of a string value.
    pub fn text(self) -> Result<Cow<'a, str>, NotText> {
        match self {
            Raw::Word(word) => Ok(Cow::Borrowed(word)),
            Raw::Json(json) if json.starts_with('"') => serde_json::from_str::<Borrowed<'a>>(json)
                .map(|text| text.0)
                .map_err(|_| NotText::HalfACharacter),
            Raw::Json(_) => Err(NotText::AnotherType),
        }
    }

    /// The digits of a number, as they were sent.
    pub fn digits(self) -> Option<&'a str> {
        match self {
            Raw::Word(word) => Some(word),
            Raw::Json(json) => json
                .starts_with(|first: char| first == '-' || first.is_ascii_digit())
                .then_some(json),
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(self) -> bool {
        matches!(self, Raw::Json("null"))
    }

    /// The entries of a list; a query parameter separates them with commas.
    pub fn entries(self) -> Option<Vec<Raw<'a>>> {
        match self {
            Raw::Word(word) => Some(word.split(',').map(Raw::Word).collect()),
            Raw::Json(json) => {
                let Entries(entries) =
                    json.starts_with('[').then(|| serde_json::from_str(json).ok())??;
                Some(entries.into_iter().map(|entry| Raw::Json(entry.get())).collect())
            }
        }
    }

    /// The members of an object.
    pub fn members(self) -> Option<Values<'a>> {
        let Raw::Json(json) = self else { return None };
        json.starts_with('{').then(|| serde_json::from_str(json).ok())?
    }
}

/// Why a value is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotText {
    /// It is a number, a list, …
    AnotherType,
    /// Half a surrogate pair.
    HalfACharacter,
}

/// Values by name, each to be taken once.
pub struct Values<'a> {
    members: Vec<Member<'a>>,
    kind: Source,
}

struct Member<'a> {
    name: Cow<'a, str>,
    value: Text<'a>,
    taken: bool,
}

enum Text<'a> {
    Json(&'a RawValue),
    Word(Cow<'a, str>),
}

#[derive(Clone, Copy)]
enum Source {
    Body,
    Query,
    Form,
}

impl<'a> Values<'a> {
    /// The value of this name. Of several the first; the others are complained of later.
    pub fn take(&mut self, name: &str) -> Option<Raw<'_>> {
        let member = self.members.iter_mut().find(|member| member.name == name)?;
        member.taken = true;
        Some(member.raw())
    }

    /// Names and values in the order they were sent, for maps with free keys.
    pub fn all(&self) -> impl Iterator<Item = (&str, Raw<'_>)> {
        self.members.iter().map(|member| (member.name.as_ref(), member.raw()))
    }

    /// Notes the names that nobody took, and those that were sent twice.
    pub fn complain_of_the_rest(&self, at: &Place<'_>, faults: &mut Faults) {
        let mut seen = HashSet::with_capacity(self.members.len());
        for member in &self.members {
            let place = Place::Field(at, &member.name);
            let twice = !seen.insert(member.name.as_ref());
            match self.kind {
                _ if twice => faults.note(&place, "duplicate_field", "is given twice"),
                Source::Body if !member.taken => {
                    faults.note(&place, "unknown_field", "is not a field of this request");
                }
                Source::Query if !member.taken => {
                    faults.note(&place, "unknown_parameter", "is not a parameter of this request");
                }
                Source::Body | Source::Query | Source::Form => {}
            }
        }
    }
}

impl Member<'_> {
    fn raw(&self) -> Raw<'_> {
        match &self.value {
            Text::Json(value) => Raw::Json(value.get()),
            Text::Word(word) => Raw::Word(word),
        }
    }
}

/// Reads a JSON body.
///
/// # Errors
/// 400 `invalid_utf8`, `malformed_json`, or `validation_failed` with every faulty field.
pub fn read_body<B: Body>(bytes: &[u8], faults: &mut Faults) -> Result<B, Problem> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Problem::malformed("invalid_utf8", "the body is not UTF-8"));
    };
    if text.trim().is_empty() {
        return Err(Problem::malformed("body_required", "a JSON body is needed"));
    }
    let whole: &RawValue = serde_json::from_str(text)
        .map_err(|fault| Problem::malformed("malformed_json", format!("not JSON: {fault}")))?;
    let Some(values) = Raw::Json(whole.get()).members() else {
        return if whole.get().starts_with('{') {
            Err(Problem::malformed("malformed_json", "a field's name is not text"))
        } else {
            faults.note(&Place::Root, "wrong_type", "must be an object");
            Ok(super::blank_of())
        };
    };
    Ok(read_values(values, Place::Root, faults))
}

/// Reads query parameters.
///
/// # Errors
/// 400 `malformed_query` if the query string is not UTF-8 once decoded.
pub fn read_query<B: Body>(query: &str, faults: &mut Faults) -> Result<B, Problem> {
    let mut members = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decode(name, true), decode(value, true)) else {
            return Err(Problem::malformed("malformed_query", "a query parameter is not UTF-8"));
        };
        members.push(Member { name, value: Text::Word(value), taken: false });
    }
    Ok(read_values(Values { members, kind: Source::Query }, Place::Root, faults))
}

/// Reads the filled fields of a form, each named once. What the form sends besides is not looked
/// at: a button has a name too.
pub fn read_form<B: Body>(filled: &BTreeMap<String, String>, faults: &mut Faults) -> B {
    let filled = filled.iter().filter(|(_, value)| !value.is_empty());
    let members = filled.map(|(name, value)| Member {
        name: Cow::Borrowed(name),
        value: Text::Word(Cow::Borrowed(value)),
        taken: false,
    });
    let members = members.collect();
    read_values(Values { members, kind: Source::Form }, Place::Root, faults)
}

/// Reads an object's fields into a body.
pub(super) fn read_values<B: Body>(values: Values<'_>, at: Place<'_>, faults: &mut Faults) -> B {
    let mut fields = Fields::reading(values, at, faults);
    let body = B::read(&mut fields);
    fields.end();
    body
}

/// Decodes `%20`, and `+` where it means a space; `None` if the result is not UTF-8.
pub(in crate::http) fn decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    let special = |byte: &u8| *byte == b'%' || (plus_is_space && *byte == b'+');
    if !text.as_bytes().iter().any(special) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' if plus_is_space => decoded.push(b' '),
            b'%' => match hex_byte(after) {
                Some(byte) => {
                    decoded.push(byte);
                    rest = &after[2..];
                }
                None => decoded.push(b'%'),
            },
            byte => decoded.push(*byte),
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_byte(text: &[u8]) -> Option<u8> {
    let pair = text.get(..2).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

/// A string that borrows when it holds no escapes; serde does so only when told.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

struct Entries<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = seq.next_element()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        from.deserialize_seq(Visit)
    }
}

impl<'de> Deserialize<'de> for Values<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Values<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Borrowed(name), value)) = map.next_entry()? {
                    members.push(Member { name, value: Text::Json(value), taken: false });
                }
                Ok(Values { members, kind: Source::Body })
            }
        }
        from.deserialize_map(Visit)
    }
}
