//! Levels: which categories stand above one, and how deep those below it go.
//!
//! Invariant: whatever is looked at is as decided so far, so that two moves never make a circle.

use crate::{
    actors::{Rejection, Work},
    domain::{
        catalogue::{CATEGORIES_MAX, CATEGORY_LEVELS_MAX, CatalogueRefusal, Category},
        ids::CategoryId,
    },
    store::keys,
};

/// This category and those above it, the nearest first; none, if none is meant.
pub(super) fn those_above(
    work: &mut Work<'_>,
    parent: Option<CategoryId>,
) -> Result<Vec<CategoryId>, Rejection> {
    let (mut above, mut next) = (Vec::new(), parent);
    while let Some(id) = next.filter(|_| above.len() <= CATEGORY_LEVELS_MAX) {
        let category = work.get::<Category>(id)?;
        if !category.exists() {
            return Err(CatalogueRefusal::UnknownCategory.into());
        }
        above.push(id);
        next = category.parent;
    }
    Ok(above)
}

/// How deep the subcategories of a category go.
pub(super) fn levels_below(work: &mut Work<'_>, id: CategoryId) -> Result<usize, Rejection> {
    let mut level = vec![id];
    for levels in 0..CATEGORY_LEVELS_MAX {
        let mut next = Vec::new();
        for id in level {
            let list = keys::categories_below(id);
            next.extend(work.listed::<CategoryId>(&list, CATEGORIES_MAX)?);
        }
        if next.is_empty() {
            return Ok(levels);
        }
        level = next;
    }
    Ok(CATEGORY_LEVELS_MAX)
}
