//! Addresses: the own address book.
//!
//! | Method | Path                                       | Does                       | Who       |
//! |--------|--------------------------------------------|----------------------------|-----------|
//! | POST   | /v1/users-address/createuseraddress        | adds an address            | signed in |
//! | GET    | /v1/users-address/getuseraddresses         | default first, then newest | signed in |
//! | GET    | /v1/users-address/getuseraddressbyid/{id}  | shows one                  | signed in |
//! | PATCH  | /v1/users-address/updateuseraddress/{id}   | changes one                | signed in |
//! | DELETE | /v1/users-address/deleteuseraddress/{id}   | removes one                | signed in |
//!
//! Invariant: somebody else's address is as unknown as a missing one: only the caller's own
//! account is ever looked at.

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::{Caller, Customer},
    answer::{Answer, Cached, Page},
    call::{Call, CallOn},
    etag::ETag,
    fields::{Body, Fields, text, yes_or_no},
    idempotency::{Made, RequestKey},
    limits::Class,
    problem::Problem,
    table::{Operation, op},
    users::{PRIVATE, account},
    views::{Id, MessageView, Time},
};
use crate::{
    actors::addresses::{AddAddress, ChangeAddress, RemoveAddress},
    domain::{
        ids::AddressId,
        users::{Address, AddressFields, Standing, User},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    vec![
        op(
            Method::POST,
            "/v1/users-address/createuseraddress",
            Writes,
            "Add an address",
            createuseraddress,
        )
        .again(shown_again),
        op(
            Method::GET,
            "/v1/users-address/getuseraddresses",
            Reads,
            "List the own addresses",
            getuseraddresses,
        ),
        op(
            Method::GET,
            "/v1/users-address/getuseraddressbyid/{id}",
            Reads,
            "Show an address",
            getuseraddressbyid,
        ),
        op(
            Method::PATCH,
            "/v1/users-address/updateuseraddress/{id}",
            Writes,
            "Change an address",
            updateuseraddress,
        )
        .again(shown_again),
        op(
            Method::DELETE,
            "/v1/users-address/deleteuseraddress/{id}",
            Writes,
            "Remove an address",
            deleteuseraddress,
        ),
    ]
}

async fn createuseraddress(
    shop: Shop,
    who: Customer,
    call: Call<CreateBody>,
) -> Answer<AddressView> {
    let CreateBody { fields, standing } = call.body;
    let address = shop.clock.new_id();
    let add = AddAddress { user: who.user, address, fields, standing };
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    shown(&*shop.desks.users.ask(add, intent).await?, address)
}

async fn getuseraddresses(shop: Shop, who: Customer, _: Call) -> Answer<Page<AddressView>> {
    let user = account(&shop, who.user)?;
    Ok(Page::whole(user.address_book().into_iter().map(AddressView::of).collect()))
}

async fn getuseraddressbyid(
    shop: Shop,
    who: Customer,
    call: CallOn<AddressId>,
) -> Answer<Cached<AddressView>> {
    let user = account(&shop, who.user)?;
    let address = user.addresses.get(&call.path).ok_or_else(Problem::not_found)?;
    let etag = ETag::of_figures(version_of(address), u8::from(address.is_default));
    Ok(Cached { etag, control: PRIVATE, answer: AddressView::of(address) })
}

async fn updateuseraddress(
    shop: Shop,
    who: Customer,
    call: CallOn<AddressId, UpdateBody>,
) -> Answer<AddressView> {
    let (address, user) = (call.path, account(&shop, who.user)?);
    let there = user.addresses.get(&address).ok_or_else(Problem::not_found)?;
    call.from.if_match().check(version_of(there))?;
    let UpdateBody { changes, standing } = call.body;
    let edit = Box::new(|there| changes.over(there));
    let change = ChangeAddress { user: who.user, address, edit, standing };
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    shown(&*shop.desks.users.ask(change, intent).await?, address)
}

async fn deleteuseraddress(
    shop: Shop,
    who: Customer,
    call: CallOn<AddressId>,
) -> Answer<MessageView> {
    let remove = RemoveAddress { user: who.user, address: call.path };
    shop.desks.users.ask(remove, shop.intent(who.as_cause())).await?;
    Ok(MessageView { message: "The address is deleted" })
}

async fn shown_again(shop: Shop, caller: Option<Caller>, made: Made) -> Answer<AddressView> {
    let caller = caller.ok_or_else(Problem::not_found)?;
    let address = made.id.parse().map_err(|_| Problem::not_found())?;
    shown(&*account(&shop, caller.user)?, address)
}

fn shown(user: &User, address: AddressId) -> Answer<AddressView> {
    user.addresses.get(&address).map(AddressView::of).ok_or_else(Problem::not_found)
}

/// The moment it last changed what it says; becoming or ceasing to be the default is none.
fn version_of(address: &Address) -> u64 {
    address.updated_at.millis().cast_unsigned()
}

/// An address as it is written.
pub(super) struct CreateBody {
    pub(super) fields: AddressFields,
    pub(super) standing: Standing,
}

impl CreateBody {
    /// The address of a form, whose country may have no states or regions.
    pub(super) fn typed(fields: &mut Fields<'_>) -> CreateBody {
        CreateBody::with(fields, |fields| {
            fields.or("state", text(0, LINE_LETTERS_MAX), String::new())
        })
    }

    fn with(fields: &mut Fields<'_>, state: fn(&mut Fields<'_>) -> String) -> CreateBody {
        CreateBody {
            fields: AddressFields {
                full_name: line(fields, "fullName"),
                phone: line(fields, "phone"),
                street: line(fields, "street"),
                city: line(fields, "city"),
                state: state(fields),
                country: line(fields, "country"),
                postal_code: line(fields, "postalCode"),
            },
            standing: standing(fields),
        }
    }
}

