//! What can have happened to a user. These events hold personal data.

use serde::{Deserialize, Serialize};

use super::{AddressFields, PasswordHash, Registration, Role, TokenHash};
use crate::domain::{
    ids::{AddressId, SessionId},
    time::Timestamp,
};

/// What happened to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserEvent {
    /// The account was made.
    UserRegistered(Registration),
    /// A sign-in on one device began.
    SessionOpened {
        /// The new session.
        session: SessionId,
        /// What the device calls itself.
        device: String,
        /// Where it signed in from.
        address: String,
        /// When the session ends by itself.
        expires_at: Timestamp,
        /// Whether others have signed in to this account, and none like it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unknown_device: bool,
    },
    /// The session's refresh token was exchanged for the next one.
    SessionRefreshed {
        /// The session.
        session: SessionId,
        /// The generation of the token that counts now.
        generation: u32,
        /// When the session ends by itself.
        expires_at: Timestamp,
    },
    /// One session ended.
    SessionClosed {
        /// The session.
        session: SessionId,
        /// Why it ended.
        why: WhyClosed,
    },
    /// All sessions ended, but perhaps one.
    SessionsClosed {
        /// The session that goes on, if any.
        except: Option<SessionId>,
        /// Why they ended.
        why: WhyClosed,
    },
    /// The user chose another password.
    PasswordChanged {
        /// Its hash.
        password: PasswordHash,
    },
    /// A link to set a new password was asked for.
    ResetRequested {
        /// The hash of the mailed token.
        token_hash: TokenHash,
        /// From this moment on it is refused.
        expires_at: Timestamp,
    },
    /// A new password was set by the mailed link, or by the shop itself.
    PasswordReset {
        /// Its hash.
        password: PasswordHash,
    },
    /// Name, email or phone changed.
    ProfileChanged {
        /// The username from now on.
        username: String,
        /// The email from now on.
        email: String,
        /// The phone number from now on.
        phone: Option<String>,
        /// The email until now, if it is another one: its owner is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_before: Option<String>,
    },
    /// The user may do other things now.
    RoleChanged {
        /// The role from now on.
        role: Role,
    },
    /// An address entered the address book.
    AddressAdded {
        /// The new address.
        address: AddressId,
        /// What it says.
        fields: AddressFields,
        /// Whether it is the default from now on.
        is_default: bool,
    },
    /// An address says something else now.
    AddressChanged {
        /// The address.
        address: AddressId,
        /// What it says from now on.
        fields: AddressFields,
    },
    /// An address became the default, and no other is.
    AddressMadeDefault {
        /// The address.
        address: AddressId,
    },
    /// An address left the address book.
    AddressRemoved {
        /// The address.
        address: AddressId,
    },
    /// Sessions and a link to a new password that had ended by then are not kept any more.
    ExpiredForgotten {
        /// What ends later stays.
        before: Timestamp,
    },
    /// The person is gone: name, email, addresses and sessions with them.
    UserErased {
        /// The email until now, for the letter that says so. Goes with the user's other events
        /// when those are rewritten.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_before: Option<String>,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyClosed {
    /// The user signed out, or ended it from another device.
    SignedOut,
    /// A spent refresh token was shown again.
    TokenReused,
    /// The password changed.
    PasswordChanged,
    /// There were too many, and this one was unused for longest.
    TooMany,
}
