//! The shop itself: its first name, prices and places.

use super::{
    ORIGIN, parsed,
    reading::{Reading, language, origin, shop_name},
};
use crate::domain::money::{Currency, Money, Rate};

/// `[shop]`: first values only.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopSettings {
    /// What the shop is called.
    pub name: String,
    /// The one currency of its prices.
    pub currency: Currency,
    /// The language of its texts (ISO 639-1), in which search knows forms of words.
    pub language: String,
    /// Its time zone (IANA), as `Europe/Berlin`.
    pub time_zone: String,
    /// Where customers find it, as `https://shop.example`, without a slash at the end.
    pub public_url: Option<String>,
    /// Tax on every line.
    pub tax_rate: Rate,
    /// Shipping of an order, in the shop's currency.
    pub shipping_flat: Money,
}

/// Reads them.
pub(super) fn shop(read: &mut Reading<'_>) -> ShopSettings {
    let currency =
        read.value("shop.currency", "an ISO 4217 code, as `USD`, `JPY` or `KWD`", parsed);
    ShopSettings {
        name: read.value("shop.name", "1 to 100 printable characters", shop_name),
        currency,
        language: read.value("shop.language", "a code of two letters, as `en`", language),
        time_zone: read.value("shop.time_zone", "a time zone, as `Europe/Berlin`", |text| {
            jiff::tz::TimeZone::get(text).ok().map(|_| text.to_owned())
        }),
        public_url: read.value_if_set("shop.public_url", ORIGIN, origin),
        tax_rate: read.value("shop.tax_rate", "a fraction from 0 to 1, as `0.075`", parsed),
        shipping_flat: read.value(
            "shop.shipping_flat",
            &format!("an amount of {currency}, not negative, with at most its decimals"),
            |text| Money::read(text, currency).ok().filter(|amount| !amount.is_negative()),
        ),
    }
}
