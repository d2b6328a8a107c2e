//! Overview: what is to be done, and how the shop sells. The first page staff see.

use actix_web::http::Method;
use serde::Serialize;

use super::{
    charts::{ChartView, charts},
    figures::{Figures, FiguresBoard, QUARTERS_A_DAY, begin_of, quarter_of, waits_for_staff},
    order_list,
    order_view::waits_for,
    parts::framed,
    to_do::{ToDoView, to_do},
};
use crate::{
    domain::{
        catalogue::Product,
        ids::{CourierId, OrderId, ShopId, VariantId},
        inventory::Ledger,
        orders::{self, OrderStatus, PaymentMethod},
        settings,
    },
    http::{
        access::{Access, Staff},
        answer::Answer,
        call::Call,
        limits::Class,
        pages::{PageAnswer, words},
        table::{Operation, op},
    },
    shop::Shop,
    store::{Key, Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/admin", Class::Reads, "Show what is to be done", show)]
}

async fn show(shop: Shop, who: Staff, call: Call) -> Answer<PageAnswer> {
    let frame = framed(&shop, *who, &call.from, "Overview")?;
    let figures = FiguresBoard::look(&shop).await?;
    let is_admin = Access::Admin.admits(who.role);
    let currency = shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency;
    let charts = match is_admin && !figures.is_awaited() {
        true => charts(&figures, shop.clock.now(), &shop.zone, currency),
        false => Vec::new(),
    };
    let is_partial = figures.counted_from > quarter_of(figures.at) - QUARTERS_A_DAY * 30;
    let view = OverviewView {
        to_do: if is_admin { to_do(&shop)? } else { Vec::new() },
        tiles: tiles(&shop, &figures, is_admin)?,
        low: low(&shop, &figures.low, LOW_SHOWN)?,
        counted_since: (is_admin && is_partial)
            .then(|| words::moment(begin_of(figures.counted_from), &shop.zone)),
        is_awaited: figures.is_awaited(),
        money_waits: if is_admin { money_waits(&shop, &figures)? } else { Vec::new() },
        charts,
    };
    frame.show("admin/overview.html", &view)
}

/// What is to be done, and where.
fn tiles(shop: &Shop, figures: &Figures, is_admin: bool) -> Answer<Vec<TileView>> {
    let low = TileView {
        label: "Low stock",
        figure: figures.low_count.to_string(),
        path: "/admin/stock?only=low",
        is_pressing: figures.low_count > 0,
    };
    if !is_admin {
        return Ok(vec![low]);
    }
    let Before { to_ship, to_be_paid } = before_shipped(shop)?;
    let disputes = counted(shop, &keys::disputed_orders())?;
    let dead = dead_letters(shop)?;
    let tile = |label, (figure, is_pressing), path| TileView { label, figure, path, is_pressing };
    let mut tiles = vec![tile("To ship", said(to_ship), order_list::TO_SHIP)];
    if to_be_paid > 0 {
        let path = "/admin/orders?status=PENDING";
        tiles.push(tile("Waiting for a bank transfer", said(to_be_paid), path));
    }
    tiles.extend([
        low,
        tile("Disputes", disputes, "/admin/orders?dispute=open"),
        tile("Undelivered messages", dead, "/admin/system"),
    ]);
    Ok(tiles)
}

/// Orders whose money waits for staff, with what is to be done.
fn money_waits(shop: &Shop, figures: &Figures) -> Answer<Vec<MoneyWaitsView>> {
    let mut views = Vec::new();
    for id in &figures.money_waits {
        let order = shop.reader.get::<orders::Order>(*id)?.state;
        // It may have been done since it was counted.
        let Some(waiting) = waits_for_staff(&shop.reader, &order, shop.clock.now())? else {
            continue;
        };
        let (number, path) = (order.number, format!("/admin/orders/{id}"));
        views.push(MoneyWaitsView { number, path, waits: waits_for(&order, waiting) });
    }
    Ok(views)
}

/// Orders that did not leave the house yet.
#[derive(Default)]
struct Before {
    to_ship: usize,
    /// By a transfer, which nobody but the owner will see.
    to_be_paid: usize,
}

/// How many there are, out of the newest that are looked at.
fn before_shipped(shop: &Shop) -> Answer<Before> {
    let mut before = Before::default();
    for status in OrderStatus::BEFORE_SHIPPED {
        let list = keys::orders_in(status);
        let rows = shop.reader.rows(&list, None, Order::Descending, COUNTED_MAX + 1)?;
        for id in rows.iter().filter_map(|(key, _)| key.last_id::<OrderId>()) {
            let order = shop.reader.get::<orders::Order>(id)?.state;
            let is_awaited =
                order.status == OrderStatus::Pending && order.method == PaymentMethod::BankTransfer;
            before.to_ship += usize::from(order.is_to_ship());
            before.to_be_paid += usize::from(is_awaited);
        }
    }
    Ok(before)
}

/// How many rows there are, up to a limit, and whether there are any.
fn counted(shop: &Shop, prefix: &Key) -> Answer<(String, bool)> {
    let rows = shop.reader.rows(prefix, None, Order::Ascending, COUNTED_MAX + 1)?.len();
    Ok(said(rows))
}

fn said(count: usize) -> (String, bool) {
    let figure = if count > COUNTED_MAX { format!("{COUNTED_MAX}+") } else { count.to_string() };
    (figure, count > 0)
}

/// What couriers have given up.
fn dead_letters(shop: &Shop) -> Answer<(String, bool)> {
    let couriers = shop.reader.rows(&keys::couriers(), None, Order::Ascending, COURIERS_MAX)?;
    let mut count = 0;
    for courier in couriers.iter().filter_map(|(key, _)| key.last_id::<CourierId>()) {
        let (letters, left) = (keys::dead_letters(courier), COUNTED_MAX + 1 - count);
        count += shop.reader.rows(&letters, None, Order::Ascending, left)?.len();
        if count > COUNTED_MAX {
            break;
        }
    }
    Ok(said(count))
}

/// What runs low, by name.
///
/// # Errors
/// A fault of the store.
pub(super) fn low(shop: &Shop, low: &[VariantId], most: usize) -> Answer<Vec<LowView>> {
    let mut views = Vec::new();
    for id in low.iter().take(most) {
        let ledger = shop.reader.get::<Ledger>(*id)?.state;
        let product = shop.reader.get::<Product>(ledger.product)?.state;
        if !product.exists() {
            continue;
        }
        let choice = product.variants.get(id).map(|variant| {
            variant.options.values().map(String::as_str).collect::<Vec<_>>().join(", ")
        });
        views.push(LowView {
            name: product.name.clone(),
            choice: choice.unwrap_or_default(),
            sku: ledger.sku.clone(),
            available: ledger.available(),
            reserved: ledger.reserved,
            path: format!("/admin/stock/{id}"),
        });
    }
    Ok(views)
}

#[derive(Serialize)]
struct OverviewView {
    /// What the shop lacks, for admins.
    to_do: Vec<ToDoView>,
    tiles: Vec<TileView>,
    charts: Vec<ChartView>,
    counted_since: Option<String>,
    /// Whether nothing was counted yet.
    is_awaited: bool,
    low: Vec<LowView>,
    money_waits: Vec<MoneyWaitsView>,
}

/// An order whose money waits for staff.
#[derive(Serialize)]
struct MoneyWaitsView {
    number: u64,
    path: String,
    waits: &'static str,
}

#[derive(Serialize)]
struct TileView {
    label: &'static str,
    figure: String,
    path: &'static str,
    is_pressing: bool,
}

/// Something that runs low.
#[derive(Serialize)]
pub(super) struct LowView {
    name: String,
    choice: String,
    sku: String,
    available: u32,
    reserved: u32,
    path: String,
}

/// Beyond this, nobody counts.
const COUNTED_MAX: usize = 999;
const COURIERS_MAX: usize = 200;
const LOW_SHOWN: usize = 8;
