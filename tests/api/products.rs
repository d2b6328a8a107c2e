//! Products: what staff write and everybody sees.

use serde_json::{Value, json};

use crate::{
    product_lists::names,
    support::{
        Bodega, Person, Reply,
        wares::{id, text},
        wire::NOBODYS,
    },
};

const CREATE: &str = "/v1/product/createproduct";
const UPDATE: &str = "/v1/product/updateproduct";

fn product(name: &str) -> Value {
    json!({ "name": name, "description": "", "price": 3.99, "stock": 5, "categoryIds": [] })
}

fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

async fn sees(who: &Person, product: &Value) -> Reply {
    who.get(&format!("/v1/product/getproduct/{}", id(product))).await
}

async fn changes(who: &Person, product: &Value, change: Value) -> Reply {
    who.patch(UPDATE, with(change, "id", id(product))).await
}

#[actix_web::test]
async fn a_product_is_shown_as_it_was_added() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shelf = json!({ "name": "Tea & Coffee", "description": "Hot drinks" });
    let shelf = manager.post("/v1/product/createcategory", shelf).await.data();
    let body = json!({
        "name": "Earl Grey", "description": "Black tea\nwith bergamot", "price": "12.50",
        "stock": 7, "categoryIds": [id(&shelf), id(&shelf)], "brand": "Bodega", "sku": "TEA-1",
        "images": ["https://example.com/tea.png"],
    });
    let answer = manager.post(CREATE, body).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    201
    {
      "data": {
        "_id": "[id]",
        "barcode": null,
        "brand": "Bodega",
        "breadcrumbs": [
          {
            "id": "[id]",
            "name": "Tea & Coffee",
            "slug": "tea-and-coffee"
          }
        ],
        "categoryIds": [
          "[id]"
        ],
        "createdAt": "[time]",
        "currency": "USD",
        "description": "Black tea\nwith bergamot",
        "id": "[id]",
        "images": [
          "https://example.com/tea.png"
        ],
        "isActive": true,
        "name": "Earl Grey",
        "options": [],
        "price": 12.5,
        "sku": "TEA-1",
        "slug": "earl-grey",
        "stock": 7,
        "updatedAt": "[time]",
        "variants": [
          {
            "barcode": null,
            "id": "[id]",
            "images": [],
            "options": {},
            "price": 12.5,
            "sku": "TEA-1",
            "stock": 7
          }
        ]
      },
      "statusCode": 201
    }
    "#);
    let visitor = bodega.visitor();
    assert_eq!(sees(&visitor, &answer.data()).await.data(), answer.data());
    let by_slug = visitor.get("/v1/product/getproductsbyslug/earl-grey").await.data();
    assert_eq!(by_slug, answer.data());
    assert!(answer.text().contains(r#""price":12.50,"#), "{}", answer.text());
}

#[actix_web::test]
async fn a_product_without_a_sku_gets_one_of_its_own() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let (one, other) =
        (manager.adds_product("Tea", "1", 0).await, manager.adds_product("Coffee", "1", 0).await);
    assert!(text(&one["sku"]).starts_with("TEA-") && one["sku"] != other["sku"], "{one}");
    let taken = with(product("Cocoa"), "sku", one["sku"].clone());
    manager.post(CREATE, taken).await.refused(409, "sku_taken");
}

#[actix_web::test]
async fn two_products_have_neither_name_nor_slug_in_common() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let slug_of = async |name: &str| {
        text(&manager.post(CREATE, product(name)).await.data()["slug"]).to_owned()
    };
    assert_eq!(slug_of("Salt & Pepper").await, "salt-and-pepper");
    assert_eq!(slug_of("Salt Pepper").await, "salt-pepper");
    assert_eq!(slug_of("Salt, Pepper").await, "salt-pepper-2");
    assert_eq!(slug_of("Salt; Pepper").await, "salt-pepper-3");
    assert_eq!(slug_of("Ökostrom für Müller").await, "okostrom-fur-muller");
    assert_eq!(slug_of("★").await, "item");
    for same in ["Salt & Pepper", "salt & PEPPER", " Salt & Pepper "] {
        manager.post(CREATE, product(same)).await.refused(409, "name_taken");
    }
}

#[actix_web::test]
async fn a_renamed_product_is_found_by_its_old_address() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let tea = manager.adds_product("Tea", "3.99", 5).await;
    let renamed = changes(&manager, &tea, json!({ "name": "Green Tea" })).await.data();
    assert_eq!(text(&renamed["slug"]), "green-tea");
    let old = visitor.get("/v1/product/getproductsbyslug/tea").await;
    assert_eq!(old.status, 301);
    assert_eq!(old.header("location"), "/v1/product/getproductsbyslug/green-tea");
    assert_eq!(visitor.get(old.header("location")).await.data(), renamed);
    visitor.get("/v1/product/getproductsbyslug/cocoa").await.refused(404, "not_found");
    let other = manager.adds_product("Tea", "2.00", 5).await;
    assert_eq!(text(&other["slug"]), "tea-2", "an address that leads somewhere is not given away");
}

