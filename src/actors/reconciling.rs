//! Reconciling: compares the gateway's books with ours, both ways, and has the report kept.
//!
//! It only reads: every difference comes with a proposal, and somebody decides. What happened a
//! moment ago is left out, because the two books are never written at the same instant.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Mutex as Turn, watch};

use crate::{
    domain::{
        ids::{OrderId, PaymentId, ShopId},
        orders::Order,
        payments::Payment,
        reconciliation::Reconciliation,
        time::{Timestamp, Who},
    },
    gateways::{BooksUnreachable, GatewayRecord, RecordKind},
    store::{self, StoreFault, keys},
};

use super::{books::KeepReport, desks::Desks};

pub mod compare;

pub use crate::domain::reconciliation::{DIFFERENCES_MAX, Difference, DifferenceKind, Report};
use compare::{Ours, of_books, of_record};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum NotReconciled {
    /// The gateway's books.
    #[error(transparent)]
    Theirs(#[from] BooksUnreachable),
    /// The gateway's books did not end.
    #[error("the gateway has more than {RECORDS_MAX} records in this time; take fewer days")]
    TooMany,
    /// Our books.
    #[error(transparent)]
    Ours(#[from] StoreFault),
}

/// Where comparisons are asked for. Clones share the turn.
#[derive(Clone)]
pub struct Reconciling {
    desks: Arc<Desks>,
    turn: Arc<Turn<()>>,
    asked: Arc<Mutex<Option<watch::Receiver<Option<Ended>>>>>,
}

/// How a comparison that was asked for ended: with a report, or why there is none.
pub type Ended = Result<Arc<Report>, String>;

impl Reconciling {
    /// Compares over these desks.
    pub fn new(desks: Arc<Desks>) -> Reconciling {
        Reconciling { desks, turn: Arc::default(), asked: Arc::default() }
    }

    /// The last report, also one of before the last start.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn last(&self) -> Result<Option<Report>, StoreFault> {
        let kept = self.desks.reader.get::<Reconciliation>(ShopId::default())?;
        Ok(kept.state.last.clone())
    }

    /// Begins to compare so many days, for [`Reconciling::ended_within`] to ask how it ended.
    pub fn begin(&self, days: u32) {
        let (tell, told) = watch::channel(None);
        let this = self.clone();
        tokio::spawn(async move {
            let ended = this.compare(days).await.map_err(|why| why.to_string());
            // Nobody may be listening any more; the report is kept all the same.
            let _ = tell.send(Some(ended));
        });
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }

    /// How the comparison that was begun last ended; nothing if it takes longer than this.
    pub async fn ended_within(&self, time: Duration) -> Option<Ended> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(mut told) = asked else { return Some(Err(NOT_BEGUN.to_owned())) };
        let ended = tokio::time::timeout(time, told.wait_for(Option::is_some)).await.ok()?;
        ended.map_or(Some(Err(NOT_BEGUN.to_owned())), |ended| ended.clone())
    }

    /// Compares so many days; one comparison at a time. Changes nothing but the last report.
    ///
    /// # Errors
    /// One of the two books cannot be read.
    pub async fn compare(&self, days: u32) -> Result<Arc<Report>, NotReconciled> {
        self.compare_until(days, self.desks.clock.now().plus_millis(-SETTLING_MILLIS)).await
    }

    /// The same without what happened later than that.
    ///
    /// # Errors
    /// As [`Reconciling::compare`].
    pub async fn compare_until(
        &self,
        days: u32,
        until: Timestamp,
    ) -> Result<Arc<Report>, NotReconciled> {
        let _turn = self.turn.lock().await;
        let mut comparison = Comparison::of(&self.desks, days, until);
        comparison.read_theirs().await?;
        comparison.read_ours()?;
        let report = comparison.report;
        let found = report.differences.len();
        if found > 0 {
            tracing::warn!(found, "the gateway's books and ours do not agree");
        }
        let keep = KeepReport { report: report.clone() };
        let intent = self.desks.intent(Who::Shop, None);
        if let Err(error) = self.desks.books.ask(keep, intent).await {
            // Whoever asked hears of it all the same; tomorrow there is another one.
            tracing::warn!(%error, "what a comparison came to could not be kept");
        }
        Ok(Arc::new(report))
    }
}

/// A payment and its order in our books.
type Books = (PaymentId, Arc<Order>, Arc<Payment>);

