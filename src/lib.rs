//! Bodega: a whole shop in one binary.
//!
//! The road of a request: `http` asks, `actors` and `domain` decide, `store` keeps.

pub mod accounts;
pub mod actors;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod control;
pub mod demo;
pub mod domain;
pub mod exchange;
pub mod gateways;
pub mod http;
pub mod invariants;
pub mod memory;
pub mod meters;
pub mod search;
pub mod secret;
pub mod shapes;
pub mod shop;
pub mod store;
pub mod subscribers;
pub mod telemetry;
pub mod traceparent;
pub mod web;
