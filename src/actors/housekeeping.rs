//! Housekeeping: looks for what is too old to be needed, and has its owners let go of it.
//!
//! Invariant: nothing is purged but by an event of its owner that names a cut-off, so that a replay
//! purges the same. A few at a time: no owner is held up for longer than any other message takes,
//! and whatever a round does not reach waits for the next. Killed anywhere, it goes on from what
//! the owners say: a row stays until what it stands for has gone.

use std::sync::Arc;

use crate::{
    domain::{
        couriers::Courier,
        ids::{CartId, DeliveryId, HoldId, Identity, NewsId, OrderId, UserId},
        time::{Stamp, Timestamp, Who},
    },
    store::{self, Key, keys},
};

use super::{
    Intent, Rejection,
    couriers::ForgetDeliveries,
    desks::Desks,
    purging::{
        AbandonCarts, EndReturns, Ended, FileOrders, ForgetExpired, ForgetHolds, ForgetNews,
        ForgetRequests,
    },
};

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Request keys and what they were answered.
    pub request_hours: u32,
    /// Carts that nobody touches.
    pub cart_days: u32,
    /// After an order is over: which of its units were sold, so that they can come back.
    pub return_days: u32,
    /// Deliveries that were made or given up.
    pub delivery_days: u32,
}

/// Clears up now and then. Cheap to clone.
#[derive(Clone)]
pub struct Housekeeping {
    desks: Arc<Desks>,
    keeping: Keeping,
}

/// What a round has purged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Request keys.
    pub requests: usize,
    /// Users who had sessions or links that had ended.
    pub users: usize,
    /// Orders that were put away.
    pub orders: usize,
    /// Ended holds by hand.
    pub holds: usize,
    /// Deliveries.
    pub deliveries: usize,
    /// News of the payment gateway.
    pub news: usize,
    /// Carts.
    pub carts: usize,
}

impl Housekeeping {
    /// Housekeeping over these owners.
    pub fn new(desks: Arc<Desks>, keeping: Keeping) -> Housekeeping {
        Housekeeping { desks, keeping }
    }

    /// Goes through everything once.
    ///
    /// # Errors
    /// An owner or the store cannot be asked now; what was purged stays so, and the rest is found
    /// by the next round.
    pub async fn round(&self) -> Result<Purged, Rejection> {
        Ok(Purged {
            requests: self.requests().await?,
            users: self.users().await?,
            orders: self.orders().await?,
            holds: self.holds().await?,
            deliveries: self.deliveries().await?,
            news: self.news().await?,
            carts: self.carts().await?,
        })
    }

