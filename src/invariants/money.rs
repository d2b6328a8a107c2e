//! Money: it is here once, for an order that is owed it, and both books say so.

use std::collections::BTreeMap;

use super::finding;
use crate::{
    domain::{
        demo_charge::DemoCharge,
        ids::{DemoChargeId, OrderId, PaymentId},
        money::{Money as Sum, MoneyRefusal},
        orders::{Order, OrderStatus},
        payments::{PayState, Payment, RefundState},
    },
    store::{
        Reader, StoreFault,
        verify::{Check, Finding},
    },
};

/// An order and its payment agree.
pub struct Money;

impl Check for Money {
    fn name(&self) -> &'static str {
        "money"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        for entry in reader.all::<Order>() {
            let (id, order) = entry?;
            let payment = reader.get::<Payment>(order.state.payment.unwrap_or_default())?.state;
            let wrong = wrong_between(&order.state, &payment).into_iter();
            let at = || format!("order {} ({id})", order.state.number);
            found.extend(wrong.map(|what| finding(what, at())));
        }
        for entry in reader.all::<Payment>() {
            let (id, payment) = entry?;
            let payment = &payment.state;
            let is_owed = reader.get::<Order>(payment.order)?.state.payment == Some(id);
            if !payment.captured.is_zero() && !is_owed {
                found.push(finding("captured for an order that is not there", paid(id)));
            }
        }
        Ok(found)
    }
}

fn wrong_between(order: &Order, payment: &Payment) -> Vec<&'static str> {
    let captured = payment.exists() && payment.state == PayState::Captured;
    let rests = order.settled && captured && !payment.is_unfinished();
    let left = payment.left_to_refund().is_ok_and(|left| !left.is_zero());
    let rules = [
        (
            order.status == OrderStatus::Paid && !captured && !order.quote.total.is_zero(),
            "paid, but nothing was captured",
        ),
        (
            // Less than was asked for, taken behind our back, cancels the order and goes back.
            captured
                && payment.captured != order.quote.total
                && order.status != OrderStatus::Cancelled,
            "captured is not the total",
        ),
        (
            order.settled && captured && order.captured != payment.captured,
            "order and payment say different sums",
        ),
        (
            rests
                && order.status == OrderStatus::Cancelled
                && left
                && !payment.rest_was_refused()
                && payment.disputes.is_empty(),
            "cancelled, but its money was kept",
        ),
    ];
    rules.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, what)| what).collect()
}

/// The shop's books and the demo gateway's agree, as far as nothing is on its way.
pub struct Books;

impl Check for Books {
    fn name(&self) -> &'static str {
        "books"
    }

    fn findings(&self, reader: &Reader) -> Result<Vec<Finding>, StoreFault> {
        let mut found = Vec::new();
        let mut charged: BTreeMap<OrderId, Vec<DemoCharge>> = BTreeMap::new();
        for entry in reader.all::<DemoCharge>() {
            let (_, charge) = entry?;
            let charge = &charge.state;
            if let Some(asked) = charge.asked.as_ref().filter(|_| !charge.captured.is_zero()) {
                charged.entry(asked.order).or_default().push(DemoCharge::clone(charge));
            }
        }
        for entry in reader.all::<Payment>() {
            let (id, payment) = entry?;
            let payment = &payment.state;
            let named = payment.gateway_id.as_ref().and_then(|id| id.parse::<DemoChargeId>().ok());
            // What staff received came by no charge, not even by one that was declined before.
            let by_card = payment.state == PayState::Captured && !payment.by_hand;
            if let Some(charge) = named.filter(|_| by_card)
                && reader.get::<DemoCharge>(charge)?.state.captured != payment.captured
            {
                found.push(finding("the gateway knows of another sum", paid(id)));
            }
        }
        for (id, charges) in charged {
            let order = reader.get::<Order>(id)?.state;
            let payment = reader.get::<Payment>(order.payment.unwrap_or_default())?.state;
            let at = || format!("order {} ({id})", order.number);
            if !order.exists() {
                found.push(finding("charged for an order that is not there", at()));
            } else if charges.len() > 1 {
                found.push(finding("charged more than once", at()));
            } else if order.settled
                && !payment.is_unfinished()
                && !charges.iter().all(|charge| agree(charge, &payment).unwrap_or(false))
            {
                found.push(finding("the gateway's books say something else", at()));
            }
        }
        Ok(found)
    }
}

/// Whether a charge and our payment name the same sums.
fn agree(charge: &DemoCharge, payment: &Payment) -> Result<bool, MoneyRefusal> {
    let nothing = Sum::zero(payment.captured.currency());
    let by_gateway = payment.refunds.values().filter(|refund| match refund.state {
        RefundState::Succeeded { .. } => true,
        RefundState::InFlight | RefundState::Failed { .. } | RefundState::PaidOut { .. } => false,
    });
    let back = by_gateway.map(|refund| refund.amount).try_fold(nothing, Sum::plus)?;
    Ok(charge.captured == payment.captured && charge.refunded()? == back)
}

fn paid(id: PaymentId) -> String {
    format!("payment {id}")
}
