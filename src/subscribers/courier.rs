//! Courier: what one must know to bring news to the world outside.
//!
//! A courier only says what an event makes it bring, and brings one thing. When, how often, how
//! many at once, and what to remember of it is the runner's.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{
    domain::{
        deliveries::{Note, Reply},
        ids::{CourierId, DeliveryId, Identity},
    },
    store::StoreFault,
};

use super::happened::Happened;

/// One who brings news to the world outside.
pub trait Courier: Send + Sync + 'static {
    /// Which courier this is. The same in every run of the shop: its place hangs on it.
    fn id(&self) -> CourierId;

    /// What staff calls it.
    fn name(&self) -> String;

    /// Whether events of this kind of aggregate are told to it; no others are.
    fn wants(&self, kind: &str) -> bool;

    /// What is to be brought because of an event, each by a name that is its own for this event
    /// and the same whenever it is asked: `order_confirmation/customer`. Usually nothing; what is
    /// named twice is brought once.
    ///
    /// # Errors
    /// The store could not be read; it is asked again later.
    fn parcels(&self, event: &Happened) -> Result<Vec<String>, StoreFault>;

    /// Brings one thing. After a crash at most a batch of them is brought twice, under the same id.
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Delivering<'a>;

    /// The same, with what was answered, where that is worth keeping.
    fn deliver_and_hear<'a>(&'a self, parcel: &'a Parcel) -> Hearing<'a> {
        let delivering = self.deliver(parcel);
        Box::pin(async move { Answered::of(delivering.await) })
    }

    /// Whether anything may be delivered now, besides what staff says of the courier.
    ///
    /// # Errors
    /// The store could not be read; it is asked again later.
    fn may_go(&self) -> Result<bool, StoreFault> {
        Ok(true)
    }

    /// How many deliveries are under way at once.
    fn at_once(&self) -> usize {
        AT_ONCE
    }

    /// For how long what fails is tried again before it is given up.
    fn patience(&self) -> Duration {
        PATIENCE
    }
}

/// A delivery under way whose answer is kept.
pub type Hearing<'a> = Pin<Box<dyn Future<Output = Answered> + Send + 'a>>;

/// A delivery under way.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One thing to bring.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Its id: the same after a crash, so that a repetition can be recognised.
    pub id: DeliveryId,
    /// What it is, as [`Courier::parcels`] named it.
    pub what: String,
    /// Because of which event.
    pub event: Arc<Happened>,
    /// How often staff has asked for it again.
    pub asked_again: u32,
}

impl Parcel {
    pub(super) fn note(&self, courier: CourierId) -> Note {
        self.event.note(courier, &self.what)
    }
}

/// How a delivery ended. Words are kept for staff; they hold no address and no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken over.
    Delivered,
    /// Not now, for a reason that is its own: it is tried again by itself, and others go on.
    TryAgain(String),
    /// The same, but not before so much time has passed.
    NotBefore(String, Duration),
    /// Nobody is there to take anything: nothing is lost or counted, and all wait.
    Down(String),
    /// It will never be: a dead letter, for staff to see.
    Never(String),
}

/// How a delivery ended, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// How it ended.
    pub outcome: Outcome,
    /// The answer, if it is to be kept.
    pub reply: Option<Reply>,
}

impl Answered {
    /// Ended so; nothing of an answer is kept.
    pub fn of(outcome: Outcome) -> Answered {
        Answered { outcome, reply: None }
    }
}

/// The id of a courier that there is one of: its name, at most 16 letters.
pub fn courier_named(name: &str) -> CourierId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte = letter);
    CourierId::from_bytes(bytes)
}

const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
