//! Deliveries: what one courier had to bring because of one event, and what became of it.
//!
//! Invariant: a delivery is noted once and knows the event it is about by its place in the
//! journal; it holds no address and no content, so that forgetting a person needs nothing here.
//! What was delivered is not delivered again unless somebody asks for it.

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    couriers::{Courier, CourierRefusal},
    ids::{CourierId, DeliveryId},
    time::{Stamp, Timestamp},
};

/// What is to be brought, by whom, and because of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who brings it.
    pub courier: CourierId,
    /// What it is, in the courier's own words: `order_confirmation/customer`.
    pub what: String,
    /// The frame of the journal that the event is in.
    pub frame: u64,
    /// Which change of that frame, from 0.
    pub change: u32,
    /// Which event of that change, from 0.
    pub event: u32,
    /// What the event happened to, as `order/01980000-0000-7000-8000-000000000008`.
    pub about: String,
}

impl Note {
    /// Whether it is about an order, or about goods that are held for one: what the page of an
    /// order tells, and so is listed by what it is about.
    pub fn is_about_a_purchase(&self) -> bool {
        let kind = self.about.split('/').next();
        matches!(kind, Some("order" | "hold"))
    }
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not noted yet.
    #[default]
    Unknown,
    /// To be tried at this moment.
    Waiting {
        /// When.
        due: Timestamp,
    },
    /// Brought.
    Delivered,
    /// Given up: a dead letter.
    GivenUp,
}

/// One delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What, by whom, because of what.
    pub note: Note,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was tried since it was last asked for.
    pub attempts: u32,
    /// How often staff has asked for it again.
    pub asked_again: u32,
    /// When it was first tried, or last asked for.
    pub since: Timestamp,
    /// When it was noted: its place in lists.
    pub noted_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// Why the last attempt failed, without personal data.
    pub error: Option<String>,
    /// The last answers, the newest last, where answers are kept.
    pub replies: Vec<ReplyKept>,
    /// Whether the record is needed no more.
    pub forgotten: bool,
}

/// What was answered to an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub millis: u32,
    /// The beginning of its body.
    pub body: String,
}

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyKept {
    /// When it came.
    pub at: Timestamp,
    /// What it was.
    pub reply: Reply,
}

