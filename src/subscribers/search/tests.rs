//! Turns of the projection over a real store and real indexes, one at a time.

use futures_util::FutureExt;

use super::*;
use crate::{
    actors::{Intent, Keeper, Work},
    clock::Clock,
    domain::{
        catalogue::{Category, NewCategory, NewProduct, Product, ProductEdit},
        ids::{CategoryId, VariantId},
        money::{Currency, Money},
        time::{Stamp, Who},
    },
    search::{Reach, SearchRequest},
    store::{Seq, Silent, StoreOptions, registry},
};

/// A store, and a projection that turns when it is told to.
struct House {
    clock: Clock,
    keeper: Keeper,
    store: Store,
    projection: Projection,
    pens: Pens,
    way: Way,
    _stop: watch::Sender<bool>,
    folder: tempfile::TempDir,
}

impl House {
    /// A house whose category `shelf` holds so many products.
    async fn with_products(count: u32) -> (House, CategoryId, Vec<ProductId>) {
        let folder = tempfile::tempdir().expect("a folder");
        let options = StoreOptions { low_water_bytes: 0, ..StoreOptions::default() };
        let opened = Store::open(&folder.path().join("shop"), registry(), options, &Silent);
        let store = opened.expect("a store").0;
        let clock = Clock::stopped_at(store.now_floor().plus_millis(1));
        let mut keeper = Keeper::new(store.clone());
        let shelf: CategoryId = clock.new_id();
        let add = |work: &mut Work<'_>| {
            let (name, slug) = ("Shelf".to_owned(), "shelf".to_owned());
            let description = String::new();
            let wanted = NewCategory { category: shelf, name, description, slug, parent: None };
            let events = work.get::<Category>(shelf)?.add(wanted)?;
            work.change::<Category>(shelf, events)
        };
        keeper.decide(intent(&clock), add).settled().await.expect("a category");
        let mut products = Vec::new();
        for number in 0..count {
            let id: ProductId = clock.new_id();
            let variant: VariantId = clock.new_id();
            let added = keeper.decide(intent(&clock), |work| {
                let name = format!("Thing {number}");
                let before = work.get::<Product>(id)?;
                let variants = before.match_variants(&name, vec![], vec![variant])?;
                let events = before.add(NewProduct {
                    product: id,
                    slug: format!("thing-{number}"),
                    name,
                    description: String::new(),
                    price: Money::of(100, Currency::USD)?,
                    category_ids: vec![shelf],
                    images: vec![],
                    brand: None,
                    options: vec![],
                    variants,
                })?;
                work.change::<Product>(id, events)
            });
            products.push(id);
            // Many wait for one sync.
            if number % 100 == 99 || number + 1 == count {
                added.settled().await.expect("a product");
            }
        }
        let (projection, pens, way, stop) = opened_on(&store, folder.path());
        let house = House { clock, keeper, store, projection, pens, way, _stop: stop, folder };
        (house, shelf, products)
    }

    async fn renames_shelf(&mut self, shelf: CategoryId, name: &str) -> Seq {
        let renames = |work: &mut Work<'_>| {
            let named = (name.to_owned(), String::new(), name.to_lowercase());
            let events = work.get::<Category>(shelf)?.change(named.0, named.1, named.2)?;
            work.change::<Category>(shelf, events)
        };
        let renamed = self.keeper.decide(intent(&self.clock), renames);
        renamed.settled().await.expect("another name");
        self.store.health().seq
    }

    async fn renames(&mut self, product: ProductId, name: &str) -> Seq {
        let naming = Some((name.to_owned(), name.to_lowercase()));
        self.edits(product, ProductEdit { naming, ..ProductEdit::default() }).await
    }

    async fn reprices(&mut self, product: ProductId, minor: i64) -> Seq {
        let price = Some(Money::of(minor, Currency::USD).expect("a price"));
        self.edits(product, ProductEdit { price, ..ProductEdit::default() }).await
    }

    async fn edits(&mut self, product: ProductId, edit: ProductEdit) -> Seq {
        let edits = |work: &mut Work<'_>| {
            let events = work.get::<Product>(product)?.edit(edit)?;
            work.change::<Product>(product, events)
        };
        let edited = self.keeper.decide(intent(&self.clock), edits);
        edited.settled().await.expect("another product");
        self.store.health().seq
    }

    fn turn(&mut self) {
        self.projection.turn(&mut self.pens, &mut self.way).expect("a turn");
    }

    /// The least and the greatest price there is.
    fn prices(&self) -> Option<(i64, i64)> {
        let request = SearchRequest { facets: true, ..Default::default() };
        let found = self.projection.search.query(&request).expect("an answer");
        found.facets.as_ref().and_then(|facets| facets.prices)
    }

    /// The same house after its projection ended without a word and was begun again.
    fn begun_again(self) -> House {
        let House { clock, keeper, store, projection, pens, way, folder, .. } = self;
        drop((projection, pens, way));
        let (projection, pens, way, stop) = opened_on(&store, folder.path());
        House { clock, keeper, store, projection, pens, way, _stop: stop, folder }
    }

    fn finds(&self, text: &str) -> u64 {
        let request = SearchRequest { text: text.to_owned(), limit: 1, ..Default::default() };
        self.projection.search.query(&request).expect("an answer").total
    }
}

