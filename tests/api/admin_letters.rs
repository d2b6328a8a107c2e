//! Letters on the pages of staff: read, sent again, tried; a letter runs nothing there.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{
    Bodega, Reply,
    wares::{id, text},
    wire::NOBODYS,
};

fn led_to(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location")
}

/// The path of the first letter of this kind on a page.
fn path_of(page: &Reply, kind: &str) -> String {
    let end = format!("\">{kind}</a>");
    let (before, _) = page.text().split_once(&end).unwrap_or_else(|| panic!("no {kind}"));
    before.rsplit("href=\"").next().expect("a link").to_owned()
}

#[actix_web::test]
async fn letters_are_listed_read_and_sent_again_on_pages() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    bodega.sends_letters().await;
    let tea = manager.adds_product("Tea <b>loose</b>", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    bodega.letters_to(&ada.email, 1).await;
    bodega.has_told_everything().await;
    let of_order = format!("/admin/orders/{}", id(&order));
    let told = format!("<a href=\"{of_order}\">Order ");
    let list = bodega.says(&owner, "/admin/letters?state=DELIVERED", &told).await;
    let path = path_of(&list, "Order confirmation");
    for state in ["WAITING", "DEAD"] {
        let none = owner.opens(&format!("/admin/letters?state={state}")).await;
        assert!(none.text().contains("There is no such letter."), "{state}: {}", none.text());
    }
    let page = owner.opens(&path).await;
    let said = ["ada@example.com", "is confirmed", "the customer", "sandbox=\"allow-popups"];
    for said in said {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    assert!(page.header("content-security-policy").contains("frame-src 'self'"));
    assert_eq!(page.header("cache-control"), "no-store");
    let alone = owner.opens(&format!("{path}/page")).await;
    assert!(alone.text().contains("Tea &lt;b&gt;loose"), "{}", alone.text());
    let policy = alone.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src") && policy.contains("sandbox"));
    assert_eq!(
        (alone.header("x-frame-options"), alone.header("cache-control")),
        ("SAMEORIGIN", "no-store")
    );

    let of = owner.opens(&of_order).await;
    assert_eq!(path_of(&of, "Order confirmation"), path, "the order's page tells its letters");
    let again = [("order", id(&order)), ("key", "once")];
    for _ in 0..2 {
        let sent = owner.sends(&format!("{path}/resend"), &again).await;
        assert_eq!(led_to(&sent), format!("{of_order}?done=resent"));
    }
    let letters = bodega.letters_to(&ada.email, 2).await;
    bodega.has_told_everything().await;
    assert_eq!(letters[0].subject, letters[1].subject);
    assert_ne!(letters[0].id, letters[1].id, "a mailbox does not hide the second");
    let to_ada = bodega.letters().into_iter().filter(|letter| letter.to.contains(&ada.email));
    assert_eq!(to_ada.count(), 2, "a double click sends one");
    let plain = owner.sends(&format!("{path}/resend"), &[]).await;
    assert_eq!(led_to(&plain), format!("{path}?done=resent"));

    for page in [path.clone(), format!("{path}/page"), "/admin/letters".to_owned()] {
        assert_eq!(manager.opens(&page).await.status, 403, "{page}");
    }
    let nobodys = format!("/admin/letters/{NOBODYS}");
    assert_eq!(owner.opens(&nobodys).await.status, 404);
    assert_eq!(owner.sends(&format!("{nobodys}/resend"), &[]).await.status, 404);
}

#[actix_web::test]
async fn the_letter_of_an_order_by_bank_is_told_on_its_page() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    bodega.sends_letters().await;
    let tea = owner.adds_product("Tea", "3.99", 10).await;
    let body = json!({
        "shippingAddressId": ada.has_address().await, "paymentMethod": "bank_transfer",
        "items": [{ "productId": id(&tea), "quantity": 1 }],
    });
    let order = ada.post("/v1/orders", body).await.data();
    bodega.letters_to(&ada.email, 1).await;
    bodega.has_told_everything().await;
    let path = format!("/admin/orders/{}", id(&order));
    let page = bodega.says(&owner, &path, ">Order received</a>").await;
    let letter = owner.opens(&path_of(&page, "Order received")).await;
    let about = format!("<a href=\"/admin/orders/{}\">Order ", id(&order));
    assert!(letter.text().contains(&about), "{}", letter.text());
}

#[actix_web::test]
async fn every_kind_of_letter_is_shown_and_tried_on_a_page() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let list = owner.opens("/admin/letters").await;
    for words in [">Order confirmation</a>", ">To staff: new order</a>"] {
        assert!(list.text().contains(words), "{words}: {}", list.text());
    }
    let kinds = owner.get("/v1/mail-templates").await.data();
    for kind in kinds.as_array().expect("a list") {
        let path = format!("/admin/letters/kinds/{}", text(&kind["name"]));
        let page = owner.opens(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text().contains("cannot be written"), "{path}");
        let shown = page.text().matches("<iframe").count();
        assert!(shown > 0, "{path}");
        let mut ways = BTreeSet::new();
        for number in 0..shown {
            let alone = owner.opens(&format!("{path}/{number}")).await;
            assert!(alone.text().contains("<html"), "{path}/{number}");
            assert!(ways.insert(alone.text().to_owned()), "{path}/{number} was shown before");
        }
        assert_eq!(owner.opens(&format!("{path}/{shown}")).await.status, 404);
    }
    assert_eq!(owner.opens("/admin/letters/kinds/none").await.status, 404);
    let path = "/admin/letters/kinds/order_confirmation";
    let tried = owner.sends(&format!("{path}/test"), &[("to", "")]).await;
    assert_eq!(led_to(&tried), format!("{path}?done=tried"));
    let letters = bodega.letters_to(&owner.email, 1).await;
    assert!(letters[0].subject.starts_with("[test] "), "{}", letters[0].subject);
    let faulty = owner.sends(&format!("{path}/test"), &[("to", "nobody")]).await;
    assert_eq!(faulty.status, 400);
    let page = faulty.text();
    assert!(page.contains("id=\"to-error\"") && page.contains("value=\"nobody\""), "{page}");
}

#[actix_web::test]
async fn what_the_mail_server_says_to_a_test_letter_is_told() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = closed.local_addr().expect("an address").port().to_string();
    drop(closed);
    let bodega = Bodega::with(&[
        ("mail.transport", "smtp"),
        ("mail.from", "shop@example.com"),
        ("mail.smtp.host", "127.0.0.1"),
        ("mail.smtp.port", port.leak()),
        ("mail.smtp.tls", "none"),
    ]);
    let owner = bodega.owner().await;
    let tried = owner.sends("/admin/letters/kinds/welcome/test", &[("to", "a@example.com")]).await;
    assert_eq!(tried.status, 502, "{}", tried.text());
    assert!(tried.text().contains("The letter was not taken: "), "{}", tried.text());
    assert!(tried.text().contains("value=\"a@example.com\""), "{}", tried.text());
}
