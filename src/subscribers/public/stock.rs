//! What the outside is told of stock: everybody how much can be bought, staff also why.

use serde::Serialize;

use super::{NUMBER_OF_STOCK, Told, written};
use crate::{
    domain::{
        ids::{OrderId, ProductId, VariantId},
        inventory::{Balance, HoldFor, Ledger, LedgerEvent},
        quantity::Quantity,
    },
    shapes::Id,
    store::{Reader, StoreFault},
};

/// What everybody may know.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Public {
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    sku: String,
    available: u32,
}

/// What staff is told besides.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(flatten)]
    public: Public,
    quantity_on_hand: u32,
    reserved: u32,
    movement: &'static str,
    quantity: Option<u32>,
    order_id: Option<Id<OrderId>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Watched {
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    sku: String,
    is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    low_stock_threshold: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Low {
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    sku: String,
    available: u32,
    low_stock_threshold: u32,
}

/// What an event of a ledger is called, and what is said of it.
pub(super) fn told(
    (id, event): &(VariantId, LedgerEvent),
    reader: &Reader,
) -> Result<Option<Told>, StoreFault> {
    let ledger = &reader.get::<Ledger>(*id)?.state;
    let moved = |movement, quantity: Option<Quantity>, held_for: Option<&HoldFor>, after| {
        Some(moved(*id, ledger, movement, quantity, held_for, after))
    };
    Ok(match event {
        LedgerEvent::LedgerOpened { product, sku, on_hand, .. } => {
            let after = Balance { on_hand: *on_hand, reserved: 0 };
            let ledger = Ledger { product: *product, sku: sku.clone(), ..Ledger::default() };
            Some(self::moved(*id, &ledger, "opened", None, None, after))
        }
        LedgerEvent::StartingStockSet { after, .. } => moved("counted", None, None, *after),
        LedgerEvent::StockReceived { quantity, after, .. } => {
            moved("received", Some(*quantity), None, *after)
        }
        LedgerEvent::StockWithdrawn { quantity, after, .. } => {
            moved("withdrawn", Some(*quantity), None, *after)
        }
        LedgerEvent::StockCounted { after, .. } => moved("counted", None, None, *after),
        LedgerEvent::StockReserved { quantity, held_for, after, .. } => {
            moved("reserved", Some(*quantity), Some(held_for), *after)
        }
        LedgerEvent::StockReleased { quantity, held_for, after, .. } => {
            moved("released", Some(*quantity), Some(held_for), *after)
        }
        LedgerEvent::StockCommitted { quantity, held_for, after, .. } => {
            moved("sold", Some(*quantity), Some(held_for), *after)
        }
        LedgerEvent::StockReturned { quantity, held_for, after, .. } => {
            moved("returned", Some(*quantity), Some(held_for), *after)
        }
        LedgerEvent::LedgerSettingsChanged { is_active, low_stock_threshold, .. } => {
            Some(watched(*id, ledger, *is_active, *low_stock_threshold))
        }
        LedgerEvent::StockRanLow { available, threshold } => {
            let data = Low {
                product_id: Id(ledger.product),
                variant_id: Id(*id),
                sku: ledger.sku.clone(),
                available: *available,
                low_stock_threshold: *threshold,
            };
            Some(Told::staff("stock.ran_low", data))
        }
        // The product's own event tells of both.
        LedgerEvent::SkuChanged { .. } | LedgerEvent::LedgerClosed { .. } => None,
    })
}

/// Whether it is told as [`NUMBER_OF_STOCK`].
pub(super) fn is_number(event: &LedgerEvent) -> bool {
    match event {
        LedgerEvent::LedgerOpened { .. }
        | LedgerEvent::StartingStockSet { .. }
        | LedgerEvent::StockReceived { .. }
        | LedgerEvent::StockWithdrawn { .. }
        | LedgerEvent::StockCounted { .. }
        | LedgerEvent::StockReserved { .. }
        | LedgerEvent::StockReleased { .. }
        | LedgerEvent::StockCommitted { .. }
        | LedgerEvent::StockReturned { .. } => true,
        LedgerEvent::LedgerSettingsChanged { .. }
        | LedgerEvent::StockRanLow { .. }
        | LedgerEvent::SkuChanged { .. }
        | LedgerEvent::LedgerClosed { .. } => false,
    }
}

fn moved(
    variant: VariantId,
    ledger: &Ledger,
    movement: &'static str,
    quantity: Option<Quantity>,
    held_for: Option<&HoldFor>,
    after: Balance,
) -> Told {
    let public = Public {
        product_id: Id(ledger.product),
        variant_id: Id(variant),
        sku: ledger.sku.clone(),
        available: after.available(),
    };
    let order_id = held_for.and_then(|held_for| match held_for {
        HoldFor::Order(order) => Some(Id(*order)),
        HoldFor::Manual { .. } => None,
    });
    let in_brief = Some(written(&public));
    let data = Data {
        public,
        quantity_on_hand: after.on_hand,
        reserved: after.reserved,
        movement,
        quantity: quantity.map(Quantity::units),
        order_id,
    };
    Told { in_brief, ..Told::staff(NUMBER_OF_STOCK, data) }
}

fn watched(variant: VariantId, ledger: &Ledger, is_active: bool, low: u32) -> Told {
    let data = |low_stock_threshold| Watched {
        product_id: Id(ledger.product),
        variant_id: Id(variant),
        sku: ledger.sku.clone(),
        is_active,
        low_stock_threshold,
    };
    let in_brief = Some(written(data(None)));
    Told { in_brief, ..Told::staff("stock.settings_changed", data(Some(low))) }
}
