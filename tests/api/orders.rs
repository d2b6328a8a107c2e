//! Orders: what is bought and who sees it.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Reply,
    wares::{VISA, id, text},
    wire::NOBODYS,
};

fn numbers(answer: &Reply) -> Vec<u64> {
    let list = answer.data();
    let orders = list.as_array().expect("a list").iter();
    orders.map(|order| order["number"].as_u64().expect("a number")).collect()
}

#[actix_web::test]
async fn a_paid_order_tells_everything_about_itself() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let to = ada.has_address().await;
    let answer = ada.orders(&to, &tea, 3, VISA).await;
    let sku = text(&tea["sku"]).to_owned();
    insta::assert_snapshot!(answer.shown().replace(&sku, "[sku]"), @r#"
    201
    {
      "data": {
        "cancelReason": null,
        "carrier": null,
        "createdAt": "[time]",
        "currency": "USD",
        "heldUntil": null,
        "id": "[id]",
        "items": [
          {
            "id": "[id]",
            "name": "Tea",
            "options": {},
            "price": 3.99,
            "productId": "[id]",
            "quantity": 3,
            "sku": "[sku]",
            "subtotal": 11.97,
            "variantId": "[id]"
          }
        ],
        "number": 1001,
        "payment": {
          "amountCaptured": 22.87,
          "amountRefunded": 0.0,
          "authorisedUntil": null,
          "declineCode": null,
          "id": "[id]",
          "instructions": null,
          "nextAction": null,
          "status": "captured"
        },
        "paymentId": "[id]",
        "paymentMethod": "card",
        "refunds": [],
        "shippingAddress": {
          "city": "London",
          "country": "GB",
          "fullName": "Ada Byron",
          "phone": "+44 20 7946 0000",
          "postalCode": "SW1Y 4JH",
          "state": "Greater London",
          "street": "12 St James's Square"
        },
        "shippingAddressId": "[id]",
        "shippingFee": 10.0,
        "status": "PAID",
        "subtotal": 11.97,
        "tax": 0.9,
        "timeline": [
          {
            "at": "[time]",
            "what": "placed",
            "who": "customer"
          },
          {
            "amount": 22.87,
            "at": "[time]",
            "currency": "USD",
            "what": "paid",
            "who": "customer"
          }
        ],
        "totalAmount": 22.87,
        "totalPrice": 22.87,
        "trackingNumber": null,
        "updatedAt": "[time]",
        "userId": "[id]",
        "waitingFor": null
      },
      "statusCode": 201
    }
    "#);
    let placed = answer.data();
    assert!(answer.text().contains(r#""totalPrice":22.87,"#), "{}", answer.text());
    assert_eq!(ada.sees_order(&placed).await, placed);
    assert_eq!(ada.get("/v1/orders").await.data(), json!([placed]));
    let timeline = ada.get(&format!("/v1/orders/{}/timeline", id(&placed))).await;
    assert_eq!(timeline.data(), placed["timeline"]);
    assert_eq!(manager.stock_of(&tea).await, (7, 0, 7));
}

#[actix_web::test]
async fn an_order_keeps_the_price_it_was_placed_at() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    let change = json!({ "id": id(&tea), "price": "9.99", "name": "Fine Tea" });
    manager.patch("/v1/product/updateproduct", change).await.data();
    assert_eq!(ada.sees_order(&order).await, order);
}

#[actix_web::test]
async fn lines_of_an_order_add_up_and_the_same_thing_named_twice_is_one_line() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.33", 10).await;
    let coffee = manager.adds_product("Coffee", "0.05", 10).await;
    let body = json!({
        "shippingAddressId": ada.has_address().await,
        "items": [
            { "productId": id(&tea), "quantity": 1 }, { "productId": id(&coffee), "quantity": 3 },
            { "productId": id(&tea), "quantity": 2 },
        ],
        "charge": { "paymentMethodId": VISA },
    });
    let order = ada.post("/v1/orders", body).await.data();
    let lines: Vec<(&Value, &Value)> = order["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|line| (&line["quantity"], &line["subtotal"]))
        .collect();
    assert_eq!(lines, [(&json!(3), &json!(9.99)), (&json!(3), &json!(0.15))]);
    // Tax is rounded half up on each line: 0.74925 and 0.01125.
    let sums = [&order["subtotal"], &order["tax"], &order["shippingFee"], &order["totalPrice"]];
    assert_eq!(sums, [&json!(10.14), &json!(0.76), &json!(10.0), &json!(20.9)]);
    assert_eq!(order["totalAmount"], order["totalPrice"]);
}

#[actix_web::test]
async fn an_order_names_things_that_exist() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let shirt = manager.adds_shirt("Shirt").await;
    let to = ada.has_address().await;
    let places =
        |items: Value| ada.post("/v1/orders", json!({ "shippingAddressId": to, "items": items }));
    for unknown in [NOBODYS, "nonsense"] {
        places(json!([{ "productId": unknown, "quantity": 1 }])).await.refused(404, "not_found");
    }
    let other = json!([{ "productId": id(&tea), "variantId": NOBODYS, "quantity": 1 }]);
    places(other).await.refused(404, "not_found");
    let which = json!([{ "productId": id(&shirt), "quantity": 1 }]);
    places(which).await.refused(400, "variant_required");
    let none = places(json!([])).await;
    assert_eq!(none.faults(), [("/items".to_owned(), "too_short".to_owned())]);
    let zero = places(json!([{ "productId": id(&tea), "quantity": 0 }])).await;
    assert_eq!(zero.faults(), [("/items/0/quantity".to_owned(), "too_small".to_owned())]);
    let no_address = ada.post("/v1/orders", json!({})).await;
    assert_eq!(no_address.faults(), [("/shippingAddressId".to_owned(), "required".to_owned())]);
    assert_eq!(numbers(&ada.get("/v1/orders").await), [0; 0]);
    assert_eq!(manager.stock_of(&tea).await, (10, 0, 10));
}

