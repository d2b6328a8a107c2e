//! Charts: sales as bars, drawn by the server, with the same figures as a table.

use jiff::{ToSpan, tz::TimeZone};
use serde::Serialize;

use super::figures::{Figures, Sold};
use crate::{
    domain::{money::Currency, time::Timestamp},
    http::pages::words,
};

/// A chart with its table.
#[derive(Debug, Serialize)]
pub struct ChartView {
    /// What it is called.
    pub title: &'static str,
    /// Its name in the page.
    pub name: &'static str,
    /// All of it together.
    pub total: String,
    /// How many orders that were.
    pub orders: String,
    /// What the highest bar stands for.
    pub most: String,
    /// The bars, from left to right.
    pub bars: Vec<BarView>,
    /// How wide the drawing is.
    pub width: usize,
    /// Whether nothing was sold at all.
    pub is_empty: bool,
}

/// A bar, and the row of the table it stands for.
#[derive(Debug, Serialize)]
pub struct BarView {
    /// When.
    pub when: String,
    /// How much.
    pub amount: String,
    /// How many orders.
    pub orders: u32,
    /// Where it stands.
    pub x: usize,
    /// Where its top is.
    pub y: i64,
    /// How high it is.
    pub height: i64,
}

/// Today by the hour, and the last 7 and 30 days by the day; days are those of where the shop is.
pub fn charts(
    figures: &Figures,
    now: Timestamp,
    zone: &TimeZone,
    currency: Currency,
) -> Vec<ChartView> {
    let begins = days_to(now, zone, 30);
    let days = |count: usize| {
        let begins = begins.get(begins.len().saturating_sub(count + 1)..).unwrap_or_default();
        let days = begins.iter().zip(begins.iter().skip(1));
        let told = |(begin, end): (&Timestamp, &Timestamp)| {
            (words::short_day(*begin, zone), figures.sold(*begin, *end))
        };
        days.map(told).collect::<Vec<_>>()
    };
    let hours = match begins.as_slice() {
        [.., today, tomorrow] => hours_between(*today, *tomorrow),
        _ => Vec::new(),
    };
    let hours = hours.into_iter().map(|begin| {
        (words::clock(begin, zone), figures.sold(begin, begin.plus_millis(MILLIS_AN_HOUR)))
    });
    vec![
        chart("Today", "today", hours.collect(), currency),
        chart("7 days", "week", days(7), currency),
        chart("30 days", "month", days(30), currency),
    ]
}

/// The first moments of the last `count` days with today, and of tomorrow; a day may have 23 or 25
/// hours.
fn days_to(now: Timestamp, zone: &TimeZone, count: i64) -> Vec<Timestamp> {
    let Ok(now) = jiff::Timestamp::from_millisecond(now.millis()) else { return Vec::new() };
    let today = now.to_zoned(zone.clone()).date();
    let begin = |back: i64| {
        let day = today.checked_sub(back.days()).ok()?.to_zoned(zone.clone()).ok()?;
        Some(Timestamp::from_millis(day.timestamp().as_millisecond()))
    };
    (-1..count).rev().filter_map(begin).collect()
}

/// The hours of a day.
fn hours_between(begin: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let hours = (end.millis() - begin.millis()).div_euclid(MILLIS_AN_HOUR);
    (0..hours).map(|hour| begin.plus_millis(hour * MILLIS_AN_HOUR)).collect()
}

fn chart(
    title: &'static str,
    name: &'static str,
    times: Vec<(String, Sold)>,
    currency: Currency,
) -> ChartView {
    let all = times.iter().fold(Sold::default(), |sum, (_, sold)| sum.plus(*sold));
    let most = times.iter().map(|(_, sold)| sold.minor).max().unwrap_or(0).max(0);
    let count = times.len().max(1);
    let bars = times.into_iter().enumerate().map(|(place, (when, sold))| {
        let height = height_of(sold.minor, most);
        BarView {
            when,
            amount: words::price(sold.amount(currency)),
            orders: sold.orders,
            x: place * STEP,
            y: HEIGHT - height,
            height,
        }
    });
    ChartView {
        title,
        name,
        total: words::price(all.amount(currency)),
        orders: words::count(u64::from(all.orders), "order", "orders"),
        most: words::price(Sold { orders: 0, minor: most }.amount(currency)),
        bars: bars.collect(),
        width: count * STEP,
        is_empty: all.orders == 0,
    }
}

