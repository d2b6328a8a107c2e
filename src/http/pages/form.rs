//! Forms: what a page's form sends, and how it is shown again when something is wrong with it.
//!
//! Invariant: what was typed is shown again, whatever was wrong with it; passwords and cards
//! never are. An empty field is a missing one.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::http::{
    call::{Form, Input},
    fields::{Body, Faults, FieldFault, decode, read_form, schema_of},
    problem::Problem,
};

/// A form as it came: what it says, or what is wrong with it; and everything as it was typed.
#[derive(Debug)]
pub struct Filled<B> {
    /// What it says.
    pub read: Result<B, Vec<FieldFault>>,
    /// What was typed, by field, without what is never shown again.
    pub typed: BTreeMap<String, String>,
}

impl<B: Body> Input for Filled<B> {
    const FORM: Form = Form::Page;

    fn take(bytes: Bytes, _: &mut Faults) -> Result<Filled<B>, Problem> {
        let mut typed = fields_in(&bytes)?;
        let mut faults = Faults::default();
        let read = read_form(&typed, &mut faults);
        let read = if faults.is_empty() { Ok(read) } else { Err(faults.into_vec()) };
        typed.retain(|name, _| !is_never_shown(name));
        Ok(Filled { read, typed })
    }

    fn schema() -> Option<Value> {
        Some(schema_of::<B>())
    }
}

/// A form as it is shown.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FormView {
    /// What was typed, by field.
    pub typed: BTreeMap<String, String>,
    /// What is wrong, by field.
    pub errors: BTreeMap<String, String>,
    /// What is wrong with the whole.
    pub refusal: Option<String>,
    /// The key under which it is carried out once, however often it is sent.
    pub key: String,
}

impl FormView {
    /// An empty form.
    pub fn empty(key: String) -> FormView {
        FormView { key, ..FormView::default() }
    }

    /// A form with this in it.
    #[must_use]
    pub fn with(mut self, typed: BTreeMap<String, String>) -> FormView {
        self.typed = typed;
        self
    }

    /// The form with what is wrong in its fields.
    #[must_use]
    pub fn faulty(mut self, faults: &[FieldFault]) -> FormView {
        for fault in faults {
            let name = fault.pointer.trim_start_matches('/').replace('/', ".");
            // What the API calls missing is an empty field to whoever looks at it.
            let is_empty = fault.code == "required" && fault.detail == "must be given";
            let words = if is_empty { "this is missing" } else { &fault.detail };
            self.errors.entry(name).or_insert_with(|| words.to_owned());
        }
        self
    }

    /// The form with what the shop said to it. A refusal that is about one field stands at it:
    /// `about` says which codes are.
    #[must_use]
    pub fn refused(mut self, problem: &Problem, about: &[(&str, &str)]) -> FormView {
        let field = about.iter().find(|(code, _)| *code == problem.code());
        if let Some((_, field)) = field {
            self.errors.insert((*field).to_owned(), problem.detail().to_owned());
        } else if problem.errors().is_empty() {
            self.refusal = Some(problem.detail().to_owned());
        }
        self.faulty(problem.errors())
    }
}

/// The key under which a form is carried out once.
pub fn key_in(body: &Bytes) -> Option<String> {
    let key = field_in(body, KEY)?;
    let is_sound = (1..=KEY_LETTERS_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_sound.then_some(key)
}

/// The token that proves where a form comes from.
pub fn token_in(body: &Bytes) -> Option<String> {
    field_in(body, TOKEN)
}

/// The fields of a form, without those that prove it and those that are never shown again, to be
/// sent once more.
pub fn kept_of(body: &Bytes) -> BTreeMap<String, String> {
    let mut fields = fields_in(body).unwrap_or_default();
    fields.retain(|name, _| !is_never_shown(name));
    fields
}

/// The fields of a form in their order, without those that are never shown again: sent once more,
/// it proves itself as it did and is carried out under its own key.
pub fn sent_of(body: &Bytes) -> Vec<(String, String)> {
    let Ok(text) = str::from_utf8(body) else { return Vec::new() };
    let pairs = pairs_of(text).filter_map(Result::ok);
    pairs.filter(|(name, _)| !SECRET.contains(&name.as_str())).collect()
}

fn field_in(body: &Bytes, wanted: &str) -> Option<String> {
    let text = str::from_utf8(body).ok()?;
    let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == wanted)?;
    decode(value, true).map(|value| value.into_owned())
}

