//! Orders as they are shown.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        ids::{AddressId, LineId, OrderId, PaymentId, ProductId, UserId, VariantId},
        money::Money,
        orders::{Awaited, Entry, Order, ShippingAddress, TimelineKind},
        payments::{NextAction, PayState, Payment},
        pricing::QuoteLine,
        time::Who,
    },
    http::views::{Amount, Id, Time},
};

/// An order with its payment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    id: Id<OrderId>,
    number: u64,
    user_id: Option<Id<UserId>>,
    status: &'static str,
    items: Vec<OrderItemView>,
    subtotal: Amount,
    tax: Amount,
    shipping_fee: Amount,
    total_price: Amount,
    total_amount: Amount,
    currency: &'static str,
    shipping_address_id: Id<AddressId>,
    shipping_address: Option<ShippingAddressView>,
    payment_id: Option<Id<PaymentId>>,
    payment: Option<PaymentView>,
    cancel_reason: Option<&'static str>,
    tracking_number: Option<String>,
    carrier: Option<String>,
    timeline: Vec<TimelineView>,
    created_at: Time,
    updated_at: Time,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderItemView {
    id: Id<LineId>,
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    sku: String,
    name: String,
    price: Amount,
    quantity: u32,
    subtotal: Amount,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ShippingAddressView {
    full_name: String,
    phone: String,
    street: String,
    city: String,
    state: String,
    country: String,
    postal_code: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PaymentView {
    id: Id<PaymentId>,
    status: &'static str,
    decline_code: Option<String>,
    next_action: Option<NextActionView>,
    amount_captured: Amount,
    amount_refunded: Amount,
}

/// What the customer has to do; an address that begins with a slash is one of this server.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NextActionView {
    #[serde(rename = "type")]
    kind: String,
    url: Option<String>,
    client_secret: Option<String>,
}

/// One thing that happened to an order.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineView {
    at: Time,
    who: &'static str,
    what: &'static str,
    #[serde(flatten)]
    more: MoreView,
}

/// What there is to say about it, each where it fits.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MoreView {
    #[serde(skip_serializing_if = "Option::is_none")]
    awaited: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute: Option<&'static str>,
}

impl OrderView {
    /// An order with the payment that belongs to it.
    pub(super) fn of(order: &Order, payment: &Payment) -> OrderView {
        let quote = &order.quote;
        OrderView {
            id: Id(order.id),
            number: order.number,
            user_id: order.customer.user.map(Id),
            status: order.status.name(),
            items: quote.lines.iter().map(OrderItemView::of).collect(),
            subtotal: Amount(quote.subtotal),
            tax: Amount(quote.tax),
            shipping_fee: Amount(quote.shipping),
            total_price: Amount(quote.total),
            total_amount: Amount(quote.total),
            currency: quote.currency.code(),
            shipping_address_id: Id(order.shipping_address_id),
            shipping_address: (!order.erased)
                .then(|| ShippingAddressView::of(&order.shipping_address)),
            payment_id: order.payment.map(Id),
            payment: order.payment.map(|id| PaymentView::of(id, order, payment)),
            cancel_reason: order.cancel_reason.map(|reason| reason.name()),
            tracking_number: order.tracking_number.clone(),
            carrier: order.carrier.clone(),
            timeline: order.timeline.iter().map(TimelineView::of).collect(),
            created_at: Time(order.placed_at),
            updated_at: Time(order.updated_at),
        }
    }
}

impl OrderItemView {
    fn of(line: &QuoteLine) -> OrderItemView {
        OrderItemView {
            id: Id(line.id),
            product_id: Id(line.product),
            variant_id: Id(line.variant),
            sku: line.sku.clone(),
            name: line.name.clone(),
            price: Amount(line.unit_price),
            quantity: line.quantity.units(),
            subtotal: Amount(line.subtotal),
        }
    }
}

impl ShippingAddressView {
    fn of(address: &ShippingAddress) -> ShippingAddressView {
        let address = address.clone();
        ShippingAddressView {
            full_name: address.full_name,
            phone: address.phone,
            street: address.street,
            city: address.city,
            state: address.state,
            country: address.country,
            postal_code: address.postal_code,
        }
    }
}

impl PaymentView {
    fn of(id: PaymentId, order: &Order, payment: &Payment) -> PaymentView {
        let nothing = Money::zero(order.quote.currency);
        let begun = payment.exists();
        let refunded = payment.refunded().ok().filter(|_| begun);
        let (decline_code, next_action) = match &payment.state {
            PayState::Declined { code, .. } => (Some(code.clone()), None),
            PayState::NeedsAction { next_action } => (None, Some(NextActionView::of(next_action))),
            PayState::Waiting
            | PayState::Attempting
            | PayState::Processing
            | PayState::Authorised
            | PayState::Captured
            | PayState::Voided => (None, None),
        };
        PaymentView {
            id: Id(id),
            status: status_word(&payment.state),
            decline_code,
            next_action,
            amount_captured: Amount(if begun { payment.captured } else { nothing }),
            amount_refunded: Amount(refunded.unwrap_or(nothing)),
        }
    }
}

impl NextActionView {
    fn of(action: &NextAction) -> NextActionView {
        NextActionView {
            kind: action.kind.clone(),
            url: action.url.clone(),
            client_secret: action.client_secret.clone(),
        }
    }
}

impl TimelineView {
    /// A line of an order's timeline; staff are not named.
    pub(super) fn of(entry: &Entry) -> TimelineView {
        let who = match entry.who {
            Who::Customer(_) | Who::Visitor => "customer",
            Who::Staff(_) => "staff",
            Who::Shop => "shop",
        };
        let more = MoreView::of(&entry.what);
        TimelineView { at: Time(entry.at), who, what: entry.what.name(), more }
    }
}

impl MoreView {
    fn of(what: &TimelineKind) -> MoreView {
        let nothing = MoreView::default();
        match what {
            TimelineKind::PaymentAwaited { awaited } => {
                let awaited = match awaited {
                    Awaited::CustomerAction => "customer_action",
                    Awaited::Gateway => "gateway",
                };
                MoreView { awaited: Some(awaited), ..nothing }
            }
            TimelineKind::Disputed { amount, state } => MoreView {
                amount: Some(Amount(*amount)),
                currency: Some(amount.currency().code()),
                dispute: Some(state.name()),
                ..nothing
            },
            TimelineKind::Paid { amount } | TimelineKind::Refunded { amount } => MoreView {
                amount: Some(Amount(*amount)),
                currency: Some(amount.currency().code()),
                ..nothing
            },
            TimelineKind::Cancelled { reason } => {
                MoreView { reason: Some(reason.name()), ..nothing }
            }
            TimelineKind::Shipped { tracking_number, carrier } => MoreView {
                tracking_number: tracking_number.clone(),
                carrier: carrier.clone(),
                ..nothing
            },
            TimelineKind::RefundRefused { code } => {
                MoreView { code: Some(code.clone()), ..nothing }
            }
            TimelineKind::Placed
            | TimelineKind::PaymentChosen
            | TimelineKind::Authorised
            | TimelineKind::Delivered
            | TimelineKind::CustomerErased => nothing,
        }
    }
}

/// A charge without an answer yet is being processed, as far as a client can tell.
fn status_word(state: &PayState) -> &'static str {
    let unanswered = *state == PayState::Attempting;
    if unanswered { PayState::Processing.name() } else { state.name() }
}
