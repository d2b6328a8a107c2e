//! The demo gateway's books: one charge, as a bank would keep it.
//!
//! Invariant: one key, one charge; captured at most once, and refunded never more than captured.
//! The same key with other content is refused. Knows nothing of orders but their names, and nothing
//! of the shop's own books, so that the two can be compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ids::{DemoChargeId, Identity, OrderId, PaymentId, RefundId, bytes_of_name},
    money::{Money, MoneyRefusal},
    payments::Capture,
    time::Timestamp,
};

mod apply;
pub mod cards;

pub use cards::{Behaviour, NotATestCard, behaviour_of, token_of_card};

/// One charge in the demo gateway's books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoCharge {
    /// What was asked for; nothing before, or when it was given up before it was asked for.
    pub asked: Option<DemoAsk>,
    /// How far it came.
    pub state: DemoState,
    /// Whether the next answer about it gets lost.
    pub silent: bool,
    /// How often it was asked about while it was processing.
    pub looks: u32,
    /// What was taken.
    pub captured: Money,
    /// What went back, by the key of each refund.
    pub refunds: BTreeMap<String, DemoRefund>,
    /// When it was first heard of.
    pub booked_at: Timestamp,
    /// When something last happened to it.
    pub changed_at: Timestamp,
}

/// What a charge was asked for with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAsk {
    /// The caller's key.
    pub key: String,
    /// The order it is for.
    pub order: OrderId,
    /// The payment it is for.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// The payment method.
    pub token: String,
    /// Whether the money is taken at once.
    pub capture: Capture,
}

/// How far a charge came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DemoState {
    /// Nobody asked for it.
    #[default]
    Unasked,
    /// The customer has to confirm.
    NeedsAction,
    /// At work.
    Processing,
    /// The money is set aside.
    Authorised,
    /// The money is taken.
    Captured,
    /// Refused.
    Declined {
        /// Why, as `insufficient_funds`.
        code: String,
    },
    /// Given up before any money moved.
    Voided,
}

/// One refund in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoRefund {
    /// The shop's name for it.
    pub refund: RefundId,
    /// How much.
    pub amount: Money,
    /// Why it was refused, if it was.
    pub refused: Option<String>,
}

/// What the books can be asked to do. Each is safe to ask twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DemoCommand {
    /// Asks for the charge.
    Charge(DemoAsk),
    /// Looks at it; a charge at work is done after it has been looked at twice.
    Look,
    /// The customer confirmed.
    Confirm,
    /// The customer did not confirm.
    Fail,
    /// Takes what is set aside.
    Capture {
        /// How much, at most what was asked for.
        amount: Money,
    },
    /// Gives it up; one that was never asked for can then not be asked for any more.
    Void,
    /// Gives money back.
    Refund {
        /// The caller's key.
        key: String,
        /// The shop's name for it.
        refund: RefundId,
        /// How much.
        amount: Money,
    },
}

/// What can have happened to a charge in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DemoChargeEvent {
    /// It was asked for, and came this far at once.
    ChargeBooked {
        /// What was asked for.
        asked: Box<DemoAsk>,
        /// How far it came.
        state: DemoState,
        /// Whether the answer gets lost.
        silent: bool,
    },
    /// It was asked about again after a lost answer.
    AnswerFound,
    /// It was asked about while at work.
    ChargeLookedAt,
    /// It came further.
    ChargeMoved {
        /// How far.
        state: DemoState,
    },
    /// What was set aside was taken.
    ChargeCaptured {
        /// How much.
        amount: Money,
    },
    /// Money went back, or was refused to.
    ChargeRefunded {
        /// The caller's key.
        key: String,
        /// The refund.
        refund: DemoRefund,
    },
}

/// Why the books say no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DemoRefusal {
    /// The same key, with other content.
    #[error("this key was used with other content")]
    KeyReused,
    /// No such charge.
    #[error("there is no such charge")]
    UnknownCharge,
    /// No such payment method.
    #[error("there is no such payment method")]
    UnknownMethod,
    /// Nothing is set aside, or less than asked for.
    #[error("nothing is set aside that could be captured")]
    NotAuthorised,
    /// More than what is left.
    #[error("more than was captured cannot be refunded")]
    OverRefund,
    /// A sum that cannot be calculated.
    #[error(transparent)]
    Money(#[from] MoneyRefusal),
}

