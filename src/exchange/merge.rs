//! Merging: a product's variants with what a file says of some of them.
//!
//! Invariant: a variant the file does not name stays as it is, and so does what is only said in
//! other words. A variant keeps its id, and with it its stock.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Field, RowFault, Ware, WareVariant,
    compare::{Eye, Trouble},
};
use crate::{
    actors::assortment::StockedVariant,
    domain::{
        catalogue::{Product, ProductOption, Variant, WantedVariant},
        ids::VariantId,
        inventory::Ledger,
        money::Money,
    },
    store::StoreFault,
};

/// A product's variants with what a ware says of them.
pub(super) struct Merged {
    pub options: Vec<ProductOption>,
    pub variants: Vec<StockedVariant>,
    /// Units as counted, with the line that says so.
    pub stock: Vec<(VariantId, u32, u64)>,
    /// The same, in words.
    pub counted: Vec<String>,
    /// Stock that differs and stays, in words.
    pub left: Vec<String>,
}

/// A product and what a ware says of it.
pub(super) struct Merge<'a> {
    pub eye: &'a Eye<'a>,
    pub ware: &'a Ware,
    pub before: &'a Product,
    /// The product's price from now on.
    pub price: Money,
}

impl Merge<'_> {
    /// Variants the ware does not name stay as they are.
    pub fn variants(&self, speaks_of_one: bool) -> Result<Merged, Trouble> {
        let known = self.before.variants_in_order();
        let mut said: BTreeMap<VariantId, &WareVariant> = BTreeMap::new();
        let mut fresh = Vec::new();
        for variant in &self.ware.variants {
            match self.meant(variant).filter(|id| !said.contains_key(id)) {
                Some(id) => {
                    said.insert(id, variant);
                }
                None => fresh.push(variant),
            }
        }
        let old_names: Vec<&String> =
            self.before.options.iter().map(|option| &option.name).collect();
        let names = match &self.ware.option_names {
            none if none.is_empty() => old_names.iter().map(|name| (*name).clone()).collect(),
            names => names.clone(),
        };
        let has_other_options = !names.iter().eq(old_names);
        if has_other_options && said.len() < known.len() {
            let detail = "the product has variants with other options that the file does not name";
            return Err(RowFault::at(self.ware.line, Field::Option1Name, detail).into());
        }
        let mut merged = Merged {
            options: Vec::new(),
            variants: Vec::new(),
            stock: Vec::new(),
            counted: Vec::new(),
            left: Vec::new(),
        };
        for variant in known {
            let wanted = match said.get(&variant.id) {
                Some(row) => {
                    self.count(variant, row, &mut merged)?;
                    self.changed(variant, row, speaks_of_one)?
                }
                None => as_it_is(variant),
            };
            merged.variants.push(StockedVariant { wanted, on_hand: None });
        }
        for row in fresh {
            let nothing = Variant::default();
            let wanted =
                WantedVariant { sku: row.sku.clone(), ..self.changed(&nothing, row, false)? };
            let on_hand = Some(row.stock.unwrap_or(0));
            merged.variants.push(StockedVariant { wanted, on_hand });
        }
        let before = if has_other_options { &[][..] } else { &self.before.options[..] };
        merged.options = offered(before, &names, &merged.variants);
        Ok(merged)
    }

    /// The variant a row means: by its SKU, else by its choice, else the only one there is.
    fn meant(&self, row: &WareVariant) -> Option<VariantId> {
        let by_sku = |known: &&Variant| Some(&known.sku) == row.sku.as_ref();
        let chosen = choice(&self.ware.option_names, &row.values);
        let by_choice = |known: &&Variant| known.options == chosen;
        let known = || self.before.each_variant();
        let found = known().find(by_sku).or_else(|| known().find(by_choice));
        let is_alone = self.ware.variants.len() == 1 && row.values.is_empty();
        found.map(|known| known.id).or_else(|| self.before.only_variant().filter(|_| is_alone))
    }

    fn changed(
        &self,
        known: &Variant,
        row: &WareVariant,
        speaks_of_one: bool,
    ) -> Result<WantedVariant, Trouble> {
        let (digits, field) = match &self.ware.price {
            Some(digits) if speaks_of_one => (Some(digits), Field::Price),
            Some(_) | None => (row.price.as_ref(), Field::VariantPrice),
        };
        let price = match digits {
            None => known.price,
            Some(digits) if digits.is_empty() => None,
            Some(digits) => Some(self.eye.price(digits, row.line, field)?),
        };
        // Said in other words only, it stays as it is.
        let is_same = known.price.unwrap_or(self.price) == price.unwrap_or(self.price);
        let options = if self.ware.option_names.is_empty() {
            known.options.clone()
        } else {
            choice(&self.ware.option_names, &row.values)
        };
        let barcode = match &row.barcode {
            Some(barcode) => Some(barcode.clone()).filter(|barcode| !barcode.is_empty()),
            None => known.barcode.clone(),
        };
        Ok(WantedVariant {
            id: None,
            sku: row.sku.clone().or_else(|| Some(known.sku.clone())),
            options,
            price: if is_same { known.price } else { price },
            images: row.images.clone().unwrap_or_else(|| known.images.clone()),
            barcode,
        })
    }

    fn count(
        &self,
        known: &Variant,
        row: &WareVariant,
        merged: &mut Merged,
    ) -> Result<(), StoreFault> {
        let Some(units) = row.stock else { return Ok(()) };
        let ledger: Arc<Ledger> = self.eye.reader.get::<Ledger>(known.id)?.state;
        if ledger.on_hand == units {
            return Ok(());
        }
        if self.eye.sets_stock {
            merged.counted.push(format!("stock of {} {} → {units}", known.sku, ledger.on_hand));
            merged.stock.push((known.id, units, row.line));
        } else {
            let has = ledger.on_hand;
            merged.left.push(format!("stock of {} is {has}, the file says {units}", known.sku));
        }
        Ok(())
    }
}

fn as_it_is(variant: &Variant) -> WantedVariant {
    WantedVariant {
        id: Some(variant.id),
        sku: Some(variant.sku.clone()),
        options: variant.options.clone(),
        price: variant.price,
        images: variant.images.clone(),
        barcode: variant.barcode.clone(),
    }
}

/// The chosen value of each option.
pub(super) fn choice(names: &[String], values: &[String]) -> BTreeMap<String, String> {
    names.iter().cloned().zip(values.iter().cloned()).collect()
}

/// The options with these names: the values there were, and those in use.
pub(super) fn offered(
    before: &[ProductOption],
    names: &[String],
    variants: &[StockedVariant],
) -> Vec<ProductOption> {
    let option = |name: &String| {
        let known = before.iter().find(|option| option.name == *name);
        let mut values = known.map(|option| option.values.clone()).unwrap_or_default();
        for variant in variants {
            let chosen = variant.wanted.options.get(name);
            values.extend(chosen.filter(|chosen| !values.contains(chosen)).cloned());
        }
        ProductOption { name: name.clone(), values }
    };
    names.iter().map(option).collect()
}
