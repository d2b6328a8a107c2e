//! View: the index as of one commit, opened for many readers at once.
//!
//! Invariant: a view never changes; a reload makes another. What is dear to open is kept for
//! each segment and shared by the views it appears in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tantivy::{
    DocId, Searcher, SegmentReader,
    columnar::{Column, StrColumn},
    index::SegmentId,
    postings::SegmentPostings,
    schema::IndexRecordOption,
};

use super::{
    expand::Expansions,
    request::{SearchAnswer, SearchRequest},
    schema::{
        BRAND, CATEGORY, CREATED, Columns, ID_HIGH, ID_LOW, IN_STOCK, LENGTH, NAME, OPTION, PRICE,
        SALES, fold_label,
    },
    words::Words,
};

/// The index as of one commit.
pub(super) struct View {
    pub searcher: Searcher,
    pub segments: Vec<Segment>,
    pub columns: Columns,
    pub labels: Arc<Labels>,
    pub words: Words,
    pub synonyms: Arc<Vec<Vec<Vec<String>>>>,
    pub position: u64,
    pub expansions: Expansions,
    pub answers: quick_cache::sync::Cache<SearchRequest, Arc<SearchAnswer>>,
}

/// A segment as this view sees it.
pub(super) struct Segment {
    pub reader: SegmentReader,
    pub figures: Arc<Figures>,
}

/// The columns of a segment.
pub(super) struct Figures {
    id_high: Column<u64>,
    id_low: Column<u64>,
    pub price: Column<i64>,
    pub in_stock: Column<u64>,
    pub sales: Column<u64>,
    pub created: Column<i64>,
    pub length: Column<u64>,
    pub name: [Column<u64>; 3],
    pub category: Labelled,
    pub brand: Labelled,
    pub option: Labelled,
}

/// A column of labels; each of its own numbers with the label's number in [`Labels`].
pub(super) struct Labelled {
    ords: Option<Column<u64>>,
    labels: Vec<u32>,
}

/// All labels that were met, numbered from zero; one that differs only in case is the same.
#[derive(Default)]
pub(super) struct Labels(Mutex<KnownLabels>);

#[derive(Default)]
struct KnownLabels {
    numbers: HashMap<String, u32>,
    shown: Vec<Arc<str>>,
}

/// What was opened of segments, by what they are.
pub(super) type Opened = HashMap<SegmentId, Arc<Figures>>;

impl Segment {
    /// Whether the document is still there.
    pub fn has(&self, document: DocId) -> bool {
        !self.reader.is_deleted(document)
    }

    /// The documents of a term and how often it stands in each.
    pub fn postings(
        &self,
        columns: &Columns,
        term: &str,
    ) -> tantivy::Result<Option<SegmentPostings>> {
        let terms = self.reader.inverted_index(columns.terms)?;
        let term = tantivy::Term::from_field_text(columns.terms, term);
        Ok(terms.read_postings(&term, IndexRecordOption::WithFreqs)?)
    }
}

impl Figures {
    /// Opens the columns of a segment.
    pub fn open(reader: &SegmentReader, labels: &Labels) -> tantivy::Result<Figures> {
        let fast = reader.fast_fields();
        let labelled = |name: &str| -> tantivy::Result<Labelled> {
            let Some(column) = fast.str(name)? else {
                return Ok(Labelled { ords: None, labels: Vec::new() });
            };
            let mut numbers = Vec::with_capacity(column.num_terms());
            let mut text = String::new();
            for ord in 0..column.num_terms() {
                column.ord_to_str(u64::try_from(ord).unwrap_or(u64::MAX), &mut text)?;
                numbers.push(labels.number_of(&text));
            }
            Ok(Labelled { ords: Some(column_of(column)), labels: numbers })
        };
        let [name_0, name_1, name_2] = NAME;
        Ok(Figures {
            id_high: fast.u64(ID_HIGH)?,
            id_low: fast.u64(ID_LOW)?,
            price: fast.i64(PRICE)?,
            in_stock: fast.u64(IN_STOCK)?,
            sales: fast.u64(SALES)?,
            created: fast.i64(CREATED)?,
            length: fast.u64(LENGTH)?,
            name: [fast.u64(name_0)?, fast.u64(name_1)?, fast.u64(name_2)?],
            category: labelled(CATEGORY)?,
            brand: labelled(BRAND)?,
            option: labelled(OPTION)?,
        })
    }

    /// The halves of the product's id.
    pub fn id(&self, document: DocId) -> (u64, u64) {
        (first(&self.id_high, document), first(&self.id_low, document))
    }
}

impl Labelled {
    /// The numbers of the document's labels.
    pub fn of(&self, document: DocId) -> impl Iterator<Item = u32> + '_ {
        let ords = self.ords.iter().flat_map(move |column| column.values_for_doc(document));
        ords.filter_map(|ord| self.labels.get(usize::try_from(ord).ok()?).copied())
    }
}

impl Labels {
    /// The number of a label.
    pub fn number_of(&self, label: &str) -> u32 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let folded = fold_label(label);
        if let Some(number) = known.numbers.get(&folded) {
            return *number;
        }
        let number = u32::try_from(known.shown.len()).unwrap_or(u32::MAX);
        known.shown.push(Arc::from(label));
        known.numbers.insert(folded, number);
        number
    }

    /// The number of a label that was met before.
    pub fn known(&self, label: &str) -> Option<u32> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.numbers.get(&fold_label(label)).copied()
    }

    /// A label as it is shown.
    pub fn shown(&self, number: u32) -> Option<Arc<str>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.shown.get(usize::try_from(number).ok()?).cloned()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).shown.len()
    }
}

/// The first value of a document; nothing counts as zero.
pub(super) fn first<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + Default + 'static>(
    column: &Column<T>,
    document: DocId,
) -> T {
    column.first(document).unwrap_or_default()
}

fn column_of(column: StrColumn) -> Column<u64> {
    column.into_parts().1
}
