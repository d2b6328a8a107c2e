//! Refunds and disputes of an order: decided by staff, told by a gateway, each driven to its end.
//!
//! Invariant: the order knows first what is to be moved, so that a crash anywhere is found by the
//! next look at unfinished orders; money that may still move is never moved by hand.

use std::sync::Arc;

use crate::{
    actors::{
        Intent, Rejection,
        checkout::Driven,
        orders::{ChangeOrder, GetOrder, OrderChange},
        payments::PaymentChange,
        refunding::drive_refund,
    },
    domain::{
        ids::{OrderId, PaymentId, RefundId},
        money::Money,
        orders::{Order, OrderRefundState, OrderRefusal, Receipt, RefundWish},
        payments::{DisputeNews, RefundOutcome},
        time::Who,
    },
};

use super::{Inner, Purchases};

impl Purchases {
    /// Refunds part or all of an order: decided, then driven to its end.
    ///
    /// # Errors
    /// More than is left, or an unknown line.
    pub async fn refund(
        &self,
        order: OrderId,
        refund: RefundId,
        wish: RefundWish,
        intent: Intent,
    ) -> Result<Arc<Order>, Rejection> {
        self.on_its_own(move |inner| async move {
            let who = intent.stamp.who;
            let _turn = inner.turn(order).await;
            let change = OrderChange::DecideRefund { refund, wish };
            let decided = inner.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
            drive_refund(&inner.desks, decided, refund, who).await
        })
        .await
    }

    /// Tries a refused refund again, under a new key; one that is not refused stays as it is. The
    /// rest that a cancelled order is owed is named by its payment's id.
    ///
    /// # Errors
    /// An unknown refund, or one whose money is not there any more.
    pub async fn retry_refund(
        &self,
        order: OrderId,
        refund: RefundId,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        let change = PaymentChange::RetryRefund { refund };
        self.on_its_own(move |inner| async move {
            inner.change_refund(order, refund, change, intent).await
        })
        .await
    }

    /// Staff gave the money of a refund back by hand or by bank: one that no gateway moves, that
    /// was refused, or that came by hand where a card had paid as well. `reference` is how to find
    /// it again.
    ///
    /// # Errors
    /// An unknown refund, one that has gone back already, or one the gateway may still move.
    pub async fn pay_out_refund(
        &self,
        order: OrderId,
        refund: RefundId,
        reference: Option<String>,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move {
            if refund == Receipt::refund_of(order) {
                return inner.return_receipt(order, reference, intent).await;
            }
            let change = PaymentChange::PayOutRefund { refund, reference };
            inner.change_refund(order, refund, change, intent).await
        })
        .await
    }

    /// Records what a gateway told of a refund by itself, and does what follows from it. A bank may
    /// still send back what once succeeded. Safe to send twice.
    ///
    /// # Errors
    /// An unknown refund; busy or fault.
    pub async fn record_refund(
        &self,
        order: OrderId,
        refund: RefundId,
        outcome: RefundOutcome,
    ) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move {
            let turn = inner.turn(order).await;
            let (_, payment) = inner.with_payment(order).await?;
            let change = PaymentChange::RecordRefund { refund, outcome };
            let intent = inner.desks.intent(Who::Shop, None);
            inner.desks.charging.change_refund(payment, change, intent).await?;
            inner.drive_in(turn, order, Who::Shop).await
        })
        .await
    }

    /// Records what the gateway told of a dispute about an order, in its payment and in the order.
    /// Safe to send twice, in any order, and again after a crash between the two.
    ///
    /// # Errors
    /// The order was not paid through a gateway; busy or fault.
    pub async fn record_dispute(
        &self,
        order: OrderId,
        news: DisputeNews,
    ) -> Result<Arc<Order>, Rejection> {
        self.on_its_own(move |inner| async move {
            let desks = &inner.desks;
            let intent = || desks.intent(Who::Shop, None);
            let found = desks.orders.ask(GetOrder { order }, intent()).await?;
            let payment = found.payment.ok_or(OrderRefusal::UnknownOrder)?;
            desks.charging.record_dispute(payment, news.clone()).await?;
            let change = OrderChange::NoteDispute(news);
            desks.orders.ask(ChangeOrder { order, change }, intent()).await
        })
        .await
    }
}

impl Inner {
    async fn change_refund(
        &self,
        order: OrderId,
        refund: RefundId,
        change: PaymentChange,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        let (who, desks) = (intent.stamp.who, &self.desks);
        let turn = self.turn(order).await;
        let (found, payment) = self.with_payment(order).await?;
        let is_refused = found
            .refunds
            .get(&refund)
            .is_some_and(|known| matches!(known.state, OrderRefundState::Refused { .. }));
        if is_refused {
            let revive = OrderChange::ReviveRefund { refund };
            let asked = ChangeOrder { order, change: revive };
            desks.orders.ask(asked, desks.intent(who, None)).await?;
        }
        desks.charging.change_refund(payment, change, intent).await?;
        self.drive_in(turn, order, who).await
    }

    async fn return_receipt(
        &self,
        order: OrderId,
        reference: Option<String>,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        let who = intent.stamp.who;
        let turn = self.turn(order).await;
        let (_, payment) = self.with_payment(order).await?;
        let payment = self.desks.charging.look_up(payment).await?;
        let nothing = Money::zero(payment.captured.currency());
        let charged = if payment.by_hand { nothing } else { payment.captured };
        let change = OrderChange::ReturnReceipt { charged, reference };
        self.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
        self.drive_in(turn, order, who).await
    }

    async fn with_payment(&self, order: OrderId) -> Result<(Arc<Order>, PaymentId), Rejection> {
        let intent = self.desks.intent(Who::Shop, None);
        let found = self.desks.orders.ask(GetOrder { order }, intent).await?;
        let payment = found.payment.ok_or(OrderRefusal::UnknownOrder)?;
        Ok((found, payment))
    }
}
