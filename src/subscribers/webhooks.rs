//! Webhooks: tells other programs what happened, each by a courier of its own (Standard Webhooks
//! 1.0).
//!
//! Invariants: a letter is signed with a secret that is never kept; its id is the event's, the
//! same each time it is sent. One endpoint waits for no other. A replay is one more courier, from
//! a position to a position, so that a crash loses nothing of it either.

mod courier;
mod signing;

use std::sync::Arc;

use secrecy::SecretString;

use super::{
    courier::Courier as _,
    happened::Happened,
    public::{self, PublicEvent},
    runner::Runner,
};
use crate::{
    actors::{
        Desk, Intent, Rejection,
        couriers::Direction,
        webhook_endpoints::{
            AddEndpoint, AskReplay, ChangeEndpoint, EndReplay, RemoveEndpoint, RotateSecret,
            WebhookEndpoints,
        },
    },
    clock::Clock,
    domain::{
        couriers::Courier,
        deliveries::Delivery,
        ids::{CourierId, Identity, WebhookEndpointId, bytes_of_name},
        time::{Stamp, Who},
        webhook_endpoints::{ENDPOINTS_MAX, EndpointEdit, EndpointTerms, Replay, WebhookEndpoint},
    },
    gateways::webhooks::{LetterPost, UnfitUrl},
    store::{Order, Reader, Seq, Store, StoreFault, keys},
};

pub use crate::gateways::webhooks::Letter;
use courier::{Span, WebhookCourier};
pub use signing::SigningSecret;

/// Those who are told by webhook. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    runner: Runner,
    desk: Desk<WebhookEndpoints>,
    store: Store,
    reader: Reader,
    clock: Clock,
    post: LetterPost,
    secret: SigningSecret,
}

/// An endpoint with a secret that is shown this one time.
pub struct WithSecret {
    /// Which.
    pub id: WebhookEndpointId,
    /// The endpoint.
    pub endpoint: Arc<WebhookEndpoint>,
    /// What its letters are signed with, as `whsec_…`.
    pub secret: SecretString,
}

impl Webhooks {
    /// Nobody is told yet.
    pub fn new(
        runner: Runner,
        desk: Desk<WebhookEndpoints>,
        store: Store,
        clock: Clock,
        post: LetterPost,
        secret: SigningSecret,
    ) -> Webhooks {
        let reader = store.reader();
        Webhooks { inner: Arc::new(Inner { runner, desk, store, reader, clock, post, secret }) }
    }

    /// Sends out a courier to each endpoint, and to each replay that has not ended; one whose
    /// endpoint is gone is called home for good. Safe to repeat.
    ///
    /// # Errors
    /// Busy, or the store could not be read.
    pub async fn send_out_all(&self) -> Result<(), Rejection> {
        let inner = &self.inner;
        for id in self.listed()? {
            let endpoint = inner.reader.get::<WebhookEndpoint>(id)?.state;
            self.send_out(id, None).await?;
            for (number, replay) in endpoint.replays.iter().filter(|(_, replay)| !replay.ended) {
                self.send_out(id, Some((*number, *replay))).await?;
            }
        }
        let couriers =
            inner.reader.rows(&keys::couriers(), None, Order::Ascending, COURIERS_MAX)?;
        for id in couriers.iter().filter_map(|(key, _)| key.last_id::<CourierId>()) {
            let name = inner.reader.get::<Courier>(id)?.state.name.clone();
            let Some(endpoint) = endpoint_told_by(&name) else { continue };
            if inner.reader.get::<WebhookEndpoint>(endpoint)?.state.live().is_none() {
                inner.runner.direct(id, Direction::Close, Who::Shop).await?;
            }
        }
        Ok(())
    }

