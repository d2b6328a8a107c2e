//! Admin: what staff do on pages is what the API does, and nobody else gets there.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
    wire::NOBODYS,
};

/// Where a form led to.
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

async fn product_of(who: &Person, product: &str) -> Value {
    who.get(&format!("/v1/product/getproduct/{product}")).await.data()
}

#[actix_web::test]
async fn customers_see_nothing_of_the_admin_and_managers_nothing_of_orders() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    let of_order = format!("/admin/orders/{}", id(&order));
    for path in ["/admin", "/admin/products", "/admin/orders", &of_order] {
        let asked = bodega.visitor().opens(path).await;
        assert!(led_to(&asked).starts_with("/sign-in?then=/admin"), "{path}");
        assert_eq!(ada.opens(path).await.status, 403, "{path}");
    }
    assert_eq!(manager.opens("/admin").await.status, 200);
    assert!(!manager.opens("/admin").await.text().contains("/admin/orders"));
    for path in ["/admin/orders", &of_order, "/admin/orders.csv"] {
        assert_eq!(manager.opens(path).await.status, 403, "{path}");
    }
    let shipping = [("status", "SHIPPED")];
    for who in [&ada, &manager] {
        assert_eq!(who.sends(&format!("{of_order}/status"), &shipping).await.status, 403);
    }
    assert_eq!(text(&ada.sees_order(&order).await["status"]), "PAID");
}

#[actix_web::test]
async fn the_overview_counts_what_is_to_be_done_and_what_was_sold() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "10.00", 3).await;
    let order = ada.buys(&tea, 2).await;
    let page = owner.opens("/admin").await;
    assert_eq!(page.header("cache-control"), "no-store");
    let total = order["totalPrice"].to_string();
    let said = format!("${total}");
    assert!(page.text().contains(&said), "{said}: {}", page.text());
    assert!(page.text().contains("<td class=\"amount\">1</td>"), "low: {}", page.text());
    let path = format!("/admin/orders/{}/refund", id(&order));
    let back = [("amount", total.as_str()), ("step", "confirm")];
    led_to(&owner.sends(&path, &back).await);
    assert!(!owner.opens("/admin").await.text().contains(&said), "what went back is not sold");
}

#[actix_web::test]
async fn an_order_is_found_shipped_and_delivered_on_pages() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    let (number, path) = (order["number"].to_string(), format!("/admin/orders/{}", id(&order)));
    for query in ["", &format!("?q={number}"), "?q=ada%40example.com", "?status=TO_SHIP&q=&from="] {
        let list = owner.opens(&format!("/admin/orders{query}")).await;
        assert!(list.text().contains(&path), "{query}: {}", list.text());
    }
    for query in ["?status=SHIPPED", "?to=2020-01-01", "?q=bob%40example.com", "?dispute=open"] {
        let list = owner.opens(&format!("/admin/orders{query}")).await;
        assert_eq!(list.status, 200, "{query}");
        assert!(!list.text().contains(&path), "{query}");
    }
    let page = owner.opens(&path).await;
    let version = hidden(&page, "version").to_owned();
    let ship = |version: &str| {
        let form = [
            ("status", "SHIPPED"),
            ("carrier", "Parcel Post"),
            ("trackingNumber", "T-1"),
            ("version", version),
            ("key", "a-click"),
        ];
        owner.sends(&format!("{path}/status"), &form)
    };
    assert_eq!(led_to(&ship(&version).await), format!("{path}?done=shipped"));
    assert_eq!(led_to(&ship(&version).await), format!("{path}?done=shipped"), "a double click");
    let shown = ada.sees_order(&order).await;
    assert_eq!((text(&shown["status"]), text(&shown["carrier"])), ("SHIPPED", "Parcel Post"));
    let delivered = [("status", "DELIVERED"), ("version", version.as_str())];
    let stale = owner.sends(&format!("{path}/status"), &delivered).await;
    assert_eq!(stale.status, 412, "the page was made before it was shipped");
    assert!(stale.text().contains("role=\"alert\""), "{}", stale.text());
    assert_eq!(text(&ada.sees_order(&order).await["status"]), "SHIPPED");
    let delivered = [("status", "DELIVERED")];
    led_to(&owner.sends(&format!("{path}/status"), &delivered).await);
    let cancelled = owner.sends(&format!("{path}/cancel"), &[]).await;
    assert_eq!(cancelled.status, 409);
    assert_eq!(text(&ada.sees_order(&order).await["status"]), "DELIVERED");
    let page = owner.opens(&format!("{path}?done=delivered")).await;
    for said in ["Parcel Post, T-1", "ada (customer)", "The order has arrived."] {
        assert!(page.text().contains(said), "{said}");
    }
    let sheet = owner.opens("/admin/orders.csv?status=DELIVERED").await;
    assert_eq!(sheet.header("content-type"), "text/csv; charset=utf-8");
    assert!(sheet.text().starts_with('\u{feff}') && sheet.text().contains("\r\n"));
    let line = sheet.text().lines().nth(1).expect("a line");
    assert!(line.starts_with(&format!("{number},")) && line.ends_with("Parcel Post,T-1"), "{line}");
}

