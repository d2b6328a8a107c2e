//! Figures: what was sold lately and what runs low, counted now and then from committed state.
//!
//! Invariant: counting takes about a twentieth of one core, whatever the shop's size, and holds
//! nobody up: what was counted last is shown until it is counted again. A small shop's figures
//! are always those of now, on a busy machine too: how long nobody counts again is a matter of how
//! much was looked at, not of how long that took. Nothing of it is kept: it is counted anew after
//! a start.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    domain::{
        checkout::{Waiting, observe::waiting_for},
        ids::{OrderId, VariantId},
        inventory::Ledger,
        money::{Currency, Money},
        orders::{Order, OrderStatus},
        payments::Payment,
        time::Timestamp,
    },
    shop::Shop,
    store::{self, Reader, StoreFault, keys},
};

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// When it was counted.
    pub at: Timestamp,
    /// What was sold in each quarter of an hour, by its number since 1970: days begin at some
    /// quarter everywhere.
    pub quarters: BTreeMap<i64, Sold>,
    /// Before this quarter nothing was counted: there were more orders than one count looks at.
    pub counted_from: i64,
    /// What runs low, up to a limit.
    pub low: Vec<VariantId>,
    /// How many run low.
    pub low_count: usize,
    /// Orders whose money waits for staff, up to a limit.
    pub money_waits: Vec<OrderId>,
    /// Whether there are more ledgers than one count looks at.
    pub low_is_partial: bool,
    /// Orders and ledgers that this count looked at.
    looked_at: usize,
}

/// What was sold in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sold {
    /// Orders.
    pub orders: u32,
    /// What they came to, less what went back, in minor units.
    pub minor: i64,
}

impl Sold {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Sold) -> Sold {
        Sold {
            orders: self.orders.saturating_add(other.orders),
            minor: self.minor.saturating_add(other.minor),
        }
    }

    /// What they came to.
    pub fn amount(self, currency: Currency) -> Money {
        Money::of(self.minor, currency).unwrap_or(Money::zero(currency))
    }
}

impl Figures {
    /// Whether nothing was counted yet: the first count takes its time.
    pub fn is_awaited(&self) -> bool {
        self.at == Timestamp::default()
    }

    /// What was sold from this moment on and before that one.
    pub fn sold(&self, from: Timestamp, until: Timestamp) -> Sold {
        let (from, until) = (quarter_of(from), quarter_of(until).max(quarter_of(from)));
        self.quarters.range(from..until).fold(Sold::default(), |sum, (_, sold)| sum.plus(*sold))
    }
}

/// The last figures, and when they are to be counted again.
#[derive(Default)]
pub struct FiguresBoard(Mutex<Board>);

#[derive(Default)]
struct Board {
    last: Option<Arc<Figures>>,
    /// Counts of changes that the last figures were made from.
    of: (u64, u64),
    next: Duration,
    is_counting: bool,
}

impl FiguresBoard {
    /// The figures: those of now, if they can be counted in a moment, else the last ones.
    ///
    /// # Errors
    /// A fault of the store at the first count.
    pub async fn look(shop: &Shop) -> Result<Arc<Figures>, StoreFault> {
        let money = shop.reader.changes_of::<Payment>();
        let sold = shop.reader.changes_of::<Order>().wrapping_add(money);
        let of = (sold, shop.reader.changes_of::<Ledger>());
        let (now, running) = (shop.clock.now(), shop.clock.running());
        {
            let mut board = shop.figures.locked();
            if let Some(last) = &board.last {
                let is_fresh = board.of == of && quarter_of(last.at) == quarter_of(now);
                if is_fresh || board.is_counting || running < board.next {
                    return Ok(Arc::clone(last));
                }
            }
            board.is_counting = true;
        }
        let counting = shop.clone();
        let counted = actix_web::rt::task::spawn_blocking(move || {
            let counted = count(&counting.reader, now).map(Arc::new);
            counting.figures.take(counted, of, counting.clock.running())
        });
        match tokio::time::timeout(PATIENCE, counted).await {
            Ok(Ok(counted)) => counted,
            Ok(Err(_)) => {
                let mut board = shop.figures.locked();
                board.is_counting = false;
                Ok(board.last.clone().unwrap_or_default())
            }
            // It is counted on; nobody waits for it.
            Err(_) => Ok(shop.figures.locked().last.clone().unwrap_or_default()),
        }
    }

    fn take(
        &self,
        counted: Result<Arc<Figures>, StoreFault>,
        of: (u64, u64),
        ended: Duration,
    ) -> Result<Arc<Figures>, StoreFault> {
        let mut board = self.locked();
        board.is_counting = false;
        let counted = counted?;
        board.next = ended.saturating_add(rest_after(counted.looked_at));
        board.of = of;
        board.last = Some(Arc::clone(&counted));
        Ok(counted)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of the quarter of an hour of a moment, since 1970.
pub fn quarter_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(MILLIS_A_QUARTER)
}

/// The first moment of a quarter of an hour.
pub fn begin_of(quarter: i64) -> Timestamp {
    Timestamp::from_millis(quarter.saturating_mul(MILLIS_A_QUARTER))
}

/// How long nobody counts again after so many rows were looked at.
fn rest_after(looked_at: usize) -> Duration {
    let rows = looked_at.saturating_sub(ROWS_AT_ONCE);
    REST_A_ROW.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX))
}

