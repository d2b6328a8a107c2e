//! Stock page: one SKU: who holds what until when, what came and went, and changes by hand.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    parts::{DoneQuery, MomentView, PagesView, actor, body_of, cursor_in, framed, paging},
    said::Said,
    stock_list::choice_of,
};
use crate::{
    domain::{
        catalogue::Product,
        ids::{HoldId, Identity, OrderId, ProductId, VariantId},
        inventory::{Hold, HoldFor, Ledger, Movement},
        orders::{self, OrderStatus},
    },
    http::{
        access::{Access, Caller, Staff},
        answer::Answer,
        call::{Call, CallAsking, CallOn, NoPath, NoQuery, Origin},
        cursor::Paging,
        fields::{Body, FieldFault, Fields},
        idempotency::Made,
        inventory::{add_stock, reduce_stock, release_stock, reserve_stock, update_inventory},
        limits::Class,
        listing::Rows,
        pages::{Filled, FormView, PageAnswer},
        problem::Problem,
        storefront::sign_in::Nothing,
        table::{Operation, op},
    },
    shop::Shop,
    store::{Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let path = "/admin/stock/{id}";
    vec![
        op(Method::GET, path, Class::Reads, "Show the stock of a SKU to staff", show),
        op(Method::POST, path, Class::Writes, "Change the stock of a SKU", change).again(led_back),
    ]
}

async fn show(
    shop: Shop,
    who: Staff,
    call: CallAsking<MovementsQuery, VariantId>,
) -> Answer<PageAnswer> {
    let MovementsQuery { cursor, done } = call.query;
    shown(&shop, *who, &call.from, call.path, (Said::done(done.done), cursor))
}

async fn change(
    shop: Shop,
    who: Staff,
    mut call: CallOn<VariantId, Filled<Nothing>>,
) -> Answer<PageAnswer> {
    let (id, from) = (call.path, call.from.clone());
    let typed = std::mem::take(&mut call.body.typed);
    match changed(&shop, who, call, &typed).await {
        Ok(done) => Ok(PageAnswer::to(format!("/admin/stock/{id}?done={done}"))),
        Err(problem) => {
            let said = Said::refused(typed, problem, &REFUSED_AT)?;
            shown(&shop, *who, &from, id, (said, None))
        }
    }
}

/// Does what the pressed button says, as the API does it; what is said afterwards.
async fn changed(
    shop: &Shop,
    who: Staff,
    call: CallOn<VariantId, Filled<Nothing>>,
    typed: &BTreeMap<String, String>,
) -> Answer<&'static str> {
    let (id, shop) = (call.path, shop.clone());
    let text = |name: &str| typed.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let Call { key, from, .. } = call;
    let mut json = json!({});
    match text("act") {
        Some("watch") => {
            let json = changes(&text);
            if json == json!({}) {
                return Ok("unchanged");
            }
            let body = body_of(&json).map_err(|faults| named(faults, "count"))?;
            let path = ProductId::from_bytes(id.bytes());
            let call = Call { path, query: NoQuery, body, key, from };
            update_inventory(shop, who, call).await?;
        }
        Some(act @ ("hold" | "release")) => {
            json["productId"] = json!(id.to_string());
            put(&mut json, "quantity", text("units"));
            if let Some(reference) = text("reference") {
                json["orderId"] = json!(reference);
            }
            let body = body_of(&json).map_err(|faults| named(faults, "units"))?;
            let call = Call { path: NoPath, query: NoQuery, body, key, from };
            match act {
                "hold" => drop(reserve_stock(shop, who, call).await?),
                _ => drop(release_stock(shop, who, call).await?),
            }
        }
        Some(_) | None => {
            let delta = text("delta").unwrap_or_default().replace('−', "-");
            let (comes, units) = match delta.strip_prefix('-') {
                Some(units) => (false, units),
                None => (true, delta.trim_start_matches('+')),
            };
            if units.parse() == Ok(0) {
                return Err(Problem::invalid_field("/delta", "out_of_range", "must not be 0"));
            }
            if text("reason").is_none() {
                return Err(Problem::invalid_field("/reason", "required", "say why"));
            }
            json["productId"] = json!(id.to_string());
            put(&mut json, "quantity", Some(units).filter(|units| !units.is_empty()));
            json["reason"] = json!(text("reason"));
            let body = body_of(&json).map_err(|faults| named(faults, "delta"))?;
            let call = Call { path: NoPath, query: NoQuery, body, key, from };
            match comes {
                true => drop(add_stock(shop, who, call).await?),
                false => drop(reduce_stock(shop, who, call).await?),
            }
        }
    }
    Ok("adjusted")
}

