//! Client: a stranger's program over real HTTP, for the tour and for the proofs.
//!
//! Knows nothing of the shop but its wire. Nothing is sent twice unless the caller does.

use std::{net::SocketAddr, time::Duration};

use reqwest::Method;
use serde_json::Value;

/// A request that can be sent again as it was.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// From `/v1` on.
    pub path: String,
    /// The idempotency key.
    pub key: Option<String>,
    /// The body, as JSON.
    pub body: Option<Value>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Whether the shop says that it gave this answer before.
    pub replayed: bool,
    /// The body, digit for digit.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

/// Nobody knows whether the request was carried out.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct Unheard {
    path: String,
    source: reqwest::Error,
}

/// One caller. Cheap to clone: clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// Who calls; nobody before signing in.
    pub token: Option<String>,
}

impl Request {
    /// Asks for a page.
    pub fn get(path: impl Into<String>) -> Request {
        Request { method: Method::GET, path: path.into(), key: None, body: None }
    }

    /// Sends a body.
    pub fn post(path: impl Into<String>, body: Value) -> Request {
        Request { method: Method::POST, path: path.into(), key: None, body: Some(body) }
    }

    /// Changes without a body.
    pub fn patch(path: impl Into<String>) -> Request {
        Request { method: Method::PATCH, path: path.into(), key: None, body: None }
    }

    /// The same under an idempotency key.
    pub fn under(mut self, key: impl Into<String>) -> Request {
        self.key = Some(key.into());
        self
    }
}

impl Reply {
    /// What the answer is about.
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }

    /// The order it is about, also when it is a refusal.
    pub fn order(&self) -> Option<&str> {
        self.data()["id"].as_str().or(self.body["orderId"].as_str())
    }
}

impl Client {
    /// A stranger at this address; a proxy of the environment is not asked.
    ///
    /// # Errors
    /// No client can be made on this machine.
    pub fn at(address: SocketAddr) -> Result<Client, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().build()?;
        Ok(Client { http, base: format!("http://{address}"), token: None })
    }

    /// The same connections for another caller.
    pub fn with_token(&self, token: &str) -> Client {
        Client { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// The answer did not come, or not whole.
    pub async fn send(&self, request: &Request) -> Result<Reply, Unheard> {
        let unheard = |source| Unheard { path: request.path.clone(), source };
        let url = format!("{}{}", self.base, request.path);
        let mut sent = self.http.request(request.method.clone(), url);
        if let Some(token) = &self.token {
            sent = sent.bearer_auth(token);
        }
        if let Some(key) = &request.key {
            sent = sent.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let answer = sent.send().await.map_err(unheard)?;
        let status = answer.status().as_u16();
        let replayed = answer.headers().contains_key("idempotent-replayed");
        let text = answer.text().await.map_err(unheard)?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Reply { status, replayed, text, body })
    }
}

/// A shop that has not answered by then is stuck.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
