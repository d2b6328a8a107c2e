//! Renderings: products and lists of them written once, with gaps where the stock figures go.
//!
//! Invariant: what is shown is the committed product and the committed stock at that moment. What
//! is kept carries what it was made from (a list all that was read for it, a product the counts of
//! changes near it), and is sent as it is only while that stands; then a product is made again
//! from its text, if only figures have changed.

use std::{io, io::Write, sync::Arc};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};
use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

use super::{
    Products, Written,
    list::Selection,
    view::{ProductView, in_all, shelf_of},
};
use crate::{
    actors::shelves::Shelves,
    domain::{
        catalogue::{Category, CategoryTree, Product},
        ids::{ProductId, VariantId},
        inventory::Ledger,
    },
    http::{
        answer::{Answer, Cached, Prepared, REVALIDATE, Rendered},
        cursor::Paging,
        etag::ETag,
        problem::Problem,
    },
    meters::CacheMeter,
    store::{Footprint, Reader, Versioned},
};

/// Products and lists written lately.
#[derive(Debug)]
pub struct Renderings {
    shelves: Shelves,
    products: Cache<ProductId, Arc<Rendering>, ByBytes>,
    lists: Cache<Listed, Arc<KeptList>, ByBytes>,
    counted: Counted,
}

/// How often what is kept could be sent as it was.
#[derive(Debug)]
struct Counted {
    answers: CacheMeter,
    texts: CacheMeter,
    lists: CacheMeter,
}

/// A page of products, as it is asked for.
pub type Listed = (Selection, Paging);

/// How often anything has changed that a product is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    products: u64,
    ledgers: u64,
    categories: u64,
}

impl Counts {
    /// Those of a product; of its ledgers, as long as it is not known which these are, nothing.
    fn of_one(reader: &Reader, id: ProductId) -> Counts {
        Counts {
            products: reader.changes_near::<Product>(id),
            ledgers: 0,
            categories: reader.changes_of::<Category>(),
        }
    }

    /// Together with those of the ledgers of these.
    fn and_of(self, reader: &Reader, variants: &[VariantId]) -> Counts {
        let near = |variant: &VariantId| reader.changes_near::<Ledger>(*variant);
        Counts { ledgers: variants.iter().map(near).sum(), ..self }
    }
}

impl Renderings {
    /// Nothing written yet; where products stand is looked up on these shelves.
    pub fn over(shelves: Shelves) -> Renderings {
        Renderings {
            shelves,
            products: Cache::with_weighter(PRODUCTS_USUAL, PRODUCTS_BYTES_MAX, ByBytes),
            lists: Cache::with_weighter(LISTS_USUAL, LISTS_BYTES_MAX, ByBytes),
            counted: Counted {
                answers: CacheMeter::of("product_answers"),
                texts: CacheMeter::of("product_texts"),
                lists: CacheMeter::of("product_lists"),
            },
        }
    }

