//! Refund page: how much goes back for what, and what will happen, before it does.
//!
//! The preview is the very decision that the order would make, asked of the same rule; it is
//! confirmed for the version of the order for which it was shown, and shown again otherwise.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    order_page::led_back,
    parts::{body_of, framed, refusal},
};
use crate::{
    domain::{
        ids::OrderId,
        orders::{Order, OrderEvent, RefundWish, Restock},
    },
    http::{
        access::{Admin, Caller},
        answer::Answer,
        call::{CallOn, Origin, Perhaps},
        fields::FieldFault,
        limits::Class,
        orders::{bodies::RefundBody, known, payment_of, refund},
        pages::{Filled, FormView, PageAnswer, words},
        problem::Problem,
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
    store::Versioned,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let path = "/admin/orders/{id}/refund";
    vec![
        op(Method::GET, path, Class::Reads, "Ask what shall go back", ask),
        op(Method::POST, path, Class::Writes, "Preview a refund, then make it", make)
            .again(led_back),
    ]
}

async fn ask(shop: Shop, who: Admin, call: CallOn<OrderId>) -> Answer<PageAnswer> {
    let order = known(&shop, call.path)?;
    shown(&shop, *who, &call.from, &order, Shown::default())
}

async fn make(
    shop: Shop,
    who: Admin,
    mut call: CallOn<OrderId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let typed = std::mem::take(&mut call.body.typed);
    let is_confirmed = typed.get("step").is_some_and(|step| step == "confirm");
    let mut refused = None;
    if is_confirmed {
        match confirmed(&shop, who, call, &typed).await {
            Ok(done) => return Ok(PageAnswer::to(format!("/admin/orders/{id}?done={done}"))),
            Err(problem) => refused = Some(refusal(problem)?),
        }
    }
    let order = known(&shop, id)?;
    let preview = match refused {
        // What was shown is not what would happen any more: it is shown anew.
        Some(problem) if problem.status() != CHANGED => Err(problem),
        Some(_) | None => {
            let wish = wish_in(&order.state, &typed);
            wish.and_then(|wish| previewed(&shop, &order.state, &wish))
        }
    };
    let form = FormView::default().with(typed);
    let said = match preview {
        Ok(preview) if is_confirmed => {
            let form = FormView { refusal: Some(CHANGED_WORDS.to_owned()), ..form };
            Shown { form, status: CHANGED, preview: Some(preview) }
        }
        Ok(preview) => Shown { form, status: StatusCode::OK, preview: Some(preview) },
        Err(problem) => {
            let problem = refusal(problem)?;
            let form = form.refused(&problem, &[("over_refund", "amount")]);
            Shown { form, status: problem.status(), preview: None }
        }
    };
    shown(&shop, *who, &from, &order, said)
}

/// Makes the refund, if the order is still as it was when the refund was previewed; what was done.
async fn confirmed(
    shop: &Shop,
    who: Admin,
    call: CallOn<OrderId, Filled<Nothing>>,
    typed: &BTreeMap<String, String>,
) -> Answer<&'static str> {
    let order = known(shop, call.path)?.state;
    let body = body_in(&order, typed).map_err(Problem::invalid)?;
    let version = typed.get("version").and_then(|version| version.parse().ok());
    let call = call.with(Perhaps(Some(body))).having_seen(version);
    refund(shop.clone(), who, call).await?;
    Ok(if payment_of(shop, &order)?.state.by_hand { "to-pay-out" } else { "refunded" })
}

fn wish_in(order: &Order, typed: &BTreeMap<String, String>) -> Answer<RefundWish> {
    body_in(order, typed).map_err(Problem::invalid)?.into_wish(order)
}

/// The body of the API that this form stands for.
fn body_in(order: &Order, typed: &BTreeMap<String, String>) -> Result<RefundBody, Vec<FieldFault>> {
    let filled = |name: &str| typed.get(name).map(|text| text.trim()).filter(|t| !t.is_empty());
    let mut json = json!({ "restock": filled("restock").is_some() });
    if let Some(amount) = filled("amount") {
        json["amount"] = json!(words::plain_amount(amount));
    }
    if let Some(reason) = filled("reason") {
        json["reason"] = json!(reason);
    }
    let fields = order.quote.lines.iter().map(|line| (line.id, units_of(&line.id.to_string())));
    let asked = fields.filter_map(|(line, field)| {
        let units = filled(&field).filter(|units| *units != "0")?.to_owned();
        Some((line, field, units))
    });
    let asked: Vec<_> = asked.collect();
    // Whoever says of each line that none of it goes back does not mean everything.
    let mut said = order.quote.lines.iter().map(|line| units_of(&line.id.to_string()));
    let none = said.find(|field| filled(field).is_some());
    if let Some(field) = none.filter(|_| asked.is_empty() && filled("amount").is_none()) {
        let words = "nothing would go back: say how many, or leave all of it empty";
        return Err(vec![FieldFault::new(format!("/{field}"), "nothing_chosen", words)]);
    }
    if !asked.is_empty() {
        let item = |(line, _, units): &(_, String, String)| {
            let units = units.parse::<i64>().map_or_else(|_| json!(units), Value::from);
            json!({ "id": line, "quantity": units })
        };
        json["items"] = asked.iter().map(item).collect();
    }
    body_of(&json).map_err(|faults: Vec<FieldFault>| {
        let named = |fault: FieldFault| {
            let mut parts = fault.pointer.split('/').skip(1);
            let at = match (parts.next(), parts.next().and_then(|at| at.parse::<usize>().ok())) {
                (Some("items"), Some(at)) => asked.get(at).map(|(_, field, _)| field.clone()),
                (Some(_) | None, _) => None,
            };
            let pointer = at.map_or(fault.pointer.clone(), |field| format!("/{field}"));
            FieldFault { pointer, ..fault }
        };
        faults.into_iter().map(named).collect()
    })
}