fn fields_in(body: &Bytes) -> Result<BTreeMap<String, String>, Problem> {
    fields_of(str::from_utf8(body).map_err(|_| malformed())?)
}

fn malformed() -> Problem {
    Problem::malformed("malformed_form", "this is not UTF-8")
}

/// All fields; of a name that is there more than once, the values with commas between them.
///
/// # Errors
/// 400 `malformed_form`, if it is not UTF-8 once decoded.
pub fn fields_of(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for pair in pairs_of(text) {
        let (name, value) = pair?;
        fields
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    Ok(fields)
}

fn pairs_of(text: &str) -> impl Iterator<Item = Result<(String, String), Problem>> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = decode(name, true).zip(decode(value, true)).ok_or_else(malformed)?;
        Ok((name.into_owned(), value.into_owned()))
    })
}

fn is_never_shown(name: &str) -> bool {
    [TOKEN, KEY].contains(&name) || SECRET.contains(&name)
}

/// The field of the token that proves where a form comes from.
pub const TOKEN: &str = "csrf";
/// The field of the key under which a form is carried out once.
pub const KEY: &str = "key";
const SECRET: [&str; 7] =
    ["password", "newPassword", "oldPassword", "token", "cardNumber", "cardExpiry", "cardCode"];
const KEY_LETTERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::{Fields, email, text};

    #[derive(Debug)]
    struct Letter {
        to: String,
        subject: Option<String>,
    }

    impl Body for Letter {
        fn read(fields: &mut Fields<'_>) -> Letter {
            Letter {
                to: fields.required("to", email()),
                subject: fields.optional("subject", text(1, 5)),
            }
        }
    }

    fn filled(form: &'static str) -> Filled<Letter> {
        Filled::take(Bytes::from_static(form.as_bytes()), &mut Faults::default()).expect("a form")
    }

    #[test]
    fn a_form_is_read_like_any_body_and_an_empty_field_is_a_missing_one() {
        let letter = filled("to=ada%40example.com&subject=&send=yes").read.expect("a letter");
        assert_eq!((letter.to.as_str(), letter.subject), ("ada@example.com", None));
        let form = filled("to=&subject=too+long");
        let faults = form.read.expect_err("two faults");
        let view = FormView::empty("k".into()).with(form.typed).faulty(&faults);
        assert_eq!(view.typed["subject"], "too long", "what was typed is there again");
        assert_eq!(view.errors.keys().collect::<Vec<_>>(), ["subject", "to"]);
    }

    #[test]
    fn what_is_secret_is_never_shown_again() {
        let form = filled("to=a%40b.de&password=x&cardNumber=4242&cardCode=1&csrf=t&key=k");
        assert_eq!(form.typed.keys().collect::<Vec<_>>(), ["to"]);
    }

    #[test]
    fn a_form_that_is_sent_once_more_is_the_same_but_for_its_secrets() {
        let body = Bytes::from_static(b"to=a%40b.de&ids=2&ids=1&cardCode=1&token=x&csrf=t&key=k");
        let sent = sent_of(&body);
        let sent: Vec<_> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
        let kept = [("to", "a@b.de"), ("ids", "2"), ("ids", "1"), ("csrf", "t"), ("key", "k")];
        assert_eq!(sent, kept);
    }

    #[test]
    fn ticked_boxes_of_one_name_are_a_list() {
        let body = Bytes::from_static(b"ids=1&ids=2&key=ab-1&key=c");
        assert_eq!(kept_of(&body)["ids"], "1,2");
        assert_eq!(key_in(&body).as_deref(), Some("ab-1"));
        assert_eq!(key_in(&Bytes::from_static(b"key=%00")), None);
    }
}
