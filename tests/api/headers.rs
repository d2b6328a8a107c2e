//! Headers: what every answer carries, who may call from other pages, and how often.

use std::time::Duration;

use actix_web::http::Method;
use serde_json::json;

use crate::support::{
    Bodega, PASSWORD, Person, Reply,
    wares::{VISA, id},
};

/// One answer of every sort: granted, refused, moved, a page, unknown, empty.
async fn all_sorts(bodega: &Bodega) -> Vec<Reply> {
    let (manager, visitor) = (bodega.manager().await, bodega.visitor());
    let tea = manager.adds_product("Tea", "1", 1).await;
    let rename = json!({ "id": id(&tea), "name": "Green Tea" });
    let moved = "/v1/product/getproductsbyslug/tea";
    vec![
        manager.patch("/v1/product/updateproduct", rename).await,
        visitor.get("/v1/product/getproducts").await,
        visitor.get(moved).await,
        visitor.get("/v1/product/getproducts").header("if-none-match", "*").await,
        visitor.get("/v1/cart/getcart").await,
        visitor.get("/nowhere").await,
        visitor.post("/v1/product/getproducts", json!({})).await,
        visitor.post("/v1/auth/login", json!({})).await,
        visitor.asks(Method::POST, "/v1/auth/login").bytes("text/plain", "x").await,
        visitor.post("/v1/auth/login", json!("x".repeat(70_000))).await,
        visitor.get("/openapi.json").await,
        visitor.get("/docs").await,
        visitor.get("/api").await,
        visitor.get("/health/live").await,
        visitor.asks(Method::OPTIONS, "/v1/product/getproducts").await,
    ]
}

#[actix_web::test]
async fn every_answer_has_an_id_of_its_own_and_is_safe_to_show() {
    let bodega = Bodega::open();
    let mut seen = Vec::new();
    for answer in all_sorts(&bodega).await {
        let trace = answer.header("x-request-id").to_owned();
        let is_hex = trace.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        assert!(trace.len() == 32 && is_hex, "{}: {trace}", answer.asked);
        assert!(!seen.contains(&trace), "{}", answer.asked);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{}", answer.asked);
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{}: {policy}", answer.asked);
        assert!(!policy.contains("unsafe"), "{}: {policy}", answer.asked);
        assert_ne!(answer.header("cache-control"), "", "{}", answer.asked);
        assert_eq!(answer.header("server"), "", "{}", answer.asked);
        if answer.status >= 400 {
            assert_eq!(answer.header("content-type"), "application/problem+json");
            let problem = answer.json();
            assert_eq!(problem["traceId"], trace, "{}", answer.asked);
            for member in ["type", "title", "detail", "instance", "code"] {
                assert!(problem[member].is_string(), "{}: {problem}", answer.asked);
            }
        }
        seen.push(trace);
    }
}

#[actix_web::test]
async fn a_shop_that_is_reached_by_tls_tells_browsers_to_ask_for_it_so_alone() {
    let plain = Bodega::open();
    assert_eq!(plain.visitor().opens("/").await.header("strict-transport-security"), "");
    let bodega = Bodega::with(&[("shop.public_url", "https://shop.example")]);
    for answer in all_sorts(&bodega).await {
        let said = answer.header("strict-transport-security");
        assert_eq!(said, "max-age=31536000", "{}", answer.asked);
    }
}

