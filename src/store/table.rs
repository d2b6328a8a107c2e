//! Memory table: everything that is durable in the journal and not yet folded into sled.
//!
//! Invariant: one thread writes; what it has published is seen by every read that begins later.
//! A generation is filled, frozen, folded and let go, in this order, and is readable until the
//! state holds all of it. A record and its rows are one group and are folded together.

use std::{
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::SyncSender,
    },
};

use arc_swap::ArcSwap;
use crossbeam_skiplist::SkipMap;

use super::{
    Seq,
    changes::{Changed, Changes},
    keys::Key,
    kinds::Record,
    state::fold::Fold,
};

/// What the table knows of a key.
#[derive(Clone)]
pub enum Slot {
    /// An aggregate's record, not encoded.
    Record(Arc<dyn Record>),
    /// A row.
    Row(Arc<[u8]>),
    /// It was removed.
    Gone,
}

impl Slot {
    /// A row that appears, or goes.
    pub fn row(value: Option<Vec<u8>>) -> Slot {
        value.map_or(Slot::Gone, |value| Slot::Row(value.into()))
    }

    fn weight(&self) -> usize {
        match self {
            Slot::Record(record) => record.weight(),
            Slot::Row(value) => value.len(),
            Slot::Gone => 0,
        }
    }
}

/// Things to write that belong together: a record and its rows.
pub struct Write {
    slots: Vec<(Key, Slot)>,
    weight: usize,
}

impl Write {
    /// A group; its first key names it.
    pub fn group(slots: Vec<(Key, Slot)>) -> Write {
        let weigh =
            |(key, slot): &(Key, Slot)| key.as_bytes().len() + slot.weight() + SLOT_BYTES_BESIDE;
        let weight = slots.iter().map(weigh).sum();
        Write { slots, weight }
    }

    /// About how much memory it takes.
    pub fn weight(&self) -> usize {
        self.weight
    }
}

/// What readers see.
pub struct Table {
    generations: ArcSwap<Generations>,
    weight: AtomicUsize,
    /// What is not journaled and still waits for the writer; bounded by the queue it waits in.
    on_its_way: SkipMap<Key, Slot>,
    changes: Changes,
}

/// The generation being filled, and those being folded, newest first.
#[derive(Clone)]
pub struct Generations(Vec<Arc<Generation>>);

/// Some of the table.
#[derive(Default)]
pub struct Generation {
    slots: SkipMap<Key, ArcSwap<Slot>>,
}

impl Generation {
    /// What it says of a key, if anything.
    pub fn get(&self, key: &Key) -> Option<Slot> {
        self.slots.get(key).map(|entry| Slot::clone(&entry.value().load()))
    }

    /// The first key within these bounds and what is said of it.
    pub fn first(&self, from: Bound<&Key>) -> Option<(Key, Slot)> {
        let entry = self.slots.lower_bound(from)?;
        Some((entry.key().clone(), Slot::clone(&entry.value().load())))
    }

    /// The last key within these bounds and what is said of it.
    pub fn last(&self, to: Bound<&Key>) -> Option<(Key, Slot)> {
        let entry = self.slots.upper_bound(to)?;
        Some((entry.key().clone(), Slot::clone(&entry.value().load())))
    }

    /// Replaced in place: an insert over a present key would show readers a gap.
    fn put(&self, key: Key, slot: Slot) {
        match self.slots.get(&key) {
            Some(entry) => entry.value().store(Arc::new(slot)),
            None => {
                self.slots.insert(key, ArcSwap::from_pointee(slot));
            }
        }
    }
}

impl Table {
    /// An empty table.
    pub fn new() -> Table {
        let generations = Generations(vec![Arc::default()]);
        Table {
            generations: ArcSwap::from_pointee(generations),
            weight: AtomicUsize::new(0),
            on_its_way: SkipMap::new(),
            changes: Changes::default(),
        }
    }

    /// How often the records of each kind have changed.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Shows what is on its way to the writer, until [`Writer::publish_kept`] or a retraction.
    pub fn announce(&self, key: Key, slot: Slot) {
        self.on_its_way.insert(key, slot);
    }

