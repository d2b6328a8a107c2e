//! Letters to whoever has an account.

use minijinja::{Value, context};
use secrecy::ExposeSecret;

use super::{Clerk, Mailbox, NoDraft, Pen, Secrets, mailbox_of, misread};
use crate::{
    domain::{
        time::Timestamp,
        users::{User, UserEvent},
    },
    subscribers::{happened::Happened, mail::templates::Template},
};

impl Clerk {
    pub(super) fn about_account(
        &self,
        pen: &Pen,
        template: Template,
        reader: &str,
        event: &Happened,
        secrets: Secrets,
        now: Timestamp,
    ) -> Result<(Mailbox, Value), NoDraft> {
        let (id, happened) = event.read::<User>().ok_or_else(misread)?;
        let alone = |address: &str| Mailbox { name: None, address: address.trim().to_owned() };
        if let UserEvent::UserErased { email_before } = &happened {
            let address = email_before.as_deref().ok_or(NoDraft::Never("the address is gone"))?;
            let facts = account_facts(pen, template, "", &happened, event.stamp.at, "");
            return Ok((alone(address), facts.ok_or_else(misread)?));
        }
        let mut token = String::new();
        if let UserEvent::ResetRequested { expires_at, token_hash } = &happened {
            if *expires_at <= now {
                return Err(NoDraft::Never("its link had expired before it could be sent"));
            }
            token = match secrets {
                Secrets::Hidden => HIDDEN.to_owned(),
                Secrets::Told => {
                    let made = (self.reset_token)(id, *expires_at, *token_hash);
                    let other = NoDraft::Never("its link was made under another secret");
                    made.ok_or(other)?.expose_secret().to_owned()
                }
            };
        }
        let user = self.account(id)?;
        let to = match (&happened, reader) {
            (UserEvent::ProfileChanged { email_before, .. }, "old") => {
                let address = email_before.as_deref();
                alone(address.ok_or(NoDraft::Never("the address is gone"))?)
            }
            (UserEvent::ProfileChanged { email, .. }, _) => alone(email),
            _ => mailbox_of(&user),
        };
        let facts = account_facts(pen, template, &user.username, &happened, event.stamp.at, &token);
        Ok((to, facts.ok_or_else(misread)?))
    }
}

/// What a letter about an account tells, from what happened to it.
pub fn account_facts(
    pen: &Pen,
    template: Template,
    username: &str,
    happened: &UserEvent,
    at: Timestamp,
    token: &str,
) -> Option<Value> {
    let base = context! {
        name => username,
        at => pen.locale.moment(at),
        account_link => pen.link("/account"),
        forgotten_link => pen.link("/forgot-password"),
    };
    let more = match (template, happened) {
        (Template::NewLogin, UserEvent::SessionOpened { device, address, .. }) => {
            context! { device, address }
        }
        (Template::PasswordForgotten, UserEvent::ResetRequested { expires_at, .. }) => context! {
            link => pen.link(&format!("/reset-password?token={token}")),
            good_until => pen.locale.moment(*expires_at),
        },
        (Template::EmailChanged, UserEvent::ProfileChanged { email, email_before, .. }) => {
            context! { email, email_before }
        }
        (Template::AccountDeleted, UserEvent::UserErased { .. })
        | (Template::Welcome, UserEvent::UserRegistered(_))
        | (Template::PasswordReset, UserEvent::PasswordReset { .. })
        | (Template::PasswordChanged, UserEvent::PasswordChanged { .. }) => context! {},
        _ => return None,
    };
    Some(context! { ..more, ..base })
}

/// What stands in a letter in place of its secret, for those who only look at it.
const HIDDEN: &str = "hidden";
