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
    open_by(keeper, number, Intent::default())
}

fn under(scope: u8) -> Intent {
    let key = RequestKey { scope: [scope; 32], body: [0; 32], made: None };
    Intent::default().under(Some(key))
}

fn open_by(keeper: &mut Keeper, number: u8, intent: Intent) -> Decision<()> {
    keeper.decide(intent, |work| {
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

#[actix::test]
async fn one_idempotency_key_has_one_effect_also_before_it_is_on_the_disk() {
    let (mut keeper, faults, _dir) = keeper();
    let mut opens = |number: u8, intent: Intent| open_by(&mut keeper, number, intent);
    faults.hold_syncs();
    let first = opens(1, under(7));
    let again = opens(2, under(7));
    assert_eq!(again.at_once().0, Err(Rejection::Busy), "before it is durable");
    let other = opens(3, under(8));
    faults.let_syncs_go();
    first.settled().await.expect("durable in the end");
    other.settled().await.expect("another key is another wish");
    assert_eq!(opens(2, under(7)).at_once().0, Err(Rejection::Busy), "and afterwards");
    keeper
        .decide(Intent::default(), |work| {
            work.forget_key([7; 32]);
            Ok(())
        })
        .settled()
        .await
        .expect("the key is free");
    let free = keeper.decide(under(7), |work| {
        let events = work.get::<Cart>(cart(4))?.open(Some(UserId::from_bytes([4; 16])))?;
        work.change::<Cart>(cart(4), events).map(drop)
    });
    free.settled().await.expect("a key that was freed is good again");
}

/// Whoever looked whether the key is new before its first effect was durable may come to the owner
/// long after.
#[actix::test]
async fn one_idempotency_key_has_one_effect_also_when_only_the_store_remembers_it() {
    let (mut keeper, _faults, _dir) = keeper();
    keeper.claims = Recent::new(4);
    open_by(&mut keeper, 1, under(7)).settled().await.expect("durable");
    for number in 10..=30 {
        open(&mut keeper, number).settled().await.expect("durable");
    }
    let again = open_by(&mut keeper, 2, under(7));
    assert_eq!(again.at_once().0, Err(Rejection::Busy), "after many others");
    keeper.reload();
    let again = open_by(&mut keeper, 2, under(7));
    assert_eq!(again.at_once().0, Err(Rejection::Busy), "after everything was forgotten");
    open_by(&mut keeper, 2, under(8)).settled().await.expect("another key is another wish");
}
