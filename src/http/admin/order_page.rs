//! Order page: one order, and what staff do with it.
//!
//! Whatever is refused is said on the page of the order, which shows then how it stands now.

use actix_web::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    order_view::OrderView,
    parts::{DoneQuery, framed, refusal},
};
use crate::{
    domain::ids::{OrderId, RefundId},
    http::{
        access::{Admin, Caller, Customer},
        answer::Answer,
        call::{CallAsking, CallOn, NoBody, Origin, Perhaps},
        fields::{Body, FieldFault, Fields, whole},
        idempotency::Made,
        limits::Class,
        orders::{
            bodies::{Become, PayOutBody, StatusBody},
            cancel, change_status, known, pay_out_refund, retry_refund,
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
    let done = call.query.done;
    shown(&shop, *who, &call.from, call.path, Said { done, ..Said::default() })
}

async fn set_status(
    shop: Shop,
    who: Admin,
    mut call: CallOn<OrderId, Filled<Seen<StatusBody>>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let filled = std::mem::replace(&mut call.body.read, Err(Vec::new()));
    let Seen { version, body } = match filled {
        Ok(seen) => seen,
        Err(faults) => return faulty(&shop, *who, &from, id, (&call.body, &faults)),
    };
    let done = match body.to {
        Become::Paid => "received",
        Become::Shipped => "shipped",
        Become::Delivered => "delivered",
        Become::Cancelled => "cancelled",
    };
    let typed = std::mem::take(&mut call.body.typed);
    let mut call = call.with(body);
    call.from = call.from.having_seen(version);
    match change_status(shop.clone(), who, call).await {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/orders/{id}?done={done}"))),
        Err(problem) => refused(&shop, *who, &from, id, (typed, problem)),
    }
}

async fn call_off(
    shop: Shop,
    who: Admin,
    call: CallOn<OrderId, Filled<Seen<Nothing>>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let version = call.body.read.as_ref().ok().and_then(|seen| seen.version);
    let mut call = call.with(NoBody);
    call.from = call.from.having_seen(version);
    match cancel(shop.clone(), Customer(*who), call).await {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/orders/{id}?done=cancelled"))),
        Err(problem) => refused(&shop, *who, &from, id, (Default::default(), problem)),
    }
}

async fn retry(
    shop: Shop,
    who: Admin,
    call: CallOn<(OrderId, RefundId), Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path.0, call.from.clone());
    match retry_refund(shop.clone(), who, call.with(NoBody)).await {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/orders/{id}?done=retried"))),
        Err(problem) => refused(&shop, *who, &from, id, (Default::default(), problem)),
    }
}

async fn pay_out(
    shop: Shop,
    who: Admin,
    mut call: CallOn<(OrderId, RefundId), Filled<PayOutBody>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path.0, call.from.clone());
    let body = match std::mem::replace(&mut call.body.read, Err(Vec::new())) {
        Ok(body) => body,
        Err(faults) => return faulty(&shop, *who, &from, id, (&call.body, &faults)),
    };
    match pay_out_refund(shop.clone(), who, call.with(Perhaps(Some(body)))).await {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/orders/{id}?done=paid-out"))),
        Err(problem) => refused(&shop, *who, &from, id, (Default::default(), problem)),
    }
}

/// What was asked is done; the page says how it stands.
pub(super) async fn led_back(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let order: OrderId = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(PageAnswer::to(format!("/admin/orders/{order}")))
}

fn faulty<B>(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: OrderId,
    (filled, faults): (&Filled<B>, &[FieldFault]),
) -> Answer<PageAnswer> {
    let status = StatusCode::BAD_REQUEST;
    let form = FormView::default().with(filled.typed.clone()).faulty(faults);
    shown(shop, who, from, id, Said { done: None, form: Some((form, status)) })
}

fn refused(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: OrderId,
    (typed, problem): (std::collections::BTreeMap<String, String>, Problem),
) -> Answer<PageAnswer> {
    let problem = refusal(problem)?;
    let form = FormView::default().with(typed).refused(&problem, &[]);
    shown(shop, who, from, id, Said { done: None, form: Some((form, problem.status())) })
}

/// What is said at the head of the page.
#[derive(Default)]
struct Said {
    done: Option<&'static str>,
    form: Option<(FormView, StatusCode)>,
}

fn shown(shop: &Shop, who: Caller, from: &Origin, id: OrderId, said: Said) -> Answer<PageAnswer> {
    let order = known(shop, id)?;
    let mut frame = framed(shop, who, from, &format!("Order {}", order.state.number))?;
    let mut form = frame.form();
    if let Some((FormView { typed, errors, refusal, .. }, status)) = said.form {
        form = FormView { typed, errors, refusal, key: form.key };
        frame = frame.answered(status);
    }
    let view = PageView {
        order: OrderView::of(shop, &order.state, order.version)?,
        done: said.done,
        form,
    };
    frame.show("admin/order.html", &view)
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

#[derive(Serialize)]
struct PageView {
    order: OrderView,
    form: FormView,
    done: Option<&'static str>,
}
