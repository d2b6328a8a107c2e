//! Writes: one sound body for each, and what its fields are.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::field::Field::{
    self, Amount, Choice, Email, Id, Lines, List, Minor, Object, Password, Text, Url, Whole,
    YesOrNo,
};
use crate::support::{
    Bodega, PASSWORD, Person, Reply,
    wares::{address, id},
};

/// One write: how, where, a body that would be carried out, and what its fields are.
pub struct Write {
    who: Person,
    method: Method,
    path: String,
    pub body: Value,
    pub fields: Vec<(&'static str, Field)>,
}

impl Write {
    fn post(who: &Person, path: &str, body: Value) -> Write {
        let (who, path) = (who.clone(), path.to_owned());
        Write { who, method: Method::POST, path, body, fields: Vec::new() }
    }

    fn patch(who: &Person, path: &str, body: Value) -> Write {
        Write { method: Method::PATCH, ..Write::post(who, path, body) }
    }

    fn of(mut self, fields: &[(&'static str, Field)]) -> Write {
        self.fields.extend_from_slice(fields);
        self
    }

    pub async fn sent(&self, body: impl Into<bytes::Bytes>) -> Reply {
        let ask = self.who.asks(self.method.clone(), &self.path);
        ask.bytes("application/json", body).await
    }

    /// The body with this JSON in the place of a field.
    pub fn with(&self, pointer: &str, json: &str) -> String {
        let mut body = self.body.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let around = body.pointer_mut(parent).expect("what is around a field");
        if let Value::Array(list) = around {
            list[name.parse::<usize>().expect("an index")] = json!(HERE);
        } else {
            around[name] = json!(HERE);
        }
        body.to_string().replace(&format!("\"{HERE}\""), json)
    }
}

/// Writes of every kind, in a shop where all of them would be carried out.
pub async fn writes(bodega: &Bodega) -> Vec<Write> {
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 100).await;
    let mut writes = of_accounts(&bodega.visitor(), &owner, &ada);
    writes.extend(of_addresses(&ada).await);
    writes.extend(of_catalogue(&owner, &tea).await);
    writes.extend(of_stock(&owner, &tea));
    writes.extend(of_sales(&owner, &ada, &tea).await);
    writes
}

fn of_accounts(visitor: &Person, owner: &Person, ada: &Person) -> Vec<Write> {
    let signup = json!({ "username": "eve", "email": "eve@example.com", "password": PASSWORD });
    let login = json!({ "email": "nobody@example.com", "password": PASSWORD });
    let reset = json!({ "token": "nonsense", "newPassword": "another horse" });
    let change = json!({ "oldPassword": "wrong", "newPassword": "another horse" });
    vec![
        Write::post(visitor, "/v1/auth/signup", signup).of(&[
            ("/username", Text(50)),
            ("/email", Email),
            ("/password", Password),
            ("/phoneNumber", Text(50)),
            ("/role", Choice),
        ]),
        Write::post(visitor, "/v1/auth/login", login).of(&[("/email", Email)]),
        Write::post(visitor, "/v1/auth/refreshtoken", json!({ "refreshToken": "nonsense" })),
        Write::post(visitor, "/v1/auth/resetpassword", reset)
            .of(&[("/newPassword", Password), ("/token", Text(512))]),
        Write::post(ada, "/v1/auth/changepassword", change).of(&[("/newPassword", Password)]),
        Write::patch(ada, "/v1/users/updateuser", json!({ "username": "ada" }))
            .of(&[("/username", Text(50)), ("/email", Email)]),
        Write::patch(owner, &format!("/v1/users/{}/role", ada.id), json!({ "role": "CUSTOMER" }))
            .of(&[("/role", Choice)]),
    ]
}

async fn of_addresses(ada: &Person) -> Vec<Write> {
    let path = format!("/v1/users-address/updateuseraddress/{}", ada.has_address().await);
    let lines = ["/fullName", "/phone", "/street", "/city", "/state", "/country", "/postalCode"];
    let lines = lines.map(|line| (line, Text(200)));
    let new = Write::post(ada, "/v1/users-address/createuseraddress", address());
    [new, Write::patch(ada, &path, address())]
        .map(|write| write.of(&lines).of(&[("/isDefault", YesOrNo)]))
        .into()
}

async fn of_catalogue(owner: &Person, tea: &Value) -> Vec<Write> {
    let shelf = json!({ "name": "Drinks", "description": "" });
    let shelf = owner.post("/v1/product/createcategory", shelf).await.data();
    let options = json!([{ "name": "Size", "values": ["S"] }]);
    let variants = json!([{ "options": { "Size": "S" }, "price": 1, "stock": 1 }]);
    let images = json!(["https://example.com/1.png"]);
    let coffee = json!({
        "name": "Coffee", "description": "", "price": 1, "stock": 1, "categoryIds": [id(&shelf)],
        "images": images, "options": options, "variants": variants,
    });
    let change =
        json!({ "id": id(tea), "name": "Tea", "categoryIds": [id(&shelf)], "images": images });
    // A new variant has a ledger before its product has it, so nothing else is wrong with this.
    let choices = json!({ "id": id(tea), "options": options, "variants": variants });
    let of_category = format!("/v1/product/updatecategory/{}", id(&shelf));
    let food = json!({ "name": "Food", "description": "" });
    let update = "/v1/product/updateproduct";
    vec![
        Write::post(owner, "/v1/product/createproduct", coffee)
            .of(PRODUCT)
            .of(VARIANTS)
            .of(&[("/stock", Whole(0))]),
        Write::patch(owner, update, change).of(PRODUCT).of(&[
            ("/id", Id),
            ("/isActive", YesOrNo),
            ("/sku", Text(64)),
        ]),
        Write::patch(owner, update, choices).of(VARIANTS),
        Write::post(owner, "/v1/product/createcategory", food).of(CATEGORY),
        Write::patch(owner, &of_category, json!({ "name": "Hot" })).of(CATEGORY),
    ]
}

fn of_stock(owner: &Person, tea: &Value) -> Vec<Write> {
    let units = || json!({ "productId": id(tea), "quantity": 1 });
    let path = format!("/v1/inventory/updateinventory/{}", id(tea));
    let mut writes = vec![
        Write::post(owner, "/v1/inventory/createinventory", units()).of(&[
            ("/productId", Id),
            ("/quantity", Whole(0)),
            ("/variantId", Id),
        ]),
        Write::patch(owner, &path, json!({})).of(&[
            ("/quantity", Whole(0)),
            ("/lowStockThreshold", Whole(0)),
            ("/isActive", YesOrNo),
            ("/variantId", Id),
        ]),
    ];
    for (what, more) in [
        ("addstock", ("/reason", Text(200))),
        ("reducestock", ("/reason", Text(200))),
        ("reservestock", ("/orderId", Text(64))),
        ("releasestock", ("/orderId", Text(64))),
    ] {
        let write = Write::post(owner, &format!("/v1/inventory/{what}"), units());
        writes.push(write.of(UNITS).of(&[more]));
    }
    writes
}

async fn of_sales(owner: &Person, ada: &Person, tea: &Value) -> Vec<Write> {
    ada.puts_in_cart(tea, 1).await.data();
    let (to, paid) = (ada.has_address().await, ada.buys(tea, 2).await);
    let card =
        json!({ "number": "4242424242424242", "exp_month": 1, "exp_year": 2099, "cvc": "123" });
    let units = || json!({ "productId": id(tea), "quantity": 1 });
    let order = json!({
        "shippingAddressId": to, "items": [units()], "charge": { "amount": 1429, "card": card },
    });
    let of = |what: &str| format!("/v1/orders/{}/{what}", id(&paid));
    let line = format!("/v1/cart/updatecartitem/{}", id(tea));
    vec![
        Write::post(ada, "/v1/cart/addtocart", units()).of(UNITS),
        Write::patch(ada, &line, json!({ "quantity": 1 }))
            .of(&[("/quantity", Whole(0)), ("/variantId", Id)]),
        Write::post(ada, "/v1/orders", order).of(ORDER),
        Write::patch(owner, &of("status"), json!({ "status": "PAID" })).of(&[
            ("/status", Choice),
            ("/trackingNumber", Text(100)),
            ("/carrier", Text(100)),
        ]),
        Write::post(owner, &of("refunds"), json!({ "items": [units()] })).of(&[
            ("/amount", Amount),
            ("/items", List),
            ("/items/0", Object),
            ("/items/0/quantity", Whole(1)),
            ("/restock", YesOrNo),
            ("/reason", Text(200)),
        ]),
    ]
}

const PRODUCT: &[(&str, Field)] = &[
    ("/name", Text(200)),
    ("/description", Lines(20_000)),
    ("/price", Amount),
    ("/categoryIds", List),
    ("/categoryIds/0", Id),
    ("/images", List),
    ("/images/0", Url),
];
const VARIANTS: &[(&str, Field)] = &[
    ("/options", List),
    ("/options/0", Object),
    ("/options/0/name", Text(100)),
    ("/options/0/values/0", Text(100)),
    ("/variants", List),
    ("/variants/0", Object),
    ("/variants/0/options", Object),
    ("/variants/0/price", Amount),
    ("/variants/0/stock", Whole(0)),
    ("/variants/0/sku", Text(64)),
];
const CATEGORY: &[(&str, Field)] = &[("/name", Text(200)), ("/description", Lines(5_000))];
const UNITS: &[(&str, Field)] = &[("/productId", Id), ("/quantity", Whole(1)), ("/variantId", Id)];
const ORDER: &[(&str, Field)] = &[
    ("/shippingAddressId", Id),
    ("/items", List),
    ("/items/0", Object),
    ("/items/0/productId", Id),
    ("/items/0/quantity", Whole(1)),
    ("/items/0/variantId", Id),
    ("/charge", Object),
    ("/charge/amount", Minor),
    ("/charge/currency", Text(3)),
    ("/charge/card", Object),
    ("/charge/card/number", Text(40)),
    ("/charge/card/exp_month", Whole(1)),
    ("/charge/card/exp_year", Whole(0)),
    ("/paymentMethod", Choice),
];
/// Stands where raw JSON is put.
const HERE: &str = "@@here@@";
