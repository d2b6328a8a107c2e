//! Faults of the settings: what is wrong, where it was written, and what is allowed instead.
//!
//! Invariant: no value of a setting that names a secret, nor of an unknown one, is ever shown.

use std::fmt;

use super::definition::setting;

/// One thing wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A setting has a value it cannot have.
    #[error("{key} = {given} ({origin}): must be {allowed}")]
    NotAllowed {
        /// The setting.
        key: String,
        /// What was given, fit to show.
        given: String,
        /// Where it was given.
        origin: String,
        /// What is allowed.
        allowed: String,
    },
    /// Something is set that this version does not know.
    #[error("{name} ({origin}): no such setting{}", hint(.nearest))]
    Unknown {
        /// What was set.
        name: String,
        /// Where.
        origin: String,
        /// What was perhaps meant.
        nearest: Option<String>,
    },
    /// The file cannot be used.
    #[error("{file}: {why}")]
    File {
        /// The file.
        file: String,
        /// Why not.
        why: String,
    },
}

/// Everything wrong with the settings, at least one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<Fault>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for ConfigFaults {}

/// The value of a setting as it may be shown: quoted, cut short, and not at all if it is a secret.
pub(super) fn shown(key: &str, value: &str) -> String {
    let is_secret = setting(key).is_some_and(|setting| setting.is_secret) || sounds_secret(key);
    // A URL can hold a password before its `@`.
    if is_secret || (value.contains("://") && value.contains('@')) {
        return "(not shown)".to_owned();
    }
    match value.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{:?}…", &value[..end]),
        None => format!("{value:?}"),
    }
}

/// Whether a setting of this name can only be a secret.
pub(super) fn sounds_secret(key: &str) -> bool {
    let leaf = key.rsplit('.').next().unwrap_or(key);
    ["secret", "password", "token"].iter().any(|word| leaf.contains(word)) && leaf != "password_min"
}

/// The name among `known` that was perhaps meant.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = String> + Clone) -> Option<String> {
    let leaf = name.rsplit('.').next().unwrap_or(name);
    let forgotten_section = || {
        known.clone().find(|known| known.rsplit_once('.').is_some_and(|(_, known)| known == leaf))
    };
    let (distance, best) = known
        .clone()
        .map(|known| (distance(name, &known), known))
        .min_by_key(|(distance, _)| *distance)?;
    if distance <= TYPING_ERRORS_MAX { Some(best) } else { forgotten_section() }
}

/// How many characters must be added, removed or replaced to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, left) in one.chars().take(NAME_CHARACTERS_MAX).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, right) in other.chars().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

const SHOWN_CHARACTERS_MAX: usize = 80;
/// No name of ours is longer; a longer one is compared by its beginning.
const NAME_CHARACTERS_MAX: usize = 80;
const TYPING_ERRORS_MAX: usize = 3;
