//! Log: what was sent to an endpoint, with each request and what was answered.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        deliveries::{Delivery, ReplyKept},
        ids::{CourierId, DeliveryId, WebhookEndpointId},
        webhook_endpoints::WebhookEndpoint,
    },
    http::{
        access::{Admin, Caller},
        answer::{Answer, Page},
        call::{Call, CallOn, NoBody},
        couriers::{DeliveriesQuery, DeliveryView, page_of},
        idempotency::{Made, RequestKey},
        limits::Class,
        problem::Problem,
        table::{Operation, op},
        views::Time,
    },
    shop::Shop,
    subscribers::webhooks::{Letter, courier_of, replay_courier_of},
};

/// The operations of this page.
pub(super) fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let all = "/v1/webhook-endpoints/{id}/deliveries";
    let one = "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}";
    let resend = "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/resend";
    vec![
        op(Method::GET, all, Reads, "List what was sent to an endpoint", list_deliveries),
        op(Method::GET, one, Reads, "Show a request and its answers", show_delivery),
        op(Method::POST, resend, Writes, "Send an event again", send_again)
            .answers(StatusCode::OK)
            .again(shown_again),
    ]
}

async fn list_deliveries(
    shop: Shop,
    _: Admin,
    call: Call<NoBody, DeliveriesQuery, WebhookEndpointId>,
) -> Answer<Page<DeliveryView>> {
    known(&shop, call.path)?;
    page_of(&shop, courier_of(call.path), &call.query)
}

async fn show_delivery(
    shop: Shop,
    _: Admin,
    call: CallOn<(WebhookEndpointId, DeliveryId)>,
) -> Answer<SentView> {
    let (endpoint, id) = call.path;
    let delivery = sent_to(&shop, endpoint, id)?;
    let letter = shop.webhooks.letter_of(endpoint, &delivery)?;
    Ok(SentView::of(id, &delivery, letter))
}

pub(in crate::http) async fn send_again(
    shop: Shop,
    who: Admin,
    call: CallOn<(WebhookEndpointId, DeliveryId)>,
) -> Answer<DeliveryView> {
    let (endpoint, id) = call.path;
    sent_to(&shop, endpoint, id)?;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let delivery = shop.runner.ask_again(id, intent).await?;
    Ok(DeliveryView::of(id, &delivery))
}

async fn shown_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<DeliveryView> {
    let id = made.id.parse().map_err(|_| Problem::not_found())?;
    let delivery = shop.reader.get::<Delivery>(id)?.state;
    if delivery.exists() { Ok(DeliveryView::of(id, &delivery)) } else { Err(Problem::not_found()) }
}

/// The endpoint with its couriers, if it is there.
fn known(shop: &Shop, id: WebhookEndpointId) -> Answer<Vec<CourierId>> {
    let endpoint = shop.reader.get::<WebhookEndpoint>(id)?.state;
    endpoint.live().ok_or_else(Problem::not_found)?;
    let replays = endpoint.replays.keys().map(|number| replay_courier_of(id, *number));
    Ok(std::iter::once(courier_of(id)).chain(replays).collect())
}

/// A delivery that was made to this endpoint.
fn sent_to(
    shop: &Shop,
    endpoint: WebhookEndpointId,
    id: DeliveryId,
) -> Answer<std::sync::Arc<Delivery>> {
    let couriers = known(shop, endpoint)?;
    let delivery = shop.reader.get::<Delivery>(id)?.state;
    let is_theirs = delivery.exists() && couriers.contains(&delivery.note.courier);
    if is_theirs { Ok(delivery) } else { Err(Problem::not_found()) }
}

/// A delivery with what is sent and what was answered.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SentView {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// The request as it would be sent now: time and signature are those of each attempt.
    request: Option<RequestView>,
    /// The last answers, the newest last. An attempt that was not answered has none.
    answers: Vec<AnswerView>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RequestView {
    url: String,
    headers: BTreeMap<&'static str, String>,
    body: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AnswerView {
    at: Time,
    status: u16,
    duration_ms: u32,
    /// The beginning of it.
    body: String,
}

/// A signature is between the shop and the receiver.
fn veiled((name, value): (&'static str, String)) -> (&'static str, String) {
    let value = if name == "webhook-signature" { "v1,…".to_owned() } else { value };
    (name, value)
}

impl SentView {
    fn of(id: DeliveryId, delivery: &Delivery, letter: Option<Letter>) -> SentView {
        let request = letter.map(|letter| RequestView {
            url: letter.url,
            headers: letter.headers.into_iter().map(veiled).collect(),
            body: letter.body,
        });
        let answer = |ReplyKept { at, reply }: &ReplyKept| AnswerView {
            at: Time(*at),
            status: reply.status,
            duration_ms: reply.millis,
            body: reply.body.clone(),
        };
        let answers = delivery.replies.iter().map(answer).collect();
        SentView { delivery: DeliveryView::of(id, delivery), request, answers }
    }
}
