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

/// An amount as it was typed, in plain digits if it stands as [`price`] writes it: `1,234.50` and
/// `1 234.50` are `1234.50`. What may be meant otherwise, as `1,50`, stays as it is.
pub fn plain_amount(typed: &str) -> String {
    let typed = typed.trim();
    let (whole, rest) = typed.split_at(typed.find('.').unwrap_or(typed.len()));
    let is_between = |letter: char| matches!(letter, ',' | ' ' | '\u{a0}' | '\u{202f}');
    let mut groups = whole.split(is_between);
    let first = groups.next().unwrap_or_default();
    let is_number = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let is_grouped = (1..=3).contains(&first.len())
        && is_number(first)
        && groups.all(|group| group.len() == 3 && is_number(group));
    if is_grouped { whole.replace(is_between, "") + rest } else { typed.to_owned() }
}

/// A day where the shop is: `29 November 2026`.
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%-d %B %Y")
}

/// A moment where the shop is: `29 November 2026, 17:11 CET`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%-d %B %Y, %H:%M %Z")
}

/// The same in a table, whose times are all of one place: `29 Nov 2026, 17:11`.
pub fn short_moment(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%-d %b %Y, %H:%M")
}

/// A day of this year, in a table: `29 Nov`.
pub fn short_day(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%-d %b")
}

/// A time of the day: `17:11`.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%H:%M")
}

/// A day as a field of a form takes it: `2026-11-29`.
pub fn date(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%Y-%m-%d")
}

/// A moment for a machine, in the `datetime` of a page.
pub fn machine(at: Timestamp) -> String {
    written(at, &TimeZone::UTC, "%Y-%m-%dT%H:%M:%SZ")
}

/// The same where the shop is: `2026-11-29T17:11:20+01:00`.
pub fn machine_there(at: Timestamp, zone: &TimeZone) -> String {
    written(at, zone, "%Y-%m-%dT%H:%M:%S%:z")
}

/// What there is of it, with commas between: `Ohio, USA`, or `USA`.
pub fn listed(parts: &[&str]) -> String {
    let said = parts.iter().filter(|part| !part.trim().is_empty());
    said.copied().collect::<Vec<_>>().join(", ")
}

/// `1 item`, `2 items`.
pub fn count(units: u64, one: &str, many: &str) -> String {
    format!("{units} {}", if units == 1 { one } else { many })
}

/// The carrier of a parcel and its number, as far as they are known: `Parcel Post, T-1`.
pub fn parcel(carrier: Option<&str>, number: Option<&str>) -> Option<String> {
    let known: Vec<&str> = [carrier, number].into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// The device that somebody is signed in on, as far as it says: `Firefox on Windows`; otherwise its
/// own words.
pub fn device(says: &str) -> String {
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(sign, _)| says.contains(sign)).map(|(_, name)| *name)
    };
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => says.to_owned(),
    }
}

/// A size as disks have it: `512 KiB`, `76.4 GiB`.
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| bytes.saturating_mul(10) / unit;
    match bytes {
        0..MIB => format!("{} KiB", bytes.div_ceil(KIB)),
        MIB..GIB => format!("{} MiB", bytes / MIB),
        _ => format!("{}.{} GiB", tenths(GIB) / 10, tenths(GIB) % 10),
    }
}

fn written(at: Timestamp, zone: &TimeZone, as_what: &str) -> String {
    let Ok(moment) = jiff::Timestamp::from_millisecond(at.millis()) else { return String::new() };
    moment.to_zoned(zone.clone()).strftime(as_what).to_string()
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

/// (what browsers say, who says it): many say what others say too, so the first that fits counts.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
];
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
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
    fn an_amount_is_read_as_it_is_shown_and_nothing_is_guessed() {
        for (typed, plain) in [
            ("1,234.50", "1234.50"),
            ("1 234 567", "1234567"),
            ("1\u{a0}500", "1500"),
            (" 19.99 ", "19.99"),
            ("1234", "1234"),
            ("1,50", "1,50"),
            ("1234,500", "1234,500"),
            (",500", ",500"),
            ("1.234,50", "1.234,50"),
            ("ä,500", "ä,500"),
            ("", ""),
        ] {
            assert_eq!(plain_amount(typed), plain);
        }
    }

    #[test]
    fn a_device_is_called_by_its_browser_and_its_system() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
            Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome on Linux");
        assert_eq!(device(&format!("{chrome} Edg/140.0")), "Edge on Linux");
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
            (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(device(iphone), "Safari on iPhone");
        assert_eq!(device("till 4"), "till 4", "what is no browser has a name of its own");
    }

    #[test]
    fn a_size_is_told_as_roughly_as_it_matters() {
        let told = [0, 1, 1 << 20, (5 << 20) + 1, 3 << 29].map(size);
        assert_eq!(told, ["0 KiB", "1 KiB", "1 MiB", "5 MiB", "1.5 GiB"]);
    }

    #[test]
    fn a_moment_is_shown_in_words() {
        let at = Timestamp::from_millis(1_700_000_000_120);
        assert_eq!(day(at, &TimeZone::UTC), "14 November 2023");
        assert_eq!(moment(at, &TimeZone::UTC), "14 November 2023, 22:13 UTC");
        let auckland = TimeZone::get("Pacific/Auckland").expect("a zone");
        assert_eq!(moment(at, &auckland), "15 November 2023, 11:13 NZDT");
        assert_eq!(short_moment(at, &auckland), "15 Nov 2023, 11:13");
        assert_eq!(machine(at), "2023-11-14T22:13:20Z");
        assert_eq!(machine_there(at, &auckland), "2023-11-15T11:13:20+13:00");
    }
}
