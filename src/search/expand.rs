//! Expansion: the terms of the index that a typed word may mean, with how sure that is.
//!
//! Invariant: bounded. A word becomes at most [`TERMS_MAX`] terms, however many there are, and
//! looks at no more than [`SCANNED_MAX`] a segment. Kept for each view, as people type alike.

use std::{collections::HashMap, sync::Arc};

use tantivy::{Term, query::FuzzyTermQuery, termdict::TermDictionary};

use super::{
    view::View,
    words::{STEM_MARK, Words},
};

/// A term of the index, and how sure it is that it is meant, in hundredths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub term: String,
    pub sure: u32,
}

/// How a word is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reading {
    /// As it stands, or a slip of the keys if it is unknown.
    Whole,
    /// As `Whole`, or the beginning of a word.
    Beginning,
    /// Exactly as it stands.
    Exact,
}

/// Whether slips are considered even for words that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tolerance {
    /// Only for unknown words.
    Unknown,
    /// For all words.
    All,
}

/// What words mean in one view.
pub(super) type Expansions =
    quick_cache::sync::Cache<(String, Reading, Tolerance), Arc<Vec<Meant>>>;

/// An empty cache.
pub(super) fn expansions() -> Expansions {
    quick_cache::sync::Cache::new(EXPANSIONS_MAX)
}

impl View {
    /// What a word may mean.
    pub fn meanings(
        &self,
        word: &str,
        reading: Reading,
        tolerance: Tolerance,
    ) -> tantivy::Result<Arc<Vec<Meant>>> {
        let key = (word.to_owned(), reading, tolerance);
        if let Some(known) = self.counted.words.noted(self.remembered.expansions.get(&key)) {
            return Ok(known);
        }
        let meant = Arc::new(self.expand(word, reading, tolerance)?);
        self.remembered.expansions.insert(key, Arc::clone(&meant));
        Ok(meant)
    }

    /// In how many documents a term stands, deleted ones included.
    pub fn frequency(&self, term: &str) -> tantivy::Result<u64> {
        self.searcher.doc_freq(&Term::from_field_text(self.columns.terms, term))
    }

    fn expand(
        &self,
        word: &str,
        reading: Reading,
        tolerance: Tolerance,
    ) -> tantivy::Result<Vec<Meant>> {
        let mut meant = vec![Meant { term: word.to_owned(), sure: SURE }];
        if reading == Reading::Exact {
            return Ok(meant);
        }
        let mut words = self.words.clone();
        let stem = words.stem_term(word);
        let mut is_known = self.frequency(word)? > 0;
        if let Some(stem) = stem {
            is_known |= self.frequency(&stem)? > 0;
            meant.push(Meant { term: stem, sure: SURE_STEM });
        }
        if reading == Reading::Beginning {
            let longer = self.beginning_with(word)?;
            is_known |= !longer.is_empty();
            meant.extend(longer);
        }
        if !is_known || tolerance == Tolerance::All {
            meant.extend(self.slips_of(word, reading, &mut words)?);
        }
        let mut best: Vec<Meant> = Vec::new();
        for one in meant {
            if best.iter().all(|known| known.term != one.term) && best.len() < TERMS_MAX {
                best.push(one);
            }
        }
        Ok(best)
    }

    /// The most frequent words that a half-typed one may become.
    pub fn completions(&self, word: &str, most: usize) -> tantivy::Result<Vec<String>> {
        let longer = self.beginning_with(word)?.into_iter().map(|meant| meant.term);
        let is_word = |term: &String| term.chars().all(char::is_alphabetic);
        Ok(longer.filter(is_word).take(most).collect())
    }

    /// The most frequent terms that begin so.
    fn beginning_with(&self, word: &str) -> tantivy::Result<Vec<Meant>> {
        let mut behind = word.as_bytes().to_vec();
        // Behind every UTF-8 text that begins so.
        behind.push(0xff);
        let found = self.gather(|terms, found| {
            let mut stream = terms.range().gt(word).lt(&behind).into_stream()?;
            while stream.advance() && found.takes(stream.key(), stream.value().doc_freq) {}
            Ok(())
        })?;
        Ok(most_frequent(found, BEGINNINGS_MAX)
            .map(|term| Meant { term, sure: SURE_BEGINNING })
            .collect())
    }

    /// Terms a few slips of the keys away, the nearest and most frequent first.
    fn slips_of(
        &self,
        word: &str,
        reading: Reading,
        words: &mut Words,
    ) -> tantivy::Result<Vec<Meant>> {
        let slips = slips_forgiven(word);
        if slips == 0 {
            return Ok(Vec::new());
        }
        let term = Term::from_field_text(self.columns.terms, word);
        let query = match reading {
            Reading::Beginning => FuzzyTermQuery::new_prefix(term, slips, true),
            Reading::Whole | Reading::Exact => FuzzyTermQuery::new(term, slips, true),
        };
        let first = word.chars().next().unwrap_or_default();
        // Two slips in a word are rarely in its first letter, and would cost the most there.
        let (from, until) = if slips > 1 {
            (first.to_string().into_bytes(), behind(first))
        } else {
            (STEM_MARK_LAST.to_vec(), ALL_LAST.to_vec())
        };
        let found = self.gather(|terms, found| {
            let near = terms.search(query.automaton()?).ge(&from).lt(&until);
            let mut stream = near.into_stream()?;
            while stream.advance() && found.takes(stream.key(), stream.value().doc_freq) {}
            Ok(())
        })?;
        let mut near: Vec<(u32, u64, String)> = found
            .into_iter()
            .map(|(term, count)| {
                let slips = match reading {
                    Reading::Beginning => distance_of_beginning(word, &term),
                    Reading::Whole | Reading::Exact => distance(word, &term),
                };
                (slips, u64::MAX - count, term)
            })
            .filter(|(slips, ..)| *slips > 0)
            .collect();
        near.sort();
        near.truncate(SLIPS_MAX);
        let mut meant = Vec::new();
        for (slips, _, term) in near {
            let sure = SURE_SLIP.checked_div(slips).unwrap_or(SURE_SLIP);
            if let Some(stem) = words.stem_term(&term) {
                meant.push(Meant { term: stem, sure: sure.saturating_sub(1) });
            }
            meant.push(Meant { term, sure });
        }
        Ok(meant)
    }

