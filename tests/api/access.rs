//! Access: who is let in, for every operation of the one table, and that the contract is whole.

use actix_web::http::{Method, StatusCode};
use bodega::{
    config::Gateway,
    domain::users::Role,
    http::{access::Access, call::Form, table::Operation, wiring},
    shop::Shop,
};
use serde_json::{Value, json};

use crate::support::{
    Bodega, Person, Reply,
    wares::{VISA, id},
    wire::{Ask, NOBODYS},
};

/// The operations that clients exist for. P everybody, U signed in, IM staff, A admin.
const CONTRACT: &[(&str, &str, &str)] = &[
    ("POST", "/v1/auth/signup", "P"),
    ("POST", "/v1/auth/login", "P"),
    ("POST", "/v1/auth/refreshtoken", "P"),
    ("POST", "/v1/auth/forgotpassword", "P"),
    ("POST", "/v1/auth/resetpassword", "P"),
    ("POST", "/v1/auth/changepassword", "U"),
    ("POST", "/v1/auth/signout", "U"),
    ("GET", "/v1/auth/getprofile", "U"),
    ("GET", "/v1/users/getusers", "A"),
    ("GET", "/v1/users/getuser/{id}", "U"),
    ("PATCH", "/v1/users/updateuser", "U"),
    ("DELETE", "/v1/users/deleteuser", "U"),
    ("DELETE", "/v1/users/deleteuser/{id}", "A"),
    ("POST", "/v1/users-address/createuseraddress", "U"),
    ("GET", "/v1/users-address/getuseraddresses", "U"),
    ("GET", "/v1/users-address/getuseraddressbyid/{id}", "U"),
    ("PATCH", "/v1/users-address/updateuseraddress/{id}", "U"),
    ("DELETE", "/v1/users-address/deleteuseraddress/{id}", "U"),
    ("POST", "/v1/product/createproduct", "IM"),
    ("GET", "/v1/product/getproducts", "P"),
    ("GET", "/v1/product/getproduct/{id}", "P"),
    ("GET", "/v1/product/getproductsbyslug/{slug}", "P"),
    ("GET", "/v1/product/getavailableproducts", "P"),
    ("PATCH", "/v1/product/updateproduct", "IM"),
    ("DELETE", "/v1/product/deleteproduct/{id}", "IM"),
    ("GET", "/v1/product/getproductsbycategory/{slug}", "P"),
    ("POST", "/v1/product/createcategory", "IM"),
    ("GET", "/v1/product/getcategories", "P"),
    ("GET", "/v1/product/getcategory/{id}", "P"),
    ("GET", "/v1/product/getcategoriesbyslug/{slug}", "P"),
    ("PATCH", "/v1/product/updatecategory/{id}", "IM"),
    ("DELETE", "/v1/product/deletecategory/{id}", "IM"),
    ("POST", "/v1/inventory/createinventory", "IM"),
    ("GET", "/v1/inventory/getinventoryforproduct/{id}", "P"),
    ("GET", "/v1/inventory/getavailableproducts", "P"),
    ("PATCH", "/v1/inventory/updateinventory/{productId}", "IM"),
    ("POST", "/v1/inventory/addstock", "IM"),
    ("POST", "/v1/inventory/reducestock", "IM"),
    ("POST", "/v1/inventory/reservestock", "IM"),
    ("POST", "/v1/inventory/releasestock", "IM"),
    ("POST", "/v1/cart/addtocart", "U"),
    ("GET", "/v1/cart/getcart", "U"),
    ("PATCH", "/v1/cart/updatecartitem/{productId}", "U"),
    ("DELETE", "/v1/cart/removecartitem/{productId}", "U"),
    ("DELETE", "/v1/cart/clearcart", "U"),
    ("POST", "/v1/orders", "U"),
    ("GET", "/v1/orders", "U"),
    ("GET", "/v1/orders/all", "A"),
    ("GET", "/v1/orders/{id}", "U"),
    ("PATCH", "/v1/orders/{id}/cancel", "U"),
    ("PATCH", "/v1/orders/{id}/status", "A"),
];

