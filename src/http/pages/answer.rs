//! Answers of pages: a page, or the way to another one.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use bytes::Bytes;
use schemars::SchemaGenerator;
use serde_json::Value;

use crate::http::{
    answer::{Packable, Show, bytes_answer},
    etag::ETag,
    problem::Problem,
};

/// What a page's handler comes to.
#[derive(Debug)]
pub struct PageAnswer {
    status: StatusCode,
    what: What,
    cookies: Vec<HeaderValue>,
    is_private: bool,
    forgets: bool,
    frames: bool,
}

#[derive(Debug)]
enum What {
    Html(String),
    Kept(ETag, Arc<Packable>),
    File { media_type: &'static str, name: String, bytes: Bytes },
    Elsewhere(String),
}

impl PageAnswer {
    /// This page.
    pub fn html(status: StatusCode, html: String) -> PageAnswer {
        PageAnswer::new(status, What::Html(html))
    }

    /// This page, which was written before and is the same for everybody.
    pub fn packable(etag: ETag, html: Arc<Packable>) -> PageAnswer {
        PageAnswer::new(StatusCode::OK, What::Kept(etag, html))
    }

    /// A file to be kept under this name, which is letters, digits, dots and dashes.
    pub fn file(media_type: &'static str, name: String, bytes: Bytes) -> PageAnswer {
        PageAnswer::new(StatusCode::OK, What::File { media_type, name, bytes }).private()
    }

    /// Now look there: after a form was carried out, so that going back does not send it again.
    pub fn to(path: impl Into<String>) -> PageAnswer {
        PageAnswer::new(StatusCode::SEE_OTHER, What::Elsewhere(path.into()))
    }

    /// It has moved there for good.
    pub fn moved(path: impl Into<String>) -> PageAnswer {
        PageAnswer::new(StatusCode::MOVED_PERMANENTLY, What::Elsewhere(path.into()))
    }

    fn new(status: StatusCode, what: What) -> PageAnswer {
        PageAnswer {
            status,
            what,
            cookies: Vec::new(),
            is_private: false,
            forgets: false,
            frames: false,
        }
    }

    /// The page, if nothing of it is for one person alone.
    pub fn for_everybody(&self) -> Option<&str> {
        let PageAnswer { status, what, cookies, is_private, forgets, frames } = self;
        let is_plain = cookies.is_empty() && !is_private && !forgets && !frames;
        match what {
            What::Html(html) if *status == StatusCode::OK && is_plain => Some(html),
            What::Html(_) | What::Kept(..) | What::File { .. } | What::Elsewhere(_) => None,
        }
    }

    /// Sets a cookie, see [`super::cookies`].
    #[must_use]
    pub fn with_cookie(mut self, cookie: HeaderValue) -> PageAnswer {
        self.cookies.push(cookie);
        self
    }

    /// Nobody keeps it, not even the browser for its back button.
    #[must_use]
    pub fn private(mut self) -> PageAnswer {
        self.is_private = true;
        self
    }

    /// The browser forgets every page it has kept.
    #[must_use]
    pub fn forgetting(mut self) -> PageAnswer {
        self.forgets = true;
        self
    }

    /// It shows other pages of the shop in frames.
    #[must_use]
    pub fn framing(mut self) -> PageAnswer {
        self.frames = true;
        self
    }

    /// As it is sent to whoever asked for it.
    pub fn into_response(self, request: &HttpRequest) -> HttpResponse {
        let PageAnswer { status, what, cookies, is_private, forgets, frames } = self;
        let mut answer = match what {
            What::Html(html) => bytes_answer(status, HTML, html.into()),
            What::Kept(etag, html) => {
                let mut answer = if etag.is_known_to(request.headers()) {
                    HttpResponse::new(StatusCode::NOT_MODIFIED)
                } else {
                    html.answer(status, HTML, request)
                };
                answer.headers_mut().insert(header::ETAG, etag.as_header());
                answer
            }
            What::File { media_type, name, bytes } => {
                let mut answer = bytes_answer(status, media_type, bytes);
                let kept = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
                let kept = kept.unwrap_or(HeaderValue::from_static("attachment"));
                answer.headers_mut().insert(header::CONTENT_DISPOSITION, kept);
                answer
            }
            What::Elsewhere(path) => {
                let mut answer = HttpResponse::new(status);
                let to = HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static("/"));
                answer.headers_mut().insert(header::LOCATION, to);
                answer
            }
        };
        let headers = answer.headers_mut();
        let policy = HeaderValue::from_static(if frames { POLICY_FRAMING } else { POLICY });
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        // A form says where it comes from only under this policy; others learn nothing either way.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        let control = if is_private { "no-store" } else { "private, no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
        headers.append(header::VARY, HeaderValue::from_static("cookie"));
        if forgets {
            let name = HeaderName::from_static("clear-site-data");
            headers.insert(name, HeaderValue::from_static("\"cache\""));
        }
        for cookie in cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        answer
    }
}

impl Show for PageAnswer {
    fn show(self, _: StatusCode, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        Ok(self.into_response(request))
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        None
    }
}

/// Nothing inline, nothing from elsewhere but pictures, which a shop may keep with somebody else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: https: http:; connect-src 'self'; manifest-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same, and frames of this site.
const POLICY_FRAMING: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: https: http:; connect-src 'self'; manifest-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'self'";
const HTML: &str = "text/html; charset=utf-8";
