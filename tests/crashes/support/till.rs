//! A shop made ready over its own wires: an admin, shelves, and customers with an address.

use std::{net::SocketAddr, path::Path};

use serde_json::{Value, json};

use super::{
    process::{Serving, run_told},
    wire::{Client, Reply, Request},
};

/// Somebody who buys.
#[derive(Clone, Debug)]
pub struct Customer {
    pub token: String,
    pub address: String,
}

/// What a shop was made ready with.
#[derive(Clone, Debug)]
pub struct Till {
    pub admin: String,
    pub products: Vec<String>,
    pub customers: Vec<Customer>,
    pub units: u64,
}

impl Till {
    /// Makes a shop ready in a directory: so many units of each product; it is stopped again.
    pub fn made_ready(dir: &Path, products: usize, units: u64, customers: usize) -> Till {
        let create = ["admin", "create", "--email", ADMIN, "--username", "root"];
        let create: Vec<&str> = create.into_iter().chain(["--password-stdin"]).collect();
        let created = run_told(&create, dir, &format!("{PASSWORD}\n"));
        assert_eq!(created.code, Some(0), "{created:?}");
        let serving = Serving::start(dir);
        let at = serving.address;
        let admin = token(Client::at(at).ask(&Request::post(
            "/v1/auth/login",
            json!({ "email": ADMIN, "password": PASSWORD }),
        )));
        let mut staff = Client::with_token(at, &admin);
        let products = (0..products).map(|number| product(&mut staff, number, units)).collect();
        let customers = (0..customers).map(|number| customer(at, number)).collect();
        serving.stop();
        Till { admin, products, customers, units }
    }

    /// Every order there is, as staff see it.
    pub fn orders(&self, at: SocketAddr) -> Vec<Value> {
        let mut staff = Client::with_token(at, &self.admin);
        let (mut orders, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/orders/all?limit=100{cursor}");
            let page = staff.ask(&Request::get(&path)).expect(200).body;
            orders.extend(page["data"].as_array().expect("a list").iter().cloned());
            let Some(next) = next_cursor(&page) else { return orders };
            cursor = format!("&cursor={next}");
        }
    }

    /// Units on hand and reserved of a product.
    pub fn shelf(&self, at: SocketAddr, product: &str) -> (u64, u64) {
        let path = format!("/v1/inventory/getinventoryforproduct/{product}");
        let shelf = Client::with_token(at, &self.admin).ask(&Request::get(&path)).expect(200);
        let shelves = shelf.data();
        let shelf = shelves.as_array().map_or(shelves, |shelves| &shelves[0]);
        let figure = |name: &str| shelf[name].as_u64().expect("a figure");
        (figure("quantity"), figure("reserved"))
    }
}

/// Units of a product in an order.
pub fn units_in(order: &Value, product: &str) -> u64 {
    let items = order["items"].as_array().expect("items").iter();
    let of_it = items.filter(|item| item["productId"] == product);
    of_it.map(|item| item["quantity"].as_u64().expect("a figure")).sum()
}

/// An order of these units of a product, paid with a token.
pub fn order_of(customer: &Customer, product: &str, units: u64, token: &str) -> Request {
    let items = json!([{ "productId": product, "quantity": units }]);
    order(customer, Some(items), token)
}

/// An order of what is in the cart.
pub fn order_of_cart(customer: &Customer, token: &str) -> Request {
    order(customer, None, token)
}

pub fn put_in_cart(product: &str, units: u64) -> Request {
    Request::post("/v1/cart/addtocart", json!({ "productId": product, "quantity": units }))
}

/// Goes on with the payment of an order that waits, with the card it has.
pub fn go_on_paying(order: &str) -> Request {
    Request { body: None, ..Request::post(&format!("/v1/orders/{order}/payment"), Value::Null) }
}

pub fn cancel(order: &str) -> Request {
    Request::patch(&format!("/v1/orders/{order}/cancel"))
}

fn order(customer: &Customer, items: Option<Value>, token: &str) -> Request {
    let mut body = json!({
        "shippingAddressId": customer.address,
        "charge": { "paymentMethodId": token },
    });
    if let Some(items) = items {
        body["items"] = items;
    }
    Request::post("/v1/orders", body)
}

fn next_cursor(page: &Value) -> Option<String> {
    page["page"]["nextCursor"].as_str().map(str::to_owned)
}

fn product(staff: &mut Client, number: usize, units: u64) -> String {
    let body = json!({
        "name": format!("Product {number}"), "description": "", "price": "4.99",
        "stock": units, "categoryIds": [],
    });
    let made = staff.ask(&Request::post("/v1/product/createproduct", body)).expect(201);
    made.data()["id"].as_str().expect("an id").to_owned()
}

fn customer(at: SocketAddr, number: usize) -> Customer {
    let mut client = Client::at(at);
    let token = token(client.ask(&Request::post(
        "/v1/auth/signup",
        json!({
            "username": format!("customer{number}"),
            "email": format!("customer{number}@example.com"),
            "password": PASSWORD,
        }),
    )));
    client.token = Some(token.clone());
    let body = json!({
        "fullName": "A Customer", "phone": "+1-555-0100", "street": "1 Main Street",
        "city": "Springfield", "state": "OR", "country": "US", "postalCode": "97477",
        "isDefault": true,
    });
    let made = client.ask(&Request::post("/v1/users-address/createuseraddress", body)).expect(201);
    Customer { token, address: made.data()["id"].as_str().expect("an id").to_owned() }
}

fn token(reply: Reply) -> String {
    reply.data()["accessToken"].as_str().unwrap_or_else(|| panic!("{}", reply.body)).to_owned()
}

/// Who made the shop.
pub const ADMIN: &str = "root@example.com";
/// Everybody's password.
pub const PASSWORD: &str = "a long password of a crash test";
