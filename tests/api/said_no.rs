//! Said no: a page that refuses says why, where it belongs, in words of the shop; and what is sent
//! twice has its effect once.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
};

/// The part of a page from one word to the next.
fn between<'a>(page: &'a Reply, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.text().split_once(from).unwrap_or_else(|| panic!("no {from}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to}")).0
}

async fn units_of(ada: &Person, product: &Value) -> Option<u64> {
    let cart = ada.get("/v1/cart/getcart").await.data();
    let items = cart["items"].as_array().expect("lines").clone();
    items.iter().find(|line| line["productId"] == product["id"])?["quantity"].as_u64()
}

#[actix_web::test]
async fn an_order_is_put_in_the_cart_again_once_and_as_far_as_it_is_there() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    let pot = manager.adds_product("Pot", "30.00", 5).await;
    let (of_tea, of_pots) = (ada.buys(&tea, 2).await, ada.buys(&pot, 4).await);
    let form = [("key", "one")];
    let path = format!("/orders/{}/again", id(&of_tea));
    for _ in 0..2 {
        assert_eq!(ada.sends(&path, &form).await.header("location"), "/cart");
        assert_eq!(units_of(&ada, &tea).await, Some(2));
    }
    let path = format!("/orders/{}/again", id(&of_pots));
    let led = ada.sends(&path, &[("key", "two")]).await;
    assert_eq!(units_of(&ada, &pot).await, Some(1), "four were bought, one is left");
    let cart = ada.opens(led.header("location")).await;
    assert!(cart.text().contains("Not all of it can be had any more"), "{}", cart.text());
}

#[actix_web::test]
async fn what_does_not_fit_into_the_cart_is_said_at_its_quantity() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 3).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let variant = text(&tea["variants"][0]["id"]);
    let adds = |quantity| {
        let form = [("productId", id(&tea)), ("variantId", variant), ("quantity", quantity)];
        ada.sends("/cart/add", &form)
    };
    for (quantity, status, said) in [
        ("2", 409, "Only 3 left; 2 of it in your cart already."),
        ("1,5", 400, "quantity-error"),
        ("0", 400, "quantity-error"),
    ] {
        let page = adds(quantity).await;
        assert_eq!(page.status, status, "{}", page.text());
        for said in [said, "role=\"alert\"", "name=\"quantity\" type=\"number\""] {
            assert!(page.text().contains(said), "{quantity}: {said}: {}", page.text());
        }
        assert!(page.text().contains(&format!("value=\"{quantity}\"")), "what was typed stays");
    }
    let hidden = json!({ "id": id(&tea), "isActive": false });
    manager.patch("/v1/product/updateproduct", hidden).await.data();
    let gone = adds("1").await;
    assert_eq!(gone.status, 409);
    assert!(gone.text().contains("role=\"alert\""), "{}", gone.text());
}

#[actix_web::test]
async fn a_cart_that_is_too_dear_can_be_opened_and_emptied() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let ring = manager.adds_product("Ring", "99999999999.00", 999).await;
    ada.puts_in_cart(&ring, 999).await.data();
    let cart = ada.opens("/cart").await;
    assert_eq!(cart.status, 200, "{}", cart.text());
    assert!(cart.text().contains("more than one order can be"), "{}", cart.text());
    assert!(!cart.text().contains("href=\"/checkout\""));
    let variant = text(&ring["variants"][0]["id"]);
    assert_eq!(ada.sends("/cart/remove", &[("variantId", variant)]).await.status, 303);
    assert_eq!(units_of(&ada, &ring).await, None);
}

