//! Users: accounts, as their holders and as admins see them.
//!
//! | Method | Path                      | Does                               | Who             |
//! |--------|---------------------------|------------------------------------|-----------------|
//! | GET    | /v1/users/getusers        | lists accounts, newest first       | admin           |
//! | GET    | /v1/users/getuser/{id}    | shows an account                   | its own, admin  |
//! | PATCH  | /v1/users/updateuser      | changes username or email          | signed in       |
//! | DELETE | /v1/users/deleteuser      | erases whoever asks                | signed in       |
//! | DELETE | /v1/users/deleteuser/{id} | erases somebody                    | admin           |
//! | PATCH  | /v1/users/{id}/role       | gives another role                 | admin           |
//!
//! Invariant: a view of an account holds neither hash nor session nor token.

use std::{borrow::Cow, sync::Arc};

use actix_web::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::{Serialize, Serializer};

use super::{
    access::{Admin, Caller, Customer},
    answer::{Answer, Cached, Page},
    auth::{USERNAME_MAX, USERNAME_MIN},
    call::{Call, CallAsking, CallOn},
    cursor::Paging,
    etag::ETag,
    fields::{self, Body, Fields, choice, email, secret, text},
    idempotency::{Made, RequestKey},
    limits::Class,
    listing::Rows,
    lookup::{self, page_through, spot_in},
    problem::Problem,
    table::{Operation, op},
    views::{Id, MessageView, Time},
};
use crate::{
    actors::{
        Intent,
        orders::EraseCustomer,
        users::{ChangeRole, EraseUser},
    },
    domain::{
        ids::UserId,
        time::Who,
        users::{Role, User, UserRefusal},
    },
    search::{Filed, Lookup},
    shop::Shop,
    store::{Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Credentials, Reads, Writes};
    vec![
        op(Method::GET, "/v1/users/getusers", Reads, "List accounts", getusers),
        op(Method::GET, "/v1/users/getuser/{id}", Reads, "Show an account", getuser),
        // It tries a password.
        op(
            Method::PATCH,
            "/v1/users/updateuser",
            Credentials,
            "Change the own account",
            updateuser,
        )
        .again(shown_again),
        op(Method::DELETE, "/v1/users/deleteuser", Writes, "Erase the own account", deleteuser),
        op(Method::DELETE, "/v1/users/deleteuser/{id}", Writes, "Erase an account", erase_user),
        op(Method::PATCH, "/v1/users/{id}/role", Writes, "Give another role", change_role)
            .again(shown_again),
    ]
}

async fn getusers(shop: Shop, _: Admin, call: CallAsking<UsersQuery>) -> Answer<Page<UserView>> {
    let Page { items, limit, next_cursor } = sought(&shop, call.query).await?;
    Ok(Page { items: items.iter().map(|user| UserView::of(user)).collect(), limit, next_cursor })
}

/// The accounts that are sought.
pub(super) async fn sought(shop: &Shop, query: UsersQuery) -> Answer<Page<Arc<User>>> {
    let UsersQuery { wanted, role, paging } = query;
    if let Some(words) = wanted.filter(|words| !words.trim().is_empty()) {
        lookup::keep_up(shop).await;
        return page_of_found(shop, &words, role, &paging);
    }
    let (list, prefix) = match role {
        Some(Role::Admin) => ("admins", keys::admins()),
        Some(Role::InventoryManager | Role::Customer) | None => ("users", keys::users()),
    };
    Rows::all(list, prefix, Order::Descending).page(
        &shop.reader,
        &shop.cursors,
        &paging,
        |key, _| {
            let user = shop.reader.get::<User>(key.last_id().unwrap_or_default())?.state;
            let is_wanted = user.exists() && role.is_none_or(|role| user.role == role);
            Ok(is_wanted.then_some(user))
        },
    )
}

