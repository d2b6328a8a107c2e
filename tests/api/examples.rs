//! Examples: the ones in the OpenAPI document were asked and answered, in the story told here.
//!
//! Each operation is asked for once and its example recorded; what differs from run to run (ids,
//! tokens, ports) is written the same each time. An operation that answers otherwise than
//! recorded, or that no story asks for, fails the test. `just snap examples` records anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use actix_web::http::Method;
use bodega::{
    config::Gateway,
    http::{table::Operation, wiring},
    shop::Shop,
};
use serde_json::{Map, Value, json};

use crate::support::{
    Bodega, PASSWORD, Person,
    python::said_by,
    receiver::Receiver,
    wares::{VISA, address, id, order, text},
};

/// (operation, why it has no example)
const WITHOUT: &[(&str, &str)] = &[
    ("GET /v1/events/stream", "it never ends; docs/events.md shows what it sends"),
    ("POST /v1/webhooks/stripe", "only Stripe can sign what it takes"),
    ("GET /metrics", "numbers in the text format of Prometheus, others in each run"),
    ("GET /media/{name}", "a picture"),
];

/// What is asked of an operation, by its name in the table.
struct Asked {
    name: &'static str,
    path: Vec<String>,
    query: Value,
    body: Value,
}

fn does(name: &'static str) -> Asked {
    Asked { name, path: Vec::new(), query: Value::Null, body: Value::Null }
}

impl Asked {
    fn on(mut self, named: &str) -> Asked {
        self.path.push(named.to_owned());
        self
    }

    fn asking(self, query: Value) -> Asked {
        Asked { query, ..self }
    }

    fn saying(self, body: Value) -> Asked {
        Asked { body, ..self }
    }
}

/// The story so far: who asked what, and what was answered.
struct Story {
    table: BTreeMap<String, Operation<Shop>>,
    told: Vec<(String, Value)>,
}

impl Story {
    fn begins() -> Story {
        let table = wiring::operations(Gateway::Demo).into_iter();
        let named = |known: Operation<Shop>| (format!("{} {}", known.method, known.path), known);
        let table = table.filter(|known| !known.is_hidden).map(named).collect();
        Story { table, told: Vec::new() }
    }

    /// Asks, records, and gives what was granted.
    async fn tell(&mut self, who: &Person, asked: Asked) -> Value {
        let Asked { name, path, query, body } = asked;
        let operation = self.table.get(name).unwrap_or_else(|| panic!("{name} is not there"));
        let mut named = Map::new();
        let mut values = path.iter();
        let filled: Vec<String> = operation
            .path
            .split('/')
            .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None => part.to_owned(),
                Some(parameter) => {
                    let value = values.next().unwrap_or_else(|| panic!("{name}: {parameter}?"));
                    named.insert(parameter.to_owned(), json!(value));
                    value.clone()
                }
            })
            .collect();
        let target = format!("{}{}", filled.join("/"), written(&query));
        let mut ask = who.asks(operation.method.clone(), &target);
        match &body {
            Value::Null => {}
            Value::String(file) => ask = ask.bytes("text/csv", file.clone()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                ask = ask.json(&body);
            }
        }
        let reply = ask.await;
        assert_eq!(reply.status, operation.status.as_u16(), "{name}: {}", reply.text());
        let is_json = reply.header("content-type") == "application/json";
        let answer = if is_json { reply.json() } else { json!(reply.text()) };
        let parts = [("path", named.into()), ("query", query), ("body", body)];
        let mut example: Map<String, Value> = parts
            .into_iter()
            .filter(|(_, part)| !part.is_null() && *part != json!({}))
            .map(|(part, value)| (part.to_owned(), value))
            .collect();
        example.insert("answer".to_owned(), answer.clone());
        let operation_id = operation.id.clone();
        assert!(
            self.told.iter().all(|(known, _)| *known != operation_id),
            "{name}: once is enough"
        );
        self.told.push((operation_id, example.into()));
        answer["data"].clone()
    }

    /// The operations nobody asked for.
    fn untold(&self) -> BTreeSet<&str> {
        let told =
            |operation: &Operation<Shop>| self.told.iter().any(|(id, _)| *id == operation.id);
        let untold = self.table.iter().filter(|(_, operation)| !told(operation));
        untold.map(|(name, _)| name.as_str()).collect()
    }

    /// All of it, as every run tells it.
    fn recorded(self) -> String {
        let mut same = Same::default();
        let told: Map<String, Value> =
            self.told.into_iter().map(|(id, example)| (id, same.value("", example))).collect();
        let told: BTreeMap<String, Value> = told.into_iter().collect();
        serde_json::to_string_pretty(&told).expect("JSON") + "\n"
    }
}

