//! Matching: which documents of a segment hold all that is asked, and how well they fit.
//!
//! Invariant: what a document is worth follows from it and the query alone, not from what else
//! is in the index, so that its place in a list stays while other products change.

use std::{cell::RefCell, collections::BTreeSet};

use tantivy::{
    DocId, DocSet, TERMINATED, Term,
    index::InvertedIndexReader,
    postings::{Postings, SegmentPostings, TermInfo},
    query::{EnableScoring, PhraseQuery, Query},
    schema::IndexRecordOption,
};

use super::{
    expand::Meant,
    schema::LEVEL_POINTS,
    view::{Segment, View},
};

/// All that must be found in a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Of each of these, one of its readings.
    pub slots: Vec<Slot>,
    /// Words side by side.
    pub phrases: Vec<Vec<String>>,
}

/// One word of a query, or several that mean one thing: any of its readings will do.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    /// Each reading: terms that must all be there.
    pub readings: Vec<Vec<Meant>>,
}

/// How far a document has come.
#[derive(Clone, Copy, Default)]
struct Standing {
    /// Slots it has, from the first on without a gap.
    slots: u32,
    /// What those before the last are worth.
    sum: u32,
    /// What the last is worth at best.
    best: u32,
}

thread_local! {
    /// One standing for each document of a segment, all blank between two matchings.
    static STANDINGS: RefCell<Vec<Standing>> = const { RefCell::new(Vec::new()) };
}

/// Calls `each` with every document of the segment that has all that is wanted, and how well.
pub(super) fn for_each_match(
    view: &View,
    segment: &Segment,
    wanted: &Wanted,
    mut each: impl FnMut(DocId, u32),
) -> tantivy::Result<()> {
    let phrases = in_phrases(view, segment, &wanted.phrases)?;
    let fits = |document: DocId| {
        segment.has(document) && phrases.as_ref().is_none_or(|has| has.contains(&document))
    };
    if wanted.slots.is_empty() {
        match &phrases {
            Some(has) => has.iter().filter(|has| segment.has(**has)).for_each(|has| each(*has, 0)),
            None => segment.reader.doc_ids_alive().for_each(|document| each(document, 0)),
        }
        return Ok(());
    }
    STANDINGS.with_borrow_mut(|standings| {
        let documents = at(segment.reader.max_doc());
        if standings.len() < documents {
            standings.resize(documents, Standing::default());
        }
        let mut touched = Vec::new();
        let matched = advance_all(view, segment, wanted, standings, &mut touched);
        let all = u32::try_from(wanted.slots.len()).unwrap_or(u32::MAX);
        for document in touched {
            let standing = std::mem::take(&mut standings[at(document)]);
            if matched.is_ok() && standing.slots == all && fits(document) {
                each(document, standing.sum + standing.best);
            }
        }
        matched
    })
}

