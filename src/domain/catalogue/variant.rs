//! Variants: the stock-keeping units of a product, told apart by its options.
//!
//! Invariant: a variant chooses one value of each option, and no two choose the same. A variant
//! keeps its id (and with it its stock) as long as that, its SKU or its choice is still wanted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CatalogueRefusal, IMAGES_MAX, Product, slug::made_sku};
use crate::domain::{
    ids::VariantId,
    money::{Currency, Money},
};

/// Something a shopper chooses, as size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOption {
    /// What is chosen.
    pub name: String,
    /// What there is to choose from.
    pub values: Vec<String>,
}

/// A stock-keeping unit of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Which variant; its ledger has the same id.
    pub id: VariantId,
    /// Its stock-keeping number, unique in the shop.
    pub sku: String,
    /// The chosen value of each option.
    pub options: BTreeMap<String, String>,
    /// Its own price; without one, the product's.
    pub price: Option<Money>,
    /// Its own pictures.
    pub images: Vec<String>,
    /// Where it stands among the variants, from zero.
    pub position: u32,
    /// The number of its bar code, if it has one.
    #[serde(default)]
    pub barcode: Option<String>,
}

/// A variant as somebody wants it, before it is known which one it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedVariant {
    /// Which one it is, if somebody knows.
    pub id: Option<VariantId>,
    /// Its stock-keeping number; made or kept if missing.
    pub sku: Option<String>,
    /// The chosen value of each option.
    pub options: BTreeMap<String, String>,
    /// Its own price, if it has one.
    pub price: Option<Money>,
    /// Its own pictures.
    pub images: Vec<String>,
    /// The number of its bar code, if it has one.
    pub barcode: Option<String>,
}

impl Product {
    /// Says which variant each wanted one is: the one with its id, else with its SKU, else with
    /// its choice, else a new one with the next of the `fresh` ids. No wanted variant at all means
    /// one.
    pub fn match_variants(
        &self,
        slug: &str,
        wanted: Vec<WantedVariant>,
        fresh: Vec<VariantId>,
    ) -> Result<Vec<Variant>, CatalogueRefusal> {
        let wanted = if wanted.is_empty() { vec![WantedVariant::default()] } else { wanted };
        must_be_few(wanted.len())?;
        let mut taken = BTreeSet::new();
        let mut known: Vec<Option<&Variant>> = vec![None; wanted.len()];
        for find in [Product::with_id, Product::with_sku, Product::with_choice] {
            for (known, want) in known.iter_mut().zip(&wanted).filter(|(known, _)| known.is_none())
            {
                *known = find(self, want).filter(|found| taken.insert(found.id));
            }
        }
        let mut fresh = fresh.into_iter();
        let mut matched = vec![];
        for ((position, want), known) in (0..).zip(wanted).zip(known) {
            let id = match known {
                Some(known) => known.id,
                None => fresh.next().ok_or(invalid("a new variant needs an id"))?,
            };
            let sku = want
                .sku
                .or_else(|| known.map(|known| known.sku.clone()))
                .unwrap_or_else(|| made_sku(slug, id));
            let WantedVariant { options, price, images, barcode, .. } = want;
            matched.push(Variant { id, sku, options, price, images, position, barcode });
        }
        Ok(matched)
    }

    fn with_id(&self, want: &WantedVariant) -> Option<&Variant> {
        self.variants.get(&want.id?).map(AsRef::as_ref)
    }

    fn with_sku(&self, want: &WantedVariant) -> Option<&Variant> {
        self.each_variant().find(|known| Some(&known.sku) == want.sku.as_ref())
    }

    fn with_choice(&self, want: &WantedVariant) -> Option<&Variant> {
        self.each_variant().find(|known| known.options == want.options)
    }
}

/// Whether these options and variants fit together.
pub(super) fn must_fit(
    currency: Currency,
    options: &[ProductOption],
    variants: &[Variant],
) -> Result<(), CatalogueRefusal> {
    options_must_be_distinct(options)?;
    if variants.is_empty() {
        return Err(invalid("a product has at least one variant"));
    }
    must_be_few(variants.len())?;
    let (mut ids, mut skus, mut choices) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for variant in variants {
        choice_must_be_offered(options, &variant.options)?;
        if !choices.insert(&variant.options) {
            return Err(invalid("two variants have the same options"));
        }
        if !skus.insert(&variant.sku) || !ids.insert(variant.id) {
            return Err(invalid("two variants have the same sku"));
        }
        if variant.sku.is_empty() {
            return Err(invalid("a variant has a sku"));
        }
        if variant.images.len() > IMAGES_MAX {
            return Err(CatalogueRefusal::TooManyImages);
        }
        variant.price.map_or(Ok(()), |price| price_must_fit(currency, price))?;
    }
    Ok(())
}

/// Whether a price may stand in a shop with this currency.
pub(super) fn price_must_fit(currency: Currency, price: Money) -> Result<(), CatalogueRefusal> {
    if price.currency() != currency {
        return Err(CatalogueRefusal::CurrencyMismatch);
    }
    if price.is_negative() { Err(CatalogueRefusal::NegativePrice) } else { Ok(()) }
}

fn must_be_few(variants: usize) -> Result<(), CatalogueRefusal> {
    let many = variants > VARIANTS_MAX;
    if many { Err(invalid("a product has at most 100 variants")) } else { Ok(()) }
}

fn options_must_be_distinct(options: &[ProductOption]) -> Result<(), CatalogueRefusal> {
    if options.len() > OPTIONS_MAX {
        return Err(invalid("a product has at most 3 options"));
    }
    let names: BTreeSet<&String> = options.iter().map(|option| &option.name).collect();
    if names.len() < options.len() {
        return Err(invalid("two options have the same name"));
    }
    for option in options {
        let values: BTreeSet<&String> = option.values.iter().collect();
        if values.is_empty() || values.len() < option.values.len() {
            return Err(invalid("an option has values, each once"));
        }
        if values.len() > VALUES_MAX {
            return Err(invalid("an option has at most 100 values"));
        }
    }
    Ok(())
}

fn choice_must_be_offered(
    options: &[ProductOption],
    choice: &BTreeMap<String, String>,
) -> Result<(), CatalogueRefusal> {
    let offered = |option: &ProductOption| {
        choice.get(&option.name).is_some_and(|value| option.values.contains(value))
    };
    if choice.len() == options.len() && options.iter().all(offered) {
        return Ok(());
    }
    Err(invalid("a variant chooses one value of each option"))
}

fn invalid(why: &'static str) -> CatalogueRefusal {
    CatalogueRefusal::InvalidVariants(why)
}

/// Options of a product.
pub const OPTIONS_MAX: usize = 3;
/// Values of an option.
pub const VALUES_MAX: usize = 100;
/// Variants of a product.
pub const VARIANTS_MAX: usize = 100;
