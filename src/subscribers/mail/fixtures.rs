//! Fixtures: made-up facts for every letter, for previews, test letters and tests.
//!
//! They come from orders and accounts as real ones do, through the same functions, so that a
//! template that can be written from them can be written from any.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::{
    facts::{
        Pen,
        orders::order_facts,
        people::account_facts,
        staff::{dead_facts, dispute_facts, endpoint_facts, new_order_facts, stock_facts},
    },
    locale::Locale,
    templates::Template,
};
use crate::domain::{
    deliveries::{Delivery, DeliveryEvent, Note},
    ids::{Identity, LineId, OrderId, ProductId, RefundId, SessionId, UserId, VariantId},
    inventory::{Ledger, LedgerEvent},
    money::{Currency, Money, Rate},
    orders::{
        CancelReason, CustomerContact, Order, OrderEvent, OrderRefund, OrderRefundState,
        PaymentMethod, RefundedLine, Restock, ShippingAddress,
    },
    payments::{DisputeNews, DisputeState, disputes::Dispute},
    pricing::{PricedItem, Terms, quote},
    quantity::Quantity,
    time::Timestamp,
    users::{PasswordHash, Registration, Role, TokenHash, UserEvent},
    webhook_endpoints::{Disabling, EndpointEvent, EndpointTerms},
};

/// Facts for a letter of this kind: one set a thing that it can say.
pub fn of(template: Template) -> Vec<Value> {
    let pen = Pen {
        shop: "Corner & Co.".to_owned(),
        url: "https://shop.example".to_owned(),
        locale: Locale::of("en", Currency::USD, "UTC"),
    };
    told_by(&pen, template)
}

/// The same, as this shop writes.
pub fn told_by(pen: &Pen, template: Template) -> Vec<Value> {
    let all = order_letters(pen, template)
        .into_iter()
        .chain(account_letters(pen, template))
        .chain(staff_letters(pen, template));
    all.map(|facts| context! { ..facts, ..pen.everywhere() }).collect()
}

fn order_letters(pen: &Pen, template: Template) -> Vec<Value> {
    let refund = RefundId::from_bytes([8; 16]);
    let happened = [
        OrderEvent::OrderPaid { payment: Default::default(), captured: usd(5_413) },
        OrderEvent::ChargeDeclined { attempt: 1, code: Some("insufficient_funds".to_owned()) },
        cancelled(CancelReason::PaymentDeclined),
        cancelled(CancelReason::Expired),
        cancelled(CancelReason::Customer),
        OrderEvent::OrderShipped {
            tracking_number: Some("1Z999AA10123456784".to_owned()),
            carrier: Some("Parcel Post".to_owned()),
        },
        OrderEvent::OrderShipped { tracking_number: None, carrier: None },
        OrderEvent::OrderRefunded {
            refund,
            amount: usd(500),
            lines: vec![RefundedLine { line: line(1), units: 1 }],
            restock: Restock::No,
        },
    ];
    let bank = "Example Bank\nIBAN DE00 0000 0000 0000 0000 00";
    let mut told = Vec::new();
    for order in orders(refund) {
        for happened in &happened {
            told.extend(order_facts(pen, template, &order, Some(happened), Some(bank)));
        }
    }
    told
}

fn account_letters(pen: &Pen, template: Template) -> Vec<Value> {
    let at = Timestamp::from_millis(NOON);
    let password = PasswordHash::default();
    let registered = Registration {
        user: UserId::default(),
        username: "ada".to_owned(),
        email: "ada@example.com".to_owned(),
        phone: None,
        password: password.clone(),
        role: Role::Customer,
    };
    let happened = [
        UserEvent::UserRegistered(registered),
        UserEvent::SessionOpened {
            session: SessionId::default(),
            device: "Mozilla/5.0 (X11; Linux x86_64) <b>Firefox</b>/128.0".to_owned(),
            address: "203.0.113.7".to_owned(),
            expires_at: at,
            unknown_device: true,
        },
        UserEvent::ResetRequested {
            token_hash: TokenHash([0; 32]),
            expires_at: at.plus_minutes(30),
        },
        UserEvent::PasswordReset { password: password.clone() },
        UserEvent::PasswordChanged { password },
        UserEvent::ProfileChanged {
            username: "ada".to_owned(),
            email: "ada@new.example".to_owned(),
            phone: None,
            email_before: Some("ada@example.com".to_owned()),
        },
        UserEvent::UserErased { email_before: Some("ada@example.com".to_owned()) },
    ];
    let facts = |happened| account_facts(pen, template, "ada", happened, at, TOKEN);
    happened.iter().filter_map(facts).collect()
}

