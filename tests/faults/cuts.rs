//! Cuts: the power fails under load, on real file systems.
//!
//! `kill -9` leaves the page cache alone; here what was not synced is gone.

use super::{
    buyers::Crowd,
    mounts::{Mount, has},
    support::{
        dice::{Dice, rounds},
        process::{Serving, verify},
    },
};

#[test]
fn what_was_acknowledged_survives_power_cuts_on_ext4() {
    survives_power_cuts("ext4");
}

#[test]
fn what_was_acknowledged_survives_power_cuts_on_xfs() {
    survives_power_cuts("xfs");
}

fn survives_power_cuts(kind: &'static str) {
    if !has("xfs_io") {
        return;
    }
    let mut dice = Dice::thrown_in("survives_power_cuts");
    let Some(mut mount) = Mount::of_image(kind, IMAGE_MEGABYTES) else { return };
    let dir = mount.path().join("shop");
    let cuts = rounds("BODEGA_FAULTS_CUTS", CUTS);
    let mut crowd = Crowd::before(&dir, UNITS.max(cuts), &mut dice);
    for _ in 0..cuts {
        let serving = Serving::start(&dir);
        crowd.buy_until(serving.address, &mut dice, || mount.cut_power());
        serving.kill();
        mount = mount.switched_on();
        // A verification repairs as a start does, and must leave as much behind.
        if dice.among(0..=1) == 0 {
            verify(&dir);
        }
    }
    crowd.must_find_all_they_were_told(&dir);
    assert!(crowd.acknowledged() > 0, "somebody bought something");
    eprintln!("{kind}: {cuts} power cuts, {} orders acknowledged, none lost", crowd.acknowledged());
}

const CUTS: u64 = 6;
const UNITS: u64 = 60;
/// xfs takes no less.
const IMAGE_MEGABYTES: u64 = 320;
