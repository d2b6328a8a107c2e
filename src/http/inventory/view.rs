//! Stock, as it is shown: a ledger, and a movement of it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        catalogue::Product,
        ids::{HoldId, OrderId, ProductId, UserId, VariantId},
        inventory::{HoldFor, Ledger, Movement},
        time::Who,
    },
    http::views::{Id, Time},
};

/// What is on the shelf of one SKU.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InventoryView {
    id: Id<VariantId>,
    product_id: Id<ProductId>,
    variant_id: Id<VariantId>,
    sku: String,
    product_name: String,
    quantity: u32,
    reserved: u32,
    available: u32,
    available_stock: u32,
    reserved_stock: u32,
    low_stock_threshold: u32,
    is_active: bool,
    created_at: Time,
    updated_at: Time,
}

impl InventoryView {
    /// The ledger of this product.
    pub fn of(ledger: &Ledger, product: &Product) -> InventoryView {
        InventoryView {
            id: Id(ledger.variant),
            product_id: Id(ledger.product),
            variant_id: Id(ledger.variant),
            sku: ledger.sku.clone(),
            product_name: product.name.clone(),
            quantity: ledger.on_hand,
            reserved: ledger.reserved,
            available: ledger.available(),
            available_stock: ledger.available(),
            reserved_stock: ledger.reserved,
            low_stock_threshold: ledger.low_stock_threshold,
            is_active: ledger.is_active,
            created_at: Time(ledger.created_at),
            updated_at: Time(ledger.updated_at),
        }
    }
}

/// A movement, with the balance after it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovementView {
    /// What moved: `opened`, `received`, `sold`, …
    kind: &'static str,
    /// The change: of what is reserved for `reserved` and `released`, else of what is on hand.
    units: i64,
    quantity: u32,
    reserved: u32,
    available: u32,
    reason: Option<String>,
    order_id: Option<Id<OrderId>>,
    /// The free reference of what was set aside by hand.
    reference: Option<String>,
    hold_id: Option<Id<HoldId>>,
    actor: ActorView,
    at: Time,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ActorView {
    /// `shop`, `visitor`, `customer` or `staff`.
    kind: &'static str,
    user_id: Option<Id<UserId>>,
}

impl MovementView {
    /// A row of a ledger's history.
    pub fn of(movement: &Movement) -> MovementView {
        let (order, reference) = match &movement.held_for {
            Some(HoldFor::Order(order)) => (Some(Id(*order)), None),
            Some(HoldFor::Manual { reference }) => (None, reference.clone()),
            None => (None, None),
        };
        MovementView {
            kind: movement.kind.name(),
            units: movement.units,
            quantity: movement.on_hand,
            reserved: movement.reserved,
            available: movement.on_hand.saturating_sub(movement.reserved),
            reason: movement.reason.clone(),
            order_id: order,
            reference,
            hold_id: movement.hold.map(Id),
            actor: ActorView::of(movement.who),
            at: Time(movement.at),
        }
    }
}

impl ActorView {
    fn of(who: Who) -> ActorView {
        let (kind, user) = match who {
            Who::Shop => ("shop", None),
            Who::Visitor => ("visitor", None),
            Who::Customer(user) => ("customer", Some(user)),
            Who::Staff(user) => ("staff", Some(user)),
        };
        ActorView { kind, user_id: user.map(Id) }
    }
}
