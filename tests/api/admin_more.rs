//! Admin, more of it: stock, categories, people, keys, the machinery, and a new shop's first admin.

use std::time::Duration;

use actix_web::http::Method;
use bodega::{
    actors::carts::{ClearCart, PutInCart},
    domain::{quantity::Quantity, time::Who},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Bodega, Reply,
    people::PASSWORD,
    wares::{id, text},
    wire::NOBODYS,
};

fn led_to(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location")
}

#[actix_web::test]
async fn stock_is_adjusted_with_a_reason_and_its_page_says_who_holds_what() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let sku = text(&tea["variants"][0]["id"]);
    let path = format!("/admin/stock/{sku}");
    let adjust = |delta: &str, reason: &str| {
        manager.sends(&path, &[("act", "adjust"), ("delta", delta), ("reason", reason)])
    };
    assert_eq!(led_to(&adjust("5", "delivery").await), format!("{path}?done=adjusted"));
    led_to(&adjust("-3", "broken").await);
    assert_eq!(manager.stock_of(&tea).await, (12, 0, 12));
    for (delta, reason, field) in [
        ("-13", "lost", "role=\"alert\""),
        ("x", "lost", "delta-error"),
        ("0", "lost", "Must not be 0."),
        ("1", "", "reason-error"),
    ] {
        let refused = adjust(delta, reason).await;
        assert!((400..500).contains(&refused.status), "{delta}: {}", refused.status);
        assert!(refused.text().contains(field), "{delta}: {}", refused.text());
    }
    let once = [("act", "adjust"), ("delta", "1"), ("reason", "found"), ("key", "once")];
    led_to(&manager.sends(&path, &once).await);
    led_to(&manager.sends(&path, &once).await);
    assert_eq!(manager.stock_of(&tea).await, (13, 0, 13), "a double click counts once");

    let aside = [("act", "hold"), ("units", "2"), ("reference", "the window")];
    led_to(&manager.sends(&path, &aside).await);
    let body = json!({
        "shippingAddressId": ada.has_address().await, "paymentMethod": "bank_transfer",
        "items": [{ "productId": id(&tea), "quantity": 4 }],
    });
    let order = ada.post("/v1/orders", body).await.data();
    assert_eq!(manager.stock_of(&tea).await, (13, 6, 7));
    let page = manager.opens(&path).await;
    let said = ["By hand: the window", &format!("Order {}", order["number"]), "broken", "+5", "−3"];
    for said in said {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    assert!(!page.text().contains(&format!("/admin/orders/{}", id(&order))), "not for managers");
    led_to(&manager.sends(&path, &[("act", "release"), ("units", "2")]).await);
    let watch = [("act", "watch"), ("lowStockThreshold", "50"), ("isActive", "true")];
    led_to(&manager.sends(&path, &watch).await);
    let low = manager.opens("/admin/stock?only=low").await;
    assert!(low.text().contains(&path), "{}", low.text());
    for (words, is_found) in [("tea", true), ("coffee", false)] {
        let low = manager.opens(&format!("/admin/stock?only=low&q={words}")).await;
        assert_eq!(low.text().contains(&path), is_found, "{words}: {}", low.text());
    }
    assert!(manager.opens("/admin/stock?q=tea").await.text().contains(&path));
    assert_eq!(manager.opens(&format!("/admin/stock/{NOBODYS}")).await.status, 404);
}

#[actix_web::test]
async fn an_old_page_of_stock_changes_only_what_was_changed_on_it() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let path = format!("/admin/stock/{}", text(&tea["variants"][0]["id"]));
    let made_with = [("act", "watch"), ("wasActive", "true"), ("wasLowAt", "5")];
    let saves = |changed: [(&'static str, &'static str); 2]| {
        manager.sends(&path, &[&made_with[..], &changed[..]].concat())
    };
    let said = led_to(&saves([("isActive", "true"), ("lowStockThreshold", "5")]).await).to_owned();
    assert_eq!(said, format!("{path}?done=unchanged"));
    // A colleague takes it off sale; somebody whose page is older sets another number.
    led_to(&manager.sends(&path, &made_with).await);
    led_to(&saves([("isActive", "true"), ("lowStockThreshold", "7")]).await);
    let page = manager.opens(&path).await;
    assert!(page.text().contains("name=\"wasActive\" value=\"false\""), "{}", page.text());
    assert!(page.text().contains("name=\"wasLowAt\" value=\"7\""), "{}", page.text());
    let faulty = saves([("isActive", "true"), ("count", "1,5")]).await;
    assert_eq!(faulty.status, 400);
    assert!(faulty.text().contains("count-error"), "{}", faulty.text());
}