#[actix_web::test]
async fn the_checkout_says_what_is_wrong_where_it_is() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let home = ada.has_address().await;
    let sends =
        |address: String, total: &'static str, card: [&'static str; 3], key: &'static str| {
            let [number, expiry, code] = card;
            let form = [
                ("address", &*address),
                ("method", "card"),
                ("cardNumber", number),
                ("cardExpiry", expiry),
                ("cardCode", code),
                ("total", total),
                ("key", key),
            ];
            let form: Vec<(&str, String)> =
                form.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            let ada = ada.clone();
            async move {
                let form: Vec<(&str, &str)> =
                    form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                ada.sends("/checkout", &form).await
            }
        };
    let good = ["4242 4242 4242 4242", "12/40", "123"];
    let dearer = sends(home.clone(), "1", good, "a").await;
    assert_eq!(dearer.status, 409);
    let said = "price has changed: it is $16.45 now, not $0.01. Nothing was ordered";
    assert!(dearer.text().contains(said), "{}", dearer.text());
    let total = "1645";
    for (card, field) in [
        (["4242 4242 4242 4241", "12/40", "123"], "cardNumber"),
        (["4000 0000 0000 0069", "12/40", "123"], "cardExpiry"),
        (["4000 0000 0000 0127", "12/40", "123"], "cardCode"),
    ] {
        let page = sends(home.clone(), total, card, field).await;
        assert_eq!(page.status, 402, "{}", page.text());
        assert!(page.text().contains(&format!("id=\"{field}-error\"")), "{}", page.text());
        assert!(page.text().contains("Nothing was charged"), "{}", page.text());
    }
    let other = bodega.shop.clock.new_id::<bodega::domain::ids::AddressId>().to_string();
    let gone = sends(other, total, good, "d").await;
    assert!(gone.text().contains("id=\"address-error\""), "{}", gone.text());
    assert!(gone.text().contains(&format!("value=\"{home}\" checked")), "one is chosen");
}

#[actix_web::test]
async fn enter_does_what_is_harmless() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    manager.adds_product("Tea", "3.00", 3).await;
    for (path, action, act) in [
        ("/admin/products", "/admin/products/bulk", "preview"),
        ("/admin/products/new", "/admin/products/new", "save"),
    ] {
        let page = manager.opens(path).await;
        let form = between(&page, &format!("action=\"{action}\" method=\"post\""), "</form>");
        let first = form.split_once("type=\"submit\"").expect("a button").1;
        let first = first.split_once('>').expect("a button").0;
        assert!(first.contains(&format!("value=\"{act}\"")), "{path}: {first}");
    }
}

#[actix_web::test]
async fn whoever_ticks_nothing_is_told_so_on_the_list_they_came_from() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 9).await;
    let order = ada.buys(&tea, 1).await;
    let back = ("back", "/admin/orders?q=ada");
    let none = owner.sends("/admin/orders/ship", &[back]).await;
    assert_eq!(none.status, 400);
    assert!(none.text().contains("Tick the orders"), "{}", none.text());
    assert!(none.text().contains("name=\"q\" type=\"search\" value=\"ada\""), "{}", none.text());
    let long = "x".repeat(101);
    let form = [("orders", id(&order)), ("carrier", &*long), back];
    let long = owner.sends("/admin/orders/ship", &form).await;
    assert!(long.text().contains("id=\"carrier-error\""), "{}", long.text());
    let shipped = owner.sends("/admin/orders/ship", &[("orders", id(&order)), back]).await;
    assert_eq!(shipped.header("location"), "/admin/orders?q=ada&done=all-shipped");
    let elsewhere = [("orders", id(&order)), ("back", "//evil.example")];
    let elsewhere = owner.sends("/admin/orders/ship", &elsewhere).await;
    assert_eq!(elsewhere.header("location"), "/admin/orders?done=all-shipped");

    let back = ("back", "/admin/products?q=tea");
    let none = manager.sends("/admin/products/bulk", &[("act", "activate"), back]).await;
    assert_eq!(none.status, 400);
    assert!(none.text().contains("Tick the products"), "{}", none.text());
    assert!(none.text().contains("name=\"q\" type=\"search\" value=\"tea\""), "{}", none.text());
}

#[actix_web::test]
async fn new_prices_are_set_for_those_that_are_there_and_nothing_becomes_free() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let mut shelf = Vec::new();
    for name in ["One", "Two", "Three"] {
        shelf.push(manager.adds_product(name, "5.00", 1).await);
    }
    let mut form: Vec<(&str, &str)> = shelf.iter().map(|one| ("products", id(one))).collect();
    form.extend([("act", "reprice"), ("percent", "10")]);
    manager.sends(&format!("/admin/products/{}/remove", id(&shelf[1])), &[]).await;
    let outcome = manager.sends("/admin/products/bulk", &form).await;
    assert_eq!(outcome.status, 200, "{}", outcome.text());
    assert_eq!(outcome.text().matches("New price</span>").count(), 2, "{}", outcome.text());
    assert!(outcome.text().contains("It is not there any more"), "{}", outcome.text());
    let form = [("products", id(&shelf[0])), ("act", "preview"), ("percent", "-99.99")];
    let free = manager.sends("/admin/products/bulk", &form).await;
    assert!(free.text().contains("It would cost nothing"), "{}", free.text());
    assert!(!free.text().contains("Set the new prices"), "{}", free.text());
}

