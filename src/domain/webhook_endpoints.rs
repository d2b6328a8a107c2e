//! Webhook endpoints: where the shop tells other programs what happened.
//!
//! Invariant: no secret is kept. What an endpoint is signed with follows from the shop's own
//! secret, the endpoint and the generation, so only the generation is here. After a change of
//! generation the one before counts too for a while, so that a receiver can follow.

mod event;
mod refusal;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::WebhookEndpointId,
    time::{Stamp, Timestamp},
};

pub use event::{Disabling, EndpointEvent, EndpointTerms};
pub use refusal::EndpointRefusal;

/// A place that is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Where, of what, and what for; nothing before it was added.
    pub terms: Option<EndpointTerms>,
    /// The generation of the secret that counts, from 1.
    pub generation: u32,
    /// Until when the generation before it counts too.
    pub previous_until: Option<Timestamp>,
    /// Why nothing is sent there now, if so, and since when.
    pub disabled: Option<(Disabling, Timestamp)>,
    /// Since when nothing was taken there; none if the last delivery was.
    pub failing_since: Option<Timestamp>,
    /// The last times old events were sent again, by number.
    pub replays: BTreeMap<u32, Replay>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When staff last changed it.
    pub updated_at: Timestamp,
    /// Whether it is gone.
    pub removed: bool,
}

/// Old events that are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The first position of the journal.
    pub from: u64,
    /// The last one.
    pub until: u64,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Whether all of it was sent or given up.
    pub ended: bool,
}

/// What shall change; what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointEdit {
    /// Another address.
    pub url: Option<String>,
    /// Other events.
    pub types: Option<BTreeSet<String>>,
    /// Another description, or none.
    pub description: Option<Option<String>>,
    /// Whether it is told at all.
    pub is_active: Option<bool>,
}

impl WebhookEndpoint {
    /// Where, of what and what for, if it is there.
    pub fn live(&self) -> Option<&EndpointTerms> {
        self.terms.as_ref().filter(|_| !self.removed)
    }

    /// Whether anything is sent there now.
    pub fn is_active(&self) -> bool {
        self.live().is_some() && self.disabled.is_none()
    }

    /// The generations whose secrets sign now, the newest first.
    pub fn generations(&self, at: Timestamp) -> Vec<u32> {
        let with_previous = self.previous_until.is_some_and(|until| at < until);
        let previous = self.generation.checked_sub(1).filter(|_| with_previous);
        std::iter::once(self.generation).chain(previous).collect()
    }

    /// Adds it. Safe to repeat with the same content.
    ///
    /// # Errors
    /// The id is taken, nothing is to be told, or there are too many.
    pub fn add(
        &self,
        terms: EndpointTerms,
        others: usize,
    ) -> Result<Vec<EndpointEvent>, EndpointRefusal> {
        match &self.terms {
            Some(known) if *known == terms && !self.removed => return Ok(vec![]),
            Some(_) => return Err(EndpointRefusal::AlreadyAdded),
            None => {}
        }
        if terms.types.is_empty() {
            return Err(EndpointRefusal::NoTypes);
        }
        if others >= ENDPOINTS_MAX {
            return Err(EndpointRefusal::TooManyEndpoints);
        }
        Ok(vec![EndpointEvent::EndpointAdded(terms)])
    }

    /// Changes what is named; what is already so leaves no event.
    ///
    /// # Errors
    /// There is no such endpoint, or nothing would be told.
    pub fn edit(&self, edit: EndpointEdit) -> Result<Vec<EndpointEvent>, EndpointRefusal> {
        let known = self.live().ok_or(EndpointRefusal::UnknownEndpoint)?;
        let terms = EndpointTerms {
            url: edit.url.unwrap_or_else(|| known.url.clone()),
            types: edit.types.unwrap_or_else(|| known.types.clone()),
            description: edit.description.unwrap_or_else(|| known.description.clone()),
        };
        if terms.types.is_empty() {
            return Err(EndpointRefusal::NoTypes);
        }
        let mut events = Vec::new();
        if terms != *known {
            events.push(EndpointEvent::EndpointChanged(terms));
        }
        match (edit.is_active, self.disabled) {
            (Some(true), Some(_)) => events.push(EndpointEvent::EndpointEnabled {}),
            (Some(false), None) => {
                events.push(EndpointEvent::EndpointDisabled { why: Disabling::Staff });
            }
            (Some(_) | None, _) => {}
        }
        Ok(events)
    }