#[actix_web::test]
async fn categories_stand_one_below_the_other_as_staff_say() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let add = |name: &str, parent: &str| {
        manager.sends("/admin/categories", &[("name", name), ("parentId", parent)])
    };
    assert_eq!(led_to(&add("Kitchen", "").await), "/admin/categories?done=added");
    let tree = manager.get("/v1/product/categories/tree").await.data();
    let kitchen = id(&tree[0]).to_owned();
    led_to(&add("Pots", &kitchen).await);
    let tree = manager.get("/v1/product/categories/tree").await.data();
    let pots = id(&tree[0]["children"][0]).to_owned();
    let twice = add("Pots", "").await;
    assert_eq!(twice.status, 409);
    assert!(twice.text().contains("value=\"Pots\""), "what was typed is still there");

    let path = format!("/admin/categories/{pots}");
    led_to(&manager.sends(&path, &[("name", "Pans"), ("parentId", "")]).await);
    let tree = manager.get("/v1/product/categories/tree").await.data();
    let names: Vec<&str> =
        tree.as_array().expect("a tree").iter().map(|it| text(&it["name"])).collect();
    assert_eq!(names, ["Kitchen", "Pans"]);
    let stale = manager.sends(&path, &[("name", "Lids"), ("version", "1")]).await;
    assert_eq!(stale.status, 412, "{}", stale.text());
    led_to(&manager.sends(&format!("{path}/remove"), &[]).await);
    assert_eq!(manager.opens(&path).await.status, 404);
}

#[actix_web::test]
async fn a_person_gets_a_role_a_file_of_their_data_and_is_erased() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    let path = format!("/admin/customers/{}", ada.id);
    let list = owner.opens("/admin/customers?q=ada&role=").await;
    assert!(list.text().contains(&path), "{}", list.text());
    let page = owner.opens(&path).await;
    assert!(page.text().contains(&format!("/admin/orders/{}", id(&order))), "{}", page.text());

    let file = owner.opens(&format!("{path}/data.json")).await;
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"customer-"));
    let data = file.json();
    assert_eq!(text(&data["account"]["email"]), ada.email);
    assert_eq!(
        (data["orders"][0]["id"].as_str(), data["addresses"].as_array().map(Vec::len)),
        (Some(id(&order)), Some(1))
    );
    for secret in ["$argon2", "password", "token"] {
        assert!(!file.text().contains(secret), "{secret}");
    }
    assert_eq!(manager.opens(&format!("{path}/data.json")).await.status, 403);

    led_to(&owner.sends(&format!("{path}/role"), &[("role", "INVENTORY_MANAGER")]).await);
    assert_eq!(ada.opens("/admin").await.status, 200);
    let own = format!("/admin/customers/{}/role", owner.id);
    let last = owner.sends(&own, &[("role", "CUSTOMER")]).await;
    assert_eq!(last.status, 409, "the last admin stays one: {}", last.text());
    let open = owner.sends(&format!("{path}/erase"), &[]).await;
    assert_eq!(open.status, 409, "a paid order is still to be sent");
    owner.makes(&order, "SHIPPED").await.data();
    assert_eq!(
        led_to(&owner.sends(&format!("{path}/erase"), &[]).await),
        "/admin/customers?done=erased"
    );
    assert_eq!(owner.opens(&path).await.status, 404);
}