#[actix_web::test]
async fn what_is_not_there_is_told_line_by_line() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let coffee = manager.adds_product("Coffee", "3.99", 2).await;
    let cocoa = manager.adds_product("Cocoa", "3.99", 0).await;
    let to = ada.has_address().await;
    let places = async |items: Value| {
        let body = json!({
            "shippingAddressId": to, "items": items, "charge": { "paymentMethodId": VISA },
        });
        ada.post("/v1/orders", body).await.refused(409, "insufficient_stock")
    };
    let line =
        |product: &Value, quantity| json!({ "productId": id(product), "quantity": quantity });
    let one = places(json!([line(&coffee, 3)])).await;
    assert_eq!((&one["available"], &one["errors"][0]["available"]), (&json!(2), &json!(2)));
    let two = places(json!([line(&tea, 1), line(&coffee, 3), line(&cocoa, 1)])).await;
    let told: Vec<(&str, &Value)> = two["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| (text(&error["pointer"]), &error["available"]))
        .collect();
    assert_eq!(told, [("/items/1/quantity", &json!(2)), ("/items/2/quantity", &json!(0))]);
    for product in [&tea, &coffee, &cocoa] {
        assert_eq!(manager.stock_of(product).await.1, 0, "nothing stays reserved");
    }
    let kept = ada.sees_order(&json!({ "id": two["orderId"] })).await;
    assert_eq!((text(&kept["status"]), text(&kept["cancelReason"])), ("CANCELLED", "out_of_stock"));
    assert_eq!(kept["payment"]["amountCaptured"], 0.0);
}

#[actix_web::test]
async fn an_expected_amount_must_be_the_total() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "10.00", 10).await;
    let to = ada.has_address().await;
    let places = |charge: Value| {
        let items = json!([{ "productId": id(&tea), "quantity": 1 }]);
        let body = json!({ "shippingAddressId": to, "items": items, "charge": charge });
        ada.post("/v1/orders", body)
    };
    let other = places(json!({ "amount": 2074, "paymentMethodId": VISA })).await;
    let refusal = other.refused(409, "amount_mismatch");
    assert_eq!((&refusal["expected"], &refusal["given"]), (&json!(2075), &json!(2074)));
    assert_eq!(numbers(&ada.get("/v1/orders").await), [0; 0], "nothing was placed");
    let euros = places(json!({ "amount": 2075, "currency": "EUR", "paymentMethodId": VISA })).await;
    assert_eq!(euros.faults(), [("/charge/currency".to_owned(), "currency_mismatch".to_owned())]);
    let right = places(json!({ "amount": 2075, "currency": "usd", "paymentMethodId": VISA }));
    assert_eq!(text(&right.await.data()["status"]), "PAID");
}