impl Body for CreateBody {
    fn read(fields: &mut Fields<'_>) -> CreateBody {
        CreateBody::with(fields, |fields| line(fields, "state"))
    }
}

fn line(fields: &mut Fields<'_>, name: &'static str) -> String {
    fields.required(name, text(1, LINE_LETTERS_MAX))
}

struct UpdateBody {
    changes: Changes,
    standing: Standing,
}

struct Changes {
    full_name: Option<String>,
    phone: Option<String>,
    street: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    postal_code: Option<String>,
}

impl Changes {
    /// What the address says with these changes: unnamed lines stay.
    fn over(self, there: AddressFields) -> AddressFields {
        AddressFields {
            full_name: self.full_name.unwrap_or(there.full_name),
            phone: self.phone.unwrap_or(there.phone),
            street: self.street.unwrap_or(there.street),
            city: self.city.unwrap_or(there.city),
            state: self.state.unwrap_or(there.state),
            country: self.country.unwrap_or(there.country),
            postal_code: self.postal_code.unwrap_or(there.postal_code),
        }
    }
}

impl Body for UpdateBody {
    fn read(fields: &mut Fields<'_>) -> UpdateBody {
        let mut line = |name| fields.optional(name, text(1, LINE_LETTERS_MAX));
        UpdateBody {
            changes: Changes {
                full_name: line("fullName"),
                phone: line("phone"),
                street: line("street"),
                city: line("city"),
                state: line("state"),
                country: line("country"),
                postal_code: line("postalCode"),
            },
            standing: standing(fields),
        }
    }
}

/// `isDefault: false` is no wish: some address must be the default, and another one takes over
/// by being made it.
fn standing(fields: &mut Fields<'_>) -> Standing {
    match fields.optional("isDefault", yes_or_no()) {
        Some(true) => Standing::Default,
        Some(false) | None => Standing::Ordinary,
    }
}

/// An entry of the address book.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AddressView {
    id: Id<AddressId>,
    full_name: String,
    phone: String,
    street: String,
    city: String,
    state: String,
    country: String,
    postal_code: String,
    is_default: bool,
    created_at: Time,
    updated_at: Time,
}

impl AddressView {
    fn of(address: &Address) -> AddressView {
        let AddressFields { full_name, phone, street, city, state, country, postal_code } =
            address.fields.clone();
        AddressView {
            id: Id(address.id),
            full_name,
            phone,
            street,
            city,
            state,
            country,
            postal_code,
            is_default: address.is_default,
            created_at: Time(address.created_at),
            updated_at: Time(address.updated_at),
        }
    }
}

/// Code points of each line of an address.
const LINE_LETTERS_MAX: usize = 200;
