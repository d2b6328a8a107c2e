//! Accounts: signing up, in and out, and all that needs a password or a token.
//!
//! Invariants: a password is hashed on the pool and nowhere else; an answer tells nobody which
//! emails exist, in words or in time; what is mailed to a person never travels in an answer.
//! The rules are the users actor's; here is only what needs dice, hashing and signatures.

mod identity;
mod keys;
pub mod passwords;
pub mod tokens;

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::{
    actors::{
        Desk, Intent, Rejection,
        api_keys::ApiKeys,
        users::{
            ChangePassword, ChangeProfile, CloseSession, NewSession, OpenSession, RefreshSession,
            RegisterUser, RequestReset, ResetPassword, SetPassword, Users,
        },
    },
    clock::Clock,
    domain::{
        ids::{Identity, SessionId, UserId},
        time::{Stamp, Who},
        users::{PasswordHash, Registration, Role, TokenHash, User, UserRefusal, fold_email},
    },
    store::{self, Reader},
};

use keys::Uses;

pub use identity::{Identified, Means, Unidentified};
pub use keys::KeyWish;
use passwords::{PasswordFault, Passwords};
use tokens::{Bearer, Refresh, Tokens};

/// How long things are good.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Minutes an access token is good.
    pub access_minutes: u32,
    /// Days a session lasts without a refresh.
    pub refresh_days: u32,
}

/// Which device asks, and from where.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// What it calls itself.
    pub name: String,
    /// The address it calls from.
    pub address: String,
}

/// A person, signed in: both tokens and the account.
pub struct SignedIn {
    /// Good for some minutes.
    pub access: SecretString,
    /// Good once.
    pub refresh: SecretString,
    /// The account.
    pub user: Arc<User>,
    /// The session that was opened or goes on.
    pub session: SessionId,
}

/// What somebody signs up with.
pub struct SignUp {
    /// The name shown to others.
    pub username: String,
    /// The email, as written.
    pub email: String,
    /// The phone number, if given.
    pub phone: Option<String>,
    /// The password.
    pub password: SecretString,
    /// The role; anything but a customer only by an admin.
    pub role: Role,
}

/// The service.
pub struct Accounts {
    users: Desk<Users>,
    keys: Desk<ApiKeys>,
    uses: Uses,
    reader: Reader,
    passwords: Passwords,
    tokens: Tokens,
    clock: Clock,
    terms: Terms,
}

impl Accounts {
    /// The service over the users and API keys actors.
    ///
    /// # Errors
    /// The password pool could not be started.
    pub fn new(
        users: Desk<Users>,
        keys: Desk<ApiKeys>,
        reader: Reader,
        secret: &SecretSlice<u8>,
        clock: Clock,
        terms: Terms,
    ) -> Result<Accounts, PasswordFault> {
        let (passwords, tokens) = (Passwords::start()?, Tokens::new(secret));
        Ok(Accounts { users, keys, uses: Uses::default(), reader, passwords, tokens, clock, terms })
    }

    /// How many passwords wait to be hashed or checked.
    pub fn passwords_waiting(&self) -> usize {
        self.passwords.waiting()
    }

    /// Makes an account and signs it in.
    ///
    /// # Errors
    /// A taken email or username, a role that may not be given, busy.
    pub async fn sign_up(
        &self,
        wanted: SignUp,
        by: Option<Role>,
        device: Device,
        intent: Intent,
    ) -> Result<SignedIn, Rejection> {
        Role::may_grant(by, wanted.role)?;
        let session = self.session_on(device);
        let id = session.session;
        let user = self.register(wanted, Some(session), intent).await?;
        self.signed_in(user, id, 0)
    }

    /// Makes an account without signing it in, for the command line and the demo.
    ///
    /// # Errors
    /// A taken email or username, busy.
    pub async fn create(&self, wanted: SignUp) -> Result<Arc<User>, Rejection> {
        self.register(wanted, None, self.by(Who::Shop)).await
    }

