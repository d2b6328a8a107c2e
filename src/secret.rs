//! The signing secret: random bytes in a file that only its owner can read.
//!
//! Invariant: the file has all its bytes on disk or does not exist; a crash while it is made
//! leaves none. Its checksum lies beside it: a secret that changed unnoticed would end all
//! sessions, change the secret of every webhook, and request keys would be known no more. Whoever
//! calls holds the lock of the data directory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretSlice, zeroize::Zeroizing};
use sha2::{Digest, Sha256};

/// Why there is no secret to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    /// Others on this machine may have read it.
    #[error(
        "{} can be read or written by others: run `chmod 600` on it, or delete it to get a new \
         one (which ends all sessions and changes the secret of every webhook)", .0.display()
    )]
    Exposed(PathBuf),
    /// It can be guessed.
    #[error(
        "{} does not hold between {SECRET_BYTES_MIN} and {SECRET_BYTES_MAX} random bytes: delete \
         it to get a new one (which ends all sessions and changes the secret of every webhook)",
        .0.display()
    )]
    Weak(PathBuf),
    /// It is not the one this shop had.
    #[error(
        "{} is not what {SUM} beside it says: bring it back from a backup, or delete both to go on \
         with what is there now or get a new one (which ends all sessions, changes the \
         secret of every webhook, and forgets the Idempotency-Keys of the last day)", .0.display()
    )]
    Changed(PathBuf),
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
        Ok(file) => {
            let secret = read(file, &path)?;
            must_be_the_same(dir, &path, secret.expose_secret())?;
            Ok(secret)
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES_MIN]);
            getrandom::fill(&mut bytes).map_err(SecretFault::NoRandomness)?;
            // The sum of a secret that is gone says nothing about the next one.
            write(dir, SUM, sum_of(&bytes).as_bytes()).map_err(io_fault)?;
            write(dir, FILE, &bytes).map_err(io_fault)?;
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
    if !is_strong(&bytes) {
        return Err(SecretFault::Weak(path.to_owned()));
    }
    Ok(SecretSlice::from(bytes.to_vec()))
}

/// Compares it with its checksum; one that has none yet gets it.
fn must_be_the_same(dir: &Path, path: &Path, secret: &[u8]) -> Result<(), SecretFault> {
    let io_fault = |source| SecretFault::Io { path: dir.join(SUM), source };
    match fs::read(dir.join(SUM)) {
        Ok(sum) if sum == sum_of(secret).as_bytes() => Ok(()),
        Ok(_) => Err(SecretFault::Changed(path.to_owned())),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            match write(dir, SUM, sum_of(secret).as_bytes()) {
                // A full disk must not keep the shop shut; the next start writes it.
                Err(fault) if fault.kind() == io::ErrorKind::StorageFull => Ok(()),
                written => written.map_err(io_fault),
            }
        }
        Err(fault) => Err(io_fault(fault)),
    }
}

/// Says nothing about a secret that nobody can guess.
fn sum_of(secret: &[u8]) -> String {
    let digest = Sha256::digest(secret);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Written under another name, synced, renamed, and the directory synced.
fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = dir.join(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, dir.join(name))?;
    File::open(dir)?.sync_all()
}

/// Whether these bytes can be signed with: enough of them, and not all alike.
pub fn is_strong(bytes: &[u8]) -> bool {
    (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes.len()) && !is_monotonous(bytes)
}

/// Whether so few different bytes occur that nobody random chose them.
fn is_monotonous(bytes: &[u8]) -> bool {
    let mut different = bytes.to_vec();
    different.sort_unstable();
    different.dedup();
    different.len() < DIFFERENT_BYTES_MIN
}

const FILE: &str = "secret";
const SUM: &str = "secret.sum";
const UNFINISHED: &str = "secret.new";
/// Permissions of the group and of everybody.
const OTHERS: u32 = 0o077;
const SECRET_BYTES_MIN: usize = 32;
const SECRET_BYTES_MAX: usize = 4096;
/// Random bytes, also those written as hex, never come near so few.
const DIFFERENT_BYTES_MIN: usize = 8;

#[cfg(test)]
mod tests;
