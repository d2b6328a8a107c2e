//! Frame: the public events of one commit, each translated and written once for all who hear it.
//!
//! What is needed of an event is found out when somebody needs it, and not again.

use std::sync::OnceLock;

use bytes::Bytes;

use super::{stream::Sent, viewer::Viewer};
use crate::{
    domain::{
        ids::VariantId,
        users::{User, UserEvent},
    },
    store::{Reader, Seq, StoreFault},
    subscribers::{
        happened::Happened,
        public::{self, Concerned, PublicEvent},
    },
};

/// Public events of one frame.
pub(super) struct Frame {
    pub seq: Seq,
    pub events: Vec<Event>,
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
    pub fn new(seq: Seq, events: Vec<Happened>) -> Frame {
        let event =
            |happened| Event { happened, concerned: OnceLock::new(), told: OnceLock::new() };
        Frame { seq, events: events.into_iter().map(event).collect() }
    }

    /// How much the journal has of it.
    pub fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.happened.json.get().len()).sum()
    }

    /// What of it somebody may see, in order.
    pub fn sent_to(
        &self,
        viewer: &Viewer,
        reader: &Reader,
        sent: &mut Vec<Sent>,
    ) -> Result<(), StoreFault> {
        for event in &self.events {
            sent.extend(event.sent_to(self.seq, viewer, reader)?);
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

    /// The variant of which this says how much is there.
    pub fn stock_of(&self, reader: &Reader) -> Result<Option<VariantId>, StoreFault> {
        let told = self.told(reader)?;
        let is_stock = told.is_some_and(|told| told.event.name == "stock.changed");
        Ok(if is_stock { self.concerned(reader)?.variant } else { None })
    }

    /// What somebody may see of it, as it is sent.
    pub fn sent_to(
        &self,
        position: Seq,
        viewer: &Viewer,
        reader: &Reader,
    ) -> Result<Option<Sent>, StoreFault> {
        if !viewer.types.take_kind(&self.happened.kind) {
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
