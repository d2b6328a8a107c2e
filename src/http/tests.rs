//! The way of a request, seen from outside, with a small example resource.

pub(super) mod example;
mod idempotent;

use std::sync::Arc;

use actix_web::{http::Method, test};
use serde_json::Value;

use self::example::{Notes, Shop, operations};
use crate::{config::LogRequests, meters::Meters};

use super::{
    docs::with_docs,
    limits::LimitSettings,
    openapi::Examples,
    pipeline::{Pipeline, Wiring},
    server::app,
};

/// A request as a test writes it.
pub struct Ask {
    method: Method,
    path: String,
    token: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

/// An answer as a test reads it.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub headers: actix_web::http::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Ask {
    pub fn new(method: Method, path: &str) -> Ask {
        Ask { method, path: path.to_owned(), token: None, headers: Vec::new(), body: None }
    }
    pub fn get(path: &str) -> Ask {
        Ask::new(Method::GET, path)
    }
    pub fn post(path: &str) -> Ask {
        Ask::new(Method::POST, path)
    }
    pub fn by(mut self, token: &'static str) -> Ask {
        self.token = Some(token);
        self
    }
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.headers.push((name, value.into()));
        self
    }
    pub fn json(self, body: impl Into<String>) -> Ask {
        self.with("content-type", "application/json").bytes(body.into())
    }
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Ask {
        self.body = Some(body.into());
        self
    }
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

pub fn shop() -> Shop {
    Arc::new(Notes::new())
}

pub fn pipeline(shop: &Shop, limits: LimitSettings) -> Arc<Pipeline<Shop>> {
    let wiring = Wiring {
        meters: Meters::new(),
        logged: LogRequests::None,
        identify: Arc::<Notes>::clone(shop),
        pages: None,
        answers: Arc::<Notes>::clone(shop),
        clock: shop.clock.clone(),
        limits,
        key_secret: [3; 32],
        trusted_hops: 0,
        is_secure: false,
    };
    let operations = with_docs(operations(), "Notes", "1", &Examples::default());
    Arc::new(Pipeline::new(Arc::clone(shop), operations, wiring))
}

pub async fn ask_through(pipeline: &Arc<Pipeline<Shop>>, ask: Ask) -> Said {
    let service = test::init_service(app(Arc::clone(pipeline), vec![])).await;
    let mut request = test::TestRequest::default().method(ask.method).uri(&ask.path);
    if let Some(token) = ask.token {
        request = request.insert_header(("authorization", format!("Bearer {token}")));
    }
    if let Some(body) = ask.body {
        request = request.set_payload(body);
    }
    for (name, value) in ask.headers {
        request = request.insert_header((name, value));
    }
    let answer = test::call_service(&service, request.to_request()).await;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Said { status, headers, body: test::read_body(answer).await.to_vec() }
}

async fn asked(ask: Ask) -> Said {
    let unlimited = LimitSettings { enabled: false, ..Default::default() };
    ask_through(&pipeline(&shop(), unlimited), ask).await
}

