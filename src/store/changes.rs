//! Changes: how often the committed records of each kind have changed, and those near each record.
//!
//! Invariant: a count moves after what changed can be read and before anybody is told. So what was
//! made from some records, after their counts were looked at, is fresh while these stand.

use std::sync::atomic::{AtomicU64, Ordering};

use super::keys::{Key, RECORD_TAGS};

/// One count a kind, and one for each of the groups that all records are dealt into.
pub struct Changes {
    kinds: [AtomicU64; KINDS_MAX],
    groups: Box<[AtomicU64]>,
}

/// What has changed: kinds, one bit each, and groups.
#[derive(Clone, Default)]
pub struct Changed {
    kinds: u128,
    groups: Vec<usize>,
}

impl Default for Changes {
    fn default() -> Changes {
        Changes {
            kinds: std::array::from_fn(|_| AtomicU64::new(0)),
            groups: (0..GROUPS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Changes {
    /// How often the records with this tag have changed, since this process began.
    pub fn of(&self, tag: u8) -> u64 {
        self.kinds.get(usize::from(tag)).map_or(0, |count| count.load(Ordering::Acquire))
    }

    /// How often this record, or one of the few others in its group, has changed since then.
    pub fn near(&self, key: &Key) -> u64 {
        self.groups.get(group_of(key)).map_or(0, |count| count.load(Ordering::Acquire))
    }

    /// Counts what has become visible.
    pub fn count(&self, changed: Changed) {
        for group in changed.groups {
            if let Some(count) = self.groups.get(group) {
                count.fetch_add(1, Ordering::Release);
            }
        }
        let mut left = changed.kinds;
        while left != 0 {
            let tag = left.trailing_zeros();
            left &= left - 1;
            if let Some(count) = usize::try_from(tag).ok().and_then(|tag| self.kinds.get(tag)) {
                count.fetch_add(1, Ordering::Release);
            }
        }
    }
}

impl Changed {
    /// Notes a record that changed; rows always come with the record they lead to.
    pub fn note(&mut self, key: &Key) {
        let tag = key.as_bytes().first().filter(|tag| RECORD_TAGS.contains(*tag));
        if let Some(tag) = tag {
            self.kinds |= 1 << tag;
            self.groups.push(group_of(key));
        }
    }
}

/// FNV-1a, as an id's bytes are not all of chance.
fn group_of(key: &Key) -> usize {
    let hash = key.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash >> 40).unwrap_or_default() % GROUPS
}

/// Tags of records are below this.
const KINDS_MAX: usize = 128;
/// So many that a busy shop changes one of them every few seconds.
const GROUPS: usize = 4_096;

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

    #[test]
    fn a_record_that_changed_is_counted_near_itself_and_far_from_most_others() {
        let changes = Changes::default();
        let key = |number: u8| Key::from_bytes(&[0x01, 7, number]);
        let mut changed = Changed::default();
        changed.note(&key(0));
        changes.count(changed);
        assert_eq!(changes.near(&key(0)), 1);
        let far = (1..=255).filter(|number| changes.near(&key(*number)) == 0).count();
        assert!(far > 240, "only {far} of 255 others are far from it");
    }
}
