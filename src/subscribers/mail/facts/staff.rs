//! Letters to those who run the shop.

use minijinja::{Value, context};

use super::{Clerk, Mailbox, NoDraft, Pen, mailbox_of, misread};
use crate::{
    domain::{
        aggregate::Aggregate,
        catalogue::Product,
        couriers::Courier,
        deliveries::{Delivery, DeliveryEvent},
        inventory::{Ledger, LedgerEvent},
        orders::{Order, OrderEvent},
        payments::DisputeNews,
        webhook_endpoints::{Disabling, EndpointEvent, EndpointTerms, WebhookEndpoint},
    },
    subscribers::happened::Happened,
};

impl Clerk {
    pub(super) fn for_staff(
        &self,
        pen: &Pen,
        reader: &str,
        event: &Happened,
    ) -> Result<(Mailbox, Value), NoDraft> {
        let reader = reader.parse().map_err(|_| NoDraft::Never("nobody has this id"))?;
        let to = self.account(reader)?;
        let facts = match event.kind.as_str() {
            Ledger::KIND => {
                let (variant, happened) = event.read::<Ledger>().ok_or_else(misread)?;
                let ledger = self.reader.get::<Ledger>(variant)?.state;
                let product = self.reader.get::<Product>(ledger.product)?.state;
                stock_facts(pen, &ledger, &product.name, &happened).ok_or_else(misread)?
            }
            Delivery::KIND => {
                let (id, happened) = event.read::<Delivery>().ok_or_else(misread)?;
                let delivery = self.reader.get::<Delivery>(id)?.state;
                let courier = self.reader.get::<Courier>(delivery.note.courier)?.state;
                dead_facts(pen, &delivery, &courier.name, &happened).ok_or_else(misread)?
            }
            WebhookEndpoint::KIND => {
                let (id, happened) = event.read::<WebhookEndpoint>().ok_or_else(misread)?;
                let endpoint = self.reader.get::<WebhookEndpoint>(id)?.state;
                let terms = endpoint.terms.as_ref().ok_or_else(misread)?;
                endpoint_facts(pen, &id.to_string(), terms, &happened).ok_or_else(misread)?
            }
            _ => {
                let order = self.order_of(event)?;
                match event.read::<Order>() {
                    Some((_, OrderEvent::DisputeNoted(news))) => dispute_facts(pen, &order, &news),
                    Some(_) | None => new_order_facts(pen, &order),
                }
            }
        };
        Ok((mailbox_of(&to), context! { name => to.username.as_str(), ..facts }))
    }
}

/// What a letter about a new order tells.
pub fn new_order_facts(pen: &Pen, order: &Order) -> Value {
    let link = pen.staff_order_link(order.id);
    context! { order => pen.order(order), email => order.customer.email.as_str(), link }
}

/// What a letter about a dispute tells.
pub fn dispute_facts(pen: &Pen, order: &Order, news: &DisputeNews) -> Value {
    let known = &news.known;
    context! {
        order => pen.order(order),
        link => pen.staff_order_link(order.id),
        amount => pen.money(known.amount),
        reason => known.reason.replace('_', " "),
        state => known.state.name().replace('_', " "),
        is_open => known.state.is_open(),
        evidence_by => known.evidence_by.map(|by| pen.locale.moment(by)),
    }
}

/// What a letter about low stock tells.
pub fn stock_facts(
    pen: &Pen,
    ledger: &Ledger,
    product: &str,
    happened: &LedgerEvent,
) -> Option<Value> {
    let LedgerEvent::StockRanLow { available, threshold } = happened else { return None };
    Some(context! {
        product,
        sku => ledger.sku.as_str(),
        available => *available,
        threshold => *threshold,
        link => pen.link(&format!("/admin/stock/{}", ledger.variant)),
    })
}

/// What a letter about a dead letter tells.
pub fn dead_facts(
    pen: &Pen,
    delivery: &Delivery,
    courier: &str,
    happened: &DeliveryEvent,
) -> Option<Value> {
    let DeliveryEvent::DeliveryGivenUp { error } = happened else { return None };
    Some(context! {
        courier,
        what => delivery.note.what.split('/').next().unwrap_or_default().replace('_', " "),
        about => delivery.note.about.as_str(),
        error,
        link => pen.link("/admin/system"),
    })
}

/// What a letter about a webhook endpoint that was switched off tells. Of its address only the
/// host: the rest may be what lets one in there.
pub fn endpoint_facts(
    pen: &Pen,
    id: &str,
    terms: &EndpointTerms,
    happened: &EndpointEvent,
) -> Option<Value> {
    let EndpointEvent::EndpointDisabled { why } = happened else { return None };
    let behind_scheme = terms.url.split("://").nth(1).unwrap_or_default();
    Some(context! {
        host => behind_scheme.split(['/', '?', '#']).next().unwrap_or_default(),
        description => terms.description.as_deref().unwrap_or_default(),
        is_gone => *why == Disabling::Gone,
        link => pen.link(&format!("/admin/webhooks/{id}")),
    })
}
