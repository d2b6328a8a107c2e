//! Footprint: what something was made from, so that it is made again only when it would differ.
//!
//! Invariant: whatever a reader is asked on the thread that makes something is noted before it is
//! read, also what was made earlier and is used again. So a footprint that stands means that the
//! same would be made now.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::store::changes::{Changes, Count};

/// What something was made from, and how often that had changed.
#[derive(Debug)]
pub struct Footprint {
    counts: Box<[Count]>,
    /// How often anything had changed when these were last seen to stand.
    seen_at: AtomicU64,
}

thread_local! {
    /// What is being noted; nothing, where nobody asked for it.
    static NOTED: RefCell<Option<Vec<Count>>> = const { RefCell::new(None) };
}

/// Makes something, and notes from what.
pub(super) fn noting<T>(changes: &Changes, make: impl FnOnce() -> T) -> (T, Footprint) {
    let seen_at = AtomicU64::new(changes.all());
    let around = Around(NOTED.replace(Some(Vec::new())));
    let made = make();
    let mut counts = NOTED.take().unwrap_or_default();
    drop(around);
    // Of what was looked at twice, the first look counts.
    counts.sort_by_key(|count| count.which);
    counts.dedup_by_key(|count| count.which);
    counts.iter().for_each(|count| note(|| *count));
    (made, Footprint { counts: counts.into(), seen_at })
}

/// Notes a count, where anybody notes.
pub(super) fn note(look: impl FnOnce() -> Count) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted {
            noted.push(look());
        }
    });
}

/// A count that was looked at, noted.
pub(super) fn noted(count: Count) -> u64 {
    note(|| count);
    u64::from(count.far)
}

impl Footprint {
    /// Whether nothing of it has changed. What is made meanwhile from what it belongs to is made
    /// from all of it, too.
    pub(super) fn stands(&self, changes: &Changes) -> bool {
        let now = changes.all();
        let stands = self.seen_at.load(Ordering::Relaxed) == now
            || self.counts.iter().all(|count| changes.stands(*count));
        if stands {
            self.seen_at.store(now, Ordering::Relaxed);
            self.counts.iter().for_each(|count| note(|| *count));
        }
        stands
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        size_of::<Footprint>() + size_of_val(&*self.counts)
    }
}

/// What was being noted around this, to be gone on with, also if making it panics.
struct Around(Option<Vec<Count>>);

impl Drop for Around {
    fn drop(&mut self) {
        NOTED.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{changes::Changed, keys::Key};

    fn key(number: u8) -> Key {
        Key::from_bytes(&[[0x01; 1].as_slice(), &[number; 16]].concat())
    }

    fn change(changes: &Changes, number: u8) {
        let mut changed = Changed::default();
        changed.note(&key(number));
        changes.count(changed);
    }

    #[test]
    fn what_was_made_stands_until_something_of_it_changes() {
        let changes = Changes::default();
        let (made, footprint) = noting(&changes, || {
            note(|| changes.of_key(&key(1)));
            note(|| changes.of_key(&key(2)));
            "made"
        });
        assert_eq!(made, "made");
        change(&changes, 3);
        assert!(footprint.stands(&changes) && footprint.stands(&changes));
        change(&changes, 2);
        assert!(!footprint.stands(&changes) && !footprint.stands(&changes));
    }

    #[test]
    fn what_changes_while_it_is_being_made_does_not_stand() {
        let changes = Changes::default();
        let ((), footprint) = noting(&changes, || {
            note(|| changes.of_key(&key(1)));
            change(&changes, 1);
            note(|| changes.of_key(&key(1)));
        });
        assert!(!footprint.stands(&changes));
    }

    #[test]
    fn what_is_made_within_something_or_used_again_belongs_to_it() {
        let changes = Changes::default();
        let ((), earlier) = noting(&changes, || note(|| changes.of_key(&key(1))));
        let (within, around) = noting(&changes, || {
            assert!(earlier.stands(&changes));
            noting(&changes, || note(|| changes.of_key(&key(2)))).1
        });
        change(&changes, 1);
        assert!(within.stands(&changes) && !around.stands(&changes));
        let (_, around) =
            noting(&changes, || noting(&changes, || note(|| changes.of_key(&key(2)))));
        change(&changes, 2);
        assert!(!around.stands(&changes));
    }

    #[test]
    fn making_that_panics_leaves_nothing_behind_that_notes() {
        let changes = Changes::default();
        let make = || noting(&changes, || std::panic::panic_any("broken"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).is_err());
        note(|| unreachable!("nobody notes"));
    }
}
