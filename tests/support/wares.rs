//! Wares: what a test puts on the shelves, and how people buy it.

use serde_json::{Value, json};

use super::{Person, Reply, wire::Ask};

/// The text in a field of an answer.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

/// The id of something shown.
#[track_caller]
pub fn id(shown: &Value) -> &str {
    text(&shown["id"])
}

impl Person {
    /// Staff add a product without variants.
    pub async fn adds_product(&self, name: &str, price: &str, stock: u32) -> Value {
        let body = json!({
            "name": name, "description": "", "price": price, "stock": stock, "categoryIds": [],
        });
        self.post("/v1/product/createproduct", body).await.data()
    }

    /// Staff add a shirt in two sizes.
    pub async fn adds_shirt(&self, name: &str) -> Value {
        let body = json!({
            "name": name, "description": "", "price": "20.00", "stock": 0, "categoryIds": [],
            "options": [{ "name": "Size", "values": ["S", "M"] }],
            "variants": [
                { "sku": format!("{name}-S"), "options": { "Size": "S" }, "stock": 3 },
                {
                    "sku": format!("{name}-M"), "options": { "Size": "M" },
                    "price": "22.00", "stock": 4,
                },
            ],
        });
        self.post("/v1/product/createproduct", body).await.data()
    }

    /// Staff look at the shelf: on hand, reserved, available.
    pub async fn stock_of(&self, product: &Value) -> (u64, u64, u64) {
        let path = format!("/v1/inventory/getinventoryforproduct/{}", id(product));
        let shelf = self.get(&path).await.data();
        let units = |name: &str| shelf[name].as_u64().expect("units");
        (units("quantity"), units("reserved"), units("available"))
    }

    /// An address of theirs; its id.
    pub async fn has_address(&self) -> String {
        let made = self.post("/v1/users-address/createuseraddress", address()).await.data();
        id(&made).to_owned()
    }

    pub fn puts_in_cart(&self, product: &Value, quantity: u32) -> Ask {
        let body = json!({ "productId": id(product), "quantity": quantity });
        self.post("/v1/cart/addtocart", body)
    }

    /// Orders so many of one product, to be paid with a token.
    pub fn orders(&self, to: &str, product: &Value, quantity: u32, token: &str) -> Ask {
        self.post("/v1/orders", order(to, product, quantity, token))
    }

    /// Buys it with a card that pays.
    pub async fn buys(&self, product: &Value, quantity: u32) -> Value {
        let to = self.has_address().await;
        let order = self.orders(&to, product, quantity, VISA).await.data();
        assert_eq!(order["status"], "PAID", "{order}");
        order
    }

    /// Looks at an order.
    pub async fn sees_order(&self, order: &Value) -> Value {
        self.get(&format!("/v1/orders/{}", id(order))).await.data()
    }

    /// An admin changes the status of an order.
    pub async fn makes(&self, order: &Value, status: &str) -> Reply {
        let path = format!("/v1/orders/{}/status", id(order));
        self.patch(&path, json!({ "status": status })).await
    }

    pub fn cancels(&self, order: &Value) -> Ask {
        self.asks(actix_web::http::Method::PATCH, &format!("/v1/orders/{}/cancel", id(order)))
    }
}

/// An address as it is sent.
pub fn address() -> Value {
    json!({
        "fullName": "Ada Byron", "phone": "+44 20 7946 0000", "street": "12 St James's Square",
        "city": "London", "state": "Greater London", "country": "GB", "postalCode": "SW1Y 4JH",
    })
}

/// An order of one product, as it is sent.
pub fn order(to: &str, product: &Value, quantity: u32, token: &str) -> Value {
    json!({
        "shippingAddressId": to,
        "items": [{ "productId": id(product), "quantity": quantity }],
        "charge": { "paymentMethodId": token },
    })
}

/// A card that pays.
pub const VISA: &str = "pm_card_visa";
