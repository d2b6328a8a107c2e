//! A fresh shop, whose owner has set up nothing yet: what it offers, what it does not promise, and
//! what it tells its owner to see to.

use serde_json::json;

use crate::support::{Bodega, Reply, wares::id};

/// As a shop is that has no settings file: it takes no cards.
const FRESH: (&str, &str) = ("payments.gateway", "manual");

fn must_say(page: &Reply, words: &str) {
    assert!(page.text().contains(words), "{words}: {}", page.text());
}

fn must_not_say(page: &Reply, words: &str) {
    assert!(!page.text().contains(words), "{words}: {}", page.text());
}

#[actix_web::test]
async fn nobody_is_offered_to_pay_by_bank_who_cannot_be_told_the_account() {
    let account = ("payments.bank_transfer_details", "Bank of Town, IBAN 1");
    for (settings, is_offered) in [(vec![FRESH], false), (vec![FRESH, account], true)] {
        let bodega = Bodega::with(&settings);
        let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
        let tea = owner.adds_product("Tea", "3.00", 10).await;
        ada.puts_in_cart(&tea, 2).await.data();
        let to = ada.has_address().await;
        let page = ada.opens("/checkout").await;
        must_say(&page, "value=\"cash_on_delivery\" checked");
        assert_eq!(page.text().contains("Bank transfer"), is_offered, "{}", page.text());
        let form = [("address", to.as_str()), ("method", "bank_transfer"), ("total", "1645")];
        let ordered = ada.sends("/checkout", &form).await;
        if is_offered {
            must_say(&ada.opens(ordered.header("location")).await, "Bank of Town, IBAN 1");
        } else {
            assert_eq!(ordered.status, 400);
            must_say(&ordered, "id=\"method-error\">This shop does not offer it");
        }
        let overview = owner.opens("/admin").await;
        assert_eq!(overview.text().contains("No page offers to pay by bank"), !is_offered);
    }
}

#[actix_web::test]
async fn a_shop_whose_letters_reach_nobody_says_so_and_promises_none() {
    let bodega = Bodega::with(&[FRESH]);
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    must_say(&owner.opens("/admin").await, "There is nothing to buy yet.");
    let tea = owner.adds_product("Tea", "3.00", 10).await;
    bodega.sends_letters().await;
    let order = json!({
        "shippingAddressId": ada.has_address().await, "paymentMethod": "cash_on_delivery",
        "items": [{ "productId": id(&tea), "quantity": 1 }],
    });
    let order = ada.post("/v1/orders", order).await.data();
    let thanks = ada.opens(&format!("/orders/{}?placed=true", id(&order))).await;
    must_say(&thanks, "is placed.</p>");
    must_not_say(&thanks, "We wrote to");
    let overview = owner.opens("/admin").await;
    must_say(&overview, "Nobody gets any letter");
    must_not_say(&overview, "There is nothing to buy yet.");
    must_not_say(&bodega.manager().await.opens("/admin").await, "Nobody gets any letter");
    bodega.has_told_everything().await;
    let letters = bodega.says(&owner, "/admin/letters", "Written to the folder").await;
    must_say(&letters, "Nobody gets any letter");
    must_not_say(&letters, "good\">Sent");
    must_say(&owner.opens("/admin/system").await, "<span class=\"tag warn\">written to");
    let tried = owner.sends("/admin/letters/kinds/welcome/test", &[]).await;
    must_say(&owner.opens(tried.header("location")).await, "nobody gets it.");
}

#[actix_web::test]
async fn cookies_keep_to_tls_under_the_https_address_that_an_admin_chose() {
    let bodega = Bodega::with(&[FRESH]);
    let (owner, visitor) = (bodega.owner().await, bodega.visitor());
    let asks = || visitor.get("/sign-in").header("accept", "text/html");
    let cookie = |page: &Reply| page.header("set-cookie").to_owned();
    assert!(cookie(&asks().header("host", "tea.example").await).starts_with("bodega-visit="));
    for no_origin in ["https://tea.example/sub", "https://tea.example?a=b", "tea.example"] {
        let refused = owner.sends("/admin/settings", &[("publicUrl", no_origin)]).await;
        assert_eq!(refused.status, 400, "{no_origin}");
        must_say(&refused, "id=\"publicUrl-error\"");
    }
    let chosen = [("name", "Tea"), ("publicUrl", "https://Tea.example/")];
    assert_eq!(owner.sends("/admin/settings", &chosen).await.status, 303);
    let secure = cookie(&asks().header("host", "tea.example").await);
    assert!(secure.starts_with("__Host-bodega-visit="), "{secure}");
    assert!(secure.ends_with("; Secure"), "{secure}");
    let at_the_machine = cookie(&asks().await);
    assert!(at_the_machine.starts_with("bodega-visit="), "{at_the_machine}");
    assert_eq!(owner.opens("/admin").await.status, 200, "whoever is signed in there stays so");
}
