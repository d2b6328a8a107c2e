//! The mail desk: where staff look at letters, try templates, and send a test.

use std::sync::Arc;

use crate::{
    clock::Clock,
    domain::{
        deliveries::Note,
        ids::{DeliveryId, SessionId},
    },
    gateways::mail::{Letter, MailTransport, Mailbox, NotSent},
    store::StoreFault,
    subscribers::happened::Happened,
};

use super::{Mail, NoLetter, Secrets, Template, Written, fixtures};

/// Where staff look at letters. Clones are the same desk.
#[derive(Clone)]
pub struct MailDesk {
    mail: Mail,
    transport: Arc<dyn MailTransport>,
}

/// A letter as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whom it is to.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its page.
    pub html: String,
}

/// Why a test letter was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTestLetter {
    /// It cannot be written.
    #[error("the letter cannot be written: {0}")]
    Unwritten(String),
    /// It was not taken.
    #[error("the letter was not taken: {0}")]
    NotTaken(String),
}

impl MailDesk {
    /// A desk whose test letters leave by this transport.
    pub fn new(mail: Mail, transport: Arc<dyn MailTransport>) -> MailDesk {
        MailDesk { mail, transport }
    }

    /// A letter as it would be written now, without its secrets; why not, if it cannot be.
    ///
    /// # Errors
    /// The store.
    pub fn shown(&self, id: DeliveryId, note: &Note) -> Result<Result<Shown, String>, StoreFault> {
        let Some(event) = Happened::noted(&self.mail.inner.store, note)? else {
            return Ok(Err("what it is about is not in the journal".to_owned()));
        };
        match self.mail.letter(&note.what, &event, id.to_string(), Secrets::Hidden) {
            Ok(Letter { to, subject, text, html, .. }) => {
                Ok(Ok(Shown { to: to.address, subject, text, html }))
            }
            Err(NoLetter::Unreadable(fault)) => Err(fault),
            Err(NoLetter::Never(why)) => Ok(Err(why)),
        }
    }

    /// The names of all kinds of letters.
    pub fn templates(&self) -> impl Iterator<Item = &'static str> {
        Template::all().map(Template::name)
    }

    /// A kind of letter, written from made-up facts as this shop writes: every way it can be.
    /// Nothing, if there is no such kind.
    ///
    /// # Errors
    /// The store.
    pub fn preview(&self, name: &str) -> Result<Option<Vec<Result<Written, String>>>, StoreFault> {
        let Some(template) = Template::named(name) else { return Ok(None) };
        let pen = self.mail.inner.clerk.pen()?;
        let mut letters = Vec::new();
        for facts in fixtures::told_by(&pen, template) {
            let letter = self.mail.inner.templates.write(template, facts);
            // Other facts, the same words: that is the same way.
            if !letters.contains(&letter) {
                letters.push(letter);
            }
        }
        Ok(Some(letters))
    }

    /// Sends a letter of this kind with made-up facts, and waits for what becomes of it. Nothing,
    /// if there is no such kind.
    pub async fn send_test(&self, name: &str, address: &str) -> Option<Result<(), NoTestLetter>> {
        Template::named(name)?;
        let letter = match self.test_letter(name, address) {
            Ok(letter) => letter,
            Err(why) => return Some(Err(NoTestLetter::Unwritten(why))),
        };
        Some(self.transport.send(&letter).await.map_err(|no| match no {
            NotSent::Down(why) | NotSent::Later(why) | NotSent::Never(why) => {
                NoTestLetter::NotTaken(why)
            }
        }))
    }

    fn test_letter(&self, name: &str, address: &str) -> Result<Letter, String> {
        let words = |fault: StoreFault| fault.to_string();
        let first = self.preview(name).map_err(words)?.and_then(|all| all.into_iter().next());
        let Written { subject, text, html } =
            first.unwrap_or_else(|| Err("it tells nothing".to_owned()))?;
        let clock: &Clock = &self.mail.inner.clock;
        let id: SessionId = clock.new_id();
        Ok(Letter {
            id: format!("test-{id}"),
            from: self.mail.from().map_err(words)?,
            to: Mailbox { name: None, address: address.to_owned() },
            written_at: clock.now(),
            subject: format!("[test] {subject}"),
            text,
            html,
        })
    }
}
