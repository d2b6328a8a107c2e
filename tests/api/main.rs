//! The API over HTTP: what each operation of the contract does, and every way it says no.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod addresses;
mod auth;
mod carts;
mod categories;
mod idempotency;
mod inventory;
mod orders;
mod payments;
mod products;
mod refunds;
mod repeats;
mod users;
