//! Products, as everybody sees them and staff writes them.
//!
//! | Method | Path                                    | Does                            | Who    |
//! |--------|-----------------------------------------|---------------------------------|--------|
//! | POST   | /v1/product/createproduct               | adds a product and its stock    | staff  |
//! | GET    | /v1/product/getproducts                 | lists products                  | public |
//! | GET    | /v1/product/getproduct/{id}             | shows a product                 | public |
//! | GET    | /v1/product/getproductsbyslug/{slug}    | shows a product by its address  | public |
//! | GET    | /v1/product/getavailableproducts        | lists what can be ordered now   | public |
//! | PATCH  | /v1/product/updateproduct               | changes a product               | staff  |
//! | DELETE | /v1/product/deleteproduct/{id}          | takes a product off the shelves | staff  |
//! | GET    | /v1/product/getproductsbycategory/{slug} | lists a category               | public |

pub(super) mod body;
mod found;
pub(super) mod list;
mod rendered;
mod view;

use actix_web::http::Method;

use self::{
    body::{CreateProductBody, UpdateProductBody},
    found::page_of_found,
    list::{Products, ProductsQuery, Selection, Status, selection},
};
use super::{
    access::{Caller, Public, Staff},
    answer::{Answer, Cached, HereOr, Prepared, Rendered},
    call::{Call, CallAsking, CallOn, Word},
    categories,
    cursor::Paging,
    idempotency::{Made, RequestKey},
    limits::Class,
    problem::Problem,
    table::{Operation, op},
    views::DeletedView,
};
use crate::{
    domain::{
        catalogue::Product,
        ids::{ProductId, ShopId},
        money::Currency,
        settings,
    },
    shop::Shop,
    store::{Versioned, keys},
};
pub use rendered::{Renderings, ShownProduct, on_sale};
pub use view::ProductView;

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (get, post) = (Method::GET, Method::POST);
    vec![
        op(post, "/v1/product/createproduct", Writes, "Add a product", create_product)
            .takes_bytes(BODY_BYTES_MAX)
            .again(show_again),
        op(get.clone(), "/v1/product/getproducts", Reads, "List products", list_products),
        op(get.clone(), "/v1/product/getproduct/{id}", Reads, "Show a product", show_product),
        op(
            get.clone(),
            "/v1/product/getproductsbyslug/{slug}",
            Reads,
            "Show a product by its slug",
            show_product_by_slug,
        ),
        op(
            get.clone(),
            "/v1/product/getavailableproducts",
            Reads,
            "List products that can be ordered now",
            list_available_products,
        ),
        op(Method::PATCH, "/v1/product/updateproduct", Writes, "Change a product", update_product)
            .takes_bytes(BODY_BYTES_MAX)
            .again(show_again),
        op(
            Method::DELETE,
            "/v1/product/deleteproduct/{id}",
            Writes,
            "Take a product out of the catalogue",
            delete_product,
        ),
        op(
            get,
            "/v1/product/getproductsbycategory/{slug}",
            Reads,
            "List the products of a category",
            list_products_of_category,
        ),
    ]
}

/// A product, written just now.
type Fresh = Rendered<ProductView<'static>>;
/// A product, written before.
type Written = Prepared<Fresh>;

async fn create_product(shop: Shop, who: Staff, call: Call<CreateProductBody>) -> Answer<Fresh> {
    written(&shop, added(&shop, who, call).await?)
}

/// Adds a product; which one it is.
pub(super) async fn added(
    shop: &Shop,
    who: Staff,
    call: Call<CreateProductBody>,
) -> Answer<ProductId> {
    let wanted = call.body.wanted(currency_of(shop)?)?;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    Ok(shop.assortment.add(wanted, intent).await?.id)
}

async fn list_products(
    shop: Shop,
    who: Public,
    call: CallAsking<ProductsQuery>,
) -> Answer<Products> {
    let query = call.query;
    if query.status == Status::All && !who.is_staff() {
        return Err(Problem::forbidden());
    }
    let category = match &query.category {
        // What is in a category that is not there: nothing.
        Some(named) => Some(categories::id_of(&shop, named)?.unwrap_or_default()),
        None => None,
    };
    let selection = selection(&query, category, currency_of(&shop)?)?;
    match query.words.as_deref().filter(|words| !words.trim().is_empty()) {
        Some(words) => page_of_found(&shop, words, &query, selection).await,
        None => selection.page(&shop, query.paging),
    }
}

