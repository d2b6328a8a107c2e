//! Charges: an intent is made, confirmed, captured, cancelled, and looked at.
//!
//! A no counts as definite only when Stripe gave it for this very step; whatever else is unclear
//! is settled by looking at the intent, which tells how far it really came.

use super::{
    Inner, KEY_MILLIS_MAX,
    amounts::{code_of, from_stripe, to_stripe},
    client::{Failure, Form, Refused},
    wire::{Expandable, PaymentIntent, PaymentMethod},
    words::words_for,
};
use crate::{
    domain::{
        payments::{Capture, GatewayOutcome, NextAction},
        time::Timestamp,
    },
    gateways::{CaptureRequest, ChargeRequest, VoidRequest},
};

impl Inner {
    /// Makes an intent, unconfirmed: no money can move under it yet.
    pub(super) async fn make_intent(&self, request: &ChargeRequest) -> GatewayOutcome {
        if self.is_too_old(request) {
            // Without a name it was never confirmed; and its key may be forgotten.
            return GatewayOutcome::Voided;
        }
        let Ok(amount) = to_stripe(request.amount) else { return not_chargeable() };
        let mut form = vec![
            ("amount", amount.to_string()),
            ("currency", code_of(request.amount.currency())),
            ("payment_method", request.method_token.clone()),
            ("payment_method_types[]", "card".to_owned()),
            ("capture_method", capture_word(request.capture).to_owned()),
        ];
        form.extend(named(request));
        // An intent that nobody has the name of is never confirmed, so another one does no harm.
        match self.client.post_at_last::<PaymentIntent>(INTENTS, &form, &request.key).await {
            Ok(made) => GatewayOutcome::Unknown { gateway_id: Some(made.value.id) },
            Err(Failure::Refused(refused)) => refused_outcome(None, &refused),
            Err(Failure::Doubt { .. }) => GatewayOutcome::Unknown { gateway_id: None },
        }
    }

    /// Confirms an intent: from here on money may move.
    pub(super) async fn confirm(&self, request: &ChargeRequest, intent: &str) -> GatewayOutcome {
        if self.is_too_old(request) {
            let seen = self.look_at(intent).await;
            if !is_doubt(&seen) {
                return seen;
            }
            // The key itself may still stand for the call that made the intent.
            return self.cancel(&format!("{}:cancel", request.key), intent).await;
        }
        let first = self.confirm_under(intent, &format!("{}:confirm", request.key)).await;
        match first {
            Confirmed::Outcome(outcome) => outcome,
            Confirmed::LookAtIt => self.look_at(intent).await,
            Confirmed::FaultForEver => {
                let seen = self.look_at(intent).await;
                if !is_doubt(&seen) {
                    return seen;
                }
                // Not confirmed after all. One intent is charged once, whatever the key.
                let key = format!("{}:confirm:{}", request.key, fastrand::u32(..));
                match self.confirm_under(intent, &key).await {
                    Confirmed::Outcome(outcome) => outcome,
                    Confirmed::LookAtIt | Confirmed::FaultForEver => self.look_at(intent).await,
                }
            }
        }
    }

    async fn confirm_under(&self, intent: &str, key: &str) -> Confirmed {
        let path = format!("{INTENTS}/{intent}/confirm");
        match self.client.post::<PaymentIntent>(&path, &Form::new(), key).await {
            Ok(answer) if answer.is_replay => Confirmed::LookAtIt,
            Ok(answer) => Confirmed::Outcome(outcome_of(&answer.value)),
            Err(Failure::Refused(refused)) if refused.error.is(UNEXPECTED_STATE) => {
                Confirmed::LookAtIt
            }
            Err(Failure::Refused(refused)) => {
                Confirmed::Outcome(refused_outcome(Some(intent), &refused))
            }
            Err(Failure::Doubt { is_final: true }) => Confirmed::FaultForEver,
            Err(Failure::Doubt { is_final: false }) => Confirmed::LookAtIt,
        }
    }

