//! Purging: what each owner is asked to let go of, and what is still needed of it.
//!
//! The rules are the aggregates' own: each knows by a moment in the message whether its time is
//! over, so a message that comes late or twice purges nothing that is needed. Which ones are asked
//! for, and when, is [`super::housekeeping`].

use crate::domain::{
    carts::Cart,
    ids::{CartId, HoldId, NewsId, OrderId, UserId},
    inventory::Hold,
    news::News,
    orders::{Filing, Order},
    time::Timestamp,
    users::User,
};

use super::{
    Answers, Owner, Rejection, Request, Work, carts::Carts, inventory::Inventory, news::NewsRoom,
    orders::Orders, users::Users,
};

/// Forgets request keys, with what they were answered. Safe to send twice.
#[derive(Debug)]
pub struct ForgetRequests {
    /// Their scopes.
    pub scopes: Vec<[u8; 32]>,
}

/// Drops what these users' sessions and links had ended by a moment. Safe to send twice.
#[derive(Debug)]
pub struct ForgetExpired {
    /// Whose.
    pub users: Vec<UserId>,
    /// What ends later stays.
    pub before: Timestamp,
}

/// Ends the time in which units of these orders may come back, of those that are long over. Safe
/// to send twice; answers whose time has ended, now or before, with their holds.
#[derive(Debug)]
pub struct EndReturns {
    /// Which.
    pub orders: Vec<OrderId>,
    /// Those to which something happened later stay.
    pub before: Timestamp,
}

/// Forgets holds that have ended. Safe to send twice; answers which are still held.
#[derive(Debug)]
pub struct ForgetHolds {
    /// Which.
    pub holds: Vec<HoldId>,
}

/// Notes that the holds of these orders are forgotten. Safe to send twice.
#[derive(Debug)]
pub struct FileOrders {
    /// Which.
    pub orders: Vec<OrderId>,
}

/// Drops news that was applied long ago. Safe to send twice.
#[derive(Debug)]
pub struct ForgetNews {
    /// Which.
    pub news: Vec<NewsId>,
    /// What was heard later stays.
    pub before: Timestamp,
}

/// Gives up carts to which nobody came back. Safe to send twice.
#[derive(Debug)]
pub struct AbandonCarts {
    /// Which.
    pub carts: Vec<CartId>,
    /// What was touched later stays.
    pub before: Timestamp,
}

/// An order whose units come back no more, with the holds that can go.
pub type Ended = (OrderId, Vec<HoldId>);

impl Request for ForgetRequests {
    type Value = ();
}
impl Request for ForgetExpired {
    type Value = usize;
}
impl Request for EndReturns {
    type Value = Vec<Ended>;
}
impl Request for ForgetHolds {
    type Value = Vec<HoldId>;
}
impl Request for FileOrders {
    type Value = usize;
}
impl Request for ForgetNews {
    type Value = usize;
}
impl Request for AbandonCarts {
    type Value = usize;
}

/// Whoever forgets request keys. They belong to no aggregate: each was written with what it made,
/// by the owner of that.
pub struct Requests;

impl Owner for Requests {
    const NAME: &'static str = "requests";
}

impl Answers<ForgetRequests> for Requests {
    fn answer(&mut self, msg: ForgetRequests, work: &mut Work<'_>) -> Result<(), Rejection> {
        msg.scopes.into_iter().for_each(|scope| work.forget_key(scope));
        Ok(())
    }
}

impl Answers<ForgetExpired> for Users {
    fn answer(&mut self, msg: ForgetExpired, work: &mut Work<'_>) -> Result<usize, Rejection> {
        let mut purged = 0;
        for id in msg.users {
            let events = work.get::<User>(id)?.forget_expired(msg.before);
            purged += events.len();
            work.change::<User>(id, events)?;
        }
        Ok(purged)
    }
}

impl Answers<EndReturns> for Orders {
    fn answer(&mut self, msg: EndReturns, work: &mut Work<'_>) -> Result<Vec<Ended>, Rejection> {
        let mut ended = Vec::with_capacity(msg.orders.len());
        for id in msg.orders {
            let events = work.get::<Order>(id)?.end_returns(msg.before);
            let order = work.change::<Order>(id, events)?;
            if order.filing == Filing::ReturnsEnded {
                let lines = order.quote.lines.iter();
                ended.push((id, lines.map(|line| super::inventory::hold_of(line.id)).collect()));
            }
        }
        Ok(ended)
    }
}

impl Answers<ForgetHolds> for Inventory {
    fn answer(&mut self, msg: ForgetHolds, work: &mut Work<'_>) -> Result<Vec<HoldId>, Rejection> {
        let mut held = Vec::new();
        for id in msg.holds {
            match work.get::<Hold>(id)?.forget() {
                Ok(events) => drop(work.change::<Hold>(id, events)?),
                Err(_) => held.push(id),
            }
        }
        Ok(held)
    }
}

impl Answers<FileOrders> for Orders {
    fn answer(&mut self, msg: FileOrders, work: &mut Work<'_>) -> Result<usize, Rejection> {
        let mut filed = 0;
        for id in msg.orders {
            let events = work.get::<Order>(id)?.file();
            filed += events.len();
            work.change::<Order>(id, events)?;
        }
        Ok(filed)
    }
}

impl Answers<ForgetNews> for NewsRoom {
    fn answer(&mut self, msg: ForgetNews, work: &mut Work<'_>) -> Result<usize, Rejection> {
        let mut purged = 0;
        for id in msg.news {
            let events = work.get::<News>(id)?.forget(msg.before);
            purged += events.len();
            work.change::<News>(id, events)?;
        }
        Ok(purged)
    }
}

impl Answers<AbandonCarts> for Carts {
    fn answer(&mut self, msg: AbandonCarts, work: &mut Work<'_>) -> Result<usize, Rejection> {
        let mut given_up = 0;
        for id in msg.carts {
            let events = work.get::<Cart>(id)?.abandon(msg.before);
            given_up += events.len();
            work.change::<Cart>(id, events)?;
        }
        Ok(given_up)
    }
}
