//! Orders: placing, paying, cancelling, shipping and refunding, as customer and admin see them.
//!
//! | Method | Path                     | Does                                   | Who           |
//! |--------|--------------------------|----------------------------------------|---------------|
//! | POST   | /v1/orders               | places an order, and pays it if it can | signed in     |
//! | GET    | /v1/orders               | own ones, newest first                 | signed in     |
//! | GET    | /v1/orders/all           | all, by status, time, number or email  | admins        |
//! | GET    | /v1/orders/{id}          | shows one                              | owner, admins |
//! | PATCH  | /v1/orders/{id}/cancel   | cancels: releases or refunds           | owner, admins |
//! | PATCH  | /v1/orders/{id}/status   | receipt, shipping, delivery            | admins        |
//! | POST   | /v1/orders/{id}/payment  | pays again, or goes on with a payment  | owner, admins |
//! | POST   | /v1/orders/{id}/refunds  | gives money back                       | admins        |
//! | POST   | …/refunds/{refundId}/retry  | tries a refused refund again        | admins        |
//! | POST   | …/refunds/{refundId}/payout | notes that it was paid out by hand  | admins        |
//! | GET    | /v1/orders/{id}/timeline | what happened to it                    | owner, admins |
//!
//! Invariant: somebody else's order is as unknown as a missing one, and what became of an order
//! is told by the order itself, so that it is told alike the second time.

pub(super) mod bodies;
pub(super) mod charge;
pub(super) mod listing;
pub(super) mod outcome;
pub(super) mod views;

use actix_web::http::Method;

use self::{
    bodies::{AllQuery, Become, PayBody, PayOutBody, PlaceBody, RefundBody, StatusBody},
    charge::Counter,
    listing::{page_of_all, page_of_own},
    views::{OrderView, Showing, TimelineView, Viewer},
};
use super::{
    access::{Access, Admin, Caller, Customer},
    answer::{Answer, Cached, Page},
    call::{Call, CallAsking, CallOn, Perhaps},
    cursor::Paging,
    etag::ETag,
    idempotency::{Made, RequestKey},
    limits::Class,
    lookup,
    problem::Problem,
    table::{Operation, op},
    users::PRIVATE,
};
use crate::{
    actors::{orders::OrderChange, purchases::Wanted},
    domain::{
        ids::{OrderId, RefundId, ShopId},
        orders::{CancelReason, Order, OrderStatus, RefundWish, agree_on_amount},
        payments::Payment,
        settings,
        time::Who,
    },
    shop::Shop,
    store::{StoreFault, Versioned},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Orders, Reads, Writes};
    let (get, post, patch) = (|| Method::GET, || Method::POST, || Method::PATCH);
    vec![
        op(post(), "/v1/orders", Orders, "Place an order", place).again(placed_again),
        op(get(), "/v1/orders", Reads, "List the own orders", list),
        op(get(), "/v1/orders/all", Reads, "List all orders", list_all),
        op(get(), "/v1/orders/{id}", Reads, "Show an order", show),
        op(patch(), "/v1/orders/{id}/cancel", Writes, "Cancel an order", cancel).again(shown_again),
        op(patch(), "/v1/orders/{id}/status", Writes, "Change an order's status", change_status)
            .again(shown_again),
        op(
            post(),
            "/v1/orders/{id}/payment",
            Orders,
            "Pay an order, or go on with its payment",
            pay,
        )
        .again(paid_again),
        op(post(), "/v1/orders/{id}/refunds", Writes, "Refund an order", refund)
            .again(refunded_again),
        op(
            post(),
            "/v1/orders/{id}/refunds/{refundId}/retry",
            Writes,
            "Try a refused refund again",
            retry_refund,
        )
        .again(refunded_again),
        op(
            post(),
            "/v1/orders/{id}/refunds/{refundId}/payout",
            Writes,
            "Note that a refund was paid out by hand",
            pay_out_refund,
        )
        .again(shown_again),
        op(
            get(),
            "/v1/orders/{id}/timeline",
            Reads,
            "Tell what happened to an order",
            show_timeline,
        ),
    ]
}

async fn place(shop: Shop, who: Customer, call: Call<PlaceBody>) -> Answer<OrderView> {
    let PlaceBody { address, items, charge, method } = call.body;
    let charge = charge.unwrap_or_default();
    let terms = shop.reader.get::<settings::Shop>(ShopId::default())?.state;
    let wanted = Wanted {
        user: who.user,
        address,
        items: items.clone(),
        amount: charge.amount_in(terms.currency)?,
        token: charge.into_token(Counter::of(&shop))?,
        method,
        key: call.key.map(RequestKey::to_store),
    };
    let purchases = shop.purchases.asked_from(call.from.address);
    let driven = purchases.place(wanted).await?;
    outcome::of_placing(&shop, &driven, items.as_deref())
}

