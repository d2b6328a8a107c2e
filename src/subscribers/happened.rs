//! What happened: one event of the journal, as a courier is told of it.
//!
//! Invariant: an event's id follows from its frame, the aggregate, its version and the event's
//! place in the change, so the same event has the same id after a crash, a rebuild and a restore.
//! The frame, because what is gone may begin again at version 1.

use std::{fmt, sync::LazyLock};

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    domain::{
        aggregate::Aggregate,
        deliveries::Note,
        ids::{CourierId, DeliveryId, Identity},
        time::{Stamp, Timestamp, Who},
    },
    store::{Entry, Seq, Store, StoreFault},
};

/// One event, with when, by whom and to what it happened.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The frame of the journal it is in.
    pub frame: Seq,
    /// Which change of the frame, from 0.
    pub change: u32,
    /// Which event of the change, from 0.
    pub event: u32,
    /// When it was decided, and who caused it.
    pub stamp: Stamp,
    /// The kind of the aggregate, as `order`.
    pub kind: String,
    /// The aggregate's id.
    pub aggregate: String,
    /// The aggregate's version after the change.
    pub version: u64,
    /// The event as the journal writes it.
    pub json: Box<RawValue>,
}

/// An event's own id: a UUID (version 8) made from what the event is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; 16]);

