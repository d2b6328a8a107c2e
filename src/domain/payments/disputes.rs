//! Disputes: a cardholder asks their bank for the money back, over the shop's head.
//!
//! Invariant: news may come twice, late and in any order; a dispute that has ended is not opened
//! again by older news. A dispute moves no money in our books: the bank keeps or returns it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Payment, PaymentEvent, PaymentRefusal};
use crate::domain::{money::Money, time::Timestamp};

/// One dispute, as far as the gateway told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// How much is disputed; the bank's figure, which may differ from what was taken.
    pub amount: Money,
    /// Why, in the gateway's word, as `product_not_received`.
    pub reason: String,
    /// How far it came.
    pub state: DisputeState,
    /// Until when evidence can be handed in, if the gateway says so.
    pub evidence_by: Option<Timestamp>,
}

/// What a gateway tells of a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeNews {
    /// The gateway's name for the dispute.
    pub dispute: String,
    /// How it stands.
    pub known: Dispute,
}

/// How far a dispute came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// The shop can hand in evidence.
    NeedsResponse,
    /// The bank decides.
    UnderReview,
    /// The money stays with the shop.
    Won,
    /// The money went back to the cardholder.
    Lost,
    /// It ended without a decision: an inquiry that came to nothing.
    Closed,
}

impl DisputeState {
    /// Whether it has not been decided yet.
    pub fn is_open(self) -> bool {
        match self {
            DisputeState::NeedsResponse | DisputeState::UnderReview => true,
            DisputeState::Won | DisputeState::Lost | DisputeState::Closed => false,
        }
    }

    /// The word of the wire contract for it.
    pub fn name(self) -> &'static str {
        match self {
            DisputeState::NeedsResponse => "needs_response",
            DisputeState::UnderReview => "under_review",
            DisputeState::Won => "won",
            DisputeState::Lost => "lost",
            DisputeState::Closed => "closed",
        }
    }
}

/// Disputes by the gateway's name for each.
pub type Disputes = BTreeMap<String, Dispute>;

/// What is new of a dispute, if anything is.
///
/// # Errors
/// More disputes than one payment can have.
pub fn news_of(
    disputes: &Disputes,
    news: &DisputeNews,
) -> Result<Option<DisputeNews>, PaymentRefusal> {
    match disputes.get(&news.dispute) {
        Some(known) if *known == news.known => Ok(None),
        // Older news than what is known.
        Some(known) if !known.state.is_open() && news.known.state.is_open() => Ok(None),
        None if disputes.len() >= DISPUTES_MAX => Err(PaymentRefusal::TooManyDisputes),
        Some(_) | None => Ok(Some(news.clone())),
    }
}

/// The open disputes' nearest deadline for evidence: of an open one without a deadline the end of
/// time, and nothing if none is open.
pub fn evidence_due(disputes: &Disputes) -> Option<Timestamp> {
    let open = disputes.values().filter(|dispute| dispute.state.is_open());
    open.map(|dispute| dispute.evidence_by.unwrap_or(NO_DEADLINE)).min()
}

impl Payment {
    /// Records what the gateway tells of a dispute. The same again changes nothing.
    pub fn record_dispute(&self, news: &DisputeNews) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
        if !self.exists() || self.by_hand {
            return Err(PaymentRefusal::UnknownPayment);
        }
        Ok(news_of(&self.disputes, news)?.map(PaymentEvent::DisputeRecorded).into_iter().collect())
    }
}

/// Behind every deadline, and still a moment of which later ones exist.
const NO_DEADLINE: Timestamp = Timestamp::from_millis(i64::MAX - 1);
/// Most disputes of one payment.
pub const DISPUTES_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn news(state: DisputeState) -> DisputeNews {
        let known = Dispute {
            amount: Money::of(500, Currency::USD).expect("an amount"),
            reason: "fraudulent".to_owned(),
            state,
            evidence_by: Some(Timestamp::from_millis(7)),
        };
        DisputeNews { dispute: "dp_1".to_owned(), known }
    }

    fn after(told: &[DisputeState]) -> Disputes {
        let mut disputes = Disputes::new();
        for state in told {
            if let Some(fresh) = news_of(&disputes, &news(*state)).expect("room") {
                disputes.insert(fresh.dispute, fresh.known);
            }
        }
        disputes
    }

    #[test]
    fn news_of_a_dispute_may_come_twice_and_in_any_order() {
        use DisputeState::{Lost, NeedsResponse, UnderReview, Won};
        let state = |told: &[DisputeState]| after(told)["dp_1"].state;
        assert_eq!(state(&[NeedsResponse, UnderReview, Won]), Won);
        assert_eq!(state(&[Won, NeedsResponse, UnderReview]), Won);
        assert_eq!(state(&[Won, Lost]), Lost, "a bank may think again");
        assert_eq!(news_of(&after(&[Lost]), &news(Lost)), Ok(None));
    }

    #[test]
    fn only_an_open_dispute_has_a_deadline() {
        use DisputeState::{Closed, NeedsResponse};
        assert_eq!(evidence_due(&after(&[NeedsResponse])), Some(Timestamp::from_millis(7)));
        assert_eq!(evidence_due(&after(&[NeedsResponse, Closed])), None);
    }

    #[test]
    fn a_payment_has_so_many_disputes_and_no_more() {
        let mut disputes = Disputes::new();
        for number in 0..DISPUTES_MAX {
            disputes.insert(format!("dp_x{number}"), news(DisputeState::Lost).known);
        }
        let refused = news_of(&disputes, &news(DisputeState::NeedsResponse));
        assert_eq!(refused, Err(PaymentRefusal::TooManyDisputes));
    }

    #[test]
    fn nobody_disputes_what_was_never_charged() {
        let refused = Payment::default().record_dispute(&news(DisputeState::NeedsResponse));
        assert_eq!(refused, Err(PaymentRefusal::UnknownPayment));
    }
}
