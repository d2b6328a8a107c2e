//! Search over HTTP: what is written is found, and what is typed never hurts.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
};

/// The position of the journal that a write said.
fn position(reply: &Reply) -> String {
    let position = reply.headers.get("x-position").expect("a write says its position");
    position.to_str().expect("a number").to_owned()
}

fn names(found: &Reply) -> Vec<String> {
    let data = found.data();
    let products = data.as_array().expect("a list").iter();
    products.map(|product| text(&product["name"]).to_owned()).collect()
}

/// Adds a product; answers with the position of the write.
async fn adds(staff: &Person, product: Value) -> (Value, String) {
    let mut body = json!({ "description": "", "price": "5.00", "stock": 3, "categoryIds": [] });
    for (name, value) in product.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let added = staff.post("/v1/product/createproduct", body).await;
    (added.data(), position(&added))
}

#[actix_web::test]
async fn what_was_just_written_is_found() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let (tea, since) = adds(&staff, json!({ "name": "Jade Cloud Green Tea", "sku": "T-1" })).await;
    let find = |words: &str, since: &str| {
        visitor.get(&format!("/v1/product/searchproducts?query={words}&since={since}"))
    };
    let found = find("gren+te", &since).await;
    assert_eq!(names(&found), ["Jade Cloud Green Tea"]);
    assert_eq!(found.data()[0]["id"], tea["id"]);
    assert_eq!(
        found.data()[0]["highlight"]["name"],
        "Jade Cloud <mark>Green</mark> <mark>Tea</mark>"
    );
    assert_eq!(found.json()["search"]["total"], 1);

    let body = json!({ "id": id(&tea), "name": "Jade Cloud Oolong" });
    let renamed = staff.patch("/v1/product/updateproduct", body).await;
    assert_eq!(names(&find("green", &position(&renamed)).await), [""; 0]);
    assert_eq!(names(&find("oolong", "0").await), ["Jade Cloud Oolong"]);

    let gone = staff.delete(&format!("/v1/product/deleteproduct/{}", id(&tea))).await;
    assert_eq!(names(&find("oolong", &position(&gone)).await), [""; 0]);
}

#[actix_web::test]
async fn what_is_found_survives_a_restart_and_the_loss_of_the_index() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let (_, since) = adds(&staff, json!({ "name": "Moka Pot" })).await;
    let path = format!("/v1/product/searchproducts?query=moka&since={since}");
    assert_eq!(names(&bodega.visitor().get(&path).await), ["Moka Pot"]);
    let bodega = bodega.reopened();
    assert_eq!(names(&bodega.visitor().get(&path).await), ["Moka Pot"]);
    let bodega = bodega.reopened_after(|folder| {
        std::fs::remove_dir_all(folder.join("search")).expect("an index");
    });
    assert_eq!(names(&bodega.visitor().get(&path).await), ["Moka Pot"]);
    let bodega = bodega.reopened_after(|folder| {
        for file in std::fs::read_dir(folder.join("search")).expect("an index").flatten() {
            if file.path().extension().is_some_and(|kind| kind == "term") {
                std::fs::write(file.path(), b"nothing of the kind").expect("room");
            }
        }
    });
    assert_eq!(names(&bodega.visitor().get(&path).await), ["Moka Pot"]);
}

