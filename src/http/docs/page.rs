//! The page: the OpenAPI document as HTML, with folding entries and no script.

use std::fmt::{self, Write};

use serde_json::Value;

/// The document as a page.
pub(super) fn written(document: &Value) -> String {
    let mut html = String::new();
    write_page(&mut html, document).expect("a String takes everything");
    html
}

fn write_page(to: &mut String, document: &Value) -> fmt::Result {
    let title = Escaped(document["info"]["title"].as_str().unwrap_or_default());
    let version = Escaped(document["info"]["version"].as_str().unwrap_or_default());
    write!(
        to,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} API</title>\
         <style>{STYLE}</style></head><body><header><h1>{title}</h1>\
         <p>Version {version} · <a href=\"/openapi.json\">OpenAPI document</a></p></header>"
    )?;
    let tags = tags_of(document);
    write!(to, "<nav>")?;
    for tag in &tags {
        write!(to, "<a href=\"#{0}\">{0}</a> ", Escaped(tag))?;
    }
    write!(to, "</nav><main>")?;
    for tag in tags {
        write!(to, "<h2 id=\"{0}\">{0}</h2>", Escaped(tag))?;
        for (path, method, operation) in operations(document) {
            if operation["tags"][0] == tag {
                write_operation(to, path, method, operation)?;
            }
        }
    }
    write!(to, "<h2 id=\"schemas\">schemas</h2>")?;
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        write!(to, "<details id=\"schema-{0}\"><summary>{0}</summary>", Escaped(name))?;
        write_schema(to, schema)?;
        write!(to, "</details>")?;
    }
    write!(to, "</main></body></html>")
}

fn write_operation(to: &mut String, path: &str, method: &str, operation: &Value) -> fmt::Result {
    let text = |name: &str| Escaped(operation[name].as_str().unwrap_or_default());
    let (id, summary, description) = (text("operationId"), text("summary"), text("description"));
    write!(
        to,
        "<details id=\"{id}\"><summary><b class=\"{method}\">{method}</b> <code>{}</code> \
         <span>{summary}</span></summary><p>{description}</p>",
        Escaped(path)
    )?;
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        write!(to, "<h3>Parameters</h3><table>")?;
        for parameter in parameters {
            let name = Escaped(parameter["name"].as_str().unwrap_or_default());
            let place = Escaped(parameter["in"].as_str().unwrap_or_default());
            write!(to, "<tr><td><code>{name}</code></td><td>{place}</td><td>")?;
            write_schema(to, &parameter["schema"])?;
            write!(to, "</td></tr>")?;
        }
        write!(to, "</table>")?;
    }
    let body = &operation["requestBody"]["content"]["application/json"];
    if body["schema"].is_object() {
        write!(to, "<h3>Body</h3>")?;
        write_schema(to, &body["schema"])?;
        write_example(to, &body["example"])?;
    }
    write!(to, "<h3>Answers</h3><table>")?;
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let description = Escaped(answer["description"].as_str().unwrap_or_default());
        write!(to, "<tr><td><code>{}</code></td><td>{description} ", Escaped(status))?;
        for content in answer["content"].as_object().into_iter().flat_map(|all| all.values()) {
            write_schema(to, &content["schema"])?;
            write_example(to, &content["example"])?;
        }
        write!(to, "</td></tr>")?;
    }
    write!(to, "</table></details>")
}

/// A schema: a link if it has a name, otherwise as it is.
fn write_schema(to: &mut String, schema: &Value) -> fmt::Result {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return write!(to, "<a href=\"#schema-{0}\">{0}</a>", Escaped(name));
    }
    let text = serde_json::to_string_pretty(schema).map_err(|_| fmt::Error)?;
    write!(to, "<pre>{}</pre>", Escaped(&text))
}

/// What was sent or answered once.
fn write_example(to: &mut String, example: &Value) -> fmt::Result {
    let text = match example {
        Value::Null => return Ok(()),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(example).map_err(|_| fmt::Error)?
        }
    };
    write!(to, "<h3>For example</h3><pre>{}</pre>", Escaped(&text))
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn tags_of(document: &Value) -> Vec<&str> {
    let mut tags: Vec<&str> = operations(document)
        .filter_map(|(_, _, operation)| operation["tags"][0].as_str())
        .collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// Text with what HTML would take for its own written out.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

/// The page's style; its hash stands in the page's policy.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8881}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
h1{margin-bottom:0}h2{margin-top:2.5rem;text-transform:capitalize}h3{margin:1rem 0 .25rem}\
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;border-block:1px solid var(--line);\
padding:.5rem 0}\
details{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0;padding:.5rem .75rem}\
summary{cursor:pointer}summary span{opacity:.7}\
summary b{display:inline-block;min-width:4.5rem;text-transform:uppercase;font-size:.85rem}\
.get{color:#2a7de1}.post{color:#1f9d55}.patch{color:#c77700}.delete{color:#d64545}\
code,pre{font:14px/1.4 ui-monospace,monospace}\
pre{background:var(--soft);border-radius:.25rem;margin:.25rem 0;overflow:auto;padding:.5rem}\
table{border-collapse:collapse;width:100%}\
td{border-top:1px solid var(--line);padding:.25rem .5rem;vertical-align:top}";