#[actix_web::test]
async fn a_trace_that_is_brought_is_kept() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let asks = |parent: &str| visitor.get("/nowhere").header("traceparent", parent);
    let brought = asks(&format!("00-{trace}-00f067aa0ba902b7-01")).await;
    assert_eq!(brought.header("x-request-id"), trace);
    assert_eq!(brought.json()["traceId"], trace);
    for bad in [
        trace.to_owned(),
        format!("00-{trace}-00f067aa0ba902b7"),
        format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
        format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
        format!("ff-{trace}-00f067aa0ba902b7-01"),
        "x".repeat(5000),
    ] {
        let own = asks(&bad).await;
        assert!(own.header("x-request-id").len() == 32 && own.header("x-request-id") != trace);
    }
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_problems() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    for path in [
        "/home",
        "/v1",
        "/v1/",
        "/v1/nowhere",
        "/auth/login",
        "/orders",
        "/v2/orders",
        "/V1/orders",
        "//v1/orders",
        "/v1/auth/login/extra",
        "/v1/product/getproduct/",
        "/v1/metrics",
        "/.env",
        "/administration",
    ] {
        visitor.get(path).await.refused(404, "not_found");
        let posted = visitor.post(path, json!({})).await;
        posted.refused(404, "not_found");
    }
    let wrong = visitor.get("/v1/auth/login").await;
    wrong.refused(405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), "POST");
    let wrong = visitor.asks(Method::PUT, "/v1/orders").await;
    wrong.refused(405, "method_not_allowed");
    let mut allowed: Vec<&str> = wrong.header("allow").split(", ").collect();
    allowed.retain(|method| *method != "HEAD");
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "POST"]);
    for method in ["TRACE", "NONSENSE"] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        visitor.asks(method, "/v1/orders").await.refused(405, "method_not_allowed");
    }
}

#[actix_web::test]
async fn health_is_told_to_everybody() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    assert_eq!(visitor.get("/health/live").await.data(), json!({ "status": "live" }));
    let ready = visitor.get("/health/ready").await.data();
    assert_eq!(ready["status"], "ready");
    bodega.shop.begin_closing();
    let closing = visitor.get("/health/ready").await;
    closing.refused(503, "not_ready");
    assert_eq!(closing.header("retry-after"), "1");
    assert_eq!(visitor.get("/health/live").await.status, 200);
}

