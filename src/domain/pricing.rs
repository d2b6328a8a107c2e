//! Pricing: what a list of items costs, line by line.
//!
//! Invariant: every cent of a total belongs to a line, and all lines are in one currency. Tax is
//! settled per line, half up; shipping is flat and untaxed. Knows nothing of carts or catalogues:
//! prices come in as they are when the question is asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ids::{LineId, ProductId, VariantId},
    money::{Currency, Money, MoneyRefusal, Rate, Rounding},
    quantity::Quantity,
};

/// One thing to be priced, with what the catalogue says about it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedItem {
    /// The product it belongs to.
    pub product: ProductId,
    /// The variant that is bought.
    pub variant: VariantId,
    /// The variant's stock-keeping unit, as printed.
    pub sku: String,
    /// The name a shopper reads.
    pub name: String,
    /// What was chosen of it, in the order of the product's options.
    pub options: Vec<ChosenOption>,
    /// What one unit costs, before tax.
    pub unit_price: Money,
    /// How many units.
    pub quantity: Quantity,
}

/// The shop's terms at the moment of pricing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The currency of every amount.
    pub currency: Currency,
    /// The tax on goods.
    pub tax_rate: Rate,
    /// What shipping costs, whatever is shipped.
    pub shipping_flat: Money,
}

/// What everything costs; kept whole in the order, as it was when it was placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The one currency of all amounts.
    pub currency: Currency,
    /// The goods.
    pub lines: Vec<QuoteLine>,
    /// What is taken off, each as a positive amount.
    pub discounts: Vec<AmountLine>,
    /// The taxes, one line a rate.
    pub tax_lines: Vec<TaxLine>,
    /// The ways of shipping.
    pub shipping_lines: Vec<AmountLine>,
    /// Sum of the goods before tax.
    pub subtotal: Money,
    /// Sum of the discounts.
    pub discount: Money,
    /// Sum of the taxes.
    pub tax: Money,
    /// Sum of the shipping.
    pub shipping: Money,
    /// What is to be paid.
    pub total: Money,
}

/// One line of goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteLine {
    /// The line's own id; a stock hold of this line has the same bytes.
    pub id: LineId,
    /// The product it belongs to.
    pub product: ProductId,
    /// The variant that is bought.
    pub variant: VariantId,
    /// The variant's stock-keeping unit, as it was.
    pub sku: String,
    /// The name a shopper read.
    pub name: String,
    /// What was chosen of it, in the order the product's options had; nothing in old orders.
    #[serde(default)]
    pub options: Vec<ChosenOption>,
    /// What one unit cost, before tax.
    pub unit_price: Money,
    /// How many units.
    pub quantity: Quantity,
    /// Units times price.
    pub subtotal: Money,
    /// The tax on this line.
    pub tax: Money,
}

/// What a shopper chose of one option, as size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenOption {
    /// What is chosen.
    pub name: String,
    /// The value that was chosen.
    pub value: String,
}

/// An amount with a name: a discount, a way of shipping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountLine {
    /// What it is called.
    pub label: String,
    /// How much it is.
    pub amount: Money,
}

/// One tax, over all lines it falls on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// What it is called.
    pub label: String,
    /// Its rate.
    pub rate: Rate,
    /// The sum of what each line owes.
    pub amount: Money,
}

/// Prices `items` under `terms`; `lines` are the ids of the lines to be, one an item, in order.
///
/// # Errors
/// An item or the shipping in another currency, a negative price, too large a sum, or a number of
/// line ids that is not the number of items.
pub fn quote(items: &[PricedItem], lines: &[LineId], terms: &Terms) -> Result<Quote, MoneyRefusal> {
    if items.len() != lines.len() {
        return Err(MoneyRefusal::NotAnAmount);
    }
    let nothing = Money::zero(terms.currency);
    let (mut priced, mut subtotal, mut tax) = (Vec::with_capacity(items.len()), nothing, nothing);
    for (item, id) in items.iter().zip(lines) {
        let line = price_line(item, *id, terms.tax_rate)?;
        subtotal = subtotal.plus(line.subtotal)?;
        tax = tax.plus(line.tax)?;
        priced.push(line);
    }
    let shipping = if priced.is_empty() { nothing } else { terms.shipping_flat };
    if shipping.is_negative() {
        return Err(MoneyRefusal::NotAnAmount);
    }
    let total = subtotal.plus(tax)?.plus(shipping)?;
    let taxed = !tax.is_zero();
    Ok(Quote {
        currency: terms.currency,
        lines: priced,
        discounts: Vec::new(),
        tax_lines: taxed
            .then(|| TaxLine { label: TAX_LABEL.to_owned(), rate: terms.tax_rate, amount: tax })
            .into_iter()
            .collect(),
        shipping_lines: (!shipping.is_zero())
            .then(|| AmountLine { label: SHIPPING_LABEL.to_owned(), amount: shipping })
            .into_iter()
            .collect(),
        subtotal,
        discount: nothing,
        tax,
        shipping,
        total,
    })
}

