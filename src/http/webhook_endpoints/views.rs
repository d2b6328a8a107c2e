//! Webhook endpoints as they are shown: without their secrets, but once.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        ids::{CourierId, WebhookEndpointId},
        time::Timestamp,
        webhook_endpoints::WebhookEndpoint,
    },
    http::{
        answer::Answer,
        problem::Problem,
        views::{Id, Time},
    },
    subscribers::webhooks::{courier_of, replay_courier_of},
};

/// An endpoint.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct EndpointView {
    id: Id<WebhookEndpointId>,
    url: String,
    /// Types of events, groups of them as `order.*`, or `*`.
    types: BTreeSet<String>,
    description: Option<String>,
    is_active: bool,
    /// Why nothing is sent, if so: `staff`, `gone` (it answered 410) or `failing` (for days).
    disabled_because: Option<&'static str>,
    disabled_at: Option<Time>,
    /// Since when nothing was taken; null if the last delivery was.
    failing_since: Option<Time>,
    /// Until when letters are signed with the secret before the last one too.
    previous_secret_until: Option<Time>,
    /// Who delivers to it; see `/v1/couriers`.
    courier_id: Id<CourierId>,
    /// The last times old events were sent again.
    replays: Vec<ReplayView>,
    created_at: Time,
    updated_at: Time,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReplayView {
    number: u32,
    /// The first position of the journal, and the last.
    from: u64,
    until: u64,
    asked_at: Time,
    has_ended: bool,
    courier_id: Id<CourierId>,
}

/// An endpoint with a secret that is never shown again.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct SecretView {
    #[serde(flatten)]
    endpoint: EndpointView,
    /// What its letters are signed with.
    pub(in crate::http) secret: String,
}

impl EndpointView {
    /// An endpoint that is there.
    pub fn of(id: WebhookEndpointId, endpoint: &WebhookEndpoint) -> Answer<EndpointView> {
        let terms = endpoint.live().ok_or_else(Problem::not_found)?;
        let (because, since) = endpoint.disabled.unzip();
        let view =
            |(number, replay): (&u32, &crate::domain::webhook_endpoints::Replay)| ReplayView {
                number: *number,
                from: replay.from,
                until: replay.until,
                asked_at: Time(replay.asked_at),
                has_ended: replay.ended,
                courier_id: Id(replay_courier_of(id, *number)),
            };
        let time = |moment: Option<Timestamp>| moment.map(Time);
        Ok(EndpointView {
            id: Id(id),
            url: terms.url.clone(),
            types: terms.types.clone(),
            description: terms.description.clone(),
            is_active: endpoint.is_active(),
            disabled_because: because.map(|why| why.name()),
            disabled_at: time(since),
            failing_since: time(endpoint.failing_since),
            previous_secret_until: time(endpoint.previous_until),
            courier_id: Id(courier_of(id)),
            replays: endpoint.replays.iter().map(view).collect(),
            created_at: Time(endpoint.created_at),
            updated_at: Time(endpoint.updated_at),
        })
    }
}

impl SecretView {
    /// An endpoint with its newest secret.
    pub fn of(
        id: WebhookEndpointId,
        endpoint: &WebhookEndpoint,
        secret: &str,
    ) -> Answer<SecretView> {
        let endpoint = EndpointView::of(id, endpoint)?;
        Ok(SecretView { endpoint, secret: secret.to_owned() })
    }
}
