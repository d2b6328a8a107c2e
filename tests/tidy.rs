//! Tidy: the house rules that a machine can check, as tables.
//!
//! Invariant: what ARCHITECTURE.md says a folder may not know, it does not name. Reads source as
//! text and knows nothing of Rust's grammar, so a rule here is a word and a reason. To bend a
//! rule, change its table in the same commit and say why there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// (folder, word, why it may not appear in the code there)
const BANNED: &[(&str, &str, &str)] = &[
    ("src/domain", "actix", "the domain is pure"),
    ("src/domain", "tokio", "the domain is pure"),
    ("src/domain", "async ", "the domain never waits"),
    ("src/domain", ".await", "the domain never waits"),
    ("src/domain", "f64", "money and stock are whole numbers"),
    ("src/domain", "f32", "money and stock are whole numbers"),
    ("src/domain", "::now()", "time is an argument"),
    ("src/domain", "Uuid::now", "ids are arguments"),
    ("src/domain", "Uuid::new", "ids are arguments"),
    ("src/domain", "HashMap", "replayed state must be the same bytes: ordered maps only"),
    ("src/domain", "HashSet", "replayed state must be the same bytes: ordered sets only"),
    ("src/domain", "std::fs", "the domain does no I/O"),
    ("src/domain", "std::net", "the domain does no I/O"),
    ("src/domain", "std::env", "the domain does no I/O"),
    ("src/domain", "std::thread", "the domain is pure"),
    ("src/domain", "tracing", "the domain tells nobody but its caller"),
    ("src/store", "actix", "the store knows nothing of actors"),
    ("src/store", "http", "the store knows nothing of the wire"),
    ("src/actors", "stripe", "an actor knows a gateway by its trait"),
    ("src/actors", "Stripe", "an actor knows a gateway by its trait"),
    ("src/gateways", "actix", "a gateway is called, it does not live in the shop"),
];

/// (word, why tests may have it where other code may not)
const TESTS_MAY: &[(&str, &str)] = &[
    ("HashMap", "a search through all worlds remembers where it was; nothing of it is kept"),
    ("HashSet", "a search through all worlds remembers where it was; nothing of it is kept"),
    ("bincode", "what a rule keeps must come back from its bytes as it was"),
];

/// (folder, modules of ours that it may name): the arrows of ARCHITECTURE.md.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("src/domain", &["domain"]),
    ("src/clock", &["clock", "domain"]),
    ("src/secret", &["secret"]),
    // The secret, because a signing secret that is chosen must be as strong as one that is made.
    ("src/config", &["config", "domain", "secret"]),
    ("src/meters", &["meters"]),
    ("src/shapes", &["domain", "shapes"]),
    ("src/traceparent", &["traceparent"]),
    ("src/telemetry", &["config", "telemetry"]),
    ("src/control", &["control"]),
    ("src/invariants", &["domain", "invariants", "store"]),
    // The command line shows how far the store has come, and fills a named settings layer.
    ("src/cli", &["cli", "config", "store"]),
    // The store, because a list is read from its rows without an owner, by the reader; `shop` and
    // `config`, because `http/wiring.rs` fits the pipeline to the shop; `subscribers`, because
    // events are asked for, and listened to, in the shape they have for the public.
    (
        "src/http",
        &[
            "accounts",
            "actors",
            "clock",
            "config",
            "domain",
            "exchange",
            "http",
            "meters",
            "search",
            "shapes",
            "shop",
            "store",
            "subscribers",
            "traceparent",
            // The pages are written by its templates.
            "web",
        ],
    ),
    // `http`, because a picture of the demo is kept as any uploaded file is.
    // `http`, because a picture in a file is one the shop's edge would take.
    ("src/exchange", &["actors", "domain", "exchange", "http", "shop", "store"]),
    ("src/demo", &["accounts", "actors", "demo", "domain", "http", "shop", "store"]),
    ("src/accounts", &["accounts", "actors", "clock", "domain", "store"]),
    ("src/store", &["clock", "domain", "meters", "store"]),
    ("src/search", &["domain", "meters", "search"]),
    ("src/web", &["web"]),
    ("src/gateways", &["clock", "domain", "gateways", "traceparent"]),
    // The settings, because they say of networks what is one line to the internet.
    (
        "src/actors",
        &["actors", "clock", "config", "domain", "gateways", "meters", "store", "traceparent"],
    ),
    (
        "src/subscribers",
        &[
            "actors",
            "clock",
            "domain",
            "gateways",
            "meters",
            "search",
            "shapes",
            "store",
            "subscribers",
        ],
    ),
];

