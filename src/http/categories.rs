//! Categories: the shelves that products stand on.
//!
//! | Method | Path                                   | Does                            | Who    |
//! |--------|----------------------------------------|---------------------------------|--------|
//! | POST   | /v1/product/createcategory             | adds a category                 | staff  |
//! | GET    | /v1/product/categories/tree            | shows all, each below its own   | public |
//! | GET    | /v1/product/getcategories              | lists categories by name        | public |
//! | GET    | /v1/product/getcategory/{id}           | shows a category                | public |
//! | GET    | /v1/product/getcategoriesbyslug/{slug} | shows a category by its address | public |
//! | PATCH  | /v1/product/updatecategory/{id}        | changes a category              | staff  |
//! | DELETE | /v1/product/deletecategory/{id}        | removes an empty category       | staff  |

pub(super) mod view;

use actix_web::http::Method;

use self::view::{BranchView, CategoryView};
use super::{
    access::{Caller, Public, Staff},
    answer::{Answer, Cached, HereOr, Page, REVALIDATE},
    call::{Call, CallAsking, CallOn, Word},
    cursor::Paging,
    etag::ETag,
    fields::{Body, Fields, id, multiline, nullable, text},
    idempotency::{Made, RequestKey},
    limits::Class,
    listing::Rows,
    problem::Problem,
    table::{Operation, op},
    views::DeletedView,
};
use crate::{
    actors::catalogue::{AddCategory, ChangeCategory, RemoveCategory},
    domain::{
        catalogue::{CATEGORIES_MAX, CatalogueRefusal, Category},
        ids::{CategoryId, Identity},
    },
    shop::Shop,
    store::{Order, Versioned, keys},
};

pub use view::CrumbView;

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let get = Method::GET;
    vec![
        op(Method::POST, "/v1/product/createcategory", Writes, "Add a category", create_category)
            .takes_bytes(BODY_BYTES_MAX)
            .again(show_again),
        op(get.clone(), "/v1/product/categories/tree", Reads, "Show all categories", show_tree),
        op(get.clone(), "/v1/product/getcategories", Reads, "List categories", list_categories),
        op(get.clone(), "/v1/product/getcategory/{id}", Reads, "Show a category", show_category),
        op(
            get,
            "/v1/product/getcategoriesbyslug/{slug}",
            Reads,
            "Show a category by its slug",
            show_category_by_slug,
        ),
        op(
            Method::PATCH,
            "/v1/product/updatecategory/{id}",
            Writes,
            "Change a category",
            update_category,
        )
        .takes_bytes(BODY_BYTES_MAX)
        .again(show_again),
        op(
            Method::DELETE,
            "/v1/product/deletecategory/{id}",
            Writes,
            "Remove a category nothing stands in",
            delete_category,
        ),
    ]
}

pub(super) async fn create_category(
    shop: Shop,
    who: Staff,
    call: Call<CreateCategoryBody>,
) -> Answer<CategoryView> {
    let CreateCategoryBody { name, description, parent } = call.body;
    if shop.shelves.tree()?.len() >= CATEGORIES_MAX {
        return Err(CatalogueRefusal::CategoryLimitReached.into());
    }
    let category = shop.clock.new_id();
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let add = AddCategory { category, name, description, parent };
    let added = shop.desks.catalogue.ask(add, intent).await?;
    Ok(CategoryView::of(&added, &*shop.shelves.tree()?))
}

async fn show_tree(shop: Shop, _: Public, _: Call) -> Answer<Cached<Vec<BranchView>>> {
    let tree = shop.shelves.tree()?;
    let etag = ETag::of_bytes(&tree.mark().to_be_bytes());
    Ok(Cached { etag, control: REVALIDATE, answer: BranchView::all(&tree) })
}

async fn list_categories(
    shop: Shop,
    _: Public,
    call: CallAsking<Paging>,
) -> Answer<Cached<Page<CategoryView>>> {
    let mut marks = Vec::new();
    let tree = shop.shelves.tree()?;
    let rows = Rows::all("categories", keys::categories(), Order::Ascending);
    let page = rows.page(&shop.reader, &shop.cursors, &call.query, |key, _| {
        let Some(id) = key.last_id::<CategoryId>() else { return Ok(None) };
        let found = shop.reader.get::<Category>(id)?;
        marks.extend_from_slice(&id.bytes());
        marks.extend_from_slice(&found.version.to_be_bytes());
        marks.extend_from_slice(&tree.mark_of(id).to_be_bytes());
        Ok(found.state.exists().then(|| CategoryView::of(&found.state, &tree)))
    })?;
    marks.extend_from_slice(page.next_cursor.as_deref().unwrap_or_default().as_bytes());
    Ok(Cached { etag: ETag::of_bytes(&marks), control: REVALIDATE, answer: page })
}

async fn show_category(
    shop: Shop,
    _: Public,
    call: CallOn<CategoryId>,
) -> Answer<Cached<CategoryView>> {
    shown(&shop, call.path)
}

