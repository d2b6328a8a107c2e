//! The owners: one supervised actor a kind of aggregate, its only writer.
//!
//! Invariant: an aggregate's state is changed by one actor; nobody else holds it mutably.
//! Rules live in [`crate::domain`]; what is decided becomes a fact in [`keeper`].

pub mod decision;
pub mod keeper;
pub mod office;
pub mod work;

pub use decision::{Decision, Rejection};
pub use keeper::{Intent, Keeper};
pub use office::{Answers, Desk, Office, Owner, Request};
pub use work::Work;
