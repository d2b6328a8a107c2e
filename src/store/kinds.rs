//! Kinds: what the store needs to know of an aggregate beyond its rules.
//!
//! Invariant: records and rows are pure functions of state, so a replay gives the same bytes as
//! the shop did. Replaying finds a kind by the name it has in the journal.

mod shop;

use std::{any::Any, collections::BTreeMap, fmt, sync::Arc};

use crate::domain::{
    aggregate::Aggregate,
    time::{Stamp, Timestamp},
};

use super::{
    change::{Effect, Made, WrittenChange},
    codec::{self, CodecFault},
    fault::StoreFault,
    keys::{Key, RECORD_TAGS},
    reader::Reader,
    table::Write,
    verify::Finding,
};

pub use shop::registry;

/// The key and value of a row.
pub type Row = (Key, Vec<u8>);

/// What the store needs of an aggregate kind beyond [`Aggregate`].
pub trait Kept: Aggregate {
    /// First byte of its record keys, in `0x01..=0x7f`; never reused.
    const TAG: u8;

    /// Index rows that exist because of this state (unique look-ups, lists). A pure function of
    /// the state; the store compares before and after.
    fn rows(&self, id: Self::Id) -> Vec<Row>;

    /// The row an event leaves behind for ever (a stock movement). `version` is the version of
    /// the aggregate after the change, `index` the place of the event in it.
    fn trail(
        &self,
        _id: Self::Id,
        _event: &Self::Event,
        _stamp: &Stamp,
        _version: u64,
        _index: u32,
    ) -> Option<(Key, Vec<u8>)> {
        None
    }
}

/// A state and how many changes made it. Version 0 is the thing before its first event.
pub struct Versioned<A> {
    /// How many changes it has had.
    pub version: u64,
    /// What it is now.
    pub state: Arc<A>,
}

impl<A> Clone for Versioned<A> {
    fn clone(&self) -> Self {
        Versioned { version: self.version, state: Arc::clone(&self.state) }
    }
}

impl<A: Default> Default for Versioned<A> {
    fn default() -> Self {
        Versioned { version: 0, state: Arc::default() }
    }
}

impl<A: fmt::Debug> fmt::Debug for Versioned<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at version {}", self.state, self.version)
    }
}

/// The state of some aggregate, as the memory table holds it; encoded only when it is folded.
pub trait Record: Send + Sync {
    /// The aggregate's version.
    fn version(&self) -> u64;
    /// Version and state, encoded.
    fn body(&self) -> Result<Vec<u8>, CodecFault>;
    /// About how many bytes of memory it takes.
    fn weight(&self) -> usize;
    /// Itself, to be taken for what it is.
    fn any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<A: Kept> Record for Versioned<A> {
    fn version(&self) -> u64 {
        self.version
    }

    fn body(&self) -> Result<Vec<u8>, CodecFault> {
        let mut body = self.version.to_le_bytes().to_vec();
        body.extend(codec::encode(&*self.state)?);
        Ok(body)
    }

    fn weight(&self) -> usize {
        codec::size(&*self.state) * DECODED_TIMES + RECORD_BYTES_BESIDE
    }

    fn any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Reads a record's body back.
pub(super) fn record_from<A: Kept>(body: &[u8]) -> Result<Arc<dyn Record>, CodecFault> {
    let (version, rest) = body.split_first_chunk::<8>().ok_or(CodecFault::Short)?;
    let version = u64::from_le_bytes(*version);
    let state: A = codec::decode(rest)?;
    Ok(Arc::new(Versioned { version, state: Arc::new(state) }))
}

/// Takes a record for what it is; `None` if it is of another kind.
pub(super) fn versioned_from<A: Kept>(record: &Arc<dyn Record>) -> Option<Versioned<A>> {
    let any = Arc::clone(record).any();
    any.downcast::<Versioned<A>>().ok().map(|found| Versioned::clone(&found))
}

/// All kinds by name.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Kind>,
}

#[derive(Clone, Copy)]
struct Kind {
    tag: u8,
    read: fn(&WrittenChange) -> Result<Box<dyn Told>, String>,
    rows: fn(&Reader, &str) -> Result<Vec<Row>, StoreFault>,
    version: fn(&Reader, &str) -> Result<u64, StoreFault>,
    broken: fn(&Reader) -> Result<Vec<Finding>, StoreFault>,
}

/// What replaying one change came to.
pub(super) enum Replayed {
    /// The record already holds it.
    Already,
    /// What the shop made of it.
    Again(Write),
    /// This change ended it, whatever the state holds of it: nothing, or some of a later life.
    Ended(Write),
    /// A version in between is missing.
    Gap {
        /// The version the state holds.
        held: u64,
    },
}

impl Registry {
    /// A registry without kinds.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds a kind.
    ///
    /// # Panics
    /// If its name or tag is taken, or the tag is none: a mistake in the program.
    #[must_use]
    pub fn with<A: Kept>(mut self) -> Registry {
        assert!(RECORD_TAGS.contains(&A::TAG), "`{}` has no record tag", A::KIND);
        let taken = self.kinds.values().any(|kind| kind.tag == A::TAG);
        assert!(!taken, "the tag of `{}` is taken", A::KIND);
        let kind = Kind {
            tag: A::TAG,
            read: read::<A>,
            rows: rows_now::<A>,
            version: version_of::<A>,
            broken: broken::<A>,
        };
        let before = self.kinds.insert(A::KIND, kind);
        assert!(before.is_none(), "the name `{}` is taken", A::KIND);
        self
    }