    /// What is on its way under this key. Asked before [`Table::get`], nothing is missed.
    pub fn announced(&self, key: &Key) -> Option<Slot> {
        self.on_its_way.get(key).map(|entry| entry.value().clone())
    }

    /// It does not come after all, or it has arrived.
    pub fn retract(&self, key: &Key) {
        self.on_its_way.remove(key);
    }

    /// What it says of a key, if anything.
    pub fn get(&self, key: &Key) -> Option<Slot> {
        self.generations.load().0.iter().find_map(|generation| generation.get(key))
    }

    /// All generations, newest first.
    pub fn generations(&self) -> Vec<Arc<Generation>> {
        self.generations.load().0.clone()
    }

    /// About how much memory it takes.
    pub fn weight(&self) -> usize {
        self.weight.load(Ordering::Relaxed)
    }

    /// Begins a new generation; the one that was being filled.
    fn freeze(&self) -> Arc<Generation> {
        let frozen = Arc::clone(&self.generations.load().0[0]);
        self.generations.rcu(|generations| {
            let mut all = vec![Arc::default()];
            all.extend(generations.0.iter().cloned());
            Generations(all)
        });
        frozen
    }

    /// Lets a folded generation go.
    pub fn forget(&self, folded: &Frozen) {
        self.generations.rcu(|generations| {
            let kept = |generation: &&Arc<Generation>| !Arc::ptr_eq(generation, &folded.generation);
            Generations(generations.0.iter().filter(kept).cloned().collect())
        });
        self.weight.fetch_sub(folded.weight, Ordering::Relaxed);
    }
}

/// A generation that is not written any more.
pub struct Frozen {
    /// What it holds.
    pub generation: Arc<Generation>,
    /// The keys of each write, in order; the first names the group.
    pub groups: Vec<Vec<Key>>,
    /// The last commit it holds.
    pub through: Seq,
    /// What it and those before it come to.
    pub whole: Whole,
    weight: usize,
}

/// Whether the state is whole when a generation is folded, so that a checkpoint may say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Not yet: a replay is under way, and rows are put right later.
    NotYet,
    /// All of it.
    Yes,
    /// All of it, and so much is new that a checkpoint is worth its while.
    AndMuch,
}

/// The writing side of the table. One thread has it.
pub struct Writer {
    table: Arc<Table>,
    active: Arc<Generation>,
    groups: Vec<Vec<Key>>,
    through: Seq,
    /// Everything up to there was handed on, and whole.
    whole_through: Seq,
    whole: Whole,
    weight: usize,
    folder: SyncSender<Fold>,
}

/// The folder has ended: nothing more can be kept in memory without bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state cannot take more")]
pub struct FolderGone;

impl Writer {
    /// Writes into `table`; full generations go to `folder`.
    pub fn new(table: Arc<Table>, folder: SyncSender<Fold>, through: Seq) -> Writer {
        let active = Arc::clone(&table.generations.load().0[0]);
        let (groups, weight, whole, whole_through) = (Vec::new(), 0, Whole::Yes, through);
        Writer { table, active, groups, through, whole_through, whole, weight, folder }
    }

    /// What is written from now on is only part of what belongs together, until
    /// [`Writer::is_whole`].
    pub fn is_in_pieces(&mut self) {
        self.whole = Whole::NotYet;
    }

    /// Everything up to a commit has been written: hands it on, even if there was nothing to
    /// write, so that the next checkpoint knows.
    pub fn is_whole(&mut self, through: Seq, whole: Whole) -> Result<(), FolderGone> {
        (self.through, self.whole) = (through, whole);
        let is_news = through > self.whole_through || (whole == Whole::AndMuch && through > 0);
        let handed_on = if is_news { self.hand_on() } else { Ok(()) };
        self.whole = Whole::Yes;
        handed_on
    }

