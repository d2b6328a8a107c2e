//! Gathering: of everything that matches, the page in its order, the total and the facets.
//!
//! Invariant: one pass. A document that fails no filter is a hit; one that fails exactly one kind
//! of filter still counts in that kind's facet, so that what is not chosen can be chosen instead.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use tantivy::DocId;

use super::{
    facets::Counts,
    figures::Figures,
    request::{Filters, Hit, Place, SearchRequest, SearchSort},
    rows::{Labelled, Row, Rows},
    schema::{option_label, whole},
    view::{Segment, View},
};

/// Everything one search gathers.
pub(super) struct Gathering<'a> {
    request: &'a SearchRequest,
    has_words: bool,
    filters: Chosen,
    best: BinaryHeap<Reverse<(Place, u32)>>,
    /// All hits.
    pub total: u64,
    /// Whether hits behind the page were dropped.
    has_more: bool,
    /// What could be chosen further, if that is asked.
    pub counts: Option<Counts>,
}

/// The filters, with labels as the numbers they have in the columns.
pub(super) struct Chosen {
    pub categories: Option<BTreeSet<u32>>,
    pub brands: Option<BTreeSet<u32>>,
    pub prices: Option<(i64, i64)>,
    pub in_stock: Option<bool>,
    pub options: Vec<BTreeSet<u32>>,
}

/// Which filters a document fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fails {
    None,
    Only(Kind),
    Several,
}

/// A kind of filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Category,
    Brand,
    Price,
    Stock,
    /// The chosen option of this number.
    Option(usize),
}

impl<'a> Gathering<'a> {
    /// Nothing gathered yet.
    pub fn new(view: &View, request: &'a SearchRequest, has_words: bool) -> Gathering<'a> {
        let filters = Chosen::of(view, &request.filters);
        let counts = request.facets.then(|| Counts::new(view.labels.count(), &filters));
        Gathering {
            request,
            has_words,
            filters,
            best: BinaryHeap::new(),
            total: 0,
            has_more: false,
            counts,
        }
    }

    /// Takes a document that matches the words so well.
    pub fn take(&mut self, segment: &Segment, document: DocId, relevance: u32) {
        let rows = &*segment.rows;
        let Some(row) = rows.of(document) else { return };
        let figures = row.figures();
        let nobody_asks = self.counts.is_none() && self.filters.asks_nothing();
        let labels = match nobody_asks {
            true => Labelled::default(),
            // Who asks for what is in stock means the chosen size, and not another one.
            false => rows.labels(document, self.filters.in_stock == Some(true)),
        };
        let fails = self.filters.failed_by(figures, &labels);
        if let Some(counts) = &mut self.counts {
            counts.take(figures, &labels, &self.filters, fails);
        }
        if fails != Fails::None {
            return;
        }
        self.total += 1;
        let rank = self.rank_of((rows, row), figures, document, relevance);
        let last = self.best.peek().filter(|_| self.best.len() >= self.request.limit);
        // Of most it is not asked who they are.
        if last.is_some_and(|Reverse((last, _))| rank < last.rank) {
            self.has_more = true;
            return;
        }
        let place = Place { rank, id: rows.birth(document).id };
        if self.request.after.is_some_and(|after| place >= after) {
            return;
        }
        if last.is_some_and(|Reverse((last, _))| place < *last) {
            self.has_more = true;
            return;
        }
        self.best.push(Reverse((place, relevance)));
        if self.best.len() > self.request.limit {
            self.best.pop();
            self.has_more = true;
        }
    }

    /// The hits in order, and where the next page begins.
    pub fn page(&mut self) -> (Vec<Hit>, Option<Place>) {
        let best = std::mem::take(&mut self.best).into_sorted_vec();
        let last = best.last().map(|Reverse((place, _))| *place);
        let hit = |Reverse((place, relevance)): &Reverse<(Place, u32)>| Hit {
            product: whole(place.id.0, place.id.1),
            relevance: *relevance,
        };
        (best.iter().map(hit).collect(), last.filter(|_| self.has_more))
    }

    /// Where the document stands in the order, but for its equals; greater comes first.
    fn rank_of(
        &self,
        (rows, row): (&Rows, &Row),
        figures: Figures,
        document: DocId,
        relevance: u32,
    ) -> [u64; 3] {
        let Figures { price_minor, in_stock, sales_step, .. } = figures;
        let in_stock = u64::from(in_stock);
        let created = || ordered(rows.birth(document).created);
        match self.request.sort {
            SearchSort::Relevance if self.has_words => {
                let length = u64::from(row.length);
                [u64::from(relevance) * 2 + in_stock, u64::MAX - length, sales_step]
            }
            SearchSort::Relevance => [in_stock, sales_step, created()],
            SearchSort::Cheapest => [u64::MAX - ordered(price_minor), in_stock, 0],
            SearchSort::Dearest => [ordered(price_minor), in_stock, 0],
            SearchSort::Newest => [created(), 0, 0],
            SearchSort::Name => rows.name(document).map(|part| u64::MAX - part),
            SearchSort::BestSelling => [sales_step, in_stock, created()],
        }
    }
}

impl Chosen {
    fn of(view: &View, filters: &Filters) -> Chosen {
        let labels = &view.labels;
        let some = |wanted: Vec<Option<u32>>| {
            // What nobody has is nevertheless asked for: nothing has it.
            (!wanted.is_empty()).then(|| wanted.into_iter().flatten().collect::<BTreeSet<u32>>())
        };
        let categories = filters.categories.iter();
        let categories = categories.map(|id| labels.known(&id.to_string())).collect();
        let brands = filters.brands.iter().map(|brand| labels.known(brand)).collect();
        let options = filters.options.iter().map(|(option, values)| {
            let number = |value: &String| labels.known(&option_label(option, value));
            values.iter().filter_map(number).collect()
        });
        let prices = (filters.min_price.is_some() || filters.max_price.is_some()).then(|| {
            (filters.min_price.unwrap_or(i64::MIN), filters.max_price.unwrap_or(i64::MAX))
        });
        Chosen {
            categories: some(categories),
            brands: some(brands),
            prices,
            in_stock: filters.in_stock,
            options: options.collect(),
        }
    }

