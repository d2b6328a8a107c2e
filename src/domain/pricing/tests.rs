//! Quotes in currencies with 0, 2 and 3 decimals: taxed per line, and every cent on a line.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::Identity;

fn line(number: u8) -> LineId {
    LineId::from_bytes([number; 16])
}

fn item(price: Money, units: u32) -> PricedItem {
    PricedItem {
        product: ProductId::from_bytes([1; 16]),
        variant: VariantId::from_bytes([2; 16]),
        sku: "TEA-1".to_owned(),
        name: "Tea".to_owned(),
        options: vec![],
        unit_price: price,
        quantity: Quantity::new(units).expect("a quantity"),
    }
}

fn terms(code: &str, tax_rate: &str, shipping: &str) -> Terms {
    let currency = code.parse().expect("a currency");
    Terms {
        currency,
        tax_rate: tax_rate.parse().expect("a rate"),
        shipping_flat: Money::read(shipping, currency).expect("an amount"),
    }
}

fn priced(items: &[PricedItem], terms: &Terms) -> Result<Quote, MoneyRefusal> {
    let lines: Vec<LineId> = (0..).take(items.len()).map(line).collect();
    quote(items, &lines, terms)
}

/// Prices `unit price x units, …` and shows `goods + tax + shipping = total`.
#[track_caller]
fn check(terms: &Terms, script: &str) {
    for row in script.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (goods, expected) = row.split_once("=>").expect("`goods => outcome`");
        let items: Vec<PricedItem> = goods
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| {
                let (price, units) = word.split_once('x').expect("`price x units`");
                let price = Money::read(price.trim(), terms.currency).expect("an amount");
                item(price, units.trim().parse().expect("a count"))
            })
            .collect();
        let shown = match priced(&items, terms) {
            Ok(quote) => {
                assert_eq!(quote.check(), Ok(()), "after `{goods}`");
                let Quote { subtotal, tax, shipping, total, .. } = quote;
                format!("{subtotal} + {tax} + {shipping} = {total}")
            }
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(shown, expected.trim(), "after `{}`", goods.trim());
    }
}

#[test]
fn tax_is_rounded_half_up_on_each_line() {
    check(
        &terms("USD", "0.075", "10.00"),
        "10.00 x 1            => 10.00 + 0.75 + 10.00 = 20.75
         0.20 x 1             => 0.20 + 0.02 + 10.00 = 10.22
         0.20 x 2             => 0.40 + 0.03 + 10.00 = 10.43
         0.20 x 1, 0.20 x 1   => 0.40 + 0.04 + 10.00 = 10.44
         19.99 x 3, 0.01 x 1  => 59.98 + 4.50 + 10.00 = 74.48",
    );
}

#[test]
fn yen_have_no_decimals_and_dinars_three() {
    check(&terms("JPY", "0.1", "500"), "105 x 1 => 105 + 11 + 500 = 616");
    check(&terms("KWD", "0.05", "1.250"), "1.234 x 1 => 1.234 + 0.062 + 1.250 = 2.546");
}

#[test]
fn nothing_costs_nothing_to_ship() {
    check(&terms("USD", "0.075", "10.00"), " => 0.00 + 0.00 + 0.00 = 0.00");
}

#[test]
fn amounts_beyond_what_a_shop_can_hold_are_refused() {
    check(&terms("USD", "0.075", "10.00"), "9999999999999.99 x 999999 => the amount is too large");
}

#[test]
fn a_price_in_another_currency_or_below_zero_is_refused() {
    let euro: Currency = "EUR".parse().expect("a currency");
    let other = item(Money::of(100, euro).expect("an amount"), 1);
    let terms = terms("USD", "0.075", "10.00");
    assert_eq!(priced(&[other], &terms), Err(MoneyRefusal::MixedCurrencies));
    let below = item(Money::of(-1, terms.currency).expect("an amount"), 1);
    assert_eq!(priced(&[below], &terms), Err(MoneyRefusal::NotAnAmount));
    let shipping_flat = Money::of(-1, terms.currency).expect("an amount");
    let one = item(Money::of(1, terms.currency).expect("an amount"), 1);
    let below = Terms { shipping_flat, ..terms };
    assert_eq!(priced(&[one], &below), Err(MoneyRefusal::NotAnAmount));
}

