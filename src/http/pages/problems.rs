//! Problems, as a person sees them: what it was, and what can be done about it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header::HeaderMap},
};
use bytes::Bytes;
use serde::Serialize;

use super::{
    Faced, Frame, PageAnswer, Pages, cookies,
    cookies::CookieNames,
    csrf::{self, Source},
    form,
};
use crate::{
    accounts::{Identified, Unidentified},
    domain::{ids::ShopId, settings},
    http::{
        access::{Caller, Public, Unauthenticated},
        answer::Answer,
        call::Origin,
        problem::Problem,
        storefront::sign_in,
    },
    shop::Shop,
};

impl Pages for Shop {
    fn caller(&self, headers: &HeaderMap) -> Option<Result<Caller, Unauthenticated>> {
        let names = CookieNames::of(self, headers);
        let cookie = cookies::value(headers, names.session)?;
        Some(match self.accounts.identify_cookie(cookie) {
            Ok(Identified { user, role, means }) => Ok(Caller { user, role, means }),
            Err(Unidentified::Unavailable) => Err(Unauthenticated::Unavailable),
            Err(_) => Err(Unauthenticated::SessionEnded),
        })
    }

    fn must_be_own(&self, request: &HttpRequest, body: &Bytes) -> Result<(), Problem> {
        let headers = request.headers();
        let names = CookieNames::of(self, headers);
        let bound_to =
            cookies::value(headers, names.session).or_else(|| cookies::value(headers, names.visit));
        let token = form::token_in(body);
        let is_proven = bound_to
            .zip(token)
            .is_some_and(|(cookie, token)| csrf::is_good(&self.key_secret, cookie, &token));
        let is_foreign = source(self, headers) == Source::Foreign;
        if is_proven && !is_foreign { Ok(()) } else { Err(foreign_form()) }
    }

    fn show(&self, problem: Problem, faced: &Faced<'_>) -> HttpResponse {
        let (status, seconds) = (problem.status(), problem.retry_seconds());
        let shown = shown(self, &problem, faced);
        let mut answer = match shown {
            Ok(answer) => answer.into_response(faced.request),
            Err(fault) => {
                let cause = fault.cause().unwrap_or_default();
                tracing::error!(
                    trace.id = faced.trace.as_str(),
                    cause,
                    "a page of a problem failed"
                );
                problem.into_response(faced.request.path(), faced.trace.as_str())
            }
        };
        if let Some(seconds) = seconds.filter(|_| answer.status() == status) {
            let name = actix_web::http::header::RETRY_AFTER;
            answer.headers_mut().insert(name, seconds.into());
        }
        answer
    }
}

/// A page about a problem.
#[derive(Debug, Serialize)]
struct ProblemView {
    code: String,
    heading: &'static str,
    detail: String,
    trace: String,
    /// What was typed, to be sent again if that is wanted.
    again: Option<AgainView>,
}

/// A form that is kept for a second try.
#[derive(Debug, Serialize)]
pub struct AgainView {
    /// Where it goes.
    pub path: String,
    /// What it says.
    pub fields: Vec<(String, String)>,
    /// Whether it is the very request of before, under its own key and with its own proof.
    pub is_same: bool,
}

impl AgainView {
    /// What this form says, as a new one that goes there.
    pub fn of(path: &str, body: &Bytes) -> AgainView {
        AgainView::with(path, form::kept_of(body).into_iter().collect())
    }

    /// A new form that goes there and says this.
    pub fn with(path: &str, fields: Vec<(String, String)>) -> AgainView {
        AgainView { path: path.to_owned(), fields, is_same: false }
    }

    /// This very form. Sent again, it has its effect once, also if it had it before.
    fn same(path: &str, body: &Bytes) -> AgainView {
        AgainView { path: path.to_owned(), fields: form::sent_of(body), is_same: true }
    }
}

fn shown(shop: &Shop, problem: &Problem, faced: &Faced<'_>) -> Answer<PageAnswer> {
    let Faced { request, trace, body, caller } = *faced;
    let from = Origin::new(request, std::net::Ipv4Addr::UNSPECIFIED.into(), trace);
    let is_form = *request.method() == Method::POST;
    let source = source(shop, request.headers());
    if problem.status() == StatusCode::UNAUTHORIZED {
        // What comes from elsewhere is not offered to be sent again.
        let is_own = source == Source::Own || shop.must_be_own(request, body).is_ok();
        let again = (is_form && is_own).then(|| AgainView::of(from.asked(), body));
        return sign_in::asked_to(shop, &from, again);
    }
    let is_foreign = problem.code() == FOREIGN_FORM;
    let again = match problem.status() {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let is_own = is_form && shop.must_be_own(request, body).is_ok();
            is_own.then(|| AgainView::same(from.asked(), body))
        }
        // A page that was sent before, with something else in it: that is another form.
        _ if problem.code() == KEY_REUSED => Some(AgainView::of(from.asked(), body)),
        _ => (is_foreign && source == Source::Own).then(|| AgainView::of(from.asked(), body)),
    };
    let heading = match again {
        Some(_) if problem.status().is_client_error() => "Once more, please",
        _ => heading(problem.status()),
    };
    let view = ProblemView {
        code: problem.code().to_owned(),
        heading,
        detail: match problem.code() {
            KEY_REUSED => "this page was sent before, with something else in it".to_owned(),
            _ => problem.detail().to_owned(),
        },
        trace: trace.as_str().to_owned(),
        again,
    };
    let mut frame = Frame::of(shop, caller, &from)?.titled(heading).unlisted();
    if is_foreign {
        frame = frame.guarded();
    }
    let is_at_work = Public(caller).is_staff() && request.path().starts_with("/admin");
    let template = match problem.status() {
        _ if is_at_work => "admin/problem.html",
        StatusCode::NOT_FOUND => "storefront/not-found.html",
        _ => "storefront/problem.html",
    };
    frame.answered(problem.status()).show(template, &view)
}

fn source(shop: &Shop, headers: &HeaderMap) -> Source {
    let terms = shop.reader.get::<settings::Shop>(ShopId::default()).map(|terms| terms.state);
    let public_url = terms.as_ref().map(|terms| terms.public_url.trim_end_matches('/'));
    csrf::source(headers, public_url.ok())
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "We cannot find that page",
        StatusCode::FORBIDDEN => "That is not for you to do",
        StatusCode::TOO_MANY_REQUESTS => "Please wait a moment",
        StatusCode::SERVICE_UNAVAILABLE => "We are not ready just now",
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => "That did not work",
        status if status.is_server_error() => "Something went wrong",
        _ => "We did not understand that",
    }
}

fn foreign_form() -> Problem {
    Problem::refusal(
        StatusCode::FORBIDDEN,
        FOREIGN_FORM,
        "this page was made before you signed in, is too old, or was not made for you; nothing \
         was changed",
    )
}

const FOREIGN_FORM: &str = "foreign_form";
const KEY_REUSED: &str = "idempotency_key_reused";
