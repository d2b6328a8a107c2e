//! What a journal keeps, cuts off, and refuses to open.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{
    super::{disk::Disk, fault::StoreFault},
    frame::Parsed,
    open::{Survey, Torn, survey_within},
    read::Cursor,
    *,
};

const SEGMENT: u64 = 4 << 20;

fn survey(dir: &Path, known: Seq) -> Result<Survey, StoreFault> {
    survey_within(dir, known, u64::MAX)
}

fn opened(dir: &Path) -> Result<(Journal, Option<Torn>), StoreFault> {
    survey(dir, 0)?.repair(&Disk::under(dir, 0, None), SEGMENT, 1, None)
}

fn fresh() -> (TempDir, Journal) {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, torn) = opened(folder.path()).expect("an empty journal");
    assert_eq!(torn, None);
    (folder, journal)
}

fn frame_of(payload: &str, millis: i64) -> (Vec<u8>, Timestamp) {
    let mut frame = vec![0; HEADER_BYTES];
    frame.extend_from_slice(payload.as_bytes());
    (frame, Timestamp::from_millis(millis))
}

/// One batch of these payloads.
fn keep(journal: &mut Journal, payloads: &[&str]) {
    let mut frames: Vec<_> = payloads.iter().map(|payload| frame_of(payload, 1)).collect();
    let appended = journal.append(&mut frames);
    assert!(appended.fault.is_none(), "{appended:?}");
}

fn payloads(dir: &Path, through: Seq) -> Vec<String> {
    let mut cursor = Cursor::after(dir, 0);
    let mut all = Vec::new();
    while let Some(entry) = cursor.next(through).expect("a readable frame") {
        all.push(String::from_utf8(entry.payload).expect("text"));
    }
    all
}

/// Offsets at which frames of this segment begin, and where the last ends.
fn starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    while let Parsed::Frame(frame) = frame::parse(&bytes[starts[starts.len() - 1]..]) {
        starts.push(starts[starts.len() - 1] + frame.bytes());
    }
    starts
}

/// A journal with these bytes as its only segment.
fn with_segment(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(segment::name_of(1)), bytes).expect("a segment");
    folder
}

/// The segment, without most of the zeros behind its frames.
fn segment_of(folder: &TempDir) -> Vec<u8> {
    let mut bytes = fs::read(folder.path().join(segment::name_of(1))).expect("a segment");
    let end = starts(&bytes).pop().expect("an end");
    bytes.truncate(end + 4096);
    bytes
}

#[test]
fn what_was_appended_is_read_back_in_order() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea", "cups"]);
    keep(&mut journal, &["spoons"]);
    assert_eq!(journal.last(), 3);
    assert_eq!(payloads(folder.path(), 3), ["tea", "cups", "spoons"]);
    assert_eq!(payloads(folder.path(), 2), ["tea", "cups"]);
    drop(journal);
    let (journal, torn) = opened(folder.path()).expect("an open journal");
    assert_eq!((journal.last(), torn), (3, None));
}

#[test]
fn a_crash_at_every_byte_keeps_all_whole_frames_and_reports_the_rest() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea"]);
    keep(&mut journal, &["cups", "spoons and saucers", "milk"]);
    let bytes = segment_of(&folder);
    let starts = starts(&bytes);
    for cut in starts[1]..=starts[4] {
        let mut crashed = bytes.clone();
        crashed[cut..].fill(0);
        let folder = with_segment(&crashed);
        let (journal, torn) = opened(folder.path()).expect("a crash is no damage");
        let whole = starts.iter().filter(|start| **start <= cut).count() - 1;
        assert_eq!(journal.last(), len64(whole), "cut at {cut}");
        let rest = crashed[starts[whole]..cut].iter().rposition(|byte| *byte != 0);
        assert_eq!(torn.is_some(), rest.is_some(), "cut at {cut}");
        if let Some(torn) = torn {
            assert_eq!(torn.offset, len64(starts[whole]));
            let kept = fs::read(torn.kept.expect("kept aside")).expect("readable");
            assert!(crashed[starts[whole]..].starts_with(&kept));
        }
        drop(journal);
        let (journal, torn) = opened(folder.path()).expect("an open journal");
        assert_eq!((journal.last(), torn), (len64(whole), None), "again after {cut}");
    }
}

