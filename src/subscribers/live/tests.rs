//! Those who listen, over a real journal: who stalls, who comes back late, who is too many.

mod numbers;

use std::time::Duration;

use actix::Arbiter;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::{
    actors::{Intent, Keeper},
    clock::Clock,
    domain::{
        catalogue::{Category, NewCategory},
        ids::CategoryId,
        time::{Stamp, Who},
    },
    store::{Silent, StoreOptions, registry},
};

/// A journal that is listened to.
struct House {
    _folder: TempDir,
    _owners: Arbiter,
    clock: Clock,
    store: Store,
    keeper: Keeper,
    live: Live,
}

impl House {
    fn open() -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let options = StoreOptions { low_water_bytes: 0, ..StoreOptions::default() };
        let opened = Store::open(folder.path(), registry(), options, &Silent);
        let (store, _) = opened.expect("a store");
        let clock = Clock::stopped_at(store.now_floor().plus_millis(1));
        let live = Live::start(store.clone()).expect("a thread");
        let keeper = Keeper::new(store.clone());
        House { _folder: folder, _owners: Arbiter::new(), clock, store, keeper, live }
    }

    /// Something happens that staff is told of; the name is as long as this.
    async fn adds(&mut self, count: usize, letters: usize) {
        for _ in 0..count {
            let id: CategoryId = self.clock.new_id();
            let decision = self.keeper.decide(intent(&self.clock), |work| {
                let name = format!("{id}{}", "x".repeat(letters));
                let (description, slug) = (String::new(), name.clone());
                let wanted = NewCategory { category: id, name, description, slug, parent: None };
                let events = work.get::<Category>(id)?.add(wanted)?;
                work.change::<Category>(id, events)
            });
            decision.settled().await.expect("a category");
        }
    }

    fn listens(&self, after: Option<Seq>) -> LiveStream {
        self.live.listen(staff(), after).expect("room")
    }
}

fn intent(clock: &Clock) -> Intent {
    Intent::of(Stamp { at: clock.now(), who: Who::Shop })
}

fn staff() -> Viewer {
    Viewer { is_staff: true, ..Viewer::default() }
}

fn tell(story: impl Future<Output = ()>) {
    actix::System::new().block_on(story);
}