    fn failed_by(&self, figures: Figures, labels: &Labelled<'_>) -> Fails {
        let mut fails = Fails::None;
        if self.asks_nothing() {
            return fails;
        }
        let Labelled { brands, options, variants, categories } = *labels;
        let mut note = |kind: Kind, fits: bool| {
            if !fits {
                fails = fails.and(Fails::Only(kind));
            }
        };
        if let Some(wanted) = &self.categories {
            note(Kind::Category, any(categories, wanted));
        }
        if let Some(wanted) = &self.brands {
            note(Kind::Brand, any(brands, wanted));
        }
        if let Some((least, most)) = self.prices {
            note(Kind::Price, least <= figures.dearest() && figures.price_minor <= most);
        }
        if let Some(wanted) = self.in_stock {
            note(Kind::Stock, figures.in_stock == wanted);
        }
        // Where several options are to be chosen, it is one variant that has what is wanted.
        let fitting = variants.iter().map(|variant| self.missed_by(variant)).min();
        fails.and(fitting.unwrap_or_else(|| self.missed_by(options)))
    }

    /// Which of the chosen options these labels have no wanted value of.
    pub fn missed_by(&self, labels: &[u32]) -> Fails {
        let missed = self.options.iter().enumerate().filter(|(_, wanted)| !any(labels, wanted));
        missed.fold(Fails::None, |fails, (number, _)| fails.and(Fails::Only(Kind::Option(number))))
    }

    fn asks_nothing(&self) -> bool {
        let Chosen { categories, brands, prices, in_stock, options } = self;
        categories.is_none()
            && brands.is_none()
            && prices.is_none()
            && in_stock.is_none()
            && options.is_empty()
    }
}

impl Fails {
    fn and(self, other: Fails) -> Fails {
        match (self, other) {
            (fails, Fails::None) | (Fails::None, fails) => fails,
            (Fails::Only(_) | Fails::Several, Fails::Only(_) | Fails::Several) => Fails::Several,
        }
    }
}

fn any(labels: &[u32], wanted: &BTreeSet<u32>) -> bool {
    labels.iter().any(|label| wanted.contains(label))
}

/// A signed number as an unsigned one in the same order.
fn ordered(number: i64) -> u64 {
    u64::from_be_bytes(number.to_be_bytes()) ^ (1 << 63)
}
