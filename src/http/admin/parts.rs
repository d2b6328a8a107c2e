//! Parts: what the pages of the admin share.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::about::LEFT;
use crate::{
    domain::{
        ids::{Identity, UserId},
        time::{Timestamp, Who},
        users::User,
    },
    http::{
        access::Caller,
        answer::{Answer, Page},
        call::Origin,
        cursor::{PAGE_ENTRIES, Paging},
        fields::{
            Body, Faults, FieldFault, Fields, Kind, choice, loose, read_body, read_form, text,
        },
        pages::{Frame, form::fields_of, words},
        problem::Problem,
    },
    shop::Shop,
};

/// The frame of a page of the admin.
///
/// # Errors
/// A fault of the store.
pub fn framed(shop: &Shop, who: Caller, from: &Origin, title: &str) -> Answer<Frame> {
    Ok(Frame::of(shop, Some(who), from)?.titled(title).private())
}

/// A moment, for people and for machines.
#[derive(Clone, Debug, Serialize)]
pub struct MomentView {
    /// As it is read.
    pub words: String,
    /// The same in a table.
    pub short: String,
    /// As a machine reads it.
    pub machine: String,
}

impl MomentView {
    /// This moment, as it is told where the shop is.
    pub fn of(shop: &Shop, at: Timestamp) -> MomentView {
        MomentView {
            words: words::moment(at, &shop.zone),
            short: words::short_moment(at, &shop.zone),
            machine: words::machine(at),
        }
    }
}

/// How something stands, and in which colour that is said.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TagView {
    /// In words.
    pub words: &'static str,
    /// `good`, `warn`, `bad`, or nothing.
    pub tone: &'static str,
}

/// Where the next page of a list is.
#[derive(Debug, Serialize)]
pub struct PagesView {
    /// The first page, if this is another one.
    pub first: Option<String>,
    /// The next page, if there is one.
    pub next: Option<String>,
}

impl PagesView {
    /// The pages around this one. `path` is the address of the list with what it is filtered by.
    pub fn of<T>(path: &str, paging: &Paging, page: &Page<T>) -> PagesView {
        let sign = if path.contains('?') { '&' } else { '?' };
        let next = page.next_cursor.as_ref().map(|cursor| format!("{path}{sign}cursor={cursor}"));
        PagesView { first: paging.cursor.is_some().then(|| path.to_owned()), next }
    }
}

/// The address of a list with these filters, without those that are empty.
pub fn address(path: &str, filters: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (name, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        address.push_str(&encoded(value));
    }
    address
}

fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// The list that a form came from, with what it was filtered by; the whole list, if it says none.
pub fn back_to(typed: &BTreeMap<String, String>, list: &str) -> String {
    let said = typed.get("back").map_or(list, String::as_str);
    let is_it =
        said.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'));
    let is_sound = said.bytes().all(|byte| byte.is_ascii_graphic());
    if is_it && is_sound { said.to_owned() } else { list.to_owned() }
}

/// What the address of a list asks for.
///
/// # Errors
/// 400, if it is no address of that list.
pub fn asked_by<Q: Body>(path: &str) -> Answer<Q> {
    let (_, query) = path.split_once('?').unwrap_or((path, ""));
    let mut faults = Faults::default();
    let asked = read_form(&fields_of(query)?, &mut faults);
    if faults.is_empty() { Ok(asked) } else { Err(Problem::invalid(faults.into_vec())) }
}

/// An address with what was done added to it.
pub fn having_done(path: &str, done: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}done={done}")
}

/// A list that is gone through page by page.
pub fn paging(cursor: Option<String>) -> Paging {
    Paging { limit: PAGE_ENTRIES, cursor }
}

/// What was just done, as the address of a page says it.
pub struct DoneQuery {
    /// In a sentence.
    pub done: Option<&'static str>,
}

impl Body for DoneQuery {
    fn read(fields: &mut Fields<'_>) -> DoneQuery {
        DoneQuery { done: fields.optional("done", choice(DONE)) }
    }
}

/// Words in the address of a list, as they are typed or pasted; no words are none. What is longer
/// than anything that could be found is looked for as far as it goes.
pub fn words_in(fields: &mut Fields<'_>, name: &'static str) -> String {
    let typed = fields.or(name, loose(PASTED_LETTERS_MAX), String::new());
    let words = typed.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(FILTER_LETTERS_MAX).collect()
}

/// One of these in the address of a list; nothing chosen is none.
pub fn chosen_in<T: Copy + 'static>(
    fields: &mut Fields<'_>,
    name: &'static str,
    names: &'static [(&'static str, T)],
) -> Option<T> {
    let said = words_in(fields, name);
    names.iter().find(|(known, _)| *known == said).map(|(_, value)| *value)
}

/// Which page of a list, in its address.
pub fn cursor_in(fields: &mut Fields<'_>) -> Option<String> {
    fields.optional("cursor", text(1, CURSOR_LETTERS_MAX))
}

