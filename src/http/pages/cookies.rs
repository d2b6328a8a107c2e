//! Cookies: two, and neither for watching anybody.
//!
//! The session's says who is signed in. The visit's is only there to bind the forms of somebody
//! who is not, such as that of signing in. Neither is ever read by a script, and both are sent
//! only to this host and never with another site's forms. Where the shop is reached by TLS, their
//! names begin with `__Host-`, so that no other host of the domain can set them.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

use crate::config::Settings;

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
    /// Those of this shop: plain ones where it is reached without TLS, as on loopback.
    pub fn of(settings: &Settings) -> CookieNames {
        let chosen = settings.shop.public_url.as_deref();
        let is_secure =
            settings.http.tls.is_some() || chosen.is_some_and(|url| url.starts_with("https://"));
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

/// The value of a cookie.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|cookie| {
        let (known, value) = cookie.trim().split_once('=')?;
        (known == name && !value.is_empty()).then_some(value)
    })
}
