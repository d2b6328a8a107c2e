//! Bodega: a whole shop in one binary.
//!
//! The road of a request: `http` asks, `actors` and `domain` decide, `store` keeps.

pub mod cli;
pub mod config;
pub mod control;
pub mod domain;
pub mod secret;
pub mod telemetry;
