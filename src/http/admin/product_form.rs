//! Product form: what staff type about a product, and the body of the API that it stands for.
//!
//! Rows are variants; a product without options has one. What is empty or crossed out is left
//! out, and the form is shown again without it, so that faults stand at the right row. What the
//! page does not show of a variant is not changed by it.

mod combining;
mod comparing;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    domain::{
        catalogue::{OPTIONS_MAX, Product, VARIANTS_MAX},
        ids::{ProductId, VariantId},
    },
    exchange::{joined, split},
    http::{fields::FieldFault, pages::words},
};

/// A product as it is typed.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ProductForm {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) price: String,
    pub(super) brand: String,
    /// One address a line.
    pub(super) images: String,
    pub(super) category_ids: Vec<String>,
    pub(super) is_active: bool,
    pub(super) options: Vec<OptionForm>,
    pub(super) rows: Vec<RowForm>,
}

/// An option as it is typed: its values with commas between them, and `\,` for one inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct OptionForm {
    pub(super) name: String,
    pub(super) values: String,
}

/// A variant as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct RowForm {
    /// Its id, if there is such a variant.
    pub(super) known: String,
    /// The chosen value of each option, in their order.
    pub(super) values: Vec<String>,
    pub(super) sku: String,
    pub(super) barcode: String,
    pub(super) price: String,
    /// Units of a new variant; that of a known one is changed elsewhere.
    pub(super) stock: String,
}

impl ProductForm {
    /// A product as it is.
    pub(super) fn of(product: &Product) -> ProductForm {
        let option = |option: &crate::domain::catalogue::ProductOption| OptionForm {
            name: option.name.clone(),
            values: joined(&option.values, COMMA, ", "),
        };
        let row = |variant: &crate::domain::catalogue::Variant| RowForm {
            known: variant.id.to_string(),
            values: product
                .options
                .iter()
                .map(|option| variant.options.get(&option.name).cloned().unwrap_or_default())
                .collect(),
            sku: variant.sku.clone(),
            barcode: variant.barcode.clone().unwrap_or_default(),
            price: variant.price.map(|price| price.to_string()).unwrap_or_default(),
            stock: String::new(),
        };
        ProductForm {
            name: product.name.clone(),
            description: product.description.clone(),
            price: product.price.to_string(),
            brand: product.brand.clone().unwrap_or_default(),
            images: product.images.join("\n"),
            category_ids: product.category_ids.iter().map(ToString::to_string).collect(),
            is_active: product.is_active,
            options: product.options.iter().map(option).collect(),
            rows: product.variants_in_order().into_iter().map(row).collect(),
        }
    }

    /// The beginning of a new product like this one.
    pub(super) fn duplicated(mut self) -> ProductForm {
        self.name.push_str(" (copy)");
        for row in &mut self.rows {
            row.known.clear();
            row.sku.clear();
            row.barcode.clear();
        }
        self
    }

    /// What was typed.
    pub(super) fn typed(typed: &BTreeMap<String, String>) -> ProductForm {
        let text = |name: &str| typed.get(name).map_or("", |text| text.trim()).to_owned();
        let options = (0..OPTIONS_MAX).map(|at| OptionForm {
            name: text(&format!("option-{at}-name")),
            values: text(&format!("option-{at}-values")),
        });
        let places: Vec<usize> = (0..OPTIONS_MAX).collect();
        let options: Vec<OptionForm> = options.collect();
        let kept =
            places.into_iter().filter(|at| options.get(*at).is_some_and(OptionForm::is_said));
        let kept: Vec<usize> = kept.collect();
        let row = |at: usize| RowForm {
            known: text(&format!("row-{at}-known")),
            values: kept.iter().map(|place| text(&format!("row-{at}-value-{place}"))).collect(),
            sku: text(&format!("row-{at}-sku")),
            barcode: text(&format!("row-{at}-barcode")),
            price: text(&format!("row-{at}-price")),
            stock: text(&format!("row-{at}-stock")),
        };
        let is_crossed_out = |at: &usize| typed.contains_key(&format!("row-{at}-remove"));
        let rows = (0..ROWS_MAX).filter(|at| !is_crossed_out(at)).map(row);
        let ids = text("categoryIds");
        ProductForm {
            name: text("name"),
            description: text("description"),
            price: text("price"),
            brand: text("brand"),
            images: text("images"),
            category_ids: ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            is_active: !text("isActive").is_empty(),
            rows: rows.filter(RowForm::is_said).collect(),
            options: options.into_iter().filter(OptionForm::is_said).collect(),
        }
    }

    /// Whether there is only one variant, without a choice.
    fn is_plain(&self) -> bool {
        self.options.is_empty()
    }

    /// The body of a new product.
    pub(super) fn to_create(&self) -> Value {
        let mut json = self.to_json();
        let first = self.rows.first().filter(|_| self.is_plain());
        json["stock"] = first.map_or(json!(0), |row| whole(&row.stock));
        match first {
            Some(row) => {
                put(&mut json, "sku", &row.sku);
                put(&mut json, "barcode", &row.barcode);
            }
            None => self.put_variants(&mut json, &Product::default()),
        }
        json
    }

