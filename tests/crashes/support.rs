//! What the tests share: dice, a client, the real binary as a process, and a shop in this one.

pub mod dice;
pub mod house;
pub mod patience;
pub mod process;
pub mod till;
pub mod wire;
