//! Docs: the OpenAPI document, and a page of it for people, made here without any script.
//!
//! | Method | Path          | Does                          | Who    |
//! |--------|---------------|-------------------------------|--------|
//! | GET    | /openapi.json | gives the OpenAPI document    | public |
//! | GET    | /docs         | shows it as a page            | public |
//! | GET    | /api          | leads to /docs                | public |

mod page;

use std::{
    future::{self, Ready},
    sync::Arc,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use schemars::SchemaGenerator;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    access::Public,
    answer::{Answer, Cached, Document, JSON, REVALIDATE, Show},
    call::Call,
    etag::ETag,
    limits::Class,
    openapi::{self, Examples},
    problem::Problem,
    table::{Operation, op},
};

/// Adds the operations of this page, which tell of all the others and of themselves.
pub fn with_docs<S: 'static>(
    mut operations: Vec<Operation<S>>,
    title: &str,
    version: &str,
    examples: &Examples,
) -> Vec<Operation<S>> {
    let document = openapi::document(&operations, title, version, examples);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(page::STYLE))
    );
    let json = shared(document.to_string(), JSON, None);
    let html = shared(
        page::written(&document),
        "text/html; charset=utf-8",
        HeaderValue::from_str(&policy).ok(),
    );
    operations.extend([
        op(Method::GET, "/openapi.json", Class::Reads, "Give the OpenAPI document", serve(json))
            .hidden(),
        op(Method::GET, "/docs", Class::Reads, "Show this document", serve(html)).hidden(),
        op(Method::GET, "/api", Class::Reads, "Lead to the document", lead).hidden(),
    ]);
    operations
}

fn shared(
    text: String,
    media_type: &'static str,
    policy: Option<HeaderValue>,
) -> Arc<Cached<Document>> {
    let body = Bytes::from(text);
    let etag = ETag::of_bytes(&body);
    let answer = Document { media_type, body, policy };
    Arc::new(Cached { etag, control: REVALIDATE, answer })
}

fn serve<S>(
    document: Arc<Cached<Document>>,
) -> impl Fn(S, Public, Call) -> Ready<Answer<Cached<Document>>> + Send + Sync + 'static {
    move |_, _, _| future::ready(Ok(Cached::clone(&document)))
}

async fn lead<S>(_: S, _: Public, _: Call) -> Answer<ToDocs> {
    Ok(ToDocs)
}

struct ToDocs;

impl Show for ToDocs {
    fn show(self, _: StatusCode, _: &HttpRequest) -> Result<HttpResponse, Problem> {
        Ok(HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs")).finish())
    }

    fn describe(_: &mut SchemaGenerator, _: StatusCode) -> Option<(&'static str, Value)> {
        None
    }
}
