//! What a product is to somebody who looks for it: from committed products, stock and categories.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{
    domain::{
        catalogue::{CATEGORY_LEVELS_MAX, Category, Product},
        ids::{CategoryId, Identity, ProductId, VariantId},
        inventory::Ledger,
    },
    search::{Choice, Findable, sales_step},
    store::{Key, Order, Reader, StoreFault, keys},
};

/// The product as it can be found now; `None` if it cannot.
///
/// # Errors
/// A fault of the store.
pub fn findable(reader: &Reader, id: ProductId) -> Result<Option<Findable>, StoreFault> {
    let product = reader.get::<Product>(id)?.state;
    if !product.exists() || !product.is_active {
        return Ok(None);
    }
    let mut categories = Vec::new();
    for category in &product.category_ids {
        with_those_above(reader, *category, &mut categories)?;
    }
    let (lowest, highest) = product.price_range();
    let stock = stock_of(reader, id)?;
    let variants = product.variants_in_order();
    let numbers = variants
        .iter()
        .flat_map(|variant| std::iter::once(&variant.sku).chain(&variant.barcode).cloned());
    let options = product
        .options
        .iter()
        .flat_map(|option| option.values.iter().map(|value| (option.name.clone(), value.clone())));
    let there = variants.iter().filter(|variant| stock.there.contains(&variant.id));
    let options_in_stock: BTreeSet<(String, String)> =
        there.flat_map(|variant| variant.options.clone()).collect();
    let several = variants.iter().filter(|_| product.options.len() > 1);
    let choices = several.map(|variant| Choice {
        values: variant.options.clone().into_iter().collect(),
        in_stock: stock.there.contains(&variant.id),
    });
    Ok(Some(Findable {
        product: id,
        name: product.name.clone(),
        brand: product.brand.clone(),
        description: product.description.clone(),
        skus: numbers.collect(),
        categories,
        options: options.collect(),
        options_in_stock: options_in_stock.into_iter().collect(),
        choices: choices.collect(),
        price_minor: lowest.minor(),
        price_spread: highest.minor().saturating_sub(lowest.minor()),
        available: stock.available(),
        in_stock: stock.is_there(),
        sales_step: stock.sales_step,
        created_at: product.created_at,
    }))
}

/// What there is of a product.
pub struct Stock {
    /// Its variants that can be ordered.
    there: BTreeSet<VariantId>,
    /// How many ledgers it has.
    ledgers: usize,
    /// How well it sells.
    pub sales_step: u64,
}

impl Stock {
    /// Whether any of it can be ordered.
    pub fn is_there(&self) -> bool {
        !self.there.is_empty()
    }

    /// What tells the variants that can be ordered from others, where there are several.
    pub fn available(&self) -> u64 {
        if self.ledgers < 2 {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        self.there.hash(&mut hasher);
        hasher.finish()
    }
}

/// What can be ordered of a product, and how well it sells.
///
/// # Errors
/// A fault of the store.
pub fn stock_of(reader: &Reader, product: ProductId) -> Result<Stock, StoreFault> {
    let rows = reader.rows(&keys::ledgers_of(product), None, Order::Ascending, LEDGERS_MAX)?;
    let (mut there, mut sold) = (BTreeSet::new(), 0_u64);
    for variant in rows.iter().filter_map(|(key, _)| key.last_id::<VariantId>()) {
        let ledger = reader.get::<Ledger>(variant)?.state;
        if ledger.is_active && ledger.available() > 0 {
            there.insert(variant);
        }
        sold = sold.saturating_add(ledger.sold.saturating_sub(ledger.returned));
    }
    Ok(Stock { there, ledgers: rows.len(), sales_step: sales_step(sold) })
}

/// How many products there are.
///
/// # Errors
/// A fault of the store.
pub fn count(reader: &Reader) -> Result<u64, StoreFault> {
    let mut count = 0;
    for_each(reader, &keys::products(), |_: ProductId| count += 1)?;
    Ok(count)
}

/// The products that stand in a category or below it.
///
/// # Errors
/// A fault of the store.
pub fn standing_in(reader: &Reader, category: CategoryId) -> Result<Vec<ProductId>, StoreFault> {
    let (mut products, mut open) = (Vec::new(), vec![category]);
    for _ in 0..CATEGORY_LEVELS_MAX {
        let mut below = Vec::new();
        for category in open {
            for_each(reader, &keys::products_of(category), |id| products.push(id))?;
            for_each(reader, &keys::categories_below(category), |id| below.push(id))?;
        }
        open = below;
    }
    Ok(products)
}

fn for_each<I: Identity>(
    reader: &Reader,
    list: &Key,
    mut each: impl FnMut(I),
) -> Result<(), StoreFault> {
    let mut after = None;
    loop {
        let rows = reader.rows(list, after.as_ref(), Order::Ascending, ROWS_AT_ONCE)?;
        rows.iter().filter_map(|(key, _)| key.last_id()).for_each(&mut each);
        match rows.last() {
            Some((key, _)) if rows.len() == ROWS_AT_ONCE => after = Some(key.clone()),
            Some(_) | None => return Ok(()),
        }
    }
}

fn with_those_above(
    reader: &Reader,
    id: CategoryId,
    found: &mut Vec<(CategoryId, String)>,
) -> Result<(), StoreFault> {
    let mut next = Some(id);
    for _ in 0..CATEGORY_LEVELS_MAX {
        let Some(id) = next else { break };
        let category = reader.get::<Category>(id)?.state;
        if !category.exists() || found.iter().any(|(known, _)| *known == id) {
            break;
        }
        found.push((id, category.name.clone()));
        next = category.parent;
    }
    Ok(())
}

/// Ledgers of a product that are looked at: more than it can have variants.
const LEDGERS_MAX: usize = 256;
const ROWS_AT_ONCE: usize = 1_024;
