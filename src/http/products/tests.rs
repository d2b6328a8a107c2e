//! Products over a real shop on a temporary folder.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actix_web::{
    HttpResponse,
    body::MessageBody,
    http::{StatusCode, header},
    test::TestRequest,
};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::*;
use crate::{
    actors::{
        assortment::{Assortment, StockedVariant, WantedChanges, WantedProduct},
        catalogue::AddCategory,
        inventory::{CloseLedgers, NewLedger, OpenLedgers, Stocktaking, TakeStock},
    },
    clock::Clock,
    config::{Flags, Layers, Purpose, Settings},
    domain::{
        catalogue::{CatalogueRefusal, ProductEdit, ProductOption, WantedVariant},
        ids::{CategoryId, Identity, VariantId},
        inventory::{Ledger, Movement, MovementKind},
        money::Money,
        quantity::Quantity,
        time::{Timestamp, Who},
    },
    http::{
        answer::Show,
        fields::{Faults, read_body, read_query},
        listing::{ROWS_MAX, Rows},
    },
    store::{Key, Order, Silent, Store, StoreOptions, registry},
};

/// A shop with a stopped clock, and the folder it lives in.
struct World {
    shop: Shop,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> World {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = StoreOptions { low_water_bytes: 0, ..StoreOptions::default() };
        let (store, _) = Store::open(folder.path(), registry(), options, &Silent).expect("a store");
        let flags =
            Flags { data_dir: Some(folder.path().display().to_string()), ..Flags::default() };
        let layers = Layers::gather(&flags, [], Purpose::Shop);
        let settings = Settings::from_layers(&layers).expect("sound settings");
        let clock = Clock::stopped_at(Timestamp::from_millis(1_700_000_000_000));
        let arbiter = actix::Arbiter::current();
        let shop = Shop::over(store, clock, settings, &arbiter).await.expect("a shop");
        World { shop, _folder: folder }
    }

    async fn adds(&self, wanted: WantedProduct) -> ProductId {
        self.shop.clock.advance(Duration::from_millis(1));
        let intent = self.shop.intent(Who::Shop);
        self.shop.assortment.add(wanted, intent).await.expect("a product").id
    }

    async fn edits(&self, id: ProductId, wanted: WantedChanges) {
        let intent = self.shop.intent(Who::Shop);
        let edited = self.shop.assortment.edit(id, wanted, None, intent).await;
        edited.expect("an edit").expect("of any version");
    }

    async fn adds_category(&self, name: &str) -> CategoryId {
        let category = self.shop.clock.new_id();
        let (name, description) = (name.to_owned(), String::new());
        let add = AddCategory { category, name, description, parent: None };
        let intent = self.shop.intent(Who::Shop);
        self.shop.desks.catalogue.ask(add, intent).await.expect("a category").id
    }

    async fn takes_stock(&self, variant: VariantId, asked: Stocktaking) {
        let intent = self.shop.intent(Who::Shop);
        let taken = self.shop.desks.inventory.ask(TakeStock { variant, asked }, intent).await;
        taken.expect("stock that is taken");
    }

    fn product(&self, id: ProductId) -> Versioned<Product> {
        self.shop.reader.get::<Product>(id).expect("a readable product")
    }

    fn ledger(&self, id: VariantId) -> Arc<Ledger> {
        self.shop.reader.get::<Ledger>(id).expect("a readable ledger").state
    }

    fn open_ledgers(&self) -> usize {
        let rows = self.shop.reader.rows(&keys::ledgers(), None, Order::Ascending, 1000);
        rows.expect("readable rows").len()
    }

    /// The names on a page of `getproducts`, and where the next one starts.
    async fn lists(&self, query: &str) -> (Vec<String>, Option<String>) {
        let page = body_of(self.asks(Public(None), query).await.expect("a page"));
        let names = page["data"].as_array().expect("a list").iter();
        let names = names.map(|product| product["name"].as_str().expect("a name").to_owned());
        (names.collect(), page["page"]["nextCursor"].as_str().map(str::to_owned))
    }

