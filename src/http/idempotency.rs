//! Idempotency: the same request twice has one effect and one answer.
//!
//! The effect's own commit holds the key, the body's hash and what was made; the answer's bytes
//! lie beside it. Invariant: of two requests with one key at most one runs; the other is told to
//! wait, gets the stored answer, or is refused because it asks for something else.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    http::{
        Method, StatusCode,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tokio::{sync::Notify, time::timeout};

use super::{access::Caller, problem::Problem};
use crate::store;

/// What a message carries so that its effect is made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Hash of who asks, method, route and key.
    pub scope: [u8; 32],
    /// Hash of what is asked for.
    pub body: [u8; 32],
}

impl RequestKey {
    /// As it is written with the effect, before anything is made.
    pub fn to_store(self) -> store::RequestKey {
        store::RequestKey { scope: self.scope, body: self.body, made: None }
    }
}

/// What the commit of an effect says about the request it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Hash of what was asked for.
    pub body: [u8; 32],
    /// What the effect made.
    pub made: Option<Made>,
}

/// What a request made, from which its answer can be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The kind of aggregate.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// The bytes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Its status.
    pub status: u16,
    /// Its own headers, without those that every answer gets.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Where requests and answers are remembered.
pub trait Answers: Send + Sync {
    /// The request of this scope, if its effect is committed and its key still alive.
    ///
    /// # Errors
    /// If it cannot be told now.
    fn request(&self, scope: &[u8; 32]) -> Result<Option<Seen>, Problem>;
    /// The answer of this scope, if it is still there.
    ///
    /// # Errors
    /// If it cannot be told now.
    fn answer(&self, scope: &[u8; 32]) -> Result<Option<StoredAnswer>, Problem>;
    /// Keeps an answer; it may be lost in a crash.
    fn keep(&self, scope: [u8; 32], answer: StoredAnswer);
    /// The position of the journal: what was answered until now is not behind it.
    fn position(&self) -> u64;
}

/// What is to become of a request with a key.
#[derive(Debug)]
pub enum Admission {
    /// It is new: run it, and hold the ticket until it is answered.
    Run(Ticket),
    /// It has been answered: this was it.
    Replay(StoredAnswer),
    /// Its effect is there, its answer is not: make it again from what was made.
    Again(Ticket, Option<Made>),
}

/// The requests with a key that are running now.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Running>);

#[derive(Debug, Default)]
struct Running {
    scopes: Mutex<HashSet<[u8; 32]>>,
    /// Told whenever a scope is free again.
    freed: Notify,
}

/// A running request; its key is free again when this is dropped.
#[derive(Debug)]
pub struct Ticket {
    scope: [u8; 32],
    running: InFlight,
}

impl InFlight {
    /// Lets a request with a key in, or finds out what became of it.
    ///
    /// # Errors
    /// 409 while it is running, 422 if the key was used for something else.
    pub fn admit(&self, key: RequestKey, answers: &dyn Answers) -> Result<Admission, Problem> {
        let ticket = self.start(key.scope).ok_or_else(in_flight)?;
        let Some(seen) = answers.request(&key.scope)? else {
            return Ok(Admission::Run(ticket));
        };
        if seen.body != key.body {
            return Err(Problem::refusal(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this idempotency key was used for another request",
            ));
        }
        Ok(match answers.answer(&key.scope)? {
            Some(answer) => Admission::Replay(answer),
            None => Admission::Again(ticket, seen.made),
        })
    }

    /// The same, but waits so long for one that is running.
    ///
    /// # Errors
    /// As [`InFlight::admit`].
    pub async fn admit_within(
        &self,
        patience: Duration,
        key: RequestKey,
        answers: &dyn Answers,
    ) -> Result<Admission, Problem> {
        let free = async {
            loop {
                let mut freed = std::pin::pin!(self.0.freed.notified());
                // Listens from here on, so that nothing is missed between the two looks.
                freed.as_mut().enable();
                if !self.is_running(&key.scope) {
                    break;
                }
                freed.await;
            }
        };
        if !patience.is_zero() {
            let _too_slow_is_refused_below = timeout(patience, free).await;
        }
        self.admit(key, answers)
    }

    fn is_running(&self, scope: &[u8; 32]) -> bool {
        self.0.scopes.lock().unwrap_or_else(PoisonError::into_inner).contains(scope)
    }

    fn start(&self, scope: [u8; 32]) -> Option<Ticket> {
        let mut running = self.0.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(scope).then(|| Ticket { scope, running: self.clone() })
    }
}

