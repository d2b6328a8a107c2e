//! Keeping: how long the shop remembers what it does not need any more.

use super::reading::Reading;

/// `[keeping]`: after how many days what is not needed is let go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepingSettings {
    /// Carts that nobody touches.
    pub cart_days: u32,
    /// Which units an order had, after it is over.
    pub return_days: u32,
    /// Deliveries that were made or given up.
    pub delivery_days: u32,
}

/// Reads `[keeping]`.
pub(super) fn keeping(read: &mut Reading<'_>) -> KeepingSettings {
    KeepingSettings {
        cart_days: read.number("keeping.cart_days", KEPT_DAYS),
        return_days: read.number("keeping.return_days", KEPT_DAYS),
        delivery_days: read.number("keeping.delivery_days", KEPT_DAYS),
    }
}

/// Ten years: what is to be kept longer is a matter of books, and those are kept for ever.
const KEPT_DAYS: std::ops::RangeInclusive<u32> = 1..=3650;
