//! Kept pages: what everybody sees is written once, sent again while it is true, and to nobody
//! whom the shop knows.

use bodega::search;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    wares::{VISA, id, text},
};

/// The page as they see it, and its tag if everybody is sent the same. A visitor has no cookie.
async fn seen(who: &Person, path: &str) -> (String, String) {
    let page = if who.cookie.is_some() { who.opens(path).await } else { who.get(path).await };
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    (page.text().to_owned(), page.header("etag").to_owned())
}

/// Search has heard of all that has happened; pages say another thing before.
async fn all_is_found(bodega: &Bodega) {
    bodega.shop.search.knows(bodega.shop.store().health().seq).await;
}

/// A shop with a tea on a shelf and another shelf, and what its pages have to say.
struct Window {
    bodega: Bodega,
    owner: Person,
    tea: Value,
    teas: Value,
    cups: Value,
}

impl Window {
    async fn open() -> Window {
        let bodega = Bodega::open();
        let owner = bodega.owner().await;
        let shelf = |name: &str| json!({ "name": name, "description": "" });
        let teas = owner.post("/v1/product/createcategory", shelf("Teas")).await.data();
        let cups = owner.post("/v1/product/createcategory", shelf("Cups")).await.data();
        let tea = json!({
            "name": "Sencha", "description": "", "price": "3.99", "stock": 7,
            "categoryIds": [id(&teas)],
        });
        let tea = owner.post("/v1/product/createproduct", tea).await.data();
        let window = Window { bodega, owner, tea, teas, cups };
        window.says(&PAGES, "$3.99").await;
        window
    }

    /// Pages that could not be sent as they were.
    fn pages_written(&self) -> u64 {
        let numbers = self.bodega.shop.meters.rendered();
        let counter = "bodega_cache_misses_total{cache=\"pages\"} ";
        let line = numbers.lines().find_map(|line| line.strip_prefix(counter));
        line.expect("a counter").parse().expect("a number")
    }

    /// How often what is found has changed.
    fn found(&self) -> (u64, search::Progress) {
        (self.bodega.shop.search.changes(), self.bodega.shop.search.progress())
    }

    /// One of the things that happen in a shop; which.
    async fn something_happens(&self, dice: &mut Rng, goods: &mut Vec<Value>) -> String {
        let owner = &self.owner;
        let one = goods[dice.usize(..goods.len())].clone();
        let shelf = id(if dice.bool() { &self.cups } else { &self.teas }).to_owned();
        let name = format!("Sencha {}", dice.alphabetic());
        let price = format!("{}.50", dice.u8(1..9));
        let units = dice.u8(1..4);
        let edit = |body: Value| async {
            let mut body = body;
            body["id"] = one["id"].clone();
            let _gone_or_taken = owner.patch("/v1/product/updateproduct", body).await;
        };
        let stocked = |what: &'static str| {
            let body = json!({ "productId": id(&one), "quantity": units });
            owner.post(&format!("/v1/inventory/{what}"), body)
        };
        let what = dice.u8(..11);
        match what {
            0 => edit(json!({ "price": price })).await,
            1 => edit(json!({ "name": name })).await,
            2 => edit(json!({ "isActive": dice.bool() })).await,
            3 => edit(json!({ "categoryIds": [shelf] })).await,
            4 => edit(json!({ "description": name, "images": ["/media/tea.jpg"] })).await,
            5 => drop(stocked("reducestock").await),
            6 => drop(stocked("addstock").await),
            7 => {
                let new = json!({
                    "name": name, "description": "", "price": price, "stock": units,
                    "categoryIds": [shelf],
                });
                let added = owner.post("/v1/product/createproduct", new).await;
                if added.status == 201 {
                    goods.push(added.data());
                }
            }
            8 => {
                let path = format!("/v1/product/updatecategory/{shelf}");
                drop(owner.patch(&path, json!({ "name": format!("Shelf {name}") })).await);
            }
            9 => drop(owner.patch("/v1/settings", json!({ "name": name })).await),
            _ => {
                let to = owner.has_address().await;
                drop(owner.orders(&to, &one, 1, VISA).await);
            }
        }
        format!("{what} of {}", text(&one["name"]))
    }

    async fn all_is_found(&self) {
        all_is_found(&self.bodega).await;
    }

    /// Each of these pages says so once search has heard of it, and is then the same and known by
    /// its tag.
    async fn says(&self, paths: &[&str], words: &str) {
        all_is_found(&self.bodega).await;
        let visitor = self.bodega.visitor();
        for path in paths {
            let (page, tag) = seen(&visitor, path).await;
            assert!(page.contains(words), "{path} does not say {words}: {page}");
            assert_eq!(seen(&visitor, path).await, (page, tag.clone()), "{path}");
            let known = visitor.get(path).header("if-none-match", &tag).await;
            assert_eq!((known.status, known.text()), (304, ""), "{path}");
            assert_eq!(known.header("vary"), "cookie", "{path}");
        }
    }
}

