//! Columns: what a file's first line says its columns mean, in our form or in Shopify's.
//!
//! Invariant: a column is known by its title alone; case, spaces and underscores do not count.
//! In our form an unknown title is a fault, because it is most likely misspelt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RowFault;

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is named after its column, and docs/import.md explains it")]
pub enum Field {
    Handle,
    Name,
    Description,
    Brand,
    Categories,
    Price,
    Images,
    Active,
    Option1Name,
    Option1Value,
    Option2Name,
    Option2Value,
    Option3Name,
    Option3Value,
    Sku,
    Barcode,
    Stock,
    VariantPrice,
    VariantImages,
    /// Shopify: whether the product is published.
    Status,
    /// Shopify: the product's place in a taxonomy, if it has no type.
    Taxonomy,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Ours.
    Bodega,
    /// Shopify's product CSV, as it is exported there.
    Shopify,
}

/// The columns of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The form of the file.
    pub form: Form,
    /// Where each field stands, from zero.
    places: BTreeMap<Field, usize>,
    titles: Vec<String>,
}

impl Header {
    /// Reads the first line of a file. The form is told by its titles, unless it is said.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(titles: &[String], form: Option<Form>) -> Result<Header, Vec<RowFault>> {
        let plain: Vec<String> = titles.iter().map(|title| plain(title)).collect();
        let has = |title: &str| plain.iter().any(|has| has == title);
        let looks = if has("title") && !has("name") { Form::Shopify } else { Form::Bodega };
        let form = form.unwrap_or(looks);
        let known = match form {
            Form::Bodega => OURS,
            Form::Shopify => SHOPIFYS,
        };
        let mut places = BTreeMap::new();
        let mut faults = Vec::new();
        for (at, title) in plain.iter().enumerate() {
            let field = known.iter().find(|(name, _)| name == title).map(|(_, field)| *field);
            let shown = titles.get(at).map_or("", String::as_str);
            match field {
                Some(field) if places.contains_key(&field) => {
                    let detail = format!("column {}: `{shown}` stands there twice", at + 1);
                    faults.push(RowFault::of_line(1, detail));
                }
                Some(field) => {
                    places.insert(field, at);
                }
                None if form == Form::Bodega => {
                    let detail = format!("column {}: there is no column `{shown}`", at + 1);
                    faults.push(RowFault::of_line(1, detail));
                }
                None => {}
            }
        }
        if ![Field::Handle, Field::Sku, Field::Name].iter().any(|key| places.contains_key(key)) {
            let detail = "a file needs a column that names products: handle, sku or name";
            faults.push(RowFault::of_line(1, detail));
        }
        if faults.is_empty() {
            Ok(Header { form, places, titles: titles.to_vec() })
        } else {
            Err(faults)
        }
    }

    /// Where a field stands, from zero.
    pub fn place_of(&self, field: Field) -> Option<usize> {
        self.places.get(&field).copied()
    }

    /// A fault in words, with its line and column.
    pub fn told(&self, fault: &RowFault) -> String {
        let column = fault.field.and_then(|field| {
            let at = self.place_of(field).or_else(|| self.place_of(instead(field)))?;
            Some(format!(", column {} ({})", at + 1, self.titles.get(at)?))
        });
        format!("line {}{}: {}", fault.line, column.unwrap_or_default(), fault.detail)
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.titles.len()
    }
}

/// Where a value stands in the other form, if not in a column of its own.
fn instead(field: Field) -> Field {
    let other = INSTEAD.iter().find(|(own, _)| *own == field);
    other.map_or(field, |(_, other)| *other)
}

/// A title as it is compared.
fn plain(title: &str) -> String {
    let title = title.trim_start_matches('\u{feff}');
    let letters = title.chars().map(|letter| if letter == '_' { ' ' } else { letter });
    let title: String = letters.flat_map(char::to_lowercase).collect();
    title.split_whitespace().collect::<Vec<_>>().join(" ")
}

const INSTEAD: [(Field, Field); 3] = [
    (Field::Price, Field::VariantPrice),
    (Field::Active, Field::Status),
    (Field::Categories, Field::Taxonomy),
];

/// The columns of our form, in the order in which they are written.
pub(super) const OURS: &[(&str, Field)] = &[
    ("handle", Field::Handle),
    ("name", Field::Name),
    ("description", Field::Description),
    ("brand", Field::Brand),
    ("categories", Field::Categories),
    ("price", Field::Price),
    ("images", Field::Images),
    ("active", Field::Active),
    ("option1 name", Field::Option1Name),
    ("option1 value", Field::Option1Value),
    ("option2 name", Field::Option2Name),
    ("option2 value", Field::Option2Value),
    ("option3 name", Field::Option3Name),
    ("option3 value", Field::Option3Value),
    ("sku", Field::Sku),
    ("barcode", Field::Barcode),
    ("stock", Field::Stock),
    ("variant price", Field::VariantPrice),
    ("variant images", Field::VariantImages),
];

/// Titles of Shopify's form that mean something here, those of its older exports first.
pub(super) const SHOPIFYS: &[(&str, Field)] = &[
    ("handle", Field::Handle),
    ("title", Field::Name),
    ("body (html)", Field::Description),
    ("vendor", Field::Brand),
    ("product category", Field::Taxonomy),
    ("type", Field::Categories),
    ("published", Field::Active),
    ("option1 name", Field::Option1Name),
    ("option1 value", Field::Option1Value),
    ("option2 name", Field::Option2Name),
    ("option2 value", Field::Option2Value),
    ("option3 name", Field::Option3Name),
    ("option3 value", Field::Option3Value),
    ("variant sku", Field::Sku),
    ("variant inventory qty", Field::Stock),
    ("variant price", Field::VariantPrice),
    ("variant barcode", Field::Barcode),
    ("image src", Field::Images),
    ("variant image", Field::VariantImages),
    ("status", Field::Status),
    // Since 2025.
    ("url handle", Field::Handle),
    ("description", Field::Description),
    ("published on online store", Field::Active),
    ("sku", Field::Sku),
    ("barcode", Field::Barcode),
    ("price", Field::VariantPrice),
    ("inventory quantity", Field::Stock),
    ("product image url", Field::Images),
    ("variant image url", Field::VariantImages),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(line: &str) -> Vec<String> {
        line.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn the_form_of_a_file_is_told_by_its_titles() {
        let form = |line: &str| Header::read(&titles(line), None).map(|header| header.form);
        assert_eq!(form("Handle,Title,Vendor,Variant SKU,Gift Card"), Ok(Form::Shopify));
        assert_eq!(form("URL handle,Title,SKU,Price,Google Shopping / MPN"), Ok(Form::Shopify));
        assert_eq!(form("\u{feff}SKU,Option1_Name,stock"), Ok(Form::Bodega));
        let misspelt = form("sku,prize").expect_err("there is no such column");
        assert_eq!(misspelt[0].detail, "column 2: there is no column `prize`");
        assert!(form("price,stock").is_err() && form("sku,SKU").is_err() && form("").is_err());
    }

    #[test]
    fn a_fault_says_its_line_and_its_column() {
        let header = Header::read(&titles("Handle,Title,Variant Price"), None).expect("a header");
        let fault = RowFault::at(7, Field::Price, "not an amount");
        assert_eq!(header.told(&fault), "line 7, column 3 (Variant Price): not an amount");
        assert_eq!(header.told(&RowFault::of_line(9, "too long")), "line 9: too long");
    }
}
