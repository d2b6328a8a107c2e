//! What the outside is told of products and categories.

use serde::Serialize;

use super::Told;
use crate::{
    domain::{
        catalogue::{CategoryEvent, NewProduct, ProductEvent, Variant},
        ids::{CategoryId, ProductId, VariantId},
    },
    shapes::{Amount, Id},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductData<'a, M> {
    product_id: Id<ProductId>,
    #[serde(flatten)]
    more: M,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<&'a str>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddedData<'a> {
    name: &'a str,
    slug: &'a str,
    price: Amount,
    currency: &'static str,
    category_ids: Vec<Id<CategoryId>>,
    brand: Option<&'a str>,
    variants: Vec<VariantData<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VariantData<'a> {
    id: Id<VariantId>,
    sku: &'a str,
    options: &'a std::collections::BTreeMap<String, String>,
    price: Option<Amount>,
}

#[derive(Serialize)]
struct NamedData<'a> {
    name: &'a str,
    slug: &'a str,
}

#[derive(Serialize)]
struct PricedData {
    price: Amount,
    currency: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CategorisedData {
    category_ids: Vec<Id<CategoryId>>,
}

#[derive(Serialize)]
struct PicturedData<'a> {
    images: &'a [String],
}

#[derive(Serialize)]
struct VariantsData<'a> {
    variants: Vec<VariantData<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CategoryData<'a> {
    category_id: Id<CategoryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacedData<'a> {
    #[serde(flatten)]
    category: CategoryData<'a>,
    parent_id: Option<Id<CategoryId>>,
}

/// What an event of a product is called, and what is said of it.
pub(super) fn product_told((id, event): &(ProductId, ProductEvent)) -> Option<Told> {
    let product_id = Id(*id);
    let plain =
        |name| Told::staff(name, ProductData { product_id, more: Nothing {}, changed: None });
    Some(match event {
        ProductEvent::ProductAdded(added) => {
            let data = ProductData { product_id, more: added_data(added), changed: None };
            Told::staff("product.added", data)
        }
        ProductEvent::ProductRenamed { name, slug } => {
            updated(*id, "name", NamedData { name, slug })
        }
        ProductEvent::ProductRepriced { price } => {
            let currency = price.currency().code();
            updated(*id, "price", PricedData { price: Amount(*price), currency })
        }
        ProductEvent::ProductDescribed { .. } => updated(*id, "description", Nothing {}),
        ProductEvent::ProductRecategorised { category_ids } => {
            let category_ids = category_ids.iter().copied().map(Id).collect();
            updated(*id, "categories", CategorisedData { category_ids })
        }
        ProductEvent::ProductPictured { images } => updated(*id, "images", PicturedData { images }),
        ProductEvent::VariantsChanged { variants, .. } => {
            updated(*id, "variants", VariantsData { variants: variants_data(variants) })
        }
        ProductEvent::ProductActivated { .. } => plain("product.activated"),
        ProductEvent::ProductDeactivated { .. } => plain("product.deactivated"),
        ProductEvent::ProductRemoved { .. } => plain("product.removed"),
    })
}

/// What an event of a category is called, and what is said of it.
pub(super) fn category_told((id, event): &(CategoryId, CategoryEvent)) -> Option<Told> {
    let category_id = Id(*id);
    Some(match event {
        CategoryEvent::CategoryAdded(added) => {
            let (name, slug) = (Some(&*added.name), Some(&*added.slug));
            let category = CategoryData { category_id, name, slug };
            let data = PlacedData { category, parent_id: added.parent.map(Id) };
            Told::staff("category.added", data)
        }
        CategoryEvent::CategoryMoved { parent } => {
            let category = CategoryData { category_id, name: None, slug: None };
            Told::staff("category.moved", PlacedData { category, parent_id: parent.map(Id) })
        }
        CategoryEvent::CategoryChanged { name, slug, .. } => {
            let (name, slug) = (Some(&**name), Some(&**slug));
            Told::staff("category.updated", CategoryData { category_id, name, slug })
        }
        CategoryEvent::CategoryRemoved { .. } => {
            let data = CategoryData { category_id, name: None, slug: None };
            Told::staff("category.removed", data)
        }
    })
}

fn updated(id: ProductId, changed: &str, more: impl Serialize) -> Told {
    let data = ProductData { product_id: Id(id), more, changed: Some(changed) };
    Told::staff("product.updated", data)
}

fn added_data(added: &NewProduct) -> AddedData<'_> {
    AddedData {
        name: &added.name,
        slug: &added.slug,
        price: Amount(added.price),
        currency: added.price.currency().code(),
        category_ids: added.category_ids.iter().copied().map(Id).collect(),
        brand: added.brand.as_deref(),
        variants: variants_data(&added.variants),
    }
}

fn variants_data(variants: &[Variant]) -> Vec<VariantData<'_>> {
    variants.iter().map(variant_data).collect()
}

fn variant_data(Variant { id, sku, options, price, .. }: &Variant) -> VariantData<'_> {
    VariantData { id: Id(*id), sku, options, price: price.map(Amount) }
}
