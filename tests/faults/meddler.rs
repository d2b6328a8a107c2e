//! Meddler: stands between the shop and the disk, and lets one write or sync end badly.
//!
//! Not part of the test binary: `meddle.rs` compiles it by itself into a library that the
//! system loader puts before the C library (`LD_PRELOAD`). It counts every change of a file below
//! one directory, in all threads together, and at the ordered one does what was ordered. It is
//! the only unsafe code of this project, and none of the shop's.

use std::{
    env,
    ffi::{CStr, CString, c_char, c_int, c_void},
    mem,
    path::Path,
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn readlink(path: *const c_char, buffer: *mut c_char, size: usize) -> isize;
    fn getpid() -> c_int;
    fn kill(process: c_int, signal: c_int) -> c_int;
    fn __errno_location() -> *mut c_int;
}

/// What was ordered: `MEDDLE=die:17`, for files below `MEDDLE_DIR`.
struct Order {
    what: What,
    at: u64,
    dir: String,
    count: AtomicU64,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    /// The process dies before the N-th change.
    Die,
    /// It dies when half of the N-th change is written.
    Tear,
    /// From the N-th on, syncs fail.
    FailSyncs,
    /// Every sync takes so many microseconds.
    SlowSyncs,
    /// From the N-th on there is no room, until a file `heal` lies in the directory.
    Full,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Write,
    Sync,
    Name,
}

/// What becomes of a call.
enum Fate {
    Goes,
    Half,
    Fails(c_int),
}

fn order() -> Option<&'static Order> {
    static ORDER: OnceLock<Option<Order>> = OnceLock::new();
    let read = || {
        let text = env::var("MEDDLE").ok()?;
        let (what, at) = text.split_once(':')?;
        let what = match what {
            "die" => What::Die,
            "tear" => What::Tear,
            "fail_syncs" => What::FailSyncs,
            "slow_syncs" => What::SlowSyncs,
            "full" => What::Full,
            _ => return None,
        };
        let dir = env::var("MEDDLE_DIR").ok()?;
        Some(Order { what, at: at.parse().ok()?, dir, count: AtomicU64::new(0) })
    };
    ORDER.get_or_init(read).as_ref()
}

fn fate_of(kind: Kind, path: Option<String>) -> Fate {
    let (Some(order), Some(path)) = (order(), path) else { return Fate::Goes };
    // The zeros of a segment that is made ahead are a thousand writes like one.
    let is_zeros = kind == Kind::Write && path.ends_with("/spare.tmp");
    if !path.starts_with(&order.dir) || (is_zeros && order.what != What::Full) {
        return Fate::Goes;
    }
    let number = order.count.fetch_add(1, Ordering::SeqCst) + 1;
    match order.what {
        What::Die if number == order.at => die(),
        What::Tear if number == order.at && kind == Kind::Write => Fate::Half,
        What::Tear if number == order.at => die(),
        What::FailSyncs if kind == Kind::Sync && number >= order.at => Fate::Fails(EIO),
        What::SlowSyncs if kind == Kind::Sync => {
            thread::sleep(Duration::from_micros(order.at));
            Fate::Goes
        }
        What::Full if kind == Kind::Write && number >= order.at => {
            let healed = Path::new(&order.dir).join("heal").exists();
            if healed { Fate::Goes } else { Fate::Fails(ENOSPC) }
        }
        What::Die | What::Tear | What::FailSyncs | What::SlowSyncs | What::Full => Fate::Goes,
    }
}

fn die() -> ! {
    loop {
        unsafe { kill(getpid(), KILL) };
    }
}

fn fail(code: c_int) -> c_int {
    unsafe { *__errno_location() = code };
    -1
}

/// The file behind a descriptor.
fn path_of(file: c_int) -> Option<String> {
    let link = CString::new(format!("/proc/self/fd/{file}")).ok()?;
    let mut buffer = [0u8; 512];
    let length = unsafe { readlink(link.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    let bytes = buffer.get(..usize::try_from(length).ok()?)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// The function of this name in the C library.
fn next(name: &CStr) -> *mut c_void {
    let found = unsafe { dlsym(ptr::without_provenance_mut(usize::MAX), name.as_ptr()) };
    assert!(!found.is_null());
    found
}

type Write = unsafe extern "C" fn(c_int, *const c_void, usize) -> isize;
type WriteAt = unsafe extern "C" fn(c_int, *const c_void, usize, i64) -> isize;
type Sync = unsafe extern "C" fn(c_int) -> c_int;
type SyncRange = unsafe extern "C" fn(c_int, i64, i64, u32) -> c_int;
type Rename = unsafe extern "C" fn(*const c_char, *const c_char) -> c_int;

#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: c_int, bytes: *const c_void, length: usize) -> isize {
    let real: Write = unsafe { mem::transmute(next(c"write")) };
    match fate_of(Kind::Write, path_of(file)) {
        Fate::Goes => unsafe { real(file, bytes, length) },
        Fate::Half => {
            unsafe { real(file, bytes, length / 2) };
            die()
        }
        Fate::Fails(code) => fail(code) as isize,
    }
}

unsafe fn write_at(
    name: &CStr,
    file: c_int,
    bytes: *const c_void,
    length: usize,
    at: i64,
) -> isize {
    let real: WriteAt = unsafe { mem::transmute(next(name)) };
    match fate_of(Kind::Write, path_of(file)) {
        Fate::Goes => unsafe { real(file, bytes, length, at) },
        Fate::Half => {
            unsafe { real(file, bytes, length / 2, at) };
            die()
        }
        Fate::Fails(code) => fail(code) as isize,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(file: c_int, bytes: *const c_void, length: usize, at: i64) -> isize {
    unsafe { write_at(c"pwrite64", file, bytes, length, at) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(file: c_int, bytes: *const c_void, length: usize, at: i64) -> isize {
    unsafe { write_at(c"pwrite", file, bytes, length, at) }
}

unsafe fn synced(name: &CStr, file: c_int) -> c_int {
    let real: Sync = unsafe { mem::transmute(next(name)) };
    match fate_of(Kind::Sync, path_of(file)) {
        Fate::Goes => unsafe { real(file) },
        Fate::Half => die(),
        Fate::Fails(code) => fail(code),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(file: c_int) -> c_int {
    unsafe { synced(c"fdatasync", file) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(file: c_int) -> c_int {
    unsafe { synced(c"fsync", file) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sync_file_range(file: c_int, from: i64, length: i64, flags: u32) -> c_int {
    let real: SyncRange = unsafe { mem::transmute(next(c"sync_file_range")) };
    match fate_of(Kind::Sync, path_of(file)) {
        Fate::Goes => unsafe { real(file, from, length, flags) },
        Fate::Half => die(),
        Fate::Fails(code) => fail(code),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let real: Rename = unsafe { mem::transmute(next(c"rename")) };
    let path = unsafe { CStr::from_ptr(to) }.to_string_lossy().into_owned();
    match fate_of(Kind::Name, Some(path)) {
        Fate::Goes => unsafe { real(from, to) },
        Fate::Half => die(),
        Fate::Fails(code) => fail(code),
    }
}

const KILL: c_int = 9;
const EIO: c_int = 5;
const ENOSPC: c_int = 28;
