//! The way of one courier: what lies ahead of it in the journal, and how much of it is done with.
//!
//! Invariant: [`Way::through`] never passes a frame with a parcel that has no record. What has one
//! (a crash came before the cursor was recorded) is passed by.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::sleep;

use crate::{
    domain::{
        deliveries::{Delivery, Note},
        time::Timestamp,
    },
    store::{Follower, Seq, Store, StoreFault},
};

use super::{
    courier::{Courier, Parcel},
    happened::Happened,
};

/// What lies ahead of a courier.
pub(super) struct Way {
    store: Store,
    courier: Arc<dyn Courier>,
    follower: Follower,
    /// Read and not begun.
    ahead: VecDeque<Parcel>,
    /// Frames with parcels that are not recorded: how many, and when the frame was written.
    open: BTreeMap<Seq, (usize, Timestamp)>,
    /// The last frame that was read.
    read: Seq,
    /// What was written later is known to nobody before this way brings it: it has no record.
    began_at: Seq,
}

impl Way {
    /// The way behind this frame.
    pub fn begin(store: &Store, courier: Arc<dyn Courier>, cursor: Seq) -> Way {
        Way {
            store: store.clone(),
            courier,
            follower: store.follow(cursor),
            ahead: VecDeque::new(),
            open: BTreeMap::new(),
            read: cursor,
            began_at: store.health().seq,
        }
    }

    /// The next parcel that has no record; none for now.
    pub fn next(&mut self) -> Result<Option<Parcel>, StoreFault> {
        loop {
            while let Some(parcel) = self.ahead.pop_front() {
                if !self.has_record(&parcel)? {
                    return Ok(Some(parcel));
                }
                self.close(parcel.event.frame);
            }
            if !self.read_on()? {
                return Ok(None);
            }
        }
    }

    fn has_record(&self, parcel: &Parcel) -> Result<bool, StoreFault> {
        if parcel.event.frame > self.began_at {
            return Ok(false);
        }
        Ok(self.store.reader().get::<Delivery>(parcel.id)?.version > 0)
    }

    /// Lays a parcel back on the way: it was not begun after all.
    pub fn put_back(&mut self, parcel: Parcel) {
        self.ahead.push_front(parcel);
    }

    /// One parcel of a frame is done with.
    pub fn close(&mut self, frame: Seq) {
        if let Some((left, _)) = self.open.get_mut(&frame) {
            *left -= 1;
            if *left == 0 {
                self.open.remove(&frame);
            }
        }
    }

    /// The last frame that is done with.
    pub fn through(&self) -> Seq {
        self.open.first_key_value().map_or(self.read, |(frame, _)| frame - 1)
    }

    /// The last frame that was read.
    pub fn read(&self) -> Seq {
        self.read
    }

    /// When the first frame was written that is not done with.
    pub fn behind_since(&self) -> Option<Timestamp> {
        self.open.first_key_value().map(|(_, (_, time))| *time)
    }

    /// Waits until more is in the journal, and a moment longer: what happens meanwhile is read
    /// together, so that a busy shop does not wake every courier with every commit. `false` if
    /// nothing ever will be.
    pub async fn news(&mut self) -> bool {
        let is_open = self.follower.news().await;
        sleep(GATHER).await;
        is_open
    }

    /// Finds the event of a note in the journal again.
    pub fn event_of(&self, note: &Note) -> Result<Arc<Happened>, StoreFault> {
        let found = Happened::noted(&self.store, note)?;
        found.map(Arc::new).ok_or_else(|| StoreFault::Unreadable {
            seq: note.frame,
            what: format!("a delivery is about event {} of it", note.event),
        })
    }

    /// Reads some frames; whether there were any.
    fn read_on(&mut self) -> Result<bool, StoreFault> {
        let entries = self.follower.read(FRAMES_AT_ONCE)?;
        for entry in &entries {
            let events = Happened::in_frame(entry, |kind| self.courier.wants(kind))?;
            let before = self.ahead.len();
            for event in events.into_iter().map(Arc::new) {
                let mut named = BTreeSet::new();
                for what in self.courier.parcels(&event)? {
                    let id = event.delivery(self.courier.id(), &what);
                    // Named twice for one event it is still one parcel, with one record.
                    if !named.insert(id) {
                        continue;
                    }
                    let event = Arc::clone(&event);
                    self.ahead.push_back(Parcel { id, what, event, asked_again: 0 });
                }
            }
            let parcels = self.ahead.len() - before;
            if parcels > 0 {
                self.open.insert(entry.seq, (parcels, entry.time));
            }
            self.read = entry.seq;
        }
        Ok(!entries.is_empty())
    }
}

const FRAMES_AT_ONCE: usize = 64;
/// From a commit until a courier that waited looks at it.
const GATHER: Duration = Duration::from_millis(20);