/// Whatever was sold is seen, however little it is beside the most.
fn height_of(minor: i64, most: i64) -> i64 {
    if minor <= 0 || most <= 0 {
        return 0;
    }
    let share = i128::from(minor) * i128::from(HEIGHT) / i128::from(most);
    i64::try_from(share).unwrap_or(HEIGHT).clamp(1, HEIGHT)
}

const MILLIS_AN_HOUR: i64 = 60 * 60 * 1000;
/// A bar with the room beside it.
const STEP: usize = 10;
/// The height of the drawing.
const HEIGHT: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::admin::figures::{QUARTERS_A_DAY as A_DAY, quarter_of};

    #[test]
    fn sales_stand_in_the_hour_and_the_day_they_were_made_in() {
        let now = Timestamp::from_millis(1_700_000_000_000); // 2023-11-14, 22:13 UTC
        let quarter = quarter_of(now);
        let mut figures = Figures::default();
        figures.quarters.insert(quarter, Sold { orders: 2, minor: 5_000 });
        figures.quarters.insert(quarter - A_DAY, Sold { orders: 1, minor: 2_500 });
        figures.quarters.insert(quarter - A_DAY * 29, Sold { orders: 1, minor: 100 });
        figures.quarters.insert(quarter - A_DAY * 30, Sold { orders: 9, minor: 90_000 });
        let charts = charts(&figures, now, &TimeZone::UTC, Currency::default());
        let said: Vec<_> = charts.iter().map(|chart| (&*chart.total, &*chart.orders)).collect();
        assert_eq!(said, [("$50.00", "2 orders"), ("$75.00", "3 orders"), ("$76.00", "4 orders")]);
        let [today, week, month] = &charts[..] else { panic!("three charts") };
        assert_eq!((today.bars.len(), week.bars.len(), month.bars.len()), (24, 7, 30));
        assert_eq!((&*today.bars[22].when, today.bars[22].height), ("22:00", HEIGHT));
        let week: Vec<_> = week.bars.iter().map(|bar| (&*bar.when, bar.height)).collect();
        assert_eq!(week[5..], [("13 Nov", HEIGHT / 2), ("14 Nov", HEIGHT)]);
        assert_eq!(month.bars[0].height, 1, "what was sold is seen");
    }

    #[test]
    fn a_day_is_one_of_where_the_shop_is() {
        let told = |zone: &str, now: &str, sold_at: &str| {
            let at = |text: &str| {
                let at: jiff::Timestamp = text.parse().expect("a moment");
                Timestamp::from_millis(at.as_millisecond())
            };
            let mut figures = Figures::default();
            figures.quarters.insert(quarter_of(at(sold_at)), Sold { orders: 1, minor: 100 });
            let zone = TimeZone::get(zone).expect("a zone");
            let charts = charts(&figures, at(now), &zone, Currency::default());
            let when = |chart: &ChartView| {
                let bar = chart.bars.iter().find(|bar| bar.orders > 0);
                bar.map_or("not in it".to_owned(), |bar| bar.when.clone())
            };
            format!("{} bars, {}; {}", charts[0].bars.len(), when(&charts[0]), when(&charts[1]))
        };
        let (late, soon) = ("2026-11-29T23:40:00Z", "2026-11-30T08:00:00Z");
        assert_eq!(told("UTC", soon, late), "24 bars, not in it; 29 Nov");
        assert_eq!(told("Europe/Berlin", soon, late), "24 bars, 00:00; 30 Nov");
        // A quarter past midnight in a zone that is three quarters of an hour off.
        let nepal = told("Asia/Kathmandu", "2026-11-29T20:00:00Z", "2026-11-29T18:30:00Z");
        assert_eq!(nepal, "24 bars, 00:00; 30 Nov");
        // Clocks go back: the day has an hour more, and none is lost.
        let autumn = told("Europe/Berlin", "2026-10-25T22:30:00Z", "2026-10-25T22:15:00Z");
        assert_eq!(autumn, "25 bars, 23:00; 25 Oct");
    }
}