#[actix_web::test]
async fn other_pages_may_not_call_unless_they_are_named() {
    let closed = Bodega::open();
    let asks = async |who: &Person, origin: &str| {
        who.get("/v1/product/getproducts").header("origin", origin).await
    };
    let answer = asks(&closed.visitor(), "https://shop.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let preflight = async |who: &Person, origin: &str| {
        who.asks(Method::OPTIONS, "/v1/orders")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type")
            .await
    };
    let refused = preflight(&closed.visitor(), "https://shop.example").await;
    assert_eq!(refused.header("access-control-allow-origin"), "");
    drop(closed);

    let open = Bodega::with(&[("http.cors_origins", r#"["https://shop.example"]"#)]);
    let visitor = open.visitor();
    let answer = asks(&visitor, "https://shop.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let granted = preflight(&visitor, "https://shop.example").await;
    assert_eq!(granted.header("access-control-allow-origin"), "https://shop.example");
    for stranger in ["https://evil.example", "https://shop.example.evil.example", "null"] {
        let answer = asks(&visitor, stranger).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{stranger}");
        let answer = preflight(&visitor, stranger).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{stranger}");
    }
}

#[actix_web::test]
async fn large_answers_are_compressed_for_who_understands_it() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let coding = async |path: &str, accepted: &str| {
        let answer = visitor.get(path).header("accept-encoding", accepted).await;
        answer.header("content-encoding").to_owned()
    };
    assert_eq!(coding("/openapi.json", "gzip").await, "gzip");
    assert_eq!(coding("/openapi.json", "br").await, "br");
    assert_eq!(coding("/openapi.json", "identity").await, "");
    assert_eq!(coding("/health/live", "gzip").await, "", "not worth it");
}

/// The limits of a test: few enough to meet them.
const LIMITED: &[(&str, &str)] = &[
    ("limits.enabled", "true"),
    ("limits.credentials_per_minute", "3"),
    ("limits.orders_per_minute", "2"),
    ("limits.writes_per_minute", "5"),
    ("limits.reads_per_second", "1"),
    ("limits.reads_burst", "4"),
];

#[actix_web::test]
async fn who_asks_too_often_waits() {
    let bodega = Bodega::with_stopped_clock_and(LIMITED);
    let visitor = bodega.visitor();
    let login = json!({ "email": "nobody@example.com", "password": PASSWORD });
    let tries = || visitor.post("/v1/auth/login", login.clone());
    for left in [2, 1, 0] {
        let answer = tries().await;
        answer.refused(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-policy"), r#""credentials";q=3;w=60"#);
        let standing = answer.header("ratelimit");
        assert!(standing.contains(&format!("r={left}")), "{standing}");
    }
    let refused = tries().await;
    let problem = refused.refused(429, "rate_limited");
    assert_eq!((refused.header("retry-after"), &problem["retryAfter"]), ("20", &json!(20)));
    assert!(refused.header("ratelimit").contains("r=0"), "{}", refused.header("ratelimit"));
    // Who lies about the own address is not believed.
    let liar = tries().header("x-forwarded-for", "203.0.113.7").header("forwarded", "for=1.2.3.4");
    liar.await.refused(429, "rate_limited");
    // Another class has a purse of its own.
    let read = visitor.get("/v1/product/getproducts").await;
    assert_eq!(read.status, 200);
    assert!(read.header("ratelimit-policy").starts_with(r#""reads";q="#));
    bodega.shop.clock.advance(Duration::from_secs(20));
    tries().await.refused(401, "invalid_credentials");
    tries().await.refused(429, "rate_limited");
}

#[actix_web::test]
async fn every_class_of_requests_has_its_limit() {
    let bodega = Bodega::with_stopped_clock_and(LIMITED);
    let ada = bodega.customer("ada").await;
    let until_refused = async |asks: &dyn Fn() -> crate::support::wire::Ask| {
        for granted in 0..100 {
            let answer = asks().await;
            if answer.status == 429 {
                answer.refused(429, "rate_limited");
                return granted;
            }
        }
        100
    };
    assert_eq!(until_refused(&|| ada.get("/v1/cart/getcart")).await, 4);
    assert_eq!(until_refused(&|| ada.delete("/v1/cart/clearcart")).await, 5);
    assert_eq!(until_refused(&|| ada.post("/v1/orders", json!({}))).await, 2);
    let login = || ada.post("/v1/auth/login", json!({}));
    assert_eq!(until_refused(&login).await, 3);
    assert_eq!(until_refused(&|| ada.get("/health/live")).await, 100, "health is free");
    // Unknown paths are not free, and they are read from the purse of reads.
    bodega.shop.clock.advance(Duration::from_secs(60));
    assert_eq!(until_refused(&|| ada.get("/nowhere")).await, 4);
}

#[actix_web::test]
async fn an_account_is_limited_wherever_it_calls_from() {
    let mut settings = LIMITED.to_vec();
    settings.push(("http.trusted_hops", "1"));
    let bodega = Bodega::with_stopped_clock_and(&settings);
    let ada = bodega.customer("ada").await;
    let clears =
        |address: &str| ada.delete("/v1/cart/clearcart").header("x-forwarded-for", address);
    for number in 0..5 {
        assert_eq!(clears(&format!("203.0.113.{number}")).await.status, 200);
    }
    clears("203.0.113.77").await.refused(429, "rate_limited");
    let bob = bodega.customer("bob").await;
    let other = bob.delete("/v1/cart/clearcart").header("x-forwarded-for", "203.0.113.77");
    assert_eq!(other.await.status, 200, "another account from the same address");
    // Only what our own proxy says counts.
    let forged =
        bob.delete("/v1/cart/clearcart").header("x-forwarded-for", "1.1.1.1, 203.0.113.77");
    assert_eq!(forged.await.status, 200);
}

#[actix_web::test]
async fn a_refused_request_has_no_effect() {
    let bodega = Bodega::with_stopped_clock_and(LIMITED);
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "1.00", 10).await;
    let to = ada.has_address().await;
    for _ in 0..2 {
        ada.orders(&to, &tea, 1, VISA).await.data();
    }
    let late = || ada.orders(&to, &tea, 1, VISA).key("late");
    late().await.refused(429, "rate_limited");
    assert_eq!(manager.stock_of(&tea).await, (8, 0, 8));
    bodega.shop.clock.advance(Duration::from_secs(30));
    assert_eq!(late().await.header("idempotent-replayed"), "");
    assert_eq!(manager.stock_of(&tea).await, (7, 0, 7));
}
