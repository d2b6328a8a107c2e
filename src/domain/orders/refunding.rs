//! Refunds of an order: how much goes back for which units, decided before any money moves.
//!
//! Invariant: never more units than were bought, never more money than was captured. Units are
//! refunded at what they cost with their tax, shares being cumulative, so that a line refunded
//! unit by unit adds up to the line exactly. Shipping goes back with the last unit of the order,
//! or as an amount; with the last units no more goes back than is left. Refunds that are not
//! refused count from the moment they are decided.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Order, OrderEvent, OrderRefusal, OrderStatus};
use crate::domain::{
    ids::{LineId, RefundId},
    money::{Money, MoneyRefusal},
    payments::RefundOutcome,
    time::Timestamp,
};

/// What staff ask for. Neither amount nor lines: all that is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundWish {
    /// How much; missing, it follows from the lines.
    pub amount: Option<Money>,
    /// For which units.
    pub lines: Vec<RefundedLine>,
    /// Whether those units go back on the shelf.
    pub restock: Restock,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
}

/// So many units of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundedLine {
    /// The line.
    pub line: LineId,
    /// How many of its units.
    pub units: u32,
}

/// Whether refunded units go back on the shelf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restock {
    /// They are gone: used, broken, kept by the customer.
    #[default]
    No,
    /// They can be sold again.
    Yes,
}

/// One refund, as the order knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefund {
    /// How much goes back.
    pub amount: Money,
    /// For which units.
    pub lines: Vec<RefundedLine>,
    /// Whether those units go back on the shelf.
    pub restock: Restock,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// How far it came.
    pub state: OrderRefundState,
    /// When it was decided.
    pub decided_at: Timestamp,
}

/// How far a refund came, as the order knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRefundState {
    /// Decided; the money is still to be moved.
    Decided,
    /// The money is on its way back, and the goods are where they belong.
    Done,
    /// Definitely refused; it counts no more.
    Refused {
        /// Why.
        code: String,
    },
}

impl Order {
    /// Decides a refund; must be durable before the payment is asked. Asking again for the same
    /// changes nothing.
    pub fn decide_refund(
        &self,
        refund: RefundId,
        wish: &RefundWish,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        if let Some(known) = self.refunds.get(&refund) {
            let same = wish.amount.is_none_or(|amount| amount == known.amount)
                && (wish.lines.is_empty() || wish.lines == known.lines)
                && wish.restock == known.restock;
            return if same { Ok(vec![]) } else { Err(OrderRefusal::RefundedOtherwise) };
        }
        if wish.restock == Restock::Yes && wish.lines.is_empty() && wish.amount.is_some() {
            return Err(OrderRefusal::RestockWithoutItems);
        }
        match self.status {
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {}
            OrderStatus::Pending | OrderStatus::Cancelled => {
                return Err(OrderRefusal::NothingToRefund);
            }
        }
        if self.refunds.len() >= REFUNDS_MAX {
            return Err(OrderRefusal::TooManyRefunds);
        }
        self.must_take_back(wish.restock)?;
        let left = self.left_to_refund()?;
        if left.is_zero() {
            return Err(OrderRefusal::NothingToRefund);
        }
        let everything = wish.amount.is_none() && wish.lines.is_empty();
        let lines = if everything { self.units_left() } else { self.units_asked(&wish.lines)? };
        let amount = match wish.amount {
            Some(amount) => amount,
            None if everything => left,
            None => {
                let price = self.price_of_units(&lines)?;
                // Of what they cost, some may have gone back as an amount already.
                let last = self.covers_all_that_is_left(&lines);
                if last && price.exceeds(left)? { left } else { price }
            }
        };
        if amount.is_negative() || amount.is_zero() {
            return Err(OrderRefusal::Money(MoneyRefusal::NotAnAmount));
        }
        if amount.exceeds(left)? {
            return Err(OrderRefusal::OverRefund { left });
        }
        let (restock, reason) = (wish.restock, wish.reason.clone());
        Ok(vec![OrderEvent::RefundDecided { refund, amount, lines, restock, reason }])
    }

