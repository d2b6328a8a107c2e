//! Inventory: what is on the shelves, and how it came and went.
//!
//! | Method | Path                                    | Does                            | Who    |
//! |--------|-----------------------------------------|---------------------------------|--------|
//! | POST   | /v1/inventory/createinventory           | sets the starting quantity      | staff  |
//! | GET    | /v1/inventory/getinventoryforproduct/{id} | shows a ledger                | public |
//! | GET    | /v1/inventory/getavailableproducts      | lists what can be ordered now   | public |
//! | PATCH  | /v1/inventory/updateinventory/{productId} | counts, watches, stops sales  | staff  |
//! | POST   | /v1/inventory/addstock                  | takes units in                  | staff  |
//! | POST   | /v1/inventory/reducestock               | takes units off the shelf       | staff  |
//! | POST   | /v1/inventory/reservestock              | sets units aside by hand        | staff  |
//! | POST   | /v1/inventory/releasestock              | gives back what was set aside   | staff  |
//! | GET    | /v1/inventory/ledger/{productId}        | lists every movement            | staff  |
//! | GET    | /v1/inventory/low-stock                 | lists what to order             | staff  |
//!
//! An id names a product or an inventory, which is a variant; of a product with several variants
//! one must be named.

pub(super) mod body;
pub(super) mod view;

use std::sync::Arc;

use actix_web::http::Method;

