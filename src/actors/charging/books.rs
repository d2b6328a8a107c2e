//! Books: what a gateway has written down by itself, read without changing anything.

use std::future::Future;

use super::{Charging, GATEWAY_WITHIN};
use crate::{
    domain::{
        ids::{OrderId, PaymentId},
        time::Timestamp,
    },
    gateways::{BooksUnreachable, NewsPage, RecordPage},
};

impl Charging {
    /// A page of news since then that the gateway could not deliver.
    pub async fn undelivered(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> Result<NewsPage, BooksUnreachable> {
        read_in_time(self.gateway.undelivered(since, mark)).await
    }

    /// Which order and payment a charge was made for, as the gateway was told.
    pub async fn made_for(
        &self,
        gateway_id: String,
    ) -> Result<Option<(OrderId, PaymentId)>, BooksUnreachable> {
        read_in_time(self.gateway.made_for(gateway_id)).await
    }

    /// A page of the gateway's books, as the gateway lists it.
    ///
    /// # Errors
    /// They cannot be read now.
    pub async fn list_since(
        &self,
        since: Timestamp,
        mark: Option<String>,
    ) -> Result<RecordPage, BooksUnreachable> {
        read_in_time(self.gateway.list_since(since, mark)).await
    }
}

/// Books that do not open in time cannot be read now.
async fn read_in_time<T>(
    asked: impl Future<Output = Result<T, BooksUnreachable>>,
) -> Result<T, BooksUnreachable> {
    let late = || Err(BooksUnreachable("no answer in time".to_owned()));
    tokio::time::timeout(GATEWAY_WITHIN, asked).await.unwrap_or_else(|_| late())
}
