//! Letters to whoever ordered something.

use minijinja::{Value, context};

use super::{
    Clerk, Mailbox, NoDraft, Pen, misread,
    pen::{cancel_words, decline_words},
};
use crate::{
    domain::orders::{CancelReason, Order, OrderEvent, PaymentMethod},
    subscribers::{happened::Happened, mail::templates::Template},
};

impl Clerk {
    pub(super) fn about_order(
        &self,
        pen: &Pen,
        template: Template,
        event: &Happened,
    ) -> Result<(Mailbox, Value), NoDraft> {
        let order = self.order_of(event)?;
        if order.customer.email.trim().is_empty() {
            return Err(NoDraft::Never("the customer was forgotten"));
        }
        let name = order.shipping_address.full_name.trim();
        let to = Mailbox {
            name: (!name.is_empty()).then(|| name.to_owned()),
            address: order.customer.email.trim().to_owned(),
        };
        let happened = event.read::<Order>().map(|(_, event)| event);
        let bank_details = self.choice.bank_details.as_deref();
        let facts = order_facts(pen, template, &order, happened.as_ref(), bank_details);
        Ok((to, facts.ok_or_else(misread)?))
    }
}

/// What a letter about an order tells, from the order and from what happened to it.
pub fn order_facts(
    pen: &Pen,
    template: Template,
    order: &Order,
    happened: Option<&OrderEvent>,
    bank_details: Option<&str>,
) -> Option<Value> {
    let base =
        context! { name => order.shipping_address.full_name.as_str(), order => pen.order(order) };
    let pay_until = pen.locale.moment(order.hold_until);
    let more = match (template, happened) {
        (Template::OrderReceived, _) => context! {
            pay_by => if order.authorised { "later" } else { order.method.name() },
            pay_until,
            reference => order.number,
            bank_details => bank_details.filter(|_| order.method == PaymentMethod::BankTransfer),
        },
        (Template::OrderConfirmation | Template::OrderDelivered, _) => context! {},
        (Template::PaymentNeedsAction, _) => context! { pay_until },
        (Template::PaymentFailed, Some(OrderEvent::ChargeDeclined { code, .. })) => context! {
            why => decline_words(code.as_deref()),
            may_try_again => true,
            pay_until,
        },
        (Template::PaymentFailed, Some(OrderEvent::OrderCancelled { decline_code, .. })) => {
            context! {
                why => decline_words(decline_code.as_deref()),
                may_try_again => false,
                pay_until,
            }
        }
        (Template::OrderShipped, Some(OrderEvent::OrderShipped { tracking_number, carrier })) => {
            context! { tracking_number, carrier }
        }
        (Template::OrderCancelled, Some(OrderEvent::OrderCancelled { reason, .. })) => context! {
            why => cancel_words(*reason),
            is_own_wish => *reason == CancelReason::Customer,
            refund => (!order.captured.is_zero()).then(|| pen.money(order.captured)),
        },
        (
            Template::OrderRefunded,
            Some(OrderEvent::OrderRefunded { amount, lines, refund, .. }),
        ) => {
            let units = |line: &crate::domain::orders::RefundedLine| {
                let of = order.quote.line(line.line);
                of.map(|of| context! { name => of.in_words(), quantity => line.units })
            };
            let decided = order.refunds.get(refund);
            context! {
                amount => pen.money(*amount),
                units => lines.iter().filter_map(units).collect::<Vec<_>>(),
                why => decided.and_then(|decided| decided.reason.clone()),
            }
        }
        _ => return None,
    };
    Some(context! { ..more, ..base })
}
