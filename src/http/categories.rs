//! Categories: the shelves that products stand on.
//!
//! | Method | Path                                   | Does                            | Who    |
//! |--------|----------------------------------------|---------------------------------|--------|
//! | POST   | /v1/product/createcategory             | adds a category                 | staff  |
//! | GET    | /v1/product/getcategories              | lists categories by name        | public |
//! | GET    | /v1/product/getcategory/{id}           | shows a category                | public |
//! | GET    | /v1/product/getcategoriesbyslug/{slug} | shows a category by its address | public |
//! | PATCH  | /v1/product/updatecategory/{id}        | changes a category              | staff  |
//! | DELETE | /v1/product/deletecategory/{id}        | removes an empty category       | staff  |

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::{Caller, Public, Staff},
    answer::{Answer, Cached, Page, REVALIDATE},
    call::{Call, CallAsking, CallOn, Word},
    cursor::Paging,
    etag::ETag,
    fields::{Body, Fields, multiline, text},
    idempotency::{Made, RequestKey},
    limits::Class,
    listing::Rows,
    problem::Problem,
    table::{Operation, op},
    views::{DeletedView, Id, Time},
};
use crate::{
    actors::catalogue::{AddCategory, ChangeCategory, RemoveCategory},
    domain::{
        catalogue::Category,
        ids::{CategoryId, Identity},
    },
    shop::Shop,
    store::{Order, Versioned, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let get = Method::GET;
    vec![
        op(Method::POST, "/v1/product/createcategory", Writes, "Add a category", create_category)
            .takes_bytes(BODY_BYTES_MAX)
            .again(show_again),
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

async fn create_category(
    shop: Shop,
    who: Staff,
    call: Call<CreateCategoryBody>,
) -> Answer<CategoryView> {
    let CreateCategoryBody { name, description } = call.body;
    let category = shop.clock.new_id();
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let add = AddCategory { category, name, description };
    let added = shop.desks.catalogue.ask(add, intent).await?;
    Ok(CategoryView::of(&added))
}

async fn list_categories(
    shop: Shop,
    _: Public,
    call: CallAsking<Paging>,
) -> Answer<Cached<Page<CategoryView>>> {
    let mut marks = Vec::new();
    let rows = Rows::all("categories", keys::categories(), Order::Ascending);
    let page = rows.page(&shop.reader, &shop.cursors, &call.query, |key, _| {
        let Some(id) = key.last_id::<CategoryId>() else { return Ok(None) };
        let found = shop.reader.get::<Category>(id)?;
        marks.extend_from_slice(&id.bytes());
        marks.extend_from_slice(&found.version.to_be_bytes());
        Ok(found.state.exists().then(|| CategoryView::of(&found.state)))
    })?;
    marks.extend_from_slice(page.next_cursor.as_deref().unwrap_or_default().as_bytes());
    Ok(Cached { etag: ETag::of_bytes(&marks), control: REVALIDATE, answer: page })
}

async fn show_category(
    shop: Shop,
    _: Public,
    call: CallOn<CategoryId>,
) -> Answer<Cached<CategoryView>> {
    Ok(shown(&found(&shop, call.path)?))
}

async fn show_category_by_slug(
    shop: Shop,
    _: Public,
    call: CallOn<Word>,
) -> Answer<Cached<CategoryView>> {
    let Word(slug) = call.path;
    let id = by_slug(&shop, &slug)?.ok_or_else(Problem::not_found)?;
    Ok(shown(&found(&shop, id)?))
}

async fn update_category(
    shop: Shop,
    who: Staff,
    call: CallOn<CategoryId, UpdateCategoryBody>,
) -> Answer<CategoryView> {
    let category = call.path;
    let seen = call.from.if_match().seen(found(&shop, category)?.version)?;
    let UpdateCategoryBody { name, description } = call.body;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let change = ChangeCategory { category, name, description, seen };
    let changed = shop.desks.catalogue.ask(change, intent).await?;
    let changed = changed.ok_or_else(Problem::precondition_failed)?;
    Ok(CategoryView::of(&changed))
}

async fn delete_category(shop: Shop, who: Staff, call: CallOn<CategoryId>) -> Answer<DeletedView> {
    let remove = RemoveCategory { category: call.path };
    let removed = shop.desks.catalogue.ask(remove, shop.intent(who.as_cause())).await?;
    Ok(DeletedView::of(removed.id, "Category deleted"))
}

async fn show_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<CategoryView> {
    let id = made.id.parse().map_err(Problem::fault)?;
    Ok(CategoryView::of(&found(&shop, id)?.state))
}

/// The category with this slug.
pub(super) fn by_slug(shop: &Shop, slug: &str) -> Answer<Option<CategoryId>> {
    let held_by = shop.reader.row(&keys::category_by_slug(slug))?;
    Ok(held_by.and_then(|value| keys::held_by(&value)))
}

/// The category with this slug or id.
pub(super) fn id_of(shop: &Shop, named: &str) -> Answer<Option<CategoryId>> {
    match by_slug(shop, named)? {
        Some(id) => Ok(Some(id)),
        None => Ok(named.parse().ok()),
    }
}

fn found(shop: &Shop, id: CategoryId) -> Answer<Versioned<Category>> {
    let found = shop.reader.get::<Category>(id)?;
    if found.state.exists() { Ok(found) } else { Err(Problem::not_found()) }
}

fn shown(found: &Versioned<Category>) -> Cached<CategoryView> {
    Cached {
        etag: ETag::of_version(found.version),
        control: REVALIDATE,
        answer: CategoryView::of(&found.state),
    }
}

struct CreateCategoryBody {
    name: String,
    description: String,
}

impl Body for CreateCategoryBody {
    fn read(fields: &mut Fields<'_>) -> CreateCategoryBody {
        CreateCategoryBody {
            name: fields.required("name", text(1, NAME_LETTERS_MAX)),
            description: fields.required("description", multiline(0, DESCRIPTION_LETTERS_MAX)),
        }
    }
}

struct UpdateCategoryBody {
    name: Option<String>,
    description: Option<String>,
}

impl Body for UpdateCategoryBody {
    fn read(fields: &mut Fields<'_>) -> UpdateCategoryBody {
        UpdateCategoryBody {
            name: fields.optional("name", text(1, NAME_LETTERS_MAX)),
            description: fields.optional("description", multiline(0, DESCRIPTION_LETTERS_MAX)),
        }
    }
}

/// A category, as everybody sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CategoryView {
    id: Id<CategoryId>,
    #[serde(rename = "_id")]
    same_id: Id<CategoryId>,
    name: String,
    description: String,
    slug: String,
    created_at: Time,
    updated_at: Time,
}

impl CategoryView {
    fn of(category: &Category) -> CategoryView {
        CategoryView {
            id: Id(category.id),
            same_id: Id(category.id),
            name: category.name.clone(),
            description: category.description.clone(),
            slug: category.slug.clone(),
            created_at: Time(category.created_at),
            updated_at: Time(category.updated_at),
        }
    }
}

const NAME_LETTERS_MAX: usize = 200;
const DESCRIPTION_LETTERS_MAX: usize = 5_000;
/// A description all of whose letters are written as `\uXXXX` pairs.
const BODY_BYTES_MAX: usize = 128 * 1024;
