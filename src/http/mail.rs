//! Mail: the letters of the shop, what became of each, and what they look like.
//!
//! | Method | Path                           | Does                                   | Who   |
//! |--------|--------------------------------|----------------------------------------|-------|
//! | GET    | /v1/mail                       | lists letters, newest first            | admin |
//! | GET    | /v1/mail/{id}                  | shows a letter as it would be read     | admin |
//! | POST   | /v1/mail/{id}/resend           | has it sent again, or sooner           | admin |
//! | GET    | /v1/mail-templates             | lists the kinds of letters             | admin |
//! | GET    | /v1/mail-templates/{name}      | shows a kind, with made-up facts       | admin |
//! | POST   | /v1/mail-templates/{name}/test | sends one with made-up facts, and waits | admin |
//!
//! A letter is made from what happened each time it is looked at; the secret in it is not shown.

use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::{Admin, Caller},
    answer::{Answer, Page},
    call::{Call, CallAsking, CallOn, Word},
    cursor::Paging,
    fields::{Body, Fields, choice, email},
    idempotency::{Made, RequestKey},
    limits::Class,
    listing::Rows,
    problem::Problem,
    table::{Operation, op},
    views::{Id, MessageView, Time},
};
use crate::{
    domain::{
        deliveries::{Delivery, DeliveryState},
        ids::DeliveryId,
        users::User,
    },
    shop::Shop,
    store::{Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (get, post) = (|| Method::GET, || Method::POST);
    let one = "/v1/mail-templates/{name}";
    vec![
        op(get(), "/v1/mail", Reads, "List letters", list_letters),
        op(get(), "/v1/mail/{id}", Reads, "Show a letter", show_letter),
        op(post(), "/v1/mail/{id}/resend", Writes, "Send a letter again", resend)
            .answers(StatusCode::OK)
            .again(shown_again),
        op(get(), "/v1/mail-templates", Reads, "List kinds of letters", list_templates),
        op(get(), one, Reads, "Show a kind of letter", show_template),
        op(post(), "/v1/mail-templates/{name}/test", Writes, "Send a test letter", send_test)
            .answers(StatusCode::OK),
    ]
}

async fn list_letters(
    shop: Shop,
    _: Admin,
    call: CallAsking<LettersQuery>,
) -> Answer<Page<LetterView>> {
    page_of(&shop, &call.query)
}

/// A page of the letters that are sought.
pub(super) fn page_of(shop: &Shop, query: &LettersQuery) -> Answer<Page<LetterView>> {
    let LettersQuery { state, paging } = query;
    let courier = shop.letters.courier();
    let (name, prefix) = match state {
        None => ("letters", keys::deliveries_of(courier)),
        Some(Sought::Sent) => ("sent letters", keys::deliveries_of(courier)),
        Some(Sought::Waiting) => ("waiting letters", keys::waiting_deliveries(courier)),
        Some(Sought::Dead) => ("dead letters", keys::dead_letters(courier)),
    };
    Rows::all(name, prefix, Order::Descending).page(
        &shop.reader,
        &shop.cursors,
        paging,
        |key, _| {
            let id: DeliveryId = key.last_id().unwrap_or_default();
            let found = shop.reader.get::<Delivery>(id)?.state;
            let is_sought = match state {
                Some(Sought::Sent) => found.state == DeliveryState::Delivered,
                Some(Sought::Waiting | Sought::Dead) | None => found.exists(),
            };
            Ok(is_sought.then(|| LetterView::of(id, &found)))
        },
    )
}

/// The newest letters about a thing, as `order/…`, at most so many.
pub(super) fn letters_about(shop: &Shop, about: &str, most: usize) -> Answer<Vec<LetterView>> {
    let prefix = keys::deliveries_about(shop.letters.courier(), about);
    let rows = shop.reader.rows(&prefix, None, Order::Descending, most)?;
    let mut letters = Vec::new();
    for id in rows.iter().filter_map(|(key, _)| key.last_id::<DeliveryId>()) {
        letters.push(LetterView::of(id, &shop.reader.get::<Delivery>(id)?.state));
    }
    Ok(letters)
}

pub(super) async fn show_letter(
    shop: Shop,
    _: Admin,
    call: CallOn<DeliveryId>,
) -> Answer<ReadView> {
    let delivery = letter_of(&shop, call.path)?;
    let shown = shop.letters.desk.shown(call.path, &delivery.note)?;
    let letter = LetterView::of(call.path, &delivery);
    Ok(match shown {
        Ok(shown) => ReadView {
            letter,
            to: Some(shown.to),
            subject: Some(shown.subject),
            text: Some(shown.text),
            html: Some(shown.html),
            unwritable: None,
        },
        Err(why) => {
            let (to, subject, text, html) = (None, None, None, None);
            ReadView { letter, to, subject, text, html, unwritable: Some(why) }
        }
    })
}

pub(super) async fn resend(shop: Shop, who: Admin, call: CallOn<DeliveryId>) -> Answer<LetterView> {
    letter_of(&shop, call.path)?;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let delivery = shop.runner.ask_again(call.path, intent).await?;
    Ok(LetterView::of(call.path, &delivery))
}

async fn shown_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<LetterView> {
    let id = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(LetterView::of(id, &*letter_of(&shop, id)?))
}

async fn list_templates(shop: Shop, _: Admin, _: Call) -> Answer<Page<KindView>> {
    let names = shop.letters.desk.templates();
    Ok(Page::whole(names.map(|name| KindView { name }).collect()))
}

pub(super) async fn show_template(
    shop: Shop,
    _: Admin,
    call: CallOn<Word>,
) -> Answer<TemplateView> {
    let Word(name) = call.path;
    let written = shop.letters.desk.preview(&name)?.ok_or_else(Problem::not_found)?;
    let view = |letter| match letter {
        Ok(letter) => PreviewView::of(letter),
        Err(why) => PreviewView { unwritable: Some(why), ..PreviewView::default() },
    };
    Ok(TemplateView { name, letters: written.into_iter().map(view).collect() })
}

pub(super) async fn send_test(
    shop: Shop,
    who: Admin,
    call: CallOn<Word, TestBody>,
) -> Answer<MessageView> {
    let Word(name) = call.path;
    let to = match call.body.to {
        Some(to) => to,
        None => shop.reader.get::<User>(who.user)?.state.email.clone(),
    };
    let sent = shop.letters.desk.send_test(&name, &to).await.ok_or_else(Problem::not_found)?;
    sent.map_err(|why| {
        Problem::refusal(StatusCode::BAD_GATEWAY, "letter_not_taken", why.to_string())
    })?;
    Ok(MessageView { message: "The letter was taken over" })
}

/// The delivery of a letter.
fn letter_of(shop: &Shop, id: DeliveryId) -> Answer<std::sync::Arc<Delivery>> {
    let delivery = shop.reader.get::<Delivery>(id)?.state;
    let is_letter = delivery.exists() && delivery.note.courier == shop.letters.courier();
    if is_letter { Ok(delivery) } else { Err(Problem::not_found()) }
}

/// Which letters are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// Those that were taken over.
    Sent,
    /// Those that are tried again.
    Waiting,
    /// Those that were given up.
    Dead,
}

