//! Passwords: argon2id on a bounded pool of its own threads.
//!
//! Invariants: hashing never runs on a thread that serves requests or owns aggregates; at most
//! half the cores hash at a time, at lower priority; a full queue answers busy instead of piling
//! up. Parameters are the OWASP Password Storage Cheat Sheet's (19 MiB, 2 passes, 1 lane), which
//! are the crate's defaults.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::domain::users::PasswordHash;

/// Why a password could not be hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too many wait already; trying again later is safe.
    #[error("too many sign-ins at once")]
    Busy,
    /// The hash could not be made, or a stored one could not be read.
    #[error("the password could not be hashed")]
    Hashing,
}

impl From<PasswordFault> for crate::actors::Rejection {
    fn from(fault: PasswordFault) -> Self {
        match fault {
            PasswordFault::Busy => crate::actors::Rejection::Busy,
            PasswordFault::Hashing => crate::actors::Rejection::Fault,
        }
    }
}

/// The pool. Clones share it; its threads end when the last clone is gone.
#[derive(Clone)]
pub struct Passwords {
    jobs: mpsc::SyncSender<(Job, Place)>,
    decoy: PasswordHash,
    waiting: Arc<AtomicUsize>,
}

/// A place in the queue, given back when the job is taken up or refused.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Job {
    Hash(SecretString, oneshot::Sender<Result<PasswordHash, PasswordFault>>),
    Verify(SecretString, PasswordHash, oneshot::Sender<bool>),
}

impl Passwords {
    /// Starts the pool: one thread for every two cores, at least one.
    ///
    /// # Errors
    /// [`PasswordFault::Hashing`] if no randomness or no thread can be had.
    pub fn start() -> Result<Passwords, PasswordFault> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (jobs, queue) = mpsc::sync_channel(WAITING_PASSWORDS_MAX);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..(cores / 2).max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || hash_until_closed(&queue))
                .map_err(|_| PasswordFault::Hashing)?;
        }
        let decoy = hash(&SecretString::from("nobody's password"))?;
        Ok(Passwords { jobs, decoy, waiting: Arc::default() })
    }

    /// How many passwords wait for a thread.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Hashes a password under a fresh salt.
    ///
    /// # Errors
    /// [`PasswordFault::Busy`] when too many wait.
    pub async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordFault> {
        let (answer, answered) = oneshot::channel();
        self.queue(Job::Hash(password, answer))?;
        answered.await.unwrap_or(Err(PasswordFault::Hashing))
    }

    /// Whether this is the password. Without a hash to compare, the same work is done on a decoy
    /// and the answer is no: time does not tell whether an account exists.
    ///
    /// # Errors
    /// [`PasswordFault::Busy`] when too many wait.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<PasswordHash>,
    ) -> Result<bool, PasswordFault> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.clone());
        let (answer, answered) = oneshot::channel();
        self.queue(Job::Verify(password, stored, answer))?;
        let same = answered.await.map_err(|_| PasswordFault::Hashing)?;
        Ok(same && known)
    }

    fn queue(&self, job: Job) -> Result<(), PasswordFault> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&self.waiting));
        self.jobs.try_send((job, place)).map_err(|_| PasswordFault::Busy)
    }
}

/// Takes jobs one after the other until every [`Passwords`] is gone.
fn hash_until_closed(queue: &Mutex<mpsc::Receiver<(Job, Place)>>) {
    lower_priority();
    loop {
        let next = match queue.lock() {
            Ok(queue) => queue.recv().map(|(job, _)| job),
            Err(_) => return,
        };
        // Whoever asked may have gone; then the answer is of no use to anybody.
        let _unheard = match next {
            Ok(Job::Hash(password, answer)) => answer.send(hash(&password)).is_err(),
            Ok(Job::Verify(password, stored, answer)) => {
                answer.send(is_same(&password, &stored)).is_err()
            }
            Err(mpsc::RecvError) => return,
        };
    }
}

/// On Linux a priority belongs to the thread that asks; a machine that refuses is only slower.
fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(None, PASSWORD_NICENESS) {
        tracing::debug!(%error, "password threads keep their priority");
    }
}

/// Hashes on the calling thread: for the command line, where nobody else waits.
///
/// # Errors
/// [`PasswordFault::Hashing`] if no randomness can be had.
pub fn hash(password: &SecretString) -> Result<PasswordHash, PasswordFault> {
    let made: phc::PasswordHash = Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map_err(|_| PasswordFault::Hashing)?;
    Ok(PasswordHash::new(made.to_string()))
}

fn is_same(password: &SecretString, stored: &PasswordHash) -> bool {
    phc::PasswordHash::new(stored.phc()).is_ok_and(|stored| {
        Argon2::default().verify_password(password.expose_secret().as_bytes(), &stored).is_ok()
    })
}

/// Whether everybody tries this password first.
pub fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    COMMON_PASSWORDS.lines().any(|common| common == folded)
}

/// The most common passwords, one a line.
const COMMON_PASSWORDS: &str = include_str!("../../data/common_passwords.txt");
/// Beyond this many waiting passwords the answer is busy: some seconds of work.
const WAITING_PASSWORDS_MAX: usize = 256;
/// How far password threads stand back behind those that serve pages (0 to 19).
const PASSWORD_NICENESS: i32 = 10;

#[cfg(test)]
mod tests;
