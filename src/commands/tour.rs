//! The tour: one whole purchase over real HTTP, as a stranger's program would make it.
//!
//! Each step says what it did; the first one that did something else ends the tour.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::cli::say;

use super::Ended;

/// What came back.
struct Reply {
    status: u16,
    replayed: bool,
    body: Value,
}

struct Tour {
    client: Client,
    base: String,
    token: Option<String>,
}

/// Makes the whole purchase at this address.
pub async fn tour(address: SocketAddr) -> Result<(), Ended> {
    let client = Client::builder().timeout(ANSWER_WITHIN).build().map_err(Ended::plainly)?;
    let mut tour = Tour { client, base: format!("http://{address}"), token: None };
    tour.sign_up().await?;
    let product = tour.browse().await?;
    let address = tour.fill_cart(&product).await?;
    tour.be_declined(&address).await?;
    let order = tour.pay(&address).await?;
    tour.change_ones_mind(&order).await?;
    say("The tour is over: every step did what it should.").map_err(Ended::plainly)
}

impl Tour {
    async fn sign_up(&mut self) -> Result<(), Ended> {
        let body = json!({
            "username": "tourist", "email": "tourist@example.com", "password": PASSWORD,
        });
        let reply = self.ask(Method::POST, "/v1/auth/signup", Some(body), None).await?;
        expect(reply.status == 201, "signing up", &reply)?;
        self.token = reply.body["data"]["accessToken"].as_str().map(str::to_owned);
        told("signed up as tourist@example.com", &reply)
    }

    async fn browse(&self) -> Result<Value, Ended> {
        let path = "/v1/product/getproducts?inStock=true&limit=100";
        let reply = self.ask(Method::GET, path, None, None).await?;
        let products = reply.body["data"].as_array().cloned().unwrap_or_default();
        let simple = |product: &&Value| {
            product["variants"].as_array().is_some_and(|variants| variants.len() == 1)
                && product["stock"].as_u64() > Some(2)
        };
        let product = products.iter().find(simple).cloned().unwrap_or_default();
        expect(product["id"].is_string(), "browsing", &reply)?;
        told(&format!("found {}", product["name"]), &reply)?;
        Ok(product)
    }

    async fn fill_cart(&self, product: &Value) -> Result<Value, Ended> {
        let body = json!({ "productId": product["id"], "quantity": 2 });
        let reply = self.ask(Method::POST, "/v1/cart/addtocart", Some(body), None).await?;
        expect(reply.body["data"]["items"][0]["quantity"] == 2, "filling the cart", &reply)?;
        told(&format!("put two in the cart: {}", reply.body["data"]["subtotal"]), &reply)?;
        let body = json!({
            "fullName": "A Tourist", "phone": "+1-555-0100", "street": "1 Main Street",
            "city": "Springfield", "state": "OR", "country": "US", "postalCode": "97477",
            "isDefault": true,
        });
        let path = "/v1/users-address/createuseraddress";
        let reply = self.ask(Method::POST, path, Some(body), None).await?;
        expect(reply.status == 201, "giving an address", &reply)?;
        told("gave an address", &reply)?;
        Ok(reply.body["data"]["id"].clone())
    }

    async fn be_declined(&self, address: &Value) -> Result<(), Ended> {
        let body = order_with(address, "4000000000009995");
        let reply = self.ask(Method::POST, "/v1/orders", Some(body), Some("tour-1")).await?;
        let declined = reply.status == 402 && reply.body["declineCode"] == "insufficient_funds";
        expect(declined, "paying with an empty card", &reply)?;
        told("an empty card was declined, and the cart is as it was", &reply)
    }

    async fn pay(&self, address: &Value) -> Result<Value, Ended> {
        let ask = || {
            let body = order_with(address, "4242424242424242");
            self.ask(Method::POST, "/v1/orders", Some(body), Some("tour-2"))
        };
        let reply = ask().await?;
        let paid = reply.status == 201 && reply.body["data"]["status"] == "PAID";
        expect(paid, "paying with a good card", &reply)?;
        let total = &reply.body["data"]["totalPrice"];
        told(&format!("paid order {} of {total}", reply.body["data"]["number"]), &reply)?;
        let again = ask().await?;
        expect(again.replayed && again.body == reply.body, "sending the order again", &again)?;
        told("sent it again under the same key: the same answer, and no second charge", &again)?;
        Ok(reply.body["data"]["id"].clone())
    }

    async fn change_ones_mind(&self, order: &Value) -> Result<(), Ended> {
        let path = format!("/v1/orders/{}/cancel", order.as_str().unwrap_or_default());
        let reply = self.ask(Method::PATCH, &path, None, None).await?;
        let data = &reply.body["data"];
        let refunded = data["status"] == "CANCELLED"
            && data["payment"]["amountRefunded"] == data["totalPrice"];
        expect(refunded, "cancelling", &reply)?;
        told("changed our mind: cancelled, refunded, and back on the shelf", &reply)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Result<Reply, Ended> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer =
            request.send().await.map_err(|fault| Ended::Plainly(format!("{path}: {fault}")))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers());
        let replayed = headers.contains_key("idempotent-replayed");
        let bytes = answer.bytes().await.map_err(Ended::plainly)?;
        Ok(Reply { status, replayed, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }
}

fn order_with(address: &Value, card: &str) -> Value {
    json!({
        "shippingAddressId": address,
        "charge": { "card": {
            "number": card, "exp_month": 12, "exp_year": 2040, "cvc": "123",
        } },
    })
}

fn expect(so: bool, doing: &str, reply: &Reply) -> Result<(), Ended> {
    if so {
        return Ok(());
    }
    Err(Ended::Plainly(format!("{doing} went wrong: {} {}", reply.status, reply.body)))
}

fn told(what: &str, reply: &Reply) -> Result<(), Ended> {
    say(&format!("  {}  {what}", reply.status)).map_err(Ended::plainly)
}

const PASSWORD: &str = "a tourist's long password";
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
