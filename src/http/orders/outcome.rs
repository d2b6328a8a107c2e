//! Outcomes: how placing, paying and refunding an order ended, told by the order itself.
//!
//! A purchase that was turned back is a problem that says why and which order it was: 402 when
//! the card was refused, 409 when goods or cart were gone.

use actix_web::http::StatusCode;

use super::{
    payment_of, shown,
    views::{OrderView, Viewer},
};
use crate::{
    actors::{checkout::Driven, purchases::WantedItem},
    domain::{
        carts::CartRefusal,
        ids::{OrderId, RefundId},
        orders::{CancelReason, Order, OrderRefundState, OrderRefusal, OrderStatus, Shortage},
        payments::{PayState, Payment},
        pricing::QuoteLine,
    },
    http::{answer::Answer, fields::FieldFault, problem::Problem},
    shop::Shop,
};

/// How placing ended; `asked` are the items of the body, which a shortage points to.
pub(in crate::http) fn of_placing(
    shop: &Shop,
    driven: &Driven,
    asked: Option<&[WantedItem]>,
) -> Answer<OrderView> {
    let order = &driven.order;
    if let Some(turned_back) = turned_back(order, &payment_of(shop, order)?.state, asked) {
        return Err(turned_back);
    }
    if order.cancel_reason == Some(CancelReason::CartInCheckout) {
        return Err(cart_was_lost(driven.cart_taken_by));
    }
    shown(shop, Viewer::Customer, order.id)
}

/// How paying ended.
pub(in crate::http) fn of_paying(shop: &Shop, to: Viewer, driven: &Driven) -> Answer<OrderView> {
    let (order, payment) = (&driven.order, payment_of(shop, &driven.order)?.state);
    if let Some(turned_back) = turned_back(order, &payment, None) {
        return Err(turned_back);
    }
    let was_declined = matches!(payment.state, PayState::Declined { .. });
    match order.status {
        OrderStatus::Pending if was_declined => Err(declined(order, &payment)),
        OrderStatus::Cancelled => {
            let ended = Problem::from(OrderRefusal::NotPending);
            Err(ended.with("orderId", order.id.to_string()))
        }
        OrderStatus::Pending
        | OrderStatus::Paid
        | OrderStatus::Shipped
        | OrderStatus::Delivered => shown(shop, to, order.id),
    }
}

/// How a refund ended. One that is still on its way shows the order as it is.
pub(super) fn of_refund(shop: &Shop, order: &Order, refund: RefundId) -> Answer<OrderView> {
    match order.refunds.get(&refund).map(|refund| &refund.state) {
        Some(OrderRefundState::Refused { code }) => Err(refund_refused(order, code)),
        Some(OrderRefundState::Decided | OrderRefundState::Done) | None => {
            shown(shop, Viewer::Staff, order.id)
        }
    }
}

/// Why a purchase came to nothing, if its card or its goods were the reason.
pub(super) fn turned_back(
    order: &Order,
    payment: &Payment,
    asked: Option<&[WantedItem]>,
) -> Option<Problem> {
    match order.cancel_reason? {
        CancelReason::PaymentDeclined => Some(declined(order, payment)),
        CancelReason::OutOfStock => Some(out_of_stock(order, asked)),
        CancelReason::CartInCheckout
        | CancelReason::Customer
        | CancelReason::Staff
        | CancelReason::Expired => None,
    }
}

/// 402: the card was refused.
pub(super) fn declined(order: &Order, payment: &Payment) -> Problem {
    let (code, words) = match &payment.state {
        PayState::Declined { code, message } => (Some(code.clone()), message.clone()),
        PayState::Waiting
        | PayState::Attempting
        | PayState::NeedsAction { .. }
        | PayState::Processing
        | PayState::Authorised
        | PayState::Captured
        | PayState::Voided => (order.decline_code.clone(), DECLINED.to_owned()),
    };
    Problem::refusal(StatusCode::PAYMENT_REQUIRED, "payment_declined", words)
        .with("declineCode", code)
        .with("orderId", order.id.to_string())
}

/// 409: something was not there; what there is of it, line by line.
pub(super) fn out_of_stock(order: &Order, asked: Option<&[WantedItem]>) -> Problem {
    let lines = order.quote.lines.iter().enumerate();
    let short: Vec<_> = lines
        .filter_map(|(index, line)| {
            let short = order.shortages.iter().find(|short| short.variant == line.variant)?;
            Some((place_of(line, asked).unwrap_or(index), line, *short))
        })
        .collect();
    let words = match &short[..] {
        [(_, line, Shortage { available, .. })] => {
            format!("only {available} of {} left", line.in_words())
        }
        _ => "some of this is not there in the wanted quantity".to_owned(),
    };
    let problem = Problem::refusal(StatusCode::CONFLICT, "insufficient_stock", words)
        .with("orderId", order.id.to_string())
        .with_errors(short.iter().map(|(place, line, short)| fault(*place, line, *short)));
    match short[..] {
        [(_, _, Shortage { available, .. })] => problem.with("available", available),
        _ => problem,
    }
}

fn fault(place: usize, line: &QuoteLine, short: Shortage) -> FieldFault {
    let pointer = format!("/items/{place}/quantity");
    let detail = format!("only {} left", short.available);
    FieldFault::new(pointer, "insufficient_stock", detail)
        .with("available", short.available)
        .with("requested", line.quantity.units())
        .with("productId", line.product.to_string())
        .with("variantId", line.variant.to_string())
}

/// Where the body asks for this line first; a cart's lines are counted as the order has them.
fn place_of(line: &QuoteLine, asked: Option<&[WantedItem]>) -> Option<usize> {
    asked?.iter().position(|item| {
        item.product == line.product && item.variant.is_none_or(|variant| variant == line.variant)
    })
}

/// 409: the cart went elsewhere between pricing and claiming.
pub(super) fn cart_was_lost(taken_by: Option<OrderId>) -> Problem {
    match taken_by {
        Some(order) => Problem::from(CartRefusal::InCheckout { order }),
        None => Problem::from(CartRefusal::Changed),
    }
}

/// 402: the bank does not take the refund; it counts as not made.
pub(super) fn refund_refused(order: &Order, code: &str) -> Problem {
    Problem::refusal(StatusCode::PAYMENT_REQUIRED, "refund_refused", REFUND_REFUSED)
        .with("declineCode", code)
        .with("orderId", order.id.to_string())
}

/// What is said of a refusal whose own words are gone.
const DECLINED: &str = "the payment was declined";
const REFUND_REFUSED: &str = "the bank refused this refund; nothing has gone back";
