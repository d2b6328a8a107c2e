//! Orders as they are shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        checkout::{Waiting, observe::waiting_for},
        ids::{AddressId, LineId, OrderId, PaymentId, ProductId, UserId, VariantId},
        orders::{Awaited, Entry, Order, OrderStatus, ShippingAddress, TimelineKind},
        payments::Payment,
        pricing::QuoteLine,
        time::{Timestamp, Who},
    },
    http::views::{Amount, Id, Time},
    shop::Shop,
};

mod payment;

use payment::{DisputeView, PaymentView, RefundView};

/// Whose eyes an order is shown to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Viewer {
    /// Whoever ordered.
    Customer,
    /// Staff, who see what a bank says of it too.
    Staff,
}

/// How an order is shown: to whom, when, and with which words.
pub(super) struct Showing<'s> {
    pub(super) to: Viewer,
    pub(super) now: Timestamp,
    /// What a customer needs to know to pay by bank.
    pub(super) bank_details: Option<&'s str>,
}

impl<'s> Showing<'s> {
    pub(super) fn of(shop: &'s Shop, to: Viewer) -> Showing<'s> {
        let bank_details = shop.settings.payments.bank_transfer_details.as_deref();
        Showing { to, now: shop.clock.now(), bank_details }
    }
}

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
    payment_method: &'static str,
    payment_id: Option<Id<PaymentId>>,
    payment: Option<PaymentView>,
    refunds: Vec<RefundView>,
    /// Only staff see them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disputes: Vec<DisputeView>,
    /// What the order waits for, as `receipt`; nothing if it has ended.
    waiting_for: Option<&'static str>,
    /// Until when goods are held for an order that is not paid.
    held_until: Option<Time>,
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
    options: BTreeMap<String, String>,
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
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute: Option<&'static str>,
}

impl OrderView {
    /// An order with the payment that belongs to it.
    pub(super) fn of(how: &Showing<'_>, order: &Order, payment: &Payment) -> OrderView {
        let quote = &order.quote;
        let waiting_for = waiting_for(order, payment, how.now);
        let is_held = order.status == OrderStatus::Pending;
        let disputes = match how.to {
            Viewer::Customer => Vec::new(),
            Viewer::Staff => DisputeView::all_of(order),
        };
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
            payment_method: order.method.name(),
            payment_id: order.payment.map(Id),
            payment: order.payment.map(|id| PaymentView::of(how, id, order, payment)),
            refunds: RefundView::all_of(order, payment),
            disputes,
            waiting_for: waiting_for.map(Waiting::name),
            held_until: is_held.then_some(Time(order.hold_until)),
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
            options: line.choice(),
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
            TimelineKind::ChargeDeclined { code } => MoreView { code: code.clone(), ..nothing },
            TimelineKind::ReceiptNoted { reference }
            | TimelineKind::ReceiptReturned { reference } => {
                MoreView { reference: reference.clone(), ..nothing }
            }
            TimelineKind::Placed
            | TimelineKind::PaymentChosen
            | TimelineKind::Authorised
            | TimelineKind::RefundRevived
            | TimelineKind::Delivered
            | TimelineKind::CustomerErased => nothing,
        }
    }
}

/// Why money that came by hand goes back.
pub(in crate::http) const PAID_TWICE: &str = "a card had paid as well";
