//! Problems on their way out: as JSON for programs, as a page for people.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{ConnectionType, Method, StatusCode, header},
};

use crate::http::{
    pages::{Faced, Pages},
    problem::Problem,
};

/// A problem as it is shown, by `pages` to people; a fault is logged here, once.
pub(super) fn shown(
    problem: Problem,
    faced: &Faced<'_>,
    pages: Option<&dyn Pages>,
) -> HttpResponse {
    let Faced { request, trace, .. } = faced;
    if let Some(cause) = problem.cause() {
        let (method, path) = (request.method(), request.path());
        tracing::error!(trace.id = trace.as_str(), %method, path, cause, "a request failed");
    }
    let too_much =
        matches!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
    let mut answer = match pages {
        Some(pages) => pages.show(problem, faced),
        None => problem.into_response(request.path(), trace.as_str()),
    };
    if too_much {
        // What is left of the body is not waited for.
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    answer
}

/// Whether a browser asks for a page, and not a program for a resource of the API.
pub(super) fn wants_page(request: &HttpRequest) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.path().starts_with("/v1/")
        && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}
