//! The keeper's memory: what it may forget, and what never.

use std::sync::Arc;

use super::*;
use crate::{
    domain::{
        carts::Cart,
        ids::{CartId, UserId},
    },
    store::{Faults, Silent, StoreOptions, registry},
};

fn keeper() -> (Keeper, Arc<Faults>, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let faults = Arc::new(Faults::none());
    let options = StoreOptions {
        faults: Some(Arc::clone(&faults)),
        low_water_bytes: 0,
        ..StoreOptions::default()
    };
    let (store, _) = Store::open(dir.path(), registry(), options, &Silent).expect("a fresh store");
    (Keeper::new(store), faults, dir)
}

fn cart(number: u8) -> CartId {
    CartId::from_bytes([number; 16])
}

fn open(keeper: &mut Keeper, number: u8) -> Decision<()> {
    keeper.decide(Intent::default(), |work| {
        let owner = Some(UserId::from_bytes([number; 16]));
        let events = work.get::<Cart>(cart(number))?.open(owner)?;
        work.change::<Cart>(cart(number), events).map(drop)
    })
}

#[actix::test]
async fn a_claim_counts_from_the_moment_of_the_decision() {
    let (mut keeper, faults, _dir) = keeper();
    faults.hold_syncs();
    let opened = open(&mut keeper, 7);
    let found = keeper
        .decide(Intent::default(), |work| work.find(&keys::cart_of(UserId::from_bytes([7; 16]))));
    let (outcome, _) = found.at_once();
    assert_eq!(outcome.expect("a look-up"), Some(cart(7).bytes().to_vec()));
    faults.let_syncs_go();
    opened.settled().await.expect("durable in the end");
}

#[actix::test]
async fn what_waits_for_its_commit_is_never_forgotten() {
    let (mut keeper, faults, _dir) = keeper();
    keeper.hot = Recent::new(4);
    faults.hold_syncs();
    let opened: Vec<_> = (1..=50).map(|number| open(&mut keeper, number)).collect();
    for number in 1..=50 {
        let seen = keeper.decide(Intent::default(), |work| work.get::<Cart>(cart(number)));
        assert!(seen.at_once().0.expect("a cart").opened, "cart {number}");
    }
    faults.let_syncs_go();
    for decision in opened {
        decision.settled().await.expect("durable in the end");
    }
    for number in 100..=110 {
        open(&mut keeper, number).settled().await.expect("durable");
    }
    let kept = keeper.hot.young.len() + keeper.hot.old.len();
    assert!(kept <= 60, "{kept} aggregates are still in memory");
}