fn price_line(item: &PricedItem, id: LineId, tax_rate: Rate) -> Result<QuoteLine, MoneyRefusal> {
    if item.unit_price.is_negative() {
        return Err(MoneyRefusal::NotAnAmount);
    }
    let subtotal = item.unit_price.times(item.quantity.units())?;
    Ok(QuoteLine {
        id,
        product: item.product,
        variant: item.variant,
        sku: item.sku.clone(),
        name: item.name.clone(),
        options: item.options.clone(),
        unit_price: item.unit_price,
        quantity: item.quantity,
        subtotal,
        tax: tax_rate.of(subtotal, Rounding::HalfUp)?,
    })
}

impl QuoteLine {
    /// What was bought, in words: the name with what was chosen, as `Shirt (S, red)`.
    pub fn in_words(&self) -> String {
        let chosen: Vec<&str> = self.options.iter().map(|option| option.value.as_str()).collect();
        if chosen.is_empty() {
            return self.name.clone();
        }
        format!("{} ({})", self.name, chosen.join(", "))
    }

    /// The chosen value of each option.
    pub fn choice(&self) -> BTreeMap<String, String> {
        let chosen = self.options.iter();
        chosen.map(|option| (option.name.clone(), option.value.clone())).collect()
    }
}

impl Quote {
    /// The line of this id.
    pub fn line(&self, id: LineId) -> Option<&QuoteLine> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// Every cent belongs to a line, in one currency, and no line is below zero.
    ///
    /// # Errors
    /// The sentence that does not hold.
    pub fn check(&self) -> Result<(), &'static str> {
        self.balance().map_err(|_| "a quote is in one currency and its sums fit")?
    }

    fn balance(&self) -> Result<Result<(), &'static str>, MoneyRefusal> {
        let nothing = Money::zero(self.currency);
        let (mut goods, mut line_tax) = (nothing, nothing);
        for line in &self.lines {
            if line.unit_price.is_negative() || line.tax.is_negative() {
                return Ok(Err("no line of a quote is below zero"));
            }
            if line.unit_price.times(line.quantity.units())? != line.subtotal {
                return Ok(Err("a line costs its units times its price"));
            }
            goods = goods.plus(line.subtotal)?;
            line_tax = line_tax.plus(line.tax)?;
        }
        let taxes = sum(nothing, self.tax_lines.iter().map(|line| line.amount))?;
        let discounts = sum(nothing, self.discounts.iter().map(|line| line.amount))?;
        let shipping = sum(nothing, self.shipping_lines.iter().map(|line| line.amount))?;
        let total = goods.plus(line_tax)?.plus(shipping)?.minus(discounts)?;
        let agrees = goods == self.subtotal
            && line_tax == self.tax
            && taxes == self.tax
            && discounts == self.discount
            && shipping == self.shipping
            && total == self.total;
        Ok(if agrees { Ok(()) } else { Err("every cent of a quote belongs to a line") })
    }
}

fn sum(nothing: Money, mut amounts: impl Iterator<Item = Money>) -> Result<Money, MoneyRefusal> {
    amounts.try_fold(nothing, Money::plus)
}

/// What the one tax is called until a shop has several.
const TAX_LABEL: &str = "Tax";
/// What the one way of shipping is called until a shop has several.
const SHIPPING_LABEL: &str = "Shipping";

#[cfg(test)]
mod tests;
