//! Disputes of an order: what its payment knows of them, noted for whoever looks at the order.

use super::{Order, OrderEvent, OrderRefusal};
use crate::domain::payments::{DisputeNews, disputes::news_of};

impl Order {
    /// Notes what the gateway told of a dispute, after the payment has it. The same again changes
    /// nothing, and neither does older news.
    pub fn note_dispute(&self, news: &DisputeNews) -> Result<Vec<OrderEvent>, OrderRefusal> {
        self.existing()?;
        let fresh = news_of(&self.disputes, news).map_err(|_| OrderRefusal::TooManyDisputes)?;
        Ok(fresh.map(OrderEvent::DisputeNoted).into_iter().collect())
    }
}
