//! `[payments.stripe]`: the shop's account at Stripe.
//!
//! Invariant: whoever chose Stripe has a secret key, and it never travels in the clear beyond this
//! machine.

use std::time::Duration;

use super::{
    Gateway, Secret,
    reading::{Reading, origin},
};

/// The shop's account at Stripe.
#[derive(Clone, Debug, PartialEq)]
pub struct StripeAccount {
    /// What the shop proves itself with.
    pub secret_key: Secret,
    /// What Stripe signs its letters with; several while one is being replaced.
    pub webhook_secrets: Vec<Secret>,
    /// What pages show Stripe's own scripts; not a secret.
    pub publishable_key: Option<String>,
    /// Where Stripe is.
    pub base_url: String,
    /// How long one answer is waited for.
    pub timeout: Duration,
    /// How long is waited before a call is repeated the first time.
    pub repeat_after: Duration,
}

/// The account, if its secret key is given; it must be if Stripe takes the money.
pub(super) fn stripe(read: &mut Reading<'_>, gateway: Gateway) -> Option<StripeAccount> {
    let is_key = |text: &str| ["sk_", "rk_"].iter().any(|kind| is_word(text, kind));
    let secret_key = read.secret_if_set("payments.stripe.secret_key", KEY, is_key);
    let secret = |text: &str| is_word(text, "whsec_").then(|| Secret::new(text));
    let webhook_secrets =
        read.list("payments.stripe.webhook_secrets", WEBHOOK_SECRETS_MAX, "`whsec_…`", secret);
    let published = |text: &str| is_word(text, "pk_").then(|| text.to_owned());
    let publishable_key = read.value_if_set("payments.stripe.publishable_key", "`pk_…`", published);
    let base_url = read.value("payments.stripe.base_url", BASE_URL, base_url);
    let timeout = read.number("payments.stripe.timeout_ms", 10..=TIMEOUT_MILLIS_MAX);
    let repeat_after = read.number("payments.stripe.repeat_ms", 1..=REPEAT_MILLIS_MAX);
    if gateway == Gateway::Stripe && secret_key.is_none() {
        read.require("payments.stripe.secret_key", KEY);
    }
    Some(StripeAccount {
        secret_key: secret_key?,
        webhook_secrets,
        publishable_key,
        base_url,
        timeout: Duration::from_millis(timeout),
        repeat_after: Duration::from_millis(repeat_after),
    })
}

/// Whether it begins like this and can stand in a header.
fn is_word(text: &str, beginning: &str) -> bool {
    let rest = text.strip_prefix(beginning).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/=".contains(&byte);
    !rest.is_empty() && text.len() <= WORD_LETTERS_MAX && rest.bytes().all(plain)
}

/// An origin to which a secret may be sent.
fn base_url(text: &str) -> Option<String> {
    let url = origin(text)?;
    let host = url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let here = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    });
    (url.starts_with("https://") || here).then_some(url)
}

const KEY: &str = "a secret key, `sk_…` or `rk_…`, when the gateway is `stripe`";
const BASE_URL: &str = "an origin with https, or on this machine, as `https://api.stripe.com`";
const WEBHOOK_SECRETS_MAX: usize = 8;
const WORD_LETTERS_MAX: usize = 255;
/// Longer than this a customer does not wait.
const TIMEOUT_MILLIS_MAX: u64 = 20_000;
const REPEAT_MILLIS_MAX: u64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_sent_over_tls_or_stays_on_this_machine() {
        for good in ["https://api.stripe.com", "http://127.0.0.1:8420", "http://localhost:1"] {
            assert_eq!(base_url(good).as_deref(), Some(good));
        }
        for bad in ["http://api.stripe.com", "http://127.0.0.1.evil.example", "ftp://x", ""] {
            assert_eq!(base_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_is_one_word_of_its_kind() {
        assert!(is_word("sk_test_51Hx", "sk_"));
        for bad in ["sk_", "pk_test_x", "sk_test x", "sk_test\n", ""] {
            assert!(!is_word(bad, "sk_"), "{bad:?}");
        }
    }
}
