//! The catalogue actor: owner of products and categories, asked by the staff's pages.
//!
//! Rules live in [`crate::domain::catalogue`]; that names, slugs and SKUs are unique is kept
//! here, because only the owner of the whole catalogue can know it.

mod levels;

use std::sync::Arc;

use crate::{
    domain::{
        catalogue::{
            CatalogueRefusal, Category, NewCategory, NewProduct, Product, ProductEdit,
            ProductEvent, ProductOption, WantedVariant, fold_name, must_fit_below, numbered,
            slug_of,
        },
        ids::{CategoryId, Identity, ProductId, VariantId},
        money::Money,
    },
    store::{Key, keys},
};

use super::{Answers, Owner, Rejection, Request, Work};
use levels::{levels_below, those_above};

/// Adds a product. Safe to send twice.
#[derive(Clone, Debug)]
pub struct AddProduct {
    /// The product to be.
    pub product: ProductId,
    /// Its name; the slug follows it.
    pub name: String,
    /// What is said about it.
    pub description: String,
    /// What it costs, unless a variant costs otherwise.
    pub price: Money,
    /// Where it stands.
    pub category_ids: Vec<CategoryId>,
    /// Its pictures.
    pub images: Vec<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// What one can choose.
    pub options: Vec<ProductOption>,
    /// Its variants; none means one default variant.
    pub variants: Vec<WantedVariant>,
    /// An id for each variant, at least one.
    pub variant_ids: Vec<VariantId>,
    /// What its slug follows, if not its name.
    pub handle: Option<String>,
    /// Whether it is for sale at once.
    pub is_active: bool,
}

impl Request for AddProduct {
    type Value = Arc<Product>;
}

/// What changes about a product; unnamed things stay.
#[derive(Clone, Debug, Default)]
pub struct ProductChanges {
    /// The new name; the slug follows it.
    pub name: Option<String>,
    /// The new price, new pictures and so on.
    pub edit: ProductEdit,
    /// The new variants.
    pub variants: Option<Vec<WantedVariant>>,
    /// Ids for those that are new.
    pub fresh_ids: Vec<VariantId>,
    /// Whether the slug stays, though the name changes.
    pub keeps_slug: bool,
}

/// Changes a product. Safe to send twice.
#[derive(Debug)]
pub struct EditProduct {
    /// Which.
    pub product: ProductId,
    /// What changes.
    pub changes: ProductChanges,
    /// The version the caller has seen, if it insists on it.
    pub seen: Option<u64>,
}

impl Request for EditProduct {
    type Value = Edited;
}

/// A product before and after an edit, so that its ledgers can follow; `None` where the version
/// the caller insisted on is not the current one.
pub type Edited = Option<(Arc<Product>, Arc<Product>)>;

/// Removes a product. Refused the second time.
#[derive(Debug)]
pub struct RemoveProduct {
    /// Which.
    pub product: ProductId,
}

impl Request for RemoveProduct {
    type Value = Arc<Product>;
}

/// Adds a category. Safe to send twice.
#[derive(Debug)]
pub struct AddCategory {
    /// The category to be.
    pub category: CategoryId,
    /// Its name; the slug follows it.
    pub name: String,
    /// What is said about it.
    pub description: String,
    /// The category it stands below; none is the top.
    pub parent: Option<CategoryId>,
}

impl Request for AddCategory {
    type Value = Arc<Category>;
}

/// Changes a category; unnamed things stay. Safe to send twice.
#[derive(Debug)]
pub struct ChangeCategory {
    /// Which.
    pub category: CategoryId,
    /// The new name, if it changes.
    pub name: Option<String>,
    /// The new description, if it changes.
    pub description: Option<String>,
    /// The category above it, or none, if that changes.
    pub parent: Option<Option<CategoryId>>,
    /// The version the caller has seen, if it insists on it.
    pub seen: Option<u64>,
}

impl Request for ChangeCategory {
    /// `None` where the version the caller insisted on is not the current one.
    type Value = Option<Arc<Category>>;
}

/// Removes a category nothing stands in. Refused the second time.
#[derive(Debug)]
pub struct RemoveCategory {
    /// Which.
    pub category: CategoryId,
}

impl Request for RemoveCategory {
    type Value = Arc<Category>;
}

/// The only writer of products and categories.
pub struct Catalogue;

