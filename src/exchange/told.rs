//! Telling: what would change about a product, in words for the shopkeeper.

use std::fmt::Display;

use crate::domain::catalogue::{Product, ProductEvent, Variant};

/// What these events change, a line each.
pub(super) fn told_of(before: &Product, events: &[ProductEvent]) -> Vec<String> {
    let mut told = Vec::new();
    for event in events {
        match event {
            ProductEvent::ProductRenamed { name, .. } => {
                told.push(changed("name", &before.name, name));
            }
            ProductEvent::ProductRepriced { price } => {
                told.push(changed("price", before.price, price));
            }
            ProductEvent::ProductDescribed { description, brand } => {
                if *description != before.description {
                    told.push(changed(
                        "description",
                        shortly(&before.description),
                        shortly(description),
                    ));
                }
                if *brand != before.brand {
                    let named = |brand: &Option<String>| brand.clone().unwrap_or_default();
                    told.push(changed("brand", named(&before.brand), named(brand)));
                }
            }
            ProductEvent::ProductRecategorised { category_ids } => {
                let (had, has) = (before.category_ids.len(), category_ids.len());
                told.push(changed("categories", had, has));
            }
            ProductEvent::ProductPictured { images } => {
                told.push(changed("images", before.images.len(), images.len()));
            }
            ProductEvent::VariantsChanged { variants, .. } => {
                told.extend(variants.iter().flat_map(|variant| of_variant(before, variant)));
            }
            ProductEvent::ProductActivated {} => told.push("for sale again".to_owned()),
            ProductEvent::ProductDeactivated {} => told.push("no longer for sale".to_owned()),
            ProductEvent::ProductAdded(_) | ProductEvent::ProductRemoved {} => {}
        }
    }
    told
}

fn of_variant(before: &Product, variant: &Variant) -> Vec<String> {
    let Variant { sku, .. } = variant;
    let Some(known) = before.variants.get(&variant.id) else {
        return vec![format!("new variant {sku}")];
    };
    let mut told = Vec::new();
    if known.sku != *sku {
        told.push(changed("sku", &known.sku, sku));
    }
    if known.price != variant.price {
        let price = |variant: &Variant| {
            variant.price.map_or_else(|| "as the product".to_owned(), |price| price.to_string())
        };
        told.push(changed(&format!("price of {sku}"), price(known), price(variant)));
    }
    if known.barcode != variant.barcode {
        let code = |variant: &Variant| variant.barcode.clone().unwrap_or_default();
        told.push(changed(&format!("barcode of {sku}"), code(known), code(variant)));
    }
    if known.options != variant.options {
        let chosen =
            |variant: &Variant| variant.options.values().cloned().collect::<Vec<_>>().join("/");
        told.push(changed(&format!("options of {sku}"), chosen(known), chosen(variant)));
    }
    if known.images != variant.images {
        let (had, has) = (known.images.len(), variant.images.len());
        told.push(changed(&format!("images of {sku}"), had, has));
    }
    told
}

fn changed(what: &str, before: impl Display, after: impl Display) -> String {
    let shown = |value: String| if value.is_empty() { "nothing".to_owned() } else { value };
    format!("{what} {} → {}", shown(before.to_string()), shown(after.to_string()))
}

fn shortly(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN_LETTERS_MAX {
        return line;
    }
    line.chars().take(SHOWN_LETTERS_MAX).chain(['…']).collect()
}

const SHOWN_LETTERS_MAX: usize = 40;