async fn show_product(shop: Shop, _: Public, call: CallOn<ProductId>) -> Answer<Cached<Written>> {
    shown(&shop, call.path)
}

async fn show_product_by_slug(
    shop: Shop,
    _: Public,
    call: CallOn<Word>,
) -> Answer<HereOr<Cached<Written>>> {
    let Word(slug) = call.path;
    by_slug(&shop, &slug)
}

async fn list_available_products(
    shop: Shop,
    _: Public,
    call: CallAsking<Paging>,
) -> Answer<Products> {
    let available = Selection { in_stock: Some(true), ..Selection::default() };
    available.page(&shop, call.query)
}

pub(super) async fn update_product(
    shop: Shop,
    who: Staff,
    call: Call<UpdateProductBody>,
) -> Answer<Fresh> {
    let id = call.body.id;
    let seen = call.from.if_match().seen(found(&shop, id)?.version)?;
    let changes = call.body.wanted(currency_of(&shop)?)?;
    let intent = shop.intent(who.as_cause()).under(call.key.map(RequestKey::to_store));
    let edited = shop.assortment.edit(id, changes, seen, intent).await?;
    let product = edited.ok_or_else(Problem::precondition_failed)?;
    written(&shop, product.id)
}

pub(super) async fn delete_product(
    shop: Shop,
    who: Staff,
    call: CallOn<ProductId>,
) -> Answer<DeletedView> {
    let intent = shop.intent(who.as_cause());
    let removed = shop.assortment.remove(call.path, intent).await?;
    Ok(DeletedView::of(removed.id, "Product deleted"))
}

async fn list_products_of_category(
    shop: Shop,
    _: Public,
    call: CallAsking<Paging, Word>,
) -> Answer<HereOr<Products>> {
    let Word(slug) = call.path;
    let category = match categories::by_slug(&shop, &slug)? {
        categories::Named::Now(category) => category,
        categories::Named::Before(slug) => {
            let path = format!("/v1/product/getproductsbycategory/{slug}");
            return Ok(HereOr::Moved(call.from.with_query(path)));
        }
        categories::Named::Nothing => return Err(Problem::not_found()),
    };
    let selection = Selection { category: Some(category), ..Selection::default() };
    selection.page(&shop, call.query).map(HereOr::Here)
}

async fn show_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<Fresh> {
    written(&shop, made.id.parse().map_err(Problem::fault)?)
}

/// The product with this slug, or where the product went that had it.
fn by_slug(shop: &Shop, slug: &str) -> Answer<HereOr<Cached<Written>>> {
    let held_by = shop.reader.row(&keys::product_by_slug(slug))?;
    let id: ProductId =
        held_by.and_then(|value| keys::held_by(&value)).ok_or_else(Problem::not_found)?;
    let product = found(shop, id)?.state;
    if product.slug == slug {
        return shown(shop, id).map(HereOr::Here);
    }
    Ok(HereOr::Moved(format!("/v1/product/getproductsbyslug/{}", product.slug)))
}

/// The product with its version, if it is in the catalogue.
pub(super) fn found(shop: &Shop, id: ProductId) -> Answer<Versioned<Product>> {
    let found = shop.reader.get::<Product>(id)?;
    if found.state.exists() { Ok(found) } else { Err(Problem::not_found()) }
}

fn shown(shop: &Shop, id: ProductId) -> Answer<Cached<Written>> {
    shop.renderings.answer(&shop.reader, id)?.ok_or_else(Problem::not_found)
}

fn written(shop: &Shop, id: ProductId) -> Answer<Fresh> {
    let shown = shop.renderings.show(&shop.reader, &found(shop, id)?)?;
    Ok(Rendered::new(vec![shown.json()]))
}

pub(super) fn currency_of(shop: &Shop) -> Answer<Currency> {
    Ok(shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency)
}

/// A description of 20,000 letters that are written as `\uXXXX`, and a hundred variants.
const BODY_BYTES_MAX: usize = 512 * 1024;

#[cfg(test)]
mod tests;