#[actix_web::test]
async fn several_orders_ship_at_once_and_each_says_what_became_of_it() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let (one, other, gone) =
        (ada.buys(&tea, 1).await, ada.buys(&tea, 1).await, ada.buys(&tea, 1).await);
    ada.cancels(&gone).await.data();
    let form = [("orders", id(&one)), ("orders", id(&other)), ("orders", id(&gone))];
    let outcome = owner.sends("/admin/orders/ship", &form).await;
    assert_eq!(outcome.status, 200);
    assert_eq!(outcome.text().matches("Shipped</span>").count(), 2, "{}", outcome.text());
    assert_eq!(outcome.text().matches("Not done").count(), 1);
    for (order, status) in [(&one, "SHIPPED"), (&other, "SHIPPED"), (&gone, "CANCELLED")] {
        assert_eq!(text(&ada.sees_order(order).await["status"]), status);
    }
}

#[actix_web::test]
async fn a_refund_is_shown_before_it_is_made_and_made_once() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "10.00", 10).await;
    let order = ada.buys(&tea, 2).await;
    let path = format!("/admin/orders/{}/refund", id(&order));
    let units = format!("units-{}", text(&order["items"][0]["id"]));
    let half = [(units.as_str(), "1"), ("restock", "true"), ("reason", "broken")];
    let preview = owner.sends(&path, &half).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(preview.text().contains("It counts for 1 × Tea."));
    assert!(preview.text().contains("These goods go back on the shelf."));
    assert_eq!(ada.sees_order(&order).await["refunds"], json!([]), "nothing has happened yet");
    let confirm = || {
        let form = half.iter().copied().chain([("step", "confirm"), ("key", "once")]);
        owner.sends(&path, &form.collect::<Vec<_>>())
    };
    assert!(led_to(&confirm().await).ends_with("?done=refunded"));
    led_to(&confirm().await);
    let shown = ada.sees_order(&order).await;
    assert_eq!(shown["refunds"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["refunds"][0]["items"][0]["quantity"], 1);
    assert_eq!(manager.stock_of(&tea).await, (9, 0, 9));

    let none = owner.sends(&path, &[(&units, "0")]).await;
    assert_eq!(none.status, 400, "none of it is not all of it: {}", none.text());
    assert!(none.text().contains("Nothing would go back"), "{}", none.text());
    let last = owner.sends(&path, &[(&units, "1")]).await;
    let said = "$20.75</strong>";
    assert!(last.text().contains(said), "{}", last.text());
    assert!(last.text().contains("1 × Tea, with $10.00 for shipping."), "{}", last.text());
    for (field, value, said) in [
        ("amount", "1000", "left to refund"),
        ("amount", "a lot", "amount-error"),
        (units.as_str(), "2", "left to refund"),
        (units.as_str(), "x", "aria-invalid"),
    ] {
        let refused = owner.sends(&path, &[(field, value), ("step", "confirm")]).await;
        assert!((400..500).contains(&refused.status), "{field} {value}");
        assert!(refused.text().contains(said), "{field} {value}: {}", refused.text());
        assert!(refused.text().contains(&format!("value=\"{value}\"")), "it is still there");
    }
    let again = ada.sees_order(&order).await;
    assert_eq!(again["refunds"], shown["refunds"], "what is refused changes nothing");
}

