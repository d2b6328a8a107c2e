//! Definition: every setting once, with its default and what it means.
//!
//! Invariant: nothing else lists settings. The program reads these and no others, and the file
//! that `bodega config init` writes is made from them. A secret may also stand in a file of its
//! own, named by the same key with `_file` at its end.

use std::fmt::Write;

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its path, as `shop.name`.
    pub key: &'static str,
    /// What holds unless it is set; without one it may stay unset.
    pub default: Option<&'static str>,
    /// What it could be, as TOML, where there is no default to show.
    pub example: &'static str,
    /// Whether it must never be shown, and may be read from a file.
    pub is_secret: bool,
    /// What it means, for whoever edits the file.
    pub means: &'static str,
}

/// All of them, in the order of the file.
pub(super) const SETTINGS: &[Setting] = &[
    set("data_dir", "./var", "Directory of the journal, the state and the signing secret."),
    set("listen", "127.0.0.1:3000", "Address and port; `0.0.0.0:3000` to be reached from outside."),
    set(
        "shop.name",
        "Bodega",
        "What the shop is called. First value only: change it in the admin.",
    ),
    set("shop.currency", "USD", "ISO 4217 code of all prices. First value only."),
    set("shop.language", "en", "ISO 639-1 code: the language whose forms of words search knows."),
    set(
        "shop.time_zone",
        "UTC",
        "Where the shop is, as `Europe/Berlin`: its days, and the time in letters and pages.",
    ),
    unset(
        "shop.public_url",
        r#""https://shop.example""#,
        "Where customers find the shop; unless set, an admin says where.",
    ),
    set("shop.tax_rate", "0.075", "Tax as a share of a line, rounded half up. First value only."),
    set("shop.shipping_flat", "10.00", "Shipping an order, untaxed. First value only."),
    set(
        "payments.gateway",
        "manual",
        "`stripe`, `manual` (recorded by staff) or `demo` (test cards).",
    ),
    set("payments.hold_minutes", "15", "How long an unpaid order keeps its stock."),
    set("payments.manual_hold_days", "7", "How long an order paid by hand keeps its stock."),
    set("payments.capture", "automatic", "`automatic`, or `manual`: taken when it is shipped."),
    unset(
        "payments.cash_on_delivery",
        "true",
        "Whether customers may pay at the door; unless set, as the gateway has it.",
    ),
    unset(
        "payments.bank_transfer",
        "true",
        "Whether customers may pay by bank; unless set, as the gateway has it.",
    ),
    unset(
        "payments.bank_transfer_details",
        r#""Example Bank, IBAN DE00 0000 0000""#,
        "The account, in lines; without it no page offers to pay by bank.",
    ),
    unset("payments.minimum_order", r#""5.00""#, "Orders below this amount are refused."),
    secret("payments.stripe.secret_key", "The secret or restricted key, `sk_…` or `rk_…`."),
    secret(
        "payments.stripe.webhook_secrets",
        "A list of what Stripe signs its letters with; several while one is replaced.",
    ),
    unset(
        "payments.stripe.publishable_key",
        r#""pk_test_51abc""#,
        "What Stripe's scripts on a page need.",
    ),
    set("payments.stripe.base_url", "https://api.stripe.com", "Where Stripe is."),
    set("payments.stripe.timeout_ms", "8000", "How long one answer of Stripe is waited for."),
    set("payments.stripe.repeat_ms", "500", "How long is waited before a call is repeated."),
    set(
        "mail.transport",
        "folder",
        "`smtp`, or `folder`: letters are written, and nobody gets any.",
    ),
    unset("mail.from", r#""Corner shop <orders@shop.example>""#, "Whom letters are from."),
    unset(
        "mail.folder",
        r#""/var/spool/letters""#,
        "The folder; in the data directory unless set.",
    ),
    unset("mail.templates", r#""/etc/bodega/letters""#, "Templates of your own; see docs/mail.md."),
    set("mail.new_orders", "true", "Whether admins get a letter for each order."),
    unset("mail.smtp.host", r#""mail.shop.example""#, "The server that takes letters."),
    unset("mail.smtp.port", "587", "Its port; unless set 587, 465 (`implicit`) or 25 (`none`)."),
    set("mail.smtp.tls", "required", "`required` (STARTTLS), `implicit`, or `none` in the clear."),
    unset("mail.smtp.ca_file", r#""/etc/bodega/ca.pem""#, "Certificates that are trusted as well."),
    unset("mail.smtp.username", r#""orders@shop.example""#, "Signs in as this, if it is set."),
    secret("mail.smtp.password", "The password that goes with it."),
    set("mail.smtp.timeout_ms", "30000", "How long one answer of the mail server is waited for."),
    set("mail.smtp.connections", "4", "How many letters are handed over at once, at most 16."),
    set("auth.password_min", "8", "Fewest characters of a password."),
    set("auth.access_minutes", "15", "How long an access token is good."),
    set("auth.refresh_days", "30", "How long a session lives without being used."),
    secret(
        "auth.signing_secret",
        "What tokens are signed with, 32 characters or more; made by the shop unless set.",
    ),
    set("limits.enabled", "true", "Whether one caller may ask only so often."),
    set("limits.credentials_per_minute", "10", "Sign-ins, sign-ups and resets a minute."),
    set("limits.orders_per_minute", "10", "Orders placed a minute."),
    set("limits.writes_per_minute", "120", "Other changes a minute."),
    set("limits.reads_per_second", "50", "Reads a second, in the long run."),
    set("limits.reads_burst", "200", "Reads at once."),
    set(
        "limits.declines_per_hour_by_address",
        "20",
        "Refused charges that one client address is let try in an hour.",
    ),
    set("limits.declines_per_hour_by_account", "10", "The same for one account."),
    set("limits.declines_per_hour_by_card", "5", "The same for one card."),
    set(
        "http.trusted_hops",
        "0",
        "How many proxies in front are believed when they say who calls.",
    ),
    unset("http.workers", "2", "Threads that answer requests; one a processor unless set."),
    set("http.cors_origins", "[]", "Other origins whose pages may call the shop."),
    unset("http.tls.certificate", r#""/etc/bodega/certificate.pem""#, "Speak TLS with this chain."),
    unset("http.tls.key", r#""/etc/bodega/key.pem""#, "The private key of that certificate."),
    unset(
        "web.theme",
        r#""/etc/bodega/theme""#,
        "Folder whose templates, assets and texts replace ours.",
    ),
    set("idempotency.hours", "24", "How long a request key and its answer are kept."),
    set("keeping.cart_days", "90", "A cart nobody touches for so long is given up."),
    set(
        "keeping.return_days",
        "365",
        "So long after an order is over its units can still go back on the shelf by a refund.",
    ),
    set("keeping.delivery_days", "90", "How long is known which letters and calls were made."),
    set("log.format", "text", "`text` for people, `json` for machines."),
    set("log.level", "info", "`error`, `warn`, `info`, `debug` or `trace`."),
    set("log.requests", "changes", "Requests logged: `all`, `none`, or `changes` and refusals."),
    set("metrics.allowed_addresses", "[]", "Networks that may read /metrics, as `10.0.0.0/8`."),
    set(
        "webhooks.allow_private",
        "false",
        "Whether webhooks may go to private addresses and without TLS.",
    ),
    set("store.low_water_mib", "64", "With less free disk than this, writes are refused."),
];

/// A setting with a default.
const fn set(key: &'static str, default: &'static str, means: &'static str) -> Setting {
    Setting { key, default: Some(default), example: "", is_secret: false, means }
}

/// A setting that may stay unset, with an example as TOML.
const fn unset(key: &'static str, example: &'static str, means: &'static str) -> Setting {
    Setting { key, default: None, example, is_secret: false, means }
}

/// A setting nobody may see, which may stand in a file of its own.
const fn secret(key: &'static str, means: &'static str) -> Setting {
    Setting { key, default: None, example: "", is_secret: true, means }
}

impl Setting {
    fn leaf(&self) -> &'static str {
        self.key.rsplit('.').next().unwrap_or(self.key)
    }

    fn section(&self) -> &'static str {
        self.key.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The line that sets it, as TOML.
    fn line(&self) -> String {
        let leaf = self.leaf();
        match self.default {
            _ if self.is_secret => format!("{leaf}{FILE_SUFFIX} = \"/etc/bodega/{leaf}\""),
            Some(default) => format!("{leaf} = {}", as_toml(default)),
            None => format!("{leaf} = {}", self.example),
        }
    }
}

/// The setting with this key.
pub(super) fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The secret whose file this key names.
pub(super) fn secret_of_file(key: &str) -> Option<&'static Setting> {
    setting(key.strip_suffix(FILE_SUFFIX)?).filter(|setting| setting.is_secret)
}

/// Every key that may be set: the settings, and the files of the secrets.
pub(super) fn keys() -> impl Iterator<Item = String> + Clone {
    SETTINGS.iter().flat_map(|setting| {
        let file = setting.is_secret.then(|| format!("{}{FILE_SUFFIX}", setting.key));
        std::iter::once(setting.key.to_owned()).chain(file)
    })
}

/// A settings file that says of every setting what it means and what its default is, and sets
/// none of them.
pub fn commented_file() -> String {
    let mut file = HEADER.to_owned();
    let mut sections: Vec<&str> = Vec::new();
    for setting in SETTINGS {
        if !sections.contains(&setting.section()) {
            sections.push(setting.section());
        }
    }
    for section in sections {
        if !section.is_empty() {
            write!(file, "\n[{section}]\n").expect("a String takes all");
        }
        for setting in SETTINGS.iter().filter(|setting| setting.section() == section) {
            let (means, line) = (setting.means, setting.line());
            write!(file, "\n# {means}\n#{line}\n").expect("a String takes all");
        }
    }
    file
}

/// A default as TOML: numbers, truth and lists as they are, all else quoted.
fn as_toml(text: &str) -> String {
    let is_bare = text.parse::<i64>().is_ok() || text == "true" || text == "false";
    if is_bare || text.starts_with('[') { text.to_owned() } else { format!("{text:?}") }
}

const HEADER: &str = "\
# Settings of a Bodega shop. `bodega config check` shows what is in force, and names every fault.
#
# A line that begins with `#` and a key shows the default, or an example where there is none:
# take the `#` away to choose otherwise. Each setting may also come from the environment, as
# BODEGA_ and its path with __ between the parts (BODEGA_SHOP__NAME), and that wins over the
# file. A key that ends in `_file` names a file whose content is the secret.
";
/// What a key that names a file ends with.
pub(super) const FILE_SUFFIX: &str = "_file";

#[cfg(test)]
mod tests;