fn intent(clock: &Clock) -> Intent {
    Intent::of(Stamp { at: clock.now(), who: Who::Shop })
}

/// A projection of this store on indexes in this folder, complete.
fn opened_on(
    store: &Store,
    folder: &std::path::Path,
) -> (Projection, Pens, Way, watch::Sender<bool>) {
    let (dir, register_dir) = (folder.join("search"), folder.join("register"));
    let (search, goods, standing) = Search::open(&dir, "en").expect("an index");
    let (register, cards, filed) = Register::open(&register_dir).expect("a register");
    let (stop, told) = watch::channel(false);
    let mut projection = Projection {
        reader: store.reader(),
        store: store.clone(),
        search,
        dir,
        register,
        register_dir,
        told,
        standing,
        filed,
        pending: BTreeMap::new(),
        backlog: Backlog::default(),
        later: Later::default(),
    };
    let mut pens = Pens { goods, cards };
    let begun = projection.complete(&mut pens).expect("indexes").expect("whole ones");
    let way = Way::from(begun, store.follow(begun.position));
    (projection, pens, way, stop)
}

#[tokio::test]
async fn a_large_category_holds_up_no_other_change_and_is_not_said_to_be_known_before_it_is() {
    let (mut house, shelf, products) = House::with_products(PRODUCTS).await;
    house.turn();
    let all = u64::from(PRODUCTS);
    assert_eq!((house.finds("shelf"), house.finds("thing")), (all, all));
    let before = house.store.health().seq;
    assert_eq!(house.projection.search.reach(), Reach::whole(before));
    let renamed = house.renames_shelf(shelf, "Zanzibar").await;
    // The last of them: it would be the last to be indexed.
    let other = house.renames(*products.last().expect("one"), "Quagga").await;
    let search = house.projection.search.clone();
    let waits = std::pin::pin!(search.knows_most(other));
    let mut waits = waits.fuse();
    assert_eq!((&mut waits).now_or_never(), None);
    // One turn reads it, and the next writes it, because somebody waits.
    house.turn();
    house.turn();
    assert_eq!((&mut waits).now_or_never(), Some(()));
    assert_eq!(house.finds("quagga"), 1);
    let (some, reach) = (house.finds("zanzibar"), search.reach());
    assert!(some > 0 && some < all, "{some} of {all}");
    assert!(reach.all < renamed && reach.most >= other, "{reach:?}, {renamed}, {other}");
    assert_eq!(search.knows(other).now_or_never(), None);
    // A shop that dies here reads the other name of the category again.
    let House { mut projection, mut pens, mut way, store, folder, .. } = house;
    drop((projection.search, pens, way));
    (projection, pens, way, _) = opened_on(&store, folder.path());
    assert!(projection.search.position() < renamed);
    let request = SearchRequest { text: "zanzibar".to_owned(), limit: 1, ..Default::default() };
    let finds = |projection: &Projection| projection.search.query(&request).expect("it").total;
    let mut turns = 0;
    while projection.search.position() < other {
        assert_eq!(projection.search.knows(other).now_or_never(), None, "somebody waits");
        projection.turn(&mut pens, &mut way).expect("a turn");
        turns += 1;
        assert!(turns < TURNS_MAX, "it is never known");
    }
    assert_eq!(finds(&projection), all);
}

