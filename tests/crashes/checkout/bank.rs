//! The bank: the demo gateway's real books of one order's charges, and what they answer.

use std::collections::BTreeMap;

use bodega::domain::{
    demo_charge::{DemoAsk, DemoCharge, DemoCommand, DemoState},
    ids::RefundId,
    payments::{Capture, GatewayOutcome, GatewayStep, NextAction, Payment, RefundOutcome},
};

use super::world::Kept;

/// One order's charges, by the key they were asked for under.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bank(BTreeMap<String, Kept<DemoCharge>>);

impl Bank {
    /// Carries a command out on the charge of this key; what it would answer.
    pub fn does(&mut self, key: &str, command: &DemoCommand) -> GatewayOutcome {
        let charge = self.0.entry(key.to_owned()).or_default();
        charge.happen(&charge.decide(command).unwrap_or_default());
        if charge.silent { GatewayOutcome::Unknown { gateway_id: None } } else { outcome(charge) }
    }

    /// Gives money back; what it would answer.
    pub fn refunds(&mut self, payment: &Payment, refund: RefundId) -> RefundOutcome {
        let key = payment.key(GatewayStep::Refund(refund));
        let Some(known) = payment.refunds.get(&refund) else { return RefundOutcome::Unknown };
        let command = DemoCommand::Refund { key: key.clone(), refund, amount: known.amount };
        let charge = self.0.entry(payment.key(GatewayStep::Charge)).or_default();
        charge.happen(&charge.decide(&command).unwrap_or_default());
        match charge.refunds.get(&key).map(|known| &known.refused) {
            Some(None) => RefundOutcome::Succeeded { gateway_ref: key },
            Some(Some(code)) => RefundOutcome::Failed { code: code.clone() },
            None => RefundOutcome::Failed { code: "over_refund".to_owned() },
        }
    }

    /// What it would tell by itself of the charge of this key.
    pub fn news(&self, key: &str) -> Option<GatewayOutcome> {
        self.0.get(key).map(|charge| outcome(charge))
    }

    /// Where the charge of this key stands.
    pub fn state(&self, key: &str) -> DemoState {
        self.0.get(key).map(|charge| charge.state.clone()).unwrap_or_default()
    }

    /// How many charges there are.
    pub fn charges(&self) -> usize {
        self.0.len()
    }

    /// How often money was taken, how much in all, and how much of it went back.
    pub fn sums(&self) -> (usize, i64, i64) {
        let all = self.0.values();
        let captures = all.clone().filter(|charge| charge.state == DemoState::Captured).count();
        let captured = all.clone().map(|charge| charge.captured.minor()).sum();
        let back = all.map(|charge| charge.refunded().map_or(0, |sum| sum.minor())).sum();
        (captures, captured, back)
    }
}

/// What a payment asks the bank for.
pub fn charge_command(payment: &Payment, key: &str) -> DemoCommand {
    DemoCommand::Charge(DemoAsk {
        key: key.to_owned(),
        order: payment.order,
        payment: super::world::payment_of(payment.order),
        amount: payment.amount,
        token: payment.method_token.clone().unwrap_or_default(),
        capture: Capture::Automatic,
    })
}

fn outcome(charge: &DemoCharge) -> GatewayOutcome {
    let gateway_id = charge.asked.as_ref().map(|asked| asked.key.clone()).unwrap_or_default();
    match charge.state.clone() {
        DemoState::Unasked => GatewayOutcome::Unknown { gateway_id: None },
        DemoState::NeedsAction => GatewayOutcome::NeedsAction {
            gateway_id,
            next_action: NextAction { kind: "page".to_owned(), url: None, client_secret: None },
        },
        DemoState::Processing => GatewayOutcome::Processing { gateway_id },
        DemoState::Authorised => GatewayOutcome::Authorised { gateway_id, until: None },
        DemoState::Captured => GatewayOutcome::Captured { gateway_id, amount: charge.captured },
        DemoState::Declined { code } => {
            GatewayOutcome::Declined { gateway_id: None, code, message: "declined".to_owned() }
        }
        DemoState::Voided => GatewayOutcome::Voided,
    }
}