    /// Reads one written change, as far as that needs no state.
    pub(super) fn read(
        &self,
        written: &WrittenChange,
        seq: u64,
    ) -> Result<Box<dyn Told>, StoreFault> {
        let kind = self.kinds.get(written.kind.as_str()).ok_or_else(|| {
            let what = format!("nothing is known of `{}`", written.kind);
            StoreFault::Unreadable { seq, what }
        })?;
        (kind.read)(written).map_err(|what| StoreFault::Unreadable { seq, what })
    }

    /// The rows of an aggregate as it is now.
    pub(super) fn rows(
        &self,
        reader: &Reader,
        kind: &str,
        id: &str,
    ) -> Result<Vec<Row>, StoreFault> {
        self.kinds.get(kind).map_or(Ok(Vec::new()), |kind| (kind.rows)(reader, id))
    }
}

impl Registry {
    /// Every aggregate that breaks its own invariant, or whose row is another's.
    pub fn broken(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        for kind in self.kinds.values() {
            found.extend((kind.broken)(reader)?);
        }
        Ok(found)
    }

    /// Whether there is or was what a request made.
    pub fn was_ever(&self, reader: &Reader, made: &Made) -> Result<bool, StoreFault> {
        let Some(kind) = self.kinds.get(made.kind.as_str()) else { return Ok(false) };
        Ok((kind.version)(reader, &made.id)? > 0)
    }
}

fn version_of<A: Kept>(reader: &Reader, id: &str) -> Result<u64, StoreFault> {
    let Ok(id) = id.parse::<A::Id>() else { return Ok(0) };
    Ok(reader.get::<A>(id)?.version)
}

fn broken<A: Kept>(reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
    let mut found = Vec::new();
    for entry in reader.all::<A>() {
        let (id, versioned) = entry?;
        let place = || format!("{} {id}", A::KIND);
        if let Err(what) = versioned.state.check() {
            found.push(Finding { what: what.to_owned(), place: place() });
        }
        for (key, value) in rows_of(id, &versioned) {
            if reader.row(&key)?.as_ref() != Some(&value) {
                let what = format!("its row {key:?} is another's");
                found.push(Finding { what, place: place() });
            }
        }
    }
    Ok(found)
}

/// A written change that was read: what is left is to take it in.
pub(super) trait Told: Send {
    /// Takes it in again.
    fn again(&self, reader: &Reader, stamp: &Stamp, start: Start) -> Result<Replayed, StoreFault>;
}

/// What a replay starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing at all: what is told of a thing first is its first change.
    Nothing,
    /// A state that holds part of what will be told.
    State,
}

/// A change of an aggregate of this kind.
struct Events<A: Kept> {
    id: A::Id,
    version: u64,
    events: Vec<A::Event>,
}

/// Reads a change of this kind, or says what is not understood.
fn read<A: Kept>(written: &WrittenChange) -> Result<Box<dyn Told>, String> {
    let id: A::Id =
        written.id.parse().map_err(|_| format!("`{}` is no id of a {}", written.id, A::KIND))?;
    let events: Vec<A::Event> = serde_json::from_str(written.events.get())
        .map_err(|fault| format!("{} {}: {fault}", A::KIND, written.id))?;
    Ok(Box::new(Events::<A> { id, version: written.version, events }))
}

impl<A: Kept> Told for Events<A> {
    fn again(&self, reader: &Reader, stamp: &Stamp, start: Start) -> Result<Replayed, StoreFault> {
        let before = match (start, self.version) {
            // Looking for what cannot be there is what costs most.
            (Start::Nothing, 1) => Versioned::default(),
            (Start::Nothing | Start::State, _) => reader.get::<A>(self.id)?,
        };
        if self.version <= before.version {
            return Ok(Replayed::Already);
        }
        let mut state = A::clone(&before.state);
        for event in &self.events {
            state.apply(event, stamp);
        }
        if self.version != before.version + 1 {
            if !state.is_gone() {
                return Ok(Replayed::Gap { held: before.version });
            }
            // What ends a thing ends it whatever it was. What its events left behind for ever
            // is there already: the state is ahead.
            let effect = Effect::of(self.id, &before, Arc::new(state), &[], stamp);
            return Ok(Replayed::Ended(effect.into_write()));
        }
        let effect = Effect::of(self.id, &before, Arc::new(state), &self.events, stamp);
        Ok(Replayed::Again(effect.into_write()))
    }
}

fn rows_now<A: Kept>(reader: &Reader, id: &str) -> Result<Vec<Row>, StoreFault> {
    let Ok(id) = id.parse::<A::Id>() else { return Ok(Vec::new()) };
    let now = reader.get::<A>(id)?;
    Ok(rows_of(id, &now))
}

/// The rows a state stands for: none before its first event, none when it is gone.
pub(super) fn rows_of<A: Kept>(id: A::Id, versioned: &Versioned<A>) -> Vec<Row> {
    if versioned.version == 0 || versioned.state.is_gone() {
        return Vec::new();
    }
    versioned.state.rows(id)
}

/// When a request key had its effect, for those that look at old ones.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeptRequest {
    /// The key.
    pub request: super::change::RequestKey,
    /// When its commit was decided.
    pub at: Timestamp,
}

/// Memory a record takes beside its state: key, counters, pointers, the first node of a map, which
/// has room for eleven entries where mostly one is.
const RECORD_BYTES_BESIDE: usize = 512;
/// What is decoded takes so many times the room of its bytes: texts and lists of their own.
const DECODED_TIMES: usize = 4;
