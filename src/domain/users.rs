//! Users: accounts with their role, sessions, address book and reset token.
//!
//! Invariant: an erased user holds nothing personal, and exactly one address is the default.
//! That emails and usernames are unique is the owner's to keep: it knows all users, one user
//! does not. Hashing, tokens and dice are elsewhere too; hashes come in.

mod address;
mod event;
mod refusal;
mod secret;
mod session;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::{AddressId, SessionId, UserId},
    time::{Stamp, Timestamp},
};

pub use address::{ADDRESSES_MAX, Address, AddressFields, Standing};
pub use event::{UserEvent, WhyClosed};
pub use refusal::UserRefusal;
pub use secret::{PasswordHash, ResetToken, TokenHash};
pub use session::{
    DEVICE_CHARS_MAX, DEVICES_MAX, LOST_ANSWER_MILLIS_MAX, Refreshed, SESSIONS_MAX, Session,
};

/// What a user may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Catalogue and stock.
    InventoryManager,
    /// Buying.
    #[default]
    Customer,
}

impl Role {
    /// Its name on the wire, as `ADMIN`.
    pub fn name(self) -> &'static str {
        match self {
            Role::Admin => "ADMIN",
            Role::InventoryManager => "INVENTORY_MANAGER",
            Role::Customer => "CUSTOMER",
        }
    }

    /// The role with this name on the wire.
    pub fn named(name: &str) -> Option<Role> {
        [Role::Admin, Role::InventoryManager, Role::Customer]
            .into_iter()
            .find(|role| role.name() == name)
    }

    /// Whether somebody with this role (none: not signed in) may make a user with that one.
    pub fn may_grant(by: Option<Role>, wanted: Role) -> Result<(), UserRefusal> {
        if wanted == Role::Customer || by == Some(Role::Admin) {
            Ok(())
        } else {
            Err(UserRefusal::RoleNotAllowed)
        }
    }
}

/// What an account is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Who it will be.
    pub user: UserId,
    /// The name shown to others.
    pub username: String,
    /// The email, as it was written.
    pub email: String,
    /// The phone number, if given.
    pub phone: Option<String>,
    /// The password's hash.
    pub password: PasswordHash,
    /// What the user may do.
    pub role: Role,
}

/// A person with an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The name shown to others; empty before registration and after erasure.
    pub username: String,
    /// The email, as it was written.
    pub email: String,
    /// The email as it is compared.
    pub email_folded: String,
    /// The phone number, if given.
    pub phone: Option<String>,
    /// The password's hash.
    pub password: PasswordHash,
    /// What the user may do.
    pub role: Role,
    /// The address book.
    pub addresses: BTreeMap<AddressId, Address>,
    /// Sign-ins that have not ended; some may have expired.
    pub sessions: BTreeMap<SessionId, Session>,
    /// What signed in before, the latest last: see `session`.
    pub devices: Vec<String>,
    /// The link to a new password, if one was asked for.
    pub reset: Option<ResetToken>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When account or address book last changed; sessions do not count.
    pub updated_at: Timestamp,
    /// Whether the person was erased.
    pub deleted: bool,
}

impl User {
    /// Whether the account is there: made and not erased.
    pub fn exists(&self) -> bool {
        !self.username.is_empty()
    }

    /// Makes the account.
    pub fn register(&self, wanted: Registration) -> Result<Vec<UserEvent>, UserRefusal> {
        if self.deleted {
            return Err(UserRefusal::UnknownUser);
        }
        if !self.exists() {
            return Ok(vec![UserEvent::UserRegistered(wanted)]);
        }
        let same = self.id == wanted.user
            && self.username == wanted.username
            && self.email == wanted.email
            && self.phone == wanted.phone
            && self.password == wanted.password
            && self.role == wanted.role;
        if same { Ok(vec![]) } else { Err(UserRefusal::AlreadyRegistered) }
    }

    /// Sets a password whose old one was verified; all sessions but `keep` end.
    pub fn change_password(
        &self,
        password: PasswordHash,
        keep: Option<SessionId>,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        let mut events = vec![UserEvent::PasswordChanged { password }];
        events.extend(self.close_others(keep));
        Ok(events)
    }

    /// Keeps the hash of a mailed token; an earlier one is dead.
    pub fn request_reset(
        &self,
        token_hash: TokenHash,
        expires_at: Timestamp,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        if self.reset == Some(ResetToken { hash: token_hash, expires_at }) {
            return Ok(vec![]);
        }
        Ok(vec![UserEvent::ResetRequested { token_hash, expires_at }])
    }

    /// Sets a password with a mailed token, once; all sessions end.
    pub fn reset_password(
        &self,
        token_hash: TokenHash,
        at: Timestamp,
        password: PasswordHash,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        match self.reset {
            Some(reset) if reset.hash == token_hash && at < reset.expires_at => {
                self.set_password(password)
            }
            Some(_) | None => Err(UserRefusal::InvalidResetToken),
        }
    }

