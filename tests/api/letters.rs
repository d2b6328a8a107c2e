//! Letters: who is told what by mail, and what the demo's inbox shows of it.

use std::collections::BTreeSet;

use bodega::domain::{
    money::{Currency, Money},
    payments::{Dispute, DisputeNews, DisputeState},
    time::Timestamp,
};
use serde_json::json;

use crate::support::{
    Bodega, PASSWORD, Person,
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
    let link = format!("https://shop.example/orders/{}", id(&order));
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
    follows_the_links_to(&bodega, &ada).await;
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

#[actix_web::test]
async fn whoever_changes_an_account_is_told_so_at_every_address() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    bodega.sends_letters().await;
    let password = json!({ "oldPassword": PASSWORD, "newPassword": "another horse entirely" });
    ada.post("/v1/auth/changepassword", password).await.data();
    assert_eq!(ada.is_told(&bodega, 1).await, ["Your password was changed"]);
    let email = json!({ "email": "ada@new.example", "password": "another horse entirely" });
    ada.patch("/v1/users/updateuser", email).await.data();
    let subject = "Your email address was changed";
    assert_eq!(ada.is_told(&bodega, 2).await[1], subject);
    let moved = bodega.letters_to("ada@new.example", 1).await;
    assert_eq!(moved[0].subject, subject);
    assert!(moved[0].text.contains("Before: ada@example.com\r\nNow:    ada@new.example"));
    ada.delete("/v1/users/deleteuser").await.data();
    let letters = bodega.letters_to("ada@new.example", 2).await;
    assert_eq!(letters[1].subject, "Your account is deleted");
    assert!(letters[1].text.contains("the last letter"));
    bodega.has_told_everything().await;
    assert_eq!(bodega.letters().len(), 4);
}

#[actix_web::test]
async fn a_device_that_was_never_seen_is_told_of_and_a_new_version_of_one_is_not() {
    let bodega = Bodega::open();
    let (visitor, body) = (
        bodega.visitor(),
        json!({ "username": "ada", "email": "ada@example.com", "password": "a horse of another" }),
    );
    bodega.sends_letters().await;
    let browser = "Mozilla/5.0 (X11; Linux) Firefox/128.0";
    visitor.post("/v1/auth/signup", body).header("user-agent", browser).await.data();
    let signs_in = async |device: &str| {
        let body = json!({ "email": "ada@example.com", "password": "a horse of another" });
        visitor.post("/v1/auth/login", body).header("user-agent", device).await.data();
    };
    signs_in(browser).await;
    signs_in("Mozilla/5.0 (X11; Linux) Firefox/129.0").await;
    signs_in("curl/8.5").await;
    signs_in("curl/8.6").await;
    let letters = bodega.letters_to("ada@example.com", 2).await;
    bodega.has_told_everything().await;
    let subjects: Vec<&str> = letters.iter().map(|letter| letter.subject.as_str()).collect();
    assert_eq!(subjects, ["Welcome to Test shop", "A new device has signed in to your account"]);
    assert!(letters[1].text.contains("curl/8.5"), "{}", letters[1].text);
    assert_eq!(bodega.letters().len(), 2);
}

#[actix_web::test]
async fn an_order_is_followed_by_letters_to_its_end() {
    let bodega = Bodega::open();
    let (owner, manager) = (bodega.owner().await, bodega.manager().await);
    let ada = bodega.customer("ada").await;
    let tea = manager.adds_product("Tea", "3.99", 50).await;
    let address = ada.has_address().await;
    bodega.sends_letters().await;
    let order = ada.orders(&address, &tea, 2, VISA).await.data();
    let path = format!("/v1/orders/{}", id(&order));
    let shipped = json!({ "status": "SHIPPED", "trackingNumber": "1Z9", "carrier": "Parcel Post" });
    owner.patch(&format!("{path}/status"), shipped).await.data();
    owner.patch(&format!("{path}/status"), json!({ "status": "DELIVERED" })).await.data();
    let back = json!({ "amount": "1.50", "reason": "arrived with a dent" });
    owner.post(&format!("{path}/refunds"), back).await.data();
    let other = ada.orders(&address, &tea, 1, VISA).await.data();
    ada.cancels(&other).await.data();
    ada.orders(&address, &tea, 1, "pm_card_chargeDeclined").await.refused(402, "payment_declined");
    ada.orders(&address, &tea, 1, "pm_card_authenticationRequired").await.data();
    let (one, two) = (order["number"].to_string(), other["number"].to_string());
    let mut told = ada.is_told(&bodega, 8).await;
    let mut wanted = vec![
        format!("Your order {one} is confirmed"),
        format!("Your order {one} is on its way"),
        format!("Your order {one} has arrived"),
        format!("$1.50 of your order {one} goes back to you"),
        format!("Your order {two} is confirmed"),
        format!("Your order {two} is cancelled"),
        format!("The payment of your order {} failed", order["number"].as_u64().unwrap_or(0) + 2),
        format!(
            "Please confirm the payment of your order {}",
            order["number"].as_u64().unwrap_or(0) + 3
        ),
    ];
    told.sort();
    wanted.sort();
    assert_eq!(told, wanted);
    let letters = bodega.letters_to("ada@example.com", 8).await;
    let about = |subject: &str| {
        let found = letters.iter().find(|letter| letter.subject.contains(subject));
        found.expect("a letter").text.clone()
    };
    assert!(about("on its way").contains("Tracking number: 1Z9"));
    assert!(about("goes back").contains("arrived with a dent"));
    assert!(about("is cancelled").contains("goes back the way it came"));
    follows_the_links_to(&bodega, &ada).await;
    bodega.has_told_everything().await;
    follows_the_links_to(&bodega, &owner).await;
}

