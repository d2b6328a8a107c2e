//! Identity: who shows an access token, from the committed state of their account.
//!
//! Invariant: what a token says of its holder is never trusted beyond its signature; the session
//! must be open and the role is the account's own, right now.

use super::{
    Accounts,
    tokens::{BadAccess, Bearer},
};
use crate::{
    actors::Rejection,
    domain::{
        ids::{SessionId, UserId},
        users::{Role, User},
    },
};

/// Whoever a valid access token belongs to, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The account.
    pub user: UserId,
    /// The open session.
    pub session: SessionId,
    /// The role the account has now; what the token said is never trusted.
    pub role: Role,
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
    /// The state cannot be read now; that was logged where it happened.
    #[error("accounts cannot be read right now")]
    Unavailable,
}

impl Accounts {
    /// Who shows this access token: its session is open and its user is there, right now.
    ///
    /// # Errors
    /// Why nobody is known by it.
    pub fn identify(&self, access: &str) -> Result<Identified, Unidentified> {
        let now = self.clock.now();
        let Bearer { user, session } =
            self.tokens.read_access(access, now).map_err(|bad| match bad {
                BadAccess::Invalid => Unidentified::Invalid,
                BadAccess::Expired => Unidentified::Expired,
            })?;
        let account = self.reader.get::<User>(user).map_err(Rejection::from);
        let account = account.map_err(|_| Unidentified::Unavailable)?.state;
        if account.exists() && account.live_session(session, now).is_some() {
            Ok(Identified { user, session, role: account.role })
        } else {
            Err(Unidentified::SessionEnded)
        }
    }
}
