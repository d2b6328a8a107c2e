//! Support: a whole shop for a test, the people who use it, and what they are told.
//!
//! A test sets only what it is about. Time moves when the test says so, and what differs from run
//! to run (ids, times, tokens) is taken out of what is compared in one place: [`wire`].

pub mod bodega;
pub mod letters;
pub mod listener;
pub mod people;
pub mod python;
pub mod receiver;
pub mod signatures;
pub mod sink;
pub mod wares;
pub mod wire;

pub use bodega::Bodega;
pub use people::{PASSWORD, Person};
pub use wire::Reply;