#[actix_web::test]
async fn the_receipt_of_a_bank_transfer_is_noted_on_its_page() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let body = json!({
        "shippingAddressId": ada.has_address().await, "paymentMethod": "bank_transfer",
        "items": [{ "productId": id(&tea), "quantity": 1 }],
    });
    let order = ada.post("/v1/orders", body).await.data();
    let path = format!("/admin/orders/{}", id(&order));
    let form = [("status", "PAID"), ("reference", "statement 12")];
    assert!(led_to(&owner.sends(&format!("{path}/status"), &form).await).ends_with("received"));
    assert_eq!(text(&ada.sees_order(&order).await["status"]), "PAID");
    let told = ada.opens(&format!("/orders/{}", id(&order))).await;
    assert!(told.text().contains("We received your payment"), "{}", told.text());
    assert!(!told.text().contains(" paid</span>"), "it is told once: {}", told.text());
    let refunded = owner.sends(&format!("{path}/refund"), &[("step", "confirm")]).await;
    let page = owner.opens(led_to(&refunded)).await;
    assert!(page.text().contains("Pay it back by hand or by bank"), "{}", page.text());
    assert!(page.text().contains("To be paid out by hand"), "{}", page.text());
    let shown = ada.sees_order(&order).await;
    let payout = format!("{path}/payout/{}", text(&shown["refunds"][0]["id"]));
    led_to(&owner.sends(&payout, &[("reference", "transfer 7")]).await);
    let shown = ada.sees_order(&order).await;
    assert_eq!(text(&shown["refunds"][0]["status"]), "paid_out");
}

#[actix_web::test]
async fn a_product_with_options_is_made_and_changed_on_pages() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let typed = [
        ("name", "Shirt"),
        ("description", "Soft."),
        ("price", "20"),
        ("option-0-name", "Size"),
        ("option-0-values", "S, M"),
    ];
    let rows = |act: &'static str| {
        let act = typed.iter().copied().chain([("act", act)]);
        act.collect::<Vec<_>>()
    };
    let combined = manager.sends("/admin/products/new", &rows("combine")).await;
    assert_eq!(combined.status, 200);
    assert!(combined.text().contains("name=\"row-1-value-0\""), "{}", combined.text());
    let mut form = rows("save");
    form.extend([("row-0-value-0", "S"), ("row-0-stock", "3")]);
    form.extend([("row-1-value-0", "M"), ("row-1-price", "22.5"), ("row-1-sku", "SHIRT-M")]);
    let added = manager.sends("/admin/products/new", &form).await;
    let path = led_to(&added).split('?').next().expect("a path").to_owned();
    let product = path.rsplit('/').next().expect("an id").to_owned();
    let shown = product_of(&manager, &product).await;
    let said = |shown: &Value| -> Vec<(String, String, u64)> {
        let variants = shown["variants"].as_array().expect("variants").iter();
        let said = variants.map(|variant| {
            let units = variant["stock"].as_u64().expect("units");
            (text(&variant["options"]["Size"]).to_owned(), variant["price"].to_string(), units)
        });
        said.collect()
    };
    let (small, medium) = ("S".to_owned(), "M".to_owned());
    let before = [(small.clone(), "20.0".to_owned(), 3), (medium.clone(), "22.5".into(), 0)];
    assert_eq!(said(&shown), before);

    let again = manager.sends("/admin/products/new", &form).await;
    assert_eq!(again.status, 409, "there is one of this name");
    assert!(again.text().contains("id=\"name-error\"") && again.text().contains("value=\"S, M\""));

    let page = manager.opens(&path).await;
    let (version, sku) = (hidden(&page, "version"), text(&shown["variants"][0]["sku"]));
    let known = text(&shown["variants"][0]["id"]);
    let change = [
        ("version", version),
        ("name", "Shirt"),
        ("description", "Softer."),
        ("price", "25"),
        ("isActive", "true"),
        ("option-0-name", "Size"),
        ("option-0-values", "S,M,L"),
        ("row-0-known", known),
        ("row-0-value-0", "S"),
        ("row-0-sku", sku),
        ("row-1-value-0", "L"),
        ("row-1-stock", "8"),
        ("without", text(&shown["variants"][1]["id"])),
    ];
    assert_eq!(led_to(&manager.sends(&path, &change).await), format!("{path}?done=saved"));
    let after = [(small, "25.0".to_owned(), 3), ("L".to_owned(), "25.0".to_owned(), 8)];
    let shown = product_of(&manager, &product).await;
    assert_eq!(said(&shown), after, "a known variant keeps its stock");
    let stale = manager.sends(&path, &change).await;
    assert_eq!(stale.status, 412);
    assert!(stale.text().contains("Softer."), "nothing typed is lost");

    let faulty = [("name", ""), ("price", "x"), ("images", "https://a.example/b.jpg\nno address")];
    let refused = manager.sends(&path, &faulty).await;
    assert_eq!(refused.status, 400);
    for field in ["name", "price", "images"] {
        assert!(refused.text().contains(&format!("id=\"{field}-error\"")), "{field}");
    }
    let copy = manager.opens(&format!("/admin/products/new?from={product}")).await;
    assert!(copy.text().contains("value=\"Shirt (copy)\""));
    led_to(&manager.sends(&format!("{path}/remove"), &[]).await);
    assert_eq!(manager.opens(&path).await.status, 404);
}

