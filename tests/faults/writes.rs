//! Writes: a purchase in a shop that dies at each single write, sync and rename it makes, wherever
//! in the data directory that is: journal, state, checkpoint, segments, secrets.

use super::{
    meddle::order,
    script::{Script, dies_everywhere},
    support::dice::rounds,
};

#[test]
fn a_purchase_ends_the_same_whichever_write_or_sync_was_the_last() {
    let most = rounds("BODEGA_FAULTS_WRITES", WRITES);
    let script = Script { name: "die", step: 1, most, purchases: PURCHASES };
    let survived = dies_everywhere(&script, |at, dir| order(&format!("die:{at}"), dir));
    told("write or sync", most, survived);
}

#[test]
fn a_purchase_ends_the_same_whichever_write_was_torn_in_half() {
    let most = rounds("BODEGA_FAULTS_WRITES", WRITES);
    let script = Script { name: "tear", step: TEAR_EACH, most, purchases: PURCHASES };
    let survived = dies_everywhere(&script, |at, dir| order(&format!("tear:{at}"), dir));
    told("torn write", most, survived);
}

fn told(what: &str, most: u64, survived: u64) {
    let last = survived.min(most);
    eprintln!("died at each {what} up to number {last}");
    assert!(last >= WRITES.min(most), "the fault was ordered and did not come");
}

/// Deaths, one a write.
const WRITES: u64 = 200;
/// So many that there are enough writes.
const PURCHASES: u64 = 24;
const TEAR_EACH: u64 = 7;