#[actix_web::test]
async fn a_product_has_variants_with_stock_and_prices_of_their_own() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shirt = manager.adds_shirt("Shirt").await;
    let shown: Vec<(&str, Option<f64>, Option<u64>)> = shirt["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|one| (text(&one["sku"]), one["price"].as_f64(), one["stock"].as_u64()))
        .collect();
    let wanted = [("Shirt-S", Some(20.0), Some(3)), ("Shirt-M", Some(22.0), Some(4))];
    assert_eq!(shown, wanted);
    assert_eq!(shirt["stock"], 7);
    assert_eq!(shirt["options"], json!([{ "name": "Size", "values": ["S", "M"] }]));

    let option = json!([{ "name": "Size", "values": ["S", "M"] }]);
    for (variants, status, code) in [
        (json!([{ "options": { "Size": "XL" } }]), 400, "invalid_variants"),
        (json!([{ "options": {} }]), 400, "invalid_variants"),
        (json!([{ "options": { "Colour": "S" } }]), 400, "invalid_variants"),
        (
            json!([{ "options": { "Size": "S" } }, { "options": { "Size": "S" } }]),
            400,
            "invalid_variants",
        ),
        (json!([{ "options": { "Size": "S" }, "sku": "Shirt-S" }]), 409, "sku_taken"),
    ] {
        let body = with(with(product("Other"), "options", option.clone()), "variants", variants);
        manager.post(CREATE, body).await.refused(status, code);
    }
    let both = with(
        with(
            with(product("Other"), "options", option),
            "variants",
            json!([{ "options": { "Size": "S" } }]),
        ),
        "sku",
        "OTHER",
    );
    let refused = manager.post(CREATE, both).await;
    assert_eq!(refused.faults(), [("/sku".to_owned(), "not_with_variants".to_owned())]);
    assert_eq!(names(&manager.get("/v1/product/getproducts").await), "Shirt");
}

#[actix_web::test]
async fn a_product_stands_in_categories_that_exist() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    for unknown in [NOBODYS, "nonsense"] {
        let body = with(product("Tea"), "categoryIds", json!([unknown]));
        manager.post(CREATE, body).await.refused(404, "not_found");
    }
    let tea = manager.adds_product("Tea", "3.99", 5).await;
    let change = json!({ "categoryIds": [NOBODYS] });
    changes(&manager, &tea, change).await.refused(404, "not_found");
    assert_eq!(sees(&manager, &tea).await.data(), tea);
}

#[actix_web::test]
async fn an_edit_touches_only_what_it_names() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let body = with(with(product("Tea"), "brand", "Bodega"), "description", "Leaves");
    let tea = manager.post(CREATE, body).await.data();
    let priced = changes(&manager, &tea, json!({ "price": "4.50" })).await.data();
    let mut wanted = with(tea.clone(), "price", 4.5);
    wanted["updatedAt"] = priced["updatedAt"].clone();
    wanted["variants"][0]["price"] = json!(4.5);
    assert_eq!(priced, wanted);
    assert_eq!(
        changes(&manager, &tea, json!({ "brand": null })).await.data()["brand"],
        Value::Null
    );

    let stock = changes(&manager, &tea, json!({ "stock": 9 })).await;
    assert_eq!(stock.faults(), [("/stock".to_owned(), "unknown_field".to_owned())]);
    let no_id = manager.patch(UPDATE, json!({ "price": 1 })).await;
    assert_eq!(no_id.faults(), [("/id".to_owned(), "required".to_owned())]);
    for unknown in [NOBODYS, "nonsense"] {
        let body = json!({ "id": unknown, "price": 1 });
        manager.patch(UPDATE, body).await.refused(404, "not_found");
    }
    manager.adds_product("Coffee", "3.99", 5).await;
    changes(&manager, &tea, json!({ "name": "COFFEE" })).await.refused(409, "name_taken");
}

