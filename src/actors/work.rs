//! Work: what one message reads and changes before it becomes one commit, all or nothing.
//!
//! Invariant: changes are applied to copies; the keeper's memory and the store see them together
//! or not at all, and only after every changed aggregate's own invariant holds.

use std::{any::Any, sync::Arc};

use crate::{
    domain::{
        ids::Identity,
        refusal::Refusal,
        time::{Stamp, Timestamp},
    },
    store::{Change, Commit, Kept, Key, Ticket, Versioned},
};

use super::{
    decision::{Decision, Rejection},
    keeper::{Intent, Keeper},
};

/// The desk an owner decides one message on.
pub struct Work<'k> {
    keeper: &'k mut Keeper,
    intent: Intent,
    basis: Option<Ticket>,
    staged: Vec<(Key, Box<dyn Staged>)>,
    forget_keys: Vec<[u8; 32]>,
}

impl<'k> Work<'k> {
    pub(super) fn new(keeper: &'k mut Keeper, intent: Intent) -> Work<'k> {
        Work { basis: intent.after, keeper, intent, staged: Vec::new(), forget_keys: Vec::new() }
    }

    /// When this is decided and who asked.
    pub fn stamp(&self) -> Stamp {
        self.intent.stamp
    }

    /// When this is decided.
    pub fn at(&self) -> Timestamp {
        self.intent.stamp.at
    }

    /// The aggregate as this message sees it, its own changes included.
    pub fn get<A: Kept>(&mut self, id: A::Id) -> Result<Arc<A>, Rejection> {
        Ok(self.versioned::<A>(id)?.state)
    }

    /// The same, with its version.
    pub fn versioned<A: Kept>(&mut self, id: A::Id) -> Result<Versioned<A>, Rejection> {
        let key = Key::record(A::TAG, &id);
        if let Some(staged) = self.staged_at::<A>(&key) {
            return Ok(staged.now());
        }
        let (found, ticket) = self.keeper.load::<A>(id)?;
        self.basis = self.basis.max(ticket);
        Ok(found)
    }

    /// Takes events into an aggregate; several calls for one aggregate add up. Returns its state.
    pub fn change<A: Kept>(
        &mut self,
        id: A::Id,
        events: Vec<A::Event>,
    ) -> Result<Arc<A>, Rejection> {
        if events.is_empty() {
            return self.get::<A>(id);
        }
        let key = Key::record(A::TAG, &id);
        let stamp = self.intent.stamp;
        if let Some(staged) = self.staged_at::<A>(&key) {
            return Ok(staged.take(events, &stamp));
        }
        let before = self.versioned::<A>(id)?;
        let after = Arc::clone(&before.state);
        let mut staged = StagedOf::<A> { id, before, after, events: Vec::new() };
        let state = staged.take(events, &stamp);
        self.staged.push((key, Box::new(staged)));
        Ok(state)
    }

    /// A row (a unique look-up), claims of messages decided just before included.
    pub fn find(&mut self, key: &Key) -> Result<Option<Vec<u8>>, Rejection> {
        let (value, ticket) = self.keeper.row(key)?;
        self.basis = self.basis.max(ticket);
        Ok(value)
    }

    /// The ids a list ends with, as decided so far; at most so many committed ones are read.
    pub fn listed<I: Identity>(
        &mut self,
        prefix: &Key,
        rows_max: usize,
    ) -> Result<Vec<I>, Rejection> {
        let (ids, ticket) = self.keeper.listed(prefix, rows_max)?;
        self.basis = self.basis.max(ticket);
        Ok(ids)
    }

    /// Refuses if the asker insists on another version than this one, which is the current one.
    ///
    /// # Errors
    /// It has changed since.
    pub fn must_be_seen(&self, version: u64) -> Result<(), Rejection> {
        match self.intent.seen {
            Some(seen) if seen != version => Err(Refusal::ChangedMeanwhile.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Frees an idempotency key, whose effect came to nothing or is long ago.
    pub fn forget_key(&mut self, scope: [u8; 32]) {
        self.forget_keys.push(scope);
    }

    /// Names what the idempotency key of this message made.
    pub fn made(&mut self, kind: &str, id: &dyn std::fmt::Display) {
        if let Some(key) = &mut self.intent.key {
            key.made = Some(crate::store::Made { kind: kind.to_owned(), id: id.to_string() });
        }
    }

    fn staged_at<A: Kept>(&mut self, key: &Key) -> Option<&mut StagedOf<A>> {
        let (_, staged) = self.staged.iter_mut().find(|(at, _)| at == key)?;
        staged.as_any().downcast_mut::<StagedOf<A>>()
    }

    /// Makes the changes a fact, or finds that there are none to make.
    pub(super) fn commit<T>(self, value: T) -> Decision<T> {
        if self.staged.is_empty() && self.forget_keys.is_empty() {
            let gate = self.basis.map(|ticket| self.keeper.store.settled(ticket));
            return Decision::new(Ok(value), self.basis, gate);
        }
        let staged: Vec<_> = self.staged.into_iter().map(|(_, staged)| staged).collect();
        if let Some(broken) = staged.iter().find_map(|staged| staged.check().err()) {
            tracing::error!(invariant = broken, "a decision breaks an invariant and is not kept");
            return Decision::denied(Rejection::Fault);
        }
        match self.intent.key.as_ref().map(|key| self.keeper.is_made(&key.scope)).transpose() {
            Ok(None | Some(false)) => {}
            // The next attempt finds what the first one made.
            Ok(Some(true)) => return Decision::denied(Rejection::Busy),
            Err(fault) => return Decision::denied(fault.into()),
        }
        let commit = Commit {
            epoch: 0,
            after: self.basis,
            stamp: self.intent.stamp,
            key: self.intent.key,
            forget_keys: self.forget_keys,
            changes: staged.iter().map(|staged| staged.to_change(&self.intent.stamp)).collect(),
        };
        let (ticket, durable) = self.keeper.keep(commit, staged);
        Decision::new(Ok(value), Some(ticket), Some(durable))
    }

    /// A no waits for what it rests on, too: the last unit may be promised in an unsynced commit.
    pub(super) fn refuse<T>(self, rejection: Rejection) -> Decision<T> {
        let gate = self.basis.map(|ticket| self.keeper.store.settled(ticket));
        Decision::new(Err(rejection), self.basis, gate)
    }
}

/// One changed aggregate, whatever its kind.
pub(super) trait Staged {
    fn as_any(&mut self) -> &mut dyn Any;
    fn check(&self) -> Result<(), &'static str>;
    fn to_change(&self, stamp: &Stamp) -> Change;
    fn into_state(self: Box<Self>) -> (Key, u64, Arc<dyn Any + Send + Sync>);
}

struct StagedOf<A: Kept> {
    id: A::Id,
    before: Versioned<A>,
    after: Arc<A>,
    events: Vec<A::Event>,
}

impl<A: Kept> StagedOf<A> {
    fn now(&self) -> Versioned<A> {
        Versioned { version: self.before.version + 1, state: Arc::clone(&self.after) }
    }

    fn take(&mut self, events: Vec<A::Event>, stamp: &Stamp) -> Arc<A> {
        let state = Arc::make_mut(&mut self.after);
        events.iter().for_each(|event| state.apply(event, stamp));
        self.events.extend(events);
        Arc::clone(&self.after)
    }
}

impl<A: Kept> Staged for StagedOf<A> {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn check(&self) -> Result<(), &'static str> {
        self.after.check()
    }

    fn to_change(&self, stamp: &Stamp) -> Change {
        Change::new::<A>(self.id, &self.before, Arc::clone(&self.after), &self.events, stamp)
    }

    fn into_state(self: Box<Self>) -> (Key, u64, Arc<dyn Any + Send + Sync>) {
        if self.after.is_gone() {
            // As the store will show it: as if it had never been.
            return (Key::record(A::TAG, &self.id), 0, Arc::<A>::default());
        }
        (Key::record(A::TAG, &self.id), self.before.version + 1, self.after)
    }
}
