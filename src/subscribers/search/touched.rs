//! Touched: what entries of the journal are about, as far as search must know.

use std::collections::BTreeSet;

use crate::{
    domain::ids::{CategoryId, Identity, ProductId, VariantId},
    store::{Entry, StoreFault, Written},
};

/// What entries of the journal are about.
#[derive(Default)]
pub struct Touched {
    /// Products that changed.
    pub products: BTreeSet<ProductId>,
    /// Stock that changed.
    pub ledgers: BTreeSet<VariantId>,
    /// Categories that changed.
    pub categories: BTreeSet<CategoryId>,
    /// Whether the shop's own settings changed.
    pub shop: bool,
}

impl Touched {
    /// What these are about.
    ///
    /// # Errors
    /// An entry cannot be read.
    pub fn by(entries: &[Entry]) -> Result<Touched, StoreFault> {
        fn note<I: Identity>(ids: &mut BTreeSet<I>, id: &str) {
            ids.extend(id.parse::<I>().ok());
        }
        let mut touched = Touched::default();
        for entry in entries {
            for change in Written::read(entry.seq, &entry.payload)?.changes {
                match change.kind.as_str() {
                    "product" => note(&mut touched.products, &change.id),
                    "ledger" => note(&mut touched.ledgers, &change.id),
                    "category" => note(&mut touched.categories, &change.id),
                    "shop" => touched.shop = true,
                    _ => {}
                }
            }
        }
        Ok(touched)
    }
}
