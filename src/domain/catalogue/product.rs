//! Product: what the shop sells, in one variant or more.
//!
//! Invariant: a product has at least one variant, and all its prices are in one currency.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    CatalogueRefusal, ProductOption, Variant,
    variant::{must_fit, price_must_fit},
};
use crate::domain::{
    aggregate::Aggregate,
    ids::{CategoryId, ProductId, VariantId},
    money::Money,
    pricing::ChosenOption,
    time::{Stamp, Timestamp},
};

/// What a new product is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProduct {
    /// Which product it will be.
    pub product: ProductId,
    /// Its name, unique in the shop.
    pub name: String,
    /// What there is to say about it.
    pub description: String,
    /// The price of every variant that has none of its own.
    pub price: Money,
    /// Its name in addresses, unique in the shop.
    pub slug: String,
    /// The categories it stands in.
    pub category_ids: Vec<CategoryId>,
    /// Its pictures.
    pub images: Vec<String>,
    /// Who made it, if that is said.
    pub brand: Option<String>,
    /// What a shopper chooses.
    pub options: Vec<ProductOption>,
    /// Its stock-keeping units, at least one.
    pub variants: Vec<Variant>,
}

/// What shall change of a product; what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductEdit {
    /// Another name, with its slug.
    pub naming: Option<(String, String)>,
    /// Another description.
    pub description: Option<String>,
    /// Another price.
    pub price: Option<Money>,
    /// Other categories.
    pub category_ids: Option<Vec<CategoryId>>,
    /// Other pictures.
    pub images: Option<Vec<String>>,
    /// Another brand, or none.
    pub brand: Option<Option<String>>,
    /// Whether it is for sale.
    pub is_active: Option<bool>,
    /// Another SKU for its only variant.
    pub sku: Option<String>,
    /// Another bar code for its only variant, or none.
    pub barcode: Option<Option<String>>,
    /// Other options.
    pub options: Option<Vec<ProductOption>>,
    /// Other variants, from [`Product::match_variants`].
    pub variants: Option<Vec<Variant>>,
}

/// What happened to a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductEvent {
    /// It entered the catalogue, for sale.
    ProductAdded(NewProduct),
    /// It has another name; its old slug leads to the new one.
    ProductRenamed {
        /// The name from now on.
        name: String,
        /// The slug from now on.
        slug: String,
    },
    /// It has another price.
    ProductRepriced {
        /// The price from now on.
        price: Money,
    },
    /// Something else is said about it.
    ProductDescribed {
        /// The description from now on.
        description: String,
        /// The brand from now on.
        brand: Option<String>,
    },
    /// It stands in other categories.
    ProductRecategorised {
        /// The categories from now on.
        category_ids: Vec<CategoryId>,
    },
    /// It has other pictures.
    ProductPictured {
        /// The pictures from now on.
        images: Vec<String>,
    },
    /// It has other options or variants.
    VariantsChanged {
        /// The options from now on.
        options: Vec<ProductOption>,
        /// The variants from now on.
        variants: Vec<Variant>,
    },
    /// It is for sale again.
    ProductActivated {},
    /// It is not for sale for now.
    ProductDeactivated {},
    /// It left the catalogue for good.
    ProductRemoved {},
}

/// Something the shop sells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Which product.
    pub id: ProductId,
    /// Its name; empty before it was added.
    pub name: String,
    /// What there is to say about it.
    pub description: String,
    /// The price of every variant that has none of its own.
    pub price: Money,
    /// Its name in addresses.
    pub slug: String,
    /// Slugs it had before, the oldest first.
    pub old_slugs: Vec<String>,
    /// The categories it stands in.
    pub category_ids: Vec<CategoryId>,
    /// Its pictures.
    pub images: Vec<String>,
    /// Who made it, if that is said.
    pub brand: Option<String>,
    /// Whether it is for sale.
    pub is_active: bool,
    /// What a shopper chooses.
    pub options: Vec<ProductOption>,
    /// Its stock-keeping units; boxed, as a map has room for eleven wherever it holds one.
    pub variants: BTreeMap<VariantId, Box<Variant>>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed; a sale does not count.
    pub updated_at: Timestamp,
    /// Whether it left the catalogue.
    pub deleted: bool,
}

impl Product {
    /// Whether it is in the catalogue.
    pub fn exists(&self) -> bool {
        !self.name.is_empty() && !self.deleted
    }

    /// What a unit of this variant costs.
    pub fn unit_price(&self, variant: VariantId) -> Money {
        self.variants.get(&variant).and_then(|variant| variant.price).unwrap_or(self.price)
    }

