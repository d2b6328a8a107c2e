//! Idempotency: the same request under the same key has one effect and one answer.

use actix_web::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Bodega, PASSWORD, Person, Reply,
    wares::{VISA, address, id, order},
    wire::Ask,
};

#[track_caller]
fn is_replay_of(again: &Reply, first: &Reply) {
    assert_eq!(first.header("idempotent-replayed"), "", "{}", first.asked);
    assert_eq!(again.header("idempotent-replayed"), "true", "{}: {}", again.asked, again.text());
    assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "{}", first.asked);
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
}

/// Every kind of write that keeps its answer, each ready to be sent any number of times.
async fn writes(bodega: &Bodega) -> Vec<Ask> {
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 100).await;
    let mut writes = writes_of_people(bodega, &owner, &ada).await;
    writes.extend(writes_of_goods(&owner, &tea).await);
    writes.extend(writes_of_sales(&owner, &ada, &tea).await);
    writes
}

async fn writes_of_people(bodega: &Bodega, owner: &Person, ada: &Person) -> Vec<Ask> {
    let (bob, to) = (bodega.customer("bob").await, ada.has_address().await);
    let passwords = json!({ "oldPassword": PASSWORD, "newPassword": "another horse entirely" });
    let of_address = format!("/v1/users-address/updateuseraddress/{to}");
    vec![
        ada.post("/v1/users-address/createuseraddress", address()),
        ada.patch(&of_address, json!({ "city": "Rome" })),
        ada.patch("/v1/users/updateuser", json!({ "username": "lovelace" })),
        owner.patch(&format!("/v1/users/{}/role", bob.id), json!({ "role": "ADMIN" })),
        bob.post("/v1/auth/changepassword", passwords),
    ]
}

async fn writes_of_goods(owner: &Person, tea: &Value) -> Vec<Ask> {
    let shelf = json!({ "name": "Drinks", "description": "" });
    let shelf = owner.post("/v1/product/createcategory", shelf).await.data();
    let coffee = json!({
        "name": "Coffee", "description": "", "price": 1, "stock": 1, "categoryIds": [],
    });
    let units = |quantity| json!({ "productId": id(tea), "quantity": quantity });
    let of_shelf = format!("/v1/product/updatecategory/{}", id(&shelf));
    let of_stock = format!("/v1/inventory/updateinventory/{}", id(tea));
    vec![
        owner.post("/v1/product/createproduct", coffee),
        owner.patch("/v1/product/updateproduct", json!({ "id": id(tea), "price": 5 })),
        owner.post("/v1/product/createcategory", json!({ "name": "Food", "description": "" })),
        owner.patch(&of_shelf, json!({ "name": "Hot" })),
        owner.post("/v1/inventory/createinventory", units(50)),
        owner.post("/v1/inventory/addstock", units(3)),
        owner.post("/v1/inventory/reducestock", units(3)),
        owner.post("/v1/inventory/reservestock", units(3)),
        owner.post("/v1/inventory/releasestock", units(3)),
        owner.patch(&of_stock, json!({ "quantity": 60 })),
    ]
}

async fn writes_of_sales(owner: &Person, ada: &Person, tea: &Value) -> Vec<Ask> {
    let to = ada.has_address().await;
    let (paid, other, third) =
        (ada.buys(tea, 2).await, ada.buys(tea, 1).await, ada.buys(tea, 1).await);
    let waiting = json!({ "shippingAddressId": to, "items": order(&to, tea, 1, "")["items"] });
    let waiting = ada.post("/v1/orders", waiting).await.data();
    let of = |order: &Value, what: &str| format!("/v1/orders/{}/{what}", id(order));
    let by_card = json!({ "charge": { "paymentMethodId": VISA } });
    let line = format!("/v1/cart/updatecartitem/{}", id(tea));
    vec![
        ada.puts_in_cart(tea, 3),
        ada.patch(&line, json!({ "quantity": 7 })),
        ada.orders(&to, tea, 1, VISA),
        ada.orders(&to, tea, 1, "pm_card_chargeDeclined"),
        ada.cancels(&paid),
        owner.patch(&of(&other, "status"), json!({ "status": "SHIPPED" })),
        owner.post(&of(&third, "refunds"), json!({ "amount": 1 })),
        ada.post(&of(&waiting, "payment"), by_card),
    ]
}

/// How many commits there have been.
fn commits(bodega: &Bodega) -> u64 {
    bodega.shop.store().health().seq
}

