//! Reconciliation: what the last comparison of the gateway's books with ours came to.
//!
//! Invariant: a report says what was compared and what did not agree; it changes nothing by itself.
//! Only the last one is state, all of them are in the journal. How the books are compared is known
//! by whoever reads them.

use serde::{Deserialize, Serialize};

use super::{
    aggregate::Aggregate,
    ids::{OrderId, PaymentId, ShopId},
    money::Money,
    time::{Stamp, Timestamp},
};

mod kinds;

pub use kinds::DifferenceKind;

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The gateway whose books were read.
    pub gateway: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on records and orders were compared.
    pub since: Timestamp,
    /// What happened later was left out.
    pub until: Timestamp,
    /// Charges in the gateway's books.
    pub charges: u64,
    /// Refunds in the gateway's books.
    pub refunds: u64,
    /// Orders in our books.
    pub orders: u64,
    /// What does not agree, the first so many.
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub more: u64,
}

/// Something the two books do not agree about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What does not agree.
    pub kind: DifferenceKind,
    /// The order it is about, if it is known.
    pub order: Option<OrderId>,
    /// Its number.
    pub number: Option<u64>,
    /// The payment it is about, if it is known.
    pub payment: Option<PaymentId>,
    /// The gateway's name for the charge or the refund.
    pub gateway_id: Option<String>,
    /// What our books say.
    pub ours: Option<Money>,
    /// What the gateway's books say.
    pub theirs: Option<Money>,
}

/// The last comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// What it came to; nothing before the first.
    pub last: Option<Report>,
}

/// What can have happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationEvent {
    /// The two books were compared.
    BooksCompared {
        /// What that came to.
        report: Report,
    },
}

impl Report {
    /// Adds what does not agree; beyond a limit it is only counted.
    pub fn note(&mut self, difference: Difference) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl Reconciliation {
    /// Keeps a report. The same one again changes nothing, and neither does an older one.
    pub fn keep(&self, report: Report) -> Vec<ReconciliationEvent> {
        let is_newer = self.last.as_ref().is_none_or(|last| last.made_at < report.made_at);
        if is_newer { vec![ReconciliationEvent::BooksCompared { report }] } else { vec![] }
    }
}

impl Aggregate for Reconciliation {
    const KIND: &'static str = "reconciliation";
    type Id = ShopId;
    type Event = ReconciliationEvent;

    fn apply(&mut self, event: &ReconciliationEvent, _: &Stamp) {
        let ReconciliationEvent::BooksCompared { report } = event;
        self.last = Some(report.clone());
    }

    fn check(&self) -> Result<(), &'static str> {
        match &self.last {
            Some(last) if last.differences.len() > DIFFERENCES_MAX => {
                Err("a report tells only so many differences")
            }
            _ => Ok(()),
        }
    }
}

/// Differences told in one report; beyond, they are counted.
pub const DIFFERENCES_MAX: usize = 100;

#[cfg(test)]
mod tests;
