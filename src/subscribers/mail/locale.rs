//! Locale: amounts and dates as people write them where the shop is.
//!
//! The locale follows from the shop's language and currency: `de` and `CHF` is Switzerland. What
//! a locale does comes from glibc's tables. No floats: an amount is its digits.

use jiff::{Zoned, fmt::strtime, tz::TimeZone};
use pure_rust_locales::{Locale as Known, locale_match};

use crate::domain::{
    money::{Currency, Money, Rate},
    time::Timestamp,
};

/// How amounts and dates are written.
#[derive(Clone, Debug)]
pub struct Locale {
    known: Known,
    zone: TimeZone,
}

impl Locale {
    /// The locale of a shop with this language and currency, in this time zone.
    pub fn of(language: &str, currency: Currency, zone: &str) -> Locale {
        let country = currency.code().get(..2).unwrap_or_default();
        let own = language.to_uppercase();
        let guesses = [country, own.as_str(), main_country(language)];
        let named = guesses
            .iter()
            .find_map(|country| Known::try_from(format!("{language}_{country}").as_str()).ok());
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        Locale { known: named.unwrap_or(Known::en_US), zone }
    }

    /// An amount, as `$1,234.50` or `1.234,50 €`.
    pub fn money(&self, amount: Money) -> String {
        let known = self.known;
        let digits = amount.to_string();
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", digits.as_str()),
        };
        let (whole, cents) = digits.split_once('.').map_or((digits, None), |(a, b)| (a, Some(b)));
        let mut number = grouped(
            whole,
            locale_match!(known => LC_MONETARY::MON_GROUPING),
            locale_match!(known => LC_MONETARY::MON_THOUSANDS_SEP),
        );
        if let Some(cents) = cents {
            let point = locale_match!(known => LC_MONETARY::MON_DECIMAL_POINT);
            number.push_str(if point.is_empty() { "." } else { point });
            number.push_str(cents);
        }
        let code = amount.currency().code();
        let is_own = locale_match!(known => LC_MONETARY::INT_CURR_SYMBOL).trim() == code;
        if !is_own {
            return format!("{sign}{code}{NO_BREAK}{number}");
        }
        let symbol = locale_match!(known => LC_MONETARY::CURRENCY_SYMBOL);
        let apart = locale_match!(known => LC_MONETARY::P_SEP_BY_SPACE) == 1;
        let gap = if apart { NO_BREAK } else { "" };
        if locale_match!(known => LC_MONETARY::P_CS_PRECEDES) == 1 {
            format!("{sign}{symbol}{gap}{number}")
        } else {
            format!("{sign}{number}{gap}{symbol}")
        }
    }

    /// A day, as `05/28/2026` or `28.05.2026`.
    pub fn day(&self, at: Timestamp) -> String {
        let zoned = self.zoned(at);
        let known = self.known;
        let formats = [locale_match!(known => LC_TIME::D_FMT), "%Y-%m-%d"];
        let written = formats.iter().find_map(|format| strtime::format(*format, &zoned).ok());
        written.unwrap_or_default()
    }

    /// A day with its time, as `28.05.2026, 22:26 CEST`.
    pub fn moment(&self, at: Timestamp) -> String {
        let time = strtime::format("%H:%M %Z", &self.zoned(at)).unwrap_or_default();
        format!("{}, {time}", self.day(at))
    }

    /// A share, as `7.5 %`.
    pub fn share(&self, rate: Rate) -> String {
        let known = self.known;
        let parts = rate.parts_per_million();
        let (whole, rest) = (parts / PARTS_A_PERCENT, parts % PARTS_A_PERCENT);
        let decimals = format!("{rest:04}");
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() {
            return format!("{whole}{NO_BREAK}%");
        }
        let point = locale_match!(known => LC_NUMERIC::DECIMAL_POINT);
        format!("{whole}{point}{decimals}{NO_BREAK}%")
    }

    fn zoned(&self, at: Timestamp) -> Zoned {
        let moment = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
        moment.to_zoned(self.zone.clone())
    }
}