impl EventId {
    /// The id of the event at this place of the journal and of an aggregate's life.
    pub fn of(
        frame: Seq,
        (kind, aggregate): (&str, &str),
        (version, index): (u64, u32),
    ) -> EventId {
        let text = format!("event\n{frame}\n{kind}\n{aggregate}\n{version}\n{index}");
        EventId(name_uuid(text.as_bytes()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).fmt(f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

impl Happened {
    /// Every event of a frame that happened to a kind that is wanted, in order. A frame about
    /// nothing that is wanted is not read.
    ///
    /// # Errors
    /// [`StoreFault::Unreadable`] for a frame that this program did not write.
    pub fn in_frame(
        entry: &Entry,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Happened>, StoreFault> {
        if !may_tell_of(entry, &wanted) {
            return Ok(vec![]);
        }
        let unreadable = |fault: serde_json::Error| StoreFault::Unreadable {
            seq: entry.seq,
            what: fault.to_string(),
        };
        let frame: Frame<'_> = serde_json::from_slice(&entry.payload).map_err(unreadable)?;
        let stamp = Stamp { at: frame.at, who: frame.who };
        let mut happened = Vec::new();
        for (change, written) in (0..).zip(frame.changes) {
            if !wanted(&written.kind) {
                continue;
            }
            let events: Vec<Box<RawValue>> =
                serde_json::from_str(written.events.get()).map_err(unreadable)?;
            for (event, json) in (0..).zip(events) {
                happened.push(Happened {
                    frame: entry.seq,
                    change,
                    event,
                    stamp,
                    kind: written.kind.clone().into_owned(),
                    aggregate: written.id.clone().into_owned(),
                    version: written.version,
                    json,
                });
            }
        }
        Ok(happened)
    }

    /// Its own id: stable, unique, and fit for the public. Made when it is asked for: most of what
    /// is read is told to nobody.
    pub fn id(&self) -> EventId {
        EventId::of(self.frame, (&self.kind, &self.aggregate), (self.version, self.event))
    }

    /// The event, if it happened to an aggregate of this type.
    pub fn read<A: Aggregate>(&self) -> Option<(A::Id, A::Event)> {
        if self.kind != A::KIND {
            return None;
        }
        Some((self.aggregate.parse().ok()?, serde_json::from_str(self.json.get()).ok()?))
    }

    /// The event a note is about, from the journal; nothing if it is not there.
    ///
    /// # Errors
    /// The journal.
    pub fn noted(store: &Store, note: &Note) -> Result<Option<Happened>, StoreFault> {
        let mut follower = store.follow(note.frame.saturating_sub(1));
        let frame = follower.read(1)?;
        let events = frame.first().map(|frame| Happened::in_frame(frame, |_| true)).transpose()?;
        Ok(events.unwrap_or_default().into_iter().find(|event| {
            event.frame == note.frame && event.change == note.change && event.event == note.event
        }))
    }

    /// The note of what a courier has to bring because of this event.
    pub fn note(&self, courier: CourierId, what: &str) -> Note {
        Note {
            courier,
            what: what.to_owned(),
            frame: self.frame,
            change: self.change,
            event: self.event,
            about: format!("{}/{}", self.kind, self.aggregate),
        }
    }

    /// The id of what a courier has to bring because of this event: the same each time.
    pub fn delivery(&self, courier: CourierId, what: &str) -> DeliveryId {
        let text = format!("delivery\n{courier}\n{}\n{what}", self.id());
        DeliveryId::from_bytes(name_uuid(text.as_bytes()))
    }
}

/// Whether there may be an event in a frame that happened to a kind that is wanted: found out by
/// the names in it, at a fraction of what reading it takes. A name may also be part of what an
/// event says; then there is none after all.
pub fn may_tell_of(entry: &Entry, wanted: impl Fn(&str) -> bool) -> bool {
    let payload = &entry.payload;
    let mut named = KIND.find_iter(payload).map(|place| {
        let name = payload.get(place + KIND_BEGINS.len()..).unwrap_or_default();
        let end = memchr::memchr(b'"', name).unwrap_or_default();
        str::from_utf8(&name[..end]).unwrap_or_default()
    });
    let Some(first) = named.next() else {
        // Not as the journal is written: whoever reads it says so.
        return true;
    };
    wanted(first) || named.any(wanted)
}

/// How the kind of a change begins in a frame; within a text its quotes would have backslashes.
const KIND_BEGINS: &str = r#""kind":""#;
static KIND: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(KIND_BEGINS));

#[derive(Deserialize)]
struct Frame<'a> {
    at: Timestamp,
    who: Who,
    #[serde(borrow)]
    changes: Vec<FrameChange<'a>>,
}

#[derive(Deserialize)]
struct FrameChange<'a> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    events: &'a RawValue,
}

/// The first half of a SHA-256, marked as a UUID of version 8 (RFC 9562).
fn name_uuid(text: &[u8]) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(text).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_again_under_the_same_id_has_events_of_its_own() {
        let cart = "01980000-0000-7000-8000-000000000008";
        let opened = r#"[{"cart_opened":{"owner":null}}]"#;
        let change = format!(r#"{{"kind":"cart","id":"{cart}","version":1,"events":{opened}}}"#);
        let payload = format!(r#"{{"at":1,"who":"shop","changes":[{change}]}}"#).into_bytes();
        let entry =
            |seq| Entry { seq, time: Timestamp::default(), timeline: 1, payload: payload.clone() };
        let opened_in = |frame| {
            let mut events = Happened::in_frame(&entry(frame), |_| true).expect("readable");
            events.remove(0)
        };
        let (first, second) = (opened_in(7), opened_in(9));
        assert_eq!(first.version, second.version);
        assert_ne!(first.id(), second.id());
        let courier = CourierId::default();
        assert_ne!(first.delivery(courier, "news"), second.delivery(courier, "news"));
        assert_eq!(first.id(), opened_in(7).id(), "told again, it is the same event");
    }

    #[test]
    fn a_frame_about_nothing_that_is_wanted_is_not_read() {
        let change = |kind: &str, said: &str| {
            let events = format!(r#"[{{"said":{{"text":{said}}}}}]"#);
            format!(r#"{{"kind":"{kind}","id":"1","version":1,"events":{events}}}"#)
        };
        let entry = |changes: &[String]| Entry {
            seq: 7,
            time: Timestamp::default(),
            timeline: 1,
            payload: format!(r#"{{"at":1,"who":"shop","changes":[{}]}}"#, changes.join(","))
                .into_bytes(),
        };
        let frame = entry(&[change("hold", "1"), change("ledger", "2"), change("order", "3")]);
        for (kind, is_there) in [("hold", true), ("order", true), ("cart", false), ("", false)] {
            assert_eq!(may_tell_of(&frame, |name| name == kind), is_there, "{kind}");
            let happened = Happened::in_frame(&frame, |name| name == kind).expect("readable");
            assert_eq!(happened.len(), usize::from(is_there), "{kind}");
        }
        let nested = entry(&[change("hold", r#"{"kind":"cart"}"#)]);
        assert!(may_tell_of(&nested, |name| name == "cart"), "read for nothing, and not missed");
        assert!(Happened::in_frame(&nested, |name| name == "cart").expect("readable").is_empty());
        let quoted = entry(&[change("hold", &format!("{:?}", r#""kind":"cart""#))]);
        assert!(!may_tell_of(&quoted, |name| name == "cart"));
        // It is broken behind what says that it is about nothing wanted.
        let mut broken = entry(&[change("hold", "1")]);
        broken.payload.truncate(60);
        assert!(Happened::in_frame(&broken, |name| name == "cart").is_ok_and(|all| all.is_empty()));
        assert!(Happened::in_frame(&broken, |name| name == "hold").is_err());
    }
}