/// (folder, module of ours, why it may not name that one), where nearly all others are welcome.
const MAY_NOT_NAME: &[(&str, &str, &str)] = &[
    ("src/http", "gateways", "a page asks an actor, and the actor asks the gateway"),
    ("src/http", "cli", "the command line starts the server, not the other way round"),
    ("src/http", "commands", "a command starts the server, not the other way round"),
    ("src/exchange", "commands", "a command moves files, not the other way round"),
    ("src/http", "demo", "the demo is a client of the shop"),
    ("src/web", "actors", "templates are given what they show"),
    ("src/web", "store", "templates are given what they show"),
];

/// (word, the only places in `src` whose code may have it, why)
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("sled", &["src/store"], "only the store knows how state is kept"),
    ("bincode", &["src/store/codec"], "one module encodes state, so that one can replace it"),
    ("tantivy", &["src/search"], "only search knows how it finds"),
    // `serve` holds the handle of the server, to stop it when the shop closes.
    ("actix_web", &["src/http", "src/web", "src/commands/serve"], "only the edge speaks HTTP"),
    ("indicatif", &["src/cli/progress"], "only the command line draws bars"),
    ("jsonwebtoken", &["src/accounts/tokens"], "one module signs tokens"),
    // The tour and the proofs are clients of the shop itself, on loopback.
    ("reqwest", &["src/gateways", "src/commands/client"], "only gateways call the outside world"),
    (
        "csv::",
        &["src/exchange", "src/http/admin"],
        "files of rows are read and written in few places",
    ),
    ("lettre", &["src/gateways"], "only gateways call the outside world"),
    ("iso_currency", &["src/domain/money"], "one module reads the table of currencies"),
    ("slugify", &["src/domain/catalogue"], "one module makes slugs"),
    ("Instant::now", &["src/clock"], "one clock, so that a test can stop it"),
    ("SystemTime::now", &["src/clock"], "one clock, so that a test can stop it"),
    ("Timestamp::now", &["src/clock"], "one clock, so that a test can stop it"),
    ("Zoned::now", &["src/clock"], "one clock, so that a test can stop it"),
    ("Uuid::now_v7", &["src/clock"], "a new id needs a clock and dice"),
];

/// (word, why no code of ours has it anywhere)
const NOWHERE: &[(&str, &str)] = &[
    (".do_send(", "a full mailbox must be noticed"),
    ("todo!(", "what is not built is not there"),
    ("unimplemented!(", "what is not built is not there"),
    ("dbg!(", "left over from looking"),
    ("#[allow(", "say `#[expect(…, reason = …)]`"),
    ("#![allow(", "say `#![expect(…, reason = …)]`"),
    ("#[ignore", "a test that does not run holds nothing"),
    ("#[should_panic", "a refusal has a name; assert that"),
    ("fn test_", "a test's name is a sentence about the shop"),
];

/// (text, why no file has it, comments included)
const UNWRITTEN: &[(&str, &str)] = &[
    ("TODO", "say what is missing in ARCHITECTURE.md, with the reason"),
    ("FIXME", "fix it"),
    ("XXX:", "fix it"),
    ("/home/", "a path of one machine"),
    ("/root/", "a path of one machine"),
    ("/work/", "a path of one machine"),
];

/// (test file, why it must wait for real time): a real process has no clock that we can turn.
const MAY_SLEEP: &[(&str, &str)] = &[
    ("tests/crashes/support/patience.rs", "a real process does things by itself, and is asked"),
    ("tests/faults/full.rs", "the shop looks at the disk now and then, and is asked until it did"),
    ("tests/faults/meddler.rs", "a slow disk is made of waiting"),
    ("tests/support/stripe/server.rs", "a slow bank is slow in real time, for a real client"),
    ("tests/support/stripe/letters.rs", "a postman looks for letters now and then"),
];

/// What a `use` in the domain may begin with: `uuid`, `iso_currency` and `slug` are value tables.
const DOMAIN_CRATES: &[&str] = &[
    "self",
    "super",
    "crate",
    "std",
    "serde",
    "thiserror",
    "uuid",
    "iso_currency",
    "slug",
    // In tests.
    "proptest",
    "insta",
];

