//! Sweep: looks at what a crash, a doubt or the time has left unfinished, and drives it on.
//!
//! Invariant: so many at a time and no more, each as a task of its own, so that a gateway that is
//! silent holds up neither owners nor other orders. It may be asked at any moment, and twice.

use std::{collections::BTreeSet, sync::PoisonError};

use futures_util::{StreamExt, stream};

use crate::{
    domain::{
        ids::OrderId,
        time::{Timestamp, Who},
    },
    store::{self, Key, StoreFault, keys},
};

use super::{Inner, Purchases};

/// Which unfinished orders are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Those that are due, or were left in doubt.
    Due,
    /// All, after a start: a crash may have left any of them halfway.
    All,
}

impl Purchases {
    /// Drives every unfinished order on that is due, or all of them, as at the start; answers how
    /// many were looked at.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sweep(&self, which: Sweep) -> Result<usize, StoreFault> {
        let Inner { desks, stuck, .. } = &*self.inner;
        let due = match which {
            Sweep::Due => desks.clock.now(),
            Sweep::All => Timestamp::from_millis(i64::MAX - 1),
        };
        let mut orders = BTreeSet::new();
        let until = keys::unfinished_until(due);
        self.gather(&mut orders, &keys::unfinished_orders(), Some(&until))?;
        self.gather(&mut orders, &keys::unfinished_payments(), None)?;
        orders.append(&mut stuck.lock().unwrap_or_else(PoisonError::into_inner));
        let count = orders.len();
        stream::iter(orders)
            .for_each_concurrent(SWEEPS_AT_ONCE_MAX, |order| async move {
                if let Err(error) = self.drive(order, Who::Shop).await {
                    tracing::warn!(order.id = %order, %error, "an unfinished order cannot go on");
                }
            })
            .await;
        Ok(count)
    }

    /// Adds the orders of a list, as far as `until`.
    fn gather(
        &self,
        orders: &mut BTreeSet<OrderId>,
        list: &Key,
        until: Option<&Key>,
    ) -> Result<(), StoreFault> {
        let (reader, ascending) = (&self.inner.desks.reader, store::Order::Ascending);
        let rows = reader.rows(list, None, ascending, SWEPT_ORDERS_MAX)?;
        let in_time = rows.into_iter().take_while(|(key, _)| until.is_none_or(|until| key < until));
        orders.extend(in_time.filter_map(|(key, _)| key.last_id::<OrderId>()));
        Ok(())
    }
}

/// Orders driven on at a time: so many gateways may be silent before one has to wait.
pub const SWEEPS_AT_ONCE_MAX: usize = 64;
/// Rows of a list looked at in one sweep; the rest waits for the next.
const SWEPT_ORDERS_MAX: usize = 100_000;