    /// Signs in by email and password.
    ///
    /// # Errors
    /// [`UserRefusal::InvalidCredentials`] for a wrong password and an unknown email alike.
    pub async fn sign_in(
        &self,
        email: &str,
        password: SecretString,
        device: Device,
    ) -> Result<SignedIn, Rejection> {
        let found = self.by_email(email)?;
        let stored = found.as_ref().map(|user| user.password.clone());
        let right = self.passwords.verify(password, stored).await?;
        let Some(user) = found.filter(|_| right) else {
            return Err(UserRefusal::InvalidCredentials.into());
        };
        let session = self.session_on(device);
        let id = session.session;
        let open = OpenSession { user: user.id, verified: user.password.clone(), session };
        let user = self.users.ask(open, self.by_customer(user.id)).await?;
        self.signed_in(user, id, 0)
    }

    /// Exchanges a refresh token for a new pair.
    ///
    /// # Errors
    /// [`UserRefusal::SessionEnded`] for anything that is no good any more; a spent token ends
    /// its whole family.
    pub async fn refresh(&self, token: SecretString) -> Result<SignedIn, Rejection> {
        let shown = self.tokens.read_refresh(&token).map_err(|_| UserRefusal::SessionEnded)?;
        let Refresh { user, session, generation } = shown;
        let expires_at = self.session_end();
        let rotate = RefreshSession { user, session, generation, expires_at };
        let refreshed = self.users.ask(rotate, self.by_customer(user)).await?;
        let generation = refreshed.generation?;
        self.signed_in(refreshed.user, session, generation)
    }

    /// Has a letter with a reset token sent, if there is such an account; says nothing either way,
    /// also not by the time it takes or by failing. Only the token's hash is kept: the mail courier
    /// makes the token again.
    ///
    /// # Errors
    /// Accounts cannot be read at all.
    pub async fn forgot_password(&self, email: &str) -> Result<(), Rejection> {
        let found = self.by_email(email)?;
        let letter = async {
            let Some(user) = found else { return };
            if let Err(error) = self.request_reset(&user).await {
                // Only a known email comes this far, so it is told to the log and not to the asker.
                tracing::error!(user.id = %user.id, %error, "a reset letter was not asked for");
            }
        };
        tokio::join!(letter, tokio::time::sleep(FORGOT_TAKES));
        Ok(())
    }

    async fn request_reset(&self, user: &User) -> Result<(), Rejection> {
        let expires_at = self.clock.now().plus_minutes(RESET_MINUTES);
        let token = self.tokens.reset(user.id, expires_at);
        let token_hash = TokenHash(tokens::reset_hash(&token));
        let request = RequestReset { user: user.id, token_hash, expires_at };
        self.users.ask(request, self.by(Who::Visitor)).await.map(drop)
    }

    /// Sets a new password by a mailed token; all sessions end.
    ///
    /// # Errors
    /// [`UserRefusal::InvalidResetToken`] for a wrong, spent or expired one.
    pub async fn reset_password(
        &self,
        token: SecretString,
        new: SecretString,
        intent: Intent,
    ) -> Result<(), Rejection> {
        let user = tokens::reset_token_user(&token).map_err(|_| UserRefusal::InvalidResetToken)?;
        let token_hash = TokenHash(tokens::reset_hash(&token));
        let account = self.reader.get::<User>(user)?.state;
        if account.reset.is_none_or(|reset| reset.hash != token_hash) {
            // Nobody makes us hash for a token that cannot be right.
            return Err(UserRefusal::InvalidResetToken.into());
        }
        let password = self.passwords.hash(new).await?;
        let reset = ResetPassword { user, token_hash, password };
        match self.users.ask(reset, intent).await {
            Err(Rejection::Refused(_)) => Err(UserRefusal::InvalidResetToken.into()),
            other => other.map(drop),
        }
    }

    /// Changes the password of somebody who knows the old one; their other sessions end.
    ///
    /// # Errors
    /// [`UserRefusal::WrongPassword`], [`UserRefusal::SamePassword`].
    pub async fn change_password(
        &self,
        user: UserId,
        session: SessionId,
        old: SecretString,
        new: SecretString,
        intent: Intent,
    ) -> Result<(), Rejection> {
        let verified = self.verified(user, old.clone()).await?;
        if old.expose_secret() == new.expose_secret() {
            return Err(UserRefusal::SamePassword.into());
        }
        let password = self.passwords.hash(new).await?;
        let change = ChangePassword { user, verified, password, keep: Some(session) };
        self.users.ask(change, intent).await.map(drop)
    }

