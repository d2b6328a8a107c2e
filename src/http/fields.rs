//! Fields: one definition of a body (or of query parameters) reads it and describes it.
//!
//! A type says once which fields it has ([`Body::read`]). From that come the parsing, the list
//! of *all* faults at once with their JSON pointers, and the JSON schema in the OpenAPI document.
//! Numbers are taken from their digits, never through a float.
//!
//! | code | says |
//! |---|---|
//! | `required` | the field is missing |
//! | `unknown_field` | no such field |
//! | `duplicate_field` | the field is there twice |
//! | `wrong_type` | another JSON type is wanted; `null` counts as one |
//! | `too_short`, `too_long` | code points of a text, entries of a list or map |
//! | `invalid_text` | NUL, control characters or half a surrogate pair |
//! | `invalid_email`, `invalid_url` | not of that form |
//! | `not_a_whole_number` | a fraction or an exponent |
//! | `too_small`, `too_large` | outside of the range |
//! | `not_an_amount`, `too_many_decimals` | money |
//! | `not_a_choice` | not one of the named values |
//! | `not_a_time` | not a moment as 2026-01-31T12:00:00Z |
//! | `not_both` | this field and another exclude one another |

mod kinds;
mod lists;
mod numbers;
mod read;
mod times;

use std::{borrow::Cow, fmt::Write};

use serde_json::{Map, Value, json};

pub use kinds::{
    Choice, Email, Identifier, PASSWORD_MAX, SuchThat, Text, Url, Yes, choice, email, id, loose,
    multiline, password, secret, text, url, yes_or_no,
};
pub use lists::{List, MapOf, Nullable, Object, list, map_of, nullable, object};
pub use numbers::{Digits, Money, Units, Whole, money, quantity, whole};
pub(super) use read::decode;
pub use read::{Raw, read_body, read_form, read_query};
pub use times::{Moment, moment};

/// What comes in: a type that reads itself from named fields.
///
/// `read` runs also without any input, to describe the type, and over faulty input, to find all
/// faults: a missing or faulty field gives a blank value, and what was read is then thrown away.
/// So it must only ask for fields, always all of them.
pub trait Body: Sized {
    /// Asks for each field once.
    fn read(fields: &mut Fields<'_>) -> Self;
}

/// What a value must be: reads it, describes it.
pub trait Kind {
    /// What it is read into.
    type Value;
    /// Reads a value, or notes why not.
    fn read(&self, raw: Raw<'_>, at: &Place<'_>, faults: &mut Faults) -> Option<Self::Value>;
    /// Stands in for what could not be read.
    fn blank(&self) -> Self::Value;
    /// Its JSON schema.
    fn schema(&self) -> Value;

    /// The same, if the value also passes a check of its own.
    fn such_that<C>(self, check: C) -> SuchThat<Self, C>
    where
        Self: Sized,
        C: Fn(&Self::Value) -> Result<(), (&'static str, &'static str)>,
    {
        SuchThat::new(self, check)
    }
}

/// One faulty field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// Where it is, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong, stable.
    pub code: Cow<'static, str>,
    /// What is wrong, for a person.
    pub detail: String,
    /// What else helps, such as `available`.
    pub members: Map<String, Value>,
}

impl FieldFault {
    /// A fault of the field at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> FieldFault {
        FieldFault {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
            members: Map::new(),
        }
    }

    /// Adds a member beside the standard ones.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> FieldFault {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// As it stands in a problem.
    pub fn into_json(self) -> Value {
        let mut entry = self.members;
        entry.insert("pointer".to_owned(), json!(self.pointer));
        entry.insert("code".to_owned(), json!(self.code));
        entry.insert("detail".to_owned(), json!(self.detail));
        Value::Object(entry)
    }
}

/// All faults found so far; bounded, so that a hostile body has a short answer.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldFault>);

impl Faults {
    /// Notes a fault.
    pub fn note(&mut self, at: &Place<'_>, code: &'static str, detail: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(FieldFault::new(at.pointer(), code, detail));
        }
    }

    /// Whether the field there is known to be faulty.
    fn names(&self, at: &Place<'_>) -> bool {
        let pointer = at.pointer();
        self.0.iter().any(|fault| fault.pointer == pointer)
    }

    /// Whether nothing is faulty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults.
    pub fn into_vec(self) -> Vec<FieldFault> {
        self.0
    }
}

