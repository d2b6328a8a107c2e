//! Offices over a real store: panics, what they leave behind, and who notices.

use std::sync::{
    Arc,
    mpsc::{Receiver, Sender, channel},
};

use actix::Arbiter;

use super::*;
use crate::{
    actors::carts::{Carts, ClearCart, GetCart, PutInCart},
    domain::{
        carts::Cart,
        ids::{CartId, Identity, ProductId, UserId, VariantId},
        quantity::Quantity,
        time::Timestamp,
    },
    store::{Faults, Silent, StoreOptions, registry},
};

/// A message whose rule breaks.
struct Break;

impl Request for Break {
    type Value = ();
}

impl Answers<Break> for Carts {
    fn answer(&mut self, _: Break, work: &mut Work<'_>) -> Result<(), Rejection> {
        // What was changed before the panic must not be kept.
        let cart = CartId::from_bytes([1; 16]);
        let events = work.get::<Cart>(cart)?.clear()?;
        work.change::<Cart>(cart, events)?;
        panic!("broken on purpose");
    }
}

/// A message whose rule holds up the owner until somebody lets it go.
struct Hold {
    begun: Sender<()>,
    go: Receiver<()>,
}

impl Request for Hold {
    type Value = ();
}

impl Answers<Hold> for Carts {
    fn answer(&mut self, held: Hold, _: &mut Work<'_>) -> Result<(), Rejection> {
        held.begun.send(()).map_err(|_| Rejection::Fault)?;
        held.go.recv().map_err(|_| Rejection::Fault)
    }
}

struct Bench {
    carts: Desk<Carts>,
    store: Store,
    faults: Arc<Faults>,
    _arbiter: Arbiter,
    _dir: tempfile::TempDir,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let faults = Arc::new(Faults::none());
    let options = StoreOptions {
        faults: Some(Arc::clone(&faults)),
        low_water_bytes: 0,
        ..StoreOptions::default()
    };
    let (store, _) = Store::open(dir.path(), registry(), options, &Silent).expect("a fresh store");
    let arbiter = Arbiter::new();
    let clock = Clock::of_machine(Timestamp::default());
    let carts = Desk::open(Carts, &store, &clock, &arbiter.handle());
    Bench { carts, store, faults, _arbiter: arbiter, _dir: dir }
}

fn put() -> PutInCart {
    PutInCart {
        user: UserId::from_bytes([2; 16]),
        fresh: CartId::from_bytes([1; 16]),
        product: ProductId::from_bytes([3; 16]),
        variant: VariantId::from_bytes([4; 16]),
        quantity: Quantity::new(1).expect("one"),
        available: 1000,
    }
}

async fn units(carts: &Desk<Carts>) -> u32 {
    let get = GetCart { cart: CartId::from_bytes([1; 16]) };
    let cart = carts.ask(get, Intent::default()).await.expect("a cart");
    cart.units_of(VariantId::from_bytes([4; 16]))
}

#[actix::test]
async fn a_panic_costs_one_message_and_keeps_nothing_of_it() {
    let bench = bench();
    for _ in 0..3 {
        bench.carts.ask(put(), Intent::default()).await.expect("room in the cart");
    }
    let broken = bench.carts.ask(Break, Intent::default()).await;
    assert_eq!(broken, Err(Rejection::Fault));
    assert_eq!(units(&bench.carts).await, 3, "what was decided before is there");
    bench.carts.ask(put(), Intent::default()).await.expect("the office is back");
    assert_eq!(units(&bench.carts).await, 4);
}

#[actix::test]
async fn messages_that_wait_behind_a_panic_are_answered_by_a_sound_office() {
    let bench = bench();
    bench.carts.ask(put(), Intent::default()).await.expect("room in the cart");
    let asked = (0..20).map(|number| {
        let carts = bench.carts.clone();
        async move {
            if number == 5 {
                carts.ask(Break, Intent::default()).await.is_err()
            } else {
                carts.ask(put(), Intent::default()).await.is_ok()
            }
        }
    });
    let answered = futures_util::future::join_all(asked).await;
    assert!(answered.into_iter().all(|as_it_should| as_it_should));
    assert_eq!(units(&bench.carts).await, 20);
}

#[actix::test]
async fn a_panic_with_commits_under_way_waits_for_them_and_loses_none() {
    let bench = bench();
    bench.carts.ask(put(), Intent::default()).await.expect("room in the cart");
    bench.faults.hold_syncs();
    let under_way: Vec<_> = (0..5)
        .map(|_| {
            let carts = bench.carts.clone();
            actix::spawn(async move { carts.ask(put(), Intent::default()).await.is_ok() })
        })
        .collect();
    let broken = {
        let carts = bench.carts.clone();
        actix::spawn(async move { carts.ask(Break, Intent::default()).await })
    };
    let faults = Arc::clone(&bench.faults);
    tokio::task::spawn_blocking(move || faults.wait_for_held_sync()).await.expect("a held sync");
    assert_eq!(broken.await.expect("an answer"), Err(Rejection::Fault));
    assert!(under_way.iter().all(|asked| !asked.is_finished()), "no yes before the disk");
    bench.faults.let_syncs_go();
    for asked in under_way {
        assert!(asked.await.expect("an answer"), "decided before the panic, and kept");
    }
    assert_eq!(units(&bench.carts).await, 6);
}