/// What can have happened to a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryEvent {
    /// It has to be made.
    DeliveryNoted(Note),
    /// It was made.
    DeliveryMade,
    /// An attempt failed; another will be made.
    DeliveryFailed {
        /// When.
        due: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// It was given up.
    DeliveryGivenUp {
        /// Why.
        error: String,
    },
    /// The attempt that was just noted was answered.
    DeliveryAnswered(Reply),
    /// Staff wants it to be made, again or after all.
    DeliveryAskedAgain,
    /// Its time is over: the record is needed no more.
    DeliveryForgotten,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It was made.
    Made,
    /// It failed and is to be tried again.
    Failed {
        /// When.
        due: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// It is given up.
    GivenUp {
        /// Why.
        error: String,
    },
}

impl Delivery {
    /// Whether it was noted.
    pub fn exists(&self) -> bool {
        self.state != DeliveryState::Unknown
    }

    /// Notes how an attempt ended. An attempt at what was delivered meanwhile changes nothing.
    pub fn record(
        &self,
        note: &Note,
        attempt: Attempt,
    ) -> Result<Vec<DeliveryEvent>, CourierRefusal> {
        let mut events = Vec::new();
        if !self.exists() {
            events.push(DeliveryEvent::DeliveryNoted(note.clone()));
        } else if self.note != *note {
            return Err(CourierRefusal::NotedOtherwise);
        }
        let ended = matches!(self.state, DeliveryState::Delivered | DeliveryState::GivenUp);
        if !ended {
            events.push(match attempt {
                Attempt::Made => DeliveryEvent::DeliveryMade,
                Attempt::Failed { due, error } => {
                    DeliveryEvent::DeliveryFailed { due, error: cut(error) }
                }
                Attempt::GivenUp { error } => DeliveryEvent::DeliveryGivenUp { error: cut(error) },
            });
        }
        Ok(events)
    }

    /// What an answer to an attempt adds to how the attempt ended.
    pub fn answered(events: &mut Vec<DeliveryEvent>, reply: Option<Reply>) {
        if let Some(Reply { status, millis, body }) = reply.filter(|_| !events.is_empty()) {
            let body = body.chars().take(REPLY_CHARS_MAX).collect();
            events.push(DeliveryEvent::DeliveryAnswered(Reply { status, millis, body }));
        }
    }

    /// Asks for it again, or sooner. It is due at once.
    pub fn ask_again(&self) -> Result<Vec<DeliveryEvent>, CourierRefusal> {
        if !self.exists() {
            return Err(CourierRefusal::UnknownDelivery);
        }
        Ok(vec![DeliveryEvent::DeliveryAskedAgain])
    }

    /// Drops the record of one that has ended before `before`; any other stays, unless its courier
    /// will never go again.
    pub fn forget(&self, courier: &Courier, before: Timestamp) -> Vec<DeliveryEvent> {
        let ended = matches!(self.state, DeliveryState::Delivered | DeliveryState::GivenUp)
            || (courier.closed && self.exists());
        let over = ended && self.updated_at < before;
        if over { vec![DeliveryEvent::DeliveryForgotten] } else { vec![] }
    }
}

impl Aggregate for Delivery {
    const KIND: &'static str = "delivery";
    type Id = DeliveryId;
    type Event = DeliveryEvent;

    fn apply(&mut self, event: &DeliveryEvent, stamp: &Stamp) {
        match event {
            DeliveryEvent::DeliveryNoted(note) => {
                *self = Delivery {
                    note: note.clone(),
                    state: DeliveryState::Waiting { due: stamp.at },
                    since: stamp.at,
                    noted_at: stamp.at,
                    ..Delivery::default()
                };
            }
            DeliveryEvent::DeliveryMade => {
                self.state = DeliveryState::Delivered;
                self.attempts = self.attempts.saturating_add(1);
                self.error = None;
            }
            DeliveryEvent::DeliveryFailed { due, error } => {
                self.state = DeliveryState::Waiting { due: *due };
                self.attempts = self.attempts.saturating_add(1);
                self.error = Some(error.clone());
            }
            DeliveryEvent::DeliveryGivenUp { error } => {
                self.state = DeliveryState::GivenUp;
                self.attempts = self.attempts.saturating_add(1);
                self.error = Some(error.clone());
            }
            DeliveryEvent::DeliveryAnswered(reply) => {
                self.replies.push(ReplyKept { at: stamp.at, reply: reply.clone() });
                let too_many = self.replies.len().saturating_sub(REPLIES_KEPT_MAX);
                self.replies.drain(..too_many);
            }
            DeliveryEvent::DeliveryAskedAgain => {
                self.state = DeliveryState::Waiting { due: stamp.at };
                self.attempts = 0;
                self.asked_again = self.asked_again.saturating_add(1);
                self.since = stamp.at;
            }
            DeliveryEvent::DeliveryForgotten => self.forgotten = true,
        }
        self.updated_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.exists() { Ok(()) } else { Err("a delivery was noted") }
    }

    fn is_gone(&self) -> bool {
        self.forgotten
    }
}

fn cut(error: String) -> String {
    error.chars().take(ERROR_CHARS_MAX).collect()
}

/// What is kept of a neighbour's words about a failure.
pub const ERROR_CHARS_MAX: usize = 300;
/// What is kept of an answer.
pub const REPLY_CHARS_MAX: usize = 500;
/// Answers that are kept of one delivery.
pub const REPLIES_KEPT_MAX: usize = 5;

#[cfg(test)]
mod tests;