#[actix_web::test]
async fn a_page_for_everybody_is_the_same_until_a_product_changes() {
    let window = Window::open().await;
    let dearer = json!({ "id": id(&window.tea), "price": "4.50" });
    window.owner.patch("/v1/product/updateproduct", dearer).await.data();
    window.says(&PAGES, "$4.50").await;
    let off = json!({ "id": id(&window.tea), "isActive": false });
    window.owner.patch("/v1/product/updateproduct", off).await.data();
    let visitor = window.bodega.visitor();
    assert_eq!(visitor.get("/product/sencha").await.status, 404);
    let staff = window.owner.opens("/product/sencha").await;
    assert_eq!(staff.status, 200, "staff see what is not for sale");
    assert_eq!(visitor.get("/product/sencha").await.status, 404, "and nobody else does");
}

#[actix_web::test]
async fn a_page_for_everybody_is_the_same_until_something_is_sold() {
    let window = Window::open().await;
    let ada = window.bodega.customer("ada").await;
    ada.buys(&window.tea, 2).await;
    window.says(&["/product/sencha"], "Only 5 left").await;
    ada.buys(&window.tea, 5).await;
    window.says(&["/product/sencha", "/search?q=sencha"], "Sold out").await;
}

#[actix_web::test]
async fn a_page_for_everybody_is_the_same_until_the_shop_has_another_name() {
    let window = Window::open().await;
    window.owner.patch("/v1/settings", json!({ "name": "The Tea House" })).await.data();
    window.says(&PAGES, "The Tea House").await;
}

#[actix_web::test]
async fn a_page_for_everybody_is_the_same_until_a_shelf_has_another_name() {
    let window = Window::open().await;
    let path = format!("/v1/product/updatecategory/{}", id(&window.cups));
    window.owner.patch(&path, json!({ "name": "Bowls" })).await.data();
    window.says(&PAGES, "Bowls").await;
}

#[actix_web::test]
async fn a_page_for_everybody_is_the_same_until_more_is_found() {
    let window = Window::open().await;
    window.owner.adds_product("Sencha cup", "9.00", 1).await;
    // The page that is kept now may show less than search will find.
    seen(&window.bodega.visitor(), "/search?q=sencha").await;
    window.says(&["/search?q=sencha"], "Sencha cup").await;
}

#[actix_web::test]
async fn a_page_for_everybody_stands_while_what_is_not_on_it_changes() {
    let window = Window::open().await;
    let cup = json!({
        "name": "Cup", "description": "", "price": "9.00", "stock": 5,
        "categoryIds": [id(&window.cups)],
    });
    let cup = window.owner.post("/v1/product/createproduct", cup).await.data();
    window.all_is_found().await;
    window.says(&["/product/sencha", "/category/teas"], "$3.99").await;
    let ada = window.bodega.customer("ada").await;
    for price in ["8.00", "7.00"] {
        let cheaper = json!({ "id": id(&cup), "price": price });
        window.owner.patch("/v1/product/updateproduct", cheaper).await.data();
        ada.buys(&cup, 1).await;
        window.all_is_found().await;
        let before = window.pages_written();
        window.says(&["/product/sencha", "/category/teas"], "$3.99").await;
        assert_eq!(window.pages_written(), before, "they are as they were");
        window.says(&["/category/cups"], &format!("${price}")).await;
        assert!(window.pages_written() > before);
    }
}

