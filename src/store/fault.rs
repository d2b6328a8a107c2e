//! Faults of the store: what a machine, a disk or an overload can do to a commit or a read.
//!
//! Cloneable, because one failed sync answers everybody who waited for it. None of them is a
//! refusal: the rules of the shop are not known here.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why the store could not keep, find or open something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreFault {
    /// More commits wait than the queue may hold.
    #[error("too many changes are waiting to be written")]
    Busy,
    /// The store is being closed, or its commit thread has ended.
    #[error("the shop is closing")]
    Closing,
    /// Nothing can be written until the process starts again.
    #[error("read-only until a restart: {why}")]
    ReadOnly {
        /// What happened.
        why: String,
    },
    /// There is too little room on the disk; heals by itself.
    #[error("the disk is full")]
    DiskFull,
    /// The commit belongs to an ended epoch, or the commit it builds on has failed.
    #[error("an earlier change failed")]
    Overtaken,
    /// One commit is larger than a frame may be.
    #[error("a change of {bytes} bytes is larger than a frame may be")]
    TooLarge {
        /// Its size as JSON.
        bytes: usize,
    },
    /// The journal is damaged; nothing is repaired by guessing.
    #[error("{} is damaged at byte {offset}: {what}; run `{command}`", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        what: String,
        /// What the shopkeeper can run.
        command: String,
    },
    /// The journal goes on in a format that only a later version of this program knows.
    #[error(
        "{} was written by a later version of bodega from byte {offset} on (format {format}): \
         start that version; nothing was changed", file.display()
    )]
    LaterFormat {
        /// The file.
        file: PathBuf,
        /// Where in the file.
        offset: u64,
        /// The letter that counts formats.
        format: char,
    },
    /// Another process has the data directory.
    #[error("another process is using {}", dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it said.
        source: Arc<io::Error>,
    },
    /// A state record cannot be trusted; the next start rebuilds the state.
    #[error("the state is damaged and will be rebuilt at the next start: {what}")]
    StateDamaged {
        /// What was found.
        what: String,
    },
    /// A frame is whole, but this program cannot read what it says.
    #[error("frame {seq} of the journal cannot be read: {what}")]
    Unreadable {
        /// The frame's sequence number.
        seq: u64,
        /// What is not understood.
        what: String,
    },
}

impl StoreFault {
    /// Wraps what the operating system said about `path`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreFault {
        let path = path.to_path_buf();
        move |source| StoreFault::Io { doing, path, source: Arc::new(source) }
    }
}
