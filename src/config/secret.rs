//! Secrets: settings that are compared and handed on, and never printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A setting nobody may see.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// This text, from now on hidden.
    pub fn new(text: &str) -> Secret {
        Secret(SecretString::from(text))
    }

    /// The text, for whoever must send it or sign with it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
