//! The shop's settings as a script, and what each refuses.

use super::*;

fn opening() -> Opening {
    Opening {
        name: "Bodega".into(),
        currency: Currency::USD,
        tax_rate: "0.075".parse().expect("a rate"),
        shipping_flat: money("USD 10.00"),
        public_url: "http://127.0.0.1:3000".into(),
    }
}

fn money(text: &str) -> Money {
    let (code, digits) = text.split_once(' ').expect("`USD 1.00`");
    Money::read(digits, code.parse().expect("a currency")).expect("an amount")
}

/// Runs a script of `command => outcome` lines against a shop that has just been opened.
#[track_caller]
fn check(script: &str) {
    let mut shop = Shop::default();
    let stamp = Stamp::default();
    shop.open(opening()).expect("new").iter().for_each(|event| shop.apply(event, &stamp));
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        let decided = match words[..] {
            ["open"] => shop.open(opening()),
            ["open", name] => shop.open(Opening { name: name.into(), ..opening() }),
            ["rename", name] => shop.rename(name.into()),
            ["move", url] => shop.relocate(url.into()),
            ["low-at", units] => {
                shop.set_low_stock_threshold(units.parse().expect("a number of units"))
            }
            ["tax", rate] => shop.set_tax_rate(rate.parse().expect("a rate")),
            ["ship", code, digits] => shop.set_shipping(money(&format!("{code} {digits}"))),
            ["sell-in", code, digits, "with", products] => shop.change_currency(
                money(&format!("{code} {digits}")),
                products.parse().expect("a number"),
            ),
            _ => panic!("unknown command `{command}`"),
        };
        let outcome = match decided {
            Ok(events) => {
                events.iter().for_each(|event| shop.apply(event, &stamp));
                let (tax, shipping) = (shop.tax_rate.parts_per_million(), shop.shipping_flat);
                format!("{}: {} {shipping} {tax}, {} new", shop.name, shop.currency, events.len())
            }
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
        assert_eq!(shop.check(), Ok(()));
    }
}

#[test]
fn a_shop_is_opened_once() {
    check(
        "open        => Bodega: USD 10.00 75000, 0 new
         open Corner => the shop is open already",
    );
    assert_eq!(Shop::default().rename("Corner".into()), Err(SettingsRefusal::NotOpen));
}

#[test]
fn an_admin_changes_name_address_tax_and_shipping() {
    check(
        "rename Corner      => Corner: USD 10.00 75000, 1 new
         rename Corner      => Corner: USD 10.00 75000, 0 new
         move http://a.b    => Corner: USD 10.00 75000, 1 new
         tax 0.19           => Corner: USD 10.00 190000, 1 new
         ship USD 4.90      => Corner: USD 4.90 190000, 1 new
         ship USD -1        => shipping cannot cost less than nothing
         ship EUR 4.90      => shipping is charged in the shop's currency",
    );
}

#[test]
fn the_currency_changes_only_while_there_is_no_product() {
    check(
        "sell-in JPY 500 with 1    => the currency stays while there are products
         sell-in USD 9.00 with 1   => Bodega: USD 9.00 75000, 1 new
         sell-in JPY 500 with 0    => Bodega: JPY 500 75000, 1 new",
    );
}

#[test]
fn an_admin_says_at_how_many_units_stock_is_low() {
    assert_eq!(Shop::default().set_low_stock_threshold(9), Err(SettingsRefusal::NotOpen));
    check(
        "low-at 5   => Bodega: USD 10.00 75000, 0 new
         low-at 12  => Bodega: USD 10.00 75000, 1 new
         low-at 12  => Bodega: USD 10.00 75000, 0 new
         open       => Bodega: USD 10.00 75000, 0 new",
    );
}
