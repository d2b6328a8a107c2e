//! Refusal: the rules say no, in one type for the whole shop.
//!
//! Each has a message fit for a shopper and a code that is part of the API.

use super::{
    api_keys::ApiKeyRefusal, carts::CartRefusal, catalogue::CatalogueRefusal,
    couriers::CourierRefusal, inventory::StockRefusal, money::MoneyRefusal, orders::OrderRefusal,
    payments::PaymentRefusal, settings::SettingsRefusal, users::UserRefusal,
    webhook_endpoints::EndpointRefusal,
};

/// Why the shop says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An account, session or address.
    #[error(transparent)]
    User(#[from] UserRefusal),
    /// A product, variant or category.
    #[error(transparent)]
    Catalogue(#[from] CatalogueRefusal),
    /// A ledger or hold.
    #[error(transparent)]
    Stock(#[from] StockRefusal),
    /// A cart.
    #[error(transparent)]
    Cart(#[from] CartRefusal),
    /// An order.
    #[error(transparent)]
    Order(#[from] OrderRefusal),
    /// A payment.
    #[error(transparent)]
    Payment(#[from] PaymentRefusal),
    /// The shop's own settings.
    #[error(transparent)]
    Settings(#[from] SettingsRefusal),
    /// A courier or a delivery.
    #[error(transparent)]
    Courier(#[from] CourierRefusal),
    /// An API key.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyRefusal),
    /// A webhook endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointRefusal),
    /// It has changed since the asker looked at it, and they insist on what they saw.
    #[error("this has changed in the meantime")]
    ChangedMeanwhile,
    /// An amount that cannot be read or calculated.
    #[error(transparent)]
    Money(#[from] MoneyRefusal),
}

impl Refusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::User(refusal) => refusal.code(),
            Refusal::Catalogue(refusal) => refusal.code(),
            Refusal::Stock(refusal) => refusal.code(),
            Refusal::Cart(refusal) => refusal.code(),
            Refusal::Order(refusal) => refusal.code(),
            Refusal::Payment(refusal) => refusal.code(),
            Refusal::Settings(refusal) => refusal.code(),
            Refusal::Courier(refusal) => refusal.code(),
            Refusal::ApiKey(refusal) => refusal.code(),
            Refusal::Endpoint(refusal) => refusal.code(),
            Refusal::ChangedMeanwhile => "precondition_failed",
            Refusal::Money(refusal) => money_code(*refusal),
        }
    }
}

fn money_code(refusal: MoneyRefusal) -> &'static str {
    match refusal {
        MoneyRefusal::TooLarge => "amount_too_large",
        MoneyRefusal::MixedCurrencies => "currency_mismatch",
        MoneyRefusal::NotAnAmount => "not_an_amount",
        MoneyRefusal::TooManyDecimals => "too_many_decimals",
        MoneyRefusal::UnknownCurrency => "unknown_currency",
    }
}
