//! The owners: one supervised actor a kind of aggregate, its only writer.
//!
//! Invariant: an aggregate's state is changed by one actor; nobody else holds it mutably.
//! Rules live in [`crate::domain`]; what is decided becomes a fact in [`keeper`].

pub mod addresses;
pub mod api_keys;
pub mod assortment;
pub mod books;
pub mod carts;
pub mod catalogue;
pub mod charging;
pub mod checkout;
pub mod couriers;
pub mod decision;
pub mod declines;
pub mod demo_bank;
pub mod desks;
pub mod hearing;
pub mod housekeeping;
pub mod inventory;
pub mod keeper;
pub mod news;
pub mod office;
pub mod orders;
pub mod payments;
pub mod placing;
pub mod purchases;
pub mod purging;
pub mod reconciling;
mod refunding;
pub mod settings;
pub mod shelves;
pub mod users;
pub mod webhook_endpoints;
pub mod work;

pub use decision::{Decision, Rejection};
pub use keeper::{Intent, Keeper};
pub use office::{Answers, Desk, Office, Owner, Request};
pub use work::Work;