    /// Sends nothing there from now on. Safe to repeat.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub fn disable(&self, why: Disabling) -> Result<Vec<EndpointEvent>, EndpointRefusal> {
        self.live().ok_or(EndpointRefusal::UnknownEndpoint)?;
        let is_so = self.disabled.is_some();
        Ok(if is_so { vec![] } else { vec![EndpointEvent::EndpointDisabled { why }] })
    }

    /// Notes that something was taken there, or was not; only a change is news. What fails for
    /// longer than [`FAILING_MILLIS_MAX`] is told no more.
    pub fn note(&self, was_taken: bool, at: Timestamp) -> Vec<EndpointEvent> {
        if self.live().is_none() {
            return vec![];
        }
        match (was_taken, self.failing_since) {
            (true, Some(_)) => vec![EndpointEvent::EndpointRecovered {}],
            (false, None) => vec![EndpointEvent::EndpointFailing {}],
            (false, Some(since)) if at.millis_since(since) >= FAILING_MILLIS_MAX => {
                self.disable(Disabling::Failing).unwrap_or_default()
            }
            (true, None) | (false, Some(_)) => vec![],
        }
    }

    /// Changes its secret; the one before counts for a while. Sent twice, it is changed twice.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub fn rotate(&self, at: Timestamp) -> Result<Vec<EndpointEvent>, EndpointRefusal> {
        self.live().ok_or(EndpointRefusal::UnknownEndpoint)?;
        let generation = self.generation.saturating_add(1);
        let previous_until = at.plus_millis(PREVIOUS_SECRET_MILLIS);
        Ok(vec![EndpointEvent::SecretRotated { generation, previous_until }])
    }

    /// Sends old events again: those of these positions.
    ///
    /// # Errors
    /// There is no such endpoint, nothing to send, or too many are under way.
    pub fn replay(&self, from: u64, until: u64) -> Result<Vec<EndpointEvent>, EndpointRefusal> {
        self.live().ok_or(EndpointRefusal::UnknownEndpoint)?;
        if from == 0 || from > until {
            return Err(EndpointRefusal::NothingToReplay);
        }
        let under_way = self.replays.values().filter(|replay| !replay.ended).count();
        if under_way >= REPLAYS_AT_ONCE_MAX {
            return Err(EndpointRefusal::ReplayUnderWay);
        }
        let last = self.replays.last_key_value().map_or(0, |(number, _)| *number);
        let number = last.saturating_add(1);
        Ok(vec![EndpointEvent::ReplayAsked { number, from, until }])
    }

    /// Notes that all of a replay was sent or given up. Safe to repeat.
    pub fn end_replay(&self, number: u32) -> Vec<EndpointEvent> {
        match self.replays.get(&number) {
            Some(replay) if !replay.ended => vec![EndpointEvent::ReplayEnded { number }],
            Some(_) | None => vec![],
        }
    }

    /// Takes it away. Safe to repeat.
    ///
    /// # Errors
    /// There never was such an endpoint.
    pub fn remove(&self) -> Result<Vec<EndpointEvent>, EndpointRefusal> {
        self.terms.as_ref().ok_or(EndpointRefusal::UnknownEndpoint)?;
        Ok(if self.removed { vec![] } else { vec![EndpointEvent::EndpointRemoved {}] })
    }
}

impl Aggregate for WebhookEndpoint {
    const KIND: &'static str = "webhook_endpoint";
    type Id = WebhookEndpointId;
    type Event = EndpointEvent;

    fn apply(&mut self, event: &EndpointEvent, stamp: &Stamp) {
        match event {
            EndpointEvent::EndpointAdded(terms) => {
                *self = WebhookEndpoint {
                    terms: Some(terms.clone()),
                    generation: 1,
                    created_at: stamp.at,
                    ..WebhookEndpoint::default()
                };
            }
            EndpointEvent::EndpointChanged(terms) => self.terms = Some(terms.clone()),
            EndpointEvent::EndpointDisabled { why } => self.disabled = Some((*why, stamp.at)),
            EndpointEvent::EndpointEnabled {} => {
                self.disabled = None;
                self.failing_since = None;
            }
            EndpointEvent::EndpointFailing {} => {
                self.failing_since = Some(stamp.at);
                return;
            }
            EndpointEvent::EndpointRecovered {} => {
                self.failing_since = None;
                return;
            }
            EndpointEvent::SecretRotated { generation, previous_until } => {
                self.generation = *generation;
                self.previous_until = Some(*previous_until);
            }
            EndpointEvent::ReplayAsked { number, from, until } => {
                let (from, until, asked_at) = (*from, *until, stamp.at);
                self.replays.insert(*number, Replay { from, until, asked_at, ended: false });
                while self.replays.len() > REPLAYS_KEPT_MAX {
                    self.replays.pop_first();
                }
                return;
            }
            EndpointEvent::ReplayEnded { number } => {
                if let Some(replay) = self.replays.get_mut(number) {
                    replay.ended = true;
                }
                return;
            }
            EndpointEvent::EndpointRemoved {} => self.removed = true,
        }
        self.updated_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        let terms = self.terms.as_ref().ok_or("a webhook endpoint was added")?;
        if terms.types.is_empty() { Err("a webhook endpoint is told something") } else { Ok(()) }
    }
}

/// Endpoints a shop may have.
pub const ENDPOINTS_MAX: usize = 50;
/// A day: how long the secret before a change counts too.
pub const PREVIOUS_SECRET_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// Three days: who takes nothing for longer is told no more.
pub const FAILING_MILLIS_MAX: i64 = 3 * 24 * 60 * 60 * 1000;
/// Replays to one endpoint that are under way.
pub const REPLAYS_AT_ONCE_MAX: usize = 2;
/// Replays that are remembered.
pub const REPLAYS_KEPT_MAX: usize = 10;

#[cfg(test)]
mod tests;
