//! What people type, and where they come back to, as people do: numbers as they are shown, an
//! address without a state, a name that somebody has, a page whose form was sent.

use actix_web::http::Method;
use serde_json::json;

use crate::support::{
    Bodega, Reply,
    people::PASSWORD,
    wares::{id, text},
};

fn must_say(page: &Reply, words: &str) {
    assert!(page.text().contains(words), "{words}: {}", page.text());
}

fn must_not_say(page: &Reply, words: &str) {
    assert!(!page.text().contains(words), "{words}: {}", page.text());
}

#[actix_web::test]
async fn the_address_of_a_form_leads_to_the_page_it_stands_on() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    for (path, page) in [
        ("/cart/add", "/cart"),
        ("/orders/1/again", "/orders/1"),
        ("/account/delete", "/account"),
        ("/sign-out", "/"),
        ("/admin/orders/ship", "/admin/orders"),
        ("/admin/products/bulk?act=preview", "/admin/products"),
    ] {
        let led = visitor.opens(path).await;
        assert_eq!((led.status, led.header("location")), (303, page), "{path}");
    }
    visitor.get("/v1/cart/addtocart").await.refused(405, "method_not_allowed");
    visitor.asks(Method::DELETE, "/cart/add").await.refused(405, "method_not_allowed");
}

#[actix_web::test]
async fn goods_go_also_to_where_there_are_no_states() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let form = [
        ("address", "new"),
        ("fullName", "Ada Lovelace"),
        ("phone", "1"),
        ("street", "Street 1"),
        ("city", "Berlin"),
        ("state", ""),
        ("country", "Germany"),
        ("postalCode", "10115"),
        ("method", "cash_on_delivery"),
        ("total", "1645"),
    ];
    let placed = ada.sends("/checkout", &form).await;
    assert_eq!(placed.status, 303, "{}", placed.text());
    let order = ada.opens(placed.header("location")).await;
    must_say(&order, ">10115 Berlin</p>");
    must_say(&order, ">Germany</p>");
    must_say(&ada.opens("/account/addresses").await, ">Germany<");
    ada.puts_in_cart(&tea, 2).await.data();
    must_say(&ada.opens("/checkout").await, "Street 1, Berlin 10115, Germany");
    let mut saved = form.to_vec();
    saved.retain(|(name, _)| *name != "address");
    assert_eq!(ada.sends("/account/addresses", &saved).await.status, 303);
    let body = json!({
        "fullName": "Ada", "phone": "1", "street": "Street 1", "city": "Berlin", "state": "",
        "country": "Germany", "postalCode": "10115",
    });
    let program = ada.post("/v1/users-address/createuseraddress", body).await;
    program.refused(400, "validation_failed");
}

#[actix_web::test]
async fn amounts_are_understood_as_they_are_shown() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    owner.adds_product("Tea", "3.00", 10).await;
    let piano = [("name", "Piano"), ("price", "1,234.50"), ("row-0-stock", "3"), ("act", "save")];
    let added = owner.sends("/admin/products/new", &piano).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let list = owner.get("/v1/product/getproducts?q=piano").await.data();
    assert_eq!(list[0]["price"], 1234.5, "{list}");
    let dear = bodega.visitor().opens("/search?minPrice=1,000").await;
    must_say(&dear, "Piano");
    must_not_say(&dear, "We left out");
    must_not_say(&dear, ">Tea<");
    let unclear = bodega.visitor().opens("/search?minPrice=1,50").await;
    must_say(&unclear, "Must be a plain number, as 1999 or 19.99");
    let saved = owner.sends("/admin/settings", &[("shippingFlat", "1,000.00")]).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(owner.get("/v1/settings").await.data()["shippingFlat"], 1000.0);
    let order = ada.buys(&list[0], 1).await;
    let path = format!("/admin/orders/{}/refund", id(&order));
    let preview = owner.sends(&path, &[("amount", "1,000.00")]).await;
    must_say(&preview, "<strong>$1,000.00</strong>");
    let api = format!("/v1/orders/{}/refunds", id(&order));
    let program = owner.post(&api, json!({ "amount": "1,000.00" })).await;
    program.refused(400, "validation_failed");
}

#[actix_web::test]
async fn a_name_that_somebody_has_is_told_with_a_way_out() {
    let bodega = Bodega::open();
    bodega.customer("anna").await;
    let form = [("username", "Anna"), ("email", "other@example.com"), ("password", PASSWORD)];
    let taken = bodega.visitor().sends("/register", &form).await;
    assert_eq!(taken.status, 409);
    must_say(&taken, "id=\"username-error\">Somebody has this name already: add something to it");
    must_say(&taken, ">User name<");
}

#[actix_web::test]
async fn a_try_whose_card_was_declined_is_no_order_that_somebody_cancelled() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    let to = ada.has_address().await;
    ada.orders(&to, &tea, 1, "pm_card_chargeDeclined").await.refused(402, "payment_declined");
    let list = ada.opens("/account/orders").await;
    must_say(&list, ">Payment declined</span>");
    must_not_say(&list, ">Cancelled</span>");
    let bought = ada.buys(&tea, 1).await;
    let cancel = format!("/v1/orders/{}/cancel", text(&bought["id"]));
    ada.patch(&cancel, json!({})).await.data();
    must_say(&ada.opens("/account/orders").await, ">Cancelled</span>");
}
