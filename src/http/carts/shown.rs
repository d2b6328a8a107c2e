//! A cart as it is shown: with names, prices and stock as they are now.

use std::sync::Arc;

use super::{available, cart_of};
use crate::{
    domain::{
        carts::{Cart, CartLine},
        catalogue::Product,
        ids::{ShopId, UserId, VariantId},
        money::Money,
        settings,
    },
    http::answer::Answer,
    shop::Shop,
};

/// A cart with what the catalogue and the shelves say about it now.
pub(in crate::http) struct ShownCart {
    pub(in crate::http) lines: Vec<ShownLine>,
    /// The sum of its lines, or the most that an amount can be.
    pub(in crate::http) subtotal: Money,
    /// Whether the sum is more than that, and no order can buy it.
    pub(in crate::http) is_too_dear: bool,
}

/// Whether the catalogue still has a product and its variant.
pub(super) fn is_there(product: &Product, variant: VariantId) -> bool {
    product.exists() && product.variants.contains_key(&variant)
}

/// A line of it.
pub(in crate::http) struct ShownLine {
    pub(in crate::http) product: Arc<Product>,
    pub(in crate::http) variant: VariantId,
    pub(in crate::http) units: u32,
    pub(in crate::http) price: Money,
    pub(in crate::http) subtotal: Money,
    pub(in crate::http) available: u32,
}

impl ShownCart {
    /// The cart of a user; an empty one for nobody.
    pub(in crate::http) fn of_user(shop: &Shop, user: Option<UserId>) -> Answer<ShownCart> {
        let cart = user.map(|user| cart_of(shop, user)).transpose()?;
        ShownCart::of(shop, &cart.map(|(_, cart)| cart).unwrap_or_default())
    }

    /// Its lines in the order they came, without those whose product or variant left the catalogue.
    pub(super) fn of(shop: &Shop, cart: &Cart) -> Answer<ShownCart> {
        let mut lines: Vec<&CartLine> = cart.lines.values().collect();
        lines.sort_by_key(|line| (line.added_at, line.variant));
        let currency = shop.reader.get::<settings::Shop>(ShopId::default())?.state.currency;
        let mut shown = ShownCart {
            lines: Vec::with_capacity(lines.len()),
            subtotal: Money::zero(currency),
            is_too_dear: false,
        };
        for CartLine { product, variant, quantity, .. } in lines {
            let product = shop.reader.get::<Product>(*product)?.state;
            if !is_there(&product, *variant) {
                continue;
            }
            let price = product.unit_price(*variant);
            let line = price.times(*quantity);
            let sum = line.and_then(|line| shown.subtotal.plus(line));
            shown.is_too_dear |= sum.is_err();
            shown.subtotal = sum.unwrap_or(Money::most(currency));
            let subtotal = line.unwrap_or(Money::most(currency));
            let (variant, units, available) = (*variant, *quantity, available(shop, *variant)?);
            shown.lines.push(ShownLine { product, variant, units, price, subtotal, available });
        }
        Ok(shown)
    }
}
