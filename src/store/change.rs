//! Changes: what a keeper hands in to be kept, and how it is written in the journal.
//!
//! Invariant: everything dear (comparing rows, JSON) happens here, on the keeper's thread; the
//! commit thread only stamps, writes and publishes what it is given.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::time::{Stamp, Timestamp, Who};

use super::{
    codec,
    fault::StoreFault,
    journal::frame::HEADER_BYTES,
    keys::Key,
    kinds::{Kept, KeptRequest, Record, Versioned, rows_of},
    table::{Slot, Write},
    tickets::Ticket,
};

/// What makes a repeated request recognisable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    /// SHA-256 of caller, method, route and key.
    #[serde(with = "hex")]
    pub scope: [u8; 32],
    /// SHA-256 of the body: another body under the same key is another request.
    #[serde(with = "hex")]
    pub body: [u8; 32],
    /// What it made.
    pub made: Option<Made>,
}

/// What a request made, from which its answer can be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The aggregate's kind.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// The bytes a request was answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers to send again.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What happened to one aggregate in one commit.
#[derive(Clone)]
pub struct Change {
    /// What the journal says of it.
    pub written: WrittenChange,
    /// Where its record lies.
    pub record: Key,
    /// Its new state; nothing when nothing of it is kept any more.
    pub state: Option<Arc<dyn Record>>,
    /// Rows that appear or change, and those that go.
    pub rows: Vec<(Key, Option<Vec<u8>>)>,
}

impl Change {
    /// The change from `before` to `after`, and the events that made it.
    ///
    /// # Panics
    /// If the events cannot be JSON: a mistake in their type.
    pub fn new<A: Kept>(
        id: A::Id,
        before: &Versioned<A>,
        after: Arc<A>,
        events: &[A::Event],
        stamp: &Stamp,
    ) -> Change {
        let written = WrittenChange {
            kind: A::KIND.to_owned(),
            id: id.to_string(),
            version: before.version + 1,
            events: serde_json::value::to_raw_value(events)
                .expect("events are plain data with text keys"),
        };
        let Effect { record, state, rows } = Effect::of(id, before, after, events, stamp);
        Change { written, record, state, rows }
    }

    /// What the memory table gets of it: record and rows, to be folded together.
    fn into_write(self) -> Write {
        Effect { record: self.record, state: self.state, rows: self.rows }.into_write()
    }
}

/// What a change makes of the state, whether it is decided now or was written long ago.
pub(super) struct Effect {
    record: Key,
    state: Option<Arc<dyn Record>>,
    rows: Vec<(Key, Option<Vec<u8>>)>,
}

impl Effect {
    /// The effect of these events, which led from `before` to `after`.
    pub fn of<A: Kept>(
        id: A::Id,
        before: &Versioned<A>,
        after: Arc<A>,
        events: &[A::Event],
        stamp: &Stamp,
    ) -> Effect {
        let after = Versioned { version: before.version + 1, state: after };
        let mut rows = differences(rows_of(id, before), rows_of(id, &after));
        for (index, event) in (0..).zip(events) {
            let trail = after.state.trail(id, event, stamp, after.version, index);
            rows.extend(trail.map(|(key, value)| (key, Some(value))));
        }
        let state: Option<Arc<dyn Record>> =
            if after.state.is_gone() { None } else { Some(Arc::new(after)) };
        Effect { record: Key::record(A::TAG, &id), state, rows }
    }

    /// Record and rows, to be folded together.
    pub fn into_write(self) -> Write {
        let record = (self.record, self.state.map_or(Slot::Gone, Slot::Record));
        let rows = self.rows.into_iter().map(|(key, value)| (key, Slot::row(value)));
        Write::group(std::iter::once(record).chain(rows).collect())
    }
}

/// An aggregate has few rows: looking through them costs less than sorting them.
fn differences(
    mut before: Vec<(Key, Vec<u8>)>,
    after: Vec<(Key, Vec<u8>)>,
) -> Vec<(Key, Option<Vec<u8>>)> {
    let mut rows = Vec::with_capacity(after.len());
    for (key, value) in after {
        let same_key = before.iter().position(|(known, _)| *known == key);
        let known = same_key.map(|at| before.swap_remove(at).1);
        if known.as_ref() != Some(&value) {
            rows.push((key, Some(value)));
        }
    }
    rows.extend(before.into_iter().map(|(key, _)| (key, None)));
    rows
}

/// Everything that is decided by one message: kept as a whole, or not at all.
pub struct Commit {
    /// The epoch it was decided in.
    pub epoch: u64,
    /// The commit it builds on; if that failed, so does this.
    pub after: Option<Ticket>,
    /// When it was decided, and who caused it.
    pub stamp: Stamp,
    /// The request it is the effect of.
    pub key: Option<RequestKey>,
    /// The scopes of requests to forget, with what they were answered.
    pub forget_keys: Vec<[u8; 32]>,
    /// What changes.
    pub changes: Vec<Change>,
}

