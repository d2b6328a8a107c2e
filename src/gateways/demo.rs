//! The demo gateway: a bank inside the shop, that needs no network.
//!
//! Published test cards decide what happens. Its books are durable before its answer counts, and
//! kept apart from the shop's own, so that the two can be compared. Rules live in
//! [`crate::domain::demo_charge`]; this file only translates.

use std::sync::Arc;

use super::{
    ActionResult, Basis, BooksUnreachable, BoxFuture, CaptureRequest, ChargeRef, ChargeRequest,
    GatewayRecord, InJournal, PaymentGateway, RecordKind, RecordPage, RecordState, RefundRequest,
    UnknownMethod, VoidRequest,
};
use crate::domain::{
    demo_charge::{
        DemoAsk, DemoCharge, DemoCommand, DemoRefusal, DemoState, behaviour_of, cards, charge_id,
    },
    ids::DemoChargeId,
    money::Money,
    payments::{GatewayOutcome, NextAction, RefundOutcome},
    time::Timestamp,
};

pub use crate::domain::demo_charge::{NotATestCard, token_of_card};

/// Where the demo gateway's books are kept.
pub trait DemoBooks: Send + Sync {
    /// Decides the command on the charge of this id ([`DemoCharge::decide`]) and answers the charge
    /// as it then is. The answer comes only when everything it shows is durable.
    fn carry_out(
        &self,
        id: DemoChargeId,
        command: DemoCommand,
    ) -> BoxFuture<Result<DemoCharge, NotBooked>>;

    /// The same, before it is durable: with what must be durable before it is true. It is decided
    /// after `after`, and not at all if that has failed.
    fn carry_out_after(
        &self,
        id: DemoChargeId,
        command: DemoCommand,
        after: Option<Basis>,
    ) -> BoxFuture<Result<(DemoCharge, Option<Basis>), NotBooked>>;

    /// Charges in the order of their ids that changed at `since` or later, after this one; not
    /// necessarily all of them.
    fn list(
        &self,
        since: Timestamp,
        after: Option<DemoChargeId>,
    ) -> BoxFuture<Result<DemoPage, NotBooked>>;
}

/// A page of the books.
#[derive(Clone, Debug, Default)]
pub struct DemoPage {
    /// What was found.
    pub charges: Vec<(DemoChargeId, DemoCharge)>,
    /// After which id to go on; nothing at the end.
    pub next: Option<DemoChargeId>,
}

/// Why nothing was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBooked {
    /// The books say no.
    #[error(transparent)]
    Refused(#[from] DemoRefusal),
    /// The books could not be written, or nobody knows whether they were.
    #[error("the demo gateway's books cannot be written now")]
    Unrecorded,
}

/// The demo gateway, over its books.
#[derive(Clone)]
pub struct DemoGateway {
    books: Arc<dyn DemoBooks>,
}

impl DemoGateway {
    /// A demo gateway over these books.
    pub fn new(books: Arc<dyn DemoBooks>) -> DemoGateway {
        DemoGateway { books }
    }

    fn outcome_of(&self, id: DemoChargeId, command: DemoCommand) -> BoxFuture<GatewayOutcome> {
        let booked = self.books.carry_out(id, command);
        Box::pin(async move { outcome(id, booked.await) })
    }
}

