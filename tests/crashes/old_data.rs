//! Old data: what a shop of an earlier version kept is opened, verified, read, and gone on with.
//!
//! `tests/contracts/data-N` holds the journal and the secret of a small shop in the N-th format,
//! with `told.json`, what staff and customers saw of it. They are only ever added to. After a
//! change of format, `BODEGA_WRITES_DATA=N cargo test --test crashes old_data` writes the next
//! one by the requests below; nothing that is there is written again.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::support::{
    patience::until,
    process::{DEMO, Serving, run_in, verify},
    till::{ADMIN, Customer, PASSWORD, Till, order_of, order_of_cart, put_in_cart},
    wire::{Client, Request},
};

#[test]
fn the_data_of_every_earlier_format_is_opened_verified_read_and_gone_on_with() {
    if let Ok(number) = std::env::var(WRITES) {
        write(&contracts().join(format!("data-{number}")));
    }
    let mut seen = 0;
    for entry in fs::read_dir(contracts()).expect("readable") {
        let kept = entry.expect("readable").path();
        let name = kept.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("data-") {
            must_go_on_with(&kept);
            seen += 1;
        }
    }
    assert!(seen > 0, "there is old data");
}

#[test]
fn a_state_of_an_older_format_is_made_again_with_a_message() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 1, 5, 1);
    let words = "bodega-state 1 7";
    let note = format!("{words} {:08x}\n", crc32c::crc32c(words.as_bytes()));
    fs::write(dir.join("state/CHECKPOINT"), note).expect("our own file");
    let serving = Serving::start(&dir);
    assert_eq!(till.shelf(serving.address, &till.products[0]), (5, 0));
    serving.tell_to_stop();
    let ended = serving.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let why = "the state was made again from the journal: it has no checkpoint of this version's";
    assert!(ended.err.contains(why), "{ended:?}");
    verify(&dir);
}

#[test]
fn a_journal_of_a_later_format_is_refused_with_what_to_do() {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    Till::made_ready(&dir, 1, 5, 1);
    let segment = dir.join("journal/00000000000000000001.journal");
    let sound = fs::read(&segment).expect("readable");
    let end = sound.iter().rposition(|byte| *byte != 0).expect("frames") + 1;
    // The next version goes on behind the last frame, which ends in a closing frame's checksum.
    let mut later = sound.clone();
    later[end..end + 64].copy_from_slice(&[7; 64]);
    later[end..end + 4].copy_from_slice(b"BDG2");
    fs::write(&segment, &later).expect("our own file");
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"], &["rebuild"]] {
        let ended = run_in(command, &dir, DEMO);
        assert_eq!(ended.code, Some(65), "{ended:?}");
        assert!(ended.err.contains("written by a later version of bodega"), "{ended:?}");
        assert!(ended.err.contains(&format!("from byte {end} on")), "{end}: {ended:?}");
        assert!(fs::read(&segment).expect("readable") == later, "nothing was changed");
    }
    fs::write(&segment, &sound).expect("our own file");
    verify(&dir);
}

/// Opens a copy; staff and customers see what they saw, and buy on.
fn must_go_on_with(kept: &Path) {
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    for file in KEPT {
        let to = dir.join(file);
        fs::create_dir_all(to.parent().expect("in a folder")).expect("a temporary directory");
        fs::copy(kept.join(file), &to).unwrap_or_else(|fault| panic!("{file}: {fault}"));
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).expect("our own file");
    }
    verify(&dir);
    let told = fs::read_to_string(kept.join(TOLD)).expect("what was seen");
    let told: Value = serde_json::from_str(&told).expect("what was seen");
    let serving = Serving::start(&dir);
    let seen = seen_in(&serving, |seen| seen["orders"] == told["orders"]);
    for part in ["orders", "shelves", "users", "categories", "keys", "cart"] {
        assert_eq!(seen[part], told[part], "{} of {}", part, kept.display());
    }
    let mut customer = signed_in(&serving, CUSTOMER);
    let address = customer.ask(&Request::get("/v1/users-address/getuseraddresses")).expect(200);
    let address = address.data()[0]["id"].as_str().expect("an id").to_owned();
    let buyer = Customer { token: customer.token.clone().expect("signed in"), address };
    let bought = customer.ask(&order_of_cart(&buyer, "pm_card_visa")).expect(201);
    let last = told["orders"].as_array().and_then(|orders| orders.last()).expect("an order");
    let last = last["number"].as_u64().expect("a number");
    assert_eq!(bought.data()["number"], last + 1, "numbers go on");
    serving.stop();
    verify(&dir);
}

