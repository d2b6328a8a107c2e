//! Filing: an order that is over is put away, and what was kept beside it can go.
//!
//! Invariant: no unit comes back on the shelf once the returns of its order have ended, so that the
//! order's holds may be forgotten after that and never before.

use serde::{Deserialize, Serialize};

use super::{Order, OrderEvent, OrderRefusal, OrderStatus, Restock};
use crate::domain::{payments::disputes::evidence_due, time::Timestamp};

/// How far an order that is over has been put away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filing {
    /// Its units may come back.
    #[default]
    Open,
    /// Nothing of it comes back any more; its holds may be forgotten.
    ReturnsEnded,
    /// Its holds are forgotten.
    Filed,
}

impl Filing {
    /// How far an order has been put away by this event, if that is what it is.
    pub(super) fn after(event: &OrderEvent) -> Option<Filing> {
        let ended = matches!(event, OrderEvent::ReturnsEnded).then_some(Filing::ReturnsEnded);
        ended.or(matches!(event, OrderEvent::OrderFiled).then_some(Filing::Filed))
    }
}

impl Order {
    /// Whether nothing more is expected to happen to it: delivered or cancelled, and all that
    /// belongs to that is done.
    pub fn is_over(&self) -> bool {
        let ended = matches!(self.status, OrderStatus::Delivered | OrderStatus::Cancelled);
        ended && !self.is_unfinished() && evidence_due(&self.disputes).is_none()
    }

    /// Whether it is over and not put away.
    pub fn awaits_filing(&self) -> bool {
        self.is_over() && self.filing != Filing::Filed
    }

    /// Ends the time in which its units may come back, if nothing happened to it since `before`.
    /// Safe to ask twice.
    pub fn end_returns(&self, before: Timestamp) -> Vec<OrderEvent> {
        let is_due = self.is_over() && self.filing == Filing::Open && self.updated_at < before;
        if is_due { vec![OrderEvent::ReturnsEnded] } else { vec![] }
    }

    /// Notes that its holds are forgotten. Safe to ask twice.
    pub fn file(&self) -> Vec<OrderEvent> {
        let is_due = self.is_over() && self.filing == Filing::ReturnsEnded;
        if is_due { vec![OrderEvent::OrderFiled] } else { vec![] }
    }

    /// What can still be given back is money; nobody knows any more which units were sold.
    pub(super) fn must_take_back(&self, restock: Restock) -> Result<(), OrderRefusal> {
        match (self.filing, restock) {
            (Filing::Open, _) | (_, Restock::No) => Ok(()),
            (Filing::ReturnsEnded | Filing::Filed, Restock::Yes) => Err(OrderRefusal::ReturnsEnded),
        }
    }
}
