//! Letters: who is told what by mail, and what the demo's inbox shows of it.

use serde_json::json;

use crate::support::{
    Bodega,
    wares::{VISA, id},
};

#[actix_web::test]
async fn who_buys_gets_a_confirmation_and_the_owner_hears_of_it() {
    let bodega = Bodega::with(&[("shop.public_url", "https://shop.example")]);
    let owner = bodega.owner().await;
    let manager = bodega.manager().await;
    let ada = bodega.customer("ada").await;
    bodega.sends_letters().await;
    let tea = manager.adds_product("Tea <b>\"loose\"</b> & more", "3.99", 10).await;
    let order = ada.buys(&tea, 2).await;
    let letters = bodega.letters_to("ada@example.com", 1).await;
    let number = order["number"].to_string();
    assert_eq!(letters[0].subject, format!("Your order {number} is confirmed"));
    assert!(letters[0].from.starts_with("Test shop <"), "{}", letters[0].from);
    let total = format!("Total: ${}", order["totalAmount"]);
    assert!(letters[0].text.contains(&total), "{total}: {}", letters[0].text);
    assert!(letters[0].text.contains("2 x Tea <b>\"loose\"</b> & more"), "{}", letters[0].text);
    assert!(!letters[0].html.contains("<b>"), "{}", letters[0].html);
    let link = format!("https://shop.example/account/orders/{}", id(&order));
    assert!(letters[0].text.contains(&link), "{}", letters[0].text);
    assert_eq!(
        owner.is_told(&bodega, 1).await,
        [format!("New order {number}: ${}", order["totalAmount"])]
    );
    bodega.has_told_everything().await;
    assert_eq!(bodega.letters().len(), 2, "and nobody else");
}

#[actix_web::test]
async fn a_host_header_does_not_get_into_a_letter() {
    let bodega = Bodega::with(&[("shop.public_url", "https://shop.example")]);
    let ada = bodega.customer("ada").await;
    bodega.sends_letters().await;
    let forgot = bodega.visitor().post("/v1/auth/forgotpassword", json!({ "email": ada.email }));
    forgot.header("x-forwarded-host", "evil.example").header("host", "evil.example").await.data();
    let letters = bodega.letters_to("ada@example.com", 1).await;
    assert!(letters[0].text.contains("https://shop.example/reset-password?token="));
    assert!(!letters[0].html.contains("evil.example"));
}

#[actix_web::test]
async fn the_inbox_of_a_demo_shows_every_letter_and_runs_nothing() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let ada = bodega.customer("ada").await;
    let visitor = bodega.visitor();
    assert!(visitor.get("/demo/mail").await.text().contains("No letter was sent yet"));
    bodega.sends_letters().await;
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    ada.orders(&ada.has_address().await, &tea, 1, VISA).await.data();
    let letters = bodega.letters_to("ada@example.com", 1).await;
    let list = visitor.get("/demo/mail").await;
    assert_eq!((list.status, list.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(list.text().contains(&letters[0].subject), "{}", list.text());
    let path = format!("/demo/mail/{}", letters[0].name);
    let shown = visitor.get(&path).await;
    let frame = format!("src=\"{path}/page\"");
    assert!(shown.text().contains(&frame) && shown.text().contains("sandbox="), "{}", shown.text());
    assert!(
        shown
            .header("content-security-policy")
            .starts_with("default-src 'none'; style-src 'sha256-")
    );
    assert_eq!(shown.header("x-frame-options"), "DENY");
    let page = visitor.get(&format!("{path}/page")).await;
    assert_eq!(page.text(), letters[0].html);
    assert_eq!(page.header("x-frame-options"), "SAMEORIGIN");
    assert!(page.header("content-security-policy").contains("sandbox allow-popups"));
    visitor.get("/demo/mail/no-such-letter").await.refused(404, "not_found");
    visitor.get("/demo/mail/..%2f..%2fsigning-secret").await.refused(404, "not_found");
}
