//! Public events: what the outside is told, under stable names and in stable shapes.
//!
//! One page from the journal's events to those of [`types::TYPES`]; what is not on it stays in the
//! house. Invariant: an event's name, id and data follow from the journal alone, with facts that
//! never change once they are written (an order's number, whose cart it is): so it is the same
//! for whoever asks, whenever. It holds no address, email or secret, so that forgetting a person
//! needs nothing here. Adding a variant to an event makes the match on it ask what it is called.

mod carts;
mod orders;
mod people;
mod stock;
pub mod types;
mod wares;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    domain::{
        aggregate::Aggregate,
        api_keys::ApiKey,
        carts::Cart,
        catalogue::{Category, Product},
        ids::{CartId, OrderId, ProductId, UserId, VariantId},
        inventory::Ledger,
        orders::Order,
        settings::Shop,
        time::Timestamp,
        users::User,
        webhook_endpoints::WebhookEndpoint,
    },
    shapes::Time,
    store::{Reader, Seq, StoreFault},
};

use super::happened::{EventId, Happened};

/// What a journal event is to the outside.
#[derive(Clone, Debug)]
pub struct PublicEvent {
    /// Its own id: the same wherever and whenever it is told.
    pub id: EventId,
    /// Its name, one of [`types::TYPES`].
    pub name: &'static str,
    /// The position in the journal.
    pub position: Seq,
    /// When it was decided.
    pub occurred_at: Timestamp,
    /// What there is to say about it.
    pub data: Box<RawValue>,
    /// The same for somebody who may not see all of it; none if they may see nothing.
    pub in_brief: Option<Box<RawValue>>,
    /// Whether customers are told of what happens to their own things.
    pub is_for_customers: bool,
}

/// Whose business an event is, besides the staff's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// Whose order or cart it is.
    pub user: Option<UserId>,
    /// Which cart.
    pub cart: Option<CartId>,
    /// Of which product the stock is.
    pub product: Option<ProductId>,
    /// Of which variant of it.
    pub variant: Option<VariantId>,
}

/// Data, as far as a translation has come.
struct Told {
    name: &'static str,
    data: Box<RawValue>,
    in_brief: Option<Box<RawValue>>,
    is_for_customers: bool,
}

impl Told {
    /// For staff only.
    fn staff(name: &'static str, data: impl Serialize) -> Told {
        Told { name, data: written(data), in_brief: None, is_for_customers: false }
    }

    /// Also for whoever's thing it is.
    fn customer(name: &'static str, data: impl Serialize) -> Told {
        Told { is_for_customers: true, ..Told::staff(name, data) }
    }
}

/// The public event that this is, if it is one.
///
/// # Errors
/// The store could not be read, or it holds what this program did not write.
pub fn told(happened: &Happened, reader: &Reader) -> Result<Option<PublicEvent>, StoreFault> {
    let told = match happened.kind.as_str() {
        "order" => orders::told(&read::<Order>(happened)?, reader)?,
        "cart" => carts::told(&read::<Cart>(happened)?, reader)?,
        "ledger" => stock::told(&read::<Ledger>(happened)?, reader)?,
        "product" => wares::product_told(&read::<Product>(happened)?),
        "category" => wares::category_told(&read::<Category>(happened)?),
        "user" => people::user_told(&read::<User>(happened)?),
        "api_key" => people::key_told(&read::<ApiKey>(happened)?),
        "webhook_endpoint" => people::endpoint_told(&read::<WebhookEndpoint>(happened)?),
        "shop" => people::shop_told(&read::<Shop>(happened)?.1),
        _ => None,
    };
    let Some(Told { name, data, in_brief, is_for_customers }) = told else { return Ok(None) };
    Ok(Some(PublicEvent {
        id: happened.id(),
        name,
        position: happened.frame,
        occurred_at: happened.stamp.at,
        data,
        in_brief,
        is_for_customers,
    }))
}

/// Whether anything that happens to this kind may be public.
pub fn is_public(kind: &str) -> bool {
    types::GROUPS.iter().any(|(_, kinds)| kinds.contains(&kind))
}

/// Whose business an event is.
///
/// # Errors
/// The store could not be read.
pub fn concerned(happened: &Happened, reader: &Reader) -> Result<Concerned, StoreFault> {
    let nobody = Concerned::default();
    Ok(match happened.kind.as_str() {
        "order" => {
            let Ok(id) = happened.aggregate.parse::<OrderId>() else { return Ok(nobody) };
            Concerned { user: reader.get::<Order>(id)?.state.customer.user, ..nobody }
        }
        "cart" => {
            let Ok(id) = happened.aggregate.parse::<CartId>() else { return Ok(nobody) };
            let user = reader.get::<Cart>(id)?.state.owner;
            Concerned { user, cart: Some(id), ..nobody }
        }
        "ledger" => {
            let Ok(id) = happened.aggregate.parse::<VariantId>() else { return Ok(nobody) };
            let product = reader.get::<Ledger>(id)?.state.product;
            Concerned { product: Some(product), variant: Some(id), ..nobody }
        }
        _ => nobody,
    })
}

/// What another number of units is told as.
pub const NUMBER_OF_STOCK: &str = "stock.changed";

/// Whether an event only tells of another number of units: whoever just looks at it needs no more
/// than the last of several. It is told as [`NUMBER_OF_STOCK`].
pub fn is_number_of_stock(happened: &Happened) -> bool {
    happened.read::<Ledger>().is_some_and(|(_, event)| stock::is_number(&event))
}

impl PublicEvent {
    /// The whole event as JSON; `data` is [`PublicEvent::data`] or what stands for it.
    pub fn json(&self, data: &RawValue) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written<'a> {
            id: String,
            r#type: &'static str,
            position: Seq,
            occurred_at: Time,
            data: &'a RawValue,
        }
        let written = Written {
            id: self.id.to_string(),
            r#type: self.name,
            position: self.position,
            occurred_at: Time(self.occurred_at),
            data,
        };
        serde_json::to_string(&written).expect("an event is plain data")
    }
}

/// The event as its aggregate writes it.
fn read<A: Aggregate>(happened: &Happened) -> Result<(A::Id, A::Event), StoreFault> {
    happened.read::<A>().ok_or_else(|| StoreFault::Unreadable {
        seq: happened.frame,
        what: format!("{} {} in it", happened.kind, happened.json),
    })
}

fn written(data: impl Serialize) -> Box<RawValue> {
    to_raw_value(&data).expect("data of an event is plain")
}

#[cfg(test)]
mod tests;
