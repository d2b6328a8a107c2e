//! Pen: how one shop writes amounts, dates and links; and an order as letters show it.

use minijinja::{Value, context, value::Serde};
use serde::Serialize;

use super::super::locale::Locale;
use crate::domain::{
    ids::OrderId,
    money::Money,
    orders::{CancelReason, Order, OrderStatus, ShippingAddress},
};

/// How one shop writes.
#[derive(Clone, Debug)]
pub struct Pen {
    /// What the shop is called.
    pub shop: String,
    /// Where customers find it.
    pub url: String,
    /// How amounts and dates are written.
    pub locale: Locale,
}

/// An order as letters show it.
#[derive(Serialize)]
struct OrderFacts {
    number: u64,
    placed_on: String,
    name: String,
    link: String,
    lines: Vec<LineFacts>,
    subtotal: String,
    discounts: Vec<AmountFacts>,
    taxes: Vec<AmountFacts>,
    shipping: Vec<AmountFacts>,
    total: String,
    address: Vec<String>,
    method: &'static str,
    is_paid: bool,
    has_left: bool,
}

#[derive(Serialize)]
struct LineFacts {
    name: String,
    sku: String,
    quantity: u32,
    unit_price: String,
    subtotal: String,
}

#[derive(Serialize)]
struct AmountFacts {
    label: String,
    amount: String,
}

impl Pen {
    /// What every letter may show.
    pub fn everywhere(&self) -> Value {
        context! { shop => context! { name => self.shop.as_str(), url => self.url.as_str() } }
    }

    /// An amount.
    pub fn money(&self, amount: Money) -> String {
        self.locale.money(amount)
    }

    /// An order.
    pub fn order(&self, order: &Order) -> Value {
        let quote = &order.quote;
        let lines = quote.lines.iter().map(|line| LineFacts {
            name: line.in_words(),
            sku: line.sku.clone(),
            quantity: line.quantity.units(),
            unit_price: self.money(line.unit_price),
            subtotal: self.money(line.subtotal),
        });
        let amount = |label: &str, amount| AmountFacts {
            label: label.to_owned(),
            amount: self.money(amount),
        };
        let taxes = quote.tax_lines.iter().map(|tax| {
            let label = format!("{} {}", tax.label, self.locale.share(tax.rate));
            amount(&label, tax.amount)
        });
        Value::from(Serde(OrderFacts {
            number: order.number,
            placed_on: self.locale.day(order.placed_at),
            name: order.shipping_address.full_name.clone(),
            link: self.order_link(order.id),
            lines: lines.collect(),
            subtotal: self.money(quote.subtotal),
            discounts: quote.discounts.iter().map(|it| amount(&it.label, it.amount)).collect(),
            taxes: taxes.collect(),
            shipping: quote.shipping_lines.iter().map(|it| amount(&it.label, it.amount)).collect(),
            total: self.money(quote.total),
            address: address_lines(&order.shipping_address),
            method: order.method.name(),
            is_paid: !order.captured.is_zero(),
            has_left: matches!(order.status, OrderStatus::Shipped | OrderStatus::Delivered),
        }))
    }

    /// Where a customer finds an order.
    pub fn order_link(&self, order: OrderId) -> String {
        format!("{}/orders/{order}", self.url)
    }

    /// Where staff finds an order.
    pub fn staff_order_link(&self, order: OrderId) -> String {
        format!("{}/admin/orders/{order}", self.url)
    }

    /// A page of the shop.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

/// An address as it stands on a parcel.
fn address_lines(address: &ShippingAddress) -> Vec<String> {
    let place = format!("{} {} {}", address.city, address.state, address.postal_code);
    let lines = [&address.full_name, &address.street, &place, &address.country];
    let lines = lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect()
}

/// Why a card was refused, in words for its owner.
pub fn decline_words(code: Option<&str>) -> &'static str {
    match code {
        Some("insufficient_funds") => "there is not enough money on the card",
        Some("expired_card") => "the card has expired",
        Some("incorrect_cvc") => "the security code was not right",
        Some("lost_card" | "stolen_card") => "the card cannot be used any more",
        Some("authentication_required" | "authentication_failed") => {
            "the payment was not confirmed with your bank"
        }
        Some(_) | None => "your bank refused it",
    }
}

/// Why an order was cancelled, in words for its customer.
pub fn cancel_words(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Customer => "as you asked",
        CancelReason::Staff => "by us",
        CancelReason::Expired => "because it was not paid in time",
        CancelReason::OutOfStock => "because something is sold out",
        CancelReason::CartInCheckout => "because the cart was ordered already",
        CancelReason::PaymentDeclined => "because the payment was refused",
    }
}