/// A page of accounts that the register finds, by the beginning of any word.
fn page_of_found(
    shop: &Shop,
    words: &str,
    role: Option<Role>,
    paging: &Paging,
) -> Answer<Page<Arc<User>>> {
    let list = format!("users found by {words:?} {role:?}");
    let after = spot_in(shop.cursors.start(&list, paging)?)?;
    let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
    let (from, to) = (None, None);
    let lookup = Lookup { filed: Filed::Customer, text: words, from, to, after, limit };
    let (items, next) = page_through(shop, lookup, |id: UserId| {
        let user = shop.reader.get::<User>(id)?.state;
        let is_wanted = user.exists() && role.is_none_or(|role| user.role == role);
        Ok(is_wanted.then_some(user))
    })?;
    let next_cursor = next.map(|spot| shop.cursors.seal(&list, &spot.bytes()));
    Ok(Page { items, limit: paging.limit, next_cursor })
}

async fn getuser(shop: Shop, who: Customer, call: CallOn<UserId>) -> Answer<Cached<UserView>> {
    if call.path != who.user && who.role != Role::Admin {
        return Err(Problem::not_found());
    }
    Ok(UserView::cached(&*account(&shop, call.path)?))
}

async fn updateuser(shop: Shop, who: Customer, call: Call<UpdateBody>) -> Answer<UserView> {
    let seen = call.from.if_match().seen(version_of(&*account(&shop, who.user)?))?;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store)).seeing(seen);
    Ok(UserView::of(&*change(&shop, &who, call.body, intent).await?))
}

/// Changes username or email of whoever asks.
pub(super) async fn change(
    shop: &Shop,
    who: &Caller,
    body: UpdateBody,
    intent: Intent,
) -> Answer<Arc<User>> {
    let UpdateBody { username, email, password } = body;
    let now = account(shop, who.user)?;
    let email = match (email.filter(|email| *email != now.email), password) {
        (None, _) => None,
        (Some(email), Some(password)) => Some((email, password)),
        (Some(_), None) => {
            let detail = "must be given to change the email";
            return Err(Problem::invalid_field("/password", "required", detail));
        }
    };
    Ok(shop.accounts.change_profile(who.user, username, email, intent).await?)
}

async fn deleteuser(shop: Shop, who: Customer, _: Call) -> Answer<MessageView> {
    erase(&shop, who.user, who.as_cause()).await
}

pub(super) async fn erase_user(
    shop: Shop,
    who: Admin,
    call: CallOn<UserId>,
) -> Answer<MessageView> {
    erase(&shop, call.path, who.as_cause()).await
}

pub(super) async fn change_role(
    shop: Shop,
    who: Admin,
    call: CallOn<UserId, RoleBody>,
) -> Answer<UserView> {
    let seen = call.from.if_match().seen(version_of(&*account(&shop, call.path)?))?;
    let change = ChangeRole { user: call.path, role: call.body.role };
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store)).seeing(seen);
    Ok(UserView::of(&*shop.desks.users.ask(change, intent).await?))
}

async fn shown_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<UserView> {
    let user = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(UserView::of(&*account(&shop, user)?))
}

/// Takes a person out of their orders, then erases the account. Whatever stops it half-way, it
/// can be asked again: the orders know the person only by the account.
pub(super) async fn erase(shop: &Shop, user: UserId, cause: Who) -> Answer<MessageView> {
    must_leave_an_admin(shop, &*account(shop, user)?)?;
    take_out_of_orders(shop, user, cause).await?;
    shop.desks.users.ask(EraseUser { user }, shop.intent(cause)).await?;
    // An order may have slipped in between; now nobody can sign in to place another.
    if let Err(problem) = take_out_of_orders(shop, user, cause).await {
        let code = problem.code();
        tracing::warn!(user.id = %user, code, "an erased person is still named in an order");
    }
    Ok(MessageView { message: "The account is deleted" })
}