/// One change as the journal says it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WrittenChange {
    /// The aggregate's kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its version after the change.
    pub version: u64,
    /// What happened.
    pub events: Box<RawValue>,
}

/// One commit as the journal says it.
#[derive(Clone, Debug, Deserialize)]
pub struct Written {
    /// When it was decided.
    pub at: Timestamp,
    /// Who caused it.
    pub who: Who,
    /// The request it is the effect of.
    #[serde(default)]
    pub key: Option<RequestKey>,
    /// The scope of a request it makes forgotten.
    #[serde(default)]
    pub forget: Option<Hex>,
    /// The scopes of further requests it makes forgotten.
    #[serde(default)]
    pub forgets: Vec<Hex>,
    /// What changed.
    pub changes: Vec<WrittenChange>,
}

impl Written {
    /// Reads a frame's payload.
    pub fn read(seq: u64, payload: &[u8]) -> Result<Written, StoreFault> {
        serde_json::from_slice(payload)
            .map_err(|fault| StoreFault::Unreadable { seq, what: fault.to_string() })
    }

    /// The scopes of the requests it makes forgotten.
    pub fn forgotten(&self) -> Vec<[u8; 32]> {
        self.forget.iter().chain(&self.forgets).map(|scope| scope.0).collect()
    }

    /// Its stamp.
    pub fn stamp(&self) -> Stamp {
        Stamp { at: self.at, who: self.who }
    }
}

#[derive(Serialize)]
struct Payload<'a> {
    at: Timestamp,
    who: Who,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a RequestKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forget: Option<Hex>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    forgets: Vec<Hex>,
    changes: Vec<&'a WrittenChange>,
}

/// 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hex(#[serde(with = "hex")] pub [u8; 32]);

/// A commit ready for the commit thread.
pub(super) struct Prepared {
    /// Room for a header, then the payload.
    pub frame: Vec<u8>,
    /// When it was decided.
    pub at: Timestamp,
    /// What the memory table gets when it is durable.
    pub writes: Vec<Write>,
}

/// Makes JSON and writes of a commit.
pub(super) fn prepare(commit: Commit) -> Result<Prepared, StoreFault> {
    let mut forgotten = commit.forget_keys.iter().copied().map(Hex);
    let payload = Payload {
        at: commit.stamp.at,
        who: commit.stamp.who,
        key: commit.key.as_ref(),
        forget: forgotten.next(),
        forgets: forgotten.collect(),
        changes: commit.changes.iter().map(|change| &change.written).collect(),
    };
    let mut frame = vec![0; HEADER_BYTES];
    serde_json::to_writer(&mut frame, &payload)
        .map_err(|fault| StoreFault::Unreadable { seq: 0, what: fault.to_string() })?;
    frame.push(b'\n');
    let bytes = frame.len() - HEADER_BYTES;
    if bytes > PAYLOAD_BYTES_MAX {
        return Err(StoreFault::TooLarge { bytes });
    }
    let mut writes: Vec<Write> = commit.changes.into_iter().map(Change::into_write).collect();
    writes.extend(request_writes(commit.stamp.at, commit.key, &commit.forget_keys)?);
    Ok(Prepared { frame, at: commit.stamp.at, writes })
}

/// What the memory table gets of the request keys of a commit.
pub(super) fn request_writes(
    at: Timestamp,
    key: Option<RequestKey>,
    forgotten: &[[u8; 32]],
) -> Result<Vec<Write>, StoreFault> {
    let mut writes = Vec::new();
    for scope in forgotten {
        let slots = vec![(Key::request(scope), Slot::Gone), (Key::answer(scope), Slot::Gone)];
        writes.push(Write::group(slots));
    }
    if let Some(request) = key {
        let scope = request.scope;
        let place = Key::request(&scope);
        let value = codec::encode(&KeptRequest { request, at })
            .map_err(|fault| StoreFault::Unreadable { seq: 0, what: fault.to_string() })?;
        // An answer that was kept for an earlier effect under this key is not this one's.
        let stale = (Key::answer(&scope), Slot::Gone);
        writes.push(Write::group(vec![(place, Slot::row(Some(value))), stale]));
    }
    Ok(writes)
}

mod hex {
    //! 32 bytes as hexadecimal digits.
    use std::fmt::Write;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(64);
        for byte in bytes {
            write!(text, "{byte:02x}").map_err(serde::ser::Error::custom)?;
        }
        to.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(D::Error::custom("not 64 hexadecimal digits"));
        }
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(D::Error::custom)?;
        }
        Ok(bytes)
    }
}

/// The largest payload of one frame. A commit of a thousand stock lines has a third of it.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
