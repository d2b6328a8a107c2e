//! Product form: what staff type about a product, and the body of the API that it stands for.
//!
//! Rows are variants; a product without options has one. What is empty or crossed out is left
//! out, and the form is shown again without it, so that faults stand at the right row.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    domain::{
        catalogue::{OPTIONS_MAX, Product, VARIANTS_MAX},
        ids::ProductId,
    },
    http::fields::FieldFault,
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

/// An option as it is typed: its values with commas between them.
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
    pub(super) price: String,
    /// Units of a new variant; that of a known one is changed elsewhere.
    pub(super) stock: String,
}

impl ProductForm {
    /// A product as it is.
    pub(super) fn of(product: &Product) -> ProductForm {
        let option = |option: &crate::domain::catalogue::ProductOption| OptionForm {
            name: option.name.clone(),
            values: option.values.join(", "),
        };
        let row = |variant: &crate::domain::catalogue::Variant| RowForm {
            known: variant.id.to_string(),
            values: product
                .options
                .iter()
                .map(|option| variant.options.get(&option.name).cloned().unwrap_or_default())
                .collect(),
            sku: variant.sku.clone(),
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

    /// A row for every combination of the options' values; what was typed of one stays with it.
    pub(super) fn combine(&mut self) {
        let mut choices: Vec<Vec<String>> = vec![vec![]];
        for option in &self.options {
            let values = option.listed();
            choices = choices
                .into_iter()
                .flat_map(|choice| {
                    values.iter().map(move |value| {
                        choice.iter().chain([value]).cloned().collect::<Vec<String>>()
                    })
                })
                .take(VARIANTS_MAX)
                .collect();
        }
        let known = std::mem::take(&mut self.rows);
        let row = |values: Vec<String>| {
            let same = known.iter().find(|row| row.values == values).cloned();
            same.unwrap_or_else(|| RowForm { values, ..RowForm::default() })
        };
        self.rows = choices.into_iter().map(row).collect();
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
            Some(row) => put(&mut json, "sku", &row.sku),
            None => self.put_variants(&mut json),
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
        json["price"] = json!(self.price);
        let was_plain = before.options.is_empty() && before.only_variant().is_some();
        match self.rows.first() {
            Some(row) if self.is_plain() && was_plain => put(&mut json, "sku", &row.sku),
            _ if self.is_plain() => {
                json["options"] = json!([]);
                json["variants"] = json!([]);
            }
            _ => self.put_variants(&mut json),
        }
        json
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
        put(&mut json, "price", &self.price);
        json
    }

    fn put_variants(&self, json: &mut Value) {
        let option = |option: &OptionForm| {
            let mut said = json!({ "values": option.listed() });
            put(&mut said, "name", &option.name);
            said
        };
        json["options"] = self.options.iter().map(option).collect();
        let row = |row: &RowForm| {
            let chosen =
                self.options.iter().zip(&row.values).filter(|(_, value)| !value.is_empty());
            let chosen: BTreeMap<&str, &str> =
                chosen.map(|(option, value)| (option.name.as_str(), value.as_str())).collect();
            let mut said = json!({ "options": chosen });
            put(&mut said, "sku", &row.sku);
            put(&mut said, "price", &row.price);
            if row.known.is_empty() {
                said["stock"] = whole(&row.stock);
            }
            said
        };
        json["variants"] = self.rows.iter().map(row).collect();
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
        let values = self.values.split(',').map(str::trim).filter(|value| !value.is_empty());
        values.map(str::to_owned).collect()
    }
}

impl RowForm {
    fn is_said(&self) -> bool {
        let RowForm { known, values, sku, price, stock } = self;
        let texts = [known, sku, price, stock];
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

/// Rows that a form may send: all variants, and some empty ones.
const ROWS_MAX: usize = 2 * VARIANTS_MAX;

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(fields: &[(&str, &str)]) -> ProductForm {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ProductForm::typed(&fields.collect())
    }

    #[test]
    fn a_form_stands_for_the_body_of_a_product_with_options() {
        let mut form = typed(&[
            ("name", "Shirt"),
            ("price", "20"),
            ("option-0-name", "Size"),
            ("option-0-values", "S, M,"),
            ("option-2-name", "Colour"),
            ("option-2-values", "red"),
            ("row-3-value-0", "S"),
            ("row-3-value-2", "red"),
            ("row-3-stock", "4"),
            ("row-4-remove", "yes"),
            ("row-4-sku", "GONE"),
        ]);
        form.combine();
        let body = form.to_create();
        assert_eq!(body["options"][1], json!({ "name": "Colour", "values": ["red"] }));
        let both = |size: &str| json!({ "Size": size, "Colour": "red" });
        assert_eq!(body["variants"][0], json!({ "options": both("S"), "stock": 4 }));
        assert_eq!(body["variants"][1], json!({ "options": both("M"), "stock": 0 }));
        assert_eq!(body["variants"].as_array().map(Vec::len), Some(2));
        let fault = FieldFault::new("/variants/1/options/Colour", "too_long", "");
        assert_eq!(form.placed(vec![fault])[0].pointer, "/row-1-value-1");
    }

    #[test]
    fn a_plain_product_has_one_sku_and_one_stock() {
        let form = typed(&[("name", "Tea"), ("row-0-sku", "TEA"), ("row-0-stock", "x")]);
        let body = form.to_create();
        assert_eq!((&body["sku"], &body["stock"]), (&json!("TEA"), &json!("x")));
        assert!(body.get("variants").is_none() && body.get("price").is_none());
    }
}
