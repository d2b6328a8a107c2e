//! How a charge in the demo gateway's books takes its events in, and what must hold of it.

use super::{DemoCharge, DemoChargeEvent, DemoState};
use crate::domain::{
    aggregate::Aggregate,
    ids::DemoChargeId,
    money::{Money, MoneyRefusal},
    time::{Stamp, Timestamp},
};

impl Aggregate for DemoCharge {
    const KIND: &'static str = "demo_charge";
    type Id = DemoChargeId;
    type Event = DemoChargeEvent;

    fn apply(&mut self, event: &DemoChargeEvent, stamp: &Stamp) {
        if self.booked_at == Timestamp::default() {
            self.booked_at = stamp.at;
        }
        self.changed_at = stamp.at;
        match event.clone() {
            DemoChargeEvent::ChargeBooked { asked, state, silent } => {
                self.captured = Money::zero(asked.amount.currency());
                (self.asked, self.silent) = (Some(*asked), silent);
                self.move_to(state);
            }
            DemoChargeEvent::AnswerFound => self.silent = false,
            DemoChargeEvent::ChargeLookedAt => self.looks = self.looks.saturating_add(1),
            DemoChargeEvent::ChargeMoved { state } => self.move_to(state),
            DemoChargeEvent::ChargeCaptured { amount } => {
                (self.state, self.captured) = (DemoState::Captured, amount);
            }
            DemoChargeEvent::ChargeRefunded { key, refund } => {
                self.refunds.insert(key, refund);
            }
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        let Some(asked) = &self.asked else { return Ok(()) };
        let sums = || -> Result<bool, MoneyRefusal> {
            Ok(!self.captured.exceeds(asked.amount)? && !self.refunded()?.exceeds(self.captured)?)
        };
        match sums() {
            Ok(true) => Ok(()),
            Ok(false) => Err("a bank never gives back more than it took"),
            Err(_) => Err("a charge is in one currency"),
        }
    }
}

impl DemoCharge {
    fn move_to(&mut self, state: DemoState) {
        if let (DemoState::Captured, Some(asked)) = (&state, &self.asked) {
            self.captured = asked.amount;
        }
        self.state = state;
    }
}