#[actix_web::test]
async fn the_same_request_is_answered_byte_for_byte_and_done_once() {
    let bodega = Bodega::open();
    let writes = writes(&bodega).await;
    let mut answered = Vec::new();
    for (number, write) in writes.iter().enumerate() {
        let key = format!("write {number}");
        let first = write.clone().key(&key).await;
        assert!(matches!(first.status, 200 | 201 | 402), "{}: {}", first.asked, first.text());
        let done = commits(&bodega);
        is_replay_of(&write.clone().key(&key).await, &first);
        // The older name of the header is the same key.
        is_replay_of(&write.clone().header("x-idempotency-key", &key).await, &first);
        assert_eq!(commits(&bodega), done, "{}", first.asked);
        answered.push((key, first));
    }
    // However much has happened meanwhile, and also after a restart.
    let port = bodega.address;
    let bodega = bodega.reopened();
    for (write, (key, first)) in writes.iter().zip(&answered) {
        let again = Ask { address: bodega.address, ..write.clone() };
        is_replay_of(&again.key(key).await, first);
    }
    assert_ne!(port, bodega.address);
}

#[actix_web::test]
async fn an_answer_that_was_lost_is_made_again_from_what_the_request_made() {
    let bodega = Bodega::open();
    let writes = writes(&bodega).await;
    let mut answered = Vec::new();
    for (number, write) in writes.iter().enumerate() {
        let key = format!("write {number}");
        answered.push((write.clone().key(&key).await, key));
    }
    // Answers are not in the journal; without the state, they are gone.
    let bodega = bodega.reopened_after(|folder| {
        std::fs::remove_dir_all(folder.join("state")).expect("a state to delete");
    });
    let before = commits(&bodega);
    for (write, (first, key)) in writes.iter().zip(&answered) {
        let again = Ask { address: bodega.address, ..write.clone() }.key(key).await;
        assert_eq!(again.status, first.status, "{}: {}", first.asked, again.text());
        assert_eq!(again.header("idempotent-replayed"), "true", "{}", first.asked);
        let (then, now) = (first.json(), again.json());
        assert_eq!(now["data"]["id"], then["data"]["id"], "{}: {now}", first.asked);
        for told in ["code", "declineCode", "orderId"] {
            assert_eq!(now[told], then[told], "{}: {now}", first.asked);
        }
    }
    assert_eq!(commits(&bodega), before, "nothing was done again");
}

#[actix_web::test]
async fn another_request_under_the_same_key_is_refused() {
    let bodega = Bodega::open();
    let (manager, ada, bob) =
        (bodega.manager().await, bodega.customer("ada").await, bodega.customer("bob").await);
    let tea = manager.adds_product("Tea", "3.99", 100).await;
    let one = ada.puts_in_cart(&tea, 1).key("k").await;
    ada.puts_in_cart(&tea, 2).key("k").await.refused(422, "idempotency_key_reused");
    let spaced = format!(r#"{{"productId": "{}", "quantity": 1 }}"#, id(&tea));
    let ask = ada.asks(Method::POST, "/v1/cart/addtocart").bytes("application/json", spaced);
    ask.key("k").await.refused(422, "idempotency_key_reused");
    is_replay_of(&ada.puts_in_cart(&tea, 1).key("k").await, &one);
    // Another person, route or method has keys of its own.
    assert_eq!(bob.puts_in_cart(&tea, 1).key("k").await.header("idempotent-replayed"), "");
    let line = format!("/v1/cart/updatecartitem/{}", id(&tea));
    let set = ada.patch(&line, json!({ "quantity": 5 })).key("k").await;
    assert_eq!((set.status, set.header("idempotent-replayed")), (200, ""));
    // On the same route, another thing is another request.
    let coffee = manager.adds_product("Coffee", "3.99", 100).await;
    ada.puts_in_cart(&coffee, 1).await.data();
    let line = format!("/v1/cart/updatecartitem/{}", id(&coffee));
    let other = ada.patch(&line, json!({ "quantity": 5 })).key("k").await;
    other.refused(422, "idempotency_key_reused");
}

#[actix_web::test]
async fn requests_under_one_key_run_one_at_a_time() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 100).await;
    let to = ada.has_address().await;
    let mut met = 0;
    for round in 0..20 {
        let key = format!("round {round}");
        let asks = (0..4).map(|_| ada.orders(&to, &tea, 1, VISA).key(&key).into_future());
        let answers = join_all(asks).await;
        let fresh: Vec<&Reply> = answers
            .iter()
            .filter(|one| one.status == 201 && one.header("idempotent-replayed").is_empty())
            .collect();
        assert_eq!(fresh.len(), 1, "one of them is the one that does it");
        for answer in &answers {
            if answer.status == 201 {
                assert_eq!(answer.bytes, fresh[0].bytes);
                continue;
            }
            let refusal = answer.refused(409, "idempotency_key_in_flight");
            assert_eq!((answer.header("retry-after"), &refusal["retryAfter"]), ("1", &json!(1)));
            met += 1;
        }
    }
    assert!(met > 0, "in twenty rounds two of them must have met");
    assert_eq!(manager.stock_of(&tea).await, (80, 0, 80));
}

