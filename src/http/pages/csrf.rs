//! CSRF tokens: what proves that a form came from a page made for whoever sends it.
//!
//! A token is a nonce and an HMAC of it with the cookie it is bound to, which no other site can
//! read. The nonce is another one on every page, so that its compressed length tells nothing.

use actix_web::http::header::{self, HeaderMap};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A token for a form of whoever has this cookie.
pub fn token(secret: &[u8; 32], cookie: &str, nonce: [u8; NONCE_BYTES]) -> String {
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&seal(secret, cookie, &nonce).finalize().into_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether the token was made for whoever has this cookie; in constant time.
pub fn is_good(secret: &[u8; 32], cookie: &str, token: &str) -> bool {
    if token.len() > TOKEN_LETTERS_MAX {
        return false;
    }
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    let Some((nonce, sealed)) = bytes.split_at_checked(NONCE_BYTES) else { return false };
    seal(secret, cookie, nonce).verify_slice(sealed).is_ok()
}

/// Where the browser says that a form comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A page of this very host.
    Own,
    /// Another site's page.
    Foreign,
    /// It does not say: it is old, or no browser.
    Unsaid,
}

/// Where a form comes from; `public_url` is where customers find the shop.
pub fn source(headers: &HeaderMap, public_url: Option<&str>) -> Source {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => return Source::Own,
        Some(_) => return Source::Foreign,
        None => {}
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None | Some("null"), _) => Source::Unsaid,
        (Some(origin), _) if public_url == Some(origin) => Source::Own,
        (Some(origin), Some(host)) => {
            let (_, from) = origin.split_once("://").unwrap_or_default();
            if from.eq_ignore_ascii_case(host) { Source::Own } else { Source::Foreign }
        }
        (Some(_), None) => Source::Foreign,
    }
}

fn seal(secret: &[u8; 32], cookie: &str, nonce: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC takes a secret of any length");
    mac.update(b"form");
    mac.update(nonce);
    mac.update(cookie.as_bytes());
    mac
}

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 8;
/// Ours are far shorter.
const TOKEN_LETTERS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_cookie_and_no_other() {
        let made = token(&[1; 32], "ada", [7; 8]);
        assert!(is_good(&[1; 32], "ada", &made));
        assert_ne!(token(&[1; 32], "ada", [8; 8]), made, "another one on every page");
        for (secret, cookie) in [(1, "bob"), (1, ""), (2, "ada")] {
            assert!(!is_good(&[secret; 32], cookie, &made), "{secret} {cookie}");
        }
        for forged in ["", "x", "AAAA", &made[1..], &"A".repeat(1000)] {
            assert!(!is_good(&[1; 32], "ada", forged), "{forged}");
        }
    }

    #[test]
    fn a_browser_says_where_a_form_comes_from() {
        let said = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                let value = header::HeaderValue::from_static(value);
                headers.insert(header::HeaderName::from_static(name), value);
            }
            source(&headers, Some("https://shop.example"))
        };
        let own = ("origin", "http://127.0.0.1:3000");
        assert_eq!(said(&[("host", "127.0.0.1:3000"), own]), Source::Own);
        assert_eq!(said(&[("host", "inside"), ("origin", "https://shop.example")]), Source::Own);
        assert_eq!(said(&[("sec-fetch-site", "same-origin")]), Source::Own);
        assert_eq!(said(&[("sec-fetch-site", "cross-site"), own]), Source::Foreign);
        assert_eq!(said(&[("host", "shop"), ("origin", "https://evil")]), Source::Foreign);
        assert_eq!(said(&[("host", "shop"), ("origin", "null")]), Source::Unsaid);
        assert_eq!(said(&[("host", "shop")]), Source::Unsaid);
    }
}
