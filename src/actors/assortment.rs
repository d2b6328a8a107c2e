//! The assortment: what the shop sells, over two owners: the catalogue and the inventory.
//!
//! Invariant: a product in the catalogue has a ledger for each variant. So ledgers are opened
//! before a product says that they are there, and closed after it says that they are not. What
//! a crash leaves between the two is found and mended at the next start. Each step may be
//! repeated; the catalogue's step is the one that decides, and carries the idempotency key.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    domain::{
        catalogue::{
            CatalogueRefusal, NewProduct, Product, ProductEdit, ProductOption, Variant,
            WantedVariant, fold_name, slug_of,
        },
        ids::{CategoryId, ProductId, VariantId},
        inventory::Ledger,
        money::Money,
        time::{Stamp, Timestamp, Who},
    },
    store::{self, Key, StoreFault, keys},
};

mod foreseeing;
mod watching;

use super::{
    Intent, Rejection,
    catalogue::{AddProduct, EditProduct, ProductChanges, RemoveProduct},
    desks::Desks,
    inventory::{CloseLedgers, NewLedger, OpenLedgers},
};

/// A product somebody wants to sell.
#[derive(Clone, Debug)]
pub struct WantedProduct {
    /// Its name; the slug follows it.
    pub name: String,
    /// What is said about it.
    pub description: String,
    /// What it costs, unless a variant costs otherwise.
    pub price: Money,
    /// Where it stands.
    pub category_ids: Vec<CategoryId>,
    /// Its pictures.
    pub images: Vec<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// What one can choose.
    pub options: Vec<ProductOption>,
    /// Its variants, at least one.
    pub variants: Vec<StockedVariant>,
    /// What its slug follows, if not its name.
    pub handle: Option<String>,
    /// Whether it is for sale at once.
    pub is_active: bool,
}

/// A variant somebody wants to sell, with the units to begin with.
#[derive(Clone, Debug)]
pub struct StockedVariant {
    /// The variant.
    pub wanted: WantedVariant,
    /// Units to begin with; only a new variant begins.
    pub on_hand: Option<u32>,
}

/// What somebody wants to change of a product; unnamed things stay.
#[derive(Clone, Debug, Default)]
pub struct WantedChanges {
    /// Another name; the slug follows it.
    pub name: Option<String>,
    /// Another price, other pictures and so on.
    pub edit: ProductEdit,
    /// Other variants.
    pub variants: Option<Vec<StockedVariant>>,
    /// Whether the slug stays, though the name changes.
    pub keeps_slug: bool,
}

/// Where products are added, changed and removed together with their stock. Clones share it.
#[derive(Clone)]
pub struct Assortment {
    desks: Arc<Desks>,
    opened_at: Timestamp,
}

impl Assortment {
    /// The assortment over these desks.
    pub fn new(desks: Arc<Desks>) -> Assortment {
        let opened_at = desks.clock.now();
        Assortment { desks, opened_at }
    }

    /// Adds a product with its starting stock.
    ///
    /// # Errors
    /// What is wrong with it; nothing is left of it then.
    pub async fn add(
        &self,
        wanted: WantedProduct,
        intent: Intent,
    ) -> Result<Arc<Product>, Rejection> {
        let stamp = intent.stamp;
        let (add, ledgers) = self.looked_over(wanted)?;
        let variants = add.variant_ids.clone();
        let open = OpenLedgers { product: add.product, ledgers };
        let (opened, ticket) = self.desks.inventory.step(open, Intent::of(stamp)).await;
        opened?;
        let added = self.desks.catalogue.ask(add, intent.after(ticket)).await;
        if is_refused(&added) {
            self.close(variants, stamp).await;
        } else {
            self.watch_new(variants, stamp).await;
        }
        added
    }

    /// Changes a product; its ledgers follow. `None` where the caller insists on a version that
    /// is not the current one.
    ///
    /// # Errors
    /// What is wrong with the change; nothing is changed then.
    pub async fn edit(
        &self,
        product: ProductId,
        wanted: WantedChanges,
        seen: Option<u64>,
        intent: Intent,
    ) -> Result<Option<Arc<Product>>, Rejection> {
        let stamp = intent.stamp;
        let store::Versioned { version, state: before } =
            self.desks.reader.get::<Product>(product)?;
        if !before.exists() {
            return Err(CatalogueRefusal::UnknownProduct.into());
        }
        if seen.is_some_and(|seen| seen != version) {
            return Ok(None);
        }
        let (changes, ledgers) = self.matched(&before, wanted)?;
        self.foresee(&before, &changes)?;
        let fresh: Vec<VariantId> = ledgers.iter().map(|ledger| ledger.variant).collect();
        let mut ticket = None;
        if !ledgers.is_empty() {
            let open = OpenLedgers { product, ledgers };
            let (opened, step) = self.desks.inventory.step(open, Intent::of(stamp)).await;
            opened?;
            ticket = step;
        }
        let edit = EditProduct { product, changes, seen };
        let edited = self.desks.catalogue.ask(edit, intent.after(ticket)).await;
        if is_refused(&edited) || matches!(edited, Ok(None)) {
            self.close(fresh, stamp).await;
            return edited.map(|_| None);
        }
        let Some((before, after)) = edited? else { return Ok(None) };
        self.follow(&before, &after, &fresh, stamp).await;
        self.watch_new(fresh, stamp).await;
        Ok(Some(after))
    }