use self::{
    body::{
        AdjustStockBody, CreateInventoryBody, HoldStockBody, LedgerQuery, Named,
        UpdateInventoryBody, VariantQuery,
    },
    view::{InventoryView, MovementView},
};
use super::{
    access::{Caller, Public, Staff},
    answer::{Answer, Cached, Page, REVALIDATE},
    call::{Call, CallAsking, CallOn, NoBody},
    cursor::Paging,
    etag::ETag,
    idempotency::{Made, RequestKey},
    limits::Class,
    listing::Rows,
    problem::Problem,
    table::{Operation, op},
};
use crate::{
    actors::inventory::{Stocktaking, TakeStock},
    domain::{
        catalogue::{CatalogueRefusal, Product},
        ids::{Identity, ProductId, VariantId},
        inventory::{Ledger, Movement},
    },
    shop::Shop,
    store::{Order, Versioned, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let write = Class::Writes;
    let mut operations = reads();
    operations.extend(
        [
            op(
                Method::POST,
                "/v1/inventory/createinventory",
                write,
                "Set the starting quantity of a product",
                create_inventory,
            ),
            op(
                Method::PATCH,
                "/v1/inventory/updateinventory/{productId}",
                write,
                "Count stock, or change how it is watched",
                update_inventory,
            ),
            op(Method::POST, "/v1/inventory/addstock", write, "Take units in", add_stock),
            op(Method::POST, "/v1/inventory/reducestock", write, "Take units out", reduce_stock),
            op(
                Method::POST,
                "/v1/inventory/reservestock",
                write,
                "Set units aside by hand",
                reserve_stock,
            ),
            op(
                Method::POST,
                "/v1/inventory/releasestock",
                write,
                "Give back units that were set aside by hand",
                release_stock,
            ),
        ]
        .map(|write| write.again(show_again)),
    );
    operations
}

fn reads() -> Vec<Operation<Shop>> {
    let (get, read) = (Method::GET, Class::Reads);
    vec![
        op(
            get.clone(),
            "/v1/inventory/getinventoryforproduct/{id}",
            read,
            "Show the stock of a product",
            show_inventory,
        ),
        op(
            get.clone(),
            "/v1/inventory/getavailableproducts",
            read,
            "List stock that can be ordered now",
            list_available,
        ),
        op(
            get.clone(),
            "/v1/inventory/ledger/{productId}",
            read,
            "List every movement",
            list_movements,
        ),
        op(get, "/v1/inventory/low-stock", read, "List stock that runs low", list_low_stock),
    ]
}

async fn create_inventory(
    shop: Shop,
    who: Staff,
    call: Call<CreateInventoryBody>,
) -> Answer<InventoryView> {
    let CreateInventoryBody { named, quantity } = call.body;
    take_stock(shop, who, named, (call.key, None), Stocktaking::Begin { on_hand: quantity }).await
}

async fn show_inventory(
    shop: Shop,
    _: Public,
    call: CallAsking<VariantQuery, ProductId>,
) -> Answer<Cached<InventoryView>> {
    let named = Named { product: call.path, variant: call.query.variant };
    let Meant { product, variant } = meant(&shop, named)?;
    let ledger = shop.reader.get::<Ledger>(variant)?;
    if !ledger.state.exists() {
        return Err(Problem::not_found());
    }
    Ok(Cached {
        etag: ETag::of_figures(ledger.state.edits, figures(&product, &ledger)),
        control: REVALIDATE,
        answer: InventoryView::of(&ledger.state, &product.state),
    })
}

async fn list_available(
    shop: Shop,
    _: Public,
    call: CallAsking<Paging>,
) -> Answer<Cached<Page<InventoryView>>> {
    let mut marks = Vec::new();
    let rows = Rows::all("available inventories", keys::ledgers(), Order::Ascending);
    let page = rows.page(&shop.reader, &shop.cursors, &call.query, |key, _| {
        let Some(id) = key.last_id::<VariantId>() else { return Ok(None) };
        let ledger = shop.reader.get::<Ledger>(id)?;
        if !ledger.state.is_active || ledger.state.available() == 0 {
            return Ok(None);
        }
        let product = shop.reader.get::<Product>(ledger.state.product)?;
        if !product.state.exists() || !product.state.is_active {
            return Ok(None);
        }
        marks.extend_from_slice(&id.bytes());
        marks.extend_from_slice(&product.version.to_be_bytes());
        marks.extend_from_slice(&ledger.version.to_be_bytes());
        Ok(Some(InventoryView::of(&ledger.state, &product.state)))
    })?;
    marks.extend_from_slice(page.next_cursor.as_deref().unwrap_or_default().as_bytes());
    Ok(Cached { etag: ETag::of_bytes(&marks), control: REVALIDATE, answer: page })
}

pub(super) async fn update_inventory(
    shop: Shop,
    who: Staff,
    call: CallOn<ProductId, UpdateInventoryBody>,
) -> Answer<InventoryView> {
    let UpdateInventoryBody { variant, quantity, is_active, low_stock_threshold } = call.body;
    let named = Named { product: call.path, variant };
    let ledger = shop.reader.get::<Ledger>(meant(&shop, named)?.variant)?.state;
    let seen = call.from.if_match().seen(ledger.edits)?;
    let update = Stocktaking::Update { on_hand: quantity, is_active, low_stock_threshold };
    take_stock(shop, who, named, (call.key, seen), update).await
}

pub(super) async fn add_stock(
    shop: Shop,
    who: Staff,
    call: Call<AdjustStockBody>,
) -> Answer<InventoryView> {
    let AdjustStockBody { named, quantity, reason } = call.body;
    let receive = Stocktaking::Receive { quantity, reason };
    take_stock(shop, who, named, (call.key, None), receive).await
}

pub(super) async fn reduce_stock(
    shop: Shop,
    who: Staff,
    call: Call<AdjustStockBody>,
) -> Answer<InventoryView> {
    let AdjustStockBody { named, quantity, reason } = call.body;
    let withdraw = Stocktaking::Withdraw { quantity, reason };
    take_stock(shop, who, named, (call.key, None), withdraw).await
}

pub(super) async fn reserve_stock(
    shop: Shop,
    who: Staff,
    call: Call<HoldStockBody>,
) -> Answer<InventoryView> {
    let HoldStockBody { named, quantity, reference } = call.body;
    let hold = shop.clock.new_id();
    let hold = Stocktaking::Hold { hold, quantity, reference };
    take_stock(shop, who, named, (call.key, None), hold).await
}

pub(super) async fn release_stock(
    shop: Shop,
    who: Staff,
    call: Call<HoldStockBody>,
) -> Answer<InventoryView> {
    let HoldStockBody { named, quantity, reference } = call.body;
    let release = Stocktaking::Release { quantity, reference };
    take_stock(shop, who, named, (call.key, None), release).await
}

async fn list_movements(
    shop: Shop,
    _: Staff,
    call: Call<NoBody, LedgerQuery, ProductId>,
) -> Answer<Page<MovementView>> {
    let LedgerQuery { variant, paging } = call.query;
    let variant = history_meant(&shop, Named { product: call.path, variant })?;
    let name = format!("movements of {variant}");
    let rows = Rows::all(name, keys::movements(variant), Order::Descending);
    rows.page(&shop.reader, &shop.cursors, &paging, |_, value| {
        let movement: Movement = serde_json::from_slice(value).map_err(Problem::fault)?;
        Ok(Some(MovementView::of(&movement)))
    })
}

async fn list_low_stock(
    shop: Shop,
    _: Staff,
    call: CallAsking<Paging>,
) -> Answer<Page<InventoryView>> {
    let rows = Rows::all("low stock", keys::low_stock(), Order::Ascending);
    rows.page(&shop.reader, &shop.cursors, &call.query, |key, _| {
        let Some(id) = key.last_id::<VariantId>() else { return Ok(None) };
        let ledger = shop.reader.get::<Ledger>(id)?.state;
        Ok(if ledger.is_low() { Some(view_of(&shop, &ledger)?) } else { None })
    })
}

async fn show_again(shop: Shop, _: Option<Caller>, made: Made) -> Answer<InventoryView> {
    let variant: VariantId = made.id.parse().map_err(Problem::fault)?;
    view_of(&shop, &shop.reader.get::<Ledger>(variant)?.state)
}

/// Asks one thing of the ledger that is meant, and shows it then.
async fn take_stock(
    shop: Shop,
    who: Staff,
    named: Named,
    (key, seen): (Option<RequestKey>, Option<u64>),
    asked: Stocktaking,
) -> Answer<InventoryView> {
    let variant = meant(&shop, named)?.variant;
    let intent = shop.intent(who.as_cause()).under(key.map(RequestKey::to_store)).seeing(seen);
    let ledger: Arc<Ledger> =
        shop.desks.inventory.ask(TakeStock { variant, asked }, intent).await?;
    view_of(&shop, &ledger)
}

/// What is shown beside what staff changes: the product, and the stock as orders move it.
fn figures(product: &Versioned<Product>, ledger: &Versioned<Ledger>) -> u128 {
    u128::from(product.version) << 64 | u128::from(ledger.version)
}

fn view_of(shop: &Shop, ledger: &Ledger) -> Answer<InventoryView> {
    let product = shop.reader.get::<Product>(ledger.product)?.state;
    Ok(InventoryView::of(ledger, &product))
}

/// A variant that was named, and its product.
struct Meant {
    product: Versioned<Product>,
    variant: VariantId,
}

/// The variant that is meant by the id of a product or of an inventory.
fn meant(shop: &Shop, named: Named) -> Answer<Meant> {
    let product = shop.reader.get::<Product>(named.product)?;
    if product.state.exists() {
        let variant = product.state.pick_variant(named.variant)?;
        return Ok(Meant { product, variant });
    }
    let variant = VariantId::from_bytes(named.product.bytes());
    let held_by = shop.reader.row(&keys::product_by_variant(variant))?;
    let id: Option<ProductId> = held_by.and_then(|value| keys::held_by(&value));
    let product = shop.reader.get::<Product>(id.ok_or_else(Problem::not_found)?)?;
    if !product.state.exists() || named.variant.is_some_and(|other| other != variant) {
        return Err(Problem::not_found());
    }
    Ok(Meant { product, variant })
}

/// The same, also of what is no longer sold: its history stays.
fn history_meant(shop: &Shop, named: Named) -> Answer<VariantId> {
    let own = named.variant.unwrap_or(VariantId::from_bytes(named.product.bytes()));
    let ledger = shop.reader.get::<Ledger>(own)?.state;
    let fits = ledger.product == named.product || own.bytes() == named.product.bytes();
    if !ledger.sku.is_empty() && fits {
        return Ok(own);
    }
    let product = shop.reader.get::<Product>(named.product)?.state;
    if product.deleted && named.variant.is_none() {
        return Ok(product.only_variant().ok_or(CatalogueRefusal::VariantRequired)?);
    }
    meant(shop, named).map(|meant| meant.variant)
}
