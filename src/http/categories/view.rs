//! Views of categories: one with the way to it, and all of them as a tree.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        catalogue::{CATEGORY_LEVELS_MAX, Category, CategoryNode, CategoryTree},
        ids::CategoryId,
    },
    http::views::{Id, Time},
};

/// A category, as everybody sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryView {
    id: Id<CategoryId>,
    #[serde(rename = "_id")]
    same_id: Id<CategoryId>,
    name: String,
    description: String,
    slug: String,
    parent_id: Option<Id<CategoryId>>,
    /// The slugs on the way to it, as `kitchen/pots`.
    path: String,
    /// The categories on the way to it, itself last.
    breadcrumbs: Vec<CrumbView<'static>>,
    created_at: Time,
    updated_at: Time,
}

impl CategoryView {
    /// The category where it stands in this tree.
    pub fn of(category: &Category, tree: &CategoryTree) -> CategoryView {
        let crumb = |node: &&CategoryNode| CrumbView {
            id: Id(node.id),
            name: node.name.clone().into(),
            slug: node.slug.clone().into(),
        };
        CategoryView {
            id: Id(category.id),
            same_id: Id(category.id),
            name: category.name.clone(),
            description: category.description.clone(),
            slug: category.slug.clone(),
            parent_id: category.parent.map(Id),
            path: tree.slugs_to(category.id),
            breadcrumbs: tree.path_to(category.id).iter().map(crumb).collect(),
            created_at: Time(category.created_at),
            updated_at: Time(category.updated_at),
        }
    }
}

/// A category on the way to something.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CrumbView<'a> {
    id: Id<CategoryId>,
    name: Cow<'a, str>,
    slug: Cow<'a, str>,
}

impl<'a> CrumbView<'a> {
    /// The way to a category, itself last.
    pub fn path_to(id: CategoryId, tree: &'a CategoryTree) -> Vec<CrumbView<'a>> {
        let crumb = |node: &'a CategoryNode| CrumbView {
            id: Id(node.id),
            name: Cow::Borrowed(&node.name),
            slug: Cow::Borrowed(&node.slug),
        };
        tree.path_to(id).into_iter().map(crumb).collect()
    }
}

/// A category with all below it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BranchView {
    id: Id<CategoryId>,
    name: String,
    slug: String,
    /// The slugs on the way to it, as `kitchen/pots`.
    path: String,
    children: Vec<BranchView>,
}

impl BranchView {
    /// The whole tree, from the top.
    pub fn all(tree: &CategoryTree) -> Vec<BranchView> {
        tree.top().map(|node| BranchView::of(node, "", tree, CATEGORY_LEVELS_MAX)).collect()
    }

    fn of(node: &CategoryNode, above: &str, tree: &CategoryTree, levels: usize) -> BranchView {
        let path =
            if above.is_empty() { node.slug.clone() } else { format!("{above}/{}", node.slug) };
        let left = levels.saturating_sub(1);
        let below = tree.right_below(node).take(if left == 0 { 0 } else { usize::MAX });
        let children = below.map(|node| BranchView::of(node, &path, tree, left)).collect();
        BranchView {
            id: Id(node.id),
            name: node.name.clone(),
            slug: node.slug.clone(),
            path,
            children,
        }
    }
}
