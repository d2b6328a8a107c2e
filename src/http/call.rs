//! Call: what is asked, typed: path, query and body, and where it came from.
//!
//! | A handler takes | for |
//! |---|---|
//! | `Call` | nothing |
//! | `Call<SignupBody>` | a body |
//! | `CallOn<OrderId>`, `CallOn<OrderId, CancelBody>` | a path with an id; and a body |
//! | `CallAsking<ListQuery>`, `CallAsking<ListQuery, Slug>` | query parameters; and a path |
//! | `Call<Perhaps<PayBody>>` | a body that may be missing |
//! | `Call<RawBody>` | the bytes as they came |

use std::{borrow::Cow, net::IpAddr};

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    etag::IfMatch,
    fields::{Body, Faults, Fields, read_body, schema_of},
    idempotency::RequestKey,
    problem::Problem,
    router::Params,
    trace::Trace,
};
use crate::domain::ids::Identity;

/// What is asked.
#[derive(Debug)]
pub struct Call<B = NoBody, Q = NoQuery, P = NoPath> {
    /// What the path names.
    pub path: P,
    /// The query parameters.
    pub query: Q,
    /// The body.
    pub body: B,
    /// The idempotency key, to be put into the message.
    pub key: Option<RequestKey>,
    /// Where it came from.
    pub from: Origin,
}

/// A call on the thing the path names.
pub type CallOn<P, B = NoBody> = Call<B, NoQuery, P>;

/// A call with query parameters.
pub type CallAsking<Q, P = NoPath> = Call<NoBody, Q, P>;

/// Where a call came from, and what else its headers say.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    request: HttpRequest,
    trace: Trace,
    seen: Option<u64>,
}

impl<B, Q, P> Call<B, Q, P> {
    /// The same call with this body, as another handler takes it.
    pub fn with<C>(self, body: C) -> CallOn<P, C> {
        Call { path: self.path, query: NoQuery, body, key: self.key, from: self.from }
    }

    /// The same call by a form that was made when the thing had this version.
    #[must_use]
    pub fn having_seen(self, version: Option<u64>) -> Call<B, Q, P> {
        Call { from: self.from.having_seen(version), ..self }
    }

    /// Its body, and the call without it.
    pub fn apart(self) -> (B, CallOn<P>) {
        let Call { path, query: _, body, key, from } = self;
        (body, Call { path, query: NoQuery, body: NoBody, key, from })
    }
}

impl Origin {
    pub(super) fn new(request: &HttpRequest, address: IpAddr, trace: &Trace) -> Origin {
        Origin { address, request: request.clone(), trace: trace.clone(), seen: None }
    }

    /// The program or device that calls, by its own words.
    pub fn device(&self) -> String {
        let words = self.header(header::USER_AGENT.as_str()).unwrap_or("unknown");
        words.chars().filter(|letter| !letter.is_control()).take(DEVICE_LETTERS_MAX).collect()
    }

    /// The trace id, as in `X-Request-Id`.
    pub fn trace(&self) -> &str {
        self.trace.as_str()
    }

    /// What `If-Match` demands, or the form.
    pub fn if_match(&self) -> IfMatch {
        match self.seen {
            Some(version) => IfMatch::of_version(version),
            None => IfMatch::read(self.request.headers()),
        }
    }

    /// The same, of a form that was made when the thing had this version.
    #[must_use]
    pub fn having_seen(mut self, version: Option<u64>) -> Origin {
        self.seen = version;
        self
    }

    /// This path with the query of the call, to send it on to.
    pub fn with_query(&self, path: String) -> String {
        match self.request.query_string() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    }

    /// What was asked for: path and query.
    pub fn asked(&self) -> &str {
        self.request.uri().path_and_query().map_or("/", |asked| asked.as_str())
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// A header, if it is printable text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }
}

/// What a route makes of the request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It is not looked at.
    Ignored,
    /// It must be JSON.
    Json,
    /// Its bytes, whatever they are.
    Bytes,
    /// It must be a form of one of the shop's own pages, see [`crate::http::pages::form`].
    Page,
}