#[actix::test]
async fn after_a_failed_sync_nothing_is_told_that_is_not_on_the_disk() {
    let bench = bench();
    bench.carts.ask(put(), Intent::default()).await.expect("room in the cart");
    bench.faults.fail_syncs();
    let failed = bench.carts.ask(put(), Intent::default()).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(units(&bench.carts).await, 1, "the failed one was forgotten");
    let user = UserId::from_bytes([2; 16]);
    let refused = bench.carts.ask(ClearCart { user }, Intent::default()).await;
    assert!(refused.is_err(), "read-only until a restart");
    assert_eq!(units(&bench.carts).await, 1, "reads go on");
    drop(bench.store);
}

#[actix::test]
async fn too_many_waiting_messages_are_answered_busy() {
    let bench = bench();
    bench.carts.waiting.store(WAITING_MESSAGES_MAX, Ordering::Relaxed);
    let refused = bench.carts.ask(put(), Intent::default()).await;
    assert_eq!(refused.err(), Some(Rejection::Busy));
}

#[actix::test]
async fn what_was_decided_is_waited_for_and_never_called_busy() {
    let mut bench = bench();
    bench.carts.patience.taken_up = SOON;
    bench.faults.hold_syncs();
    let faults = Arc::clone(&bench.faults);
    let mut held = tokio::task::spawn_blocking(move || faults.wait_for_held_sync());
    let mut asked = loop {
        let carts = bench.carts.clone();
        let mut asked = actix::spawn(async move { carts.ask(put(), Intent::default()).await });
        tokio::select! {
            is_held = &mut held => {
                is_held.expect("a held sync");
                break asked;
            }
            // The owner was not there in time: once more.
            busy = &mut asked => assert_eq!(busy.expect("an end").err(), Some(Rejection::Busy)),
        }
    };
    let early = timeout(SOON * 10, &mut asked).await;
    assert!(early.is_err(), "decided, and not on the disk yet: {early:?}");
    bench.faults.let_syncs_go();
    asked.await.expect("an answer").expect("it was done");
}

#[actix::test]
async fn what_is_being_decided_is_waited_for() {
    let mut bench = bench();
    bench.carts.patience.taken_up = SOON;
    let (go, mut asked) = loop {
        let ((begun, is_begun), (let_go, go)) = (channel(), channel());
        let (carts, hold) = (bench.carts.clone(), Hold { begun, go });
        let asked = actix::spawn(async move { carts.ask(hold, Intent::default()).await });
        let is_begun = tokio::task::spawn_blocking(move || is_begun.recv()).await;
        match is_begun.expect("a thread") {
            Ok(()) => break (let_go, asked),
            // The owner was not there in time: once more.
            Err(_) => assert_eq!(asked.await.expect("an end"), Err(Rejection::Busy)),
        }
    };
    let early = timeout(SOON * 10, &mut asked).await;
    assert!(early.is_err(), "the owner is at it: {early:?}");
    go.send(()).expect("the owner is held");
    asked.await.expect("an answer").expect("it was decided");
}

#[actix::test]
async fn what_was_decided_and_does_not_get_durable_is_called_late() {
    let mut bench = bench();
    bench.carts.patience.durable = SOON;
    bench.faults.hold_syncs();
    let late = bench.carts.ask(put(), Intent::default()).await;
    assert_eq!(late.err(), Some(Rejection::Late));
    bench.faults.let_syncs_go();
    bench.carts.patience.durable = DURABLE_WITHIN;
    assert_eq!(units(&bench.carts).await, 1, "it was carried out all the same");
}

#[actix::test]
async fn what_was_called_busy_is_never_decided() {
    let mut bench = bench();
    let ((begun, is_begun), (let_go, go)) = (channel(), channel());
    let (carts, hold) = (bench.carts.clone(), Hold { begun, go });
    let holding = actix::spawn(async move { carts.ask(hold, Intent::default()).await });
    let is_begun = tokio::task::spawn_blocking(move || is_begun.recv()).await;
    is_begun.expect("a thread").expect("the owner is held");
    bench.carts.patience.taken_up = SOON;
    let busy = bench.carts.ask(put(), Intent::default()).await;
    assert_eq!(busy.err(), Some(Rejection::Busy));
    let_go.send(()).expect("the owner is held");
    holding.await.expect("an answer").expect("let go");
    bench.carts.patience.taken_up = TAKEN_UP_WITHIN;
    assert_eq!(units(&bench.carts).await, 0);
}

/// What is waited for in vain is not waited for long.
const SOON: Duration = Duration::from_millis(10);
