//! Checkout, step by step: as scripts, over every reachable world, and over the real owners.

mod model;
mod world;
