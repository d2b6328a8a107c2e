//! Rounds of scripted couriers over a real journal, with a clock that the test moves.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{Mutex, PoisonError},
};

use actix::Arbiter;
use tempfile::TempDir;

use super::*;
use crate::{
    actors::{Desk, Intent, Keeper, couriers::Couriers, couriers::Direction},
    clock::Clock,
    domain::{
        aggregate::Aggregate,
        catalogue::{Category, CategoryEvent, NewCategory},
        couriers::Courier as Book,
        ids::{CategoryId, CourierId},
        time::{Stamp, Who},
    },
    store::{Silent, Store, StoreOptions, registry},
    subscribers::{
        courier::{Delivering, courier_named},
        runner::Runner,
    },
};

/// A category of this name makes the courier name the same parcel twice.
const TWICE: &str = "twice";
/// News of a category of this name waits at the gate, whatever becomes of the others.
const HELD: &str = "held";

/// Brings one thing for each new category: its name. What is scripted for a name happens in
/// turn; then it is delivered.
struct Scripted {
    name: &'static str,
    script: Mutex<BTreeMap<String, VecDeque<Outcome>>>,
    brought: watch::Sender<Vec<String>>,
    /// Deliveries wait here, if it is shut.
    gate: watch::Sender<bool>,
    /// Whether what is called [`HELD`] waits.
    held: watch::Sender<bool>,
}

impl Scripted {
    fn new(name: &'static str) -> Arc<Scripted> {
        let (brought, gate) = (watch::Sender::new(Vec::new()), watch::Sender::new(true));
        let held = watch::Sender::new(true);
        Arc::new(Scripted { name, script: Mutex::default(), brought, gate, held })
    }

    fn when(&self, name: &str, outcomes: impl IntoIterator<Item = Outcome>) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.entry(name.to_owned()).or_default().extend(outcomes);
    }

    /// Waits until so many were brought.
    async fn has_brought(&self, count: usize) -> Vec<String> {
        let mut brought = self.brought.subscribe();
        let waited = brought.wait_for(|brought| brought.len() >= count);
        let waited = tokio::time::timeout(PATIENT, waited).await;
        waited.expect("news in time").expect("a courier").clone()
    }
}

impl Courier for Scripted {
    fn id(&self) -> CourierId {
        courier_named(self.name)
    }

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn wants(&self, kind: &str) -> bool {
        kind == Category::KIND
    }

    fn parcels(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        Ok(match event.read::<Category>() {
            Some((_, CategoryEvent::CategoryAdded(added))) if added.name == TWICE => {
                vec![added.name.clone(), added.name]
            }
            Some((_, CategoryEvent::CategoryAdded(added))) => vec![added.name],
            _ => vec![],
        })
    }

    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Delivering<'a> {
        Box::pin(async move {
            let mut gate = self.gate.subscribe();
            gate.wait_for(|open| *open).await.expect("a gate");
            if parcel.what == HELD {
                self.held.subscribe().wait_for(|held| !*held).await.expect("a gate");
            }
            let scripted = {
                let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
                script.get_mut(&parcel.what).and_then(VecDeque::pop_front)
            };
            if let Some(Outcome::Never(panic)) = &scripted {
                assert!(panic != "panic", "as the script says");
            }
            let outcome = scripted.unwrap_or(Outcome::Delivered);
            if outcome == Outcome::Delivered {
                self.brought.send_modify(|brought| brought.push(parcel.what.clone()));
            }
            outcome
        })
    }
}

/// A journal with its couriers.
struct House {
    folder: TempDir,
    owners: Arbiter,
    clock: Clock,
    store: Store,
    desk: Desk<Couriers>,
    keeper: Keeper,
    runner: Runner,
}

impl House {
    fn open() -> House {
        House::on(tempfile::tempdir().expect("a folder"))
    }

    fn on(folder: TempDir) -> House {
        let options = StoreOptions { low_water_bytes: 0, ..StoreOptions::default() };
        let opened = Store::open(folder.path(), registry(), options, &Silent);
        let (store, _) = opened.expect("a store");
        let clock = Clock::stopped_at(store.now_floor().plus_millis(1));
        let owners = Arbiter::new();
        let desk = Desk::open(Couriers, &store, &clock, &owners.handle());
        let runner = Runner::start(store.clone(), desk.clone(), clock.clone()).expect("a thread");
        let keeper = Keeper::new(store.clone());
        House { folder, owners, clock, store, desk, keeper, runner }
    }

