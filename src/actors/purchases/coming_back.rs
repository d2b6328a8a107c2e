//! Coming back: a customer who confirmed a payment elsewhere wants to see at once how it ended.
//!
//! Invariant: the bank is asked once for them, and not again within some seconds, however often the
//! address they came back to is called; others who ask meanwhile wait for that answer.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    actors::Rejection,
    domain::{ids::OrderId, time::Who},
};

use super::Purchases;

/// When the bank was last asked for a customer who came back. Orders are numbered by time: the
/// first is the oldest.
#[derive(Debug, Default)]
pub(super) struct CameBack(Mutex<BTreeMap<OrderId, Duration>>);

impl Purchases {
    /// Asks how a payment ended that was confirmed elsewhere, and drives its order on. Safe to ask
    /// at any time, and as often as anybody likes.
    ///
    /// # Errors
    /// An unknown order; busy or fault.
    pub async fn came_back(&self, order: OrderId, who: Who) -> Result<(), Rejection> {
        let now = self.inner.desks.clock.running();
        if self.inner.came_back.is_due(order, now) {
            return self.drive(order, who).await.map(drop);
        }
        // Somebody may be asking just now.
        drop(self.inner.turn(order).await);
        Ok(())
    }
}

impl CameBack {
    fn is_due(&self, order: OrderId, now: Duration) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let was_asked = asked.get(&order).copied();
        let is_due = was_asked.is_none_or(|at| now.saturating_sub(at) >= ASKED_EVERY);
        if is_due {
            asked.insert(order, now);
            if asked.len() > ORDERS_KEPT {
                asked.pop_first();
            }
        }
        is_due
    }
}

/// The bank is asked so often for one order, however often its customer comes back.
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// Orders of which it is kept when the bank was asked.
const ORDERS_KEPT: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Identity;

    #[test]
    fn whoever_comes_back_again_and_again_makes_the_shop_ask_now_and_then() {
        let came_back = CameBack::default();
        let order = |number: u128| OrderId::from_bytes(number.to_be_bytes());
        let is_due = |number, second| came_back.is_due(order(number), Duration::from_secs(second));
        assert!(is_due(1, 7) && is_due(2, 7));
        assert!(!is_due(1, 7) && !is_due(1, 11));
        assert!(is_due(1, 12) && !is_due(1, 16) && is_due(1, 17));
        for number in 3..5000 {
            is_due(number, 18);
        }
        assert_eq!(came_back.0.lock().expect("nobody panics").len(), ORDERS_KEPT);
    }
}
