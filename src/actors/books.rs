//! The books actor: owner of what comparing the gateway's books with ours came to.
//!
//! Rules live in [`crate::domain::reconciliation`]; who compares is [`super::reconciling`].

use std::sync::Arc;

use crate::domain::{
    ids::ShopId,
    reconciliation::{Reconciliation, Report},
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Keeps what a comparison came to. Safe to send twice.
#[derive(Debug)]
pub struct KeepReport {
    /// What it came to.
    pub report: Report,
}

impl Request for KeepReport {
    type Value = Arc<Reconciliation>;
}

/// The only writer of reports.
pub struct Books;

impl Owner for Books {
    const NAME: &'static str = "books";
}

impl Answers<KeepReport> for Books {
    fn answer(
        &mut self,
        msg: KeepReport,
        work: &mut Work<'_>,
    ) -> Result<Arc<Reconciliation>, Rejection> {
        let events = work.get::<Reconciliation>(ShopId::default())?.keep(msg.report);
        work.change::<Reconciliation>(ShopId::default(), events)
    }
}
