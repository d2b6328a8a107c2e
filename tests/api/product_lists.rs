//! Lists of products: filtered, sorted, and read page by page.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
};

const CREATE: &str = "/v1/product/createproduct";

/// The names on a page, in their order.
pub fn names(answer: &Reply) -> String {
    let list = answer.data();
    let names = list.as_array().expect("a list").iter().map(|shown| text(&shown["name"]));
    names.collect::<Vec<_>>().join(" ")
}

async fn changes(who: &Person, product: &Value, mut change: Value) -> Reply {
    change["id"] = product["id"].clone();
    who.patch("/v1/product/updateproduct", change).await
}

#[actix_web::test]
async fn lists_are_filtered_sorted_and_read_page_by_page() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let hot = json!({ "name": "Hot drinks", "description": "" });
    let hot = manager.post("/v1/product/createcategory", hot).await.data();
    for (name, price, stock, brand, is_hot) in [
        ("Tea", "3.00", 5, "Leaf", true),
        ("Coffee", "7.00", 0, "Bean", true),
        ("Bread", "3.00", 2, "LEAF", false),
        ("Apple", "0.50", 9, "Tree", false),
    ] {
        let shelves = if is_hot { json!([id(&hot)]) } else { json!([]) };
        let body = json!({
            "name": name, "description": "", "price": price, "stock": stock, "brand": brand,
            "categoryIds": shelves,
        });
        manager.post(CREATE, body).await.data();
    }
    let list =
        async |query: &str| names(&visitor.get(&format!("/v1/product/getproducts{query}")).await);
    for (query, wanted) in [
        ("", "Apple Bread Coffee Tea"),
        ("?sort=newest", "Apple Bread Coffee Tea"),
        ("?sort=name", "Apple Bread Coffee Tea"),
        ("?sort=price_asc", "Apple Tea Bread Coffee"),
        ("?sort=price_desc", "Coffee Bread Tea Apple"),
        ("?category=hot-drinks", "Coffee Tea"),
        (&format!("?category={}", id(&hot)), "Coffee Tea"),
        ("?category=cold-drinks", ""),
        ("?brand=leaf", "Bread Tea"),
        ("?minPrice=3", "Bread Coffee Tea"),
        ("?maxPrice=3.00", "Apple Bread Tea"),
        ("?minPrice=0.51&maxPrice=6.99&sort=price_asc", "Tea Bread"),
        ("?inStock=true", "Apple Bread Tea"),
        ("?inStock=false", "Coffee"),
        ("?category=hot-drinks&inStock=true&brand=Leaf&sort=price_desc", "Tea"),
    ] {
        assert_eq!(list(query).await, wanted, "{query}");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let start = if query.is_empty() { "?" } else { "&" };
            let path = format!("/v1/product/getproducts{query}{start}limit=1{cursor}");
            let page = visitor.get(&path).await;
            assert!(page.data().as_array().is_some_and(|items| items.len() <= 1), "{path}");
            seen.extend(names(&page).split_whitespace().map(str::to_owned));
            let Some(next) = page.json()["page"]["nextCursor"].as_str().map(str::to_owned) else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.join(" "), wanted, "{query}, one by one");
    }
    assert_eq!(names(&visitor.get("/v1/product/getavailableproducts").await), "Apple Bread Tea");
    let hot = visitor.get("/v1/product/getproductsbycategory/hot-drinks").await;
    assert_eq!(names(&hot), "Coffee Tea");
}

#[actix_web::test]
async fn a_list_is_asked_for_with_sound_parameters_only() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    for name in ["Tea", "Coffee"] {
        manager.adds_product(name, "1", 1).await;
    }
    let list = |query: &str| visitor.get(&format!("/v1/product/getproducts?{query}"));
    for (query, field, code) in [
        ("limit=0", "/limit", "too_small"),
        ("limit=101", "/limit", "too_large"),
        ("limit=ten", "/limit", "not_a_whole_number"),
        ("limit=1&limit=2", "/limit", "duplicate_field"),
        ("sort=colour", "/sort", "not_a_choice"),
        ("status=gone", "/status", "not_a_choice"),
        ("minPrice=-1", "/minPrice", "too_small"),
        ("maxPrice=1.001", "/maxPrice", "too_many_decimals"),
        ("maxPrice=1e3", "/maxPrice", "not_an_amount"),
        ("inStock=maybe", "/inStock", "wrong_type"),
        ("colour=red", "/colour", "unknown_parameter"),
    ] {
        assert_eq!(list(query).await.faults(), [(field.to_owned(), code.to_owned())], "{query}");
    }
    list("brand=%FF").await.refused(400, "malformed_query");
    list("cursor=AAAA").await.refused(400, "invalid_cursor");
    let next = list("limit=1").await.json()["page"]["nextCursor"].clone();
    let elsewhere = list(&format!("sort=name&cursor={}", text(&next))).await;
    elsewhere.refused(400, "invalid_cursor");
}