    /// Terms of all segments with their frequency, at most [`SCANNED_MAX`] from each.
    fn gather(
        &self,
        scan: impl Fn(&TermDictionary, &mut Found) -> tantivy::Result<()>,
    ) -> tantivy::Result<HashMap<String, u64>> {
        let mut found = Found::default();
        for segment in &self.segments {
            found.left = SCANNED_MAX;
            let terms = segment.reader.inverted_index(self.columns.terms)?;
            scan(terms.terms(), &mut found)?;
        }
        Ok(found.terms)
    }
}

/// Terms on their way out of a segment.
#[derive(Default)]
struct Found {
    terms: HashMap<String, u64>,
    left: usize,
}

impl Found {
    /// Takes a term, unless it is a stem; says whether there may be more.
    fn takes(&mut self, key: &[u8], documents: u32) -> bool {
        self.left = self.left.saturating_sub(1);
        if let Some(term) = std::str::from_utf8(key).ok().filter(|term| !is_stem(term)) {
            *self.terms.entry(term.to_owned()).or_default() += u64::from(documents);
        }
        self.left > 0
    }
}

fn is_stem(term: &str) -> bool {
    term.starts_with(STEM_MARK)
}

fn most_frequent(found: HashMap<String, u64>, most: usize) -> impl Iterator<Item = String> {
    let mut found: Vec<(u64, String)> =
        found.into_iter().map(|(term, count)| (u64::MAX - count, term)).collect();
    found.sort();
    found.into_iter().take(most).map(|(_, term)| term)
}

/// How many slips a word may have: short ones none, they would mean anything.
pub(super) fn slips_forgiven(word: &str) -> u8 {
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Letters that are missing, too many, wrong or swapped with their neighbour.
pub(super) fn distance(one: &str, other: &str) -> u32 {
    let row = last_row(one, other);
    row.last().copied().unwrap_or_default()
}

/// The distance to the beginning of `other` that is nearest.
fn distance_of_beginning(one: &str, other: &str) -> u32 {
    last_row(one, other).into_iter().min().unwrap_or_default()
}

/// The distances of `one` to each beginning of `other`.
fn last_row(one: &str, other: &str) -> Vec<u32> {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let width = u32::try_from(other.len()).unwrap_or(u32::MAX);
    let (mut before, mut above) = (Vec::new(), (0..=width).collect::<Vec<u32>>());
    for (at, letter) in one.iter().enumerate() {
        let mut row = vec![above[0] + 1];
        for (column, with) in other.iter().enumerate() {
            let replaced = above[column] + u32::from(letter != with);
            let mut least = replaced.min(above[column + 1] + 1).min(row[column] + 1);
            let crossed = at > 0 && column > 0;
            if crossed && one[at - 1] == *with && other[column - 1] == *letter {
                let before: &Vec<u32> = &before;
                least = least.min(before[column - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above
}

/// The text right behind all that begin with this letter.
fn behind(letter: char) -> Vec<u8> {
    let mut bytes = letter.to_string().into_bytes();
    bytes.push(0xff);
    bytes
}

/// Behind every stem.
const STEM_MARK_LAST: &[u8] = b"\x01\xff";
/// Behind every text.
const ALL_LAST: &[u8] = b"\xff";
const SURE: u32 = 100;
const SURE_STEM: u32 = 96;
/// A synonym means the same, said otherwise.
pub(super) const SURE_SYNONYM: u32 = 86;
const SURE_BEGINNING: u32 = 80;
/// One slip; two are half as sure.
const SURE_SLIP: u32 = 60;
/// Terms a word becomes.
pub(super) const TERMS_MAX: usize = 64;
const BEGINNINGS_MAX: usize = 40;
const SLIPS_MAX: usize = 10;
/// Terms looked at in one segment.
const SCANNED_MAX: usize = 4_096;
/// Words whose meanings a view remembers.
const EXPANSIONS_MAX: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted_as_people_make_them() {
        assert_eq!(distance("espresso", "expresso"), 1);
        assert_eq!(distance("chese", "cheese"), 1);
        assert_eq!(distance("haet", "heat"), 1);
        assert_eq!(distance("tea", "tea"), 0);
        assert_eq!(distance("", "tea"), 3);
        assert_eq!(distance_of_beginning("choclat", "chocolates"), 1);
        assert_eq!(distance_of_beginning("choc", "chocolate"), 0);
    }

    #[test]
    fn short_words_forgive_nothing() {
        assert_eq!(["tea", "milk", "espresso"].map(slips_forgiven), [0, 1, 2]);
    }
}
