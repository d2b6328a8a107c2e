//! What the pages of an account show.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    domain::{
        ids::SessionId,
        orders::Order,
        pricing::QuoteLine,
        users::{Address, AddressFields, Session},
    },
    http::{
        pages::{FormView, words},
        storefront::order::StatusView,
    },
    shop::Shop,
};

#[derive(Serialize)]
pub(super) struct AccountView {
    pub(super) orders: Vec<OrderRowView>,
    pub(super) has_more: bool,
    pub(super) address: Option<AddressView>,
}

#[derive(Serialize)]
pub(super) struct OrdersView {
    pub(super) orders: Vec<OrderRowView>,
    pub(super) next_path: Option<String>,
}

/// An order in a list.
#[derive(Serialize)]
pub(super) struct OrderRowView {
    pub(super) path: String,
    pub(super) number: u64,
    pub(super) placed_at: String,
    pub(super) total: String,
    pub(super) what: String,
    pub(super) status: StatusView,
}

impl OrderRowView {
    pub(super) fn of(shop: &Shop, order: &Order) -> OrderRowView {
        let names = order.quote.lines.iter().map(QuoteLine::in_words);
        let (shown, more) = (names.clone().take(NAMES_MAX), order.quote.lines.len());
        let mut what = shown.collect::<Vec<_>>().join(", ");
        if more > NAMES_MAX {
            what.push_str(&format!(" and {} more", more - NAMES_MAX));
        }
        OrderRowView {
            path: format!("/orders/{}", order.id),
            number: order.number,
            placed_at: words::day(order.placed_at, &shop.zone),
            total: words::price(order.quote.total),
            what,
            status: StatusView::of(order),
        }
    }
}

#[derive(Serialize)]
pub(super) struct AddressesView {
    pub(super) addresses: Vec<AddressView>,
    pub(super) form: FormView,
}

#[derive(Serialize)]
pub(super) struct AddressView {
    pub(super) id: String,
    pub(super) lines: Vec<String>,
    pub(super) is_default: bool,
    #[serde(skip)]
    pub(super) fields: AddressFields,
}

impl AddressView {
    pub(super) fn of(address: &Address) -> AddressView {
        let fields = address.fields.clone();
        AddressView {
            id: address.id.to_string(),
            lines: vec![
                fields.full_name.clone(),
                fields.street.clone(),
                format!("{} {}", fields.postal_code, fields.city),
                words::listed(&[&fields.state, &fields.country]),
                fields.phone.clone(),
            ],
            is_default: address.is_default,
            fields,
        }
    }

    /// As it stands in the form that changes it.
    pub(super) fn typed(self) -> BTreeMap<String, String> {
        let AddressFields { full_name, phone, street, city, state, country, postal_code } =
            self.fields;
        let is_default = if self.is_default { "true" } else { "" }.to_owned();
        [
            ("address", self.id),
            ("fullName", full_name),
            ("phone", phone),
            ("street", street),
            ("city", city),
            ("state", state),
            ("country", country),
            ("postalCode", postal_code),
            ("isDefault", is_default),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

#[derive(Serialize)]
pub(super) struct ProfileView {
    pub(super) username: String,
    pub(super) email: String,
    pub(super) sessions: Vec<SessionView>,
    pub(super) form: FormView,
    /// Which of the forms was refused.
    pub(super) about: &'static str,
}

#[derive(Serialize)]
pub(super) struct SessionView {
    pub(super) id: String,
    pub(super) device: String,
    pub(super) address: String,
    pub(super) last_used_at: String,
    pub(super) is_current: bool,
}

impl SessionView {
    pub(super) fn of(shop: &Shop, session: &Session, current: SessionId) -> SessionView {
        SessionView {
            id: session.id.to_string(),
            device: words::device(&session.device),
            address: session.address.clone(),
            last_used_at: words::moment(session.last_used_at, &shop.zone),
            is_current: session.id == current,
        }
    }
}

const NAMES_MAX: usize = 3;
