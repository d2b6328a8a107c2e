//! A running shop in one currency: orders and refunds over HTTP, compared digit by digit.

use std::path::Path;

use fastrand::Rng;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::super::{
    Broken, Violation,
    buyer::ORDERS,
    house::{House, Serving},
    market::{Market, must},
    sheet::Sheet,
};
use super::ledger::price;
use crate::{
    cli::Bar,
    commands::client::{Client, Reply, Request},
    domain::money::{Currency, Money},
    store::Progress,
};

/// A shop that is open.
pub(super) struct Till {
    house: House,
    serving: Serving,
    market: Market,
    stranger: Client,
    currency: Currency,
    tax_ppm: u32,
    shipping: i128,
    prices: Vec<i128>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub lines: u64,
    pub refunds: u64,
    pub verified: String,
}

/// An order as it is shown: its digits, untouched.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    id: String,
    items: Vec<ShownItem>,
    subtotal: Box<RawValue>,
    tax: Box<RawValue>,
    shipping_fee: Box<RawValue>,
    total_price: Box<RawValue>,
    payment: Option<ShownPayment>,
}

#[derive(Debug, Deserialize)]
struct ShownItem {
    id: String,
    price: Box<RawValue>,
    quantity: u32,
    subtotal: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownPayment {
    amount_captured: Box<RawValue>,
    amount_refunded: Box<RawValue>,
}

#[derive(Deserialize)]
struct Answer {
    data: Shown,
}

impl Till {
    /// A new shop with random prices, tax and shipping.
    pub async fn opened(room: &Path, currency: Currency, dice: &mut Rng) -> Result<Till, Broken> {
        let (tax_ppm, shipping) = (dice.u32(0..=TAX_PPM_MAX), dice.i64(0..=SHIPPING_MINOR_MAX));
        let digits = |minor: i64| Money::of(minor, currency).map(|amount| amount.to_string());
        let shipping_digits = digits(shipping).map_err(Broken::plainly)?;
        let tax = format!("0.{tax_ppm:06}");
        let settings = [
            ("shop.currency", currency.code()),
            ("shop.tax_rate", tax.as_str()),
            ("shop.shipping_flat", shipping_digits.as_str()),
        ];
        let house = House::new(room, currency.code(), &settings);
        let minor: Vec<i64> = (0..PRODUCTS).map(|_| price(dice)).collect();
        let prices: Result<Vec<String>, _> = minor.iter().copied().map(digits).collect();
        let prices = prices.map_err(Broken::plainly)?;
        let market = Market::made_ready(&house, &prices, UNITS, 1).await?;
        let serving = house.open()?;
        let stranger = Client::at(serving.address).map_err(Broken::plainly)?;
        let prices = minor.into_iter().map(i128::from).collect();
        let shipping = shipping.into();
        Ok(Till { house, serving, market, stranger, currency, tax_ppm, shipping, prices })
    }

    /// Buys and refunds so often, and closes.
    pub async fn trades(self, orders: u32, dice: &mut Rng, bar: &Bar) -> Result<Done, Broken> {
        let mut done = Done::default();
        for number in 0..orders {
            let (mut sheet, shown) = self.buys(number, dice).await?;
            done.lines += u64::try_from(sheet.lines.len()).unwrap_or(u64::MAX);
            done.refunds += self.refunds(&shown, &mut sheet, dice).await?;
            bar.advance(1);
        }
        self.serving.stop()?;
        done.verified = self.house.verify()?;
        Ok(done)
    }

    /// A random order, whose total we say beforehand.
    async fn buys(&self, number: u32, dice: &mut Rng) -> Result<(Sheet, Shown), Broken> {
        let kinds = dice.usize(1..=PRODUCTS);
        let chosen = dice.choose_multiple(0..self.prices.len(), kinds);
        let wanted: Vec<(usize, u32)> =
            chosen.into_iter().map(|at| (at, dice.u32(1..=UNITS_AN_ORDER_MAX))).collect();
        let priced: Vec<(i128, u32)> =
            wanted.iter().map(|(at, units)| (self.prices[*at], *units)).collect();
        let sheet = Sheet::of(&priced, self.tax_ppm, self.shipping);
        let items: Vec<Value> = wanted
            .iter()
            .map(|(at, units)| json!({ "productId": self.market.products[*at], "quantity": units }))
            .collect();
        let customer = &self.market.customers[0];
        let total = i64::try_from(sheet.total).map_err(Broken::plainly)?;
        let body = json!({
            "shippingAddressId": customer.address, "items": items,
            "charge": { "paymentMethodId": "pm_card_visa", "amount": total },
        });
        let client = self.stranger.with_token(&customer.token);
        let request = Request::post(ORDERS, body).under(format!("order {number}"));
        let shown = shown(&must(&client, request).await?)?;
        compare(&shown, &sheet, self.currency)?;
        Ok((sheet, shown))
    }

