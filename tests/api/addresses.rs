//! The own address book, and which of its addresses is the default.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    wares::{address, id, text},
    wire::NOBODYS,
};

const BOOK: &str = "/v1/users-address";

async fn adds(who: &Person, city: &str, is_default: Option<bool>) -> Value {
    let mut body = address();
    body["city"] = json!(city);
    if let Some(is_default) = is_default {
        body["isDefault"] = json!(is_default);
    }
    who.post(&format!("{BOOK}/createuseraddress"), body).await.data()
}

/// The cities in the order of the list, the default with a star.
async fn book_of(who: &Person) -> String {
    let list = who.get(&format!("{BOOK}/getuseraddresses")).await.data();
    let entry = |address: &Value| {
        let star = if address["isDefault"] == true { "*" } else { "" };
        format!("{}{star}", text(&address["city"]))
    };
    list.as_array().expect("a list").iter().map(entry).collect::<Vec<_>>().join(" ")
}

fn one(address: &Value) -> String {
    format!("{BOOK}/getuseraddressbyid/{}", id(address))
}

async fn changes(who: &Person, address: &Value, body: Value) -> crate::support::Reply {
    who.patch(&format!("{BOOK}/updateuseraddress/{}", id(address)), body).await
}

async fn deletes(who: &Person, address: &Value) -> crate::support::Reply {
    who.delete(&format!("{BOOK}/deleteuseraddress/{}", id(address))).await
}

#[actix_web::test]
async fn the_first_address_is_the_default_and_another_takes_its_place_when_told() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let answer = ada.post(&format!("{BOOK}/createuseraddress"), address()).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    201
    {
      "data": {
        "city": "London",
        "country": "GB",
        "createdAt": "[time]",
        "fullName": "Ada Byron",
        "id": "[id]",
        "isDefault": true,
        "phone": "+44 20 7946 0000",
        "postalCode": "SW1Y 4JH",
        "state": "Greater London",
        "street": "12 St James's Square",
        "updatedAt": "[time]"
      },
      "statusCode": 201
    }
    "#);
    let london = answer.data();
    assert_eq!(ada.get(&one(&london)).await.data(), london);
    adds(&ada, "Paris", None).await;
    let rome = adds(&ada, "Rome", Some(true)).await;
    assert_eq!(book_of(&ada).await, "Rome* Paris London");
    assert_eq!(
        changes(&ada, &london, json!({ "isDefault": true })).await.data()["isDefault"],
        true
    );
    assert_eq!(book_of(&ada).await, "London* Rome Paris");
    let gone = deletes(&ada, &rome).await;
    assert_eq!(gone.data(), json!({ "message": "The address is deleted" }));
    assert_eq!(book_of(&ada).await, "London* Paris");
}

#[actix_web::test]
async fn deleting_the_default_promotes_the_oldest() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    adds(&ada, "London", None).await;
    adds(&ada, "Paris", None).await;
    let rome = adds(&ada, "Rome", Some(true)).await;
    deletes(&ada, &rome).await.data();
    assert_eq!(book_of(&ada).await, "London* Paris");
    ada.get(&one(&rome)).await.refused(404, "not_found");
    deletes(&ada, &rome).await.refused(404, "not_found");
    changes(&ada, &rome, json!({ "city": "Ostia" })).await.refused(404, "not_found");
}

#[actix_web::test]
async fn a_change_touches_only_what_it_names() {
    let bodega = Bodega::with_stopped_clock();
    let ada = bodega.customer("ada").await;
    let london = adds(&ada, "London", None).await;
    let etag = ada.get(&one(&london)).await.header("etag").to_owned();
    bodega.shop.clock.advance(std::time::Duration::from_millis(5));
    let changed = changes(&ada, &london, json!({ "city": "Oxford" })).await.data();
    assert_eq!((text(&changed["city"]), &changed["street"]), ("Oxford", &london["street"]));
    let path = format!("{BOOK}/updateuseraddress/{}", id(&london));
    let late = ada.patch(&path, json!({ "city": "Bath" })).header("if-match", &etag).await;
    late.refused(412, "precondition_failed");
    assert_eq!(book_of(&ada).await, "Oxford*");
}

#[actix_web::test]
async fn every_line_of_an_address_says_something() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let answer = ada.post(&format!("{BOOK}/createuseraddress"), json!({})).await;
    assert_eq!(answer.faults().len(), 7);
    let lines = ["fullName", "phone", "street", "city", "state", "country", "postalCode"];
    for line in lines {
        for (value, code) in [
            (json!(""), "too_short"),
            (json!("  "), "too_short"),
            (json!("x".repeat(201)), "too_long"),
            (json!("a\nb"), "invalid_text"),
            (json!(7), "wrong_type"),
            (json!(null), "wrong_type"),
        ] {
            let mut body = address();
            body[line] = value.clone();
            let answer = ada.post(&format!("{BOOK}/createuseraddress"), body).await;
            assert_eq!(answer.faults(), [(format!("/{line}"), code.to_owned())], "{value}");
        }
    }
    assert_eq!(book_of(&ada).await, "");
    let longest = adds(&ada, &"é".repeat(200), None).await;
    let answer = changes(&ada, &longest, json!({ "city": "", "state": "x".repeat(201) })).await;
    assert_eq!(answer.faults().len(), 2);
}

#[actix_web::test]
async fn an_order_keeps_its_own_copy_of_the_address() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let london = adds(&ada, "London", None).await;
    let order = ada.orders(id(&london), &tea, 1, "pm_card_visa").await.data();
    changes(&ada, &london, json!({ "city": "Oxford" })).await.data();
    deletes(&ada, &london).await.data();
    let kept = ada.sees_order(&order).await;
    assert_eq!(kept["shippingAddress"]["city"], "London");
    assert_eq!(kept["shippingAddressId"], id(&london));
    ada.orders(id(&london), &tea, 1, "pm_card_visa").await.refused(404, "not_found");
    ada.orders(NOBODYS, &tea, 1, "pm_card_visa").await.refused(404, "not_found");
}

#[actix_web::test]
async fn an_address_book_has_an_end() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    for number in 0..50 {
        adds(&ada, &format!("Town {number}"), None).await;
    }
    let one_more = ada.post(&format!("{BOOK}/createuseraddress"), address()).await;
    one_more.refused(409, "too_many_addresses");
}
