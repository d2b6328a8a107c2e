//! Webhook endpoints: where other programs are told what happens.
//!
//! | Method | Path                                             | Does                          |
//! |--------|--------------------------------------------------|-------------------------------|
//! | POST   | /v1/webhook-endpoints                            | adds one, shows its secret    |
//! | GET    | /v1/webhook-endpoints                            | lists them                    |
//! | GET    | /v1/webhook-endpoints/{id}                       | shows one                     |
//! | PATCH  | /v1/webhook-endpoints/{id}                       | changes one, or switches it   |
//! | DELETE | /v1/webhook-endpoints/{id}                       | removes one                   |
//! | POST   | /v1/webhook-endpoints/{id}/secret                | makes and shows a new secret  |
//! | POST   | /v1/webhook-endpoints/{id}/replay                | sends old events again        |
//! | GET    | /v1/webhook-endpoints/{id}/deliveries            | lists what was sent           |
//! | GET    | /v1/webhook-endpoints/{id}/deliveries/{deliveryId} | shows request and answers   |
//! | POST   | /v1/webhook-endpoints/{id}/deliveries/{deliveryId}/resend | sends it again       |
//!
//! All of it for admins, and for keys with `webhooks:read` or `webhooks:write`.

pub(super) mod log;
pub(super) mod views;

use std::collections::BTreeSet;

use actix_web::http::{Method, StatusCode};
use secrecy::ExposeSecret;

use super::{
    access::{Admin, Caller},
    answer::{Answer, Page},
    call::{Call, CallAsking, CallOn},
    cursor::Paging,
    fields::{Body, Fields, Kind, choice, list, nullable, text, url, whole, yes_or_no},
    idempotency::{Made, RequestKey},
    limits::Class,
    listing::Rows,
    problem::Problem,
    table::{Operation, op},
    views::DeletedView,
};
use crate::{
    domain::{
        ids::WebhookEndpointId,
        webhook_endpoints::{EndpointEdit, EndpointTerms, WebhookEndpoint},
    },
    shop::Shop,
    store::{Order, keys},
    subscribers::{
        public::types::{PATTERNS, Pattern},
        webhooks::WithSecret,
    },
};

use views::{EndpointView, SecretView};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (all, one) = ("/v1/webhook-endpoints", "/v1/webhook-endpoints/{id}");
    let replay = "/v1/webhook-endpoints/{id}/replay";
    let mut operations = vec![
        op(Method::POST, all, Writes, "Add a webhook endpoint", add_endpoint).secret(),
        op(Method::GET, all, Reads, "List the webhook endpoints", list_endpoints),
        op(Method::GET, one, Reads, "Show a webhook endpoint", show_endpoint),
        op(Method::PATCH, one, Writes, "Change a webhook endpoint", change_endpoint)
            .again(shown_again),
        op(Method::DELETE, one, Writes, "Remove a webhook endpoint", remove_endpoint),
        op(
            Method::POST,
            "/v1/webhook-endpoints/{id}/secret",
            Writes,
            "Make a new secret for a webhook endpoint",
            rotate_secret,
        )
        .secret(),
        op(Method::POST, replay, Writes, "Send old events again", replay_events)
            .answers(StatusCode::OK)
            .again(shown_again),
    ];
    operations.extend(log::operations());
    operations
}

pub(super) async fn add_endpoint(
    shop: Shop,
    who: Admin,
    call: Call<EndpointBody>,
) -> Answer<SecretView> {
    let EndpointBody { url, types, description } = call.body;
    must_be_fit(&shop, &url)?;
    let terms = EndpointTerms { url, types: names(types), description };
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let WithSecret { id, endpoint, secret } = shop.webhooks.add(terms, intent).await?;
    SecretView::of(id, &endpoint, secret.expose_secret())
}

async fn list_endpoints(
    shop: Shop,
    _: Admin,
    call: CallAsking<Paging>,
) -> Answer<Page<EndpointView>> {
    let rows = Rows::all("webhook endpoints", keys::webhook_endpoints(), Order::Ascending);
    rows.page(&shop.reader, &shop.cursors, &call.query, |key, _| {
        let Some(id) = key.last_id::<WebhookEndpointId>() else { return Ok(None) };
        let endpoint = shop.reader.get::<WebhookEndpoint>(id)?.state;
        Ok(EndpointView::of(id, &endpoint).ok())
    })
}