#[actix_web::test]
async fn whatever_happens_a_page_that_was_kept_is_the_one_that_would_be_written() {
    for seed in SEEDS {
        let mut dice = fastrand::Rng::with_seed(seed);
        let window = Window::open().await;
        let visitor = window.bodega.visitor();
        let mut goods = vec![window.tea.clone()];
        for step in 0..STEPS {
            let what = window.something_happens(&mut dice, &mut goods).await;
            if dice.bool() {
                window.all_is_found().await;
            }
            for path in PATHS {
                // Search may come further between the two looks; then they are of two moments.
                loop {
                    let (changes, kept) = (window.found(), visitor.get(path).await);
                    window.bodega.shop.kept_pages.forget();
                    let written = visitor.get(path).await;
                    window.all_is_found().await;
                    if window.found() != changes {
                        continue;
                    }
                    assert_eq!(kept.status, written.status, "{seed} {step}: {what} {path}");
                    if written.status == 200 {
                        assert_eq!(kept.text(), written.text(), "{seed} {step}: {what} {path}");
                    }
                    break;
                }
            }
            for path in PATHS {
                // All of them are kept when the next thing happens.
                visitor.get(path).await;
            }
        }
    }
}

#[actix_web::test]
async fn a_page_of_somebody_is_nobody_elses() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    ada.puts_in_cart(&tea, 4).await.data();
    let path = format!("/product/{}", text(&tea["slug"]));
    let no_token = "name=\"csrf\" value=\"\"";
    for _ in 0..2 {
        let (hers, tag) = seen(&ada, &path).await;
        assert!(hers.contains("Account</span>") && hers.contains("data-cart-units>4<"), "{hers}");
        assert_eq!((hers.contains(no_token), tag.as_str()), (false, ""));
        let (page, tag) = seen(&bodega.visitor(), &path).await;
        assert!(page.contains("Sign in</span>") && page.contains(no_token), "{page}");
        assert_ne!(tag, "");
        // Somebody who has seen a form of ours may send the one on this page too.
        let visit = bodega.visitor().opens(&path).await;
        assert!(!visit.text().contains(no_token), "{}", visit.text());
        assert_eq!((visit.header("etag"), visit.header("vary")), ("", "cookie"));
        // And whose session has ended is told so by their cookie being taken away.
        let gone = bodega.visitor().get(&path).header("cookie", "bodega-session=AAAA").await;
        assert!(gone.header("set-cookie").contains("Max-Age=0"));
    }
}

#[actix_web::test]
async fn a_page_for_everybody_is_compressed_for_those_who_want_it() {
    let bodega = Bodega::open();
    bodega.manager().await.adds_product("Tea", "3.99", 10).await;
    all_is_found(&bodega).await;
    let plain = bodega.visitor().get("/").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "cookie"));
    let packed = bodega.visitor().get("/").header("accept-encoding", "gzip").await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.bytes.len() < plain.bytes.len() / 2);
    let varies = packed.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok());
    assert_eq!(varies.collect::<Vec<_>>(), ["accept-encoding", "cookie"]);
    assert_ne!(packed.header("etag"), plain.header("etag"));
    let known = bodega.visitor().get("/").header("if-none-match", packed.header("etag")).await;
    assert_eq!(known.status, 304);
}

#[actix_web::test]
async fn what_is_looked_for_in_vain_on_a_page_is_counted_each_time() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    for path in ["/search?q=kombucha", "/search?q=kombucha", "/search?q=", "/search?q=x&brand=y"] {
        assert_eq!(bodega.visitor().get(path).await.status, 200);
    }
    let misses = owner.get("/v1/search/misses").await.data();
    let told = misses.as_array().expect("a list").iter();
    let told: Vec<_> = told.map(|miss| (text(&miss["text"]), miss["count"].clone())).collect();
    assert_eq!(told, [("kombucha", 2.into())]);
    let settings = owner.opens("/admin/settings").await;
    assert!(settings.text().contains("kombucha</span> <span class=\"small\">2 ×"));
}

/// Shops to which things happen by chance, and how many.
const SEEDS: std::ops::Range<u64> = 0..2;
const STEPS: usize = 40;
/// Pages that show each other's things.
const PATHS: [&str; 8] = [
    "/",
    "/category/teas",
    "/category/cups",
    "/product/sencha",
    "/search?q=sencha",
    "/search?q=sencha&sort=price_asc&inStock=true",
    "/search?q=shelf",
    "/search",
];
/// Pages that are the same for everybody.
const PAGES: [&str; 4] = ["/", "/category/teas", "/product/sencha", "/search?q=sencha"];