/// What came after them. A new operation is named here, with who may call it.
const NEW: &[(&str, &str, &str)] = &[
    ("GET", "/v1/auth/sessions", "U"),
    ("DELETE", "/v1/auth/sessions/{id}", "U"),
    ("PATCH", "/v1/users/{id}/role", "A"),
    ("GET", "/v1/product/searchproducts", "P"),
    ("GET", "/v1/product/categories/tree", "P"),
    ("GET", "/v1/product/suggest", "P"),
    ("GET", "/v1/search", "IM"),
    ("GET", "/v1/search/synonyms", "IM"),
    ("PUT", "/v1/search/synonyms", "IM"),
    ("GET", "/v1/search/misses", "IM"),
    ("DELETE", "/v1/search/misses", "IM"),
    ("GET", "/v1/product/export", "IM"),
    ("POST", "/v1/product/import", "IM"),
    ("GET", "/v1/inventory/ledger/{productId}", "IM"),
    ("GET", "/v1/inventory/low-stock", "IM"),
    ("POST", "/v1/orders/{id}/payment", "U"),
    ("POST", "/v1/orders/{id}/refunds", "A"),
    ("POST", "/v1/orders/{id}/refunds/{refundId}/retry", "A"),
    ("POST", "/v1/orders/{id}/refunds/{refundId}/payout", "A"),
    ("GET", "/v1/orders/{id}/timeline", "U"),
    ("GET", "/v1/reconciliation", "A"),
    ("GET", "/v1/card-testing", "A"),
    ("GET", "/v1/couriers", "A"),
    ("POST", "/v1/couriers/{id}/pause", "A"),
    ("POST", "/v1/couriers/{id}/resume", "A"),
    ("GET", "/v1/couriers/{id}/deliveries", "A"),
    ("GET", "/v1/deliveries/{id}", "A"),
    ("POST", "/v1/deliveries/{id}/resend", "A"),
    ("POST", "/v1/webhook-endpoints", "A"),
    ("GET", "/v1/webhook-endpoints", "A"),
    ("GET", "/v1/webhook-endpoints/{id}", "A"),
    ("PATCH", "/v1/webhook-endpoints/{id}", "A"),
    ("DELETE", "/v1/webhook-endpoints/{id}", "A"),
    ("POST", "/v1/webhook-endpoints/{id}/secret", "A"),
    ("POST", "/v1/webhook-endpoints/{id}/replay", "A"),
    ("GET", "/v1/webhook-endpoints/{id}/deliveries", "A"),
    ("GET", "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}", "A"),
    ("POST", "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/resend", "A"),
    ("GET", "/v1/events", "A"),
    // Each is told what they may see; see `events.rs`.
    ("GET", "/v1/events/stream", "P"),
    ("GET", "/v1/mail", "A"),
    ("GET", "/v1/mail/{id}", "A"),
    ("POST", "/v1/mail/{id}/resend", "A"),
    ("GET", "/v1/mail-templates", "A"),
    ("GET", "/v1/mail-templates/{name}", "A"),
    ("POST", "/v1/mail-templates/{name}/test", "A"),
    ("POST", "/v1/api-keys", "A"),
    ("GET", "/v1/api-keys", "A"),
    ("DELETE", "/v1/api-keys/{id}", "A"),
    // Its handler asks: staff, keys with the scope, and known networks; see `metrics.rs`.
    ("GET", "/metrics", "P"),
    ("POST", "/v1/webhooks/stripe", "P"),
    ("GET", "/v1/payments/gateway", "P"),
    ("GET", "/media/{name}", "P"),
    ("GET", "/health/live", "P"),
    ("GET", "/health/ready", "P"),
    ("GET", "/demo/3ds/{chargeId}", "P"),
    ("POST", "/demo/3ds/{chargeId}", "P"),
    ("GET", "/assets/{version}/{name}", "P"),
    ("GET", "/", "P"),
    ("GET", "/product/{slug}", "P"),
    ("GET", "/category/{slug}", "P"),
    ("GET", "/search", "P"),
    ("GET", "/cart", "P"),
    ("GET", "/cart/lines", "P"),
    ("POST", "/cart/add", "U"),
    ("POST", "/cart/set", "U"),
    ("POST", "/cart/remove", "U"),
    ("GET", "/checkout", "U"),
    ("POST", "/checkout", "U"),
    ("GET", "/orders/{id}", "U"),
    ("GET", "/orders/{id}/pay", "U"),
    ("POST", "/orders/{id}/pay", "U"),
    ("POST", "/orders/{id}/cancel", "U"),
    ("POST", "/orders/{id}/again", "U"),
    ("GET", "/account", "U"),
    ("GET", "/account/orders", "U"),
    ("GET", "/account/addresses", "U"),
    ("POST", "/account/addresses", "U"),
    ("POST", "/account/addresses/{id}/remove", "U"),
    ("GET", "/account/profile", "U"),
    ("POST", "/account/profile", "U"),
    ("POST", "/account/password", "U"),
    ("POST", "/account/sessions/{id}/end", "U"),
    ("POST", "/account/delete", "U"),
    ("GET", "/register", "P"),
    ("POST", "/register", "P"),
    ("GET", "/forgot-password", "P"),
    ("POST", "/forgot-password", "P"),
    ("GET", "/reset-password", "P"),
    ("POST", "/reset-password", "P"),
    ("GET", "/pages/{name}", "P"),
    ("GET", "/sitemap.xml", "P"),
    ("GET", "/sitemaps/{name}", "P"),
    ("GET", "/robots.txt", "P"),
    ("GET", "/sign-in", "P"),
    ("POST", "/sign-in", "P"),
    ("POST", "/sign-out", "P"),
    ("GET", "/demo/mail", "P"),
    ("GET", "/demo/mail/{name}", "P"),
    ("GET", "/demo/mail/{name}/page", "P"),
    ("GET", "/admin", "IM"),
    ("GET", "/admin/orders", "A"),
    ("GET", "/admin/orders.csv", "A"),
    ("POST", "/admin/orders/ship", "A"),
    ("GET", "/admin/orders/{id}", "A"),
    ("POST", "/admin/orders/{id}/status", "A"),
    ("POST", "/admin/orders/{id}/capture", "A"),
    ("POST", "/admin/orders/{id}/cancel", "A"),
    ("GET", "/admin/orders/{id}/refund", "A"),
    ("POST", "/admin/orders/{id}/refund", "A"),
    ("POST", "/admin/orders/{id}/retry/{refundId}", "A"),
    ("POST", "/admin/orders/{id}/payout/{refundId}", "A"),
    ("GET", "/admin/products", "IM"),
    ("POST", "/admin/products/bulk", "IM"),
    ("GET", "/admin/products/new", "IM"),
    ("POST", "/admin/products/new", "IM"),
    ("GET", "/admin/products/{id}", "IM"),
    ("POST", "/admin/products/{id}", "IM"),
    ("POST", "/admin/products/{id}/remove", "IM"),
    ("GET", "/admin/categories", "IM"),
    ("POST", "/admin/categories", "IM"),
    ("GET", "/admin/categories/{id}", "IM"),
    ("POST", "/admin/categories/{id}", "IM"),
    ("POST", "/admin/categories/{id}/remove", "IM"),
    ("GET", "/admin/stock", "IM"),
    ("GET", "/admin/stock/{id}", "IM"),
    ("POST", "/admin/stock/{id}", "IM"),
    ("GET", "/admin/customers", "A"),
    ("GET", "/admin/customers/{id}", "A"),
    ("GET", "/admin/customers/{id}/data.json", "A"),
    ("POST", "/admin/customers/{id}/role", "A"),
    ("POST", "/admin/customers/{id}/erase", "A"),
    ("GET", "/v1/settings", "A"),
    ("PATCH", "/v1/settings", "A"),
    ("GET", "/admin/settings", "A"),
    ("POST", "/admin/settings", "A"),
    ("GET", "/admin/keys", "A"),
    ("POST", "/admin/keys", "A"),
    ("POST", "/admin/keys/{id}/revoke", "A"),
    ("GET", "/admin/webhooks", "A"),
    ("POST", "/admin/webhooks", "A"),
    ("GET", "/admin/webhooks/{id}", "A"),
    ("POST", "/admin/webhooks/{id}", "A"),
    ("POST", "/admin/webhooks/{id}/secret", "A"),
    ("POST", "/admin/webhooks/{id}/switch", "A"),
    ("POST", "/admin/webhooks/{id}/remove", "A"),
    ("POST", "/admin/webhooks/{id}/replay", "A"),
    ("POST", "/admin/resend/{id}/{deliveryId}", "A"),
    ("GET", "/admin/letters", "A"),
    ("GET", "/admin/letters/{id}", "A"),
    ("GET", "/admin/letters/{id}/page", "A"),
    ("POST", "/admin/letters/{id}/resend", "A"),
    ("GET", "/admin/letters/kinds/{name}", "A"),
    ("GET", "/admin/letters/kinds/{name}/{number}", "A"),
    ("POST", "/admin/letters/kinds/{name}/test", "A"),
    ("GET", "/admin/system", "A"),
    ("POST", "/admin/couriers/{id}/pause", "A"),
    ("POST", "/admin/couriers/{id}/resume", "A"),
    ("POST", "/admin/deliveries/{id}/resend", "A"),
    // Who has the token of a new shop.
    ("GET", "/setup", "P"),
    ("POST", "/setup", "P"),
    ("GET", "/openapi.json", "P"),
    ("GET", "/docs", "P"),
    ("GET", "/api", "P"),
];

