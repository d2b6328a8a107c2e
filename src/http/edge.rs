//! Edge: what every answer gets, whoever made it: its request id and the security headers.
//!
//! Small answers are marked so that the compressing layer inside leaves them alone; the mark is
//! taken off here.

use actix_web::{
    HttpMessage,
    body::{BodySize, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::{
    etag,
    trace::{Trace, Traces},
};

/// Names a request as it comes in.
pub fn enter(request: &ServiceRequest, traces: &Traces) -> Trace {
    let trace = traces.of(request.headers());
    request.extensions_mut().insert(trace.clone());
    trace
}

/// Dresses an answer as it goes out.
pub fn leave<B>(answer: &mut ServiceResponse<B>, trace: &Trace) {
    let headers = answer.headers_mut();
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::to_str) {
        Some(Ok("identity")) => {
            headers.remove(header::CONTENT_ENCODING);
        }
        // Other bytes are another representation, and have a tag of their own.
        Some(Ok(coding)) => {
            let tag = headers.get(header::ETAG).and_then(|tag| etag::of_coding(tag, coding));
            if let Some(tag) = tag {
                headers.insert(header::ETAG, tag);
            }
        }
        Some(Err(_)) | None => {}
    }
    headers.insert(HeaderName::from_static("x-request-id"), trace.as_header());
    for (name, value) in &ALWAYS {
        headers.insert(name.clone(), value.clone());
    }
    for (name, value) in &UNLESS_SET {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    headers.insert(header::X_FRAME_OPTIONS, frames_of(headers));
}

/// Browsers ask for the shop by TLS from now on, whatever a link says.
pub fn keep_to_tls<B>(answer: &mut ServiceResponse<B>) {
    let a_year = HeaderValue::from_static("max-age=31536000");
    answer.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, a_year);
}

/// Marks an answer that is not worth compressing.
pub fn spare_small<B: MessageBody>(answer: &mut actix_web::HttpResponse<B>) {
    let is_packed = answer.headers().contains_key(header::CONTENT_ENCODING);
    if let BodySize::Sized(0..COMPRESSED_BYTES_MIN) = answer.body().size()
        && !is_packed
    {
        let identity = HeaderValue::from_static("identity");
        answer.headers_mut().insert(header::CONTENT_ENCODING, identity);
    }
}

/// Who may frame an answer, for browsers that ask the older header: nobody but, where the policy
/// says so, pages of this site.
fn frames_of(headers: &HeaderMap) -> HeaderValue {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|it| it.to_str().ok());
    let own = policy.is_some_and(|policy| policy.contains("frame-ancestors 'self'"));
    HeaderValue::from_static(if own { "SAMEORIGIN" } else { "DENY" })
}

static ALWAYS: [(HeaderName, HeaderValue); 2] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

static UNLESS_SET: [(HeaderName, HeaderValue); 3] = [
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Smaller answers are sent as they are.
pub(super) const COMPRESSED_BYTES_MIN: u64 = 1024;