/// Paid orders stand in the way; those still to be paid are given up first, so that none of them
/// is paid later by somebody nobody knows.
async fn take_out_of_orders(shop: &Shop, user: UserId, cause: Who) -> Result<(), Problem> {
    let paid = shop.reader.rows(&keys::open_orders_of(user), None, Order::Ascending, 1)?;
    if !paid.is_empty() {
        return Err(UserRefusal::OpenOrders.into());
    }
    shop.purchases.give_up_pending(user, cause).await?;
    while shop.desks.orders.ask(EraseCustomer { user }, shop.intent(cause)).await? > 0 {}
    Ok(())
}

/// The owner of users decides it for good; asked before, so that orders are not touched in vain.
fn must_leave_an_admin(shop: &Shop, user: &User) -> Result<(), Problem> {
    if user.role != Role::Admin {
        return Ok(());
    }
    let admins = shop.reader.rows(&keys::admins(), None, Order::Ascending, 2)?;
    if admins.len() > 1 { Ok(()) } else { Err(UserRefusal::LastAdmin.into()) }
}

/// `If-Match` names the moment of the account's last change; a sign-in is none.
pub(super) fn version_of(user: &User) -> u64 {
    user.updated_at.millis().cast_unsigned()
}

/// An account that is there.
pub(super) fn account(shop: &Shop, user: UserId) -> Result<Arc<User>, Problem> {
    let user = shop.reader.get::<User>(user)?.state;
    if user.exists() { Ok(user) } else { Err(Problem::not_found()) }
}

pub(super) struct UsersQuery {
    pub(super) wanted: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) paging: Paging,
}

impl Body for UsersQuery {
    fn read(fields: &mut Fields<'_>) -> UsersQuery {
        UsersQuery {
            wanted: fields.optional("q", text(0, WANTED_LETTERS_MAX)).map(|q| q.to_lowercase()),
            role: fields.optional("role", choice(ROLES)),
            paging: Paging::read(fields),
        }
    }
}

/// What is to be changed of an account.
pub(super) struct UpdateBody {
    username: Option<String>,
    email: Option<String>,
    password: Option<SecretString>,
}

impl Body for UpdateBody {
    fn read(fields: &mut Fields<'_>) -> UpdateBody {
        UpdateBody {
            username: fields.optional("username", text(USERNAME_MIN, USERNAME_MAX)),
            email: fields.optional("email", email()),
            password: fields.optional("password", secret(1, fields::PASSWORD_MAX)),
        }
    }
}

pub(super) struct RoleBody {
    role: Role,
}

impl Body for RoleBody {
    fn read(fields: &mut Fields<'_>) -> RoleBody {
        RoleBody { role: fields.required("role", choice(ROLES)) }
    }
}

/// An account, without anything secret.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserView {
    id: Id<UserId>,
    username: String,
    email: String,
    role: RoleName,
    created_at: Time,
    updated_at: Time,
}

impl UserView {
    /// The view of this account.
    pub(super) fn of(user: &User) -> UserView {
        UserView {
            id: Id(user.id),
            username: user.username.clone(),
            email: user.email.clone(),
            role: RoleName(user.role),
            created_at: Time(user.created_at),
            updated_at: Time(user.updated_at),
        }
    }

    /// The same, with its entity tag, for whoever wants to change it.
    pub(super) fn cached(user: &User) -> Cached<UserView> {
        let etag = ETag::of_version(version_of(user));
        Cached { etag, control: PRIVATE, answer: UserView::of(user) }
    }
}

struct RoleName(Role);

impl Serialize for RoleName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name())
    }
}

impl JsonSchema for RoleName {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Role".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = ROLES.iter().map(|(name, _)| *name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// Roles by their names on the wire.
pub(super) const ROLES: &[(&str, Role)] = &[
    ("ADMIN", Role::Admin),
    ("INVENTORY_MANAGER", Role::InventoryManager),
    ("CUSTOMER", Role::Customer),
];
/// What only its owner may keep, and must ask about each time.
pub(super) const PRIVATE: &str = "private, no-cache";
const WANTED_LETTERS_MAX: usize = 100;
