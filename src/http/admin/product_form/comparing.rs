//! Comparing: where what is typed about a product differs from what the shop has by now.

use serde::Serialize;

use super::{OptionForm, ProductForm, RowForm};

/// Something that is otherwise in the shop.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in super::super) struct Difference {
    /// What it is about.
    pub(in super::super) what: String,
    /// What the shop has.
    pub(in super::super) shop: String,
    /// What the form says.
    pub(in super::super) form: String,
}

impl ProductForm {
    /// Where this form differs from that of the product in the shop. `category` knows the names.
    pub(in super::super) fn differences(
        &self,
        shop: &ProductForm,
        category: impl Fn(&str) -> String,
    ) -> Vec<Difference> {
        let categories = |form: &ProductForm| {
            let mut names: Vec<String> = form.category_ids.iter().map(|id| category(id)).collect();
            names.sort();
            names.join(", ")
        };
        let sale = |form: &ProductForm| if form.is_active { "yes" } else { "no" }.to_owned();
        let mut all = vec![
            ("Name".to_owned(), shop.name.clone(), self.name.clone()),
            ("Description".to_owned(), shop.description.clone(), self.description.clone()),
            ("Price".to_owned(), amount(&shop.price), amount(&self.price)),
            ("Brand".to_owned(), shop.brand.clone(), self.brand.clone()),
            ("Pictures".to_owned(), shop.images.clone(), self.images.clone()),
            ("Categories".to_owned(), categories(shop), categories(self)),
            ("For sale".to_owned(), sale(shop), sale(self)),
            ("Options".to_owned(), shop.all_options(), self.all_options()),
        ];
        for row in &shop.rows {
            let here = self.rows.iter().find(|here| here.known == row.known);
            let here = here.map(RowForm::in_words).unwrap_or_default();
            all.push((format!("Variant {}", row.sku), row.in_words(), here));
        }
        for row in self.rows.iter().filter(|row| !shop.rows.iter().any(|r| r.known == row.known)) {
            all.push((format!("Variant {}", row.sku), String::new(), row.in_words()));
        }
        let differs = |(what, shop, form): (String, String, String)| {
            let is_other = lines(&shop) != lines(&form);
            is_other.then_some(Difference { what, shop, form })
        };
        all.into_iter().filter_map(differs).collect()
    }

    fn all_options(&self) -> String {
        let option = |option: &OptionForm| format!("{}: {}", option.name, option.values);
        self.options.iter().map(option).collect::<Vec<_>>().join("; ")
    }
}

impl RowForm {
    fn in_words(&self) -> String {
        let price = amount(&self.price);
        let texts = self.values.iter().chain([&self.sku, &self.barcode, &price]);
        let said: Vec<&str> = texts.map(String::as_str).filter(|text| !text.is_empty()).collect();
        said.join(", ")
    }
}

/// An amount as it is compared: `4` is `4.00`.
fn amount(typed: &str) -> String {
    match typed.split_once('.') {
        Some((whole, part)) => format!("{whole}.{part:0<2}"),
        None if typed.is_empty() => String::new(),
        None => format!("{typed}.00"),
    }
}

/// Browsers end lines in their own way.
fn lines(text: &str) -> Vec<&str> {
    text.trim().lines().map(str::trim_end).collect()
}