impl DemoRefusal {
    /// The stable code of the wire contract.
    pub fn code(&self) -> &'static str {
        match self {
            DemoRefusal::KeyReused => "key_reused",
            DemoRefusal::UnknownCharge => "unknown_charge",
            DemoRefusal::UnknownMethod => "unknown_payment_method",
            DemoRefusal::NotAuthorised => "not_authorised",
            DemoRefusal::OverRefund => "over_refund",
            DemoRefusal::Money(_) => "invalid_amount",
        }
    }
}

impl DemoCharge {
    /// What the books do about a command.
    pub fn decide(&self, command: &DemoCommand) -> Result<Vec<DemoChargeEvent>, DemoRefusal> {
        match command {
            DemoCommand::Charge(asked) => self.charge(asked),
            DemoCommand::Look => self.look(),
            DemoCommand::Confirm => self.confirm(),
            DemoCommand::Fail => self.fail(),
            DemoCommand::Capture { amount } => self.capture(*amount),
            DemoCommand::Void => Ok(self.void()),
            DemoCommand::Refund { key, refund, amount } => self.refund(key, *refund, *amount),
        }
    }

    fn charge(&self, asked: &DemoAsk) -> Result<Vec<DemoChargeEvent>, DemoRefusal> {
        match &self.asked {
            Some(known) if known == asked => return Ok(self.found()),
            Some(_) => return Err(DemoRefusal::KeyReused),
            None if self.state == DemoState::Voided => return Ok(vec![]),
            None => {}
        }
        let behaviour = behaviour_of(&asked.token).ok_or(DemoRefusal::UnknownMethod)?;
        if asked.amount.is_negative() {
            return Err(DemoRefusal::Money(MoneyRefusal::NotAnAmount));
        }
        let declined = |code: &str| DemoState::Declined { code: code.to_owned() };
        let (state, silent) = match behaviour {
            Behaviour::Pays | Behaviour::PaysOnce => (paid_state(asked.capture), false),
            Behaviour::PaysSilently => (paid_state(asked.capture), true),
            Behaviour::Declines(code) => (declined(code), false),
            Behaviour::DeclinesSilently(code) => (declined(code), true),
            Behaviour::Asks | Behaviour::AsksThenDeclines(_) => (DemoState::NeedsAction, false),
            Behaviour::PaysLater | Behaviour::DeclinesLater(_) => (DemoState::Processing, false),
        };
        let asked = Box::new(asked.clone());
        Ok(vec![DemoChargeEvent::ChargeBooked { asked, state, silent }])
    }

    fn look(&self) -> Result<Vec<DemoChargeEvent>, DemoRefusal> {
        let Some(asked) = &self.asked else {
            return if self.state == DemoState::Voided {
                Ok(vec![])
            } else {
                Err(DemoRefusal::UnknownCharge)
            };
        };
        if self.state != DemoState::Processing {
            return Ok(self.found());
        }
        let mut events = vec![DemoChargeEvent::ChargeLookedAt];
        if self.looks.saturating_add(1) >= LOOKS_WHILE_PROCESSING {
            events.push(DemoChargeEvent::ChargeMoved { state: self.in_the_end(asked) });
        }
        Ok(events)
    }

    fn confirm(&self) -> Result<Vec<DemoChargeEvent>, DemoRefusal> {
        let asked = self.asked.as_ref().ok_or(DemoRefusal::UnknownCharge)?;
        let waits = self.state == DemoState::NeedsAction;
        let state = self.in_the_end(asked);
        Ok(if waits { vec![DemoChargeEvent::ChargeMoved { state }] } else { vec![] })
    }

    fn fail(&self) -> Result<Vec<DemoChargeEvent>, DemoRefusal> {
        self.asked.as_ref().ok_or(DemoRefusal::UnknownCharge)?;
        let waits = self.state == DemoState::NeedsAction;
        let state = DemoState::Declined { code: NOT_AUTHENTICATED.to_owned() };
        Ok(if waits { vec![DemoChargeEvent::ChargeMoved { state }] } else { vec![] })
    }