fn table() -> Vec<Operation<Shop>> {
    wiring::operations(Gateway::Demo)
}

pub fn letters(access: Access) -> &'static str {
    match access {
        Access::Public => "P",
        Access::Customer => "U",
        Access::Staff => "IM",
        Access::Admin => "A",
    }
}

/// Whether somebody in this role is one of them, said here once more.
fn may(who: &str, role: Role) -> bool {
    match (who, role) {
        ("P" | "U", _) | (_, Role::Admin) | ("IM", Role::InventoryManager) => true,
        (_, Role::InventoryManager | Role::Customer) => false,
    }
}

pub fn named(operation: &Operation<Shop>) -> String {
    format!("{} {}", operation.method, operation.path)
}

#[test]
fn every_operation_is_named_here_with_who_may_call_it() {
    assert_eq!(CONTRACT.len(), 51);
    let mut wanted: Vec<String> = CONTRACT
        .iter()
        .chain(NEW)
        .map(|(method, path, who)| format!("{method} {path} {who}"))
        .collect();
    let mut has: Vec<String> = table()
        .iter()
        .map(|operation| format!("{} {}", named(operation), letters(operation.access)))
        .collect();
    wanted.sort();
    has.sort();
    assert_eq!(has, wanted);
}

#[test]
fn a_post_of_the_contract_answers_201_and_everything_else_200() {
    let table = table();
    for (method, path, _) in CONTRACT {
        let is_this =
            |operation: &&Operation<Shop>| operation.method == *method && operation.path == *path;
        let operation = table.iter().find(is_this).expect("an operation of the contract");
        let wanted = if *method == "POST" { StatusCode::CREATED } else { StatusCode::OK };
        assert_eq!(operation.status, wanted, "{method} {path}");
    }
}

