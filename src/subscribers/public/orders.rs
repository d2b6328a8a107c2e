//! What the outside is told of orders.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Told;
use crate::{
    domain::{
        ids::{LineId, OrderId, PaymentId, ProductId, RefundId, UserId, VariantId},
        money::Money,
        orders::{Awaited, Order, OrderEvent, OrderStatus, Placed, Receipt, RefundedLine, Restock},
        payments::DisputeNews,
        pricing::QuoteLine,
        time::Timestamp,
    },
    shapes::{Amount, Id, Time},
    store::{Reader, StoreFault},
};

/// What is said of every order, with what this event adds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<M> {
    order_id: Id<OrderId>,
    number: u64,
    user_id: Option<Id<UserId>>,
    total: Amount,
    currency: &'static str,
    #[serde(flatten)]
    more: M,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacedData {
    status: &'static str,
    items: Vec<ItemData>,
    subtotal: Amount,
    tax: Amount,
    shipping_fee: Amount,
    payment_method: &'static str,
    held_until: Time,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemData {
    id: Id<LineId>,
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    sku: String,
    name: String,
    options: BTreeMap<String, String>,
    quantity: u32,
    price: Amount,
    subtotal: Amount,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaidData {
    status: &'static str,
    payment_id: Id<PaymentId>,
    amount_captured: Amount,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorisedData {
    payment_id: Id<PaymentId>,
    held_until: Time,
}

#[derive(Serialize)]
struct AwaitedData {
    awaited: &'static str,
}

#[derive(Serialize)]
struct CodeData<'a> {
    code: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelledData<'a> {
    status: &'static str,
    cancel_reason: &'static str,
    decline_code: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShippedData<'a> {
    status: &'static str,
    tracking_number: Option<&'a str>,
    carrier: Option<&'a str>,
}

#[derive(Serialize)]
struct StatusData {
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettledData {
    amount_captured: Amount,
    amount_refunded: Amount,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundData {
    refund_id: Id<RefundId>,
    amount: Amount,
    items: Vec<RefundedData>,
    restocked: bool,
}

#[derive(Serialize)]
struct RefundedData {
    id: Id<LineId>,
    quantity: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundFailedData<'a> {
    refund_id: Option<Id<RefundId>>,
    amount: Option<Amount>,
    code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DisputeData<'a> {
    state: &'static str,
    amount_disputed: Amount,
    disputed_currency: &'static str,
    reason: &'a str,
    evidence_by: Option<Time>,
}

/// What an event of an order is called, and what is said of it.
pub(super) fn told(
    (id, event): &(OrderId, OrderEvent),
    reader: &Reader,
) -> Result<Option<Told>, StoreFault> {
    if let OrderEvent::OrderPlaced(placed) = event {
        return Ok(Some(Told::customer("order.placed", placed_data(placed))));
    }
    let order = &reader.get::<Order>(*id)?.state;
    Ok(named(*id, event, order))
}

fn named(id: OrderId, event: &OrderEvent, order: &Order) -> Option<Told> {
    let told = match event {
        // What the shop does by itself, and steps that another event tells the end of.
        OrderEvent::OrderPlaced(_)
        | OrderEvent::PaymentChosen { .. }
        | OrderEvent::RefundRevived { .. }
        | OrderEvent::ReturnsEnded
        | OrderEvent::OrderFiled
        | OrderEvent::ReceiptNoted { .. } => return None,
        OrderEvent::PaymentAwaited { awaited } => {
            let awaited = match awaited {
                Awaited::CustomerAction => "customer_action",
                Awaited::Gateway => "gateway",
            };
            customer("order.payment_awaited", id, order, AwaitedData { awaited })
        }
        OrderEvent::ChargeDeclined { code, .. } => {
            customer("order.payment_declined", id, order, CodeData { code: code.as_deref() })
        }
        OrderEvent::OrderAuthorised { payment, hold_until } => {
            let more = AuthorisedData { payment_id: Id(*payment), held_until: Time(*hold_until) };
            customer("order.authorised", id, order, more)
        }
        OrderEvent::OrderPaid { payment, captured } => {
            let amount_captured = Amount(*captured);
            let status = OrderStatus::Paid.name();
            let more = PaidData { status, payment_id: Id(*payment), amount_captured };
            customer("order.paid", id, order, more)
        }
        OrderEvent::OrderCancelled { reason, decline_code, .. } => {
            let more = CancelledData {
                status: OrderStatus::Cancelled.name(),
                cancel_reason: reason.name(),
                decline_code: decline_code.as_deref(),
            };
            customer("order.cancelled", id, order, more)
        }
        OrderEvent::OrderShipped { tracking_number, carrier } => {
            let more = ShippedData {
                status: OrderStatus::Shipped.name(),
                tracking_number: tracking_number.as_deref(),
                carrier: carrier.as_deref(),
            };
            customer("order.shipped", id, order, more)
        }
        OrderEvent::OrderDelivered => {
            let status = OrderStatus::Delivered.name();
            customer("order.delivered", id, order, StatusData { status })
        }
        OrderEvent::OrderSettled { captured, refunded } => {
            let (amount_captured, amount_refunded) = (Amount(*captured), Amount(*refunded));
            customer("order.settled", id, order, SettledData { amount_captured, amount_refunded })
        }
        OrderEvent::RefundDecided { refund, amount, lines, restock, .. } => {
            let more = refund_data(*refund, *amount, lines, *restock);
            customer("order.refund_decided", id, order, more)
        }
        OrderEvent::OrderRefunded { refund, amount, lines, restock } => {
            let more = refund_data(*refund, *amount, lines, *restock);
            customer("order.refunded", id, order, more)
        }
        OrderEvent::ReceiptReturned { .. } => receipt_returned(id, order),
        OrderEvent::RefundRefused { refund, code } => refund_refused(id, order, *refund, code),
        OrderEvent::ReturnFailed { refunded, code } => return_failed(id, order, *refunded, code),
        OrderEvent::DisputeNoted(news) => staff("order.disputed", id, order, dispute_data(news)),
        OrderEvent::CustomerErased => staff("order.customer_erased", id, order, Nothing {}),
    };
    Some(told)
}

fn receipt_returned(id: OrderId, order: &Order) -> Told {
    let more = refund_data(Receipt::refund_of(id), order.quote.total, &[], Restock::No);
    customer("order.refunded", id, order, more)
}

fn refund_refused(id: OrderId, order: &Order, refund: RefundId, code: &str) -> Told {
    let amount = order.refunds.get(&refund).map(|known| Amount(known.amount));
    let more = RefundFailedData { refund_id: Some(Id(refund)), amount, code };
    staff("order.refund_failed", id, order, more)
}

fn return_failed(id: OrderId, order: &Order, refunded: Money, code: &str) -> Told {
    let amount = order.captured.minus(refunded).ok().map(Amount);
    let more = RefundFailedData { refund_id: None, amount, code };
    staff("order.refund_failed", id, order, more)
}

fn customer(name: &'static str, id: OrderId, order: &Order, more: impl Serialize) -> Told {
    Told::customer(name, of_order(id, order, more))
}

fn staff(name: &'static str, id: OrderId, order: &Order, more: impl Serialize) -> Told {
    Told::staff(name, of_order(id, order, more))
}

fn of_order<M>(id: OrderId, order: &Order, more: M) -> Data<M> {
    data(id, order.number, order.customer.user, order.quote.total, more)
}

fn data<M>(id: OrderId, number: u64, user: Option<UserId>, total: Money, more: M) -> Data<M> {
    Data {
        order_id: Id(id),
        number,
        user_id: user.map(Id),
        total: Amount(total),
        currency: total.currency().code(),
        more,
    }
}

fn placed_data(placed: &Placed) -> Data<PlacedData> {
    let quote = &placed.quote;
    let held_until: Timestamp = placed.hold_until;
    let more = PlacedData {
        status: OrderStatus::Pending.name(),
        items: quote.lines.iter().map(item_data).collect(),
        subtotal: Amount(quote.subtotal),
        tax: Amount(quote.tax),
        shipping_fee: Amount(quote.shipping),
        payment_method: placed.method.name(),
        held_until: Time(held_until),
    };
    data(placed.id, placed.number, placed.customer.user, quote.total, more)
}

fn item_data(line: &QuoteLine) -> ItemData {
    ItemData {
        id: Id(line.id),
        product_id: Id(line.product),
        variant_id: Id(line.variant),
        sku: line.sku.clone(),
        name: line.name.clone(),
        options: line.choice(),
        quantity: line.quantity.units(),
        price: Amount(line.unit_price),
        subtotal: Amount(line.subtotal),
    }
}

fn dispute_data(DisputeNews { known, .. }: &DisputeNews) -> DisputeData<'_> {
    DisputeData {
        state: known.state.name(),
        amount_disputed: Amount(known.amount),
        disputed_currency: known.amount.currency().code(),
        reason: &known.reason,
        evidence_by: known.evidence_by.map(Time),
    }
}

fn refund_data(
    refund: RefundId,
    amount: Money,
    lines: &[RefundedLine],
    restock: Restock,
) -> RefundData {
    let items = lines.iter().map(|line| RefundedData { id: Id(line.line), quantity: line.units });
    RefundData {
        refund_id: Id(refund),
        amount: Amount(amount),
        items: items.collect(),
        restocked: restock == Restock::Yes,
    }
}
