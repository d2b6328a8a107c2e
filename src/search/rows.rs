//! Rows: what is read of every document that matches, decoded once for each segment.
//!
//! Invariant: made when a segment is opened, and nothing of them changes but figures, each whole; a
//! row is one place in memory, as a word that thousands of products have asks for thousands of
//! them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tantivy::{
    DocId, SegmentReader,
    columnar::{Column, StrColumn},
};

use super::{
    figures::{Figures, KnownProduct},
    matching::at,
    schema::{
        AVAILABLE, BRAND, CATEGORY, CREATED, ID_HIGH, ID_LOW, IN_STOCK, LENGTH, NAME, OPTION,
        OPTION_IN_STOCK, PRICE, PRINT, SALES, SPREAD,
    },
    view::Labels,
};

/// The rows of a segment, by document.
pub(super) struct Rows {
    rows: Vec<Row>,
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
    /// The halves of the product's id.
    pub id: (u64, u64),
    pub created: i64,
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
    /// What tells its variants that can be ordered from others.
    available: u64,
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
        let labelled = |name: &str| Labelled::open(fast.str(name)?, known);
        let (brand, option, category) = (labelled(BRAND)?, labelled(OPTION)?, labelled(CATEGORY)?);
        let (option_in_stock, available) = (labelled(OPTION_IN_STOCK)?, fast.u64(AVAILABLE)?);
        let mut rows = Vec::with_capacity(at(reader.max_doc()));
        let mut labels = Vec::new();
        for document in 0..reader.max_doc() {
            let begin = labels.len();
            let brands = brand.add(document, &mut labels);
            let options = option.add(document, &mut labels);
            let options_in_stock = option_in_stock.add(document, &mut labels);
            category.add(document, &mut labels);
            rows.push(Row {
                id: (first(&id.0, document), first(&id.1, document)),
                created: first(&created, document),
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
                available: first(&available, document),
            });
        }
        labels.shrink_to_fit();
        let [name_0, name_1, name_2] = NAME;
        let name = [fast.u64(name_0)?, fast.u64(name_1)?, fast.u64(name_2)?];
        Ok(Rows { rows, labels, name, print: fast.u64(PRINT)? })
    }

    /// A document's row.
    pub fn of(&self, document: DocId) -> Option<&Row> {
        self.rows.get(at(document))
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

    /// The numbers of a document's labels: its brands, its options, those of them that are in
    /// stock, its categories.
    pub fn labels(&self, document: DocId) -> [&[u32]; 4] {
        let Some(row) = self.of(document) else { return [&[]; 4] };
        let until = self.rows.get(at(document) + 1).map_or(self.labels.len(), Row::begin);
        let all = self.labels.get(row.begin()..until).unwrap_or_default();
        let (brands, rest) = all.split_at(usize::from(row.brands).min(all.len()));
        let (options, rest) = rest.split_at(usize::from(row.options).min(rest.len()));
        let in_stock = usize::from(row.options_in_stock).min(rest.len());
        let (in_stock, categories) = rest.split_at(in_stock);
        [brands, options, in_stock, categories]
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

/// A column of labels; each of its own numbers with the label's number in [`Labels`].
struct Labelled(Option<(Column<u64>, Vec<u32>)>);

impl Labelled {
    fn open(column: Option<StrColumn>, known: &Labels) -> tantivy::Result<Labelled> {
        let Some(column) = column else { return Ok(Labelled(None)) };
        let mut numbers = Vec::with_capacity(column.num_terms());
        let mut text = String::new();
        for ord in 0..column.num_terms() {
            column.ord_to_str(u64::try_from(ord).unwrap_or(u64::MAX), &mut text)?;
            numbers.push(known.number_of(&text));
        }
        Ok(Labelled(Some((column.into_parts().1, numbers))))
    }

    /// Adds a document's labels, and says how many they are.
    fn add(&self, document: DocId, to: &mut Vec<u32>) -> u16 {
        let Some((column, numbers)) = &self.0 else { return 0 };
        let number = |ord: u64| numbers.get(usize::try_from(ord).ok()?).copied();
        let before = to.len();
        let most = usize::from(u16::MAX);
        to.extend(column.values_for_doc(document).filter_map(number).take(most));
        u16::try_from(to.len() - before).unwrap_or(u16::MAX)
    }
}

/// The first value of a document; nothing counts as zero.
fn first<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + Default + 'static>(
    column: &Column<T>,
    document: DocId,
) -> T {
    column.first(document).unwrap_or_default()
}
