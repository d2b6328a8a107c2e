//! The document is whole.

use std::collections::HashSet;

use serde_json::Value;

use super::*;
use crate::http::tests::example;

fn example_document() -> Value {
    document(&example::operations(), "Notes", "1", &Examples::default())
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = example_document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10, "there are references");
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_is_in_it_under_a_name_of_its_own() {
    let document = example_document();
    let mut names = HashSet::new();
    for operation in example::operations() {
        let method = operation.method.as_str().to_ascii_lowercase();
        let entry = &document["paths"][operation.path][&method];
        assert_eq!(entry["operationId"], operation.id.as_str());
        assert!(names.insert(operation.id.clone()), "{} is there twice", operation.id);
        assert!(entry["responses"][operation.status.as_str()].is_object());
    }
    assert!(names.contains("example_keep"));
}

#[test]
fn an_operation_says_what_it_takes_and_who_may_call_it() {
    let document = example_document();
    let keep = &document["paths"]["/v1/notes"]["post"];
    let body = &keep["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["required"], json!(["text"]));
    assert_eq!(body["additionalProperties"], false);
    assert_eq!(keep["security"], json!([{ "bearer": [] }]));
    assert!(keep["responses"]["401"].is_object());
    let list = &document["paths"]["/v1/notes"]["get"];
    assert_eq!(list["parameters"][1]["name"], "limit");
    assert_eq!(list["parameters"][1]["schema"]["maximum"], 100);
    assert_eq!(list["parameters"][1]["required"], false);
    let show = &document["paths"]["/v1/notes/{id}"]["get"];
    assert_eq!(show["parameters"][0]["in"], "path");
    let shown = &show["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(shown["properties"]["data"]["$ref"], "#/components/schemas/NoteView");
}
