//! Signatures: what an independent Standard Webhooks library says of letters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::python::said_by;

/// Whether each letter, by its headers and its body, is `genuine` or `forged` under a secret;
/// nothing if the library is not installed.
pub fn judged<'a>(
    letters: impl IntoIterator<Item = (&'a BTreeMap<String, String>, &'a str)>,
    secret: &str,
) -> Option<Vec<String>> {
    let letter = |(headers, body)| json!({ "headers": headers, "body": body });
    let letters: Vec<Value> = letters.into_iter().map(letter).collect();
    let asked = json!({ "secret": secret, "letters": letters }).to_string();
    let said = said_by("api/standard_webhooks.py", asked.as_bytes())?;
    assert!(said.status.success());
    Some(String::from_utf8(said.stdout).expect("text").lines().map(str::to_owned).collect())
}