/// Calls an operation with nothing that could be carried out: unknown ids and an empty body.
pub fn idle_call(who: &Person, operation: &Operation<Shop>) -> Ask {
    let filled: Vec<&str> = operation
        .path
        .split('/')
        .map(|part| if part.starts_with('{') { NOBODYS } else { part })
        .collect();
    if operation.is_page {
        return who.browses(operation.method.clone(), &filled.join("/"), &[]);
    }
    let mut ask = who.asks(operation.method.clone(), &filled.join("/"));
    if operation.path == "/v1/events/stream" {
        // What it would answer has no end.
        ask = ask.header("last-event-id", "none");
    }
    match operation.form {
        Form::Ignored => ask,
        Form::Json | Form::Bytes | Form::Page => ask.json(&json!({})),
    }
}

pub fn is_let_in(reply: &Reply) -> bool {
    let is_asked_to_sign_in = reply.header("location").starts_with("/sign-in?then=");
    !matches!(reply.status, 401 | 403) && !is_asked_to_sign_in
}

#[actix_web::test]
async fn nobody_gets_in_without_a_good_token() {
    let bodega = Bodega::open();
    let signed_out = bodega.customer("signed-out").await;
    signed_out.asks(Method::POST, "/v1/auth/signout").await.data();
    let deleted = bodega.somebody(Role::Customer).await;
    deleted.delete("/v1/users/deleteuser").await.data();
    let admin = bodega.owner().await;
    let expired = bodega.with_expired_token(&admin);
    let forged = {
        let token = admin.access.clone().expect("a token");
        let (signed, _) = token.rsplit_once('.').expect("a JWT");
        Person { access: Some(format!("{signed}.AAAA")), ..admin.clone() }
    };
    let nonsense = Person { access: Some("nonsense".to_owned()), ..admin.clone() };
    let as_access = Person { access: Some(admin.refresh.clone()), ..admin };
    let with_bad_cookie = |person: Person| Person { cookie: Some("AAAA".to_owned()), ..person };
    let strangers = [
        (bodega.visitor(), "authentication_required"),
        (signed_out, "session_ended"),
        (deleted, "session_ended"),
        (with_bad_cookie(expired), "token_expired"),
        (with_bad_cookie(forged), "invalid_token"),
        (with_bad_cookie(nonsense), "invalid_token"),
        (with_bad_cookie(as_access), "invalid_token"),
    ];
    for operation in table() {
        for (stranger, code) in &strangers {
            let reply = idle_call(stranger, &operation).await;
            if operation.path == "/metrics" {
                reply.refused(401, "authentication_required");
                continue;
            }
            if operation.is_page {
                // Signing in with nothing is refused like any wrong password.
                let is_let_in = is_let_in(&reply) || operation.path == "/sign-in";
                let is_public = operation.access == Access::Public;
                assert_eq!(is_let_in, is_public, "{}: {}", named(&operation), reply.text());
                continue;
            }
            if operation.access == Access::Public {
                assert!(
                    is_let_in(&reply) || reply.outcome() == "401 session_ended",
                    "{}: {}",
                    named(&operation),
                    reply.outcome()
                );
                continue;
            }
            reply.refused(401, code);
            let challenge = match *code {
                "authentication_required" => r#"Bearer realm="bodega""#,
                _ => r#"Bearer realm="bodega", error="invalid_token""#,
            };
            assert_eq!(reply.header("www-authenticate"), challenge, "{}", named(&operation));
        }
    }
}

