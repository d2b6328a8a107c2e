//! Findings: the answers of search that something was made from, so that it is made again only
//! when one of them would be another.
//!
//! Invariant: whatever is asked on the thread that makes something is noted. How an answer would
//! be marked, and how far the index was, is no part of it.

use std::{
    cell::RefCell,
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    Search,
    request::{SearchAnswer, SearchRequest},
};

/// What was asked while something was made, and the marks of the answers.
#[derive(Debug)]
pub struct Findings {
    asked: Box<[(SearchRequest, u64)]>,
    /// How often what is found had changed when these were last seen to stand.
    seen_at: AtomicU64,
}

thread_local! {
    /// What is being noted; nothing, where nobody asked for it.
    static NOTED: RefCell<Option<Vec<(SearchRequest, u64)>>> = const { RefCell::new(None) };
}

impl Search {
    /// Makes something, and says which answers it was made from.
    pub fn noting<T>(&self, make: impl FnOnce() -> T) -> (T, Findings) {
        let seen_at = AtomicU64::new(self.changes());
        let around = Around(NOTED.replace(Some(Vec::new())));
        let made = make();
        let asked = NOTED.take().unwrap_or_default();
        drop(around);
        asked.iter().for_each(|(request, mark)| note(request, || *mark));
        (made, Findings { asked: asked.into(), seen_at })
    }

    /// Whether everything would be answered the same now.
    pub fn stands(&self, findings: &Findings) -> bool {
        let now = self.changes();
        let alike = |(request, mark): &(SearchRequest, u64)| {
            self.query(request).is_ok_and(|answer| mark_of(&answer) == *mark)
        };
        let stands =
            findings.seen_at.load(Ordering::Relaxed) == now || findings.asked.iter().all(alike);
        if stands {
            findings.seen_at.store(now, Ordering::Relaxed);
            findings.asked.iter().for_each(|(request, mark)| note(request, || *mark));
        }
        stands
    }
}

impl Findings {
    /// About how many bytes of memory they take.
    pub fn weight(&self) -> usize {
        let asked = self.asked.iter();
        let texts = asked.map(|(request, _)| request.text.len() + ASKED_BYTES_BESIDE);
        size_of::<Findings>() + texts.sum::<usize>()
    }
}

/// Notes an answer, where anybody notes.
pub(super) fn note_answer(request: &SearchRequest, answer: &SearchAnswer) {
    note(request, || mark_of(answer));
}

fn note(request: &SearchRequest, mark: impl FnOnce() -> u64) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted {
            noted.push((request.clone(), mark()));
        }
    });
}

/// What tells an answer from others.
pub(super) fn mark_of(answer: &SearchAnswer) -> u64 {
    let SearchAnswer { hits, total, next, facets, did_you_mean, .. } = answer;
    let mut hasher = DefaultHasher::new();
    (hits, total, next, facets, did_you_mean).hash(&mut hasher);
    hasher.finish()
}

/// What was being noted around this, to be gone on with, also if making it panics.
struct Around(Option<Vec<(SearchRequest, u64)>>);

impl Drop for Around {
    fn drop(&mut self) {
        NOTED.set(self.0.take());
    }
}

/// A request without its text.
const ASKED_BYTES_BESIDE: usize = 320;
