//! Numbers of stock, told at once and then a few times a second, and what waits meanwhile.

use super::*;
use crate::{
    domain::{
        carts::Cart,
        ids::{CartId, ProductId, VariantId},
        inventory::Ledger,
        quantity::Quantity,
    },
    store::Follower,
    subscribers::live::hub::Taken,
};

/// A house in which one kind of tea is counted again and again, and a round is told when the test
/// says so.
struct Counter {
    house: House,
    hub: Hub,
    follower: Follower,
    product: ProductId,
    tea: VariantId,
    cart: CartId,
}

impl Counter {
    async fn open() -> Counter {
        let mut house = House::open();
        let (product, tea) = (house.clock.new_id(), house.clock.new_id());
        let cart: CartId = house.clock.new_id();
        let opened = house.keeper.decide(intent(&house.clock), |work| {
            let opened = work.get::<Ledger>(tea)?.open(product, tea, "TEA", 100)?;
            work.change::<Ledger>(tea, opened)?;
            let taken = work.get::<Cart>(cart)?.open(None)?;
            work.change::<Cart>(cart, taken)
        });
        opened.settled().await.expect("tea and a cart");
        let follower = house.store.follow(house.store.health().seq);
        let hub = Hub::new(metrics::counter!("unheard"));
        Counter { house, hub, follower, product, tea, cart }
    }

    /// So many units are on the shelf now; the position of that.
    async fn counts(&mut self, units: u32) -> Seq {
        let tea = self.tea;
        let counted = self.house.keeper.decide(intent(&self.house.clock), |work| {
            let events = work.get::<Ledger>(tea)?.count(units, None)?;
            work.change::<Ledger>(tea, events)
        });
        counted.settled().await.expect("a number");
        self.house.store.health().seq
    }

    /// One more unit is in the cart; the position of that.
    async fn puts(&mut self) -> Seq {
        let Counter { product, tea, cart, .. } = *self;
        let put = self.house.keeper.decide(intent(&self.house.clock), |work| {
            let one = Quantity::new(1).expect("one");
            let events = work.get::<Cart>(cart)?.put(product, tea, one, 50)?;
            work.change::<Cart>(cart, events)
        });
        put.settled().await.expect("a line");
        self.house.store.health().seq
    }

    /// Somebody comes who looks at the tea and holds the cart, and has everything up to here.
    fn comes(&mut self, after: Seq) -> Taken {
        let viewer = Viewer {
            cart: Some(self.cart),
            products: [self.product].into_iter().collect(),
            ..Viewer::default()
        };
        let (newest, reader) = (self.house.store.health().seq, self.house.store.reader());
        let taken = self.hub.take_in(&Arc::new(viewer), after, newest, &reader);
        taken.expect("a store").expect("one who is taken in")
    }

    /// Everybody is told what happened by now, at this moment; when what waits is due.
    fn tells(&mut self, millis: u64) -> Option<Duration> {
        let reader = self.house.store.reader();
        for entry in self.follower.read(100).expect("a journal") {
            self.hub.take(Frame::new(entry), &reader).expect("a store");
        }
        let now = Duration::from_millis(millis);
        self.hub.send_out(self.follower.position(), now, &reader).expect("a store").due
    }
}

/// What one who listens was told since, by position: of how many units, where it tells of them.
fn told(one: &mut Taken) -> Vec<(Seq, Option<u64>)> {
    let mut told = Vec::new();
    while let Ok(events) = one.queue.try_recv() {
        told.extend(events.iter().map(shown));
    }
    told
}

fn shown(sent: &Sent) -> (Seq, Option<u64>) {
    let event: Value = serde_json::from_slice(&sent.bytes).expect("JSON");
    (sent.position, event["data"]["available"].as_u64())
}

fn reached(one: &Taken) -> Seq {
    one.reached.load(std::sync::atomic::Ordering::Acquire)
}

