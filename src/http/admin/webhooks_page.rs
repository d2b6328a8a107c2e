//! Webhooks: which programs are told what happens, what was sent to each, and sending it again.
//! The secret of an endpoint is shown once, on the page that made it, and so is each new one.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    about::AboutView,
    parts::{DoneQuery, MomentView, TagView, body_of, framed},
    said::Said,
};
use crate::{
    domain::{
        deliveries::{Delivery, DeliveryState},
        ids::{DeliveryId, WebhookEndpointId},
        webhook_endpoints::WebhookEndpoint,
    },
    http::{
        access::{Admin, Caller},
        answer::Answer,
        call::{Call, CallAsking, CallOn, NoBody, NoPath, NoQuery, Origin},
        idempotency::Made,
        limits::Class,
        pages::{Filled, FormView, PageAnswer},
        problem::Problem,
        storefront::sign_in::Nothing,
        table::{Operation, op},
        webhook_endpoints::{
            add_endpoint, change_endpoint, log::send_again, remove_endpoint, replay_events,
            rotate_secret,
        },
    },
    shop::Shop,
    store::{Order, keys},
    subscribers::{public::types::PATTERNS, webhooks::courier_of},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (get, post) = (|| Method::GET, || Method::POST);
    let (all, one) = ("/admin/webhooks", "/admin/webhooks/{id}");
    vec![
        op(get(), all, Reads, "List webhook endpoints to staff", list),
        op(post(), all, Writes, "Add a webhook endpoint from a form", add)
            .secret()
            .again(made_before),
        op(get(), one, Reads, "Show what was sent to an endpoint", show),
        op(post(), one, Writes, "Change an endpoint from a form", edit),
        op(post(), "/admin/webhooks/{id}/secret", Writes, "Give an endpoint a new secret", rotate)
            .secret()
            .again(made_before),
        op(post(), "/admin/webhooks/{id}/switch", Writes, "Switch an endpoint", switch),
        op(post(), "/admin/webhooks/{id}/remove", Writes, "Remove an endpoint", remove),
        op(post(), "/admin/webhooks/{id}/replay", Writes, "Send old events again", replay),
        op(post(), "/admin/resend/{id}/{deliveryId}", Writes, "Send one again", resend),
    ]
}

async fn list(shop: Shop, who: Admin, call: CallAsking<DoneQuery>) -> Answer<PageAnswer> {
    listed(&shop, *who, &call.from, Said::done(call.query.done))
}

async fn add(shop: Shop, who: Admin, call: Call<Filled<Nothing>>) -> Answer<PageAnswer> {
    let (typed, from) = (call.body.typed, call.from.clone());
    let mut json = terms_in(&typed);
    if let Some(terms) = json.as_object_mut() {
        terms.retain(|_, term| !term.is_null());
    }
    let added = async {
        let body = body_of(&json).map_err(Problem::invalid)?;
        let call = Call { path: NoPath, query: NoQuery, body, key: call.key, from: call.from };
        add_endpoint(shop.clone(), who, call).await
    };
    match added.await {
        Ok(added) => listed(&shop, *who, &from, Said::secret(added.secret)),
        Err(problem) => listed(&shop, *who, &from, Said::refused(typed, problem, &[])?),
    }
}

/// The form was sent again: there is one endpoint, and its secret was shown once.
async fn made_before(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    Ok(PageAnswer::to(format!("/admin/webhooks/{}?done=made-before", made.id)))
}

/// What the form says of an endpoint, as the API takes it.
fn terms_in(typed: &BTreeMap<String, String>) -> Value {
    let text = |name: &str| typed.get(name).map_or("", |text| text.trim());
    let types: Vec<&str> = text("types").split(',').filter(|name| !name.is_empty()).collect();
    let description = Some(text("description")).filter(|text| !text.is_empty());
    json!({ "url": text("url"), "types": types, "description": description })
}

