//! Renderings: products written once as JSON, with gaps where the stock figures go.
//!
//! Invariant: what is shown is the committed product and the committed stock at that moment. A
//! rendering carries the product's version and is only used for that one; stock is never kept.

use std::{io, io::Write, sync::Arc};

use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};
use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

use super::view::{ProductView, in_all};
use crate::{
    domain::{
        catalogue::Product,
        ids::{ProductId, VariantId},
        inventory::Ledger,
    },
    http::{answer::Answer, etag::ETag, problem::Problem},
    store::{Reader, Versioned},
};

/// Products written lately.
#[derive(Debug)]
pub struct Renderings {
    recent: Cache<ProductId, Arc<Rendering>, ByBytes>,
}

impl Default for Renderings {
    fn default() -> Renderings {
        Renderings { recent: Cache::with_weighter(RENDERINGS_USUAL, BYTES_MAX, ByBytes) }
    }
}

impl Renderings {
    /// This product with the stock there is now.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn show(&self, reader: &Reader, product: &Versioned<Product>) -> Answer<ShownProduct> {
        let rendering = self.of(product)?;
        let units = |variant: &VariantId| Ok(on_sale(&reader.get::<Ledger>(*variant)?.state));
        let stock = rendering.variants.iter().map(units).collect::<Answer<Vec<u32>>>()?;
        Ok(ShownProduct { rendering, stock })
    }

    fn of(&self, product: &Versioned<Product>) -> Answer<Arc<Rendering>> {
        let id = product.state.id;
        let known = self.recent.get(&id).filter(|known| known.version == product.version);
        if let Some(known) = known {
            return Ok(known);
        }
        let rendering = Arc::new(Rendering::of(product)?);
        self.recent.insert(id, Arc::clone(&rendering));
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

    /// The stock figures in one number (FNV-1a over whole figures).
    fn figures(&self) -> u64 {
        self.stock
            .iter()
            .fold(FNV_OFFSET, |hash, units| (hash ^ u64::from(*units)).wrapping_mul(FNV_PRIME))
    }
}

/// A product's JSON without its stock figures.
#[derive(Debug)]
struct Rendering {
    version: u64,
    text: Vec<u8>,
    /// Where figures go: first that of all variants, then that of each.
    gaps: Vec<usize>,
    variants: Vec<VariantId>,
}

impl Rendering {
    fn of(product: &Versioned<Product>) -> Answer<Rendering> {
        let mut marked = Vec::new();
        let view = ProductView::of(&product.state, &[]);
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
        Ok(Rendering { version: product.version, text, gaps, variants })
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
    fn weight(&self, _: &ProductId, rendering: &Arc<Rendering>) -> u64 {
        let lists = (rendering.gaps.len() + rendering.variants.len()) * LIST_ENTRY_BYTES;
        u64::try_from(rendering.text.len() + lists + RENDERING_BYTES).unwrap_or(u64::MAX)
    }
}

/// Stands for a figure; a control character, which JSON never holds as it is.
const GAP: u8 = 0;
/// Longest figure: that of a hundred variants with a million units each.
const FIGURE_LETTERS_MAX: usize = 9;
/// All renderings together.
const BYTES_MAX: u64 = 64 << 20;
const RENDERINGS_USUAL: usize = 32_768;
/// A rendering without its text and lists.
const RENDERING_BYTES: usize = 160;
const LIST_ENTRY_BYTES: usize = 16;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
