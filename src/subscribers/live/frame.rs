//! Frame: the public events of one commit, each translated and written once for all who hear it.
//!
//! What is needed of a frame or an event is found out when somebody needs it, and not again.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{stream::Sent, viewer::Viewer};
use crate::{
    domain::users::{User, UserEvent},
    store::{Entry, Reader, Seq, StoreFault},
    subscribers::{
        happened::{self, Happened},
        public::{self, Concerned, PublicEvent},
    },
};

/// One frame of the journal, and its public events once somebody needs them.
pub(super) struct Frame {
    entry: Entry,
    events: OnceLock<Vec<Arc<Event>>>,
}

/// One of them.
pub(super) struct Event {
    pub happened: Happened,
    concerned: OnceLock<Concerned>,
    told: OnceLock<Option<Rendered>>,
}

/// An event as it is sent, whole and in brief.
struct Rendered {
    event: PublicEvent,
    whole: OnceLock<Bytes>,
    brief: OnceLock<Bytes>,
}

impl Frame {
    pub fn new(entry: Entry) -> Frame {
        Frame { entry, events: OnceLock::new() }
    }

    /// Its place in the journal.
    pub fn seq(&self) -> Seq {
        self.entry.seq
    }

    /// How much of memory it takes while nobody needs its events.
    pub fn bytes(&self) -> usize {
        self.entry.payload.len()
    }

    /// Whether anything in it may have happened to a kind that is wanted.
    pub fn may_tell_of(&self, wanted: impl Fn(&str) -> bool) -> bool {
        happened::may_tell_of(&self.entry, wanted)
    }

    /// All that is public of it, in order. Sessions and keys are among it: whoever loses one is
    /// let go.
    pub fn events(&self) -> Result<&[Arc<Event>], StoreFault> {
        if let Some(events) = self.events.get() {
            return Ok(events);
        }
        let event = |happened| {
            Arc::new(Event { happened, concerned: OnceLock::new(), told: OnceLock::new() })
        };
        let happened = Happened::in_frame(&self.entry, public::is_public)?;
        Ok(self.events.get_or_init(|| happened.into_iter().map(event).collect()))
    }

    /// What of it somebody may see, in order.
    pub fn sent_to(
        &self,
        viewer: &Viewer,
        reader: &Reader,
        sent: &mut Vec<Sent>,
    ) -> Result<(), StoreFault> {
        if !self.may_tell_of(|kind| viewer.hears_of(kind)) {
            return Ok(());
        }
        for event in self.events()? {
            sent.extend(event.sent_to(self.seq(), viewer, reader)?);
        }
        Ok(())
    }
}

impl Event {
    /// Whose business it is.
    pub fn concerned(&self, reader: &Reader) -> Result<&Concerned, StoreFault> {
        if let Some(concerned) = self.concerned.get() {
            return Ok(concerned);
        }
        let concerned = public::concerned(&self.happened, reader)?;
        Ok(self.concerned.get_or_init(|| concerned))
    }

    fn told(&self, reader: &Reader) -> Result<Option<&Rendered>, StoreFault> {
        if let Some(told) = self.told.get() {
            return Ok(told.as_ref());
        }
        let told = public::told(&self.happened, reader)?.map(|event| Rendered {
            event,
            whole: OnceLock::new(),
            brief: OnceLock::new(),
        });
        Ok(self.told.get_or_init(|| told).as_ref())
    }

    /// Whether this, of an account, changes who may see what.
    pub fn ends_sessions(&self) -> bool {
        let Some((_, event)) = self.happened.read::<User>() else { return true };
        match event {
            UserEvent::SessionClosed { .. }
            | UserEvent::SessionsClosed { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordReset { .. }
            | UserEvent::RoleChanged { .. }
            | UserEvent::UserErased { .. } => true,
            UserEvent::UserRegistered(_)
            | UserEvent::SessionOpened { .. }
            | UserEvent::SessionRefreshed { .. }
            | UserEvent::ResetRequested { .. }
            | UserEvent::ProfileChanged { .. }
            | UserEvent::AddressAdded { .. }
            | UserEvent::AddressChanged { .. }
            | UserEvent::AddressMadeDefault { .. }
            | UserEvent::AddressRemoved { .. }
            | UserEvent::ExpiredForgotten { .. } => false,
        }
    }

    /// Whether this only says how much of a variant is there: then the last of several says it all.
    pub fn is_number_of_stock(&self) -> bool {
        public::is_number_of_stock(&self.happened)
    }

    /// What somebody may see of it, as it is sent.
    pub fn sent_to(
        &self,
        position: Seq,
        viewer: &Viewer,
        reader: &Reader,
    ) -> Result<Option<Sent>, StoreFault> {
        if !viewer.hears_of(&self.happened.kind) {
            return Ok(None);
        }
        let Some(rendered) = self.told(reader)? else { return Ok(None) };
        let event = &rendered.event;
        let Some(data) = viewer.sees(event, self.concerned(reader)?) else { return Ok(None) };
        let is_whole = std::ptr::eq(data, &*event.data);
        let slot = if is_whole { &rendered.whole } else { &rendered.brief };
        let written = || Bytes::from(event.json(data));
        let bytes = slot.get_or_init(written).clone();
        Ok(Some(Sent { position, name: event.name, bytes }))
    }
}