#[actix_web::test]
async fn a_key_is_shown_once_and_revoked() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let form = [("name", "till"), ("scopes", "orders:read"), ("scopes", "stock:read")];
    let made = owner.sends("/admin/keys", &form).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let (_, rest) = made.text().split_once("<p><code>").expect("the key");
    let secret = rest.split('<').next().expect("the key").to_owned();
    let till = crate::support::Person { access: Some(secret.clone()), ..bodega.visitor() };
    assert_eq!(till.get("/v1/orders/all").await.status, 200);
    let list = owner.opens("/admin/keys").await;
    assert!(list.text().contains("till") && !list.text().contains(&secret));
    let faulty =
        owner.sends("/admin/keys", &[("name", "x"), ("expires", "2001-01-01 or so")]).await;
    assert_eq!(faulty.status, 400);
    assert!(faulty.text().contains("id=\"expires-error\""), "{}", faulty.text());
    let (_, rest) = list.text().split_once("/admin/keys/").expect("a key");
    let revoke = format!("/admin/keys/{}/revoke", rest.split('/').next().expect("an id"));
    led_to(&owner.sends(&revoke, &[]).await);
    assert_eq!(till.get("/v1/orders/all").await.status, 401);
}

/// A customer changes their cart so many times.
async fn fills_and_clears(bodega: &Bodega, product: &Value, times: usize) {
    let ada = bodega.customer("ada").await;
    let (shop, user) = (&bodega.shop, ada.id.parse().expect("an id"));
    let put = || PutInCart {
        user,
        fresh: shop.clock.new_id(),
        product: id(product).parse().expect("an id"),
        variant: id(&product["variants"][0]).parse().expect("an id"),
        quantity: Quantity::new(1).expect("a quantity"),
        available: 10,
    };
    let intent = || shop.intent(Who::Customer(user));
    let (put, intent) = (&put, &intent);
    for _ in 0..times.div_ceil(AT_ONCE) {
        let changes = (0..AT_ONCE).map(|turn| async move {
            if turn % 2 == 0 {
                shop.desks.carts.ask(put(), intent()).await.map(drop)
            } else {
                shop.desks.carts.ask(ClearCart { user }, intent()).await.map(drop)
            }
        });
        for changed in join_all(changes).await {
            changed.expect("a changed cart");
        }
    }
}

