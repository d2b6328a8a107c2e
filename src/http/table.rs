//! Table: one entry an operation, made from its handler, so that who may call it, what it takes
//! and what it shows cannot differ from what the handler's signature says.

use std::{any::type_name, future::Future, net::IpAddr};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use schemars::SchemaGenerator;
use serde_json::Value;

use super::{
    access::{Access, Caller, Who},
    answer::{Answer, Show},
    call::{Call, Form, Input, Origin, Path},
    fields::{Body, Faults, read_form, read_query, schema_of},
    idempotency::{Made, RequestKey},
    limits::Class,
    pages::form,
    problem::Problem,
    router::Params,
    scopes,
    trace::Trace,
};
use crate::domain::api_keys::Scope;

/// Something the shop can be asked over HTTP.
pub struct Operation<S> {
    /// Its name, from the handler's: `auth_signup`.
    pub id: String,
    /// The method.
    pub method: Method,
    /// The path, as `/v1/orders/{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What a key needs to call it; none: no key may, unless it is public.
    pub scope: Option<Scope>,
    /// What it costs.
    pub class: Class,
    /// The status of a success.
    pub status: StatusCode,
    /// The resource it belongs to, from the handler's module.
    pub tag: String,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// The schemas of the path's parameters, in their order.
    pub path_schemas: Vec<Value>,
    /// The schema of the query parameters, as one object.
    pub query_schema: Value,
    /// What it makes of the body.
    pub form: Form,
    /// The schema of the body.
    pub body_schema: Option<Value>,
    /// Whether there must be a body.
    pub body_is_required: bool,
    /// The largest body.
    pub body_bytes_max: usize,
    /// Whether its answers hold tokens, and so are never stored.
    pub is_secret: bool,
    /// Whether the OpenAPI document leaves it out.
    pub is_hidden: bool,
    /// Whether it is a page for people: who asks is known by a cookie, and a problem is a page too.
    pub is_page: bool,
    /// Whether somebody known by a cookie alone is let in.
    pub takes_cookie: bool,
    /// Reads a body as it would be read: its faulty fields, or why it cannot be read at all.
    pub reads: fn(Bytes) -> Result<Faults, Problem>,
    /// Reads query parameters likewise.
    pub asks: fn(&str) -> Result<Faults, Problem>,
    /// Describes a success.
    pub describe: fn(&mut SchemaGenerator, StatusCode) -> Option<(&'static str, Value)>,
    pub(super) prepare: Prepare<S>,
    pub(super) again: Option<Again<S>>,
}

/// A request on its way to the handler, allowed and complete.
pub(super) struct Incoming<'a> {
    pub request: &'a HttpRequest,
    pub status: StatusCode,
    pub params: &'a Params<'a>,
    pub body: Bytes,
    pub address: IpAddr,
    pub trace: &'a Trace,
    pub caller: Option<Caller>,
    pub key: Option<RequestKey>,
    pub is_page: bool,
}

