//! Killed: the real binary under load, killed at a random moment, again and again.

use super::{
    buyers::Crowd,
    support::{
        dice::{Dice, rounds},
        process::Serving,
    },
};

#[test]
fn what_was_acknowledged_survives_being_killed_at_any_moment() {
    let mut dice = Dice::thrown_in("what_was_acknowledged");
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let kills = rounds("BODEGA_FAULTS_KILLS", KILLS);
    let mut crowd = Crowd::before(&dir, UNITS.max(kills), &mut dice);
    for number in 1..=kills {
        let serving = Serving::start(&dir);
        let at = serving.address;
        crowd.buy_until(at, &mut dice, || serving.kill());
        if number % TOLD_EVERY == 0 {
            eprintln!("{number} kills");
        }
    }
    crowd.must_find_all_they_were_told(&dir);
    assert!(crowd.acknowledged() > 0, "somebody bought something");
    eprintln!("{kills} kills, {} orders acknowledged, none lost", crowd.acknowledged());
}

const TOLD_EVERY: u64 = 100;
const KILLS: u64 = 50;
const UNITS: u64 = 60;
