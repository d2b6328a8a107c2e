//! Keys: what lets programs in. The text of a key is shown once, on the page that made it.

use actix_web::http::Method;
use serde::Serialize;
use serde_json::json;

use super::{
    parts::{DoneQuery, MomentView, body_of, framed},
    said::Said,
};
use crate::{
    domain::{
        api_keys::{ApiKey, Scope},
        ids::ApiKeyId,
        users::User,
    },
    http::{
        access::{Admin, Caller},
        answer::Answer,
        api_keys::{made, revoke_key},
        call::{Call, CallAsking, CallOn, NoBody, NoPath, NoQuery, Origin},
        idempotency::Made,
        limits::Class,
        pages::{Filled, FormView, PageAnswer},
        problem::Problem,
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
    store::{Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let all = "/admin/keys";
    vec![
        op(Method::GET, all, Reads, "List API keys to staff", list),
        op(Method::POST, all, Writes, "Make an API key from a form", make)
            .secret()
            .again(made_before),
        op(Method::POST, "/admin/keys/{id}/revoke", Writes, "Revoke an API key", revoke),
    ]
}

async fn list(shop: Shop, who: Admin, call: CallAsking<DoneQuery>) -> Answer<PageAnswer> {
    shown(&shop, *who, &call.from, Said::done(call.query.done)).await
}

async fn make(shop: Shop, who: Admin, call: Call<Filled<Nothing>>) -> Answer<PageAnswer> {
    let (typed, from) = (call.body.typed, call.from.clone());
    let text = |name: &str| typed.get(name).map_or("", |text| text.trim());
    let scopes: Vec<&str> = text("scopes").split(',').filter(|scope| !scope.is_empty()).collect();
    let mut json = json!({ "scopes": scopes });
    if !text("name").is_empty() {
        json["name"] = json!(text("name"));
    }
    if !text("expires").is_empty() {
        json["expiresAt"] = json!(format!("{}T23:59:59Z", text("expires")));
    }
    let key = async {
        let body = body_of(&json).map_err(Problem::invalid)?;
        let call = Call { path: NoPath, query: NoQuery, body, key: call.key, from: call.from };
        made(&shop, who, call).await
    };
    match key.await {
        Ok((secret, _)) => shown(&shop, *who, &from, Said::secret(secret)).await,
        Err(problem) => {
            let said = Said::refused(typed, problem, &[])?.at("expiresAt", "expires");
            shown(&shop, *who, &from, said).await
        }
    }
}

/// The form was sent again: there is one key, whose text was shown once.
async fn made_before(_: Shop, _: Option<Caller>, _: Made) -> Answer<PageAnswer> {
    Ok(PageAnswer::to("/admin/keys?done=made-before"))
}

async fn revoke(
    shop: Shop,
    who: Admin,
    call: CallOn<ApiKeyId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    revoke_key(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to("/admin/keys?done=revoked"))
}

async fn shown(shop: &Shop, who: Caller, from: &Origin, mut said: Said) -> Answer<PageAnswer> {
    let (frame, form) = said.on(framed(shop, who, from, "API keys")?);
    let rows = shop.reader.rows(&keys::api_keys(), None, Order::Descending, KEYS_MAX)?;
    let mut keys = Vec::new();
    for id in rows.iter().filter_map(|(key, _)| key.last_id::<ApiKeyId>()) {
        keys.extend(KeyView::of(shop, &shop.reader.get::<ApiKey>(id)?.state)?);
    }
    let chosen = form.typed.get("scopes").cloned().unwrap_or_default();
    let scopes = Scope::ALL.iter().map(|(name, _)| ScopeView {
        name,
        is_chosen: chosen.split(',').any(|chosen| chosen == *name),
    });
    let view =
        KeysView { keys, scopes: scopes.collect(), secret: said.secret, form, done: said.done };
    frame.show("admin/keys.html", &view)
}

#[derive(Serialize)]
struct KeysView {
    keys: Vec<KeyView>,
    scopes: Vec<ScopeView>,
    secret: Option<String>,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct ScopeView {
    name: &'static str,
    is_chosen: bool,
}

#[derive(Serialize)]
struct KeyView {
    id: String,
    name: String,
    ends_with: String,
    scopes: Vec<&'static str>,
    made_by: String,
    made: MomentView,
    used: Option<MomentView>,
    expires: Option<MomentView>,
}

impl KeyView {
    fn of(shop: &Shop, key: &ApiKey) -> Answer<Option<KeyView>> {
        let Some(made) = key.made.as_ref().filter(|_| key.revoked_at.is_none()) else {
            return Ok(None);
        };
        Ok(Some(KeyView {
            id: made.id.to_string(),
            name: made.name.clone(),
            ends_with: made.ends_with.clone(),
            scopes: made.scopes.iter().map(|scope| scope.name()).collect(),
            made_by: shop.reader.get::<User>(made.made_by)?.state.username.clone(),
            made: MomentView::of(shop, key.created_at),
            used: shop.accounts.key_last_used(made.id, key).map(|at| MomentView::of(shop, at)),
            expires: made.expires_at.map(|at| MomentView::of(shop, at)),
        }))
    }
}

/// Keys that are shown.
const KEYS_MAX: usize = 200;
