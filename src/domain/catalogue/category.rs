//! Category: a shelf that products stand on.
//!
//! Invariant: a shelf with products on it, or with shelves below it, is not removed, and none
//! stands below itself; the owner looks which there are. A slug it once had still leads to it.

use serde::{Deserialize, Serialize};

use super::{CatalogueRefusal, product::OLD_SLUGS_MAX};
use crate::domain::{
    aggregate::Aggregate,
    ids::CategoryId,
    time::{Stamp, Timestamp},
};

/// What a new category is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCategory {
    /// Which category it will be.
    pub category: CategoryId,
    /// Its name, unique in the shop.
    pub name: String,
    /// What there is to say about it.
    pub description: String,
    /// Its name in addresses, unique in the shop.
    pub slug: String,
    /// The category it stands below, if it does not stand at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CategoryId>,
}

/// What happened to a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoryEvent {
    /// It was added.
    CategoryAdded(NewCategory),
    /// It says something else.
    CategoryChanged {
        /// The name from now on.
        name: String,
        /// The description from now on.
        description: String,
        /// The slug from now on.
        slug: String,
    },
    /// It stands below another category, or at the top.
    CategoryMoved {
        /// The category above it from now on.
        parent: Option<CategoryId>,
    },
    /// It is gone.
    CategoryRemoved {},
}

/// A shelf that products stand on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Which category.
    pub id: CategoryId,
    /// Its name; empty before it was added.
    pub name: String,
    /// What there is to say about it.
    pub description: String,
    /// Its name in addresses.
    pub slug: String,
    /// Slugs it had before, the oldest first.
    pub old_slugs: Vec<String>,
    /// The category it stands below, if it does not stand at the top.
    pub parent: Option<CategoryId>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether it is gone.
    pub deleted: bool,
}

impl Category {
    /// Whether it is there: added and not removed.
    pub fn exists(&self) -> bool {
        !self.name.is_empty() && !self.deleted
    }

    /// Adds the category.
    pub fn add(&self, wanted: NewCategory) -> Result<Vec<CategoryEvent>, CatalogueRefusal> {
        if self.deleted {
            return Err(CatalogueRefusal::UnknownCategory);
        }
        if !self.exists() {
            return Ok(vec![CategoryEvent::CategoryAdded(wanted)]);
        }
        let NewCategory { category, name, description, slug, parent } = wanted;
        let is_same = self.id == category && self.parent == parent;
        if is_same && self.says(&name, &description, &slug) {
            return Ok(vec![]);
        }
        Err(CatalogueRefusal::AlreadyAdded)
    }

    /// Changes name, description and slug to these.
    pub fn change(
        &self,
        name: String,
        description: String,
        slug: String,
    ) -> Result<Vec<CategoryEvent>, CatalogueRefusal> {
        self.must_exist()?;
        if self.says(&name, &description, &slug) {
            return Ok(vec![]);
        }
        Ok(vec![CategoryEvent::CategoryChanged { name, description, slug }])
    }

    /// Puts it below another category or at the top. `above` is the one it shall stand below and
    /// all above that, the nearest first; `levels_below` is how deep its own subcategories go.
    pub fn move_below(
        &self,
        above: &[CategoryId],
        levels_below: usize,
    ) -> Result<Vec<CategoryEvent>, CatalogueRefusal> {
        self.must_exist()?;
        let parent = above.first().copied();
        if self.parent == parent {
            return Ok(vec![]);
        }
        if above.contains(&self.id) {
            return Err(CatalogueRefusal::CategoryCycle);
        }
        must_fit_below(above, levels_below)?;
        Ok(vec![CategoryEvent::CategoryMoved { parent }])
    }

    /// Removes the category, if no product stands in it and no category below it.
    pub fn remove(
        &self,
        products: u64,
        subcategories: u64,
    ) -> Result<Vec<CategoryEvent>, CatalogueRefusal> {
        self.must_exist()?;
        if products > 0 {
            return Err(CatalogueRefusal::CategoryInUse);
        }
        if subcategories > 0 {
            return Err(CatalogueRefusal::CategoryHasSubcategories);
        }
        Ok(vec![CategoryEvent::CategoryRemoved {}])
    }

    fn rename(&mut self, name: &str, slug: &str) {
        let old = std::mem::replace(&mut self.slug, slug.to_owned());
        self.name = name.to_owned();
        self.old_slugs.retain(|before| *before != old && before != slug);
        if old != slug {
            self.old_slugs.push(old);
        }
        let too_many = self.old_slugs.len().saturating_sub(OLD_SLUGS_MAX);
        self.old_slugs.drain(..too_many);
    }

    fn says(&self, name: &str, description: &str, slug: &str) -> bool {
        self.name == name && self.description == description && self.slug == slug
    }

    fn must_exist(&self) -> Result<(), CatalogueRefusal> {
        if self.exists() { Ok(()) } else { Err(CatalogueRefusal::UnknownCategory) }
    }
}

/// Whether a category with subcategories so deep may stand below these, the nearest first.
pub fn must_fit_below(above: &[CategoryId], levels_below: usize) -> Result<(), CatalogueRefusal> {
    let levels = above.len().saturating_add(1).saturating_add(levels_below);
    if levels > CATEGORY_LEVELS_MAX { Err(CatalogueRefusal::CategoryTooDeep) } else { Ok(()) }
}

impl Aggregate for Category {
    const KIND: &'static str = "category";
    type Id = CategoryId;
    type Event = CategoryEvent;

    fn apply(&mut self, event: &CategoryEvent, stamp: &Stamp) {
        match event {
            CategoryEvent::CategoryAdded(added) => {
                *self = Category {
                    id: added.category,
                    name: added.name.clone(),
                    description: added.description.clone(),
                    slug: added.slug.clone(),
                    old_slugs: vec![],
                    parent: added.parent,
                    created_at: stamp.at,
                    updated_at: stamp.at,
                    deleted: false,
                };
            }
            CategoryEvent::CategoryChanged { name, description, slug } => {
                self.rename(name, slug);
                self.description = description.clone();
            }
            CategoryEvent::CategoryMoved { parent } => self.parent = *parent,
            CategoryEvent::CategoryRemoved {} => self.deleted = true,
        }
        self.updated_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if !self.exists() {
            return Ok(());
        }
        if self.slug.is_empty() || self.old_slugs.contains(&self.slug) {
            return Err("a category has one slug, which is not an old one");
        }
        if self.parent == Some(self.id) {
            return Err("a category does not stand below itself");
        }
        Ok(())
    }
}

/// Categories on the way from the top to one, itself included.
pub const CATEGORY_LEVELS_MAX: usize = 8;
