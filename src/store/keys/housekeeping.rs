//! The rows of what is let go of one day, by the moment from which on it may be.
//!
//! Lists, all of them: a prefix, then a moment, then an id. They are read by housekeeping alone, so
//! no owner has to know them before they are published.

use crate::domain::{
    ids::{CartId, HoldId, NewsId, OrderId, UserId},
    time::Timestamp,
};

use super::Key;

/// List: users with a session, or a link to a new password, by when the first of these ends.
pub fn expiring_users() -> Key {
    Key::row(0xd0).done()
}

/// A row of [`expiring_users`].
pub fn expiring_user(ends: Timestamp, user: UserId) -> Key {
    Key::row(0xd0).time(ends).id(&user).done()
}

/// List: orders that are over and not put away, by when something last happened to them.
pub fn orders_to_file() -> Key {
    Key::row(0xd1).done()
}

/// A row of [`orders_to_file`].
pub fn order_to_file(updated: Timestamp, order: OrderId) -> Key {
    Key::row(0xd1).time(updated).id(&order).done()
}

/// List: manual holds that have ended, by when.
pub fn spent_holds() -> Key {
    Key::row(0xd2).done()
}

/// A row of [`spent_holds`].
pub fn spent_hold(ended: Timestamp, hold: HoldId) -> Key {
    Key::row(0xd2).time(ended).id(&hold).done()
}

/// List: news of the payment gateway that was applied, by when it was heard.
pub fn applied_news() -> Key {
    Key::row(0xd3).done()
}

/// A row of [`applied_news`].
pub fn applied_news_of(heard: Timestamp, news: NewsId) -> Key {
    Key::row(0xd3).time(heard).id(&news).done()
}

/// List: carts by the day on which they were last touched. By days, so that a busy cart has one
/// row that stays.
pub fn idle_carts() -> Key {
    Key::row(0xd4).done()
}

/// A row of [`idle_carts`].
pub fn idle_cart(updated: Timestamp, cart: CartId) -> Key {
    let day = updated.millis().div_euclid(MILLIS_A_DAY).saturating_mul(MILLIS_A_DAY);
    Key::row(0xd4).time(Timestamp::from_millis(day)).id(&cart).done()
}

/// Behind every row of one of these lists that is due at this moment.
pub fn due_until(list: &Key, now: Timestamp) -> Key {
    Key::row(list.as_bytes().first().copied().unwrap_or_default()).time(now.plus_millis(1)).done()
}

const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1000;