#[actix_web::test]
async fn filters_sorts_facets_and_pages_fit_together() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let category = staff
        .post("/v1/product/createcategory", json!({ "name": "Tea", "description": "" }))
        .await
        .data();
    let mut since = String::new();
    for (number, brand) in ["Alto", "Alto", "Beta", "Beta", "Beta"].into_iter().enumerate() {
        let product = json!({
            "name": format!("Tea number {number}"), "brand": brand, "stock": number,
            "price": format!("{number}.50"), "categoryIds": [id(&category)],
        });
        since = adds(&staff, product).await.1;
    }
    let find = |more: &str| {
        visitor.get(&format!("/v1/product/searchproducts?query=tea&since={since}&{more}"))
    };
    let found = find("brand=beta&sort=price_desc&facets=true").await;
    assert_eq!(names(&found), ["Tea number 4", "Tea number 3", "Tea number 2"]);
    let facets = found.json()["search"]["facets"].clone();
    assert_eq!(
        facets["brands"],
        json!([
            { "value": "Beta", "count": 3, "selected": true },
            { "value": "Alto", "count": 2, "selected": false },
        ])
    );
    assert_eq!(facets["categories"][0]["slug"], "tea");
    assert_eq!(facets["availability"], json!({ "inStock": 3, "outOfStock": 0 }));
    assert_eq!(facets["price"], json!({ "min": 2.50, "max": 4.50 }));
    assert_eq!(names(&find("brand=alto&inStock=true").await), ["Tea number 1"]);
    assert_eq!(names(&find("minPrice=1.00&maxPrice=2.50&sort=name").await).len(), 2);
    assert_eq!(names(&find("category=tea").await).len(), 5);
    assert_eq!(names(&find("category=none").await).len(), 0);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = find(&format!("sort=price_asc&limit=2{cursor}")).await;
        seen.extend(names(&page));
        let Some(next) = page.json()["page"]["nextCursor"].as_str().map(str::to_owned) else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let wanted: Vec<String> = (0..5).map(|number| format!("Tea number {number}")).collect();
    assert_eq!(seen, wanted);
    let other = find(&format!("sort=name{cursor}")).await;
    other.refused(400, "invalid_cursor");
}

#[actix_web::test]
async fn a_sale_of_the_last_unit_is_known_to_search() {
    let bodega = Bodega::open();
    let (staff, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let (tea, _) = adds(&staff, json!({ "name": "Rare Tea", "stock": 1 })).await;
    let to = ada.has_address().await;
    let sold = ada.orders(&to, &tea, 1, crate::support::wares::VISA).await;
    let path =
        format!("/v1/product/searchproducts?query=tea&inStock=true&since={}", position(&sold));
    assert_eq!(names(&ada.get(&path).await), [""; 0]);
}

#[actix_web::test]
async fn what_sells_best_is_first_once_the_index_has_caught_up_or_the_shop_was_closed() {
    let bodega = Bodega::open();
    let (staff, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let mut teas = Vec::new();
    for name in ["Green Tea", "White Tea"] {
        teas.push(adds(&staff, json!({ "name": name, "stock": 50 })).await);
    }
    let best = "/v1/product/searchproducts?query=tea&sort=best_selling";
    let to = ada.has_address().await;
    for (product, number) in [(&teas[0].0, 1), (&teas[1].0, 2)] {
        ada.orders(&to, product, number * 8, crate::support::wares::VISA).await;
    }
    // Anything else that changes brings the figures of sales along.
    let (_, since) = adds(&staff, json!({ "name": "Red Tea" })).await;
    let now = ada.get(&format!("{best}&since={since}")).await;
    assert_eq!(names(&now), ["White Tea", "Green Tea", "Red Tea"]);
    ada.orders(&to, &teas[0].0, 30, crate::support::wares::VISA).await;
    let bodega = bodega.reopened();
    let then = bodega.visitor().get(best).await;
    assert_eq!(names(&then), ["Green Tea", "White Tea", "Red Tea"]);
}

#[actix_web::test]
async fn half_words_suggest_products_and_categories() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let body = json!({ "name": "Chocolate & Sweets", "description": "" });
    staff.post("/v1/product/createcategory", body).await;
    let (_, since) = adds(&staff, json!({ "name": "Dark Chocolate Bar" })).await;
    visitor.get(&format!("/v1/product/searchproducts?query=x&since={since}")).await;
    let suggested = visitor.get("/v1/product/suggest?query=choc").await.data();
    let kinds: Vec<&str> =
        suggested.as_array().expect("a list").iter().map(|one| text(&one["kind"])).collect();
    assert_eq!(kinds, ["category", "product", "query"]);
    assert_eq!(suggested[2]["text"], "chocolate");
    assert_eq!(suggested[1]["name"], "Dark Chocolate Bar");
}

#[actix_web::test]
async fn whatever_is_typed_is_answered() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let (long, many) = ("x".repeat(10_000), "word+".repeat(2_000));
    let texts = [
        "",
        "*",
        "%22",
        "%22tea",
        "a+AND+(b+OR",
        "%00",
        "%F0%9F%AB%96",
        "%D7%A9%D7%9C%D7%95%D7%9D",
        "%E2%80%AEtxt",
        "name:tea%5E9~",
        "%5C",
        "%25",
        &long,
        &many,
    ];
    for typed in texts {
        for path in ["searchproducts", "suggest"] {
            let asked = visitor.get(&format!("/v1/product/{path}?query={typed}")).await;
            assert_eq!(asked.status, 200, "{path} of {typed:?}");
        }
    }
    for (more, pointer) in [
        ("minPrice=cheap", "/minPrice"),
        ("inStock=perhaps", "/inStock"),
        ("sort=best", "/sort"),
        ("options=Size", "/options"),
        ("since=-1", "/since"),
        ("facets=2", "/facets"),
    ] {
        let refused = visitor.get(&format!("/v1/product/searchproducts?query=tea&{more}")).await;
        assert_eq!(refused.status, 400, "{more}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{more}");
    }
}

