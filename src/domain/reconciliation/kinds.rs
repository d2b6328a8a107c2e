//! Kinds: what two books can disagree about, in words, and what to do about each.

use serde::{Deserialize, Serialize};

/// What two books can disagree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The gateway took money for no payment of ours.
    ChargeUnknownHere,
    /// Our books have money the gateway never heard of.
    ChargeUnknownThere,
    /// The gateway took money, and our books do not have it.
    CaptureUnheard,
    /// Our books have money the gateway did not take.
    CaptureDisowned,
    /// Both have it, and not the same amount.
    AmountDiffers,
    /// The gateway took money twice for one order.
    ChargedTwice,
    /// Money is set aside for a payment that is over.
    AuthorisationLeft,
    /// The gateway gave money back that our books know nothing of.
    RefundUnknownHere,
    /// Our books gave money back, and the gateway knows nothing of it.
    RefundUnknownThere,
    /// The gateway gave money back, and our books wait for it or think it failed.
    RefundUnheard,
    /// Our books gave money back, and the gateway refused it.
    RefundDisowned,
    /// Both gave it back, and not the same amount.
    RefundAmountDiffers,
    /// The gateway gave back what staff paid out by hand.
    RefundedTwice,
    /// The money is here, and the order still waits for it.
    OrderBehind,
    /// The order was cancelled, and money of it was kept.
    MoneyKept,
    /// Staff noted that the money came by hand, and the gateway took it too.
    PaidTwice,
}

impl DifferenceKind {
    /// Its word on the wire.
    pub fn name(self) -> &'static str {
        use DifferenceKind as Kind;
        match self {
            Kind::ChargeUnknownHere => "charge_unknown_here",
            Kind::ChargeUnknownThere => "charge_unknown_there",
            Kind::CaptureUnheard => "capture_unheard",
            Kind::CaptureDisowned => "capture_disowned",
            Kind::AmountDiffers => "amount_differs",
            Kind::ChargedTwice => "charged_twice",
            Kind::AuthorisationLeft => "authorisation_left",
            Kind::RefundUnknownHere => "refund_unknown_here",
            Kind::RefundUnknownThere => "refund_unknown_there",
            Kind::RefundUnheard => "refund_unheard",
            Kind::RefundDisowned => "refund_disowned",
            Kind::RefundAmountDiffers => "refund_amount_differs",
            Kind::RefundedTwice => "refunded_twice",
            Kind::OrderBehind => "order_behind",
            Kind::MoneyKept => "money_kept",
            Kind::PaidTwice => "paid_twice",
        }
    }

    /// What is different, for staff.
    pub fn words(self) -> &'static str {
        use DifferenceKind as Kind;
        match self {
            Kind::ChargeUnknownHere => "the gateway took money for no payment of this shop",
            Kind::ChargeUnknownThere => "our books have money the gateway does not know",
            Kind::CaptureUnheard => "the gateway took money that our books do not have",
            Kind::CaptureDisowned => "our books have money that the gateway did not take",
            Kind::AmountDiffers => "the gateway took another amount than our books have",
            Kind::ChargedTwice => "the gateway took money twice for one order",
            Kind::AuthorisationLeft => "money is set aside for a payment that is over",
            Kind::RefundUnknownHere => "the gateway gave money back that our books know nothing of",
            Kind::RefundUnknownThere => {
                "our books gave money back that the gateway knows nothing of"
            }
            Kind::RefundUnheard => {
                "the gateway gave money back that our books do not count as gone"
            }
            Kind::RefundDisowned => "our books gave money back that the gateway refused",
            Kind::RefundAmountDiffers => "the gateway gave back another amount than our books have",
            Kind::RefundedTwice => "the gateway gave back what was paid out by hand already",
            Kind::OrderBehind => "the money is here, and the order still waits for it",
            Kind::MoneyKept => "the order was cancelled, and money of it was kept",
            Kind::PaidTwice => "the order was paid by card, and staff noted money by hand as well",
        }
    }

    /// What to do about it.
    pub fn proposal(self) -> &'static str {
        use DifferenceKind as Kind;
        match self {
            Kind::ChargeUnknownHere => {
                "find out at the gateway what it was for; refund it there if nothing was sold"
            }
            Kind::ChargeUnknownThere => {
                "do not ship; check that the shop uses the right account of the gateway"
            }
            Kind::CaptureUnheard => {
                "look at the order: the shop asks again by itself; if it stays, refund it there"
            }
            Kind::CaptureDisowned => "do not ship; ask the customer to pay again",
            Kind::AmountDiffers => "refund what is too much, or ask for what is missing",
            Kind::ChargedTwice => "refund this charge at the gateway",
            Kind::AuthorisationLeft => "cancel this charge at the gateway, or let it expire",
            Kind::RefundUnknownHere => {
                "if somebody refunded at the gateway, note it and refund nothing more here"
            }
            Kind::RefundUnknownThere => {
                "refund it at the gateway, after looking for it there once more"
            }
            Kind::RefundUnheard => {
                "look at the order: the shop asks again by itself; do not pay it out by hand"
            }
            Kind::RefundDisowned => "try the refund again, or pay it out by hand",
            Kind::RefundAmountDiffers => "compare both; refund what is missing",
            Kind::RefundedTwice => "ask the customer for one of the two",
            Kind::OrderBehind => {
                "look at the order: the shop goes on by itself; its log says what is in the way"
            }
            Kind::MoneyKept => "refund what is left",
            Kind::PaidTwice => "give back what came by hand, and note it on the order",
        }
    }
}