#[test]
fn a_file_cut_short_at_every_byte_opens_with_its_whole_frames() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea", "cups"]);
    let bytes = segment_of(&folder);
    let starts = starts(&bytes);
    for cut in starts[1]..=starts[2] {
        let folder = with_segment(&bytes[..cut]);
        let (mut journal, _) = opened(folder.path()).expect("a crash is no damage");
        assert_eq!(journal.last(), if cut == starts[2] { 2 } else { 1 });
        keep(&mut journal, &["milk"]);
        assert_eq!(payloads(folder.path(), journal.last()).pop().as_deref(), Some("milk"));
    }
}

#[test]
fn a_flipped_byte_anywhere_in_the_closed_part_stops_the_start_with_file_and_offset() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea", "cups"]);
    keep(&mut journal, &["spoons"]);
    journal.close().expect("closed");
    let bytes = segment_of(&folder);
    let starts = starts(&bytes);
    for at in 0..starts[3] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        let folder = with_segment(&flipped);
        let Err(StoreFault::Damaged { file, offset, command, .. }) = opened(folder.path()) else {
            panic!("a flip at {at} went unnoticed");
        };
        let begins = starts.iter().rev().find(|start| **start <= at).copied();
        assert_eq!(Some(offset), begins.map(len64), "a flip at {at}");
        assert!(file.ends_with(segment::name_of(1)));
        assert!(command.starts_with("bodega verify"));
        let untouched = fs::read(&file).expect("the segment");
        assert!(untouched == flipped, "nothing is repaired by guessing");
    }
}

#[test]
fn a_flip_in_the_last_open_batch_is_reported_as_torn() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea"]);
    keep(&mut journal, &["cups"]);
    let mut bytes = segment_of(&folder);
    let starts = starts(&bytes);
    bytes[starts[1] + HEADER_BYTES] ^= 1;
    let (journal, torn) = opened(with_segment(&bytes).path()).expect("no damage");
    assert_eq!(journal.last(), 1);
    assert_eq!(torn.map(|torn| torn.offset), Some(len64(starts[1])));
}

/// These frames, the later of them as a version would write them that counts another format.
fn with_a_later_format_from(bytes: &[u8], start: usize) -> Vec<u8> {
    let mut later = bytes.to_vec();
    later[start + 3] = b'2';
    // Its checksum is over its own magic, or over something else altogether.
    later[start + 44] ^= 0x55;
    later
}

#[test]
fn what_a_later_version_wrote_is_refused_and_never_cut_off() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea", "cups"]);
    keep(&mut journal, &["spoons"]);
    let bytes = segment_of(&folder);
    let starts = starts(&bytes);
    for start in [starts[0], starts[1], starts[2]] {
        let later = with_a_later_format_from(&bytes, start);
        let folder = with_segment(&later);
        let refused = opened(folder.path()).map(|_| ());
        let Err(StoreFault::LaterFormat { file, offset, format: '2' }) = refused else {
            panic!("at {start}: {refused:?}");
        };
        assert_eq!(offset, len64(start));
        assert!(fs::read(&file).expect("the segment") == later, "nothing was changed");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing was made");
        let mut cursor = Cursor::after(folder.path(), 0);
        let read = std::iter::repeat_with(|| cursor.next(3)).find_map(Result::err);
        assert!(matches!(read, Some(StoreFault::LaterFormat { .. })), "{read:?}");
    }
}

#[test]
fn a_sealed_segment_of_a_later_version_is_refused_as_such() {
    let (folder, mut journal) = fresh();
    let large = "x".repeat(1_000_000);
    keep(&mut journal, &[large.as_str(); 6]);
    drop(journal);
    let first = folder.path().join(segment::name_of(1));
    let bytes = fs::read(&first).expect("a segment");
    fs::write(&first, with_a_later_format_from(&bytes, 0)).expect("written");
    let refused = opened(folder.path()).map(|_| ());
    assert!(matches!(refused, Err(StoreFault::LaterFormat { offset: 0, .. })), "{refused:?}");
}

