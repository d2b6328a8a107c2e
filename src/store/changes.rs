//! Changes: how often the committed records of each kind have changed.
//!
//! Invariant: a count moves after what changed can be read and before anybody is told. So what was
//! made from records of some kinds, after their counts were looked at, is fresh while these stand.

use std::sync::atomic::{AtomicU64, Ordering};

use super::keys::{Key, RECORD_TAGS};

/// One count a kind.
pub struct Changes([AtomicU64; KINDS_MAX]);

/// The kinds of which something has changed, one bit each.
#[derive(Clone, Copy, Default)]
pub struct Changed(u128);

impl Default for Changes {
    fn default() -> Changes {
        Changes(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Changes {
    /// How often the records with this tag have changed, since this process began.
    pub fn of(&self, tag: u8) -> u64 {
        self.0.get(usize::from(tag)).map_or(0, |count| count.load(Ordering::Acquire))
    }

    /// Counts what has become visible.
    pub fn count(&self, changed: Changed) {
        let mut left = changed.0;
        while left != 0 {
            let tag = left.trailing_zeros();
            left &= left - 1;
            if let Some(count) = usize::try_from(tag).ok().and_then(|tag| self.0.get(tag)) {
                count.fetch_add(1, Ordering::Release);
            }
        }
    }
}

impl Changed {
    /// Notes the kind of a record; rows always come with the record they lead to.
    pub fn note(&mut self, key: &Key) {
        let tag = key.as_bytes().first().filter(|tag| RECORD_TAGS.contains(*tag));
        self.0 |= tag.map_or(0, |tag| 1 << tag);
    }
}

/// Tags of records are below this.
const KINDS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_that_changed_is_counted_once_and_rows_are_not() {
        let changes = Changes::default();
        let mut changed = Changed::default();
        for tag in [0x01, 0x7f, 0x01, 0x80, 0xf0, 0x00] {
            changed.note(&Key::from_bytes(&[tag, 1, 2]));
        }
        changes.count(changed);
        assert_eq!(
            [0x01, 0x7f, 0x02, 0x00, 0x80, 0xf0].map(|tag| changes.of(tag)),
            [1, 1, 0, 0, 0, 0]
        );
    }
}
