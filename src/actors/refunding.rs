//! Refunding: drives a refund that staff decided to its end: the money, the goods, the note.
//!
//! What comes next is a pure rule ([`next_of_refund`]); each step is durable before the next, and
//! may come again after a crash.

use std::sync::Arc;

use crate::domain::{
    checkout::refund::{RefundFacts, RefundStep, came_back, next_of_refund, return_failed},
    ids::{OrderId, RefundId},
    inventory::{Hold, HoldState},
    orders::{Order, OrderRefusal},
    payments::{RefundExtent, RefundOutcome, RefundState},
    time::Who,
};

use super::{
    Rejection,
    checkout::units_back,
    desks::Desks,
    inventory::{GetHolds, OrderedUnits, ReturnStock},
    orders::{ChangeOrder, OrderChange},
};

/// Drives one refund of an order as far as it goes.
pub(super) async fn drive_refund(
    desks: &Desks,
    mut order: Arc<Order>,
    refund: RefundId,
    who: Who,
) -> Result<Arc<Order>, Rejection> {
    let payment_id = order.payment.unwrap_or_default();
    let mut payment = desks.charging.look_up(payment_id).await?;
    let mut returned = goods_are_back(desks, &order, refund).await?;
    let mut asked = false;
    for _ in 0..REFUND_STEPS_MAX {
        let observed = RefundFacts::observe(&order, &payment, refund, returned);
        let step = next_of_refund(&RefundFacts { asked, ..observed });
        let known = order.refunds.get(&refund).ok_or(OrderRefusal::UnknownRefund)?;
        match step {
            RefundStep::MoveMoney => {
                let (amount, reason) = (known.amount, known.reason.clone());
                let extent = RefundExtent::Part;
                let charging = &desks.charging;
                let moved = charging.refund(payment_id, refund, amount, extent, reason, None).await;
                match moved {
                    Ok((moved, ticket)) => {
                        if let Some(ticket) = ticket {
                            desks.store.settled(ticket).await?;
                        }
                        (payment, asked) = (moved, true);
                    }
                    // There is nothing left to give back, a cancel gave it all: say so.
                    Err(Rejection::Refused(why)) => {
                        let outcome = RefundOutcome::Failed { code: why.code().to_owned() };
                        return note(desks, order.id, refund, outcome, who).await;
                    }
                    Err(other) => return Err(other),
                }
            }
            RefundStep::ReturnGoods => {
                let lines = units_back(&order, Some(refund));
                desks.inventory.ask(ReturnStock { lines }, desks.intent(who, None)).await?;
                returned = true;
            }
            RefundStep::NoteDone | RefundStep::NoteRefused => {
                let state = payment.refunds.get(&refund).map(|refund| refund.state.clone());
                order = note(desks, order.id, refund, outcome(state), who).await?;
            }
            RefundStep::WaitForGateway | RefundStep::WaitForStaff | RefundStep::Finished => {
                break;
            }
        }
    }
    Ok(order)
}

/// Whether the holds already count what this refund puts back on the shelf.
async fn goods_are_back(desks: &Desks, order: &Order, refund: RefundId) -> Result<bool, Rejection> {
    if !order.refunds.contains_key(&refund) {
        return Ok(true);
    }
    let wanted = units_back(order, Some(refund));
    let lines = wanted.clone();
    let holds = desks.inventory.ask(GetHolds { lines }, desks.intent(Who::Shop, None)).await?;
    let back = |(line, hold): (&OrderedUnits, &Arc<Hold>)| {
        hold.returned >= line.quantity.units() || hold.state == HoldState::Returned
    };
    Ok(wanted.iter().zip(holds.iter()).all(back))
}

/// Notes what came back although it had gone: refunds that the order takes for done, and the money
/// of an order that was cancelled and settled.
pub(super) async fn note_what_came_back(
    desks: &Desks,
    mut order: Arc<Order>,
    who: Who,
) -> Result<Arc<Order>, Rejection> {
    let payment = desks.charging.look_up(order.payment.unwrap_or_default()).await?;
    while let Some((refund, code)) = came_back(&order, &payment) {
        order = note(desks, order.id, refund, RefundOutcome::Failed { code }, who).await?;
    }
    if let Some((refunded, code)) = return_failed(&order, &payment) {
        let change = OrderChange::FailReturn { refunded, code };
        let intent = desks.intent(who, None);
        order = desks.orders.ask(ChangeOrder { order: order.id, change }, intent).await?;
    }
    Ok(order)
}

async fn note(
    desks: &Desks,
    order: OrderId,
    refund: RefundId,
    outcome: RefundOutcome,
    who: Who,
) -> Result<Arc<Order>, Rejection> {
    let change = OrderChange::NoteRefund { refund, outcome };
    desks.orders.ask(ChangeOrder { order, change }, desks.intent(who, None)).await
}

fn outcome(state: Option<RefundState>) -> RefundOutcome {
    match state {
        Some(RefundState::Succeeded { gateway_ref }) => RefundOutcome::Succeeded { gateway_ref },
        Some(RefundState::PaidOut { reference }) => {
            RefundOutcome::Succeeded { gateway_ref: reference.unwrap_or_default() }
        }
        Some(RefundState::Failed { code }) => RefundOutcome::Failed { code },
        Some(RefundState::InFlight) | None => RefundOutcome::Unknown,
    }
}

/// Steps of one refund; the longest road has four.
const REFUND_STEPS_MAX: usize = 8;
