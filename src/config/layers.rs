//! Layers: the same setting from several places, and which of them wins.
//!
//! Whatever is set and no key of [`super::definition`] is a fault. Values are text or lists here;
//! what they mean is checked by [`super::reading`].

use std::{collections::BTreeMap, ffi::OsString, fmt::Write, fs, io, io::Read, path::PathBuf};

use ::config::{Config, ConfigError, File, FileFormat, Source, Value, ValueKind};

use super::{
    definition::{SETTINGS, Setting, keys, secret_of_file},
    faults::{Fault, nearest, shown},
};

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
    purpose: Purpose,
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
        read_secret_files(&mut values, &mut faults);
        Layers { values, faults, purpose }
    }

    /// Every setting in force, one a line, with where it comes from. Secrets are not shown.
    pub fn listing(&self) -> String {
        let mut listing = String::new();
        for setting in SETTINGS {
            let Some(value) = self.values.get(setting.key) else { continue };
            let (shown, origin) = (shown(setting.key, &value.to_string()), origin_of(value));
            writeln!(listing, "{} = {shown}  ({origin})", setting.key).expect("a String takes all");
        }
        listing
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
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

type Entries = Vec<(String, Value)>;

fn from_defaults(purpose: Purpose) -> Entries {
    let default = |setting: &Setting| {
        let text = match purpose {
            Purpose::Demo if setting.key == "payments.gateway" => Some("demo"),
            Purpose::Demo | Purpose::Shop => setting.default,
        };
        text.map(|text| (setting.key.to_owned(), Value::new(None, text)))
    };
    SETTINGS.iter().filter_map(default).collect()
}

fn from_flags(flags: &Flags) -> Entries {
    [("data_dir", &flags.data_dir, "--data-dir"), ("listen", &flags.listen, "--listen")]
        .into_iter()
        .filter_map(|(key, text, flag)| {
            text.as_ref()
                .map(|text| (key.to_owned(), Value::new(Some(&flag.to_owned()), text.as_str())))
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
        let known = keys().find(|key| variable(key) == name);
        match (known, value.into_string()) {
            (Some(key), Ok(text)) => entries.push((key, Value::new(Some(&name), text))),
            (Some(key), Err(_)) => faults.push(Fault::NotAllowed {
                key,
                given: "(not shown)".to_owned(),
                origin: name,
                allowed: "UTF-8 text".to_owned(),
            }),
            (None, _) => {
                let path = name[PREFIX.len()..].to_lowercase().replace("__", ".");
                let nearest = nearest(&path, keys()).map(|key| variable(&key));
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
                nearest: nearest(&path, keys()),
                name: path,
                origin: name.clone(),
            }),
        }
    }
    entries
}

/// Puts the content of each secret's file in the secret's place: the text without the newline at
/// its end, as a list where there are several lines. Naming both is a fault.
fn read_secret_files(values: &mut BTreeMap<String, Value>, faults: &mut Vec<Fault>) {
    for (key, secret) in keys().filter_map(|key| secret_of_file(&key).map(|of| (key, of.key))) {
        let Some(named) = values.remove(&key) else { continue };
        let origin = origin_of(&named).to_owned();
        let mut refuse = |given: String, allowed: String| {
            let (key, origin) = (key.clone(), origin.clone());
            faults.push(Fault::NotAllowed { key, given, origin, allowed });
        };
        let path = PathBuf::from(named.into_string().unwrap_or_default());
        let given = format!("{:?}", path.display().to_string());
        if values.contains_key(secret) {
            refuse(given, format!("unset, because `{secret}` is set too"));
            continue;
        }
        match read_bounded(&path) {
            Ok(text) => {
                let lines: Vec<String> = text.lines().map(str::to_owned).collect();
                let kind = match lines.as_slice() {
                    [line] => ValueKind::from(line.as_str()),
                    _ => ValueKind::from(lines),
                };
                let origin = format!("{} in {origin}", key.rsplit('.').next().unwrap_or(&key));
                values.insert(secret.to_owned(), Value::new(Some(&origin), kind));
            }
            Err(fault) => refuse(given, format!("a file that can be read ({fault})")),
        }
    }
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
        builder.set_override::<String, Value>(key, value).expect("a known key is a path")
    };
    entries.into_iter().fold(Config::builder(), set).build().expect("known keys merge")
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
pub const DEFAULT_FILE: &str = "bodega.toml";
const FILE_BYTES_MAX: u64 = 1024 * 1024;
