//! Identity: who shows an access token, from the committed state of their account.
//!
//! Invariant: what a token says of its holder is never trusted beyond its signature; the session
//! must be open and the role is the account's own, right now.

use super::{
    Accounts,
    keys::is_key,
    tokens::{BadAccess, Bearer},
};
use crate::{
    actors::Rejection,
    domain::{
        api_keys::Scopes,
        ids::{ApiKeyId, SessionId, UserId},
        users::{Role, User},
    },
};

/// Whoever a valid access token belongs to, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The account.
    pub user: UserId,
    /// The role the account has now; what the token said is never trusted.
    pub role: Role,
    /// What they are known by.
    pub means: Means,
}

/// What somebody is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A person, by an open session.
    Session(SessionId),
    /// A program, by a key of the account it acts for.
    Key {
        /// Which.
        id: ApiKeyId,
        /// What it may be used for.
        scopes: Scopes,
    },
}

/// Why nobody is known by an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// It is no token of ours.
    #[error("not a valid token")]
    Invalid,
    /// Its time is over.
    #[error("an expired token")]
    Expired,
    /// Its session has ended, or its account is gone.
    #[error("the session of this token has ended")]
    SessionEnded,
    /// The API key was revoked, has expired, or the account it acts for is gone.
    #[error("this API key has ended")]
    KeyEnded,
    /// The state cannot be read now; that was logged where it happened.
    #[error("accounts cannot be read right now")]
    Unavailable,
}

impl Accounts {
    /// Who shows this access token, whose session is open and whose user is there right now; or
    /// whom this API key acts for.
    ///
    /// # Errors
    /// Why nobody is known by it.
    pub fn identify(&self, access: &str) -> Result<Identified, Unidentified> {
        if is_key(access) {
            return self.identify_key(access);
        }
        let now = self.clock.now();
        let Bearer { user, session } =
            self.tokens.read_access(access, now).map_err(|bad| match bad {
                BadAccess::Invalid => Unidentified::Invalid,
                BadAccess::Expired => Unidentified::Expired,
            })?;
        let account = self.reader.get::<User>(user).map_err(Rejection::from);
        let account = account.map_err(|_| Unidentified::Unavailable)?.state;
        if account.exists() && account.live_session(session, now).is_some() {
            Ok(Identified { user, role: account.role, means: Means::Session(session) })
        } else {
            Err(Unidentified::SessionEnded)
        }
    }
}