#[test]
fn the_first_number_is_told_at_once_and_of_a_flood_the_last_in_time() {
    tell(async {
        let mut counter = Counter::open().await;
        let mut visitor = counter.comes(counter.follower.position());
        let first = counter.counts(99).await;
        assert_eq!(counter.tells(1_000), None);
        assert_eq!(told(&mut visitor), [(first, Some(99))]);
        assert_eq!(reached(&visitor), first);

        let held = counter.counts(98).await;
        let due = counter.tells(1_010).expect("it waits");
        assert!(due > Duration::from_millis(1_010) && due <= Duration::from_millis(1_200));
        counter.counts(97).await;
        let last = counter.counts(96).await;
        assert_eq!(counter.tells(1_020), Some(due));
        assert_eq!(told(&mut visitor), [], "it is not their moment yet");
        assert!(reached(&visitor) >= held - 1 && reached(&visitor) < last);
        // Nothing more happens: their moment comes nevertheless.
        assert_eq!(counter.tells(1_200), None);
        assert_eq!(told(&mut visitor), [(last, Some(96))]);
        assert_eq!(reached(&visitor), last);
        counter.tells(1_400);
        assert_eq!(told(&mut visitor), []);
    });
}

#[test]
fn in_a_flood_of_ten_seconds_a_visitor_is_told_some_fifty_numbers() {
    tell(async {
        let mut counter = Counter::open().await;
        let mut visitor = counter.comes(counter.follower.position());
        let mut numbers = Vec::new();
        for round in 0..400 {
            counter.counts(500 - round).await;
            counter.tells(1_000 + u64::from(round) * 25);
            numbers.extend(told(&mut visitor));
        }
        assert!((48..=53).contains(&numbers.len()), "{}", numbers.len());
        assert!(numbers.is_sorted());
    });
}

#[test]
fn what_is_their_own_is_told_at_once_and_takes_along_what_waits() {
    tell(async {
        let mut counter = Counter::open().await;
        let mut visitor = counter.comes(counter.follower.position());
        counter.counts(99).await;
        counter.tells(1_000);
        told(&mut visitor);
        let number = counter.counts(98).await;
        counter.tells(1_010);
        let line = counter.puts().await;
        let (later, next) = (counter.counts(97).await, counter.puts().await);
        assert_eq!(counter.tells(1_020), None);
        // The number before was overtaken; no position is told before one that is smaller.
        assert!(number < line);
        let wanted = [(line, None), (later, Some(97)), (next, None)];
        assert_eq!(told(&mut visitor), wanted);
        let number = counter.counts(96).await;
        counter.tells(1_030);
        let line = counter.puts().await;
        counter.tells(1_040);
        assert_eq!(told(&mut visitor), [(number, Some(96)), (line, None)]);
    });
}

#[test]
fn who_returns_while_a_number_waits_is_told_it_and_nothing_twice() {
    tell(async {
        let mut counter = Counter::open().await;
        let mut visitor = counter.comes(counter.follower.position());
        let mut other = counter.comes(counter.follower.position());
        let first = counter.counts(99).await;
        counter.tells(1_000);
        assert_eq!(told(&mut visitor), [(first, Some(99))]);
        let held = counter.counts(98).await;
        counter.tells(1_010);
        // They go with what they were told: the id of an event, or of a sign that all is quiet.
        let has = first.max(reached(&visitor));
        counter.hub.leave(visitor.id);
        let mut back = counter.comes(has);
        assert_eq!(back.missed.iter().map(shown).collect::<Vec<_>>(), [(held, Some(98))]);
        let last = counter.counts(97).await;
        counter.tells(1_300);
        assert_eq!(told(&mut back), [(last, Some(97))]);
        assert_eq!(told(&mut other), [(first, Some(99)), (last, Some(97))]);
    });
}

#[test]
fn who_comes_between_a_number_and_its_telling_is_told_it_once() {
    tell(async {
        let mut counter = Counter::open().await;
        let _other = counter.comes(counter.follower.position());
        let before = counter.follower.position();
        let position = counter.counts(99).await;
        let reader = counter.house.store.reader();
        for entry in counter.follower.read(100).expect("a journal") {
            counter.hub.take(Frame::new(entry), &reader).expect("a store");
        }
        // It was taken, and its round is not over.
        let mut late = counter.comes(before);
        assert_eq!(late.missed.iter().map(shown).collect::<Vec<_>>(), [(position, Some(99))]);
        let mut later = counter.comes(position);
        counter.tells(1_000);
        assert_eq!((told(&mut late), told(&mut later)), (vec![], vec![]));
    });
}