/// (line of Cargo.toml, why it must stay)
const CARGO_LINES: &[(&str, &str)] = &[
    ("license = \"MIT\"", "the licence is part of the promise"),
    (
        "sled = { version = \"=0.34.7\", features = [\"miri_optimizations\"] }",
        "1.0-alpha loses data",
    ),
    ("bincode = \"=1.3.3\"", "the last version that is a library"),
    ("overflow-checks = true", "a shop that wraps around is worse than one that stops"),
    ("panic = \"unwind\"", "an actor that panics comes back"),
    ("unsafe_code = \"forbid\"", "nothing here needs it"),
];

/// Sections that every decision note has, in this order.
const ADR_SECTIONS: &[&str] = &[
    "\n## Context\n",
    "\n## Decision\n",
    "\n## What it costs\n",
    "\n## What would change our mind\n",
];

#[test]
fn every_source_file_says_what_it_owns_and_fits_a_reader() {
    let mut untidy = Vec::new();
    for (path, text) in rust_files() {
        if !text.starts_with("//! ") {
            untidy.push(format!("{path}: begin with a `//!` header that says what the file owns"));
        }
        if !is_test(&path) && text.lines().count() > LINES_MAX {
            untidy.push(format!("{path}: longer than {LINES_MAX} lines, find the seam"));
        }
        for (number, line) in text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX {
                untidy.push(format!("{path}:{}: wider than {COLUMNS_MAX} columns", number + 1));
            }
        }
    }
    assert_tidy(&untidy);
}

#[test]
fn no_folder_names_what_it_may_not_know() {
    let mut untidy = Vec::new();
    for (path, text) in rust_files().into_iter().filter(|(path, _)| path.starts_with("src/")) {
        let code = code_of(&text);
        let has = |word: &str| {
            let welcome = is_test(&path) && TESTS_MAY.iter().any(|(may, _)| *may == word);
            !welcome && has_word(&code, word)
        };
        for (folder, word, why) in BANNED {
            if is_under(&path, folder) && has(word) {
                untidy.push(format!("{path}: `{word}` is not welcome here, {why}"));
            }
        }
        for (word, places, why) in ONLY_IN {
            if has(word) && !places.iter().any(|place| is_under(&path, place)) {
                untidy.push(format!("{path}: `{word}` belongs in {}, {why}", places.join(", ")));
            }
        }
        for name in modules_named(&code) {
            for (folder, welcome) in MAY_NAME {
                if is_under(&path, folder) && !welcome.contains(&name.as_str()) {
                    untidy.push(format!("{path}: names `crate::{name}`, may name {welcome:?}"));
                }
            }
            for (folder, module, why) in MAY_NOT_NAME {
                if is_under(&path, folder) && name == *module {
                    untidy.push(format!("{path}: names `crate::{name}`, but {why}"));
                }
            }
        }
    }
    assert_tidy(&untidy);
}

#[test]
fn the_domain_uses_nothing_but_values() {
    let mut untidy = Vec::new();
    for (path, text) in rust_files().into_iter().filter(|(path, _)| is_under(path, "src/domain")) {
        for line in text.lines().map(str::trim_start) {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            let Some(used) = line.strip_prefix("use ") else { continue };
            let first = used.split([':', ';', ' ']).next().unwrap_or_default();
            // `use HoldFact::{…}` names a type that is here already.
            let here = first.starts_with(char::is_uppercase);
            let ours = here || path.ends_with("mod.rs") || is_sibling(&path, first);
            if !ours && !DOMAIN_CRATES.contains(&first) {
                untidy.push(format!("{path}: uses `{first}`; the domain has {DOMAIN_CRATES:?}"));
            }
        }
    }
    assert_tidy(&untidy);
}

#[test]
fn what_is_wrong_anywhere_is_nowhere() {
    let mut untidy = Vec::new();
    for (path, text) in rust_files().into_iter().filter(|(path, _)| path != TIDY) {
        let code = code_of(&text);
        for (word, why) in NOWHERE {
            if has_word(&code, word) {
                untidy.push(format!("{path}: `{word}`: {why}"));
            }
        }
    }
    for (path, text) in text_files().into_iter().filter(|(path, _)| path != TIDY) {
        for (word, why) in UNWRITTEN {
            if text.contains(word) {
                untidy.push(format!("{path}: `{word}`: {why}"));
            }
        }
    }
    assert_tidy(&untidy);
}

