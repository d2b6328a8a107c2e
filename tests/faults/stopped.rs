//! Stopped: a purchase in a shop that dies at each of its commits, one after the other.
//!
//! Commits that wait for nobody are written together, so there are fewer writes than commits. A
//! power cut may leave any number of the frames of such a write: those are places to die at, too.

use std::path::Path;

use super::script::{Script, dies_everywhere};

#[test]
fn a_purchase_ends_the_same_wherever_the_process_died() {
    for (stop, step, least) in STOPS {
        let order =
            |passage, _: &Path| vec![("BODEGA_FAULT".to_owned(), format!("{stop}:{passage}"))];
        let script = Script { name: stop, step: *step, most: PASSAGES_MAX, purchases: 1 };
        let survived = dies_everywhere(&script, order);
        eprintln!("{stop}: lives through a fault at passage {survived}, there are fewer");
        assert!(survived > *least, "{stop}: the fault was ordered and did not come");
        assert!(survived <= PASSAGES_MAX, "{stop}: dies without end");
    }
}

/// Where it dies, how far apart the places are, and how many a purchase, its way back and another
/// purchase have at least. A process that dies leaves what it has written, so that dying between
/// writing and answering differs little: some of those places are enough.
const STOPS: &[(&str, u64, u64)] = &[
    ("before_write", 1, WRITES_MIN),
    ("after_frame", 1, FRAMES_MIN),
    ("after_write", 4, WRITES_MIN),
    ("after_sync", 4, WRITES_MIN),
    ("before_answer", 1, WRITES_MIN),
];
/// And surely not so many.
const PASSAGES_MAX: u64 = 100;
const WRITES_MIN: u64 = 8;
const FRAMES_MIN: u64 = 16;