/// The field of a line's units.
fn units_of(line: &str) -> String {
    format!("units-{line}")
}

/// What the order would decide.
fn previewed(shop: &Shop, order: &Order, wish: &RefundWish) -> Answer<PreviewView> {
    let events = order.decide_refund(shop.clock.new_id(), wish)?;
    let decided = events.into_iter().find_map(|event| {
        let OrderEvent::RefundDecided { amount, lines, restock, .. } = event else { return None };
        Some((amount, lines, restock))
    });
    let (amount, lines, restock) =
        decided.ok_or_else(|| Problem::fault("a refund was decided without a decision"))?;
    let left = order.left_to_refund().and_then(|left| left.minus(amount));
    let named = lines.iter().filter_map(|refunded| {
        let line = order.quote.line(refunded.line)?;
        Some(format!("{} × {}", refunded.units, line.in_words()))
    });
    let by_hand = payment_of(shop, order)?.state.by_hand;
    let shipping = match wish.amount {
        // How much it is was not reckoned from what it is for.
        Some(_) => None,
        None => Some(order.shipping_in(amount, &lines)?).filter(|part| !part.is_zero()),
    };
    Ok(PreviewView {
        amount: words::price(amount),
        lines: named.collect(),
        shipping: shipping.map(words::price),
        restocks: restock == Restock::Yes && !lines.is_empty(),
        left: left.map(words::price).unwrap_or_default(),
        by_hand,
    })
}

struct Shown {
    form: FormView,
    status: StatusCode,
    preview: Option<PreviewView>,
}

impl Default for Shown {
    fn default() -> Shown {
        Shown { form: FormView::default(), status: StatusCode::OK, preview: None }
    }
}

fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    found: &Versioned<Order>,
    said: Shown,
) -> Answer<PageAnswer> {
    let Versioned { version, state: order } = found;
    let title = format!("Refund order {}", order.number);
    let frame = framed(shop, who, from, &title)?.answered(said.status);
    let form = FormView { key: frame.form().key, ..said.form };
    let left = order.units_left();
    let lines = order.quote.lines.iter().map(|line| LineView {
        field: units_of(&line.id.to_string()),
        name: line.in_words(),
        sku: line.sku.clone(),
        price: words::price(line.unit_price),
        units: line.quantity.units(),
        left: left.iter().find(|left| left.line == line.id).map_or(0, |left| left.units),
    });
    let money = order.left_to_refund().unwrap_or(order.captured);
    let view = RefundPageView {
        order: order.id.to_string(),
        version: *version,
        number: order.number,
        lines: lines.collect(),
        left: words::price(money),
        shipping: words::price(order.quote.shipping),
        has_left: !money.is_zero(),
        preview: said.preview,
        form,
    };
    frame.show("admin/refund.html", &view)
}

#[derive(Serialize)]
struct RefundPageView {
    order: String,
    /// Its version, for which the preview holds.
    version: u64,
    number: u64,
    lines: Vec<LineView>,
    left: String,
    shipping: String,
    has_left: bool,
    preview: Option<PreviewView>,
    form: FormView,
}

#[derive(Serialize)]
struct LineView {
    field: String,
    name: String,
    sku: String,
    price: String,
    units: u32,
    left: u32,
}

#[derive(Serialize)]
struct PreviewView {
    amount: String,
    lines: Vec<String>,
    /// How much of it is for shipping, if any is.
    shipping: Option<String>,
    restocks: bool,
    left: String,
    by_hand: bool,
}

/// It is not the order any more for which the preview was made.
const CHANGED: StatusCode = StatusCode::PRECONDITION_FAILED;
const CHANGED_WORDS: &str =
    "the order has changed since; look again at what will happen, nothing was refunded";