impl PaymentGateway for DemoGateway {
    fn name(&self) -> &'static str {
        "demo"
    }

    fn check_method(&self, token: &str) -> Result<(), UnknownMethod> {
        behaviour_of(token).map(|_| ()).ok_or(UnknownMethod)
    }

    fn charge(&self, request: ChargeRequest) -> BoxFuture<GatewayOutcome> {
        self.outcome_of(charge_id(&request.key), DemoCommand::Charge(asked(request)))
    }

    fn in_journal(&self) -> Option<&dyn InJournal> {
        Some(self)
    }

    fn retrieve(&self, charge: ChargeRef) -> BoxFuture<GatewayOutcome> {
        self.outcome_of(id_of(&charge), DemoCommand::Look)
    }

    fn complete_action(
        &self,
        charge: ChargeRef,
        result: ActionResult,
    ) -> BoxFuture<GatewayOutcome> {
        let command = match result {
            ActionResult::Succeeded => DemoCommand::Confirm,
            ActionResult::Failed => DemoCommand::Fail,
        };
        self.outcome_of(id_of(&charge), command)
    }

    fn capture(&self, request: CaptureRequest) -> BoxFuture<GatewayOutcome> {
        let command = DemoCommand::Capture { amount: request.amount };
        self.outcome_of(id_of(&request.charge), command)
    }

    fn void(&self, request: VoidRequest) -> BoxFuture<GatewayOutcome> {
        self.outcome_of(id_of(&request.charge), DemoCommand::Void)
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<RefundOutcome> {
        let (id, key) = (id_of(&request.charge), request.key);
        let (refund, amount) = (request.refund, request.amount);
        let command = DemoCommand::Refund { key: key.clone(), refund, amount };
        let booked = self.books.carry_out(id, command);
        Box::pin(async move { refund_outcome(&key, booked.await) })
    }

    fn list_since(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> BoxFuture<Result<RecordPage, BooksUnreachable>> {
        let listed = self.books.list(since, mark.and_then(|mark| mark.parse().ok()));
        Box::pin(async move {
            let page = listed.await.map_err(|fault| BooksUnreachable(fault.to_string()))?;
            let records = page.charges.iter().flat_map(|(id, charge)| records_of(*id, charge));
            let next = page.next.map(|id| id.to_string());
            Ok(RecordPage { records: records.collect(), next })
        })
    }
}

impl InJournal for DemoGateway {
    fn charge_after(
        &self,
        request: ChargeRequest,
        after: Option<Basis>,
    ) -> BoxFuture<(GatewayOutcome, Option<Basis>)> {
        let id = charge_id(&request.key);
        let command = DemoCommand::Charge(asked(request));
        let booked = self.books.carry_out_after(id, command, after);
        Box::pin(async move {
            match booked.await {
                Ok((charge, basis)) => (outcome(id, Ok(charge)), basis),
                Err(why) => (outcome(id, Err(why)), None),
            }
        })
    }
}

/// What a charge is asked for with, as the books keep it.
fn asked(request: ChargeRequest) -> DemoAsk {
    DemoAsk {
        key: request.key,
        order: request.order,
        payment: request.payment,
        amount: request.amount,
        token: request.method_token,
        capture: request.capture,
    }
}

/// A charge and its refunds, for comparing; nothing for one that was never asked for.
fn records_of(id: DemoChargeId, charge: &DemoCharge) -> Vec<GatewayRecord> {
    let Some(asked) = &charge.asked else { return Vec::new() };
    let (state, amount) = match &charge.state {
        DemoState::Captured => (RecordState::Succeeded, charge.captured),
        DemoState::Authorised => (RecordState::Authorised, asked.amount),
        DemoState::Declined { .. } | DemoState::Voided => (RecordState::Failed, asked.amount),
        DemoState::Unasked | DemoState::NeedsAction | DemoState::Processing => {
            (RecordState::Open, asked.amount)
        }
    };
    let record = GatewayRecord {
        kind: RecordKind::Charge,
        gateway_id: id.to_string(),
        order: Some(asked.order),
        payment: Some(asked.payment),
        amount,
        refunded: charge.refunded().unwrap_or(Money::zero(amount.currency())),
        state,
        created_at: charge.booked_at,
    };
    let refunds = charge.refunds.iter().map(|(key, refund)| GatewayRecord {
        kind: RecordKind::Refund { charge: Some(id.to_string()), refund: Some(refund.refund) },
        gateway_id: key.clone(),
        amount: refund.amount,
        refunded: Money::zero(amount.currency()),
        state: match refund.refused {
            Some(_) => RecordState::Failed,
            None => RecordState::Succeeded,
        },
        created_at: charge.changed_at,
        ..record.clone()
    });
    std::iter::once(record.clone()).chain(refunds).collect()
}

/// The charge that is meant: by its own name, else by the key it was asked for with.
fn id_of(charge: &ChargeRef) -> DemoChargeId {
    let named = charge.gateway_id.as_ref().and_then(|id| id.parse().ok());
    named.unwrap_or_else(|| charge_id(&charge.key))
}

/// What the gateway says about a charge, from what is booked.
fn outcome(id: DemoChargeId, booked: Result<DemoCharge, NotBooked>) -> GatewayOutcome {
    let gateway_id = id.to_string();
    let charge = match booked {
        Ok(charge) if charge.silent => return GatewayOutcome::Unknown { gateway_id: None },
        Ok(charge) => charge,
        Err(NotBooked::Unrecorded) => return GatewayOutcome::Unknown { gateway_id: None },
        Err(NotBooked::Refused(refusal)) => return refused(refusal),
    };
    match charge.state {
        DemoState::Unasked => GatewayOutcome::Unknown { gateway_id: None },
        DemoState::NeedsAction => {
            let next_action = next_action(&gateway_id);
            GatewayOutcome::NeedsAction { gateway_id, next_action }
        }
        DemoState::Processing => GatewayOutcome::Processing { gateway_id },
        DemoState::Authorised => GatewayOutcome::Authorised { gateway_id, until: None },
        DemoState::Captured => GatewayOutcome::Captured { gateway_id, amount: charge.captured },
        DemoState::Declined { code } => GatewayOutcome::Declined {
            gateway_id: Some(gateway_id),
            message: cards::words_for(&code).to_owned(),
            code,
        },
        DemoState::Voided => GatewayOutcome::Voided,
    }
}

/// A refusal of the books that says for sure that no money moved is a decline; any other leaves
/// the doubt to be looked at.
fn refused(refusal: DemoRefusal) -> GatewayOutcome {
    match refusal {
        DemoRefusal::UnknownMethod | DemoRefusal::Money(_) => GatewayOutcome::Declined {
            gateway_id: None,
            code: refusal.code().to_owned(),
            message: refusal.to_string(),
        },
        DemoRefusal::KeyReused
        | DemoRefusal::UnknownCharge
        | DemoRefusal::NotAuthorised
        | DemoRefusal::OverRefund => GatewayOutcome::Unknown { gateway_id: None },
    }
}

/// What the gateway says about a refund, from what is booked.
fn refund_outcome(key: &str, booked: Result<DemoCharge, NotBooked>) -> RefundOutcome {
    match booked {
        Err(NotBooked::Unrecorded) => RefundOutcome::Unknown,
        Err(NotBooked::Refused(refusal)) => {
            RefundOutcome::Failed { code: refusal.code().to_owned() }
        }
        Ok(charge) => match charge.refunds.get(key) {
            None => RefundOutcome::Unknown,
            Some(refund) => match &refund.refused {
                Some(code) => RefundOutcome::Failed { code: code.clone() },
                None => RefundOutcome::Succeeded { gateway_ref: key.to_owned() },
            },
        },
    }
}

/// What the customer does about a charge that asks: a page of the shop itself.
fn next_action(gateway_id: &str) -> NextAction {
    NextAction {
        kind: "redirect_to_url".to_owned(),
        url: Some(format!("{ACTION_PATH}{gateway_id}")),
        client_secret: Some(format!("{gateway_id}_secret_demo")),
    }
}

/// Where the page is on which a customer confirms a demo charge.
pub const ACTION_PATH: &str = "/demo/3ds/";

#[cfg(test)]
mod tests;