/// What a body is read into.
pub trait Input: Sized {
    /// What it must be.
    const FORM: Form;
    /// Whether it must be there.
    const IS_REQUIRED: bool = true;
    /// Reads it; faulty fields are noted.
    ///
    /// # Errors
    /// 400, if it cannot be read at all.
    fn take(bytes: Bytes, faults: &mut Faults) -> Result<Self, Problem>;
    /// Its JSON schema.
    fn schema() -> Option<Value>;
}

/// No body is needed; one that comes nevertheless is not looked at.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

/// A body that may be missing altogether.
#[derive(Clone, Copy, Debug)]
pub struct Perhaps<B>(pub Option<B>);

/// The body as it came, for signatures over its bytes.
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<B: Body> Input for B {
    const FORM: Form = Form::Json;
    fn take(bytes: Bytes, faults: &mut Faults) -> Result<B, Problem> {
        read_body(&bytes, faults)
    }
    fn schema() -> Option<Value> {
        Some(schema_of::<B>())
    }
}

impl Input for NoBody {
    const FORM: Form = Form::Ignored;
    fn take(_: Bytes, _: &mut Faults) -> Result<NoBody, Problem> {
        Ok(NoBody)
    }
    fn schema() -> Option<Value> {
        None
    }
}

impl<B: Body> Input for Perhaps<B> {
    const FORM: Form = Form::Json;
    const IS_REQUIRED: bool = false;
    fn take(bytes: Bytes, faults: &mut Faults) -> Result<Perhaps<B>, Problem> {
        if bytes.is_empty() {
            return Ok(Perhaps(None));
        }
        read_body(&bytes, faults).map(|body| Perhaps(Some(body)))
    }
    fn schema() -> Option<Value> {
        Some(schema_of::<B>())
    }
}

impl Input for RawBody {
    const FORM: Form = Form::Bytes;
    fn take(bytes: Bytes, _: &mut Faults) -> Result<RawBody, Problem> {
        Ok(RawBody(bytes))
    }
    fn schema() -> Option<Value> {
        None
    }
}

/// No query parameters.
#[derive(Clone, Copy, Debug)]
pub struct NoQuery;

impl Body for NoQuery {
    fn read(_: &mut Fields<'_>) -> NoQuery {
        NoQuery
    }
}

/// What a path's parameters are read into. It cannot fail: what is no id becomes one that
/// nobody has, and is answered as an unknown one is.
pub trait Path: Sized {
    /// Reads the parameters in their order.
    fn read(params: &Params<'_>) -> Self;
    /// Their JSON schemas in their order.
    fn schemas() -> Vec<Value>;
}

/// A path without parameters.
#[derive(Clone, Copy, Debug)]
pub struct NoPath;

/// A parameter that is a word, such as a slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(pub String);

impl Path for NoPath {
    fn read(_: &Params<'_>) -> NoPath {
        NoPath
    }
    fn schemas() -> Vec<Value> {
        Vec::new()
    }
}

impl Path for (Word, Word) {
    fn read(params: &Params<'_>) -> (Word, Word) {
        let word = |index| Word(params.get(index).map(Cow::into_owned).unwrap_or_default());
        (word(0), word(1))
    }
    fn schemas() -> Vec<Value> {
        vec![json!({ "type": "string" }), json!({ "type": "string" })]
    }
}

impl<T: Identity> Path for T {
    fn read(params: &Params<'_>) -> T {
        id_in(params, 0)
    }
    fn schemas() -> Vec<Value> {
        vec![id_schema()]
    }
}

impl<T: Identity, U: Identity> Path for (T, U) {
    fn read(params: &Params<'_>) -> (T, U) {
        (id_in(params, 0), id_in(params, 1))
    }
    fn schemas() -> Vec<Value> {
        vec![id_schema(), id_schema()]
    }
}

impl Path for Word {
    fn read(params: &Params<'_>) -> Word {
        Word(params.get(0).map(|word| word.into_owned()).unwrap_or_default())
    }
    fn schemas() -> Vec<Value> {
        vec![json!({ "type": "string", "minLength": 1 })]
    }
}

fn id_in<T: Identity>(params: &Params<'_>, index: usize) -> T {
    let read = params.get(index).ok_or(()).and_then(|text| text.parse().map_err(|_| ()));
    read.unwrap_or_else(|()| T::from_bytes([0; 16]))
}

fn id_schema() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

const DEVICE_LETTERS_MAX: usize = 200;
