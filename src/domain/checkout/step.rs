//! The steps of a checkout, what it can wait for, and what it remembers of one run.

use crate::domain::orders::CancelReason;

/// What the gateway was asked in one run of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// What became of the attempt.
    pub about_charge: bool,
    /// To give up the attempt.
    pub to_void: bool,
    /// To take what is set aside.
    pub to_capture: bool,
    /// To give money back.
    pub to_refund: bool,
}

impl Asked {
    /// What was asked once `step` has been made too, whatever came of it.
    pub fn after(self, step: Step) -> Asked {
        match step {
            Step::TakePayment | Step::AskGateway => Asked { about_charge: true, ..self },
            Step::VoidPayment => Asked { to_void: true, ..self },
            Step::CapturePayment => Asked { to_capture: true, ..self },
            Step::RefundPayment => Asked { to_refund: true, ..self },
            Step::ClaimCart
            | Step::ReserveStock
            | Step::AwaitPayment
            | Step::NoteDecline
            | Step::ReceivePayment
            | Step::MarkAuthorised
            | Step::CommitStock
            | Step::ConsumeCart
            | Step::MarkPaid
            | Step::CancelOrder(_)
            | Step::ReleaseStock
            | Step::ReturnStock
            | Step::ReleaseCart
            | Step::Settle
            | Step::Wait(_)
            | Step::Finished => self,
        }
    }
}

/// The one thing to do next. Each says whether it waits for an answer from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Claim the cart at the version that was priced; a refusal is an obstacle.
    ClaimCart,
    /// Hold all lines, or none; a refusal is an obstacle.
    ReserveStock,
    /// Begin the attempt, durably; then ask the gateway for the charge and record what it says.
    TakePayment,
    /// Ask the gateway what became of the attempt: the same key again, or by its id.
    AskGateway,
    /// Note in the order that the customer was told to act or to wait.
    AwaitPayment,
    /// Note in the order that the charge was refused, and that it waits for another.
    NoteDecline,
    /// Take the money that staff noted into the payment's books.
    ReceivePayment,
    /// Note in the order that the money is set aside, and hold the goods as long.
    MarkAuthorised,
    /// Begin the capture, durably; then ask the gateway for it and record what it says.
    CapturePayment,
    /// Turn all holds into sold goods.
    CommitStock,
    /// Take the claimed lines out of the cart.
    ConsumeCart,
    /// Mark the order paid, which settles it: the last step of a purchase.
    MarkPaid,
    /// Cancel the order: the first step of the way back.
    CancelOrder(CancelReason),
    /// Give up all holds.
    ReleaseStock,
    /// Put sold goods back on the shelf.
    ReturnStock,
    /// Give up the cart's claim.
    ReleaseCart,
    /// Begin to give up the attempt, durably; then ask the gateway and record what it says.
    VoidPayment,
    /// Begin to give back what is left, or take up a refund in flight: durably first, then ask
    /// the gateway under the same key, then record what it says.
    RefundPayment,
    /// Note that nothing is left to do or undo.
    Settle,
    /// Nothing can be done now; the reason is what staff and customer see.
    Wait(Waiting),
    /// Nothing is left to do.
    Finished,
}

/// Why an order waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Waiting {
    /// For the customer to pay, until it expires.
    ToBePaid,
    /// For staff to record the money, until it expires.
    Receipt,
    /// For the customer to act.
    CustomerAction,
    /// For the gateway to know.
    PaymentProcessing,
    /// For the gateway to answer: nobody knows whether money moved.
    PaymentInDoubt,
    /// For the goods to leave: the money is set aside.
    Shipment,
    /// For staff: the goods left, and the money could not be taken.
    CaptureRefused,
    /// For the gateway to answer: nobody knows whether the money went back.
    RefundInDoubt,
    /// For staff to give the money back by hand.
    RefundByHand,
    /// For staff: giving the money back was definitely refused.
    RefundRefused,
}

impl Waiting {
    /// Whether it goes on only when staff have done something about the money.
    pub fn is_for_staff(self) -> bool {
        match self {
            Waiting::CaptureRefused | Waiting::RefundByHand | Waiting::RefundRefused => true,
            Waiting::ToBePaid
            | Waiting::Receipt
            | Waiting::CustomerAction
            | Waiting::PaymentProcessing
            | Waiting::PaymentInDoubt
            | Waiting::Shipment
            | Waiting::RefundInDoubt => false,
        }
    }

    /// The visible reason, in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Waiting::ToBePaid => "to_be_paid",
            Waiting::Receipt => "receipt",
            Waiting::CustomerAction => "customer_action",
            Waiting::PaymentProcessing => "payment_processing",
            Waiting::PaymentInDoubt => "payment_in_doubt",
            Waiting::Shipment => "shipment",
            Waiting::CaptureRefused => "capture_refused",
            Waiting::RefundInDoubt => "refund_in_doubt",
            Waiting::RefundByHand => "refund_by_hand",
            Waiting::RefundRefused => "refund_refused",
        }
    }
}