/// Makes a small shop, and keeps what must be kept of it.
fn write(kept: &Path) {
    if kept.exists() {
        return;
    }
    let room = tempfile::tempdir().expect("a temporary directory");
    let dir = room.path().join("shop");
    let till = Till::made_ready(&dir, 3, 50, 2);
    let serving = Serving::start(&dir);
    let mut staff = Client::with_token(serving.address, &till.admin);
    let shelf = json!({ "name": "Tea & coffee", "description": "Hot" });
    staff.ask(&Request::post("/v1/product/createcategory", shelf)).expect(201);
    let shirt = json!({
        "name": "Shirt", "description": "", "price": "20.00", "stock": 0, "categoryIds": [],
        "options": [{ "name": "Size", "values": ["S", "M"] }],
        "variants": [
            { "sku": "SHIRT-S", "options": { "Size": "S" }, "stock": 3 },
            { "sku": "SHIRT-M", "options": { "Size": "M" }, "price": "22.00", "stock": 4 },
        ],
    });
    staff.ask(&Request::post("/v1/product/createproduct", shirt)).expect(201);
    let key = json!({ "name": "accounting", "scopes": ["orders:read"] });
    staff.ask(&Request::post("/v1/api-keys", key)).expect(201);
    buy_and_change_ones_mind(&till, &mut staff, &serving);
    let told = seen_in(&serving, |_| true);
    serving.stop();
    for file in KEPT {
        let to = kept.join(file);
        fs::create_dir_all(to.parent().expect("in a folder")).expect("our own folder");
        let mut bytes = fs::read(dir.join(file)).expect("readable");
        if file.starts_with("journal") {
            // The blank rest of the segment says nothing.
            let last = bytes.iter().rposition(|byte| *byte != 0).expect("frames");
            bytes.truncate(last + 1);
        }
        fs::write(to, bytes).expect("room on the disk");
    }
    let told = serde_json::to_string_pretty(&told).expect("JSON");
    fs::write(kept.join(TOLD), told + "\n").expect("room on the disk");
}

/// Orders that were paid, shipped, delivered, refunded, cancelled and declined, by two customers.
fn buy_and_change_ones_mind(till: &Till, staff: &mut Client, serving: &Serving) {
    for (number, customer) in till.customers.iter().enumerate() {
        let mut client = Client::with_token(serving.address, &customer.token);
        let product = &till.products[number];
        let visa = "pm_card_visa";
        let mut place = |units, token: &str, status| {
            let wish = order_of(customer, product, units, token).under(format!("{units} {token}"));
            client.ask(&wish).expect(status).order().expect("an order")
        };
        let delivered = place(1, visa, 201);
        for status in ["SHIPPED", "DELIVERED"] {
            let path = format!("/v1/orders/{delivered}/status");
            let body = Some(json!({ "status": status }));
            staff.ask(&Request { body, ..Request::patch(&path) }).expect(200);
        }
        let refunded = place(2, visa, 201);
        let part = json!({ "amount": "1.25", "reason": "a dent" });
        staff.ask(&Request::post(&format!("/v1/orders/{refunded}/refunds"), part)).expect(201);
        place(3, "pm_card_chargeDeclined", 402);
        let cancelled = place(4, visa, 201);
        client.ask(&super::support::till::cancel(&cancelled)).expect(200);
        client.ask(&put_in_cart(product, 5)).expect(201);
        client.ask(&order_of_cart(customer, visa)).expect(201);
        client.ask(&put_in_cart(product, 1)).expect(201);
    }
}

