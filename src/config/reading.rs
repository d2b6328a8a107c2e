//! Reading: from layered text to typed values, collecting every fault on the way.
//!
//! After a fault reading goes on with the setting's default, so that one look finds all faults;
//! [`Reading::finish`] then gives out the faults and never the settings.

use std::{collections::BTreeSet, fmt::Display, net::Ipv6Addr, ops::RangeInclusive, str::FromStr};

use ::config::Value;

use super::{
    Secret, Settings,
    definition::setting,
    faults::{ConfigFaults, Fault, shown},
    layers::{Layers, Purpose, origin_of},
};

pub(super) struct Reading<'a> {
    layers: &'a Layers,
    faults: Vec<Fault>,
    /// What was asked for, so that a test can tell whether a setting was forgotten.
    asked: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    pub fn of(layers: &'a Layers) -> Reading<'a> {
        Reading { layers, faults: layers.faults().to_vec(), asked: BTreeSet::new() }
    }

    /// The keys that were asked for so far.
    #[cfg(test)]
    pub fn asked(&self) -> &BTreeSet<String> {
        &self.asked
    }

    /// What the settings are for.
    pub fn purpose(&self) -> Purpose {
        self.layers.purpose()
    }

    fn given(&mut self, key: &str) -> Option<&'a Value> {
        assert!(setting(key).is_some(), "`{key}` is read and not defined");
        self.asked.insert(key.to_owned());
        self.layers.value(key)
    }

    pub fn finish(self, settings: Settings) -> Result<Settings, ConfigFaults> {
        if self.faults.is_empty() { Ok(settings) } else { Err(ConfigFaults(self.faults)) }
    }

    pub fn value<T>(&mut self, key: &str, allowed: &str, parse: impl Fn(&str) -> Option<T>) -> T {
        self.value_if_set(key, allowed, &parse)
            .unwrap_or_else(|| parse(default_of(key)).expect("a default is allowed"))
    }

    pub fn value_if_set<T>(
        &mut self,
        key: &str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let given = self.given(key)?;
        let value = given.clone().into_string().ok().and_then(|text| parse(&text));
        if value.is_none() {
            self.refuse(key, given, allowed);
        }
        value
    }

    pub fn number<T: FromStr + PartialOrd + Display>(
        &mut self,
        key: &str,
        range: RangeInclusive<T>,
    ) -> T {
        self.value(key, &whole_number(&range), |text| within(text, &range))
    }

    pub fn number_if_set<T: FromStr + PartialOrd + Display>(
        &mut self,
        key: &str,
        range: RangeInclusive<T>,
    ) -> Option<T> {
        self.value_if_set(key, &whole_number(&range), |text| within(text, &range))
    }

    pub fn choice<T: Copy>(&mut self, key: &str, allowed: &str, words: &[(&str, T)]) -> T {
        self.value(key, allowed, |text| {
            words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
        })
    }

    /// Two settings that go together: one without the other is a fault.
    pub fn both<T>(
        &mut self,
        (one, other): (&str, &str),
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<(T, T)> {
        let (first, second) = (self.given(one), self.given(other));
        for (alone, key, missing) in [(first, one, other), (second, other, one)] {
            if let Some(given) = alone.filter(|_| first.is_none() != second.is_none()) {
                self.refuse(key, given, &format!("set together with `{missing}`"));
            }
        }
        let first = self.value_if_set(one, allowed, &parse);
        first.zip(self.value_if_set(other, allowed, &parse))
    }

    /// A secret, from wherever it was set; a fault never shows it.
    pub fn secret_if_set(
        &mut self,
        key: &str,
        allowed: &str,
        is_allowed: impl Fn(&str) -> bool,
    ) -> Option<Secret> {
        self.value_if_set(key, allowed, |text| is_allowed(text).then(|| Secret::new(text)))
    }

    /// A list of the file, or the text of a JSON array.
    pub fn list<T>(
        &mut self,
        key: &str,
        entries_max: usize,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let Some(given) = self.given(key) else { return Vec::new() };
        let list = texts(given)
            .filter(|texts| texts.len() <= entries_max)
            .and_then(|texts| texts.iter().map(|text| parse(text)).collect());
        list.unwrap_or_else(|| {
            let allowed = format!("a list of at most {entries_max}, each {allowed}");
            self.refuse(key, given, &allowed);
            Vec::new()
        })
    }

    /// Notes that something must be set that is not.
    pub fn require(&mut self, key: &str, allowed: &str) {
        let is_told = |fault: &Fault| matches!(fault, Fault::NotAllowed { key: k, .. } if k == key);
        if !self.faults.iter().any(is_told) {
            self.faults.push(Fault::NotAllowed {
                key: key.to_owned(),
                given: "(not set)".to_owned(),
                origin: "default".to_owned(),
                allowed: allowed.to_owned(),
            });
        }
    }

    fn refuse(&mut self, key: &str, given: &Value, allowed: &str) {
        self.faults.push(Fault::NotAllowed {
            key: key.to_owned(),
            given: shown(key, &given.to_string()),
            origin: origin_of(given).to_owned(),
            allowed: allowed.to_owned(),
        });
    }
}

/// An origin as a browser writes it: scheme, host and port, in lower case, without a default port.
pub fn origin(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let url = lower.strip_suffix('/').unwrap_or(&lower);
    let (scheme, authority) = url.split_once("://")?;
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.strip_suffix(default_port).unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (is_host(host) && is_port).then(|| format!("{scheme}://{authority}"))
}

/// A language by its code (ISO 639-1).
pub(super) fn language(text: &str) -> Option<String> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    fits.then(|| text.to_owned())
}

/// A name for a shop: something to read, on one line.
pub(super) fn shop_name(text: &str) -> Option<String> {
    let name = text.trim();
    let fits = (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count());
    (fits && !name.chars().any(char::is_control)).then(|| name.to_owned())
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.len() <= HOST_BYTES_MAX && host.split('.').all(is_label)
}

fn texts(given: &Value) -> Option<Vec<String>> {
    match given.clone().into_string() {
        Ok(text) => serde_json::from_str(&text).ok(),
        Err(_) => {
            let entries = given.clone().into_array().ok()?;
            entries.into_iter().map(|entry| entry.into_string().ok()).collect()
        }
    }
}

fn within<T: FromStr + PartialOrd>(text: &str, range: &RangeInclusive<T>) -> Option<T> {
    text.parse().ok().filter(|number| range.contains(number))
}

fn whole_number<T: Display>(range: &RangeInclusive<T>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

fn default_of(key: &str) -> &'static str {
    setting(key).and_then(|setting| setting.default).expect("a setting that is read has a default")
}

const NAME_CHARACTERS_MAX: usize = 100;
/// Longest host name of the DNS.
const HOST_BYTES_MAX: usize = 253;
