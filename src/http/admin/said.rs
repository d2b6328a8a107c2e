//! Said: what stands at the head of a page of the admin: what was done, or what is wrong with the
//! form that came.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;

use super::parts::refusal;
use crate::http::{
    answer::Answer,
    pages::{FormView, Frame},
    problem::Problem,
};

/// What is said.
#[derive(Debug, Default)]
pub struct Said {
    /// What was done, in a sentence.
    pub done: Option<&'static str>,
    /// What is shown this one time.
    pub secret: Option<String>,
    form: Option<(FormView, StatusCode)>,
}

impl Said {
    /// What was done, if anything was.
    pub fn done(done: Option<&'static str>) -> Said {
        Said { done, ..Said::default() }
    }

    /// A secret, which nobody can look up later.
    pub fn secret(secret: String) -> Said {
        Said { secret: Some(secret), ..Said::default() }
    }

    /// What was typed and why it was refused; `about` says which codes are about one field.
    ///
    /// # Errors
    /// What is no refusal.
    pub fn refused(
        typed: BTreeMap<String, String>,
        problem: Problem,
        about: &[(&str, &str)],
    ) -> Answer<Said> {
        Ok(Said::problem(typed, &refusal(problem)?, about))
    }

    /// The same, whatever kind of problem it is.
    pub fn problem(
        typed: BTreeMap<String, String>,
        problem: &Problem,
        about: &[(&str, &str)],
    ) -> Said {
        let form = FormView::default().with(typed).refused(problem, about);
        Said { form: Some((form, problem.status())), ..Said::default() }
    }

    /// What is wrong with the field that the API calls one thing, at the field of another name.
    #[must_use]
    pub fn at(mut self, called: &str, field: &str) -> Said {
        if let Some((form, _)) = &mut self.form
            && let Some(words) = form.errors.remove(called)
        {
            form.errors.insert(field.to_owned(), words);
        }
        self
    }

    /// Whether the form's page was older than what the shop has.
    pub fn is_overtaken(&self) -> bool {
        let status = self.form.as_ref().map(|(_, status)| *status);
        status == Some(StatusCode::PRECONDITION_FAILED)
    }

    /// The frame as it is answered, and the form on it.
    pub fn on(&mut self, frame: Frame) -> (Frame, FormView) {
        let key = frame.form().key;
        match self.form.take() {
            Some((form, status)) => (frame.answered(status), FormView { key, ..form }),
            None => (frame, FormView::empty(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_calls_otherwise_is_said_at_the_field_of_the_page() {
        let problem = Problem::invalid_field("/expiresAt", "in_the_past", "must be in the future");
        let said = Said::refused(BTreeMap::new(), problem, &[]).expect("a refusal");
        let said = said.at("expiresAt", "expires").at("scopes", "rights");
        let (form, status) = said.form.expect("a form");
        let errors: Vec<(&str, &str)> =
            form.errors.iter().map(|(field, words)| (field.as_str(), words.as_str())).collect();
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(errors, [("expires", "must be in the future")]);
    }
}