    /// The answer that shows this product; `None` if there is none.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn answer(&self, reader: &Reader, id: ProductId) -> Answer<Option<Cached<Written>>> {
        let counts = Counts::of_one(reader, id);
        let kept = self.products.get(&id).and_then(|known| {
            let counts = counts.and_of(reader, &known.variants);
            known.kept.load_full().filter(|kept| kept.counts == counts)
        });
        if let Some(kept) = self.counted.answers.noted(kept) {
            return Ok(Some(kept.answer.clone()));
        }
        let product = reader.get::<Product>(id)?;
        if !product.state.exists() {
            return Ok(None);
        }
        let rendering = self.of(&product)?;
        let counts = counts.and_of(reader, &rendering.variants);
        let shown = ShownProduct::of(reader, rendering)?;
        let answer = Prepared::of(&Rendered::new(vec![shown.json()]))?;
        let answer = Cached { etag: shown.etag(), control: REVALIDATE, answer };
        let kept = KeptAnswer { counts, answer: answer.clone() };
        shown.rendering.kept.store(Some(Arc::new(kept)));
        Ok(Some(answer))
    }

    /// The answer that shows this page; `made` makes it, if need be.
    ///
    /// # Errors
    /// What `made` says.
    pub fn list(
        &self,
        reader: &Reader,
        listed: Listed,
        made: impl FnOnce(&Listed) -> Answer<Products>,
    ) -> Answer<Products> {
        let kept = self.lists.get(&listed).filter(|kept| reader.stands(&kept.made_from));
        if let Some(kept) = self.counted.lists.noted(kept) {
            return Ok(kept.answer.clone());
        }
        let (answer, made_from) = reader.noting(|| made(&listed));
        let answer = answer?;
        let kept = KeptList { made_from, answer: answer.clone() };
        self.lists.insert(listed, Arc::new(kept));
        Ok(answer)
    }

    /// This product with the stock there is now.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn show(&self, reader: &Reader, product: &Versioned<Product>) -> Answer<ShownProduct> {
        ShownProduct::of(reader, self.of(product)?)
    }

    fn of(&self, product: &Versioned<Product>) -> Answer<Arc<Rendering>> {
        let id = product.state.id;
        let shelved = self.shelves.changes();
        let is_fresh =
            |known: &Arc<Rendering>| known.version == product.version && known.shelved == shelved;
        if let Some(known) = self.counted.texts.noted(self.products.get(&id).filter(is_fresh)) {
            return Ok(known);
        }
        let tree = self.shelves.tree()?;
        let rendering = Arc::new(Rendering::of(product, shelved, &tree)?);
        self.products.insert(id, Arc::clone(&rendering));
        Ok(rendering)
    }
}

/// Units that can be ordered now: none of what is not sold.
pub fn on_sale(ledger: &Ledger) -> u32 {
    if ledger.is_active { ledger.available() } else { 0 }
}

/// A product with its stock, ready to be written.
#[derive(Clone, Debug)]
pub struct ShownProduct {
    rendering: Arc<Rendering>,
    /// In the order of the variants.
    stock: Vec<u32>,
}

impl ShownProduct {
    fn of(reader: &Reader, rendering: Arc<Rendering>) -> Answer<ShownProduct> {
        let units = |variant: &VariantId| Ok(on_sale(&reader.get::<Ledger>(*variant)?.state));
        let stock = rendering.variants.iter().map(units).collect::<Answer<Vec<u32>>>()?;
        Ok(ShownProduct { rendering, stock })
    }

    /// Whether any of it can be ordered now.
    pub fn is_in_stock(&self) -> bool {
        in_all(&self.stock) > 0
    }

    /// The tag of the product's version and these stock figures.
    pub fn etag(&self) -> ETag {
        ETag::of_figures(self.rendering.version, self.figures())
    }

    /// What tells this from everything else that was ever shown: a part of a list's tag.
    pub fn mark(&self) -> [u8; 16] {
        let mut mark = [0; 16];
        mark[..8].copy_from_slice(&self.rendering.version.to_be_bytes());
        mark[8..].copy_from_slice(&self.figures().to_be_bytes());
        mark
    }

    /// Its JSON.
    pub fn json(&self) -> Bytes {
        let Rendering { text, gaps, .. } = &*self.rendering;
        let mut json = Vec::with_capacity(text.len() + FIGURE_LETTERS_MAX * gaps.len());
        let figures = std::iter::once(in_all(&self.stock)).chain(self.stock.iter().copied());
        let mut written = 0;
        for (gap, units) in gaps.iter().zip(figures) {
            json.extend_from_slice(text.get(written..*gap).unwrap_or_default());
            write!(json, "{units}").expect("a Vec takes everything");
            written = *gap;
        }
        json.extend_from_slice(text.get(written..).unwrap_or_default());
        Bytes::from(json)
    }