    /// Request keys lie in no order of time: all that are there are looked at.
    async fn requests(&self) -> Result<usize, Rejection> {
        let before = self.ago(i64::from(self.keeping.request_hours) * MILLIS_AN_HOUR);
        let (mut last, mut purged) = (None, 0);
        loop {
            let page = self.desks.reader.requests(last.as_ref(), AT_ONCE)?;
            let Some((end, _)) = page.last() else { return Ok(purged) };
            last = Some(end.clone());
            let old = page.iter().filter(|(_, kept)| kept.at < before);
            let scopes: Vec<_> = old.map(|(_, kept)| kept.request.scope).collect();
            if !scopes.is_empty() {
                purged += scopes.len();
                self.desks.requests.ask(ForgetRequests { scopes }, self.intent()).await?;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn users(&self) -> Result<usize, Rejection> {
        let before = self.desks.clock.now();
        let (mut due, mut purged) = (Due::in_list(keys::expiring_users(), before), 0);
        while let Some(users) = due.next::<UserId>(&self.desks)? {
            let forget = ForgetExpired { users, before };
            purged += self.desks.users.ask(forget, self.intent()).await?;
        }
        Ok(purged)
    }

    /// First the returns of an order end, then its holds go, then it is put away: each durable
    /// before the next begins.
    async fn orders(&self) -> Result<usize, Rejection> {
        let before = self.days_ago(self.keeping.return_days);
        let (mut due, mut filed) = (Due::in_list(keys::orders_to_file(), before), 0);
        while let Some(orders) = due.next::<OrderId>(&self.desks)? {
            let end = EndReturns { orders, before };
            let ended = self.desks.orders.ask(end, self.intent()).await?;
            let orders = self.forget_holds_of(ended).await?;
            if !orders.is_empty() {
                filed += self.desks.orders.ask(FileOrders { orders }, self.intent()).await?;
            }
        }
        Ok(filed)
    }

    /// Forgets the holds of these orders; those of which nothing is left.
    async fn forget_holds_of(&self, ended: Vec<Ended>) -> Result<Vec<OrderId>, Rejection> {
        let all: Vec<HoldId> = ended.iter().flat_map(|(_, holds)| holds).copied().collect();
        let mut held = Vec::new();
        for holds in all.chunks(AT_ONCE) {
            let forget = ForgetHolds { holds: holds.to_vec() };
            held.extend(self.desks.inventory.ask(forget, self.intent()).await?);
        }
        let is_done = |(_, holds): &&Ended| !holds.iter().any(|hold| held.contains(hold));
        Ok(ended.iter().filter(is_done).map(|(order, _)| *order).collect())
    }

    async fn holds(&self) -> Result<usize, Rejection> {
        let before = self.days_ago(SPENT_HOLD_DAYS);
        let (mut due, mut purged) = (Due::in_list(keys::spent_holds(), before), 0);
        while let Some(holds) = due.next::<HoldId>(&self.desks)? {
            purged += holds.len();
            self.desks.inventory.ask(ForgetHolds { holds }, self.intent()).await?;
        }
        Ok(purged)
    }

    /// Those of couriers that never go again, too.
    async fn deliveries(&self) -> Result<usize, Rejection> {
        let before = self.days_ago(self.keeping.delivery_days);
        let couriers: Result<Vec<_>, _> = self.desks.reader.all::<Courier>().collect();
        let mut purged = 0;
        for (courier, _) in couriers? {
            let list = keys::deliveries_of(courier);
            let until = keys::deliveries_noted_until(courier, before);
            let mut due = Due { list, until, last: None };
            while let Some(deliveries) = due.next::<DeliveryId>(&self.desks)? {
                let forget = ForgetDeliveries { deliveries, before };
                purged += self.desks.couriers.ask(forget, self.intent()).await?;
            }
        }
        Ok(purged)
    }

    async fn news(&self) -> Result<usize, Rejection> {
        let before = self.days_ago(NEWS_DAYS);
        let (mut due, mut purged) = (Due::in_list(keys::applied_news(), before), 0);
        while let Some(news) = due.next::<NewsId>(&self.desks)? {
            purged += self.desks.news.ask(ForgetNews { news, before }, self.intent()).await?;
        }
        Ok(purged)
    }

    async fn carts(&self) -> Result<usize, Rejection> {
        let before = self.days_ago(self.keeping.cart_days);
        let (mut due, mut purged) = (Due::in_list(keys::idle_carts(), before), 0);
        while let Some(carts) = due.next::<CartId>(&self.desks)? {
            purged += self.desks.carts.ask(AbandonCarts { carts, before }, self.intent()).await?;
        }
        Ok(purged)
    }

    fn intent(&self) -> Intent {
        Intent::of(Stamp { at: self.desks.clock.now(), who: Who::Shop })
    }

    /// Never later than request keys are forgotten: what one has made is there as long as the key.
    fn days_ago(&self, days: u32) -> Timestamp {
        let days = days.max(self.keeping.request_hours.div_ceil(24) + 1);
        self.ago(i64::from(days) * 24 * MILLIS_AN_HOUR)
    }

    fn ago(&self, millis: i64) -> Timestamp {
        self.desks.clock.now().plus_millis(-millis)
    }
}

/// The rows of a list up to a moment, a few at a time. Each is met once: what must stay is passed.
struct Due {
    list: Key,
    until: Key,
    last: Option<Key>,
}

impl Due {
    fn in_list(list: Key, at: Timestamp) -> Due {
        let until = keys::due_until(&list, at);
        Due { list, until, last: None }
    }

    /// The next ones; none when there are no more.
    fn next<I: Identity>(&mut self, desks: &Desks) -> Result<Option<Vec<I>>, Rejection> {
        let order = store::Order::Ascending;
        let rows = desks.reader.rows(&self.list, self.last.as_ref(), order, AT_ONCE)?;
        let due: Vec<Key> =
            rows.into_iter().map(|(key, _)| key).take_while(|key| *key < self.until).collect();
        let Some(last) = due.last() else { return Ok(None) };
        self.last = Some(last.clone());
        Ok(Some(due.iter().filter_map(Key::last_id).collect()))
    }
}

/// Things an owner is asked about in one message: well below a millisecond of its time.
const AT_ONCE: usize = 32;
/// A hold by hand that has ended is remembered so long, for a release that is sent again.
const SPENT_HOLD_DAYS: u32 = 1;
/// A gateway can be asked for what it told in the last 30 days; then nothing comes again.
const NEWS_DAYS: u32 = 60;
const MILLIS_AN_HOUR: i64 = 3_600_000;
