//! Lock: one process has a data directory, and the directory belongs to its user alone.
//!
//! The lock is the operating system's, so a process that dies lets go of it.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

use super::fault::StoreFault;

/// Holds the data directory until it is dropped.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

impl DirLock {
    /// Makes the directory if need be (mode 0700) and takes it, or says at once who can't.
    pub fn take(dir: &Path) -> Result<DirLock, StoreFault> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(dir)
            .map_err(StoreFault::io("make", dir))?;
        fs::set_permissions(dir, fs::Permissions::from_mode(DIR_MODE))
            .map_err(StoreFault::io("close to others", dir))?;
        let path = dir.join("lock");
        let file = File::create(&path).map_err(StoreFault::io("make", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(DirLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreFault::Locked { dir: dir.to_path_buf() }),
            Err(TryLockError::Error(source)) => Err(StoreFault::io("lock", &path)(source)),
        }
    }
}

/// The owner reads, writes and enters; nobody else does anything.
const DIR_MODE: u32 = 0o700;
