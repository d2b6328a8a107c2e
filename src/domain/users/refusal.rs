//! What can stand in the way of an account, a session or an address.

/// Why a user is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// Another account has this email.
    #[error("this email is already in use")]
    EmailTaken,
    /// Another account has this username.
    #[error("somebody has this name already: add something to it, as anna.k")]
    UsernameTaken,
    /// The id belongs to an account with other content.
    #[error("this account exists already")]
    AlreadyRegistered,
    /// Email or password is wrong; it does not say which.
    #[error("email or password is wrong")]
    InvalidCredentials,
    /// No such account, or not any more.
    #[error("no such user")]
    UnknownUser,
    /// No such session of this account.
    #[error("no such session")]
    UnknownSession,
    /// No such address in this address book.
    #[error("no such address")]
    UnknownAddress,
    /// The id belongs to an address with other content.
    #[error("this address exists already with other content")]
    AddressExists,
    /// The token is wrong, used or too old.
    #[error("this link is invalid or has expired")]
    InvalidResetToken,
    /// The new password is the old one.
    #[error("the new password is the old one")]
    SamePassword,
    /// The old password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// A spent refresh token was shown again, so its whole session was ended.
    #[error("this sign-in was used twice and has been ended")]
    RefreshTokenReused,
    /// The session was closed or has expired.
    #[error("this sign-in has ended")]
    SessionEnded,
    /// The shop would be left without an admin.
    #[error("the last admin cannot go")]
    LastAdmin,
    /// Paid orders of this user are still to be shipped.
    #[error("there are paid orders still to be shipped")]
    OpenOrders,
    /// The address book is full.
    #[error("the address book is full")]
    TooManyAddresses,
    /// Only an admin gives roles.
    #[error("only an admin may give this role")]
    RoleNotAllowed,
}

impl UserRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            UserRefusal::EmailTaken => "email_taken",
            UserRefusal::UsernameTaken => "username_taken",
            UserRefusal::AlreadyRegistered => "already_registered",
            UserRefusal::InvalidCredentials => "invalid_credentials",
            UserRefusal::UnknownUser => "unknown_user",
            UserRefusal::UnknownSession => "unknown_session",
            UserRefusal::UnknownAddress => "unknown_address",
            UserRefusal::AddressExists => "address_exists",
            UserRefusal::InvalidResetToken => "invalid_reset_token",
            UserRefusal::SamePassword => "same_password",
            UserRefusal::WrongPassword => "wrong_password",
            UserRefusal::RefreshTokenReused => "refresh_token_reused",
            UserRefusal::SessionEnded => "session_ended",
            UserRefusal::LastAdmin => "last_admin",
            UserRefusal::OpenOrders => "open_orders",
            UserRefusal::TooManyAddresses => "too_many_addresses",
            UserRefusal::RoleNotAllowed => "role_not_allowed",
        }
    }
}
