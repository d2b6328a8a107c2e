//! Facts: what a letter tells, gathered from what happened and from how things stand now.
//!
//! Links lead to the shop's own address, which comes from its settings and never from a request.
//! Invariant: a secret is made here from what the journal holds and the shop's own secret; who
//! only looks at a letter does not get it.

pub(super) mod orders;
mod pen;
pub(super) mod people;
pub(super) mod staff;

use std::sync::Arc;

use minijinja::{Value, context};
use secrecy::SecretString;

use crate::{
    domain::{
        ids::{ShopId, UserId},
        settings::Shop,
        time::Timestamp,
        users::{TokenHash, User},
    },
    gateways::mail::Mailbox,
    store::{Reader, StoreFault},
    subscribers::happened::Happened,
};

pub use pen::Pen;

use super::{locale::Locale, templates::Template};

/// Makes the token of the link to a new password again: good until then and with this hash, if
/// it was made under the shop's secret.
pub type ResetToken =
    Arc<dyn Fn(UserId, Timestamp, TokenHash) -> Option<SecretString> + Send + Sync>;

/// What was chosen about letters.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The language of the shop's texts.
    pub language: String,
    /// Its time zone.
    pub time_zone: String,
    /// The account lines a customer needs to pay by bank.
    pub bank_details: Option<String>,
    /// Whether admins are told of each order.
    pub new_orders: bool,
}

/// Gathers facts.
pub struct Clerk {
    pub(super) reader: Reader,
    pub(super) choice: Choice,
    reset_token: ResetToken,
}

/// A letter before it is written.
pub struct Draft {
    /// What kind of letter.
    pub template: Template,
    /// Whom it is to.
    pub to: Mailbox,
    /// What it tells.
    pub facts: Value,
}

/// Why there is no letter.
#[derive(Debug)]
pub enum NoDraft {
    /// The store could not be read; it is tried again.
    Unreadable(StoreFault),
    /// There is nothing to write, or nobody to write to.
    Never(&'static str),
}

impl From<StoreFault> for NoDraft {
    fn from(fault: StoreFault) -> NoDraft {
        NoDraft::Unreadable(fault)
    }
}

/// Whether a letter may hold the secret it is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// It is on its way to whom it belongs.
    Told,
    /// Somebody else looks at it.
    Hidden,
}

impl Clerk {
    /// A clerk who reads committed state.
    pub fn new(reader: Reader, choice: Choice, reset_token: ResetToken) -> Clerk {
        Clerk { reader, choice, reset_token }
    }

    /// How this shop writes, now.
    ///
    /// # Errors
    /// The store.
    pub fn pen(&self) -> Result<Pen, StoreFault> {
        let shop = self.reader.get::<Shop>(ShopId::default())?.state;
        let Choice { language, time_zone, .. } = &self.choice;
        Ok(Pen {
            shop: shop.name.clone(),
            url: shop.public_url.trim_end_matches('/').to_owned(),
            locale: Locale::of(language, shop.currency, time_zone),
        })
    }

    /// What a letter tells and whom; `what` is as [`super::occasions`] named it.
    ///
    /// # Errors
    /// The store, or there is no such letter.
    pub fn draft(
        &self,
        what: &str,
        event: &Happened,
        secrets: Secrets,
        now: Timestamp,
    ) -> Result<Draft, NoDraft> {
        let (name, reader) = what.split_once('/').unwrap_or((what, ""));
        let template = Template::named(name).ok_or(NoDraft::Never("there is no such letter"))?;
        let pen = self.pen()?;
        let (to, facts) = match template {
            Template::Welcome
            | Template::NewLogin
            | Template::PasswordForgotten
            | Template::PasswordReset
            | Template::PasswordChanged
            | Template::EmailChanged
            | Template::AccountDeleted => {
                self.about_account(&pen, template, reader, event, secrets, now)?
            }
            Template::OrderReceived
            | Template::OrderConfirmation
            | Template::PaymentFailed
            | Template::PaymentNeedsAction
            | Template::OrderShipped
            | Template::OrderDelivered
            | Template::OrderCancelled
            | Template::OrderRefunded => self.about_order(&pen, template, event)?,
            Template::StaffNewOrder
            | Template::StaffDispute
            | Template::StaffLowStock
            | Template::StaffDeadLetter
            | Template::StaffWebhookOff => self.for_staff(&pen, reader, event)?,
        };
        Ok(Draft { template, to, facts: context! { ..facts, ..pen.everywhere() } })
    }

    /// An account that is there.
    fn account(&self, id: UserId) -> Result<Arc<User>, NoDraft> {
        let user = self.reader.get::<User>(id)?.state;
        if user.exists() { Ok(user) } else { Err(NoDraft::Never("the account is gone")) }
    }
}

/// What was to be told is not what happened.
fn misread() -> NoDraft {
    NoDraft::Never("what happened cannot be read")
}

/// The mailbox of an account.
fn mailbox_of(user: &User) -> Mailbox {
    Mailbox { name: Some(user.username.clone()), address: user.email.trim().to_owned() }
}
