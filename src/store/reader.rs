//! Reader: committed state, from the memory table and from sled as if they were one.
//!
//! Invariant: a read sees every commit that was answered before it began, deletions included.
//! Between the two lies a bounded cache of decoded records; whoever folds replaces what is in
//! it, and a load that was overtaken meanwhile does not get in.

mod footprint;
mod merged;

use std::{collections::VecDeque, marker::PhantomData, sync::Arc};

use quick_cache::sync::GuardResult;

use super::{
    change::StoredAnswer,
    codec,
    fault::StoreFault,
    keys::Key,
    kinds::{Kept, KeptRequest, Record, Versioned, record_from, versioned_from},
    state::State,
    table::{Slot, Table},
};
use merged::{Found, Merged};

pub use footprint::Footprint;

/// Decoded records.
pub(super) type Cache = quick_cache::sync::Cache<Key, Arc<dyn Record>, ByWeight>;

/// Weighs cached records.
#[derive(Clone)]
pub(super) struct ByWeight;

impl quick_cache::Weighter<Key, Arc<dyn Record>> for ByWeight {
    fn weight(&self, key: &Key, record: &Arc<dyn Record>) -> u64 {
        super::len64(key.as_bytes().len() + record.weight())
    }
}

/// A cache of at most so many bytes.
pub(super) fn cache_of(bytes: u64) -> Cache {
    let usual = usize::try_from(bytes / RECORD_BYTES_USUAL).unwrap_or(usize::MAX);
    Cache::with_weighter(usual, bytes, ByWeight)
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Small keys first.
    Ascending,
    /// Large keys first.
    Descending,
}

/// Reads committed state. Cheap to clone; any thread may have one.
#[derive(Clone)]
pub struct Reader {
    table: Arc<Table>,
    cache: Arc<Cache>,
    state: Arc<State>,
}

impl Reader {
    /// How often state was found decoded, and how often it was not.
    pub(super) fn cache_figures(&self) -> (u64, u64) {
        (self.cache.hits(), self.cache.misses())
    }

    pub(super) fn new(table: Arc<Table>, cache: Arc<Cache>, state: Arc<State>) -> Reader {
        Reader { table, cache, state }
    }

    /// An aggregate as last committed; version 0 if there is none.
    pub fn get<A: Kept>(&self, id: A::Id) -> Result<Versioned<A>, StoreFault> {
        let key = Key::record(A::TAG, &id);
        footprint::note(|| self.table.changes().of_key(&key));
        match self.table.get(&key) {
            Some(Slot::Record(record)) => self.known(&key, &record),
            Some(Slot::Row(_) | Slot::Gone) => Ok(Versioned::default()),
            None => self.load(&key),
        }
    }

    /// How often aggregates of this kind have changed while the store was open. What was made from
    /// them, after asking this, is fresh as long as the answer stays the same.
    pub fn changes_of<A: Kept>(&self) -> u64 {
        footprint::noted(self.table.changes().of_kind(A::TAG))
    }

    /// How often this aggregate has changed while the store was open, or one of a few others that
    /// are counted with it. As good as [`Reader::changes_of`] for what was made from it alone.
    pub fn changes_near<A: Kept>(&self, id: A::Id) -> u64 {
        footprint::noted(self.table.changes().of_key(&Key::record(A::TAG, &id)))
    }

    /// Makes something, and says from what: whatever this reader was asked for meanwhile, by this
    /// thread.
    pub fn noting<T>(&self, make: impl FnOnce() -> T) -> (T, Footprint) {
        footprint::noting(self.table.changes(), make)
    }

    /// Whether all that something was made from stands: it would be made the same again.
    pub fn stands(&self, made_from: &Footprint) -> bool {
        made_from.stands(self.table.changes())
    }

    /// The row under a key.
    pub fn row(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreFault> {
        footprint::note(|| self.table.changes().of_key(key));
        match self.table.get(key) {
            Some(Slot::Row(value)) => Ok(Some(value.to_vec())),
            Some(Slot::Record(_) | Slot::Gone) => Ok(None),
            None => self.state.get(key),
        }
    }

    /// Rows under `prefix`, in key order or against it, strictly after `after` in that order,
    /// at most `limit`.
    pub fn rows(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Key, Vec<u8>)>, StoreFault> {
        footprint::note(|| self.table.changes().of_list(prefix));
        let mut merged = Merged::over(self, prefix, after, order)?;
        let mut rows = Vec::new();
        while rows.len() < limit {
            match merged.next()? {
                Some((key, Found::Row(value))) => rows.push((key, value)),
                Some((_, Found::Record(_))) => {}
                None => break,
            }
        }
        Ok(rows)
    }

    /// Every committed aggregate of a kind, in the order of their ids.
    pub fn all<A: Kept>(&self) -> All<'_, A> {
        self.all_after(None)
    }

