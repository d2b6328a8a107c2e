//! Problems: how the shop says no, or that something failed (RFC 9457).
//!
//! Invariant: `code` is the contract, stable and in snake case. A fault's cause is logged once,
//! by the pipeline, and never shown. What status a refusal of the rules has is in [`table`].

pub mod table;

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpResponse,
    http::{Method, StatusCode, header},
};
use serde_json::{Map, Value, json};

use super::fields::FieldFault;

/// An answer that is not a success: a refusal (4xx), busy (503), or a fault (500).
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    errors: Vec<FieldFault>,
    members: Map<String, Value>,
    retry_after: Option<u64>,
    headers: Vec<(header::HeaderName, String)>,
    cause: Option<String>,
}

impl Problem {
    /// A named refusal: its status, its stable code, and a sentence for the person who asked.
    pub fn refusal(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Problem {
        Problem(Box::new(Parts {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
            retry_after: None,
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// 500: something failed; the cause is for the log only.
    pub fn fault(cause: impl fmt::Display) -> Problem {
        let mut problem = Problem::refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_fault",
            "something failed on our side; it has been noted",
        );
        problem.0.cause = Some(cause.to_string());
        problem
    }

    /// 503: cannot be done now, try again.
    pub fn busy(detail: &'static str) -> Problem {
        Problem::refusal(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            .retry_after(RETRY_SECONDS_WHEN_BUSY)
    }

    /// 503: the disk is full or cannot be trusted; reading goes on.
    pub fn unwritable() -> Problem {
        Problem::refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "unwritable",
            "the shop cannot write at the moment; nothing was changed",
        )
        .retry_after(RETRY_SECONDS_WHEN_UNWRITABLE)
    }

    /// 503: cards cannot be charged now; all that needs none goes on.
    pub fn gateway_down(retry_seconds: u64) -> Problem {
        Problem::refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "gateway_down",
            "card payments are not possible at the moment; nothing was ordered or charged",
        )
        .retry_after(retry_seconds)
    }

    /// 503: the message died on its way; it was logged where that happened. Trying again is safe.
    pub fn interrupted() -> Problem {
        Problem::refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "interrupted",
            "this was interrupted; please try again",
        )
        .retry_after(RETRY_SECONDS_WHEN_BUSY)
    }

    /// 400: something in the request cannot be understood.
    pub fn malformed(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::refusal(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 400: these fields are faulty, all of them.
    pub fn invalid(errors: Vec<FieldFault>) -> Problem {
        let count = errors.len();
        let detail = if count == 1 {
            Cow::Borrowed("one field is not valid")
        } else {
            Cow::Owned(format!("{count} fields are not valid"))
        };
        Problem::refusal(StatusCode::BAD_REQUEST, "validation_failed", detail).with_errors(errors)
    }

    /// 400: this one field is faulty; for what only a handler can know.
    pub fn invalid_field(pointer: &str, code: &'static str, detail: &str) -> Problem {
        Problem::invalid(vec![FieldFault::new(pointer, code, detail)])
    }

    /// 401: nobody known is asking. `error` goes into the challenge, as RFC 6750 wants it.
    pub fn unauthenticated(code: &'static str, detail: &'static str) -> Problem {
        let challenge = match code {
            "authentication_required" => CHALLENGE.to_owned(),
            _ => format!(r#"{CHALLENGE}, error="invalid_token""#),
        };
        Problem::refusal(StatusCode::UNAUTHORIZED, code, detail)
            .header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: known, but not allowed.
    pub fn forbidden() -> Problem {
        Problem::refusal(StatusCode::FORBIDDEN, "forbidden", "your role does not allow this")
    }

    /// 403: no key may do this.
    pub fn person_only() -> Problem {
        Problem::refusal(
            StatusCode::FORBIDDEN,
            "person_only",
            "only a person who is signed in may do this, not an API key",
        )
    }

    /// 403: this key may not do this.
    pub fn scope_required(scope: &'static str) -> Problem {
        let detail = format!("this API key needs the scope `{scope}`");
        Problem::refusal(StatusCode::FORBIDDEN, "scope_required", detail).with("scope", scope)
    }

    /// 404: no such thing, or not yours.
    pub fn not_found() -> Problem {
        Problem::refusal(StatusCode::NOT_FOUND, "not_found", "there is no such thing here")
    }

    /// 405: the path is known, the method is not.
    pub fn method_not_allowed(allowed: &[Method]) -> Problem {
        let allow: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        Problem::refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this path does not know that method",
        )
        .header(header::ALLOW, allow.join(", "))
    }

    /// 413: the body is larger than the route takes.
    pub fn body_too_large(bytes_max: usize) -> Problem {
        Problem::refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("a body may have {bytes_max} bytes at most"),
        )
    }

    /// 415: the body is not of a type the route reads.
    pub fn unsupported_media_type() -> Problem {
        Problem::refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send the body as application/json",
        )
        .header(header::ACCEPT, "application/json".to_owned())
    }

    /// 412: the thing is not in the version `If-Match` names.
    pub fn precondition_failed() -> Problem {
        Problem::refusal(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "it has been changed since you read it",
        )
    }

    /// 429: more than the limit allows; `seconds` until it may go on.
    pub fn too_many_requests(seconds: u64) -> Problem {
        Problem::refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "too many requests; wait a little",
        )
        .retry_after(seconds)
    }

    /// Adds a member beside the standard ones, such as `available` or `orderId`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Problem {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds entries to `errors`.
    #[must_use]
    pub fn with_errors(mut self, errors: impl IntoIterator<Item = FieldFault>) -> Problem {
        self.0.errors.extend(errors);
        self
    }

    /// Says after how many seconds trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Problem {
        self.0.retry_after = Some(seconds);
        self
    }

    fn header(mut self, name: header::HeaderName, value: String) -> Problem {
        self.0.headers.push((name, value));
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What is said to the person who asked.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// A member beside the standard ones.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.members.get(name)
    }

    /// After how many seconds trying again makes sense.
    pub fn retry_seconds(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// What a fault was caused by; for the log.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The faulty fields.
    pub fn errors(&self) -> &[FieldFault] {
        &self.0.errors
    }

    /// The answer, for the request of this path and trace.
    pub fn into_response(self, instance: &str, trace: &str) -> HttpResponse {
        let parts = *self.0;
        let mut answer = HttpResponse::build(parts.status);
        for (name, value) in parts.headers {
            answer.insert_header((name, value));
        }
        let mut body = parts.members;
        let code = parts.code.as_ref();
        body.insert("type".to_owned(), json!(format!("urn:bodega:problem:{code}")));
        body.insert("title".to_owned(), json!(title_of(code)));
        body.insert("status".to_owned(), json!(parts.status.as_u16()));
        body.insert("detail".to_owned(), json!(parts.detail));
        body.insert("instance".to_owned(), json!(instance));
        body.insert("code".to_owned(), json!(code));
        body.insert("traceId".to_owned(), json!(trace));
        if !parts.errors.is_empty() {
            let errors = parts.errors.into_iter().map(FieldFault::into_json).collect();
            body.insert("errors".to_owned(), Value::Array(errors));
        }
        if let Some(seconds) = parts.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
            body.insert("retryAfter".to_owned(), json!(seconds));
        }
        answer.content_type(PROBLEM_JSON).body(Value::Object(body).to_string())
    }
}

/// The code as words: `insufficient_stock` becomes `Insufficient stock`.
fn title_of(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What is said of something that has not ended in time and may still end well.
pub const TOO_SLOW: &str = "this takes too long; it may still be carried out";
/// The media type of every problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
const CHALLENGE: &str = r#"Bearer realm="bodega""#;
const RETRY_SECONDS_WHEN_BUSY: u64 = 1;
/// A full disk has been looked at again by then.
const RETRY_SECONDS_WHEN_UNWRITABLE: u64 = 1;