/// A query as it stands in an address.
fn written(query: &Value) -> String {
    let Some(fields) = query.as_object() else { return String::new() };
    let text_of = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", text_of(value).replace(' ', "%20")))
        .collect();
    format!("?{}", pairs.join("&"))
}

/// Writes what differs from run to run the same in all of them, and equal things equally.
#[derive(Default)]
struct Same {
    ids: BTreeMap<String, String>,
    positions: BTreeMap<u64, u64>,
}

impl Same {
    fn value(&mut self, name: &str, value: Value) -> Value {
        if let Some((_, shown)) = SHOWN.iter().find(|(known, _)| *known == name)
            && value.is_string()
        {
            return json!(shown);
        }
        match value {
            Value::String(text) => json!(self.text(&text)),
            Value::Array(all) => all.into_iter().map(|one| self.value(name, one)).collect(),
            Value::Object(mut fields) => {
                // How far a courier is depends on how fast it was.
                if fields.contains_key("lag") {
                    let still =
                        [("lag", json!(0)), ("position", json!(1)), ("delivered", json!(1))];
                    fields.extend(still.map(|(name, value)| (name.to_owned(), value)));
                    fields.insert("behindSince".to_owned(), Value::Null);
                }
                let told = |(name, it): (String, Value)| (name.clone(), self.value(&name, it));
                Value::Object(fields.into_iter().map(told).collect())
            }
            Value::Number(number) if POSITIONS.contains(&name) => {
                let next = 1 + u64::try_from(self.positions.len()).expect("few");
                let position = number.as_u64().expect("a position");
                json!(self.positions.entry(position).or_insert(next))
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
        }
    }

    /// A text with other ids in it, with one position for all, and with one end of all SKUs that
    /// the shop thought up.
    fn text(&mut self, text: &str) -> String {
        let mut shown = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(id) = rest.get(..ID_LETTERS).filter(|id| is_id(id)) {
                let next = self.ids.len() + 1;
                let new = || format!("019e7000-0000-7000-8000-{next:012}");
                shown.push_str(self.ids.entry(id.to_owned()).or_insert_with(new));
                rest = &rest[ID_LETTERS..];
            } else if shown.ends_with(|before: char| before.is_ascii_uppercase())
                && let Some(behind) = rest.get(..SKU_END.len()).filter(|end| is_sku_end(end))
            {
                shown.push_str(SKU_END);
                rest = &rest[behind.len()..];
            } else if let Some(behind) = rest.strip_prefix(POSITION) {
                shown.push_str(POSITION);
                shown.push('1');
                rest = behind.trim_start_matches(|digit: char| digit.is_ascii_digit());
            } else {
                shown.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        shown
    }
}

fn is_sku_end(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

fn is_id(text: &str) -> bool {
    text.bytes().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// The whole story, told once.
async fn told() -> String {
    let chosen = [("webhooks.allow_private", "true"), ("shop.public_url", "https://shop.example")];
    let bodega = Bodega::with_stopped_clock_and(&chosen);
    let owner = bodega.owner().await;
    bodega.sends_letters().await;
    let mut story = Story::begins();
    let ada = people(&mut story, &bodega, &owner).await;
    let tea = wares(&mut story, &bodega, &owner).await;
    shelves(&mut story, &owner, &tea).await;
    purchases(&mut story, &bodega, (&owner, &ada), &tea).await;
    outside(&mut story, &bodega, &owner).await;
    letters(&mut story, &bodega, &owner).await;
    house(&mut story, &bodega, &owner).await;
    leaving(&mut story, &bodega).await;
    let without: BTreeSet<&str> = WITHOUT.iter().map(|(name, _)| *name).collect();
    assert_eq!(story.untold(), without, "each operation has an example, or a reason");

    story.recorded()
}

#[actix_web::test]
async fn the_examples_of_the_document_are_what_was_asked_and_answered() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/examples.json");
    let recorded = told().await;
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(&path, &recorded).expect("a file of ours");
    }
    let kept = fs::read_to_string(&path).expect("a file of ours");
    for (number, (is, was)) in recorded.lines().zip(kept.lines()).enumerate() {
        assert_eq!(is, was, "line {} of data/examples.json; see `just snap examples`", number + 1);
    }
    assert_eq!(recorded.lines().count(), kept.lines().count());
}

/// Accounts, sessions and addresses.
async fn people(story: &mut Story, bodega: &Bodega, owner: &Person) -> Person {
    let visitor = bodega.visitor();
    let (email, new) = ("ada@example.com", "another horse entirely");
    let wish = json!({
        "username": "ada", "email": email, "password": PASSWORD, "phoneNumber": "+44 20 7946 0000",
    });
    story.tell(&visitor, does("POST /v1/auth/signup").saying(wish)).await;
    let signs_in = json!({ "email": email, "password": PASSWORD });
    let signed_in = story.tell(&visitor, does("POST /v1/auth/login").saying(signs_in)).await;
    let refresh = json!({ "refreshToken": signed_in["refreshToken"] });
    story.tell(&visitor, does("POST /v1/auth/refreshtoken").saying(refresh)).await;
    let forgot = json!({ "email": email });
    story.tell(&visitor, does("POST /v1/auth/forgotpassword").saying(forgot)).await;
    bodega.has_told_everything().await;
    let letters = bodega.letters_to(email, 1).await;
    let token = letters.iter().flat_map(|letter| letter.text.lines());
    let token = token.filter_map(|line| line.split_once("/reset-password?token=")).next();
    let reset = json!({ "token": token.expect("a link").1, "newPassword": new });
    story.tell(&visitor, does("POST /v1/auth/resetpassword").saying(reset)).await;
    let signs_in = json!({ "email": email, "password": new });
    let other = visitor.post("/v1/auth/login", signs_in.clone()).await;
    let ada = visitor.holding(&visitor.post("/v1/auth/login", signs_in).await);
    let sessions = story.tell(&ada, does("GET /v1/auth/sessions")).await;
    let others = sessions.as_array().expect("a list").iter().find(|one| one["current"] != true);
    let others = id(others.expect("another session")).to_owned();
    story.tell(&ada, does("DELETE /v1/auth/sessions/{id}").on(&others)).await;
    drop(other);
    let change = json!({ "oldPassword": new, "newPassword": PASSWORD });
    story.tell(&ada, does("POST /v1/auth/changepassword").saying(change)).await;
    let signs_in = json!({ "email": email, "password": PASSWORD });
    let ada = visitor.holding(&visitor.post("/v1/auth/login", signs_in).await);

    story.tell(&ada, does("GET /v1/auth/getprofile")).await;
    story.tell(owner, does("GET /v1/users/getusers").asking(json!({ "limit": 1 }))).await;
    story.tell(&ada, does("GET /v1/users/getuser/{id}").on(&ada.id)).await;
    let edit = json!({ "username": "ada.byron" });
    story.tell(&ada, does("PATCH /v1/users/updateuser").saying(edit)).await;
    let bob = bodega.customer("bob").await;
    // An account that is gone before its welcome has left makes a letter that was given up.
    bodega.has_told_everything().await;
    let role = json!({ "role": "INVENTORY_MANAGER" });
    story.tell(owner, does("PATCH /v1/users/{id}/role").on(&bob.id).saying(role)).await;
    story.tell(owner, does("DELETE /v1/users/deleteuser/{id}").on(&bob.id)).await;

    let made = does("POST /v1/users-address/createuseraddress").saying(address());
    let home = story.tell(&ada, made).await;
    story.tell(&ada, does("GET /v1/users-address/getuseraddresses")).await;
    story.tell(&ada, does("GET /v1/users-address/getuseraddressbyid/{id}").on(id(&home))).await;
    let second = ada.has_address().await;
    let edit = does("PATCH /v1/users-address/updateuseraddress/{id}").on(&second);
    story.tell(&ada, edit.saying(json!({ "city": "Oxford", "isDefault": false }))).await;
    story.tell(&ada, does("DELETE /v1/users-address/deleteuseraddress/{id}").on(&second)).await;
    ada
}

/// Products, categories and search.
async fn wares(story: &mut Story, bodega: &Bodega, owner: &Person) -> Value {
    let visitor = bodega.visitor();
    let wish = json!({ "name": "Teas", "description": "Black, green and white." });
    let teas = story.tell(owner, does("POST /v1/product/createcategory").saying(wish)).await;
    let slug = text(&teas["slug"]).to_owned();
    story.tell(&visitor, does("GET /v1/product/getcategories")).await;
    story.tell(&visitor, does("GET /v1/product/getcategory/{id}").on(id(&teas))).await;
    story.tell(&visitor, does("GET /v1/product/getcategoriesbyslug/{slug}").on(&slug)).await;
    let edit = json!({ "description": "From many gardens." });
    let edited = does("PATCH /v1/product/updatecategory/{id}").on(id(&teas)).saying(edit);
    story.tell(owner, edited).await;
    story.tell(&visitor, does("GET /v1/product/categories/tree")).await;
    let wish = json!({ "name": "Gone", "description": "" });
    let gone = owner.post("/v1/product/createcategory", wish).await.data();
    story.tell(owner, does("DELETE /v1/product/deletecategory/{id}").on(id(&gone))).await;

    let wish = json!({
        "name": "Assam", "description": "Malty and strong.", "price": "3.99", "stock": 0,
        "categoryIds": [id(&teas)], "brand": "Hillside",
        "options": [{ "name": "Size", "values": ["100 g", "250 g"] }],
        "variants": [
            { "sku": "ASSAM-100", "options": { "Size": "100 g" }, "stock": 40 },
            { "sku": "ASSAM-250", "options": { "Size": "250 g" }, "price": "8.50", "stock": 12 },
        ],
    });
    let tea = story.tell(owner, does("POST /v1/product/createproduct").saying(wish)).await;
    let slug = text(&tea["slug"]).to_owned();
    story.tell(&visitor, does("GET /v1/product/getproduct/{id}").on(id(&tea))).await;
    story.tell(&visitor, does("GET /v1/product/getproductsbyslug/{slug}").on(&slug)).await;
    let edit = json!({ "id": id(&tea), "description": "Malty, strong and bright." });
    story.tell(owner, does("PATCH /v1/product/updateproduct").saying(edit)).await;
    let query = json!({ "category": "teas", "inStock": true, "sort": "price_asc", "limit": 10 });
    story.tell(&visitor, does("GET /v1/product/getproducts").asking(query)).await;
    story.tell(&visitor, does("GET /v1/product/getavailableproducts")).await;
    story.tell(&visitor, does("GET /v1/product/getproductsbycategory/{slug}").on("teas")).await;
    bodega.shop.search.knows(bodega.shop.store().health().seq).await;
    bodega.shop.register.knows(bodega.shop.store().health().seq).await;
    let query = json!({ "query": "asam", "limit": 10 });
    story.tell(&visitor, does("GET /v1/product/searchproducts").asking(query)).await;
    let query = json!({ "query": "ass" });
    story.tell(&visitor, does("GET /v1/product/suggest").asking(query)).await;
    let query = json!({ "query": "assam" });
    story.tell(owner, does("GET /v1/search").asking(query)).await;
    let wish = json!({ "groups": [["tea", "chai"]] });
    story.tell(owner, does("PUT /v1/search/synonyms").saying(wish)).await;
    story.tell(owner, does("GET /v1/search/synonyms")).await;
    visitor.get("/v1/product/searchproducts?query=hibiscus").await.data();
    story.tell(owner, does("GET /v1/search/misses")).await;
    story.tell(owner, does("DELETE /v1/search/misses")).await;
    let file = "handle,name,description,price,stock\nsencha,Sencha,Green and fresh.,5.20,30\n";
    story.tell(owner, does("POST /v1/product/import").saying(json!(file))).await;
    story.tell(owner, does("GET /v1/product/export")).await;
    let gone = owner.adds_product("Gone", "1.00", 0).await;
    story.tell(owner, does("DELETE /v1/product/deleteproduct/{id}").on(id(&gone))).await;
    tea
}

/// Stock.
async fn shelves(story: &mut Story, owner: &Person, tea: &Value) {
    let variant = |number: usize| id(&tea["variants"][number]).to_owned();
    let units = |number: usize, quantity: u32| {
        let (product, variant) = (id(tea), variant(number));
        json!({ "productId": product, "variantId": variant, "quantity": quantity })
    };
    let with = |mut body: Value, field: &str, value: &str| {
        body[field] = json!(value);
        body
    };
    let wish = json!({
        "name": "Darjeeling", "description": "", "price": "6.00", "stock": 0, "categoryIds": [],
    });
    let other = owner.post("/v1/product/createproduct", wish).await.data();
    let first = json!({ "productId": id(&other), "quantity": 20 });
    story.tell(owner, does("POST /v1/inventory/createinventory").saying(first)).await;
    let shelf = does("GET /v1/inventory/getinventoryforproduct/{id}").on(id(tea));
    story.tell(owner, shelf.asking(json!({ "variantId": variant(1) }))).await;
    story.tell(owner, does("GET /v1/inventory/getavailableproducts")).await;
    let came = with(units(0, 24), "reason", "delivery 7");
    story.tell(owner, does("POST /v1/inventory/addstock").saying(came)).await;
    let broke = with(units(0, 2), "reason", "torn");
    story.tell(owner, does("POST /v1/inventory/reducestock").saying(broke)).await;
    let aside = with(units(1, 3), "orderId", "window display");
    story.tell(owner, does("POST /v1/inventory/reservestock").saying(aside)).await;
    let back = with(units(1, 3), "orderId", "window display");
    story.tell(owner, does("POST /v1/inventory/releasestock").saying(back)).await;
    let counted = json!({ "variantId": variant(1), "quantity": 4, "lowStockThreshold": 6 });
    let counts = does("PATCH /v1/inventory/updateinventory/{productId}").on(id(tea));
    story.tell(owner, counts.saying(counted)).await;
    let ledger = does("GET /v1/inventory/ledger/{productId}").on(id(tea));
    story.tell(owner, ledger.asking(json!({ "variantId": variant(1), "limit": 2 }))).await;
    story.tell(owner, does("GET /v1/inventory/low-stock")).await;
}

/// Carts, orders and payments.
async fn purchases(
    story: &mut Story,
    bodega: &Bodega,
    (owner, ada): (&Person, &Person),
    tea: &Value,
) {
    let small = id(&tea["variants"][0]).to_owned();
    let line = json!({ "productId": id(tea), "variantId": small, "quantity": 2 });
    story.tell(ada, does("POST /v1/cart/addtocart").saying(line)).await;
    story.tell(ada, does("GET /v1/cart/getcart")).await;
    let changed = does("PATCH /v1/cart/updatecartitem/{productId}").on(id(tea));
    story.tell(ada, changed.saying(json!({ "variantId": small, "quantity": 3 }))).await;
    let taken_out = does("DELETE /v1/cart/removecartitem/{productId}").on(id(tea));
    story.tell(ada, taken_out.asking(json!({ "variantId": small }))).await;
    story.tell(ada, does("DELETE /v1/cart/clearcart")).await;

    let homes = ada.get("/v1/users-address/getuseraddresses").await.data();
    let to = id(&homes[0]).to_owned();
    let wish = json!({
        "shippingAddressId": to,
        "items": [{ "productId": id(tea), "variantId": small, "quantity": 2 }],
        "charge": { "paymentMethodId": VISA },
    });
    let paid = story.tell(ada, does("POST /v1/orders").saying(wish)).await;
    story.tell(ada, does("GET /v1/orders").asking(json!({ "limit": 5 }))).await;
    story.tell(owner, does("GET /v1/orders/all").asking(json!({ "status": "PAID" }))).await;
    story.tell(ada, does("GET /v1/orders/{id}").on(id(&paid))).await;
    let sent = json!({ "status": "SHIPPED", "trackingNumber": "1Z 999", "carrier": "Parcel Post" });
    story.tell(owner, does("PATCH /v1/orders/{id}/status").on(id(&paid)).saying(sent)).await;
    story.tell(ada, does("GET /v1/orders/{id}/timeline").on(id(&paid))).await;
    let part = json!({ "amount": "1.00", "reason": "a dent" });
    story.tell(owner, does("POST /v1/orders/{id}/refunds").on(id(&paid)).saying(part)).await;

    let mut small_tea = tea.clone();
    small_tea["id"] = json!(id(tea));
    let wish = |token: &str| {
        let mut wish = order(&to, &small_tea, 1, token);
        wish["items"][0]["variantId"] = json!(small);
        wish
    };
    let waits = ada.post("/v1/orders", wish("pm_card_authenticationRequired")).await.data();
    let charge = json!({ "charge": { "paymentMethodId": VISA } });
    story.tell(ada, does("POST /v1/orders/{id}/payment").on(id(&waits)).saying(charge)).await;
    story.tell(ada, does("PATCH /v1/orders/{id}/cancel").on(id(&waits))).await;

    // The bank takes no refund on this card.
    let stuck = ada.post("/v1/orders", wish("pm_card_refundFail")).await.data();
    let stuck = owner.cancels(&stuck).await.data();
    let (stuck, refund) = (id(&stuck).to_owned(), id(&stuck["refunds"][0]).to_owned());
    let retry = does("POST /v1/orders/{id}/refunds/{refundId}/retry").on(&stuck).on(&refund);
    story.tell(owner, retry).await;
    let payout = does("POST /v1/orders/{id}/refunds/{refundId}/payout").on(&stuck).on(&refund);
    story.tell(owner, payout.saying(json!({ "reference": "transfer 7" }))).await;
    bodega.shop.clock.advance(Duration::from_secs(180));
    bodega.shop.reconciling.compare(7).await.expect("books that can be compared");
    story.tell(owner, does("GET /v1/reconciliation")).await;
    story.tell(owner, does("GET /v1/card-testing")).await;
    story.tell(&bodega.visitor(), does("GET /v1/payments/gateway")).await;
}

/// Keys, events and webhooks.
async fn outside(story: &mut Story, bodega: &Bodega, owner: &Person) {
    let scopes = json!(["orders:read", "events:read"]);
    let wish =
        json!({ "name": "accounting", "scopes": scopes, "expiresAt": "2027-01-01T00:00:00Z" });
    let key = story.tell(owner, does("POST /v1/api-keys").saying(wish)).await;
    story.tell(owner, does("GET /v1/api-keys")).await;
    story.tell(owner, does("DELETE /v1/api-keys/{id}").on(id(&key))).await;

    let receiver = Receiver::open().await;
    let wish =
        json!({ "url": receiver.url, "types": ["product.*"], "description": "the catalogue" });
    let endpoint = story.tell(owner, does("POST /v1/webhook-endpoints").saying(wish)).await;
    let endpoint = id(&endpoint).to_owned();
    story.tell(owner, does("GET /v1/webhook-endpoints")).await;
    let edit = json!({ "types": ["product.*", "order.paid"] });
    story.tell(owner, does("PATCH /v1/webhook-endpoints/{id}").on(&endpoint).saying(edit)).await;
    owner.adds_product("Matcha", "9.00", 0).await;
    receiver.has(1).await;
    let one = format!("/v1/webhook-endpoints/{endpoint}/deliveries");
    let delivered = async || {
        let all = owner.get(&one).await.json()["data"].clone();
        let is_done = all[0]["state"] == "DELIVERED";
        is_done.then(|| id(&all[0]).to_owned())
    };
    let delivery = at_last(bodega, &delivered).await;
    let deliveries = does("GET /v1/webhook-endpoints/{id}/deliveries").on(&endpoint);
    story.tell(owner, deliveries).await;
    let path = "GET /v1/webhook-endpoints/{id}/deliveries/{deliveryId}";
    story.tell(owner, does(path).on(&endpoint).on(&delivery)).await;
    let path = "POST /v1/webhook-endpoints/{id}/deliveries/{deliveryId}/resend";
    story.tell(owner, does(path).on(&endpoint).on(&delivery)).await;
    receiver.has(2).await;
    at_last(bodega, &delivered).await;
    story.tell(owner, does("GET /v1/webhook-endpoints/{id}").on(&endpoint)).await;
    story.tell(owner, does("POST /v1/webhook-endpoints/{id}/secret").on(&endpoint)).await;
    let query = json!({ "types": ["order.paid", "order.shipped"], "limit": 2 });
    let events = story.tell(owner, does("GET /v1/events").asking(query)).await;
    let from = json!({ "position": events[0]["position"] });
    let replay = does("POST /v1/webhook-endpoints/{id}/replay").on(&endpoint).saying(from);
    story.tell(owner, replay).await;
    story.tell(owner, does("DELETE /v1/webhook-endpoints/{id}").on(&endpoint)).await;
}

/// Letters and those who carry them.
async fn letters(story: &mut Story, bodega: &Bodega, owner: &Person) {
    // The newest letter is this one.
    bodega.has_told_everything().await;
    bodega.shop.clock.advance(Duration::from_secs(1));
    let forgot = json!({ "email": "ada@example.com" });
    bodega.visitor().post("/v1/auth/forgotpassword", forgot).await.data();
    bodega.has_told_everything().await;
    let mails = story.tell(owner, does("GET /v1/mail").asking(json!({ "limit": 1 }))).await;
    let mail = id(&mails[0]).to_owned();
    story.tell(owner, does("GET /v1/mail/{id}").on(&mail)).await;
    story.tell(owner, does("POST /v1/mail/{id}/resend").on(&mail)).await;
    let shown = format!("/v1/mail/{mail}");
    let leaves = async || (owner.get(&shown).await.data()["state"] == "DELIVERED").then_some(());
    at_last(bodega, leaves).await;
    story.tell(owner, does("GET /v1/mail-templates")).await;
    let template = "order_shipped";
    story.tell(owner, does("GET /v1/mail-templates/{name}").on(template)).await;
    let test = does("POST /v1/mail-templates/{name}/test").on(template);
    story.tell(owner, test.saying(json!({ "to": "ada@example.com" }))).await;
    bodega.has_told_everything().await;

    let couriers = story.tell(owner, does("GET /v1/couriers")).await;
    let couriers = couriers.as_array().expect("a list");
    let mail = couriers.iter().find(|courier| courier["name"] == "mail").expect("a courier");
    let mail = id(mail).to_owned();
    story.tell(owner, does("POST /v1/couriers/{id}/pause").on(&mail)).await;
    story.tell(owner, does("POST /v1/couriers/{id}/resume").on(&mail)).await;
    let all = does("GET /v1/couriers/{id}/deliveries").on(&mail);
    let deliveries = story.tell(owner, all.asking(json!({ "limit": 1 }))).await;
    let delivery = id(&deliveries[0]).to_owned();
    story.tell(owner, does("GET /v1/deliveries/{id}").on(&delivery)).await;
    story.tell(owner, does("POST /v1/deliveries/{id}/resend").on(&delivery)).await;
}

/// Settings and health.
async fn house(story: &mut Story, bodega: &Bodega, owner: &Person) {
    let edit = json!({ "name": "Hillside Teas", "taxRate": "0.075", "shippingFlat": "4.50" });
    story.tell(owner, does("PATCH /v1/settings").saying(edit)).await;
    story.tell(owner, does("GET /v1/settings")).await;
    story.tell(&bodega.visitor(), does("GET /health/live")).await;
    story.tell(&bodega.visitor(), does("GET /health/ready")).await;
}

/// Those who leave.
async fn leaving(story: &mut Story, bodega: &Bodega) {
    let (cleo, dan) = (bodega.customer("cleo").await, bodega.customer("dan").await);
    story.tell(&cleo, does("POST /v1/auth/signout")).await;
    story.tell(&dan, does("DELETE /v1/users/deleteuser")).await;
}

/// What is there at last, looked for after each commit.
async fn at_last<T>(bodega: &Bodega, look: impl AsyncFn() -> Option<T>) -> T {
    let mut follower = bodega.shop.store().follow(0);
    let waited = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(follower.news().await, "the shop has closed");
        }
    };
    tokio::time::timeout(PATIENT, waited).await.expect("in time")
}

