//! Turning: one turn of following. What is new is read and put in, then a slice of what large
//! categories have left over, and what was gathered is committed.
//!
//! Invariant: a turn takes so much and no more, so that nothing that happens waits for a large
//! category; a position behind a change is committed when all that it changed is in.

use std::pin::Pin;

use tokio::time::{Sleep, sleep};

use super::{Pens, Projection, Trouble};
use crate::{
    search::{Indexer, Reach, Standing},
    store::{Follower, Seq},
};

/// How far following has come, and what has gathered.
pub(super) struct Way {
    pub follower: Follower,
    pub gathering: Option<Pin<Box<Sleep>>>,
    /// The last entry that was read.
    pub last: Standing,
    /// Entries since the position of everything was committed.
    since_commit: usize,
}

impl Way {
    /// Begins there.
    pub fn from(begun: Standing, follower: Follower) -> Way {
        Way { follower, gathering: None, last: begun, since_commit: 0 }
    }

    /// Lets time go on, which it does not for somebody who never waits, and comes back at once.
    pub async fn glance(&mut self) {
        let gathering = async {
            match &mut self.gathering {
                Some(timer) => timer.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = gathering => {}
            () = tokio::task::yield_now() => {}
        }
    }
}

impl Projection {
    /// One turn; whether there was anything new to read.
    pub(super) fn turn(&mut self, pens: &mut Pens, way: &mut Way) -> Result<bool, Trouble> {
        let entries = way.follower.read(ENTRIES_AT_ONCE)?;
        if let Some(entry) = entries.last() {
            way.last = Standing { position: entry.seq, timeline: entry.timeline };
            way.since_commit += entries.len();
            self.take(&entries, pens)?;
        }
        self.work_off(&mut pens.goods)?;
        let some = self.later.some();
        self.write_down(some, &mut pens.goods)?;
        self.say_what_is_known(pens, way.follower.position());
        if pens.changes() > 0 || self.search.has_untold() {
            let long = self.later.gathering();
            way.gathering.get_or_insert_with(|| Box::pin(sleep(long)));
        }
        let most = if entries.is_empty() { ENTRIES_AT_REST_MAX } else { ENTRIES_MAX };
        let with_all = way.since_commit >= most;
        let is_full = pens.changes() >= CHANGES_MAX || with_all;
        let is_awaited = entries.is_empty() && self.is_awaited();
        let is_over = way.gathering.as_ref().is_some_and(|timer| timer.is_elapsed());
        if is_over || is_full || is_awaited || self.later.is_due() {
            if self.search.has_untold() {
                self.search.tell_adjusted();
                self.later.told();
            }
            self.commit(pens, way.last, way.follower.position(), with_all)?;
            way.gathering = None;
            way.since_commit = if with_all { 0 } else { way.since_commit };
            self.say_what_is_known(pens, way.follower.position());
        }
        if entries.is_empty() && self.later.is_at_rest() {
            pens.rest()?;
        }
        Ok(!entries.is_empty())
    }

    /// What was written before the end is known to whoever opens the shop next.
    pub(super) fn end(&mut self, pens: &mut Pens, mut way: Way) -> Result<(), Trouble> {
        for _ in 0..LAST_READS_MAX {
            let entries = way.follower.read(ENTRIES_AT_ONCE)?;
            let Some(entry) = entries.last() else { break };
            way.last = Standing { position: entry.seq, timeline: entry.timeline };
            self.take(&entries, pens)?;
        }
        self.search.tell_adjusted();
        self.commit(pens, way.last, way.follower.position(), true)
    }

    /// Whether a large category is still being indexed again.
    pub(super) fn has_more_to_do(&self) -> bool {
        !self.backlog.is_empty() && !*self.told.borrow()
    }

    /// A part of the backlog, so that what changes meanwhile is not kept waiting by it.
    fn work_off(&mut self, indexer: &mut Indexer) -> Result<(), Trouble> {
        for product in self.backlog.next(SLICE_PRODUCTS) {
            self.put(product, indexer)?;
        }
        Ok(())
    }

    /// Where nothing is to be written, everything that was read is known.
    fn say_what_is_known(&self, pens: &Pens, position: Seq) {
        if pens.goods.changes() == 0 && !self.search.has_untold() {
            let all = if self.backlog.is_empty() { position } else { 0 };
            self.search.reached(Reach { all, most: position });
        }
        if pens.cards.changes() == 0 {
            self.register.reached(Reach::whole(position));
        }
    }

    /// Whether somebody waits for what is read and not committed.
    fn is_awaited(&self) -> bool {
        let Reach { all, most } = self.search.reach();
        let reached = if self.backlog.is_empty() { all } else { most };
        *self.search.wanted().borrow() > reached
            || *self.register.wanted().borrow() > self.register.position()
    }
}

const ENTRIES_AT_ONCE: usize = 256;
/// Reads after the end was told; what lies beyond is read at the next start.
const LAST_READS_MAX: usize = 64;
/// Products of a changed category that are indexed before anything else is looked at.
pub(super) const SLICE_PRODUCTS: usize = 250;
/// Changes in one commit.
const CHANGES_MAX: u64 = 4_096;
/// Entries after which the position is committed, though nothing to be found has changed, while
/// there is no end of them and when there is: so many are read again after a crash.
const ENTRIES_MAX: usize = 100_000;
const ENTRIES_AT_REST_MAX: usize = 5_000;
