//! Sync: the locks and counters between those who submit and the commit thread.
//!
//! The standard library's, and nothing else, in every build but a test's. In a test they are the
//! standard library's too, unless they are made inside a schedule checker: then they are its own,
//! so that the very code of the queue and of the commit thread runs under every schedule it tries.

#[cfg(test)]
mod checked;

#[cfg(test)]
pub(super) use checked::{AtomicI64, AtomicU64, Condvar, Mutex, MutexGuard, scheduled};
#[cfg(not(test))]
pub(super) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicI64, AtomicU64},
};
