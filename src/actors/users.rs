//! The users actor: owner of every account, asked by sign-in, profiles and the command line.
//!
//! Rules live in [`crate::domain::users`]; that emails and usernames are unique, and that an
//! admin is left, is kept here, because only the owner of all users can know it.

use std::sync::Arc;

use crate::{
    domain::{
        aggregate::Aggregate,
        ids::{Identity, SessionId, UserId},
        time::Timestamp,
        users::{
            PasswordHash, Registration, Role, TokenHash, User, UserEvent, UserRefusal, fold_email,
            fold_username,
        },
    },
    store::keys,
};

use super::{Answers, Owner, Rejection, Request, Work};

/// What opens a session: from which device and address, until when.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The family of refresh tokens to be.
    pub session: SessionId,
    /// What the client calls itself.
    pub device: String,
    /// Where it called from.
    pub address: String,
    /// When the session ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// Makes an account, signed in at once if a session is given. Safe to send twice.
#[derive(Debug)]
pub struct RegisterUser {
    /// The account.
    pub registration: Registration,
    /// The first session, if the person is here.
    pub session: Option<NewSession>,
}

impl Request for RegisterUser {
    type Value = Arc<User>;
}

/// Opens a session after `verified` was found to be the password. Safe to send twice.
#[derive(Debug)]
pub struct OpenSession {
    /// Whose.
    pub user: UserId,
    /// The hash the password was checked against; another one by now means: wrong password.
    pub verified: PasswordHash,
    /// The session.
    pub session: NewSession,
}

impl Request for OpenSession {
    type Value = Arc<User>;
}

/// Rotates a refresh token. Sending it twice is what a thief does: see the rule.
#[derive(Debug)]
pub struct RefreshSession {
    /// Whose.
    pub user: UserId,
    /// Which family.
    pub session: SessionId,
    /// The generation of the token shown.
    pub generation: u32,
    /// When the session ends unless it is refreshed again.
    pub expires_at: Timestamp,
}

impl Request for RefreshSession {
    type Value = RefreshedSession;
}

/// What became of a refresh: the account and the generation of the new token, or a no whose
/// consequences (the family has ended) are kept all the same.
#[derive(Debug)]
pub struct RefreshedSession {
    /// The account.
    pub user: Arc<User>,
    /// The new generation.
    pub generation: Result<u32, UserRefusal>,
}

/// Ends one session. Refused the second time.
#[derive(Debug)]
pub struct CloseSession {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
}

impl Request for CloseSession {
    type Value = Arc<User>;
}

/// Sets a new password after `verified` was found to be the old one; other sessions end.
#[derive(Debug)]
pub struct ChangePassword {
    /// Whose.
    pub user: UserId,
    /// The hash the old password was checked against.
    pub verified: PasswordHash,
    /// The new hash.
    pub password: PasswordHash,
    /// The session that goes on.
    pub keep: Option<SessionId>,
}

impl Request for ChangePassword {
    type Value = Arc<User>;
}

