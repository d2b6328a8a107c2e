//! Reading: what a typed text asks for: words with their meanings, phrases, a SKU.
//!
//! Invariant: whatever is typed, at most [`WORDS_MAX`] words of it are read, from its first
//! [`TEXT_LETTERS_MAX`] letters. Nothing in it is an operator but quotes, and those may be open.

use std::collections::BTreeSet;

use super::{
    expand::{Meant, Reading, SURE_SYNONYM, Tolerance},
    matching::{Slot, Wanted},
    schema::sku_term,
    view::View,
    words::Words,
};

/// A text as it was typed, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The words outside of quotes that say something, in order.
    pub words: Vec<String>,
    /// The words of each quotation.
    pub phrases: Vec<Vec<String>>,
    /// Whether the last word may be the beginning of a longer one.
    pub is_open: bool,
    /// The whole text as a SKU.
    pub sku: String,
}

impl Typed {
    /// Takes a text apart.
    pub fn read(text: &str, words: &mut Words) -> Typed {
        let text: String = text.chars().take(TEXT_LETTERS_MAX).collect();
        let mut typed = Typed { sku: sku_term(&text), ..Typed::default() };
        let mut left = WORDS_MAX;
        for (part, is_quoted) in text.split(is_quote).zip([false, true].into_iter().cycle()) {
            let split = words.split(part).into_iter().map(|word| word.text).take(left);
            let split: Vec<String> = split.collect();
            left -= split.len();
            match (is_quoted, split.len()) {
                (_, 0) => {}
                // A quotation of one word asks for just that word.
                (true, _) => typed.phrases.push(split),
                (false, _) => {
                    typed.is_open = part.ends_with(char::is_alphanumeric);
                    typed.words.extend(split);
                }
            }
        }
        let speaking: Vec<String> =
            typed.words.iter().filter(|word| !words.is_stop(word)).cloned().collect();
        if !speaking.is_empty() || !typed.phrases.is_empty() {
            // What is being typed may still become a word that says something.
            let last = typed.words.last().filter(|last| typed.is_open && words.is_stop(last));
            typed.is_open &= last.is_none();
            typed.words = speaking;
        }
        let mut known = BTreeSet::new();
        typed.words.retain(|word| known.insert(word.clone()));
        typed
    }

    /// Whether it asks for nothing at all.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.phrases.is_empty()
    }
}

impl View {
    /// What a typed text asks of a document.
    pub fn wanted(&self, typed: &Typed, tolerance: Tolerance) -> tantivy::Result<Wanted> {
        let mut wanted = Wanted::default();
        let mut rest = &typed.words[..];
        while !rest.is_empty() {
            let (slot, used) = self.slot(rest, typed.is_open, tolerance)?;
            wanted.slots.push(slot);
            rest = rest.get(used..).unwrap_or_default();
        }
        for phrase in &typed.phrases {
            for word in phrase {
                let meant = self.meanings(word, Reading::Exact, tolerance)?;
                let readings = meant.iter().map(|meant| vec![meant.clone()]).collect();
                wanted.slots.push(Slot { readings });
            }
            if phrase.len() > 1 {
                wanted.phrases.push(phrase.clone());
            }
        }
        Ok(wanted)
    }

    /// The slot that begins a row of words, and how many of them it stands for.
    fn slot(
        &self,
        words: &[String],
        is_open: bool,
        tolerance: Tolerance,
    ) -> tantivy::Result<(Slot, usize)> {
        let Some((first, others)) = words.split_first() else { return Ok((Slot::default(), 1)) };
        let reading_of = |is_last: bool| {
            if is_last && is_open { Reading::Beginning } else { Reading::Whole }
        };
        let (synonyms, used) = self.synonyms_of(words);
        let mut readings: Vec<Vec<Meant>> = Vec::new();
        if used == 1 {
            let meant = self.meanings(first, reading_of(others.is_empty()), tolerance)?;
            readings.extend(meant.iter().map(|meant| vec![meant.clone()]));
            // Two words that are written as one.
            if let Some(next) = others.first() {
                let joined = format!("{first}{next}");
                if self.frequency(&joined)? > 0 {
                    return Ok((self.joined(&readings, next, joined)?, 2));
                }
            }
        } else {
            let as_typed = words.iter().take(used);
            readings.push(as_typed.map(|word| meant(word, SURE_AS_TYPED)).collect());
        }
        for synonym in synonyms {
            let mut words = self.words.clone();
            let stems: Option<Vec<String>> =
                synonym.iter().map(|word| words.stem_term(word)).collect();
            readings.push(synonym.iter().map(|word| meant(word, SURE_SYNONYM)).collect());
            if let Some(stems) = stems {
                readings.push(stems.iter().map(|stem| meant(stem, SURE_SYNONYM)).collect());
            }
        }
        Ok((Slot { readings }, used))
    }