#[actix_web::test]
async fn only_staff_see_what_is_not_for_sale_in_lists() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    manager.adds_product("Tea", "1", 1).await;
    let coffee = manager.adds_product("Coffee", "1", 1).await;
    ada.puts_in_cart(&coffee, 1).await.data();
    let hidden = changes(&manager, &coffee, json!({ "isActive": false })).await.data();
    assert_eq!(hidden["isActive"], false);
    for path in ["/v1/product/getproducts", "/v1/product/getavailableproducts"] {
        assert_eq!(names(&ada.get(path).await), "Tea");
        assert_eq!(names(&manager.get(path).await), "Tea");
    }
    assert_eq!(names(&manager.get("/v1/product/getproducts?status=all").await), "Coffee Tea");
    ada.get("/v1/product/getproducts?status=all").await.refused(403, "forbidden");
    ada.puts_in_cart(&coffee, 1).await.refused(409, "product_inactive");
    let to = ada.has_address().await;
    ada.orders(&to, &coffee, 1, "pm_card_visa").await.refused(409, "product_inactive");
}

#[actix_web::test]
async fn a_list_is_found_by_words_with_the_same_filters() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let mut since = String::new();
    for (name, price, stock) in [
        ("Green-Tea", "3.00", 5),
        ("Black-Tea", "7.00", 0),
        ("Tea-Cosy", "9.00", 2),
        ("Bread", "3.00", 2),
    ] {
        let body = json!({
            "name": name, "description": "", "price": price, "stock": stock, "categoryIds": [],
        });
        let added = manager.post(CREATE, body).await;
        since = added.header("x-position").to_owned();
    }
    visitor.get(&format!("/v1/product/searchproducts?query=tea&since={since}")).await.data();
    let list = async |query: &str| {
        let mut found: Vec<String> =
            names(&visitor.get(&format!("/v1/product/getproducts?{query}")).await)
                .split_whitespace()
                .map(str::to_owned)
                .collect();
        if !query.contains("sort") {
            found.sort();
        }
        found.join(" ")
    };
    assert_eq!(list("q=tea").await, "Black-Tea Green-Tea Tea-Cosy");
    assert_eq!(list("q=gren+te").await, "Green-Tea");
    assert_eq!(list("q=tea&sort=price_desc").await, "Tea-Cosy Black-Tea Green-Tea");
    assert_eq!(list("q=tea&inStock=true&maxPrice=5").await, "Green-Tea");
    assert_eq!(list("q=").await, "Black-Tea Bread Green-Tea Tea-Cosy");
    let page = visitor.get("/v1/product/getproducts?q=tea&sort=name&limit=2").await;
    assert_eq!(names(&page), "Black-Tea Green-Tea");
    let cursor = text(&page.json()["page"]["nextCursor"]).to_owned();
    assert_eq!(list(&format!("q=tea&sort=name&limit=2&cursor={cursor}")).await, "Tea-Cosy");
    let tag = page.header("etag").to_owned();
    let same = visitor.get("/v1/product/getproducts?q=tea&sort=name&limit=2");
    assert_eq!(same.header("if-none-match", &tag).await.status, 304);

    let hidden = manager.adds_product("Hidden-Tea", "1", 1).await;
    changes(&manager, &hidden, json!({ "isActive": false })).await.data();
    let all = manager.get("/v1/product/getproducts?q=hidden&status=all").await;
    assert_eq!(names(&all), "Hidden-Tea");
    let refused = visitor.get("/v1/product/getproducts?q=hidden&status=all").await;
    refused.refused(403, "forbidden");
}
