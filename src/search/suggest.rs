//! Suggestions: products, categories and queries to type on with.

use std::sync::Arc;

use super::{
    Search,
    expand::Tolerance,
    is_found,
    reading::Typed,
    request::{SearchFault, SearchRequest, Suggestion},
};
use crate::domain::ids::{CategoryId, ProductId};

/// What the index has for a half-typed text.
#[derive(Clone, Debug, Default)]
pub(super) struct Suggested {
    products: Vec<ProductId>,
    queries: Vec<String>,
}

/// A category's name as it is looked up: its words.
pub(super) struct NamedCategory {
    id: CategoryId,
    words: Vec<String>,
}

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
        let suggested = self.suggested(text)?;
        let mut suggestions: Vec<Suggestion> = Vec::new();
        suggestions.extend(self.categories_like(text).into_iter().map(Suggestion::Category));
        suggestions.extend(suggested.products.iter().copied().map(Suggestion::Product));
        suggestions.extend(suggested.queries.iter().cloned().map(Suggestion::Query));
        suggestions.truncate(SUGGESTIONS_MAX);
        Ok(suggestions)
    }

    /// From now on these are the categories that can be suggested, by name.
    pub fn use_categories(&self, categories: Vec<(CategoryId, String)>) {
        let mut words = self.0.view.load().words.clone();
        let mut named = |(id, name): (CategoryId, String)| NamedCategory {
            id,
            words: words.split(&name).into_iter().map(|word| word.text).collect(),
        };
        self.0.categories.store(Arc::new(categories.into_iter().map(&mut named).collect()));
    }

    /// The products and queries for a text, as long as the view lasts and what is in stock.
    fn suggested(&self, text: &str) -> Result<Arc<Suggested>, SearchFault> {
        // In this order, as a query does.
        let moved = self.0.moves.of_stock();
        let view = self.0.view.load_full();
        let suggestions = &view.remembered.suggestions;
        let known = suggestions.get(text).filter(|(made_at, _)| *made_at == moved);
        if let Some((_, known)) = view.counted.suggestions.noted(known) {
            return Ok(known);
        }
        let request =
            SearchRequest { text: text.to_owned(), limit: PRODUCTS_MAX, ..Default::default() };
        let products = self.query(&request)?.hits.iter().map(|hit| hit.product).collect();
        let suggested = Arc::new(Suggested { products, queries: self.queries_like(text)? });
        suggestions.insert(text.to_owned(), (moved, Arc::clone(&suggested)));
        Ok(suggested)
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
                let typed = Typed { words, ..Typed::default() };
                if is_found(&view, &view.wanted(&typed, Tolerance::Unknown)?)? {
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
        let typed = self.0.view.load().words.clone().split(text);
        let categories = self.0.categories.load();
        let fits = |named: &&NamedCategory| {
            let begins = |text: &str| named.words.iter().any(|word| word.starts_with(text));
            typed.iter().all(|word| begins(&word.text))
        };
        categories.iter().filter(fits).take(CATEGORIES_MAX).map(|named| named.id).collect()
    }
}

/// Suggestions to one text.
pub const SUGGESTIONS_MAX: usize = 10;
const PRODUCTS_MAX: usize = 6;
const CATEGORIES_MAX: usize = 2;
const QUERIES_MAX: usize = 2;
/// Words that are tried to complete the last one.
const COMPLETIONS_MAX: usize = 3;