impl Owner for Catalogue {
    const NAME: &'static str = "catalogue";
}

impl Answers<AddProduct> for Catalogue {
    fn answer(&mut self, msg: AddProduct, work: &mut Work<'_>) -> Result<Arc<Product>, Rejection> {
        let id = msg.product;
        must_be_free(
            work,
            &keys::product_by_name(&fold_name(&msg.name)),
            id,
            CatalogueRefusal::NameTaken,
        )?;
        categories_must_exist(work, &msg.category_ids)?;
        let handle = msg.handle.as_ref().unwrap_or(&msg.name);
        let slug = free_slug(work, handle, id, &PRODUCT_SLUGS)?;
        let product = work.get::<Product>(id)?;
        let variants = product.match_variants(&slug, msg.variants, msg.variant_ids)?;
        skus_must_be_free(work, id, variants.iter().map(|variant| variant.sku.as_str()))?;
        let mut added = product.add(NewProduct {
            product: id,
            name: msg.name,
            description: msg.description,
            price: msg.price,
            slug,
            category_ids: msg.category_ids,
            images: msg.images,
            brand: msg.brand,
            options: msg.options,
            variants,
        })?;
        if !msg.is_active && !added.is_empty() {
            added.push(ProductEvent::ProductDeactivated {});
        }
        work.made(<Product as crate::domain::aggregate::Aggregate>::KIND, &id);
        work.change::<Product>(id, added)
    }
}

impl Answers<EditProduct> for Catalogue {
    fn answer(&mut self, msg: EditProduct, work: &mut Work<'_>) -> Result<Edited, Rejection> {
        let id = msg.product;
        let found = work.versioned::<Product>(id)?;
        let before = found.state;
        if !before.exists() {
            return Err(CatalogueRefusal::UnknownProduct.into());
        }
        if msg.seen.is_some_and(|seen| seen != found.version) {
            return Ok(None);
        }
        let ProductChanges { name, mut edit, variants, fresh_ids, keeps_slug } = msg.changes;
        if let Some(name) = name.filter(|name| *name != before.name) {
            let key = keys::product_by_name(&fold_name(&name));
            must_be_free(work, &key, id, CatalogueRefusal::NameTaken)?;
            let slug = if keeps_slug {
                before.slug.clone()
            } else {
                free_slug(work, &name, id, &PRODUCT_SLUGS)?
            };
            edit.naming = Some((name, slug));
        }
        if let Some(categories) = &edit.category_ids {
            categories_must_exist(work, categories)?;
        }
        if let Some(wanted) = variants {
            let slug = edit.naming.as_ref().map_or(before.slug.as_str(), |(_, slug)| slug);
            edit.variants = Some(before.match_variants(slug, wanted, fresh_ids)?);
        }
        let skus = edit.variants.iter().flatten().map(|variant| variant.sku.as_str());
        skus_must_be_free(work, id, skus.chain(edit.sku.as_deref()))?;
        let events = before.edit(edit)?;
        let after = work.change::<Product>(id, events)?;
        work.made(<Product as crate::domain::aggregate::Aggregate>::KIND, &id);
        Ok(Some((before, after)))
    }
}

impl Answers<RemoveProduct> for Catalogue {
    fn answer(
        &mut self,
        msg: RemoveProduct,
        work: &mut Work<'_>,
    ) -> Result<Arc<Product>, Rejection> {
        let events = work.get::<Product>(msg.product)?.remove()?;
        work.change::<Product>(msg.product, events)
    }
}

impl Answers<AddCategory> for Catalogue {
    fn answer(
        &mut self,
        msg: AddCategory,
        work: &mut Work<'_>,
    ) -> Result<Arc<Category>, Rejection> {
        let AddCategory { category, name, description, parent } = msg;
        let key = keys::category_by_name(&fold_name(&name));
        must_be_free(work, &key, category, CatalogueRefusal::CategoryNameTaken)?;
        must_fit_below(&those_above(work, parent)?, 0)?;
        let slug = free_slug(work, &name, category, &CATEGORY_SLUGS)?;
        let wanted = NewCategory { category, name, description, slug, parent };
        let events = work.get::<Category>(category)?.add(wanted)?;
        work.made(<Category as crate::domain::aggregate::Aggregate>::KIND, &category);
        work.change::<Category>(category, events)
    }
}

