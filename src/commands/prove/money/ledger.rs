//! The rules alone: one random cart is priced, paid, and refunded in random parts.

use fastrand::Rng;

use super::super::{Broken, Violation, sheet::Sheet};
use crate::domain::{
    aggregate::Aggregate,
    ids::{AddressId, Identity, LineId, OrderId, PaymentId, ProductId, RefundId, VariantId},
    money::{Currency, Money, MoneyRefusal, Rate},
    orders::{
        CustomerContact, Order, OrderEvent, PaymentMethod, Placed, RefundWish, RefundedLine,
        ShippingAddress,
    },
    payments::RefundOutcome,
    pricing::{PricedItem, Quote, Terms, quote},
    quantity::Quantity,
    time::{Stamp, Timestamp},
};

/// How much was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    pub lines: u64,
    pub refunds: u64,
}

/// Prices a random cart, then refunds it to the last minor unit.
pub(super) fn one_cart(currency: Currency, dice: &mut Rng) -> Result<Done, Broken> {
    let wanted: Vec<(i128, u32)> = (0..dice.usize(1..=LINES_MAX))
        .map(|_| (i128::from(price(dice)), dice.u32(1..=UNITS_MAX)))
        .collect();
    let (tax_ppm, shipping) = (dice.u32(0..=TAX_PPM_MAX), dice.i64(0..=SHIPPING_MINOR_MAX));
    let mut sheet = Sheet::of(&wanted, tax_ppm, shipping.into());
    let quote = priced(&wanted, currency, tax_ppm, shipping).map_err(refused)?;
    compare(&quote, &sheet)?;
    let mut order = paid_order(quote)?;
    let refunds = refund_all(&mut order, &mut sheet, dice)?;
    let lines = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    Ok(Done { lines, refunds })
}

/// A price of any magnitude, also nothing.
pub(super) fn price(dice: &mut Rng) -> i64 {
    let most = 10_i64.pow(dice.u32(0..=PRICE_DIGITS_MAX));
    dice.i64(0..=most)
}

/// Every figure of a quote, and its own sums.
pub(super) fn compare(quote: &Quote, sheet: &Sheet) -> Result<(), Violation> {
    for (shown, line) in quote.lines.iter().zip(&sheet.lines) {
        Sheet::must_be("a line", minor(shown.subtotal), line.subtotal)?;
        Sheet::must_be("the tax of a line", minor(shown.tax), line.tax)?;
    }
    Sheet::must_be("the subtotal", minor(quote.subtotal), sheet.subtotal)?;
    Sheet::must_be("the tax", minor(quote.tax), sheet.tax)?;
    Sheet::must_be("the shipping", minor(quote.shipping), sheet.shipping)?;
    Sheet::must_be("the total", minor(quote.total), sheet.total)?;
    quote.check().map_err(|sentence| Violation(format!("not so: {sentence}")))
}

fn priced(
    wanted: &[(i128, u32)],
    currency: Currency,
    tax_ppm: u32,
    shipping: i64,
) -> Result<Quote, MoneyRefusal> {
    let mut items = Vec::new();
    for (price, units) in wanted {
        let price = i64::try_from(*price).map_err(|_| MoneyRefusal::TooLarge)?;
        items.push(PricedItem {
            product: ProductId::default(),
            variant: VariantId::default(),
            sku: String::new(),
            name: String::new(),
            options: vec![],
            unit_price: Money::of(price, currency)?,
            quantity: Quantity::new(*units).map_err(|_| MoneyRefusal::NotAnAmount)?,
        });
    }
    let terms = Terms {
        currency,
        tax_rate: Rate::from_parts_per_million(tax_ppm)?,
        shipping_flat: Money::of(shipping, currency)?,
    };
    let ids: Vec<LineId> =
        (1..).take(items.len()).map(|number| LineId::from_bytes(id(number))).collect();
    quote(&items, &ids, &terms)
}

fn paid_order(quote: Quote) -> Result<Order, Broken> {
    let mut order = Order::default();
    let (payment, total) = (PaymentId::from_bytes(id(1)), quote.total);
    let placed = order.place(Placed {
        id: OrderId::from_bytes(id(1)),
        number: 1,
        customer: CustomerContact::default(),
        quote,
        shipping_address_id: AddressId::default(),
        shipping_address: ShippingAddress::default(),
        from_cart: None,
        payment,
        method: PaymentMethod::Card,
        charge: None,
        hold_until: Timestamp::default(),
        request: None,
    });
    happen(&mut order, placed.map_err(refused)?);
    let paid = order.mark_paid(payment, total).map_err(refused)?;
    happen(&mut order, paid);
    Ok(order)
}