    /// Records what became of a refund, after its goods are back on the shelf if they belong there.
    /// A bank may still send back what once succeeded. Safe to ask twice.
    pub fn record_refund(
        &self,
        refund: RefundId,
        outcome: &RefundOutcome,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let known = self.refunds.get(&refund).ok_or(OrderRefusal::UnknownRefund)?;
        let decided = known.state == OrderRefundState::Decided;
        let refused = matches!(known.state, OrderRefundState::Refused { .. });
        Ok(match outcome {
            RefundOutcome::Succeeded { .. } if decided => vec![OrderEvent::OrderRefunded {
                refund,
                amount: known.amount,
                lines: known.lines.clone(),
                restock: known.restock,
            }],
            RefundOutcome::Failed { code } if !refused => {
                vec![OrderEvent::RefundRefused { refund, code: code.clone() }]
            }
            RefundOutcome::Succeeded { .. }
            | RefundOutcome::Failed { .. }
            | RefundOutcome::Unknown => vec![],
        })
    }

    /// Decides a refused refund once more: to be tried again, or because it was moved by hand. One
    /// that is decided stays; the amount and the units must still be there.
    pub fn revive_refund(&self, refund: RefundId) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let known = self.refunds.get(&refund).ok_or(OrderRefusal::UnknownRefund)?;
        match known.state {
            OrderRefundState::Decided => return Ok(vec![]),
            OrderRefundState::Done => return Err(OrderRefusal::RefundedAlready),
            OrderRefundState::Refused { .. } => {}
        }
        self.must_take_back(known.restock)?;
        let left = self.left_to_refund()?;
        if known.amount.exceeds(left)? {
            return Err(OrderRefusal::OverRefund { left });
        }
        self.units_asked(&known.lines)?;
        Ok(vec![OrderEvent::RefundRevived { refund }])
    }

    /// What went back after a cancellation came back, for `code`: the order is not settled any
    /// more. `refunded` is what has gone back all the same. Safe to ask twice.
    pub fn fail_return(
        &self,
        refunded: Money,
        code: String,
    ) -> Result<Vec<OrderEvent>, OrderRefusal> {
        let is_news = self.status == OrderStatus::Cancelled
            && self.settled
            && self.refunded.exceeds(refunded)?;
        Ok(if is_news { vec![OrderEvent::ReturnFailed { refunded, code }] } else { vec![] })
    }

    /// What can still be refunded: captured, less every refund that is not refused.
    pub fn left_to_refund(&self) -> Result<Money, MoneyRefusal> {
        self.captured.minus(self.refunded_or_decided()?)
    }

    /// Whether all that was taken went back, or is decided to.
    pub fn is_wholly_refunded(&self) -> bool {
        let is_begun = self.refunded_or_decided().is_ok_and(|gone| !gone.is_zero());
        is_begun && self.left_to_refund().is_ok_and(|left| left.is_zero())
    }

    /// What was refunded or is decided to be.
    pub fn refunded_or_decided(&self) -> Result<Money, MoneyRefusal> {
        self.counting_refunds()
            .try_fold(Money::zero(self.quote.currency), |sum, refund| sum.plus(refund.amount))
    }

    /// Units of each line that no refund covers: what a cancellation puts back on the shelf.
    pub fn units_left(&self) -> Vec<RefundedLine> {
        let refunded = self.units_refunded();
        self.quote
            .lines
            .iter()
            .map(|line| {
                let gone = refunded.get(&line.id).copied().unwrap_or(0);
                let units = line.quantity.units().saturating_sub(gone);
                RefundedLine { line: line.id, units }
            })
            .filter(|line| line.units > 0)
            .collect()
    }

    /// How many units of each line belong back on the shelf, in all, once `refund` is done, or once
    /// the order is cancelled: what is there already is not put there again by a repeated step.
    pub fn units_back(&self, refund: Option<RefundId>) -> BTreeMap<LineId, u32> {
        let counts = |id: &RefundId, known: &OrderRefund| {
            known.restock == Restock::Yes
                && (known.state == OrderRefundState::Done || Some(*id) == refund)
        };
        let mut units: BTreeMap<LineId, u32> = BTreeMap::new();
        if self.status == OrderStatus::Cancelled {
            units.extend(self.units_left().iter().map(|line| (line.line, line.units)));
        }
        for (_, known) in self.refunds.iter().filter(|(id, known)| counts(id, known)) {
            for line in &known.lines {
                let sum = units.entry(line.line).or_default();
                *sum = sum.saturating_add(line.units);
            }
        }
        units
    }

    /// A refund that is decided and has not ended, if there is one.
    pub fn open_refund(&self) -> Option<RefundId> {
        self.refunds
            .iter()
            .find(|(_, refund)| refund.state == OrderRefundState::Decided)
            .map(|(id, _)| *id)
    }

    fn counting_refunds(&self) -> impl Iterator<Item = &OrderRefund> {
        self.refunds
            .values()
            .filter(|refund| !matches!(refund.state, OrderRefundState::Refused { .. }))
    }

    pub(super) fn units_refunded(&self) -> BTreeMap<LineId, u32> {
        let mut units = BTreeMap::new();
        for line in self.counting_refunds().flat_map(|refund| &refund.lines) {
            let sum: &mut u32 = units.entry(line.line).or_default();
            *sum = sum.saturating_add(line.units);
        }
        units
    }

    /// The asked lines, each once and in order, if so many units are left.
    fn units_asked(&self, asked: &[RefundedLine]) -> Result<Vec<RefundedLine>, OrderRefusal> {
        let refunded = self.units_refunded();
        let mut units: BTreeMap<LineId, u32> = BTreeMap::new();
        for ask in asked.iter().filter(|ask| ask.units > 0) {
            let sum = units.entry(ask.line).or_default();
            *sum = sum.saturating_add(ask.units);
        }
        for (id, asked) in &units {
            let line = self.quote.line(*id).ok_or(OrderRefusal::UnknownLine)?;
            let gone = refunded.get(id).copied().unwrap_or(0);
            let left = line.quantity.units().saturating_sub(gone);
            if *asked > left {
                return Err(OrderRefusal::TooManyUnits { line: *id, left });
            }
        }
        Ok(units.into_iter().map(|(line, units)| RefundedLine { line, units }).collect())
    }

    /// How much of this amount, which goes back for these units, is for shipping.
    pub fn shipping_in(
        &self,
        amount: Money,
        lines: &[RefundedLine],
    ) -> Result<Money, OrderRefusal> {
        let goods = self.price_of_goods(lines)?;
        let has_more = self.covers_all_that_is_left(lines) && amount.exceeds(goods)?;
        Ok(if has_more { amount.minus(goods)? } else { Money::zero(self.quote.currency) })
    }

    /// What these units cost with their tax; with the last units of the order, shipping too.
    fn price_of_units(&self, lines: &[RefundedLine]) -> Result<Money, OrderRefusal> {
        let goods = self.price_of_goods(lines)?;
        let is_last = self.covers_all_that_is_left(lines);
        Ok(if is_last { goods.plus(self.quote.shipping)? } else { goods })
    }

    fn price_of_goods(&self, lines: &[RefundedLine]) -> Result<Money, OrderRefusal> {
        let refunded = self.units_refunded();
        let mut amount = Money::zero(self.quote.currency);
        for ask in lines {
            let line = self.quote.line(ask.line).ok_or(OrderRefusal::UnknownLine)?;
            let before = refunded.get(&ask.line).copied().unwrap_or(0);
            let (after, whole) = (before.saturating_add(ask.units), line.quantity.units());
            for part in [line.subtotal, line.tax] {
                let share = part.share(after, whole)?.minus(part.share(before, whole)?)?;
                amount = amount.plus(share)?;
            }
        }
        Ok(amount)
    }

    fn covers_all_that_is_left(&self, lines: &[RefundedLine]) -> bool {
        self.units_left().iter().all(|left| lines.contains(left))
    }
}

/// Most refunds of one order.
pub const REFUNDS_MAX: usize = 100;
