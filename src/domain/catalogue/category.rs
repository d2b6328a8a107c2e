//! Category: a shelf that products stand on.
//!
//! Invariant: a shelf with products on it is not removed; the owner counts them.

use serde::{Deserialize, Serialize};

use super::CatalogueRefusal;
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
        let NewCategory { category, name, description, slug } = wanted;
        if self.id == category && self.says(&name, &description, &slug) {
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

    /// Removes the category, if no product stands in it.
    pub fn remove(&self, products: u64) -> Result<Vec<CategoryEvent>, CatalogueRefusal> {
        self.must_exist()?;
        if products > 0 {
            return Err(CatalogueRefusal::CategoryInUse);
        }
        Ok(vec![CategoryEvent::CategoryRemoved {}])
    }

    fn says(&self, name: &str, description: &str, slug: &str) -> bool {
        self.name == name && self.description == description && self.slug == slug
    }

    fn must_exist(&self) -> Result<(), CatalogueRefusal> {
        if self.exists() { Ok(()) } else { Err(CatalogueRefusal::UnknownCategory) }
    }
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
                    created_at: stamp.at,
                    updated_at: stamp.at,
                    deleted: false,
                };
            }
            CategoryEvent::CategoryChanged { name, description, slug } => {
                self.name = name.clone();
                self.description = description.clone();
                self.slug = slug.clone();
            }
            CategoryEvent::CategoryRemoved {} => self.deleted = true,
        }
        self.updated_at = stamp.at;
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.exists() && self.slug.is_empty() {
            return Err("a category has a slug");
        }
        Ok(())
    }
}
