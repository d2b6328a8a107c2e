//! Couriers: how far each has come in the journal, and whether it may go on.
//!
//! Invariant: everything a courier had to bring because of the frames up to its cursor has a
//! record of its own (see [`super::deliveries`]), so what is behind the cursor is never begun
//! again. A courier begins where the journal stands when it is opened: it tells no old news.

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::CourierId,
    time::{Stamp, Timestamp},
};

/// One who brings news to the world outside: mail, a webhook endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Courier {
    /// What staff calls it; empty before it is opened.
    pub name: String,
    /// The last frame of the journal that is done with.
    pub cursor: u64,
    /// Since when it was told to rest, if it was.
    pub paused_since: Option<Timestamp>,
    /// Whether it will never go again.
    pub closed: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How many deliveries it has made.
    pub delivered: u64,
    /// How many it has given up.
    pub given_up: u64,
}

/// What can have happened to a courier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CourierEvent {
    /// It was taken on.
    CourierOpened {
        /// What staff calls it.
        name: String,
        /// It begins behind this frame.
        from: u64,
    },
    /// A batch of deliveries came to an end, or the way was free up to here.
    DeliveriesRecorded {
        /// The last frame that is done with now.
        through: u64,
        /// How many deliveries of the batch were made.
        delivered: u32,
        /// How many of it were given up.
        given_up: u32,
    },
    /// It rests until it is resumed.
    CourierPaused,
    /// It goes on where it stood.
    CourierResumed,
    /// It will never go again.
    CourierClosed,
}

/// Why a courier or a delivery says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourierRefusal {
    /// There is no such courier.
    #[error("there is no such courier")]
    UnknownCourier,
    /// It was taken on under another name.
    #[error("this courier has another name")]
    OpenedOtherwise,
    /// It will never go again.
    #[error("this courier has been closed")]
    CourierClosed,
    /// There is no such delivery.
    #[error("there is no such delivery")]
    UnknownDelivery,
    /// The same delivery, with other content.
    #[error("this delivery was noted with other content")]
    NotedOtherwise,
}

impl CourierRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            CourierRefusal::UnknownCourier => "unknown_courier",
            CourierRefusal::OpenedOtherwise => "courier_opened_otherwise",
            CourierRefusal::CourierClosed => "courier_closed",
            CourierRefusal::UnknownDelivery => "unknown_delivery",
            CourierRefusal::NotedOtherwise => "delivery_noted_otherwise",
        }
    }
}

impl Courier {
    /// Whether it was taken on.
    pub fn exists(&self) -> bool {
        !self.name.is_empty()
    }

    /// Whether it may go now.
    pub fn may_go(&self) -> bool {
        self.exists() && !self.closed && self.paused_since.is_none()
    }

    /// Takes it on, behind this frame. Asking again changes nothing, wherever the journal stands.
    pub fn open(&self, name: &str, from: u64) -> Result<Vec<CourierEvent>, CourierRefusal> {
        if self.closed {
            return Err(CourierRefusal::CourierClosed);
        }
        if !self.exists() {
            return Ok(vec![CourierEvent::CourierOpened { name: name.to_owned(), from }]);
        }
        if self.name == name { Ok(vec![]) } else { Err(CourierRefusal::OpenedOtherwise) }
    }

    /// Notes that a batch has ended and the way is done up to `through`.
    pub fn record(
        &self,
        through: u64,
        delivered: u32,
        given_up: u32,
    ) -> Result<Vec<CourierEvent>, CourierRefusal> {
        self.must_exist()?;
        if through <= self.cursor && delivered == 0 && given_up == 0 {
            return Ok(vec![]);
        }
        let through = through.max(self.cursor);
        Ok(vec![CourierEvent::DeliveriesRecorded { through, delivered, given_up }])
    }

    /// Lets it rest.
    pub fn pause(&self) -> Result<Vec<CourierEvent>, CourierRefusal> {
        self.must_go_some_day()?;
        let rests = self.paused_since.is_some();
        Ok(if rests { vec![] } else { vec![CourierEvent::CourierPaused] })
    }

    /// Lets it go on.
    pub fn resume(&self) -> Result<Vec<CourierEvent>, CourierRefusal> {
        self.must_go_some_day()?;
        let rests = self.paused_since.is_some();
        Ok(if rests { vec![CourierEvent::CourierResumed] } else { vec![] })
    }

    /// Ends it for good.
    pub fn close(&self) -> Result<Vec<CourierEvent>, CourierRefusal> {
        self.must_exist()?;
        Ok(if self.closed { vec![] } else { vec![CourierEvent::CourierClosed] })
    }

    fn must_exist(&self) -> Result<(), CourierRefusal> {
        if self.exists() { Ok(()) } else { Err(CourierRefusal::UnknownCourier) }
    }

    fn must_go_some_day(&self) -> Result<(), CourierRefusal> {
        self.must_exist()?;
        if self.closed { Err(CourierRefusal::CourierClosed) } else { Ok(()) }
    }
}

impl Aggregate for Courier {
    const KIND: &'static str = "courier";
    type Id = CourierId;
    type Event = CourierEvent;

    fn apply(&mut self, event: &CourierEvent, stamp: &Stamp) {
        match event {
            CourierEvent::CourierOpened { name, from } => {
                *self = Courier {
                    name: name.clone(),
                    cursor: *from,
                    opened_at: stamp.at,
                    ..Courier::default()
                };
            }
            CourierEvent::DeliveriesRecorded { through, delivered, given_up } => {
                self.cursor = self.cursor.max(*through);
                self.delivered = self.delivered.saturating_add(u64::from(*delivered));
                self.given_up = self.given_up.saturating_add(u64::from(*given_up));
            }
            CourierEvent::CourierPaused => self.paused_since = Some(stamp.at),
            CourierEvent::CourierResumed => self.paused_since = None,
            CourierEvent::CourierClosed => self.closed = true,
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.exists() { Ok(()) } else { Err("a courier has a name") }
    }
}

#[cfg(test)]
mod tests;
