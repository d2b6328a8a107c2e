//! Listing: a page of a list, made by going through its rows in order.
//!
//! Invariant: a page looks at a limited number of rows, however few of them are wanted. What was
//! found by then is the page, and its cursor goes on behind the last row that was looked at.

use super::{
    answer::{Answer, Page},
    cursor::{Cursors, Paging},
};
use crate::store::{Key, Order, Reader, Row, StoreFault};

/// The rows of a list, in an order.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The list's name, for its cursors: rows of other names are other lists.
    pub name: String,
    /// What all its keys begin with.
    pub prefix: Key,
    /// In place of it, the beginnings of several lists of one form that are read as one. What
    /// stands in more than one of them is met once, and a key is what follows the beginning.
    pub merged: Vec<Key>,
    /// Which way it is read.
    pub order: Order,
    /// It begins behind this key.
    pub from: Option<Key>,
    /// It ends with this key.
    pub until: Option<Key>,
}

impl Rows {
    /// All rows under a prefix.
    pub fn all(name: impl Into<String>, prefix: Key, order: Order) -> Rows {
        let merged = Vec::new();
        Rows { name: name.into(), prefix, merged, order, from: None, until: None }
    }

    /// The page a client asks for; `wanted` says what a row shows, if it belongs to the list.
    ///
    /// # Errors
    /// 400 for a cursor of something else; what `wanted` says; a fault of the store.
    pub fn page<T>(
        &self,
        reader: &Reader,
        cursors: &Cursors,
        paging: &Paging,
        mut wanted: impl FnMut(&Key, &[u8]) -> Answer<Option<T>>,
    ) -> Answer<Page<T>> {
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let page = |items: Vec<T>, next: Option<Key>| Page {
            items,
            limit: paging.limit,
            next_cursor: next.map(|key| cursors.seal(&self.name, key.as_bytes())),
        };
        let start = cursors.start(&self.name, paging)?;
        let mut after = start.map(|key| Key::from_bytes(&key)).or_else(|| self.from.clone());
        let (mut items, mut last_shown) = (Vec::new(), None);
        let (mut left, mut asked) = (ROWS_MAX, limit.saturating_add(1));
        while left > 0 {
            let count = asked.min(left);
            let (rows, was_last) = self.read(reader, after.as_ref(), count)?;
            left = left.saturating_sub(rows.len());
            for (key, value) in rows {
                if self.is_beyond(&key) {
                    return Ok(page(items, None));
                }
                if let Some(item) = wanted(&key, &value)? {
                    if items.len() == limit {
                        return Ok(page(items, last_shown));
                    }
                    items.push(item);
                    last_shown = Some(key.clone());
                }
                after = Some(key);
            }
            if was_last {
                return Ok(page(items, None));
            }
            asked = ROWS_AT_ONCE;
        }
        Ok(page(items, after))
    }

    /// About so many rows behind a key, and whether there are no more.
    fn read(
        &self,
        reader: &Reader,
        after: Option<&Key>,
        count: usize,
    ) -> Result<(Vec<Row>, bool), StoreFault> {
        if self.merged.is_empty() {
            let rows = reader.rows(&self.prefix, after, self.order, count)?;
            let was_last = rows.len() < count;
            return Ok((rows, was_last));
        }
        let share = (count * 2).div_ceil(self.merged.len()).max(MERGED_ROWS_MIN);
        let before = |one: &Key, other: &Key| match self.order {
            Order::Ascending => one < other,
            Order::Descending => one > other,
        };
        let (mut all, mut sure) = (Vec::new(), None::<Key>);
        for prefix in &self.merged {
            let from = after.map(|key| prefix.followed_by(key));
            let rows = reader.rows(prefix, from.as_ref(), self.order, share)?;
            let length = prefix.as_bytes().len();
            let tail = |key: &Key| Key::from_bytes(key.after(length));
            if let Some((last, _)) = rows.last().filter(|_| rows.len() == share) {
                // Behind this, the list may have rows that were not read.
                let last = tail(last);
                sure = Some(match sure {
                    Some(sure) if before(&sure, &last) => sure,
                    Some(_) | None => last,
                });
            }
            all.extend(rows.iter().map(|(key, value)| (tail(key), value.clone())));
        }
        all.sort_by(|(one, _), (other, _)| match self.order {
            Order::Ascending => one.cmp(other),
            Order::Descending => other.cmp(one),
        });
        all.dedup_by(|(one, _), (other, _)| one == other);
        let was_last = sure.is_none();
        if let Some(sure) = sure {
            all.retain(|(key, _)| !before(&sure, key));
        }
        Ok((all, was_last))
    }

    fn is_beyond(&self, key: &Key) -> bool {
        self.until.as_ref().is_some_and(|until| match self.order {
            Order::Ascending => key > until,
            Order::Descending => key < until,
        })
    }
}

/// Rows that one page looks at.
pub const ROWS_MAX: usize = 2_000;
const ROWS_AT_ONCE: usize = 256;
/// Rows that are read at once of each list of several.
const MERGED_ROWS_MIN: usize = 8;
