//! Lists of orders, page by page: the own ones, and all by status, time, number or email.
//!
//! Newest first, both ends of a time included. A whole number is looked up; all else is found in
//! the register, by the beginning of number, email, name or SKU, as fast among a million.

use super::{
    bodies::{AllQuery, Disputed},
    payment_of,
    views::{OrderView, Showing, Viewer},
};
use crate::{
    domain::{
        ids::{OrderId, UserId},
        orders::{Order, OrderStatus},
        time::Timestamp,
        users::fold_email,
    },
    http::{
        answer::{Answer, Page},
        cursor::{PAGE_ENTRIES_MAX, Paging},
        listing::Rows,
        lookup::{page_through, spot_in},
    },
    search::{Filed, Lookup},
    shop::Shop,
    store::{self, Key, StoreFault, keys},
};

/// A page of somebody's own orders.
pub(super) fn page_of_own(shop: &Shop, user: UserId, paging: &Paging) -> Answer<Page<OrderView>> {
    let how = Showing::of(shop, Viewer::Customer);
    page(shop, Source::Of(user), &Sought::default(), paging, |order| {
        Ok(OrderView::of(&how, order, &payment_of(shop, order)?.state))
    })
}

/// A page of somebody's orders, each shown as the caller wants it.
pub(in crate::http) fn orders_of<T>(
    shop: &Shop,
    user: UserId,
    paging: &Paging,
    show: impl Fn(&Order) -> Answer<T>,
) -> Answer<Page<T>> {
    page(shop, Source::Of(user), &Sought::default(), paging, show)
}

/// Somebody's newest orders as they see them, up to a limit.
pub(in crate::http) fn everything_of(
    shop: &Shop,
    user: UserId,
    most: usize,
) -> Answer<Vec<OrderView>> {
    let (mut orders, mut cursor) = (Vec::new(), None);
    while orders.len() < most {
        let page = page_of_own(shop, user, &Paging { limit: PAGE_ENTRIES_MAX, cursor })?;
        orders.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(orders)
}

/// A page of all orders that are sought.
pub(super) fn page_of_all(shop: &Shop, query: &AllQuery) -> Answer<Page<OrderView>> {
    let how = Showing::of(shop, Viewer::Staff);
    all_sought(shop, query, |order| Ok(OrderView::of(&how, order, &payment_of(shop, order)?.state)))
}

/// The same, each order shown as the caller wants it.
pub(in crate::http) fn all_sought<T>(
    shop: &Shop,
    query: &AllQuery,
    show: impl Fn(&Order) -> Answer<T>,
) -> Answer<Page<T>> {
    let AllQuery { paging, status, is_to_ship, dispute, from, to, q } = query;
    let words = q.as_deref().map(|q| fold_email(q.trim_start_matches('#')));
    let (status, is_to_ship, dispute) = (*status, *is_to_ship, *dispute);
    let sought = Sought { status, is_to_ship, dispute, from: *from, to: *to, words };
    if let Some(order) = sought.exactly(shop)? {
        let order = shop.reader.get::<Order>(order)?.state;
        return Ok(Page { items: vec![show(&order)?], limit: paging.limit, next_cursor: None });
    }
    if let Some(words) = &sought.words {
        return page_of_found(shop, words, &sought, paging, show);
    }
    let source = match dispute {
        Some(Disputed::Open) => Source::Disputed,
        Some(Disputed::Ever) | None if is_to_ship => Source::ToShip,
        Some(Disputed::Ever) | None => status.map_or(Source::All, Source::In),
    };
    page(shop, source, &sought, paging, show)
}

/// Which list is gone through.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    All,
    In(OrderStatus),
    /// Those that may be to be shipped.
    ToShip,
    Of(UserId),
    /// Those with an open dispute, the nearest deadline first.
    Disputed,
}

impl Source {
    fn name(self) -> String {
        match self {
            Source::All => "orders".to_owned(),
            Source::In(status) => format!("orders {}", status.name()),
            Source::ToShip => "orders to ship".to_owned(),
            Source::Of(user) => format!("orders of {user}"),
            Source::Disputed => "disputed orders".to_owned(),
        }
    }

    fn prefix(self) -> Key {
        match self {
            Source::All | Source::ToShip => keys::orders(),
            Source::In(status) => keys::orders_in(status),
            Source::Of(user) => keys::orders_of(user),
            Source::Disputed => keys::disputed_orders(),
        }
    }