    async fn asks(&self, who: Public, query: &str) -> Answer<HttpResponse> {
        let mut faults = Faults::default();
        let query: ProductsQuery = read_query(query, &mut faults)?;
        assert!(faults.is_empty(), "{faults:?}");
        let category = match &query.category {
            Some(named) => Some(categories::id_of(&self.shop, named)?.unwrap_or_default()),
            None => None,
        };
        assert!(who.0.is_none() || query.status == Status::Active);
        let selection = selection(&query, category, currency_of(&self.shop)?)?;
        let page = selection.page(&self.shop, query.paging)?;
        page.show(StatusCode::OK, &TestRequest::default().to_http_request())
    }
}

fn body_of(answer: HttpResponse) -> Value {
    let bytes = answer.into_body().try_into_bytes().expect("bytes");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn usd(cents: i64) -> Money {
    Money::of(cents, Currency::USD).expect("an amount")
}

/// A product with one variant and five units.
fn a_product(name: &str) -> WantedProduct {
    let only = StockedVariant { wanted: WantedVariant::default(), on_hand: Some(5) };
    WantedProduct {
        name: name.to_owned(),
        description: "It says \"good\",\nand is.".to_owned(),
        price: usd(1999),
        category_ids: vec![],
        images: vec!["/media/a.svg".to_owned()],
        brand: Some("Höfe & Söhne".to_owned()),
        options: vec![],
        variants: vec![only],
        handle: None,
        is_active: true,
    }
}

/// A shirt in S and L, of which only S is there.
fn a_shirt() -> WantedProduct {
    let sizes = ["S", "L"];
    let variant = |(size, on_hand)| StockedVariant {
        wanted: WantedVariant {
            id: None,
            sku: Some(format!("SHIRT-{size}")),
            options: size_of(size),
            price: (size == "L").then(|| usd(2500)),
            images: vec![],
            barcode: None,
        },
        on_hand: Some(on_hand),
    };
    WantedProduct {
        options: vec![ProductOption {
            name: "Size".to_owned(),
            values: sizes.map(str::to_owned).to_vec(),
        }],
        variants: sizes.into_iter().zip([7, 0]).map(variant).collect(),
        brand: None,
        ..a_product("Shirt")
    }
}

fn size_of(size: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("Size".to_owned(), size.to_owned())])
}

/// The rendering is the view's JSON, byte for byte.
#[track_caller]
fn must_render_as_its_view(world: &World, id: ProductId) {
    let product = world.product(id);
    let order = product.state.variants_in_order();
    let stock: Vec<u32> = order.iter().map(|variant| on_sale(&world.ledger(variant.id))).collect();
    let tree = world.shop.shelves.tree().expect("the categories");
    let view = ProductView::of(&product.state, &tree, &stock);
    let view = serde_json::to_vec(&view).expect("JSON");
    let shown = world.shop.renderings.show(&world.shop.reader, &product).expect("a rendering");
    assert_eq!(String::from_utf8_lossy(&shown.json()), String::from_utf8_lossy(&view));
}

#[actix_web::test]
async fn a_rendered_product_is_its_view_whatever_happened_to_its_stock() {
    let world = World::new().await;
    let (plain, shirt) = (world.adds(a_product("Tea")).await, world.adds(a_shirt()).await);
    for id in [plain, shirt] {
        must_render_as_its_view(&world, id);
        let variant = world.product(id).state.default_variant();
        world.takes_stock(variant, Stocktaking::Begin { on_hand: 123_456 }).await;
        must_render_as_its_view(&world, id);
        let name = Some(format!("Another {id}"));
        world.edits(id, WantedChanges { name, ..WantedChanges::default() }).await;
        must_render_as_its_view(&world, id);
    }
}

