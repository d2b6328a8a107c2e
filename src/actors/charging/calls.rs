//! Calls: how a gateway is asked, and how long it is waited for.
//!
//! A gateway outside is asked when everything before is durable. One whose books lie in the shop's
//! own journal is asked at once: its frame comes after ours there, and falls with it.

use std::{future::Future, time::Duration};

use crate::{
    domain::{
        ids::PaymentId,
        payments::{GatewayOutcome, GatewayStep, Payment},
    },
    gateways::{Basis, ChargeRef, ChargeRequest},
    store::Ticket,
};

use super::Charging;

impl Charging {
    /// Asks for a charge, after a commit if there is one; what was answered, and what that rests
    /// on. `after` is for gateways in the journal only: before any other is asked it is durable.
    pub(super) async fn charged(
        &self,
        request: ChargeRequest,
        after: Option<Ticket>,
    ) -> (GatewayOutcome, Option<Ticket>) {
        let Some(gateway) = self.gateway.in_journal() else {
            return (self.within_time(self.gateway.charge(request)).await, None);
        };
        let after = after.map(|ticket| Basis(ticket.to_bits()));
        let asked = tokio::time::timeout(GATEWAY_WITHIN, gateway.charge_after(request, after));
        let unknown = (GatewayOutcome::Unknown { gateway_id: None }, None);
        let (outcome, basis) = asked.await.unwrap_or(unknown);
        (outcome, basis.map(|basis| Ticket::from_bits(basis.0)))
    }

    /// No answer in time is a doubt.
    pub(super) async fn within_time(
        &self,
        asked: impl Future<Output = GatewayOutcome>,
    ) -> GatewayOutcome {
        tokio::time::timeout(GATEWAY_WITHIN, asked)
            .await
            .unwrap_or(GatewayOutcome::Unknown { gateway_id: None })
    }
}

/// What an attempt is asked for with.
pub(super) fn charge_request(id: PaymentId, payment: &Payment) -> ChargeRequest {
    ChargeRequest {
        key: payment.key(GatewayStep::Charge),
        order: payment.order,
        payment: id,
        amount: payment.amount,
        method_token: payment.method_token.clone().unwrap_or_default(),
        capture: payment.capture,
        gateway_id: payment.gateway_id.clone(),
        // The last thing that happened to an attempt without a name is that it began.
        begun_at: payment.updated_at,
    }
}

/// Which charge an attempt is about.
pub(super) fn charge_ref(payment: &Payment) -> ChargeRef {
    ChargeRef { key: payment.key(GatewayStep::Charge), gateway_id: payment.gateway_id.clone() }
}

/// A gateway that has not answered by then is in doubt.
pub(super) const GATEWAY_WITHIN: Duration = Duration::from_secs(20);