#[actix_web::test]
async fn own_orders_are_listed_newest_first_and_page_by_page() {
    let bodega = Bodega::open();
    let (manager, ada, bob) =
        (bodega.manager().await, bodega.customer("ada").await, bodega.customer("bob").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    for _ in 0..3 {
        ada.buys(&tea, 1).await;
        bob.buys(&tea, 1).await;
    }
    let all = numbers(&ada.get("/v1/orders").await);
    assert!(all.len() == 3 && all.is_sorted_by(|newer, older| newer > older), "{all:?}");
    let first = ada.get("/v1/orders?limit=2").await;
    let next = first.json()["page"]["nextCursor"].clone();
    let second = ada.get(&format!("/v1/orders?limit=2&cursor={}", text(&next))).await;
    assert_eq!([numbers(&first), numbers(&second)].concat(), all);
    let foreign = bob.get(&format!("/v1/orders?limit=2&cursor={}", text(&next))).await;
    foreign.refused(400, "invalid_cursor");
    let unknown = ada.get("/v1/orders?status=PAID").await;
    assert_eq!(unknown.faults(), [("/status".to_owned(), "unknown_parameter".to_owned())]);
}

#[actix_web::test]
async fn an_admin_finds_orders_by_status_time_number_and_email() {
    let bodega = Bodega::with_stopped_clock();
    let (manager, owner) = (bodega.manager().await, bodega.owner().await);
    let (ada, bob) = (bodega.customer("ada").await, bodega.customer("bob").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let mut placed = Vec::new();
    for who in [&ada, &bob, &ada] {
        bodega.shop.clock.advance(std::time::Duration::from_secs(60));
        placed.push(who.buys(&tea, 1).await);
    }
    owner.makes(&placed[1], "SHIPPED").await.data();
    let number = |index: usize| placed[index]["number"].as_u64().expect("a number");
    let (first, second, third) = (number(0), number(1), number(2));
    let at = text(&placed[1]["createdAt"]);
    for (query, wanted) in [
        (String::new(), vec![third, second, first]),
        ("?status=PAID".to_owned(), vec![third, first]),
        ("?status=SHIPPED".to_owned(), vec![second]),
        ("?status=CANCELLED".to_owned(), vec![]),
        (format!("?from={at}"), vec![third, second]),
        (format!("?to={at}"), vec![second, first]),
        (format!("?from={at}&to={at}"), vec![second]),
        (format!("?q={second}"), vec![second]),
        (format!("?q=%23{third}"), vec![third]),
        ("?q=ADA@example.com".to_owned(), vec![third, first]),
        ("?q=bo".to_owned(), vec![second]),
        ("?q=nobody@example.com".to_owned(), vec![]),
        ("?q=ada@example.com&status=SHIPPED".to_owned(), vec![]),
    ] {
        let answer = owner.get(&format!("/v1/orders/all{query}")).await;
        assert_eq!(numbers(&answer), wanted, "{query}");
    }
    for (query, field, code) in
        [("from=yesterday", "/from", "not_a_time"), ("status=paid", "/status", "not_a_choice")]
    {
        let answer = owner.get(&format!("/v1/orders/all?{query}")).await;
        assert_eq!(answer.faults(), [(field.to_owned(), code.to_owned())]);
    }
    manager.get("/v1/orders/all").await.refused(403, "forbidden");
}

#[actix_web::test]
async fn everybody_is_told_which_variant_was_bought() {
    let bodega = Bodega::open();
    let (manager, owner) = (bodega.manager().await, bodega.owner().await);
    let ada = bodega.customer("ada").await;
    bodega.sends_letters().await;
    let shirt = manager.adds_shirt("Shirt").await;
    let medium = json!({
        "productId": id(&shirt), "variantId": shirt["variants"][1]["id"], "quantity": 2,
    });
    ada.post("/v1/cart/addtocart", medium.clone()).await.data();
    assert!(ada.opens("/checkout").await.text().contains("2 × Shirt (M)"));
    let to = ada.has_address().await;
    let body = json!({
        "shippingAddressId": to, "items": [medium], "charge": { "paymentMethodId": VISA },
    });
    let order = ada.post("/v1/orders", body).await.data();
    assert_eq!(order["items"][0]["name"], "Shirt");
    assert_eq!(order["items"][0]["options"], json!({ "Size": "M" }));
    let placed = owner.get("/v1/events?types=order.placed").await.json();
    assert_eq!(placed["data"][0]["data"]["items"][0]["options"], json!({ "Size": "M" }));
    for (who, path) in [(&ada, "/orders"), (&owner, "/admin/orders")] {
        let page = who.opens(&format!("{path}/{}", id(&order))).await;
        assert!(page.text().contains("Shirt (M)"), "{}", page.text());
    }
    assert!(ada.opens("/account/orders").await.text().contains("Shirt (M)"));
    let refund = owner.opens(&format!("/admin/orders/{}/refund", id(&order))).await;
    assert!(refund.text().contains("Shirt (M)"), "{}", refund.text());
    let letters = bodega.letters_to("ada@example.com", 1).await;
    assert!(letters[0].text.contains("2 x Shirt (M) (Shirt-M)"), "{}", letters[0].text);
    assert!(letters[0].html.contains("Shirt (M)"), "{}", letters[0].html);
}
