//! Settings: the shop itself, and what an admin may change while it runs.
//!
//! Invariant: shipping is charged in the shop's currency, which stays while there are products.

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::ShopId,
    inventory::LOW_STOCK_THRESHOLD_UNITS,
    money::{Currency, Money, Rate},
    time::{Stamp, Timestamp},
};

/// What a new shop begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What the shop is called.
    pub name: String,
    /// The currency of all its prices.
    pub currency: Currency,
    /// The share of tax on what is sold.
    pub tax_rate: Rate,
    /// What shipping an order costs.
    pub shipping_flat: Money,
    /// Where shoppers find it.
    pub public_url: String,
}

/// What shall change of the settings; what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopEdit {
    /// Another name.
    pub name: Option<String>,
    /// Where shoppers find it.
    pub public_url: Option<String>,
    /// Another share of tax.
    pub tax_rate: Option<Rate>,
    /// Another price of shipping.
    pub shipping_flat: Option<Money>,
    /// Other words that mean the same.
    pub synonyms: Option<Vec<Vec<String>>>,
    /// At how many available units a SKU counts as low that has no number of its own.
    pub low_stock_threshold: Option<u32>,
}

/// What happened to the shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopEvent {
    /// It opened.
    ShopOpened(Opening),
    /// It has another name.
    ShopRenamed {
        /// The name from now on.
        name: String,
    },
    /// Shoppers find it elsewhere.
    ShopMoved {
        /// The address from now on.
        public_url: String,
    },
    /// Another share of tax applies.
    TaxRateChanged {
        /// The rate from now on.
        tax_rate: Rate,
    },
    /// Shipping costs something else.
    ShippingChanged {
        /// The price of shipping from now on.
        shipping_flat: Money,
    },
    /// Prices are in another currency.
    CurrencyChanged {
        /// The currency from now on.
        currency: Currency,
        /// The price of shipping in it.
        shipping_flat: Money,
    },
    /// Other words mean the same to those who search.
    SynonymsChanged {
        /// The groups from now on; what is in one group means the same.
        synonyms: Vec<Vec<String>>,
    },
    /// SKUs without a number of their own count as low at another one.
    LowStockThresholdChanged {
        /// At how many available units from now on.
        units: u32,
    },
}

/// Why a setting is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsRefusal {
    /// The shop has not been opened.
    #[error("the shop is not open yet")]
    NotOpen,
    /// The shop was opened before, otherwise.
    #[error("the shop is open already")]
    AlreadyOpen,
    /// There are products with prices in the old currency.
    #[error("the currency stays while there are products")]
    CurrencyInUse,
    /// Shipping is priced in another currency.
    #[error("shipping is charged in the shop's currency")]
    CurrencyMismatch,
    /// Shipping would pay the shopper.
    #[error("shipping cannot cost less than nothing")]
    NegativeShipping,
    /// More synonyms than search can use, or a group that says nothing.
    #[error("synonyms are at most {SYNONYM_GROUPS_MAX} groups of 2 to {SYNONYMS_MAX} entries")]
    InvalidSynonyms,
    /// The shop's address was chosen where the shop is started.
    #[error("the address is chosen in the settings file, and only changed there")]
    PublicUrlConfigured,
}

impl SettingsRefusal {
    /// The stable code of the API.
    pub fn code(&self) -> &'static str {
        match self {
            SettingsRefusal::NotOpen => "shop_not_open",
            SettingsRefusal::AlreadyOpen => "shop_already_open",
            SettingsRefusal::CurrencyInUse => "currency_in_use",
            SettingsRefusal::CurrencyMismatch => "currency_mismatch",
            SettingsRefusal::NegativeShipping => "negative_shipping",
            SettingsRefusal::InvalidSynonyms => "invalid_synonyms",
            SettingsRefusal::PublicUrlConfigured => "public_url_configured",
        }
    }
}

/// The shop itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// What it is called.
    pub name: String,
    /// The currency of all its prices.
    pub currency: Currency,
    /// The share of tax on what is sold.
    pub tax_rate: Rate,
    /// What shipping an order costs.
    pub shipping_flat: Money,
    /// Where shoppers find it.
    pub public_url: String,
    /// Groups of words that mean the same to those who search.
    pub synonyms: Vec<Vec<String>>,
    /// At how many available units a SKU counts as low that has no number of its own.
    pub low_stock_threshold: u32,
    /// When it opened; none before.
    pub opened_at: Option<Timestamp>,
}

impl Shop {
    /// Whether the shop was opened.
    pub fn exists(&self) -> bool {
        self.opened_at.is_some()
    }