#[actix_web::test]
async fn a_product_shows_what_can_be_ordered_now() {
    let world = World::new().await;
    let id = world.adds(a_shirt()).await;
    let show = || {
        let shown = shown(&world.shop, id).expect("a product");
        let request = TestRequest::default().to_http_request();
        shown.show(StatusCode::OK, &request).expect("an answer")
    };
    let tag = |answer: &HttpResponse| answer.headers().get(header::ETAG).cloned();
    let before = show();
    let first_tag = tag(&before);
    let text = before.into_body().try_into_bytes().expect("bytes");
    let product: Value = serde_json::from_slice(&text).expect("JSON");
    let product = &product["data"];
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains(r#""price":19.99,"#) && text.contains(r#""price":25.00,"#), "{text}");
    assert_eq!(product["stock"], json!(7));
    assert_eq!(product["_id"], product["id"]);
    assert_eq!(product["options"], json!([{ "name": "Size", "values": ["S", "L"] }]));
    let large = &product["variants"][1];
    assert_eq!((&large["stock"], &large["sku"]), (&json!(0), &json!("SHIRT-L")));

    let small = world.product(id).state.default_variant();
    let stop =
        Stocktaking::Update { on_hand: None, is_active: Some(false), low_stock_threshold: None };
    world.takes_stock(small, stop).await;
    let after = show();
    assert_ne!(tag(&after), first_tag);
    assert_eq!(body_of(after)["data"]["stock"], json!(0), "what is not sold is not there");
}

#[actix_web::test]
async fn lists_are_filtered_and_sorted() {
    let world = World::new().await;
    let teas = world.adds_category("Teas & more").await;
    let priced = |name: &str, cents| WantedProduct { price: usd(cents), ..a_product(name) };
    let of_teas = |wanted| WantedProduct { category_ids: vec![teas], ..wanted };
    world.adds(of_teas(priced("Assam", 500))).await;
    world.adds(priced("Cup", 900)).await;
    world.adds(WantedProduct { brand: None, ..of_teas(priced("Bancha", 700)) }).await;
    let gone = world.adds(priced("Spoon", 100)).await;
    let variant = world.product(gone).state.default_variant();
    world.takes_stock(variant, Stocktaking::Begin { on_hand: 0 }).await;
    let hidden = world.adds(priced("Hidden", 600)).await;
    let edit = ProductEdit { is_active: Some(false), ..ProductEdit::default() };
    world.edits(hidden, WantedChanges { edit, ..WantedChanges::default() }).await;

    for (query, expected) in [
        ("", "Spoon Bancha Cup Assam"),
        ("sort=newest", "Spoon Bancha Cup Assam"),
        ("sort=name", "Assam Bancha Cup Spoon"),
        ("sort=price_asc", "Spoon Assam Bancha Cup"),
        ("sort=price_desc", "Cup Bancha Assam Spoon"),
        ("category=teas-and-more", "Bancha Assam"),
        ("category=teas-and-more&sort=price_asc", "Assam Bancha"),
        ("category=nowhere", ""),
        ("brand=h%C3%B6fe%20%26%20S%C3%96HNE&inStock=true", "Cup Assam"),
        ("inStock=true", "Bancha Cup Assam"),
        ("inStock=false", "Spoon"),
        ("minPrice=5&maxPrice=7.00", "Bancha Assam"),
        ("minPrice=5&maxPrice=7.00&sort=price_asc", "Assam Bancha"),
        ("minPrice=5&maxPrice=7.00&sort=price_desc", "Bancha Assam"),
        ("minPrice=5.01&sort=price_desc", "Cup Bancha"),
        ("maxPrice=4.99&sort=price_asc", "Spoon"),
        ("status=all&sort=name", "Assam Bancha Cup Hidden Spoon"),
    ] {
        let (names, next) = world.lists(query).await;
        assert_eq!((names.join(" "), next), (expected.to_owned(), None), "{query}");
    }
    let by_id = format!("category={teas}");
    assert_eq!(world.lists(&by_id).await.0.join(" "), "Bancha Assam");

    let refused = world.asks(Public(None), "minPrice=1.234&maxPrice=0.001").await;
    let pointers: Vec<String> = refused
        .expect_err("too many decimals")
        .errors()
        .iter()
        .map(|fault| fault.pointer.clone())
        .collect();
    assert_eq!(pointers, ["/minPrice", "/maxPrice"]);
}

#[actix_web::test]
async fn pages_follow_one_another_without_a_gap_in_every_order() {
    let world = World::new().await;
    for number in 10..17 {
        let price = usd(100 * (number % 3));
        world.adds(WantedProduct { price, ..a_product(&format!("P{number}")) }).await;
    }
    for sort in ["newest", "name", "price_asc", "price_desc"] {
        let (all, _) = world.lists(&format!("sort={sort}")).await;
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let at = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let (names, next) = world.lists(&format!("sort={sort}&limit=3{at}")).await;
            assert!(names.len() <= 3);
            seen.extend(names);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all, "{sort}");
    }
    let (_, next) = world.lists("sort=name&limit=2").await;
    let elsewhere = format!("sort=newest&cursor={}", next.expect("a further page"));
    let refused = world.asks(Public(None), &elsewhere).await.expect_err("of another list");
    assert_eq!(refused.code(), "invalid_cursor");
}

