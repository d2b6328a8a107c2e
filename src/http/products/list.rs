//! Lists of products: which, in which order, and from which rows they are read.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::view::ProductView;
use crate::{
    domain::{
        catalogue::{Product, fold_name},
        ids::{CategoryId, Identity, ProductId},
        money::{Currency, Money},
    },
    http::{
        answer::{Answer, Cached, Page, Prepared, REVALIDATE, RenderedPage},
        cursor::Paging,
        etag::ETag,
        fields::{Body, Digits, Fields, choice, loose, money, text, yes_or_no},
        listing::Rows,
        problem::Problem,
    },
    shop::Shop,
    store::{Key, Order, Versioned, keys},
};

/// A page of products.
pub type Products = Cached<Prepared<RenderedPage<ProductView<'static>>>>;

/// What `getproducts` is asked for.
pub struct ProductsQuery {
    /// A category, by slug or id.
    pub category: Option<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// Not cheaper than this.
    pub min_price: Option<Digits>,
    /// Not dearer than this.
    pub max_price: Option<Digits>,
    /// Only what is there, or only what is not.
    pub in_stock: Option<bool>,
    /// Words to be found by.
    pub words: Option<String>,
    /// In which order; if nobody says, the newest first, or what fits the words best.
    pub sort: Option<Sort>,
    /// Which of them.
    pub status: Status,
    /// Which page.
    pub paging: Paging,
}

impl Body for ProductsQuery {
    fn read(fields: &mut Fields<'_>) -> ProductsQuery {
        ProductsQuery {
            category: fields.optional("category", text(1, FILTER_LETTERS_MAX)),
            brand: fields.optional("brand", text(1, FILTER_LETTERS_MAX)),
            min_price: fields.optional("minPrice", money()),
            max_price: fields.optional("maxPrice", money()),
            in_stock: fields.optional("inStock", yes_or_no()),
            words: fields.optional("q", loose(WORDS_LETTERS_MAX)),
            sort: fields.optional("sort", choice(SORTS)),
            status: fields.or("status", choice(STATUSES), Status::Active),
            paging: Paging::read(fields),
        }
    }
}

/// An order of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The cheapest first.
    Cheapest,
    /// The dearest first.
    Dearest,
    /// By name.
    Name,
}

/// Which products, by whether they are for sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Those that are for sale.
    Active,
    /// All; for staff.
    All,
}

/// Which products, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Of this category, or one below it.
    pub category: Option<CategoryId>,
    /// Of this brand, folded.
    pub brand: Option<String>,
    /// In a variant that is not cheaper than this.
    pub min_price: Option<Money>,
    /// In a variant that is not dearer than this.
    pub max_price: Option<Money>,
    /// Only what is there, or only what is not.
    pub in_stock: Option<bool>,
    /// Also those that are not for sale.
    pub also_inactive: bool,
    /// In which order.
    pub sort: Sort,
}

impl Selection {
    /// The page of these products that a client asks for.
    ///
    /// # Errors
    /// 400 for a cursor of another list; a fault of the store.
    pub fn page(self, shop: &Shop, paging: Paging) -> Answer<Products> {
        shop.renderings
            .list(&shop.reader, (self, paging), |(selection, paging)| selection.made(shop, paging))
    }

    fn made(&self, shop: &Shop, paging: &Paging) -> Answer<Products> {
        let mut marks = Vec::new();
        let shelf = self.shelf(shop)?;
        let rows = self.rows(shelf.as_ref());
        let page = rows.page(&shop.reader, &shop.cursors, paging, |key, _| {
            self.shown(shop, shelf.as_ref(), key, &mut marks)
        })?;
        let page: Page<Bytes> = page;
        marks.extend_from_slice(page.next_cursor.as_deref().unwrap_or_default().as_bytes());
        Ok(Cached {
            etag: ETag::of_bytes(&marks),
            control: REVALIDATE,
            answer: Prepared::of(&RenderedPage::new(page))?,
        })
    }

    /// The category these are of, with all below it.
    pub fn shelf(&self, shop: &Shop) -> Answer<Option<BTreeSet<CategoryId>>> {
        let Some(category) = self.category else { return Ok(None) };
        let mut shelf = shop.shelves.tree()?.with_all_below(category);
        shelf.insert(category);
        Ok(Some(shelf))
    }

    /// Whether a product is one of these.
    pub fn holds(
        &self,
        shop: &Shop,
        product: &Versioned<Product>,
        shelf: Option<&BTreeSet<CategoryId>>,
    ) -> Answer<bool> {
        if !self.admits(&product.state, shelf) {
            return Ok(false);
        }
        let Some(wanted) = self.in_stock else { return Ok(true) };
        Ok(shop.renderings.show(&shop.reader, product)?.is_in_stock() == wanted)
    }

