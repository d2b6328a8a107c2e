//! Mail: letters on their way out of the shop, by a mail server or into a folder.
//!
//! Invariants: a letter with anything in a header that could end the line is refused, never sent;
//! the same letter is written as the same bytes each time. Knows nothing of why a letter is sent.

pub mod folder;
pub mod message;
pub mod smtp;

use futures_util::future::BoxFuture;

use crate::domain::time::Timestamp;

/// A mailbox, perhaps with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// What a reader sees.
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// A letter, ready to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What its `Message-ID` begins with: the same each time it is sent for the same reason.
    pub id: String,
    /// Whom it is from.
    pub from: Mailbox,
    /// Whom it is to.
    pub to: Mailbox,
    /// When what it tells happened.
    pub written_at: Timestamp,
    /// One line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

/// Why a letter did not leave. Words are fit for staff: no address and no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// Nobody takes letters now, or none from this shop.
    Down(String),
    /// Not this one, not now: it was refused for a while, or nobody knows whether it arrived.
    Later(String),
    /// This one will never be taken.
    Never(String),
}

/// Takes letters out of the shop.
pub trait MailTransport: Send + Sync + 'static {
    /// Hands a letter over. Twice brings it twice, under the same `Message-ID`.
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotSent>>;

    /// How many letters it takes at once.
    fn at_once(&self) -> usize;

    /// How it is, for health checks: `ok`, or what is wrong.
    fn condition(&self) -> String;

    /// Whether it is not asked just now, because it failed.
    fn is_cut_off(&self) -> bool;
}
