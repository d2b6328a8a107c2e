//! Staff find orders, customers and products by the beginning of any word; owners see what
//! shoppers looked for in vain.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id, text},
};

async fn looks_up(who: &Person, words: &str) -> Value {
    who.get(&format!("/v1/search?query={words}")).await.data()
}

fn numbers(orders: &Value) -> Vec<u64> {
    let orders = orders.as_array().expect("a list").iter();
    orders.map(|order| order["number"].as_u64().expect("a number")).collect()
}

fn named(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|one| text(&one[field]).to_owned()).collect()
}

async fn all_numbers(who: &Person, query: &str) -> Vec<u64> {
    numbers(&who.get(&format!("/v1/orders/all?{query}")).await.data())
}

#[actix_web::test]
async fn an_order_is_found_at_once_by_number_email_name_or_sku() {
    let bodega = Bodega::open();
    let (admin, manager) = (bodega.owner().await, bodega.manager().await);
    let (ada, bo) = (bodega.customer("ada").await, bodega.customer("bo").await);
    let tea = manager.adds_product("Green Tea", "3.00", 50).await;
    let sku = text(&tea["sku"]).to_owned();
    let mut placed = Vec::new();
    for who in [&ada, &bo, &ada] {
        let order = who.buys(&tea, 1).await;
        placed.push(order["number"].as_u64().expect("a number"));
    }
    let [first, second, third] = placed[..] else { panic!("three orders") };
    for (words, wanted) in [
        ("ada@exam", vec![third, first]),
        ("BO", vec![second]),
        ("byron", vec![third, second, first]),
        ("byr+ada@example.com", vec![third, first]),
        (&sku, vec![third, second, first]),
        ("nobody", vec![]),
    ] {
        let found = looks_up(&admin, words).await;
        assert_eq!(numbers(&found["orders"]), wanted, "{words}");
        assert_eq!(all_numbers(&admin, &format!("q={words}")).await, wanted, "{words}");
    }
    let found = looks_up(&admin, &format!("%23{second}")).await;
    assert_eq!(numbers(&found["orders"])[0], second);
    assert_eq!(found["isComplete"], true);
    // Page by page, and with the filters of the list.
    let page = admin.get("/v1/orders/all?q=byron&limit=2").await;
    assert_eq!(numbers(&page.data()), [third, second]);
    let cursor = page.json()["page"]["nextCursor"].clone();
    let rest = all_numbers(&admin, &format!("q=byron&limit=2&cursor={}", text(&cursor))).await;
    assert_eq!(rest, [first]);
    let other = admin.get(&format!("/v1/orders/all?q=bo&cursor={}", text(&cursor))).await;
    other.refused(400, "invalid_cursor");
    let shipped = admin.get("/v1/orders/all?q=byron&status=SHIPPED").await;
    assert_eq!(numbers(&shipped.data()), [0_u64; 0]);

    let hers = looks_up(&admin, "ada@").await;
    assert_eq!(named(&hers["customers"], "username"), ["ada"]);
    let seen_by_manager = looks_up(&manager, "tea").await;
    assert_eq!(named(&seen_by_manager["products"], "name"), ["Green Tea"]);
    assert_eq!(looks_up(&manager, "ada").await["orders"], json!([]), "not shown to managers");
    ada.get("/v1/search?query=ada").await.refused(403, "forbidden");
}

#[actix_web::test]
async fn what_is_hidden_from_shoppers_is_found_by_staff() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Secret Tea", "3.00", 5).await;
    let body = json!({ "id": id(&tea), "isActive": false, "barcode": "4006381333931" });
    manager.patch("/v1/product/updateproduct", body).await.data();
    for words in ["secr", "4006381333931", text(&tea["sku"])] {
        let found = looks_up(&manager, words).await;
        assert_eq!(named(&found["products"], "name"), ["Secret Tea"], "{words}");
        assert_eq!(found["products"][0]["isActive"], false);
    }
    manager.delete(&format!("/v1/product/deleteproduct/{}", id(&tea))).await.data();
    assert_eq!(looks_up(&manager, "secret").await["products"], json!([]));
}