    /// Closes in good order, does something to the folder, and opens again.
    fn reopened_after(self, done: impl FnOnce(&Path)) -> House {
        let House { folder, owners, store, desk, keeper, runner, .. } = self;
        runner.stop();
        drop((desk, keeper, runner));
        owners.stop();
        owners.join().expect("owners that end");
        store.close().expect("a store that closes");
        done(folder.path());
        House::on(folder)
    }

    async fn send_out(&self, courier: &Arc<Scripted>) {
        let courier = Arc::clone(courier);
        self.runner.send_out(courier).await.expect("a courier that is taken on");
    }

    /// Something happens that couriers bring news of.
    async fn adds(&mut self, names: impl IntoIterator<Item = impl ToString>) {
        for name in names {
            let id: CategoryId = self.clock.new_id();
            let intent = Intent::of(Stamp { at: self.clock.now(), who: Who::Shop });
            let decision = self.keeper.decide(intent, |work| {
                let name = name.to_string();
                let (description, slug) = (String::new(), name.clone());
                let wanted = NewCategory { category: id, name, description, slug, parent: None };
                let events = work.get::<Category>(id)?.add(wanted)?;
                work.change::<Category>(id, events)
            });
            decision.settled().await.expect("a category");
        }
    }

    fn book(&self, courier: &Scripted) -> Arc<Book> {
        self.store.reader().get::<Book>(courier.id()).expect("readable").state
    }

    /// What became of the delivery with this name; nothing, if it is not noted yet.
    fn delivery(&self, courier: &Scripted, what: &str) -> Delivery {
        let reader = self.store.reader();
        let prefix = keys::deliveries_of(courier.id());
        let rows = reader.rows(&prefix, None, Order::Ascending, 100).expect("rows");
        let ids = rows.iter().filter_map(|(key, _)| key.last_id());
        let mut all = ids.map(|id| reader.get::<Delivery>(id).expect("readable").state);
        all.find(|delivery| delivery.note.what == what)
            .map(|found| (*found).clone())
            .unwrap_or_default()
    }

    /// Waits until something holds of what is committed.
    async fn waits_until(&self, what: &str, holds: impl Fn(&House) -> bool) {
        let mut follower = self.store.follow(0);
        let waited = async {
            while !holds(self) {
                assert!(follower.news().await, "the store has closed");
            }
        };
        assert!(tokio::time::timeout(PATIENT, waited).await.is_ok(), "{what}: not in time");
    }
}

/// Runs a story on an actor system.
fn tell(story: impl Future<Output = ()>) {
    actix::System::new().block_on(story);
}

fn again() -> Outcome {
    Outcome::TryAgain("come back later".to_owned())
}

#[test]
fn what_was_brought_is_not_brought_again_by_a_restart_or_a_rebuild() {
    tell(async {
        let mut house = House::open();
        let mail = Scripted::new("mail");
        house.send_out(&mail).await;
        house.adds(0..40).await;
        let mut brought = mail.has_brought(40).await;
        brought.sort_by_key(|name| name.parse::<u32>().expect("a number"));
        assert_eq!(brought, (0..40).map(|name| name.to_string()).collect::<Vec<_>>());
        house.waits_until("recorded", |house| house.book(&mail).delivered == 40).await;
        for lose in [
            |_: &Path| {},
            |dir: &Path| {
                std::fs::remove_dir_all(dir.join("state")).expect("a state to lose");
            },
        ] {
            house = house.reopened_after(lose);
            house.send_out(&mail).await;
            let so_far = mail.brought.borrow().len();
            house.adds(["the next"]).await;
            let now = mail.has_brought(so_far + 1).await;
            assert_eq!(now.last().map(String::as_str), Some("the next"));
        }
        house = house.reopened_after(|_| {});
        assert_eq!((mail.brought.borrow().len(), house.book(&mail).delivered), (42, 42));
    });
}

