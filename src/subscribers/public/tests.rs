//! Every event that journals hold, translated: names, fields and the page that lists them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value, value::RawValue};

use super::{
    types::{GROUPS, PATTERNS, Pattern, SeenBy, TYPES, Type},
    *,
};
use crate::{
    domain::time::Stamp,
    store::{Silent, Store, StoreOptions, registry},
};

/// Every example of an event that was ever written, as it happened to a kind.
fn examples() -> Vec<(String, Happened)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/events");
    let mut examples = Vec::new();
    for entry in fs::read_dir(folder).expect("examples").map_while(Result::ok) {
        let name = entry.file_name().into_string().expect("a name");
        let Some((kind, _)) = name.split_once('.') else { continue };
        let text = fs::read_to_string(entry.path()).expect("an example");
        let json = RawValue::from_string(text.trim().to_owned()).expect("JSON");
        let aggregate = "01980000-0000-7000-8000-000000000008".to_owned();
        let happened = Happened {
            frame: 7,
            change: 0,
            event: 0,
            stamp: Stamp::default(),
            kind: kind.to_owned(),
            aggregate,
            version: 1,
            json,
        };
        examples.push((name, happened));
    }
    examples.sort_by(|one, other| one.0.cmp(&other.0));
    examples
}

/// A store in which nothing has happened yet.
fn empty_store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { low_water_bytes: 0, ..StoreOptions::default() };
    let (store, _) = Store::open(folder.path(), registry(), options, &Silent).expect("a store");
    (folder, store)
}

/// What each example is to the public.
fn all_told() -> Vec<(String, Option<PublicEvent>)> {
    let (_folder, store) = empty_store();
    let told = |(name, happened): (String, Happened)| {
        let told =
            told(&happened, &store.reader()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        (name, told)
    };
    examples().into_iter().map(told).collect()
}

fn type_of(name: &str) -> &'static Type {
    TYPES.iter().find(|known| known.name == name).unwrap_or_else(|| panic!("{name} is no type"))
}

fn fields_of(data: &RawValue) -> BTreeSet<String> {
    let fields: BTreeMap<String, Value> = serde_json::from_str(data.get()).expect("an object");
    fields.into_keys().collect()
}

#[test]
fn the_data_of_every_event_has_the_fields_that_are_listed() {
    let mut missing: BTreeSet<&str> = TYPES.iter().map(|known| known.name).collect();
    for (example, event) in all_told() {
        let Some(event) = event else { continue };
        missing.remove(event.name);
        let has = fields_of(&event.data);
        let listed: Vec<&str> = type_of(event.name).fields.split_whitespace().collect();
        for field in listed.iter().filter(|field| !field.ends_with('?')) {
            assert!(has.contains(*field), "{example}: {} without {field}", event.name);
        }
        for field in has {
            let is_listed = listed.iter().any(|known| known.trim_end_matches('?') == field);
            assert!(is_listed, "{example}: {} has {field}", event.name);
        }
        let seen_by = match (event.is_for_customers, &event.in_brief) {
            (true, None) => SeenBy::Owner,
            (false, Some(_)) => SeenBy::Everybody,
            _ => SeenBy::Staff,
        };
        assert_eq!(type_of(event.name).seen_by, seen_by, "{example}");
    }
    assert_eq!(missing, BTreeSet::new(), "no event of the journal becomes these");
}

#[test]
fn no_public_event_holds_a_secret_or_says_who_somebody_is() {
    let personal = [
        "ana@example.com",
        "Ana",
        "Main Street",
        "555",
        "$argon2",
        "hash",
        "token",
        "pm_card",
        "97477",
    ];
    for (example, event) in all_told() {
        let Some(event) = event else { continue };
        for word in personal {
            assert!(!event.data.get().contains(word), "{example}: {word}: {}", event.data);
        }
    }
}

#[test]
fn what_everybody_may_see_of_stock_is_how_much_can_be_bought() {
    let all = all_told();
    let brief = all.iter().filter_map(|(_, event)| event.as_ref()?.in_brief.as_deref());
    let seen: BTreeSet<BTreeSet<String>> = brief.map(fields_of).collect();
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let allowed: BTreeSet<BTreeSet<String>> = BTreeSet::from([
        of(&["productId", "variantId", "sku", "available"]),
        of(&["productId", "variantId", "sku", "isActive"]),
    ]);
    assert_eq!(seen, allowed);
}

#[test]
fn patterns_take_one_type_a_group_or_everything() {
    for (name, pattern) in PATTERNS {
        assert_eq!(Pattern::named(name), Some(*pattern));
        assert_eq!(pattern.name(), *name);
    }
    for (group, kinds) in GROUPS {
        let pattern = Pattern::named(&format!("{group}.*")).expect("a pattern a group");
        assert_eq!(pattern, Pattern::Group(group));
        assert!(kinds.iter().all(|kind| pattern.takes_kind(kind)), "{group}");
        assert!(TYPES.iter().any(|known| pattern.takes(known.name)), "{group} is empty");
    }
    let order = Pattern::named("order.*").expect("a pattern");
    assert!(order.takes("order.paid") && !order.takes("cart.bought"));
    let paid = Pattern::named("order.paid").expect("a pattern");
    assert!(paid.takes("order.paid") && !paid.takes("order.placed"));
    assert!(paid.takes_kind("order") && !paid.takes_kind("ledger"));
    assert!(Pattern::All.takes("order.paid") && !Pattern::All.takes_kind("delivery"));
    assert_eq!(Pattern::named("order"), None);
    for (example, event) in all_told() {
        let Some(event) = event else { continue };
        let (kind, _) = example.split_once('.').expect("a kind");
        let one = Pattern::named(event.name).expect("a pattern a type");
        assert!(one.takes_kind(kind), "{example} is never looked at for {}", event.name);
    }
}

/// The table of the page, as it must be.
fn table() -> String {
    let mut table = String::from(
        "| type | happens when | `data` | besides staff, seen by |\n|---|---|---|---|\n",
    );
    for Type { name, when, fields, seen_by } in TYPES {
        let fields: Vec<String> =
            fields.split_whitespace().map(|field| format!("`{field}`")).collect();
        let seen_by = match seen_by {
            SeenBy::Staff => "–",
            SeenBy::Owner => "whose it is",
            SeenBy::Everybody => "whoever follows the product, without what says why",
        };
        let line = format!("| `{name}` | {when} | {} | {seen_by} |\n", fields.join(" "));
        table.push_str(&line);
    }
    table
}

#[test]
fn the_page_about_events_lists_every_type() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    let text = fs::read_to_string(page).expect("docs/events.md");
    let table = table();
    assert!(text.contains(&table), "docs/events.md must hold this table:\n{table}");
}

#[test]
fn a_number_of_stock_is_what_is_told_as_such() {
    let (_folder, store) = empty_store();
    let mut numbers = 0;
    for (example, happened) in examples() {
        let told = told(&happened, &store.reader()).expect("a readable event");
        let is_number = told.is_some_and(|event| event.name == NUMBER_OF_STOCK);
        assert_eq!(is_number_of_stock(&happened), is_number, "{example}");
        numbers += usize::from(is_number);
    }
    assert!(numbers > 5, "{numbers}");
}