    fn capture(&self, amount: Money) -> Result<Vec<DemoChargeEvent>, DemoRefusal> {
        let asked = self.asked.as_ref().ok_or(DemoRefusal::UnknownCharge)?;
        match self.state {
            DemoState::Captured if self.captured == amount => Ok(vec![]),
            DemoState::Captured => Err(DemoRefusal::KeyReused),
            DemoState::Authorised if amount.is_negative() || amount.exceeds(asked.amount)? => {
                Err(DemoRefusal::NotAuthorised)
            }
            DemoState::Authorised => Ok(vec![DemoChargeEvent::ChargeCaptured { amount }]),
            DemoState::Unasked
            | DemoState::NeedsAction
            | DemoState::Processing
            | DemoState::Declined { .. }
            | DemoState::Voided => Err(DemoRefusal::NotAuthorised),
        }
    }

    fn void(&self) -> Vec<DemoChargeEvent> {
        let moved = DemoChargeEvent::ChargeMoved { state: DemoState::Voided };
        match self.state {
            DemoState::Unasked
            | DemoState::NeedsAction
            | DemoState::Processing
            | DemoState::Authorised => vec![moved],
            DemoState::Captured | DemoState::Declined { .. } | DemoState::Voided => self.found(),
        }
    }

    fn refund(
        &self,
        key: &str,
        refund: RefundId,
        amount: Money,
    ) -> Result<Vec<DemoChargeEvent>, DemoRefusal> {
        let asked = self.asked.as_ref().ok_or(DemoRefusal::UnknownCharge)?;
        if let Some(known) = self.refunds.get(key) {
            let same = known.refund == refund && known.amount == amount;
            return if same { Ok(vec![]) } else { Err(DemoRefusal::KeyReused) };
        }
        let left = self.captured.minus(self.refunded()?)?;
        if amount.is_negative() || amount.is_zero() || amount.exceeds(left)? {
            return Err(DemoRefusal::OverRefund);
        }
        let refused = (behaviour_of(&asked.token) == Some(Behaviour::PaysOnce))
            .then(|| REFUND_REFUSED.to_owned());
        let refund = DemoRefund { refund, amount, refused };
        Ok(vec![DemoChargeEvent::ChargeRefunded { key: key.to_owned(), refund }])
    }

    /// What went back.
    pub fn refunded(&self) -> Result<Money, MoneyRefusal> {
        self.refunds
            .values()
            .filter(|refund| refund.refused.is_none())
            .try_fold(Money::zero(self.captured.currency()), |sum, refund| sum.plus(refund.amount))
    }

    /// A repeated question finds an answer that was lost.
    fn found(&self) -> Vec<DemoChargeEvent> {
        if self.silent { vec![DemoChargeEvent::AnswerFound] } else { vec![] }
    }

    /// Where a charge ends that was confirmed or has been worked on long enough.
    fn in_the_end(&self, asked: &DemoAsk) -> DemoState {
        match behaviour_of(&asked.token) {
            Some(Behaviour::AsksThenDeclines(code) | Behaviour::DeclinesLater(code)) => {
                DemoState::Declined { code: code.to_owned() }
            }
            _ => paid_state(asked.capture),
        }
    }
}

fn paid_state(capture: Capture) -> DemoState {
    match capture {
        Capture::Automatic => DemoState::Captured,
        Capture::Manual => DemoState::Authorised,
    }
}

/// The id of the charge that `key` asks for: the same key always gives the same id.
pub fn charge_id(key: &str) -> DemoChargeId {
    DemoChargeId::from_bytes(bytes_of_name(key))
}

/// A charge at work is done when it has been looked at so often.
const LOOKS_WHILE_PROCESSING: u32 = 2;
/// The decline code of a charge the customer did not confirm.
const NOT_AUTHENTICATED: &str = "authentication_required";
/// Why a refund to a card that takes none is refused.
const REFUND_REFUSED: &str = "expired_or_canceled_card";

#[cfg(test)]
mod tests;
