//! The signing secret: random bytes in a file that only its owner can read.
//!
//! Invariant: the file has all its bytes on disk or does not exist; a crash while it is made
//! leaves none. Whoever calls holds the lock of the data directory. Losing the file ends all
//! sessions and nothing else.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use secrecy::{SecretSlice, zeroize::Zeroizing};

/// Why there is no secret to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    /// Others on this machine may have read it.
    #[error(
        "{} can be read or written by others: run `chmod 600` on it, or delete it to get a new \
         one (which ends all sessions)", .0.display()
    )]
    Exposed(PathBuf),
    /// It can be guessed.
    #[error(
        "{} does not hold between {SECRET_BYTES_MIN} and {SECRET_BYTES_MAX} random bytes: delete \
         it to get a new one (which ends all sessions)", .0.display()
    )]
    Weak(PathBuf),
    /// It is something else than a file.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
    /// It cannot be read or written.
    #[error("{} cannot be used: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// The secret of this data directory, made if there is none.
///
/// # Errors
/// A file that is weak, open to others, or cannot be used.
pub fn signing_secret(dir: &Path) -> Result<SecretSlice<u8>, SecretFault> {
    let path = dir.join(FILE);
    let io_fault = |source| SecretFault::Io { path: path.clone(), source };
    match File::open(&path) {
        Ok(file) => read(file, &path),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES_MIN]);
            getrandom::fill(&mut bytes).map_err(SecretFault::NoRandomness)?;
            write(dir, &bytes).map_err(io_fault)?;
            tracing::info!("made a new signing secret");
            Ok(SecretSlice::from(bytes.to_vec()))
        }
        Err(fault) => Err(io_fault(fault)),
    }
}

fn read(file: File, path: &Path) -> Result<SecretSlice<u8>, SecretFault> {
    let io_fault = |source| SecretFault::Io { path: path.to_owned(), source };
    let about = file.metadata().map_err(io_fault)?;
    if !about.is_file() {
        return Err(SecretFault::NotAFile(path.to_owned()));
    }
    if about.mode() & OTHERS != 0 {
        return Err(SecretFault::Exposed(path.to_owned()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_BYTES_MAX + 1));
    let most = u64::try_from(bytes.capacity()).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes).map_err(io_fault)?;
    if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes.len()) || is_monotonous(&bytes) {
        return Err(SecretFault::Weak(path.to_owned()));
    }
    Ok(SecretSlice::from(bytes.to_vec()))
}

/// Written under another name, synced, renamed, and the directory synced.
fn write(dir: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = dir.join(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, dir.join(FILE))?;
    File::open(dir)?.sync_all()
}

/// Whether so few different bytes occur that nobody random chose them.
fn is_monotonous(bytes: &[u8]) -> bool {
    let mut different = bytes.to_vec();
    different.sort_unstable();
    different.dedup();
    different.len() < DIFFERENT_BYTES_MIN
}

const FILE: &str = "secret";
const UNFINISHED: &str = "secret.new";
/// Permissions of the group and of everybody.
const OTHERS: u32 = 0o077;
const SECRET_BYTES_MIN: usize = 32;
const SECRET_BYTES_MAX: usize = 4096;
/// Random bytes, also those written as hex, never come near so few.
const DIFFERENT_BYTES_MIN: usize = 8;

#[cfg(test)]
mod tests;
