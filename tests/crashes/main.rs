//! Crashes: what a shop must still be after it was killed, raced, damaged, or had its papers old.
//!
//! Real processes are killed and started again; a shop in this process is raced against itself
//! and held to a model. Dice are seeded: a failure says how to throw the same ones again.

mod contracts;
mod histories;
mod killed;
mod process;
mod prove;
mod races;
mod refunds;
mod stopped;
mod support;
