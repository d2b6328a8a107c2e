//! Register: where staff look up orders, customers and products by number, email, name or SKU.
//!
//! Invariant: a projection, as all of search. What is found is newest first, whatever it is found
//! by, so that a page's place stays right; every word typed may be the beginning of one filed.
//! Bounded: so many words, and so many terms that each may begin.

mod files;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use arc_swap::ArcSwap;
use tantivy::{DocSet, TERMINATED, schema::IndexRecordOption};

use super::{
    Headway, Standing,
    ground::{damaged, forget},
    request::SearchFault,
    words::Words,
};
use crate::domain::{ids::Identity, time::Timestamp};
use files::{Drawer, Page, Shelf};

pub use files::Filing;
pub(super) use files::look;

/// What is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filed {
    /// An order.
    Order,
    /// Somebody with an account.
    Customer,
    /// A product, also one that is not for sale.
    Product,
}

/// A card in the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it is about.
    pub filed: Filed,
    /// Its id.
    pub id: [u8; 16],
    /// When it began.
    pub at: Timestamp,
    /// Numbers, addresses, names: each is found whole, and by each of its words.
    pub texts: Vec<String>,
}

/// What is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup<'a> {
    /// Among what.
    pub filed: Filed,
    /// The words, as they were typed.
    pub text: &'a str,
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Not after this.
    pub to: Option<Timestamp>,
    /// Behind this card, on a later page.
    pub after: Option<Spot>,
    /// How many cards at most.
    pub limit: usize,
}

/// The place of a card: newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    at: i64,
    id: u128,
}

impl Spot {
    /// Whose card it is.
    pub fn id<I: Identity>(&self) -> I {
        I::from_bytes(self.id.to_be_bytes())
    }

    /// The place as bytes, for a cursor.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.at.to_be_bytes()[..], &self.id.to_be_bytes()].concat()
    }

    /// The place these bytes are of.
    pub fn from_bytes(bytes: &[u8]) -> Option<Spot> {
        let (at, id) = bytes.split_first_chunk::<8>()?;
        let id = u128::from_be_bytes(id.try_into().ok()?);
        Some(Spot { at: i64::from_be_bytes(*at), id })
    }
}

/// Where staff look things up. Cheap to clone; any thread may have one.
#[derive(Clone)]
pub struct Register(Arc<Parts>);

struct Parts {
    shelf: ArcSwap<Shelf>,
    page: ArcSwap<Page>,
    headway: Headway,
}

impl Deref for Register {
    type Target = Headway;
    fn deref(&self) -> &Headway {
        &self.0.headway
    }
}

impl Register {
    /// Opens the register in this directory, with its one writer and where it stands; nowhere, if
    /// it must be made anew.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn open(dir: &Path) -> Result<(Register, Filing, Option<Standing>), SearchFault> {
        let (shelf, filing, standing) = Shelf::open(dir)?;
        let page = shelf.page()?;
        let register = Register(Arc::new(Parts {
            shelf: ArcSwap::from_pointee(shelf),
            page: ArcSwap::from_pointee(page),
            headway: Headway::from(standing),
        }));
        Ok((register, filing, standing))
    }

    /// Opens the register in this directory again; its former writer must be gone.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn reopen(&self, dir: &Path) -> Result<(Filing, Option<Standing>), SearchFault> {
        let (shelf, filing, standing) = Shelf::open(dir)?;
        self.0.shelf.store(Arc::new(shelf));
        self.begin_again(standing);
        self.show(standing.map_or(0, |standing| standing.position))?;
        Ok((filing, standing))
    }

    /// Removes the register in this directory, so that it is begun anew.
    ///
    /// # Errors
    /// The disk.
    pub fn forget(&self, dir: &Path) -> Result<(), SearchFault> {
        forget(dir).map_err(|fault| SearchFault::Damaged(fault.to_string()))
    }

    /// The cards that are meant, newest first.
    ///
    /// # Errors
    /// The register cannot be read; it is made again.
    pub fn look_up(&self, lookup: &Lookup<'_>) -> Result<Vec<Spot>, SearchFault> {
        let page = self.0.page.load_full();
        let read = catch_unwind(AssertUnwindSafe(|| found(&page, lookup)));
        let read = read.map_err(|_| SearchFault::Damaged("a reader panicked".to_owned()));
        read.and_then(|read| read.map_err(damaged)).inspect_err(|_| self.note_damage())
    }

    /// Shows what was committed, everything up to this position of the journal.
    ///
    /// # Errors
    /// As [`Register::look_up`].
    pub fn show(&self, position: u64) -> Result<(), SearchFault> {
        self.0.page.store(Arc::new(self.0.shelf.load().page()?));
        self.reached(super::Reach::whole(position));
        Ok(())
    }

    /// Segments the register consists of, and cards in it.
    pub fn size(&self) -> (usize, u64) {
        self.0.page.load().size()
    }
}