#[actix_web::test]
async fn several_products_change_their_price_after_a_look() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let (tea, shirt) =
        (manager.adds_product("Tea", "4.00", 10).await, manager.adds_shirt("shirt").await);
    let chosen = [("products", id(&tea)), ("products", id(&shirt))];
    let with = |more: &[(&'static str, &'static str)]| {
        chosen.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let path = "/admin/products/bulk";
    let preview = manager.sends(path, &with(&[("act", "preview"), ("percent", "-10")])).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    for said in ["$3.60", "$18.00", "1 variants with prices"] {
        assert!(preview.text().contains(said), "{said}: {}", preview.text());
    }
    assert_eq!(product_of(&manager, id(&tea)).await["price"].to_string(), "4.0");
    let versions = preview.text().split("name=\"versions\" value=\"").skip(1);
    let versions: Vec<&str> = versions.filter_map(|rest| rest.split('"').next()).collect();
    let mut form = with(&[("act", "reprice"), ("percent", "-10")]);
    form.extend(versions.iter().map(|version| ("versions", *version)));
    assert_eq!(led_to(&manager.sends(path, &form).await), "/admin/products?done=changed");
    let again = manager.sends(path, &form).await;
    assert_eq!(again.text().matches("Not done").count(), 2, "the same form twice changes once");
    let shirt = product_of(&manager, id(&shirt)).await;
    let price = |at: usize| shirt["variants"][at]["price"].to_string();
    assert_eq!((price(0), price(1)), ("18.0".to_owned(), "19.8".to_owned()));

    let hide = manager.sends(path, &with(&[("act", "deactivate")])).await;
    assert_eq!(led_to(&hide), "/admin/products?done=changed");
    assert_eq!(product_of(&manager, id(&tea)).await["isActive"], false);
    let list = manager.opens("/admin/products?status=hidden").await;
    assert!(list.text().contains(id(&tea)));
    assert!(!manager.opens("/admin/products?status=active").await.text().contains(id(&tea)));
    assert!(manager.opens("/admin/products?q=tea").await.text().contains(id(&tea)));
    for form in [vec![("act", "preview"), ("percent", "5")], with(&[("act", "preview")])] {
        assert_eq!(manager.sends(path, &form).await.status, 400);
    }
}

#[actix_web::test]
async fn a_script_in_a_name_is_shown_and_a_form_of_elsewhere_changes_nothing() {
    let bodega = Bodega::open();
    let (manager, owner) = (bodega.manager().await, bodega.owner().await);
    let script = "<script>alert(1)</script>";
    let product = manager.adds_product(script, "3.99", 1).await;
    let path = format!("/admin/products/{}", id(&product));
    for page in ["/admin", "/admin/products", &path, "/admin/products?q=%3Cscript%3E"] {
        let page = owner.opens(page).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains(script), "{}", page.asked);
    }
    let forged =
        owner.sends(&format!("{path}/remove"), &[]).header("origin", "https://evil.example");
    assert_eq!(forged.await.status, 403);
    let mut tokenless = owner.sends(&format!("{path}/remove"), &[]);
    tokenless.body = Some(Vec::new().into());
    assert_eq!(tokenless.await.status, 403);
    assert_eq!(owner.opens(&path).await.status, 200, "it is still there");
    for path in ["/admin/orders/", "/admin/products/"] {
        let page = owner.opens(&format!("{path}{NOBODYS}")).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text().contains("We cannot find that page"));
        assert_eq!(owner.opens(&format!("{path}no-id-at-all")).await.status, 404);
    }
}