#[actix_web::test]
async fn each_role_gets_in_where_the_contract_says_and_nowhere_else() {
    let bodega = Bodega::open();
    let _one_admin_stays = bodega.owner().await;
    for operation in table() {
        for role in [Role::Customer, Role::InventoryManager, Role::Admin] {
            // Some operations end the account or the session that calls them.
            let who = bodega.somebody(role).await;
            let reply = idle_call(&who, &operation).await;
            let name = format!("{} as {}", named(&operation), role.name());
            if operation.path == "/metrics" {
                assert_eq!(is_let_in(&reply), role != Role::Customer, "{name}");
                continue;
            }
            if may(letters(operation.access), role) {
                assert!(is_let_in(&reply), "{name}: {}", reply.text());
                assert!(reply.status < 500, "{name}: {}", reply.text());
            } else if operation.is_page {
                assert_eq!(reply.status, 403, "{name}: {}", reply.text());
            } else {
                reply.refused(403, "forbidden");
            }
        }
    }
}

/// What belongs to one customer and is nobody else's business.
struct Belongings {
    user: String,
    session: String,
    address: String,
    order: String,
    product: String,
}

/// Whose thing the path names, by the operation's path.
fn somebodys<'a>(path: &str, of: &'a Belongings) -> &'a str {
    let named = [
        ("/v1/auth/sessions/{id}", &of.session),
        ("/v1/users/getuser/{id}", &of.user),
        ("/v1/users-address/", &of.address),
        ("/v1/orders/{id}", &of.order),
        // Everybody has a cart of their own, and products are no secret.
        ("/v1/cart/", &of.product),
    ];
    let found = named.iter().find(|(start, _)| path.starts_with(start));
    found.unwrap_or_else(|| panic!("{path}: say here whose thing that is")).1
}

