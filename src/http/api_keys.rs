//! API keys: what lets programs in.
//!
//! | Method | Path              | Does                                          | Who   |
//! |--------|-------------------|-----------------------------------------------|-------|
//! | POST   | /v1/api-keys      | makes a key and shows its text, this one time | admin |
//! | GET    | /v1/api-keys      | lists the keys that are not revoked           | admin |
//! | DELETE | /v1/api-keys/{id} | revokes a key                                 | admin |
//!
//! No key may do any of this, so that none can make itself a stronger one.

use std::{collections::BTreeSet, sync::Arc};

use actix_web::http::Method;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{
    access::Admin,
    answer::{Answer, Page},
    call::{Call, CallAsking, CallOn},
    cursor::Paging,
    fields::{Body, Fields, choice, list, moment, text},
    idempotency::RequestKey,
    limits::Class,
    listing::Rows,
    problem::Problem,
    table::{Operation, op},
    views::{DeletedView, Id, Time},
};
use crate::{
    accounts::KeyWish,
    actors::api_keys::RevokeApiKey,
    domain::{
        api_keys::{ApiKey, Scope},
        ids::{ApiKeyId, UserId},
        time::Timestamp,
    },
    shop::Shop,
    store::{Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let path = "/v1/api-keys";
    vec![
        op(Method::POST, path, Writes, "Make an API key", make_key).secret(),
        op(Method::GET, path, Reads, "List the API keys", list_keys),
        op(Method::DELETE, "/v1/api-keys/{id}", Writes, "Revoke an API key", revoke_key),
    ]
}

async fn make_key(shop: Shop, who: Admin, call: Call<MakeKeyBody>) -> Answer<NewKeyView> {
    let (secret, key) = made(&shop, who, call).await?;
    let key = KeyView::of(&shop, &key).ok_or_else(Problem::not_found)?;
    Ok(NewKeyView { key, secret })
}

/// Makes a key; its text, which nobody can make again, and what is kept of it.
pub(super) async fn made(
    shop: &Shop,
    who: Admin,
    call: Call<MakeKeyBody>,
) -> Answer<(String, Arc<ApiKey>)> {
    let MakeKeyBody { name, scopes, expires_at } = call.body;
    if expires_at.is_some_and(|expires_at| expires_at <= shop.clock.now()) {
        let detail = "must be in the future";
        return Err(Problem::invalid_field("/expiresAt", "in_the_past", detail));
    }
    let wish = KeyWish { name, scopes, expires_at };
    let request = call.key.map(RequestKey::to_store);
    let (text, key) = shop.accounts.make_key(who.user, wish, request).await?;
    Ok((text.expose_secret().to_owned(), key))
}

async fn list_keys(shop: Shop, _: Admin, call: CallAsking<Paging>) -> Answer<Page<KeyView>> {
    let rows = Rows::all("api keys", keys::api_keys(), Order::Ascending);
    rows.page(&shop.reader, &shop.cursors, &call.query, |key, _| {
        let Some(id) = key.last_id::<ApiKeyId>() else { return Ok(None) };
        Ok(KeyView::of(&shop, &shop.reader.get::<ApiKey>(id)?.state))
    })
}

pub(super) async fn revoke_key(
    shop: Shop,
    who: Admin,
    call: CallOn<ApiKeyId>,
) -> Answer<DeletedView> {
    let revoke = RevokeApiKey { key: call.path };
    shop.desks.api_keys.ask(revoke, shop.intent(who.as_cause())).await?;
    Ok(DeletedView::of(call.path, "API key revoked"))
}

pub(super) struct MakeKeyBody {
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<Timestamp>,
}

impl Body for MakeKeyBody {
    fn read(fields: &mut Fields<'_>) -> MakeKeyBody {
        MakeKeyBody {
            name: fields.required("name", text(1, NAME_LETTERS_MAX)),
            scopes: fields.required("scopes", list(choice(Scope::ALL), 1, Scope::ALL.len())),
            expires_at: fields.optional("expiresAt", moment()),
        }
    }
}

/// A key, without its text.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KeyView {
    id: Id<ApiKeyId>,
    name: String,
    /// What it may be used for.
    scopes: BTreeSet<&'static str>,
    /// The last letters of its text.
    ends_with: String,
    /// The account it acts for.
    made_by: Id<UserId>,
    created_at: Time,
    /// To within an hour.
    last_used_at: Option<Time>,
    expires_at: Option<Time>,
}

/// A key with its text, which is never shown again.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NewKeyView {
    #[serde(flatten)]
    key: KeyView,
    /// What to send as a bearer token.
    secret: String,
}

impl KeyView {
    fn of(shop: &Shop, key: &ApiKey) -> Option<KeyView> {
        let made = key.made.as_ref().filter(|_| key.revoked_at.is_none())?;
        Some(KeyView {
            id: Id(made.id),
            name: made.name.clone(),
            scopes: made.scopes.iter().map(|scope| scope.name()).collect(),
            ends_with: made.ends_with.clone(),
            made_by: Id(made.made_by),
            created_at: Time(key.created_at),
            last_used_at: shop.accounts.key_last_used(made.id, key).map(Time),
            expires_at: made.expires_at.map(Time),
        })
    }
}

const NAME_LETTERS_MAX: usize = 100;