/// What an independent validator says of the examples under their schemas.
#[actix_web::test]
async fn every_example_is_as_its_schema_says() {
    let bodega = Bodega::open();
    let document = bodega.visitor().asks(Method::GET, "/openapi.json").await.text().to_owned();
    let Some(ended) = said_by("api/examples.py", document.as_bytes()) else { return };
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}");
    let checked: usize = said.trim().parse().expect("how many were checked");
    assert!(checked > EXAMPLES_MIN, "{checked} examples");
}

/// Fields whose value is nobody's business, or differs; and what is shown instead.
const SHOWN: &[(&str, &str)] = &[
    ("accessToken", "(an access token)"),
    ("refreshToken", "(a refresh token)"),
    ("token", "(the token of the letter)"),
    ("nextCursor", "(a cursor)"),
    ("secret", "(a secret, shown this once)"),
    ("endsWith", "w0rd"),
    ("html", "(the same as a page)"),
    ("url", "https://hooks.example/bodega"),
];
/// Fields that are positions in the journal.
const POSITIONS: &[&str] = &["position", "from", "until"];
const ID_LETTERS: usize = 36;
/// A position within a letter.
const POSITION: &str = "\"position\":";
/// How a SKU ends that nobody chose.
const SKU_END: &str = "-0A1B2C3D";
/// Fewer of them would mean that they are not found.
const EXAMPLES_MIN: usize = 150;
/// A test that waits for longer has failed.
const PATIENT: Duration = Duration::from_secs(60);
