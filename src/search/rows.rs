//! Rows: what is read of every document that matches, decoded once for each segment.
//!
//! Invariant: made when a segment is opened, and nothing of them changes but figures, each whole; a
//! row is one place in memory, as a word that thousands of products have asks for thousands of
//! them, and what only a page of those is asked for lies apart.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tantivy::{
    DocId, SegmentReader,
    columnar::{Column, StrColumn},
};

use super::{
    figures::{Figures, KnownProduct},
    matching::at,
    schema::{
        AVAILABLE, BRAND, CATEGORY, CHOICE_BREAK, CHOICE_GONE, CHOICE_IN_STOCK, CREATED, ID_HIGH,
        ID_LOW, IN_STOCK, LENGTH, NAME, OPTION, OPTION_IN_STOCK, PRICE, PRINT, SALES, SPREAD,
    },
    view::Labels,
};
use crate::domain::catalogue::OPTIONS_MAX;

/// The rows of a segment, by document.
pub(super) struct Rows {
    rows: Vec<Row>,
    births: Vec<Birth>,
    /// The labels of all rows, one row's behind the other's.
    labels: Vec<u32>,
    /// Asked only when a list is ordered by name.
    name: [Column<u64>; 3],
    /// Asked only by the one that writes.
    print: Column<u64>,
}

/// What is read of a document.
#[derive(Debug)]
pub(super) struct Row {
    price: AtomicI64,
    /// By how much the dearest variant is dearer.
    spread: i64,
    /// Twice the step of its sales, and one more if it is in stock.
    stock: AtomicU64,
    /// Words of the name.
    pub length: u32,
    /// Where this row's labels begin; they end with the next one's.
    labels: u32,
    brands: u16,
    options: u16,
    options_in_stock: u16,
    /// Its variants that can be ordered, and the others, where several options are to be chosen.
    variants_in_stock: u8,
    variants_gone: u8,
    /// What tells its variants that can be ordered from others.
    available: u64,
}

/// What a product has from the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Birth {
    /// The halves of its id.
    pub id: (u64, u64),
    pub created: i64,
}

/// The numbers of a document's labels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Labelled<'r> {
    pub brands: &'r [u32],
    pub options: &'r [u32],
    /// What each of its variants is, where several options are to be chosen.
    pub variants: &'r [[u32; OPTIONS_MAX]],
    pub categories: &'r [u32],
}

impl Rows {
    /// Decodes the columns of a segment.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn open(reader: &SegmentReader, known: &Labels) -> tantivy::Result<Rows> {
        let fast = reader.fast_fields();
        let id = (fast.u64(ID_HIGH)?, fast.u64(ID_LOW)?);
        let (price, created) = (fast.i64(PRICE)?, fast.i64(CREATED)?);
        let (sales, length) = (fast.u64(SALES)?, fast.u64(LENGTH)?);
        let (in_stock, spread) = (fast.u64(IN_STOCK)?, fast.i64(SPREAD)?);
        let labelled = |name: &str| LabelColumn::of_labels(fast.str(name)?, known);
        let (brand, option, category) = (labelled(BRAND)?, labelled(OPTION)?, labelled(CATEGORY)?);
        let (option_in_stock, available) = (labelled(OPTION_IN_STOCK)?, fast.u64(AVAILABLE)?);
        let chosen = |name: &str| LabelColumn::of_choices(fast.str(name)?, known);
        let (choice_in_stock, choice_gone) = (chosen(CHOICE_IN_STOCK)?, chosen(CHOICE_GONE)?);
        let mut rows = Vec::with_capacity(at(reader.max_doc()));
        let mut births = Vec::with_capacity(at(reader.max_doc()));
        let mut labels = Vec::new();
        for document in 0..reader.max_doc() {
            let begin = labels.len();
            let brands = brand.add(document, &mut labels, u16::MAX);
            let options = option.add(document, &mut labels, u16::MAX);
            let options_in_stock = option_in_stock.add(document, &mut labels, u16::MAX);
            let variants_in_stock = choice_in_stock.add(document, &mut labels, u8::MAX);
            let variants_gone = choice_gone.add(document, &mut labels, u8::MAX);
            category.add(document, &mut labels, u16::MAX);
            births.push(Birth {
                id: (first(&id.0, document), first(&id.1, document)),
                created: first(&created, document),
            });
            rows.push(Row {
                price: AtomicI64::new(first(&price, document)),
                spread: first(&spread, document),
                stock: AtomicU64::new(
                    first(&sales, document) << 1 | u64::from(first(&in_stock, document) > 0),
                ),
                length: u32::try_from(first(&length, document)).unwrap_or(u32::MAX),
                labels: u32::try_from(begin).unwrap_or(u32::MAX),
                brands,
                options,
                options_in_stock,
                variants_in_stock,
                variants_gone,
                available: first(&available, document),
            });
        }
        labels.shrink_to_fit();
        let [name_0, name_1, name_2] = NAME;
        let name = [fast.u64(name_0)?, fast.u64(name_1)?, fast.u64(name_2)?];
        Ok(Rows { rows, births, labels, name, print: fast.u64(PRINT)? })
    }

    /// A document's row.
    pub fn of(&self, document: DocId) -> Option<&Row> {
        self.rows.get(at(document))
    }

    /// What a document has from the beginning.
    pub fn birth(&self, document: DocId) -> Birth {
        self.births.get(at(document)).copied().unwrap_or_default()
    }

    /// What is known of a document.
    pub fn known(&self, document: DocId) -> Option<KnownProduct> {
        let figures = self.of(document)?.figures();
        Some(KnownProduct { print: first(&self.print, document), figures })
    }

    /// Shows these figures of a document from now on; those before.
    pub fn adjust(&self, document: DocId, figures: Figures) -> Option<Figures> {
        let row = self.of(document)?;
        let before = row.figures();
        let stock = figures.sales_step << 1 | u64::from(figures.in_stock);
        row.price.store(figures.price_minor, Ordering::Relaxed);
        row.stock.store(stock, Ordering::Relaxed);
        Some(before)
    }

    /// The numbers of a document's labels; of options and variants those that are in stock, if
    /// others do not matter.
    pub fn labels(&self, document: DocId, in_stock: bool) -> Labelled<'_> {
        let Some(row) = self.of(document) else { return Labelled::default() };
        let until = self.rows.get(at(document) + 1).map_or(self.labels.len(), Row::begin);
        let all = self.labels.get(row.begin()..until).unwrap_or_default();
        let (brands, rest) = all.split_at(usize::from(row.brands).min(all.len()));
        let (options, rest) = rest.split_at(usize::from(row.options).min(rest.len()));
        let there = usize::from(row.options_in_stock).min(rest.len());
        let (options_there, rest) = rest.split_at(there);
        let (there, gone) = (usize::from(row.variants_in_stock), usize::from(row.variants_gone));
        let variants = ((there + gone) * OPTIONS_MAX).min(rest.len());
        let (variants, categories) = rest.split_at(variants);
        let (variants, _) = variants.as_chunks();
        match in_stock {
            true => {
                let variants = &variants[..there.min(variants.len())];
                Labelled { brands, options: options_there, variants, categories }
            }
            false => Labelled { brands, options, variants, categories },
        }
    }

    /// The beginning of a document's name, as numbers in the order of names.
    pub fn name(&self, document: DocId) -> [u64; 3] {
        [0, 1, 2].map(|part| first(&self.name[part], document))
    }
}

