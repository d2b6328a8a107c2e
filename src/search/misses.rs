//! Misses: what was looked for and not found, counted, so that the owner knows what is missing.
//!
//! Invariant: bounded, and about words, never about people: neither who asked nor when exactly,
//! and nothing that looks like an address, a number of a person or a letter. Losing it harms
//! nobody.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::words::Words;
use crate::domain::time::Timestamp;

/// What was looked for in vain. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Misses(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    misses: BTreeMap<String, Count>,
    has_changed: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Count {
    times: u64,
    /// The day it was last looked for, as days since 1970.
    day: i64,
}

/// Words that found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The words, folded.
    pub text: String,
    /// How often they were looked for.
    pub times: u64,
    /// The beginning of the day they were last looked for.
    pub day: Timestamp,
}

impl Misses {
    /// What was kept in this file; nothing, if it cannot be read.
    pub fn load(path: &Path) -> Misses {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut misses: BTreeMap<String, Count> = serde_json::from_str(&text).unwrap_or_default();
        while misses.len() > MISSES_MAX {
            misses.pop_last();
        }
        Misses(Arc::new(Mutex::new(Kept { misses, has_changed: false })))
    }

    /// Keeps it in this file, if anything is new.
    ///
    /// # Errors
    /// The disk.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let text = {
            let mut kept = self.kept();
            if !std::mem::take(&mut kept.has_changed) {
                return Ok(());
            }
            serde_json::to_string(&kept.misses)?
        };
        let unfinished = path.with_extension("new");
        fs::write(&unfinished, text)?;
        fs::rename(&unfinished, path)
    }

    /// Counts a text that found nothing, unless it may be about a person.
    pub fn note(&self, text: &str, at: Timestamp) {
        let Some(words) = impersonal(text) else { return };
        let day = at.millis().div_euclid(MILLIS_A_DAY);
        let mut kept = self.kept();
        kept.has_changed = true;
        if let Some(count) = kept.misses.get_mut(&words) {
            *count = Count { times: count.times.saturating_add(1), day };
            return;
        }
        if kept.misses.len() >= MISSES_MAX {
            // The rarest and oldest makes room, so that what is asked often stays.
            let rarest = kept.misses.iter().min_by_key(|(_, count)| (count.times, count.day));
            if let Some(rarest) = rarest.map(|(words, _)| words.clone()) {
                kept.misses.remove(&rarest);
            }
        }
        kept.misses.insert(words, Count { times: 1, day });
    }

    /// Everything that was counted, the most frequent first.
    pub fn list(&self) -> Vec<Miss> {
        let kept = self.kept();
        let miss = |(text, count): (&String, &Count)| Miss {
            text: text.clone(),
            times: count.times,
            day: Timestamp::from_millis(count.day.saturating_mul(MILLIS_A_DAY)),
        };
        let mut list: Vec<Miss> = kept.misses.iter().map(miss).collect();
        list.sort_by(|one, other| (other.times, &one.text).cmp(&(one.times, &other.text)));
        list
    }

    /// Forgets everything that was counted.
    pub fn clear(&self) {
        let mut kept = self.kept();
        kept.misses.clear();
        kept.has_changed = true;
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where it is kept in a data directory.
pub fn misses_in(data_dir: &Path) -> PathBuf {
    data_dir.join("search-misses.json")
}

/// The words of a text, if it is about things: short, without an address or a long number.
fn impersonal(text: &str) -> Option<String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_long = text.chars().nth(TEXT_LETTERS_MAX).is_some();
    if is_long || text.contains('@') || digits > DIGITS_MAX {
        return None;
    }
    let words = Words::of("").folded(text);
    let is_fit = !words.is_empty() && words.split(' ').count() <= WORDS_MAX;
    is_fit.then_some(words)
}

/// Texts that are counted.
const MISSES_MAX: usize = 500;
const TEXT_LETTERS_MAX: usize = 60;
/// What has more words is a letter.
const WORDS_MAX: usize = 6;
/// What has more digits may be a telephone, a card or an order.
const DIGITS_MAX: usize = 4;
const MILLIS_A_DAY: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(day * MILLIS_A_DAY + 4_711)
    }

    fn listed(misses: &Misses) -> Vec<(String, u64)> {
        misses.list().into_iter().map(|miss| (miss.text, miss.times)).collect()
    }

    #[test]
    fn what_is_asked_alike_is_counted_together_and_by_the_day_only() {
        let misses = Misses::default();
        for text in ["Oat  MILK", "oat milk!", "Gruyère", "öat milk"] {
            misses.note(text, at(3));
        }
        assert_eq!(listed(&misses), [("oat milk".to_owned(), 3), ("gruyere".to_owned(), 1)]);
        assert_eq!(misses.list()[0].day.millis() % MILLIS_A_DAY, 0);
    }

    #[test]
    fn what_may_be_about_a_person_is_not_kept() {
        let misses = Misses::default();
        for text in [
            "ada@example.com",
            "+49 170 1234567",
            "4242 4242 4242 4242",
            "my order has not come and I would like to know where it is",
            &"x".repeat(61),
            "a b c d e f g",
            "?!",
            "",
        ] {
            misses.note(text, at(1));
        }
        assert_eq!(listed(&misses), []);
        misses.note("usb 3000", at(1));
        assert_eq!(listed(&misses).len(), 1);
    }

    #[test]
    fn however_much_is_asked_the_frequent_stays() {
        let misses = Misses::default();
        (0..5).for_each(|_| misses.note("kombucha", at(1)));
        for number in 0..2_000 {
            let letters: String = format!("{number:04}")
                .chars()
                .map(|digit| char::from(b'a' + u8::try_from(digit.to_digit(10).unwrap()).unwrap()))
                .collect();
            misses.note(&letters, at(2));
        }
        assert_eq!(misses.list().len(), MISSES_MAX);
        assert_eq!(listed(&misses)[0], ("kombucha".to_owned(), 5));
    }

    #[test]
    fn it_survives_a_restart_and_a_damaged_file() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = misses_in(dir.path());
        let misses = Misses::load(&path);
        misses.note("kefir", at(1));
        misses.save(&path).expect("room");
        assert_eq!(listed(&Misses::load(&path)), [("kefir".to_owned(), 1)]);
        fs::write(&path, "{").expect("room");
        assert_eq!(listed(&Misses::load(&path)), []);
        misses.clear();
        misses.save(&path).expect("room");
        assert_eq!(listed(&Misses::load(&path)), []);
    }
}
