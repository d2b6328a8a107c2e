//! Charts: sales as bars, drawn by the server, with the same figures as a table.

use serde::Serialize;

use super::figures::{Figures, HOURS_A_DAY, Sold, begin_of, hour_of};
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

/// Today by the hour, and the last 7 and 30 days by the day; days are those of UTC.
pub fn charts(figures: &Figures, now: Timestamp, currency: Currency) -> Vec<ChartView> {
    let this_hour = hour_of(now);
    let today = this_hour.div_euclid(HOURS_A_DAY) * HOURS_A_DAY;
    let hours = (today..today + HOURS_A_DAY)
        .map(|hour| (words::clock(begin_of(hour)), figures.sold(hour, hour + 1)));
    let days = |count: i64| {
        (0..count).rev().map(move |back| {
            let begin = today - back * HOURS_A_DAY;
            (words::short_day(begin_of(begin)), figures.sold(begin, begin + HOURS_A_DAY))
        })
    };
    vec![
        chart("Today", "today", hours.collect(), currency),
        chart("7 days", "week", days(7).collect(), currency),
        chart("30 days", "month", days(30).collect(), currency),
    ]
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

/// A bar with the room beside it.
const STEP: usize = 10;
/// The height of the drawing.
const HEIGHT: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sales_stand_in_the_hour_and_the_day_they_were_made_in() {
        let now = Timestamp::from_millis(1_700_000_000_000); // 2023-11-14, 22:13 UTC
        let hour = hour_of(now);
        let mut figures = Figures::default();
        figures.hours.insert(hour, Sold { orders: 2, minor: 5_000 });
        figures.hours.insert(hour - 24, Sold { orders: 1, minor: 2_500 });
        figures.hours.insert(hour - 24 * 29, Sold { orders: 1, minor: 100 });
        figures.hours.insert(hour - 24 * 30, Sold { orders: 9, minor: 90_000 });
        let charts = charts(&figures, now, Currency::default());
        let said: Vec<_> = charts.iter().map(|chart| (&*chart.total, &*chart.orders)).collect();
        assert_eq!(said, [("$50.00", "2 orders"), ("$75.00", "3 orders"), ("$76.00", "4 orders")]);
        let [today, week, month] = &charts[..] else { panic!("three charts") };
        assert_eq!((today.bars.len(), week.bars.len(), month.bars.len()), (24, 7, 30));
        assert_eq!((&*today.bars[22].when, today.bars[22].height), ("22:00", HEIGHT));
        let week: Vec<_> = week.bars.iter().map(|bar| (&*bar.when, bar.height)).collect();
        assert_eq!(week[5..], [("13 Nov", HEIGHT / 2), ("14 Nov", HEIGHT)]);
        assert_eq!(month.bars[0].height, 1, "what was sold is seen");
    }
}
