//! Requests and answers of search: what is looked for, and what was found.

use std::sync::Arc;

use super::highlight::Highlighter;
use crate::domain::ids::{CategoryId, ProductId};

/// What somebody looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SearchRequest {
    /// The words, as they were typed; none means everything.
    pub text: String,
    /// Only these.
    pub filters: Filters,
    /// In which order.
    pub sort: SearchSort,
    /// How many at most; [`HITS_MAX`] is the most.
    pub limit: usize,
    /// Behind which hit, from [`SearchAnswer::next`].
    pub after: Option<Place>,
    /// Whether to count what could be chosen further.
    pub facets: bool,
}

/// What a hit must be. Within a list one is enough; an empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filters {
    /// In one of these categories, or below it.
    pub categories: Vec<CategoryId>,
    /// Of one of these brands; case does not count.
    pub brands: Vec<String>,
    /// Not cheaper than this, in minor units.
    pub min_price: Option<i64>,
    /// Not dearer than this, in minor units.
    pub max_price: Option<i64>,
    /// Only what can be ordered now, or only what cannot.
    pub in_stock: Option<bool>,
    /// An option, and the values of which it has one.
    pub options: Vec<(String, Vec<String>)>,
}

/// An order of hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SearchSort {
    /// What fits best first; of equals, what is in stock.
    #[default]
    Relevance,
    /// The cheapest first.
    Cheapest,
    /// The dearest first.
    Dearest,
    /// The newest first.
    Newest,
    /// By name, from a to z.
    Name,
    /// What sells best first.
    BestSelling,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct SearchAnswer {
    /// The hits of this page, in order.
    pub hits: Vec<Hit>,
    /// All that fits, on all pages.
    pub total: u64,
    /// Behind which hit the next page begins; `None` on the last.
    pub next: Option<Place>,
    /// What could be chosen further, if that was asked.
    pub facets: Option<Facets>,
    /// If nothing was found: the nearest words that find something.
    pub did_you_mean: Option<String>,
    /// Marks what was looked for in a text.
    pub highlighter: Arc<Highlighter>,
}

/// Something found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hit {
    /// Which product.
    pub product: ProductId,
    /// How well it fits; only to be compared within one answer.
    pub relevance: u32,
}

/// The place of a hit in its order. Places do not move while other products change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub(super) rank: [u64; 3],
    pub(super) id: (u64, u64),
}

/// What could be chosen further. Each list counts as if nothing of its own kind were chosen, so
/// that one can choose otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facets {
    /// By category; a category counts what is below it.
    pub categories: Vec<(CategoryId, u64)>,
    /// By brand.
    pub brands: Vec<FacetValue>,
    /// By option.
    pub options: Vec<OptionFacet>,
    /// Those that can be ordered now.
    pub in_stock: u64,
    /// Those that cannot.
    pub out_of_stock: u64,
    /// The lowest and the highest price, in minor units.
    pub prices: Option<(i64, i64)>,
}

/// A value that could be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FacetValue {
    /// As it is shown, and as it is asked for.
    pub value: String,
    /// How many have it.
    pub count: u64,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// The values of an option that could be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OptionFacet {
    /// The option.
    pub name: String,
    /// Its values.
    pub values: Vec<FacetValue>,
}

/// Something to type on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// A product.
    Product(ProductId),
    /// A category.
    Category(CategoryId),
    /// Words that others found something with.
    Query(String),
}

/// Why nothing can be said now.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SearchFault {
    /// The index cannot be read; it is being made again.
    #[error("the search index cannot be read: {0}")]
    Damaged(String),
}

impl Place {
    /// The place as bytes, for a cursor.
    pub fn bytes(&self) -> [u8; PLACE_BYTES] {
        let mut bytes = [0; PLACE_BYTES];
        let numbers = self.rank.iter().chain([&self.id.0, &self.id.1]);
        for (to, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            to.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// The place these bytes are of.
    pub fn from_bytes(bytes: &[u8]) -> Option<Place> {
        let bytes: &[u8; PLACE_BYTES] = bytes.try_into().ok()?;
        let mut numbers = bytes
            .chunks_exact(8)
            .map(|chunk| chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)));
        let mut next = || numbers.next().unwrap_or_default();
        Some(Place { rank: [next(), next(), next()], id: (next(), next()) })
    }
}

impl SearchRequest {
    /// What tells this list from others: all but its page.
    pub fn list_name(&self) -> String {
        let SearchRequest { text, filters, sort, .. } = self;
        format!("search {text:?} {filters:?} {sort:?}")
    }
}

/// Hits on one page.
pub const HITS_MAX: usize = 100;
const PLACE_BYTES: usize = 40;
