//! The order book: the running number of the shop's orders.
//!
//! Invariant: each number is given once, in order, in the same commit as the order that has it.

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::{OrderId, ShopId},
    time::Stamp,
};

/// Which number comes next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBook {
    /// How many numbers were given.
    pub given: u64,
}

/// What can have happened to the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderBookEvent {
    /// An order got the next number.
    NumberGiven {
        /// Which order.
        order: OrderId,
        /// Its number.
        number: u64,
    },
}

impl OrderBook {
    /// Gives the next number to an order.
    pub fn give(&self, order: OrderId) -> (u64, Vec<OrderBookEvent>) {
        let number = self.given.saturating_add(1).max(FIRST_NUMBER);
        (number, vec![OrderBookEvent::NumberGiven { order, number }])
    }
}

impl Aggregate for OrderBook {
    const KIND: &'static str = "order_book";
    type Id = ShopId;
    type Event = OrderBookEvent;

    fn apply(&mut self, event: &OrderBookEvent, _: &Stamp) {
        match event {
            OrderBookEvent::NumberGiven { number, .. } => self.given = *number,
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// A new shop's first order does not look like a new shop's first order.
const FIRST_NUMBER: u64 = 1001;
