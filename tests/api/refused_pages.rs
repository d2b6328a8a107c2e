//! Refused pages: whoever is told no on a page stays signed in, keeps what they typed, and is led
//! to where they can go on.

use std::time::Duration;

use actix_web::http::Method;

use crate::support::{
    Bodega, PASSWORD, Person, Reply,
    wares::{VISA, id},
};

/// A new address and a card, as they are typed at the checkout.
fn checkout<'a>(card: &'a str, total: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("address", "new"),
        ("fullName", "Ada Lovelace"),
        ("phone", "1"),
        ("street", "Street 1"),
        ("city", "Town"),
        ("state", "State"),
        ("country", "Country"),
        ("postalCode", "1"),
        ("method", "card"),
        ("cardNumber", card),
        ("cardExpiry", "12/40"),
        ("cardCode", "123"),
        ("total", total),
        ("key", key),
    ]
}

#[track_caller]
fn must_know_them(page: &Reply, status: u16) {
    assert_eq!(page.status, status, "{}: {}", page.asked, page.text());
    assert_eq!(page.header("set-cookie"), "", "{}: nobody is signed out", page.asked);
    let knows_them = ["Account</span>", "Sign out"].iter().any(|said| page.text().contains(said));
    assert!(knows_them, "{}: {}", page.asked, page.text());
}

#[actix_web::test]
async fn a_problem_on_a_page_signs_nobody_out() {
    let bodega = Bodega::open();
    let (ada, manager) = (bodega.customer("ada").await, bodega.manager().await);
    let asked: [(&Person, &str, u16); 5] = [
        (&ada, "/nope", 404),
        (&ada, "/product/none", 404),
        (&ada, "/admin", 403),
        (&manager, "/admin/settings", 403),
        (&ada, "/orders/none", 404),
    ];
    for (who, path, status) in asked {
        must_know_them(&who.opens(path).header("accept", "text/html").await, status);
    }
    let wrong = ada.sends("/sign-in", &[("email", &*ada.email), ("password", "not mine")]).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""), "{}", wrong.text());
    ada.asks(Method::POST, "/v1/auth/signout").await.data();
    let over = ada.opens("/nope").header("accept", "text/html").await;
    assert!(over.header("set-cookie").contains("Max-Age=0"), "what has ended is forgotten");
}

#[actix_web::test]
async fn whoever_asks_too_often_stays_signed_in_and_keeps_what_they_typed() {
    let bodega = Bodega::with_stopped_clock_and(&[
        ("limits.enabled", "true"),
        ("limits.orders_per_minute", "1"),
        ("limits.credentials_per_minute", "1"),
    ]);
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let sends = |key| ada.sends("/checkout", &checkout("4000 0000 0000 9995", "1645", key));
    assert_eq!(sends("one").await.status, 402);
    let late = sends("two").await;
    must_know_them(&late, 429);
    let has = |name: &str, value: &str| {
        let field = format!("name=\"{name}\" value=\"{value}\"");
        assert!(late.text().contains(&field), "{field}: {}", late.text());
    };
    assert!(late.text().contains("action=\"/checkout\""), "{}", late.text());
    has("fullName", "Ada Lovelace");
    has("key", "two");
    let card = ["4000 0000 0000 9995", "cardNumber", "cardCode"];
    assert!(!card.iter().any(|said| late.text().contains(said)), "no card is kept");
    let forged = sends("three").header("origin", "https://evil.example").await;
    assert_eq!(forged.status, 429);
    assert!(!forged.text().contains("Send it again"), "a stranger's form is not offered");
    let tries = [("email", &*ada.email), ("password", PASSWORD)];
    assert_eq!(bodega.visitor().sends("/sign-in", &tries).await.status, 303);
    let too_many = bodega.visitor().sends("/sign-in", &tries).await;
    assert_eq!(too_many.status, 429);
    assert!(too_many.text().contains(&format!("value=\"{}\"", ada.email)));
    assert!(!too_many.text().contains(PASSWORD), "a password is not kept");
    bodega.shop.clock.advance(Duration::from_secs(60));
    let mut once_more = checkout("", "1645", "two");
    once_more.retain(|(name, _)| !name.starts_with("card"));
    let once_more = ada.sends("/checkout", &once_more).await;
    assert_eq!(once_more.status, 400, "{}", once_more.text());
    assert!(once_more.text().contains("cardNumber-error"), "{}", once_more.text());
    assert!(once_more.text().contains("Ada Lovelace"), "{}", once_more.text());
}

#[actix_web::test]
async fn whoever_left_the_banks_page_finds_the_order_and_pays_it_with_another_card() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let asked = ada.sends("/checkout", &checkout("4000 0027 6000 3184", "1645", "one")).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let path = asked.header("location").split('?').next().expect("a path").to_owned();
    let link = format!("href=\"{path}\"");
    let refused = ada.sends("/checkout", &checkout("4242 4242 4242 4242", "1645", "two")).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    for page in [&refused, &ada.opens("/checkout").await, &ada.opens("/cart").await] {
        assert!(page.text().contains(&link), "{}: {}", page.asked, page.text());
    }
    let order = ada.opens(&path).await;
    assert!(order.text().contains(&format!("action=\"{path}/pay\"")), "{}", order.text());
    let card = [
        ("cardNumber", "4242 4242 4242 4242"),
        ("cardExpiry", "12/40"),
        ("cardCode", "123"),
        ("key", "three"),
    ];
    let paid = ada.sends(&format!("{path}/pay"), &card).await;
    assert_eq!(paid.status, 303, "{}", paid.text());
    let orders = ada.get("/v1/orders").await.data();
    let paid = orders.as_array().expect("a list").iter().filter(|order| order["status"] == "PAID");
    let paid: Vec<String> = paid.map(|order| format!("/orders/{}", id(order))).collect();
    assert_eq!(paid, [path.as_str()], "{orders}");
    let cart = ada.opens("/cart").await;
    assert!(!cart.text().contains(&link), "{}", cart.text());
}

#[actix_web::test]
async fn an_order_whose_payment_is_still_being_found_out_says_so_and_asks_for_no_other_card() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    let to = ada.has_address().await;
    let order = ada.orders(&to, &tea, 1, "pm_demo_processing").await.data();
    let page = ada.opens(&format!("/orders/{}", id(&order))).await;
    assert!(page.text().contains("still finding out"), "{}", page.text());
    assert!(!page.text().contains("/pay\""), "{}", page.text());
    let paid = ada.orders(&to, &tea, 1, VISA).await.data();
    let page = ada.opens(&format!("/orders/{}", id(&paid))).await;
    assert!(!page.text().contains("still finding out"), "{}", page.text());
}
