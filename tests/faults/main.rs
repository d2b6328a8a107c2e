//! Faults: the real binary on a disk that fails, fills up or loses its power, under clients that
//! do not behave and clocks that jump.
//!
//! Each test ends with what the clients were told and with `bodega verify`. What needs root, a
//! mount or a tool says so and is skipped where it cannot be had. `just faults` runs the same
//! tests for longer, by the variables `BODEGA_FAULTS_…`; a failing run says how to repeat it.

mod buyers;
mod clients;
mod clocks;
mod cuts;
mod damages;
mod found;
mod full;
mod hearer;
mod killed;
mod ledger;
mod letters;
mod meddle;
mod mounts;
mod panics;
#[path = "../support/python.rs"]
mod python;
mod script;
#[path = "../support/signatures.rs"]
mod signatures;
mod stopped;
mod syncs;
mod tellings;
mod writes;

#[path = "../support/sink.rs"]
#[expect(dead_code, reason = "shared with the tests of the API, which use the rest")]
mod sink;

#[path = "../crashes/support"]
#[expect(dead_code, reason = "shared with the other tests of crashes, which use the rest")]
mod support {
    pub mod dice;
    pub mod files;
    pub mod house;
    pub mod patience;
    pub mod process;
    pub mod till;
    pub mod wire;
}
