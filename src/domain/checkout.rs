//! Checkout: the road of a purchase over four owners, and the way back.
//!
//! A pure function from what is true now ([`Facts`]) to the one next [`Step`]. Facts are observed
//! from the order, the holds of its lines, its cart and its payment, at every resume; what is only
//! remembered (`asked`, `obstacle`) may be forgotten at any moment. Every step may be repeated.
//!
//! Invariant: forward, nothing is charged before cart and stock are held, and the cart is consumed
//! only when the money is here, is set aside, or is left to staff to collect. Money comes one way:
//! a charge that has not ended is given up before money by hand is taken in, and when goods leave.
//! Back, the cancelled order comes first and settling last, and nothing is settled while money is
//! held, moving or in doubt.

use super::orders::{CancelReason, OrderStatus};

pub mod observe;
pub mod refund;
mod step;

pub use step::{Asked, Step, Waiting};

/// All that the next step depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facts {
    /// Where the order stands: forward unless it is cancelled.
    pub status: OrderStatus,
    /// Whether the order is settled, and knows what was taken.
    pub settled: bool,
    /// Whether the first answer is still owed to the customer.
    pub placing: bool,
    /// Whether the order knows that the money is set aside.
    pub authorised: bool,
    /// Whether it is being taken, as staff asked before the goods left.
    pub capturing: bool,
    /// How it is to be paid.
    pub pay_by: PayBy,
    /// Whether a charge is asked for that the payment has not attempted yet.
    pub charge_wanted: bool,
    /// Whether the last charge was refused and the order does not know it yet.
    pub decline_unnoted: bool,
    /// Whether staff noted that the money came by hand, and the payment does not have it yet.
    pub receipt: bool,
    /// Whether its time to be paid is over.
    pub expired: bool,
    /// The cart's claim.
    pub claim: ClaimFact,
    /// The holds of its lines.
    pub hold: HoldFact,
    /// Its payment.
    pub payment: PaymentFact,
    /// Remembered only: what the gateway was asked in this run, so that its silence, or an answer
    /// that changes nothing, is waited out instead of asked about in a circle.
    pub asked: Asked,
    /// Remembered only: what an owner said no to in this run.
    pub obstacle: Option<Obstacle>,
}

/// How an order is to be paid, as far as the process cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayBy {
    /// Through a gateway; perhaps nothing is asked for yet.
    Gateway,
    /// By hand or by bank: staff record it.
    Hand,
    /// It costs nothing.
    Nothing,
}

/// What a cart knows of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimFact {
    /// The order was not made from a cart, or the cart is gone.
    NoCart,
    /// The cart is not claimed by this order: not yet, or no more. A cart forgets who bought it, so
    /// with goods held it was consumed.
    Unclaimed,
    /// The cart is claimed by this order.
    Claimed,
    /// The claimed lines have left the cart.
    Consumed,
}

/// What the ledgers know of an order's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldFact {
    /// Nothing is held yet.
    None,
    /// All lines are held.
    Held,
    /// The goods are sold.
    Committed,
    /// The hold was given up.
    Released,
    /// The sold goods are back on the shelf.
    Returned,
}

impl HoldFact {
    /// The fact about all lines together: as long as one line has something to be done, or to be
    /// undone, that is what counts. Reserving is all or none, so mixtures come only from crashes
    /// between owners that did not happen; they are settled like the least finished line.
    pub fn of_lines(lines: impl IntoIterator<Item = HoldFact>) -> HoldFact {
        let rank = |fact: &HoldFact| match fact {
            HoldFact::Held => 0,
            HoldFact::Committed => 1,
            HoldFact::None => 2,
            HoldFact::Returned => 3,
            HoldFact::Released => 4,
        };
        lines.into_iter().min_by_key(rank).unwrap_or(HoldFact::None)
    }
}

/// What the payment knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentFact {
    /// Nothing was tried.
    None,
    /// An attempt was begun; nobody knows what became of it.
    Unknown,
    /// The customer has to act.
    NeedsAction,
    /// The gateway will know later.
    Processing,
    /// The money is set aside.
    Authorised,
    /// The money is ours, all of it or what is left after refunds.
    Captured,
    /// Less was taken than was asked for: somebody did that at the gateway.
    Short,
    /// Definitely refused.
    Declined,
    /// Given up before any money moved.
    Voided,
    /// Money is on its way back, or nobody knows.
    Refunding,
    /// All money has gone back.
    Refunded,
    /// Giving the money back was definitely refused.
    RefundFailed,
}

impl PaymentFact {
    /// Whether the last attempt has begun and not definitely ended.
    fn is_open(self) -> bool {
        matches!(
            self,
            PaymentFact::Unknown
                | PaymentFact::NeedsAction
                | PaymentFact::Processing
                | PaymentFact::Authorised
        )
    }
}

/// What an owner said no to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obstacle {
    /// The cart is being checked out by another order, or is not what was priced any more.
    CartInCheckout,
    /// Not enough of a line is there, or its hold has ended.
    OutOfStock,
}