#[actix_web::test]
async fn a_success_says_its_status_and_its_data() {
    let said =
        asked(Ask::post("/v1/notes").by("ada").json(r#"{"text":"tea","price":"1.5"}"#)).await;
    assert_eq!((said.status, said.header("content-type")), (201, Some("application/json")));
    let text = String::from_utf8(said.body).expect("text");
    assert!(text.starts_with(r#"{"statusCode":201,"data":{"id":""#), "{text}");
    let rest = r#""text":"tea","price":1.50,"createdAt":"2023-11-14T22:13:20.000Z"}}"#;
    assert!(text.ends_with(rest), "{text}");
}

#[actix_web::test]
async fn every_answer_has_its_request_id_and_the_security_headers() {
    for ask in [Ask::get("/v1/notes"), Ask::get("/nowhere"), Ask::post("/v1/notes/break")] {
        let said = asked(ask).await;
        assert_eq!(said.header("x-request-id").map(str::len), Some(32));
        assert_eq!(said.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(said.header("cache-control"), Some("no-store"));
        let policy = said.header("content-security-policy");
        assert_eq!(policy, Some("default-src 'none'; frame-ancestors 'none'"));
    }
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let said = asked(Ask::get("/nowhere").with("traceparent", parent)).await;
    assert_eq!(said.header("x-request-id"), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(said.json()["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[actix_web::test]
async fn a_problem_says_everything_that_helps() {
    let said = asked(Ask::post("/v1/notes").by("ada").json(r#"{"text":"","size":1}"#)).await;
    assert_eq!((said.status, said.header("content-type")), (400, Some("application/problem+json")));
    let mut problem = said.json();
    problem["traceId"] = Value::Null;
    insta::assert_json_snapshot!(problem, @r#"
    {
      "code": "validation_failed",
      "detail": "2 fields are not valid",
      "errors": [
        {
          "code": "too_short",
          "detail": "must not be empty",
          "pointer": "/text"
        },
        {
          "code": "unknown_field",
          "detail": "is not a field of this request",
          "pointer": "/size"
        }
      ],
      "instance": "/v1/notes",
      "status": 400,
      "title": "Validation failed",
      "traceId": null,
      "type": "urn:bodega:problem:validation_failed"
    }
    "#);
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let unknown = asked(Ask::get("/notes")).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "not_found"));
    let wrong = asked(Ask::new(Method::PUT, "/v1/notes")).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (405, "method_not_allowed"));
    assert_eq!(wrong.header("allow"), Some("POST, GET"));
    let wrong = asked(Ask::new(Method::PUT, "/v1/notes/1/")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, PATCH, DELETE")));
    assert_eq!(asked(Ask::get("/v1/notes/")).await.status, 200);
    assert_eq!(asked(Ask::get("/v1/notes//")).await.status, 404);
    assert_eq!(asked(Ask::get("/v1/notes/1/2")).await.status, 404);
    assert_eq!(asked(Ask::new(Method::HEAD, "/v1/notes")).await.status, 200);
}

#[actix_web::test]
async fn a_malformed_id_is_answered_like_an_unknown_one() {
    let unknown = "/v1/notes/0190b3a0-0000-7000-8000-000000000000";
    for path in [unknown, "/v1/notes/1", "/v1/notes/%ff", "/v1/notes/%00"] {
        let said = asked(Ask::get(path)).await;
        assert_eq!((said.status, said.code().as_str()), (404, "not_found"), "{path}");
    }
}

#[actix_web::test]
async fn who_may_ask_stands_in_the_handler() {
    let remove = || Ask::new(Method::DELETE, "/v1/notes/1");
    let stranger = asked(remove()).await;
    assert_eq!((stranger.status, stranger.code().as_str()), (401, "authentication_required"));
    assert_eq!(stranger.header("www-authenticate"), Some("Bearer realm=\"bodega\""));
    let forger = asked(remove().by("forged")).await;
    assert_eq!((forger.status, forger.code().as_str()), (401, "invalid_token"));
    let challenge = "Bearer realm=\"bodega\", error=\"invalid_token\"";
    assert_eq!(forger.header("www-authenticate"), Some(challenge));
    assert_eq!(asked(remove().by("old")).await.code(), "token_expired");
    for (token, status) in [("ada", 403), ("ivy", 403), ("root", 404)] {
        assert_eq!(asked(remove().by(token)).await.status, status, "{token}");
    }
    let change = |token| Ask::new(Method::PATCH, "/v1/notes/1").by(token).json(r#"{"text":"x"}"#);
    for (token, status) in [("ada", 403), ("ivy", 404), ("root", 404)] {
        assert_eq!(asked(change(token)).await.status, status, "{token}");
    }
    assert_eq!(asked(Ask::get("/v1/notes").by("old")).await.status, 200, "public is public");
}

#[actix_web::test]
async fn who_you_are_is_asked_before_what_you_want() {
    let huge = "x".repeat(70_000);
    let post = || Ask::post("/v1/notes");
    assert_eq!(asked(post().bytes(huge.clone())).await.status, 401);
    assert_eq!(asked(post().by("ada").bytes(huge.clone())).await.status, 415);
    assert_eq!(asked(post().by("ada").json(huge)).await.status, 413);
    assert_eq!(asked(post().by("ada")).await.code(), "body_required");
    assert_eq!(asked(post().by("ada").json("{")).await.code(), "malformed_json");
    let announced = post().by("ada").json("{}").with("content-length", "99999999");
    assert_eq!(asked(announced).await.status, 413);
    let named = post().by("ada").with("content-type", "application/json; charset=utf-8");
    assert_eq!(asked(named.bytes(r#"{"text":"x"}"#)).await.status, 201);
    let form = post().by("ada").with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(asked(form.bytes("text=x")).await.code(), "unsupported_media_type");
    assert_eq!(asked(Ask::get("/v1/notes?size=1")).await.json()["errors"][0]["pointer"], "/size");
}

#[actix_web::test]
async fn a_handler_that_panics_fails_alone_and_tells_nothing() {
    let said = asked(Ask::post("/v1/notes/break")).await;
    assert_eq!((said.status, said.code().as_str()), (500, "internal_fault"));
    assert!(!String::from_utf8_lossy(&said.body).contains("secret"));
}

#[actix_web::test]
async fn how_a_client_stands_is_told_and_enough_is_enough() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    let token = || ask_through(&pipeline, Ask::post("/v1/notes/token"));
    let first = token().await;
    assert_eq!(first.status, 201);
    assert_eq!(first.header("ratelimit-policy"), Some("\"credentials\";q=10;w=60"));
    assert_eq!(first.header("ratelimit"), Some("\"credentials\";r=9;t=6"));
    for _ in 0..9 {
        assert_eq!(token().await.status, 201);
    }
    let refused = token().await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"));
    assert_eq!(refused.header("retry-after"), Some("6"));
    assert_eq!(refused.json()["retryAfter"], 6);
    assert_eq!(refused.header("ratelimit"), Some("\"credentials\";r=0;t=60"));
    shop.clock.advance(std::time::Duration::from_secs(6));
    assert_eq!(token().await.status, 201);
}

#[actix_web::test]
async fn what_the_client_has_is_not_sent_again() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    let note = Ask::post("/v1/notes").by("ada").json(r#"{"text":"tea"}"#);
    let made = ask_through(&pipeline, note).await.json();
    let path = format!("/v1/notes/{}", made["data"]["id"].as_str().expect("an id"));
    let first = ask_through(&pipeline, Ask::get(&path)).await;
    assert_eq!(
        (first.header("etag"), first.header("cache-control")),
        (Some("\"1\""), Some("no-cache"))
    );
    let again = ask_through(&pipeline, Ask::get(&path).with("if-none-match", "\"1\"")).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some("\"1\"")));
    let change = |tag: &str| {
        let change = Ask::new(Method::PATCH, &path).by("ivy").json(r#"{"text":"x"}"#);
        ask_through(&pipeline, change.with("if-match", tag))
    };
    assert_eq!(change("\"7\"").await.code(), "precondition_failed");
    assert_eq!(change("\"1-5f\"").await.status, 200);
    assert_eq!(change("\"1\"").await.status, 412);
}

#[actix_web::test]
async fn pages_follow_one_another() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    for text in ["a", "b", "c"] {
        let note = format!(r#"{{"text":"{text}"}}"#);
        ask_through(&pipeline, Ask::post("/v1/notes").by("ada").json(note)).await;
    }
    let first = ask_through(&pipeline, Ask::get("/v1/notes?limit=2")).await.json();
    assert_eq!(first["data"].as_array().map(Vec::len), Some(2));
    assert_eq!((&first["page"]["limit"], &first["page"]["hasMore"]), (&2.into(), &true.into()));
    let cursor = first["page"]["nextCursor"].as_str().expect("a cursor");
    let path = format!("/v1/notes?limit=2&cursor={cursor}");
    let last = ask_through(&pipeline, Ask::get(&path)).await.json();
    assert_eq!(last["data"][0]["text"], "c");
    assert_eq!(
        (&last["page"]["nextCursor"], &last["page"]["hasMore"]),
        (&Value::Null, &false.into())
    );
    for bad in ["limit=0", "limit=101", "limit=1e1", "limit=", "cursor=forged"] {
        let said = ask_through(&pipeline, Ask::get(&format!("/v1/notes?{bad}"))).await;
        assert_eq!(said.status, 400, "{bad}");
    }
}

#[actix_web::test]
async fn only_large_answers_are_compressed_and_only_if_asked() {
    let shop = shop();
    let pipeline = pipeline(&shop, LimitSettings::default());
    let long = format!(r#"{{"text":"{}"}}"#, "tea ".repeat(1000));
    ask_through(&pipeline, Ask::post("/v1/notes").by("ada").json(long)).await;
    let list = |accepted: &str| {
        ask_through(&pipeline, Ask::get("/v1/notes").with("accept-encoding", accepted))
    };
    assert_eq!(list("gzip").await.header("content-encoding"), Some("gzip"));
    assert_eq!(list("identity").await.header("content-encoding"), None);
    let small = Ask::get("/health/live").with("accept-encoding", "gzip");
    let small = ask_through(&pipeline, small).await;
    assert_eq!((small.header("content-encoding"), small.status), (None, 200));
}

#[actix_web::test]
async fn the_shop_tells_whether_requests_may_come() {
    assert_eq!(asked(Ask::get("/health/ready")).await.json()["data"]["status"], "ready");
    let closing = Arc::new(Notes { not_ready: Some("the shop is closing"), ..Notes::new() });
    let pipeline = pipeline(&closing, LimitSettings::default());
    let said = ask_through(&pipeline, Ask::get("/health/ready")).await;
    assert_eq!((said.status, said.code().as_str()), (503, "not_ready"));
    assert_eq!(said.header("retry-after"), Some("1"));
}

#[actix_web::test]
async fn the_document_is_there_to_read() {
    let document = asked(Ask::get("/openapi.json")).await;
    assert_eq!(document.json()["openapi"], "3.1.0");
    let page = asked(Ask::get("/docs")).await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("style-src 'sha256-"), "{policy}");
    assert!(String::from_utf8_lossy(&page.body).contains("/v1/notes/{id}"));
    let lead = asked(Ask::get("/api")).await;
    assert_eq!((lead.status, lead.header("location")), (308, Some("/docs")));
}
