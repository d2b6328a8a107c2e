//! Disk: how much room is left where the shop lies.
//!
//! Invariant: we stop writing before the disk is really full, each with a margin of its own:
//! first commits, then new segments and folding, so that nothing is ever left half written.

use std::{path::Path, path::PathBuf, sync::Arc};

use super::faults::Faults;

/// The disk under the data directory, and what has to be left free on it.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    dir: PathBuf,
    low_water_bytes: u64,
    faults: Option<Arc<Faults>>,
}

impl Disk {
    /// The disk under `dir`.
    pub fn under(dir: &Path, low_water_bytes: u64, faults: Option<Arc<Faults>>) -> Disk {
        Disk { dir: dir.to_path_buf(), low_water_bytes, faults }
    }

    /// Whether too little is free for commits.
    pub fn is_low(&self) -> bool {
        self.free_bytes() < self.low_water_bytes
    }

    /// Whether too little is free for a file of so many bytes.
    pub fn is_low_for(&self, bytes: u64) -> bool {
        self.free_bytes() < self.low_water_bytes / 2 + bytes
    }

    /// Whether so little is free that sled could fail within a write.
    pub fn is_very_low(&self) -> bool {
        self.free_bytes() < self.low_water_bytes / 4
    }

    /// Room left.
    pub fn free_bytes(&self) -> u64 {
        let room = self.faults.as_ref().map_or(u64::MAX, |faults| faults.room());
        // Not being told is no reason to stop: a write says soon enough.
        let free = rustix::fs::statvfs(&self.dir)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        room.min(free)
    }
}
