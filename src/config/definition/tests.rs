//! The definition: nothing is forgotten, and the commented file says what the program does.

use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::config::{
    ConfigFaults, Flags, Layers, Purpose, Settings, faults::sounds_secret, reading::Reading,
};

/// The settings that a file with this text comes to.
fn settings_of(text: &str) -> Result<Settings, ConfigFaults> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("bodega.toml");
    fs::write(&path, text).expect("a settings file");
    let flags = Flags { config: Some(path), ..Flags::default() };
    Settings::from_layers(&Layers::gather(&flags, [], Purpose::Shop))
}

fn defaults() -> Settings {
    settings_of("").expect("the defaults are sound")
}

/// The commented file with the lines of these settings no longer comments.
fn set_in_file(is_set: impl Fn(&Setting) -> bool) -> String {
    SETTINGS.iter().filter(|setting| is_set(setting)).fold(commented_file(), |file, setting| {
        let comment = format!("\n#{}\n", setting.line());
        assert!(file.contains(&comment), "{} is not in the file", setting.key);
        file.replacen(&comment, &format!("\n{}\n", setting.line()), 1)
    })
}

#[test]
fn every_setting_that_is_defined_is_read() {
    let layers = Layers::gather(&Flags::default(), [], Purpose::Shop);
    let mut read = Reading::of(&layers);
    Settings::read(&mut read);
    let defined: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.key.to_owned()).collect();
    assert_eq!(*read.asked(), defined);
    assert_eq!(defined.len(), SETTINGS.len(), "a setting is defined twice");
}

#[test]
fn whatever_sounds_secret_is_one() {
    for setting in SETTINGS {
        assert!(setting.is_secret || !sounds_secret(setting.key), "{}", setting.key);
    }
}

#[test]
fn the_file_as_it_is_written_changes_nothing() {
    assert_eq!(settings_of(&commented_file()), Ok(defaults()));
}

#[test]
fn every_default_in_the_file_is_the_default() {
    let file = set_in_file(|setting| setting.default.is_some());
    assert_eq!(settings_of(&file), Ok(defaults()));
}

#[test]
fn every_example_in_the_file_is_allowed() {
    let file = set_in_file(|setting| setting.default.is_none() && !setting.is_secret);
    let told = settings_of(&file).map(|settings| settings == defaults());
    assert_eq!(told, Ok(false));
}

#[test]
fn every_setting_is_explained_in_a_sentence_of_one_line() {
    for Setting { key, means, .. } in SETTINGS {
        assert!(means.ends_with('.') && means.len() <= 100, "{key}: {means}");
    }
    assert!(commented_file().lines().all(|line| line.len() <= 110));
}

/// The settings of a shop whose signing secret is in a file with this content.
fn signed_by(content: &[u8], also: &str) -> (Result<Settings, ConfigFaults>, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("signing");
    fs::write(&path, content).expect("a secret");
    let line = |path: &Path| format!("auth.signing_secret_file = {path:?}\n{also}");
    (settings_of(&line(&path)), path.display().to_string())
}

const STRONG: &str = "0123456789abcdef-0123456789abcdef";

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let (settings, _) = signed_by(format!("{STRONG}\n").as_bytes(), "");
    let secret = settings.expect("sound settings").auth.signing_secret.expect("a secret");
    assert_eq!(secret.expose(), STRONG);
    assert_eq!(format!("{secret:?}"), "Secret(…)");
}

#[test]
fn a_secret_file_that_cannot_be_used_is_told_without_its_content() {
    let (weak, _) = signed_by(b"hunter2", "");
    let weak = weak.expect_err("a weak secret").to_string();
    assert!(weak.contains("auth.signing_secret = (not shown) (signing_secret_file in "), "{weak}");
    assert!(!weak.contains("hunter2"), "{weak}");
    let missing = settings_of("auth.signing_secret_file = \"/no/such/file\"");
    let missing = missing.expect_err("no such file").to_string();
    let wanted = "auth.signing_secret_file = \"/no/such/file\"";
    assert!(missing.contains(wanted) && missing.contains("a file that can be read"), "{missing}");
    let (both, path) = signed_by(STRONG.as_bytes(), &format!("auth.signing_secret = {STRONG:?}"));
    let both = both.expect_err("two secrets").to_string();
    assert!(both.contains(&path) && both.contains("`auth.signing_secret` is set too"), "{both}");
    assert!(!both.contains(STRONG), "{both}");
}

#[test]
fn the_file_of_a_secret_may_be_named_by_the_environment() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("signing");
    fs::write(&path, STRONG).expect("a secret");
    let variable = ("BODEGA_AUTH__SIGNING_SECRET_FILE".into(), path.into_os_string());
    let layers = Layers::gather(&Flags::default(), [variable], Purpose::Shop);
    assert!(layers.listing().contains("auth.signing_secret = (not shown)"));
    let settings = Settings::from_layers(&layers).expect("sound settings");
    assert!(settings.auth.signing_secret.is_some());
}
