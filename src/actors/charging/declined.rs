//! Declined: what a gateway says of a charge is recorded, and a no is kept until it is counted.
//!
//! Invariant: each charge that was refused is told once, whoever asked about it and however late;
//! nobody but the one who has the order's turn asks, so that what an attempt was before is known.

use std::sync::{Mutex, PoisonError};

use super::{Charging, Decided};
use crate::{
    actors::{Rejection, payments::PaymentChange},
    domain::{
        ids::{OrderId, PaymentId},
        payments::{GatewayOutcome, PayState, Payment},
    },
    store::Ticket,
};

/// Charges that were refused and that nobody has counted yet: of which order, and with what.
#[derive(Debug, Default)]
pub(super) struct Declined(Mutex<Vec<(OrderId, String)>>);

impl Charging {
    /// Records what became of an attempt of a payment, which was like this before.
    pub(super) async fn recorded(
        &self,
        id: PaymentId,
        before: &Payment,
        outcome: GatewayOutcome,
        after: Option<Ticket>,
    ) -> Result<Decided, Rejection> {
        let record = PaymentChange::Record { attempt: before.attempt, outcome };
        let decided = self.step(id, record, after).await?;
        self.declined.note(before, &decided.0);
        Ok(decided)
    }

    /// The payment methods with which this order was refused since this was asked last.
    pub fn take_declined(&self, order: OrderId) -> Vec<String> {
        self.declined.take(order)
    }
}

impl Declined {
    fn note(&self, before: &Payment, after: &Payment) {
        let is_refused = matches!(after.state, PayState::Declined { .. });
        if !is_refused || !before.is_open() || before.attempt != after.attempt {
            return;
        }
        let mut declined = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if declined.len() < DECLINED_MAX {
            declined.push((after.order, after.method_token.clone().unwrap_or_default()));
        }
    }

    fn take(&self, order: OrderId) -> Vec<String> {
        let mut declined = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_order = declined.extract_if(.., |(of, _)| *of == order);
        of_order.map(|(_, token)| token).collect()
    }
}

/// Refused charges that wait to be counted: more than there are drives at a time.
const DECLINED_MAX: usize = 4096;