#[test]
fn what_was_brought_past_one_that_takes_long_is_not_brought_again() {
    tell(async {
        let mut house = House::open();
        let mail = Scripted::new("mail");
        house.send_out(&mail).await;
        house.adds([HELD, "a", "b"]).await;
        mail.has_brought(2).await;
        house.waits_until("recorded", |house| house.book(&mail).delivered == 2).await;
        let mut house = house.reopened_after(|_| {});
        mail.held.send_replace(false);
        house.send_out(&mail).await;
        house.adds(["c"]).await;
        let mut brought = mail.has_brought(4).await;
        brought.sort();
        assert_eq!(brought, ["a", "b", "c", HELD]);
        house.waits_until("recorded", |house| house.book(&mail).delivered == 4).await;
        assert_eq!(mail.brought.borrow().len(), 4, "each once");
    });
}

#[test]
fn a_new_courier_tells_no_old_news() {
    tell(async {
        let mut house = House::open();
        house.adds(["old"]).await;
        let mail = Scripted::new("mail");
        house.send_out(&mail).await;
        house.adds(["new"]).await;
        assert_eq!(mail.has_brought(1).await, ["new"]);
    });
}

#[test]
fn what_is_named_twice_for_one_event_is_brought_once() {
    tell(async {
        let mut house = House::open();
        let mail = Scripted::new("mail");
        house.send_out(&mail).await;
        house.adds([TWICE, "once"]).await;
        house.waits_until("recorded", |house| house.book(&mail).delivered >= 2).await;
        house.adds(["last"]).await;
        let mut brought = mail.has_brought(3).await;
        brought.sort();
        assert_eq!(brought, ["last", "once", TWICE]);
        house.waits_until("recorded", |house| house.book(&mail).delivered == 3).await;
    });
}

#[test]
fn what_fails_for_its_own_reasons_is_put_aside_and_the_others_go_on() {
    tell(async {
        let mut house = House::open();
        let mail = Scripted::new("mail");
        mail.when("slow", [again(), again()]);
        house.send_out(&mail).await;
        house.adds(["slow", "quick", "quicker"]).await;
        assert_eq!(mail.has_brought(2).await.len(), 2);
        house.waits_until("put aside", |house| house.book(&mail).delivered == 2).await;
        let slow = house.delivery(&mail, "slow");
        assert_eq!((slow.attempts, slow.error.as_deref()), (1, Some("come back later")));
        assert!(house.book(&mail).cursor >= 3, "the cursor went on");
        // A restart forgets nothing of it, and its time comes.
        let mut house = house.reopened_after(|_| {});
        house.send_out(&mail).await;
        house.clock.advance(Duration::from_secs(1));
        house
            .waits_until("failed again", |house| house.delivery(&mail, "slow").attempts == 2)
            .await;
        house.clock.advance(Duration::from_secs(2));
        assert_eq!(mail.has_brought(3).await.last().map(String::as_str), Some("slow"));
        house.adds(["last"]).await;
        mail.has_brought(4).await;
    });
}

#[test]
fn what_fails_for_a_day_is_a_dead_letter_that_staff_can_send_after_all() {
    tell(async {
        let mut house = House::open();
        let mail = Scripted::new("mail");
        mail.when("a", [again(), again()]);
        mail.when("b", [Outcome::Never("no such address".to_owned())]);
        mail.when("c", [Outcome::Never("panic".to_owned())]);
        house.send_out(&mail).await;
        house.adds(["a", "b", "c"]).await;
        house.waits_until("two dead", |house| house.book(&mail).given_up == 2).await;
        house.waits_until("one put aside", |house| house.delivery(&mail, "a").attempts == 1).await;
        house.clock.advance(Duration::from_secs(24 * 3600));
        house.waits_until("three dead", |house| house.book(&mail).given_up == 3).await;
        let prefix = keys::dead_letters(mail.id());
        let dead = house.store.reader().rows(&prefix, None, Order::Ascending, 9).expect("rows");
        let ids = dead.iter().filter_map(|(key, _)| key.last_id::<DeliveryId>());
        for id in ids {
            let intent = Intent::of(Stamp { at: house.clock.now(), who: Who::Shop });
            house.runner.ask_again(id, intent).await.expect("a dead letter");
        }
        let mut brought = mail.has_brought(3).await;
        brought.sort();
        assert_eq!(brought, ["a", "b", "c"]);
        house.waits_until("recorded", |house| house.book(&mail).delivered == 3).await;
        let dead = house.store.reader().rows(&prefix, None, Order::Ascending, 9).expect("rows");
        assert!(dead.is_empty(), "nothing is dead any more: {dead:?}");
    });
}

