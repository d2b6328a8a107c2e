//! Client: one call to Stripe, repeated as Stripe's own clients repeat theirs.
//!
//! Invariant: a POST always carries an idempotency key, so that repeating it is safe; the secret
//! key is never printed. What may have been carried out is told apart from what surely was not.

use std::time::Duration;

use reqwest::{
    Method, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::wire::{ErrorBody, WireError};
use crate::{
    gateways::breaker::{Breaker, Ended},
    traceparent,
};

/// Names and values, in Stripe's notation for nested ones: `metadata[order_id]`.
pub(super) type Form = Vec<(&'static str, String)>;

/// How long is waited, and how often it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For one answer, connection included.
    pub answer: Duration,
    /// Before the first repetition; twice as long before each further one.
    pub repeat_first: Duration,
    /// Before any repetition at most.
    pub repeat_max: Duration,
    /// How often a call is repeated.
    pub repeats_max: u32,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(4),
            answer: Duration::from_secs(8),
            repeat_first: Duration::from_millis(500),
            repeat_max: Duration::from_secs(5),
            repeats_max: 2,
        }
    }
}

/// What a call came to that is no success.
#[derive(Debug)]
pub(super) enum Failure {
    /// Stripe said no: this call changed nothing.
    Refused(Refused),
    /// Nobody knows whether it was carried out.
    Doubt {
        /// Whether the doubt itself was kept under the key and is all that will ever come.
        is_final: bool,
    },
}

/// A no from Stripe.
#[derive(Debug)]
pub(super) struct Refused {
    pub status: StatusCode,
    pub error: WireError,
}

/// A success, and whether it was an earlier one's again.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub value: T,
    pub is_replay: bool,
}

/// Speaks to Stripe. Clones share connections.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base_url: Url,
    secret_key: SecretString,
    patience: Patience,
    breaker: Breaker,
}

/// One try, as it ended.
enum Tried<T> {
    Done(Answer<T>),
    Refused(Refused),
    /// Worth another try; not before so long, if Stripe says so.
    Again {
        wait: Option<Duration>,
        is_replay: bool,
    },
    Doubt {
        is_replay: bool,
    },
}

