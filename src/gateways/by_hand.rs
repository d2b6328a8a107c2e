//! No gateway: a shop that is paid by cash on delivery and bank transfer only.
//!
//! Knows no card; a charge that is asked for all the same is declined, never in doubt.

use crate::domain::{
    payments::{GatewayOutcome, RefundOutcome},
    time::Timestamp,
};

use super::{
    ActionResult, BooksUnreachable, BoxFuture, CaptureRequest, ChargeRef, ChargeRequest,
    PaymentGateway, RecordPage, RefundRequest, UnknownMethod, VoidRequest,
};

/// The gateway of a shop without one.
#[derive(Clone, Copy, Debug)]
pub struct ByHand;

impl PaymentGateway for ByHand {
    fn name(&self) -> &'static str {
        "manual"
    }

    fn check_method(&self, _: &str) -> Result<(), UnknownMethod> {
        Err(UnknownMethod)
    }

    fn charge(&self, _: ChargeRequest) -> BoxFuture<GatewayOutcome> {
        no_cards()
    }

    fn retrieve(&self, _: ChargeRef) -> BoxFuture<GatewayOutcome> {
        no_cards()
    }

    fn complete_action(&self, _: ChargeRef, _: ActionResult) -> BoxFuture<GatewayOutcome> {
        no_cards()
    }

    fn capture(&self, _: CaptureRequest) -> BoxFuture<GatewayOutcome> {
        no_cards()
    }

    fn void(&self, _: VoidRequest) -> BoxFuture<GatewayOutcome> {
        Box::pin(async { GatewayOutcome::Voided })
    }

    fn refund(&self, _: RefundRequest) -> BoxFuture<RefundOutcome> {
        Box::pin(async { RefundOutcome::Failed { code: NO_CARDS.to_owned() } })
    }

    fn list_since(
        &self,
        _: Timestamp,
        _: Option<String>,
    ) -> BoxFuture<Result<RecordPage, BooksUnreachable>> {
        Box::pin(async { Ok(RecordPage::default()) })
    }
}

fn no_cards() -> BoxFuture<GatewayOutcome> {
    Box::pin(async {
        GatewayOutcome::Declined {
            gateway_id: None,
            code: NO_CARDS.to_owned(),
            message: "this shop takes no cards".to_owned(),
        }
    })
}

const NO_CARDS: &str = "cards_not_taken";
