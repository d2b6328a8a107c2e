//! Words: how text becomes what is looked up, the same way for products and for queries.
//!
//! Invariant: a word is lower-case, without diacritics or apostrophes, and has at most
//! [`WORD_LETTERS_MAX`] letters. Every letter of a script without spaces is a word of its own.

use std::{collections::HashSet, sync::Arc};

use quick_cache::sync::Cache;
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RawTokenizer, Stemmer, TextAnalyzer,
};

/// A word of a text, and where it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word, folded.
    pub text: String,
    /// Where it begins, in bytes.
    pub from: usize,
    /// Where it ends, in bytes.
    pub to: usize,
}

/// Makes words of one language. Cheap to clone; clones share the stems they remember.
#[derive(Clone)]
pub struct Words {
    folding: TextAnalyzer,
    stemming: Option<TextAnalyzer>,
    /// Terms of the stems of words met lately: making one costs as much as ten look-ups.
    stems: Arc<Cache<String, String>>,
    stops: Arc<HashSet<&'static str>>,
}

impl Words {
    /// Words of a language by its ISO 639-1 code; one that is not known is neither stemmed nor
    /// has stop words.
    pub fn of(language: &str) -> Words {
        let known = LANGUAGES.iter().find(|(code, ..)| *code == language);
        let raw = || TextAnalyzer::builder(RawTokenizer::default());
        Words {
            folding: raw().filter(LowerCaser).filter(AsciiFoldingFilter).build(),
            stemming: known.map(|(_, language, _)| raw().filter(Stemmer::new(*language)).build()),
            stems: Arc::new(Cache::new(STEMS_MAX)),
            stops: Arc::new(
                known.map(|(.., stops)| stops.split_whitespace().collect()).unwrap_or_default(),
            ),
        }
    }

    /// The words of a text, in their order.
    pub fn split(&mut self, text: &str) -> Vec<Word> {
        self.split_to(text, |_, _| true)
    }

    /// Those words of a text that are wanted, in their order. The others cost no memory.
    pub fn split_to(
        &mut self,
        text: &str,
        mut is_wanted: impl FnMut(&mut Words, &str) -> bool,
    ) -> Vec<Word> {
        let (mut words, mut word) = (Vec::new(), String::new());
        for (from, to) in spans(text) {
            self.fold(text.get(from..to).unwrap_or_default(), &mut word);
            if !word.is_empty() && is_wanted(self, &word) {
                words.push(Word { text: word.clone(), from, to });
            }
        }
        words
    }

    /// A text as one word, with all that stands in it but spaces at its ends.
    pub fn whole(&mut self, text: &str) -> String {
        let shown = text.chars().filter(|letter| !letter.is_control() && !is_mark(*letter));
        let shown: String = shown.take(WHOLE_LETTERS_MAX).collect();
        let mut folding = self.folding.token_stream(shown.trim());
        if folding.advance() { folding.token().text.clone() } else { String::new() }
    }

    /// A text as its words only, with single spaces.
    pub fn folded(&mut self, text: &str) -> String {
        let words: Vec<String> = self.split(text).into_iter().map(|word| word.text).collect();
        words.join(" ")
    }

    /// What a word has in common with its other forms: the term its stem is indexed as.
    pub fn stem_term(&mut self, word: &str) -> Option<String> {
        let stemming = self.stemming.as_mut()?;
        if let Some(known) = self.stems.get(word) {
            return Some(known);
        }
        let mut stems = stemming.token_stream(word);
        let term = stems.advance().then(|| format!("{STEM_MARK}{}", stems.token().text))?;
        self.stems.insert(word.to_owned(), term.clone());
        Some(term)
    }

    /// Whether a word says nothing on its own, as "the".
    pub fn is_stop(&self, word: &str) -> bool {
        self.stops.contains(word)
    }

    /// Makes `word` what is looked up of this part of a text; empty if that is nothing.
    fn fold(&mut self, raw: &str, word: &mut String) {
        word.clear();
        if raw.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            word.push_str(raw.get(..WORD_LETTERS_MAX).unwrap_or(raw));
            word.make_ascii_lowercase();
            return;
        }
        let bare = raw.chars().filter(|letter| !is_mark(*letter) && !is_apostrophe(*letter));
        let bare: String = bare.collect();
        let mut folding = self.folding.token_stream(&bare);
        if folding.advance() {
            word.extend(folding.token().text.chars().take(WORD_LETTERS_MAX));
        }
    }
}