#[actix_web::test]
async fn a_slip_in_a_filter_is_left_out_and_told_beside_its_field() {
    let bodega = Bodega::open();
    let staff = bodega.manager().await;
    let wish = json!({ "name": "Leaves", "description": "" });
    let shelf = staff.post("/v1/product/createcategory", wish).await.data();
    let body = json!({
        "name": "Green Tea", "description": "", "price": "4.00", "stock": 1,
        "categoryIds": [id(&shelf)],
    });
    let (_, at) = adds(&staff, body).await;
    let visitor = bodega.visitor();
    visitor.get(&format!("/v1/product/searchproducts?query=tea&since={at}")).await.data();
    for path in ["/search?q=tea", "/category/leaves?"] {
        let slip = format!("{path}&minPrice=abc&maxPrice=9&inStock=true&sort=upwards");
        let page = visitor.opens(&slip).await;
        assert_eq!(page.status, 200, "{}", page.text());
        for said in ["Green Tea", "value=\"abc\"", "id=\"minPrice-error\"", "Up to 9", "upwards"] {
            assert!(page.text().contains(said), "{said}: {}", page.text());
        }
        assert!(!page.text().contains("minPrice=abc"), "no link repeats it");
    }
    for slip in ["minPrice=1.234", "options=Size", "inStock=perhaps"] {
        let page = visitor.opens(&format!("/search?q=tea&{slip}")).await;
        assert_eq!(page.status, 200, "{slip}");
        assert!(page.text().contains("Green Tea"), "{slip}: {}", page.text());
    }
    let api = visitor.get("/v1/product/searchproducts?query=tea&minPrice=abc").await;
    assert_eq!(api.status, 400, "a program is told so");
}

#[actix_web::test]
async fn a_product_is_found_at_the_price_of_each_variant_and_stands_at_its_lowest() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let sized = |size: &str, price: &str| {
        let chosen = json!({ "Size": size });
        json!({ "options": chosen, "price": price, "stock": 1 })
    };
    let card = json!({
        "name": "Card", "price": "50.00", "stock": 0,
        "options": [{ "name": "Size", "values": ["small", "large"] }],
        "variants": [sized("small", "10.00"), sized("large", "90.00")],
    });
    adds(&staff, card).await;
    let (_, since) = adds(&staff, json!({ "name": "Card holder", "price": "30.00" })).await;
    let search = format!("/v1/product/searchproducts?query=card&since={since}&");
    for path in [search.as_str(), "/v1/product/getproducts?"] {
        let find = async |more: &str| names(&visitor.get(&format!("{path}{more}")).await);
        let (card, both) = (["Card"], ["Card", "Card holder"]);
        assert_eq!(find("maxPrice=20").await, card, "{path}");
        assert_eq!(find("minPrice=80").await, card, "{path}");
        assert_eq!(find("minPrice=80&sort=price_asc").await, card, "{path}");
        assert_eq!(find("minPrice=80&sort=price_desc").await, card, "{path}");
        assert_eq!(find("minPrice=91").await, [""; 0], "{path}");
        assert_eq!(find("sort=price_asc").await, both, "{path}");
        assert_eq!(find("minPrice=20&maxPrice=40&sort=price_desc").await, ["Card holder", "Card"]);
    }
    let facets =
        visitor.get(&format!("{search}facets=true")).await.json()["search"]["facets"].clone();
    assert_eq!(facets["price"], json!({ "min": 10.0, "max": 90.0 }));
}

