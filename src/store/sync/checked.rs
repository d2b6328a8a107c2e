//! Either the standard library's primitives or those of the schedule checker, by where they are
//! made. A load or a store of the checker's may be followed by anybody else's step, too.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
    sync::{LockResult, PoisonError, atomic::Ordering},
    time::Duration,
};

std::thread_local! {
    static SCHEDULED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `check` so that what is made inside belongs to the schedule checker.
pub fn scheduled(check: impl FnOnce()) {
    SCHEDULED.set(true);
    check();
    SCHEDULED.set(false);
}

/// A lock.
#[derive(Debug)]
pub enum Mutex<T> {
    Real(std::sync::Mutex<T>),
    Scheduled(shuttle::sync::Mutex<T>),
}

/// A lock that is held.
pub enum MutexGuard<'a, T> {
    Real(std::sync::MutexGuard<'a, T>),
    Scheduled(shuttle::sync::MutexGuard<'a, T>),
}

impl<T> Mutex<T> {
    pub fn new(value: T) -> Mutex<T> {
        if SCHEDULED.get() {
            Mutex::Scheduled(shuttle::sync::Mutex::new(value))
        } else {
            Mutex::Real(std::sync::Mutex::new(value))
        }
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        match self {
            Mutex::Real(lock) => real(lock.lock()),
            Mutex::Scheduled(lock) => of_checker(lock.lock()),
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        match self {
            MutexGuard::Real(guard) => guard,
            MutexGuard::Scheduled(guard) => guard,
        }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            MutexGuard::Real(guard) => guard,
            MutexGuard::Scheduled(guard) => guard,
        }
    }
}

fn real<'a, T>(locked: LockResult<std::sync::MutexGuard<'a, T>>) -> LockResult<MutexGuard<'a, T>> {
    match locked {
        Ok(guard) => Ok(MutexGuard::Real(guard)),
        Err(poisoned) => Err(PoisonError::new(MutexGuard::Real(poisoned.into_inner()))),
    }
}

fn of_checker<'a, T>(
    locked: LockResult<shuttle::sync::MutexGuard<'a, T>>,
) -> LockResult<MutexGuard<'a, T>> {
    match locked {
        Ok(guard) => Ok(MutexGuard::Scheduled(guard)),
        Err(poisoned) => Err(PoisonError::new(MutexGuard::Scheduled(poisoned.into_inner()))),
    }
}

/// A condition that is waited for.
#[derive(Debug)]
pub enum Condvar {
    Real(std::sync::Condvar),
    Scheduled(shuttle::sync::Condvar),
}

impl Condvar {
    pub fn new() -> Condvar {
        if SCHEDULED.get() {
            Condvar::Scheduled(shuttle::sync::Condvar::new())
        } else {
            Condvar::Real(std::sync::Condvar::new())
        }
    }

    pub fn wait_while<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        match (self, guard) {
            (Condvar::Real(condvar), MutexGuard::Real(guard)) => {
                real(condvar.wait_while(guard, condition))
            }
            (Condvar::Scheduled(condvar), MutexGuard::Scheduled(guard)) => {
                of_checker(condvar.wait_while(guard, condition))
            }
            _ => unreachable!("a lock and its condition are made in the same place"),
        }
    }

    /// The checker knows no time: there, nobody ever gives up, and a wake-up that is lost is a
    /// deadlock that it finds. Whether time ran out is not told.
    pub fn wait_timeout_while<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        patience: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        match (self, guard) {
            (Condvar::Real(condvar), MutexGuard::Real(guard)) => {
                match condvar.wait_timeout_while(guard, patience, condition) {
                    Ok((guard, _)) => Ok((MutexGuard::Real(guard), ())),
                    Err(poisoned) => {
                        let (guard, _) = poisoned.into_inner();
                        Err(PoisonError::new((MutexGuard::Real(guard), ())))
                    }
                }
            }
            (Condvar::Scheduled(condvar), MutexGuard::Scheduled(guard)) => {
                match of_checker(condvar.wait_while(guard, condition)) {
                    Ok(guard) => Ok((guard, ())),
                    Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), ()))),
                }
            }
            _ => unreachable!("a lock and its condition are made in the same place"),
        }
    }

    pub fn notify_one(&self) {
        match self {
            Condvar::Real(condvar) => condvar.notify_one(),
            Condvar::Scheduled(condvar) => condvar.notify_one(),
        }
    }

    pub fn notify_all(&self) {
        match self {
            Condvar::Real(condvar) => condvar.notify_all(),
            Condvar::Scheduled(condvar) => condvar.notify_all(),
        }
    }
}

macro_rules! counters {
    ($($name:ident of $value:ty),+) => {$(
        /// A number that many look at.
        #[derive(Debug)]
        pub enum $name {
            Real(std::sync::atomic::$name),
            Scheduled(shuttle::sync::atomic::$name),
        }

        impl $name {
            pub fn new(value: $value) -> $name {
                if SCHEDULED.get() {
                    $name::Scheduled(shuttle::sync::atomic::$name::new(value))
                } else {
                    $name::Real(std::sync::atomic::$name::new(value))
                }
            }

            pub fn load(&self, order: Ordering) -> $value {
                match self {
                    $name::Real(number) => number.load(order),
                    $name::Scheduled(number) => {
                        let value = number.load(Ordering::SeqCst);
                        shuttle::thread::yield_now();
                        value
                    }
                }
            }

            pub fn store(&self, value: $value, order: Ordering) {
                match self {
                    $name::Real(number) => number.store(value, order),
                    $name::Scheduled(number) => {
                        number.store(value, Ordering::SeqCst);
                        shuttle::thread::yield_now();
                    }
                }
            }
        }
    )+};
}

counters! { AtomicU64 of u64, AtomicI64 of i64 }