    /// Refunds in random parts until nothing is left, or cancels what is left; how many refunds.
    async fn refunds(
        &self,
        order: &Shown,
        sheet: &mut Sheet,
        dice: &mut Rng,
    ) -> Result<u64, Broken> {
        let staff = self.market.staff(&self.stranger);
        let path = format!("{ORDERS}/{}/refunds", order.id);
        let mut refunds = 0;
        while sheet.left() > 0 {
            refunds += 1;
            let rest = refunds > REFUNDS_MAX;
            let request = if rest && dice.bool() {
                sheet.give_back(sheet.left());
                Request::patch(format!("{ORDERS}/{}/cancel", order.id))
            } else {
                let wish = if rest { None } else { self.some(order, sheet, dice)? };
                if wish.is_none() {
                    sheet.give_back(sheet.left());
                }
                Request::post(path.clone(), wish.unwrap_or(json!({})))
            };
            let now = shown(&must(&staff, request).await?)?;
            compare(&now, sheet, self.currency)?;
        }
        Ok(refunds)
    }

    /// A wish for some units or some money, noted on the sheet.
    fn some(
        &self,
        order: &Shown,
        sheet: &mut Sheet,
        dice: &mut Rng,
    ) -> Result<Option<Value>, Broken> {
        if dice.bool() {
            let some = sheet.some_units(dice);
            let some = some.filter(|(at, units)| sheet.give_back_units(*at, *units).is_some());
            return Ok(some.map(
                |(at, units)| json!({ "items": [{ "id": order.items[at].id, "quantity": units }] }),
            ));
        }
        let amount = 1 + dice.i128(0..sheet.left());
        sheet.give_back(amount);
        let amount = i64::try_from(amount).map_err(Broken::plainly)?;
        let amount = Money::of(amount, self.currency).map_err(Broken::plainly)?;
        Ok(Some(json!({ "amount": amount.to_string() })))
    }
}

fn shown(reply: &Reply) -> Result<Shown, Broken> {
    let read = serde_json::from_str::<Answer>(&reply.text);
    let read = read.map_err(|fault| Violation(format!("no order: {fault}: {}", reply.text)))?;
    Ok(read.data)
}

/// Every figure that an order shows.
pub(super) fn compare(shown: &Shown, sheet: &Sheet, currency: Currency) -> Result<(), Violation> {
    let same = |what: &str, digits: &RawValue, must: i128| {
        let read = Money::read(digits.get(), currency);
        let read = read.map_err(|why| Violation(format!("{what} is {digits}: {why}")))?;
        Sheet::must_be(what, read.minor().into(), must)
    };
    if shown.items.len() != sheet.lines.len() {
        return Err(Violation(format!("an order of {} lines has others", sheet.lines.len())));
    }
    for (item, line) in shown.items.iter().zip(&sheet.lines) {
        same("a price", &item.price, line.price)?;
        same("a line", &item.subtotal, line.subtotal)?;
        Sheet::must_be("the quantity of a line", item.quantity.into(), line.units.into())?;
    }
    same("the subtotal", &shown.subtotal, sheet.subtotal)?;
    same("the tax", &shown.tax, sheet.tax)?;
    same("the shipping", &shown.shipping_fee, sheet.shipping)?;
    same("the total", &shown.total_price, sheet.total)?;
    let Some(payment) = &shown.payment else {
        return Sheet::must_be("the total of an order without payment", sheet.total, 0);
    };
    same("what was captured", &payment.amount_captured, sheet.total)?;
    same("what was refunded", &payment.amount_refunded, sheet.refunded)
}

const PRODUCTS: usize = 6;
/// Of each product: more than all orders together take.
const UNITS: u32 = 1_000_000;
const UNITS_AN_ORDER_MAX: u32 = 20;
const TAX_PPM_MAX: u32 = 999_999;
const SHIPPING_MINOR_MAX: i64 = 100_000;
const REFUNDS_MAX: u64 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    /// An order of three units at 3.33 with 8 % tax and 5.00 shipping; `tax` and `back` as shown.
    fn order(tax: &str, back: &str) -> Shown {
        let text = format!(
            r#"{{"id": "a", "subtotal": 9.99,
                "items": [{{"id": "b", "price": 3.33, "quantity": 3, "subtotal": 9.99}}],
                "tax": {tax}, "shippingFee": 5.00, "totalPrice": 15.79,
                "payment": {{"amountCaptured": 15.79, "amountRefunded": {back}}}}}"#
        );
        serde_json::from_str(&text).expect("an order")
    }

    #[test]
    fn a_wrong_cent_in_an_order_is_found() {
        let said = |tax: &str, back: &str, refunded: i128| {
            let mut sheet = Sheet::of(&[(333, 3)], 80_000, 500);
            sheet.give_back(refunded);
            compare(&order(tax, back), &sheet, Currency::USD).map_err(|found| found.to_string())
        };
        assert_eq!(said("0.80", "0.00", 0), Ok(()));
        assert_eq!(said("0.80", "3.59", 359), Ok(()));
        let wrong = "the tax is 81 minor units, and must be 80".to_owned();
        assert_eq!(said("0.81", "0.00", 0), Err(wrong));
        let wrong = "what was refunded is 360 minor units, and must be 359".to_owned();
        assert_eq!(said("0.80", "3.60", 359), Err(wrong));
        assert!(said("0.800000001", "0.00", 0).is_err());
    }
}