#[test]
fn while_nobody_takes_anything_nothing_is_written_and_nothing_is_lost() {
    tell(async {
        let mut house = House::open();
        let mail = Scripted::new("mail");
        let down = || Outcome::Down("nobody is there".to_owned());
        (0..30).for_each(|name| mail.when(&name.to_string(), [down(), down()]));
        house.send_out(&mail).await;
        house.adds(0..30).await;
        let mut standing = None;
        while standing.is_none() {
            tokio::task::yield_now().await;
            standing = house.runner.standing(mail.id()).and_then(|standing| standing.down);
        }
        assert_eq!(standing.expect("down").1, "nobody is there");
        assert_eq!(*house.book(&mail), Book { cursor: 0, ..(*house.book(&mail)).clone() });
        let prefix = keys::deliveries_of(mail.id());
        let noted = house.store.reader().rows(&prefix, None, Order::Ascending, 9).expect("rows");
        assert!(noted.is_empty(), "nothing is noted: {noted:?}");
        for name in 0..30 {
            mail.script.lock().expect("a script").remove(&name.to_string());
        }
        house.clock.advance(Duration::from_secs(60));
        assert_eq!(mail.has_brought(30).await.len(), 30);
        house.waits_until("recorded", |house| house.book(&mail).delivered == 30).await;
    });
}

#[test]
fn a_courier_that_hangs_delays_no_other_and_no_closing() {
    tell(async {
        let mut house = House::open();
        let (hangs, mail) = (Scripted::new("hangs"), Scripted::new("mail"));
        hangs.gate.send_replace(false);
        house.send_out(&hangs).await;
        house.send_out(&mail).await;
        house.adds(0..20).await;
        assert_eq!(mail.has_brought(20).await.len(), 20);
        assert!(hangs.brought.borrow().is_empty());
        let house = house.reopened_after(|_| {});
        hangs.gate.send_replace(true);
        house.send_out(&hangs).await;
        assert_eq!(hangs.has_brought(20).await.len(), 20);
    });
}

#[test]
fn a_courier_rests_when_it_is_told_to() {
    tell(async {
        let mut house = House::open();
        let (mail, other) = (Scripted::new("mail"), Scripted::new("other"));
        house.send_out(&mail).await;
        house.runner.direct(mail.id(), Direction::Pause, Who::Shop).await.expect("a courier");
        house.send_out(&other).await;
        house.adds(["a", "b"]).await;
        other.has_brought(2).await;
        let mut house = house.reopened_after(|_| {});
        house.send_out(&mail).await;
        house.send_out(&other).await;
        house.adds(["c"]).await;
        other.has_brought(3).await;
        assert!(mail.brought.borrow().is_empty(), "it rests");
        house.runner.direct(mail.id(), Direction::Resume, Who::Shop).await.expect("a courier");
        assert_eq!(mail.has_brought(3).await.len(), 3);
        let unknown = house.runner.direct(courier_named("nobody"), Direction::Pause, Who::Shop);
        assert!(unknown.await.is_err());
    });
}

#[test]
fn no_more_than_a_batch_is_made_and_unrecorded() {
    tell(async {
        let mut house = House::open();
        let mail = Scripted::new("mail");
        house.runner.send_out(mail.clone()).await.expect("a courier");
        // Nobody records: the owner is gone.
        house.owners.stop();
        house.adds(0..50).await;
        mail.has_brought(BATCH_MAX).await;
        house.adds(50..60).await;
        assert_eq!(mail.brought.borrow().len(), BATCH_MAX);
    });
}

/// A machine may be busy; the shop is not that slow.
const PATIENT: Duration = Duration::from_secs(300);