    /// The product of a row as it is shown, if it is one of these.
    fn shown(
        &self,
        shop: &Shop,
        shelf: Option<&BTreeSet<CategoryId>>,
        key: &Key,
        marks: &mut Vec<u8>,
    ) -> Answer<Option<Bytes>> {
        let Some(id) = key.last_id::<ProductId>() else { return Ok(None) };
        let product = shop.reader.get::<Product>(id)?;
        if !self.admits(&product.state, shelf) {
            return Ok(None);
        }
        let shown = shop.renderings.show(&shop.reader, &product)?;
        if self.in_stock.is_some_and(|wanted| wanted != shown.is_in_stock()) {
            return Ok(None);
        }
        marks.extend_from_slice(&id.bytes());
        marks.extend_from_slice(&shown.mark());
        Ok(Some(shown.json()))
    }

    /// Whether it is one of these, as far as can be told without its stock.
    fn admits(&self, product: &Product, shelf: Option<&BTreeSet<CategoryId>>) -> bool {
        let (lowest, highest) = product.price_range();
        let costs_enough = |min: Money| min.minor() <= highest.minor();
        let costs_little = |max: Money| lowest.minor() <= max.minor();
        let is_of =
            |brand: &String| product.brand.as_deref().map(fold_name).as_ref() == Some(brand);
        product.exists()
            && (product.is_active || self.also_inactive)
            && shelf.is_none_or(|shelf| product.category_ids.iter().any(|id| shelf.contains(id)))
            && self.brand.as_ref().is_none_or(is_of)
            && self.min_price.is_none_or(costs_enough)
            && self.max_price.is_none_or(costs_little)
    }

    /// The fitting rows. Another order is another list, and so is another category.
    fn rows(&self, shelf: Option<&BTreeSet<CategoryId>>) -> Rows {
        let rows =
            |name: &str, prefix, order| Rows::all(format!("products by {name}"), prefix, order);
        match (self.sort, self.category.zip(shelf)) {
            (Sort::Newest, Some((category, shelf))) if shelf.len() <= SHELVES_MERGED_MAX => Rows {
                merged: shelf.iter().map(|category| keys::products_of(*category)).collect(),
                ..rows(&format!("age below {category}"), keys::products(), Order::Descending)
            },
            // What stands on so many shelves is a good part of everything.
            (Sort::Newest, _) => rows("age", keys::products(), Order::Descending),
            (Sort::Name, _) => rows("name", keys::products_named(), Order::Ascending),
            // A product stands at its lowest price: another of its prices may be high enough.
            (Sort::Cheapest, _) => Rows {
                until: self.max_price.map(|max| below(max.minor().saturating_add(1))),
                ..rows("price", keys::products_priced(), Order::Ascending)
            },
            (Sort::Dearest, _) => Rows {
                from: self.max_price.map(|max| below(max.minor().saturating_add(1))),
                ..rows("price, dearest first", keys::products_priced(), Order::Descending)
            },
        }
    }
}

/// Below every product of this price, and above every cheaper one.
fn below(minor: i64) -> Key {
    keys::product_priced(minor, ProductId::default())
}

/// What `getproducts` asks for, as far as it may.
///
/// # Errors
/// 400 at a price that is none in the shop's currency.
pub fn selection(
    query: &ProductsQuery,
    category: Option<CategoryId>,
    currency: Currency,
) -> Answer<Selection> {
    let mut faults = Vec::new();
    let mut price = |digits: &Option<Digits>| {
        let read = digits.as_ref().map(|digits| digits.in_currency(currency)).transpose();
        read.unwrap_or_else(|problem| {
            faults.extend_from_slice(problem.errors());
            None
        })
    };
    let (min_price, max_price) = (price(&query.min_price), price(&query.max_price));
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    Ok(Selection {
        category,
        brand: query.brand.as_deref().map(fold_name),
        min_price,
        max_price,
        in_stock: query.in_stock,
        also_inactive: query.status == Status::All,
        sort: query.sort.unwrap_or_default(),
    })
}

const SORTS: &[(&str, Sort)] = &[
    ("newest", Sort::Newest),
    ("price_asc", Sort::Cheapest),
    ("price_desc", Sort::Dearest),
    ("name", Sort::Name),
];
const STATUSES: &[(&str, Status)] = &[("active", Status::Active), ("all", Status::All)];
const FILTER_LETTERS_MAX: usize = 200;
/// Text that is taken; only its beginning is read.
const WORDS_LETTERS_MAX: usize = 20_000;
/// Categories whose lists are read side by side.
const SHELVES_MERGED_MAX: usize = 64;