#[test]
fn a_single_damaged_letter_is_not_taken_for_a_later_version() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea"]);
    keep(&mut journal, &["cups"]);
    let mut bytes = segment_of(&folder);
    let starts = starts(&bytes);
    bytes[3] ^= 2;
    let opened_damaged = opened(with_segment(&bytes).path()).map(|_| ());
    assert!(matches!(opened_damaged, Err(StoreFault::Damaged { .. })), "{opened_damaged:?}");
    bytes[3] ^= 2;
    bytes[starts[1] + 3] ^= 2;
    let (journal, torn) = opened(with_segment(&bytes).path()).expect("an unsynced end");
    assert_eq!((journal.last(), torn.is_some()), (1, true));
}

#[test]
fn a_spare_segment_that_is_not_blank_is_made_again() {
    let (folder, journal) = fresh();
    drop(journal);
    let spare = folder.path().join(segment::SPARE_NAME);
    let mut bytes = vec![0; usize::try_from(SEGMENT).expect("small")];
    bytes[70_000] = 1;
    fs::write(&spare, &bytes).expect("written");
    let (mut journal, _) = opened(folder.path()).expect("an open journal");
    let large = "x".repeat(1_000_000);
    keep(&mut journal, &[large.as_str(); 6]);
    drop(journal);
    let (journal, torn) = opened(folder.path()).expect("an open journal");
    assert_eq!((journal.last(), torn), (6, None));
}

#[test]
fn stale_frames_behind_a_cut_never_come_back() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea", "cups", "spoons", "milk"]);
    let mut bytes = segment_of(&folder);
    let starts = starts(&bytes);
    // The page of frame 2 never reached the disk, those behind it did.
    bytes[starts[1]..starts[2]].fill(0);
    let folder = with_segment(&bytes);
    let (mut journal, torn) = opened(folder.path()).expect("no damage");
    assert_eq!(journal.last(), 1);
    assert!(torn.is_some());
    keep(&mut journal, &["mugs"]);
    drop(journal);
    let (journal, torn) = opened(folder.path()).expect("nothing stale lines up");
    assert_eq!((journal.last(), torn), (2, None));
    assert_eq!(payloads(folder.path(), 2), ["tea", "mugs"]);
}

#[test]
fn frames_that_do_not_follow_one_another_are_damage() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["aaa", "bbb", "ccc"]);
    let mut bytes = segment_of(&folder);
    let starts = starts(&bytes);
    bytes.copy_within(starts[2]..starts[3], starts[1]);
    let opened = opened(with_segment(&bytes).path()).map(|_| ());
    assert!(matches!(opened, Err(StoreFault::Damaged { .. })), "{opened:?}");
}

#[test]
fn a_frame_of_another_history_is_damage() {
    let segments = ["aaa", "bbb"].map(|first| {
        let (folder, mut journal) = fresh();
        keep(&mut journal, &[first, "and so on"]);
        segment_of(&folder)
    });
    let [mut bytes, other] = segments;
    let starts = starts(&bytes);
    bytes[starts[1]..starts[2]].copy_from_slice(&other[starts[1]..starts[2]]);
    let opened = opened(with_segment(&bytes).path()).map(|_| ());
    assert!(matches!(opened, Err(StoreFault::Damaged { .. })), "{opened:?}");
}

#[test]
fn a_journal_goes_on_in_the_next_segment() {
    let (folder, mut journal) = fresh();
    let large = "x".repeat(900_000);
    for _ in 0..10 {
        keep(&mut journal, &[&large, "small"]);
    }
    assert!(segment::list(folder.path()).expect("segments").len() > 2);
    assert_eq!(payloads(folder.path(), 20).len(), 20);
    drop(journal);
    let (journal, torn) = opened(folder.path()).expect("an open journal");
    assert_eq!((journal.last(), torn), (20, None));
    drop(journal);

    let (_, second) = segment::list(folder.path()).expect("segments").swap_remove(1);
    fs::remove_file(second).expect("removed");
    let opened = opened(folder.path()).map(|_| ());
    assert!(matches!(opened, Err(StoreFault::Damaged { .. })), "{opened:?}");
}

#[test]
fn one_batch_may_fill_several_segments() {
    let (folder, mut journal) = fresh();
    let large = "x".repeat(1_000_000);
    keep(&mut journal, &[large.as_str(); 15]);
    assert_eq!(payloads(folder.path(), 15).len(), 15);
}

