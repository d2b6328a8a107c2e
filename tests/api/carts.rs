//! The own cart, at the prices and with the stock of now.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id, text},
    wire::NOBODYS,
};

async fn sets(who: &Person, product: &Value, body: Value) -> Reply {
    who.patch(&format!("/v1/cart/updatecartitem/{}", id(product)), body).await
}

async fn removes(who: &Person, product: &str) -> Reply {
    who.delete(&format!("/v1/cart/removecartitem/{product}")).await
}

/// What is in it: `2 Tea, 1 Coffee = 9.98`.
fn told(cart: &Value) -> String {
    let items = cart["items"].as_array().expect("items");
    let items: Vec<String> =
        items.iter().map(|item| format!("{} {}", item["quantity"], text(&item["name"]))).collect();
    format!("{} = {}", items.join(", "), cart["subtotal"])
}

#[actix_web::test]
async fn a_cart_adds_up() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let coffee = manager.adds_product("Coffee", "7.25", 10).await;
    let empty = ada.get("/v1/cart/getcart").await.data();
    assert_eq!((told(&empty).as_str(), &empty["id"]), (" = 0.0", &Value::Null));
    let answer = ada.puts_in_cart(&tea, 2).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    201
    {
      "data": {
        "currency": "USD",
        "id": "[id]",
        "items": [
          {
            "available": 10,
            "name": "Tea",
            "price": 3.99,
            "productId": "[id]",
            "quantity": 2,
            "subtotal": 7.98,
            "variantId": "[id]"
          }
        ],
        "subtotal": 7.98,
        "updatedAt": "[time]",
        "userId": "[id]"
      },
      "statusCode": 201
    }
    "#);
    assert_eq!(told(&ada.puts_in_cart(&tea, 1).await.data()), "3 Tea = 11.97");
    let both = ada.puts_in_cart(&coffee, 1).await.data();
    assert_eq!(told(&both), "3 Tea, 1 Coffee = 19.22");
    assert_eq!(ada.get("/v1/cart/getcart").await.data(), both);
    let bob = bodega.customer("bob").await;
    assert_eq!(told(&bob.get("/v1/cart/getcart").await.data()), " = 0.0");
}

#[actix_web::test]
async fn a_cart_holds_what_is_there_and_no_more() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 5).await;
    ada.puts_in_cart(&tea, 3).await.data();
    let refused = ada.puts_in_cart(&tea, 3).await;
    assert_eq!(refused.refused(409, "insufficient_stock")["available"], 5);
    let refused = sets(&ada, &tea, json!({ "quantity": 6 })).await;
    assert_eq!(refused.refused(409, "insufficient_stock")["available"], 5);
    assert_eq!(told(&ada.get("/v1/cart/getcart").await.data()), "3 Tea = 11.97");
    for unknown in [NOBODYS, "nonsense"] {
        let body = json!({ "productId": unknown, "quantity": 1 });
        ada.post("/v1/cart/addtocart", body).await.refused(404, "not_found");
    }
    let lots = manager.adds_product("Sand", "0.01", 100_000).await;
    ada.puts_in_cart(&lots, 999).await.data();
    ada.puts_in_cart(&lots, 1).await.refused(409, "too_many_units");
    for (quantity, code) in [(0, "too_small"), (1000, "too_large")] {
        let answer = ada.puts_in_cart(&lots, quantity).await;
        assert_eq!(answer.faults(), [("/quantity".to_owned(), code.to_owned())]);
    }
}

#[actix_web::test]
async fn a_line_is_set_removed_and_cleared() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "2.00", 10).await;
    let coffee = manager.adds_product("Coffee", "3.00", 10).await;
    sets(&ada, &tea, json!({ "quantity": 1 })).await.refused(404, "not_found");
    ada.puts_in_cart(&tea, 1).await.data();
    ada.puts_in_cart(&coffee, 1).await.data();
    let four = sets(&ada, &tea, json!({ "quantity": 4, "productId": id(&tea) })).await.data();
    assert_eq!(told(&four), "4 Tea, 1 Coffee = 11.0");
    let other = sets(&ada, &tea, json!({ "quantity": 4, "productId": id(&coffee) })).await;
    assert_eq!(other.faults(), [("/productId".to_owned(), "mismatch".to_owned())]);
    assert_eq!(told(&sets(&ada, &tea, json!({ "quantity": 0 })).await.data()), "1 Coffee = 3.0");
    assert_eq!(told(&removes(&ada, id(&tea)).await.data()), "1 Coffee = 3.0");
    assert_eq!(told(&removes(&ada, NOBODYS).await.data()), "1 Coffee = 3.0");
    assert_eq!(told(&removes(&ada, id(&coffee)).await.data()), " = 0.0");
    ada.puts_in_cart(&tea, 1).await.data();
    let cleared = ada.delete("/v1/cart/clearcart").await;
    assert_eq!((cleared.status, cleared.data()), (200, json!({ "message": "Cart cleared" })));
    assert_eq!(told(&ada.get("/v1/cart/getcart").await.data()), " = 0.0");
    ada.delete("/v1/cart/clearcart").await.data();
    assert_eq!(told(&removes(&bodega.customer("bob").await, id(&tea)).await.data()), " = 0.0");
}