    /// What became of an intent or of a payment page.
    pub(super) async fn look_at(&self, id: &str) -> GatewayOutcome {
        if id.starts_with(super::sessions::PREFIX) {
            return self.look_at_session(id).await;
        }
        let unknown = || GatewayOutcome::Unknown { gateway_id: Some(id.to_owned()) };
        let Ok(intent) = self.intent(id).await else { return unknown() };
        let outcome = outcome_of(&intent);
        if matches!(outcome, GatewayOutcome::Declined { .. }) {
            // Whoever holds its secret could pay it yet: the no becomes definite by giving it up.
            let given_up = self.cancel(&format!("{id}:declined"), id).await;
            return if given_up == GatewayOutcome::Voided { outcome } else { given_up };
        }
        outcome
    }

    pub(super) async fn intent(&self, id: &str) -> Result<PaymentIntent, Failure> {
        let expand = vec![("expand[]", "latest_charge".to_owned())];
        self.client.get(&format!("{INTENTS}/{id}"), &expand).await
    }

    /// What Stripe calls the card of a payment method, the same however often it is typed in.
    pub(super) async fn fingerprint_of(&self, method: &str) -> Option<String> {
        let path = format!("{METHODS}/{method}");
        let found = self.client.get::<PaymentMethod>(&path, &Form::new()).await.ok()?;
        found.card?.fingerprint
    }

    /// Takes what is set aside.
    pub(super) async fn capture(&self, request: &CaptureRequest) -> GatewayOutcome {
        let Some(intent) = &request.charge.gateway_id else {
            return GatewayOutcome::Unknown { gateway_id: None };
        };
        let Ok(amount) = to_stripe(request.amount) else { return not_chargeable() };
        let form = vec![("amount_to_capture", amount.to_string())];
        let path = format!("{INTENTS}/{intent}/capture");
        match self.client.post_at_last::<PaymentIntent>(&path, &form, &request.key).await {
            Ok(answer) if !answer.is_replay => outcome_of(&answer.value),
            Ok(_) | Err(_) => self.look_at(intent).await,
        }
    }

    /// Gives up a charge. One without a name was never confirmed, and never will be.
    pub(super) async fn void(&self, request: &VoidRequest) -> GatewayOutcome {
        match &request.charge.gateway_id {
            None => GatewayOutcome::Voided,
            Some(id) if id.starts_with(super::sessions::PREFIX) => {
                self.close_session(&request.key, id).await
            }
            Some(id) => self.cancel(&request.key, id).await,
        }
    }

    /// Cancels an intent, or tells what was faster.
    pub(super) async fn cancel(&self, key: &str, intent: &str) -> GatewayOutcome {
        let path = format!("{INTENTS}/{intent}/cancel");
        let unknown = GatewayOutcome::Unknown { gateway_id: Some(intent.to_owned()) };
        let nothing = Form::new();
        match self.client.post_at_last::<PaymentIntent>(&path, &nothing, key).await {
            Ok(answer) if !answer.is_replay => outcome_of(&answer.value),
            Ok(_) | Err(_) => match self.intent(intent).await {
                // Declined, but not given up yet.
                Ok(intent) if intent.status == NO_METHOD => unknown,
                Ok(intent) => outcome_of(&intent),
                Err(_) => unknown,
            },
        }
    }

    pub(super) fn is_too_old(&self, request: &ChargeRequest) -> bool {
        self.clock.now().millis_since(request.begun_at) > KEY_MILLIS_MAX
    }
}

fn is_doubt(outcome: &GatewayOutcome) -> bool {
    matches!(outcome, GatewayOutcome::Unknown { .. })
}

/// How confirming ended.
enum Confirmed {
    Outcome(GatewayOutcome),
    LookAtIt,
    FaultForEver,
}

