//! Overtaken: a form whose page is older than what the shop has by now.
//!
//! Invariant: sent again as it is, it is refused again; it is saved all the same only for the
//! version whose differences were shown.

use std::collections::BTreeMap;

use serde::Serialize;

/// A newer version in the shop, and where the form differs from it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Overtaken {
    version: u64,
    differences: Vec<Difference>,
}

/// Something that is otherwise in the shop.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    what: String,
    shop: String,
    form: String,
}

impl Overtaken {
    /// By this version; `all` says of each thing what it is, what the shop has and what the form
    /// says.
    pub fn by<W: Into<String>>(
        version: u64,
        all: impl IntoIterator<Item = (W, String, String)>,
    ) -> Overtaken {
        let differs = |(what, shop, form): (W, String, String)| {
            let is_other = lines(&shop) != lines(&form);
            is_other.then(|| Difference { what: what.into(), shop, form })
        };
        Overtaken { version, differences: all.into_iter().filter_map(differs).collect() }
    }
}

/// The version that a form was made for: the one it is saved for all the same, if it says so.
pub fn version_in(typed: &BTreeMap<String, String>) -> Option<u64> {
    let named = |name: &str| typed.get(name).and_then(|version| version.parse().ok());
    named("anyway").or_else(|| named("version"))
}

/// An amount as it is compared: `4` is `4.00`.
pub fn amount(typed: &str) -> String {
    match typed.split_once('.') {
        Some((whole, part)) => format!("{whole}.{part:0<2}"),
        None if typed.is_empty() => String::new(),
        None => format!("{typed}.00"),
    }
}

/// Browsers end lines in their own way.
fn lines(text: &str) -> Vec<&str> {
    text.trim().lines().map(str::trim_end).collect()
}
