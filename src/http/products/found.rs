//! Products found by words, with the filters and pages of their list.
//!
//! Shoppers' words ask the index, as search does; staff who want all products, also those that are
//! not for sale, ask the register.

use std::time::Duration;

use bytes::Bytes;

use super::{
    Products,
    list::{ProductsQuery, Selection, Sort, Status},
};
use crate::{
    domain::{
        catalogue::Product,
        ids::{Identity, ProductId},
    },
    http::{
        answer::{Answer, Cached, Page, Prepared, REVALIDATE, RenderedPage},
        etag::ETag,
        lookup::{keep_up, page_through, spot_in},
        search::unreadable,
    },
    search::{Filed, Filters, Lookup, Place, SearchRequest, SearchSort},
    shop::Shop,
    store::Versioned,
};

/// The page of products that are found by these words.
///
/// # Errors
/// 400 for a cursor of another list; busy, while the index is made ready; a fault of the store.
pub async fn page_of_found(
    shop: &Shop,
    words: &str,
    query: &ProductsQuery,
    selection: Selection,
) -> Answer<Products> {
    if query.status == Status::All {
        keep_up(shop).await;
        return of_register(shop, words, query, &selection);
    }
    // What was just written is usually known then; it need not be.
    let known = shop.search.knows_most(shop.store().health().seq);
    let _may_be_too_slow = tokio::time::timeout(WAIT_MAX, known).await;
    let limit = usize::try_from(query.paging.limit).unwrap_or(usize::MAX);
    let filters = Filters {
        categories: selection.category.into_iter().collect(),
        brands: query.brand.clone().into_iter().collect(),
        min_price: selection.min_price.map(|price| price.minor()),
        max_price: selection.max_price.map(|price| price.minor()),
        in_stock: selection.in_stock,
        options: Vec::new(),
    };
    let sort = match query.sort {
        None => SearchSort::Relevance,
        Some(Sort::Newest) => SearchSort::Newest,
        Some(Sort::Cheapest) => SearchSort::Cheapest,
        Some(Sort::Dearest) => SearchSort::Dearest,
        Some(Sort::Name) => SearchSort::Name,
    };
    let text = words.to_owned();
    let request = SearchRequest { text, filters, sort, limit, after: None, facets: false };
    let list = request.list_name();
    let after = shop.cursors.start(&list, &query.paging)?;
    let after = after.and_then(|bytes| Place::from_bytes(&bytes));
    let found = shop.search.query(&SearchRequest { after, ..request }).map_err(unreadable)?;
    let mut shown = Shown::default();
    for hit in &found.hits {
        let product = shop.reader.get::<Product>(hit.product)?;
        // The index may not know yet that it is gone.
        if product.state.exists() && product.state.is_active {
            shown.add(shop, &product)?;
        }
    }
    let next = found.next.map(|place| shop.cursors.seal(&list, &place.bytes()));
    shown.page(query.paging.limit, next)
}

/// What the register finds, newest first; all filters are looked at here.
fn of_register(
    shop: &Shop,
    words: &str,
    query: &ProductsQuery,
    selection: &Selection,
) -> Answer<Products> {
    let shelf = selection.shelf(shop)?;
    let list = format!("products found by {words:?} {selection:?}");
    let after = spot_in(shop.cursors.start(&list, &query.paging)?)?;
    let limit = usize::try_from(query.paging.limit).unwrap_or(usize::MAX);
    let (from, to) = (None, None);
    let lookup = Lookup { filed: Filed::Product, text: words, from, to, after, limit };
    let (found, next) = page_through(shop, lookup, |id: ProductId| {
        let product = shop.reader.get::<Product>(id)?;
        Ok(selection.holds(shop, &product, shelf.as_ref())?.then_some(product))
    })?;
    let mut shown = Shown::default();
    for product in &found {
        shown.add(shop, product)?;
    }
    shown.page(query.paging.limit, next.map(|spot| shop.cursors.seal(&list, &spot.bytes())))
}

/// Products as they are shown, and the marks of their versions.
#[derive(Default)]
struct Shown {
    items: Vec<Bytes>,
    marks: Vec<u8>,
}

impl Shown {
    fn add(&mut self, shop: &Shop, product: &Versioned<Product>) -> Answer<()> {
        let shown = shop.renderings.show(&shop.reader, product)?;
        self.marks.extend_from_slice(&product.state.id.bytes());
        self.marks.extend_from_slice(&shown.mark());
        self.items.push(shown.json());
        Ok(())
    }

    fn page(mut self, limit: u32, next_cursor: Option<String>) -> Answer<Products> {
        self.marks.extend_from_slice(next_cursor.as_deref().unwrap_or_default().as_bytes());
        let page = Page { items: self.items, limit, next_cursor };
        Ok(Cached {
            etag: ETag::of_bytes(&self.marks),
            control: REVALIDATE,
            answer: Prepared::of(&RenderedPage::new(page))?,
        })
    }
}

/// How long a list of words waits for what was just written.
const WAIT_MAX: Duration = Duration::from_millis(200);
