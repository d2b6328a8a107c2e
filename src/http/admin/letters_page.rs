//! Letters: what was sent to whom and what became of it, sending one again, and what each kind
//! of letter looks like. A letter is shown in a frame that may run, load and send nothing.

use actix_web::http::{Method, header::HeaderValue};
use serde::Serialize;
use serde_json::json;

use super::{
    letter_view::{LetterPageView, RowView, kind_words},
    parts::{
        DoneQuery, PagesView, address, body_of, chosen_in, cursor_in, framed, paging, refusal,
    },
    said::Said,
};
use crate::{
    domain::ids::{DeliveryId, OrderId},
    http::{
        access::{Admin, Caller},
        answer::{Answer, Document},
        call::{Call, CallAsking, CallOn, NoBody, NoQuery, Origin, Word},
        fields::{Body, Fields, id},
        idempotency::Made,
        inbox::{HTML, LETTER_POLICY},
        limits::Class,
        mail::{
            LettersQuery, STATES, Sought, TemplateView, page_of, resend, send_test, show_letter,
            show_template,
        },
        pages::{Filled, FormView, PageAnswer},
        problem::Problem,
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (get, post) = (|| Method::GET, || Method::POST);
    let kind = "/admin/letters/kinds/{name}";
    vec![
        op(get(), "/admin/letters", Reads, "List letters to staff", list),
        op(get(), kind, Reads, "Show a kind of letter to staff", show_kind),
        op(get(), "/admin/letters/kinds/{name}/{number}", Reads, "Show its page", show_kind_page),
        op(post(), "/admin/letters/kinds/{name}/test", Writes, "Try a kind of letter", try_kind),
        op(get(), "/admin/letters/{id}", Reads, "Show a letter to staff", show),
        op(get(), "/admin/letters/{id}/page", Reads, "Show the page of a letter", show_page),
        op(post(), "/admin/letters/{id}/resend", Writes, "Send a letter once more", send_again)
            .again(led_back),
    ]
}

async fn list(shop: Shop, who: Admin, call: CallAsking<ListQuery>) -> Answer<PageAnswer> {
    let ListQuery { state, cursor } = call.query;
    let frame = framed(&shop, *who, &call.from, "Letters")?;
    let paging = paging(cursor);
    let page = page_of(&shop, &LettersQuery { state, paging: paging.clone() })?;
    let chosen = STATES.iter().find(|(_, known)| Some(*known) == state).map_or("", |it| it.0);
    let path = address("/admin/letters", &[("state", chosen)]);
    let kinds = shop.letters.desk.templates();
    let view = ListView {
        pages: PagesView::of(&path, &paging, &page),
        rows: page.items.iter().map(|letter| RowView::of(&shop, letter)).collect::<Answer<_>>()?,
        state: chosen,
        reach_nobody: shop.letters.reach_nobody(),
        kinds: kinds.map(|name| (name, kind_words(name))).collect(),
    };
    frame.show("admin/letters.html", &view)
}

async fn show(
    shop: Shop,
    who: Admin,
    call: CallAsking<DoneQuery, DeliveryId>,
) -> Answer<PageAnswer> {
    let (caller, from, done) = (*who, call.from.clone(), call.query.done);
    let read = show_letter(shop.clone(), who, call.with(NoBody)).await?;
    let frame = framed(&shop, caller, &from, "Letter")?;
    let view = LetterPageView::of(&shop, read, frame.form(), done)?;
    Ok(frame.show("admin/letter.html", &view)?.framing())
}

async fn show_page(shop: Shop, who: Admin, call: CallOn<DeliveryId>) -> Answer<Document> {
    page_alone(show_letter(shop, who, call).await?.html)
}

async fn send_again(
    shop: Shop,
    who: Admin,
    call: CallOn<DeliveryId, Filled<BackBody>>,
) -> Answer<PageAnswer> {
    let id = call.path;
    let back = call.body.read.as_ref().ok().and_then(|body| body.order);
    resend(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to(match back {
        Some(order) => format!("/admin/orders/{order}?done=resent"),
        None => format!("/admin/letters/{id}?done=resent"),
    }))
}

async fn led_back(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let id: DeliveryId = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(PageAnswer::to(format!("/admin/letters/{id}")))
}

async fn show_kind(
    shop: Shop,
    who: Admin,
    call: CallAsking<DoneQuery, Word>,
) -> Answer<PageAnswer> {
    let (caller, from, done) = (*who, call.from.clone(), call.query.done);
    let shown = show_template(shop.clone(), who, call.with(NoBody)).await?;
    kind_page(&shop, caller, &from, shown, Said::done(done))
}

async fn show_kind_page(shop: Shop, who: Admin, call: CallOn<(Word, Word)>) -> Answer<Document> {
    let (name, Word(number)) = call.path;
    let call = Call { path: name, query: NoQuery, body: NoBody, key: None, from: call.from };
    let shown = show_template(shop, who, call).await?;
    let number: usize = number.parse().map_err(|_| Problem::not_found())?;
    page_alone(shown.letters.into_iter().nth(number).and_then(|letter| letter.html))
}

/// Sends one with made-up facts, and says on its page what became of it.
async fn try_kind(
    shop: Shop,
    who: Admin,
    call: CallOn<Word, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (caller, from, name) = (*who, call.from.clone(), call.path.clone());
    let typed = call.body.typed.clone();
    let to = typed.get("to").map_or("", |to| to.trim());
    let json = if to.is_empty() { json!({}) } else { json!({ "to": to }) };
    let sent = match body_of(&json) {
        Ok(body) => send_test(shop.clone(), who, call.with(body)).await,
        Err(faults) => Err(Problem::invalid(faults)),
    };
    let problem = match sent {
        Ok(_) => {
            let Word(name) = name;
            let done = if shop.letters.reach_nobody() { "filed" } else { "tried" };
            return Ok(PageAnswer::to(format!("/admin/letters/kinds/{name}?done={done}")));
        }
        // What the mail server said is for staff to read.
        Err(problem) if problem.code() == "letter_not_taken" => problem,
        Err(problem) => refusal(problem)?,
    };
    let said = Said::problem(typed, &problem, &[]);
    let call = Call { path: name, query: NoQuery, body: NoBody, key: None, from: from.clone() };
    let shown = show_template(shop.clone(), Admin(caller), call).await?;
    kind_page(&shop, caller, &from, shown, said)
}

fn kind_page(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    shown: TemplateView,
    mut said: Said,
) -> Answer<PageAnswer> {
    let words = kind_words(&shown.name);
    let (frame, form) = said.on(framed(shop, who, from, &words)?);
    let case = |(number, letter): (usize, crate::http::mail::PreviewView)| CaseView {
        page: format!("/admin/letters/kinds/{}/{number}", shown.name),
        subject: letter.subject.unwrap_or_default(),
        text: letter.text.unwrap_or_default(),
        unwritable: letter.unwritable,
    };
    let email = frame.person().map(|person| person.email.clone()).unwrap_or_default();
    let view = KindView {
        cases: shown.letters.into_iter().enumerate().map(case).collect(),
        name: shown.name,
        words,
        email,
        form,
        done: said.done,
    };
    Ok(frame.show("admin/letter-kind.html", &view)?.framing())
}

/// A letter's own page, for a frame.
fn page_alone(html: Option<String>) -> Answer<Document> {
    let html = html.ok_or_else(Problem::not_found)?;
    let policy = Some(HeaderValue::from_static(LETTER_POLICY));
    Ok(Document { media_type: HTML, body: html.into(), policy })
}

/// Which letters, and which page of them.
struct ListQuery {
    state: Option<Sought>,
    cursor: Option<String>,
}

impl Body for ListQuery {
    fn read(fields: &mut Fields<'_>) -> ListQuery {
        ListQuery { state: chosen_in(fields, "state", STATES), cursor: cursor_in(fields) }
    }
}

/// Whether the form stands on the page of an order.
struct BackBody {
    order: Option<OrderId>,
}

impl Body for BackBody {
    fn read(fields: &mut Fields<'_>) -> BackBody {
        BackBody { order: fields.optional("order", id()) }
    }
}

#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
    pages: PagesView,
    state: &'static str,
    /// Whether nobody gets any of them.
    reach_nobody: bool,
    /// Every kind of letter: its name, and how it is called.
    kinds: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct KindView {
    name: String,
    words: String,
    cases: Vec<CaseView>,
    /// Where a test letter goes, unless somebody says otherwise.
    email: String,
    form: FormView,
    done: Option<&'static str>,
}

/// One way a kind of letter can be.
#[derive(Serialize)]
struct CaseView {
    page: String,
    subject: String,
    text: String,
    unwritable: Option<String>,
}