    /// Whether an endpoint may be there.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, url: &str) -> Result<(), UnfitUrl> {
        self.inner.post.judge(url)
    }

    /// Adds an endpoint, which is told what happens from now on; its secret is in the answer and
    /// nowhere else.
    ///
    /// # Errors
    /// Nothing to tell, too many endpoints, busy.
    pub async fn add(&self, terms: EndpointTerms, intent: Intent) -> Result<WithSecret, Rejection> {
        let inner = &self.inner;
        let id: WebhookEndpointId = inner.clock.new_id();
        // First the courier: it stands at the place in the journal from which on it tells, and
        // goes nowhere before there is an endpoint.
        self.send_out(id, None).await?;
        match inner.desk.ask(AddEndpoint { endpoint: id, terms }, intent).await {
            Ok(endpoint) => {
                inner.runner.look_again();
                Ok(WithSecret { id, secret: inner.secret.text(id, endpoint.generation), endpoint })
            }
            Err(refused) => {
                inner.runner.direct(courier_of(id), Direction::Close, Who::Shop).await?;
                Err(refused)
            }
        }
    }

    /// Changes an endpoint. What happened while it was switched off is told when it is on again.
    ///
    /// # Errors
    /// No such endpoint, nothing to tell, busy.
    pub async fn change(
        &self,
        id: WebhookEndpointId,
        edit: EndpointEdit,
        intent: Intent,
    ) -> Result<Arc<WebhookEndpoint>, Rejection> {
        let changed = self.inner.desk.ask(ChangeEndpoint { endpoint: id, edit }, intent).await?;
        self.inner.runner.look_again();
        Ok(changed)
    }

    /// Gives an endpoint another secret; the one before counts for a day more.
    ///
    /// # Errors
    /// No such endpoint, busy.
    pub async fn rotate(
        &self,
        id: WebhookEndpointId,
        intent: Intent,
    ) -> Result<WithSecret, Rejection> {
        let endpoint = self.inner.desk.ask(RotateSecret { endpoint: id }, intent).await?;
        let secret = self.inner.secret.text(id, endpoint.generation);
        Ok(WithSecret { id, endpoint, secret })
    }

    /// Takes an endpoint away: nothing more is sent there.
    ///
    /// # Errors
    /// No such endpoint, busy.
    pub async fn remove(&self, id: WebhookEndpointId, intent: Intent) -> Result<(), Rejection> {
        let inner = &self.inner;
        let gone = inner.desk.ask(RemoveEndpoint { endpoint: id }, intent).await?;
        let replays = gone.replays.iter().filter(|(_, replay)| !replay.ended);
        let couriers = replays.map(|(number, _)| replay_courier_of(id, *number));
        for courier in std::iter::once(courier_of(id)).chain(couriers) {
            inner.runner.direct(courier, Direction::Close, Who::Shop).await?;
        }
        Ok(())
    }

    /// Sends everything again to an endpoint that happened from this position on until now.
    ///
    /// # Errors
    /// No such endpoint, nothing there, too many replays, busy.
    pub async fn replay(
        &self,
        id: WebhookEndpointId,
        from: Seq,
        intent: Intent,
    ) -> Result<Arc<WebhookEndpoint>, Rejection> {
        let inner = &self.inner;
        let until = inner.store.health().seq;
        let asked = AskReplay { endpoint: id, from, until };
        let endpoint = inner.desk.ask(asked, intent).await?;
        if let Some((number, replay)) = endpoint.replays.last_key_value() {
            self.send_out(id, Some((*number, *replay))).await?;
        }
        Ok(endpoint)
    }

    /// Ends replays that have sent everything; to be asked now and then.
    ///
    /// # Errors
    /// Busy, or the store could not be read.
    pub async fn tend(&self) -> Result<(), Rejection> {
        let inner = &self.inner;
        for id in self.listed()? {
            let endpoint = inner.reader.get::<WebhookEndpoint>(id)?.state;
            for (number, replay) in &endpoint.replays {
                let courier = replay_courier_of(id, *number);
                if replay.ended || !self.has_sent_all(courier, replay)? {
                    continue;
                }
                inner.runner.direct(courier, Direction::Close, Who::Shop).await?;
                let end = EndReplay { endpoint: id, number: *number };
                inner.desk.ask(end, self.intent()).await?;
            }
        }
        Ok(())
    }

    /// The letter of a delivery as it would be sent now; none for what is no webhook's.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn letter_of(
        &self,
        id: WebhookEndpointId,
        delivery: &Delivery,
    ) -> Result<Option<Letter>, StoreFault> {
        let inner = &self.inner;
        let endpoint = inner.reader.get::<WebhookEndpoint>(id)?.state;
        let event = inner.event_of(delivery)?;
        Ok(event.and_then(|event| inner.letter(id, &endpoint, &event)))
    }

    /// The endpoints that are there.
    ///
    /// # Errors
    /// The store could not be read.
    fn listed(&self) -> Result<Vec<WebhookEndpointId>, StoreFault> {
        let list = keys::webhook_endpoints();
        let rows = self.inner.reader.rows(&list, None, Order::Ascending, ENDPOINTS_MAX)?;
        Ok(rows.iter().filter_map(|(key, _)| key.last_id()).collect())
    }

    async fn send_out(
        &self,
        id: WebhookEndpointId,
        replay: Option<(u32, Replay)>,
    ) -> Result<(), Rejection> {
        let inner = &self.inner;
        let (span, from) = match replay {
            None => (None, inner.store.health().seq),
            Some((number, Replay { from, until, .. })) => {
                (Some(Span { number, from, until }), from.saturating_sub(1))
            }
        };
        let courier = WebhookCourier::new(Arc::clone(inner), id, span);
        if inner.reader.get::<Courier>(courier.id())?.state.closed {
            return Ok(());
        }
        inner.runner.send_out_from(Arc::new(courier), from).await
    }

    fn has_sent_all(&self, courier: CourierId, replay: &Replay) -> Result<bool, StoreFault> {
        let waiting = keys::waiting_deliveries(courier);
        let reader = &self.inner.reader;
        let is_waiting = !reader.rows(&waiting, None, Order::Ascending, 1)?.is_empty();
        let standing = self.inner.runner.standing(courier).unwrap_or_default();
        let is_through = standing.read >= replay.until && standing.behind_since.is_none();
        Ok(is_through && !is_waiting)
    }

    fn intent(&self) -> Intent {
        Intent::of(Stamp { at: self.inner.clock.now(), who: Who::Shop })
    }
}

