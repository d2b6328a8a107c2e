//! Suggestions: products, categories and queries to type on with.

use super::{
    Search,
    expand::Tolerance,
    found,
    reading::Typed,
    request::{SearchFault, SearchRequest, Suggestion},
    words::Words,
};
use crate::domain::ids::CategoryId;

impl Search {
    /// At most `SUGGESTIONS_MAX` things the text may become: products, categories and queries.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn suggest(&self, text: &str) -> Result<Vec<Suggestion>, SearchFault> {
        let text = text.trim_start();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let request =
            SearchRequest { text: text.to_owned(), limit: PRODUCTS_MAX, ..Default::default() };
        let products = self.query(&request)?;
        let mut suggestions: Vec<Suggestion> = Vec::new();
        suggestions.extend(self.categories_like(text).into_iter().map(Suggestion::Category));
        suggestions.extend(products.hits.iter().map(|hit| Suggestion::Product(hit.product)));
        suggestions.extend(self.queries_like(text)?.into_iter().map(Suggestion::Query));
        suggestions.truncate(SUGGESTIONS_MAX);
        Ok(suggestions)
    }

    /// The text with its last word completed, as far as that finds something.
    fn queries_like(&self, text: &str) -> Result<Vec<String>, SearchFault> {
        let view = self.0.view.load_full();
        self.guarded(|| {
            let typed = Typed::read(text, &mut view.words.clone());
            let is_half = typed.is_open && typed.phrases.is_empty();
            let Some((last, before)) = typed.words.split_last().filter(|_| is_half) else {
                return Ok(Vec::new());
            };
            let mut queries = Vec::new();
            for word in view.completions(last, COMPLETIONS_MAX)? {
                let words = [before, &[word]].concat();
                let query = words.join(" ");
                let request = SearchRequest { limit: 1, ..SearchRequest::default() };
                let typed = Typed { words, ..Typed::default() };
                let wanted = view.wanted(&typed, Tolerance::Unknown)?;
                if found(&view, &request, &typed, &wanted)?.total > 0 {
                    queries.push(query);
                }
                if queries.len() == QUERIES_MAX {
                    break;
                }
            }
            Ok(queries)
        })
    }

    fn categories_like(&self, text: &str) -> Vec<CategoryId> {
        let mut words = self.0.view.load().words.clone();
        let typed = words.split(text);
        let fits = |name: &str, words: &mut Words| {
            let name = words.split(name);
            typed.iter().all(|word| name.iter().any(|has| has.text.starts_with(&word.text)))
        };
        let categories = self.0.categories.load();
        let fitting = categories.iter().filter(|(_, name)| fits(name, &mut words));
        fitting.take(CATEGORIES_MAX).map(|(id, _)| *id).collect()
    }
}

/// Suggestions to one text.
pub const SUGGESTIONS_MAX: usize = 10;
const PRODUCTS_MAX: usize = 6;
const CATEGORIES_MAX: usize = 2;
const QUERIES_MAX: usize = 2;
/// Words that are tried to complete the last one.
const COMPLETIONS_MAX: usize = 3;