fn put(json: &mut Value, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        json[name] = value.parse::<i64>().map_or_else(|_| json!(value), Value::from);
    }
}

/// What differs from what the form was made with: what somebody else has set meanwhile stays.
fn changes<'a>(text: &impl Fn(&str) -> Option<&'a str>) -> Value {
    let mut json = json!({});
    put(&mut json, "quantity", text("count"));
    if text("lowStockThreshold") != text("wasLowAt") {
        put(&mut json, "lowStockThreshold", text("lowStockThreshold"));
    }
    let is_active = text("isActive").is_some();
    if text("wasActive") != Some(if is_active { "true" } else { "false" }) {
        json["isActive"] = json!(is_active);
    }
    json
}

/// Faults of the quantity at the field it was typed into.
fn named(faults: Vec<FieldFault>, field: &str) -> Problem {
    let place = |fault: FieldFault| match fault.pointer.as_str() {
        "/quantity" => FieldFault { pointer: format!("/{field}"), ..fault },
        "/orderId" => FieldFault { pointer: "/reference".to_owned(), ..fault },
        _ => fault,
    };
    Problem::invalid(faults.into_iter().map(place).collect())
}

async fn led_back(_: Shop, _: Option<Caller>, made: Made) -> Answer<PageAnswer> {
    let variant: VariantId = made.id.parse().map_err(|_| Problem::not_found())?;
    Ok(PageAnswer::to(format!("/admin/stock/{variant}")))
}

/// The page, with what is said on it, and its movements from a place on.
fn shown(
    shop: &Shop,
    who: Caller,
    from: &Origin,
    id: VariantId,
    (mut said, cursor): (Said, Option<String>),
) -> Answer<PageAnswer> {
    let ledger = shop.reader.get::<Ledger>(id)?.state;
    if ledger.sku.is_empty() {
        return Err(Problem::not_found());
    }
    let product = shop.reader.get::<Product>(ledger.product)?.state;
    let frame = framed(shop, who, from, &format!("Stock of {}", product.name))?;
    let (frame, form) = said.on(frame);
    let paging = paging(cursor);
    let (movements, pages) = movements(shop, id, &paging)?;
    let view = StockView {
        id: id.to_string(),
        product: product.id.to_string(),
        name: product.name.clone(),
        choice: choice_of(&product, id),
        sku: ledger.sku.clone(),
        on_hand: ledger.on_hand,
        reserved: ledger.reserved,
        available: ledger.available(),
        sold: ledger.sold,
        returned: ledger.returned,
        threshold: ledger.low_stock_threshold,
        is_low: ledger.is_low(),
        is_active: ledger.is_active,
        is_closed: !ledger.exists(),
        holders: holders(shop, id, Access::Admin.admits(who.role))?,
        movements,
        pages,
        form,
        done: said.done,
    };
    frame.show("admin/stock-item.html", &view)
}

