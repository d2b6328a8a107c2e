//! Decision: how a message ends, and when that may be told.
//!
//! Invariant: no yes and no no leaves before what it rests on is durable; [`Decision::settled`]
//! is the gate. Inside a process a step may look at the outcome at once and carries its ticket on.

use actix::dev::{MessageResponse, OneshotSender};

use crate::{
    domain::refusal::Refusal,
    gateways::Unavailable,
    store::{Durable, StoreFault, Ticket},
};

/// Why there is no value: the rules, the load, or the machine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// The rules say no.
    #[error("{0}")]
    Refused(Refusal),
    /// Too much to do, or closing: nothing was decided; trying again is safe.
    #[error("the shop is busy, please try again")]
    Busy,
    /// It was decided and is not durable yet, after a long time; it may still become so. Asking
    /// again under the same idempotency key is safe.
    #[error("this takes too long; it may still be carried out")]
    Late,
    /// A neighbour the shop needs for this does not answer; trying again is safe.
    #[error("the payment gateway does not answer at the moment")]
    GatewayDown {
        /// When trying again makes sense.
        retry_seconds: u64,
    },
    /// The disk is full or read-only; trying again is safe.
    #[error("the shop cannot write at the moment")]
    Unwritable,
    /// Something broke; it was logged where it happened.
    #[error("something went wrong")]
    Fault,
}

impl<R: Into<Refusal>> From<R> for Rejection {
    fn from(refusal: R) -> Self {
        Rejection::Refused(refusal.into())
    }
}

impl From<Unavailable> for Rejection {
    fn from(down: Unavailable) -> Self {
        Rejection::GatewayDown { retry_seconds: down.retry_seconds }
    }
}

impl From<StoreFault> for Rejection {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Busy | StoreFault::Closing | StoreFault::Overtaken => Rejection::Busy,
            StoreFault::DiskFull | StoreFault::ReadOnly { .. } => Rejection::Unwritable,
            StoreFault::TooLarge { .. }
            | StoreFault::Damaged { .. }
            | StoreFault::LaterFormat { .. }
            | StoreFault::Locked { .. }
            | StoreFault::Io { .. }
            | StoreFault::StateDamaged { .. }
            | StoreFault::Unreadable { .. } => {
                tracing::error!(error = %fault, "the store failed");
                Rejection::Fault
            }
        }
    }
}

/// The outcome of a message together with the gate it waits at.
pub struct Decision<T> {
    outcome: Result<T, Rejection>,
    ticket: Option<Ticket>,
    gate: Option<Durable>,
}

impl<T> Decision<T> {
    /// An outcome that may be told when `gate` opens.
    pub(super) fn new(
        outcome: Result<T, Rejection>,
        ticket: Option<Ticket>,
        gate: Option<Durable>,
    ) -> Decision<T> {
        Decision { outcome, ticket, gate }
    }

    /// A no that rests on nothing.
    pub(super) fn denied(rejection: Rejection) -> Decision<T> {
        Decision { outcome: Err(rejection), ticket: None, gate: None }
    }

    /// The outcome, once everything it rests on is durable.
    pub async fn settled(self) -> Result<T, Rejection> {
        if let Some(gate) = self.gate {
            gate.await?;
        }
        self.outcome
    }

    /// The outcome at once, for the next step of a process, with the ticket to carry on.
    pub fn at_once(self) -> (Result<T, Rejection>, Option<Ticket>) {
        (self.outcome, self.ticket)
    }
}

impl<A, M, T: 'static> MessageResponse<A, M> for Decision<T>
where
    A: actix::Actor,
    M: actix::Message<Result = Decision<T>>,
{
    fn handle(self, _: &mut A::Context, asked_by: Option<OneshotSender<Decision<T>>>) {
        if let Some(asked_by) = asked_by {
            // Nobody waits any more: the decision stands all the same.
            let _ = asked_by.send(self);
        }
    }
}
