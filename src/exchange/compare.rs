//! Comparing: what a ware of a file would change in the shop, found without changing anything.
//!
//! Invariant: what the rules would refuse is refused here, with the line and column it stands in.
//! A product is known by its handle, now or before, else by the SKU of one of its variants.

use super::{
    Field, RowFault, Ware,
    merge::{Merge, choice, offered},
    told::told_of,
};
use crate::{
    actors::assortment::{StockedVariant, WantedChanges, WantedProduct},
    domain::{
        catalogue::{
            CatalogueRefusal, NewProduct, Product, ProductEdit, ProductEvent, WantedVariant,
            fold_name, slug_of,
        },
        ids::{CategoryId, Identity, ProductId, ShopId, VariantId},
        money::{Currency, Money},
        settings,
    },
    shop::Shop,
    store::{Key, Reader, StoreFault, Versioned, keys},
};

/// What a ware would change.
pub(super) struct Looked {
    /// What the product is called.
    pub name: String,
    /// What is to be done.
    pub plan: Plan,
    /// What changes, in words.
    pub told: Vec<String>,
    /// What differs and stays all the same, in words.
    pub left: Vec<String>,
    /// Categories that are to be made first, each as the names on the way there.
    pub missing: Vec<Vec<String>>,
}

/// What is to be done.
pub(super) enum Plan {
    /// A product is added.
    Add(Box<WantedProduct>),
    /// A product is changed.
    Change(Box<Change>),
    /// Nothing.
    Nothing,
}

/// How a product is changed.
pub(super) struct Change {
    pub product: ProductId,
    /// The version that was looked at.
    pub seen: u64,
    /// Nothing, if only stock is counted.
    pub changes: Option<WantedChanges>,
    /// Units as counted, with the line that says so.
    pub stock: Vec<(VariantId, u32, u64)>,
}

/// Why a ware could not be looked at to the end.
pub(super) enum Trouble {
    Faults(Vec<RowFault>),
    Store(StoreFault),
}

impl From<StoreFault> for Trouble {
    fn from(fault: StoreFault) -> Trouble {
        Trouble::Store(fault)
    }
}

impl From<RowFault> for Trouble {
    fn from(fault: RowFault) -> Trouble {
        Trouble::Faults(vec![fault])
    }
}

/// Looks at wares.
pub(super) struct Eye<'a> {
    pub reader: &'a Reader,
    currency: Currency,
    /// Whether stock of what is there already is set, too.
    pub sets_stock: bool,
}

