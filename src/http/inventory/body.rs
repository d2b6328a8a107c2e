//! What is asked of stock: which ledger, how many, and why.

use crate::{
    domain::{
        ids::{ProductId, VariantId},
        inventory::REFERENCE_CHARS_MAX,
        quantity::{QUANTITY_UNITS_MAX, Quantity},
    },
    http::{
        cursor::Paging,
        fields::{Body, Fields, id, quantity, text, whole, yes_or_no},
    },
};

/// Which ledger: by its product or by its own id.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// A product, or a variant.
    pub product: ProductId,
    /// Which variant of the product.
    pub variant: Option<VariantId>,
}

impl Body for Named {
    fn read(fields: &mut Fields<'_>) -> Named {
        Named {
            product: fields.required("productId", id()),
            variant: fields.optional("variantId", id()),
        }
    }
}

/// The starting quantity.
pub struct CreateInventoryBody {
    /// Of what.
    pub named: Named,
    /// Units.
    pub quantity: u32,
}

impl Body for CreateInventoryBody {
    fn read(fields: &mut Fields<'_>) -> CreateInventoryBody {
        CreateInventoryBody {
            named: Named::read(fields),
            quantity: fields.required("quantity", whole(0, QUANTITY_UNITS_MAX)),
        }
    }
}

/// A count, and how the ledger is watched; what is left out stays.
pub struct UpdateInventoryBody {
    /// Which variant of the product.
    pub variant: Option<VariantId>,
    /// Units on hand.
    pub quantity: Option<u32>,
    /// Whether it is sold from.
    pub is_active: Option<bool>,
    /// When stock is called low.
    pub low_stock_threshold: Option<u32>,
}

impl Body for UpdateInventoryBody {
    fn read(fields: &mut Fields<'_>) -> UpdateInventoryBody {
        let units = || whole(0, QUANTITY_UNITS_MAX);
        UpdateInventoryBody {
            variant: fields.optional("variantId", id()),
            quantity: fields.optional("quantity", units()),
            is_active: fields.optional("isActive", yes_or_no()),
            low_stock_threshold: fields.optional("lowStockThreshold", units()),
        }
    }
}

/// Units that come or go.
pub struct AdjustStockBody {
    /// Of what.
    pub named: Named,
    /// How many.
    pub quantity: Quantity,
    /// Why.
    pub reason: Option<String>,
}

impl Body for AdjustStockBody {
    fn read(fields: &mut Fields<'_>) -> AdjustStockBody {
        AdjustStockBody {
            named: Named::read(fields),
            quantity: fields.required("quantity", quantity(QUANTITY_UNITS_MAX)),
            reason: fields.optional("reason", text(1, REASON_LETTERS_MAX)),
        }
    }
}

/// Units that are set aside or given back.
pub struct HoldStockBody {
    /// Of what.
    pub named: Named,
    /// How many.
    pub quantity: Quantity,
    /// A free reference.
    pub reference: Option<String>,
}

impl Body for HoldStockBody {
    fn read(fields: &mut Fields<'_>) -> HoldStockBody {
        HoldStockBody {
            named: Named::read(fields),
            quantity: fields.required("quantity", quantity(QUANTITY_UNITS_MAX)),
            reference: fields.optional("orderId", text(1, REFERENCE_CHARS_MAX)),
        }
    }
}

/// Which variant of the product the path names.
pub struct VariantQuery {
    /// The variant.
    pub variant: Option<VariantId>,
}

impl Body for VariantQuery {
    fn read(fields: &mut Fields<'_>) -> VariantQuery {
        VariantQuery { variant: fields.optional("variantId", id()) }
    }
}

/// Which variant, and which page of its movements.
pub struct LedgerQuery {
    /// The variant.
    pub variant: Option<VariantId>,
    /// The page.
    pub paging: Paging,
}

impl Body for LedgerQuery {
    fn read(fields: &mut Fields<'_>) -> LedgerQuery {
        LedgerQuery { variant: fields.optional("variantId", id()), paging: Paging::read(fields) }
    }
}

const REASON_LETTERS_MAX: usize = 200;
