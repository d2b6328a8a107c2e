//! HTTP: asks, and shows what was answered. The only folder that knows what a status code is.
//!
//! One page lists every operation (`operations()`); the router, the access test and the OpenAPI
//! document are made from it. A handler says in its signature *who* may ask and *what* with;
//! everything before and after it happens in [`pipeline`], once, in one order.
//! Knows nothing of how anything is kept or decided: it is generic over the shop `S` it asks.

pub mod access;
pub mod address;
pub mod addresses;
pub mod admin;
pub mod answer;
pub mod api_keys;
pub mod auth;
pub mod call;
mod card_testing;
pub mod carts;
pub mod categories;
pub mod couriers;
pub mod cursor;
pub mod demo;
pub mod docs;
pub mod edge;
pub mod etag;
pub mod events;
pub mod exchange;
pub mod fields;
pub mod gateway;
pub mod health;
pub mod idempotency;
pub mod identify;
pub mod inbox;
pub mod inventory;
pub mod limits;
pub mod listing;
pub mod lookup;
pub mod mail;
pub mod media;
pub mod metrics;
pub mod openapi;
pub mod orders;
pub mod pages;
pub mod pipeline;
pub mod problem;
pub mod products;
pub mod reconciliation;
pub mod router;
pub mod scopes;
pub mod search;
pub mod server;
pub mod settings;
pub mod storefront;
pub mod table;
pub mod trace;
pub mod users;
pub mod views;
pub mod webhook_endpoints;
pub mod wiring;

#[cfg(test)]
pub(crate) mod tests;