#[actix_web::test]
async fn a_page_ends_after_so_many_rows_and_the_next_one_goes_on() {
    let world = World::new().await;
    let id = world.adds(a_product("Tea")).await;
    let variant = world.product(id).state.default_variant();
    let quantity = Quantity::new(1).expect("one");
    let receive = || Stocktaking::Receive { quantity, reason: None };
    join_all((0..ROWS_MAX).map(|_| world.takes_stock(variant, receive()))).await;

    let rows = Rows::all("movements", keys::movements(variant), Order::Descending);
    let page = |cursor| {
        let paging = Paging { limit: 1, cursor };
        let oldest = |_: &Key, row: &[u8]| {
            let movement: Movement = serde_json::from_slice(row).expect("a movement");
            Ok((movement.kind == MovementKind::Opened).then_some(movement.on_hand))
        };
        rows.page(&world.shop.reader, &world.shop.cursors, &paging, oldest).expect("a page")
    };
    let first = page(None);
    assert!(first.items.is_empty());
    let second = page(Some(first.next_cursor.expect("there is more")));
    assert_eq!((second.items, second.next_cursor), (vec![5], None));
}

#[actix_web::test]
async fn a_refused_product_leaves_nothing_behind() {
    let world = World::new().await;
    world.adds(a_shirt()).await;
    let no_such = CategoryId::from_bytes([1; 16]);
    let mut twice = a_shirt();
    twice.name = "Other".to_owned();
    for (wanted, refusal) in [
        (a_shirt(), CatalogueRefusal::NameTaken),
        (twice, CatalogueRefusal::SkuTaken),
        (
            WantedProduct { category_ids: vec![no_such], ..a_product("Tea") },
            CatalogueRefusal::UnknownCategory,
        ),
    ] {
        let intent = world.shop.intent(Who::Shop);
        let refused = world.shop.assortment.add(wanted, intent).await;
        assert_eq!(refused.expect_err("it is refused"), refusal.into());
        assert_eq!(world.open_ledgers(), 2);
    }
}

#[actix_web::test]
async fn of_two_products_of_one_name_at_once_one_is_added_with_its_ledgers() {
    let world = World::new().await;
    let add = || world.shop.assortment.add(a_product("Tea"), world.shop.intent(Who::Shop));
    let (first, second) = join(add(), add()).await;
    let added = [first, second].into_iter().filter(Result::is_ok).count();
    assert_eq!((added, world.open_ledgers()), (1, 1));
}

#[actix_web::test]
async fn ledgers_follow_the_variants_of_their_product() {
    let world = World::new().await;
    let id = world.adds(a_shirt()).await;
    let before = world.product(id).state;
    let [small, large] = before.variants_in_order()[..] else { panic!("two variants") };
    let (small, large) = (small.id, large.id);
    let wanted = |sku: &str, size: &str, on_hand| StockedVariant {
        wanted: WantedVariant {
            sku: Some(sku.to_owned()),
            options: size_of(size),
            ..WantedVariant::default()
        },
        on_hand,
    };
    let options = vec![ProductOption {
        name: "Size".to_owned(),
        values: ["S", "M"].map(str::to_owned).to_vec(),
    }];
    let change = |variants| WantedChanges {
        edit: ProductEdit { options: Some(options.clone()), ..ProductEdit::default() },
        variants: Some(variants),
        name: None,
        keeps_slug: false,
    };
    let known = change(vec![wanted("SMALL", "S", Some(1)), wanted("MEDIUM", "M", Some(3))]);
    let refused = world.shop.assortment.edit(id, known, None, world.shop.intent(Who::Shop)).await;
    assert!(refused.is_err(), "stock of a known variant is counted elsewhere");

    world.edits(id, change(vec![wanted("SMALL", "S", None), wanted("MEDIUM", "M", Some(3))])).await;
    let after = world.product(id).state;
    let medium = after.variants_in_order()[1].id;
    assert_eq!((world.ledger(small).sku.as_str(), world.ledger(small).on_hand), ("SMALL", 7));
    assert!(!world.ledger(large).exists());
    assert_eq!((world.ledger(medium).sku.as_str(), world.ledger(medium).on_hand), ("MEDIUM", 3));

    let unseen = world.shop.assortment.edit(
        id,
        change(vec![wanted("LARGE", "S", None), wanted("X", "M", None)]),
        Some(1),
        world.shop.intent(Who::Shop),
    );
    assert!(unseen.await.expect("an answer").is_none(), "it has been changed since");
    assert_eq!(world.open_ledgers(), 2);

    world.shop.assortment.remove(id, world.shop.intent(Who::Shop)).await.expect("it is removed");
    assert_eq!(world.open_ledgers(), 0);
}