fn staff_letters(pen: &Pen, template: Template) -> Vec<Value> {
    let Some(order) = orders(RefundId::default()).into_iter().next() else { return Vec::new() };
    let dispute = |state, evidence_by| DisputeNews {
        dispute: "dp_1".to_owned(),
        known: Dispute {
            amount: usd(5_413),
            reason: "product_not_received".to_owned(),
            state,
            evidence_by,
        },
    };
    let ledger = Ledger { sku: "TEA-JADE".to_owned(), ..Ledger::default() };
    let low = LedgerEvent::StockRanLow { available: 4, threshold: 5 };
    let note = Note {
        what: "order_confirmation/customer".to_owned(),
        about: format!("order/{}", order.id),
        ..Note::default()
    };
    let delivery = Delivery { note, ..Delivery::default() };
    let error = "permanent error (550): 5.1.1 no such user".to_owned();
    let dead = DeliveryEvent::DeliveryGivenUp { error };
    let by = Timestamp::from_millis(NOON).plus_minutes(7 * 24 * 60);
    let open = dispute(DisputeState::NeedsResponse, Some(by));
    let lost = dispute(DisputeState::Lost, None);
    let told = EndpointTerms {
        url: "https://hooks.example/bodega?key=1".to_owned(),
        description: Some("Accounting, \"nightly\"".to_owned()),
        ..EndpointTerms::default()
    };
    let off = |why| {
        let id = UserId::from_bytes([9; 16]).to_string();
        endpoint_facts(pen, &id, &told, &EndpointEvent::EndpointDisabled { why })
    };
    let all = [
        (Template::StaffNewOrder, Some(new_order_facts(pen, &order))),
        (Template::StaffDispute, Some(dispute_facts(pen, &order, &open))),
        (Template::StaffDispute, Some(dispute_facts(pen, &order, &lost))),
        (Template::StaffLowStock, stock_facts(pen, &ledger, "Jade tea, \"loose\"", &low)),
        (Template::StaffDeadLetter, dead_facts(pen, &delivery, "mail", &dead)),
        (Template::StaffWebhookOff, off(Disabling::Gone)),
        (Template::StaffWebhookOff, off(Disabling::Failing)),
    ];
    let facts = all.into_iter().filter(|(of, _)| *of == template).filter_map(|(_, facts)| facts);
    facts.map(|facts| context! { name => "marisol", ..facts }).collect()
}

/// Orders in every way of being paid.
fn orders(refund: RefundId) -> Vec<Order> {
    let paid = order(refund);
    let by_bank = Order { method: PaymentMethod::BankTransfer, captured: usd(0), ..paid.clone() };
    let in_cash = Order { method: PaymentMethod::CashOnDelivery, ..by_bank.clone() };
    let set_aside = Order { method: PaymentMethod::Card, authorised: true, ..by_bank.clone() };
    vec![paid, by_bank, in_cash, set_aside]
}

fn order(refund: RefundId) -> Order {
    let item = |number: u8, name: &str, sku: &str, minor, units| PricedItem {
        product: ProductId::from_bytes([number; 16]),
        variant: VariantId::from_bytes([number; 16]),
        sku: sku.to_owned(),
        name: name.to_owned(),
        options: vec![],
        unit_price: usd(minor),
        quantity: Quantity::new(units).expect("at least one"),
    };
    let items = [
        item(1, "Jade tea <loose> & \"fresh\"", "TEA-JADE", 1_299, 2),
        item(2, "Fig jam, 250 g", "JAM-FIG", 1_507, 1),
    ];
    let terms = Terms {
        currency: Currency::USD,
        tax_rate: Rate::from_parts_per_million(75_000).unwrap_or_default(),
        shipping_flat: usd(1_000),
    };
    let placed = Timestamp::from_millis(NOON);
    let decided = OrderRefund {
        amount: usd(500),
        lines: vec![],
        restock: Restock::No,
        reason: Some("arrived with a dent".to_owned()),
        state: OrderRefundState::Done,
        decided_at: placed,
    };
    Order {
        id: OrderId::from_bytes([7; 16]),
        number: 1_042,
        customer: CustomerContact { user: None, email: "ada@example.com".to_owned() },
        quote: quote(&items, &[line(1), line(2)], &terms).unwrap_or_default(),
        shipping_address: ShippingAddress {
            full_name: "Ada O'Neill <admin>".to_owned(),
            phone: "+1-555-0100".to_owned(),
            street: "1 Main Street".to_owned(),
            city: "Springfield".to_owned(),
            state: "OR".to_owned(),
            country: "US".to_owned(),
            postal_code: "97477".to_owned(),
        },
        method: PaymentMethod::Card,
        captured: usd(5_413),
        placed_at: placed,
        hold_until: placed.plus_minutes(60),
        refunds: BTreeMap::from([(refund, decided)]),
        ..Order::default()
    }
}

fn cancelled(reason: CancelReason) -> OrderEvent {
    let decline_code = Some("expired_card".to_owned());
    OrderEvent::OrderCancelled { reason, decline_code, shortages: vec![] }
}

fn line(number: u8) -> LineId {
    LineId::from_bytes([number; 16])
}

fn usd(minor: i64) -> Money {
    Money::of(minor, Currency::USD).unwrap_or_default()
}

/// Some noon in 2026.
const NOON: i64 = 1_779_969_600_000;
const TOKEN: &str = "an-example-of-a-token";
