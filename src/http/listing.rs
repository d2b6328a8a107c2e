//! Listing: a page of a list, made by going through its rows in order.
//!
//! Invariant: a page looks at a limited number of rows, however few of them are wanted. What was
//! found by then is the page, and its cursor goes on behind the last row that was looked at.

use super::{
    answer::{Answer, Page},
    cursor::{Cursors, Paging},
};
use crate::store::{Key, Order, Reader};

/// The rows of a list, in an order.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The list's name, for its cursors: rows of other names are other lists.
    pub name: String,
    /// What all its keys begin with.
    pub prefix: Key,
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
        Rows { name: name.into(), prefix, order, from: None, until: None }
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
            let rows = reader.rows(&self.prefix, after.as_ref(), self.order, count)?;
            let was_last = rows.len() < count;
            left -= rows.len();
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
