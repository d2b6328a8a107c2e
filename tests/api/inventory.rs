//! Stock: what is on the shelf, what is set aside, and every movement of it.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id, text},
    wire::NOBODYS,
};

async fn does(who: &Person, what: &str, body: Value) -> Reply {
    who.post(&format!("/v1/inventory/{what}"), body).await
}

fn units(product: &Value, quantity: i64) -> Value {
    json!({ "productId": id(product), "quantity": quantity })
}

fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

async fn counts(who: &Person, product: &Value, body: Value) -> Reply {
    who.patch(&format!("/v1/inventory/updateinventory/{}", id(product)), body).await
}

#[actix_web::test]
async fn a_shelf_shows_what_is_on_hand_reserved_and_available() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    does(&manager, "reservestock", units(&tea, 3)).await.data();
    let path = format!("/v1/inventory/getinventoryforproduct/{}", id(&tea));
    let shown = visitor.get(&path).await;
    let sku = text(&tea["sku"]).to_owned();
    insta::assert_snapshot!(shown.shown().replace(&sku, "[sku]"), @r#"
    200
    {
      "data": {
        "available": 7,
        "availableStock": 7,
        "createdAt": "[time]",
        "id": "[id]",
        "isActive": true,
        "lowStockThreshold": 5,
        "productId": "[id]",
        "productName": "Tea",
        "quantity": 10,
        "reserved": 3,
        "reservedStock": 3,
        "sku": "[sku]",
        "updatedAt": "[time]",
        "variantId": "[id]"
      },
      "statusCode": 200
    }
    "#);
    let by_own_id = id(&shown.data()).to_owned();
    let same = visitor.get(&format!("/v1/inventory/getinventoryforproduct/{by_own_id}")).await;
    assert_eq!(same.data(), shown.data());
    for missing in [NOBODYS, "nonsense"] {
        let path = format!("/v1/inventory/getinventoryforproduct/{missing}");
        visitor.get(&path).await.refused(404, "not_found");
    }
}

#[actix_web::test]
async fn a_starting_quantity_is_set_once() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.99", 2).await;
    let set = does(&manager, "createinventory", units(&tea, 20)).await;
    assert_eq!((set.status, set.data()["quantity"].as_u64()), (201, Some(20)));
    let again = does(&manager, "createinventory", units(&tea, 30)).await;
    let refusal = again.refused(409, "inventory_exists");
    assert!(text(&refusal["detail"]).contains("already exists"), "{refusal}");
    assert_eq!(manager.stock_of(&tea).await, (20, 0, 20));
    let unknown = json!({ "productId": NOBODYS, "quantity": 1 });
    does(&manager, "createinventory", unknown).await.refused(404, "not_found");
}

#[actix_web::test]
async fn stock_comes_and_goes_and_never_below_nothing() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.99", 2).await;
    does(&manager, "addstock", with(units(&tea, 8), "reason", "delivery 7")).await.data();
    does(&manager, "reservestock", units(&tea, 4)).await.data();
    let taken = does(&manager, "reducestock", with(units(&tea, 6), "reason", "broken")).await;
    assert_eq!(taken.data()["available"], 0);
    for what in ["reducestock", "reservestock"] {
        let refused = does(&manager, what, units(&tea, 1)).await;
        assert_eq!(refused.refused(409, "insufficient_stock")["available"], 0);
    }
    assert_eq!(manager.stock_of(&tea).await, (4, 4, 0));
    for what in ["addstock", "reducestock", "reservestock", "releasestock"] {
        let nothing = does(&manager, what, units(&tea, 0)).await;
        assert_eq!(nothing.faults(), [("/quantity".to_owned(), "too_small".to_owned())]);
        let unknown = json!({ "productId": NOBODYS, "quantity": 1 });
        does(&manager, what, unknown).await.refused(404, "not_found");
    }
}

#[actix_web::test]
async fn a_shelf_has_an_end() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.99", 1).await;
    let mut most = 1_000_000_000_u64;
    let full = loop {
        let answer =
            does(&manager, "addstock", json!({ "productId": id(&tea), "quantity": most })).await;
        match answer.status {
            201 => {}
            _ if most > 1 => {
                assert_eq!(answer.status, 400, "{}", answer.text());
                most /= 2;
            }
            _ => break answer,
        }
    };
    full.refused(400, "too_much_stock");
}

