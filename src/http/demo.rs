//! Demo: the page on which a customer confirms a payment with the demo gateway (3-D Secure).
//!
//! | Method | Path                  | Does                          | Who    |
//! |--------|-----------------------|-------------------------------|--------|
//! | GET    | /demo/3ds/{chargeId}  | asks to confirm or refuse     | public |
//! | POST   | /demo/3ds/{chargeId}  | confirms or refuses           | public |
//!
//! Public on purpose: a bank knows its customer by the charge's name, not by the shop's tokens.
//! It is there only with the demo gateway. No script, nothing from elsewhere, and nothing on it
//! that anybody typed in.

use std::{fmt::Write, sync::LazyLock};

use actix_web::http::{Method, StatusCode, header::HeaderValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    access::Public,
    answer::{Answer, Document},
    call::{CallOn, RawBody},
    fields::{Body, Faults, Fields, choice, read_body, read_query},
    limits::Class,
    pages::words,
    problem::Problem,
    table::{Operation, op},
};
use crate::{
    actors::purchases::ActionResult,
    domain::{
        demo_charge::{DemoCharge, DemoState},
        ids::{DemoChargeId, OrderId},
        money::Money,
        orders::Order,
        payments::{PayState, Payment},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    vec![
        op(Method::GET, "/demo/3ds/{chargeId}", Reads, "Ask to confirm a demo payment", show_page)
            .hidden(),
        op(Method::POST, "/demo/3ds/{chargeId}", Writes, "Confirm a demo payment", decide)
            .answers(StatusCode::OK)
            .hidden(),
    ]
}

async fn show_page(shop: Shop, _: Public, call: CallOn<DemoChargeId>) -> Answer<Document> {
    Ok(page(&Asked::find(&shop, call.path)?))
}

async fn decide(shop: Shop, who: Public, call: CallOn<DemoChargeId, RawBody>) -> Answer<Document> {
    let result = read_result(&call.body.0)?;
    let asked = Asked::find(&shop, call.path)?;
    if asked.standing == Standing::Open {
        shop.purchases.complete_action(asked.order, result, who.as_cause()).await?;
    }
    Ok(page(&Asked::find(&shop, call.path)?))
}

/// How the customer decided.
struct ResultBody {
    result: ActionResult,
}

impl Body for ResultBody {
    fn read(fields: &mut Fields<'_>) -> ResultBody {
        ResultBody { result: fields.required("result", choice(RESULTS)) }
    }
}

/// Reads what a form sends, or the same as JSON.
fn read_result(bytes: &[u8]) -> Result<ActionResult, Problem> {
    let mut faults = Faults::default();
    let form = || str::from_utf8(bytes).unwrap_or_default();
    let ResultBody { result } = if bytes.starts_with(b"{") {
        read_body(bytes, &mut faults)?
    } else {
        read_query(form(), &mut faults)?
    };
    if faults.is_empty() { Ok(result) } else { Err(Problem::invalid(faults.into_vec())) }
}

/// What the customer is asked.
struct Asked {
    order: OrderId,
    number: u64,
    amount: Money,
    standing: Standing,
}

/// How far the charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The customer is asked.
    Open,
    /// The money is set aside or taken.
    Paid,
    /// It was refused, by the customer or the bank.
    Declined,
    /// Nobody waits for an answer any more.
    Over,
}

impl Asked {
    fn find(shop: &Shop, id: DemoChargeId) -> Result<Asked, Problem> {
        let charge = shop.reader.get::<DemoCharge>(id)?.state;
        let ask = charge.asked.as_ref().ok_or_else(Problem::not_found)?;
        let order = shop.reader.get::<Order>(ask.order)?.state;
        let payment = shop.reader.get::<Payment>(ask.payment)?.state;
        let standing = standing(id, &charge.state, &payment);
        Ok(Asked { order: ask.order, number: order.number, amount: ask.amount, standing })
    }
}

/// A charge is open only while its payment waits for this very charge.
fn standing(id: DemoChargeId, state: &DemoState, payment: &Payment) -> Standing {
    let awaited = matches!(payment.state, PayState::NeedsAction { .. })
        && payment.gateway_id == Some(id.to_string());
    match state {
        DemoState::NeedsAction if awaited => Standing::Open,
        DemoState::Captured | DemoState::Authorised => Standing::Paid,
        DemoState::Declined { .. } => Standing::Declined,
        DemoState::NeedsAction | DemoState::Unasked | DemoState::Processing | DemoState::Voided => {
            Standing::Over
        }
    }
}

