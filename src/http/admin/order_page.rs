//! Order page: one order, and what staff do with it.
//!
//! Whatever is refused is said on the page of the order, which shows then how it stands now.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;

use super::{
    letter_view::RowView as LetterRowView,
    order_view::OrderView,
    parts::{DoneQuery, framed},
    said::Said,
};
use crate::{
    domain::{
        ids::{OrderId, RefundId},
        orders::{Order, OrderStatus},
    },
    http::{
        access::{Admin, Caller, Customer},
        answer::Answer,
        call::{CallAsking, CallOn, NoBody, Origin, Perhaps},
        fields::{Body, Fields, whole},
        idempotency::Made,
        limits::Class,
        mail::letters_about,
        orders::{
            bodies::{Become, PayOutBody, StatusBody},
            cancel, change_status, known, order_made, pay_out_refund, retry_refund,
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
    vec![
        op(get(), "/admin/orders/{id}", Reads, "Show an order to staff", show),
        op(post(), "/admin/orders/{id}/status", Writes, "Change an order's status", set_status)
            .again(led_back),
        op(post(), "/admin/orders/{id}/capture", Writes, "Take what is set aside", take_money)
            .again(led_back),
        op(post(), "/admin/orders/{id}/cancel", Writes, "Cancel an order", call_off)
            .again(led_back),
        op(post(), "/admin/orders/{id}/retry/{refundId}", Writes, "Try a refund again", retry)
            .again(led_back),
        op(
            post(),
            "/admin/orders/{id}/payout/{refundId}",
            Writes,
            "Note a refund as paid out",
            pay_out,
        )
        .again(led_back),
    ]
}

async fn show(shop: Shop, who: Admin, call: CallAsking<DoneQuery, OrderId>) -> Answer<PageAnswer> {
    shown(&shop, *who, &call.from, call.path, Said::done(call.query.done))
}

async fn set_status(
    shop: Shop,
    who: Admin,
    call: CallOn<OrderId, Filled<Seen<StatusBody>>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let (Filled { read, typed }, call) = call.apart();
    let done = async {
        let Seen { version, body } = read.map_err(Problem::invalid)?;
        let done = match body.to {
            Become::Paid => "received",
            Become::Shipped => "shipped",
            Become::Delivered => "delivered",
            Become::Cancelled => "cancelled",
        };
        change_status(shop.clone(), who, call.with(body).having_seen(version)).await?;
        Ok(done)
    };
    let done = done.await;
    ended(&shop, *who, &from, id, (typed, done))
}

/// Takes the money before the goods leave, as the change to PAID does.
async fn take_money(
    shop: Shop,
    who: Admin,
    call: CallOn<OrderId, Filled<Seen<Nothing>>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let version = version_in(&call.body);
    let body =
        StatusBody { to: Become::Paid, tracking_number: None, carrier: None, reference: None };
    let taken = change_status(shop.clone(), who, call.with(body).having_seen(version)).await;
    let done = taken.and_then(|_| {
        // The bank may not have answered yet.
        let is_taken = known(&shop, id)?.state.status == OrderStatus::Paid;
        Ok(if is_taken { "captured" } else { "capturing" })
    });
    ended(&shop, *who, &from, id, (BTreeMap::new(), done))
}

async fn call_off(
    shop: Shop,
    who: Admin,
    call: CallOn<OrderId, Filled<Seen<Nothing>>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let version = version_in(&call.body);
    let call = call.with(NoBody).having_seen(version);
    let done = cancel(shop.clone(), Customer(*who), call).await.map(|_| "cancelled");
    ended(&shop, *who, &from, id, (BTreeMap::new(), done))
}

async fn retry(
    shop: Shop,
    who: Admin,
    call: CallOn<(OrderId, RefundId), Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path.0, call.from.clone());
    let done = retry_refund(shop.clone(), who, call.with(NoBody)).await.map(|_| "retried");
    ended(&shop, *who, &from, id, (BTreeMap::new(), done))
}

async fn pay_out(
    shop: Shop,
    who: Admin,
    call: CallOn<(OrderId, RefundId), Filled<PayOutBody>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path.0, call.from.clone());
    let (Filled { read, typed }, call) = call.apart();
    let done = async {
        let body = read.map_err(Problem::invalid)?;
        pay_out_refund(shop.clone(), who, call.with(Perhaps(Some(body)))).await?;
        Ok("paid-out")
    };
    let done = done.await;
    ended(&shop, *who, &from, id, (typed, done))
}

/// Leads back to the page of the order and says what was done, or shows it with what stands in
/// the way.
fn ended(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: OrderId,
    (typed, done): (BTreeMap<String, String>, Answer<&'static str>),
) -> Answer<PageAnswer> {
    match done {
        Ok(done) => Ok(PageAnswer::to(format!("/admin/orders/{id}?done={done}"))),
        Err(problem) => shown(shop, who, from, id, Said::refused(typed, problem, &[])?),
    }
}

/// What was asked is done; the page says how it stands.
pub(super) async fn led_back(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let order = order_made(&made)?;
    Ok(PageAnswer::to(format!("/admin/orders/{order}")))
}

fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: OrderId,
    mut said: Said,
) -> Answer<PageAnswer> {
    let order = known(shop, id)?;
    let title = format!("Order {}", order.state.number);
    let (frame, form) = said.on(framed(shop, who, from, &title)?);
    let view = PageView {
        letters: letters(shop, &order.state)?,
        order: OrderView::of(shop, &order.state, order.version)?,
        done: said.done,
        form,
    };
    frame.show("admin/order.html", &view)
}

/// The letters about it, the newest first. Of an order that is paid by hand the first one is
/// about its goods: the hold of its first line.
fn letters(shop: &Shop, order: &Order) -> Answer<Vec<LetterRowView>> {
    let mut letters = letters_about(shop, &format!("order/{}", order.id), LETTERS_MAX)?;
    if let Some(line) = order.quote.lines.first() {
        letters.extend(letters_about(shop, &format!("hold/{}", line.id), LETTERS_MAX)?);
    }
    letters.iter().map(|letter| LetterRowView::of(shop, letter)).collect()
}

/// What a form says, and which version of the order it was made for.
pub(super) struct Seen<B> {
    pub(super) version: Option<u64>,
    pub(super) body: B,
}

impl<B: Body> Body for Seen<B> {
    fn read(fields: &mut Fields<'_>) -> Seen<B> {
        let version = fields.optional("version", whole(0, i64::MAX));
        Seen { version: version.map(i64::cast_unsigned), body: B::read(fields) }
    }
}

fn version_in(filled: &Filled<Seen<Nothing>>) -> Option<u64> {
    filled.read.as_ref().ok().and_then(|seen| seen.version)
}

#[derive(Serialize)]
struct PageView {
    order: OrderView,
    letters: Vec<LetterRowView>,
    form: FormView,
    done: Option<&'static str>,
}

/// Letters that are shown.
const LETTERS_MAX: usize = 20;
