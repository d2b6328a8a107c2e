//! API keys: what lets a program in, made by an admin, with no more rights than it needs.
//!
//! Invariant: the key's text is shown once and never kept; what is kept is its hash. A key never
//! comes back after it was revoked. It acts for the account that made it, and whether that
//! account may still do so is asked each time, elsewhere.

mod event;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::{ApiKeyId, UserId},
    time::{Stamp, Timestamp},
    users::TokenHash,
};

pub use event::ApiKeyEvent;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Products and categories, also those that are not for sale.
    CatalogueRead,
    /// Adding, changing and removing them.
    CatalogueWrite,
    /// Stock, with its movements.
    StockRead,
    /// Receiving, counting, reserving and releasing stock.
    StockWrite,
    /// Everybody's orders.
    OrdersRead,
    /// Their status, cancelling and refunding.
    OrdersWrite,
    /// Accounts of customers.
    CustomersRead,
    /// Everything that happens in the shop.
    EventsRead,
    /// Endpoints that are told of it, and what was delivered to them.
    WebhooksRead,
    /// Adding, changing and removing endpoints, and sending again.
    WebhooksWrite,
    /// Numbers about the running shop.
    MetricsRead,
}

impl Scope {
    /// All of them with their names on the wire.
    pub const ALL: &'static [(&'static str, Scope)] = &[
        ("catalogue:read", Scope::CatalogueRead),
        ("catalogue:write", Scope::CatalogueWrite),
        ("stock:read", Scope::StockRead),
        ("stock:write", Scope::StockWrite),
        ("orders:read", Scope::OrdersRead),
        ("orders:write", Scope::OrdersWrite),
        ("customers:read", Scope::CustomersRead),
        ("events:read", Scope::EventsRead),
        ("webhooks:read", Scope::WebhooksRead),
        ("webhooks:write", Scope::WebhooksWrite),
        ("metrics:read", Scope::MetricsRead),
    ];

    /// Its name on the wire, as `orders:read`.
    pub fn name(self) -> &'static str {
        let named = Scope::ALL.iter().find(|(_, scope)| *scope == self);
        named.map_or("", |(name, _)| *name)
    }
}

/// Several scopes, small enough to be carried along with whoever has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// Whether this scope is one of them.
    pub fn holds(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |all, scope| all | bit(scope)))
    }
}

/// A scope's place in [`Scope::ALL`] as a bit; in memory only, so it may change.
fn bit(scope: Scope) -> u32 {
    let place = Scope::ALL.iter().position(|(_, known)| *known == scope);
    place.and_then(|place| 1_u32.checked_shl(u32::try_from(place).ok()?)).unwrap_or(0)
}

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewApiKey {
    /// Which it will be.
    pub id: ApiKeyId,
    /// What it is for, in its maker's words.
    pub name: String,
    /// The hash of its text.
    pub hash: TokenHash,
    /// The end of its text, to recognise it by.
    pub ends_with: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// Whom it acts for.
    pub made_by: UserId,
    /// From this moment on it is refused, if ever.
    pub expires_at: Option<Timestamp>,
}

/// A key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// What it is made of; nothing before it was made.
    pub made: Option<NewApiKey>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, as far as that was noted: see [`USE_NOTED_EVERY_MILLIS`].
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Makes the key. Safe to repeat with the same content.
    ///
    /// # Errors
    /// The id is taken, no scope is named, or there are too many keys.
    pub fn make(&self, new: NewApiKey, others: usize) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        match &self.made {
            Some(made) if *made == new => return Ok(vec![]),
            Some(_) => return Err(ApiKeyRefusal::AlreadyMade),
            None => {}
        }
        if new.scopes.is_empty() {
            return Err(ApiKeyRefusal::NoScope);
        }
        if others >= API_KEYS_MAX {
            return Err(ApiKeyRefusal::TooManyKeys);
        }
        Ok(vec![ApiKeyEvent::KeyMade(new)])
    }

    /// Ends the key for good. Safe to repeat.
    ///
    /// # Errors
    /// There is no such key.
    pub fn revoke(&self) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        match (&self.made, self.revoked_at) {
            (None, _) => Err(ApiKeyRefusal::UnknownKey),
            (Some(_), Some(_)) => Ok(vec![]),
            (Some(_), None) => Ok(vec![ApiKeyEvent::KeyRevoked {}]),
        }
    }

    /// Notes that it was used, unless that was noted not long ago. Safe to repeat.
    pub fn note_use(&self, used_at: Timestamp) -> Vec<ApiKeyEvent> {
        let is_news = self
            .last_used_at
            .is_none_or(|noted| used_at.millis_since(noted) >= USE_NOTED_EVERY_MILLIS);
        if is_news && self.made.is_some() && self.revoked_at.is_none() {
            vec![ApiKeyEvent::KeyUsed { used_at }]
        } else {
            vec![]
        }
    }

    /// What it is made of, if it lets anybody in at this moment.
    pub fn live(&self, at: Timestamp) -> Option<&NewApiKey> {
        let made = self.made.as_ref()?;
        let has_ended = made.expires_at.is_some_and(|expires_at| at >= expires_at);
        (self.revoked_at.is_none() && !has_ended).then_some(made)
    }
}

impl Aggregate for ApiKey {
    const KIND: &'static str = "api_key";
    type Id = ApiKeyId;
    type Event = ApiKeyEvent;

    fn apply(&mut self, event: &ApiKeyEvent, stamp: &Stamp) {
        match event {
            ApiKeyEvent::KeyMade(made) => {
                self.made = Some(made.clone());
                self.created_at = stamp.at;
            }
            ApiKeyEvent::KeyUsed { used_at } => self.last_used_at = Some(*used_at),
            ApiKeyEvent::KeyRevoked {} => self.revoked_at = Some(stamp.at),
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        let is_known = self.made.is_some();
        if !is_known && (self.last_used_at.is_some() || self.revoked_at.is_some()) {
            return Err("only a key that was made is used or revoked");
        }
        Ok(())
    }
}

/// Why a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyRefusal {
    /// No such key.
    #[error("no such key")]
    UnknownKey,
    /// The id belongs to a key with other content.
    #[error("this key exists already")]
    AlreadyMade,
    /// A key that may do nothing is of no use.
    #[error("a key needs at least one scope")]
    NoScope,
    /// The shop has too many.
    #[error("there are too many keys; revoke one that is not used")]
    TooManyKeys,
}

impl ApiKeyRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            ApiKeyRefusal::UnknownKey => "unknown_api_key",
            ApiKeyRefusal::AlreadyMade => "api_key_exists",
            ApiKeyRefusal::NoScope => "no_scope",
            ApiKeyRefusal::TooManyKeys => "too_many_api_keys",
        }
    }
}

/// Keys a shop may have that are not revoked.
pub const API_KEYS_MAX: usize = 100;
/// An hour: a key in use costs a commit so often and no more.
pub const USE_NOTED_EVERY_MILLIS: i64 = 60 * 60 * 1000;

#[cfg(test)]
mod tests;