    /// The lists that are read as one, where it takes several.
    fn merged(self) -> Vec<Key> {
        match self {
            Source::ToShip => OrderStatus::BEFORE_SHIPPED.map(keys::orders_in).into(),
            Source::All | Source::In(_) | Source::Of(_) | Source::Disputed => Vec::new(),
        }
    }

    /// Before every row of this moment, and behind every one of an earlier moment.
    /// A list that is not in the order of time has none.
    fn at(self, at: Timestamp) -> Option<Key> {
        let first = OrderId::default();
        match self {
            Source::All => Some(keys::order_listed(at, first)),
            Source::In(status) => Some(keys::order_in(status, at, first)),
            Source::Of(user) => Some(keys::order_of(user, at, first)),
            Source::ToShip => {
                let (list, row) = (keys::orders_in(OrderStatus::Paid), OrderStatus::Paid);
                let row = keys::order_in(row, at, first);
                Some(Key::from_bytes(row.after(list.as_bytes().len())))
            }
            Source::Disputed => None,
        }
    }

    fn order(self) -> store::Order {
        match self {
            Source::All | Source::In(_) | Source::ToShip | Source::Of(_) => {
                store::Order::Descending
            }
            Source::Disputed => store::Order::Ascending,
        }
    }
}

/// What is looked for; both times are included.
#[derive(Clone, Debug, Default)]
pub(super) struct Sought {
    pub(super) status: Option<OrderStatus>,
    pub(super) is_to_ship: bool,
    pub(super) dispute: Option<Disputed>,
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    /// Words of it, or their beginnings, folded.
    pub(super) words: Option<String>,
}

impl Sought {
    /// Whether an order is one of those, whatever its words.
    pub(super) fn is_met_by(&self, order: &Order) -> bool {
        order.exists()
            && self.status.is_none_or(|status| order.status == status)
            && (!self.is_to_ship || order.is_to_ship())
            && self.dispute.is_none_or(|dispute| dispute.is_met_by(order))
            && self.from.is_none_or(|from| order.placed_at >= from)
            && self.to.is_none_or(|to| order.placed_at <= to)
    }

    /// The order with exactly this number.
    fn exactly(&self, shop: &Shop) -> Result<Option<OrderId>, StoreFault> {
        let number = self.words.as_ref().and_then(|words| words.parse().ok());
        let Some(number) = number else { return Ok(None) };
        let row = shop.reader.row(&keys::order_by_number(number))?;
        let Some(id) = row.and_then(|value| keys::held_by(&value)) else { return Ok(None) };
        let order = shop.reader.get::<Order>(id)?.state;
        Ok(self.is_met_by(&order).then_some(id))
    }
}

/// A page of what the register finds.
fn page_of_found<T>(
    shop: &Shop,
    words: &str,
    sought: &Sought,
    paging: &Paging,
    show: impl Fn(&Order) -> Answer<T>,
) -> Answer<Page<T>> {
    let Sought { status, is_to_ship, dispute, from, to, .. } = sought;
    let which = if *is_to_ship { "to ship " } else { "" };
    let list = format!("orders {which}found by {words:?} {status:?} {dispute:?} {from:?} {to:?}");
    let after = spot_in(shop.cursors.start(&list, paging)?)?;
    let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
    let lookup = Lookup { filed: Filed::Order, text: words, from: *from, to: *to, after, limit };
    let (items, next) = page_through(shop, lookup, |id: OrderId| {
        let order = shop.reader.get::<Order>(id)?.state;
        if sought.is_met_by(&order) { show(&order).map(Some) } else { Ok(None) }
    })?;
    let next_cursor = next.map(|spot| shop.cursors.seal(&list, &spot.bytes()));
    Ok(Page { items, limit: paging.limit, next_cursor })
}

fn page<T>(
    shop: &Shop,
    source: Source,
    sought: &Sought,
    paging: &Paging,
    show: impl Fn(&Order) -> Answer<T>,
) -> Answer<Page<T>> {
    let rows = Rows {
        from: sought.to.and_then(|to| source.at(to.plus_millis(1))),
        until: sought.from.and_then(|from| source.at(from)),
        merged: source.merged(),
        ..Rows::all(source.name(), source.prefix(), source.order())
    };
    rows.page(&shop.reader, &shop.cursors, paging, |key, _| {
        let order = shop.reader.get::<Order>(key.last_id().unwrap_or_default())?.state;
        if !sought.is_met_by(&order) {
            return Ok(None);
        }
        show(&order).map(Some)
    })
}
