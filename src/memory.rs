//! Memory: how the process asks the system for it, and gives it back.

use std::{env, os::unix::process::CommandExt, process::Command};

/// Begins this program again, in its own place, with an allocator that gives memory back as soon
/// as it is free: it keeps it for a second otherwise, and at rest for ever, and can be told only
/// by its environment. Whoever has set the variable is heard. Where the system refuses, nothing
/// changes. To be called first.
pub fn give_back_at_once() {
    if env::var_os(PURGE_DELAY).is_some() {
        return;
    }
    let (Ok(program), mut words) = (env::current_exe(), env::args_os()) else { return };
    let mut again = Command::new(program);
    if let Some(name) = words.next() {
        again.arg0(name);
    }
    // Comes back only if it could not be done.
    let _refused = again.args(words).env(PURGE_DELAY, PURGE_DELAY_MILLIS).exec();
}

/// Asks for small pages from here on. With huge ones a shop at rest holds twice the memory, and a
/// busy one spends its time clearing two megabytes wherever a few kilobytes are wanted. A system
/// that refuses is only more wasteful. To be called first, and safe to repeat.
pub fn keep_pages_small() {
    // There is no log yet that could be told.
    let _refused = rustix::thread::disable_transparent_huge_pages(true);
}

/// Lets the allocator give back what was freed a while ago. It looks for that only when something
/// large is freed, and a shop at rest frees nothing: it would hold for ever what its start needed.
pub fn give_back() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE_BYTES)));
}

/// So much comes from the system and not from what the allocator has at hand; it is never touched.
const LARGE_BYTES: usize = 4 << 20;
/// What the allocator is told by.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";
const PURGE_DELAY_MILLIS: &str = "0";
