//! What staff do about the money of an order: note that it came, also where the goods are handed
//! over, or take what is set aside.

use crate::{
    actors::{
        Intent, Rejection,
        checkout::Driven,
        orders::{ChangeOrder, GetOrder, OrderChange},
    },
    domain::ids::OrderId,
};

use super::Purchases;

impl Purchases {
    /// Staff has received the money of an order that is paid by hand; `reference` is how to find
    /// it again.
    ///
    /// # Errors
    /// The order is not paid by hand, or not waiting for it.
    pub async fn receive(
        &self,
        order: OrderId,
        reference: Option<String>,
        intent: Intent,
    ) -> Result<Driven, Rejection> {
        self.change(order, OrderChange::NoteReceipt { reference }, intent).await
    }

    /// Staff note that an order arrived. Cash is collected there unless the money came another way;
    /// what the gateway has to say about that is heard first.
    ///
    /// # Errors
    /// The order was not sent.
    pub async fn deliver(&self, order: OrderId, intent: Intent) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move {
            let who = intent.stamp.who;
            let turn = inner.turn(order).await;
            let captured = inner.drive_all(order, who).await?.payment.captured;
            let change = OrderChange::Deliver { captured };
            inner.desks.orders.ask(ChangeOrder { order, change }, intent).await?;
            inner.drive_in(turn, order, who).await
        })
        .await
    }

    /// Takes the money that is set aside for an order before its goods leave. Of an order that is
    /// paid nothing is taken, so it is safe to ask twice.
    ///
    /// # Errors
    /// Nothing is set aside for it; the gateway cannot be asked now.
    pub async fn capture(&self, order: OrderId, intent: Intent) -> Result<Driven, Rejection> {
        self.on_its_own(move |inner| async move {
            let (who, seen) = (intent.stamp.who, intent.seen);
            let turn = inner.turn(order).await;
            let asked = inner.desks.intent(who, None).seeing(seen);
            let found = inner.desks.orders.ask(GetOrder { order }, asked).await?;
            if found.has_to_be_captured()? {
                inner.desks.charging.available()?;
                let payment = found.payment.unwrap_or_default();
                inner.desks.charging.begin_capture(payment, intent.seeing(None)).await?;
            }
            inner.drive_in(turn, order, who).await
        })
        .await
    }
}