impl Row {
    /// Its figures as they are now; to be asked once for each answer.
    pub fn figures(&self) -> Figures {
        let stock = self.stock.load(Ordering::Relaxed);
        let price_minor = self.price.load(Ordering::Relaxed);
        let (in_stock, sales_step) = (stock & 1 == 1, stock >> 1);
        let Row { spread: price_spread, available, .. } = *self;
        Figures { price_minor, price_spread, available, in_stock, sales_step }
    }

    fn begin(&self) -> usize {
        usize::try_from(self.labels).unwrap_or(usize::MAX)
    }
}

/// A column of labels; each of its own numbers with the numbers in [`Labels`] of what it says.
struct LabelColumn {
    column: Option<Column<u64>>,
    numbers: Vec<u32>,
    /// Labels of one value.
    width: usize,
}

impl LabelColumn {
    fn of_labels(column: Option<StrColumn>, known: &Labels) -> tantivy::Result<LabelColumn> {
        LabelColumn::open(column, 1, |text, numbers| numbers.push(known.number_of(text)))
    }

    fn of_choices(column: Option<StrColumn>, known: &Labels) -> tantivy::Result<LabelColumn> {
        LabelColumn::open(column, OPTIONS_MAX, |text, numbers| {
            let labels = text.split(CHOICE_BREAK).map(|label| known.number_of(label));
            numbers.extend(labels.chain(std::iter::repeat(NO_LABEL)).take(OPTIONS_MAX));
        })
    }

    fn open(
        column: Option<StrColumn>,
        width: usize,
        number: impl Fn(&str, &mut Vec<u32>),
    ) -> tantivy::Result<LabelColumn> {
        let mut numbers = Vec::new();
        let Some(column) = column else { return Ok(LabelColumn { column: None, numbers, width }) };
        numbers.reserve(column.num_terms() * width);
        let mut text = String::new();
        for ord in 0..column.num_terms() {
            column.ord_to_str(u64::try_from(ord).unwrap_or(u64::MAX), &mut text)?;
            number(&text, &mut numbers);
        }
        Ok(LabelColumn { column: Some(column.into_parts().1), numbers, width })
    }

    /// Adds the labels of a document's values, as many as can be counted, and counts them.
    fn add<N: TryFrom<usize> + Into<usize> + Copy>(
        &self,
        document: DocId,
        to: &mut Vec<u32>,
        most: N,
    ) -> N {
        let Some(column) = &self.column else { return N::try_from(0).unwrap_or(most) };
        let labels = |ord: u64| {
            let begin = usize::try_from(ord).ok()?.checked_mul(self.width)?;
            self.numbers.get(begin..begin + self.width)
        };
        let before = to.len();
        let values = column.values_for_doc(document).filter_map(labels).take(most.into());
        to.extend(values.flatten());
        N::try_from((to.len() - before) / self.width).unwrap_or(most)
    }
}

/// The first value of a document; nothing counts as zero.
fn first<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + Default + 'static>(
    column: &Column<T>,
    document: DocId,
) -> T {
    column.first(document).unwrap_or_default()
}

/// The number of no label.
const NO_LABEL: u32 = u32::MAX;
