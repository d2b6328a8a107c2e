//! Admin, twice: a form that is sent again, or was made before somebody else changed something.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Reply,
    wares::{id, text},
};

fn led_to(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location")
}

/// The value of a hidden field of a page.
fn hidden<'a>(page: &'a Reply, name: &str) -> &'a str {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.text().split_once(&start).unwrap_or_else(|| panic!("no {name}"));
    rest.split('"').next().expect("a value")
}

#[actix_web::test]
async fn a_refund_is_confirmed_as_it_was_shown_or_shown_again() {
    let bodega = Bodega::open();
    let (owner, other, ada) =
        (bodega.owner().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "10.00", 10).await;
    let order = ada.buys(&tea, 2).await;
    let path = format!("/admin/orders/{}/refund", id(&order));
    let shown = owner.sends(&path, &[]).await;
    let all = format!("Refund ${}", order["totalPrice"]);
    assert!(shown.text().contains(&all), "{all}: {}", shown.text());
    let version = hidden(&shown, "version").to_owned();
    let part = other.sends(&path, &[("amount", "10")]).await;
    let seen = [("step", "confirm"), ("amount", "10"), ("version", hidden(&part, "version"))];
    led_to(&other.sends(&path, &seen).await);
    let refunds = async || ada.sees_order(&order).await["refunds"].as_array().map(Vec::len);
    for stale in [vec![], vec![("amount", "10")]] {
        let mut form = vec![("step", "confirm"), ("version", version.as_str())];
        form.extend(stale);
        let again = owner.sends(&path, &form).await;
        assert_eq!(again.status, 412, "{}", again.text());
        assert!(again.text().contains("What will happen"), "{}", again.text());
        assert!(!again.text().contains(&all), "{}", again.text());
        assert_ne!(hidden(&again, "version"), version);
        assert_eq!(refunds().await, Some(1), "nothing goes back that was not shown");
    }
    let now = owner.sends(&path, &[]).await;
    let now = [("step", "confirm"), ("version", hidden(&now, "version"))];
    led_to(&owner.sends(&path, &now).await);
    assert_eq!(refunds().await, Some(2));
}

#[actix_web::test]
async fn a_refund_by_the_api_may_insist_on_what_was_seen() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "10.00", 10).await;
    let order = ada.buys(&tea, 2).await;
    let version = owner.opens(&format!("/admin/orders/{}", id(&order))).await;
    let version = format!("\"{}\"", hidden(&version, "version"));
    let path = format!("/v1/orders/{}/refunds", id(&order));
    let refunds = || owner.post(&path, json!({ "amount": "1.00" })).header("if-match", &version);
    refunds().await.data();
    refunds().await.refused(412, "precondition_failed");
}

#[actix_web::test]
async fn a_key_and_a_webhook_are_made_once_however_often_the_form_is_sent() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let key = [("name", "Till"), ("scopes", "orders:read"), ("key", "one")];
    let hook = [("url", "https://hooks.example/told"), ("types", "order.*"), ("key", "two")];
    for (page, form, listed) in
        [("/admin/keys", &key, "/v1/api-keys"), ("/admin/webhooks", &hook, "/v1/webhook-endpoints")]
    {
        let made = owner.sends(page, form).await;
        assert!(made.status == 200 && made.text().contains("<code>"), "{}", made.text());
        let again = owner.sends(page, form).await;
        let again = owner.opens(led_to(&again)).await;
        assert!(again.text().contains("shown once"), "{}", again.text());
        let listed = owner.get(listed).await.data();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    }
}

#[actix_web::test]
async fn a_key_and_a_webhook_are_made_once_under_one_idempotency_key() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let key = json!({ "name": "Till", "scopes": ["orders:read"] });
    let hook = json!({ "url": "https://hooks.example/told", "types": ["order.*"] });
    for (path, body) in [("/v1/api-keys", key), ("/v1/webhook-endpoints", hook)] {
        let asks = || owner.post(path, body.clone()).key("once");
        let made = asks().await.data();
        assert!(!text(&made["secret"]).is_empty());
        asks().await.refused(409, "idempotent_answer_lost");
        let listed: Value = owner.get(path).await.data();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    }
}