#[test]
fn a_sealed_segment_that_lost_its_end_is_damage() {
    let (folder, mut journal) = fresh();
    let large = "x".repeat(1_000_000);
    keep(&mut journal, &[large.as_str(); 6]);
    drop(journal);
    let first = folder.path().join(segment::name_of(1));
    let bytes = fs::read(&first).expect("a segment");
    let start = starts(&bytes).into_iter().rev().nth(1).expect("a last frame");
    fs::write(&first, &bytes[..start]).expect("cut");
    let opened = opened(folder.path()).map(|_| ());
    assert!(matches!(opened, Err(StoreFault::Damaged { .. })), "{opened:?}");
}

#[test]
fn an_old_segment_is_judged_whole_though_it_is_read_in_pieces() {
    let (folder, mut journal) = fresh();
    let large = "x".repeat(1_000_000);
    keep(&mut journal, &[large.as_str(); 15]);
    drop(journal);
    // The state holds it all: only the newest segment is read at the start.
    let survey = survey_within(folder.path(), 15, 0).expect("a sound journal");
    let unread = survey.unread_segments();
    assert_eq!(unread.pieces().count(), 3);
    assert!(unread.pieces().all(|piece| piece.check().is_ok()));

    let (_, path) = segment::list(folder.path()).expect("segments").swap_remove(0);
    let sound = fs::read(&path).expect("a segment");
    let starts = starts(&sound);
    let (end, frames) = starts.split_last().expect("an end");
    let flips = frames.iter().map(|start| (*start, start + 900_000));
    let flips = flips.chain([(*end, *end), (*end, sound.len() - 1)]);
    for (offset, at) in flips {
        let mut flipped = sound.clone();
        flipped[at] ^= 1;
        fs::write(&path, flipped).expect("written");
        let checked = unread.pieces().next().expect("the first").check();
        let Err(StoreFault::Damaged { offset: found, .. }) = checked else {
            panic!("a flip at {at} went unnoticed");
        };
        assert_eq!(found, len64(offset), "a flip at {at}");
    }
    fs::write(&path, &sound[..frames[frames.len() - 1]]).expect("cut");
    let cut = unread.pieces().next().expect("the first").check();
    assert!(matches!(cut, Err(StoreFault::Damaged { .. })), "{cut:?}");
}

#[test]
fn a_journal_that_ends_before_the_state_is_damage() {
    let (folder, mut journal) = fresh();
    keep(&mut journal, &["tea"]);
    let known = survey(folder.path(), 1).map(|_| ());
    assert!(known.is_ok());
    let known = survey(folder.path(), 2).map(|_| ());
    assert!(matches!(known, Err(StoreFault::Damaged { .. })), "{known:?}");
}

#[test]
fn time_in_the_journal_never_goes_back() {
    let (folder, mut journal) = fresh();
    for millis in [100, 50, 200, 10] {
        assert!(journal.append(&mut [frame_of("tick", millis)]).fault.is_none());
    }
    let mut cursor = Cursor::after(folder.path(), 0);
    let times: Vec<i64> = std::iter::from_fn(|| cursor.next(4).expect("a frame"))
        .map(|entry| entry.time.millis())
        .collect();
    assert_eq!(times, [100, 100, 200, 200]);
    drop(journal);
    let (journal, _) = opened(folder.path()).expect("an open journal");
    assert_eq!(journal.time().millis(), 200);
}

#[test]
fn a_short_write_is_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = Arc::new(Faults::none());
    let disk = Disk::under(folder.path(), 0, None);
    let journal = survey(folder.path(), 0)
        .and_then(|survey| survey.repair(&disk, SEGMENT, 1, Some(faults.clone())));
    let (mut journal, _) = journal.expect("a journal");
    keep(&mut journal, &["tea"]);
    faults.leave_room(HEADER_BYTES.try_into().expect("small"));
    let appended = journal.append(&mut [frame_of("cups", 1)]);
    assert!(matches!(appended.fault, Some(AppendFault::Full(_))), "{appended:?}");
    let bytes = fs::read(folder.path().join(segment::name_of(1))).expect("a segment");
    let end = starts(&bytes).pop().expect("an end");
    assert!(bytes[end..].iter().all(|byte| *byte == 0), "nothing is left of it");

    faults.leave_room(u64::MAX);
    keep(&mut journal, &["spoons"]);
    assert_eq!(payloads(folder.path(), 2), ["tea", "spoons"]);
}
