//! Checkout: as scripts, over every reachable world, and over real orders, payments and a bank.

mod model;
mod owners;
mod scripts;
mod world;
