//! Comparing: what is typed about a product beside what the shop has by now.

use super::{super::overtaken::amount, OptionForm, ProductForm, RowForm};

impl ProductForm {
    /// What each thing is, what the product in the shop has and what this form says. `category`
    /// knows the names.
    pub(in super::super) fn beside(
        &self,
        shop: &ProductForm,
        category: impl Fn(&str) -> String,
    ) -> Vec<(String, String, String)> {
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
        all
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