impl Inner {
    /// The letter that tells an endpoint of an event.
    fn letter(
        &self,
        id: WebhookEndpointId,
        endpoint: &WebhookEndpoint,
        event: &PublicEvent,
    ) -> Option<Letter> {
        let terms = endpoint.live()?;
        let now = self.clock.now();
        let (name, body) = (event.id.to_string(), event.json(&event.data));
        let seconds = now.millis().div_euclid(1000);
        let signed = |generation| self.secret.signature(id, generation, &name, seconds, &body);
        let signatures: Vec<String> = endpoint.generations(now).into_iter().map(signed).collect();
        Some(Letter {
            url: terms.url.clone(),
            trace: name.replace('-', ""),
            headers: vec![
                ("webhook-id", name),
                ("webhook-timestamp", seconds.to_string()),
                ("webhook-signature", signatures.join(" ")),
            ],
            body,
        })
    }

    /// The public event a delivery is about.
    fn event_of(&self, delivery: &Delivery) -> Result<Option<PublicEvent>, StoreFault> {
        let note = &delivery.note;
        let mut follower = self.store.follow(note.frame.saturating_sub(1));
        let entries = follower.read(1)?;
        let Some(entry) = entries.first().filter(|entry| entry.seq == note.frame) else {
            return Ok(None);
        };
        let happened = Happened::in_frame(entry, public::is_public)?;
        let is_this = |event: &&Happened| event.change == note.change && event.event == note.event;
        let found = happened.iter().find(is_this);
        found.map_or(Ok(None), |event| public::told(event, &self.reader))
    }
}

/// The courier that tells an endpoint.
pub fn courier_of(endpoint: WebhookEndpointId) -> CourierId {
    CourierId::from_bytes(endpoint.bytes())
}

/// The courier that tells an endpoint old news for this time.
pub fn replay_courier_of(endpoint: WebhookEndpointId, number: u32) -> CourierId {
    CourierId::from_bytes(bytes_of_name(&format!("replay\n{endpoint}\n{number}")))
}

/// The endpoint that a courier of this name tells, if it tells one.
pub fn endpoint_told_by(courier: &str) -> Option<WebhookEndpointId> {
    courier.strip_prefix(COURIER_NAME)?.split(' ').next()?.parse().ok()
}

/// What the name of every such courier begins with; the endpoint's id follows.
const COURIER_NAME: &str = "webhook ";
/// Couriers that are looked at for endpoints that are gone.
const COURIERS_MAX: usize = 1_000;