    /// The lowest and the highest price of a unit.
    pub fn price_range(&self) -> (Money, Money) {
        let prices = || self.each_variant().map(|variant| variant.price.unwrap_or(self.price));
        let by_amount = |price: &Money| price.minor();
        let (low, high) = (prices().min_by_key(by_amount), prices().max_by_key(by_amount));
        (low.unwrap_or(self.price), high.unwrap_or(self.price))
    }

    /// The variants by their ids.
    pub fn each_variant(&self) -> impl Iterator<Item = &Variant> {
        self.variants.values().map(AsRef::as_ref)
    }

    /// The variants in their order.
    pub fn variants_in_order(&self) -> Vec<&Variant> {
        let mut variants: Vec<&Variant> = self.each_variant().collect();
        variants.sort_by_key(|variant| (variant.position, variant.id));
        variants
    }

    /// What is chosen to get this variant, in the order of the options.
    pub fn chosen(&self, variant: VariantId) -> Vec<ChosenOption> {
        let chosen = self.variants.get(&variant).map(|variant| &variant.options);
        let values = self.options.iter().filter_map(|ProductOption { name, .. }| {
            let value = chosen?.get(name)?.clone();
            Some(ChosenOption { name: name.clone(), value })
        });
        values.collect()
    }

    /// The variant that is shown first.
    pub fn default_variant(&self) -> VariantId {
        self.variants_in_order().first().map_or(VariantId::default(), |variant| variant.id)
    }

    /// The variant, if there is only one.
    pub fn only_variant(&self) -> Option<VariantId> {
        match self.variants_in_order()[..] {
            [only] => Some(only.id),
            _ => None,
        }
    }

    /// The variant that is meant: the named one, or the only one.
    pub fn pick_variant(&self, named: Option<VariantId>) -> Result<VariantId, CatalogueRefusal> {
        self.must_exist()?;
        match named {
            Some(named) if self.variants.contains_key(&named) => Ok(named),
            Some(_) => Err(CatalogueRefusal::UnknownVariant),
            None => self.only_variant().ok_or(CatalogueRefusal::VariantRequired),
        }
    }

    /// Adds the product to the catalogue.
    pub fn add(&self, wanted: NewProduct) -> Result<Vec<ProductEvent>, CatalogueRefusal> {
        let currency = wanted.price.currency();
        price_must_fit(currency, wanted.price)?;
        lists_must_fit(&wanted.category_ids, &wanted.images)?;
        must_fit(currency, &wanted.options, &wanted.variants)?;
        if self.deleted {
            return Err(CatalogueRefusal::UnknownProduct);
        }
        if !self.exists() {
            return Ok(vec![ProductEvent::ProductAdded(wanted)]);
        }
        let mut same = Product::default();
        same.begin(&wanted, self.created_at);
        let same = Product { updated_at: self.updated_at, ..same };
        if *self == same { Ok(vec![]) } else { Err(CatalogueRefusal::AlreadyAdded) }
    }

    /// Changes what is named in the edit; what is already so leaves no event.
    pub fn edit(&self, edit: ProductEdit) -> Result<Vec<ProductEvent>, CatalogueRefusal> {
        self.must_exist()?;
        let (name, slug) = edit.naming.unwrap_or((self.name.clone(), self.slug.clone()));
        let price = edit.price.unwrap_or(self.price);
        let category_ids = edit.category_ids.unwrap_or_else(|| self.category_ids.clone());
        let images = edit.images.unwrap_or_else(|| self.images.clone());
        let description = edit.description.unwrap_or_else(|| self.description.clone());
        let brand = edit.brand.unwrap_or_else(|| self.brand.clone());
        let options = edit.options.unwrap_or_else(|| self.options.clone());
        let known: Vec<Variant> = self.variants_in_order().into_iter().cloned().collect();
        let mut variants = edit.variants.unwrap_or_else(|| known.clone());
        if let Some(sku) = edit.sku {
            let [only] = &mut variants[..] else {
                return Err(CatalogueRefusal::VariantRequired);
            };
            only.sku = sku;
        }
        if let Some(barcode) = edit.barcode {
            let [only] = &mut variants[..] else {
                return Err(CatalogueRefusal::VariantRequired);
            };
            only.barcode = barcode;
        }
        price_must_fit(self.price.currency(), price)?;
        lists_must_fit(&category_ids, &images)?;
        must_fit(price.currency(), &options, &variants)?;

        let mut events = vec![];
        if (&name, &slug) != (&self.name, &self.slug) {
            events.push(ProductEvent::ProductRenamed { name, slug });
        }
        if price != self.price {
            events.push(ProductEvent::ProductRepriced { price });
        }
        if (&description, &brand) != (&self.description, &self.brand) {
            events.push(ProductEvent::ProductDescribed { description, brand });
        }
        if category_ids != self.category_ids {
            events.push(ProductEvent::ProductRecategorised { category_ids });
        }
        if images != self.images {
            events.push(ProductEvent::ProductPictured { images });
        }
        if (&options, &variants) != (&self.options, &known) {
            events.push(ProductEvent::VariantsChanged { options, variants });
        }
        match edit.is_active {
            Some(true) if !self.is_active => events.push(ProductEvent::ProductActivated {}),
            Some(false) if self.is_active => events.push(ProductEvent::ProductDeactivated {}),
            Some(_) | None => {}
        }
        Ok(events)
    }