#[actix_web::test]
async fn a_refused_payment_is_refused_again_without_asking_the_bank() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 100).await;
    let to = ada.has_address().await;
    let tries = || ada.orders(&to, &tea, 1, "pm_card_chargeDeclined").key("pay");
    let first = tries().await;
    first.refused(402, "payment_declined");
    is_replay_of(&tries().await, &first);
    assert_eq!(ada.get("/v1/orders").await.data().as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn any_other_refusal_is_decided_afresh() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 1).await;
    let to = ada.has_address().await;
    let puts = || ada.puts_in_cart(&tea, 2).key("cart");
    let places = || ada.orders(&to, &tea, 2, VISA).key("order");
    puts().await.refused(409, "insufficient_stock");
    places().await.refused(409, "insufficient_stock");
    ada.puts_in_cart(&tea, 0).key("cart").await.refused(400, "validation_failed");
    let more = json!({ "productId": id(&tea), "quantity": 9 });
    manager.post("/v1/inventory/addstock", more).await.data();
    let put = puts().await;
    assert_eq!((put.status, put.header("idempotent-replayed")), (201, ""));
    let placed = places().await;
    assert_eq!((placed.status, placed.header("idempotent-replayed")), (201, ""));
    is_replay_of(&places().await, &placed);
    assert_eq!(manager.stock_of(&tea).await, (8, 0, 8));
}

#[actix_web::test]
async fn a_key_is_printable_and_not_too_long() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 100).await;
    let longest = "k".repeat(255);
    ada.puts_in_cart(&tea, 1).key(&longest).await.data();
    for bad in [&"k".repeat(256), "", "  ", "tab\there", "höflich"] {
        let answer = ada.puts_in_cart(&tea, 1).key(bad).await;
        answer.refused(400, "invalid_idempotency_key");
    }
    let two = ada.puts_in_cart(&tea, 1).key("one").header("x-idempotency-key", "two").await;
    two.refused(400, "invalid_idempotency_key");
    ada.puts_in_cart(&tea, 1).key("one").header("x-idempotency-key", "one").await.data();
    // A read has no effect, and no key.
    let read = ada.get("/v1/cart/getcart").key(&"k".repeat(256)).await;
    assert_eq!(read.data()["items"][0]["quantity"], 2);
}

#[actix_web::test]
async fn a_key_is_forgotten_after_its_time() {
    let bodega = Bodega::with_stopped_clock();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 100).await;
    let first = ada.puts_in_cart(&tea, 1).key("k").await;
    bodega.shop.clock.advance(std::time::Duration::from_secs(24 * 3600));
    let ada = ada.signed_in_again(&bodega);
    bodega.shop.housekeeping.round().await.expect("a round");
    is_replay_of(&ada.puts_in_cart(&tea, 1).key("k").await, &first);
    bodega.shop.clock.advance(std::time::Duration::from_secs(1));
    is_replay_of(&ada.puts_in_cart(&tea, 1).key("k").await, &first);
    bodega.shop.housekeeping.round().await.expect("a round");
    let later = ada.puts_in_cart(&tea, 1).key("k").await;
    assert_eq!(later.data()["items"][0]["quantity"], 2);
    assert_eq!(later.header("idempotent-replayed"), "");
}

#[actix_web::test]
async fn answers_with_tokens_are_kept_nowhere() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let body = json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD });
    let signs_up = || visitor.post("/v1/auth/signup", body.clone()).key("k");
    let first = signs_up().await;
    first.data();
    signs_up().await.refused(409, "idempotent_answer_lost");
    let other = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
    let other = visitor.post("/v1/auth/signup", other).key("k").await;
    other.refused(422, "idempotency_key_reused");
    let login = json!({ "email": "ada@example.com", "password": PASSWORD });
    let signs_in = || visitor.post("/v1/auth/login", login.clone()).key("k");
    let (one, two) = (signs_in().await.data(), signs_in().await.data());
    assert_ne!(one["refreshToken"], two["refreshToken"], "each is a session of its own");
}