    /// Makes a commit's writes visible.
    pub fn publish(&mut self, through: Seq, writes: Vec<Write>) {
        let mut changed = Changed::default();
        for write in writes {
            self.weight += write.weight;
            self.table.weight.fetch_add(write.weight, Ordering::Relaxed);
            let mut keys = Vec::with_capacity(write.slots.len());
            for (key, slot) in write.slots {
                keys.push(key.clone());
                changed.note(&key);
                self.active.put(key, slot);
            }
            self.groups.push(keys);
        }
        // After all of it can be read: who still sees the old count may have read the old state.
        self.table.changes.count(changed);
        self.through = through;
    }

    /// Makes what was announced visible for good.
    pub fn publish_kept(&mut self, through: Seq, kept: Vec<Write>) {
        let slots = kept.iter().flat_map(|write| &write.slots);
        let keys: Vec<Key> = slots.map(|(key, _)| key.clone()).collect();
        self.publish(through, kept);
        keys.iter().for_each(|key| self.table.retract(key));
    }

    /// How far the folder is behind, in thousandths of what the table holds at most; a table that
    /// is being filled and another that is being folded are none.
    pub fn behind(&self) -> usize {
        let waiting = self.table.weight().saturating_sub(2 * GENERATION_BYTES);
        (waiting * 1000 / (GENERATIONS_WAITING_MAX * GENERATION_BYTES)).min(1000)
    }

    /// Hands the generation on if it is full. Waits while the folder is far behind: this is the
    /// back-pressure that keeps the table bounded, after [`Writer::behind`] has slowed commits.
    pub fn freeze_if_full(&mut self) -> Result<(), FolderGone> {
        let full = self.weight >= GENERATION_BYTES || self.groups.len() >= GENERATION_WRITES;
        if full { self.freeze() } else { Ok(()) }
    }

    /// Hands the generation on unless it is empty.
    pub fn freeze(&mut self) -> Result<(), FolderGone> {
        if self.groups.is_empty() { Ok(()) } else { self.hand_on() }
    }

    /// The same, unless that would wait for the folder.
    pub fn freeze_if_room(&mut self) -> Result<(), FolderGone> {
        let frozen = self.table.generations.load().0.len() - 1;
        if frozen < GENERATIONS_WAITING_MAX { self.freeze() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<(), FolderGone> {
        let frozen = Frozen {
            generation: self.table.freeze(),
            groups: std::mem::take(&mut self.groups),
            through: self.through,
            whole: self.whole,
            weight: std::mem::take(&mut self.weight),
        };
        if self.whole != Whole::NotYet {
            self.whole_through = self.through;
        }
        self.active = Arc::clone(&self.table.generations.load().0[0]);
        self.folder.send(Fold::Generation(frozen)).map_err(|_| FolderGone)
    }
}

/// Writes a generation takes.
const GENERATION_WRITES: usize = 16 * 1024;
/// Memory a generation takes.
const GENERATION_BYTES: usize = 16 * 1024 * 1024;
/// Frozen generations that wait for the folder, beside the one it works at.
pub const GENERATIONS_WAITING_MAX: usize = 3;
/// Memory a slot takes beside key and value: links, counters, the group's list.
const SLOT_BYTES_BESIDE: usize = 120;

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn commits_are_slowed_the_more_the_longer_nothing_is_folded() {
        let (folder, folds) = mpsc::sync_channel(GENERATIONS_WAITING_MAX);
        let mut writer = Writer::new(Arc::new(Table::new()), folder, 0);
        let mut behind = vec![writer.behind()];
        for seq in (1..).take(GENERATIONS_WAITING_MAX) {
            let slot = Slot::row(Some(vec![0; GENERATION_BYTES]));
            writer.publish(seq, vec![Write::group(vec![(Key::from_bytes(&[1]), slot)])]);
            writer.freeze_if_full().expect("a folder that listens");
            behind.push(writer.behind());
        }
        assert_eq!(behind[..2], [0, 0], "what is being filled and folded slows nobody");
        assert!(behind[2..].is_sorted_by(|one, next| one < next), "{behind:?}");
        while let Ok(Fold::Generation(frozen)) = folds.try_recv() {
            writer.table.forget(&frozen);
        }
        assert_eq!(writer.behind(), 0);
    }
}
