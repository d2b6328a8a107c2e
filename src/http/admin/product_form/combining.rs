//! Combining: a row for every combination of the options' values, and which variants that costs.
//!
//! A value that was renamed is known by its place: a new word where one stood that is gone.

use std::collections::BTreeSet;

use super::{OptionForm, ProductForm, RowForm};
use crate::domain::{
    catalogue::{Product, ProductOption, VARIANTS_MAX, WantedVariant},
    ids::VariantId,
};

impl ProductForm {
    /// A row for every combination of the options' values. What was typed of one stays with it,
    /// also where a value has another name than `before`; what has no value of an option yet has
    /// its first.
    pub(in super::super) fn combine(&mut self, before: &Product) {
        let mut choices: Vec<Vec<String>> = vec![vec![]];
        for (place, option) in self.options.iter().enumerate() {
            let values = option.listed();
            let former = self.former(place, before);
            for row in &mut self.rows {
                row.values.resize(self.options.len(), String::new());
                let now = now_called(row, &row.values[place], &values, former, before);
                row.values[place] = now;
            }
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

    /// What the option was before: the one of its name, or the one in its place, if that has no
    /// other place now.
    fn former<'a>(&self, place: usize, before: &'a Product) -> Option<&'a ProductOption> {
        let is_named = |former: &&ProductOption| former.name == self.options[place].name;
        let is_here = |former: &&ProductOption| {
            !self.options.iter().any(|option: &OptionForm| option.name == former.name)
        };
        let same = before.options.iter().find(is_named);
        same.or_else(|| before.options.get(place).filter(is_here))
    }

    /// The variants that saving takes out of the shop, in their order.
    pub(in super::super) fn going(&self, before: &Product) -> Vec<VariantId> {
        if self.stays_plain(before) {
            return vec![];
        }
        let want = |row: &RowForm| WantedVariant {
            id: row.id(),
            sku: Some(row.sku.clone()).filter(|sku| !sku.is_empty()),
            options: self.chosen(row),
            ..WantedVariant::default()
        };
        let wanted: Vec<WantedVariant> = self.variant_rows().iter().map(want).collect();
        let fresh = vec![VariantId::default(); wanted.len().max(1)];
        // What cannot be matched is refused when it is saved.
        let Ok(matched) = before.match_variants(&before.slug, wanted, fresh) else {
            return vec![];
        };
        let stay: BTreeSet<VariantId> = matched.iter().map(|variant| variant.id).collect();
        let known = before.variants_in_order().into_iter().map(|variant| variant.id);
        known.filter(|id| !stay.contains(id)).collect()
    }
}

/// What the value in a row is called now.
fn now_called(
    row: &RowForm,
    typed: &str,
    values: &[String],
    former: Option<&ProductOption>,
    before: &Product,
) -> String {
    if values.iter().any(|value| value == typed) {
        return typed.to_owned();
    }
    let variant = row.id().and_then(|id| before.variants.get(&id));
    let chosen = variant.zip(former).and_then(|(it, option)| it.options.get(&option.name));
    match (chosen, former) {
        (Some(chosen), _) if values.contains(chosen) => chosen.clone(),
        (Some(chosen), Some(option)) => {
            let place = option.values.iter().position(|value| value == chosen);
            let here = place.and_then(|place| values.get(place));
            let renamed = here.filter(|value| !option.values.contains(value));
            renamed.map_or_else(|| typed.to_owned(), String::clone)
        }
        (None, Some(_)) if !typed.is_empty() => typed.to_owned(),
        (_, _) => values.first().cloned().unwrap_or_default(),
    }
}