/// Which letters, and which page of them.
pub(super) struct LettersQuery {
    pub(super) state: Option<Sought>,
    pub(super) paging: Paging,
}

impl Body for LettersQuery {
    fn read(fields: &mut Fields<'_>) -> LettersQuery {
        LettersQuery {
            state: fields.optional("state", choice(STATES)),
            paging: Paging::read(fields),
        }
    }
}

/// To whom a letter is sent to try it.
pub(super) struct TestBody {
    /// Whom it is to; unless said, who asks for it.
    to: Option<String>,
}

impl Body for TestBody {
    fn read(fields: &mut Fields<'_>) -> TestBody {
        TestBody { to: fields.optional("to", email()) }
    }
}

/// A letter, and what became of it. Whom it is to is shown with the letter.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LetterView {
    pub(super) id: Id<DeliveryId>,
    /// What kind of letter, as `order_confirmation`.
    pub(super) template: String,
    /// For whom: `customer`, `owner`, `old`, `new`, or the id of one of the staff.
    pub(super) reader: String,
    /// What it is about, as `order/…`.
    pub(super) about: String,
    /// `WAITING`, `DELIVERED` or `DEAD`.
    pub(super) state: &'static str,
    pub(super) attempts: u32,
    /// When it is tried next.
    pub(super) due_at: Option<Time>,
    pub(super) error: Option<String>,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
}

impl LetterView {
    fn of(id: DeliveryId, delivery: &Delivery) -> LetterView {
        let (state, due_at) = match delivery.state {
            DeliveryState::Unknown => ("UNKNOWN", None),
            DeliveryState::Waiting { due } => ("WAITING", Some(Time(due))),
            DeliveryState::Delivered => ("DELIVERED", None),
            DeliveryState::GivenUp => ("DEAD", None),
        };
        let what = &delivery.note.what;
        let (template, reader) = what.split_once('/').unwrap_or((what, ""));
        LetterView {
            id: Id(id),
            template: template.to_owned(),
            reader: reader.to_owned(),
            about: delivery.note.about.clone(),
            state,
            attempts: delivery.attempts,
            due_at,
            error: delivery.error.clone(),
            created_at: Time(delivery.noted_at),
            updated_at: Time(delivery.updated_at),
        }
    }
}

/// A letter as it would be written now, with its secret left out; or why it cannot be.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadView {
    #[serde(flatten)]
    pub(super) letter: LetterView,
    pub(super) to: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) unwritable: Option<String>,
}

/// A kind of letter.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KindView {
    name: &'static str,
}

/// A kind of letter, with everything it can say.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TemplateView {
    pub(super) name: String,
    pub(super) letters: Vec<PreviewView>,
}

/// A letter from made-up facts; or why it cannot be written.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PreviewView {
    pub(super) subject: Option<String>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) unwritable: Option<String>,
}

impl PreviewView {
    fn of(letter: crate::shop::Written) -> PreviewView {
        PreviewView {
            subject: Some(letter.subject),
            text: Some(letter.text),
            html: Some(letter.html),
            unwritable: None,
        }
    }
}

/// The states that letters can be sought by.
pub(super) const STATES: &[(&str, Sought)] =
    &[("DELIVERED", Sought::Sent), ("WAITING", Sought::Waiting), ("DEAD", Sought::Dead)];