fn found(page: &Page, lookup: &Lookup<'_>) -> tantivy::Result<Vec<Spot>> {
    let words = words_of(lookup.text, &mut page.words.clone());
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let (least, most) = (
        lookup.from.map_or(i64::MIN, Timestamp::millis),
        lookup.to.map_or(i64::MAX, Timestamp::millis),
    );
    let mut best: BinaryHeap<Reverse<Spot>> = BinaryHeap::new();
    for drawer in &page.drawers {
        let mut cards: Option<Cards> = None;
        for word in &words {
            let with = beginning_with(page, drawer, lookup.filed, word)?;
            cards = Some(match cards {
                Some(cards) => cards.and(&with),
                None => with,
            });
        }
        for document in cards.iter().flat_map(Cards::documents) {
            let Some(spot) = drawer.spot(document) else { continue };
            let is_behind = lookup.after.is_none_or(|after| spot < after);
            if !is_behind || spot.at < least || spot.at > most {
                continue;
            }
            best.push(Reverse(spot));
            if best.len() > lookup.limit {
                best.pop();
            }
        }
    }
    let sorted = best.into_sorted_vec();
    Ok(sorted.into_iter().map(|Reverse(spot)| spot).collect())
}

/// The cards on which a word begins so.
fn beginning_with(
    page: &Page,
    drawer: &Drawer,
    filed: Filed,
    word: &str,
) -> tantivy::Result<Cards> {
    let mut cards = Cards::none_of(drawer.documents());
    let from = term_of(filed, word);
    let mut behind = from.clone().into_bytes();
    // Behind every UTF-8 text that begins so.
    behind.push(0xff);
    let terms = drawer.terms(page)?;
    let mut stream = terms.terms().range().ge(&from).lt(&behind).into_stream()?;
    let (mut left, mut room) = (TERMS_MAX, POSTINGS_MAX);
    while left > 0 && room > 0 && stream.advance() {
        left -= 1;
        let about = stream.value().clone();
        room = room.saturating_sub(usize::try_from(about.doc_freq).unwrap_or(usize::MAX));
        let mut postings = terms.read_postings_from_terminfo(&about, IndexRecordOption::Basic)?;
        while postings.doc() != TERMINATED {
            cards.add(postings.doc());
            postings.advance();
        }
    }
    Ok(cards)
}

/// A set of documents, a bit each.
struct Cards(Vec<u64>);

impl Cards {
    fn none_of(documents: u32) -> Cards {
        let words = usize::try_from(documents).unwrap_or_default().div_ceil(64);
        Cards(vec![0; words])
    }

    fn add(&mut self, document: u32) {
        let at = usize::try_from(document / 64).unwrap_or(usize::MAX);
        if let Some(word) = self.0.get_mut(at) {
            *word |= 1 << (document % 64);
        }
    }

    fn and(mut self, other: &Cards) -> Cards {
        self.0.iter_mut().zip(&other.0).for_each(|(word, with)| *word &= with);
        self
    }

    fn documents(&self) -> impl Iterator<Item = u32> + '_ {
        let words = (0_u32..).zip(&self.0).filter(|(_, word)| **word != 0);
        words.flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        })
    }
}

/// What is typed, word by word: each as a term begins.
fn words_of(text: &str, words: &mut Words) -> Vec<String> {
    let text: String = text.chars().take(TEXT_LETTERS_MAX).collect();
    let typed = text.split_whitespace().map(|word| word.trim_start_matches(['#', '@']));
    let folded = typed.map(|word| words.whole(word)).filter(|word| !word.is_empty());
    folded.take(WORDS_MAX).collect()
}

/// Everything a card is found by.
fn terms_of(card: &Card, words: &mut Words) -> Vec<String> {
    let mut terms = Vec::new();
    for text in card.texts.iter().take(TEXTS_MAX) {
        // A word with its dots and dashes, and each of its parts.
        for word in text.split_whitespace().take(TEXT_WORDS_MAX) {
            terms.push(words.whole(word));
            terms.extend(words.split(word).into_iter().map(|part| part.text));
            // Where a letter goes: everybody at `example.com`.
            terms.extend(word.split_once('@').map(|(_, host)| words.whole(host)));
        }
    }
    terms.retain(|term| !term.is_empty());
    terms.sort();
    terms.dedup();
    terms.iter().map(|term| term_of(card.filed, term)).collect()
}

/// A term of one kind of card, so that others are never looked at.
fn term_of(filed: Filed, word: &str) -> String {
    let mark = match filed {
        Filed::Order => 'o',
        Filed::Customer => 'c',
        Filed::Product => 'p',
    };
    format!("{mark}{word}")
}

/// Words of a look-up.
const WORDS_MAX: usize = 8;
const TEXT_LETTERS_MAX: usize = 200;
/// Terms that a word may begin, in one segment, and cards on which they stand.
const TERMS_MAX: usize = 50_000;
const POSTINGS_MAX: usize = 4_000_000;
/// Texts of a card, and words of each: an order has a hundred lines at most that matter.
const TEXTS_MAX: usize = 220;
const TEXT_WORDS_MAX: usize = 40;

#[cfg(test)]
mod tests;
