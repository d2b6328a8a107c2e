//! Bodega: a whole shop in one binary.
//!
//! The road of a request: `http` asks, `actors` and `domain` decide, `store` keeps.

pub mod clock;
pub mod domain;
pub mod http;
