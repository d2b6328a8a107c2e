//! Inbox: every letter a demo has sent, to look at. Nobody gets any of them.
//!
//! | Method | Path                    | Does                                | Who    |
//! |--------|-------------------------|-------------------------------------|--------|
//! | GET    | /demo/mail              | lists the newest letters            | public |
//! | GET    | /demo/mail/{name}       | shows a letter, its text and source | public |
//! | GET    | /demo/mail/{name}/page  | the letter's own page, for a frame  | public |
//!
//! Public on purpose, because a demo's accounts are too; a real shop answers 404, whatever its
//! gateway is. No script; a letter is shown in a frame that may run, load and send nothing.

use std::{fmt::Write, sync::LazyLock};

use actix_web::http::{Method, header::HeaderValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::HtmlEscape;
use sha2::{Digest, Sha256};

use super::{
    access::Public,
    answer::{Answer, Document},
    call::{Call, CallOn, Word},
    limits::Class,
    problem::Problem,
    table::{Operation, op},
};
use crate::shop::{Filed, Shop};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::Reads;
    let get = || Method::GET;
    let operations = [
        op(get(), "/demo/mail", Reads, "List the demo's letters", list_letters),
        op(get(), "/demo/mail/{name}", Reads, "Show a letter of the demo", show_letter),
        op(get(), "/demo/mail/{name}/page", Reads, "Show the page of a letter", show_page),
    ];
    operations.map(Operation::hidden).into()
}

async fn list_letters(shop: Shop, _: Public, _: Call) -> Answer<Document> {
    let letters = newest(&shop).await?;
    let told = if letters.is_empty() {
        "<p class=\"none\">No letter was sent yet. Order something, or say that you forgot your \
         password, and look again.</p>"
            .to_owned()
    } else {
        String::new()
    };
    Ok(document(&format!("{}{told}", listed(&letters, ""))))
}

async fn show_letter(shop: Shop, _: Public, call: CallOn<Word>) -> Answer<Document> {
    let letters = newest(&shop).await?;
    let letter = letter(&shop, call.path).await?;
    let mut html = listed(&letters, &letter.name);
    let (at, name) = (moment(letter.seconds), &letter.name);
    let said = |text| HtmlEscape(text);
    write!(
        html,
        "<article><header><h2>{subject}</h2><dl><dt>From</dt><dd>{from}</dd><dt>To</dt><dd>{to}\
         </dd><dt>Sent</dt><dd>{at}</dd><dt>Message-ID</dt><dd>{id}</dd></dl></header>\
         <iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox\" title=\"The letter\" \
         src=\"/demo/mail/{name}/page\"></iframe>\
         <details><summary>As plain text</summary><pre>{text}</pre></details></article>",
        subject = said(&letter.subject),
        from = said(&letter.from),
        to = said(&letter.to),
        id = said(&letter.id),
        text = said(&letter.text),
    )
    .expect("a String takes everything");
    Ok(document(&html))
}

async fn show_page(shop: Shop, _: Public, call: CallOn<Word>) -> Answer<Document> {
    let letter = letter(&shop, call.path).await?;
    let policy = Some(HeaderValue::from_static(LETTER_POLICY));
    Ok(Document { media_type: HTML, body: letter.html.into(), policy })
}

/// The demo's newest letters.
async fn newest(shop: &Shop) -> Answer<Vec<Filed>> {
    let inbox = shop.letters.inbox.clone().ok_or_else(Problem::not_found)?;
    let found = actix_web::web::block(move || inbox.newest(LETTERS_MAX)).await;
    found.map_err(Problem::fault)?.map_err(Problem::fault)
}

async fn letter(shop: &Shop, Word(name): Word) -> Answer<Filed> {
    let inbox = shop.letters.inbox.clone().ok_or_else(Problem::not_found)?;
    let found = actix_web::web::block(move || inbox.read(&name)).await;
    let found = found.map_err(Problem::fault)?.map_err(Problem::fault)?;
    found.ok_or_else(Problem::not_found)
}

