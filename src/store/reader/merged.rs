//! Merged: the memory table and sled, walked as if they were one.
//!
//! Invariant: the newest word on a key counts, and what was removed is passed over.

use std::{ops::Bound, sync::Arc};

use super::{Order, Reader};
use crate::store::{
    fault::StoreFault,
    keys::Key,
    kinds::Record,
    state::{Backwards, State},
    table::{Generation, Slot},
};

/// What the merge finds under a key.
pub(super) enum Found {
    Record(Arc<dyn Record>),
    /// A row, or a record as it lies in the state.
    Row(Vec<u8>),
}

/// Table and state, merged: the newest word on a key counts.
pub(super) struct Merged<'a> {
    state: &'a State,
    stored: sled::Iter,
    stored_head: Option<(Key, Vec<u8>)>,
    fresh: Vec<Fresh>,
    order: Order,
}

/// One generation of the table, and the next key of it.
struct Fresh {
    generation: Arc<Generation>,
    head: Option<(Key, Slot)>,
    from: Bound<Key>,
    to: Bound<Key>,
}

impl<'a> Merged<'a> {
    pub fn over(
        reader: &'a Reader,
        prefix: &Key,
        after: Option<&Key>,
        order: Order,
    ) -> Result<Merged<'a>, StoreFault> {
        let mut from = Bound::Included(prefix.clone());
        let mut to = prefix.end_of_prefix().map_or(Bound::Unbounded, Bound::Excluded);
        match (order, after) {
            (Order::Ascending, Some(after)) if after >= prefix => {
                from = Bound::Excluded(after.clone());
            }
            (Order::Descending, Some(after)) if starts_or_is_below(after, prefix) => {
                to = Bound::Excluded(after.clone());
            }
            (Order::Ascending | Order::Descending, _) => {}
        }
        // The table first: what is folded meanwhile is then seen twice rather than not at all.
        let generations = reader.table.generations();
        if is_empty(&from, &to) {
            from = Bound::Excluded(prefix.clone());
            to = Bound::Included(prefix.clone());
        }
        let stored = reader.state.range(from.clone(), to.clone())?;
        let fresh = generations
            .into_iter()
            .map(|generation| Fresh { generation, head: None, from: from.clone(), to: to.clone() })
            .collect();
        let mut merged = Merged { state: &reader.state, stored, stored_head: None, fresh, order };
        merged.step_stored()?;
        merged.fresh.iter_mut().for_each(|fresh| fresh.step(order));
        Ok(merged)
    }

    /// The next key that is there.
    pub fn next(&mut self) -> Result<Option<(Key, Found)>, StoreFault> {
        while let Some(key) = self.next_key() {
            let mut word = None;
            for fresh in &mut self.fresh {
                if fresh.head.as_ref().is_some_and(|(head, _)| *head == key) {
                    let slot = fresh.head.take().map(|(_, slot)| slot);
                    word = word.or(slot);
                    fresh.step(self.order);
                }
            }
            let mut stored = None;
            if self.stored_head.as_ref().is_some_and(|(head, _)| *head == key) {
                stored = self.stored_head.take().map(|(_, value)| value);
                self.step_stored()?;
            }
            let found = match word {
                Some(Slot::Record(record)) => Some(Found::Record(record)),
                Some(Slot::Row(value)) => Some(Found::Row(value.to_vec())),
                Some(Slot::Gone) => None,
                None => stored.map(Found::Row),
            };
            if let Some(found) = found {
                return Ok(Some((key, found)));
            }
        }
        Ok(None)
    }

    fn next_key(&self) -> Option<Key> {
        let fresh = self.fresh.iter().filter_map(|fresh| fresh.head.as_ref().map(|(key, _)| key));
        let heads = fresh.chain(self.stored_head.as_ref().map(|(key, _)| key));
        match self.order {
            Order::Ascending => heads.min().cloned(),
            Order::Descending => heads.max().cloned(),
        }
    }

    fn step_stored(&mut self) -> Result<(), StoreFault> {
        let backwards = match self.order {
            Order::Ascending => Backwards::No,
            Order::Descending => Backwards::Yes,
        };
        self.stored_head = self.state.step(&mut self.stored, backwards)?;
        Ok(())
    }
}

impl Fresh {
    fn step(&mut self, order: Order) {
        let found = match order {
            Order::Ascending => self.generation.first(self.from.as_ref()),
            Order::Descending => self.generation.last(self.to.as_ref()),
        };
        self.head = found.filter(|(key, _)| self.holds(key));
        if let Some((key, _)) = &self.head {
            match order {
                Order::Ascending => self.from = Bound::Excluded(key.clone()),
                Order::Descending => self.to = Bound::Excluded(key.clone()),
            }
        }
    }

    fn holds(&self, key: &Key) -> bool {
        use std::ops::RangeBounds;
        (self.from.clone(), self.to.clone()).contains(key)
    }
}

/// Whether `after` can narrow a descending list of this prefix.
fn starts_or_is_below(after: &Key, prefix: &Key) -> bool {
    prefix.end_of_prefix().is_none_or(|end| *after < end)
}

fn is_empty(from: &Bound<Key>, to: &Bound<Key>) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Excluded(to)) => from >= to,
        (Bound::Excluded(from), Bound::Excluded(to)) => from >= to,
        (Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded, _) => false,
    }
}