#[actix_web::test]
async fn a_count_sets_the_quantity_but_not_below_what_is_reserved() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    does(&manager, "reservestock", units(&tea, 4)).await.data();
    assert_eq!(counts(&manager, &tea, json!({ "quantity": 4 })).await.data()["available"], 0);
    let below = counts(&manager, &tea, json!({ "quantity": 3 })).await;
    assert_eq!(below.refused(409, "below_reserved")["reserved"], 4);
    let watched =
        counts(&manager, &tea, json!({ "lowStockThreshold": 2, "isActive": false })).await;
    let watched = watched.data();
    assert_eq!((&watched["lowStockThreshold"], &watched["isActive"]), (&json!(2), &json!(false)));
    assert_eq!(watched["quantity"], 4, "what is left out stays");
    let unknown = format!("/v1/inventory/updateinventory/{NOBODYS}");
    manager.patch(&unknown, json!({ "quantity": 1 })).await.refused(404, "not_found");
}

#[actix_web::test]
async fn nothing_is_sold_from_a_shelf_that_is_closed() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    counts(&manager, &tea, json!({ "isActive": false })).await.data();
    let refused = ada.puts_in_cart(&tea, 1).await;
    assert_eq!(refused.refused(409, "insufficient_stock")["available"], 0);
    does(&manager, "reservestock", units(&tea, 1)).await.refused(409, "inactive_inventory");
    let to = ada.has_address().await;
    assert_eq!(ada.orders(&to, &tea, 1, VISA).await.status, 409);
    for list in ["/v1/inventory/getavailableproducts", "/v1/product/getavailableproducts"] {
        assert_eq!(ada.get(list).await.data(), json!([]), "{list}");
    }
    counts(&manager, &tea, json!({ "isActive": true })).await.data();
    ada.orders(&to, &tea, 1, VISA).await.data();
}

#[actix_web::test]
async fn what_is_set_aside_by_hand_is_given_back_by_reference_or_from_the_oldest() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 20).await;
    let to = ada.has_address().await;
    ada.orders(&to, &tea, 5, "pm_card_authenticationRequired").await.data();
    assert_eq!(manager.stock_of(&tea).await, (20, 5, 15));
    let hold = |quantity, reference: &str| with(units(&tea, quantity), "orderId", reference);
    does(&manager, "releasestock", units(&tea, 1)).await.refused(409, "nothing_reserved");
    for (quantity, reference) in [(2, "fair"), (3, "window"), (4, "fair")] {
        does(&manager, "reservestock", hold(quantity, reference)).await.data();
    }
    assert_eq!(manager.stock_of(&tea).await, (20, 14, 6));
    does(&manager, "releasestock", hold(7, "fair")).await.refused(409, "less_reserved");
    does(&manager, "releasestock", hold(1, "elsewhere")).await.refused(409, "nothing_reserved");
    does(&manager, "releasestock", hold(5, "fair")).await.data();
    assert_eq!(manager.stock_of(&tea).await, (20, 9, 11));
    does(&manager, "releasestock", units(&tea, 5)).await.refused(409, "less_reserved");
    does(&manager, "releasestock", units(&tea, 4)).await.data();
    assert_eq!(manager.stock_of(&tea).await, (20, 5, 15), "the order's hold stays");
    let long = does(&manager, "reservestock", hold(1, &"x".repeat(65))).await;
    assert_eq!(long.faults(), [("/orderId".to_owned(), "too_long".to_owned())]);
}

#[actix_web::test]
async fn what_is_set_aside_by_hand_never_expires() {
    let bodega = Bodega::with_stopped_clock();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.99", 20).await;
    does(&manager, "reservestock", units(&tea, 5)).await.data();
    bodega.shop.clock.advance(std::time::Duration::from_secs(365 * 24 * 3600));
    bodega.drives_on().await;
    assert_eq!(bodega.manager().await.stock_of(&tea).await, (20, 5, 15));
}

