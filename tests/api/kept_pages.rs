//! Kept pages: what everybody sees is written once, sent again while it is true, and to nobody
//! whom the shop knows.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    wares::{id, text},
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
        let window = Window { bodega, owner, tea, cups };
        window.says(&PAGES, "$3.99").await;
        window
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

/// Pages that are the same for everybody.
const PAGES: [&str; 4] = ["/", "/category/teas", "/product/sencha", "/search?q=sencha"];
