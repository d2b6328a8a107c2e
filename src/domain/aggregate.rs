//! Aggregate: a thing with one owner, its own rules and its own events.
//!
//! A rule is a method that takes `&self` and returns events or a refusal; [`Aggregate::apply`]
//! is the only thing that changes state, and cannot refuse. Replaying the journal and deciding
//! live use the same `apply`, so both give the same state, byte for byte.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use super::{ids::Identity, time::Stamp};

/// A thing with one owner. Its default value is the thing before its first event.
pub trait Aggregate:
    Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Its name in the journal, in snake case. Never changes.
    const KIND: &'static str;
    /// What it is called by.
    type Id: Identity;
    /// What can have happened to it.
    type Event: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Takes one event in. Total: any event that was ever written is applied without complaint.
    fn apply(&mut self, event: &Self::Event, stamp: &Stamp);

    /// What must hold of every state; the keeper asks before it commits, a replay never does.
    ///
    /// # Errors
    /// The sentence that does not hold.
    fn check(&self) -> Result<(), &'static str>;

    /// Whether nothing of it needs to be kept any more: its record is removed.
    fn is_gone(&self) -> bool {
        false
    }
}
