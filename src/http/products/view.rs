//! The view of a product. Stock is the only thing in it that changes without the product.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        catalogue::{CategoryTree, Product, ProductOption, Variant},
        ids::{CategoryId, ProductId, VariantId},
    },
    http::{
        categories::CrumbView,
        views::{Amount, Id, Time},
    },
};

/// A product, as everybody sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductView<'a> {
    id: Id<ProductId>,
    #[serde(rename = "_id")]
    same_id: Id<ProductId>,
    name: &'a str,
    description: &'a str,
    price: Amount,
    currency: &'static str,
    sku: &'a str,
    barcode: Option<&'a str>,
    slug: &'a str,
    stock: u32,
    category_ids: Vec<Id<CategoryId>>,
    breadcrumbs: Vec<CrumbView<'a>>,
    images: &'a [String],
    brand: Option<&'a str>,
    is_active: bool,
    options: Vec<OptionView<'a>>,
    variants: Vec<VariantView<'a>>,
    created_at: Time,
    updated_at: Time,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OptionView<'a> {
    name: &'a str,
    values: &'a [String],
}

#[derive(Debug, Serialize, JsonSchema)]
struct VariantView<'a> {
    id: Id<VariantId>,
    sku: &'a str,
    barcode: Option<&'a str>,
    options: &'a BTreeMap<String, String>,
    price: Amount,
    stock: u32,
    images: &'a [String],
}

impl<'a> ProductView<'a> {
    /// The product where it stands in this tree, with so many units of each variant, in the
    /// order of the variants.
    pub fn of(product: &'a Product, tree: &'a CategoryTree, stock: &[u32]) -> ProductView<'a> {
        let variants = product.variants_in_order();
        let shown = variants.iter().enumerate().map(|(index, variant)| {
            let units = stock.get(index).copied().unwrap_or(0);
            VariantView::of(product, variant, units)
        });
        ProductView {
            id: Id(product.id),
            same_id: Id(product.id),
            name: &product.name,
            description: &product.description,
            price: Amount(product.price),
            currency: product.price.currency().code(),
            sku: variants.first().map_or("", |variant| &variant.sku),
            barcode: variants.first().and_then(|variant| variant.barcode.as_deref()),
            slug: &product.slug,
            stock: in_all(stock),
            category_ids: product.category_ids.iter().copied().map(Id).collect(),
            breadcrumbs: shelf_of(product, tree)
                .map(|shelf| CrumbView::path_to(shelf, tree))
                .unwrap_or_default(),
            images: &product.images,
            brand: product.brand.as_deref(),
            is_active: product.is_active,
            options: product.options.iter().map(OptionView::of).collect(),
            variants: shown.collect(),
            created_at: Time(product.created_at),
            updated_at: Time(product.updated_at),
        }
    }
}

impl<'a> OptionView<'a> {
    fn of(option: &'a ProductOption) -> OptionView<'a> {
        OptionView { name: &option.name, values: &option.values }
    }
}

impl<'a> VariantView<'a> {
    fn of(product: &Product, variant: &'a Variant, stock: u32) -> VariantView<'a> {
        VariantView {
            id: Id(variant.id),
            sku: &variant.sku,
            barcode: variant.barcode.as_deref(),
            options: &variant.options,
            price: Amount(variant.price.unwrap_or(product.price)),
            stock,
            images: &variant.images,
        }
    }
}

/// Where a product mainly stands: in the first of its categories that is there.
pub(super) fn shelf_of(product: &Product, tree: &CategoryTree) -> Option<CategoryId> {
    product.category_ids.iter().copied().find(|id| tree.get(*id).is_some())
}

/// The units of all variants together.
pub(super) fn in_all(stock: &[u32]) -> u32 {
    stock.iter().fold(0, |sum, units| sum.saturating_add(*units))
}