/// The next so many events, by their position.
async fn hears(stream: &mut LiveStream, count: usize) -> Vec<Seq> {
    let mut heard = Vec::new();
    let hearing = async {
        while heard.len() < count {
            match stream.next().await.expect("no end") {
                News::Events(events) => heard.extend(events.iter().map(|sent| sent.position)),
                News::Quiet(_) => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("all of it in time");
    heard
}

/// Takes everything until the end.
async fn drains(stream: &mut LiveStream) -> Vec<Seq> {
    let mut heard = Vec::new();
    let hearing = async {
        while let Some(news) = stream.next().await {
            if let News::Events(events) = news {
                heard.extend(events.iter().map(|sent| sent.position));
            }
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("an end in time");
    heard
}

#[test]
fn very_many_are_told_more_seldom_and_nobody_late() {
    assert_eq!(gather(0), GATHER);
    assert!(gather(10) < GATHER * 2, "a few are told at once");
    assert_eq!(gather(1_000), GATHER_MAX);
    assert_eq!(gather(u32::MAX), GATHER_MAX);
}

#[test]
fn what_waits_is_not_late_because_nothing_more_happens() {
    let now = Duration::from_millis(1_000);
    assert_eq!(quiet(None, now), LOOK_EVERY);
    assert_eq!(quiet(Some(now + GATHER), now), GATHER);
    assert_eq!(quiet(Some(Duration::ZERO), now), Duration::ZERO);
    assert_eq!(quiet(Some(now + LOOK_EVERY * 2), now), LOOK_EVERY);
}

#[test]
fn who_stalls_is_let_go_harms_nobody_and_misses_nothing_on_return() {
    tell(async {
        let mut house = House::open();
        let (mut stalled, mut brisk) = (house.listens(None), house.listens(None));
        house.adds(1, 0).await;
        assert_eq!(hears(&mut stalled, 1).await, hears(&mut brisk, 1).await);
        // Each letter of a name is in its slug too: this is more than may wait for one client.
        let (count, letters) = (700, 2_000);
        let mut all = Vec::new();
        for _ in 0..count / 10 {
            house.adds(10, letters).await;
            all.extend(hears(&mut brisk, 10).await);
        }
        assert_eq!(all.len(), count);
        let had = drains(&mut stalled).await;
        assert!(!had.is_empty() && had.len() < count, "let go after {}", had.len());
        assert_eq!(all[..had.len()], had, "in order, and without a gap");
        let mut back = house.listens(had.last().copied());
        let rest = hears(&mut back, count - had.len()).await;
        assert_eq!(all[had.len()..], rest);
    });
}

#[test]
fn who_was_away_for_long_is_read_to_from_the_journal_and_then_hears_on() {
    tell(async {
        let mut house = House::open();
        house.adds(1_500, 0).await;
        let mut others = house.listens(None);
        house.adds(1, 0).await;
        hears(&mut others, 1).await;
        let mut late = house.listens(Some(0));
        let old = hears(&mut late, 1_501).await;
        assert!(old.is_sorted_by(|one, next| one < next));
        house.adds(2, 0).await;
        assert_eq!(hears(&mut late, 2).await, hears(&mut others, 2).await);
    });
}

#[test]
fn nobody_is_told_what_happened_before_they_came_or_twice() {
    tell(async {
        let mut house = House::open();
        let mut first = house.listens(None);
        let mut told = Vec::new();
        for _ in 0..20 {
            house.adds(1, 0).await;
            // They come at once: the frame may be told by now, or not.
            let mut next = house.listens(None);
            told.extend(hears(&mut first, 1).await);
            house.adds(1, 0).await;
            let heard = hears(&mut first, 1).await;
            assert_eq!(hears(&mut next, 1).await, heard);
            told.extend(heard);
        }
        assert!(told.is_sorted_by(|one, next| one < next), "{told:?}");
    });
}

#[test]
fn there_is_room_for_so_many_and_who_leaves_makes_room() {
    tell(async {
        let house = House::open();
        let mut streams = Vec::new();
        while let Ok(stream) = house.live.listen(staff(), None) {
            streams.push(stream);
        }
        assert_eq!(streams.len(), house.live.listening());
        assert_eq!(streams.len(), 5_000);
        streams.pop();
        assert!(house.live.listen(staff(), None).is_ok());
    });
}

#[test]
fn everybody_is_let_go_when_the_shop_closes_and_nobody_comes_in() {
    tell(async {
        let mut house = House::open();
        let mut stream = house.listens(None);
        house.adds(1, 0).await;
        hears(&mut stream, 1).await;
        house.live.stop();
        assert!(stream.next().await.is_none());
        assert!(house.live.listen(staff(), None).is_err());
        house.live.stop();
    });
}

#[test]
fn while_nobody_listens_the_journal_is_not_read_and_then_it_is_again() {
    tell(async {
        let mut house = House::open();
        for _ in 0..3 {
            house.adds(3, 0).await;
            assert_eq!(house.live.inner.hub().awake_after(), None);
            let mut stream = house.listens(None);
            house.adds(1, 0).await;
            let heard = hears(&mut stream, 1).await;
            assert_eq!(heard, [house.store.health().seq]);
            drop(stream);
            while house.live.inner.hub().awake_after().is_some() {
                // The follower looks when something happens.
                house.adds(1, 0).await;
            }
        }
    });
}

#[test]
fn what_is_told_is_the_event_as_the_public_knows_it() {
    tell(async {
        let mut house = House::open();
        let mut stream = house.listens(None);
        house.adds(1, 0).await;
        let Some(News::Events(events)) = stream.next().await else { panic!("an event") };
        let told: Value = serde_json::from_slice(&events[0].bytes).expect("JSON");
        assert_eq!((events[0].name, &told["type"]), ("category.added", &"category.added".into()));
        assert_eq!(told["position"], events[0].position);
        assert!(told["data"]["categoryId"].is_string(), "{told}");
    });
}

const PATIENCE: Duration = Duration::from_secs(30);
