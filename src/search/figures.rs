//! Figures: what of a product changes often and says nothing about its words: price, stock, sales.
//!
//! Invariant: they are corrected in the rows that are in memory, without a commit of the index.
//! Until one has them, they are remembered here, for rows that are opened meanwhile.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use tantivy::DocId;

use super::{
    Search, only,
    request::SearchFault,
    rows::{Row, Rows},
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

impl Adjusted {
    /// Lets go of these, which a commit has now; of those put in with just these figures only if
    /// they were not adjusted since.
    pub fn settle(&self, put: impl IntoIterator<Item = (ProductId, Option<Figures>)>) {
        let mut adjusted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (product, put) in put {
            if put.is_none() || adjusted.get(&product) == put.as_ref() {
                adjusted.remove(&product);
            }
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
        self.row_of(product, |rows, document| rows.known(document))
    }

    /// The figures of a product, as they are shown; `None` if it is not in the index.
    ///
    /// # Errors
    /// As [`Search::query`].
    pub fn figures_of(&self, product: ProductId) -> Result<Option<Figures>, SearchFault> {
        self.row_of(product, |rows, document| rows.of(document).map(Row::figures))
    }

    fn row_of<T>(
        &self,
        product: ProductId,
        read: impl Fn(&Rows, DocId) -> Option<T>,
    ) -> Result<Option<T>, SearchFault> {
        let view = self.0.view.load_full();
        self.guarded(|| {
            let term = view.columns.term_of(product);
            for segment in &view.segments {
                if let Some(document) = only(segment, &term)? {
                    return Ok(read(&segment.rows, document));
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
                self.0.moves.note(before, figures);
            }
            Ok(())
        })
    }

    /// Whether figures were adjusted and not told.
    pub fn has_untold(&self) -> bool {
        self.0.moves.are_due()
    }

    /// Tells that figures were adjusted: what was made from others is made anew. Safe to repeat.
    pub fn tell_adjusted(&self) {
        if self.0.moves.tell() {
            self.0.changes.fetch_add(1, Ordering::Release);
        }
    }
}
