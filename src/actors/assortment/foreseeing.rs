//! Foreseeing: what can be seen to be refused, without asking the owner who decides.

use super::{Assortment, ProductChanges, Rejection};
use crate::{
    domain::{
        catalogue::{CatalogueRefusal, Category, Product, fold_name},
        ids::{CategoryId, Identity},
    },
    store::{Key, StoreFault, keys},
};

impl Assortment {
    /// What can be seen to be refused of a change is refused here, before a ledger is opened.
    pub(super) fn foresee(
        &self,
        before: &Product,
        changes: &ProductChanges,
    ) -> Result<(), Rejection> {
        let is_taken = |key: &Key| -> Result<bool, StoreFault> {
            let holder = self.desks.reader.row(key)?;
            Ok(holder.is_some_and(|holder| !holder.starts_with(&before.id.bytes())))
        };
        if let Some(name) = &changes.name
            && is_taken(&keys::product_by_name(&fold_name(name)))?
        {
            return Err(CatalogueRefusal::NameTaken.into());
        }
        self.categories_must_exist(changes.edit.category_ids.as_deref().unwrap_or_default())?;
        let wanted = changes.variants.iter().flatten();
        let skus = wanted.filter_map(|variant| variant.sku.as_ref()).chain(&changes.edit.sku);
        for sku in skus {
            if is_taken(&keys::product_by_sku(sku))? {
                return Err(CatalogueRefusal::SkuTaken.into());
            }
        }
        Ok(())
    }

    /// Every category that is named is there.
    pub(super) fn categories_must_exist(&self, ids: &[CategoryId]) -> Result<(), Rejection> {
        for id in ids {
            if !self.desks.reader.get::<Category>(*id)?.state.exists() {
                return Err(CatalogueRefusal::UnknownCategory.into());
            }
        }
        Ok(())
    }
}
