//! Every template with every fixture, and what a stranger may have written into any of them.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use super::*;

/// Templates that are only parts of others.
const PARTS: [&str; 2] = ["parts/", "base.html"];
const FIXTURES: &str = "src/web/fixtures";
const SCRIPT: &str = "\"'></title></script><script>alert(1)</script><img src=x onerror=alert(1)>";

fn web() -> Arc<Web> {
    Web::open(None).expect("our own templates are sound")
}

fn json_of(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|fault| panic!("{path:?}: {fault}"));
    serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{path:?}: {fault}"))
}

/// What surrounds a page, for a visitor and for somebody who is signed in.
fn frames() -> Vec<Value> {
    let frames = json_of(&Path::new(FIXTURES).join("page.json"));
    frames.as_object().expect("named frames").values().cloned().collect()
}

/// The cases of each template that is a page.
fn fixtures(web: &Web) -> BTreeMap<String, Vec<Value>> {
    let pages = web.templates.templates().map(|(name, _)| name.to_owned());
    let pages = pages.filter(|name| !PARTS.iter().any(|part| name.starts_with(part)));
    pages
        .filter(|name| !name.ends_with("/base.html") && !name.contains("/parts/"))
        .map(|name| {
            let file = Path::new(FIXTURES).join(&name).with_extension("json");
            let cases = json_of(&file).as_object().expect("named cases").clone();
            (name, cases.into_iter().map(|(_, it)| it).collect())
        })
        .collect()
}

/// The same with every text in it replaced.
fn with_texts(value: &Value, text: &str) -> Value {
    match value {
        Value::String(_) => json!(text),
        Value::Array(list) => list.iter().map(|entry| with_texts(entry, text)).collect(),
        Value::Object(fields) => fields
            .iter()
            // What is HTML already was made so by `markdown`, which has tests of its own.
            .map(|(name, value)| match name.as_str() {
                "html" => (name.clone(), value.clone()),
                _ => (name.clone(), with_texts(value, text)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other.clone(),
    }
}

#[test]
fn every_template_can_show_every_fixture() {
    let web = web();
    for (template, cases) in fixtures(&web) {
        assert!(!cases.is_empty(), "{template} has no fixture");
        for (page, it) in frames().iter().flat_map(|page| cases.iter().map(move |it| (page, it))) {
            let html = web.render(&template, page, it);
            let html = html.unwrap_or_else(|fault| panic!("{fault}"));
            assert!(html.starts_with("<!doctype html>") || html.trim_start().starts_with('<'));
        }
    }
}

#[test]
fn a_script_in_any_text_is_shown_and_never_runs() {
    let web = web();
    for (template, cases) in fixtures(&web) {
        for (page, it) in frames().iter().flat_map(|page| cases.iter().map(move |it| (page, it))) {
            let (page, it) = (with_texts(page, SCRIPT), with_texts(it, SCRIPT));
            let html = web.render(&template, page, it).unwrap_or_else(|fault| panic!("{fault}"));
            for alive in ["<script>alert", "<img src=x", "</title></script>"] {
                assert!(!html.contains(alive), "{template}: {alive}");
            }
        }
    }
}

#[test]
fn no_page_has_a_script_or_a_style_of_its_own() {
    let web = web();
    for (template, cases) in fixtures(&web) {
        for (page, it) in frames().iter().flat_map(|page| cases.iter().map(move |it| (page, it))) {
            let html = web.render(&template, page, it).unwrap_or_else(|fault| panic!("{fault}"));
            for (inline, what) in [(" style=", "a style"), (" onclick=", "a handler")] {
                assert!(!html.contains(inline), "{template}: {what}");
            }
            for script in html.split("<script").skip(1) {
                let is_ours = script.starts_with(" type=\"module\" src=\"/assets/")
                    || script.starts_with(" type=\"application/ld+json\">");
                assert!(is_ours, "{template}: <script{script:.60}");
            }
            for address in html.split("src=\"").skip(1) {
                assert!(address.starts_with('/'), "{template}: loads {address:.60}");
            }
        }
    }
}

#[test]
fn a_theme_takes_the_place_of_what_it_names_and_of_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("templates/parts/footer.html", "<footer>Ours</footer>");
    write("assets/shop/99-theme.css", "@layer theme { :root { --accent: purple } }");
    write("texts/terms.md", "# Our terms\n\nPay.\n");
    let (plain, themed) = (web(), Web::open(Some(folder.path())).expect("a theme"));
    let page = &frames()[0];
    let it = json!({ "code": "x", "heading": "Gone", "detail": "", "trace": "", "again": null });
    let shown = themed.render("storefront/not-found.html", page, &it).expect("a page");
    assert!(shown.contains("<footer>Ours</footer>") && shown.contains("Gone"));
    assert_ne!(plain.assets().version(), themed.assets().version());
    let style = themed.assets().get("shop.css").expect("a style");
    let style = style.bytes(assets::Packing::Plain);
    assert!(String::from_utf8_lossy(&style).trim_end().ends_with("purple } }"));
    assert_eq!(themed.text("terms").expect("terms").title, "Our terms");
    assert!(themed.text("privacy").is_some());

    write("templates/parts/footer.html", "{% if %}");
    let fault = Web::open(Some(folder.path())).err().expect("a fault").to_string();
    assert!(fault.contains("parts/footer.html"), "{fault}");
}

#[test]
fn styles_and_scripts_are_small_enough_for_a_first_view() {
    let web = web();
    let packed =
        |name: &str| web.assets().get(name).expect("an asset").bytes(assets::Packing::Gzip).len();
    let script: usize = web
        .assets
        .names()
        .filter(|name| name.ends_with(".js") && !name.starts_with("admin"))
        .map(packed)
        .sum();
    assert!(packed("shop.css") <= CSS_BYTES_MAX, "{}", packed("shop.css"));
    assert!(script <= SCRIPT_BYTES_MAX, "{script}");
}

/// Of the storefront's style, as sent.
const CSS_BYTES_MAX: usize = 15_000;
/// Of all scripts of the storefront, as sent.
const SCRIPT_BYTES_MAX: usize = 8_000;
