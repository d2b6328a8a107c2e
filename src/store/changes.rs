//! Changes: how often the committed records and rows of each kind have changed, and those near
//! each key.
//!
//! Invariant: a count moves after what changed can be read and before anybody is told. So what was
//! made from some keys, after their counts were looked at, is fresh while these stand.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::keys::{Key, is_record};

/// One count a kind, and one for each of the groups that all keys are dealt into.
pub struct Changes {
    /// Those of the kinds, by their tags, and behind them those of the groups.
    counts: Box<[AtomicU32]>,
    all: AtomicU64,
}

/// Which count, and how far it was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// Which.
    pub which: u32,
    /// How far it was; begins anew after four thousand million changes.
    pub far: u32,
}

/// What has changed: kinds, one bit each, and groups.
#[derive(Clone, Default)]
pub struct Changed {
    kinds: [u128; 2],
    groups: Vec<u32>,
}

impl Default for Changes {
    fn default() -> Changes {
        let counts = (0..KINDS + GROUPS).map(|_| AtomicU32::new(0)).collect();
        Changes { counts, all: AtomicU64::new(0) }
    }
}

impl Changes {
    /// How often anything has changed, since this process began. It moves after all other counts.
    pub fn all(&self) -> u64 {
        self.all.load(Ordering::Acquire)
    }

    /// How often what has this tag has changed.
    pub fn of_kind(&self, tag: u8) -> Count {
        self.now(u32::from(tag))
    }

    /// How often this record or row, or one of the few others in its group, has changed.
    pub fn of_key(&self, key: &Key) -> Count {
        self.now(group_of(key))
    }

    /// How often rows under this prefix have changed, or a few others.
    pub fn of_list(&self, prefix: &Key) -> Count {
        match prefix.as_bytes() {
            [tag, rest @ ..] if rest.len() + 1 < LIST_BYTES => self.of_kind(*tag),
            _ => self.of_key(prefix),
        }
    }

    /// Whether it has not moved since it was looked at.
    pub fn stands(&self, count: Count) -> bool {
        self.now(count.which) == count
    }

    /// Counts what has become visible.
    pub fn count(&self, changed: Changed) {
        for (half, kinds) in (0..).zip(changed.kinds) {
            let mut left = kinds;
            while left != 0 {
                self.step(half * u128::BITS + left.trailing_zeros());
                left &= left - 1;
            }
        }
        changed.groups.into_iter().for_each(|group| self.step(group));
        self.all.fetch_add(1, Ordering::Release);
    }

    fn now(&self, which: u32) -> Count {
        let far = self.counts.get(at(which)).map_or(0, |count| count.load(Ordering::Acquire));
        Count { which, far }
    }

    fn step(&self, which: u32) {
        if let Some(count) = self.counts.get(at(which)) {
            count.fetch_add(1, Ordering::Release);
        }
    }
}

impl Changed {
    /// Notes a record or a row that changed.
    pub fn note(&mut self, key: &Key) {
        if let Some(tag) = key.as_bytes().first() {
            let half = usize::from(*tag >= 128);
            self.kinds[half] |= 1 << (tag % 128);
            self.groups.push(group_of(key));
        }
    }
}

/// The group of a record is its own, that of a row its list's: all that begin with the same id.
/// FNV-1a, as an id's bytes are not all of chance.
fn group_of(key: &Key) -> u32 {
    let bytes = key.as_bytes();
    let list = if is_record(key) { bytes } else { bytes.get(..LIST_BYTES).unwrap_or(bytes) };
    let hash = list.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let group = usize::try_from(hash >> 40).unwrap_or_default() % GROUPS;
    u32::try_from(KINDS + group).unwrap_or_default()
}

fn at(which: u32) -> usize {
    usize::try_from(which).unwrap_or(usize::MAX)
}

/// A tag is a byte.
const KINDS: usize = 256;
/// So many that a busy shop changes each of them every half minute or so.
const GROUPS: usize = 1 << 16;
/// A tag, and the id of what the rows of a list belong to.
const LIST_BYTES: usize = 17;

#[cfg(test)]
mod tests {
    use super::*;

    fn after(keys: &[&[u8]]) -> Changes {
        let changes = Changes::default();
        let mut changed = Changed::default();
        keys.iter().for_each(|key| changed.note(&Key::from_bytes(key)));
        changes.count(changed);
        changes
    }

    #[test]
    fn each_kind_that_changed_is_counted_once() {
        let changes = after(&[&[0x01, 1], &[0x7f, 1], &[0x01, 2], &[0x80, 1], &[0xf0, 1], &[]]);
        let tags = [0x01, 0x7f, 0x80, 0xf0, 0x02, 0x81, 0xff, 0x00];
        assert_eq!(tags.map(|tag| changes.of_kind(tag).far), [1, 1, 1, 1, 0, 0, 0, 0]);
        assert_eq!(changes.all(), 1);
    }

    #[test]
    fn a_key_that_changed_is_counted_near_itself_and_far_from_most_others() {
        let key = |number: u8| Key::from_bytes(&[0x01, 7, number]);
        let changes = after(&[key(0).as_bytes()]);
        assert_eq!(changes.of_key(&key(0)).far, 1);
        let far = (1..=255).filter(|number| changes.of_key(&key(*number)).far == 0).count();
        assert!(far > 250, "only {far} of 255 others are far from it");
    }

    #[test]
    fn a_row_is_counted_with_its_list_and_no_other() {
        let list = |of: u8| [[0x8f; 1].as_slice(), &[of; 16]].concat();
        let changes = after(&[&[list(1), vec![9; 24]].concat()]);
        let lists = [1, 2].map(|of| changes.of_list(&Key::from_bytes(&list(of))).far);
        assert_eq!(lists, [1, 0]);
        let row = Key::from_bytes(&[list(1), vec![8; 24]].concat());
        assert_eq!(changes.of_key(&row).far, 1, "whoever looked for a row that was not there");
        assert_eq!(changes.of_list(&Key::from_bytes(&[0x8f])).far, 1, "all lists of the kind");
        assert_eq!(changes.of_list(&Key::from_bytes(&[0x8e])).far, 0);
    }
}