#[actix_web::test]
async fn the_ledger_tells_every_movement_with_the_balance_after_it() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    does(&manager, "addstock", with(units(&tea, 5), "reason", "delivery")).await.data();
    does(&manager, "reservestock", with(units(&tea, 2), "orderId", "fair")).await.data();
    does(&manager, "releasestock", units(&tea, 2)).await.data();
    does(&manager, "reducestock", units(&tea, 1)).await.data();
    counts(&manager, &tea, json!({ "quantity": 12 })).await.data();
    let order = ada.buys(&tea, 3).await;
    ada.cancels(&order).await.data();
    let path = format!("/v1/inventory/ledger/{}", id(&tea));
    let movements = owner.get(&path).await.data();
    let told: Vec<String> = movements
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| {
            let more = [&line["reason"], &line["reference"], &line["actor"]["kind"]];
            let more: Vec<&str> = more.iter().filter_map(|word| word.as_str()).collect();
            let whose = if line["orderId"] == order["id"] { " for the order" } else { "" };
            format!(
                "{} {} → {}/{}/{} {}{whose}",
                text(&line["kind"]),
                line["units"],
                line["quantity"],
                line["reserved"],
                line["available"],
                more.join(", "),
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    returned 3 → 12/0/12 customer for the order
    sold -3 → 9/0/9 customer for the order
    reserved 3 → 12/3/9 customer for the order
    counted -2 → 12/0/12 staff
    withdrawn -1 → 14/0/14 staff
    released -2 → 15/0/15 fair, staff
    reserved 2 → 15/2/13 fair, staff
    received 5 → 15/0/15 delivery, staff
    opened 10 → 10/0/10 staff
    ");
    let page = owner.get(&format!("{path}?limit=2")).await;
    assert_eq!(page.data(), json!(movements.as_array().map(|all| &all[..2])));
    assert_eq!(page.json()["page"]["hasMore"], true);
    owner.get(&format!("/v1/inventory/ledger/{NOBODYS}")).await.refused(404, "not_found");
}

#[actix_web::test]
async fn a_product_with_several_variants_is_asked_for_by_variant() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let shirt = manager.adds_shirt("Shirt").await;
    let (small, medium) = (id(&shirt["variants"][0]), id(&shirt["variants"][1]));
    let path = format!("/v1/inventory/getinventoryforproduct/{}", id(&shirt));
    visitor.get(&path).await.refused(400, "variant_required");
    let named = visitor.get(&format!("{path}?variantId={medium}")).await.data();
    assert_eq!((text(&named["sku"]), &named["quantity"]), ("Shirt-M", &json!(4)));
    let unknown = visitor.get(&format!("{path}?variantId={NOBODYS}")).await;
    unknown.refused(404, "not_found");
    for what in ["addstock", "reducestock", "reservestock", "releasestock"] {
        does(&manager, what, units(&shirt, 1)).await.refused(400, "variant_required");
        let one = with(units(&shirt, 1), "variantId", small);
        does(&manager, what, one).await.data();
    }
    assert_eq!(visitor.get(&format!("{path}?variantId={small}")).await.data()["available"], 3);
    let list = visitor.get("/v1/inventory/getavailableproducts").await.data();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
}

#[actix_web::test]
async fn a_count_by_an_older_sheet_is_refused_and_a_sale_does_not_make_it_old() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let path = format!("/v1/inventory/getinventoryforproduct/{}", id(&tea));
    let first = manager.get(&path).await.header("etag").to_owned();
    ada.buys(&tea, 1).await;
    let sold = manager.get(&path).await.header("etag").to_owned();
    assert_ne!(first, sold, "the page shows less stock");
    let count = |quantity: u32| {
        let path = format!("/v1/inventory/updateinventory/{}", id(&tea));
        manager.patch(&path, json!({ "quantity": quantity }))
    };
    count(8).header("if-match", &first).await.data();
    for stale in [&first, &sold] {
        count(9).header("if-match", stale).await.refused(412, "precondition_failed");
    }
    does(&manager, "addstock", units(&tea, 2)).await.data();
    // Of two who count by the same sheet at once, one is late, however close they are.
    let seen = manager.get(&path).await.header("etag").to_owned();
    let counts = (11..=14).map(|units| count(units).header("if-match", &seen));
    let answers =
        futures_util::future::join_all(counts.map(|ask| async { ask.await.status })).await;
    let mut answers = answers;
    answers.sort_unstable();
    assert_eq!(answers, [200, 412, 412, 412]);
}