/// Who holds units of it: orders that wait for their money, and what is set aside by hand.
fn holders(shop: &Shop, id: VariantId, may_see_orders: bool) -> Answer<Vec<HolderView>> {
    let mut holders = Vec::new();
    let rows = shop.reader.rows(&keys::manual_holds(id), None, Order::Ascending, HOLDS_MAX)?;
    for hold in rows.iter().filter_map(|(key, _)| key.last_id::<HoldId>()) {
        let hold = shop.reader.get::<Hold>(hold)?.state;
        let reference = match &hold.held_for {
            HoldFor::Manual { reference } => reference.clone(),
            HoldFor::Order(_) => None,
        };
        holders.push(HolderView {
            who: reference.map_or("By hand".to_owned(), |words| format!("By hand: {words}")),
            path: None,
            units: hold.quantity,
            since: MomentView::of(shop, hold.held_at),
            until: None,
        });
    }
    let pending = keys::orders_in(OrderStatus::Pending);
    let rows = shop.reader.rows(&pending, None, Order::Descending, ORDERS_LOOKED_AT_MAX)?;
    for order in rows.iter().filter_map(|(key, _)| key.last_id::<OrderId>()) {
        let order = shop.reader.get::<orders::Order>(order)?.state;
        for line in order.quote.lines.iter().filter(|line| line.variant == id) {
            // A line's hold has the bytes of the line's id.
            let hold = shop.reader.get::<Hold>(HoldId::from_bytes(line.id.bytes()))?.state;
            if hold.state != crate::domain::inventory::HoldState::Held {
                continue;
            }
            holders.push(HolderView {
                who: format!("Order {}", order.number),
                path: may_see_orders.then(|| format!("/admin/orders/{}", order.id)),
                units: hold.quantity,
                since: MomentView::of(shop, hold.held_at),
                until: Some(MomentView::of(shop, order.hold_until)),
            });
        }
    }
    Ok(holders)
}

fn movements(
    shop: &Shop,
    id: VariantId,
    paging: &Paging,
) -> Answer<(Vec<MovementView>, PagesView)> {
    let rows = Rows::all(format!("movements of {id}"), keys::movements(id), Order::Descending);
    let page = rows.page(&shop.reader, &shop.cursors, paging, |_, value| {
        let movement: Movement = serde_json::from_slice(value).map_err(Problem::fault)?;
        MovementView::of(shop, &movement).map(Some)
    })?;
    let pages = PagesView::of(&format!("/admin/stock/{id}"), paging, &page);
    Ok((page.items, pages))
}

struct MovementsQuery {
    cursor: Option<String>,
    done: DoneQuery,
}

impl Body for MovementsQuery {
    fn read(fields: &mut Fields<'_>) -> MovementsQuery {
        MovementsQuery { cursor: cursor_in(fields), done: DoneQuery::read(fields) }
    }
}

#[derive(Serialize)]
struct StockView {
    id: String,
    product: String,
    name: String,
    choice: String,
    sku: String,
    on_hand: u32,
    reserved: u32,
    available: u32,
    sold: u64,
    returned: u64,
    threshold: u32,
    is_low: bool,
    is_active: bool,
    is_closed: bool,
    holders: Vec<HolderView>,
    movements: Vec<MovementView>,
    pages: PagesView,
    form: FormView,
    done: Option<&'static str>,
}

#[derive(Serialize)]
struct HolderView {
    who: String,
    path: Option<String>,
    units: u32,
    since: MomentView,
    /// Nothing: until somebody gives it back.
    until: Option<MomentView>,
}

#[derive(Serialize)]
struct MovementView {
    at: MomentView,
    what: &'static str,
    units: String,
    on_hand: u32,
    reserved: u32,
    why: String,
    who: String,
}

impl MovementView {
    fn of(shop: &Shop, movement: &Movement) -> Answer<MovementView> {
        let why = match (&movement.reason, &movement.held_for) {
            (Some(reason), _) => reason.clone(),
            (None, Some(HoldFor::Order(order))) => {
                let order = shop.reader.get::<orders::Order>(*order)?.state;
                if order.exists() { format!("Order {}", order.number) } else { String::new() }
            }
            (None, Some(HoldFor::Manual { reference })) => reference.clone().unwrap_or_default(),
            (None, None) => String::new(),
        };
        let sign = if movement.units > 0 { "+" } else { "" };
        Ok(MovementView {
            at: MomentView::of(shop, movement.at),
            what: movement.kind.name(),
            units: format!("{sign}{}", movement.units).replace('-', "−"),
            on_hand: movement.on_hand,
            reserved: movement.reserved,
            why,
            who: actor(shop, movement.who)?,
        })
    }
}

/// Which refusals are about which field.
const REFUSED_AT: [(&str, &str); 1] = [("below_reserved", "count")];
const HOLDS_MAX: usize = 200;
/// The newest orders to be paid that are looked through for those who hold units.
const ORDERS_LOOKED_AT_MAX: usize = 1_000;
