//! Money: a shop in a currency without decimals and one with three, right to the minor unit.

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    wares::{VISA, id},
};

/// The raw digits of a field, as they were sent.
fn digits(text: &str, field: &str) -> String {
    let start = text.find(&format!("\"{field}\":")).expect("the field") + field.len() + 3;
    text[start..].chars().take_while(|letter| !matches!(letter, ',' | '}')).collect()
}

struct Money {
    _bodega: Bodega,
    owner: Person,
    ada: Person,
}

impl Money {
    async fn of(settings: &[(&'static str, &'static str)]) -> Money {
        let bodega = Bodega::with(settings);
        let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
        Money { _bodega: bodega, owner, ada }
    }

    /// Prices that this currency does not have.
    async fn knows_no(&self, prices: &[Value]) {
        for price in prices {
            let body = json!({
                "name": "Odd", "description": "", "price": price, "stock": 1, "categoryIds": [],
            });
            let answer = self.owner.post("/v1/product/createproduct", body).await;
            let wanted = ("/price".to_owned(), "too_many_decimals".to_owned());
            assert_eq!(answer.faults(), [wanted], "{price}");
        }
    }

    /// Buys three of one and one of another for exactly this many minor units.
    async fn buys(&self, prices: [&str; 2], minor: u64) -> (Value, String) {
        let one = self.owner.adds_product("One", prices[0], 10).await;
        let other = self.owner.adds_product("Other", prices[1], 10).await;
        let to = self.ada.has_address().await;
        let body = |amount: u64| {
            json!({
                "shippingAddressId": to, "charge": { "amount": amount, "paymentMethodId": VISA },
                "items": [
                    { "productId": id(&one), "quantity": 3 },
                    { "productId": id(&other), "quantity": 1 },
                ],
            })
        };
        let refusal =
            self.ada.post("/v1/orders", body(minor + 1)).await.refused(409, "amount_mismatch");
        assert_eq!(refusal["expected"], minor);
        let answer = self.ada.post("/v1/orders", body(minor)).await;
        (answer.data(), answer.text().to_owned())
    }

    async fn refunds(&self, order: &Value, body: Value) -> String {
        let path = format!("/v1/orders/{}/refunds", id(order));
        let answer = self.owner.post(&path, body).await;
        answer.data();
        digits(answer.text(), "amountRefunded")
    }
}

#[actix_web::test]
async fn yen_have_no_decimals() {
    let yen = [("shop.currency", "JPY"), ("shop.shipping_flat", "500"), ("shop.tax_rate", "0.08")];
    let money = Money::of(&yen).await;
    money.knows_no(&[json!(1.5), json!("0.1"), json!("100.01")]).await;
    // 3 × 333 = 999, tax 79.92 → 80; 1 × 106, tax 8.48 → 8; shipping 500.
    let (order, text) = money.buys(["333", "106"], 1693).await;
    for (field, wanted) in [
        ("subtotal", "999"),
        ("tax", "88"),
        ("shippingFee", "500"),
        ("totalPrice", "1693"),
        ("totalAmount", "1693"),
        ("amountCaptured", "1693"),
        ("amountRefunded", "0"),
    ] {
        assert_eq!(digits(&text, field), wanted, "{field}: {text}");
    }
    assert_eq!((&order["currency"], &order["subtotal"]), (&json!("JPY"), &json!(1105)));
    let line = &order["items"][0]["id"];
    let one = json!({ "items": [{ "id": line, "quantity": 1 }] });
    // Thirds of 999 and of 80: 26.67 → 26, then 53.33 → 53, then 80.
    for wanted in ["359", "719", "1079"] {
        assert_eq!(money.refunds(&order, one.clone()).await, wanted);
    }
    let path = format!("/v1/orders/{}/refunds", id(&order));
    let fraction = money.owner.post(&path, json!({ "amount": "0.5" })).await;
    assert_eq!(fraction.faults(), [("/amount".to_owned(), "too_many_decimals".to_owned())]);
    assert_eq!(money.refunds(&order, json!({ "amount": 14 })).await, "1093");
    assert_eq!(money.refunds(&order, json!({})).await, "1693");
}

#[actix_web::test]
async fn dinars_have_three_decimals() {
    let dinars =
        [("shop.currency", "KWD"), ("shop.shipping_flat", "1.250"), ("shop.tax_rate", "0.05")];
    let money = Money::of(&dinars).await;
    money.knows_no(&[json!(1.2345), json!("0.0001")]).await;
    // 3 × 1.234 = 3.702, tax 0.1851 → 0.185; 1 × 0.010, tax 0.0005 → 0.001; shipping 1.250.
    let (order, text) = money.buys(["1.234", "0.01"], 5148).await;
    for (field, wanted) in [
        ("tax", "0.186"),
        ("shippingFee", "1.250"),
        ("totalPrice", "5.148"),
        ("amountCaptured", "5.148"),
        ("amountRefunded", "0.000"),
        ("price", "1.234"),
    ] {
        assert_eq!(digits(&text, field), wanted, "{field}: {text}");
    }
    let line = &order["items"][0]["id"];
    let one = json!({ "items": [{ "id": line, "quantity": 1 }] });
    for wanted in ["1.295", "2.591", "3.887"] {
        assert_eq!(money.refunds(&order, one.clone()).await, wanted);
    }
    assert_eq!(money.refunds(&order, json!({ "amount": "0.001" })).await, "3.888");
    let over = format!("/v1/orders/{}/refunds", id(&order));
    let over = money.owner.post(&over, json!({ "amount": "1.261" })).await;
    assert_eq!(over.refused(409, "over_refund")["left"], 1.26);
    assert_eq!(money.refunds(&order, json!({})).await, "5.148");
}

#[actix_web::test]
async fn prices_are_read_from_their_digits() {
    let money = Money::of(&[]).await;
    for (name, sent, shown) in [
        ("A", json!(19.99), "19.99"),
        ("B", json!("19.99"), "19.99"),
        ("C", json!(0.1), "0.10"),
        ("D", json!("007.5"), "7.50"),
        ("E", json!(0), "0.00"),
        ("F", json!("70368744177.67"), "70368744177.67"),
    ] {
        let body = json!({
            "name": name, "description": "", "price": sent, "stock": 1, "categoryIds": [],
        });
        let answer = money.owner.post("/v1/product/createproduct", body).await;
        answer.data();
        assert_eq!(digits(answer.text(), "price"), shown);
    }
}

#[actix_web::test]
async fn a_free_order_needs_no_money() {
    let free = [("shop.shipping_flat", "0.00"), ("shop.tax_rate", "0")];
    let money = Money::of(&free).await;
    let leaflet = money.owner.adds_product("Leaflet", "0", 10).await;
    let to = money.ada.has_address().await;
    let answer = money.ada.orders(&to, &leaflet, 2, VISA).await;
    assert_eq!(answer.data()["status"], "PAID", "{}", answer.text());
    assert_eq!(digits(answer.text(), "totalPrice"), "0.00");
    let cancelled = money.ada.cancels(&answer.data()).await.data();
    assert_eq!(cancelled["status"], "CANCELLED");
}