/// The letters, with the one that is open marked.
fn listed(letters: &[Filed], open: &str) -> String {
    let mut html = String::from("<nav aria-label=\"Letters\"><ul>");
    for Filed { name, to, subject, seconds, .. } in letters {
        let mark = if name == open { " aria-current=\"true\"" } else { "" };
        write!(
            html,
            "<li><a href=\"/demo/mail/{name}\"{mark}><strong>{}</strong><span>{}</span>\
             <time>{}</time></a></li>",
            HtmlEscape(subject),
            HtmlEscape(to),
            moment(*seconds),
        )
        .expect("a String takes everything");
    }
    html.push_str("</ul></nav>");
    html
}

fn document(inside: &str) -> Document {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>Letters of the demo</title>\
         <style>{STYLE}</style></head><body><header class=\"top\"><h1>Letters of the demo</h1>\
         <p>Nobody gets any of them. <a href=\"/demo/mail\">Look again</a></p></header>\
         <main>{inside}</main></body></html>"
    );
    Document { media_type: HTML, body: html.into(), policy: Some(POLICY.clone()) }
}

fn moment(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    jiff::fmt::strtime::format("%Y-%m-%d %H:%M:%S", at).unwrap_or_default()
}

/// No script, no style but this page's own, and frames only of this site.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; frame-src 'self'; form-action 'none'; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 is printable")
});

/// A letter has its own style and nothing else; only pages of this site may frame it.
pub(super) const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'self'; \
    sandbox allow-popups allow-popups-to-escape-sandbox";
pub(super) const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "\
    :root{color-scheme:light dark;--ink:#23261f;--soft:#6b7065;--line:#e3dfd5;--paper:#fff;\
    --ground:#f3f1ec;--mark:#1d5c45;--marked:#eaf1ec}\
    @media (prefers-color-scheme:dark){:root{--ink:#ecebe6;--soft:#a3a79d;--line:#3a3d36;\
    --paper:#22241f;--ground:#191b17;--mark:#8fd0b4;--marked:#2a362f}}\
    *{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);\
    font:16px/1.5 system-ui,sans-serif}a{color:var(--mark)}\
    .top{padding:20px 24px 12px;display:flex;flex-wrap:wrap;gap:4px 24px;align-items:baseline}\
    .top h1{font-size:20px;margin:0}.top p{margin:0;color:var(--soft);font-size:14px}\
    main{display:flex;gap:20px;padding:8px 24px 32px;align-items:flex-start;flex-wrap:wrap}\
    nav{flex:1 1 300px;max-width:420px;min-width:0}nav:only-child{max-width:720px}\
    ul{list-style:none;margin:0;padding:0;background:var(--paper);border:1px solid var(--line);\
    border-radius:10px;overflow:hidden}ul:empty{display:none}\
    li+li{border-top:1px solid var(--line)}\
    li a{display:grid;grid-template-columns:1fr auto;gap:0 12px;padding:11px 16px;\
    text-decoration:none;color:inherit}li a:hover,li a[aria-current]{background:var(--marked)}\
    li a:focus-visible{outline:2px solid var(--mark);outline-offset:-2px}\
    li strong{grid-column:1/-1;font-weight:600;overflow-wrap:anywhere}\
    li span,li time{font-size:13px;color:var(--soft);overflow:hidden;text-overflow:ellipsis;\
    white-space:nowrap}article{flex:3 1 520px;min-width:0;background:var(--paper);\
    border:1px solid var(--line);border-radius:10px;overflow:hidden}\
    article header{padding:18px 22px;border-bottom:1px solid var(--line)}\
    h2{margin:0 0 10px;font-size:19px}dl{display:grid;grid-template-columns:auto 1fr;margin:0;\
    gap:2px 14px;font-size:14px}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\
    iframe{display:block;width:100%;height:72vh;min-height:420px;border:0;background:#f3f1ec}\
    details{border-top:1px solid var(--line);padding:12px 22px;font-size:14px}\
    summary{cursor:pointer;color:var(--soft)}pre{white-space:pre-wrap;overflow-wrap:anywhere;\
    font:13px/1.5 ui-monospace,monospace}.none{color:var(--soft);max-width:34rem}";
/// Letters that are listed.
const LETTERS_MAX: usize = 200;