/// Refunds units and amounts until nothing is left; how many refunds that took.
fn refund_all(order: &mut Order, sheet: &mut Sheet, dice: &mut Rng) -> Result<u64, Broken> {
    let mut refunds = 0;
    // Half of them line by line only: then all parts of each line are exactly that line.
    let only_units = dice.bool();
    while sheet.left() > 0 {
        refunds += 1;
        let before = sheet.refunded;
        let wish = if refunds > REFUNDS_MAX {
            sheet.give_back(sheet.left());
            RefundWish::default()
        } else if only_units || dice.bool() {
            units(order, sheet, dice)
        } else {
            let amount = 1 + dice.i128(0..sheet.left());
            sheet.give_back(amount);
            let amount = i64::try_from(amount).map_err(refused)?;
            let amount = Money::of(amount, order.quote.currency).map_err(refused)?;
            RefundWish { amount: Some(amount), ..RefundWish::default() }
        };
        let refund = RefundId::from_bytes(id(refunds));
        let decided = order.decide_refund(refund, &wish).map_err(refused)?;
        happen(order, decided);
        let told = RefundOutcome::Succeeded { gateway_ref: String::new() };
        let done = order.record_refund(refund, &told).map_err(refused)?;
        happen(order, done);
        let moved = order.refunds.get(&refund).map_or(0, |refund| minor(refund.amount));
        Sheet::must_be("a refund", moved, sheet.refunded - before)?;
    }
    Sheet::must_be("all that was refunded", minor(order.refunded), sheet.total)?;
    let left = order.left_to_refund().map_err(refused)?;
    Sheet::must_be("what is left to refund", minor(left), 0)?;
    order.check().map_err(|sentence| Violation(format!("not so: {sentence}")))?;
    Ok(refunds)
}

/// A wish for some units; for all that is left, if those units are worth nothing, or more than is
/// left after amounts went back.
fn units(order: &Order, sheet: &mut Sheet, dice: &mut Rng) -> RefundWish {
    let some = sheet.some_units(dice);
    let some = some.filter(|(at, units)| sheet.give_back_units(*at, *units).is_some());
    let Some((at, units)) = some else {
        sheet.give_back(sheet.left());
        return RefundWish::default();
    };
    let lines = vec![RefundedLine { line: order.quote.lines[at].id, units }];
    RefundWish { lines, ..RefundWish::default() }
}

fn happen(order: &mut Order, events: Vec<OrderEvent>) {
    events.iter().for_each(|event| order.apply(event, &Stamp::default()));
}

fn minor(amount: Money) -> i128 {
    amount.minor().into()
}

fn id(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

fn refused(why: impl std::fmt::Display) -> Broken {
    Violation(format!("the rules refuse what they must take: {why}")).into()
}

const LINES_MAX: usize = 8;
const UNITS_MAX: u32 = 999;
/// Up to ten million major units of a currency with two decimals.
const PRICE_DIGITS_MAX: u32 = 9;
const TAX_PPM_MAX: u32 = 1_000_000;
const SHIPPING_MINOR_MAX: i64 = 100_000;
/// Fewer than an order takes.
const REFUNDS_MAX: u64 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_cent_in_a_quote_is_found() {
        let wanted = [(333, 3), (106, 1)];
        let sheet = Sheet::of(&wanted, 80_000, 500);
        let right = priced(&wanted, Currency::USD, 80_000, 500).expect("a quote");
        compare(&right, &sheet).expect("the same");
        let cent = Money::of(1, Currency::USD).expect("a cent");
        let amounts: [fn(&mut Quote) -> &mut Money; 6] = [
            |quote| &mut quote.lines[0].subtotal,
            |quote| &mut quote.lines[1].tax,
            |quote| &mut quote.subtotal,
            |quote| &mut quote.tax,
            |quote| &mut quote.shipping,
            |quote| &mut quote.total,
        ];
        for amount in amounts {
            let mut wrong = right.clone();
            let amount = amount(&mut wrong);
            *amount = amount.plus(cent).expect("fits");
            compare(&wrong, &sheet).expect_err("a cent too much");
        }
    }

    #[test]
    fn a_refund_of_another_amount_is_found() {
        let wanted = [(333, 3)];
        let mut order =
            paid_order(priced(&wanted, Currency::USD, 0, 0).expect("a quote")).expect("paid");
        let mut sheet = Sheet::of(&wanted, 0, 1);
        let found = refund_all(&mut order, &mut sheet, &mut Rng::with_seed(1));
        assert!(matches!(found, Err(Broken::Violated(_))), "{found:?}");
    }

    #[test]
    fn no_cart_of_many_has_a_wrong_cent() {
        let mut dice = Rng::with_seed(1);
        for code in ["JPY", "USD", "KWD"] {
            let currency: Currency = code.parse().expect("a currency");
            for number in 0..300 {
                if let Err(why) = one_cart(currency, &mut dice) {
                    panic!("cart {number} in {currency}: {why}");
                }
            }
        }
    }
}
