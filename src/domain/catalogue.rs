//! The catalogue: products with their variants, and the categories they stand in.
//!
//! That names, slugs and SKUs are unique is the owner's to keep: it knows all products, one
//! product does not. Stock is not known here; each variant has its ledger in `inventory`.

mod category;
mod product;
mod slug;
mod tree;
mod variant;

pub use category::{CATEGORY_LEVELS_MAX, Category, CategoryEvent, NewCategory, must_fit_below};
pub use product::{
    IMAGES_MAX, NewProduct, OLD_SLUGS_MAX, PRODUCT_CATEGORIES_MAX, Product, ProductEdit,
    ProductEvent,
};
pub use slug::{SLUG_CHARS_MAX, numbered, slug_of};
pub use tree::{CATEGORIES_MAX, CategoryNode, CategoryTree};
pub use variant::{OPTIONS_MAX, ProductOption, VALUES_MAX, VARIANTS_MAX, Variant, WantedVariant};

/// Why something of the catalogue is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueRefusal {
    /// No such product, or not any more.
    #[error("no such product")]
    UnknownProduct,
    /// No such variant of this product.
    #[error("no such variant of this product")]
    UnknownVariant,
    /// No such category, or not any more.
    #[error("no such category")]
    UnknownCategory,
    /// The id belongs to something with other content.
    #[error("this exists already with other content")]
    AlreadyAdded,
    /// Another product has this name.
    #[error("a product with this name exists already")]
    NameTaken,
    /// Another variant has this SKU.
    #[error("this sku is already in use")]
    SkuTaken,
    /// Another category has this name.
    #[error("a category with this name exists already")]
    CategoryNameTaken,
    /// Products still stand in the category.
    #[error("products still stand in this category")]
    CategoryInUse,
    /// Other categories still stand below the category.
    #[error("subcategories still stand below this category")]
    CategoryHasSubcategories,
    /// The category would stand below itself.
    #[error("a category cannot stand below itself")]
    CategoryCycle,
    /// More categories one below the other than are allowed.
    #[error("categories are nested at most 8 deep")]
    CategoryTooDeep,
    /// The shop has as many categories as it can.
    #[error("the shop has as many categories as it can have")]
    CategoryLimitReached,
    /// The product has several variants and none was named.
    #[error("this product has several variants, name one")]
    VariantRequired,
    /// A price is in another currency.
    #[error("all prices of a product are in one currency")]
    CurrencyMismatch,
    /// A price is below zero.
    #[error("a price cannot be negative")]
    NegativePrice,
    /// Options and variants do not fit together.
    #[error("{0}")]
    InvalidVariants(&'static str),
    /// More pictures than a product or variant may have.
    #[error("too many images")]
    TooManyImages,
    /// More categories than a product may stand in.
    #[error("too many categories")]
    TooManyCategories,
    /// The product is not for sale now.
    #[error("this product is not for sale now")]
    ProductInactive,
}

impl CatalogueRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            CatalogueRefusal::UnknownProduct => "unknown_product",
            CatalogueRefusal::UnknownVariant => "unknown_variant",
            CatalogueRefusal::UnknownCategory => "unknown_category",
            CatalogueRefusal::AlreadyAdded => "already_added",
            CatalogueRefusal::NameTaken => "name_taken",
            CatalogueRefusal::SkuTaken => "sku_taken",
            CatalogueRefusal::CategoryNameTaken => "category_name_taken",
            CatalogueRefusal::CategoryInUse => "category_in_use",
            CatalogueRefusal::CategoryHasSubcategories => "category_has_subcategories",
            CatalogueRefusal::CategoryCycle => "category_cycle",
            CatalogueRefusal::CategoryTooDeep => "category_too_deep",
            CatalogueRefusal::CategoryLimitReached => "category_limit_reached",
            CatalogueRefusal::VariantRequired => "variant_required",
            CatalogueRefusal::CurrencyMismatch => "currency_mismatch",
            CatalogueRefusal::NegativePrice => "negative_price",
            CatalogueRefusal::InvalidVariants(_) => "invalid_variants",
            CatalogueRefusal::TooManyImages => "too_many_images",
            CatalogueRefusal::TooManyCategories => "too_many_categories",
            CatalogueRefusal::ProductInactive => "product_inactive",
        }
    }
}

/// The name of a product or category as it is compared: case and spacing do not count.
pub fn fold_name(name: &str) -> String {
    name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
