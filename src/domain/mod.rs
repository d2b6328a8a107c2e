//! The rules of the shop, pure: no I/O, no clock, no randomness, no waiting.
//!
//! Invariant: the same events always give the same state. A rule takes what it needs as
//! arguments (time and ids too) and answers with events or a named refusal.

pub mod aggregate;
pub mod api_keys;
pub mod carts;
pub mod catalogue;
pub mod checkout;
pub mod couriers;
pub mod deliveries;
pub mod demo_charge;
pub mod ids;
pub mod inventory;
pub mod money;
pub mod news;
pub mod order_book;
pub mod orders;
pub mod payments;
pub mod pricing;
pub mod quantity;
pub mod reconciliation;
pub mod refusal;
pub mod settings;
pub mod time;
pub mod users;
pub mod webhook_endpoints;