async fn show_category_by_slug(
    shop: Shop,
    _: Public,
    call: CallOn<Word>,
) -> Answer<HereOr<Cached<CategoryView>>> {
    let Word(slug) = call.path;
    match by_slug(&shop, &slug)? {
        Named::Now(id) => shown(&shop, id).map(HereOr::Here),
        Named::Before(slug) => Ok(HereOr::Moved(format!("/v1/product/getcategoriesbyslug/{slug}"))),
        Named::Nothing => Err(Problem::not_found()),
    }
}

pub(super) async fn update_category(
    shop: Shop,
    who: Staff,
    call: CallOn<CategoryId, UpdateCategoryBody>,
) -> Answer<CategoryView> {
    let category = call.path;
    let seen = call.from.if_match().seen(found(&shop, category)?.version)?;
    let UpdateCategoryBody { name, description, parent } = call.body;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let change = ChangeCategory { category, name, description, parent, seen };
    let changed = shop.desks.catalogue.ask(change, intent).await?;
    let changed = changed.ok_or_else(Problem::precondition_failed)?;
    Ok(CategoryView::of(&changed, &*shop.shelves.tree()?))
}

pub(super) async fn delete_category(
    shop: Shop,
    who: Staff,
    call: CallOn<CategoryId>,
) -> Answer<DeletedView> {
    let remove = RemoveCategory { category: call.path };
    let removed = shop.desks.catalogue.ask(remove, shop.intent(who.as_cause())).await?;
    Ok(DeletedView::of(removed.id, "Category deleted"))
}

async fn show_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<CategoryView> {
    let id = made.id.parse().map_err(Problem::fault)?;
    Ok(CategoryView::of(&found(&shop, id)?.state, &*shop.shelves.tree()?))
}

/// What a slug of a category leads to.
pub enum Named {
    /// The category that has it.
    Now(CategoryId),
    /// The slug of the category that had it before.
    Before(String),
    /// Nothing.
    Nothing,
}

/// The category that has this slug, or where the one went that had it before.
pub fn by_slug(shop: &Shop, slug: &str) -> Answer<Named> {
    let held = |key| -> Answer<Option<CategoryId>> {
        let value = shop.reader.row(&key)?;
        Ok(value.and_then(|value| keys::held_by(&value)))
    };
    if let Some(id) = held(keys::category_by_slug(slug))? {
        return Ok(Named::Now(id));
    }
    let Some(id) = held(keys::category_by_old_slug(slug))? else { return Ok(Named::Nothing) };
    let slug = shop.reader.get::<Category>(id)?.state.slug.clone();
    Ok(Named::Before(slug))
}

/// The category with this slug, path of slugs, former slug or id.
pub fn id_of(shop: &Shop, named: &str) -> Answer<Option<CategoryId>> {
    if let Some(node) = shop.shelves.tree()?.at(named).filter(|_| named.contains('/')) {
        return Ok(Some(node.id));
    }
    match by_slug(shop, named)? {
        Named::Now(id) => Ok(Some(id)),
        Named::Before(slug) => match by_slug(shop, &slug)? {
            Named::Now(id) => Ok(Some(id)),
            Named::Before(_) | Named::Nothing => Ok(None),
        },
        Named::Nothing => Ok(named.parse().ok()),
    }
}

pub(super) fn found(shop: &Shop, id: CategoryId) -> Answer<Versioned<Category>> {
    let found = shop.reader.get::<Category>(id)?;
    if found.state.exists() { Ok(found) } else { Err(Problem::not_found()) }
}

/// The category with the way to it: both are in the tag.
fn shown(shop: &Shop, id: CategoryId) -> Answer<Cached<CategoryView>> {
    let tree = shop.shelves.tree()?;
    let found = found(shop, id)?;
    Ok(Cached {
        etag: ETag::of_figures(found.version, tree.mark_of(id)),
        control: REVALIDATE,
        answer: CategoryView::of(&found.state, &tree),
    })
}

pub(super) struct CreateCategoryBody {
    name: String,
    description: String,
    parent: Option<CategoryId>,
}

impl Body for CreateCategoryBody {
    fn read(fields: &mut Fields<'_>) -> CreateCategoryBody {
        CreateCategoryBody {
            name: fields.required("name", text(1, NAME_LETTERS_MAX)),
            description: fields.required("description", multiline(0, DESCRIPTION_LETTERS_MAX)),
            parent: fields.optional("parentId", nullable(id())).flatten(),
        }
    }
}

pub(super) struct UpdateCategoryBody {
    name: Option<String>,
    description: Option<String>,
    parent: Option<Option<CategoryId>>,
}

impl Body for UpdateCategoryBody {
    fn read(fields: &mut Fields<'_>) -> UpdateCategoryBody {
        UpdateCategoryBody {
            name: fields.optional("name", text(1, NAME_LETTERS_MAX)),
            description: fields.optional("description", multiline(0, DESCRIPTION_LETTERS_MAX)),
            parent: fields.optional("parentId", nullable(id())),
        }
    }
}

const NAME_LETTERS_MAX: usize = 200;
const DESCRIPTION_LETTERS_MAX: usize = 5_000;
/// A description all of whose letters are written as `\uXXXX` pairs.
const BODY_BYTES_MAX: usize = 128 * 1024;
