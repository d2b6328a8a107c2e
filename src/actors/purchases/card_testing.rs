//! Card testing: who may try another card, and whose refused charges count.
//!
//! Invariant: a charge counts once it is refused, whether the bank says so at once or later, to the
//! customer who comes back, to a sweep or by a letter; from where it was tried is known as long as
//! its bank has not answered, and not over a start.

use std::net::IpAddr;

use crate::{
    actors::{Rejection, checkout::Driven, declines::Payer},
    domain::{
        ids::{OrderId, UserId},
        orders::Order,
        payments::PaymentRefusal,
    },
};

use super::Inner;

impl Inner {
    /// Refuses whoever had too many refused charges.
    pub(super) async fn must_not_test_cards(
        &self,
        address: Option<IpAddr>,
        account: Option<UserId>,
        token: &str,
    ) -> Result<(), PaymentRefusal> {
        let card = match self.declines.has_waiting_cards() {
            true => self.desks.charging.card_behind(token).await,
            false => None,
        };
        let payer = Payer { address, account, card: card.as_deref() };
        self.declines.must_not_be_too_many(&payer)
    }

    /// Counts the charges of an order that were refused; whoever pays now asks from there. What the
    /// bank has not answered yet counts when it does.
    pub(super) async fn count_declines(
        &self,
        order: OrderId,
        from: Option<IpAddr>,
        driven: &Result<Driven, Rejection>,
    ) {
        let refused = self.desks.charging.take_declined(order);
        if !refused.is_empty() {
            let address = from.or_else(|| self.declines.awaited_from(order));
            let found = self.desks.reader.get::<Order>(order);
            let account = found.ok().and_then(|found| found.state.customer.user);
            for token in refused {
                let card = match self.declines.are_limited() {
                    true => self.desks.charging.card_behind(&token).await,
                    false => None,
                };
                self.declines.count(&Payer { address, account, card: card.as_deref() });
            }
        }
        match (from, driven) {
            (_, Ok(driven)) if !driven.payment.is_open() => self.declines.answered(order),
            (Some(address), Ok(_) | Err(_)) => self.declines.await_answer(order, address),
            (None, Ok(_) | Err(_)) => {}
        }
    }
}
