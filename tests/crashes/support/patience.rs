//! Patience: a real process is asked again until it has done what it does by itself.

use std::{thread, time::Duration};

/// What `look` finds at last.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(BETWEEN);
    }
    panic!("it never came: {what}")
}

/// What a customer does between two clicks, where the shop is to keep up with them.
pub fn thinks() {
    thread::sleep(BETWEEN);
}

/// So many looks are a minute: what has not come by then does not come.
const LOOKS_MAX: usize = 3_000;
const BETWEEN: Duration = Duration::from_millis(20);