/// What is seen of a shop, as far as it is a promise; looked at until it is as it should be.
fn seen_in(serving: &Serving, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut staff = signed_in(serving, ADMIN);
    let mut customer = signed_in(serving, CUSTOMER);
    let all = |client: &mut Client, path: &str, fields: &[&str]| -> Value {
        let page = client.ask(&Request::get(path)).expect(200).body;
        let rows = page["data"].as_array().expect("a list").iter();
        rows.map(|row| only(row, fields)).collect()
    };
    until("a shop as it was", || {
        let mut orders = all(&mut staff, "/v1/orders/all?limit=100", ORDER);
        orders.as_array_mut().expect("a list").sort_by_key(|order| order["number"].as_u64());
        for order in orders.as_array_mut().expect("a list") {
            let items = order["items"].as_array().expect("a list").iter();
            order["items"] = items.map(|item| only(item, ITEM)).collect();
        }
        let products = all(&mut staff, "/v1/product/getproducts?limit=100", &["id", "name"]);
        let shelves: BTreeMap<String, Value> = products
            .as_array()
            .expect("a list")
            .iter()
            .map(|product| {
                let id = product["id"].as_str().expect("an id");
                let path = format!("/v1/inventory/getinventoryforproduct/{id}");
                let shelf = staff.ask(&Request::get(&path));
                // One with several variants wants one of them named.
                let shelf = if shelf.status == 200 { shelf.data().clone() } else { json!([]) };
                let shelves = shelf.as_array().cloned().unwrap_or_else(|| vec![shelf]);
                let units = shelves.iter().map(|shelf| only(shelf, SHELF)).collect();
                (product["name"].as_str().expect("a name").to_owned(), units)
            })
            .collect();
        let cart = customer.ask(&Request::get("/v1/cart/getcart")).expect(200);
        let lines = cart.data()["items"].as_array().expect("a list").iter();
        let lines: Value = lines.map(|line| only(line, &["productId", "quantity"])).collect();
        let seen = json!({
            "orders": orders,
            "shelves": shelves,
            "users": all(&mut staff, "/v1/users/getusers", &["id", "username", "email", "role"]),
            "categories": all(&mut staff, "/v1/product/getcategories", &["id", "name", "slug"]),
            "keys": all(&mut staff, "/v1/api-keys", &["id", "name", "scopes"]),
            "cart": lines,
        });
        wanted(&seen).then_some(seen)
    })
}

fn only(row: &Value, fields: &[&str]) -> Value {
    let kept = fields.iter().map(|field| ((*field).to_owned(), row[*field].clone()));
    Value::Object(kept.collect())
}

fn signed_in(serving: &Serving, email: &str) -> Client {
    let body = json!({ "email": email, "password": PASSWORD });
    let reply = Client::at(serving.address).ask(&Request::post("/v1/auth/login", body));
    let token = reply.expect(201).data()["accessToken"].as_str().expect("a token").to_owned();
    Client::with_token(serving.address, &token)
}

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts")
}

/// The truth; everything else is made from it.
const KEPT: &[&str] = &["journal/00000000000000000001.journal", "secret", "secret.sum"];
const TOLD: &str = "told.json";
/// The number of a format to be written.
const WRITES: &str = "BODEGA_WRITES_DATA";
const CUSTOMER: &str = "customer0@example.com";
const ORDER: &[&str] =
    &["id", "number", "status", "totalPrice", "items", "shippingAddress", "cancelReason"];
/// What was said of an item when the first of these were kept.
const ITEM: &[&str] =
    &["id", "name", "price", "productId", "quantity", "sku", "subtotal", "variantId"];
const SHELF: &[&str] = &["sku", "quantity", "reserved", "available"];