/// A body that would be carried out if the thing were the caller's own.
fn sound_body(path: &str) -> Option<Value> {
    match path {
        "/v1/users-address/updateuseraddress/{id}" => Some(json!({ "city": "Paris" })),
        "/v1/cart/updatecartitem/{productId}" => Some(json!({ "quantity": 1 })),
        "/v1/orders/{id}/payment" => Some(json!({ "charge": { "paymentMethodId": VISA } })),
        _ => None,
    }
}

/// The answer without what names the request.
fn without_names(reply: &Reply, asked_for: &str) -> String {
    let trace = reply.json()["traceId"].as_str().unwrap_or_default().to_owned();
    assert!(!trace.is_empty(), "{}: {}", reply.asked, reply.text());
    reply.text().replace(&trace, "[trace]").replace(asked_for, "[asked for]")
}

#[actix_web::test]
async fn what_is_somebody_elses_is_answered_as_if_it_did_not_exist() {
    let bodega = Bodega::open();
    let (manager, ada, bob) =
        (bodega.manager().await, bodega.customer("ada").await, bodega.customer("bob").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let address = ada.has_address().await;
    let order = ada.orders(&address, &tea, 1, VISA).await.data();
    ada.puts_in_cart(&tea, 1).await.data();
    let (user, session) = (ada.id.clone(), ada.session.clone());
    let adas = Belongings {
        user,
        session,
        address: address.clone(),
        order: id(&order).to_owned(),
        product: id(&tea).to_owned(),
    };
    let before = everything_of(&ada, &adas).await;

    let table = table();
    let own = |operation: &&Operation<Shop>| {
        operation.access == Access::Customer && operation.path.contains('{') && !operation.is_page
    };
    for operation in table.iter().filter(own) {
        let ask = |named: &str| {
            let filled: Vec<&str> = operation
                .path
                .split('/')
                .map(|part| if part.starts_with('{') { named } else { part })
                .collect();
            let ask = bob.asks(operation.method.clone(), &filled.join("/"));
            match sound_body(operation.path) {
                Some(body) => ask.json(&body),
                None => ask,
            }
        };
        let adas = somebodys(operation.path, &adas);
        let (theirs, missing, malformed) =
            (ask(adas).await, ask(NOBODYS).await, ask("no-id-at-all").await);
        if operation.path == "/v1/cart/removecartitem/{productId}" {
            // Taking out what is not there is granted to everybody, of their own cart.
            assert_eq!(theirs.data()["items"], json!([]));
            continue;
        }
        missing.refused(404, "not_found");
        let name = named(operation);
        assert_eq!(without_names(&theirs, adas), without_names(&missing, NOBODYS), "{name}");
        assert_eq!(
            without_names(&malformed, "no-id-at-all"),
            without_names(&missing, NOBODYS),
            "{name}"
        );
    }
    assert_eq!(everything_of(&ada, &adas).await, before, "bob changed something of ada's");

    let send_to = |address: &str| bob.orders(address, &tea, 1, VISA);
    let (theirs, missing) = (send_to(&address).await, send_to(NOBODYS).await);
    missing.refused(404, "not_found");
    assert_eq!(without_names(&theirs, &address), without_names(&missing, NOBODYS));
}

/// All that ada can see of her own things.
async fn everything_of(ada: &Person, adas: &Belongings) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        "/v1/auth/getprofile".to_owned(),
        "/v1/auth/sessions".to_owned(),
        "/v1/users-address/getuseraddresses".to_owned(),
        "/v1/cart/getcart".to_owned(),
        format!("/v1/orders/{}", adas.order),
    ] {
        seen.push(ada.get(&path).await.data());
    }
    seen
}

#[actix_web::test]
async fn an_admin_sees_what_belongs_to_customers() {
    let bodega = Bodega::open();
    let (manager, owner, ada) =
        (bodega.manager().await, bodega.owner().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    assert_eq!(owner.sees_order(&order).await, order);
    let path = format!("/v1/orders/{}", id(&order));
    manager.get(&path).await.refused(404, "not_found");
    assert_eq!(owner.get(&format!("/v1/users/getuser/{}", ada.id)).await.data()["username"], "ada");
}
