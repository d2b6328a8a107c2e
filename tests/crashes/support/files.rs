//! Files of a data directory.

use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::FileExt,
    path::Path,
};

/// Copies a stopped shop, as its owner does to back it up.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new directory");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let (kind, to) = (entry.file_type().expect("readable"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            copy_file(&entry.path(), &to);
        }
    }
}

/// Most of a journal waits to be written: what is blank stays a hole, which costs the disk nothing.
fn copy_file(from: &Path, to: &Path) {
    let bytes = match fs::read(from) {
        // A shop that runs takes away what it does not need any more.
        Err(fault) if fault.kind() == ErrorKind::NotFound => return,
        read => read.expect("readable"),
    };
    let to = File::create(to).expect("a new file");
    for (at, piece) in (0..).zip(bytes.chunks(BLANK.len())) {
        if piece != &BLANK[..piece.len()] {
            to.write_all_at(piece, at * PIECE_BYTES).expect("room on the disk");
        }
    }
    to.set_len(u64::try_from(bytes.len()).expect("small")).expect("room on the disk");
    // A secret that others may read is refused.
    if let Ok(kept) = fs::metadata(from) {
        to.set_permissions(kept.permissions()).expect("our own file");
    }
}

const PIECE_BYTES: u64 = 4096;
static BLANK: [u8; 4096] = [0; 4096];
