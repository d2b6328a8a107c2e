//! Memory: how the process asks the system for it.

/// Asks for small pages from here on. With huge ones a shop at rest holds twice the memory, and a
/// busy one spends its time clearing two megabytes wherever a few kilobytes are wanted. A system
/// that refuses is only more wasteful. To be called first, and safe to repeat.
pub fn keep_pages_small() {
    // There is no log yet that could be told.
    let _refused = rustix::thread::disable_transparent_huge_pages(true);
}
