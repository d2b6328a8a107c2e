//! Stripe: a whole shop against a double of Stripe over real HTTP, on good days and bad ones.
//!
//! After everything the shop's books are compared with the double's, which are the oracle.

#[path = "../support/stripe/mod.rs"]
mod double;
#[expect(dead_code, unused_imports, reason = "the support library serves several test programs")]
#[path = "../support/mod.rs"]
mod support;

#[path = "../crashes/support"]
#[expect(dead_code, reason = "shared with the tests of crashes, which use the rest")]
mod binary {
    pub mod files;
    pub mod patience;
    pub mod process;
    pub mod till;
    pub mod wire;
}

mod bad_input;
mod books;
mod doubts;
mod killed;
mod letters;
mod pages;
mod payments;
mod peers;
mod schedules;
mod set_aside;
mod slow;
mod world;