#[tokio::test]
async fn an_index_that_is_made_anew_in_a_running_shop_is_not_said_to_know_anything() {
    let (mut house, _, _) = House::with_products(3).await;
    house.turn();
    let newest = house.store.health().seq;
    let search = house.projection.search.clone();
    assert_eq!(search.knows(newest).now_or_never(), Some(()));
    drop(house.pens);
    house.projection.standing = None;
    let mut pens = house.projection.begin_again().expect("an empty index");
    assert_eq!((search.position(), house.projection.register.position()), (0, newest));
    assert_eq!(search.knows(newest).now_or_never(), None, "nothing of it is there");
    house.projection.complete(&mut pens).expect("an index");
    assert_eq!(search.knows(newest).now_or_never(), Some(()));
    assert_eq!(search.size().1, 3);
}

#[tokio::test]
async fn another_price_is_shown_and_written_later_and_a_crash_before_that_loses_nothing() {
    let (mut house, _, products) = House::with_products(3).await;
    house.turn();
    let (committed, newest) = (house.projection.standing, house.store.health().seq);
    let repriced = house.reprices(products[1], 250).await;
    let search = house.projection.search.clone();
    assert_eq!(search.knows(repriced).now_or_never(), None);
    // One turn reads it, and the next tells it, because somebody waits.
    house.turn();
    assert_eq!(search.knows(repriced).now_or_never(), None);
    house.turn();
    assert_eq!((house.prices(), house.pens.changes()), (Some((100, 250)), 0));
    assert_eq!(search.knows(repriced).now_or_never(), Some(()));
    assert_eq!(house.projection.standing, committed);
    // What is committed for another's sake does not claim to hold it, if it does not.
    for number in 0..2 {
        house.projection.later.note(products[2], committed);
        house.renames(products[0], &format!("Quagga {number}")).await;
        house.turn();
        let (last, position) = (house.way.last, house.store.health().seq);
        house.projection.commit_goods(&mut house.pens.goods, last, position).expect("a commit");
        assert_eq!(house.projection.standing, committed);
    }
    assert!(committed.is_some_and(|committed| committed.position <= newest));
    let mut house = house.begun_again();
    assert_eq!(house.prices(), Some((100, 100)), "as it was committed");
    let search = house.projection.search.clone();
    for _ in 0..2 {
        assert_eq!(search.knows(house.store.health().seq).now_or_never(), None);
        house.turn();
    }
    assert_eq!((house.prices(), house.finds("quagga")), (Some((100, 250)), 1));
    house.projection.later.note(products[1], house.projection.standing);
    house.renames(products[0], "Zebra").await;
    house.turn();
    let (last, position) = (house.way.last, house.store.health().seq);
    house.projection.commit(&mut house.pens, last, position, true).expect("a commit");
    assert_eq!(house.projection.standing, Some(last));
    let house = house.begun_again();
    assert_eq!((house.prices(), house.finds("zebra")), (Some((100, 250)), 1));
}

