//! Stock list: what is on the shelves of each SKU, and what runs low.

use actix_web::http::Method;
use serde::Serialize;

use super::{
    figures::FiguresBoard,
    parts::{PagesView, address, chosen_in, cursor_in, framed, paging, words_in},
    product_list::named,
};
use crate::{
    domain::{catalogue::Product, ids::VariantId, inventory::Ledger},
    http::{
        access::Staff,
        answer::{Answer, Page},
        call::CallAsking,
        fields::{Body, Fields},
        limits::Class,
        listing::Rows,
        pages::PageAnswer,
        table::{Operation, op},
    },
    shop::Shop,
    store::{Order, keys},
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    vec![op(Method::GET, "/admin/stock", Class::Reads, "List stock to staff", list)]
}

async fn list(shop: Shop, who: Staff, call: CallAsking<StockQuery>) -> Answer<PageAnswer> {
    let StockQuery { q, low, cursor } = call.query;
    let paging = paging(cursor);
    let mut note = None;
    let page = if !q.is_empty() {
        let mut ids = Vec::new();
        for product in named(&shop, &q)? {
            let product = shop.reader.get::<Product>(product)?.state;
            ids.extend(product.variants_in_order().iter().map(|variant| variant.id));
        }
        let rows = rows_of(&shop, ids.into_iter().take(ROWS_MAX))?;
        Page::whole(rows.into_iter().filter(|row| row.is_low || !low).collect())
    } else if low {
        let figures = FiguresBoard::look(&shop).await?;
        if figures.low_is_partial || figures.low_count > figures.low.len() {
            note = Some(format!("{} run low; these are the first.", figures.low_count));
        }
        Page::whole(rows_of(&shop, figures.low.iter().copied())?)
    } else {
        let rows = Rows::all("staff stock", keys::ledgers(), Order::Ascending);
        rows.page(&shop.reader, &shop.cursors, &paging, |key, _| {
            RowView::of(&shop, key.last_id().unwrap_or_default())
        })?
    };
    let title = if low { "Low stock" } else { "Stock" };
    let frame = framed(&shop, *who, &call.from, title)?;
    let view = StockListView {
        pages: PagesView::of(&address("/admin/stock", &[("q", &q)]), &paging, &page),
        rows: page.items,
        is_low: low,
        note,
        q,
    };
    frame.show("admin/stock.html", &view)
}

fn rows_of(shop: &Shop, ids: impl Iterator<Item = VariantId>) -> Answer<Vec<RowView>> {
    let mut rows = Vec::new();
    for id in ids {
        rows.extend(RowView::of(shop, id)?);
    }
    Ok(rows)
}

struct StockQuery {
    q: String,
    low: bool,
    cursor: Option<String>,
}

impl Body for StockQuery {
    fn read(fields: &mut Fields<'_>) -> StockQuery {
        StockQuery {
            q: words_in(fields, "q"),
            low: chosen_in(fields, "only", &[("low", ())]).is_some(),
            cursor: cursor_in(fields),
        }
    }
}

#[derive(Serialize)]
struct StockListView {
    rows: Vec<RowView>,
    is_low: bool,
    note: Option<String>,
    q: String,
    pages: PagesView,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    name: String,
    choice: String,
    sku: String,
    on_hand: u32,
    reserved: u32,
    available: u32,
    is_low: bool,
    is_active: bool,
}

impl RowView {
    /// A ledger that is there, of a product that is there.
    fn of(shop: &Shop, id: VariantId) -> Answer<Option<RowView>> {
        let ledger = shop.reader.get::<Ledger>(id)?.state;
        let product = shop.reader.get::<Product>(ledger.product)?.state;
        if !ledger.exists() || !product.exists() {
            return Ok(None);
        }
        Ok(Some(RowView {
            id: id.to_string(),
            name: product.name.clone(),
            choice: choice_of(&product, id),
            sku: ledger.sku.clone(),
            on_hand: ledger.on_hand,
            reserved: ledger.reserved,
            available: ledger.available(),
            is_low: ledger.is_low(),
            is_active: ledger.is_active,
        }))
    }
}

/// What is chosen of a product with this variant, as `S, red`.
pub(super) fn choice_of(product: &Product, variant: VariantId) -> String {
    let options = product.variants.get(&variant).map(|variant| &variant.options);
    let values = options.into_iter().flat_map(|options| options.values());
    values.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Rows that are found by words.
const ROWS_MAX: usize = 200;