/// A handler at work.
pub(super) type Work = LocalBoxFuture<'static, Result<HttpResponse, Problem>>;
/// Reads everything, then gives the work, not yet begun.
type Prepare<S> = Box<dyn Fn(S, Incoming<'_>) -> Result<Work, Problem> + Send + Sync>;
/// Makes an answer again from what its request made.
type Again<S> = Box<dyn Fn(S, Made, Incoming<'_>) -> Work + Send + Sync>;

/// An operation: the method, the path, what it costs, what it does, and the handler.
///
/// `POST` answers 201 and everything else 200, unless [`Operation::answers`] says otherwise.
pub fn op<S, W, B, Q, P, A, F, R>(
    method: Method,
    path: &'static str,
    class: Class,
    summary: &'static str,
    handler: F,
) -> Operation<S>
where
    S: 'static,
    W: Who + 'static,
    B: Input + 'static,
    Q: Body + 'static,
    P: Path + 'static,
    A: Show + 'static,
    F: Fn(S, W, Call<B, Q, P>) -> R + Send + Sync + 'static,
    R: Future<Output = Answer<A>> + 'static,
{
    let status = if method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
    let (tag, name) = names_of::<F>();
    Operation {
        id: format!("{tag}_{name}"),
        path,
        access: W::ACCESS,
        scope: scopes::of(&method, path),
        method,
        class,
        status,
        tag,
        summary,
        path_schemas: P::schemas(),
        query_schema: schema_of::<Q>(),
        form: B::FORM,
        body_schema: B::schema(),
        body_is_required: B::IS_REQUIRED,
        body_bytes_max: BODY_BYTES_MAX,
        is_secret: false,
        is_hidden: false,
        is_page: false,
        takes_cookie: false,
        reads: body_faults::<B>,
        asks: query_faults::<Q>,
        describe: A::describe,
        prepare: prepared(handler),
        again: None,
    }
}

impl<S> Operation<S> {
    /// Its answers hold tokens: they are never stored.
    #[must_use]
    pub fn secret(mut self) -> Operation<S> {
        self.is_secret = true;
        self
    }

    /// The OpenAPI document leaves it out.
    #[must_use]
    pub fn hidden(mut self) -> Operation<S> {
        self.is_hidden = true;
        self
    }

    /// It is a page for people, see [`crate::http::pages`].
    #[must_use]
    pub fn page(mut self) -> Operation<S> {
        self.is_page = true;
        self.status = StatusCode::OK;
        self.hidden().with_cookie()
    }

    /// Somebody known by a cookie alone is let in too. Only for what changes nothing: the cookie
    /// comes with every request, whoever made the page that it was sent from.
    #[must_use]
    pub fn with_cookie(mut self) -> Operation<S> {
        self.takes_cookie = true;
        self
    }

    /// A success has this status.
    #[must_use]
    pub fn answers(mut self, status: StatusCode) -> Operation<S> {
        self.status = status;
        self
    }

    /// It takes larger bodies.
    #[must_use]
    pub fn takes_bytes(mut self, body_bytes_max: usize) -> Operation<S> {
        self.body_bytes_max = body_bytes_max;
        self
    }

    /// Makes its answer again from what the request made, when the stored one was lost.
    #[must_use]
    pub fn again<A, F, R>(mut self, handler: F) -> Operation<S>
    where
        S: 'static,
        A: Show + 'static,
        F: Fn(S, Option<Caller>, Made) -> R + Send + Sync + 'static,
        R: Future<Output = Answer<A>> + 'static,
    {
        self.again = Some(Box::new(move |shop, made, incoming| {
            let (status, request) = (incoming.status, incoming.request.clone());
            let work = handler(shop, incoming.caller, made);
            Box::pin(async move { work.await?.show(status, &request) })
        }));
        self
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD)
    }
}

fn body_faults<B: Input>(bytes: Bytes) -> Result<Faults, Problem> {
    let mut faults = Faults::default();
    B::take(bytes, &mut faults)?;
    Ok(faults)
}

fn query_faults<Q: Body>(query: &str) -> Result<Faults, Problem> {
    let mut faults = Faults::default();
    read_query::<Q>(query, &mut faults)?;
    Ok(faults)
}

/// The way of every request: read all of it, note all faults, then ask and show.
fn prepared<S, W, B, Q, P, A, F, R>(handler: F) -> Prepare<S>
where
    S: 'static,
    W: Who + 'static,
    B: Input + 'static,
    Q: Body + 'static,
    P: Path + 'static,
    A: Show + 'static,
    F: Fn(S, W, Call<B, Q, P>) -> R + Send + Sync + 'static,
    R: Future<Output = Answer<A>> + 'static,
{
    Box::new(move |shop, incoming| {
        let Incoming { request, status, params, body, address, trace, caller, key, is_page } =
            incoming;
        let who = W::admitted(caller).ok_or_else(Problem::forbidden)?;
        let mut faults = Faults::default();
        let query = request.query_string();
        let query = match is_page {
            // Links to pages carry what other people put there, and a form sends empty fields.
            true => read_form(&form::fields_of(query)?, &mut faults),
            false => read_query(query, &mut faults)?,
        };
        let body = B::take(body, &mut faults)?;
        if !faults.is_empty() {
            return Err(Problem::invalid(faults.into_vec()));
        }
        let from = Origin::new(request, address, trace);
        let call = Call { path: P::read(params), query, body, key, from };
        let (work, request) = (handler(shop, who, call), request.clone());
        Ok(Box::pin(async move { work.await?.show(status, &request) }))
    })
}

/// The module and the name of a handler: `("auth", "signup")`.
fn names_of<F>() -> (String, String) {
    let generic = type_name::<F>();
    let mut names = generic.split('<').next().unwrap_or(generic).rsplit("::");
    let name = names.next().unwrap_or_default();
    let module = names.next().unwrap_or_default();
    (module.to_owned(), name.to_owned())
}

/// Largest body of an operation that does not say otherwise.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