#[test]
fn no_test_waits_for_real_time() {
    let mut untidy = Vec::new();
    let sleeps = |text: &str| {
        let code = code_of(text);
        has_word(&code, "sleep(") || has_word(&code, "sleep_ms(") || has_word(&code, "sleep_until(")
    };
    let tests: Vec<_> = rust_files().into_iter().filter(|(path, _)| is_test(path)).collect();
    for (path, _) in tests.iter().filter(|(path, text)| path != TIDY && sleeps(text)) {
        if !MAY_SLEEP.iter().any(|(file, _)| file == path) {
            untidy.push(format!("{path}: time moves when the test says so; do not sleep"));
        }
    }
    for (file, why) in MAY_SLEEP {
        if !tests.iter().any(|(path, text)| path == file && sleeps(text)) {
            untidy.push(format!("{file}: may sleep ({why}), but does not: strike it off the list"));
        }
    }
    assert_tidy(&untidy);
}

#[test]
fn every_dependency_says_why_it_is_here() {
    let manifest = read("Cargo.toml");
    let mut untidy = Vec::new();
    let (mut section, mut above) = ("", "");
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && let Some((name, _)) = line.split_once(" = ")
            && !above.starts_with("# ")
        {
            untidy.push(format!("Cargo.toml: {name} has no comment above it that says why"));
        }
        above = line;
    }
    for (line, why) in CARGO_LINES {
        if !manifest.lines().any(|has| has == *line) {
            untidy.push(format!("Cargo.toml: `{line}` must stay, {why}"));
        }
    }
    if manifest.contains("\"http2\"") {
        untidy.push("Cargo.toml: the HTTP server's `http2` stays off (h2 0.3)".to_owned());
    }
    assert_tidy(&untidy);
}

#[test]
fn every_command_in_the_readme_exists() {
    let (readme, justfile, ci) = (read("README.md"), read("justfile"), read(".ci/run"));
    let cli = fs::read_to_string("src/cli.rs").ok();
    let mut untidy = Vec::new();
    for command in ["cargo run --release -- demo", "cargo test"] {
        if !commands_in(&readme).any(|said| said == command) {
            untidy.push(format!("README.md: does not say `{command}`"));
        }
    }
    if !ci.lines().any(|line| line == "step test cargo test") {
        untidy.push(".ci/run: does not run the README's `cargo test`".to_owned());
    }
    for command in commands_in(&readme) {
        let mut words = command.split_whitespace();
        let (program, verb) = (words.next(), words.next().unwrap_or_default());
        let known = match program {
            Some("just") => justfile.lines().any(|line| is_recipe(line, verb)),
            // Before the command line is written there is nothing to compare with.
            Some("bodega") => cli.as_ref().is_none_or(|cli| has_word(cli, &variant(verb))),
            Some("cargo") => ["run", "test", "build", "bench", "clippy", "fmt"].contains(&verb),
            _ => true,
        };
        if !known {
            untidy.push(format!("README.md: `{command}` does not exist"));
        }
    }
    assert_tidy(&untidy);
}

#[test]
fn documents_point_at_what_is_there() {
    let mut untidy = Vec::new();
    for (path, text) in text_files().into_iter().filter(|(path, _)| path.ends_with(".md")) {
        let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains("://") && !folder.join(link).exists() {
                untidy.push(format!("{path}: links to {link}, which is not there"));
            }
        }
        let quoted = text.split('`').skip(1).step_by(2);
        for file in quoted.filter(|word| word.ends_with(".rs") && word.contains('/')) {
            let stands = [Path::new("src").join(file), PathBuf::from(file)];
            if house_stands() && !stands.iter().any(|path| path.exists()) {
                untidy.push(format!("{path}: speaks of {file}, which is not there"));
            }
        }
        if path.starts_with("docs/adr/") {
            let places: Vec<_> = ADR_SECTIONS.iter().map(|section| text.find(section)).collect();
            if places.contains(&None) || !places.is_sorted() {
                untidy.push(format!("{path}: has not the sections {ADR_SECTIONS:?}"));
            }
        }
    }
    assert_tidy(&untidy);
}

#[test]
fn every_test_that_a_document_names_is_there() {
    let sources = rust_files();
    let mut untidy = Vec::new();
    let text = read("docs/testing.md");
    for name in text.split('`').skip(1).step_by(2).filter(|word| is_sentence(word)) {
        let declared = format!("fn {name}(");
        if !sources.iter().any(|(_, source)| source.contains(&declared)) {
            untidy.push(format!("docs/testing.md: names the test {name}, which is not there"));
        }
    }
    assert_tidy(&untidy);
}