/// The digits with a sign between groups; a locale's last group repeats.
fn grouped(digits: &str, sizes: &[i64], between: &str) -> String {
    let mut sizes = sizes.iter().copied();
    let mut size = sizes.next().unwrap_or(-1);
    let mut groups = Vec::new();
    let mut rest = digits;
    while let Ok(letters) = usize::try_from(size)
        && letters > 0
        && rest.len() > letters
    {
        let (before, group) = rest.split_at(rest.len() - letters);
        groups.push(group);
        rest = before;
        size = sizes.next().unwrap_or(size);
    }
    groups.push(rest);
    groups.reverse();
    groups.join(between)
}

/// Where most people speak a language, where that is not the country of its own name.
fn main_country(language: &str) -> &'static str {
    let found = MAIN_COUNTRIES.iter().find(|(spoken, _)| *spoken == language);
    found.map_or("US", |(_, country)| country)
}

const MAIN_COUNTRIES: [(&str, &str); 20] = [
    ("ar", "EG"),
    ("bn", "BD"),
    ("ca", "ES"),
    ("cs", "CZ"),
    ("da", "DK"),
    ("el", "GR"),
    ("en", "US"),
    ("et", "EE"),
    ("fa", "IR"),
    ("he", "IL"),
    ("hi", "IN"),
    ("ja", "JP"),
    ("ko", "KR"),
    ("nb", "NO"),
    ("sl", "SI"),
    ("sq", "AL"),
    ("sv", "SE"),
    ("uk", "UA"),
    ("vi", "VN"),
    ("zh", "CN"),
];
const NO_BREAK: &str = "\u{a0}";
const PARTS_A_PERCENT: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(language: &str, currency: &str) -> Locale {
        Locale::of(language, currency.parse().expect("a currency"), "Europe/Berlin")
    }

    fn money(minor: i64, currency: &str) -> Money {
        Money::of(minor, currency.parse().expect("a currency")).expect("an amount")
    }

    #[test]
    fn amounts_are_written_as_where_the_shop_is() {
        for (language, currency, minor, wanted) in [
            ("en", "USD", 123_456, "$1,234.56"),
            ("en", "USD", -5, "-$0.05"),
            ("en", "GBP", 123_456_789, "£1,234,567.89"),
            ("de", "EUR", 123_456, "1.234,56 €"),
            ("de", "CHF", 123_456, "CHF 1’234.56"),
            ("fr", "EUR", 123_456, "1 234,56 €"),
            ("ja", "JPY", 1_500, "¥1,500"),
            ("hi", "INR", 12_345_678, "₹1,23,456.78"),
            ("en", "KWD", 1_234, "KWD 1.234"),
            ("xx", "CAD", 1_050, "CAD 10.50"),
        ] {
            let written = locale(language, currency).money(money(minor, currency));
            let plain = |text: &str| text.replace(['\u{a0}', '\u{202f}'], " ").replace('￥', "¥");
            assert_eq!(plain(&written), wanted, "{language} {currency}");
        }
    }

    #[test]
    fn days_are_written_as_where_the_shop_is_and_by_its_clock() {
        // Half an hour before midnight in London is the next day in Berlin.
        let late = Timestamp::from_millis(1_779_924_600_000);
        for (language, currency, wanted) in
            [("de", "EUR", "28.05.2026"), ("en", "USD", "05/28/2026"), ("en", "GBP", "28/05/26")]
        {
            assert_eq!(locale(language, currency).day(late), wanted, "{language} {currency}");
        }
        assert_eq!(locale("de", "EUR").moment(late), "28.05.2026, 01:30 CEST");
    }

    #[test]
    fn a_share_has_no_more_decimals_than_it_needs() {
        for (parts, wanted) in [(75_000, "7,5 %"), (190_000, "19 %"), (0, "0 %"), (1, "0,0001 %")] {
            let rate = Rate::from_parts_per_million(parts).expect("a rate");
            assert_eq!(locale("de", "EUR").share(rate).replace('\u{a0}', " "), wanted);
        }
    }
}
