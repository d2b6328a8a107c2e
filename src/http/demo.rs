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
    let (currency, amount, number) = (asked.amount.currency(), asked.amount, asked.number);
    let told = match asked.standing {
        Standing::Open => FORM,
        Standing::Paid => "<p>The payment is confirmed.</p>",
        Standing::Declined => "<p>The payment was declined. Nothing was taken.</p>",
        Standing::Over => "<p>There is nothing to confirm any more.</p>",
    };
    let order = asked.order;
    write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>Confirm a payment</title>\
         <style>{STYLE}</style></head><body><main><h1>Demo bank</h1>\
         <p>Order {number}: <strong>{currency} {amount}</strong></p>{told}\
         <p><a href=\"/orders/{order}\">Back to the shop</a></p>\
         <p><small>A test: no real money moves.</small></p></main></body></html>"
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
const FORM: &str = "<p>Do you confirm this payment?</p>\
    <form method=\"post\"><button name=\"result\" value=\"complete\">Complete</button></form>\
    <form method=\"post\"><button name=\"result\" value=\"fail\">Fail</button></form>";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f4f2;\
    color:#1b1b1b}main{max-width:24rem;margin:10vh auto;padding:2rem;background:#fff;\
    border-radius:8px}h1{font-size:1.25rem;margin-top:0}form{display:inline-block;\
    margin-right:.5rem}button{font:inherit;padding:.5rem 1.25rem}";

#[cfg(test)]
mod tests;