    /// The same, of those whose id comes after this one.
    pub fn all_after<A: Kept>(&self, id: Option<A::Id>) -> All<'_, A> {
        let after = id.map(|id| Key::record(A::TAG, &id));
        All { reader: self, after, page: VecDeque::new(), ended: false, kind: PhantomData }
    }

    /// The request key of this scope, if it had an effect.
    pub fn request(&self, scope: &[u8; 32]) -> Result<Option<KeptRequest>, StoreFault> {
        self.decoded(&Key::request(scope))
    }

    /// Remembered requests strictly after a key, at most `limit`.
    pub fn requests(
        &self,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, KeptRequest)>, StoreFault> {
        let rows = self.rows(&Key::requests(), after, Order::Ascending, limit)?.into_iter();
        let read = |(key, value): (Key, Vec<u8>)| {
            let kept = codec::decode(&value).map_err(|fault| self.misread(&key, &fault))?;
            Ok((key, kept))
        };
        rows.map(read).collect()
    }

    /// The answer that was kept for this scope.
    pub fn answer(&self, scope: &[u8; 32]) -> Result<Option<StoredAnswer>, StoreFault> {
        let key = Key::answer(scope);
        match self.table.announced(&key) {
            Some(Slot::Row(value)) => {
                codec::decode(&value).map(Some).map_err(|fault| self.misread(&key, &fault))
            }
            Some(Slot::Record(_) | Slot::Gone) | None => self.decoded(&key),
        }
    }

    /// Whether the state under it was found damaged.
    pub(super) fn state_is_damaged(&self) -> bool {
        self.state.is_damaged()
    }

    fn decoded<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreFault> {
        let Some(body) = self.row(key)? else { return Ok(None) };
        codec::decode(&body).map(Some).map_err(|fault| self.misread(key, &fault))
    }

    fn known<A: Kept>(
        &self,
        key: &Key,
        record: &Arc<dyn Record>,
    ) -> Result<Versioned<A>, StoreFault> {
        let what = || format!("{key:?} is no {}", A::KIND);
        versioned_from(record).ok_or_else(|| self.state.damaged(what()))
    }

    fn load<A: Kept>(&self, key: &Key) -> Result<Versioned<A>, StoreFault> {
        match self.cache.get_value_or_guard(key, None) {
            GuardResult::Value(record) => self.known(key, &record),
            GuardResult::Guard(guard) => {
                let Some(body) = self.state.get(key)? else { return Ok(Versioned::default()) };
                let record = record_from::<A>(&body).map_err(|fault| self.misread(key, &fault))?;
                // Refused if a fold was quicker: then what is in the cache is newer.
                let _ = guard.insert(Arc::clone(&record));
                self.known(key, &record)
            }
            GuardResult::Timeout => Err(StoreFault::Busy),
        }
    }

    fn misread(&self, key: &Key, fault: &codec::CodecFault) -> StoreFault {
        self.state.damaged(format!("{key:?} is {fault}"))
    }

    /// A page of records, decoded.
    fn records<A: Kept>(&self, after: Option<&Key>) -> Result<Page<A>, StoreFault> {
        footprint::note(|| self.table.changes().of_kind(A::TAG));
        let mut merged = Merged::over(self, &Key::records(A::TAG), after, Order::Ascending)?;
        let mut page = Page { found: VecDeque::new(), last: None };
        while page.found.len() < PAGE_RECORDS {
            let Some((key, found)) = merged.next()? else { return Ok(page) };
            let record = match found {
                Found::Record(record) => record,
                Found::Row(body) => {
                    record_from::<A>(&body).map_err(|fault| self.misread(&key, &fault))?
                }
            };
            if let Some(id) = key.last_id::<A::Id>() {
                page.found.push_back((id, self.known(&key, &record)?));
            }
            page.last = Some(key);
        }
        Ok(page)
    }
}

struct Page<A: Kept> {
    found: VecDeque<(A::Id, Versioned<A>)>,
    last: Option<Key>,
}

/// Goes through every aggregate of a kind, page by page.
pub struct All<'a, A: Kept> {
    reader: &'a Reader,
    after: Option<Key>,
    page: VecDeque<(A::Id, Versioned<A>)>,
    ended: bool,
    kind: PhantomData<A>,
}

impl<A: Kept> Iterator for All<'_, A> {
    type Item = Result<(A::Id, Versioned<A>), StoreFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.ended {
            match self.reader.records::<A>(self.after.as_ref()) {
                Ok(page) => {
                    self.ended = page.found.len() < PAGE_RECORDS;
                    self.after = page.last.or(self.after.take());
                    self.page = page.found;
                }
                Err(fault) => {
                    self.ended = true;
                    return Some(Err(fault));
                }
            }
        }
        self.page.pop_front().map(Ok)
    }
}

const PAGE_RECORDS: usize = 256;
const RECORD_BYTES_USUAL: u64 = 1024;

#[cfg(test)]
mod tests;