impl Ticket {
    /// The scope that is running.
    pub fn scope(&self) -> [u8; 32] {
        self.scope
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let running = &self.running.0;
        running.scopes.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.scope);
        running.freed.notify_waiters();
    }
}

/// The key a request brings, if its method takes one.
///
/// # Errors
/// 400 `invalid_idempotency_key`: too long, not printable, or two different ones.
pub fn key_in<'a>(method: &Method, headers: &'a HeaderMap) -> Result<Option<&'a str>, Problem> {
    if !matches!(*method, Method::POST | Method::PATCH) {
        return Ok(None);
    }
    let mut keys = HEADERS.iter().flat_map(|name| headers.get_all(*name));
    let Some(first) = keys.next() else { return Ok(None) };
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let key = first.to_str().ok().map(str::trim).filter(|key| {
        (1..=KEY_LETTERS_MAX).contains(&key.len()) && key.as_bytes().iter().all(printable)
    });
    if key.is_none() || keys.any(|other| other != first) {
        return Err(Problem::malformed(
            "invalid_idempotency_key",
            "an idempotency key is one text of 1 to 255 printable characters",
        ));
    }
    Ok(key)
}

/// A key within its scope: the caller (or else the address), the method and the route. What is
/// asked for is the body, and everything of the address line that the route leaves open.
///
/// Both are HMACs: they stay in the journal, and a plain hash of a body with a password in it
/// would be a quicker way to guess the password than the password's own hash.
pub fn scoped(
    secret: &[u8; 32],
    key: &str,
    caller: Option<Caller>,
    address: IpAddr,
    route: (&Method, &str),
    asked: (&str, &str, &[u8]),
) -> RequestKey {
    let who = match caller {
        Some(caller) => caller.user.to_string(),
        None => address.to_string(),
    };
    let (method, template) = route;
    let (path, query, body) = asked;
    let body_hash = Sha256::digest(body);
    RequestKey {
        scope: hash(secret, [&who, method.as_str(), template, key].map(str::as_bytes)),
        body: hash(secret, [path.as_bytes(), query.as_bytes(), &body_hash]),
    }
}

/// Whether an answer is stored for repetitions: successes, and refused payments. A page's success
/// leads on to another page.
pub fn is_stored(status: StatusCode, is_page: bool) -> bool {
    let leads_on = is_page && status == StatusCode::SEE_OTHER;
    status.is_success() || leads_on || status == StatusCode::PAYMENT_REQUIRED
}

/// Takes an answer's bytes to be stored, and gives the answer back.
pub fn stored(answer: HttpResponse) -> (HttpResponse, Option<StoredAnswer>) {
    let (head, body) = answer.into_parts();
    let bytes = match actix_web::body::MessageBody::try_into_bytes(body) {
        Ok(bytes) => bytes,
        Err(stream) => return (head.set_body(stream), None),
    };
    let headers = head
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let status = head.status().as_u16();
    let kept = StoredAnswer { status, headers, body: bytes.to_vec() };
    (head.set_body(actix_web::body::BoxBody::new(bytes)), Some(kept))
}

/// A stored answer, as it is given again.
pub fn replayed(stored: StoredAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let mut answer = HttpResponse::with_body(status, stored.body).map_into_boxed_body();
    for (name, value) in stored.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    marked(answer)
}

/// The answer with the mark of a repetition.
pub fn marked(mut answer: HttpResponse) -> HttpResponse {
    let name = HeaderName::from_static("idempotent-replayed");
    answer.headers_mut().insert(name, HeaderValue::from_static("true"));
    answer
}

/// 409: the effect is there, but nothing is left to make its answer from.
pub fn answer_lost() -> Problem {
    Problem::refusal(
        StatusCode::CONFLICT,
        "idempotent_answer_lost",
        "this request was carried out, but its answer is no longer known",
    )
}

fn in_flight() -> Problem {
    Problem::refusal(
        StatusCode::CONFLICT,
        "idempotency_key_in_flight",
        "a request with this idempotency key is still running",
    )
    .retry_after(RETRY_SECONDS_IN_FLIGHT)
}

fn hash<const N: usize>(secret: &[u8; 32], parts: [&[u8]; N]) -> [u8; 32] {
    let mut hash =
        Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC takes a secret of any length");
    for part in parts {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into_bytes().into()
}

const HEADERS: [&str; 2] = ["idempotency-key", "x-idempotency-key"];
const KEY_LETTERS_MAX: usize = 255;
const RETRY_SECONDS_IN_FLIGHT: u64 = 1;

#[cfg(test)]
mod tests;