async fn show_endpoint(
    shop: Shop,
    _: Admin,
    call: CallOn<WebhookEndpointId>,
) -> Answer<EndpointView> {
    shown(&shop, call.path)
}

pub(super) async fn change_endpoint(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId, EditBody>,
) -> Answer<EndpointView> {
    let EditBody { url, types, description, is_active } = call.body;
    if let Some(url) = &url {
        must_be_fit(&shop, url)?;
    }
    let edit = EndpointEdit { url, types: types.map(names), description, is_active };
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let endpoint = shop.webhooks.change(call.path, edit, intent).await?;
    EndpointView::of(call.path, &endpoint)
}

pub(super) async fn remove_endpoint(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId>,
) -> Answer<DeletedView> {
    shop.webhooks.remove(call.path, shop.intent(who.as_cause())).await?;
    Ok(DeletedView::of(call.path, "webhook endpoint removed"))
}

pub(super) async fn rotate_secret(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId>,
) -> Answer<SecretView> {
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let WithSecret { id, endpoint, secret } = shop.webhooks.rotate(call.path, intent).await?;
    SecretView::of(id, &endpoint, secret.expose_secret())
}

pub(super) async fn replay_events(
    shop: Shop,
    who: Admin,
    call: CallOn<WebhookEndpointId, ReplayBody>,
) -> Answer<EndpointView> {
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let endpoint = shop.webhooks.replay(call.path, call.body.position, intent).await?;
    EndpointView::of(call.path, &endpoint)
}

async fn shown_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<EndpointView> {
    shown(&shop, made.id.parse().map_err(|_| Problem::not_found())?)
}

fn shown(shop: &Shop, id: WebhookEndpointId) -> Answer<EndpointView> {
    EndpointView::of(id, &shop.reader.get::<WebhookEndpoint>(id)?.state)
}

fn must_be_fit(shop: &Shop, url: &str) -> Result<(), Problem> {
    let judged = shop.webhooks.judge(url);
    judged.map_err(|unfit| Problem::invalid_field("/url", unfit.code(), &unfit.to_string()))
}

fn names(types: Vec<Pattern>) -> BTreeSet<String> {
    types.into_iter().map(|pattern| pattern.name().to_owned()).collect()
}

fn types() -> impl Kind<Value = Vec<Pattern>> {
    list(choice(PATTERNS), 1, PATTERNS.len())
}

pub(super) struct EndpointBody {
    url: String,
    types: Vec<Pattern>,
    description: Option<String>,
}

impl Body for EndpointBody {
    fn read(fields: &mut Fields<'_>) -> EndpointBody {
        EndpointBody {
            url: fields.required("url", url(URL_LETTERS_MAX)),
            types: fields.required("types", types()),
            description: fields.optional("description", text(1, DESCRIPTION_LETTERS_MAX)),
        }
    }
}

pub(super) struct EditBody {
    url: Option<String>,
    types: Option<Vec<Pattern>>,
    description: Option<Option<String>>,
    is_active: Option<bool>,
}

impl Body for EditBody {
    fn read(fields: &mut Fields<'_>) -> EditBody {
        let description = nullable(text(1, DESCRIPTION_LETTERS_MAX));
        EditBody {
            url: fields.optional("url", url(URL_LETTERS_MAX)),
            types: fields.optional("types", types()),
            description: fields.optional("description", description),
            is_active: fields.optional("isActive", yes_or_no()),
        }
    }
}

pub(super) struct ReplayBody {
    /// The position of the first event that is sent again.
    position: u64,
}

impl Body for ReplayBody {
    fn read(fields: &mut Fields<'_>) -> ReplayBody {
        let position = fields.required("position", whole::<i64>(1, i64::MAX));
        ReplayBody { position: u64::try_from(position).unwrap_or_default() }
    }
}

const URL_LETTERS_MAX: usize = 2_000;
const DESCRIPTION_LETTERS_MAX: usize = 200;
