//! Stopped: a purchase in a shop that dies at each of its commits, one after the other.

use std::path::Path;

use super::script::{Script, dies_everywhere};

#[test]
fn a_purchase_ends_the_same_wherever_the_process_died() {
    for (stop, step) in STOPS {
        let order =
            |passage, _: &Path| vec![("BODEGA_FAULT".to_owned(), format!("{stop}:{passage}"))];
        let script = Script { name: stop, step: *step, most: COMMITS_MAX, purchases: 1 };
        let survived = dies_everywhere(&script, order);
        eprintln!("{stop}: lives through a fault at commit {survived}, there are fewer");
        assert!(survived > COMMITS_MIN, "{stop}: the fault was ordered and did not come");
        assert!(survived <= COMMITS_MAX, "{stop}: dies without end");
    }
}

/// Where it dies, and how far apart the commits are. A process that dies leaves what it has
/// written, so that dying between writing and answering differs little: some of those commits
/// are enough.
const STOPS: &[(&str, u64)] =
    &[("before_write", 1), ("after_write", 4), ("after_sync", 4), ("before_answer", 1)];
/// And surely not so many.
const COMMITS_MAX: u64 = 100;
/// A purchase, its way back and another purchase take at least so many: steps that wait for
/// nobody are written together.
const COMMITS_MIN: u64 = 8;