/// What to do next, from what is true now.
pub fn next(facts: &Facts) -> Step {
    match facts.status {
        OrderStatus::Pending => forward(facts),
        OrderStatus::Paid => close(facts),
        OrderStatus::Shipped | OrderStatus::Delivered => leave(facts),
        OrderStatus::Cancelled => back(facts),
    }
}

/// Towards a paid order: claim, reserve, pay, commit, consume, mark.
fn forward(facts: &Facts) -> Step {
    if facts.has_money() {
        return keep_the_sale(facts);
    }
    if facts.expired && !facts.receipt {
        return expire(facts);
    }
    match (facts.obstacle, facts.claim, facts.hold) {
        (Some(Obstacle::CartInCheckout), ..) => Step::CancelOrder(CancelReason::CartInCheckout),
        (Some(Obstacle::OutOfStock), ..) => Step::CancelOrder(CancelReason::OutOfStock),
        (None, ClaimFact::Unclaimed, HoldFact::None) => Step::ClaimCart,
        (None, _, HoldFact::None) => Step::ReserveStock,
        (None, _, HoldFact::Released | HoldFact::Returned) => {
            Step::CancelOrder(CancelReason::OutOfStock)
        }
        (None, _, HoldFact::Held | HoldFact::Committed) => pay(facts),
    }
}

/// With cart and stock held: get the money, or say what is waited for.
///
/// One rule about declines: as long as the first answer is owed, a decline cancels the order. Once
/// the customer has been told that it waits, for them, for the gateway, or because nobody knows, a
/// decline leaves it pending, to be paid by another card until it expires.
fn pay(facts: &Facts) -> Step {
    if facts.receipt {
        return take_in(facts);
    }
    match facts.payment {
        PaymentFact::None | PaymentFact::Declined | PaymentFact::Voided if facts.charge_wanted => {
            Step::TakePayment
        }
        // It may take days from here: the customer's cart is theirs again.
        PaymentFact::None if facts.pay_by == PayBy::Hand => facts.emptied_or(Waiting::Receipt),
        PaymentFact::None => Step::Wait(Waiting::ToBePaid),
        PaymentFact::Declined | PaymentFact::Voided if facts.placing => {
            Step::CancelOrder(CancelReason::PaymentDeclined)
        }
        PaymentFact::Declined | PaymentFact::Voided if facts.decline_unnoted => Step::NoteDecline,
        PaymentFact::Declined | PaymentFact::Voided => Step::Wait(Waiting::ToBePaid),
        PaymentFact::Unknown if !facts.asked.about_charge => Step::AskGateway,
        PaymentFact::Unknown | PaymentFact::NeedsAction | PaymentFact::Processing
            if facts.placing =>
        {
            Step::AwaitPayment
        }
        PaymentFact::Unknown => Step::Wait(Waiting::PaymentInDoubt),
        // Asked about also before it is given up: a no that nobody has heard is heard as one.
        PaymentFact::NeedsAction if !facts.asked.about_charge => Step::AskGateway,
        PaymentFact::NeedsAction if facts.charge_wanted => facts.give_up(),
        PaymentFact::NeedsAction => Step::Wait(Waiting::CustomerAction),
        PaymentFact::Processing => facts.ask_or(Step::AskGateway, Waiting::PaymentProcessing),
        PaymentFact::Authorised if facts.capturing => {
            facts.ask_or(Step::CapturePayment, Waiting::PaymentInDoubt)
        }
        PaymentFact::Authorised if facts.authorised => facts.emptied_or(Waiting::Shipment),
        PaymentFact::Authorised if facts.claim == ClaimFact::Claimed => Step::ConsumeCart,
        PaymentFact::Authorised => Step::MarkAuthorised,
        // The money is here: never asked. Less of it came, or it went back, behind our back: there
        // is no purchase.
        PaymentFact::Captured => keep_the_sale(facts),
        PaymentFact::Short
        | PaymentFact::Refunding
        | PaymentFact::Refunded
        | PaymentFact::RefundFailed => Step::CancelOrder(CancelReason::Staff),
    }
}

/// Staff hold the money: a charge that has not ended is given up first, so that nobody pays twice.
/// One that was faster pays; what staff hold is then to be given back by hand.
fn take_in(facts: &Facts) -> Step {
    match facts.payment {
        PaymentFact::None | PaymentFact::Declined | PaymentFact::Voided => Step::ReceivePayment,
        PaymentFact::Unknown
        | PaymentFact::NeedsAction
        | PaymentFact::Processing
        | PaymentFact::Authorised => facts.give_up(),
        PaymentFact::Captured => keep_the_sale(facts),
        PaymentFact::Short
        | PaymentFact::Refunding
        | PaymentFact::Refunded
        | PaymentFact::RefundFailed => Step::CancelOrder(CancelReason::Staff),
    }
}