/// Whether any document of the segment has this. Looks no further than the first.
pub(super) fn has_any(view: &View, segment: &Segment, slot: &Slot) -> tantivy::Result<bool> {
    let terms = segment.reader.inverted_index(view.columns.terms)?;
    for reading in &slot.readings {
        match listed(view, &terms, reading)?.as_deref() {
            None | Some([]) => {}
            Some([(info, _)]) => {
                let mut postings = postings(&terms, info)?;
                while postings.doc() != TERMINATED {
                    if segment.has(postings.doc()) {
                        return Ok(true);
                    }
                    postings.advance();
                }
            }
            Some(several) => {
                let mut is_there = false;
                let mut has = |document, _| is_there |= segment.has(document);
                for_each_with_all(&terms, several, &mut has)?;
                if is_there {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// A term of a reading in one segment: where its documents are listed, and how sure it is meant.
type Listed = (TermInfo, u32);

/// Lets every document advance, slot by slot, the rarest first; `touched` are those to be wiped.
fn advance_all(
    view: &View,
    segment: &Segment,
    wanted: &Wanted,
    standings: &mut [Standing],
    touched: &mut Vec<DocId>,
) -> tantivy::Result<()> {
    let terms = segment.reader.inverted_index(view.columns.terms)?;
    let mut slots = Vec::new();
    for slot in &wanted.slots {
        let mut readings: Vec<Vec<Listed>> = Vec::new();
        for reading in &slot.readings {
            readings.extend(listed(view, &terms, reading)?);
        }
        let first = |reading: &Vec<Listed>| reading.first().map_or(0, |(info, _)| info.doc_freq);
        let documents: u64 = readings.iter().map(|reading| u64::from(first(reading))).sum();
        slots.push((documents, readings));
    }
    slots.sort_by_key(|(documents, _)| *documents);
    for ((documents, readings), before) in slots.into_iter().zip(0_u32..) {
        // Of a long list only those are looked up that can still match, if they are few.
        let left = u64::try_from(touched.len()).unwrap_or(u64::MAX);
        let is_rare = before > 0 && left.saturating_mul(SEEK_PAYS) < documents;
        if is_rare {
            touched.sort_unstable();
        }
        let among = is_rare.then(|| touched.clone());
        let mut has = |document: DocId, worth: u32| {
            let Some(standing) = standings.get_mut(at(document)) else { return };
            if standing.slots == before + 1 {
                standing.best = standing.best.max(worth);
            } else if standing.slots == before {
                if before == 0 {
                    touched.push(document);
                }
                let sum = standing.sum + standing.best;
                *standing = Standing { slots: before + 1, sum, best: worth };
            }
        };
        for reading in &readings {
            match &reading[..] {
                [] => {}
                [only] => for_each_with(&terms, only, among.as_deref(), &mut has)?,
                several => for_each_with_all(&terms, several, &mut has)?,
            }
        }
    }
    Ok(())
}

/// Where the terms of a reading are listed; `None` if the segment lacks one of them.
fn listed(
    view: &View,
    terms: &InvertedIndexReader,
    reading: &[Meant],
) -> tantivy::Result<Option<Vec<Listed>>> {
    let mut listed = Vec::with_capacity(reading.len());
    for meant in reading {
        let term = Term::from_field_text(view.columns.terms, &meant.term);
        let Some(info) = terms.get_term_info(&term)? else { return Ok(None) };
        listed.push((info, meant.sure));
    }
    Ok(Some(listed))
}

fn postings(terms: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<SegmentPostings> {
    Ok(terms.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?)
}

/// Documents with a term; `among` these alone, in their order, if there are such.
fn for_each_with(
    terms: &InvertedIndexReader,
    (info, sure): &Listed,
    among: Option<&[DocId]>,
    has: &mut impl FnMut(DocId, u32),
) -> tantivy::Result<()> {
    let mut postings = postings(terms, info)?;
    let worth = LEVEL_POINTS.map(|points| points * *sure);
    let worth = |level: u32| worth.get(at(level)).copied().unwrap_or_default();
    if let Some(among) = among {
        for document in among {
            if postings.doc() < *document {
                postings.seek(*document);
            }
            if postings.doc() == *document {
                has(*document, worth(postings.term_freq()));
            }
        }
        return Ok(());
    }
    let mut document = postings.doc();
    while document != TERMINATED {
        has(document, worth(postings.term_freq()));
        document = postings.advance();
    }
    Ok(())
}

/// Documents with all terms, each worth as much as its weakest.
fn for_each_with_all(
    terms: &InvertedIndexReader,
    several: &[Listed],
    has: &mut impl FnMut(DocId, u32),
) -> tantivy::Result<()> {
    let mut lists = Vec::new();
    for (info, sure) in several {
        lists.push((postings(terms, info)?, *sure));
    }
    let Some(((lead, sure), others)) = lists.split_first_mut() else { return Ok(()) };
    let points = |level: u32| LEVEL_POINTS.get(at(level)).copied().unwrap_or_default();
    'documents: while lead.doc() != TERMINATED {
        let document = lead.doc();
        let mut worth = points(lead.term_freq()) * *sure;
        for (postings, sure) in others.iter_mut() {
            if postings.doc() < document {
                postings.seek(document);
            }
            if postings.doc() != document {
                lead.advance();
                continue 'documents;
            }
            worth = worth.min(points(postings.term_freq()) * *sure);
        }
        has(document, worth);
        lead.advance();
    }
    Ok(())
}

/// Documents that have every phrase; `None` if there is none to have.
fn in_phrases(
    view: &View,
    segment: &Segment,
    phrases: &[Vec<String>],
) -> tantivy::Result<Option<BTreeSet<DocId>>> {
    let mut in_all: Option<BTreeSet<DocId>> = None;
    for phrase in phrases {
        let term = |word: &String| Term::from_field_text(view.columns.phrases, word);
        let query = PhraseQuery::new(phrase.iter().map(term).collect());
        let weight = query.weight(EnableScoring::disabled_from_searcher(&view.searcher))?;
        let mut scorer = weight.scorer(&segment.reader, 1.0)?;
        let mut has = BTreeSet::new();
        while scorer.doc() != TERMINATED {
            has.insert(scorer.doc());
            scorer.advance();
        }
        in_all = Some(match in_all {
            Some(in_all) => in_all.intersection(&has).copied().collect(),
            None => has,
        });
    }
    Ok(in_all)
}

/// How many documents of a list are passed over in the time that one is looked up.
const SEEK_PAYS: u64 = 16;

/// A document's number as an index.
pub(super) fn at(document: DocId) -> usize {
    usize::try_from(document).unwrap_or(usize::MAX)
}
