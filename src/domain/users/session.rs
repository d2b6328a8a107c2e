//! Sessions: one sign-in on one device, which is one family of refresh tokens.
//!
//! Invariant: a spent token ends its family. Only the immediate predecessor is forgiven, for a
//! few seconds, because its answer may have been lost; it gets the same successor again.
//! A token is made at the edge from session and generation, so only the generation is kept.
//! A device is known by what it calls itself without the figures in it, which are versions; the
//! first one of an account is no stranger.

use serde::{Deserialize, Serialize};

use super::{User, UserEvent, UserRefusal, WhyClosed};
use crate::domain::{ids::SessionId, time::Timestamp};

/// A sign-in on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which session.
    pub id: SessionId,
    /// What the device calls itself.
    pub device: String,
    /// Where it signed in from.
    pub address: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was opened or last refreshed.
    pub last_used_at: Timestamp,
    /// The generation of the refresh token that counts now.
    pub generation: u32,
    /// When that generation began.
    pub rotated_at: Timestamp,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
}

/// What became of a shown refresh token. The events count either way: reuse ends the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// What happened; also when it is refused.
    pub events: Vec<UserEvent>,
    /// The generation of the token to hand out, or why there is none.
    pub generation: Result<u32, UserRefusal>,
}

impl User {
    /// The session, unless it was closed or has expired.
    pub fn live_session(&self, session: SessionId, at: Timestamp) -> Option<&Session> {
        self.sessions.get(&session).filter(|session| at < session.expires_at)
    }

    /// Begins a session. The one unused for longest makes room when there are too many.
    pub fn open_session(
        &self,
        session: SessionId,
        device: &str,
        address: &str,
        expires_at: Timestamp,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        if self.sessions.contains_key(&session) {
            return Ok(vec![]);
        }
        let mut by_use: Vec<&Session> = self.sessions.values().collect();
        by_use.sort_by_key(|session| (session.last_used_at, session.id));
        let too_many = (by_use.len() + 1).saturating_sub(SESSIONS_MAX);
        let mut events: Vec<UserEvent> =
            by_use[..too_many].iter().map(|old| closed(old.id, WhyClosed::TooMany)).collect();
        events.push(UserEvent::SessionOpened {
            session,
            device: device.chars().take(DEVICE_CHARS_MAX).collect(),
            address: address.to_owned(),
            expires_at,
            unknown_device: self.is_strange(device),
        });
        Ok(events)
    }

    /// Exchanges a refresh token of this generation for the next one.
    pub fn refresh(
        &self,
        session: SessionId,
        generation: u32,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Refreshed {
        let Some(current) = self.live_session(session, at) else {
            return Refreshed { events: vec![], generation: Err(UserRefusal::SessionEnded) };
        };
        if generation > current.generation {
            // Signed by us, but unknown: handed out before the shop was restored from a backup.
            return Refreshed { events: vec![], generation: Err(UserRefusal::SessionEnded) };
        }
        let steps_behind = current.generation - generation;
        let answer_may_be_lost = at.millis_since(current.rotated_at) <= LOST_ANSWER_MILLIS_MAX;
        match steps_behind {
            0 => {
                let generation = current.generation.saturating_add(1);
                let rotated = UserEvent::SessionRefreshed { session, generation, expires_at };
                Refreshed { events: vec![rotated], generation: Ok(generation) }
            }
            1 if answer_may_be_lost => {
                Refreshed { events: vec![], generation: Ok(current.generation) }
            }
            _ => Refreshed {
                events: vec![closed(session, WhyClosed::TokenReused)],
                generation: Err(UserRefusal::RefreshTokenReused),
            },
        }
    }

    /// Ends one session.
    pub fn close_session(&self, session: SessionId) -> Result<Vec<UserEvent>, UserRefusal> {
        if !self.sessions.contains_key(&session) {
            return Err(UserRefusal::UnknownSession);
        }
        Ok(vec![closed(session, WhyClosed::SignedOut)])
    }

    /// When the first of what ends by itself does: a session, or the link to a new password.
    pub fn expires_next(&self) -> Option<Timestamp> {
        let sessions = self.sessions.values().map(|session| session.expires_at);
        sessions.chain(self.reset.map(|reset| reset.expires_at)).min()
    }

    /// Drops the sessions, and the link to a new password, that had ended by `before`.
    pub fn forget_expired(&self, before: Timestamp) -> Vec<UserEvent> {
        let is_due = self.expires_next().is_some_and(|ends| ends <= before);
        if is_due { vec![UserEvent::ExpiredForgotten { before }] } else { vec![] }
    }

    /// Whether others have signed in before, and none like this.
    fn is_strange(&self, device: &str) -> bool {
        !self.devices.is_empty() && !self.devices.contains(&likeness(device))
    }

    /// Remembers what signed in; the one that did not for longest makes room.
    pub(super) fn remember_device(&mut self, device: &str) {
        let device = likeness(device);
        self.devices.retain(|known| *known != device);
        if self.devices.len() >= DEVICES_MAX {
            self.devices.remove(0);
        }
        self.devices.push(device);
    }

    /// Ends all sessions but perhaps one, if there are any.
    pub(super) fn close_others(&self, except: Option<SessionId>) -> Option<UserEvent> {
        let others = self.sessions.keys().any(|session| Some(*session) != except);
        others.then_some(UserEvent::SessionsClosed { except, why: WhyClosed::PasswordChanged })
    }
}

impl Session {
    /// A session at its beginning.
    pub(super) fn opened(
        id: SessionId,
        device: &str,
        address: &str,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Session {
        Session {
            id,
            device: device.to_owned(),
            address: address.to_owned(),
            created_at: at,
            last_used_at: at,
            generation: 0,
            rotated_at: at,
            expires_at,
        }
    }

    /// Moves on to the next generation.
    pub(super) fn refreshed(&mut self, generation: u32, at: Timestamp, expires_at: Timestamp) {
        self.generation = generation;
        self.rotated_at = at;
        self.last_used_at = at;
        self.expires_at = expires_at;
    }
}

/// What a device calls itself, without what changes with each of its versions.
fn likeness(device: &str) -> String {
    let letters = device.chars().filter(|sign| !sign.is_ascii_digit() && !"._".contains(*sign));
    letters.take(DEVICE_CHARS_MAX).collect::<String>().to_lowercase()
}

fn closed(session: SessionId, why: WhyClosed) -> UserEvent {
    UserEvent::SessionClosed { session, why }
}

/// Sessions of one user at a time.
pub const SESSIONS_MAX: usize = 20;
/// What is kept of a device's own name.
pub const DEVICE_CHARS_MAX: usize = 200;
/// Devices of one user that are remembered.
pub const DEVICES_MAX: usize = 10;
/// How long the immediate predecessor of a refresh token is forgiven.
pub const LOST_ANSWER_MILLIS_MAX: i64 = 10_000;
