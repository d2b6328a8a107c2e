//! Highlighting: a text with what was looked for between `<mark>` and `</mark>`.
//!
//! Invariant: what comes out is HTML and safe: all of the text is escaped, and the only tags are
//! the two of ours.

use std::collections::{HashMap, HashSet};

use super::words::{Word, Words};

/// Knows the words of one search. Made by [`super::Search::query`].
#[derive(Clone, Default)]
pub struct Highlighter {
    terms: HashSet<String>,
    words: Option<Words>,
}

impl std::fmt::Debug for Highlighter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Highlighter of {} terms", self.terms.len())
    }
}

impl Highlighter {
    pub(super) fn new(terms: HashSet<String>, words: Words) -> Highlighter {
        Highlighter { terms, words: Some(words) }
    }

    /// A pen for the texts of one answer, in which the same words come again and again.
    pub fn marker(&self) -> Marker<'_> {
        Marker { terms: &self.terms, words: self.words.clone(), known: HashMap::new() }
    }
}

/// Marks texts. Made by [`Highlighter::marker`].
pub struct Marker<'a> {
    terms: &'a HashSet<String>,
    words: Option<Words>,
    /// Whether a word was looked for, of those met so far.
    known: HashMap<String, bool>,
}

impl Marker<'_> {
    /// The whole text as HTML, marked; escaped only, if nothing of it was looked for.
    pub fn marked(&mut self, text: &str) -> String {
        html(text, &self.found_in(text), 0, text.len())
    }

    /// The part of the text where most was found, at most so many letters, as HTML; nothing if
    /// nothing of it was looked for.
    pub fn snippet(&mut self, text: &str, letters_max: usize) -> Option<String> {
        let found = self.found_in(text);
        let bytes_max = letters_max;
        let count = |first: &Word| {
            let until = first.from + bytes_max;
            found.iter().filter(|word| word.from >= first.from && word.to <= until).count()
        };
        let best = found.iter().rev().max_by_key(|first| count(first))?;
        let lead = best.from.saturating_sub(bytes_max / 4);
        let from = word_break(text, lead);
        let until = word_break(text, (from + bytes_max).min(text.len())).max(best.to);
        let mut snippet = html(text, &found, from, until);
        if from > 0 {
            snippet.insert(0, '…');
        }
        if until < text.len() {
            snippet.push('…');
        }
        Some(snippet)
    }

    fn found_in(&mut self, text: &str) -> Vec<Word> {
        let Marker { terms, words: Some(words), known } = self else { return Vec::new() };
        words.split_to(text, |words, word| match known.get(word) {
            Some(is_wanted) => *is_wanted,
            None => {
                let mut stem = || words.stem_term(word);
                let is_wanted =
                    terms.contains(word) || stem().is_some_and(|stem| terms.contains(&stem));
                known.insert(word.to_owned(), is_wanted);
                is_wanted
            }
        })
    }
}

fn html(text: &str, found: &[Word], from: usize, until: usize) -> String {
    let mut html = String::with_capacity(until.saturating_sub(from) + found.len() * 13);
    let mut written = from;
    for word in found.iter().filter(|word| word.from >= from && word.to <= until) {
        escape(text.get(written..word.from).unwrap_or_default(), &mut html);
        html.push_str("<mark>");
        escape(text.get(word.from..word.to).unwrap_or_default(), &mut html);
        html.push_str("</mark>");
        written = word.to;
    }
    escape(text.get(written..until).unwrap_or_default(), &mut html);
    html
}

fn escape(text: &str, to: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            other => to.push(other),
        }
    }
}

/// The end of the word before this place, or the place itself, on the border of a letter.
fn word_break(text: &str, place: usize) -> usize {
    if place == 0 || place >= text.len() {
        return place.min(text.len());
    }
    let mut place = place;
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    let before = text.get(..place).unwrap_or_default();
    let near = before.rfind(char::is_whitespace).filter(|at| place - at < WORD_BYTES_USUAL);
    near.map_or(place, |at| at + 1)
}

const WORD_BYTES_USUAL: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn highlighter(terms: &[&str]) -> Highlighter {
        let mut words = Words::of("en");
        let stems: Vec<String> = terms.iter().filter_map(|term| words.stem_term(term)).collect();
        let terms = terms.iter().map(|term| (*term).to_owned()).chain(stems);
        Highlighter::new(terms.collect(), words)
    }

    #[test]
    fn nothing_of_a_text_becomes_a_tag() {
        let marked = highlighter(&["script", "tea"])
            .marker()
            .marked("<script>alert('tea & \"x\"')</script>");
        assert_eq!(
            marked,
            "&lt;<mark>script</mark>&gt;alert(&#39;<mark>tea</mark> &amp; &quot;x&quot;&#39;)\
             &lt;/<mark>script</mark>&gt;"
        );
    }

    #[test]
    fn other_forms_and_accents_are_marked_too() {
        let marked = highlighter(&["creme", "cheese"]).marker().marked("Crème of two cheeses");
        assert_eq!(marked, "<mark>Crème</mark> of two <mark>cheeses</mark>");
    }

    #[test]
    fn a_snippet_shows_where_most_is() {
        let text =
            format!("{} green tea and tea again {}", "much ado ".repeat(40), "é".repeat(300));
        let snippet = highlighter(&["tea"]).marker().snippet(&text, 60).expect("tea is there");
        assert!(snippet.contains("<mark>tea</mark> and <mark>tea</mark>"), "{snippet}");
        assert!(snippet.starts_with('…') && snippet.ends_with('…'), "{snippet}");
        assert!(highlighter(&["coffee"]).marker().snippet(&text, 60).is_none());
    }
}
