//! Money in currencies with 0, 2 and 3 decimals: read, shown, added, shared and taxed.

use super::*;

fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

#[track_caller]
fn check(script: &str) {
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        let outcome = match words[..] {
            ["read", code, digits] => Money::read(digits, currency(code)),
            ["add", code, a, b] => read(a, code).plus(read(b, code)),
            ["take", code, a, b] => read(a, code).minus(read(b, code)),
            ["times", code, a, n] => read(a, code).times(n.parse().expect("a count")),
            ["rate", code, a, rate] => {
                rate.parse::<Rate>().and_then(|rate| rate.of(read(a, code), Rounding::HalfUp))
            }
            _ => panic!("unknown command `{command}`"),
        };
        let shown = outcome.map_or_else(|refusal| refusal.to_string(), |money| money.to_string());
        assert_eq!(shown, expected.trim(), "after `{}`", command.trim());
    }
}

fn read(digits: &str, code: &str) -> Money {
    Money::read(digits, currency(code)).expect("an amount")
}

#[test]
fn amounts_are_read_from_their_digits() {
    check(
        "read USD 19.99      => 19.99
         read USD 19.9       => 19.90
         read USD 19.990     => 19.99
         read USD 0.005      => more decimals than the currency has
         read JPY 1500       => 1500
         read JPY 1.5        => more decimals than the currency has
         read JPY 15.0       => 15
         read KWD 1.234      => 1.234
         read KWD 1.2345     => more decimals than the currency has
         read USD -0.01      => -0.01
         read USD 1e2        => not an amount
         read USD .5         => not an amount
         read USD 5.         => not an amount
         read USD +5         => not an amount
         read USD NaN        => not an amount
         read USD 99999999999999999999 => the amount is too large
         read USD 10000000000000.01 => the amount is too large",
    );
}

#[test]
fn sums_and_shares_are_exact() {
    check(
        "add USD 0.10 0.20   => 0.30
         take USD 0.10 0.20  => -0.10
         times KWD 1.001 3   => 3.003
         times USD 9999999999999 999 => the amount is too large",
    );
}

#[test]
fn halves_round_away_from_zero() {
    check(
        "rate USD 10.00 0.075 => 0.75
         rate USD 0.10 0.05   => 0.01
         rate USD 0.09 0.05   => 0.00
         rate USD -0.10 0.05  => -0.01
         rate JPY 105 0.1     => 11
         rate KWD 1.234 0.05  => 0.062
         rate USD 1.00 1.1    => the amount is too large",
    );
}

#[test]
fn currencies_never_mix() {
    let mixed = read("1", "USD").plus(read("1", "EUR"));
    assert_eq!(mixed, Err(MoneyRefusal::MixedCurrencies));
}

#[test]
fn shares_of_an_amount_add_up_to_it() {
    let amount = read("10.00", "USD");
    let mut given = Money::zero(Currency::USD);
    for part in 1..=3 {
        let upto = amount.share(part, 3).expect("a share");
        given = given.plus(upto.minus(given).expect("a difference")).expect("a sum");
    }
    assert_eq!(given, amount);
}

#[test]
fn funds_codes_and_unknown_codes_are_no_currency() {
    for code in ["XXX", "CLF", "usd", "ZZZ", ""] {
        assert_eq!(code.parse::<Currency>(), Err(MoneyRefusal::UnknownCurrency), "{code}");
    }
}
