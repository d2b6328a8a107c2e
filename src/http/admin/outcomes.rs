//! Outcomes: what became of each of several things that were changed at once.

use serde::Serialize;

use super::parts::having_done;
use crate::http::{
    answer::Answer,
    pages::{Frame, PageAnswer},
};

/// What became of each of several things.
#[derive(Serialize)]
pub(super) struct OutcomesView {
    pub(super) back: String,
    pub(super) back_words: &'static str,
    pub(super) outcomes: Vec<OutcomeView>,
}

impl OutcomesView {
    /// Back to the list if all was done; otherwise a line for each.
    pub(super) fn show(self, frame: Frame, done: &str) -> Answer<PageAnswer> {
        if self.outcomes.iter().all(|outcome| outcome.refusal.is_none()) {
            return Ok(PageAnswer::to(having_done(&self.back, done)));
        }
        frame.show("admin/outcomes.html", &self)
    }
}

/// What became of one of them.
#[derive(Serialize)]
pub(super) struct OutcomeView {
    pub(super) what: String,
    pub(super) path: String,
    pub(super) refusal: Option<String>,
    pub(super) done: &'static str,
}