    /// Either both words, or what they are as one.
    fn joined(&self, first: &[Vec<Meant>], next: &str, joined: String) -> tantivy::Result<Slot> {
        let seconds = self.meanings(next, Reading::Whole, Tolerance::Unknown)?;
        let mut readings = vec![vec![meant(&joined, SURE_AS_TYPED)]];
        for first in first.iter().take(JOINED_MAX) {
            for second in seconds.iter().take(JOINED_MAX) {
                let both = first.iter().chain([second]).cloned();
                readings.push(both.collect());
            }
        }
        Ok(Slot { readings })
    }

    /// What else is said for the words a row begins with, and how many words that are. The
    /// longest row of words that has synonyms wins.
    fn synonyms_of(&self, words: &[String]) -> (Vec<Vec<String>>, usize) {
        let mut longest = 1;
        let begins = |entry: &Vec<String>| words.starts_with(entry);
        for group in self.synonyms.iter() {
            for entry in group.iter().filter(|entry| begins(entry)) {
                longest = longest.max(entry.len());
            }
        }
        let mut others = Vec::new();
        for group in self.synonyms.iter() {
            if group.iter().any(|entry| begins(entry) && entry.len() == longest) {
                let said = words.get(..longest).unwrap_or_default();
                others.extend(group.iter().filter(|entry| entry[..] != *said).cloned());
            }
        }
        others.truncate(SYNONYMS_USED_MAX);
        (others, longest)
    }
}

fn meant(term: &str, sure: u32) -> Meant {
    Meant { term: term.to_owned(), sure }
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Letters of a text that are read.
pub const TEXT_LETTERS_MAX: usize = 400;
/// Words of a text that are read.
pub const WORDS_MAX: usize = 12;
const SURE_AS_TYPED: u32 = 100;
const JOINED_MAX: usize = 4;
const SYNONYMS_USED_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &str, phrases: &[&str], is_open: bool) {
        let typed = Typed::read(text, &mut Words::of("en"));
        assert_eq!(typed.words.join(" "), words, "words of {text:?}");
        let said: Vec<String> = typed.phrases.iter().map(|phrase| phrase.join(" ")).collect();
        assert_eq!(said, phrases, "phrases of {text:?}");
        assert_eq!(typed.is_open, is_open, "end of {text:?}");
    }

    #[test]
    fn words_that_say_nothing_are_left_out_unless_they_are_all() {
        check("the tea from the mountain", "tea mountain", &[], true);
        check("the", "the", &[], true);
        check("tea with ", "tea", &[], false);
        check("tea with", "tea", &[], false);
    }

    #[test]
    fn quotes_make_phrases_and_may_be_left_open() {
        check("\"olive oil\" cake", "cake", &["olive oil"], true);
        check("\"olive oil", "", &["olive oil"], false);
        check("“green tea” ", "", &["green tea"], false);
        check("\"\"\"", "", &[], false);
    }

    #[test]
    fn nothing_else_is_an_operator() {
        check("tea AND -coffee* OR (name:x)", "tea coffee name x", &[], false);
        check("../../etc ; DROP TABLE", "etc drop table", &[], true);
    }

    #[test]
    fn a_very_long_text_is_read_from_its_beginning() {
        let typed = Typed::read(&"word1 x2 ".repeat(5_000), &mut Words::of("en"));
        assert_eq!(typed.words, ["word1", "x2"]);
        let many: String = (0..5_000).map(|number| format!("w{number} ")).collect();
        assert_eq!(Typed::read(&many, &mut Words::of("en")).words.len(), WORDS_MAX);
    }
}
