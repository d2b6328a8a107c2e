//! Subscribers: they follow the journal from cursors of their own and tell others about it.
//!
//! A *courier* tells the world outside and must never be replayed by a rebuild: what it did is in
//! the journal. A *projection* can be thrown away and made again from what is kept. Invariant: no
//! request waits for one, no crash loses what one had to bring, and none delays another. Whoever
//! wants something changed sends a message like anybody else.

pub mod backoff;
pub mod courier;
pub mod happened;
pub mod live;
pub mod mail;
pub mod public;
mod round;
pub mod runner;
pub mod search;
mod way;
pub mod webhooks;