async fn list(shop: Shop, who: Customer, call: CallAsking<Paging>) -> Answer<Page<OrderView>> {
    page_of_own(&shop, who.user, &call.query)
}

async fn list_all(shop: Shop, _: Admin, call: CallAsking<AllQuery>) -> Answer<Page<OrderView>> {
    if call.query.q.is_some() {
        lookup::keep_up(&shop).await;
    }
    page_of_all(&shop, &call.query)
}

async fn show(shop: Shop, who: Customer, call: CallOn<OrderId>) -> Answer<Cached<OrderView>> {
    let Versioned { version, state: order } = visible(&shop, &who, call.path)?;
    let payment = payment_of(&shop, &order)?;
    let etag = ETag::of_figures(version, payment.version);
    Ok(Cached {
        etag,
        control: PRIVATE,
        answer: OrderView::of(&Showing::of(&shop, viewer(&who)), &order, &payment.state),
    })
}

pub(super) async fn cancel(shop: Shop, who: Customer, call: CallOn<OrderId>) -> Answer<OrderView> {
    let Versioned { version, state: order } = visible(&shop, &who, call.path)?;
    let seen = call.from.if_match().seen(version)?;
    let reason = match cause(&who, &order) {
        Who::Staff(_) => CancelReason::Staff,
        Who::Customer(_) | Who::Visitor | Who::Shop => CancelReason::Customer,
    };
    let key = call.key.map(RequestKey::to_store);
    let intent = shop.intent(cause(&who, &order)).under(key).seeing(seen);
    shop.purchases.cancel(order.id, reason, intent).await?;
    shown(&shop, viewer(&who), order.id)
}

pub(super) async fn change_status(
    shop: Shop,
    who: Admin,
    call: CallOn<OrderId, StatusBody>,
) -> Answer<OrderView> {
    let Versioned { version, state: order } = known(&shop, call.path)?;
    let seen = call.from.if_match().seen(version)?;
    let StatusBody { to, tracking_number, carrier, reference } = call.body;
    let key = call.key.map(RequestKey::to_store);
    let intent = shop.intent(who.as_cause()).under(key).seeing(seen);
    match to {
        // Whoever was paid by card is paid: there is nothing to receive.
        Become::Paid if order.status == OrderStatus::Paid => {}
        Become::Paid if order.authorised => {
            let driven = shop.purchases.capture(order.id, intent).await?;
            return outcome::of_paying(&shop, Viewer::Staff, &driven);
        }
        Become::Paid => drop(shop.purchases.receive(order.id, reference, intent).await?),
        Become::Shipped => {
            let ship = OrderChange::Ship { tracking_number, carrier };
            shop.purchases.change(order.id, ship, intent).await?;
        }
        Become::Delivered => drop(shop.purchases.deliver(order.id, intent).await?),
        Become::Cancelled => {
            shop.purchases.cancel(order.id, CancelReason::Staff, intent).await?;
        }
    }
    shown(&shop, Viewer::Staff, order.id)
}

async fn pay(
    shop: Shop,
    who: Customer,
    call: CallOn<OrderId, Perhaps<PayBody>>,
) -> Answer<OrderView> {
    let order = visible(&shop, &who, call.path)?.state;
    let charge = call.body.0.and_then(|body| body.charge).unwrap_or_default();
    agree_on_amount(order.quote.total, charge.amount_in(order.quote.currency)?)?;
    let cause = cause(&who, &order);
    let driven = match charge.into_token(Counter::of(&shop))? {
        None => shop.purchases.drive(order.id, cause).await?,
        Some(token) => {
            let intent = shop.intent(cause).under(call.key.map(RequestKey::to_store));
            shop.purchases.asked_from(call.from.address).pay(order.id, token, intent).await?
        }
    };
    outcome::of_paying(&shop, viewer(&who), &driven)
}

pub(super) async fn refund(
    shop: Shop,
    who: Admin,
    call: CallOn<OrderId, Perhaps<RefundBody>>,
) -> Answer<OrderView> {
    let Versioned { version, state: order } = known(&shop, call.path)?;
    let seen = call.from.if_match().seen(version)?;
    let wish = match call.body.0 {
        None => RefundWish::default(),
        Some(body) => body.into_wish(&order)?,
    };
    let refund = shop.clock.new_id();
    let key = call.key.map(RequestKey::to_store);
    let intent = shop.intent(who.as_cause()).under(key).seeing(seen);
    let refunded = shop.purchases.refund(order.id, refund, wish, intent).await?;
    outcome::of_refund(&shop, &refunded, refund)
}