impl<'a> Eye<'a> {
    /// An eye for this shop.
    pub fn of(shop: &'a Shop, sets_stock: bool) -> Result<Eye<'a>, StoreFault> {
        let currency = shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency;
        Ok(Eye { reader: &shop.reader, currency, sets_stock })
    }

    /// What a ware would change.
    pub fn look(&self, ware: &Ware) -> Result<Looked, Trouble> {
        match self.find(ware)? {
            Some(found) => self.look_at_known(ware, &found),
            None => self.look_at_new(ware),
        }
    }

    /// The product a ware means, if it is there.
    pub fn find(&self, ware: &Ware) -> Result<Option<Versioned<Product>>, Trouble> {
        let mut found: Option<ProductId> = None;
        if let Some(handle) = &ware.handle {
            found = self.with_slug(handle)?;
        }
        for variant in &ware.variants {
            let Some(sku) = &variant.sku else { continue };
            let Some(id) = self.holder(&keys::product_by_sku(sku))? else { continue };
            if found.is_some_and(|found| found != id) {
                let detail = "belongs to another product than the lines around it";
                return Err(RowFault::at(variant.line, Field::Sku, detail).into());
            }
            found = Some(id);
        }
        if let (None, None, Some(name)) = (found, &ware.handle, &ware.name) {
            found = self.holder(&keys::product_by_name(&fold_name(name)))?;
        }
        let product = found.map(|id| self.reader.get::<Product>(id)).transpose()?;
        Ok(product.filter(|product| product.state.exists()))
    }

    fn with_slug(&self, handle: &str) -> Result<Option<ProductId>, StoreFault> {
        self.holder(&keys::product_by_slug(&slug_of(handle)))
    }

    fn holder<I: Identity>(&self, key: &Key) -> Result<Option<I>, StoreFault> {
        Ok(self.reader.row(key)?.and_then(|value| keys::held_by(&value)))
    }

    fn look_at_new(&self, ware: &Ware) -> Result<Looked, Trouble> {
        let first = ware.variants.first();
        let ware = &ware.priced_at(ware.price.as_deref());
        let name = ware.name.clone().ok_or_else(|| {
            let (line, field) = match first.filter(|first| first.sku.is_some()) {
                Some(first) if ware.handle.is_none() => (first.line, Field::Sku),
                Some(_) | None => (ware.line, Field::Name),
            };
            RowFault::at(line, field, "no such product is there yet, and a new one needs a name")
        })?;
        if self.holder::<ProductId>(&keys::product_by_name(&fold_name(&name)))?.is_some() {
            let detail = "another product has this name already";
            return Err(RowFault::at(ware.line, Field::Name, detail).into());
        }
        let digits = ware
            .price
            .as_ref()
            .ok_or_else(|| RowFault::at(ware.line, Field::Price, "a new product needs a price"))?;
        let price = self.price(digits, ware.line, Field::Price)?;
        let (category_ids, missing) = self.places(ware)?;
        let mut variants = Vec::new();
        for variant in &ware.variants {
            let own = variant.price.as_ref().filter(|digits| !digits.is_empty());
            let own = own.map(|digits| self.price(digits, variant.line, Field::VariantPrice));
            let wanted = WantedVariant {
                id: None,
                sku: variant.sku.clone(),
                options: choice(&ware.option_names, &variant.values),
                price: own.transpose()?,
                images: variant.images.clone().unwrap_or_default(),
                barcode: variant.barcode.clone().filter(|barcode| !barcode.is_empty()),
            };
            variants.push(StockedVariant { wanted, on_hand: Some(variant.stock.unwrap_or(0)) });
        }
        let handle = ware.handle.clone();
        let wanted = WantedProduct {
            description: ware.description.clone().unwrap_or_default(),
            price,
            category_ids,
            images: ware.images.clone().unwrap_or_default(),
            brand: ware.brand.clone().filter(|brand| !brand.is_empty()),
            options: offered(&[], &ware.option_names, &variants),
            handle,
            is_active: ware.is_active.unwrap_or(true),
            variants,
            name: name.clone(),
        };
        rules_allow(&wanted).map_err(|refusal| refused(ware, &refusal))?;
        let count = wanted.variants.len();
        let told = vec![match count {
            1 => format!("new, {price} {}", self.currency.code()),
            _ => format!("new, {price} {}, {count} variants", self.currency.code()),
        }];
        Ok(Looked { name, plan: Plan::Add(Box::new(wanted)), told, left: Vec::new(), missing })
    }

    fn look_at_known(&self, ware: &Ware, found: &Versioned<Product>) -> Result<Looked, Trouble> {
        let before = &found.state;
        let ware = &self.in_our_words(ware, before)?;
        // A line that names a SKU alone speaks of that variant, also with its price.
        let is_of_variant = ware.handle.is_none() && ware.name.is_none();
        let speaks_of_one = is_of_variant && before.variants.len() > 1;
        let product_price = ware.price.as_ref().filter(|_| !speaks_of_one);
        let price = product_price.map(|digits| self.price(digits, ware.line, Field::Price));
        let price = price.transpose()?;
        let (category_ids, missing) = self.places(ware)?;
        let brand = ware.brand.clone().map(|brand| Some(brand).filter(|brand| !brand.is_empty()));
        let merge = Merge { eye: self, ware, before, price: price.unwrap_or(before.price) };
        let merged = merge.variants(speaks_of_one)?;
        let edit = ProductEdit {
            description: ware.description.clone(),
            price,
            category_ids: ware
                .categories
                .as_ref()
                .filter(|_| !(ware.is_shopifys && is_among(&category_ids, before, &missing)))
                .map(|_| category_ids.clone()),
            images: ware.images.clone(),
            brand,
            is_active: ware.is_active,
            options: Some(merged.options),
            ..ProductEdit::default()
        };
        let name = ware.name.clone().filter(|name| *name != before.name);
        if let Some(holder) = match &name {
            Some(name) => self.holder::<ProductId>(&keys::product_by_name(&fold_name(name)))?,
            None => None,
        } && holder != before.id
        {
            let detail = "another product has this name already";
            return Err(RowFault::at(ware.line, Field::Name, detail).into());
        }
        let changes =
            WantedChanges { name, edit, variants: Some(merged.variants), keeps_slug: true };
        let events = rules_change(before, &changes).map_err(|refusal| refused(ware, &refusal))?;
        let mut told = told_of(before, &events);
        told.extend(merged.counted);
        let has_news = !events.is_empty();
        let plan = if has_news || !merged.stock.is_empty() {
            let changes = has_news.then_some(changes);
            let Versioned { version: seen, .. } = *found;
            Plan::Change(Box::new(Change {
                product: before.id,
                seen,
                changes,
                stock: merged.stock,
            }))
        } else {
            Plan::Nothing
        };
        Ok(Looked { name: before.name.clone(), plan, told, left: merged.left, missing })
    }

    /// What Shopify says of a known product: its price moves only where all variants have the
    /// same one, and it is another than now.
    fn in_our_words(&self, ware: &Ware, before: &Product) -> Result<Ware, Trouble> {
        if !ware.is_shopifys {
            return Ok(ware.clone());
        }
        let says_the_same = ware.variants.iter().all(|variant| variant.price == ware.price);
        let (Some(digits), true) =
            (&ware.price, says_the_same && ware.variants.len() == before.variants.len())
        else {
            return Ok(Ware { price: None, ..ware.clone() });
        };
        let price = self.price(digits, ware.line, Field::VariantPrice)?;
        if before.each_variant().all(|variant| before.unit_price(variant.id) == price) {
            return Ok(Ware { price: None, ..ware.clone() });
        }
        Ok(ware.priced_at(Some(digits)))
    }

    /// A price of the shop's currency.
    pub fn price(&self, digits: &str, line: u64, field: Field) -> Result<Money, Trouble> {
        let price = Money::read(digits, self.currency);
        price.map_err(|refusal| RowFault::at(line, field, refusal.to_string()).into())
    }

    /// Whether a ware stands in a category that is not there yet.
    pub fn stands_on_new_shelves(&self, ware: &Ware) -> Result<bool, StoreFault> {
        Ok(!self.places(ware)?.1.is_empty())
    }

    /// The categories a ware stands in that are there, and those that are not.
    fn places(&self, ware: &Ware) -> Result<(Vec<CategoryId>, Vec<Vec<String>>), StoreFault> {
        let (mut there, mut missing) = (Vec::new(), Vec::new());
        for path in ware.categories.iter().flatten() {
            // A name is that of one category only, wherever it stands.
            let Some(name) = path.last() else { continue };
            match self.holder(&keys::category_by_name(&fold_name(name)))? {
                Some(id) if !there.contains(&id) => there.push(id),
                Some(_) => {}
                None => missing.push(path.clone()),
            }
        }
        Ok((there, missing))
    }
}

impl Ware {
    /// The same in our words, for a product of this price: a variant has one only if it differs.
    fn priced_at(&self, price: Option<&str>) -> Ware {
        let mut ware = self.clone();
        for variant in ware.variants.iter_mut().filter(|_| self.is_shopifys) {
            if variant.price.as_deref() == price {
                variant.price = variant.price.as_ref().map(|_| String::new());
            }
        }
        ware
    }
}

/// Whether the product stands in what a file says of its categories, and there is nothing new.
fn is_among(given: &[CategoryId], product: &Product, missing: &[Vec<String>]) -> bool {
    let all = given.iter().all(|id| product.category_ids.contains(id));
    all && !given.is_empty() && missing.is_empty()
}

/// Ids to try rules with; none of them is kept.
fn spare_ids(count: usize) -> Vec<VariantId> {
    let id = |number: u128| VariantId::from_bytes(number.to_be_bytes());
    (1..).map(id).take(count.max(1)).collect()
}

fn rules_allow(wanted: &WantedProduct) -> Result<(), CatalogueRefusal> {
    let variants: Vec<WantedVariant> =
        wanted.variants.iter().map(|variant| variant.wanted.clone()).collect();
    let nothing = Product::default();
    let slug = slug_of(wanted.handle.as_deref().unwrap_or(&wanted.name));
    let ids = spare_ids(variants.len());
    let variants = nothing.match_variants(&slug, variants, ids)?;
    nothing
        .add(NewProduct {
            product: ProductId::from_bytes([1; 16]),
            name: wanted.name.clone(),
            description: wanted.description.clone(),
            price: wanted.price,
            slug,
            category_ids: wanted.category_ids.clone(),
            images: wanted.images.clone(),
            brand: wanted.brand.clone(),
            options: wanted.options.clone(),
            variants,
        })
        .map(drop)
}

fn rules_change(
    before: &Product,
    wanted: &WantedChanges,
) -> Result<Vec<ProductEvent>, CatalogueRefusal> {
    let mut edit = wanted.edit.clone();
    edit.naming = wanted.name.clone().map(|name| (name, before.slug.clone()));
    let variants = wanted.variants.iter().flatten().map(|variant| variant.wanted.clone());
    let variants: Vec<WantedVariant> = variants.collect();
    let ids = spare_ids(variants.len());
    edit.variants = Some(before.match_variants(&before.slug, variants, ids)?);
    before.edit(edit)
}

/// Where a refusal of the rules is to be looked for.
pub(super) fn refused(ware: &Ware, refusal: &CatalogueRefusal) -> RowFault {
    let field = match refusal {
        CatalogueRefusal::NameTaken => Field::Name,
        CatalogueRefusal::SkuTaken => Field::Sku,
        CatalogueRefusal::CurrencyMismatch | CatalogueRefusal::NegativePrice => Field::Price,
        CatalogueRefusal::TooManyImages => Field::Images,
        CatalogueRefusal::InvalidVariants(_) | CatalogueRefusal::VariantRequired => {
            Field::Option1Value
        }
        CatalogueRefusal::UnknownCategory
        | CatalogueRefusal::TooManyCategories
        | CatalogueRefusal::CategoryNameTaken
        | CatalogueRefusal::CategoryInUse
        | CatalogueRefusal::CategoryHasSubcategories
        | CatalogueRefusal::CategoryCycle
        | CatalogueRefusal::CategoryTooDeep
        | CatalogueRefusal::CategoryLimitReached => Field::Categories,
        CatalogueRefusal::UnknownProduct
        | CatalogueRefusal::UnknownVariant
        | CatalogueRefusal::AlreadyAdded
        | CatalogueRefusal::ProductInactive => Field::Handle,
    };
    RowFault::at(ware.line, field, refusal.to_string())
}