#[actix_web::test]
async fn the_system_page_says_what_staff_did() {
    let bodega = Bodega::open();
    let (manager, owner) = (bodega.manager().await, bodega.owner().await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let page = owner.opens("/admin/system").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let link = format!("Product added</td><td><a href=\"/admin/products/{}\">Tea</a>", id(&tea));
    assert!(page.text().contains(&link), "{}", page.text());
    assert!(page.text().contains("Article put on the stock list</td>"), "{}", page.text());
    let before = bodega.shop.store().health().seq;
    fills_and_clears(&bodega, &tea, 2_500).await;
    assert!(bodega.shop.store().health().seq >= before + 2_500);
    let page = owner.opens("/admin/system").await;
    assert!(page.text().contains(&link), "a busy shop hides it: {}", page.text());
    assert!(page.text().contains("Everything is kept"));
    for path in ["couriers", "deliveries"] {
        let act = if path == "couriers" { "pause" } else { "resend" };
        let gone = owner.sends(&format!("/admin/{path}/{NOBODYS}/{act}"), &[]).await;
        assert_eq!(gone.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_new_shop_lets_its_first_admin_in_by_the_token_and_nobody_after() {
    let bodega = Bodega::open();
    let token = bodega.shop.setup.token().expect("a token");
    let visitor = bodega.visitor();
    for wrong in ["/setup", "/setup?token=", "/setup?token=0123456789abcdef0123456789abcdef"] {
        assert_eq!(visitor.opens(wrong).await.status, 404, "{wrong}");
    }
    let page = visitor.opens(&format!("/setup?token={token}")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = |token: &str, email: &str| {
        let form =
            [("setup", token), ("username", "marisol"), ("email", email), ("password", PASSWORD)];
        visitor.sends("/setup", &form)
    };
    assert_eq!(form("0123", "marisol@example.com").await.status, 404);
    let faulty = form(&token, "no email").await;
    assert_eq!(faulty.status, 400);
    assert!(faulty.text().contains("email-error") && !faulty.text().contains(PASSWORD));
    let made = form(&token, "marisol@example.com").await;
    assert_eq!(led_to(&made), "/admin");
    let cookie = made.header("set-cookie").split(['=', ';']).nth(1).expect("a cookie");
    let marisol = crate::support::Person { cookie: Some(cookie.to_owned()), ..bodega.visitor() };
    assert_eq!(marisol.opens("/admin").await.status, 200);
    assert_eq!(form(&token, "bob@example.com").await.status, 404, "it is used once");
    assert_eq!(visitor.opens(&format!("/setup?token={token}")).await.status, 404);
    let bodega = bodega.reopened();
    assert_eq!(bodega.shop.setup.token(), None);
}

#[actix_web::test]
async fn the_settings_are_changed_on_a_page_and_by_the_api_alike() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let page = owner.opens("/admin/settings").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = [
        ("name", "Marisol's"),
        ("publicUrl", "https://marisol.example"),
        ("taxPercent", "7.5"),
        ("shippingFlat", "4.20"),
        ("synonyms", "sofa, couch\n\ntin, can"),
    ];
    let sent = || owner.sends("/admin/settings", &form);
    assert_eq!(led_to(&sent().await), "/admin/settings?done=saved");
    led_to(&sent().await);
    let settings = owner.get("/v1/settings").await.data();
    assert_eq!((text(&settings["name"]), text(&settings["taxRate"])), ("Marisol's", "0.075"));
    assert_eq!(settings["synonyms"], json!([["sofa", "couch"], ["tin", "can"]]));
    let tea = manager.adds_product("Tea", "10.00", 10).await;
    let order = ada.buys(&tea, 1).await;
    let amounts = (order["tax"].to_string(), order["shippingFee"].to_string());
    assert_eq!(amounts, ("0.75".to_owned(), "4.2".to_owned()));
    assert!(bodega.visitor().opens("/").await.text().contains("Marisol&#39;s"));

    let faulty = [("taxPercent", "a lot"), ("shippingFlat", "-1"), ("synonyms", "alone")];
    let refused = owner.sends("/admin/settings", &faulty).await;
    assert_eq!(refused.status, 400);
    for field in ["taxPercent", "shippingFlat", "synonyms"] {
        assert!(refused.text().contains(&format!("id=\"{field}-error\"")), "{field}");
    }
    let stale = [("name", "Other"), ("version", "1")];
    assert_eq!(owner.sends("/admin/settings", &stale).await.status, 412);
    let tax = owner.patch("/v1/settings", json!({ "taxRate": "0" })).await.data();
    assert_eq!((text(&tax["taxRate"]), text(&tax["name"])), ("0", "Marisol's"));
    manager.patch("/v1/settings", json!({ "taxRate": "0" })).await.refused(403, "forbidden");
}

#[actix_web::test]
async fn what_the_settings_file_says_of_the_address_holds_until_the_file_changes() {
    let bodega = Bodega::open();
    let (owner, base) = (bodega.owner().await, "https://elsewhere.example");
    assert_eq!(owner.get("/v1/settings").await.data()["publicUrlIsConfigured"], json!(false));
    assert!(owner.opens("/admin/settings").await.text().contains("name=\"publicUrl\""));
    let moved = owner.patch("/v1/settings", json!({ "publicUrl": base })).await.data();
    assert_eq!(text(&moved["publicUrl"]), base);
    assert!(owner.opens("/").await.text().contains("https://elsewhere.example/"));
    let bodega = bodega.reopened();
    let owner = owner.signed_in_again(&bodega);
    let kept = owner.get("/v1/settings").await.data();
    assert_eq!(text(&kept["publicUrl"]), base, "an admin said so, and no file");

    let bodega = bodega.reopened_with(&[("shop.public_url", "https://shop.example")]);
    let owner = owner.signed_in_again(&bodega);
    let says = owner.get("/v1/settings").await.data();
    let (url, is_configured) = (text(&says["publicUrl"]), &says["publicUrlIsConfigured"]);
    assert_eq!((url, is_configured), ("https://shop.example", &json!(true)));
    let same = json!({ "publicUrl": "https://shop.example", "name": "Marisol's" });
    assert_eq!(text(&owner.patch("/v1/settings", same).await.data()["name"]), "Marisol's");
    let other = json!({ "publicUrl": base, "name": "Other" });
    owner.patch("/v1/settings", other).await.refused(409, "public_url_configured");
    assert_eq!(text(&owner.get("/v1/settings").await.data()["name"]), "Marisol's");
    bodega.sends_letters().await;
    let ada = bodega.customer("ada").await;
    let letters = bodega.letters_to(&ada.email, 1).await;
    assert!(letters[0].text.contains("https://shop.example/account"), "{}", letters[0].text);
}

/// Waits until stock follows what the shop says.
async fn follows(bodega: &Bodega, is_so: impl AsyncFn() -> bool) {
    let mut follower = bodega.shop.store().follow(0);
    let followed = async {
        while !is_so().await {
            assert!(follower.news().await, "the shop has closed");
        }
    };
    tokio::time::timeout(PATIENT, followed).await.expect("it follows in time");
}

#[actix_web::test]
async fn what_the_shop_calls_low_holds_for_every_sku_without_its_own_number() {
    let bodega = Bodega::open();
    let (owner, manager) = (bodega.owner().await, bodega.manager().await);
    let tea = manager.adds_product("Tea", "10.00", 8).await;
    let own = manager.adds_product("Own", "10.00", 8).await;
    let count = |product: &Value| format!("/v1/inventory/updateinventory/{}", id(product));
    manager.patch(&count(&own), json!({ "lowStockThreshold": 3 })).await.data();
    let shelf = async |product: &Value| {
        let path = format!("/v1/inventory/getinventoryforproduct/{}", id(product));
        manager.get(&path).await.data()["lowStockThreshold"].clone()
    };
    assert_eq!(owner.get("/v1/settings").await.data()["lowStockThreshold"], json!(5));
    bodega.sends_letters().await;
    let set = owner.patch("/v1/settings", json!({ "lowStockThreshold": 9 })).await.data();
    assert_eq!(set["lowStockThreshold"], json!(9));
    follows(&bodega, async || shelf(&tea).await == json!(9)).await;
    assert_eq!(shelf(&own).await, json!(3), "what was said of it stays");
    let fresh = manager.adds_product("Fresh", "10.00", 8).await;
    assert_eq!(shelf(&fresh).await, json!(9));
    let low = manager.get("/v1/inventory/low-stock").await.data();
    let low: Vec<&Value> =
        low.as_array().expect("a list").iter().map(|it| &it["productId"]).collect();
    assert_eq!(low.len(), 2, "{low:?}");
    assert!(low.contains(&&tea["id"]) && low.contains(&&fresh["id"]));
    bodega.has_told_everything().await;
    assert_eq!(bodega.letters().len(), 0, "no stock has fallen");

    let form = [("name", "Test shop"), ("lowStockThreshold", "2"), ("synonyms", "")];
    assert_eq!(led_to(&owner.sends("/admin/settings", &form).await), "/admin/settings?done=saved");
    follows(&bodega, async || shelf(&tea).await == json!(2)).await;
    let wrong = [("lowStockThreshold", "a few")];
    let refused = owner.sends("/admin/settings", &wrong).await;
    assert!(refused.text().contains("id=\"lowStockThreshold-error\""), "{}", refused.text());
    let negative = json!({ "lowStockThreshold": -1 });
    owner.patch("/v1/settings", negative).await.refused(400, "validation_failed");
}

#[actix_web::test]
async fn a_webhook_is_added_switched_and_removed_on_pages() {
    let bodega = Bodega::open();
    let (manager, owner) = (bodega.manager().await, bodega.owner().await);
    let form = [("url", "https://hooks.example/told"), ("types", "order.*"), ("types", "stock.*")];
    assert_eq!(manager.sends("/admin/webhooks", &form).await.status, 403);
    let added = owner.sends("/admin/webhooks", &form).await;
    assert_eq!(added.status, 200, "{}", added.text());
    assert!(added.text().contains("<code>whsec_"), "{}", added.text());
    let listed = owner.get("/v1/webhook-endpoints").await.data();
    let path = format!("/admin/webhooks/{}", id(&listed[0]));
    let list = owner.opens("/admin/webhooks").await;
    assert!(list.text().contains(&path) && !list.text().contains("whsec_"), "the secret is gone");
    let faulty = owner.sends("/admin/webhooks", &[("url", "no address")]).await;
    assert_eq!(faulty.status, 400);
    for field in ["url-error", "types-error"] {
        assert!(faulty.text().contains(field), "{field}");
    }
    let page = owner.opens(&path).await;
    assert!(page.text().contains("value=\"stock.*\" checked"), "{}", page.text());
    let other = "https://hooks.example/other";
    let changed = [("url", other), ("types", "order.*"), ("description", "The till")];
    led_to(&owner.sends(&path, &changed).await);
    let now = owner.get("/v1/webhook-endpoints").await.data()[0].clone();
    assert_eq!((text(&now["url"]), &now["types"]), (other, &json!(["order.*"])));
    assert_eq!(text(&now["description"]), "The till");
    let faulty = owner.sends(&path, &[("url", ""), ("description", "x")]).await;
    assert_eq!(faulty.status, 400);
    for field in ["url-error", "types-error"] {
        assert!(faulty.text().contains(field), "{field}: {}", faulty.text());
    }
    let rotates = [("key", "one")];
    let rotated = owner.sends(&format!("{path}/secret"), &rotates).await;
    assert!(rotated.text().contains("<code>whsec_"), "{}", rotated.text());
    let again = owner.sends(&format!("{path}/secret"), &rotates).await;
    let again = owner.opens(led_to(&again)).await;
    assert!(again.text().contains("shown once") && !again.text().contains("whsec_"));
    led_to(&owner.sends(&format!("{path}/replay"), &[("position", "1")]).await);
    let couriers = owner.opens("/admin/system").await;
    assert!(couriers.text().contains(&format!("{other}, sent again")), "{}", couriers.text());
    led_to(&owner.sends(&format!("{path}/switch"), &[("act", "off")]).await);
    assert!(owner.opens(&path).await.text().contains("Switched off"));
    let replay = owner.sends(&format!("{path}/replay"), &[("position", "x")]).await;
    assert_eq!(replay.status, 400);
    assert!(replay.text().contains("position-error"), "{}", replay.text());
    led_to(&owner.sends(&format!("{path}/remove"), &[]).await);
    assert_eq!(owner.opens(&path).await.status, 404);
}

#[actix_web::test]
async fn staff_whose_session_ends_in_the_middle_of_a_form_lose_nothing() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    manager.asks(Method::POST, "/v1/auth/signout").await.data();
    let path = "/admin/products/new";
    let form = [
        ("name", "Tea & <cake>"),
        ("description", "One.\n\n\"Two\"."),
        ("price", "3.99"),
        ("row-0-stock", "7"),
        ("act", "save"),
    ];
    let asked = manager.sends(path, &form).await;
    assert_eq!(asked.status, 401, "{}", asked.text());
    let said = ["value=\"Tea &amp; &lt;cake&gt;\"", "value=\"One.\n\n&quot;Two&quot;.\""];
    for said in said.iter().chain(&["name=\"again\" value=\"/admin/products/new\""]) {
        assert!(asked.text().contains(said), "{said}: {}", asked.text());
    }
    let names: Vec<String> = form.iter().map(|(name, _)| format!("kept.{name}")).collect();
    let kept = names.iter().zip(&form).map(|(name, (_, value))| (name.as_str(), *value));
    let mut sign_in: Vec<(&str, &str)> = kept.collect();
    sign_in.extend([("email", &*manager.email), ("password", PASSWORD), ("again", path)]);
    let signed_in = bodega.visitor().sends("/sign-in", &sign_in).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    for said in said {
        assert!(signed_in.text().contains(said), "{said}: {}", signed_in.text());
    }
    let cookie = signed_in.header("set-cookie").split(['=', ';']).nth(1).expect("a cookie");
    let again = crate::support::Person { cookie: Some(cookie.to_owned()), ..manager.clone() };
    let added = again.sends(path, &form).await;
    let product = led_to(&added).split(['/', '?']).nth(3).expect("an id").to_owned();
    let shown = bodega.visitor().get(&format!("/v1/product/getproduct/{product}")).await.data();
    assert_eq!((text(&shown["name"]), text(&shown["description"])), (form[0].1, form[1].1));
}

/// A test that waits for longer has failed.
const PATIENT: Duration = Duration::from_secs(30);
/// Changes that are asked for at once.
const AT_ONCE: usize = 500;
