//! Keeper: the one place where a decision becomes a fact.
//!
//! Load, ask the rules, apply, submit, answer when durable. Invariants: only the owner's keeper
//! changes an aggregate; it decides the next message while earlier commits are still being
//! synced; nothing leaves before what it was based on is durable; after a failed commit (a new
//! epoch) everything is read again from the store. Knows nothing of actix or HTTP.

use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    domain::{
        ids::Identity,
        time::{Stamp, Timestamp},
    },
    store::{
        Commit, Durable, Kept, Key, Order, Reader, RequestKey, Store, StoreFault, Ticket,
        Versioned, keys,
    },
};

use super::{
    decision::{Decision, Rejection},
    work::{Staged, Work},
};

/// What comes with every message: when and by whom, under which idempotency key, after which
/// earlier step.
#[derive(Clone, Debug, Default)]
pub struct Intent {
    /// When it is decided and who asks.
    pub stamp: Stamp,
    /// The idempotency key that is written with the effect.
    pub key: Option<RequestKey>,
    /// The step of the same process that came before; if that one failed, this one must not hold.
    pub after: Option<Ticket>,
    /// The version of the thing that the asker has seen, if they insist on changing that one.
    pub seen: Option<u64>,
}

impl Intent {
    /// An intent at this moment by this person, without a key.
    pub fn of(stamp: Stamp) -> Intent {
        Intent { stamp, ..Intent::default() }
    }

    /// The same, under an idempotency key.
    pub fn under(mut self, key: Option<RequestKey>) -> Intent {
        self.key = key;
        self
    }

    /// The same, for the version that the asker has seen, if they insist on one.
    pub fn seeing(mut self, version: Option<u64>) -> Intent {
        self.seen = version;
        self
    }

    /// The same, as a step that follows another.
    pub fn after(mut self, ticket: Option<Ticket>) -> Intent {
        self.after = ticket;
        self
    }
}

/// The memory of one owner: its hot aggregates and its undecided claims.
pub struct Keeper {
    pub(super) store: Store,
    pub(super) reader: Reader,
    epoch: u64,
    hot: Recent<Slot>,
    claims: Recent<Claim>,
    latest: Timestamp,
    last: Option<Ticket>,
    broken: bool,
}

/// One aggregate in memory, with the commit that its state waits for.
pub(super) struct Slot {
    version: u64,
    state: Arc<dyn Any + Send + Sync>,
    ticket: Option<Ticket>,
}

/// A row that was decided and may not be published yet.
pub(super) struct Claim {
    value: Option<Vec<u8>>,
    ticket: Option<Ticket>,
}

/// What is kept only until a commit is durable.
trait Pending {
    fn ticket(&self) -> Option<Ticket>;
}

impl Pending for Slot {
    fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }
}

impl Pending for Claim {
    fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }
}

impl Keeper {
    /// A keeper with an empty memory.
    pub fn new(store: Store) -> Keeper {
        Keeper {
            reader: store.reader(),
            epoch: store.epoch(),
            hot: Recent::new(HOT_AGGREGATES_MAX),
            claims: Recent::new(CLAIMS_MAX),
            latest: store.now_floor(),
            last: None,
            broken: false,
            store,
        }
    }

