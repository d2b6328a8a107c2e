//! Market: a shop made ready over its own wire, with an admin, shelves and customers, and the
//! shop's own account of it all.

use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde_json::{Value, json};

use super::{
    Broken, Violation,
    audit::{Books, Shelf},
    house::House,
};
use crate::commands::client::{Client, Reply, Request};

/// Somebody with an account and an address.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub token: String,
    pub address: String,
}

/// What a shop was made ready with.
#[derive(Clone, Debug)]
pub(super) struct Market {
    admin: String,
    pub products: Vec<String>,
    pub customers: Vec<Customer>,
    units: u32,
}

impl Market {
    /// Puts so many units of a product of each price on the shelf, and signs so many people up.
    pub async fn made_ready(
        house: &House,
        prices: &[String],
        units: u32,
        customers: u32,
    ) -> Result<Market, Broken> {
        house.make_admin(ADMIN, PASSWORD)?;
        let serving = house.open()?;
        let stranger = Client::at(serving.address).map_err(Broken::plainly)?;
        let body = json!({ "email": ADMIN, "password": PASSWORD });
        let admin = token(&must(&stranger, Request::post("/v1/auth/login", body)).await?)?;
        let staff = stranger.with_token(&admin);
        let mut products = Vec::new();
        for (number, price) in prices.iter().enumerate() {
            let body = json!({
                "name": format!("Product {number}"), "description": "", "price": price,
                "stock": units, "categoryIds": [],
            });
            let made = must(&staff, Request::post("/v1/product/createproduct", body)).await?;
            products.push(text(made.data(), "id")?);
        }
        let customers = stream::iter(0..customers)
            .map(|number| customer(&stranger, number))
            .buffered(SIGN_UPS_MAX)
            .try_collect()
            .await?;
        serving.stop()?;
        Ok(Market { admin, products, customers, units })
    }

    /// Those who work in the shop, at the address of `stranger`.
    pub fn staff(&self, stranger: &Client) -> Client {
        stranger.with_token(&self.admin)
    }

    /// Every order that there is.
    pub async fn orders(&self, stranger: &Client) -> Result<Vec<Value>, Broken> {
        orders(&self.staff(stranger)).await
    }

    /// What the shop says itself: every order, every shelf, every cart.
    pub async fn books(&self, stranger: &Client) -> Result<Books, Broken> {
        let staff = self.staff(stranger);
        let mut books = Books { orders: orders(&staff).await?, ..Books::default() };
        for product in &self.products {
            let path = format!("/v1/inventory/getinventoryforproduct/{product}");
            let shown = must(&staff, Request::get(path)).await?;
            let shelf = shown.data().as_array().map_or(shown.data(), |shelves| &shelves[0]);
            let figure = |name: &str| shelf[name].as_u64().unwrap_or(u64::MAX);
            let (on_hand, reserved) = (figure("quantity"), figure("reserved"));
            let (product, received) = (product.clone(), u64::from(self.units));
            books.shelves.push(Shelf { product, received, on_hand, reserved });
        }
        let carts = self.customers.iter().map(async |customer| {
            let client = stranger.with_token(&customer.token);
            let shown = must(&client, Request::get("/v1/cart/getcart")).await?;
            Ok::<Value, Broken>(shown.data().clone())
        });
        books.carts = try_join_all(carts).await?;
        Ok(books)
    }
}

/// Asks for what must not be refused.
pub(super) async fn must(client: &Client, request: Request) -> Result<Reply, Broken> {
    let reply = client.send(&request).await.map_err(Broken::plainly)?;
    if reply.status < 300 {
        return Ok(reply);
    }
    let Reply { status, text, .. } = reply;
    Err(Violation(format!("{} {} was refused: {status} {text}", request.method, request.path))
        .into())
}

async fn orders(staff: &Client) -> Result<Vec<Value>, Broken> {
    let (mut orders, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = must(staff, Request::get(format!("/v1/orders/all?limit=100{cursor}"))).await?;
        orders.extend(page.data().as_array().into_iter().flatten().cloned());
        let Some(next) = page.body["page"]["nextCursor"].as_str() else { return Ok(orders) };
        cursor = format!("&cursor={next}");
    }
}

async fn customer(stranger: &Client, number: u32) -> Result<Customer, Broken> {
    let body = json!({
        "username": format!("buyer{number}"), "email": format!("buyer{number}@example.com"),
        "password": PASSWORD,
    });
    let token = token(&must(stranger, Request::post("/v1/auth/signup", body)).await?)?;
    let body = json!({
        "fullName": "A Buyer", "phone": "+1-555-0100", "street": "1 Main Street",
        "city": "Springfield", "state": "OR", "country": "US", "postalCode": "97477",
        "isDefault": true,
    });
    let path = "/v1/users-address/createuseraddress";
    let made = must(&stranger.with_token(&token), Request::post(path, body)).await?;
    Ok(Customer { token, address: text(made.data(), "id")? })
}

fn token(reply: &Reply) -> Result<String, Broken> {
    text(reply.data(), "accessToken")
}

fn text(value: &Value, name: &str) -> Result<String, Broken> {
    let found = value[name].as_str().map(str::to_owned);
    found.ok_or_else(|| Violation(format!("an answer without {name}: {value}")).into())
}

const ADMIN: &str = "owner@example.com";
const PASSWORD: &str = "the long password of a proof";
/// People who sign up at the same time: each costs the shop tens of milliseconds of hashing.
const SIGN_UPS_MAX: usize = 4;