#[actix_web::test]
async fn an_edit_of_an_older_version_is_refused_and_a_sale_does_not_make_one() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 5).await;
    let first = sees(&manager, &tea).await.header("etag").to_owned();
    ada.buys(&tea, 1).await;
    let sold = sees(&manager, &tea).await.header("etag").to_owned();
    assert_ne!(first, sold, "the page shows less stock");
    let change = with(json!({ "price": 5 }), "id", id(&tea));
    manager.patch(UPDATE, change.clone()).header("if-match", &first).await.data();
    for stale in [first.as_str(), &sold, "\"0\"", "W/\"1\"", "nonsense"] {
        let late = manager.patch(UPDATE, change.clone()).header("if-match", stale).await;
        late.refused(412, "precondition_failed");
    }
    manager.patch(UPDATE, change).header("if-match", "*").await.data();
}

#[actix_web::test]
async fn whoever_has_the_page_already_is_not_sent_it_again() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let tea = manager.adds_product("Tea", "3.99", 5).await;
    let pages = [
        format!("/v1/product/getproduct/{}", id(&tea)),
        "/v1/product/getproductsbyslug/tea".to_owned(),
        "/v1/product/getproducts".to_owned(),
        "/v1/product/getavailableproducts".to_owned(),
        "/v1/inventory/getavailableproducts".to_owned(),
        format!("/v1/inventory/getinventoryforproduct/{}", id(&tea)),
    ];
    let mut tags = Vec::new();
    for page in &pages {
        let first = visitor.get(page).await;
        assert_eq!(first.header("cache-control"), "no-cache", "{page}");
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{page}: {tag}");
        let again = visitor.get(page).header("if-none-match", &tag).await;
        assert_eq!(
            (again.status, again.bytes.len(), again.header("etag")),
            (304, 0, &*tag),
            "{page}"
        );
        tags.push(tag);
    }
    let more = json!({ "productId": id(&tea), "quantity": 1 });
    manager.post("/v1/inventory/addstock", more).await.data();
    for (page, tag) in pages.iter().zip(tags) {
        let fresh = visitor.get(page).header("if-none-match", &tag).await;
        assert_eq!(fresh.status, 200, "{page}");
        assert!(fresh.text().contains("6"), "{page}: {}", fresh.text());
    }
}

#[actix_web::test]
async fn a_deleted_product_is_gone_and_orders_keep_what_they_hold() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 5).await;
    let order = ada.buys(&tea, 2).await;
    ada.puts_in_cart(&tea, 1).await.data();
    let path = format!("/v1/product/deleteproduct/{}", id(&tea));
    let gone = manager.delete(&path).await.data();
    let wanted = json!({ "success": true, "message": "Product deleted", "deletedId": id(&tea) });
    assert_eq!(gone, wanted);
    manager.delete(&path).await.refused(404, "not_found");
    sees(&ada, &tea).await.refused(404, "not_found");
    ada.get("/v1/product/getproductsbyslug/tea").await.refused(404, "not_found");
    assert_eq!(names(&manager.get("/v1/product/getproducts?status=all").await), "");
    assert_eq!(ada.get("/v1/cart/getcart").await.data()["items"], json!([]));
    ada.puts_in_cart(&tea, 1).await.refused(404, "not_found");
    let shelf = format!("/v1/inventory/getinventoryforproduct/{}", id(&tea));
    ada.get(&shelf).await.refused(404, "not_found");
    assert_eq!(ada.sees_order(&order).await, order);
    assert_eq!(ada.cancels(&order).await.data()["status"], "CANCELLED");
    let again = manager.adds_product("Tea", "3.99", 5).await;
    assert_ne!(again["id"], tea["id"]);
}

#[actix_web::test]
async fn an_edit_that_is_refused_leaves_no_trace() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shirt = manager.adds_shirt("Shirt").await;
    let taken = text(&manager.adds_product("Tea", "3.99", 5).await["sku"]).to_owned();
    let with_large = |sku: &str| {
        json!({
            "options": [{ "name": "Size", "values": ["S", "M", "L"] }],
            "variants": [
                { "options": { "Size": "S" } },
                { "options": { "Size": "M" } },
                { "options": { "Size": "L" }, "sku": sku, "stock": 2 },
            ],
        })
    };
    let nowhere = with(with_large("Shirt-L"), "categoryIds", json!([NOBODYS]));
    let named = with(with_large("Shirt-L"), "name", "Tea");
    let before = bodega.shop.store().health().seq;
    changes(&manager, &shirt, nowhere).await.refused(404, "not_found");
    changes(&manager, &shirt, named).await.refused(409, "name_taken");
    changes(&manager, &shirt, with_large(&taken)).await.refused(409, "sku_taken");
    let late = with(with_large("Shirt-L"), "id", id(&shirt));
    let late = manager.patch(UPDATE, late).header("if-match", "\"0\"").await;
    late.refused(412, "precondition_failed");
    assert_eq!(bodega.shop.store().health().seq, before, "nothing was written");
    changes(&manager, &shirt, with_large("Shirt-L")).await.data();
}
