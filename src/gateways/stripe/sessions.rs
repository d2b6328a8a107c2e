//! Sessions: a payment page at Stripe, where the customer types the card.
//!
//! The page is known by its own name until it is paid, then by the name of the intent behind it.

use super::{
    Inner,
    amounts::{code_of, to_stripe},
    charges::{capture_word, named, not_chargeable, outcome_of, refused_outcome},
    client::{Failure, Form},
    wire::{Expandable, Session},
};
use crate::{
    domain::payments::{GatewayOutcome, NextAction},
    gateways::ChargeRequest,
};

impl Inner {
    /// Opens a payment page. Nobody knows its address before the answer is durable.
    pub(super) async fn open_session(&self, request: &ChargeRequest) -> GatewayOutcome {
        if self.is_too_old(request) {
            return GatewayOutcome::Voided;
        }
        let Ok(amount) = to_stripe(request.amount) else { return not_chargeable() };
        let (order, back) = (request.order, format!("{}/orders", self.return_url));
        let mut form = vec![
            ("mode", "payment".to_owned()),
            ("payment_method_types[]", "card".to_owned()),
            ("line_items[0][quantity]", "1".to_owned()),
            ("line_items[0][price_data][currency]", code_of(request.amount.currency())),
            ("line_items[0][price_data][unit_amount]", amount.to_string()),
            ("line_items[0][price_data][product_data][name]", format!("Order {order}")),
            ("client_reference_id", order.to_string()),
            ("success_url", format!("{back}/{order}?payment=done")),
            ("cancel_url", format!("{back}/{order}?payment=open")),
            ("payment_intent_data[capture_method]", capture_word(request.capture).to_owned()),
            ("payment_intent_data[metadata][order_id]", order.to_string()),
            ("payment_intent_data[metadata][payment_id]", request.payment.to_string()),
            ("payment_intent_data[metadata][charge_key]", request.key.clone()),
        ];
        form.extend(named(request));
        match self.client.post_at_last::<Session>(SESSIONS, &form, &request.key).await {
            Ok(opened) => session_outcome(&opened.value),
            Err(Failure::Refused(refused)) => refused_outcome(None, &refused),
            Err(Failure::Doubt { .. }) => GatewayOutcome::Unknown { gateway_id: None },
        }
    }

    pub(super) async fn look_at_session(&self, id: &str) -> GatewayOutcome {
        let expand = vec![("expand[]", "payment_intent".to_owned())];
        match self.client.get::<Session>(&format!("{SESSIONS}/{id}"), &expand).await {
            Ok(session) => session_outcome(&session),
            Err(_) => GatewayOutcome::Unknown { gateway_id: Some(id.to_owned()) },
        }
    }

    /// Closes a payment page, or tells what was faster.
    pub(super) async fn close_session(&self, key: &str, id: &str) -> GatewayOutcome {
        let path = format!("{SESSIONS}/{id}/expire");
        // A key is good for one kind of call: what is behind the page may be given up under `key`.
        let of_page = format!("{key}:page");
        match self.client.post_at_last::<Session>(&path, &Form::new(), &of_page).await {
            Ok(answer) if !answer.is_replay => session_outcome(&answer.value),
            Ok(_) | Err(_) => {
                let seen = self.look_at_session(id).await;
                match &seen {
                    // Paid for meanwhile, but not taken yet.
                    GatewayOutcome::Authorised { gateway_id, .. } => {
                        self.cancel(key, gateway_id).await
                    }
                    GatewayOutcome::Captured { .. }
                    | GatewayOutcome::NeedsAction { .. }
                    | GatewayOutcome::Processing { .. }
                    | GatewayOutcome::Declined { .. }
                    | GatewayOutcome::Voided
                    | GatewayOutcome::Unknown { .. } => seen,
                }
            }
        }
    }
}

/// What a payment page says about its charge.
fn session_outcome(session: &Session) -> GatewayOutcome {
    let intent = session.payment_intent.as_ref().and_then(Expandable::object);
    let gateway_id = session.id.clone();
    match session.status.as_deref() {
        Some("expired") => GatewayOutcome::Voided,
        Some("complete") => match intent {
            Some(intent) => outcome_of(intent),
            None if session.payment_status.as_deref() == Some("unpaid") => {
                GatewayOutcome::Processing { gateway_id }
            }
            None => GatewayOutcome::Unknown { gateway_id: Some(gateway_id) },
        },
        Some("open") if session.url.is_some() => GatewayOutcome::NeedsAction {
            gateway_id,
            next_action: NextAction {
                kind: "redirect_to_url".to_owned(),
                url: session.url.clone(),
                client_secret: None,
            },
        },
        _ => GatewayOutcome::Unknown { gateway_id: Some(gateway_id) },
    }
}

const SESSIONS: &str = "/v1/checkout/sessions";
/// How the names of payment pages begin.
pub(super) const PREFIX: &str = "cs_";
