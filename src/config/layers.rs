//! Layers: the same setting from several places, and which of them wins.
//!
//! [`SETTINGS`] is the list of all settings with their defaults; whatever else is set is a fault.
//! Values are text or lists here; what they mean is checked by [`super::reading`].

use std::{collections::BTreeMap, ffi::OsString, fmt::Write, fs, io, io::Read, path::PathBuf};

use ::config::{Config, ConfigError, File, FileFormat, Source, Value, ValueKind};

use super::faults::{Fault, nearest, shown};

/// Every setting with its default; without one it may stay unset.
pub(super) const SETTINGS: &[(&str, Option<&str>)] = &[
    ("data_dir", Some("./var")),
    ("listen", Some("127.0.0.1:3000")),
    ("shop.name", Some("Bodega")),
    ("shop.currency", Some("USD")),
    ("shop.language", Some("en")),
    ("shop.public_url", None),
    ("shop.tax_rate", Some("0.075")),
    ("shop.shipping_flat", Some("10.00")),
    ("payments.gateway", Some("manual")),
    ("payments.hold_minutes", Some("15")),
    ("auth.password_min", Some("8")),
    ("auth.access_minutes", Some("15")),
    ("auth.refresh_days", Some("30")),
    ("limits.enabled", Some("true")),
    ("limits.credentials_per_minute", Some("10")),
    ("limits.orders_per_minute", Some("10")),
    ("limits.writes_per_minute", Some("120")),
    ("limits.reads_per_second", Some("50")),
    ("limits.reads_burst", Some("200")),
    ("http.trusted_hops", Some("0")),
    ("http.workers", None),
    ("http.cors_origins", Some("[]")),
    ("idempotency.hours", Some("24")),
    ("log.format", Some("text")),
    ("log.level", Some("info")),
    ("store.low_water_mib", Some("64")),
];

/// What the command line says about the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config`: a file that must exist.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<String>,
    /// `--listen`.
    pub listen: Option<String>,
}

/// What the settings are for; decides the default gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A real shop: takes no test money unless told to.
    Shop,
    /// A shop to look at: takes test money.
    Demo,
}

/// All layers laid on one another, and what was found wrong while doing so.
#[derive(Debug)]
pub struct Layers {
    values: BTreeMap<String, Value>,
    faults: Vec<Fault>,
}

impl Layers {
    /// Lays the defaults, the file, these variables and the flags on one another.
    pub fn gather(
        flags: &Flags,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        purpose: Purpose,
    ) -> Layers {
        let mut faults = Vec::new();
        let file = from_file(flags, &mut faults);
        let environment = from_environment(variables, &mut faults);
        let merged = Config::builder()
            .add_source(layer(from_defaults(purpose)))
            .add_source(layer(file))
            .add_source(layer(environment))
            .add_source(layer(from_flags(flags)))
            .build()
            .and_then(|merged| merged.collect());
        let mut values = BTreeMap::new();
        flatten(String::new(), merged.expect("known keys merge"), &mut values);
        Layers { values, faults }
    }

