//! Spelling: when nothing is found, the nearest words that find something.
//!
//! Invariant: what is proposed finds at least one hit under the same filters. Bounded: a few
//! candidates for each word, and a few tries.

use super::{
    expand::{Tolerance, distance, slips_forgiven},
    found,
    reading::Typed,
    request::SearchRequest,
    view::View,
};

/// The nearest words that find something, if any do.
pub(super) fn nearest(
    view: &View,
    request: &SearchRequest,
    typed: &Typed,
) -> tantivy::Result<Option<String>> {
    let mut words: Vec<String> = typed.words.clone();
    words.extend(typed.phrases.iter().flatten().cloned());
    let mut tries = TRIES_MAX;
    let mut finds = |words: &[String]| -> tantivy::Result<bool> {
        if tries == 0 || words.is_empty() {
            return Ok(false);
        }
        tries -= 1;
        let typed = Typed { words: words.to_vec(), ..Typed::default() };
        let wanted = view.wanted(&typed, Tolerance::Unknown)?;
        let request = SearchRequest { limit: 1, facets: false, ..request.clone() };
        Ok(found(view, &request, &typed, &wanted)?.total > 0)
    };
    // The same words without quotes.
    if !typed.phrases.is_empty() && finds(&words)? {
        return Ok(Some(words.join(" ")));
    }
    let mut spelled = Vec::new();
    for word in &words {
        spelled.push(respelled(view, word)?);
    }
    let near = |at: usize| spelled[at].as_ref().unwrap_or(&words[at]);
    let said = |without: Option<usize>| -> Vec<String> {
        let kept = (0..words.len()).filter(|at| Some(*at) != without);
        // What was one word may be two now.
        kept.flat_map(|at| near(at).split(' ')).map(str::to_owned).collect()
    };
    let respelled = said(None);
    if respelled != words && finds(&respelled)? {
        return Ok(Some(respelled.join(" ")));
    }
    // Without the words one by one, those that nothing knows first.
    let mut order: Vec<usize> = (0..words.len()).collect();
    order.sort_by_key(|at| usize::from(spelled[*at].is_none() && is_known(view, &words[*at])));
    for left_out in order {
        let rest = said(Some(left_out));
        if finds(&rest)? {
            return Ok(Some(rest.join(" ")));
        }
    }
    Ok(None)
}

fn is_known(view: &View, word: &str) -> bool {
    view.frequency(word).is_ok_and(|documents| documents > 0)
}

/// A known word that is near an unknown one: with more slips than search forgives by itself, or
/// two words that were written as one.
fn respelled(view: &View, word: &str) -> tantivy::Result<Option<String>> {
    if is_known(view, word) {
        return Ok(None);
    }
    for (at, _) in word.char_indices().skip(2) {
        let (one, other) = word.split_at(at);
        if other.chars().count() >= 2 && is_known(view, one) && is_known(view, other) {
            return Ok(Some(format!("{one} {other}")));
        }
    }
    let letters = word.chars().count();
    let slips_max = u32::from(slips_forgiven(word)) + if letters >= 6 { 2 } else { 1 };
    let mut best: Option<(u32, u64, String)> = None;
    let first: String = word.chars().take(1).collect();
    for segment in &view.segments {
        let terms = segment.reader.inverted_index(view.columns.terms)?;
        let mut behind = first.clone().into_bytes();
        behind.push(0xff);
        let mut stream = terms.terms().range().ge(&first).lt(&behind).into_stream()?;
        let mut left = CANDIDATES_MAX;
        while left > 0 && stream.advance() {
            left -= 1;
            let Ok(term) = std::str::from_utf8(stream.key()) else { continue };
            let difference = term.len().abs_diff(word.len());
            if difference > SLIPS_LENGTH_MAX || letters < 3 {
                continue;
            }
            let near = (distance(word, term), u64::MAX - u64::from(stream.value().doc_freq));
            let is_nearer = best.as_ref().is_none_or(|known| near < (known.0, known.1));
            if near.0 <= slips_max && is_nearer {
                best = Some((near.0, near.1, term.to_owned()));
            }
        }
    }
    Ok(best.map(|(.., term)| term))
}

/// Searches in search of one that finds something.
const TRIES_MAX: usize = 8;
/// Terms that are compared in one segment.
const CANDIDATES_MAX: usize = 8_192;
const SLIPS_LENGTH_MAX: usize = 4;