    /// The body of a change of this product.
    pub(super) fn to_update(&self, before: &Product) -> Value {
        let mut json = self.to_json();
        json["id"] = json!(ProductId::to_string(&before.id));
        json["isActive"] = json!(self.is_active);
        // What is left out stays; what was emptied does not.
        json["name"] = json!(self.name);
        json["price"] = json!(words::plain_amount(&self.price));
        if !self.stays_plain(before) {
            self.put_variants(&mut json, before);
        } else if let Some(row) = self.rows.first() {
            put(&mut json, "sku", &row.sku);
            json["barcode"] = json!(row.barcode);
        }
        json
    }

    /// Whether the product had one variant without a choice, and has it still.
    fn stays_plain(&self, before: &Product) -> bool {
        self.is_plain() && before.options.is_empty() && before.only_variant().is_some()
    }

    fn to_json(&self) -> Value {
        let lines = self.images.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut json = json!({
            "description": self.description,
            "categoryIds": self.category_ids,
            "images": lines.collect::<Vec<_>>(),
            "brand": self.brand,
        });
        put(&mut json, "name", &self.name);
        put(&mut json, "price", &words::plain_amount(&self.price));
        json
    }

    fn put_variants(&self, json: &mut Value, before: &Product) {
        let option = |option: &OptionForm| {
            let mut said = json!({ "values": option.listed() });
            put(&mut said, "name", &option.name);
            said
        };
        json["options"] = self.options.iter().map(option).collect();
        let row = |row: &RowForm| {
            let mut said = json!({ "options": self.chosen(row), "barcode": row.barcode });
            put(&mut said, "sku", &row.sku);
            if !self.is_plain() {
                put(&mut said, "price", &words::plain_amount(&row.price));
            }
            // The page does not show the pictures of a variant: they stay.
            match row.id().and_then(|id| before.variants.get(&id)) {
                Some(known) => said["images"] = json!(known.images),
                None => said["stock"] = whole(&row.stock),
            }
            said
        };
        json["variants"] = self.variant_rows().iter().map(row).collect();
    }

    /// The rows that are variants: without options, the first.
    fn variant_rows(&self) -> &[RowForm] {
        let rows = if self.is_plain() { 1 } else { self.rows.len() };
        self.rows.get(..rows).unwrap_or_default()
    }

    /// Which variant each row is, as far as there was one.
    pub(super) fn known(&self) -> Vec<Option<VariantId>> {
        self.variant_rows().iter().map(RowForm::id).collect()
    }

    fn chosen(&self, row: &RowForm) -> BTreeMap<String, String> {
        let chosen = self.options.iter().zip(&row.values).filter(|(_, value)| !value.is_empty());
        chosen.map(|(option, value)| (option.name.clone(), value.clone())).collect()
    }

    /// The faults of the body at the fields that they are about.
    pub(super) fn placed(&self, faults: Vec<FieldFault>) -> Vec<FieldFault> {
        let place = |fault: FieldFault| {
            let parts: Vec<&str> = fault.pointer.split('/').skip(1).collect();
            let field = match parts[..] {
                ["sku"] => "row-0-sku".to_owned(),
                ["stock"] => "row-0-stock".to_owned(),
                ["images", ..] => "images".to_owned(),
                ["options", at, what, ..] => format!("option-{at}-{what}"),
                ["variants", at, "options", name] => {
                    let place = self.options.iter().position(|option| option.name == name);
                    format!("row-{at}-value-{}", place.unwrap_or(0))
                }
                ["variants", at, what, ..] => format!("row-{at}-{what}"),
                [first, ..] => first.to_owned(),
                [] => String::new(),
            };
            FieldFault { pointer: format!("/{field}"), ..fault }
        };
        faults.into_iter().map(place).collect()
    }
}

impl OptionForm {
    fn is_said(&self) -> bool {
        !self.name.is_empty() || !self.values.is_empty()
    }

    fn listed(&self) -> Vec<String> {
        split(&self.values, COMMA)
    }
}

impl RowForm {
    fn id(&self) -> Option<VariantId> {
        self.known.parse().ok()
    }

    fn is_said(&self) -> bool {
        let RowForm { known, values, sku, barcode, price, stock } = self;
        let texts = [known, sku, barcode, price, stock];
        texts.into_iter().chain(values).any(|text| !text.is_empty())
    }
}

/// A filled field; an empty one is a missing one.
fn put(json: &mut Value, name: &str, text: &str) {
    if !text.is_empty() {
        json[name] = json!(text);
    }
}

/// A whole number; nothing is none of them, and what is no number is for the body to refuse.
fn whole(text: &str) -> Value {
    match text {
        "" => json!(0),
        text => text.parse::<i64>().map_or_else(|_| json!(text), Value::from),
    }
}

/// Between the values of an option.
const COMMA: char = ',';
/// Rows that a form may send: all variants, and some empty ones.
const ROWS_MAX: usize = 2 * VARIANTS_MAX;

#[cfg(test)]
mod tests;
