//! Pages: what people see in a browser, made by the same operations as the API.
//!
//! A page is an entry of the one table like any other, marked by [`Operation::page`]: who asks is
//! known by a cookie, what comes in is a [`form`], what goes out is HTML, and so is a problem.
//! Invariant: a form changes nothing unless it came from a page of the shop made for this very
//! session. How one is made is told in `docs/pages.md`.

pub mod answer;
pub mod cookies;
pub mod csrf;
pub mod form;
pub mod frame;
pub mod problems;
pub mod words;

use actix_web::{HttpRequest, HttpResponse, http::header::HeaderMap};
use bytes::Bytes;

use super::{
    access::{Caller, Unauthenticated},
    problem::Problem,
    table::Operation,
    trace::Trace,
};

pub use answer::PageAnswer;
pub use form::{Filled, FormView};
pub use frame::Frame;

/// What the pipeline asks about pages.
pub trait Pages: Send + Sync {
    /// Who is known by the cookies of a request; nothing, if it has none of ours.
    fn caller(&self, headers: &HeaderMap) -> Option<Result<Caller, Unauthenticated>>;
    /// Lets a form in that comes from a page of ours, made for whoever sends it.
    ///
    /// # Errors
    /// 403 `foreign_form`.
    fn must_be_own(&self, request: &HttpRequest, body: &Bytes) -> Result<(), Problem>;
    /// Shows a problem to a person.
    fn show(&self, problem: Problem, faced: &Faced<'_>) -> HttpResponse;
}

/// A request that ended in a problem.
pub struct Faced<'a> {
    /// The request.
    pub request: &'a HttpRequest,
    /// Its name.
    pub trace: &'a Trace,
    /// Its body, as far as it was read.
    pub body: &'a Bytes,
    /// Who asked, if that is known.
    pub caller: Option<Caller>,
}

/// All of them are pages.
pub fn all_pages<S>(operations: Vec<Operation<S>>) -> Vec<Operation<S>> {
    operations.into_iter().map(Operation::page).collect()
}