/// Where a value stands in the body; its pointer is only written when a fault needs it.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// The whole body.
    Root,
    /// A field of the object there.
    Field(&'a Place<'a>, &'a str),
    /// An entry of the list there.
    Entry(&'a Place<'a>, usize),
}

impl Place<'_> {
    /// The JSON pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.write(&mut pointer);
        pointer
    }

    fn write(&self, to: &mut String) {
        match self {
            Place::Root => {}
            Place::Field(parent, name) => {
                parent.write(to);
                to.push('/');
                to.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Place::Entry(parent, index) => {
                parent.write(to);
                write!(to, "/{index}").expect("a String takes everything");
            }
        }
    }
}

/// The fields of one object, asked for one by one.
pub struct Fields<'a> {
    mode: Mode<'a>,
}

enum Mode<'a> {
    Reading { values: read::Values<'a>, at: Place<'a>, faults: &'a mut Faults },
    Describing { properties: Map<String, Value>, required: Vec<Value> },
}

impl<'a> Fields<'a> {
    fn reading(values: read::Values<'a>, at: Place<'a>, faults: &'a mut Faults) -> Fields<'a> {
        Fields { mode: Mode::Reading { values, at, faults } }
    }

    fn describing() -> Fields<'static> {
        Fields { mode: Mode::Describing { properties: Map::new(), required: Vec::new() } }
    }

    /// A field that must be there.
    pub fn required<K: Kind>(&mut self, name: &'static str, kind: K) -> K::Value {
        match &mut self.mode {
            Mode::Describing { properties, required } => {
                properties.insert(name.to_owned(), kind.schema());
                required.push(json!(name));
                None
            }
            Mode::Reading { values, at, faults } => match values.take(name) {
                Some(raw) => kind.read(raw, &Place::Field(at, name), faults),
                None => {
                    faults.note(&Place::Field(at, name), "required", "must be given");
                    None
                }
            },
        }
        .unwrap_or_else(|| kind.blank())
    }

    /// A field that may be left out.
    pub fn optional<K: Kind>(&mut self, name: &'static str, kind: K) -> Option<K::Value> {
        match &mut self.mode {
            Mode::Describing { properties, .. } => {
                properties.insert(name.to_owned(), kind.schema());
                None
            }
            Mode::Reading { values, at, faults } => {
                let raw = values.take(name)?;
                kind.read(raw, &Place::Field(at, name), faults)
            }
        }
    }

    /// A field that has this value when it is left out.
    pub fn or<K: Kind>(&mut self, name: &'static str, kind: K, default: K::Value) -> K::Value {
        self.optional(name, kind).unwrap_or(default)
    }

    /// Refuses a field for a reason that takes more than one field to see; one that is faulty in
    /// itself has been told so already.
    pub fn refuse(&mut self, name: &'static str, code: &'static str, detail: &'static str) {
        if let Mode::Reading { at, faults, .. } = &mut self.mode {
            let place = Place::Field(at, name);
            if !faults.names(&place) {
                faults.note(&place, code, detail);
            }
        }
    }

    /// Notes every field that nobody asked for.
    fn end(self) {
        if let Mode::Reading { values, at, faults } = self.mode {
            values.complain_of_the_rest(&at, faults);
        }
    }

    fn into_schema(self) -> Value {
        match self.mode {
            Mode::Reading { .. } => Value::Null,
            Mode::Describing { properties, required } => {
                let mut schema = json!({ "type": "object", "properties": properties });
                if !required.is_empty() {
                    schema["required"] = Value::Array(required);
                }
                schema["additionalProperties"] = json!(false);
                schema
            }
        }
    }
}

/// The JSON schema (2020-12) of a body.
pub fn schema_of<B: Body>() -> Value {
    let mut fields = Fields::describing();
    B::read(&mut fields);
    fields.into_schema()
}

/// A body made of blanks, to stand in for one that could not be read.
pub fn blank_of<B: Body>() -> B {
    B::read(&mut Fields::describing())
}

/// More faults than these are not listed.
const FAULTS_MAX: usize = 100;

#[cfg(test)]
mod tests;
