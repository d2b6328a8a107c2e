//! Cookies: two, and neither for watching anybody.
//!
//! The session's says who is signed in. The visit's is only there to bind the forms of somebody
//! who is not, such as that of signing in. Neither is ever read by a script, and both are sent
//! only to this host and never with another site's forms. Where the shop is reached by TLS, their
//! names begin with `__Host-`, so that no other host of the domain can set them. Where an admin
//! chose an address of TLS, whoever asks under its name reaches the shop by it; under another one,
//! as on the machine itself, it is reached without, and nobody is locked out by a slip of the pen.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

use crate::{
    config::Settings,
    domain::{ids::ShopId, settings},
    shop::Shop,
};

/// Their names, and whether they travel by TLS alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieNames {
    /// Who is signed in.
    pub session: &'static str,
    /// Whose form it is, of somebody who is not signed in.
    pub visit: &'static str,
    /// Whether the shop is reached by TLS alone.
    pub is_secure: bool,
}

impl CookieNames {
    /// Those of whoever asks with these headers: plain ones where the shop is reached without TLS,
    /// as on loopback.
    pub fn of(shop: &Shop, headers: &HeaderMap) -> CookieNames {
        let is_secure = is_all_by_tls(&shop.settings) || is_asked_by_tls(shop, headers);
        let (session, visit) = if is_secure {
            ("__Host-bodega-session", "__Host-bodega-visit")
        } else {
            ("bodega-session", "bodega-visit")
        };
        CookieNames { session, visit, is_secure }
    }

    /// A cookie with this value for so many seconds; none at all: until the browser is closed.
    pub fn set(self, name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
        let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }

    /// The cookie is gone.
    pub fn unset(self, name: &str) -> HeaderValue {
        self.set(name, "", Some(0))
    }
}

/// Whether the settings say that the shop is reached by TLS alone.
pub fn is_all_by_tls(settings: &Settings) -> bool {
    let chosen = settings.shop.public_url.as_deref();
    settings.http.tls.is_some() || chosen.is_some_and(|url| url.starts_with("https://"))
}

/// Whether somebody asks under the name of the address of TLS that an admin chose.
fn is_asked_by_tls(shop: &Shop, headers: &HeaderMap) -> bool {
    let Ok(terms) = shop.reader.get::<settings::Shop>(ShopId::default()) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let name =
        terms.state.public_url.strip_prefix("https://").map(|name| name.trim_end_matches('/'));
    host.zip(name).is_some_and(|(host, name)| host.eq_ignore_ascii_case(name))
}

/// The value of a cookie.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|cookie| {
        let (known, value) = cookie.trim().split_once('=')?;
        (known == name && !value.is_empty()).then_some(value)
    })
}
