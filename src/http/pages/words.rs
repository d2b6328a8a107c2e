//! Words: amounts, moments and counts as people read them.

use jiff::tz::TimeZone;

use crate::domain::{money::Money, time::Timestamp};

/// An amount with its currency: `$1,234.50`, `CHF 12.00`.
pub fn price(amount: Money) -> String {
    let code = amount.currency().code();
    let text = amount.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("−", rest));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let grouped = grouped(whole);
    match SYMBOLS.iter().find(|(known, _)| *known == code) {
        Some((_, symbol)) => format!("{sign}{symbol}{grouped}{rest}"),
        None => format!("{sign}{code}\u{a0}{grouped}{rest}"),
    }
}

/// A day: `29 November 2026`.
pub fn day(at: Timestamp) -> String {
    written(at, "%-d %B %Y")
}

/// A moment: `29 November 2026, 16:11 UTC`.
pub fn moment(at: Timestamp) -> String {
    written(at, "%-d %B %Y, %H:%M UTC")
}

/// A day of this year, in a table: `29 Nov`.
pub fn short_day(at: Timestamp) -> String {
    written(at, "%-d %b")
}

/// A time of the day: `16:11`.
pub fn clock(at: Timestamp) -> String {
    written(at, "%H:%M")
}

/// A day as a field of a form takes it: `2026-11-29`.
pub fn date(at: Timestamp) -> String {
    written(at, "%Y-%m-%d")
}

/// A moment for a machine, in the `datetime` of a page.
pub fn machine(at: Timestamp) -> String {
    written(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// `1 item`, `2 items`.
pub fn count(units: u64, one: &str, many: &str) -> String {
    format!("{units} {}", if units == 1 { one } else { many })
}

fn written(at: Timestamp, as_what: &str) -> String {
    let Ok(moment) = jiff::Timestamp::from_millisecond(at.millis()) else { return String::new() };
    moment.to_zoned(TimeZone::UTC).strftime(as_what).to_string()
}

fn grouped(whole: &str) -> String {
    let mut grouped = String::with_capacity(whole.len() + whole.len() / 3);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Currencies that everybody knows by a sign; all others are shown by their code.
const SYMBOLS: [(&str, &str); 6] =
    [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥"), ("INR", "₹"), ("BRL", "R$\u{a0}")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn an_amount_is_shown_with_its_currency_and_its_thousands() {
        let shown = |minor, code: &str| {
            let currency: Currency = code.parse().expect("a currency");
            price(Money::of(minor, currency).expect("an amount"))
        };
        assert_eq!(shown(123_450, "USD"), "$1,234.50");
        assert_eq!(shown(-5, "EUR"), "−€0.05");
        assert_eq!(shown(1_500, "JPY"), "¥1,500");
        assert_eq!(shown(99, "CHF"), "CHF\u{a0}0.99");
    }

    #[test]
    fn a_moment_is_shown_in_words() {
        let at = Timestamp::from_millis(1_700_000_000_120);
        assert_eq!(day(at), "14 November 2023");
        assert_eq!(moment(at), "14 November 2023, 22:13 UTC");
        assert_eq!(machine(at), "2023-11-14T22:13:20Z");
    }
}