fn count(reader: &Reader, now: Timestamp) -> Result<Figures, StoreFault> {
    let first = quarter_of(now) - DAYS * QUARTERS_A_DAY;
    let mut figures = Figures { at: now, counted_from: first, ..Figures::default() };
    count_orders(reader, &mut figures, first)?;
    count_low(reader, &mut figures)?;
    Ok(figures)
}

fn count_orders(reader: &Reader, figures: &mut Figures, first: i64) -> Result<(), StoreFault> {
    let (mut after, mut left) = (None, ORDERS_MAX);
    loop {
        let order = store::Order::Descending;
        let rows = reader.rows(&keys::orders(), after.as_ref(), order, ROWS_AT_ONCE)?;
        for id in rows.iter().filter_map(|(key, _)| key.last_id::<OrderId>()) {
            let order = reader.get::<Order>(id)?.state;
            let quarter = quarter_of(order.placed_at);
            if quarter < first {
                return Ok(());
            }
            if left == 0 {
                figures.counted_from = quarter + 1;
                return Ok(());
            }
            left -= 1;
            figures.looked_at += 1;
            let may_wait = order.is_unfinished() || order.receipt.is_some();
            if may_wait && figures.money_waits.len() < MONEY_WAITS_MAX {
                let waits = waits_for_staff(reader, &order, figures.at)?;
                figures.money_waits.extend(waits.map(|_| id));
            }
            if let Some(sold) = sold_by(&order) {
                let sum = figures.quarters.entry(quarter).or_default();
                *sum = sum.plus(sold);
            }
        }
        if rows.len() < ROWS_AT_ONCE {
            return Ok(());
        }
        after = rows.into_iter().next_back().map(|(key, _)| key);
    }
}

/// What about the money of an order only staff can do, if there is anything.
///
/// # Errors
/// A fault of the store.
pub fn waits_for_staff(
    reader: &Reader,
    order: &Order,
    now: Timestamp,
) -> Result<Option<Waiting>, StoreFault> {
    if order.status == OrderStatus::Pending {
        return Ok(None);
    }
    let payment = reader.get::<Payment>(order.payment.unwrap_or_default())?.state;
    Ok(waiting_for(order, &payment, now).filter(|waiting| waiting.is_for_staff()))
}

/// What an order counts for: nothing before it is paid or sent, or once it is cancelled.
fn sold_by(order: &Order) -> Option<Sold> {
    match order.status {
        OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {}
        OrderStatus::Pending | OrderStatus::Cancelled => return None,
    }
    let back = order.refunded_or_decided().map_or(0, Money::minor);
    Some(Sold { orders: 1, minor: order.quote.total.minor().saturating_sub(back) })
}

fn count_low(reader: &Reader, figures: &mut Figures) -> Result<(), StoreFault> {
    let (mut after, mut left) = (None, LEDGERS_MAX);
    loop {
        let order = store::Order::Ascending;
        let rows = reader.rows(&keys::ledgers(), after.as_ref(), order, ROWS_AT_ONCE)?;
        for id in rows.iter().filter_map(|(key, _)| key.last_id::<VariantId>()) {
            if left == 0 {
                figures.low_is_partial = true;
                return Ok(());
            }
            left -= 1;
            figures.looked_at += 1;
            let ledger = reader.get::<Ledger>(id)?.state;
            if ledger.is_low() && ledger.is_active {
                figures.low_count += 1;
                if figures.low.len() < LOW_MAX {
                    figures.low.push(id);
                }
            }
        }
        if rows.len() < ROWS_AT_ONCE {
            return Ok(());
        }
        after = rows.into_iter().next_back().map(|(key, _)| key);
    }
}

/// Days that are counted: those that are shown, and the one that has begun.
pub const DAYS: i64 = 31;
/// Quarters of an hour in a day, but for the two days a year when clocks are changed.
pub const QUARTERS_A_DAY: i64 = 4 * 24;
const MILLIS_A_QUARTER: i64 = 15 * 60 * 1000;
/// The newest orders that one count looks at.
const ORDERS_MAX: usize = 300_000;
/// Ledgers that one count looks at.
const LEDGERS_MAX: usize = 300_000;
/// Orders that are named because their money waits.
const MONEY_WAITS_MAX: usize = 50;
/// What runs low and is named.
const LOW_MAX: usize = 500;
const ROWS_AT_ONCE: usize = 256;
/// Nobody counts again for so long, for each row beyond the first [`ROWS_AT_ONCE`]: some twenty
/// times of what looking at one takes.
const REST_A_ROW: Duration = Duration::from_micros(100);
/// A page waits this long for a count; then it shows the last one.
const PATIENCE: Duration = Duration::from_millis(1_500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_shop_is_counted_at_each_look_and_a_large_one_now_and_then() {
        assert_eq!(rest_after(ROWS_AT_ONCE), Duration::ZERO);
        assert_eq!(rest_after(ROWS_AT_ONCE + 100_000), Duration::from_secs(10));
    }
}