impl Answers<ChangeCategory> for Catalogue {
    fn answer(
        &mut self,
        msg: ChangeCategory,
        work: &mut Work<'_>,
    ) -> Result<Option<Arc<Category>>, Rejection> {
        let id = msg.category;
        let found = work.versioned::<Category>(id)?;
        let before = found.state;
        if !before.exists() {
            return Err(CatalogueRefusal::UnknownCategory.into());
        }
        if msg.seen.is_some_and(|seen| seen != found.version) {
            return Ok(None);
        }
        let name = msg.name.unwrap_or_else(|| before.name.clone());
        let slug = if name == before.name {
            before.slug.clone()
        } else {
            let key = keys::category_by_name(&fold_name(&name));
            must_be_free(work, &key, id, CatalogueRefusal::CategoryNameTaken)?;
            free_slug(work, &name, id, &CATEGORY_SLUGS)?
        };
        let description = msg.description.unwrap_or_else(|| before.description.clone());
        let mut events = before.change(name, description, slug)?;
        if let Some(parent) = msg.parent.filter(|parent| *parent != before.parent) {
            let above = those_above(work, parent)?;
            events.extend(before.move_below(&above, levels_below(work, id)?)?);
        }
        work.made(<Category as crate::domain::aggregate::Aggregate>::KIND, &id);
        work.change::<Category>(id, events).map(Some)
    }
}

impl Answers<RemoveCategory> for Catalogue {
    fn answer(
        &mut self,
        msg: RemoveCategory,
        work: &mut Work<'_>,
    ) -> Result<Arc<Category>, Rejection> {
        let id = msg.category;
        let used = !work.listed::<ProductId>(&keys::products_of(id), 1)?.is_empty();
        let above = !work.listed::<CategoryId>(&keys::categories_below(id), 1)?.is_empty();
        let events = work.get::<Category>(id)?.remove(u64::from(used), u64::from(above))?;
        work.change::<Category>(id, events)
    }
}

/// The look-up names nobody, or whoever asks.
fn must_be_free(
    work: &mut Work<'_>,
    key: &Key,
    by: impl Identity,
    otherwise: CatalogueRefusal,
) -> Result<(), Rejection> {
    match work.find(key)? {
        Some(holder) if !holder.starts_with(&by.bytes()) => Err(otherwise.into()),
        Some(_) | None => Ok(()),
    }
}

fn skus_must_be_free<'a>(
    work: &mut Work<'_>,
    product: ProductId,
    skus: impl Iterator<Item = &'a str>,
) -> Result<(), Rejection> {
    let skus: Vec<String> = skus.map(str::to_owned).collect();
    skus.iter().try_for_each(|sku| {
        must_be_free(work, &keys::product_by_sku(sku), product, CatalogueRefusal::SkuTaken)
    })
}

fn categories_must_exist(work: &mut Work<'_>, ids: &[CategoryId]) -> Result<(), Rejection> {
    for id in ids {
        if !work.get::<Category>(*id)?.exists() {
            return Err(CatalogueRefusal::UnknownCategory.into());
        }
    }
    Ok(())
}

/// The slug of this name, with the smallest number that makes it nobody else's: neither what
/// somebody has nor what leads to them from before.
fn free_slug(
    work: &mut Work<'_>,
    name: &str,
    by: impl Identity,
    lookups: &[fn(&str) -> Key],
) -> Result<String, Rejection> {
    let slug = slug_of(name);
    for number in 1..SLUG_NUMBERS_MAX {
        let numbered = numbered(&slug, number);
        let mut is_free = true;
        for key in lookups {
            let holder = work.find(&key(&numbered))?;
            is_free &= holder.is_none_or(|holder| holder.starts_with(&by.bytes()));
        }
        if is_free {
            return Ok(numbered);
        }
    }
    Err(CatalogueRefusal::NameTaken.into())
}

/// Where it stands whose a slug is.
const PRODUCT_SLUGS: [fn(&str) -> Key; 1] = [keys::product_by_slug];
const CATEGORY_SLUGS: [fn(&str) -> Key; 2] = [keys::category_by_slug, keys::category_by_old_slug];

/// How many products may share the words of a slug.
const SLUG_NUMBERS_MAX: u64 = 1000;
