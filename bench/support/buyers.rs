//! Those who buy in a benchmark, and what they buy, made over the shop's own wires.

use std::net::SocketAddr;

use bodega::domain::ids::ProductId;
use serde_json::{Value, json};

use crate::load::{Client, request};

/// Signs in; the access token.
pub fn signed_in(address: SocketAddr, email: &str, password: &str) -> String {
    let body = json!({ "email": email, "password": password }).to_string();
    let reply = posted(address, "/v1/auth/login", None, &body);
    reply["data"]["accessToken"].as_str().expect("a token").to_owned()
}

/// Products that do not sell out while they are measured.
pub fn plenty(address: SocketAddr, admin: &str, products: usize) -> Vec<String> {
    let made = (0..products).map(|number| {
        let body = json!({
            "name": format!("Bench tea {number}"), "description": "Never sells out.",
            "price": 4.20, "stock": 1_000_000, "categoryIds": [],
        });
        let reply = posted(address, "/v1/product/createproduct", Some(admin), &body.to_string());
        let id = reply["data"]["id"].as_str().unwrap_or_else(|| panic!("{reply}"));
        id.parse::<ProductId>().expect("an id").to_string()
    });
    made.collect()
}

/// A customer with an address: their token, and the address's id.
pub fn buyer(address: SocketAddr, number: usize) -> (String, String) {
    let body = json!({
        "username": format!("buyer{number}"), "email": format!("buyer{number}@example.com"),
        "password": "a long enough password",
    });
    let reply = posted(address, "/v1/auth/signup", None, &body.to_string());
    let token = reply["data"]["accessToken"].as_str().expect("a token").to_owned();
    let home = json!({
        "fullName": "A Buyer", "phone": "+1-555-0100", "street": "1 Main Street",
        "city": "Springfield", "state": "OR", "country": "US", "postalCode": "97477",
    });
    let path = "/v1/users-address/createuseraddress";
    let reply = posted(address, path, Some(&token), &home.to_string());
    (token, reply["data"]["id"].as_str().expect("an id").to_owned())
}

fn posted(address: SocketAddr, path: &str, token: Option<&str>, body: &str) -> Value {
    let reply = Client::to(address).send(&request("POST", path, token, Some(body)));
    serde_json::from_slice(&reply.expect("an answer").body).expect("JSON")
}