    /// Takes a product out of the catalogue and stops keeping stock of it.
    ///
    /// # Errors
    /// An unknown product; busy or fault.
    pub async fn remove(
        &self,
        product: ProductId,
        intent: Intent,
    ) -> Result<Arc<Product>, Rejection> {
        let stamp = intent.stamp;
        let removed = self.desks.catalogue.ask(RemoveProduct { product }, intent).await?;
        self.close(removed.variants.keys().copied().collect(), stamp).await;
        Ok(removed)
    }

    /// Closes every ledger that no product has, and lets the others follow their product's SKUs:
    /// what a crash has left. Ledgers that were opened since the start are somebody's who is
    /// still at work. Answers how many there were.
    ///
    /// # Errors
    /// The store cannot be read; busy or fault.
    pub async fn mend(&self) -> Result<usize, Rejection> {
        let stamp = Stamp { at: self.desks.clock.now(), who: Who::Shop };
        let (mut after, mut mended) = (None, 0);
        loop {
            let (last, faults) = self.astray_behind(after.as_ref())?;
            mended += faults.len();
            for astray in faults {
                self.put_right(astray, stamp).await?;
            }
            tokio::task::yield_now().await;
            let Some(last) = last else { return Ok(mended) };
            after = Some(last);
        }
    }

    /// The product to be with all its SKUs, and its ledgers to be. What can be seen to be
    /// refused is refused here, where it costs nothing.
    fn looked_over(
        &self,
        wanted: WantedProduct,
    ) -> Result<(AddProduct, Vec<NewLedger>), Rejection> {
        let Desks { reader, clock, .. } = &*self.desks;
        let product: ProductId = clock.new_id();
        let slug = slug_of(wanted.handle.as_deref().unwrap_or(&wanted.name));
        if reader.row(&keys::product_by_name(&fold_name(&wanted.name)))?.is_some() {
            return Err(CatalogueRefusal::NameTaken.into());
        }
        self.categories_must_exist(&wanted.category_ids)?;
        let (variants, stock): (Vec<_>, Vec<_>) = unzipped(wanted.variants);
        let variant_ids: Vec<VariantId> = variants.iter().map(|_| clock.new_id()).collect();
        let nothing = Product::default();
        let matched = nothing.match_variants(&slug, variants.clone(), variant_ids.clone())?;
        for variant in &matched {
            if reader.row(&keys::product_by_sku(&variant.sku))?.is_some() {
                return Err(CatalogueRefusal::SkuTaken.into());
            }
        }
        let WantedProduct {
            name,
            description,
            price,
            category_ids,
            images,
            brand,
            options,
            handle,
            is_active,
            ..
        } = wanted;
        let add = AddProduct {
            product,
            name,
            description,
            price,
            category_ids,
            images,
            brand,
            options,
            variants: named(variants, &matched),
            variant_ids,
            handle,
            is_active,
        };
        nothing.add(as_new(&add, slug, matched.clone()))?;
        let ledgers = matched.iter().zip(stock).map(|(variant, on_hand)| ledger(variant, on_hand));
        Ok((add, ledgers.collect()))
    }

    /// The changes with all SKUs and with ids for new variants, and the ledgers of those.
    fn matched(
        &self,
        before: &Product,
        wanted: WantedChanges,
    ) -> Result<(ProductChanges, Vec<NewLedger>), Rejection> {
        let WantedChanges { name, edit, variants, keeps_slug } = wanted;
        let changes = ProductChanges { name, edit, keeps_slug, ..ProductChanges::default() };
        let Some(variants) = variants else { return Ok((changes, Vec::new())) };
        let (variants, stock) = unzipped(variants);
        let spare = || self.desks.clock.new_id();
        // One id even for no variants at all, which means one.
        let ids: Vec<VariantId> = (0..variants.len().max(1)).map(|_| spare()).collect();
        let renamed = changes.name.as_deref().filter(|_| !keeps_slug);
        let slug = renamed.map_or_else(|| before.slug.clone(), slug_of);
        let matched = before.match_variants(&slug, variants.clone(), ids.clone())?;
        let mut ledgers = Vec::new();
        for (index, variant) in matched.iter().enumerate() {
            let on_hand = stock.get(index).copied().flatten();
            if !before.variants.contains_key(&variant.id) {
                ledgers.push(ledger(variant, on_hand));
            } else if on_hand.is_some() {
                let why = "stock of a known variant is changed in its inventory";
                return Err(CatalogueRefusal::InvalidVariants(why).into());
            }
        }
        let variants = Some(named(variants, &matched));
        // In their order: those that are used, then spare ones, should another edit be quicker.
        Ok((ProductChanges { variants, fresh_ids: ids, ..changes }, ledgers))
    }