    /// Sets a password for the shop itself, asking for no old one; all sessions end.
    pub fn set_password(&self, password: PasswordHash) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        let mut events = vec![UserEvent::PasswordReset { password }];
        events.extend(self.close_others(None));
        Ok(events)
    }

    /// Changes name, email and phone to these.
    pub fn change_profile(
        &self,
        username: String,
        email: String,
        phone: Option<String>,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        if self.username == username && self.email == email && self.phone == phone {
            return Ok(vec![]);
        }
        let is_new = fold_email(&email) != self.email_folded;
        let email_before = is_new.then(|| self.email.clone());
        Ok(vec![UserEvent::ProfileChanged { username, email, phone, email_before }])
    }

    /// Gives another role. The last admin keeps theirs.
    pub fn change_role(
        &self,
        role: Role,
        other_admins: u64,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        if self.role == role {
            return Ok(vec![]);
        }
        self.must_leave_an_admin(other_admins)?;
        Ok(vec![UserEvent::RoleChanged { role }])
    }

    /// Erases the person. The last admin stays, and so does who waits for a paid parcel.
    pub fn erase(
        &self,
        open_orders: u64,
        other_admins: u64,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        self.must_exist()?;
        self.must_leave_an_admin(other_admins)?;
        if open_orders > 0 {
            return Err(UserRefusal::OpenOrders);
        }
        Ok(vec![UserEvent::UserErased { email_before: Some(self.email.clone()) }])
    }

    fn must_exist(&self) -> Result<(), UserRefusal> {
        if self.exists() { Ok(()) } else { Err(UserRefusal::UnknownUser) }
    }

    fn must_leave_an_admin(&self, other_admins: u64) -> Result<(), UserRefusal> {
        let last = self.role == Role::Admin && other_admins == 0;
        if last { Err(UserRefusal::LastAdmin) } else { Ok(()) }
    }

    fn begin(&mut self, made: &Registration, at: Timestamp) {
        *self = User {
            id: made.user,
            username: made.username.clone(),
            email: made.email.clone(),
            email_folded: fold_email(&made.email),
            phone: made.phone.clone(),
            password: made.password.clone(),
            role: made.role,
            created_at: at,
            ..User::default()
        };
    }

    fn set_profile(&mut self, username: &str, email: &str, phone: Option<&String>) {
        let folded = fold_email(email);
        if folded != self.email_folded {
            // The link went to a mailbox that may be somebody else's now.
            self.reset = None;
        }
        self.username = username.to_owned();
        self.email = email.to_owned();
        self.email_folded = folded;
        self.phone = phone.cloned();
    }

    fn set_hash(&mut self, password: &PasswordHash) {
        self.password = password.clone();
        self.reset = None;
    }
}

impl Aggregate for User {
    const KIND: &'static str = "user";
    type Id = UserId;
    type Event = UserEvent;

    fn apply(&mut self, event: &UserEvent, stamp: &Stamp) {
        let at = stamp.at;
        match event {
            UserEvent::UserRegistered(made) => self.begin(made, at),
            UserEvent::SessionOpened { session, device, address, expires_at, .. } => {
                let opened = Session::opened(*session, device, address, at, *expires_at);
                self.sessions.insert(*session, opened);
                self.remember_device(device);
                return;
            }
            UserEvent::SessionRefreshed { session, generation, expires_at } => {
                if let Some(current) = self.sessions.get_mut(session) {
                    current.refreshed(*generation, at, *expires_at);
                }
                return;
            }
            UserEvent::SessionClosed { session, .. } => {
                self.sessions.remove(session);
                return;
            }
            UserEvent::SessionsClosed { except, .. } => {
                self.sessions.retain(|session, _| Some(*session) == *except);
                return;
            }
            UserEvent::ExpiredForgotten { before } => {
                self.sessions.retain(|_, session| session.expires_at > *before);
                self.reset = self.reset.filter(|reset| reset.expires_at > *before);
                return;
            }
            UserEvent::PasswordChanged { password } | UserEvent::PasswordReset { password } => {
                self.set_hash(password);
            }
            UserEvent::ResetRequested { token_hash, expires_at } => {
                self.reset = Some(ResetToken { hash: *token_hash, expires_at: *expires_at });
                return;
            }
            UserEvent::ProfileChanged { username, email, phone, .. } => {
                self.set_profile(username, email, phone.as_ref());
            }
            UserEvent::RoleChanged { role } => self.role = *role,
            UserEvent::AddressAdded { address, fields, is_default } => {
                self.insert_address(*address, fields, *is_default, at);
            }
            UserEvent::AddressChanged { address, fields } => {
                if let Some(entry) = self.addresses.get_mut(address) {
                    entry.fields = fields.clone();
                    entry.updated_at = at;
                }
            }
            UserEvent::AddressMadeDefault { address } => self.make_default(*address),
            UserEvent::AddressRemoved { address } => {
                self.addresses.remove(address);
            }
            UserEvent::UserErased { .. } => {
                let (id, created_at) = (self.id, self.created_at);
                *self = User { id, created_at, deleted: true, ..User::default() };
            }
        }
        self.updated_at = at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.exists() == self.email_folded.is_empty() {
            return Err("whoever has a name has an email");
        }
        if self.exists() && self.deleted {
            return Err("an erased user has no name");
        }
        if self.sessions.len() > SESSIONS_MAX {
            return Err("a user has at most so many sessions");
        }
        self.check_addresses()
    }
}

/// The email as it is compared: two spellings of one mailbox are the same.
pub fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The username as it is compared.
pub fn fold_username(username: &str) -> String {
    username.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
