//! The mail desk: where staff look at letters, try templates, and send a test.

use std::sync::Arc;

use crate::{
    clock::Clock,
    domain::{
        deliveries::{Delivery, Note},
        ids::{DeliveryId, Identity, SessionId},
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

    /// Whom a letter is to and what it is about, if it can be told.
    ///
    /// # Errors
    /// The store.
    pub fn headed(&self, delivery: &Delivery) -> Result<Option<Shown>, StoreFault> {
        self.shown(DeliveryId::default(), &delivery.note).map(Result::ok)
    }

    /// A kind of letter, written from made-up facts as this shop writes: every way it can be.
    ///
    /// # Errors
    /// The store.
    pub fn preview(&self, template: Template) -> Result<Vec<Result<Written, String>>, StoreFault> {
        let pen = self.mail.inner.clerk.pen()?;
        let facts = fixtures::told_by(&pen, template).into_iter();
        Ok(facts.map(|facts| self.mail.inner.templates.write(template, facts)).collect())
    }

    /// Sends a letter of this kind with made-up facts, and waits for what becomes of it.
    ///
    /// # Errors
    /// It was not taken.
    pub async fn send_test(&self, template: Template, address: &str) -> Result<(), NoTestLetter> {
        let unwritten = |fault: StoreFault| NoTestLetter::Unwritten(fault.to_string());
        let first = self.preview(template).map_err(unwritten)?.into_iter().next();
        let written = first.unwrap_or_else(|| Err("it tells nothing".to_owned()));
        let Written { subject, text, html } = written.map_err(NoTestLetter::Unwritten)?;
        let clock: &Clock = &self.mail.inner.clock;
        let id: SessionId = clock.new_id();
        let letter = Letter {
            id: format!("test-{}", hex::encode(id.bytes())),
            from: self.mail.from().map_err(unwritten)?,
            to: Mailbox { name: None, address: address.to_owned() },
            written_at: clock.now(),
            subject: format!("[test] {subject}"),
            text,
            html,
        };
        self.transport.send(&letter).await.map_err(|no| match no {
            NotSent::Down(why) | NotSent::Later(why) | NotSent::Never(why) => {
                NoTestLetter::NotTaken(why)
            }
        })
    }

    /// How the transport is.
    pub fn condition(&self) -> String {
        self.transport.condition()
    }

    /// Whether the transport is not asked just now.
    pub fn is_cut_off(&self) -> bool {
        self.transport.is_cut_off()
    }
}
