//! What search is asked over HTTP, and what that means to the index.

use crate::{
    domain::{
        ids::{CategoryId, ShopId},
        settings,
    },
    http::{
        answer::Answer,
        categories,
        cursor::Paging,
        fields::{Body, Digits, FieldFault, Fields, choice, loose, money, text, whole, yes_or_no},
        problem::Problem,
    },
    search::{Filters, Place, SearchRequest, SearchSort},
    shop::Shop,
};

/// What `searchproducts` is asked for.
pub struct SearchQuery {
    /// The words, as they were typed.
    pub text: String,
    /// Filters and order.
    pub fields: SearchFields,
    /// Whether to say what could be chosen further.
    pub facets: bool,
    /// A position of the journal that search should know.
    pub since: Option<u64>,
    /// Which page.
    pub paging: Paging,
}

impl Body for SearchQuery {
    fn read(fields: &mut Fields<'_>) -> SearchQuery {
        SearchQuery {
            text: fields.required("query", loose(QUERY_LETTERS_MAX)),
            fields: SearchFields::read(fields),
            facets: fields.or("facets", yes_or_no(), false),
            since: fields.optional("since", whole(0, i64::MAX)).map(i64::unsigned_abs),
            paging: Paging::read(fields),
        }
    }
}

/// What `suggest` is asked for.
pub struct SuggestQuery {
    /// The words so far.
    pub text: String,
}

impl Body for SuggestQuery {
    fn read(fields: &mut Fields<'_>) -> SuggestQuery {
        SuggestQuery { text: fields.required("query", loose(QUERY_LETTERS_MAX)) }
    }
}

/// Filters and order of a search. Where several may be named, `|` stands between them.
pub struct SearchFields {
    /// Categories, by slug or id.
    pub category: Option<String>,
    /// Brands.
    pub brand: Option<String>,
    /// Not cheaper than this.
    pub min_price: Option<Digits>,
    /// Not dearer than this.
    pub max_price: Option<Digits>,
    /// Only what is there, or only what is not.
    pub in_stock: Option<bool>,
    /// Options with the wanted values: `Size:S|M;Colour:Ink`.
    pub options: Option<String>,
    /// In which order.
    pub sort: SearchSort,
}

impl Body for SearchFields {
    fn read(fields: &mut Fields<'_>) -> SearchFields {
        SearchFields {
            category: fields.optional("category", text(1, LIST_LETTERS_MAX)),
            brand: fields.optional("brand", text(1, LIST_LETTERS_MAX)),
            min_price: fields.optional("minPrice", money()),
            max_price: fields.optional("maxPrice", money()),
            in_stock: fields.optional("inStock", yes_or_no()),
            options: fields.optional("options", text(1, LIST_LETTERS_MAX)),
            sort: fields.or("sort", choice(SORTS), SearchSort::Relevance),
        }
    }
}

impl SearchFields {
    /// The search that is meant by these fields with this text, on this page.
    ///
    /// # Errors
    /// 400 that names the field which cannot be meant so; 400 for a cursor of another search.
    pub fn request(
        &self,
        shop: &Shop,
        text: String,
        paging: &Paging,
        facets: bool,
    ) -> Answer<SearchRequest> {
        let currency = shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency;
        let mut faults = Vec::new();
        let mut price = |digits: &Option<Digits>| {
            let read = digits.as_ref().map(|digits| digits.in_currency(currency)).transpose();
            read.unwrap_or_else(|problem| {
                faults.extend_from_slice(problem.errors());
                None
            })
        };
        let (min_price, max_price) = (price(&self.min_price), price(&self.max_price));
        let options = self.chosen_options();
        if options.is_none() {
            let detail = "must be as `Size:S|M;Colour:Ink`";
            faults.push(FieldFault::new("/options", "invalid_options", detail));
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let filters = Filters {
            categories: self.categories(shop)?,
            brands: several(self.brand.as_deref()).map(str::to_owned).collect(),
            min_price: min_price.map(|price| price.minor()),
            max_price: max_price.map(|price| price.minor()),
            in_stock: self.in_stock,
            options: options.unwrap_or_default(),
        };
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let request = SearchRequest { text, filters, sort: self.sort, limit, after: None, facets };
        let after = shop.cursors.start(&request.list_name(), paging)?;
        let after = after.and_then(|bytes| Place::from_bytes(&bytes));
        Ok(SearchRequest { after, ..request })
    }

    fn categories(&self, shop: &Shop) -> Answer<Vec<CategoryId>> {
        let named = several(self.category.as_deref());
        // What is in a category that is not there: nothing.
        named.map(|named| Ok(categories::id_of(shop, named)?.unwrap_or_default())).collect()
    }

    fn chosen_options(&self) -> Option<Vec<(String, Vec<String>)>> {
        let Some(text) = &self.options else { return Some(Vec::new()) };
        let mut options = Vec::new();
        for option in text.split(';').filter(|option| !option.trim().is_empty()) {
            let (name, values) = option.split_once(':')?;
            let values: Vec<String> = several(Some(values)).map(str::to_owned).collect();
            if name.trim().is_empty() || values.is_empty() || options.len() == OPTIONS_MAX {
                return None;
            }
            options.push((name.trim().to_owned(), values));
        }
        Some(options)
    }
}

/// The parts of a list as `Alto|Nubarra`.
fn several(list: Option<&str>) -> impl Iterator<Item = &str> {
    let parts = list.unwrap_or_default().split('|').map(str::trim);
    parts.filter(|part| !part.is_empty()).take(CHOICES_MAX)
}

const SORTS: &[(&str, SearchSort)] = &[
    ("relevance", SearchSort::Relevance),
    ("newest", SearchSort::Newest),
    ("price_asc", SearchSort::Cheapest),
    ("price_desc", SearchSort::Dearest),
    ("name", SearchSort::Name),
    ("best_selling", SearchSort::BestSelling),
];
/// Text that is taken; only its beginning is read.
const QUERY_LETTERS_MAX: usize = 20_000;
const LIST_LETTERS_MAX: usize = 1_000;
/// Values of one filter.
const CHOICES_MAX: usize = 50;
/// Options that are filtered by.
const OPTIONS_MAX: usize = 10;