/// The money is here: the goods are sold, the cart is emptied, the order is paid.
fn keep_the_sale(facts: &Facts) -> Step {
    match (facts.hold, facts.claim) {
        // Money that came before goods and cart were held: hold them now, or turn back.
        (HoldFact::None, ClaimFact::Unclaimed) if facts.obstacle.is_none() => Step::ClaimCart,
        (HoldFact::None, _) if facts.obstacle.is_none() => Step::ReserveStock,
        (HoldFact::None, ClaimFact::Unclaimed) => Step::CancelOrder(CancelReason::CartInCheckout),
        (HoldFact::None | HoldFact::Released | HoldFact::Returned, _) => {
            Step::CancelOrder(CancelReason::OutOfStock)
        }
        (HoldFact::Held, _) => Step::CommitStock,
        (HoldFact::Committed, ClaimFact::Claimed) => Step::ConsumeCart,
        (HoldFact::Committed, _) => Step::MarkPaid,
    }
}

/// Its time is over: a payment that may have succeeded is asked about once, then it is cancelled.
fn expire(facts: &Facts) -> Step {
    match facts.payment {
        PaymentFact::Unknown | PaymentFact::Processing => {
            let over = Step::CancelOrder(CancelReason::Expired);
            if facts.asked.about_charge { over } else { Step::AskGateway }
        }
        // It may have been taken just before.
        PaymentFact::Authorised if facts.capturing && !facts.asked.to_capture => {
            Step::CapturePayment
        }
        PaymentFact::None
        | PaymentFact::NeedsAction
        | PaymentFact::Authorised
        | PaymentFact::Captured
        | PaymentFact::Short
        | PaymentFact::Declined
        | PaymentFact::Voided
        | PaymentFact::Refunding
        | PaymentFact::Refunded
        | PaymentFact::RefundFailed => Step::CancelOrder(CancelReason::Expired),
    }
}

/// Paid and settled in one frame, so that nothing is left; unless an old frame says otherwise.
fn close(facts: &Facts) -> Step {
    if facts.settled { Step::Finished } else { Step::Settle }
}

/// It left the house before it was paid: take the money that was set aside, and sell the goods.
/// What is collected on delivery is not to be charged as well.
fn leave(facts: &Facts) -> Step {
    if facts.settled && !facts.payment.is_open() {
        return Step::Finished;
    }
    match (facts.payment, facts.hold, facts.claim) {
        (PaymentFact::Authorised, ..) if !facts.receipt => {
            facts.ask_or(Step::CapturePayment, Waiting::PaymentInDoubt)
        }
        (_, HoldFact::Held, _) => Step::CommitStock,
        (_, _, ClaimFact::Claimed) => Step::ConsumeCart,
        (PaymentFact::None | PaymentFact::Declined | PaymentFact::Voided, ..) if facts.receipt => {
            Step::ReceivePayment
        }
        (open, ..) if open.is_open() => facts.give_up(),
        (PaymentFact::Declined | PaymentFact::Voided, ..) if facts.authorised => {
            Step::Wait(Waiting::CaptureRefused)
        }
        _ => Step::Settle,
    }
}

/// Back: the goods first, because others wait for them, then the cart, then the money.
fn back(facts: &Facts) -> Step {
    match (facts.hold, facts.claim) {
        (HoldFact::Held, _) => return Step::ReleaseStock,
        (HoldFact::Committed, _) => return Step::ReturnStock,
        (_, ClaimFact::Claimed) => return Step::ReleaseCart,
        (HoldFact::None | HoldFact::Released | HoldFact::Returned, _) => {}
    }
    match facts.payment {
        // Somebody holds the customer's money: it has to be given back like any other.
        PaymentFact::None | PaymentFact::Declined | PaymentFact::Voided if facts.receipt => {
            Step::ReceivePayment
        }
        PaymentFact::Unknown
        | PaymentFact::NeedsAction
        | PaymentFact::Processing
        | PaymentFact::Authorised => facts.give_up(),
        PaymentFact::Captured | PaymentFact::Short => Step::RefundPayment,
        PaymentFact::Refunding if facts.pay_by == PayBy::Hand => Step::Wait(Waiting::RefundByHand),
        PaymentFact::Refunding => facts.ask_or(Step::RefundPayment, Waiting::RefundInDoubt),
        PaymentFact::RefundFailed => Step::Wait(Waiting::RefundRefused),
        PaymentFact::None | PaymentFact::Declined | PaymentFact::Voided | PaymentFact::Refunded => {
            close(facts)
        }
    }
}

impl Facts {
    /// Whether nothing more is to be paid.
    fn has_money(&self) -> bool {
        self.payment == PaymentFact::Captured || self.pay_by == PayBy::Nothing
    }

    /// Gives up a charge that has not ended.
    fn give_up(&self) -> Step {
        let processing = self.payment == PaymentFact::Processing;
        let doubt = if processing { Waiting::PaymentProcessing } else { Waiting::PaymentInDoubt };
        self.ask_or(Step::VoidPayment, doubt)
    }

    /// Empties the cart, and then waits for what may take days.
    fn emptied_or(&self, waiting: Waiting) -> Step {
        if self.claim == ClaimFact::Claimed { Step::ConsumeCart } else { Step::Wait(waiting) }
    }

    /// Asks the gateway, once a run; after that its silence is waited out.
    fn ask_or(&self, step: Step, waiting: Waiting) -> Step {
        if self.asked == self.asked.after(step) { Step::Wait(waiting) } else { step }
    }
}

#[cfg(test)]
mod tests;