async fn show(
    shop: Shop,
    who: Admin,
    call: CallAsking<DoneQuery, WebhookEndpointId>,
) -> Answer<PageAnswer> {
    shown(&shop, *who, &call.from, call.path, Said::done(call.query.done))
}

async fn edit(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let terms = terms_in(&call.body.typed);
    act(shop, who, call, terms, Act::Change).await
}

async fn rotate(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let rotated = rotate_secret(shop.clone(), who, call.with(NoBody)).await?;
    shown(&shop, *who, &from, id, Said::secret(rotated.secret))
}

async fn switch(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let is_on = call.body.typed.get("act").is_some_and(|act| act == "on");
    act(shop, who, call, json!({ "isActive": is_on }), Act::Change).await
}

async fn replay(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let said = call.body.typed.get("position").map_or("", |text| text.trim());
    let json = match said {
        "" => json!({}),
        said => {
            let number = said.parse::<i64>().map_or_else(|_| json!(said), Value::from);
            json!({ "position": number })
        }
    };
    act(shop, who, call, json, Act::Replay).await
}

#[derive(Clone, Copy)]
enum Act {
    Change,
    Replay,
}

/// Does one thing to an endpoint, as the API does it.
async fn act(
    shop: Shop,
    who: Admin,
    mut call: CallOn<WebhookEndpointId, Filled<Nothing>>,
    json: Value,
    what: Act,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let typed = std::mem::take(&mut call.body.typed);
    let done = match what {
        Act::Change => match body_of(&json) {
            Ok(body) => change_endpoint(shop.clone(), who, call.with(body)).await,
            Err(faults) => Err(Problem::invalid(faults)),
        },
        Act::Replay => match body_of(&json) {
            Ok(body) => replay_events(shop.clone(), who, call.with(body)).await,
            Err(faults) => Err(Problem::invalid(faults)),
        },
    };
    let said = match what {
        Act::Change => "saved",
        Act::Replay => "replayed",
    };
    match done {
        Ok(_) => Ok(PageAnswer::to(format!("/admin/webhooks/{id}?done={said}"))),
        Err(problem) => shown(&shop, *who, &from, id, Said::refused(typed, problem, &[])?),
    }
}

async fn remove(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    remove_endpoint(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to("/admin/webhooks?done=removed"))
}

async fn resend(
    shop: Shop,
    who: Admin,
    call: CallOn<(WebhookEndpointId, DeliveryId), Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let id = call.path.0;
    send_again(shop, who, call.with(NoBody)).await?;
    Ok(PageAnswer::to(format!("/admin/webhooks/{id}?done=resent")))
}

fn listed(shop: &Shop, who: Caller, from: &Origin, mut said: Said) -> Answer<PageAnswer> {
    let (frame, form) = said.on(framed(shop, who, from, "Webhooks")?);
    let rows =
        shop.reader.rows(&keys::webhook_endpoints(), None, Order::Ascending, ENDPOINTS_MAX)?;
    let mut endpoints = Vec::new();
    for id in rows.iter().filter_map(|(key, _)| key.last_id::<WebhookEndpointId>()) {
        let endpoint = shop.reader.get::<WebhookEndpoint>(id)?.state;
        endpoints.extend(EndpointView::of(shop, id, &endpoint));
    }
    let types = TypeView::all(&form.typed.get("types").cloned().unwrap_or_default());
    let view = WebhooksView { endpoints, types, secret: said.secret, form, done: said.done };
    frame.show("admin/webhooks.html", &view)
}

fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: WebhookEndpointId,
    mut said: Said,
) -> Answer<PageAnswer> {
    let endpoint = shop.reader.get::<WebhookEndpoint>(id)?.state;
    let endpoint = EndpointView::of(shop, id, &endpoint).ok_or_else(Problem::not_found)?;
    let (frame, form) = said.on(framed(shop, who, from, "Webhook")?);
    let rows = keys::deliveries_of(courier_of(id));
    let rows = shop.reader.rows(&rows, None, Order::Descending, DELIVERIES_MAX)?;
    let mut deliveries = Vec::new();
    for id in rows.iter().filter_map(|(key, _)| key.last_id::<DeliveryId>()) {
        deliveries.push(SentView::of(shop, id, &shop.reader.get::<Delivery>(id)?.state)?);
    }
    let newest = shop.store().health().seq;
    let types = match form.typed.contains_key("url") {
        true => TypeView::all(&form.typed.get("types").cloned().unwrap_or_default()),
        false => TypeView::all(&endpoint.types.join(",")),
    };
    let (secret, done) = (said.secret, said.done);
    let view = WebhookView { endpoint, types, deliveries, newest, secret, form, done };
    frame.show("admin/webhook.html", &view)
}

#[derive(Serialize)]
struct WebhooksView {
    endpoints: Vec<EndpointView>,
    types: Vec<TypeView>,
    secret: Option<String>,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct WebhookView {
    endpoint: EndpointView,
    types: Vec<TypeView>,
    deliveries: Vec<SentView>,
    /// The newest position of the journal.
    newest: u64,
    secret: Option<String>,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct TypeView {
    name: &'static str,
    is_chosen: bool,
}

impl TypeView {
    /// All of them; those that are named here, with commas between them, are chosen.
    fn all(chosen: &str) -> Vec<TypeView> {
        let is_chosen = |name| chosen.split(',').any(|chosen| chosen == name);
        PATTERNS.iter().map(|(name, _)| TypeView { name, is_chosen: is_chosen(*name) }).collect()
    }
}

#[derive(Serialize)]
struct EndpointView {
    id: String,
    url: String,
    description: String,
    types: Vec<String>,
    is_active: bool,
    state: TagView,
    failing_since: Option<MomentView>,
}

impl EndpointView {
    /// An endpoint that is there.
    fn of(shop: &Shop, id: WebhookEndpointId, endpoint: &WebhookEndpoint) -> Option<EndpointView> {
        let terms = endpoint.live()?;
        let state = match (endpoint.disabled.map(|(why, _)| why.name()), endpoint.failing_since) {
            (Some("staff"), _) => TagView { words: "Switched off", tone: "" },
            (Some("gone"), _) => TagView { words: "It says that it is gone", tone: "bad" },
            (Some(_), _) => TagView { words: "Given up: it failed for days", tone: "bad" },
            (None, Some(_)) => TagView { words: "It does not take anything", tone: "warn" },
            (None, None) => TagView { words: "Told", tone: "good" },
        };
        Some(EndpointView {
            id: id.to_string(),
            url: terms.url.clone(),
            description: terms.description.clone().unwrap_or_default(),
            types: terms.types.iter().cloned().collect(),
            is_active: endpoint.is_active(),
            state,
            failing_since: endpoint.failing_since.map(|since| MomentView::of(shop, since)),
        })
    }
}

#[derive(Serialize)]
struct SentView {
    id: String,
    what: String,
    about: String,
    state: TagView,
    attempts: u32,
    error: String,
    at: MomentView,
}

impl SentView {
    fn of(shop: &Shop, id: DeliveryId, delivery: &Delivery) -> Answer<SentView> {
        let state = match delivery.state {
            DeliveryState::Unknown => TagView { words: "Unknown", tone: "" },
            DeliveryState::Waiting { .. } => TagView { words: "Waits", tone: "warn" },
            DeliveryState::Delivered => TagView { words: "Delivered", tone: "good" },
            DeliveryState::GivenUp => TagView { words: "Given up", tone: "bad" },
        };
        Ok(SentView {
            id: id.to_string(),
            what: delivery.note.what.clone(),
            about: AboutView::of(shop, &delivery.note.about)?.words,
            state,
            attempts: delivery.attempts,
            error: delivery.error.clone().unwrap_or_default(),
            at: MomentView::of(shop, delivery.updated_at),
        })
    }
}

const ENDPOINTS_MAX: usize = 200;
/// The newest deliveries that are shown.
const DELIVERIES_MAX: usize = 50;
