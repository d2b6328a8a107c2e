//! Tree: all categories at once, one below the other.
//!
//! Invariant: each category is in it once, below the one it names, or at the top if that one is
//! not there. Subcategories are in the order of their names.

use std::collections::{BTreeMap, BTreeSet};

use super::{CATEGORY_LEVELS_MAX, Category, fold_name};
use crate::domain::ids::{CategoryId, Identity};

/// A category in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryNode {
    /// Which.
    pub id: CategoryId,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// The one above it.
    pub parent: Option<CategoryId>,
    /// Those right below it, by name.
    pub children: Vec<CategoryId>,
}

/// All categories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryTree {
    nodes: BTreeMap<CategoryId, CategoryNode>,
    top: Vec<CategoryId>,
}

impl CategoryTree {
    /// All categories, in no order that matters.
    pub fn all(&self) -> impl Iterator<Item = &CategoryNode> {
        self.nodes.values()
    }

    /// The tree of these categories; removed ones are not in it.
    pub fn of<'a>(categories: impl IntoIterator<Item = &'a Category>) -> CategoryTree {
        let there = categories.into_iter().filter(|category| category.exists());
        let mut sorted: Vec<(String, &Category)> =
            there.map(|category| (fold_name(&category.name), category)).collect();
        sorted.sort_by(|one, other| (&one.0, one.1.id).cmp(&(&other.0, other.1.id)));
        let mut tree = CategoryTree::default();
        for (_, category) in &sorted {
            let node = CategoryNode {
                id: category.id,
                name: category.name.clone(),
                slug: category.slug.clone(),
                parent: category.parent,
                children: Vec::new(),
            };
            tree.nodes.insert(category.id, node);
        }
        for (_, Category { id, parent, .. }) in sorted {
            match parent.and_then(|parent| tree.nodes.get_mut(&parent)) {
                Some(above) => above.children.push(*id),
                None => tree.top.push(*id),
            }
        }
        tree
    }

    /// Those at the top, by name.
    pub fn top(&self) -> impl Iterator<Item = &CategoryNode> {
        self.top.iter().filter_map(|id| self.nodes.get(id))
    }

    /// A category in its place.
    pub fn get(&self, id: CategoryId) -> Option<&CategoryNode> {
        self.nodes.get(&id)
    }

    /// Those right below a category, by name.
    pub fn right_below<'a>(
        &'a self,
        node: &'a CategoryNode,
    ) -> impl Iterator<Item = &'a CategoryNode> {
        node.children.iter().filter_map(|id| self.nodes.get(id))
    }

    /// The way from the top to a category, itself last; nothing if it is not there.
    pub fn path_to(&self, id: CategoryId) -> Vec<&CategoryNode> {
        let mut path = Vec::new();
        let mut next = self.nodes.get(&id);
        while let Some(node) = next.filter(|_| path.len() < CATEGORY_LEVELS_MAX) {
            path.push(node);
            next = node.parent.and_then(|parent| self.nodes.get(&parent));
        }
        path.reverse();
        path
    }

    /// The way from the top to a category in slugs, as `kitchen/pots`.
    pub fn slugs_to(&self, id: CategoryId) -> String {
        let slugs: Vec<&str> = self.path_to(id).iter().map(|node| node.slug.as_str()).collect();
        slugs.join("/")
    }

    /// The category at the end of such a way.
    pub fn at(&self, slugs: &str) -> Option<&CategoryNode> {
        let (mut found, mut level) = (None, &self.top);
        for slug in slugs.split('/').filter(|slug| !slug.is_empty()) {
            let mut here = level.iter().filter_map(|id| self.nodes.get(id));
            let node = here.find(|node| node.slug == slug)?;
            (found, level) = (Some(node), &node.children);
        }
        found
    }

    /// A category and all below it; nothing if it is not there.
    pub fn with_all_below(&self, id: CategoryId) -> BTreeSet<CategoryId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<CategoryId> =
            self.nodes.get(&id).map(|node| node.id).into_iter().collect();
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(self.nodes.get(&next).into_iter().flat_map(|node| &node.children));
            }
        }
        found
    }

    /// A number that changes with anything on the way to a category (FNV-1a); none is zero.
    pub fn mark_of(&self, id: CategoryId) -> u64 {
        let path = self.path_to(id);
        let texts = path.iter().flat_map(|node| [node.name.as_str(), "\0", &node.slug, "\0"]);
        let ids = path.iter().flat_map(|node| node.id.bytes());
        let bytes = texts.flat_map(str::bytes).chain(ids);
        let start = if path.is_empty() { 0 } else { FNV_OFFSET };
        bytes.fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
    }

    /// A number that changes with anything in it (FNV-1a).
    pub fn mark(&self) -> u64 {
        self.nodes
            .keys()
            .fold(FNV_OFFSET, |hash, id| (hash ^ self.mark_of(*id)).wrapping_mul(FNV_PRIME))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// Categories of a shop.
pub const CATEGORIES_MAX: usize = 5_000;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> CategoryId {
        let mut bytes = [0; 16];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        CategoryId::from_bytes(bytes)
    }

    /// Categories as `name` or `name<parent`.
    fn tree(described: &str) -> CategoryTree {
        let category = |one: &str| {
            let (name, parent) = one.split_once('<').map_or((one, None), |(a, b)| (a, Some(b)));
            Category {
                id: id(name),
                name: name.to_owned(),
                slug: name.to_lowercase(),
                parent: parent.map(id),
                ..Category::default()
            }
        };
        let categories: Vec<Category> = described.split(' ').map(category).collect();
        CategoryTree::of(&categories)
    }

    #[test]
    fn each_category_stands_where_it_says_in_the_order_of_names() {
        let tree = tree("Tea Pots<Kitchen Kitchen Cups<Kitchen Lost<Nowhere");
        let top: Vec<&str> = tree.top().map(|node| node.name.as_str()).collect();
        assert_eq!(top, ["Kitchen", "Lost", "Tea"]);
        let kitchen = tree.get(id("Kitchen")).expect("it is there");
        let below: Vec<&str> = tree.right_below(kitchen).map(|node| node.slug.as_str()).collect();
        assert_eq!(below, ["cups", "pots"]);
        assert_eq!(tree.slugs_to(id("Pots")), "kitchen/pots");
        assert_eq!(tree.at("kitchen/pots").map(|node| node.id), Some(id("Pots")));
        assert!(tree.at("pots").is_none() && tree.at("").is_none());
        assert_eq!(tree.with_all_below(id("Kitchen")).len(), 3);
        assert!(tree.with_all_below(id("Other")).is_empty());
    }

    #[test]
    fn the_mark_of_a_place_follows_every_name_on_the_way() {
        let before = tree("Kitchen Pots<Kitchen Tea");
        let mut after = tree("Kitchen Pots<Kitchen Tea");
        assert_eq!(before.mark(), after.mark());
        after.nodes.get_mut(&id("Kitchen")).expect("it is there").name = "Cooking".to_owned();
        assert_ne!(before.mark_of(id("Pots")), after.mark_of(id("Pots")));
        assert_eq!(before.mark_of(id("Tea")), after.mark_of(id("Tea")));
        assert_ne!(before.mark(), after.mark());
        assert_eq!(before.mark_of(id("Nowhere")), 0);
    }
}