/// One comparison at work.
struct Comparison<'d> {
    desks: &'d Desks,
    report: Report,
    /// The gateway's names for everything it listed.
    listed: BTreeSet<String>,
}

impl<'d> Comparison<'d> {
    fn of(desks: &'d Desks, days: u32, until: Timestamp) -> Comparison<'d> {
        let made_at = desks.clock.now();
        let report = Report {
            gateway: desks.charging.gateway().to_owned(),
            made_at,
            since: made_at.plus_millis(-i64::from(days).saturating_mul(MILLIS_A_DAY)),
            until,
            ..Report::default()
        };
        Comparison { desks, report, listed: BTreeSet::new() }
    }

    async fn read_theirs(&mut self) -> Result<(), NotReconciled> {
        let mut mark = None;
        loop {
            let page = self.desks.charging.list_since(self.report.since, mark).await?;
            for record in &page.records {
                self.compare_record(record)?;
            }
            if self.listed.len() > RECORDS_MAX {
                return Err(NotReconciled::TooMany);
            }
            mark = page.next;
            if mark.is_none() {
                return Ok(());
            }
        }
    }

    fn compare_record(&mut self, record: &GatewayRecord) -> Result<(), StoreFault> {
        self.listed.insert(record.gateway_id.clone());
        match record.kind {
            RecordKind::Charge => self.report.charges += 1,
            RecordKind::Refund { .. } => self.report.refunds += 1,
        }
        let books = self.books_of(record)?;
        let still_moving = record.created_at > self.report.until
            || books.as_ref().is_some_and(|(_, _, payment)| payment.updated_at > self.report.until);
        if still_moving {
            return Ok(());
        }
        let ours = books.as_ref().map(|(id, order, payment)| Ours { id: *id, order, payment });
        if let Some(difference) = of_record(record, ours) {
            self.report.note(difference);
        }
        Ok(())
    }

    /// The order and payment a record is about: by what the gateway was told, else by the charge.
    fn books_of(&self, record: &GatewayRecord) -> Result<Option<Books>, StoreFault> {
        let reader = &self.desks.reader;
        let charge = match &record.kind {
            RecordKind::Charge => Some(&record.gateway_id),
            RecordKind::Refund { charge, .. } => charge.as_ref(),
        };
        let mut order = record.order;
        if let (None, Some(charge)) = (order, charge) {
            let row = reader.row(&keys::order_by_charge(charge))?;
            order = row.and_then(|value| keys::held_by::<OrderId>(&value));
        }
        let Some(order) = order else { return Ok(None) };
        let order = reader.get::<Order>(order)?.state;
        let Some(id) = order.payment.filter(|_| order.exists()) else { return Ok(None) };
        let payment = reader.get::<Payment>(id)?.state;
        Ok(Some((id, order, payment)))
    }

    fn read_ours(&mut self) -> Result<(), StoreFault> {
        let reader = &self.desks.reader;
        let mut from = Some(keys::order_listed(self.report.since, OrderId::default()));
        while let Some(start) = from.take() {
            let order = store::Order::Ascending;
            let rows = reader.rows(&keys::orders(), Some(&start), order, ORDERS_A_PAGE)?;
            let is_full = rows.len() == ORDERS_A_PAGE;
            for (key, _) in rows {
                if let Some(order) = key.last_id::<OrderId>() {
                    self.compare_order(order)?;
                }
                from = is_full.then_some(key);
            }
        }
        Ok(())
    }

    fn compare_order(&mut self, order: OrderId) -> Result<(), StoreFault> {
        let order = self.desks.reader.get::<Order>(order)?.state;
        let Some(id) = order.payment else { return Ok(()) };
        let payment = self.desks.reader.get::<Payment>(id)?.state;
        let until = self.report.until;
        if order.updated_at > until || payment.updated_at > until {
            return Ok(());
        }
        self.report.orders += 1;
        let ours = Ours { id, order: &order, payment: &payment };
        for difference in of_books(ours, &self.listed) {
            self.report.note(difference);
        }
        Ok(())
    }
}

const NOT_BEGUN: &str = "no comparison was begun since the shop was started";
/// What happened so shortly ago may be in one of the books only.
const SETTLING_MILLIS: i64 = 2 * 60 * 1000;
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1000;
/// Records of the gateway compared in one report.
const RECORDS_MAX: usize = 1_000_000;
const ORDERS_A_PAGE: usize = 1000;
/// Days compared unless somebody asks for others.
pub const DAYS_USUAL: u32 = 30;
