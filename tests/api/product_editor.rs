//! Product editor: saving changes what was changed on the page, and nothing is lost unasked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{id, text},
};

/// What a browser would send of the product's form, as the page shows it.
fn filled(page: &Reply) -> BTreeMap<String, String> {
    assert!(page.text().contains("data-product"), "{}", page.text());
    let mut fields = BTreeMap::new();
    let (_, form) = page.text().split_once("data-product>").expect("a form");
    let (form, _) = form.split_once("</form>").expect("its end");
    for tag in form.split('<') {
        let Some(name) = attribute(tag, "name") else { continue };
        if tag.starts_with("textarea ") {
            let (_, value) = tag.split_once('>').expect("a text");
            fields.insert(name, unescaped(value.strip_prefix('\n').unwrap_or(value)));
        } else if tag.starts_with("input ") {
            let is_box = tag.contains("type=\"checkbox\"");
            if !is_box || tag.contains(" checked") {
                let value = attribute(tag, "value").unwrap_or_default();
                fields.entry(name).and_modify(|all| *all += &format!(",{value}")).or_insert(value);
            }
        }
    }
    fields.remove("csrf");
    fields.remove("key");
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next().map(unescaped)
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#x2f;", "/");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

async fn sends(who: &Person, path: &str, form: &BTreeMap<String, String>, act: &str) -> Reply {
    let fields = form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<(&str, &str)> = fields.chain([("act", act)]).collect();
    who.sends(path, &all).await
}

fn saved(reply: &Reply) {
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert!(reply.header("location").ends_with("?done=saved"));
}

async fn product_of(who: &Person, product: &Value) -> Value {
    let mut shown = who.get(&format!("/v1/product/getproduct/{}", id(product))).await.data();
    shown.as_object_mut().expect("a product").remove("updatedAt");
    shown
}

/// A shirt with pictures, bar codes, an own price, and a comma in a size.
async fn adds_everything(who: &Person) -> Value {
    let body = json!({
        "name": "Shirt", "description": "Soft.", "price": "20.00", "stock": 0, "categoryIds": [],
        "images": ["https://a.example/shirt.jpg"], "brand": "Loom",
        "options": [{ "name": "Size", "values": ["S", "M, tall"] }],
        "variants": [
            {
                "sku": "SHIRT-S", "options": { "Size": "S" }, "stock": 5,
                "barcode": "4006381333931",
                "images": ["https://a.example/s.jpg", "https://a.example/s2.jpg"],
            },
            {
                "sku": "SHIRT-M", "options": { "Size": "M, tall" }, "stock": 6, "price": "22.00",
                "barcode": "4006381333948", "images": ["https://a.example/m.jpg"],
            },
        ],
    });
    who.post("/v1/product/createproduct", body).await.data()
}

#[actix_web::test]
async fn a_product_that_is_saved_unchanged_is_unchanged() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shirt = adds_everything(&manager).await;
    let tea = json!({
        "name": "Tea", "description": "", "price": "4.00", "stock": 7, "categoryIds": [],
        "barcode": "4006381333955",
    });
    let tea = manager.post("/v1/product/createproduct", tea).await.data();
    for product in [&shirt, &tea] {
        let before = product_of(&manager, product).await;
        let path = format!("/admin/products/{}", id(product));
        let form = filled(&manager.opens(&path).await);
        saved(&sends(&manager, &path, &form, "save").await);
        assert_eq!(product_of(&manager, product).await, before);
    }

    let path = format!("/admin/products/{}", id(&shirt));
    let mut form = filled(&manager.opens(&path).await);
    form.insert("row-0-barcode".into(), "4006381333962".into());
    form.insert("row-1-barcode".into(), String::new());
    form.insert("row-0-sku".into(), "SMALL".into());
    saved(&sends(&manager, &path, &form, "save").await);
    let shown = product_of(&manager, &shirt).await;
    let variant = |at: usize| &shown["variants"][at];
    assert_eq!(variant(0)["barcode"], "4006381333962");
    assert_eq!(variant(1)["barcode"], Value::Null, "{shown}");
    assert_eq!(
        (variant(0)["sku"].clone(), variant(0)["stock"].clone()),
        (json!("SMALL"), json!(5))
    );
}