#[actix_web::test]
async fn several_options_and_what_is_in_stock_are_those_of_one_variant() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let made = |colour: &str, size: &str, stock: u32| {
        let chosen = json!({ "Colour": colour, "Size": size });
        json!({ "options": chosen, "stock": stock })
    };
    let shirt = json!({
        "name": "Shirt", "stock": 0,
        "options": [
            { "name": "Colour", "values": ["red", "blue"] },
            { "name": "Size", "values": ["S", "M"] },
        ],
        "variants": [made("red", "S", 3), made("red", "M", 0), made("blue", "M", 3)],
    });
    let (shirt, since) = adds(&staff, shirt).await;
    let find = async |more: &str, since: &str| {
        let path = "/v1/product/searchproducts?query=shirt";
        names(&visitor.get(&format!("{path}&since={since}&{more}")).await)
    };
    let red_in_m = "options=Colour:red;Size:M";
    assert_eq!(find(red_in_m, &since).await, ["Shirt"]);
    assert_eq!(find("options=Colour:blue;Size:S", &since).await, [""; 0]);
    assert_eq!(find(&format!("{red_in_m}&inStock=true"), &since).await, [""; 0]);
    let of_that = |variant: &&Value| variant["options"]["Size"] == "M" && variant["stock"] == 0;
    let variant = shirt["variants"].as_array().expect("variants").iter().find(of_that);
    let came = json!({
        "productId": id(&shirt), "variantId": variant.expect("red in M")["id"], "quantity": 4,
    });
    let since = position(&staff.post("/v1/inventory/addstock", came).await);
    assert_eq!(find(&format!("{red_in_m}&inStock=true"), &since).await, ["Shirt"]);
}

#[actix_web::test]
async fn what_is_in_stock_is_so_in_the_chosen_size() {
    let bodega = Bodega::open();
    let (staff, visitor) = (bodega.manager().await, bodega.visitor());
    let sized = |size: &str, stock: u32| {
        let chosen = json!({ "Size": size });
        json!({ "options": chosen, "stock": stock, "sku": size })
    };
    let shirt = json!({
        "name": "Shirt", "stock": 0, "options": [{ "name": "Size", "values": ["S", "M"] }],
        "variants": [sized("S", 0), sized("M", 2)],
    });
    let (shirt, since) = adds(&staff, shirt).await;
    let find = async |more: &str, since: &str| {
        let path = "/v1/product/searchproducts?query=shirt&facets=true";
        visitor.get(&format!("{path}&since={since}&{more}")).await
    };
    assert_eq!(names(&find("options=Size:S", &since).await), ["Shirt"]);
    let there = find("options=Size:M&inStock=true", &since).await;
    assert_eq!(names(&there), ["Shirt"]);
    let values = there.json()["search"]["facets"]["options"][0]["values"].clone();
    assert_eq!(values, json!([{ "value": "M", "count": 1, "selected": true }]));
    assert_eq!(names(&find("options=Size:S&inStock=true", &since).await), [""; 0]);
    let came = json!({
        "productId": id(&shirt), "variantId": shirt["variants"][0]["id"], "quantity": 4,
    });
    let since = position(&staff.post("/v1/inventory/addstock", came).await);
    assert_eq!(names(&find("options=Size:S&inStock=true", &since).await), ["Shirt"]);
}