/// Tests are named so.
fn is_sentence(word: &str) -> bool {
    let is_plain = |sign: char| sign == '_' || sign.is_ascii_lowercase() || sign.is_ascii_digit();
    word.matches('_').count() > 2 && word.chars().all(is_plain)
}

/// Whether every folder on a request's road is built, so that documents can be held to it.
fn house_stands() -> bool {
    let road = ["src/http", "src/actors", "src/domain", "src/store", "src/gateways"];
    road.iter().all(|folder| Path::new(folder).join("mod.rs").exists())
        && Path::new("src/cli.rs").exists()
}

#[track_caller]
fn assert_tidy(untidy: &[String]) {
    assert!(untidy.is_empty(), "\n{}", untidy.join("\n"));
}

/// The lines of source that are not comments, with what follows a ` // ` cut off.
fn code_of(text: &str) -> String {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| line.split(" // ").next().unwrap_or_default().to_owned() + "\n").collect()
}

/// Whether the word is there, and not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let letter = |found: Option<char>| found.is_some_and(|c| c.is_alphabetic() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) =
            (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        let joined_before = letter(word.chars().next()) && letter(before);
        let joined_after = letter(word.chars().next_back()) && letter(after);
        !joined_before && !joined_after
    })
}

/// The modules of ours that the code names: `x` of `crate::x` and of `crate::{x::…, …}`.
fn modules_named(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(first_name(rest));
            continue;
        };
        let (mut depth, mut begin) = (0_i32, 0);
        for (at, c) in group.char_indices() {
            match c {
                ',' | '}' if depth == 0 => {
                    names.insert(first_name(&group[begin..at]));
                    begin = at + 1;
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 && c == '}' && begin == at + 1 {
                break;
            }
        }
    }
    names.retain(|name| name.starts_with(char::is_lowercase));
    names
}

fn first_name(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether `name` is a module beside or below the file, as in `pub use product::Product;`.
fn is_sibling(path: &str, name: &str) -> bool {
    let (file, folder) = (Path::new(path), Path::new(path).with_extension(""));
    let beside = file.parent().unwrap_or(Path::new(""));
    [folder.join(name), beside.join(name)]
        .iter()
        .any(|module| module.with_extension("rs").exists() || module.join("mod.rs").exists())
}

/// Lines of fenced blocks and spans of code that begin with a program of ours.
fn commands_in(readme: &str) -> impl Iterator<Item = &str> {
    let fenced = readme.split("```").skip(1).step_by(2).flat_map(str::lines);
    let spans = readme.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    fenced
        .chain(spans)
        .map(|command| command.split(" #").next().unwrap_or_default().trim())
        .filter(|command| ["cargo ", "just ", "bodega "].iter().any(|is| command.starts_with(is)))
}

fn is_recipe(line: &str, verb: &str) -> bool {
    line.split([' ', ':']).next() == Some(verb) && line.contains(':')
}

/// `reset-password` is `ResetPassword` in the code of the command line.
fn variant(verb: &str) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    verb.split('-').filter(|part| !part.is_empty()).map(capital).collect()
}

fn is_under(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
}

/// Files of tests: they may be long, and may not sleep.
fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.split('/').any(|part| part == "tests")
}

fn rust_files() -> Vec<(String, String)> {
    let ours = ["src/", "tests/", "bench/"];
    text_files()
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs") && ours.iter().any(|at| path.starts_with(at)))
        .collect()
}

/// Every file of the house that is text, with its path from the root.
fn text_files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(".")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            let name = path.strip_prefix(".").expect("below the root").display().to_string();
            if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(path);
            } else if TEXT.iter().any(|ending| name.ends_with(ending)) {
                found.push((name.clone(), read(&name)));
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// This file names what it forbids.
const TIDY: &str = "tests/tidy.rs";
/// Folders that are not source.
const NOT_OURS: &[&str] = &[".git", "target", "var", "fuzz/target"];
/// How the names of our text files end.
const TEXT: &[&str] =
    &[".rs", ".md", ".toml", ".json", ".html", ".css", ".js", "justfile", ".ci/run"];
/// Longest file, tests apart.
const LINES_MAX: usize = 400;
/// Widest line.
const COLUMNS_MAX: usize = 100;
