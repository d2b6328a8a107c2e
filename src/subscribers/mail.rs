//! The mail courier: tells customers and staff by letter what happened.
//!
//! Which letters an event makes due is in `occasions`, what they tell in `facts`, how they say
//! it in `templates`; how they leave is the transport's. Invariants: a letter's `Message-ID`
//! follows from the event, so a repetition can be recognised; a letter that cannot be written is
//! a dead letter and not a lost one; no request waits for a letter.

mod desk;
mod facts;
mod fixtures;
mod locale;
mod occasions;
mod templates;

use std::sync::Arc;

use metrics::Counter;

use crate::{
    clock::Clock,
    domain::ids::CourierId,
    gateways::mail::{Letter, MailTransport, Mailbox, NotSent},
    meters::MAIL_LETTERS,
    store::{Store, StoreFault},
};

use super::{
    courier::{Courier, Delivering, Outcome, Parcel, courier_named},
    happened::Happened,
};

pub use desk::{MailDesk, NoTestLetter, Shown};
pub use facts::{Choice, ResetToken};
pub use templates::{BadTemplate, Template, Templates, Written};

use facts::{Clerk, NoDraft, Secrets};

/// The mail courier's id.
pub fn courier() -> CourierId {
    courier_named(NAME)
}

/// What letters are made with. Clones share it.
#[derive(Clone)]
pub struct Mail {
    inner: Arc<Inner>,
}

struct Inner {
    clerk: Clerk,
    templates: Templates,
    from: Mailbox,
    clock: Clock,
    store: Store,
}

/// Everything letters need, besides what has happened.
pub struct Stationery {
    /// What was chosen.
    pub choice: Choice,
    /// What they say.
    pub templates: Templates,
    /// Whom they are from; the shop's name unless there is one.
    pub from: Mailbox,
    /// Makes the tokens of links to new passwords.
    pub reset_token: ResetToken,
}

impl Mail {
    /// Letters of the shop over this store.
    pub fn new(store: Store, clock: Clock, stationery: Stationery) -> Mail {
        let Stationery { choice, templates, from, reset_token } = stationery;
        let clerk = Clerk::new(store.reader(), choice, reset_token);
        Mail { inner: Arc::new(Inner { clerk, templates, from, clock, store }) }
    }

    /// The courier that takes them out by this transport.
    pub fn courier(&self, transport: Arc<dyn MailTransport>) -> Arc<MailCourier> {
        let (mail, told) = (self.clone(), Told::new());
        Arc::new(MailCourier { mail, transport, told })
    }

    /// The letter that is due because of an event.
    fn letter(
        &self,
        what: &str,
        event: &Happened,
        id: String,
        secrets: Secrets,
    ) -> Result<Letter, NoLetter> {
        let Inner { clerk, templates, clock, .. } = &*self.inner;
        let draft = clerk.draft(what, event, secrets, clock.now())?;
        let Written { subject, text, html } =
            templates.write(draft.template, draft.facts).map_err(NoLetter::Never)?;
        let (from, to) = (self.from()?, draft.to);
        Ok(Letter { id, from, to, written_at: event.stamp.at, subject, text, html })
    }

    fn from(&self) -> Result<Mailbox, StoreFault> {
        let Mailbox { name, address } = self.inner.from.clone();
        let name = match name {
            Some(name) => name,
            None => self.inner.clerk.pen()?.shop,
        };
        Ok(Mailbox { name: Some(name), address })
    }
}

/// Why there is no letter.
enum NoLetter {
    /// The store could not be read.
    Unreadable(StoreFault),
    /// It cannot be written.
    Never(String),
}

impl From<StoreFault> for NoLetter {
    fn from(fault: StoreFault) -> NoLetter {
        NoLetter::Unreadable(fault)
    }
}

impl From<NoDraft> for NoLetter {
    fn from(no: NoDraft) -> NoLetter {
        match no {
            NoDraft::Unreadable(fault) => NoLetter::Unreadable(fault),
            NoDraft::Never(why) => NoLetter::Never(why.to_owned()),
        }
    }
}

/// The mail courier.
pub struct MailCourier {
    mail: Mail,
    transport: Arc<dyn MailTransport>,
    told: Told,
}

/// How often letters left, and how often not.
struct Told {
    sent: Counter,
    later: Counter,
    down: Counter,
    dead: Counter,
}

impl Told {
    fn new() -> Told {
        let of = |outcome: &'static str| metrics::counter!(MAIL_LETTERS, "outcome" => outcome);
        Told { sent: of("sent"), later: of("later"), down: of("down"), dead: of("dead") }
    }

    fn count(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered => self.sent.increment(1),
            Outcome::TryAgain(_) | Outcome::NotBefore(..) => self.later.increment(1),
            Outcome::Down(_) => self.down.increment(1),
            Outcome::Never(_) => self.dead.increment(1),
        }
    }
}

impl Courier for MailCourier {
    fn id(&self) -> CourierId {
        courier()
    }

    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn wants(&self, kind: &str) -> bool {
        occasions::is_told(kind)
    }

    fn parcels(&self, event: &Happened) -> Result<Vec<String>, StoreFault> {
        self.mail.inner.clerk.letters_about(event)
    }

    fn at_once(&self) -> usize {
        self.transport.at_once()
    }

    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Delivering<'a> {
        Box::pin(async move {
            let id = match parcel.asked_again {
                0 => parcel.id.to_string(),
                // Who asks for it again wants it to arrive again.
                again => format!("{}.{again}", parcel.id),
            };
            let letter = self.mail.letter(&parcel.what, &parcel.event, id, Secrets::Told);
            let outcome = match letter {
                Ok(letter) => outcome_of(self.transport.send(&letter).await),
                Err(NoLetter::Unreadable(fault)) => Outcome::TryAgain(fault.to_string()),
                Err(NoLetter::Never(why)) => Outcome::Never(why),
            };
            self.told.count(&outcome);
            outcome
        })
    }
}

fn outcome_of(sent: Result<(), NotSent>) -> Outcome {
    match sent {
        Ok(()) => Outcome::Delivered,
        Err(NotSent::Down(why)) => Outcome::Down(why),
        Err(NotSent::Later(why)) => Outcome::TryAgain(why),
        Err(NotSent::Never(why)) => Outcome::Never(why),
    }
}

const NAME: &str = "mail";