pub(super) async fn retry_refund(
    shop: Shop,
    who: Admin,
    call: CallOn<(OrderId, RefundId)>,
) -> Answer<OrderView> {
    let (order, refund) = (known(&shop, call.path.0)?.state, call.path.1);
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let driven = shop.purchases.retry_refund(order.id, refund, intent).await?;
    outcome::of_refund(&shop, &driven.order, refund)
}

pub(super) async fn pay_out_refund(
    shop: Shop,
    who: Admin,
    call: CallOn<(OrderId, RefundId), Perhaps<PayOutBody>>,
) -> Answer<OrderView> {
    let (order, refund) = (known(&shop, call.path.0)?.state, call.path.1);
    let reference = call.body.0.and_then(|body| body.reference);
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    shop.purchases.pay_out_refund(order.id, refund, reference, intent).await?;
    shown(&shop, Viewer::Staff, order.id)
}

async fn show_timeline(
    shop: Shop,
    who: Customer,
    call: CallOn<OrderId>,
) -> Answer<Page<TimelineView>> {
    let order = visible(&shop, &who, call.path)?.state;
    Ok(Page::whole(order.timeline.iter().map(TimelineView::of).collect()))
}

async fn placed_again(shop: Shop, caller: Option<Caller>, made: Made) -> Answer<OrderView> {
    let driven = shop.purchases.drive(order_made(&made)?, who_asks(caller)).await?;
    outcome::of_placing(&shop, &driven, None)
}

async fn shown_again(shop: Shop, caller: Option<Caller>, made: Made) -> Answer<OrderView> {
    let driven = shop.purchases.drive(order_made(&made)?, who_asks(caller)).await?;
    let to = caller.map_or(Viewer::Customer, |caller| viewer(&caller));
    shown(&shop, to, driven.order.id)
}

async fn paid_again(shop: Shop, caller: Option<Caller>, made: Made) -> Answer<OrderView> {
    let driven = shop.purchases.drive(order_made(&made)?, who_asks(caller)).await?;
    let to = caller.map_or(Viewer::Customer, |caller| viewer(&caller));
    outcome::of_paying(&shop, to, &driven)
}

async fn refunded_again(shop: Shop, caller: Option<Caller>, made: Made) -> Answer<OrderView> {
    let order = shop.purchases.drive(order_made(&made)?, who_asks(caller)).await?.order;
    // Journals of former versions name the order alone.
    let named = made.id.split_once('/').and_then(|(_, refund)| refund.parse().ok());
    let refund = named.or_else(|| order.refunds.keys().next_back().copied());
    outcome::of_refund(&shop, &order, refund.unwrap_or_default())
}

/// The order, if there is one.
pub(super) fn known(shop: &Shop, id: OrderId) -> Result<Versioned<Order>, Problem> {
    let found = shop.reader.get::<Order>(id)?;
    if found.state.exists() { Ok(found) } else { Err(Problem::not_found()) }
}

/// The order, if there is one and the caller may see it: their own, or any for an admin.
pub(super) fn visible(shop: &Shop, who: &Caller, id: OrderId) -> Result<Versioned<Order>, Problem> {
    let found = known(shop, id)?;
    let may_see = is_own(who, &found.state) || Access::Admin.admits(who.role);
    if may_see { Ok(found) } else { Err(Problem::not_found()) }
}

/// What the caller gets to see of an order: staff see more, also of their own.
fn viewer(who: &Caller) -> Viewer {
    if Access::Admin.admits(who.role) { Viewer::Staff } else { Viewer::Customer }
}

fn is_own(who: &Caller, order: &Order) -> bool {
    order.customer.user == Some(who.user)
}

/// Who does something to an order: about their own, staff are customers too.
pub(super) fn cause(who: &Caller, order: &Order) -> Who {
    if is_own(who, order) { Who::Customer(who.user) } else { who.as_cause() }
}

pub(super) fn who_asks(caller: Option<Caller>) -> Who {
    caller.map_or(Who::Shop, |caller| caller.as_cause())
}

pub(super) fn order_made(made: &Made) -> Result<OrderId, Problem> {
    let order = made.id.split('/').next().unwrap_or_default();
    order.parse().map_err(|_| Problem::not_found())
}

/// The order as it is now.
fn shown(shop: &Shop, to: Viewer, id: OrderId) -> Answer<OrderView> {
    let order = known(shop, id)?.state;
    let payment = payment_of(shop, &order)?.state;
    Ok(OrderView::of(&Showing::of(shop, to), &order, &payment))
}

/// The order's payment; one that has not begun is an empty one.
pub(super) fn payment_of(shop: &Shop, order: &Order) -> Result<Versioned<Payment>, StoreFault> {
    shop.reader.get::<Payment>(order.payment.unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests;