    /// Changes username or email; another email needs the password.
    ///
    /// # Errors
    /// A taken name or email, [`UserRefusal::WrongPassword`].
    pub async fn change_profile(
        &self,
        user: UserId,
        username: Option<String>,
        email: Option<(String, SecretString)>,
        intent: Intent,
    ) -> Result<Arc<User>, Rejection> {
        let (email, verified) = match email {
            Some((email, password)) => (Some(email), Some(self.verified(user, password).await?)),
            None => (None, None),
        };
        self.users.ask(ChangeProfile { user, username, email, verified }, intent).await
    }

    /// Ends the session that asks: its access and refresh tokens are dead.
    ///
    /// # Errors
    /// Busy or fault; the session being gone already is what was wanted.
    pub async fn sign_out(&self, user: UserId, session: SessionId) -> Result<(), Rejection> {
        let close = CloseSession { user, session };
        match self.users.ask(close, self.by_customer(user)).await {
            Ok(_) | Err(Rejection::Refused(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Sets a password from the command line; all sessions end.
    ///
    /// # Errors
    /// [`UserRefusal::UnknownUser`].
    pub async fn set_password(
        &self,
        email: &str,
        new: SecretString,
    ) -> Result<Arc<User>, Rejection> {
        let user = self.by_email(email)?.ok_or(UserRefusal::UnknownUser)?.id;
        let password = self.passwords.hash(new).await?;
        self.users.ask(SetPassword { user, password }, self.by(Who::Shop)).await
    }

    async fn register(
        &self,
        wanted: SignUp,
        session: Option<NewSession>,
        intent: Intent,
    ) -> Result<Arc<User>, Rejection> {
        // A taken address is refused before the hashing is paid for; the owner decides for good.
        if self.by_email(&wanted.email)?.is_some() {
            return Err(UserRefusal::EmailTaken.into());
        }
        let registration = Registration {
            user: self.clock.new_id(),
            username: wanted.username,
            email: wanted.email,
            phone: wanted.phone,
            password: self.passwords.hash(wanted.password).await?,
            role: wanted.role,
        };
        self.users.ask(RegisterUser { registration, session }, intent).await
    }

    async fn verified(
        &self,
        user: UserId,
        password: SecretString,
    ) -> Result<PasswordHash, Rejection> {
        let stored = self.reader.get::<User>(user)?.state.password.clone();
        let right = self.passwords.verify(password, Some(stored.clone())).await?;
        if right { Ok(stored) } else { Err(UserRefusal::WrongPassword.into()) }
    }

    fn by_email(&self, email: &str) -> Result<Option<Arc<User>>, Rejection> {
        let key = store::keys::user_by_email(&fold_email(email));
        let Some(id) = self.reader.row(&key)?.and_then(|id| id.try_into().ok()) else {
            return Ok(None);
        };
        let user = self.reader.get::<User>(UserId::from_bytes(id))?.state;
        Ok(user.exists().then_some(user))
    }

    fn signed_in(
        &self,
        user: Arc<User>,
        session: SessionId,
        generation: u32,
    ) -> Result<SignedIn, Rejection> {
        let bearer = Bearer { user: user.id, session };
        let nonce = self.clock.new_id::<SessionId>().to_string();
        let access = self
            .tokens
            .access(bearer, &nonce, self.clock.now(), self.terms.access_minutes)
            .map_err(|_| Rejection::Fault)?;
        let refresh = self.tokens.refresh(Refresh { user: user.id, session, generation });
        Ok(SignedIn { access, refresh, user, session })
    }

    fn session_on(&self, device: Device) -> NewSession {
        NewSession {
            session: self.clock.new_id(),
            device: device.name,
            address: device.address,
            expires_at: self.session_end(),
        }
    }

    fn session_end(&self) -> crate::domain::time::Timestamp {
        self.clock.now().plus_minutes(self.terms.refresh_days.saturating_mul(MINUTES_A_DAY))
    }

    fn by(&self, who: Who) -> Intent {
        Intent::of(Stamp { at: self.clock.now(), who })
    }

    fn by_customer(&self, user: UserId) -> Intent {
        self.by(Who::Customer(user))
    }
}

/// Minutes a mailed reset token is good.
const RESET_MINUTES: u32 = 30;
/// How long the answer to a forgotten password takes, longer than a commit does.
const FORGOT_TAKES: std::time::Duration = std::time::Duration::from_millis(100);
const MINUTES_A_DAY: u32 = 24 * 60;
