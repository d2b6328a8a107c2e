//! The contract: every operation of the API, as the list beside this file has it.
//!
//! What an operation is called, who may call it, what it takes and what it answers change only on
//! purpose: `just snap contract` writes the list anew, and whoever reads the change sees it there.

use std::fmt::Write;

use bodega::{config::Gateway, http::wiring};
use serde_json::{Map, Value};

use crate::{
    access::letters,
    support::{Bodega, wares::text},
};

#[actix_web::test]
async fn an_operation_changes_only_on_purpose() {
    let bodega = Bodega::open();
    let document = bodega.visitor().get("/openapi.json").await.json();
    let mut told = String::new();
    for operation in wiring::operations(Gateway::Demo).iter().filter(|known| !known.is_hidden) {
        let method = operation.method.as_str().to_lowercase();
        let scope = operation.scope.map_or(String::new(), |scope| format!(" ({})", scope.name()));
        let who = letters(operation.access);
        writeln!(told, "{} {} {who}{scope}", operation.method, operation.path).expect("text");
        tell(&mut told, &document["paths"][operation.path][&method]);
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        writeln!(told, "{name}: {}", shape(schema, 0)).expect("text");
    }
    insta::assert_snapshot!("operations", told);
}

/// What an operation takes, and what it answers.
fn tell(told: &mut String, operation: &Value) {
    for parameter in operation["parameters"].as_array().expect("parameters") {
        let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
        // The same for all that change something.
        if place != "header" {
            let mark = mark_of(parameter["required"] == true);
            let schema = shape(&parameter["schema"], 1);
            writeln!(told, "  {place} {name}{mark}: {schema}").expect("text");
        }
    }
    let body = &operation["requestBody"];
    for (media_type, content) in body["content"].as_object().into_iter().flatten() {
        let mark = mark_of(body["required"] == true);
        let schema = shape(&content["schema"], 1);
        writeln!(told, "  body{mark} {media_type}: {schema}").expect("text");
    }
    let responses = operation["responses"].as_object().expect("responses");
    let refusals: Vec<&str> =
        responses.keys().filter(|status| !is_success(status)).map(String::as_str).collect();
    for (status, answer) in responses.iter().filter(|(status, _)| is_success(status)) {
        write!(told, "  {status}").expect("text");
        for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
            write!(told, " {media_type}: {}", shape(&content["schema"], 1)).expect("text");
        }
        told.push('\n');
    }
    writeln!(told, "  or {}", refusals.join(" ")).expect("text");
}

fn is_success(status: &str) -> bool {
    status.starts_with(['2', '3'])
}

fn mark_of(is_required: bool) -> &'static str {
    if is_required { "" } else { "?" }
}

/// A schema in few words. Whatever it says that has no shorter form is shown as it is.
fn shape(schema: &Value, depth: usize) -> String {
    let Some(schema) = schema.as_object() else { return schema.to_string() };
    let mut rest: Map<String, Value> = schema.clone();
    for words in ["description", "title", "default"] {
        rest.remove(words);
    }
    let mut parts = Vec::new();
    if let Some(reference) = rest.remove("$ref") {
        parts.push(text(&reference).rsplit('/').next().expect("a name").to_owned());
    }
    let type_of_it = rest.remove("type");
    if let Some(Value::Object(fields)) = rest.remove("properties") {
        let required = rest.remove("required").unwrap_or_default();
        let required = required.as_array().cloned().unwrap_or_default();
        let indent = "  ".repeat(depth + 1);
        let shown: String = fields
            .iter()
            .map(|(name, field)| {
                let mark = mark_of(required.iter().any(|known| known == name));
                format!("{indent}{name}{mark}: {}\n", shape(field, depth + 1))
            })
            .collect();
        parts.push(format!("{{\n{shown}{}}}", "  ".repeat(depth)));
    } else if let Some(items) = rest.remove("items") {
        parts.push(format!("[{}]", shape(&items, depth)));
    } else if let Some(name) = type_of_it {
        parts.push(name.as_str().map_or_else(|| name.to_string(), str::to_owned));
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(all)) = rest.remove(several) {
            let shapes: Vec<String> = all.iter().map(|one| shape(one, depth)).collect();
            parts.push(format!("{several}({})", shapes.join(" | ")));
        }
    }
    parts.extend(rest.iter().map(|(name, value)| format!("{name}={value}")));
    if parts.is_empty() { "anything".to_owned() } else { parts.join(" ") }
}
