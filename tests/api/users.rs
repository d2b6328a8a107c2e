//! Accounts, as their holders and admins see and change them.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{
    Bodega, PASSWORD, Person,
    wares::{VISA, id, text},
    wire::NOBODYS,
};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|user| text(&user["username"])).collect()
}

#[actix_web::test]
async fn an_admin_lists_accounts_newest_first_and_page_by_page() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    for name in ["ada", "bob", "cleo"] {
        bodega.customer(name).await;
    }
    let manager = bodega.manager().await;
    let list = |query: &str| owner.get(&format!("/v1/users/getusers{query}"));
    let first = list("?limit=3").await;
    assert_eq!(names(&first.data())[1..], ["cleo", "bob"]);
    let page = first.json()["page"].clone();
    assert_eq!((&page["limit"], &page["hasMore"]), (&json!(3), &json!(true)));
    let second = list(&format!("?limit=3&cursor={}", text(&page["nextCursor"]))).await;
    assert_eq!(names(&second.data())[..1], ["ada"]);
    assert_eq!(second.json()["page"], json!({ "limit": 3, "nextCursor": null, "hasMore": false }));

    assert_eq!(names(&list("?q=ADA").await.data()), ["ada"]);
    assert_eq!(names(&list("?q=cleo@example").await.data()), ["cleo"]);
    let staff = list("?role=INVENTORY_MANAGER").await.data();
    assert_eq!(id(&staff[0]), manager.id);
    assert_eq!(list("?role=ADMIN").await.data().as_array().map(Vec::len), Some(1));
    for (query, field, code) in [
        ("?role=KING", "/role", "not_a_choice"),
        ("?limit=0", "/limit", "too_small"),
        ("?limit=101", "/limit", "too_large"),
        ("?limit=1.5", "/limit", "not_a_whole_number"),
        ("?colour=red", "/colour", "unknown_parameter"),
    ] {
        assert_eq!(list(query).await.faults(), [(field.to_owned(), code.to_owned())], "{query}");
    }
    list("?cursor=AAAA").await.refused(400, "invalid_cursor");
}

#[actix_web::test]
async fn an_account_is_seen_by_its_holder_and_by_admins() {
    let bodega = Bodega::open();
    let (owner, ada, bob) =
        (bodega.owner().await, bodega.customer("ada").await, bodega.customer("bob").await);
    let path = format!("/v1/users/getuser/{}", ada.id);
    let seen = ada.get(&path).await;
    insta::assert_snapshot!(seen.shown(), @r#"
    200
    {
      "data": {
        "createdAt": "[time]",
        "email": "ada@example.com",
        "id": "[id]",
        "role": "CUSTOMER",
        "updatedAt": "[time]",
        "username": "ada"
      },
      "statusCode": 200
    }
    "#);
    assert_eq!(owner.get(&path).await.data(), seen.data());
    bob.get(&path).await.refused(404, "not_found");
    owner.get(&format!("/v1/users/getuser/{NOBODYS}")).await.refused(404, "not_found");
}

#[actix_web::test]
async fn a_username_is_changed_freely_and_an_email_with_the_password() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    bodega.customer("bob").await;
    let changes = |body: Value| ada.patch("/v1/users/updateuser", body);
    assert_eq!(changes(json!({ "username": "lovelace" })).await.data()["username"], "lovelace");
    changes(json!({ "username": "BOB" })).await.refused(409, "username_taken");
    let email = "ada@lovelace.example";
    let unproved = changes(json!({ "email": email })).await;
    assert_eq!(unproved.faults(), [("/password".to_owned(), "required".to_owned())]);
    changes(json!({ "email": email, "password": "wrong" })).await.refused(401, "wrong_password");
    changes(json!({ "email": "BOB@example.com", "password": PASSWORD }))
        .await
        .refused(409, "email_taken");
    let changed = changes(json!({ "email": email, "password": PASSWORD })).await.data();
    assert_eq!((text(&changed["email"]), text(&changed["username"])), (email, "lovelace"));
    for field in ["role", "id", "isAdmin", "phoneNumber"] {
        let answer = changes(json!({ field: "ADMIN" })).await;
        assert_eq!(answer.faults(), [(format!("/{field}"), "unknown_field".to_owned())]);
    }
    assert_eq!(ada.get("/v1/auth/getprofile").await.data()["role"], "CUSTOMER");
}

#[actix_web::test]
async fn an_account_is_not_changed_behind_somebodys_back() {
    let bodega = Bodega::with_stopped_clock();
    let ada = bodega.customer("ada").await;
    let seen = ada.get(&format!("/v1/users/getuser/{}", ada.id)).await;
    let changes = |name: &str| ada.patch("/v1/users/updateuser", json!({ "username": name }));
    bodega.shop.clock.advance(std::time::Duration::from_millis(5));
    changes("lovelace").header("if-match", seen.header("etag")).await.data();
    changes("byron")
        .header("if-match", seen.header("etag"))
        .await
        .refused(412, "precondition_failed");
}

