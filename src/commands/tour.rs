//! The tour: one whole purchase over real HTTP, as a stranger's program would make it.
//!
//! Each step says what it did; the first one that did something else ends the tour.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{
    cli::say,
    config::{LogRequests, LogSettings},
};

use super::{
    Ended,
    client::{Client, Reply, Request},
};

/// Between the steps stands only what went wrong.
pub fn quieten(log: &mut LogSettings) {
    log.level = log.level.min(tracing::Level::WARN);
    log.requests = LogRequests::None;
}

struct Tour {
    client: Client,
}

/// Makes the whole purchase at this address.
pub async fn tour(address: SocketAddr) -> Result<(), Ended> {
    let mut tour = Tour { client: Client::at(address).map_err(Ended::plainly)? };
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
        let reply = self.ask(Request::post("/v1/auth/signup", body)).await?;
        expect(reply.status == 201, "signing up", &reply)?;
        self.client.token = reply.data()["accessToken"].as_str().map(str::to_owned);
        told("signed up as tourist@example.com", &reply)
    }

    async fn browse(&self) -> Result<Value, Ended> {
        let path = "/v1/product/getproducts?inStock=true&limit=100";
        let reply = self.ask(Request::get(path)).await?;
        let products = reply.data().as_array().cloned().unwrap_or_default();
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
        let reply = self.ask(Request::post("/v1/cart/addtocart", body)).await?;
        expect(reply.data()["items"][0]["quantity"] == 2, "filling the cart", &reply)?;
        told(&format!("put two in the cart: {}", reply.data()["subtotal"]), &reply)?;
        let body = json!({
            "fullName": "A Tourist", "phone": "+1-555-0100", "street": "1 Main Street",
            "city": "Springfield", "state": "OR", "country": "US", "postalCode": "97477",
            "isDefault": true,
        });
        let path = "/v1/users-address/createuseraddress";
        let reply = self.ask(Request::post(path, body)).await?;
        expect(reply.status == 201, "giving an address", &reply)?;
        told("gave an address", &reply)?;
        Ok(reply.data()["id"].clone())
    }

    async fn be_declined(&self, address: &Value) -> Result<(), Ended> {
        let body = order_with(address, "4000000000009995");
        let reply = self.ask(Request::post("/v1/orders", body).under("tour-1")).await?;
        let declined = reply.status == 402 && reply.body["declineCode"] == "insufficient_funds";
        expect(declined, "paying with an empty card", &reply)?;
        told("an empty card was declined, and the cart is as it was", &reply)
    }

    async fn pay(&self, address: &Value) -> Result<Value, Ended> {
        let ask = || {
            let body = order_with(address, "4242424242424242");
            self.ask(Request::post("/v1/orders", body).under("tour-2"))
        };
        let reply = ask().await?;
        let paid = reply.status == 201 && reply.data()["status"] == "PAID";
        expect(paid, "paying with a good card", &reply)?;
        let total = &reply.data()["totalPrice"];
        told(&format!("paid order {} of {total}", reply.data()["number"]), &reply)?;
        let again = ask().await?;
        expect(again.replayed && again.body == reply.body, "sending the order again", &again)?;
        told("sent it again under the same key: the same answer, and no second charge", &again)?;
        Ok(reply.data()["id"].clone())
    }

    async fn change_ones_mind(&self, order: &Value) -> Result<(), Ended> {
        let path = format!("/v1/orders/{}/cancel", order.as_str().unwrap_or_default());
        let reply = self.ask(Request::patch(path)).await?;
        let data = &reply.data();
        let refunded = data["status"] == "CANCELLED"
            && data["payment"]["amountRefunded"] == data["totalPrice"];
        expect(refunded, "cancelling", &reply)?;
        told("changed our mind: cancelled, refunded, and back on the shelf", &reply)
    }

    async fn ask(&self, request: Request) -> Result<Reply, Ended> {
        self.client.send(&request).await.map_err(Ended::plainly)
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