    /// Every setting in force, one a line, with where it comes from. Secrets are not shown.
    pub fn listing(&self) -> String {
        let mut listing = String::new();
        for (key, _) in SETTINGS {
            let Some(value) = self.values.get(*key) else { continue };
            let (shown, origin) = (shown(key, &value.to_string()), origin_of(value));
            writeln!(listing, "{key} = {shown}  ({origin})").expect("a String takes all");
        }
        listing
    }

    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

/// Where a value was set.
pub(super) fn origin_of(value: &Value) -> &str {
    value.origin().unwrap_or("default")
}

type Entries = Vec<(&'static str, Value)>;

fn from_defaults(purpose: Purpose) -> Entries {
    let default = |(key, default): &(&'static str, Option<&str>)| {
        let text = match purpose {
            Purpose::Demo if *key == "payments.gateway" => Some("demo"),
            Purpose::Demo | Purpose::Shop => *default,
        };
        text.map(|text| (*key, Value::new(None, text)))
    };
    SETTINGS.iter().filter_map(default).collect()
}

fn from_flags(flags: &Flags) -> Entries {
    [("data_dir", &flags.data_dir, "--data-dir"), ("listen", &flags.listen, "--listen")]
        .into_iter()
        .filter_map(|(key, text, flag)| {
            text.as_ref().map(|text| (key, Value::new(Some(&flag.to_owned()), text.as_str())))
        })
        .collect()
}

fn from_environment(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    faults: &mut Vec<Fault>,
) -> Entries {
    let ours: BTreeMap<String, OsString> = variables
        .into_iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| name.starts_with(PREFIX) && !NO_SETTINGS.contains(&name.as_str()))
        .collect();
    let mut entries = Entries::new();
    for (name, value) in ours {
        let known = SETTINGS.iter().map(|(key, _)| *key).find(|key| variable(key) == name);
        match (known, value.into_string()) {
            (Some(key), Ok(text)) => entries.push((key, Value::new(Some(&name), text))),
            (Some(key), Err(_)) => faults.push(Fault::NotAllowed {
                key: key.to_owned(),
                given: "(not shown)".to_owned(),
                origin: name,
                allowed: "UTF-8 text".to_owned(),
            }),
            (None, _) => {
                let path = name[PREFIX.len()..].to_lowercase().replace("__", ".");
                let nearest = nearest(&path, keys()).map(variable);
                faults.push(Fault::Unknown { name, origin: "environment".to_owned(), nearest });
            }
        }
    }
    entries
}

fn from_file(flags: &Flags, faults: &mut Vec<Fault>) -> Entries {
    let path = flags.config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let name = path.display().to_string();
    let text = match read_bounded(&path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound && flags.config.is_none() => {
            return Entries::new();
        }
        Err(fault) => {
            faults.push(Fault::File { file: name, why: fault.to_string() });
            return Entries::new();
        }
    };
    let mut leaves = BTreeMap::new();
    match File::from_str(&text, FileFormat::Toml).collect() {
        Ok(table) => flatten(String::new(), table, &mut leaves),
        Err(fault) => faults.push(Fault::File { file: name.clone(), why: without_lines(&fault) }),
    }
    let mut entries = Entries::new();
    for (path, value) in leaves {
        match keys().find(|key| *key == path) {
            Some(key) => entries.push((key, Value::new(Some(&name), value.kind))),
            None => faults.push(Fault::Unknown {
                nearest: nearest(&path, keys()).map(str::to_owned),
                name: path,
                origin: name.clone(),
            }),
        }
    }
    entries
}

fn read_bounded(path: &PathBuf) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(bytes) if bytes <= FILE_BYTES_MAX => Ok(text),
        _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB")),
    }
}

/// The place and the reason, without the lines of the file between them: they may hold a secret.
fn without_lines(fault: &ConfigError) -> String {
    let text = fault.to_string();
    let mut lines = text.trim_end().lines();
    match (lines.next(), lines.next_back()) {
        (Some(place), Some(reason)) => format!("{place}: {reason}"),
        (place, _) => place.unwrap_or_default().to_owned(),
    }
}

/// Lists what is in a table and the tables in it by path. A table with nothing in it is listed
/// unless it is a section, so that an unknown empty one is noticed.
fn flatten(
    path: String,
    table: ::config::Map<String, Value>,
    leaves: &mut BTreeMap<String, Value>,
) {
    for (key, value) in table {
        let path = if path.is_empty() { key } else { format!("{path}.{key}") };
        if let ValueKind::Table(inner) = &value.kind
            && (!inner.is_empty() || is_section(&path))
        {
            flatten(path, inner.clone(), leaves);
        } else {
            leaves.insert(path, value);
        }
    }
}

fn is_section(path: &str) -> bool {
    keys().any(|key| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

fn layer(entries: Entries) -> Config {
    let set = |builder: ::config::ConfigBuilder<_>, (key, value)| {
        builder.set_override::<&str, Value>(key, value).expect("a known key is a path")
    };
    entries.into_iter().fold(Config::builder(), set).build().expect("known keys merge")
}

fn keys() -> impl Iterator<Item = &'static str> + Clone {
    SETTINGS.iter().map(|(key, _)| *key)
}

/// The environment variable of a setting.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

const PREFIX: &str = "BODEGA_";
/// The file itself, as `--config` names it, read by the command line; and a fault that a test
/// orders, read by `serve`.
const NO_SETTINGS: [&str; 2] = ["BODEGA_CONFIG", FAULT_VARIABLE];
/// Where the process is to die, for tests of crashes: `after_sync:17`. Unset in every real shop.
pub const FAULT_VARIABLE: &str = "BODEGA_FAULT";
/// Read when no file is named; may be missing.
const DEFAULT_FILE: &str = "bodega.toml";
const FILE_BYTES_MAX: u64 = 1024 * 1024;