    /// The stock figures, and where it stands, in one number (FNV-1a over whole figures).
    fn figures(&self) -> u64 {
        self.stock.iter().fold(FNV_OFFSET ^ self.rendering.shelf, |hash, units| {
            (hash ^ u64::from(*units)).wrapping_mul(FNV_PRIME)
        })
    }
}

/// A product's JSON without its stock figures.
#[derive(Debug)]
struct Rendering {
    version: u64,
    /// How often categories had changed when it was written.
    shelved: u64,
    /// The mark of where it stands.
    shelf: u64,
    text: Vec<u8>,
    /// Where figures go: first that of all variants, then that of each.
    gaps: Vec<usize>,
    variants: Vec<VariantId>,
    /// The answer that was sent last.
    kept: ArcSwapOption<KeptAnswer>,
}

#[derive(Debug)]
struct KeptAnswer {
    counts: Counts,
    answer: Cached<Written>,
}

#[derive(Debug)]
struct KeptList {
    made_from: Footprint,
    answer: Products,
}

impl Rendering {
    fn of(product: &Versioned<Product>, shelved: u64, tree: &CategoryTree) -> Answer<Rendering> {
        let mut marked = Vec::new();
        let view = ProductView::of(&product.state, tree, &[]);
        view.serialize(&mut Serializer::with_formatter(&mut marked, WithGaps))
            .map_err(Problem::fault)?;
        let mut text = Vec::with_capacity(marked.len());
        let mut gaps = Vec::new();
        for part in marked.split(|byte| *byte == GAP) {
            text.extend_from_slice(part);
            gaps.push(text.len());
        }
        // Behind the last part there is no gap.
        gaps.pop();
        let variants = product.state.variants_in_order();
        let variants = variants.into_iter().map(|variant| variant.id).collect();
        let kept = ArcSwapOption::empty();
        let shelf = shelf_of(&product.state, tree).map_or(0, |shelf| tree.mark_of(shelf));
        Ok(Rendering { version: product.version, shelved, shelf, text, gaps, variants, kept })
    }
}

/// Writes JSON, and a gap for each figure. Stock figures are the only `u32`s of a product.
struct WithGaps;

impl Formatter for WithGaps {
    fn write_u32<W: ?Sized + io::Write>(&mut self, to: &mut W, _: u32) -> io::Result<()> {
        to.write_all(&[GAP])
    }
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<ProductId, Arc<Rendering>> for ByBytes {
    /// With the answer that is going to be kept beside the text, and its compressed form.
    fn weight(&self, _: &ProductId, rendering: &Arc<Rendering>) -> u64 {
        let lists = (rendering.gaps.len() + rendering.variants.len()) * LIST_ENTRY_BYTES;
        let text = rendering.text.len();
        u64::try_from(text * 2 + text / 3 + lists + RENDERING_BYTES).unwrap_or(u64::MAX)
    }
}

impl Weighter<Listed, Arc<KeptList>> for ByBytes {
    fn weight(&self, (_, paging): &Listed, list: &Arc<KeptList>) -> u64 {
        let cursor = paging.cursor.as_ref().map_or(0, String::len);
        let made_from = list.made_from.weight();
        let bytes = list.answer.answer.weight() + made_from + cursor + LISTED_BYTES;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Stands for a figure; a control character, which JSON never holds as it is.
const GAP: u8 = 0;
/// Longest figure: that of a hundred variants with a million units each.
const FIGURE_LETTERS_MAX: usize = 9;
/// All renderings of products together.
const PRODUCTS_BYTES_MAX: u64 = 48 << 20;
const PRODUCTS_USUAL: usize = 16_384;
/// All lists together.
const LISTS_BYTES_MAX: u64 = 8 << 20;
const LISTS_USUAL: usize = 512;
/// A rendering and its answer without text and lists.
const RENDERING_BYTES: usize = 400;
/// A page as it is asked for.
const LISTED_BYTES: usize = 200;
const LIST_ENTRY_BYTES: usize = 16;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