/// Remembers the hash of a reset token. Safe to send twice.
#[derive(Debug)]
pub struct RequestReset {
    /// Whose.
    pub user: UserId,
    /// The hash of the mailed token.
    pub token_hash: TokenHash,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl Request for RequestReset {
    type Value = Arc<User>;
}

/// Sets a new password by a reset token, which is spent. Refused the second time.
#[derive(Debug)]
pub struct ResetPassword {
    /// Whose.
    pub user: UserId,
    /// The hash of the token shown.
    pub token_hash: TokenHash,
    /// The new hash.
    pub password: PasswordHash,
}

impl Request for ResetPassword {
    type Value = Arc<User>;
}

/// Sets a password from the command line; all sessions end.
#[derive(Debug)]
pub struct SetPassword {
    /// Whose.
    pub user: UserId,
    /// The new hash.
    pub password: PasswordHash,
}

impl Request for SetPassword {
    type Value = Arc<User>;
}

/// Changes name or email. Safe to send twice.
#[derive(Debug)]
pub struct ChangeProfile {
    /// Whose.
    pub user: UserId,
    /// The new username, if it changes.
    pub username: Option<String>,
    /// The new email, if it changes.
    pub email: Option<String>,
    /// The hash the password was checked against, when the email changes.
    pub verified: Option<PasswordHash>,
}

impl Request for ChangeProfile {
    type Value = Arc<User>;
}

/// Gives another role; it counts from the next request on. Safe to send twice.
#[derive(Debug)]
pub struct ChangeRole {
    /// Whose.
    pub user: UserId,
    /// The new role.
    pub role: Role,
}

impl Request for ChangeRole {
    type Value = Arc<User>;
}

/// Erases a person. Refused the second time.
#[derive(Debug)]
pub struct EraseUser {
    /// Whom.
    pub user: UserId,
}

impl Request for EraseUser {
    type Value = Arc<User>;
}

/// The only writer of accounts.
pub struct Users;

impl Owner for Users {
    const NAME: &'static str = "users";
}

impl Answers<RegisterUser> for Users {
    fn answer(&mut self, msg: RegisterUser, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        let RegisterUser { registration, session } = msg;
        let id = registration.user;
        must_be_free(work, id, Some(&registration.email), Some(&registration.username))?;
        let made = work.get::<User>(id)?.register(registration)?;
        work.made(User::KIND, &id);
        let user = work.change::<User>(id, made)?;
        match session {
            Some(session) => open(work, &user, session),
            None => Ok(user),
        }
    }
}

impl Answers<OpenSession> for Users {
    fn answer(&mut self, msg: OpenSession, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        let user = work.get::<User>(msg.user)?;
        must_still_be(&user, &msg.verified, UserRefusal::InvalidCredentials)?;
        open(work, &user, msg.session)
    }
}

impl Answers<RefreshSession> for Users {
    fn answer(
        &mut self,
        msg: RefreshSession,
        work: &mut Work<'_>,
    ) -> Result<RefreshedSession, Rejection> {
        let user = work.get::<User>(msg.user)?;
        let refreshed = user.refresh(msg.session, msg.generation, work.at(), msg.expires_at);
        let user = work.change::<User>(msg.user, refreshed.events)?;
        Ok(RefreshedSession { user, generation: refreshed.generation })
    }
}

impl Answers<CloseSession> for Users {
    fn answer(&mut self, msg: CloseSession, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        change(work, msg.user, |user, _| user.close_session(msg.session))
    }
}

impl Answers<ChangePassword> for Users {
    fn answer(&mut self, msg: ChangePassword, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        change(work, msg.user, |user, _| {
            must_still_be(user, &msg.verified, UserRefusal::WrongPassword)?;
            user.change_password(msg.password, msg.keep)
        })
    }
}

impl Answers<RequestReset> for Users {
    fn answer(&mut self, msg: RequestReset, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        change(work, msg.user, |user, _| user.request_reset(msg.token_hash, msg.expires_at))
    }
}

impl Answers<ResetPassword> for Users {
    fn answer(&mut self, msg: ResetPassword, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        change(work, msg.user, |user, at| user.reset_password(msg.token_hash, at, msg.password))
    }
}

impl Answers<SetPassword> for Users {
    fn answer(&mut self, msg: SetPassword, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        change(work, msg.user, |user, _| user.set_password(msg.password))
    }
}

impl Answers<ChangeProfile> for Users {
    fn answer(&mut self, msg: ChangeProfile, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        must_be_as_seen(work, msg.user)?;
        must_be_free(work, msg.user, msg.email.as_deref(), msg.username.as_deref())?;
        change(work, msg.user, |user, _| {
            if let Some(verified) = &msg.verified {
                must_still_be(user, verified, UserRefusal::WrongPassword)?;
            }
            let username = msg.username.unwrap_or_else(|| user.username.clone());
            let email = msg.email.unwrap_or_else(|| user.email.clone());
            user.change_profile(username, email, user.phone.clone())
        })
    }
}

impl Answers<ChangeRole> for Users {
    fn answer(&mut self, msg: ChangeRole, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        must_be_as_seen(work, msg.user)?;
        let others = admins_but(work, msg.user)?;
        change(work, msg.user, |user, _| user.change_role(msg.role, others))
    }
}

impl Answers<EraseUser> for Users {
    fn answer(&mut self, msg: EraseUser, work: &mut Work<'_>) -> Result<Arc<User>, Rejection> {
        let others = admins_but(work, msg.user)?;
        // Open orders are the orders actor's to know; it was asked before.
        change(work, msg.user, |user, _| user.erase(0, others))
    }
}

/// An account's version is the moment of its last change; a sign-in is none.
fn must_be_as_seen(work: &mut Work<'_>, user: UserId) -> Result<(), Rejection> {
    let user = work.get::<User>(user)?;
    work.must_be_seen(user.updated_at.millis().cast_unsigned())
}

/// Asks one user's rule and takes in what it decides.
pub(super) fn change(
    work: &mut Work<'_>,
    id: UserId,
    rule: impl FnOnce(&User, Timestamp) -> Result<Vec<UserEvent>, UserRefusal>,
) -> Result<Arc<User>, Rejection> {
    let user = work.get::<User>(id)?;
    if !user.exists() {
        return Err(UserRefusal::UnknownUser.into());
    }
    let events = rule(&user, work.at())?;
    work.made(User::KIND, &id);
    work.change::<User>(id, events)
}

fn open(work: &mut Work<'_>, user: &User, new: NewSession) -> Result<Arc<User>, Rejection> {
    let NewSession { session, device, address, expires_at } = new;
    let events = user.open_session(session, &device, &address, expires_at)?;
    work.change::<User>(user.id, events)
}

fn must_still_be(
    user: &User,
    verified: &PasswordHash,
    otherwise: UserRefusal,
) -> Result<(), UserRefusal> {
    if user.exists() && user.password == *verified { Ok(()) } else { Err(otherwise) }
}

/// Nobody else has this email or username, accounts being made right now included.
fn must_be_free(
    work: &mut Work<'_>,
    by: UserId,
    email: Option<&str>,
    username: Option<&str>,
) -> Result<(), Rejection> {
    let taken = |holder: Option<Vec<u8>>| holder.is_some_and(|holder| holder != by.bytes());
    if let Some(email) = email
        && taken(work.find(&keys::user_by_email(&fold_email(email)))?)
    {
        return Err(UserRefusal::EmailTaken.into());
    }
    if let Some(username) = username
        && taken(work.find(&keys::user_by_username(&fold_username(username)))?)
    {
        return Err(UserRefusal::UsernameTaken.into());
    }
    Ok(())
}

/// How many admins there are besides this one, as decided so far.
fn admins_but(work: &mut Work<'_>, user: UserId) -> Result<u64, Rejection> {
    let mut others = 0;
    for other in work.listed::<UserId>(&keys::admins(), ADMINS_LOOKED_AT_MAX)? {
        let is_admin = work.get::<User>(other)?.role == Role::Admin;
        others += u64::from(is_admin && other != user);
    }
    Ok(others)
}

/// To know that an admin is left, looking at a few is enough.
const ADMINS_LOOKED_AT_MAX: usize = 16;
