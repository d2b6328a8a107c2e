//! Orders: each has a number of its own, one request behind it, and an end in sight.

use std::collections::BTreeMap;

use super::finding;
use crate::{
    domain::{
        ids::{OrderId, ShopId},
        order_book::OrderBook,
        orders::{CancelReason, Order, OrderStatus},
        time::Timestamp,
        users::User,
    },
    store::{
        Reader, StoreFault,
        verify::{Check, Finding},
    },
};

/// Orders, the order book and the requests that made them agree.
pub struct Orders;

impl Check for Orders {
    fn name(&self) -> &'static str {
        "order"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let given = reader.get::<OrderBook>(ShopId::default())?.state.given;
        let mut found = Vec::new();
        let mut made: BTreeMap<[u8; 32], (OrderId, Timestamp)> = BTreeMap::new();
        for entry in reader.all::<Order>() {
            let (id, order) = entry?;
            let order = &order.state;
            let at = || format!("order {} ({id})", order.number);
            if order.number > given {
                let what = format!("its number was never given; the last one is {given}");
                found.push(finding(what, at()));
            }
            if order.status == OrderStatus::Pending && order.hold_until == Timestamp::default() {
                found.push(finding("it waits without an end", at()));
            }
            if let Some(user) = order.customer.user
                && reader.get::<User>(user)?.version == 0
            {
                found.push(finding("its customer was never there", at()));
            }
            let request = order.request.filter(|_| !came_to_nothing(order));
            let other = request.and_then(|request| made.insert(request, (id, order.placed_at)));
            // A key that was forgotten may have been used anew, but none is forgotten so soon.
            if let Some((other, at_that_time)) = other
                && order.placed_at.millis_since(at_that_time).abs() < KEPT_MILLIS_MIN
            {
                found.push(finding(format!("its request had made order {other} already"), at()));
            }
        }
        Ok(found)
    }
}

/// The request of such an order may be made again under the same key.
fn came_to_nothing(order: &Order) -> bool {
    match order.cancel_reason {
        Some(CancelReason::OutOfStock | CancelReason::CartInCheckout) => true,
        Some(
            CancelReason::Customer
            | CancelReason::Staff
            | CancelReason::Expired
            | CancelReason::PaymentDeclined,
        )
        | None => false,
    }
}

/// No request key is kept for less than an hour.
const KEPT_MILLIS_MIN: i64 = 60 * 60 * 1000;