#[actix_web::test]
async fn settings_that_somebody_changed_meanwhile_are_not_overwritten_unseen() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let page = owner.opens("/admin/settings").await;
    let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();
    owner.patch("/v1/settings", json!({ "taxRate": "0.19" })).await.data();
    let mine = [("name", "Mine"), ("taxPercent", "7"), ("version", &*version)];
    for _ in 0..2 {
        let stale = owner.sends("/admin/settings", &mine).await;
        assert_eq!(stale.status, 412, "{}", stale.text());
        let differs = between(&stale, "aria-label=\"Differences\"", "</table>");
        assert!(differs.contains("<td>19</td><td>7</td>"), "{differs}");
        assert!(!differs.contains("Shipping"), "{differs}");
        assert_eq!(between(&stale, "name=\"version\" value=\"", "\""), version);
    }
    let stale = owner.sends("/admin/settings", &mine).await;
    let newer = between(&stale, "name=\"anyway\" value=\"", "\"");
    let anyway = [mine[0], mine[1], mine[2], ("anyway", newer)];
    assert_eq!(owner.sends("/admin/settings", &anyway).await.status, 303);
    assert_eq!(text(&owner.get("/v1/settings").await.data()["taxRate"]), "0.07");
    for (field, typed) in [("taxPercent", "7,5"), ("taxPercent", ""), ("name", "  ")] {
        let refused = owner.sends("/admin/settings", &[(field, typed)]).await;
        assert_eq!(refused.status, 400, "{field}: {typed}");
        let said = between(&refused, &format!("id=\"{field}-error\">"), "<");
        let is_percent = said == "Must be a percentage such as 7.5, from 0 to 100.";
        assert!(field == "name" || is_percent, "{said}");
    }
}

#[actix_web::test]
async fn a_category_that_somebody_changed_meanwhile_is_not_overwritten_unseen() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let made = manager.sends("/admin/categories", &[("name", "Tea")]).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let list = manager.opens("/admin/categories").await;
    let category = between(&list, "href=\"/admin/categories/", "\"").to_owned();
    let path = format!("/admin/categories/{category}");
    let version =
        between(&manager.opens(&path).await, "name=\"version\" value=\"", "\"").to_owned();
    let form = |name| [("name", name), ("version", &*version)];
    assert_eq!(manager.sends(&path, &form("Green tea")).await.status, 303);
    let stale = manager.sends(&path, &form("Black tea")).await;
    assert_eq!(stale.status, 412, "{}", stale.text());
    assert!(stale.text().contains("<td>Green tea</td><td>Black tea</td>"), "{}", stale.text());
    let newer = between(&stale, "name=\"anyway\" value=\"", "\"");
    let anyway = [("name", "Black tea"), ("version", &*version), ("anyway", newer)];
    assert_eq!(manager.sends(&path, &anyway).await.status, 303);
}

#[actix_web::test]
async fn staff_stay_in_the_admin_whatever_they_ask_for() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    for path in ["/admin/nope", "/admin/settings", "/admin/products/none"] {
        let page = manager.opens(path).header("accept", "text/html").await;
        assert!(page.text().contains("Back to the overview"), "{path}: {}", page.text());
        assert!(page.text().contains("aria-label=\"Admin\""), "{path}");
    }
    let page = ada.opens("/admin/nope").header("accept", "text/html").await;
    assert!(!page.text().contains("Back to the overview"), "{}", page.text());
    let owner = bodega.owner().await;
    for list in ["orders", "products", "customers", "stock", "letters"] {
        let long = "x".repeat(300);
        for words in ["a%09b", "a%0Ab", "%01", &long] {
            let page = owner.opens(&format!("/admin/{list}?q={words}")).await;
            assert_eq!(page.status, 200, "{list}: {words}");
        }
    }
}