    /// Lets the ledgers of a product follow its edit. The edit stands, so that a failure here is
    /// only noted: the next start mends it.
    async fn follow(&self, before: &Product, after: &Product, fresh: &[VariantId], stamp: Stamp) {
        let is_other = |variant: &&Variant| {
            before.variants.get(&variant.id).map(|old| &old.sku) != Some(&variant.sku)
        };
        let ledgers: Vec<NewLedger> =
            after.each_variant().filter(is_other).map(|variant| ledger(variant, None)).collect();
        if !ledgers.is_empty() {
            let open = OpenLedgers { product: after.id, ledgers };
            if let Err(error) = self.desks.inventory.ask(open, Intent::of(stamp)).await {
                tracing::warn!(product.id = %after.id, %error, "ledgers could not follow an edit");
            }
        }
        let known: BTreeSet<VariantId> = before.variants.keys().chain(fresh).copied().collect();
        let gone = known.into_iter().filter(|id| !after.variants.contains_key(id));
        self.close(gone.collect(), stamp).await;
    }

    /// Closes ledgers nobody needs any more. That they stay open harms nobody: it is only noted.
    async fn close(&self, variants: Vec<VariantId>, stamp: Stamp) {
        if variants.is_empty() {
            return;
        }
        let close = CloseLedgers { variants };
        if let Err(error) = self.desks.inventory.ask(close, Intent::of(stamp)).await {
            tracing::warn!(%error, "ledgers could not be closed");
        }
    }

    /// Some ledgers behind this key that do not fit their product, and where to go on.
    fn astray_behind(&self, after: Option<&Key>) -> Result<(Option<Key>, Vec<Astray>), StoreFault> {
        let reader = &self.desks.reader;
        let order = store::Order::Ascending;
        let rows = reader.rows(&keys::ledgers(), after, order, LEDGERS_AT_ONCE)?;
        let mut astray = Vec::new();
        for id in rows.iter().filter_map(|(key, _)| key.last_id::<VariantId>()) {
            let ledger = reader.get::<Ledger>(id)?.state;
            let product = reader.get::<Product>(ledger.product)?.state;
            match product.variants.get(&id).filter(|_| product.exists()) {
                Some(variant) if variant.sku == ledger.sku => {}
                Some(variant) => astray.push(Astray::Renamed(product.id, (**variant).clone())),
                None if ledger.created_at < self.opened_at => astray.push(Astray::Orphan(id)),
                None => {}
            }
        }
        let last = rows.last().map(|(key, _)| key.clone());
        Ok((last.filter(|_| rows.len() == LEDGERS_AT_ONCE), astray))
    }

    async fn put_right(&self, astray: Astray, stamp: Stamp) -> Result<(), Rejection> {
        let (inventory, intent) = (&self.desks.inventory, Intent::of(stamp));
        match astray {
            Astray::Renamed(product, variant) => {
                let ledgers = vec![ledger(&variant, None)];
                inventory.ask(OpenLedgers { product, ledgers }, intent).await
            }
            Astray::Orphan(variant) => {
                inventory.ask(CloseLedgers { variants: vec![variant] }, intent).await
            }
        }
    }
}

/// A ledger that does not fit its product.
enum Astray {
    /// The variant has another SKU.
    Renamed(ProductId, Variant),
    /// No product has the variant.
    Orphan(VariantId),
}

/// Whether the rules said no. Busy and fault leave open whether it was done.
fn is_refused<T>(decided: &Result<T, Rejection>) -> bool {
    matches!(decided, Err(Rejection::Refused(_)))
}

fn unzipped(variants: Vec<StockedVariant>) -> (Vec<WantedVariant>, Vec<Option<u32>>) {
    variants.into_iter().map(|variant| (variant.wanted, variant.on_hand)).unzip()
}

/// The wanted variants with the SKUs that were found or made for them.
fn named(wanted: Vec<WantedVariant>, matched: &[Variant]) -> Vec<WantedVariant> {
    let named = wanted.into_iter().zip(matched);
    named.map(|(wanted, found)| WantedVariant { sku: Some(found.sku.clone()), ..wanted }).collect()
}

fn as_new(add: &AddProduct, slug: String, variants: Vec<Variant>) -> NewProduct {
    NewProduct {
        product: add.product,
        name: add.name.clone(),
        description: add.description.clone(),
        price: add.price,
        slug,
        category_ids: add.category_ids.clone(),
        images: add.images.clone(),
        brand: add.brand.clone(),
        options: add.options.clone(),
        variants,
    }
}

fn ledger(variant: &Variant, on_hand: Option<u32>) -> NewLedger {
    NewLedger { variant: variant.id, sku: variant.sku.clone(), on_hand: on_hand.unwrap_or(0) }
}

/// Ledgers that are compared before others have their turn.
const LEDGERS_AT_ONCE: usize = 256;
