//! Crashes: what a shop must still be after it was killed, raced, damaged, or had its papers old.
//!
//! Real processes are started, stopped and started again; a shop in this process is raced against
//! itself and held to a model. Dice are seeded: a failure says how to throw the same ones again.
//! What kills processes and breaks disks is in `tests/faults`.

mod by_hand;
mod checkout;
mod contracts;
mod decoders;
mod files;
mod histories;
mod housekeeping;
mod old_data;
mod process;
mod prove;
mod races;
mod refunds;
mod room;
#[expect(dead_code, reason = "shared with the tests of faults, which use the rest")]
mod support;
mod tls;
mod verified;