impl Client {
    pub fn new(
        base_url: Url,
        secret_key: SecretString,
        patience: Patience,
        breaker: Breaker,
    ) -> Result<Client, reqwest::Error> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("stripe-version"),
            HeaderValue::from_static(API_VERSION),
        );
        let http = reqwest::Client::builder()
            .user_agent(concat!("bodega/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(patience.connect)
            .timeout(patience.answer)
            .redirect(Policy::none())
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build()?;
        Ok(Client { http, base_url, secret_key, patience, breaker })
    }

    /// Asks without changing anything.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &Form) -> Result<T, Failure> {
        let answer = self.call(Method::GET, path, query, None).await?;
        Ok(answer.value)
    }

    /// Asks for something to be done, once under this key.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &str,
    ) -> Result<Answer<T>, Failure> {
        self.call(Method::POST, path, form, Some(key)).await
    }

    /// The same for what does no harm when it is done twice: a fault that Stripe keeps under the
    /// key would be all that ever comes, so it is asked for under another key then.
    pub async fn post_at_last<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &str,
    ) -> Result<Answer<T>, Failure> {
        let first = self.post(path, form, key).await;
        if !matches!(first, Err(Failure::Doubt { is_final: true })) {
            return first;
        }
        self.post(path, form, &format!("{key}:{}", fastrand::u32(..))).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: &Form,
        key: Option<&str>,
    ) -> Result<Answer<T>, Failure> {
        let mut repeats = 0;
        loop {
            let Ok(leave) = self.breaker.admit() else {
                return Err(Failure::Doubt { is_final: false });
            };
            let (tried, ended) = self.try_once(method.clone(), path, form, key).await;
            leave.note(ended);
            let (wait, is_replay) = match tried {
                Tried::Done(answer) => return Ok(answer),
                Tried::Refused(refused) => return Err(Failure::Refused(refused)),
                Tried::Doubt { is_replay } => return Err(Failure::Doubt { is_final: is_replay }),
                Tried::Again { wait, is_replay } => (wait, is_replay),
            };
            if repeats >= self.patience.repeats_max {
                return Err(Failure::Doubt { is_final: is_replay });
            }
            tokio::time::sleep(self.pause(repeats, wait)).await;
            repeats += 1;
        }
    }

    async fn try_once<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: &Form,
        key: Option<&str>,
    ) -> (Tried<T>, Ended) {
        let mut url = self.base_url.clone();
        url.set_path(path);
        if method == Method::GET {
            url.query_pairs_mut().extend_pairs(form);
        }
        let mut request =
            self.http.request(method.clone(), url).bearer_auth(self.secret_key.expose_secret());
        if method == Method::POST {
            request = request.form(form);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(traceparent) = traceparent::header() {
            request = request.header("traceparent", traceparent);
        }
        let unanswered = (Tried::Again { wait: None, is_replay: false }, Ended::Failed);
        let response = match request.send().await {
            Ok(response) => response,
            Err(fault) => {
                tracing::warn!(path, error = %without_url(fault), "Stripe did not answer");
                return unanswered;
            }
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = match read_bounded(response).await {
            Ok(body) => body,
            Err(fault) => {
                tracing::warn!(path, error = %without_url(fault), "Stripe's answer broke off");
                return unanswered;
            }
        };
        let tried = judged(path, status, &headers, &body);
        // A fault that is only told again says nothing about now.
        let told_again = matches!(tried, Tried::Doubt { is_replay: true });
        let failed = status.is_server_error() && !told_again;
        (tried, if failed { Ended::Failed } else { Ended::Answered })
    }

    /// Half a second, one, two, up to five, less some chance; longer if Stripe asks for it.
    fn pause(&self, repeats: u32, asked: Option<Duration>) -> Duration {
        let Patience { repeat_first, repeat_max, .. } = self.patience;
        let full = repeat_first.saturating_mul(1 << repeats.min(DOUBLINGS_MAX)).min(repeat_max);
        let percent = 50 + fastrand::u32(0..=50);
        let less = (full * percent / 100).max(repeat_first.min(full));
        asked.filter(|asked| *asked <= repeat_max).map_or(less, |asked| asked.max(less))
    }
}

fn judged<T: DeserializeOwned>(
    path: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Tried<T> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_replay = header("idempotent-replayed") == Some("true");
    if status.is_success() {
        return match serde_json::from_slice(body) {
            Ok(value) => Tried::Done(Answer { value, is_replay }),
            Err(fault) => {
                // The position of the fault, never the text: it may hold a customer's data.
                let (line, column) = (fault.line(), fault.column());
                tracing::error!(path, line, column, "Stripe's answer makes no sense");
                Tried::Doubt { is_replay }
            }
        };
    }
    let again = match header("stripe-should-retry") {
        Some("true") => true,
        Some("false") => false,
        _ => status == StatusCode::CONFLICT || status.is_server_error(),
    };
    if again {
        let wait = header("retry-after").and_then(|seconds| seconds.parse().ok());
        return Tried::Again { wait: wait.map(Duration::from_secs), is_replay };
    }
    let error = serde_json::from_slice::<ErrorBody>(body).map(|body| body.error);
    match (status, error) {
        // The shop's key is wrong, or too much was asked: an earlier call may have done it.
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, error) => {
            let why = error.map(|error| error.why().to_owned()).unwrap_or_default();
            tracing::error!(%status, why, "Stripe does not accept the secret key");
            Tried::Doubt { is_replay: false }
        }
        (StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT, _) => {
            Tried::Doubt { is_replay: false }
        }
        (_, Ok(error)) if status.is_client_error() => Tried::Refused(Refused { status, error }),
        _ => Tried::Doubt { is_replay },
    }
}

async fn read_bounded(mut response: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            // What is read so far makes no sense, which is the right answer to so much.
            break;
        }
    }
    Ok(body)
}

/// A fault in words, with what caused it, without the address asked for.
fn without_url(fault: reqwest::Error) -> String {
    use std::error::Error;
    let fault = fault.without_url();
    let mut words = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

/// The version of Stripe's API that this client was written for.
pub const API_VERSION: &str = "2026-10-28.endive";
/// Largest answer that is read: a page of a hundred events.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Connections kept for the next call.
const IDLE_CONNECTIONS_MAX: usize = 64;
/// Beyond this it is the longest pause anyway.
const DOUBLINGS_MAX: u32 = 16;

#[cfg(test)]
mod tests;