/// The body of the API that a form stands for.
///
/// # Errors
/// What is wrong with it, field by field.
pub fn body_of<B: Body>(json: &Value) -> Result<B, Vec<FieldFault>> {
    let mut faults = Faults::default();
    let read = read_body(json.to_string().as_bytes(), &mut faults);
    match read {
        Ok(body) if faults.is_empty() => Ok(body),
        Ok(_) => Err(faults.into_vec()),
        Err(problem) => Err(vec![FieldFault::new("", "malformed", problem.detail().to_owned())]),
    }
}

/// A problem that is shown on the page it came from; anything else is none of its business.
///
/// # Errors
/// What is no refusal.
pub fn refusal(problem: Problem) -> Answer<Problem> {
    let is_known = problem.status().is_client_error()
        && !matches!(problem.status(), StatusCode::NOT_FOUND | StatusCode::FORBIDDEN);
    if is_known { Ok(problem) } else { Err(problem) }
}

/// Who did something, by name as far as there is one.
///
/// # Errors
/// A fault of the store.
pub fn actor(shop: &Shop, who: Who) -> Answer<String> {
    Ok(match who {
        Who::Shop => "The shop".to_owned(),
        Who::Visitor => "A visitor".to_owned(),
        Who::Customer(user) => format!("{} (customer)", name_of(shop, user)?),
        Who::Staff(user) => name_of(shop, user)?,
    })
}

fn name_of(shop: &Shop, user: UserId) -> Answer<String> {
    let user = shop.reader.get::<User>(user)?.state;
    Ok(if user.exists() { user.username.clone() } else { LEFT.to_owned() })
}

/// The ids of ticked boxes, which come with commas between them; each once, at most so many.
pub struct Ids<T> {
    most: usize,
    kind: std::marker::PhantomData<T>,
}

/// See [`Ids`].
pub fn ids<T: Identity>(most: usize) -> Ids<T> {
    Ids { most, kind: std::marker::PhantomData }
}

/// The ticked boxes of a list that are to be changed; none is said in these words.
pub fn ticked<T: Identity>(
    fields: &mut Fields<'_>,
    name: &'static str,
    none: &'static str,
) -> Vec<T> {
    let ticked = fields.optional(name, ids(TICKED_MAX));
    if ticked.is_none() {
        fields.refuse(name, "required", none);
    }
    ticked.unwrap_or_default()
}

impl<T: Identity> Kind for Ids<T> {
    type Value = Vec<T>;

    fn read(
        &self,
        raw: crate::http::fields::Raw<'_>,
        at: &crate::http::fields::Place<'_>,
        faults: &mut Faults,
    ) -> Option<Vec<T>> {
        let mut ids: Vec<T> = Vec::new();
        let said = raw.text().ok()?;
        for id in said.split(',').filter_map(|text| text.parse().ok()) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.is_empty() || ids.len() > self.most {
            faults.note(at, "too_many", format!("tick 1 to {} boxes", self.most));
            return None;
        }
        Some(ids)
    }

    fn blank(&self) -> Vec<T> {
        Vec::new()
    }

    fn schema(&self) -> Value {
        serde_json::json!({ "type": "string" })
    }
}

/// (word in an address, what it says)
const DONE: &[(&str, &str)] = &[
    ("shipped", "The order is on its way."),
    ("all-shipped", "They are all on their way."),
    ("changed", "They are all changed."),
    ("delivered", "The order has arrived."),
    ("cancelled", "The order is cancelled."),
    ("received", "The payment is noted."),
    ("refunded", "The refund is on its way."),
    ("to-pay-out", "Pay it back by hand or by bank, and note it here when it is done."),
    ("retried", "The refund is tried again."),
    ("paid-out", "The refund is noted as paid out."),
    ("added", "It is added."),
    ("saved", "Your changes are saved."),
    ("removed", "It is removed."),
    ("adjusted", "The stock is adjusted."),
    ("unchanged", "Nothing was to be changed."),
    ("paused", "The courier rests."),
    ("resumed", "The courier goes on."),
    ("resent", "It is sent again."),
    ("replayed", "What happened since then is sent again."),
    ("tried", "The letter was taken over."),
    ("filed", "The letter was written to the folder; nobody gets it."),
    ("captured", "The money is taken."),
    ("capturing", "The bank was asked for the money and has not answered yet."),
    ("made-before", "This was carried out before; its secret was shown once."),
    ("revoked", "The key is revoked."),
    ("erased", "The person is erased."),
];
const FILTER_LETTERS_MAX: usize = 254;
/// What an address of a page may hold at all.
const PASTED_LETTERS_MAX: usize = 8 * 1024;
const CURSOR_LETTERS_MAX: usize = 1024;
/// Boxes that may be ticked at once: those of a page.
pub const TICKED_MAX: usize = 100;