#[actix_web::test]
async fn new_prices_change_prices_and_nothing_else() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shirt = adds_everything(&manager).await;
    let before = product_of(&manager, &shirt).await;
    let form = [("products", id(&shirt)), ("act", "reprice"), ("percent", "10")];
    assert_eq!(manager.sends("/admin/products/bulk", &form).await.status, 303);
    let mut after = product_of(&manager, &shirt).await;
    assert_eq!(after["price"].to_string(), "22.0");
    after["price"] = before["price"].clone();
    for (at, price) in [(0, "22.0"), (1, "24.2")] {
        assert_eq!(after["variants"][at]["price"].to_string(), price);
        after["variants"][at]["price"] = before["variants"][at]["price"].clone();
    }
    for (name, value) in before.as_object().expect("a product") {
        if !name.to_lowercase().contains("price") {
            assert_eq!(&after[name], value, "{name}");
        }
    }
}

#[actix_web::test]
async fn a_renamed_value_keeps_its_variant_and_what_would_go_is_named_first() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shirt = adds_everything(&manager).await;
    let before = product_of(&manager, &shirt).await;
    let path = format!("/admin/products/{}", id(&shirt));
    let mut form = filled(&manager.opens(&path).await);
    form.insert("option-0-values".into(), r"Small, M\, tall, L".into());
    let combined = sends(&manager, &path, &form, "combine").await;
    let mut form = filled(&combined);
    assert_eq!(form["row-0-known"], text(&before["variants"][0]["id"]));
    saved(&sends(&manager, &path, &form, "save").await);
    let shown = product_of(&manager, &shirt).await;
    for at in [0, 1] {
        for field in ["id", "sku", "stock", "images", "barcode"] {
            assert_eq!(shown["variants"][at][field], before["variants"][at][field], "{field}");
        }
    }
    assert_eq!(shown["variants"][0]["options"]["Size"], "Small");

    form = filled(&manager.opens(&path).await);
    form.insert("option-0-name".into(), String::new());
    form.insert("option-0-values".into(), String::new());
    let asked = sends(&manager, &path, &form, "save").await;
    assert_eq!(asked.status, 200, "nothing is done unasked");
    for said in ["M, tall", "SHIRT-M", "6 units"] {
        assert!(asked.text().contains(said), "{said}: {}", asked.text());
    }
    assert!(!asked.text().contains("5 units"), "the first variant stays");
    assert_eq!(product_of(&manager, &shirt).await, shown);
    let (_, agreed) = asked.text().split_once("name=\"without\" value=\"").expect("a question");
    let mut form = filled(&asked);
    form.insert("without".into(), agreed.split('"').next().expect("ids").to_owned());
    saved(&sends(&manager, &path, &form, "save").await);
    let shown = product_of(&manager, &shirt).await;
    let variants = shown["variants"].as_array().expect("variants");
    assert_eq!((variants.len(), variants[0]["stock"].clone()), (1, json!(5)), "{shown}");
    assert_eq!(variants[0]["barcode"], "4006381333931");
}

#[actix_web::test]
async fn whoever_was_overtaken_sees_by_what_and_may_save_all_the_same() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shirt = adds_everything(&manager).await;
    let path = format!("/admin/products/{}", id(&shirt));
    let mut form = filled(&manager.opens(&path).await);
    let change = json!({ "id": id(&shirt), "description": "Softest.", "price": "21.00" });
    manager.patch("/v1/product/updateproduct", change).await.data();
    form.insert("brand".into(), "Weaver".into());
    let overtaken = sends(&manager, &path, &form, "save").await;
    assert_eq!(overtaken.status, 412);
    for said in ["Softest.", "21.00", "Loom", "Weaver"] {
        assert!(overtaken.text().contains(said), "{said}: {}", overtaken.text());
    }
    assert!(!overtaken.text().contains("SHIRT-S</td>"), "what is equal is not told");
    let form = filled(&overtaken);
    assert_eq!(sends(&manager, &path, &form, "save").await.status, 412, "only if it is wanted");
    let (_, version) = overtaken.text().split_once("name=\"anyway\" value=\"").expect("a button");
    let mut form = form;
    form.insert("anyway".into(), version.split('"').next().expect("a version").to_owned());
    saved(&sends(&manager, &path, &form, "save").await);
    let shown = product_of(&manager, &shirt).await;
    assert_eq!((&shown["brand"], &shown["description"]), (&json!("Weaver"), &json!("Soft.")));
}
