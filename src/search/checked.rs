//! Checked: a directory of an index whose small files, which name all others, end with their sum.
//!
//! Invariant: a list of files is read as it was written or not at all. tantivy has a sum in each
//! file of a segment, but none in these: a name that is damaged there would be passed over, and
//! what had been deleted would be found again.

use std::{io, path::Path, sync::Arc};

use tantivy::{
    Directory,
    directory::{
        DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
        error::{DeleteError, LockError, OpenReadError, OpenWriteError},
    },
};

/// A directory on the disk with sums under its lists of files.
#[derive(Clone, Debug)]
pub(super) struct Checked(MmapDirectory);

impl Checked {
    /// The directory that is there.
    ///
    /// # Errors
    /// It is not, or is none.
    pub fn at(dir: &Path) -> tantivy::Result<Checked> {
        Ok(Checked(MmapDirectory::open(dir)?))
    }
}

impl Directory for Checked {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let whole = self.0.atomic_read(path)?;
        let split = whole.len().checked_sub(SUM_BYTES).and_then(|at| whole.split_at_checked(at));
        match split {
            Some((list, sum)) if sum == sum_of(list).as_bytes() => Ok(list.to_vec()),
            Some(_) | None => {
                let damaged = io::Error::new(io::ErrorKind::InvalidData, "its sum is another");
                Err(OpenReadError::wrap_io_error(damaged, path.to_path_buf()))
            }
        }
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.0.atomic_write(path, &[data, sum_of(data).as_bytes()].concat())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.0.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(callback)
    }
}

/// What stands behind a list: a line of its own.
fn sum_of(list: &[u8]) -> String {
    format!("\n{:08x}\n", crc32c::crc32c(list))
}

const SUM_BYTES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let (dir, list) = (Checked::at(folder.path()).expect("a directory"), Path::new("list"));
        for text in ["", "{\"deletes\": {\"opstamp\": 7}}"] {
            dir.atomic_write(list, text.as_bytes()).expect("room");
            assert_eq!(dir.atomic_read(list).expect("the list"), text.as_bytes());
            let whole = std::fs::read(folder.path().join(list)).expect("the file");
            for at in 0..whole.len() {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << (at % 8);
                std::fs::write(folder.path().join(list), &damaged).expect("room");
                assert!(dir.atomic_read(list).is_err(), "byte {at} of {text:?}");
            }
            std::fs::write(folder.path().join(list), &whole[..whole.len() / 2]).expect("room");
            assert!(dir.atomic_read(list).is_err(), "half of {text:?}");
        }
    }
}
