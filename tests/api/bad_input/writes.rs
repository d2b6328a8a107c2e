//! Writes: one sound body for each, and what its fields are.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::field::Field;
use crate::support::{
    Bodega, PASSWORD, Person, Reply,
    wares::{address, id},
};

/// One write: how, where, a body that would be carried out, and what its fields are.
pub struct Write {
    pub who: Person,
    pub method: Method,
    pub path: String,
    pub body: Value,
    pub fields: Vec<(&'static str, Field)>,
}

impl Write {
    pub async fn sent(&self, body: impl Into<bytes::Bytes>) -> Reply {
        let ask = self.who.asks(self.method.clone(), &self.path);
        ask.bytes("application/json", body).await
    }

    /// The body with this JSON in the place of a field.
    pub fn with(&self, pointer: &str, json: &str) -> String {
        let mut body = self.body.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let object = body.pointer_mut(parent).expect("the object around a field");
        match object {
            Value::Array(list) => list[name.parse::<usize>().expect("an index")] = json!(HERE),
            other => other[name] = json!(HERE),
        }
        body.to_string().replace(&format!("\"{HERE}\""), json)
    }
}

pub async fn writes(bodega: &Bodega) -> Vec<Write> {
    use Field::{
        Amount, Choice, Email, Id, Lines, List, Minor, Object, Password, Text, Url, Whole, YesOrNo,
    };
    let (owner, ada, visitor) =
        (bodega.owner().await, bodega.customer("ada").await, bodega.visitor());
    let tea = owner.adds_product("Tea", "3.99", 100).await;
    let shelf = json!({ "name": "Drinks", "description": "" });
    let shelf = owner.post("/v1/product/createcategory", shelf).await.data();
    let to = ada.has_address().await;
    ada.puts_in_cart(&tea, 1).await.data();
    let paid = ada.buys(&tea, 2).await;
    let write = |who: &Person, method: Method, path: &str, body: Value, fields: &[_]| {
        let (who, path) = (who.clone(), path.to_owned());
        Write { who, method, path, body, fields: fields.to_vec() }
    };
    let (post, patch) = (|| Method::POST, || Method::PATCH);
    let lines = ["/fullName", "/phone", "/street", "/city", "/state", "/country", "/postalCode"]
        .map(|line| (line, Text(200)));
    let lines: Vec<_> = lines.into_iter().chain([("/isDefault", YesOrNo)]).collect();
    let of_address = format!("/v1/users-address/updateuseraddress/{to}");
    let units = json!({ "productId": id(&tea), "quantity": 1 });
    let of_units = [("/productId", Id), ("/quantity", Whole(1)), ("/variantId", Id)];
    let product = json!({
        "name": "Coffee", "description": "", "price": 1, "stock": 1, "categoryIds": [id(&shelf)],
        "images": ["https://example.com/1.png"], "options": [{ "name": "Size", "values": ["S"] }],
        "variants": [{ "options": { "Size": "S" }, "price": 1, "stock": 1 }],
    });
    let of_product = [
        ("/name", Text(200)),
        ("/description", Lines(20_000)),
        ("/price", Amount),
        ("/categoryIds", List),
        ("/categoryIds/0", Id),
        ("/images", List),
        ("/images/0", Url),
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
    let mut create = of_product.to_vec();
    create.push(("/stock", Whole(0)));
    let mut change = product.clone();
    let fields = change.as_object_mut().expect("an object");
    for created in ["stock", "options", "variants"] {
        fields.remove(created);
    }
    change["id"] = tea["id"].clone();
    let (of_variants, mut update): (Vec<_>, Vec<_>) =
        of_product.into_iter().partition(|(pointer, _)| {
            pointer.starts_with("/options") || pointer.starts_with("/variants")
        });
    update.extend([("/id", Id), ("/isActive", YesOrNo), ("/sku", Text(64))]);
    // A new variant has a ledger before the product has it, so nothing else is wrong with this.
    let choices = json!({
        "id": tea["id"], "options": product["options"], "variants": product["variants"],
    });
    let order = json!({
        "shippingAddressId": to, "items": [{ "productId": id(&tea), "quantity": 1 }],
        "charge": {
            "amount": 1429,
            "card": { "number": "4242424242424242", "exp_month": 1, "exp_year": 2099, "cvc": "123" },
        },
    });
    let signup = json!({ "username": "eve", "email": "eve@example.com", "password": PASSWORD });
    let of_signup = [
        ("/username", Text(50)),
        ("/email", Email),
        ("/password", Password),
        ("/phoneNumber", Text(50)),
        ("/role", Choice),
    ];
    vec![
        write(&visitor, post(), "/v1/auth/signup", signup, &of_signup),
        write(
            &visitor,
            post(),
            "/v1/auth/login",
            json!({ "email": "nobody@example.com", "password": PASSWORD }),
            &[("/email", Email)],
        ),
        write(
            &visitor,
            post(),
            "/v1/auth/refreshtoken",
            json!({ "refreshToken": "nonsense" }),
            &[],
        ),
        write(
            &visitor,
            post(),
            "/v1/auth/resetpassword",
            json!({ "token": "nonsense", "newPassword": "another horse" }),
            &[("/newPassword", Password), ("/token", Text(512))],
        ),
        write(
            &ada,
            post(),
            "/v1/auth/changepassword",
            json!({ "oldPassword": "wrong", "newPassword": "another horse" }),
            &[("/newPassword", Password)],
        ),
        write(
            &ada,
            patch(),
            "/v1/users/updateuser",
            json!({ "username": "ada" }),
            &[("/username", Text(50)), ("/email", Email)],
        ),
        write(
            &owner,
            patch(),
            &format!("/v1/users/{}/role", ada.id),
            json!({ "role": "CUSTOMER" }),
            &[("/role", Choice)],
        ),
        write(&ada, post(), "/v1/users-address/createuseraddress", address(), &lines),
        write(&ada, patch(), &of_address, address(), &lines),
        write(&owner, post(), "/v1/product/createproduct", product, &create),
        write(&owner, patch(), "/v1/product/updateproduct", change, &update),
        write(&owner, patch(), "/v1/product/updateproduct", choices, &of_variants),
        write(
            &owner,
            post(),
            "/v1/product/createcategory",
            json!({ "name": "Food", "description": "" }),
            &[("/name", Text(200)), ("/description", Lines(5_000))],
        ),
        write(
            &owner,
            patch(),
            &format!("/v1/product/updatecategory/{}", id(&shelf)),
            json!({ "name": "Hot" }),
            &[("/name", Text(200)), ("/description", Lines(5_000))],
        ),
        write(
            &owner,
            post(),
            "/v1/inventory/createinventory",
            units.clone(),
            &[("/productId", Id), ("/quantity", Whole(0)), ("/variantId", Id)],
        ),
        write(
            &owner,
            patch(),
            &format!("/v1/inventory/updateinventory/{}", id(&tea)),
            json!({}),
            &[
                ("/quantity", Whole(0)),
                ("/lowStockThreshold", Whole(0)),
                ("/isActive", YesOrNo),
                ("/variantId", Id),
            ],
        ),
        write(&owner, post(), "/v1/inventory/addstock", units.clone(), &of_units),
        write(&owner, post(), "/v1/inventory/reducestock", units.clone(), &of_units),
        write(&owner, post(), "/v1/inventory/reservestock", units.clone(), &of_units),
        write(
            &owner,
            post(),
            "/v1/inventory/releasestock",
            units.clone(),
            &[of_units[0], of_units[1], of_units[2], ("/orderId", Text(64))],
        ),
        write(&ada, post(), "/v1/cart/addtocart", units, &of_units),
        write(
            &ada,
            patch(),
            &format!("/v1/cart/updatecartitem/{}", id(&tea)),
            json!({ "quantity": 1 }),
            &[("/quantity", Whole(0)), ("/variantId", Id)],
        ),
        write(
            &ada,
            post(),
            "/v1/orders",
            order,
            &[
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
            ],
        ),
        write(
            &owner,
            patch(),
            &format!("/v1/orders/{}/status", id(&paid)),
            json!({ "status": "PAID" }),
            &[("/status", Choice), ("/trackingNumber", Text(100)), ("/carrier", Text(100))],
        ),
        write(
            &owner,
            post(),
            &format!("/v1/orders/{}/refunds", id(&paid)),
            json!({ "items": [{ "productId": id(&tea), "quantity": 1 }] }),
            &[
                ("/amount", Amount),
                ("/items", List),
                ("/items/0", Object),
                ("/items/0/quantity", Whole(1)),
                ("/restock", YesOrNo),
                ("/reason", Text(200)),
            ],
        ),
    ]
}

/// Stands where raw JSON is put.
const HERE: &str = "@@here@@";