#[actix_web::test]
async fn the_register_survives_restarts_its_loss_and_an_erased_customer() {
    let bodega = Bodega::open();
    let (admin, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.00", 50).await;
    let to = ada.has_address().await;
    let order = ada.orders(&to, &tea, 1, VISA).await.data();
    let number = order["number"].as_u64().expect("a number");
    assert_eq!(all_numbers(&admin, "q=ada").await, [number]);
    let bodega = bodega.reopened();
    let admin = Person { address: bodega.address, ..admin };
    let ada = Person { address: bodega.address, ..ada };
    assert_eq!(all_numbers(&admin, "q=ada").await, [number]);
    let bodega = bodega.reopened_after(|folder| {
        std::fs::remove_dir_all(folder.join("register")).expect("a register");
    });
    let (admin, ada) =
        (Person { address: bodega.address, ..admin }, Person { address: bodega.address, ..ada });
    assert_eq!(all_numbers(&admin, "q=ada").await, [number]);
    admin.makes(&order, "SHIPPED").await.data();
    ada.delete("/v1/users/deleteuser").await.data();
    assert_eq!(all_numbers(&admin, "q=ada").await, [0_u64; 0]);
    assert_eq!(looks_up(&admin, "byron").await["orders"], json!([]));
    assert_eq!(looks_up(&admin, "ada").await["customers"], json!([]));
    assert_eq!(all_numbers(&admin, &format!("q={number}")).await, [number]);
}

#[actix_web::test]
async fn whatever_staff_type_is_answered() {
    let bodega = Bodega::open();
    let admin = bodega.owner().await;
    let (long, many) = ("x".repeat(10_000), "word+".repeat(2_000));
    for typed in ["", "*", "%22", "%00", "%F0%9F%AB%96", "%E2%80%AEtxt", "%25", "%5C", &long, &many]
    {
        let found = looks_up(&admin, typed).await;
        assert_eq!(found["orders"], json!([]), "{typed:.20}");
    }
    let refused: Reply = admin.get("/v1/search").await;
    refused.refused(400, "validation_failed");
}

#[actix_web::test]
async fn owners_see_what_was_looked_for_in_vain_and_may_mend_it_with_a_synonym() {
    let bodega = Bodega::open();
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let added = json!({
        "name": "Aubergine", "description": "", "price": 1, "stock": 1, "categoryIds": [],
    });
    let added = manager.post("/v1/product/createproduct", added).await;
    let find = async |words: &str, since: &str| {
        let path = format!("/v1/product/searchproducts?query={words}&since={since}");
        named(&visitor.get(&path).await.data(), "name")
    };
    let since = added.header("x-position").to_owned();
    assert_eq!(find("aubergine", &since).await, ["Aubergine"]);
    for _ in 0..2 {
        assert_eq!(find("Eggplant", "0").await, [""; 0]);
    }
    find("ada@example.com", "0").await;
    find("zucchini", "0").await;
    let misses = manager.get("/v1/search/misses").await.data();
    assert_eq!(named(&misses, "text"), ["eggplant", "zucchini"]);
    assert_eq!(misses[0]["count"], 2);
    let groups = json!({ "groups": [["aubergine", "eggplant"]] });
    let put = manager.asks(actix_web::http::Method::PUT, "/v1/search/synonyms").json(&groups).await;
    assert_eq!(put.data(), groups);
    let since = put.header("x-position").to_owned();
    assert_eq!(find("eggplant", &since).await, ["Aubergine"]);
    let faulty = json!({ "groups": [["alone"]] });
    let put = manager.asks(actix_web::http::Method::PUT, "/v1/search/synonyms").json(&faulty).await;
    put.refused(400, "validation_failed");
    let bodega = bodega.reopened();
    let manager = Person { address: bodega.address, ..manager };
    let misses = manager.get("/v1/search/misses").await.data();
    assert_eq!(named(&misses, "text"), ["eggplant", "zucchini"], "kept over a restart");
    assert_eq!(manager.get("/v1/search/synonyms").await.data(), groups);
    manager.delete("/v1/search/misses").await.data();
    assert_eq!(manager.get("/v1/search/misses").await.data(), json!([]));
}
