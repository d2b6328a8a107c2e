//! Wire: what is asked over HTTP and what comes back; here ids, times and tokens are taken out.

use std::{
    future::{Future, IntoFuture},
    net::SocketAddr,
    pin::Pin,
    time::Duration,
};

use actix_web::http::Method;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A request, sent when it is awaited.
#[derive(Clone)]
#[must_use]
pub struct Ask {
    pub address: SocketAddr,
    pub method: Method,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Under this idempotency key.
    pub fn key(self, key: &str) -> Ask {
        self.header("idempotency-key", key)
    }

    pub fn json(self, body: &Value) -> Ask {
        self.bytes("application/json", body.to_string())
    }

    pub fn bytes(mut self, media_type: &str, body: impl Into<Bytes>) -> Ask {
        self.body = Some(body.into());
        self.header("content-type", media_type)
    }
}

impl IntoFuture for Ask {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(sent(self))
    }
}

async fn sent(ask: Ask) -> Reply {
    let Ask { address, method, path, headers, body } = ask;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER_TIME_MAX)
        .build()
        .expect("a client");
    let verb = reqwest::Method::from_bytes(method.as_str().as_bytes()).expect("a method");
    let mut request = client.request(verb, format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    let sent = request.send().await;
    let answer = sent.unwrap_or_else(|fault| panic!("{method} {path}: no answer: {fault}"));
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().await.expect("a whole answer");
    Reply { asked: format!("{method} {path}"), status, headers, bytes }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Reply {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.bytes).expect("an answer in UTF-8")
    }

    /// The body; null if there is none.
    pub fn json(&self) -> Value {
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("{}: not JSON: {}", self.asked, self.text()))
    }

    /// What was asked for; it must have been granted.
    #[track_caller]
    pub fn data(&self) -> Value {
        let body = self.json();
        assert!((200..300).contains(&self.status), "{}: {} {body}", self.asked, self.status);
        assert_eq!(body["statusCode"], self.status, "{}: {body}", self.asked);
        body["data"].clone()
    }

    /// The refusal; it must be this one.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        let told = (self.status, body["code"].as_str().unwrap_or_default());
        assert_eq!(told, (status, code), "{}: {body}", self.asked);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.asked);
        assert_eq!(body["status"], status, "{}: {body}", self.asked);
        body
    }

    /// The one faulty field: where, and what is wrong.
    #[track_caller]
    pub fn faults(&self) -> Vec<(String, String)> {
        let body = self.refused(400, "validation_failed");
        let told = |fault: &Value, name: &str| fault[name].as_str().expect("a text").to_owned();
        let errors = body["errors"].as_array().expect("a list of faults");
        errors.iter().map(|fault| (told(fault, "pointer"), told(fault, "code"))).collect()
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Status and code, as `409 insufficient_stock`; a success has its status alone.
    pub fn outcome(&self) -> String {
        match self.json()["code"].as_str() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    /// Status and body, without what differs from run to run.
    pub fn shown(&self) -> String {
        let body = serde_json::to_string_pretty(&redacted(self.json())).expect("JSON");
        format!("{}\n{body}", self.status)
    }
}

/// The same without ids, times, tokens and seals.
pub fn redacted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redacted_text(&text)),
        Value::Array(list) => list.into_iter().map(redacted).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let secret = SECRET.contains(&name.as_str()) && !value.is_null();
                let value = if secret { format!("[{name}]").into() } else { redacted(value) };
                (name, value)
            })
            .collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

fn redacted_text(text: &str) -> String {
    if text.len() == TIME.len() && is_shaped(text, TIME) {
        return "[time]".to_owned();
    }
    let mut rest = text;
    let mut shown = String::new();
    while let Some(first) = rest.chars().next() {
        if rest.is_char_boundary(ID.len().min(rest.len())) && is_shaped(rest, ID) {
            shown.push_str("[id]");
            rest = &rest[ID.len()..];
        } else {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shown
}

/// Whether the text begins as the pattern says: `x` is a hexadecimal digit, `0` a decimal one.
fn is_shaped(text: &str, pattern: &str) -> bool {
    text.len() >= pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(is, wanted)| match wanted {
            b'x' => is.is_ascii_hexdigit(),
            b'0' => is.is_ascii_digit(),
            sign => is == sign,
        })
}

/// The id nobody has.
pub const NOBODYS: &str = "01890000-0000-7000-8000-000000000000";
const ID: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
const TIME: &str = "0000-00-00T00:00:00.000Z";
const SECRET: &[&str] = &["accessToken", "refreshToken", "traceId", "nextCursor"];
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