/// What an intent says about its charge.
pub(super) fn outcome_of(intent: &PaymentIntent) -> GatewayOutcome {
    let gateway_id = intent.id.clone();
    let unknown = GatewayOutcome::Unknown { gateway_id: Some(gateway_id.clone()) };
    match intent.status.as_str() {
        "succeeded" => {
            let received = intent.amount_received.unwrap_or(intent.amount);
            match from_stripe(received, &intent.currency) {
                Some(amount) => GatewayOutcome::Captured { gateway_id, amount },
                None => {
                    tracing::error!(intent = gateway_id, "was charged in a strange currency");
                    unknown
                }
            }
        }
        "requires_capture" => {
            GatewayOutcome::Authorised { gateway_id, until: capture_before(intent) }
        }
        "requires_action" => {
            GatewayOutcome::NeedsAction { gateway_id, next_action: next_action(intent) }
        }
        "processing" => GatewayOutcome::Processing { gateway_id },
        "canceled" => GatewayOutcome::Voided,
        NO_METHOD => match &intent.last_payment_error {
            Some(error) => GatewayOutcome::Declined {
                gateway_id: Some(gateway_id),
                code: error.why().to_owned(),
                message: words_for(error.why()).to_owned(),
            },
            None => unknown,
        },
        // Not confirmed yet; or a word of a newer Stripe.
        _ => unknown,
    }
}

fn capture_before(intent: &PaymentIntent) -> Option<Timestamp> {
    let charge = intent.latest_charge.as_ref().and_then(Expandable::object)?;
    let card = charge.payment_method_details.as_ref()?.card.as_ref()?;
    Some(moment(card.capture_before?))
}

fn next_action(intent: &PaymentIntent) -> NextAction {
    let action = intent.next_action.as_ref();
    let url = action.and_then(|action| action.redirect_to_url.as_ref()?.url.clone());
    NextAction {
        kind: action.map_or_else(|| "use_stripe_sdk".to_owned(), |action| action.kind.clone()),
        url,
        client_secret: intent.client_secret.clone(),
    }
}

/// What a definite no of Stripe means for a charge.
pub(super) fn refused_outcome(intent: Option<&str>, refused: &Refused) -> GatewayOutcome {
    let gateway_id = intent.map(str::to_owned);
    let Refused { status, error } = refused;
    if error.kind.as_deref() == Some("idempotency_error") {
        tracing::error!(%status, "the same key was used with another content");
        return GatewayOutcome::Unknown { gateway_id };
    }
    let code = error.why().to_owned();
    if error.kind.as_deref() != Some("card_error") {
        let param = error.param.as_deref().unwrap_or_default();
        tracing::warn!(%status, code, param, "Stripe refused a charge");
    }
    let message = words_for(&code).to_owned();
    GatewayOutcome::Declined { gateway_id, code, message }
}

/// What an order is found by at Stripe.
pub(super) fn named(request: &ChargeRequest) -> Form {
    vec![
        ("metadata[order_id]", request.order.to_string()),
        ("metadata[payment_id]", request.payment.to_string()),
        ("metadata[charge_key]", request.key.clone()),
    ]
}

pub(super) fn not_chargeable() -> GatewayOutcome {
    GatewayOutcome::Declined {
        gateway_id: None,
        code: "amount_not_chargeable".to_owned(),
        message: "this amount cannot be paid by card".to_owned(),
    }
}

pub(super) fn capture_word(capture: Capture) -> &'static str {
    match capture {
        Capture::Automatic => "automatic",
        Capture::Manual => "manual",
    }
}

/// The moment so many seconds after 1970.
pub(super) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

pub(super) const INTENTS: &str = "/v1/payment_intents";
const METHODS: &str = "/v1/payment_methods";
/// The status of an intent before a method is chosen, and after one was refused.
const NO_METHOD: &str = "requires_payment_method";
const UNEXPECTED_STATE: &str = "payment_intent_unexpected_state";