    /// Takes the product out of the catalogue for good.
    pub fn remove(&self) -> Result<Vec<ProductEvent>, CatalogueRefusal> {
        self.must_exist()?;
        Ok(vec![ProductEvent::ProductRemoved {}])
    }

    fn must_exist(&self) -> Result<(), CatalogueRefusal> {
        if self.exists() { Ok(()) } else { Err(CatalogueRefusal::UnknownProduct) }
    }

    fn begin(&mut self, added: &NewProduct, at: Timestamp) {
        *self = Product {
            id: added.product,
            name: added.name.clone(),
            description: added.description.clone(),
            price: added.price,
            slug: added.slug.clone(),
            old_slugs: vec![],
            category_ids: added.category_ids.clone(),
            images: added.images.clone(),
            brand: added.brand.clone(),
            is_active: true,
            options: added.options.clone(),
            variants: by_id(&added.variants),
            created_at: at,
            updated_at: at,
            deleted: false,
        };
    }

    fn rename(&mut self, name: &str, slug: &str) {
        let old = std::mem::replace(&mut self.slug, slug.to_owned());
        self.name = name.to_owned();
        self.old_slugs.retain(|before| *before != old && before != slug);
        if old != slug {
            self.old_slugs.push(old);
        }
        let too_many = self.old_slugs.len().saturating_sub(OLD_SLUGS_MAX);
        self.old_slugs.drain(..too_many);
    }
}

impl Aggregate for Product {
    const KIND: &'static str = "product";
    type Id = ProductId;
    type Event = ProductEvent;

    fn apply(&mut self, event: &ProductEvent, stamp: &Stamp) {
        match event {
            ProductEvent::ProductAdded(added) => self.begin(added, stamp.at),
            ProductEvent::ProductRenamed { name, slug } => self.rename(name, slug),
            ProductEvent::ProductRepriced { price } => self.price = *price,
            ProductEvent::ProductDescribed { description, brand } => {
                self.description = description.clone();
                self.brand = brand.clone();
            }
            ProductEvent::ProductRecategorised { category_ids } => {
                self.category_ids = category_ids.clone();
            }
            ProductEvent::ProductPictured { images } => self.images = images.clone(),
            ProductEvent::VariantsChanged { options, variants } => {
                self.options = options.clone();
                self.variants = by_id(variants);
            }
            ProductEvent::ProductActivated {} => self.is_active = true,
            ProductEvent::ProductDeactivated {} => self.is_active = false,
            ProductEvent::ProductRemoved {} => self.deleted = true,
        }
        self.updated_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if !self.exists() {
            return Ok(());
        }
        if self.slug.is_empty() || self.old_slugs.contains(&self.slug) {
            return Err("a product has one slug, which is not an old one");
        }
        let variants: Vec<Variant> = self.each_variant().cloned().collect();
        must_fit(self.price.currency(), &self.options, &variants)
            .map_err(|_| "options and variants of a product fit together")
    }
}

fn by_id(variants: &[Variant]) -> BTreeMap<VariantId, Box<Variant>> {
    variants.iter().map(|variant| (variant.id, Box::new(variant.clone()))).collect()
}

fn lists_must_fit(categories: &[CategoryId], images: &[String]) -> Result<(), CatalogueRefusal> {
    if categories.len() > PRODUCT_CATEGORIES_MAX {
        return Err(CatalogueRefusal::TooManyCategories);
    }
    if images.len() > IMAGES_MAX { Err(CatalogueRefusal::TooManyImages) } else { Ok(()) }
}

/// Pictures of a product, and of each variant.
pub const IMAGES_MAX: usize = 20;
/// Categories a product stands in.
pub const PRODUCT_CATEGORIES_MAX: usize = 20;
/// Earlier slugs that still lead to the product.
pub const OLD_SLUGS_MAX: usize = 20;