#[actix_web::test]
async fn a_new_role_counts_at_once() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tries = || ada.get("/v1/users/getusers");
    let gives =
        |role: &str| owner.patch(&format!("/v1/users/{}/role", ada.id), json!({ "role": role }));
    tries().await.refused(403, "forbidden");
    assert_eq!(gives("ADMIN").await.data()["role"], "ADMIN");
    tries().await.data();
    assert_eq!(gives("CUSTOMER").await.data()["role"], "CUSTOMER");
    tries().await.refused(403, "forbidden");
    let unknown = format!("/v1/users/{NOBODYS}/role");
    owner.patch(&unknown, json!({ "role": "ADMIN" })).await.refused(404, "not_found");
}

#[actix_web::test]
async fn the_last_admin_stays() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let own = format!("/v1/users/{}/role", owner.id);
    owner.patch(&own, json!({ "role": "CUSTOMER" })).await.refused(409, "last_admin");
    owner.delete("/v1/users/deleteuser").await.refused(409, "last_admin");
    let by_id = format!("/v1/users/deleteuser/{}", owner.id);
    owner.delete(&by_id).await.refused(409, "last_admin");
    let other = bodega.owner().await;
    other.delete(&by_id).await.data();
    assert_eq!(owner.get("/v1/auth/getprofile").await.outcome(), "401 session_ended");
}

#[actix_web::test]
async fn a_deleted_account_is_gone_with_its_addresses_and_its_orders_stay() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    ada.delete("/v1/users/deleteuser").await.refused(409, "open_orders");
    assert_eq!(ada.get("/v1/auth/getprofile").await.outcome(), "200");
    owner.makes(&order, "SHIPPED").await.data();

    let answer = ada.delete("/v1/users/deleteuser").await;
    assert_eq!(answer.data(), json!({ "message": "The account is deleted" }));
    assert_eq!(ada.get("/v1/auth/getprofile").await.outcome(), "401 session_ended");
    let refresh = json!({ "refreshToken": ada.refresh });
    ada.post("/v1/auth/refreshtoken", refresh).await.refused(401, "session_ended");
    let login = json!({ "email": ada.email, "password": PASSWORD });
    ada.post("/v1/auth/login", login).await.refused(401, "invalid_credentials");
    owner.get(&format!("/v1/users/getuser/{}", ada.id)).await.refused(404, "not_found");

    let kept = owner.sees_order(&order).await;
    assert_eq!((&kept["userId"], &kept["shippingAddress"]), (&Value::Null, &Value::Null));
    assert_eq!(kept["totalPrice"], order["totalPrice"]);
    let text = kept.to_string();
    for private in ["Ada", "St James", "7946", "ada@example.com", &ada.id] {
        assert!(!text.contains(private), "{private} is still in {text}");
    }
    bodega.customer("ada").await;
}

#[actix_web::test]
async fn an_admin_deletes_an_account_once() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let path = format!("/v1/users/deleteuser/{}", ada.id);
    owner.delete(&path).await.data();
    owner.delete(&path).await.refused(404, "not_found");
    owner.delete("/v1/users/deleteuser/nonsense").await.refused(404, "not_found");
}

#[actix_web::test]
async fn an_unpaid_order_does_not_keep_an_account() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let to = ada.has_address().await;
    let asks = ada.orders(&to, &tea, 2, "pm_card_authenticationRequired").await.data();
    assert_eq!(asks["status"], "PENDING");
    let declined = ada.orders(&to, &tea, 1, "pm_card_chargeDeclined").await;
    declined.refused(402, "payment_declined");
    ada.orders(&to, &tea, 1, VISA).key("cancelled").await.data();
    let newest = ada.get("/v1/orders?limit=1").await.data()[0].clone();
    ada.cancels(&newest).await.data();
    ada.asks(Method::DELETE, "/v1/users/deleteuser").await.data();
    assert_eq!(owner.sees_order(&asks).await["userId"], Value::Null);
}

#[actix_web::test]
async fn no_answer_about_people_holds_a_secret() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let login = json!({ "email": ada.email, "password": PASSWORD });
    let one = |who: &Person, path: &str| who.get(path);
    let answers = [
        one(&owner, "/v1/users/getusers").await,
        one(&ada, "/v1/auth/getprofile").await,
        one(&ada, "/v1/auth/sessions").await,
        ada.post("/v1/auth/login", login).await,
    ];
    for answer in answers {
        for secret in ["argon2", "$", "hash", ada.refresh.as_str()] {
            assert!(!answer.text().contains(secret), "{}: {}", answer.asked, answer.text());
        }
    }
}