#[test]
fn each_item_needs_a_line_of_its_own() {
    let terms = terms("USD", "0.075", "10.00");
    let one = item(Money::of(100, terms.currency).expect("an amount"), 1);
    assert_eq!(quote(&[one], &[], &terms), Err(MoneyRefusal::NotAnAmount));
}

#[test]
fn a_cent_without_a_line_is_noticed() {
    let terms = terms("USD", "0.075", "10.00");
    let cent = Money::of(1, terms.currency).expect("an amount");
    let whole = priced(&[item(cent, 3)], &terms).expect("a quote");
    let breaks: [fn(&mut Quote, Money); 6] = [
        |quote, cent| quote.total = quote.total.plus(cent).expect("a sum"),
        |quote, cent| quote.shipping = quote.shipping.plus(cent).expect("a sum"),
        |quote, cent| quote.lines[0].subtotal = cent,
        |quote, cent| quote.lines[0].tax = quote.lines[0].tax.plus(cent).expect("a sum"),
        |quote, cent| {
            quote.discounts.push(AmountLine { label: "Gift".to_owned(), amount: cent });
        },
        |quote, _| quote.currency = "EUR".parse().expect("a currency"),
    ];
    for damage in breaks {
        let mut damaged = whole.clone();
        damage(&mut damaged, cent);
        assert!(damaged.check().is_err(), "{damaged:?}");
    }
}

proptest! {
    #[test]
    fn every_cent_belongs_to_a_line(
        code in prop::sample::select(vec!["USD", "JPY", "KWD"]),
        rate in 0..=1_000_000_u32,
        shipping in 0..100_000_i64,
        goods in prop::collection::vec((0..10_000_000_i64, 1..1_000_u32), 0..40),
    ) {
        let currency: Currency = code.parse().expect("a currency");
        let money = |minor| Money::of(minor, currency).expect("an amount");
        let tax_rate = Rate::from_parts_per_million(rate).expect("a rate");
        let terms = Terms { currency, tax_rate, shipping_flat: money(shipping) };
        let items: Vec<PricedItem> =
            goods.iter().map(|(price, units)| item(money(*price), *units)).collect();
        let quote = priced(&items, &terms).expect("a quote");
        prop_assert_eq!(quote.check(), Ok(()));

        let goods: i64 = quote.lines.iter().map(|line| line.subtotal.minor()).sum();
        let tax: i64 = quote.lines.iter().map(|line| line.tax.minor()).sum();
        let taxes: i64 = quote.tax_lines.iter().map(|line| line.amount.minor()).sum();
        let shipped: i64 = quote.shipping_lines.iter().map(|line| line.amount.minor()).sum();
        prop_assert_eq!(goods, quote.subtotal.minor());
        prop_assert_eq!(tax, quote.tax.minor());
        prop_assert_eq!(tax, taxes);
        prop_assert_eq!(shipped, quote.shipping.minor());
        prop_assert_eq!(goods + tax + shipped, quote.total.minor());
    }

    #[test]
    fn a_line_costs_the_same_in_any_company(
        rate in 0..=1_000_000_u32,
        goods in prop::collection::vec((0..10_000_i64, 1..100_u32), 1..10),
    ) {
        let money = |minor| Money::of(minor, Currency::USD).expect("an amount");
        let tax_rate = Rate::from_parts_per_million(rate).expect("a rate");
        let terms = Terms { currency: Currency::USD, tax_rate, shipping_flat: money(0) };
        let items: Vec<PricedItem> =
            goods.iter().map(|(price, units)| item(money(*price), *units)).collect();
        let together = priced(&items, &terms).expect("a quote").total.minor();
        let apart: i64 = items
            .iter()
            .map(|item| priced(std::slice::from_ref(item), &terms).expect("a quote").total.minor())
            .sum();
        prop_assert_eq!(together, apart);
    }
}
