//! Handing in: what was done is recorded by the owner of couriers and deliveries.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::sleep;

use crate::{
    actors::{Rejection, couriers::RecordDeliveries},
    domain::time::Who,
    subscribers::runner::Ways,
};

/// Has a batch recorded, after a while.
pub(super) fn record(
    ways: Ways,
    message: RecordDeliveries,
    after: Duration,
) -> BoxFuture<'static, (RecordDeliveries, Result<(), Rejection>)> {
    Box::pin(async move {
        sleep(after).await;
        let recorded = ways.desk.ask(message.clone(), ways.intent(Who::Shop)).await;
        (message, recorded.map(drop))
    })
}

/// Resolves with the outcome of the work; never, if there is none.
pub(super) async fn finished<T, W: Future<Output = T> + Unpin>(work: &mut Option<W>) -> T {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}