    /// Asks the rules and makes what they decide a fact. A panic in the rules changes nothing,
    /// is answered as a fault, and leaves the keeper broken until [`Keeper::reload`].
    pub fn decide<T>(
        &mut self,
        mut intent: Intent,
        decision: impl FnOnce(&mut Work<'_>) -> Result<T, Rejection>,
    ) -> Decision<T> {
        if self.broken {
            return Decision::denied(Rejection::Busy);
        }
        if self.store.epoch() != self.epoch {
            self.reload();
        }
        self.latest = self.latest.max(intent.stamp.at);
        intent.stamp.at = self.latest;
        if intent.after.is_some_and(|step| self.store.has_failed(step)) {
            // The step before came to nothing; this one must not outlive it.
            return Decision::denied(self.store.overtaken().into());
        }
        let decided = catch_unwind(AssertUnwindSafe(|| {
            self.store.decide();
            let mut work = Work::new(self, intent);
            match decision(&mut work) {
                Ok(value) => work.commit(value),
                Err(rejection) => work.refuse(rejection),
            }
        }));
        decided.unwrap_or_else(|_| {
            tracing::error!("a rule panicked; nothing of its decision is kept");
            self.broken = true;
            Decision::denied(Rejection::Fault)
        })
    }

    /// Whether a rule panicked since the last reload.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Resolves when every commit submitted so far has ended, well or not.
    pub fn quiet(&self) -> Option<Durable> {
        self.last.map(|ticket| self.store.settled(ticket))
    }

    /// Forgets everything; the next message reads it again from the store.
    pub fn reload(&mut self) {
        self.epoch = self.store.epoch();
        self.hot.clear();
        self.claims.clear();
        self.broken = false;
    }

    /// The aggregate as decided so far, and the commit it waits for.
    pub(super) fn load<A: Kept>(
        &mut self,
        id: A::Id,
    ) -> Result<(Versioned<A>, Option<Ticket>), StoreFault> {
        let key = Key::record(A::TAG, &id);
        if let Some(slot) = self.hot.get(&key)
            && let Ok(state) = Arc::downcast::<A>(Arc::clone(&slot.state))
        {
            return Ok((Versioned { version: slot.version, state }, slot.ticket));
        }
        let found = self.reader.get::<A>(id)?;
        let slot = Slot { version: found.version, state: found.state.clone(), ticket: None };
        self.hot.put(key, slot, &self.store);
        Ok((found, None))
    }

    /// A row as decided so far, and the commit it waits for.
    pub(super) fn row(
        &mut self,
        key: &Key,
    ) -> Result<(Option<Vec<u8>>, Option<Ticket>), StoreFault> {
        let store = &self.store;
        if let Some(claim) = self.claims.get(key)
            && claim.ticket.is_some_and(|ticket| !store.is_durable(ticket))
        {
            return Ok((claim.value.clone(), claim.ticket));
        }
        Ok((self.reader.row(key)?, None))
    }

    /// The ids a list ends with, at most so many of the committed ones, as decided so far.
    pub(super) fn listed<I: Identity>(
        &mut self,
        prefix: &Key,
        rows_max: usize,
    ) -> Result<(Vec<I>, Option<Ticket>), StoreFault> {
        let leaving = self.claims.under(prefix).filter(|(_, claim)| claim.value.is_none()).count();
        let rows_max = rows_max.saturating_add(leaving);
        let committed = self.reader.rows(prefix, None, Order::Ascending, rows_max)?;
        let mut keys: BTreeSet<Key> = committed.into_iter().map(|(key, _)| key).collect();
        let mut basis = None;
        for (key, claim) in self.claims.under(prefix) {
            let Some(ticket) = claim.ticket.filter(|ticket| !self.store.is_durable(*ticket)) else {
                continue;
            };
            basis = basis.max(Some(ticket));
            match claim.value {
                Some(_) => keys.insert(key.clone()),
                None => keys.remove(key),
            };
        }
        Ok((keys.iter().filter_map(Key::last_id).collect(), basis))
    }

    /// Whether something was decided under this idempotency key before, that counts or still may.
    /// Whoever asks again before it is durable finds nothing in the store yet, and must not have
    /// it done a second time; nor must who looked before it was durable and comes here long after,
    /// when only the store remembers.
    pub(super) fn is_made(&mut self, scope: &[u8; 32]) -> Result<bool, StoreFault> {
        Ok(self.row(&Key::request(scope))?.0.is_some())
    }

    /// Submits a commit and remembers what it decided.
    pub(super) fn keep(
        &mut self,
        mut commit: Commit,
        staged: Vec<Box<dyn Staged>>,
    ) -> (Ticket, Durable) {
        commit.epoch = self.epoch;
        let mut rows: Vec<_> = commit
            .changes
            .iter()
            .flat_map(|change| change.rows.iter().filter(|(key, _)| keys::is_claim(key)).cloned())
            .collect();
        rows.extend(commit.forget_keys.iter().map(|scope| (Key::request(scope), None)));
        rows.extend(commit.key.iter().map(|key| (Key::request(&key.scope), Some(Vec::new()))));
        let (ticket, durable) = self.store.submit(commit);
        self.last = Some(ticket);
        for change in staged {
            let (key, version, state) = change.into_state();
            self.hot.put(key, Slot { version, state, ticket: Some(ticket) }, &self.store);
        }
        for (key, value) in rows {
            self.claims.put(key, Claim { value, ticket: Some(ticket) }, &self.store);
        }
        (ticket, durable)
    }
}

/// A bounded memory of two halves: what was not touched while one half filled up is dropped,
/// but never what still waits for its commit.
struct Recent<T> {
    young: HashMap<Key, T>,
    old: HashMap<Key, T>,
    half: usize,
}

impl<T: Pending> Recent<T> {
    fn new(entries_max: usize) -> Recent<T> {
        Recent { young: HashMap::new(), old: HashMap::new(), half: entries_max / 2 }
    }

    fn get(&mut self, key: &Key) -> Option<&T> {
        if let Some(entry) = self.old.remove(key) {
            self.young.insert(key.clone(), entry);
        }
        self.young.get(key)
    }

    fn under<'a>(&'a self, prefix: &'a Key) -> impl Iterator<Item = (&'a Key, &'a T)> {
        let all = self.young.iter().chain(&self.old);
        all.filter(|(key, _)| key.as_bytes().starts_with(prefix.as_bytes()))
    }

    fn put(&mut self, key: Key, entry: T, store: &Store) {
        if self.young.len() >= self.half {
            let aged = std::mem::take(&mut self.young);
            let dropped = std::mem::replace(&mut self.old, aged);
            self.young.extend(dropped.into_iter().filter(|(_, entry)| {
                entry.ticket().is_some_and(|ticket| !store.is_durable(ticket))
            }));
        }
        self.old.remove(&key);
        self.young.insert(key, entry);
    }

    fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

/// Aggregates one owner keeps in memory, besides those whose commit is on its way. It is for the
/// next step of what is under way; all else is as quickly read from the store.
const HOT_AGGREGATES_MAX: usize = 2_048;
/// Rows one owner remembers beyond the store.
const CLAIMS_MAX: usize = 2_048;

#[cfg(test)]
mod tests;
