//! Repeats: the same request twice has one effect and one answer, whatever happened in between.

use serde_json::{Value, json};

use crate::support::{
    Bodega,
    wares::{VISA, id, order},
};

const EMPTY_CARD: &str = "pm_card_chargeDeclinedInsufficientFunds";

#[actix_web::test]
async fn an_order_sent_twice_under_one_key_is_one_order() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let to = ada.has_address().await;
    let first = ada.orders(&to, &tea, 2, VISA).key("k1").await;
    let again = ada.orders(&to, &tea, 2, VISA).key("k1").await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text(), again.text(), "byte for byte");
    assert_eq!(again.header("idempotent-replayed"), "true");
    ada.orders(&to, &tea, 3, VISA).key("k1").await.refused(422, "idempotency_key_reused");
    assert_eq!(manager.stock_of(&tea).await, (8, 0, 8), "sold once");
    let other = bodega.customer("bob").await;
    let home = other.has_address().await;
    let theirs = other.orders(&home, &tea, 2, VISA).key("k1").await;
    assert_eq!(theirs.status, 201, "somebody else's key is another key");
}

#[actix_web::test]
async fn a_declined_order_is_declined_again_by_the_same_answer() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let to = ada.has_address().await;
    let first = ada.orders(&to, &tea, 1, EMPTY_CARD).key("k2").await;
    let again = ada.orders(&to, &tea, 1, EMPTY_CARD).key("k2").await;
    assert_eq!((first.status, again.status), (402, 402));
    assert_eq!(first.json()["orderId"], again.json()["orderId"]);
}

#[actix_web::test]
async fn other_refusals_are_decided_afresh() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 1).await;
    let to = ada.has_address().await;
    ada.orders(&to, &tea, 2, VISA).key("k3").await.refused(409, "insufficient_stock");
    let more = json!({ "productId": id(&tea), "quantity": 5 });
    assert_eq!(manager.post("/v1/inventory/addstock", more).await.status, 201);
    let bought = ada.orders(&to, &tea, 2, VISA).key("k3").await;
    assert_eq!(bought.status, 201, "{}", bought.text());
}

#[actix_web::test]
async fn a_key_is_remembered_across_a_restart() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let to = ada.has_address().await;
    let first = ada.orders(&to, &tea, 2, VISA).key("k4").await;
    let bodega = bodega.reopened();
    let ada = ada.signed_in_again(&bodega);
    let again = ada.orders(&to, &tea, 2, VISA).key("k4").await;
    assert_eq!(again.text(), first.text());
    assert_eq!(again.header("idempotent-replayed"), "true");
}

#[actix_web::test]
async fn an_answer_that_was_lost_is_made_again_from_what_was_made() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let to = ada.has_address().await;
    let first = ada.orders(&to, &tea, 2, VISA).key("k5").await;
    // Stored answers are state; without the state they are gone, and the journal is not.
    let bodega = bodega.reopened_after(|folder| {
        std::fs::remove_dir_all(folder.join("state")).expect("the state can be deleted");
    });
    let ada = ada.signed_in_again(&bodega);
    let again = ada.orders(&to, &tea, 2, VISA).key("k5").await;
    assert_eq!(again.status, 201);
    assert_eq!(again.data()["id"], first.data()["id"]);
    assert_eq!(again.header("idempotent-replayed"), "true");
}

#[actix_web::test]
async fn whatever_is_sent_is_answered_and_changes_nothing() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let to = ada.has_address().await;
    let product = id(&tea);
    let numbers = ["-1", "0", "1.5", "1e400", "1e2", "99999999999999999999", "\"2\"", "null", "[]"];
    for number in numbers {
        let item = format!(r#"{{"productId":"{product}","quantity":{number}}}"#);
        let order = format!(r#"{{"shippingAddressId":"{to}","items":[{item}]}}"#);
        let bodies = [("/v1/cart/addtocart", item), ("/v1/orders", order)];
        for (path, body) in bodies {
            let answer = ada.post(path, Value::Null).bytes("application/json", body).await;
            assert_eq!(answer.status, 400, "{path} {number}: {}", answer.text());
            assert!(answer.json()["code"].is_string());
        }
    }
    let deep = "[".repeat(20_000);
    let twice = format!(r#"{{"productId":"{product}","quantity":1,"quantity":2}}"#);
    let nul = r#"{"productId":"\u0000","quantity":1}"#;
    let bad: [(&str, Vec<u8>); 6] = [
        ("deep nesting", deep.into_bytes()),
        ("a duplicate key", twice.into_bytes()),
        ("an unknown field", br#"{"productId":"x","quantity":1,"x":1}"#.to_vec()),
        ("broken UTF-8", b"{\"productId\":\"\xff\",\"quantity\":1}".to_vec()),
        ("nothing", vec![]),
        ("a NUL", nul.as_bytes().to_vec()),
    ];
    for (what, body) in bad {
        let answer =
            ada.post("/v1/cart/addtocart", Value::Null).bytes("application/json", body).await;
        assert!((400..500).contains(&answer.status), "{what}: {}", answer.text());
    }
    let huge = vec![b' '; 64 * 1024 + 1];
    let answer = ada.post("/v1/cart/addtocart", Value::Null).bytes("application/json", huge).await;
    assert_eq!(answer.status, 413);
    let cart = ada.get("/v1/cart/getcart").await.data();
    assert_eq!(cart["items"], json!([]), "nothing was put in");
    assert_eq!(manager.stock_of(&tea).await, (10, 0, 10));
}

#[actix_web::test]
async fn yen_and_dinars_add_up_to_the_last_unit() {
    for (currency, price, shipping) in [("JPY", "1250", "800"), ("KWD", "1.234", "2.500")] {
        let bodega = Bodega::with(&[("shop.currency", currency), ("shop.shipping_flat", shipping)]);
        let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
        let tea = manager.adds_product("Tea", price, 10).await;
        let to = ada.has_address().await;
        let body = order(&to, &tea, 3, VISA);
        let bought = ada.post("/v1/orders", body).await;
        assert_eq!(bought.status, 201, "{}", bought.text());
        let text = bought.text();
        let expected = match currency {
            // 3 × 1250, 7.5 % of it half up, and 800.
            "JPY" => (r#""tax":281,"#, r#""totalPrice":4831,"#),
            // 3 × 1.234, 7.5 % of it half up, and 2.500.
            _ => (r#""tax":0.278,"#, r#""totalPrice":6.480,"#),
        };
        assert!(text.contains(expected.0) && text.contains(expected.1), "{text}");
        let cancelled = ada.cancels(&bought.data()).await;
        let back = &cancelled.data()["payment"]["amountRefunded"];
        assert_eq!(*back, cancelled.data()["totalPrice"]);
    }
}