#[tokio::test]
async fn what_no_search_shows_is_not_written() {
    let (mut house, _, products) = House::with_products(1).await;
    house.turn();
    let images = Some(vec!["/media/thing.jpg".to_owned()]);
    house.edits(products[0], ProductEdit { images, ..ProductEdit::default() }).await;
    house.turn();
    assert_eq!((house.pens.changes(), house.projection.later.since()), (0, None));
    house.reprices(products[0], 120).await;
    house.turn();
    assert_eq!(house.pens.changes(), 0, "no card has a price");
    house.renames(products[0], "Quagga").await;
    house.turn();
    assert_eq!((house.pens.goods.changes(), house.pens.cards.changes()), (1, 1));
}

#[tokio::test]
async fn a_product_with_another_price_and_another_name_is_found_by_both() {
    let (mut house, _, products) = House::with_products(3).await;
    house.turn();
    house.reprices(products[0], 90).await;
    let price = Some(Money::of(250, Currency::USD).expect("a price"));
    let naming = Some(("Quagga".to_owned(), "quagga".to_owned()));
    let renamed =
        house.edits(products[1], ProductEdit { naming, price, ..ProductEdit::default() }).await;
    house.reprices(products[1], 260).await;
    let search = house.projection.search.clone();
    assert_eq!(search.knows(renamed).now_or_never(), None, "somebody waits");
    house.turn();
    house.turn();
    assert_eq!((house.finds("quagga"), house.prices()), (1, Some((90, 260))));
}

#[tokio::test]
async fn what_is_only_written_down_makes_nothing_forgotten() {
    let (mut house, _, products) = House::with_products(3).await;
    house.turn();
    house.reprices(products[1], 250).await;
    house.turn();
    house.projection.search.tell_adjusted();
    let request = SearchRequest { text: "thing".to_owned(), facets: true, ..Default::default() };
    let asks = |house: &House| house.projection.search.query(&request).expect("an answer");
    let (before, changes) = (asks(&house), house.projection.search.changes());
    let (last, position) = (house.way.last, house.store.health().seq);
    house.projection.commit(&mut house.pens, last, position, true).expect("a commit");
    assert_eq!(house.projection.standing, Some(last));
    assert!(std::sync::Arc::ptr_eq(&before, &asks(&house)));
    assert_eq!(house.projection.search.changes(), changes);
    house.renames(products[0], "Quagga").await;
    house.turn();
    let (last, position) = (house.way.last, house.store.health().seq);
    house.projection.commit(&mut house.pens, last, position, true).expect("a commit");
    // Its SKU is still made of its former name.
    assert!(!std::sync::Arc::ptr_eq(&before, &asks(&house)));
    assert_eq!(house.finds("quagga"), 1);
}

#[tokio::test]
async fn of_many_prices_some_are_written_ahead_and_none_is_lost() {
    let (mut house, _, products) = House::with_products(130).await;
    house.turn();
    let committed = house.projection.standing;
    for product in &products {
        house.reprices(*product, 300).await;
    }
    house.turn();
    house.turn();
    let ahead = house.pens.goods.has_written();
    assert_eq!((ahead, house.pens.changes()), (true, 0), "some are, and nobody waits for them");
    // The first was written ahead, and is another once more before anything is committed.
    house.reprices(products[0], 250).await;
    house.renames(products[129], "Quagga").await;
    house.turn();
    let (last, position) = (house.way.last, house.store.health().seq);
    house.projection.commit_goods(&mut house.pens.goods, last, position).expect("a commit");
    assert_eq!(house.projection.standing, committed, "others are only shown");
    house.projection.search.tell_adjusted();
    assert_eq!((house.prices(), house.finds("quagga")), (Some((250, 300)), 1));
    house.projection.commit(&mut house.pens, last, position, true).expect("a commit");
    assert_eq!((house.projection.standing, house.prices()), (Some(last), Some((250, 300))));
    let house = house.begun_again();
    assert_eq!((house.prices(), house.finds("quagga")), (Some((250, 300)), 1));
}

/// Many slices.
const PRODUCTS: u32 = 1_100;
const TURNS_MAX: u32 = 40;
