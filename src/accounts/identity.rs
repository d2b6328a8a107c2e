//! Identity: who shows an access token, from the committed state of their account.
//!
//! Invariant: what a token says of its holder is never trusted beyond its signature; the session
//! must be open and the role is the account's own, right now.

use secrecy::SecretString;

use super::{
    Accounts,
    keys::is_key,
    tokens::{BadAccess, Bearer},
};
use crate::{
    actors::{Rejection, users::RefreshSession},
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
        let bearer =
            self.tokens.read_access(access, self.clock.now()).map_err(|bad| match bad {
                BadAccess::Invalid => Unidentified::Invalid,
                BadAccess::Expired => Unidentified::Expired,
            })?;
        self.in_session(bearer)
    }

    /// Who shows this cookie of a browser, whose session is open right now.
    ///
    /// # Errors
    /// Why nobody is known by it.
    pub fn identify_cookie(&self, cookie: &str) -> Result<Identified, Unidentified> {
        let bearer = self.tokens.read_cookie(cookie).map_err(|_| Unidentified::Invalid)?;
        self.in_session(bearer)
    }

    /// Whether nobody will ever be known by this cookie again; not, while that cannot be told.
    pub fn has_ended(&self, cookie: &str) -> bool {
        self.identify_cookie(cookie).is_err_and(|why| why != Unidentified::Unavailable)
    }

    /// The cookie by which a browser is known as long as this session is open.
    pub fn cookie_of(&self, user: UserId, session: SessionId) -> SecretString {
        self.tokens.cookie(Bearer { user, session })
    }

    /// Whether a session that is used should live longer: once a day.
    pub fn is_to_be_renewed(&self, user: &User, session: SessionId) -> bool {
        let now = self.clock.now();
        let open = user.live_session(session, now);
        open.is_some_and(|open| now.millis_since(open.last_used_at) > RENEWED_AFTER_MILLIS)
    }

    /// Lets a session that is used live on, as a refresh does.
    ///
    /// # Errors
    /// Busy or fault; a session that has ended stays ended.
    pub async fn renew(&self, user: UserId, session: SessionId) -> Result<(), Rejection> {
        let state = self.reader.get::<User>(user)?.state;
        let Some(open) = state.live_session(session, self.clock.now()) else { return Ok(()) };
        let (generation, expires_at) = (open.generation, self.session_end());
        let renew = RefreshSession { user, session, generation, expires_at };
        self.users.ask(renew, self.by_customer(user)).await.map(drop)
    }

    fn in_session(&self, bearer: Bearer) -> Result<Identified, Unidentified> {
        let (Bearer { user, session }, now) = (bearer, self.clock.now());
        let account = self.reader.get::<User>(user).map_err(Rejection::from);
        let account = account.map_err(|_| Unidentified::Unavailable)?.state;
        if account.exists() && account.live_session(session, now).is_some() {
            Ok(Identified { user, role: account.role, means: Means::Session(session) })
        } else {
            Err(Unidentified::SessionEnded)
        }
    }
}

/// A session that is used every day is written once a day.
const RENEWED_AFTER_MILLIS: i64 = 24 * 60 * 60 * 1000;
