//! Shelves: the tree of categories as committed, made again when one of them has changed.
//!
//! Invariant: what is read is never older than the last acknowledged change of a category. Owns
//! nothing; the catalogue decides where a category stands.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::{
    domain::catalogue::{Category, CategoryTree},
    store::{Reader, StoreFault},
};

/// Where the tree is read. Clones share it.
#[derive(Clone)]
pub struct Shelves(Arc<Parts>);

struct Parts {
    reader: Reader,
    kept: ArcSwapOption<Kept>,
}

struct Kept {
    /// How often categories had changed when it was made.
    changes: u64,
    tree: Arc<CategoryTree>,
}

impl Shelves {
    /// The shelves of what this reads.
    pub fn new(reader: Reader) -> Shelves {
        Shelves(Arc::new(Parts { reader, kept: ArcSwapOption::empty() }))
    }

    /// All categories in their places.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn tree(&self) -> Result<Arc<CategoryTree>, StoreFault> {
        let Parts { reader, kept } = &*self.0;
        // Asked before anything is read: what changes meanwhile is seen the next time.
        let changes = reader.changes_of::<Category>();
        if let Some(kept) = kept.load_full().filter(|kept| kept.changes == changes) {
            return Ok(Arc::clone(&kept.tree));
        }
        let mut categories = Vec::new();
        for found in reader.all::<Category>() {
            categories.push(found?.1.state);
        }
        let tree = Arc::new(CategoryTree::of(categories.iter().map(|category| &**category)));
        kept.store(Some(Arc::new(Kept { changes, tree: Arc::clone(&tree) })));
        Ok(tree)
    }

    /// How often categories have changed.
    pub fn changes(&self) -> u64 {
        self.0.reader.changes_of::<Category>()
    }
}

impl std::fmt::Debug for Shelves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shelves")
    }
}
