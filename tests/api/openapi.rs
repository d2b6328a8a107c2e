//! The OpenAPI document: it tells of every operation, and everything it points at is there.

use std::collections::BTreeSet;

use actix_web::http::Method;
use bodega::{config::Gateway, http::wiring};
use serde_json::Value;

use crate::support::{Bodega, wares::text};

/// Every value in the document, with all that is inside it.
fn everything<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(value);
    match value {
        Value::Array(list) => list.iter().for_each(|inner| everything(inner, found)),
        Value::Object(fields) => fields.values().for_each(|inner| everything(inner, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn document(bodega: &Bodega) -> Value {
    let answer = bodega.visitor().get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

#[actix_web::test]
async fn the_document_tells_of_every_operation_and_no_other() {
    let bodega = Bodega::open();
    let document = document(&bodega).await;
    assert_eq!(document["openapi"], "3.1.0");
    let told: BTreeSet<String> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let table = wiring::operations(Gateway::Demo);
    let shown = table.iter().filter(|operation| !operation.is_hidden);
    let there: BTreeSet<String> =
        shown.map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    assert_eq!(told, there);
    let hidden: Vec<&str> = table
        .iter()
        .filter(|operation| operation.is_hidden && operation.path.starts_with("/v1"))
        .map(|operation| operation.path)
        .collect();
    assert_eq!(hidden, [""; 0], "nothing of the API is hidden");
}

#[actix_web::test]
async fn everything_the_document_points_at_is_there() {
    let bodega = Bodega::open();
    let document = document(&bodega).await;
    let mut all = Vec::new();
    everything(&document, &mut all);
    let mut pointed = BTreeSet::new();
    for reference in all.iter().filter_map(|value| value.get("$ref")?.as_str()) {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        pointed.insert(reference.to_owned());
    }
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        let reference = format!("#/components/schemas/{name}");
        assert!(pointed.contains(&reference), "nothing points at {reference}");
    }
}

#[actix_web::test]
async fn every_operation_is_described_as_the_table_has_it() {
    let bodega = Bodega::open();
    let document = document(&bodega).await;
    let mut ids = BTreeSet::new();
    for operation in wiring::operations(Gateway::Demo) {
        if operation.is_hidden {
            continue;
        }
        let method = operation.method.as_str().to_lowercase();
        let entry = &document["paths"][operation.path][&method];
        let name = format!("{method} {}", operation.path);
        assert!(
            ids.insert(text(&entry["operationId"]).to_owned()),
            "{name}: its id is not its own"
        );
        let success = operation.status.as_str();
        assert!(entry["responses"][success].is_object(), "{name}: {success}");
        let needs_token = entry["security"].as_array().expect("security").len() == 1;
        let is_public = letters_of(&operation) == "P";
        assert_eq!(needs_token, !is_public, "{name}");
        assert_eq!(entry["responses"]["401"].is_object(), !is_public, "{name}");
        let named: BTreeSet<&str> = entry["parameters"]
            .as_array()
            .expect("parameters")
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| text(&parameter["name"]))
            .collect();
        let in_path: BTreeSet<&str> = operation
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        assert_eq!(named, in_path, "{name}");
        let has_body = entry["requestBody"].is_object();
        assert!(!has_body || operation.method != Method::GET, "{name}");
    }
}

fn letters_of(operation: &bodega::http::table::Operation<bodega::shop::Shop>) -> &'static str {
    crate::access::letters(operation.access)
}

#[actix_web::test]
async fn the_documents_page_needs_nothing_from_elsewhere() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let page = visitor.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for foreign in ["<script", "src=\"http", "href=\"http", "@import", "url("] {
        assert!(!page.text().contains(foreign), "{foreign}");
    }
    assert!(page.text().contains("/v1/orders"));
    let leads = visitor.get("/api").await;
    assert!((301..=308).contains(&leads.status), "{}", leads.status);
    assert_eq!(leads.header("location"), "/docs");
    let etag = visitor.get("/openapi.json").await.header("etag").to_owned();
    assert_eq!(visitor.get("/openapi.json").header("if-none-match", &etag).await.status, 304);
}
