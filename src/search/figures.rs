//! Figures: what of a product changes often and says nothing about its words: price, stock, sales.
//!
//! Invariant: they are corrected in the rows that are in memory, without a commit of the index.
//! Until one has them, they are remembered here, for rows that are opened meanwhile. What was made
//! from figures carries how often those it depends on had changed; changes of many products are
//! told as one, so that what was made outlives more than a moment of a busy shop.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    Search, only,
    request::{SearchFault, SearchRequest, SearchSort},
    schema::Columns,
    view::Segment,
};
use crate::domain::ids::ProductId;

/// What changes often of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Its price in minor units: that of its cheapest variant.
    pub price_minor: i64,
    /// By how much its dearest variant is dearer. Changes only with what is committed.
    pub price_spread: i64,
    /// What tells its variants that can be ordered from others, if it has several. Changes only
    /// with what is committed.
    pub available: u64,
    /// Whether any of it can be ordered.
    pub in_stock: bool,
    /// How well it sells: see [`super::sales_step`].
    pub sales_step: u64,
}

impl Figures {
    /// The price of the dearest variant.
    pub fn dearest(&self) -> i64 {
        self.price_minor.saturating_add(self.price_spread)
    }
}

/// What the index knows of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProduct {
    /// What tells its words from others: see [`super::Findable::print`].
    pub print: u64,
    /// Its figures, as they are shown.
    pub figures: Figures,
}

/// Figures that are shown and in no commit yet.
#[derive(Debug, Default)]
pub(super) struct Adjusted(Mutex<HashMap<ProductId, Figures>>);

/// How often figures have changed.
#[derive(Debug, Default)]
pub(super) struct Moves {
    prices: Count,
    stock: Count,
}

/// A count, and whether it is to move.
#[derive(Debug, Default)]
struct Count {
    told: AtomicU64,
    is_due: AtomicBool,
}

impl Count {
    fn now(&self) -> u64 {
        self.told.load(Ordering::Acquire)
    }

    /// After what changed can be read: who still sees the old count may have read the old figures.
    fn tell(&self) -> bool {
        let is_due = self.is_due.swap(false, Ordering::Relaxed);
        self.told.fetch_add(u64::from(is_due), Ordering::Release);
        is_due
    }
}

/// How often those figures had changed that something was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// Nothing, if prices do not matter.
    prices: Option<u64>,
    stock: u64,
}

impl Moves {
    /// How often what an answer to this is made from has changed. Asked before it is made.
    pub fn of(&self, request: &SearchRequest) -> Moved {
        let by_price = matches!(request.sort, SearchSort::Cheapest | SearchSort::Dearest);
        let filters = &request.filters;
        let among = filters.min_price.is_some() || filters.max_price.is_some();
        let prices = by_price || among || request.facets;
        Moved { prices: prices.then(|| self.prices.now()), ..self.of_stock() }
    }

    /// The same of what is made without prices.
    pub fn of_stock(&self) -> Moved {
        Moved { prices: None, stock: self.stock.now() }
    }
}

impl Adjusted {
    /// Lets go of these, which a commit has now.
    pub fn settle(&self, products: impl IntoIterator<Item = ProductId>) {
        let mut adjusted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for product in products {
            adjusted.remove(&product);
        }
    }

    /// Corrects the rows of a segment that was just opened.
    pub fn apply(&self, segment: &Segment, columns: &Columns) -> tantivy::Result<()> {
        let adjusted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (product, figures) in adjusted.iter() {
            if let Some(document) = only(segment, &columns.term_of(*product))? {
                segment.rows.adjust(document, *figures);
            }
        }
        Ok(())
    }

    fn note(&self, product: ProductId, figures: Figures) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(product, figures);
    }
}

impl Search {
    /// What the index knows of a product; `None` if it is not in it.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn known(&self, product: ProductId) -> Result<Option<KnownProduct>, SearchFault> {
        let view = self.0.view.load_full();
        self.guarded(|| {
            let term = view.columns.term_of(product);
            for segment in &view.segments {
                if let Some(document) = only(segment, &term)? {
                    return Ok(segment.rows.known(document));
                }
            }
            Ok(None)
        })
    }

    /// From now on these are the figures of a product, until it is put in again and committed.
    /// Answers that are remembered show it when it is told. For the one that writes the index, who
    /// puts the product in before what it knows is committed as known.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn adjust(&self, product: ProductId, figures: Figures) -> Result<(), SearchFault> {
        self.0.shelf.load().adjusted().note(product, figures);
        let view = self.0.view.load_full();
        self.guarded(|| {
            let term = view.columns.term_of(product);
            for segment in &view.segments {
                let Some(document) = only(segment, &term)? else { continue };
                let Some(before) = segment.rows.adjust(document, figures) else { continue };
                let Moves { prices, stock } = &*self.0.moves;
                if before.price_minor != figures.price_minor {
                    prices.is_due.store(true, Ordering::Relaxed);
                }
                if (Figures { price_minor: figures.price_minor, ..before }) != figures {
                    stock.is_due.store(true, Ordering::Relaxed);
                }
            }
            Ok(())
        })
    }

    /// Whether figures were adjusted and not told.
    pub fn has_untold(&self) -> bool {
        let Moves { prices, stock } = &*self.0.moves;
        prices.is_due.load(Ordering::Relaxed) || stock.is_due.load(Ordering::Relaxed)
    }

    /// Tells that figures were adjusted: what was made from others is made anew. Safe to repeat.
    pub fn tell_adjusted(&self) {
        let Moves { prices, stock } = &*self.0.moves;
        let (prices, stock) = (prices.tell(), stock.tell());
        if prices || stock {
            self.0.changes.fetch_add(1, Ordering::Release);
        }
    }
}