#[actix_web::test]
async fn a_cart_shows_todays_price_and_stock() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "2.00", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let dearer = json!({ "id": id(&tea), "price": "2.50", "name": "Fine Tea" });
    manager.patch("/v1/product/updateproduct", dearer).await.data();
    let sold = json!({ "productId": id(&tea), "quantity": 9 });
    manager.post("/v1/inventory/reducestock", sold).await.data();
    let cart = ada.get("/v1/cart/getcart").await.data();
    assert_eq!(
        (told(&cart).as_str(), &cart["items"][0]["available"]),
        ("2 Fine Tea = 5.0", &json!(1))
    );
}

#[actix_web::test]
async fn variants_are_lines_of_their_own() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let shirt = manager.adds_shirt("Shirt").await;
    let (small, medium) = (id(&shirt["variants"][0]), id(&shirt["variants"][1]));
    ada.puts_in_cart(&shirt, 1).await.refused(400, "variant_required");
    let puts = |variant: &str| {
        let body = json!({ "productId": id(&shirt), "variantId": variant, "quantity": 1 });
        ada.post("/v1/cart/addtocart", body)
    };
    puts(NOBODYS).await.refused(404, "not_found");
    puts(small).await.data();
    let only = sets(&ada, &shirt, json!({ "quantity": 2 })).await.data();
    assert_eq!(told(&only), "2 Shirt = 40.0", "one line needs no naming");
    puts(medium).await.data();
    sets(&ada, &shirt, json!({ "quantity": 3 })).await.refused(400, "variant_required");
    let named = json!({ "quantity": 3, "variantId": medium });
    assert_eq!(told(&sets(&ada, &shirt, named).await.data()), "2 Shirt, 3 Shirt = 106.0");
    let path = format!("/v1/cart/updatecartitem/{}?variantId={small}", id(&shirt));
    assert_eq!(
        told(&ada.patch(&path, json!({ "quantity": 1 })).await.data()),
        "1 Shirt, 3 Shirt = 86.0"
    );
    let both = ada.patch(&path, json!({ "quantity": 1, "variantId": medium })).await;
    assert_eq!(both.faults(), [("/variantId".to_owned(), "mismatch".to_owned())]);
    let one = format!("{}?variantId={medium}", id(&shirt));
    assert_eq!(told(&removes(&ada, &one).await.data()), "1 Shirt = 20.0");
    puts(medium).await.data();
    assert_eq!(told(&removes(&ada, id(&shirt)).await.data()), " = 0.0");
}

#[actix_web::test]
async fn a_cart_is_bought_once_and_then_empty() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "2.00", 10).await;
    let to = ada.has_address().await;
    let body = json!({ "shippingAddressId": to, "charge": { "paymentMethodId": VISA } });
    ada.post("/v1/orders", body.clone()).await.refused(400, "empty_order");
    ada.puts_in_cart(&tea, 2).await.data();
    let order = ada.post("/v1/orders", body.clone()).await.data();
    assert_eq!((text(&order["status"]), &order["items"][0]["quantity"]), ("PAID", &json!(2)));
    assert_eq!(told(&ada.get("/v1/cart/getcart").await.data()), " = 0.0");
    assert_eq!(ada.post("/v1/orders", body).await.status, 400);
}

#[actix_web::test]
async fn a_cart_stays_when_its_order_names_items_or_comes_to_nothing() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "2.00", 10).await;
    let to = ada.has_address().await;
    ada.puts_in_cart(&tea, 2).await.data();
    ada.orders(&to, &tea, 1, VISA).await.data();
    assert_eq!(told(&ada.get("/v1/cart/getcart").await.data()), "2 Tea = 4.0");
    let declined = json!({
        "shippingAddressId": to, "charge": { "paymentMethodId": "pm_card_chargeDeclined" },
    });
    ada.post("/v1/orders", declined).await.refused(402, "payment_declined");
    assert_eq!(told(&ada.get("/v1/cart/getcart").await.data()), "2 Tea = 4.0");
    assert_eq!(manager.stock_of(&tea).await, (9, 0, 9));
}

#[actix_web::test]
async fn a_cart_has_an_end() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let values: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let mut last = Value::Null;
    for name in ["One", "Two", "Three"] {
        let variants: Vec<Value> =
            values.iter().map(|value| json!({ "options": { "Number": value } })).collect();
        let body = json!({
            "name": name, "description": "", "price": "1.00", "stock": 5, "categoryIds": [],
            "options": [{ "name": "Number", "values": values }], "variants": variants,
        });
        let product = manager.post("/v1/product/createproduct", body).await.data();
        for variant in product["variants"].as_array().expect("variants") {
            let body = json!({
                "productId": id(&product), "variantId": id(variant), "quantity": 1,
            });
            let answer = ada.post("/v1/cart/addtocart", body).await;
            if name == "Three" {
                answer.refused(409, "too_many_lines");
                last = product.clone();
                break;
            }
            answer.data();
        }
    }
    assert_eq!(text(&last["name"]), "Three");
    let cart = ada.asks(Method::GET, "/v1/cart/getcart").await.data();
    assert_eq!(cart["items"].as_array().map(Vec::len), Some(200));
}
