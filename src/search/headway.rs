//! Headway: how far an index is, for those who wait for it or watch it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::{
    ground::Standing,
    known::{Known, Reach},
};

/// How far an index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being made: so many of so many things are in.
    Building {
        /// Things that are in.
        done: u64,
        /// All of them.
        all: u64,
    },
    /// It is whole, and follows.
    Following,
}

/// How far an index knows the journal, how far it is made, and whether it can be read.
pub struct Headway {
    known: Known,
    progress: ArcSwap<Progress>,
    is_damaged: AtomicBool,
}

impl Headway {
    /// That of an index that stands there; nowhere, if it is to be made.
    pub(super) fn from(standing: Option<Standing>) -> Headway {
        Headway {
            known: Known::at(position_of(standing)),
            progress: ArcSwap::from_pointee(progress_of(standing)),
            is_damaged: AtomicBool::new(false),
        }
    }

    /// The index was opened again, and stands there.
    pub(super) fn begin_again(&self, standing: Option<Standing>) {
        self.is_damaged.store(false, Ordering::Relaxed);
        self.set_progress(progress_of(standing));
        self.known.begins_at(position_of(standing));
    }

    /// Says that nothing that can be found changed so far.
    pub fn reached(&self, reach: Reach) {
        self.known.reached(reach);
    }

    /// Everything up to this position of the journal is known.
    pub fn position(&self) -> u64 {
        self.known.reach().all
    }

    /// How far the index has come, also where large categories are still being indexed again.
    pub fn reach(&self) -> Reach {
        self.known.reach()
    }

    /// Waits until everything up to this position is known, and has it hurried. Ends only then:
    /// give it a limit.
    pub async fn knows(&self, position: u64) {
        self.known.waits(position, |reach| reach.all >= position).await;
    }

    /// The same, but does not wait for the products of large categories that changed.
    pub async fn knows_most(&self, position: u64) {
        self.known.waits(position, |reach| reach.most >= position).await;
    }

    /// The last position somebody waits for.
    pub fn wanted(&self) -> watch::Receiver<u64> {
        self.known.wanted()
    }

    /// How far the index is.
    pub fn progress(&self) -> Progress {
        **self.progress.load()
    }

    /// Notes how far the index is.
    pub fn set_progress(&self, progress: Progress) {
        self.progress.store(Arc::new(progress));
    }

    /// Whether a reader met something that cannot be read: the index must be made again.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// A reader met such a thing.
    pub(super) fn note_damage(&self) {
        self.is_damaged.store(true, Ordering::Relaxed);
    }
}

fn progress_of(standing: Option<Standing>) -> Progress {
    match standing {
        Some(_) => Progress::Following,
        None => Progress::Building { done: 0, all: 0 },
    }
}

fn position_of(standing: Option<Standing>) -> u64 {
    standing.map_or(0, |standing| standing.position)
}
