//! OpenAPI: the document of all operations (3.1), made from the same table as the router.

mod examples;

use actix_web::http::{Method, StatusCode};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    access::Access, call::Form, limits::Class, problem::PROBLEM_JSON, router::parameter_names,
    table::Operation,
};

use examples::Example;
pub use examples::Examples;

/// The document, with what was recorded as its examples.
pub fn document<S>(
    operations: &[Operation<S>],
    title: &str,
    version: &str,
    examples: &Examples,
) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .for_serialize();
    let mut schemas = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations.iter().filter(|operation| !operation.is_hidden) {
        let entry = paths.entry(operation.path).or_insert_with(|| json!({}));
        let method = operation.method.as_str().to_ascii_lowercase();
        entry[method] = described(operation, &mut schemas, examples.of(&operation.id));
    }
    let mut components = schemas.take_definitions(true);
    components.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": { "title": title, "version": version },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {
                    "type": "http", "scheme": "bearer",
                    "description": "An access token, or an API key (`sk_…`) with the scope.",
                },
            },
        },
    })
}

fn described<S>(
    operation: &Operation<S>,
    schemas: &mut SchemaGenerator,
    example: Example<'_>,
) -> Value {
    let mut entry = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters(operation, example),
        "responses": responses(operation, schemas, example),
    });
    entry["security"] = match operation.access {
        Access::Public => json!([{}, { "bearer": [] }]),
        Access::Customer | Access::Staff | Access::Admin => json!([{ "bearer": [] }]),
    };
    if let Some(who) = who_may(operation.access) {
        let key = operation.scope.map(|scope| format!(" Scope of an API key: `{}`.", scope.name()));
        entry["description"] = json!(format!("{who}{}", key.unwrap_or_default()));
    }
    match (operation.form, &operation.body_schema) {
        (Form::Json, Some(schema)) => {
            entry["requestBody"] = json!({
                "required": operation.body_is_required,
                "content": { "application/json": content(Some(schema), example.body()) },
            });
        }
        (Form::Bytes, _) => {
            let content = content(None, example.body());
            entry["requestBody"] = json!({ "required": true, "content": { "*/*": content } });
        }
        (Form::Json | Form::Ignored | Form::Page, _) => {}
    }
    entry
}

/// A body of this schema, as it was in the example.
fn content(schema: Option<&Value>, example: Option<&Value>) -> Value {
    let parts = [("schema", schema), ("example", example)];
    let told = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?.clone())));
    Value::Object(told.collect())
}

fn who_may(access: Access) -> Option<&'static str> {
    match access {
        Access::Public => None,
        Access::Customer => Some("For anybody who is signed in."),
        Access::Staff => Some("For inventory managers and admins."),
        Access::Admin => Some("For admins."),
    }
}

fn parameters<S>(operation: &Operation<S>, example: Example<'_>) -> Vec<Value> {
    let shown = |mut parameter: Value, example: Option<&Value>| {
        if let Some(example) = example {
            parameter["example"] = example.clone();
        }
        parameter
    };
    let in_path =
        parameter_names(operation.path).zip(&operation.path_schemas).map(|(name, schema)| {
            let parameter =
                json!({ "name": name, "in": "path", "required": true, "schema": schema });
            shown(parameter, example.path(name))
        });
    let query = &operation.query_schema;
    let needed = |name: &str| {
        let required = query["required"].as_array();
        required.is_some_and(|names| names.iter().any(|known| known == name))
    };
    let in_query = query["properties"].as_object().into_iter().flatten().map(|(name, schema)| {
        let mut parameter = json!({
            "name": name, "in": "query", "required": needed(name), "schema": schema,
        });
        if schema["type"] == "array" {
            parameter["explode"] = json!(false);
        }
        shown(parameter, example.query(name))
    });
    let key = matches!(operation.method, Method::POST | Method::PATCH).then(|| {
        json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same request under the same key has one effect and one answer.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY },
        })
    });
    in_path.chain(in_query).chain(key).collect()
}

fn responses<S>(
    operation: &Operation<S>,
    schemas: &mut SchemaGenerator,
    example: Example<'_>,
) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": "Done." });
    if let Some((media_type, schema)) = (operation.describe)(schemas, operation.status) {
        success["content"] = json!({ media_type: content(Some(&schema), example.answer()) });
    }
    responses.insert(operation.status.as_str().to_owned(), success);
    let mut refused = vec![StatusCode::BAD_REQUEST];
    if operation.access != Access::Public {
        refused.push(StatusCode::UNAUTHORIZED);
    }
    if matches!(operation.access, Access::Staff | Access::Admin) {
        refused.push(StatusCode::FORBIDDEN);
    }
    if !operation.path_schemas.is_empty() || operation.form == Form::Json {
        refused.push(StatusCode::NOT_FOUND);
    }
    if operation.is_write() {
        refused.push(StatusCode::CONFLICT);
        refused.push(StatusCode::PAYLOAD_TOO_LARGE);
    }
    if operation.form == Form::Json {
        refused.push(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    if matches!(operation.method, Method::POST | Method::PATCH) {
        refused.push(StatusCode::UNPROCESSABLE_ENTITY);
    }
    if operation.class != Class::Free {
        refused.push(StatusCode::TOO_MANY_REQUESTS);
    }
    refused.push(StatusCode::SERVICE_UNAVAILABLE);
    for status in refused {
        let description = status.canonical_reason().unwrap_or("Refused");
        responses.insert(status.as_str().to_owned(), problem_response(description));
    }
    responses.insert("default".to_owned(), problem_response("Another problem"));
    Value::Object(responses)
}

fn problem_response(description: &str) -> Value {
    json!({
        "description": format!("{description}."),
        "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn problem_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "description": "A refusal or a failure (RFC 9457). `code` is stable.",
        "required": ["type", "title", "status", "detail", "instance", "code", "traceId"],
        "properties": {
            "type": text, "title": text, "status": { "type": "integer" }, "detail": text,
            "instance": text, "code": text, "traceId": text, "retryAfter": { "type": "integer" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": { "pointer": text, "code": text, "detail": text },
                },
            },
        },
    })
}

/// Printable characters, of which the first and the last are no spaces.
const KEY: &str = "^[!-~]([ -~]*[!-~])?$";

#[cfg(test)]
mod tests;
