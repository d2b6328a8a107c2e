//! Memory: how the process asks the system for it, and gives it back.

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
