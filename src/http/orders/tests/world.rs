//! World: a demo shop on a temporary folder, asked over its whole way of a request.

use std::ffi::OsString;

use actix_web::{http::Method, test};
use serde_json::{Value, json};

use crate::{
    accounts::SignUp,
    actors::assortment::{StockedVariant, WantedProduct},
    clock::Clock,
    config::{Flags, Layers, Purpose, Settings},
    domain::{
        catalogue::{ProductOption, WantedVariant},
        ids::ProductId,
        money::{Currency, Money},
        time::{Timestamp, Who},
        users::Role,
    },
    http::{server::app, wiring::pipeline},
    shop::Shop,
    store::{Silent, Store, StoreOptions, registry},
};

/// A shop with an admin and two customers, who each have an address.
pub struct World {
    pub shop: Shop,
    pub admin: Person,
    pub ada: Person,
    pub bob: Person,
    _folder: tempfile::TempDir,
}

/// Somebody who is signed in.
#[derive(Clone, Default)]
pub struct Person {
    pub token: String,
    pub address: String,
}

/// An answer as a test reads it.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub replayed: bool,
    pub text: String,
    pub policy: String,
    pub etag: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON body")
    }

    /// The data of a success.
    #[track_caller]
    pub fn data(&self) -> Value {
        assert!(self.status < 300, "{self:?}");
        self.json()["data"].take()
    }

    /// Status and code of a refusal.
    pub fn no(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Pointer and code of each fault.
    pub fn faults(&self) -> Vec<String> {
        let errors = self.json()["errors"].take();
        let told = |error: &Value| {
            let word = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", word("pointer"), word("code"))
        };
        errors.as_array().map(|errors| errors.iter().map(told).collect()).unwrap_or_default()
    }
}

impl World {
    pub async fn new() -> World {
        World::taking("demo").await
    }

    /// A shop with this gateway.
    pub async fn taking(gateway: &str) -> World {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = StoreOptions { low_water_bytes: 0, ..StoreOptions::default() };
        let (store, _) = Store::open(folder.path(), registry(), options, &Silent).expect("a store");
        let flags =
            Flags { data_dir: Some(folder.path().display().to_string()), ..Flags::default() };
        let chosen = [("BODEGA_PAYMENTS__GATEWAY", gateway), ("BODEGA_LIMITS__ENABLED", "false")];
        let chosen = chosen.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let settings = Settings::from_layers(&Layers::gather(&flags, chosen, Purpose::Shop));
        let clock = Clock::stopped_at(Timestamp::from_millis(1_700_000_000_000));
        let arbiter = actix::Arbiter::current();
        let shop = Shop::over(store, clock, settings.expect("sound settings"), &arbiter).await;
        let mut world = World {
            shop: shop.expect("a shop"),
            admin: Person::default(),
            ada: Person::default(),
            bob: Person::default(),
            _folder: folder,
        };
        world.admin = world.enters("root", Role::Admin).await;
        world.ada = world.enters("ada", Role::Customer).await;
        world.bob = world.enters("bob", Role::Customer).await;
        world
    }

    async fn enters(&self, name: &str, role: Role) -> Person {
        let email = format!("{name}@example.com");
        let password = "a long enough pass phrase";
        let wanted = SignUp {
            username: format!("{name}-of-the-shop"),
            email: email.clone(),
            phone: None,
            password: password.into(),
            role,
        };
        self.shop.accounts.create(wanted).await.expect("an account");
        let body = json!({ "email": email, "password": password });
        let said = self.asks(Method::POST, "/v1/auth/login", "", Some(body), "").await;
        let token = said.data()["accessToken"].as_str().expect("a token").to_owned();
        let body = json!({
            "fullName": name, "phone": "1", "street": "Way 1", "city": "Town", "state": "S",
            "country": "US", "postalCode": "12345",
        });
        let path = "/v1/users-address/createuseraddress";
        let said = self.asks(Method::POST, path, &token, Some(body), "").await;
        let address = said.data()["id"].as_str().expect("an id").to_owned();
        Person { token, address }
    }

    /// Something to sell at this price, so many of it; with one variant, or two.
    pub async fn sells(&self, name: &str, cents: i64, on_hand: u32, sizes: &[&str]) -> ProductId {
        let stocked = |options| StockedVariant {
            wanted: WantedVariant { options, ..WantedVariant::default() },
            on_hand: Some(on_hand),
        };
        let of_size = |size: &&str| [("Size".to_owned(), (*size).to_owned())].into();
        let option = ProductOption {
            name: "Size".to_owned(),
            values: sizes.iter().map(|size| (*size).to_owned()).collect(),
        };
        let wanted = WantedProduct {
            handle: None,
            is_active: true,
            name: name.to_owned(),
            description: "Good.".to_owned(),
            price: Money::of(cents, Currency::USD).expect("an amount"),
            category_ids: vec![],
            images: vec![],
            brand: None,
            options: if sizes.is_empty() { vec![] } else { vec![option] },
            variants: match sizes {
                [] => vec![stocked([].into())],
                sizes => sizes.iter().map(of_size).map(stocked).collect(),
            },
        };
        let added = self.shop.assortment.add(wanted, self.shop.intent(Who::Shop)).await;
        added.expect("a product").id
    }

    pub async fn gets(&self, who: &Person, path: &str) -> Said {
        self.asks(Method::GET, path, &who.token, None, "").await
    }

    pub async fn posts(&self, who: &Person, path: &str, body: Value) -> Said {
        self.asks(Method::POST, path, &who.token, Some(body), "").await
    }

    pub async fn patches(&self, who: &Person, path: &str, body: Value) -> Said {
        self.asks(Method::PATCH, path, &who.token, Some(body), "").await
    }

    /// Asks for anything; an empty token is nobody, an empty key none, a text a form.
    pub async fn asks(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
        key: &str,
    ) -> Said {
        let headers = [("idempotency-key", key)];
        let headers = if key.is_empty() { &[][..] } else { &headers };
        self.asks_with(method, path, token, body, headers).await
    }

    /// The same, with these headers.
    pub async fn asks_with(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
        headers: &[(&'static str, &str)],
    ) -> Said {
        let service = test::init_service(app(pipeline(self.shop.clone()), vec![])).await;
        let mut request = test::TestRequest::default().method(method).uri(path);
        if !token.is_empty() {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for header in headers {
            request = request.insert_header(*header);
        }
        request = match body {
            None => request,
            Some(Value::String(form)) => request
                .insert_header(("content-type", "application/x-www-form-urlencoded"))
                .set_payload(form),
            Some(body) => request.set_json(body),
        };
        let answer = test::call_service(&service, request.to_request()).await;
        let header = |name: &str| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let status = answer.status().as_u16();
        let (policy, etag) = (header("content-security-policy"), header("etag"));
        let replayed = header("idempotent-replayed") == "true";
        let body = test::read_body(answer).await;
        let text = String::from_utf8(body.to_vec()).expect("text");
        Said { status, replayed, text, policy, etag }
    }

    /// Orders one thing of a product with this way to pay.
    pub async fn buys(&self, who: &Person, product: ProductId, pays: Value) -> Said {
        let mut body = json!({
            "shippingAddressId": who.address,
            "items": [{ "productId": product.to_string(), "quantity": 1 }],
        });
        for (name, value) in pays.as_object().expect("fields") {
            body[name] = value.clone();
        }
        self.posts(who, "/v1/orders", body).await
    }
}

/// Pays with a test card of this name.
pub fn with(card: &str) -> Value {
    json!({ "charge": { "paymentMethodId": format!("pm_card_{card}") } })
}