    /// Opens the shop.
    pub fn open(&self, opening: Opening) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        shipping_must_fit(opening.currency, opening.shipping_flat)?;
        if !self.exists() {
            return Ok(vec![ShopEvent::ShopOpened(opening)]);
        }
        let synonyms = self.synonyms.clone();
        let mut same = Shop { opened_at: self.opened_at, synonyms, ..Shop::default() };
        same.begin(&opening);
        same.low_stock_threshold = self.low_stock_threshold;
        if *self == same { Ok(vec![]) } else { Err(SettingsRefusal::AlreadyOpen) }
    }

    /// Gives the shop another name.
    pub fn rename(&self, name: String) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        self.must_exist()?;
        Ok(unless(self.name == name, ShopEvent::ShopRenamed { name }))
    }

    /// Says where shoppers find the shop.
    pub fn relocate(&self, public_url: String) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        self.must_exist()?;
        Ok(unless(self.public_url == public_url, ShopEvent::ShopMoved { public_url }))
    }

    /// Sets the share of tax; orders that were placed keep theirs.
    pub fn set_tax_rate(&self, tax_rate: Rate) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        self.must_exist()?;
        Ok(unless(self.tax_rate == tax_rate, ShopEvent::TaxRateChanged { tax_rate }))
    }

    /// Sets the price of shipping; orders that were placed keep theirs.
    pub fn set_shipping(&self, shipping_flat: Money) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        self.must_exist()?;
        shipping_must_fit(self.currency, shipping_flat)?;
        Ok(unless(
            self.shipping_flat == shipping_flat,
            ShopEvent::ShippingChanged { shipping_flat },
        ))
    }

    /// Changes the currency, while there is no product; the price of shipping comes with it.
    pub fn change_currency(
        &self,
        shipping_flat: Money,
        products: u64,
    ) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        self.must_exist()?;
        let currency = shipping_flat.currency();
        if currency == self.currency {
            return self.set_shipping(shipping_flat);
        }
        if products > 0 {
            return Err(SettingsRefusal::CurrencyInUse);
        }
        shipping_must_fit(currency, shipping_flat)?;
        Ok(vec![ShopEvent::CurrencyChanged { currency, shipping_flat }])
    }

    /// Says which words mean the same to those who search.
    pub fn set_synonyms(
        &self,
        synonyms: Vec<Vec<String>>,
    ) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        self.must_exist()?;
        let fits = |entry: &String| (1..=SYNONYM_LETTERS_MAX).contains(&entry.chars().count());
        let is_group = |group: &Vec<String>| {
            (2..=SYNONYMS_MAX).contains(&group.len()) && group.iter().all(fits)
        };
        if synonyms.len() > SYNONYM_GROUPS_MAX || !synonyms.iter().all(is_group) {
            return Err(SettingsRefusal::InvalidSynonyms);
        }
        Ok(unless(self.synonyms == synonyms, ShopEvent::SynonymsChanged { synonyms }))
    }

    /// Says at how many available units SKUs count as low that have no number of their own.
    pub fn set_low_stock_threshold(&self, units: u32) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        self.must_exist()?;
        let already_so = self.low_stock_threshold == units;
        Ok(unless(already_so, ShopEvent::LowStockThresholdChanged { units }))
    }

    /// Changes what is named in the edit; what is already so leaves no event.
    ///
    /// # Errors
    /// What one of them refuses; then none of them is changed.
    pub fn edit(&self, edit: ShopEdit) -> Result<Vec<ShopEvent>, SettingsRefusal> {
        let ShopEdit { name, public_url, tax_rate, shipping_flat, synonyms, low_stock_threshold } =
            edit;
        let mut events = Vec::new();
        events.extend(name.map(|name| self.rename(name)).transpose()?.unwrap_or_default());
        events.extend(public_url.map(|url| self.relocate(url)).transpose()?.unwrap_or_default());
        events
            .extend(tax_rate.map(|rate| self.set_tax_rate(rate)).transpose()?.unwrap_or_default());
        events
            .extend(shipping_flat.map(|it| self.set_shipping(it)).transpose()?.unwrap_or_default());
        events.extend(synonyms.map(|it| self.set_synonyms(it)).transpose()?.unwrap_or_default());
        let low_at = low_stock_threshold.map(|units| self.set_low_stock_threshold(units));
        events.extend(low_at.transpose()?.unwrap_or_default());
        Ok(events)
    }

    fn must_exist(&self) -> Result<(), SettingsRefusal> {
        if self.exists() { Ok(()) } else { Err(SettingsRefusal::NotOpen) }
    }

    fn begin(&mut self, opening: &Opening) {
        self.name = opening.name.clone();
        self.currency = opening.currency;
        self.tax_rate = opening.tax_rate;
        self.shipping_flat = opening.shipping_flat;
        self.public_url = opening.public_url.clone();
        self.low_stock_threshold = LOW_STOCK_THRESHOLD_UNITS;
    }
}

impl Aggregate for Shop {
    const KIND: &'static str = "shop";
    type Id = ShopId;
    type Event = ShopEvent;

    fn apply(&mut self, event: &ShopEvent, stamp: &Stamp) {
        match event {
            ShopEvent::ShopOpened(opening) => {
                self.begin(opening);
                self.opened_at = Some(stamp.at);
            }
            ShopEvent::ShopRenamed { name } => self.name = name.clone(),
            ShopEvent::ShopMoved { public_url } => self.public_url = public_url.clone(),
            ShopEvent::TaxRateChanged { tax_rate } => self.tax_rate = *tax_rate,
            ShopEvent::ShippingChanged { shipping_flat } => self.shipping_flat = *shipping_flat,
            ShopEvent::CurrencyChanged { currency, shipping_flat } => {
                self.currency = *currency;
                self.shipping_flat = *shipping_flat;
            }
            ShopEvent::SynonymsChanged { synonyms } => self.synonyms = synonyms.clone(),
            ShopEvent::LowStockThresholdChanged { units } => self.low_stock_threshold = *units,
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        shipping_must_fit(self.currency, self.shipping_flat)
            .map_err(|_| "shipping is an amount in the shop's currency")
    }
}

fn shipping_must_fit(currency: Currency, shipping: Money) -> Result<(), SettingsRefusal> {
    if shipping.currency() != currency {
        return Err(SettingsRefusal::CurrencyMismatch);
    }
    if shipping.is_negative() { Err(SettingsRefusal::NegativeShipping) } else { Ok(()) }
}

/// The event, unless what it says is already so.
fn unless(already_so: bool, event: ShopEvent) -> Vec<ShopEvent> {
    if already_so { vec![] } else { vec![event] }
}

/// Groups of synonyms.
pub const SYNONYM_GROUPS_MAX: usize = 200;
/// Entries of a group.
pub const SYNONYMS_MAX: usize = 20;
/// Letters of an entry.
pub const SYNONYM_LETTERS_MAX: usize = 60;

#[cfg(test)]
mod tests;
