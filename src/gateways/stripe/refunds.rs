//! Refunds: money goes back under a key of its own, once.
//!
//! A no is definite only if the refund is not there: after the life of its key, and whenever
//! Stripe says that nothing is left, the refunds of the charge are looked through by name first.

use super::{
    Inner, KEY_MILLIS_MAX,
    amounts::to_stripe,
    client::{Failure, Form},
    wire::{Page, Refund},
};
use crate::{
    domain::{
        ids::{Identity, RefundId},
        payments::RefundOutcome,
        time::Timestamp,
    },
    gateways::RefundRequest,
};

impl Inner {
    /// Gives money back.
    pub(super) async fn refund(&self, request: &RefundRequest) -> RefundOutcome {
        let Some(intent) = &request.charge.gateway_id else { return RefundOutcome::Unknown };
        let Ok(amount) = to_stripe(request.amount) else {
            return RefundOutcome::Failed { code: "amount_not_chargeable".to_owned() };
        };
        let age = self.clock.now().millis_since(made_at(request.refund));
        if age > KEY_MILLIS_MAX {
            match self.find_refund(intent, &request.key).await {
                Ok(Some(found)) => return outcome_of(&found),
                Ok(None) => {}
                Err(_) => return RefundOutcome::Unknown,
            }
        }
        let form = vec![
            ("payment_intent", intent.clone()),
            ("amount", amount.to_string()),
            ("metadata[payment_id]", request.payment.to_string()),
            ("metadata[refund_id]", request.refund.to_string()),
            ("metadata[refund_key]", request.key.clone()),
        ];
        match self.client.post::<Refund>(REFUNDS, &form, &request.key).await {
            Ok(answer) if !answer.is_replay => outcome_of(&answer.value),
            Ok(answer) => self.refund_now(&answer.value.id).await,
            Err(Failure::Refused(refused)) => {
                let code = refused.error.why().to_owned();
                tracing::warn!(status = %refused.status, code, "Stripe refused a refund");
                match self.find_refund(intent, &request.key).await {
                    Ok(Some(found)) => outcome_of(&found),
                    Ok(None) => RefundOutcome::Failed { code },
                    Err(_) => RefundOutcome::Unknown,
                }
            }
            Err(Failure::Doubt { is_final: false }) => RefundOutcome::Unknown,
            // A fault is kept under this key and is all that will ever come. What is really there
            // is the truth; if nothing is, it is a definite no, and may be tried under a new key.
            Err(Failure::Doubt { is_final: true }) => {
                match self.find_refund(intent, &request.key).await {
                    Ok(Some(found)) => outcome_of(&found),
                    Ok(None) => RefundOutcome::Failed { code: "api_error".to_owned() },
                    Err(_) => RefundOutcome::Unknown,
                }
            }
        }
    }

    async fn refund_now(&self, id: &str) -> RefundOutcome {
        let found = self.client.get::<Refund>(&format!("{REFUNDS}/{id}"), &Form::new()).await;
        found.map_or(RefundOutcome::Unknown, |refund| outcome_of(&refund))
    }

    /// The refund of a charge that was made under this key, if there is one.
    async fn find_refund(&self, intent: &str, key: &str) -> Result<Option<Refund>, Failure> {
        let mut query =
            vec![("payment_intent", intent.to_owned()), ("limit", PAGE_REFUNDS.to_string())];
        for _ in 0..PAGES_MAX {
            let page = self.client.get::<Page<Refund>>(REFUNDS, &query).await?;
            let last = page.data.last().map(|refund| refund.id.clone());
            let is_it = |refund: &Refund| {
                let known = refund.metadata.as_ref().and_then(|known| known.get("refund_key"));
                known.is_some_and(|known| known == key)
            };
            if let Some(found) = page.data.into_iter().find(is_it) {
                return Ok(Some(found));
            }
            let Some(last) = last.filter(|_| page.has_more) else { return Ok(None) };
            query.truncate(2);
            query.push(("starting_after", last));
        }
        Err(Failure::Doubt { is_final: false })
    }
}

/// What a refund at Stripe says. One that is pending is on its way; should it fail later, Stripe
/// tells.
fn outcome_of(refund: &Refund) -> RefundOutcome {
    let failed = |code: &str| RefundOutcome::Failed { code: code.to_owned() };
    match refund.status.as_deref() {
        Some("succeeded" | "pending") => {
            RefundOutcome::Succeeded { gateway_ref: refund.id.clone() }
        }
        Some("failed") => failed(refund.failure_reason.as_deref().unwrap_or("unknown")),
        Some("canceled") => failed("canceled"),
        _ => RefundOutcome::Unknown,
    }
}

/// When a refund was named: its id begins with the time.
fn made_at(refund: RefundId) -> Timestamp {
    let [a, b, c, d, e, f, ..] = refund.bytes();
    let millis = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(0))
}

pub(super) const REFUNDS: &str = "/v1/refunds";
const PAGE_REFUNDS: usize = 100;
/// A payment of ours has 200 refunds at most; others may have made some by hand.
const PAGES_MAX: usize = 10;