/// Opens every link of the letters to somebody, in their browser.
async fn follows_the_links_to(bodega: &Bodega, person: &Person) {
    let base = bodega.shop.settings.public_url(bodega.shop.settings.listen);
    let letters = bodega.letters_to(&person.email, 1).await;
    let links = letters.iter().flat_map(|letter| letter.text.split_whitespace());
    let paths: BTreeSet<&str> = links.filter_map(|word| word.strip_prefix(&base)).collect();
    assert!(paths.len() > 1, "more than the shop's own: {paths:?}");
    for path in paths {
        let path = if path.is_empty() { "/" } else { path };
        assert_eq!(person.opens(path).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn stock_that_runs_low_is_told_once_to_everybody_who_orders_more() {
    let bodega = Bodega::open();
    let (owner, manager, ada) =
        (bodega.owner().await, bodega.manager().await, bodega.customer("ada").await);
    let other_manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.99", 8).await;
    let low = async || {
        let listed = manager.get("/v1/inventory/low-stock").await.data();
        let skus = listed.as_array().expect("a list").iter();
        skus.map(|shown| shown["available"].to_string()).collect::<Vec<_>>()
    };
    bodega.sends_letters().await;
    let take = async |what: &str, units: u32| {
        let body = json!({ "productId": id(&tea), "quantity": units });
        manager.post(&format!("/v1/inventory/{what}"), body).await.data();
    };
    take("reducestock", 2).await;
    assert_eq!(low().await, [""; 0]);
    take("reducestock", 1).await;
    assert_eq!(low().await, ["5"]);
    take("reducestock", 1).await;
    take("addstock", 1).await;
    take("reducestock", 2).await;
    bodega.has_told_everything().await;
    let letters = async |person: &Person| {
        let told = bodega.letters_to(&person.email, 0).await.into_iter();
        let low = told.filter(|letter| letter.subject.starts_with("Low stock: Tea"));
        low.map(|letter| letter.text).collect::<Vec<_>>()
    };
    for person in [&owner, &manager, &other_manager] {
        let told = letters(person).await;
        assert_eq!(told.len(), 1, "once, however low it goes: {told:?}");
        assert!(told[0].contains(" 5 can still be sold"), "{told:?}");
    }
    take("addstock", 10).await;
    take("reducestock", 11).await;
    bodega.has_told_everything().await;
    for person in [&owner, &manager, &other_manager] {
        let told = letters(person).await;
        assert_eq!(told.len(), 2, "it was more again, and has fallen again: {told:?}");
        assert!(told[1].contains(" 2 can still be sold"), "{told:?}");
    }
    assert_eq!(bodega.letters().len(), 6, "and nobody else");
    follows_the_links_to(&bodega, &manager).await;
    ada.get("/v1/inventory/low-stock").await.refused(403, "forbidden");
}

#[actix_web::test]
async fn who_pays_by_bank_is_told_where_to_by_when_and_again_when_it_came() {
    let account = "Bank of Town\nIBAN GB00 TOWN 0000 0000 00";
    let bodega = Bodega::with(&[("payments.bank_transfer_details", account)]);
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "10.00", 50).await;
    bodega.sends_letters().await;
    let body = json!({
        "shippingAddressId": ada.has_address().await, "paymentMethod": "bank_transfer",
        "items": [{ "productId": id(&tea), "quantity": 1 }],
    });
    let order = ada.post("/v1/orders", body).await.data();
    let (number, letters) = (order["number"].to_string(), bodega.letters_to(&ada.email, 1).await);
    assert_eq!(letters[0].subject, format!("We have your order {number}"));
    let (total, text) = (format!("${}", order["totalAmount"]), letters[0].text.replace('\r', ""));
    for said in [&format!("Please transfer {total} with the reference {number}\n"), account] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for line in account.lines() {
        assert!(letters[0].html.contains(line), "{line}: {}", letters[0].html);
    }
    assert_eq!(owner.is_told(&bodega, 1).await, [format!("New order {number}: {total}")]);
    let letters = bodega.letters_to(&owner.email, 1).await;
    assert!(letters[0].text.contains("to be paid: bank transfer"), "{}", letters[0].text);
    let noted = json!({ "status": "PAID", "reference": "statement 12" });
    owner.patch(&format!("/v1/orders/{}/status", id(&order)), noted).await.data();
    let told = ada.is_told(&bodega, 2).await;
    assert_eq!(told[1], format!("Your order {number} is confirmed"));
    bodega.has_told_everything().await;
    assert_eq!(bodega.letters().len(), 3, "the owner knows of it already");
}

#[actix_web::test]
async fn a_dispute_is_told_to_admins_with_its_deadline_and_again_when_it_ends() {
    let bodega = Bodega::open();
    let (owner, manager) = (bodega.owner().await, bodega.manager().await);
    let ada = bodega.customer("ada").await;
    let tea = manager.adds_product("Tea", "10.00", 9).await;
    let order = ada.buys(&tea, 1).await;
    bodega.sends_letters().await;
    let tell = async |state| {
        let known = Dispute {
            amount: Money::of(2_075, Currency::USD).expect("an amount"),
            reason: "product_not_received".to_owned(),
            state,
            evidence_by: Some(Timestamp::from_millis(1_800_000_000_000)),
        };
        let news = DisputeNews { dispute: "dp_1".to_owned(), known };
        let order = id(&order).parse().expect("an id");
        bodega.shop.purchases.record_dispute(order, news).await.expect("noted");
    };
    tell(DisputeState::NeedsResponse).await;
    tell(DisputeState::NeedsResponse).await;
    tell(DisputeState::UnderReview).await;
    tell(DisputeState::Lost).await;
    let told = owner.is_told(&bodega, 2).await;
    let begins = format!("Dispute of order {}: $20.75, ", order["number"]);
    assert_eq!(told, [format!("{begins}needs response"), format!("{begins}lost")]);
    let letters = bodega.letters_to(&owner.email, 2).await;
    assert!(letters[0].text.contains("Reason: product not received"), "{}", letters[0].text);
    assert!(letters[0].text.contains("Evidence can be handed in until 01/15/2027"));
    follows_the_links_to(&bodega, &owner).await;
    bodega.has_told_everything().await;
    assert_eq!(bodega.letters().len(), 2, "admins alone");
}

#[actix_web::test]
async fn staff_read_letters_without_their_secrets_and_try_templates() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    bodega.sends_letters().await;
    let forgot = json!({ "email": ada.email });
    bodega.visitor().post("/v1/auth/forgotpassword", forgot).await.data();
    bodega.letters_to("ada@example.com", 1).await;
    bodega.has_told_everything().await;
    let list = owner.get("/v1/mail").await.data();
    assert_eq!(
        (&list[0]["template"], &list[0]["state"]),
        (&json!("password_forgotten"), &json!("DELIVERED"))
    );
    let path = format!("/v1/mail/{}", id(&list[0]));
    let read = owner.get(&path).await.data();
    assert_eq!(
        (&read["to"], &read["subject"]),
        (&json!("ada@example.com"), &json!("Set a new password"))
    );
    assert!(read["text"].as_str().expect("a text").contains("/reset-password?token=hidden"));
    owner.get("/v1/mail/no-id").await.refused(404, "not_found");

    let kinds = owner.get("/v1/mail-templates").await.data();
    assert_eq!(kinds.as_array().expect("a list").len(), 20);
    for kind in kinds.as_array().expect("a list") {
        let name = kind["name"].as_str().expect("a name");
        let shown = owner.get(&format!("/v1/mail-templates/{name}")).await.data();
        for letter in shown["letters"].as_array().expect("a list") {
            assert_eq!(letter["unwritable"], json!(null), "{name}");
        }
    }
    owner.get("/v1/mail-templates/nothing").await.refused(404, "not_found");
    let test = "/v1/mail-templates/order_confirmation/test";
    owner.post(test, json!({})).await.data();
    let letters = bodega.letters_to(&owner.email, 1).await;
    assert!(letters[0].subject.starts_with("[test] Your order"), "{}", letters[0].subject);
    owner.post(test, json!({ "to": "not an address" })).await.refused(400, "validation_failed");
}