/// Where the words of a text begin and end, in bytes.
fn spans(text: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut begun: Option<usize> = None;
    for (at, letter) in text.char_indices() {
        let stands_alone = is_of_script_without_spaces(letter);
        let is_within = begun.is_some() && (is_mark(letter) || is_apostrophe(letter));
        if letter.is_alphanumeric() && !stands_alone || is_within {
            begun.get_or_insert(at);
            continue;
        }
        spans.extend(begun.take().map(|from| (from, at)));
        if stands_alone {
            spans.push((at, at + letter.len_utf8()));
        }
    }
    spans.extend(begun.map(|from| (from, text.len())));
    spans
}

/// Whether a language has stems here.
pub fn is_known_language(code: &str) -> bool {
    LANGUAGES.iter().any(|(known, ..)| *known == code)
}

/// Combining marks, as a letter and its accent may be two code points.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '\u{2019}' | '\u{2bc}')
}

fn is_of_script_without_spaces(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{e00}'..='\u{e7f}')
}

/// Stands before a stem, so that it is never taken for a word.
pub(super) const STEM_MARK: char = '\u{1}';
/// Longest word; what is longer is cut.
pub const WORD_LETTERS_MAX: usize = 40;

/// Stems that are remembered: more than one language has of usual words.
const STEMS_MAX: usize = 8_192;
/// Longest text that is taken as one word.
const WHOLE_LETTERS_MAX: usize = 120;

/// Code, stemmer, and the words that say nothing on their own.
const LANGUAGES: &[(&str, Language, &str)] = &[
    ("ar", Language::Arabic, ""),
    ("da", Language::Danish, "af en et den det der de er for i med og på som til på"),
    ("nl", Language::Dutch, "de het een en van voor met op in te is aan bij om"),
    (
        "en",
        Language::English,
        "a an and are as at be but by for from if in into is it its of on or that the their \
         there these they this to was will with",
    ),
    ("fi", Language::Finnish, "ja on ei se tai kun"),
    (
        "fr",
        Language::French,
        "le la les un une des de du d l et en au aux a pour avec sur dans par",
    ),
    (
        "de",
        Language::German,
        "der die das den dem des ein eine einen einem einer und oder mit fur von vom zu zum zur \
         in im am auf aus bei",
    ),
    ("el", Language::Greek, ""),
    ("hu", Language::Hungarian, "a az egy es is"),
    ("it", Language::Italian, "il lo la i gli le un uno una di da in con su per e ed al del"),
    ("no", Language::Norwegian, "en et den det og i pa til med for av som"),
    ("pt", Language::Portuguese, "o a os as um uma de do da dos das e em no na com por para"),
    ("ro", Language::Romanian, "un o de la si cu pe in din pentru"),
    ("ru", Language::Russian, ""),
    ("es", Language::Spanish, "el la los las un una unos unas de del y e en con por para al"),
    ("sv", Language::Swedish, "en ett den det och i pa till med for av som"),
    ("ta", Language::Tamil, ""),
    ("tr", Language::Turkish, "ve bir ile icin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &[&str]) {
        let split = Words::of("en").split(text);
        let split: Vec<&str> = split.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(split, words, "of {text:?}");
    }

    #[test]
    fn case_diacritics_and_apostrophes_do_not_count() {
        check("Crème FRAÎCHE", &["creme", "fraiche"]);
        check("man\u{303}ana", &["manana"]);
        check("Farmer's & Queso d’Oveja", &["farmers", "queso", "doveja"]);
        check("Straße Smørrebrød", &["strasse", "smorrebrod"]);
    }

    #[test]
    fn scripts_without_spaces_are_found_by_each_letter() {
        check("緑茶 50g", &["緑", "茶", "50g"]);
    }

    #[test]
    fn what_is_no_text_has_no_words() {
        check("\u{0}*?\"--", &[]);
        check("🫖", &[]);
        check("שלום עולם", &["שלום", "עולם"]);
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        let mut words = Words::of("en");
        for _ in 0..2 {
            assert_eq!(words.stem_term("cheeses"), words.stem_term("cheese"));
        }
        assert_eq!(Words::of("xx").stem_term("cheeses"), None);
        assert!(words.is_stop("the") && !words.is_stop("tea"));
    }
}