#[actix_web::test]
async fn the_next_start_mends_what_a_crash_left_between_catalogue_and_inventory() {
    let world = World::new().await;
    let kept = world.adds(a_product("Tea")).await;
    let id = world.shop.clock.new_id();
    let orphan = NewLedger { variant: id, sku: "LOST".to_owned(), on_hand: 1 };
    let product = world.shop.clock.new_id();
    let open = OpenLedgers { product, ledgers: vec![orphan] };
    let intent = world.shop.intent(Who::Shop);
    world.shop.desks.inventory.ask(open, intent.clone()).await.expect("an open ledger");
    let kept_variant = world.product(kept).state.default_variant();
    let other = NewLedger { variant: kept_variant, sku: "OLD".to_owned(), on_hand: 0 };
    let rename = OpenLedgers { product: kept, ledgers: vec![other] };
    world.shop.desks.inventory.ask(rename, intent.clone()).await.expect("another sku");
    let at_work = world.shop.assortment.mend().await.expect("a look");
    assert_eq!((at_work, world.ledger(id).exists()), (1, true), "somebody may be at work on it");

    world.shop.clock.advance(Duration::from_millis(1));
    let restarted = Assortment::new(Arc::clone(&world.shop.desks));
    assert_eq!(restarted.mend().await.expect("a look"), 1);
    assert!(!world.ledger(id).exists());
    let product = world.product(kept).state;
    assert_eq!(world.ledger(kept_variant).sku, product.variants[&kept_variant].sku);
    assert_eq!(restarted.mend().await.expect("a look"), 0);
    let again = CloseLedgers { variants: vec![id] };
    world.shop.desks.inventory.ask(again, intent).await.expect("closing twice is closing once");
}

#[actix_web::test]
async fn an_old_slug_leads_to_the_new_one() {
    let world = World::new().await;
    let id = world.adds(a_product("Black & White")).await;
    let name = Some("Grey".to_owned());
    world.edits(id, WantedChanges { name, ..WantedChanges::default() }).await;
    let moved = by_slug(&world.shop, "black-and-white").expect("an answer");
    assert!(matches!(moved, HereOr::Moved(to) if to == "/v1/product/getproductsbyslug/grey"));
    assert!(matches!(by_slug(&world.shop, "grey"), Ok(HereOr::Here(_))));
    assert_eq!(by_slug(&world.shop, "green").expect_err("nobody's").code(), "not_found");
}

#[test]
fn every_faulty_field_of_a_product_is_named_at_once() {
    let read = |body: Value| {
        let mut faults = Faults::default();
        let read: Result<CreateProductBody, _> =
            read_body(body.to_string().as_bytes(), &mut faults);
        let read = read.expect("JSON");
        if faults.is_empty() {
            return match read.wanted(Currency::USD) {
                Ok(_) => vec![],
                Err(problem) => {
                    problem.errors().iter().map(|fault| fault.pointer.clone()).collect()
                }
            };
        }
        faults.into_vec().into_iter().map(|fault| fault.pointer).collect::<Vec<_>>()
    };
    let sound = json!({
        "name": "Tea", "description": "", "price": "1.50", "stock": 0, "categoryIds": [],
        "images": ["https://shop.example/a.png", "/media/0a.svg"], "brand": null,
    });
    assert_eq!(read(sound.clone()), Vec::<String>::new());
    let mut odd = sound.clone();
    odd["price"] = json!(-1);
    odd["stock"] = json!(1.5);
    odd["images"] = json!(["/media/../secret", "javascript:alert(1)"]);
    odd["slug"] = json!("mine");
    assert_eq!(read(odd), ["/price", "/stock", "/images/0", "/images/1", "/slug"]);
    let mut fine = sound;
    fine["price"] = json!("1.234");
    fine["options"] = json!([{ "name": "Size", "values": ["S"] }]);
    fine["variants"] = json!([{ "options": { "Size": "S" }, "price": "9.999" }]);
    assert_eq!(read(fine), ["/price", "/variants/0/price"]);
}
