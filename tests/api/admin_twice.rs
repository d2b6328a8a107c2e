//! Admin, twice: a form that is sent again, or was made before somebody else changed something.

use serde_json::json;

use crate::support::{Bodega, Reply, wares::id};

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