fn page(asked: &Asked) -> Document {
    let body = written(asked).into();
    Document { media_type: "text/html; charset=utf-8", body, policy: Some(POLICY.clone()) }
}

fn written(asked: &Asked) -> String {
    let mut html = String::new();
    let (amount, number, order) = (words::price(asked.amount), asked.number, asked.order);
    let told = match asked.standing {
        Standing::Open => FORM,
        Standing::Paid => "<p>The payment is confirmed.</p>",
        Standing::Declined => "<p>The payment was declined. Nothing was taken.</p>",
        Standing::Over => "<p>There is nothing to confirm any more.</p>",
    };
    write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"robots\" content=\"noindex\"><title>Confirm a payment</title>\
         <style>{STYLE}</style></head><body><main><p class=\"bank\">Demo bank</p>\
         <h1>Confirm a payment</h1><dl><div><dt>Order</dt><dd>{number}</dd></div>\
         <div><dt>Amount</dt><dd>{amount}</dd></div></dl>{told}\
         <p><a href=\"/orders/{order}\">Back to the shop</a></p>\
         <p class=\"small\">A test: no real money moves.</p></main></body></html>"
    )
    .expect("a String takes everything");
    html
}

/// No script, no source but this page's own style, and forms lead nowhere else.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 is printable")
});

const RESULTS: &[(&str, ActionResult)] =
    &[("complete", ActionResult::Succeeded), ("fail", ActionResult::Failed)];
/// Both buttons lead back to this page's own address.
const FORM: &str = "<p>Do you confirm this payment?</p><div class=\"ways\">\
    <form method=\"post\"><button name=\"result\" value=\"complete\">Confirm</button></form>\
    <form method=\"post\"><button class=\"quiet\" name=\"result\" value=\"fail\">Decline\
    </button></form></div>";
/// A bank looks unlike the shop.
const STYLE: &str = ":root{color-scheme:light dark;--paper:#eef2f7;--surface:#fff;--ink:#1a2330;\
    --soft:#566173;--line:#d8dfe9;--edge:#7a8697;--blue:#1c4f9c;--on:#fff}\
    @media(prefers-color-scheme:dark){:root{--paper:#12161d;--surface:#1b212b;--ink:#eef2f7;\
    --soft:#a7b1c0;--line:#303947;--edge:#8590a2;--blue:#9cc0ff;--on:#0d1a2e}}\
    *{box-sizing:border-box}body{margin:0;padding:1rem;background:var(--paper);color:var(--ink);\
    font:1rem/1.5 system-ui,sans-serif}main{max-width:26rem;margin:8vh auto;padding:1.75rem;\
    background:var(--surface);border:1px solid var(--line);border-radius:12px}\
    h1{margin:0 0 1rem;font-size:1.375rem;line-height:1.25}p{margin:0 0 1rem}\
    .bank{padding-bottom:.75rem;border-bottom:1px solid var(--line);color:var(--blue);\
    font-weight:700}dl{margin:0 0 1.25rem}dl div{display:flex;justify-content:space-between;\
    gap:1rem;padding:.375rem 0;border-bottom:1px solid var(--line)}dt{color:var(--soft)}\
    dd{margin:0;font-weight:600}.ways{display:grid;gap:.75rem;margin-bottom:1.5rem;\
    grid-template-columns:repeat(auto-fit,minmax(9rem,1fr))}\
    button{width:100%;min-height:2.875rem;padding:.5rem 1rem;\
    border:1px solid transparent;border-radius:8px;background:var(--blue);color:var(--on);\
    font:600 1rem/1.2 system-ui,sans-serif;cursor:pointer}.quiet{border-color:var(--edge);\
    background:none;color:var(--ink)}a{display:inline-block;min-height:1.5rem;\
    color:var(--blue)}:focus-visible{outline:3px solid var(--blue);outline-offset:2px}\
    .small{margin:0;color:var(--soft);font-size:.875rem}";

#[cfg(test)]
mod tests;
