//! The body of a request: its type, its size, and the time it may take.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::http::{call::Form, problem::Problem, table::Operation};

/// The whole body, if the operation looks at it.
///
/// # Errors
/// 415 for another type, 413 if it is too large, 408 if it takes too long.
pub(super) async fn read_bytes<S>(
    operation: &Operation<S>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, Problem> {
    let announced = announced_bytes(request);
    if matches!(payload, Payload::None) || announced == Some(0) {
        return Ok(Bytes::new());
    }
    let is_foreign = match operation.form {
        Form::Json => !is_json(request),
        Form::Page => !request.content_type().eq_ignore_ascii_case(FORM),
        Form::Ignored | Form::Bytes => false,
    };
    if is_foreign && announced.is_some() {
        return Err(Problem::unsupported_media_type());
    }
    let bytes_max = operation.body_bytes_max;
    if announced.is_some_and(|bytes| bytes > bytes_max) {
        return Err(Problem::body_too_large(bytes_max));
    }
    match timeout(BODY_TIME_MAX, collected(payload, bytes_max)).await {
        Ok(Ok(bytes)) if is_foreign && !bytes.is_empty() => Err(Problem::unsupported_media_type()),
        Ok(bytes) => bytes,
        Err(_) => Err(Problem::refusal(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "the body took too long to arrive",
        )),
    }
}

/// How long the body says it is; it need not say.
fn announced_bytes(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    Some(length.to_str().ok()?.parse().unwrap_or(usize::MAX))
}

/// `application/json`, or a type made of it.
fn is_json(request: &HttpRequest) -> bool {
    let media_type = request.content_type();
    let is = |text: &str| media_type.eq_ignore_ascii_case(text);
    let ending = media_type.len().saturating_sub("+json".len());
    is("application/json")
        || media_type.get(ending..).is_some_and(|end| end.eq_ignore_ascii_case("+json"))
}

async fn collected(mut payload: Payload, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut whole = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::malformed("incomplete_body", "the body ended before it was complete")
        })?;
        if whole.len() + chunk.len() > bytes_max {
            return Err(Problem::body_too_large(bytes_max));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// What a form of a page is sent as.
const FORM: &str = "application/x-www-form-urlencoded";
/// A body that is not there by then is given up.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
