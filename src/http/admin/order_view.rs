//! Order view: everything there is to say about an order, in words, and what can be done with it.

use serde::Serialize;

mod refunds;

use self::refunds::RefundView;
use super::parts::{MomentView, TagView, actor};
use crate::{
    domain::{
        checkout::{Waiting, observe::waiting_for},
        orders::{Entry, Order, OrderStatus, PaymentMethod, TimelineKind},
        payments::{PayState, Payment},
    },
    http::{answer::Answer, orders::payment_of, pages::words},
    shop::Shop,
};

/// An order, for staff.
#[derive(Serialize)]
pub(super) struct OrderView {
    id: String,
    number: u64,
    version: u64,
    status: TagView,
    placed: MomentView,
    waiting: Option<&'static str>,
    customer: CustomerView,
    lines: Vec<LineView>,
    sums: Vec<(&'static str, String)>,
    total: String,
    payment: PaymentView,
    refunds: Vec<RefundView>,
    disputes: Vec<DisputeView>,
    parcel: Option<String>,
    timeline: Vec<EntryView>,
    may: MayView,
}

#[derive(Serialize)]
struct CustomerView {
    user: Option<String>,
    email: String,
    phone: String,
    address: Vec<String>,
}

#[derive(Serialize)]
struct LineView {
    name: String,
    sku: String,
    product: String,
    price: String,
    units: u32,
    refunded: u32,
    subtotal: String,
}

#[derive(Serialize)]
struct PaymentView {
    method: &'static str,
    state: TagView,
    attempts: u32,
    captured: String,
    refunded: String,
    reference: Option<String>,
    decline: Option<String>,
    authorised_until: Option<MomentView>,
}

#[derive(Serialize)]
struct DisputeView {
    id: String,
    amount: String,
    reason: String,
    state: TagView,
    due: Option<MomentView>,
}

#[derive(Serialize)]
struct EntryView {
    at: MomentView,
    who: String,
    what: String,
    detail: Option<String>,
}

/// What the rules will allow now; the owner decides when it is asked.
#[derive(Serialize)]
struct MayView {
    ship: bool,
    takes_money: bool,
    /// Money that is set aside may be taken now.
    capture: bool,
    deliver: bool,
    cancel: bool,
    receive: bool,
    refund: bool,
}

impl OrderView {
    pub(super) fn of(shop: &Shop, order: &Order, version: u64) -> Answer<OrderView> {
        let payment = payment_of(shop, order)?.state;
        let quote = &order.quote;
        let waiting = waiting_for(order, &payment, shop.clock.now());
        let mut sums = vec![("Goods", words::price(quote.subtotal))];
        if !quote.discount.is_zero() {
            sums.push(("Discount", format!("−{}", words::price(quote.discount))));
        }
        sums.push(("Shipping", words::price(quote.shipping)));
        sums.push(("Tax", words::price(quote.tax)));
        Ok(OrderView {
            id: order.id.to_string(),
            number: order.number,
            version,
            status: status_tag(order),
            placed: MomentView::of(shop, order.placed_at),
            waiting: waiting.map(|waiting| waits_for(order, waiting)),
            customer: CustomerView::of(order),
            lines: lines(order),
            sums,
            total: words::price(quote.total),
            payment: PaymentView::of(shop, order, &payment),
            refunds: RefundView::all_of(order, &payment),
            disputes: DisputeView::all_of(shop, order),
            parcel: words::parcel(order.carrier.as_deref(), order.tracking_number.as_deref()),
            timeline: EntryView::all_of(shop, order)?,
            may: MayView::of(order),
        })
    }
}

/// What an order waits for, in words.
pub(super) fn waits_for(order: &Order, waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Receipt if order.is_to_ship() => "to be shipped, and is paid at the door",
        Waiting::ToBePaid => "for the customer to pay",
        Waiting::Receipt => "for its payment",
        Waiting::CustomerAction => "for the customer to confirm the payment",
        Waiting::PaymentProcessing => "for the payment, which is being processed",
        Waiting::PaymentInDoubt => "for the bank: nobody knows yet whether it was paid",
        Waiting::Shipment => "to be shipped",
        Waiting::CaptureRefused => "for you: the goods left and the money could not be taken",
        Waiting::RefundInDoubt => "for the bank: nobody knows yet whether the money went back",
        Waiting::RefundByHand => "for you to pay the money back",
        Waiting::RefundRefused => "for you: the refund was refused",
    }
}

impl CustomerView {
    fn of(order: &Order) -> CustomerView {
        let at = &order.shipping_address;
        let town = [at.postal_code.as_str(), &at.city].join(" ");
        let lines = [&at.full_name, &at.street, &town, &at.state, &at.country];
        let address = match order.erased {
            true => vec!["The customer was erased.".to_owned()],
            false => lines.into_iter().filter(|line| !line.trim().is_empty()).cloned().collect(),
        };
        CustomerView {
            user: order.customer.user.map(|user| user.to_string()),
            email: order.customer.email.clone(),
            phone: at.phone.clone(),
            address,
        }
    }
}

fn lines(order: &Order) -> Vec<LineView> {
    let left = order.units_left();
    let view = |line: &crate::domain::pricing::QuoteLine| {
        let units = line.quantity.units();
        let kept = left.iter().find(|left| left.line == line.id).map_or(0, |left| left.units);
        LineView {
            name: line.in_words(),
            sku: line.sku.clone(),
            product: line.product.to_string(),
            price: words::price(line.unit_price),
            units,
            refunded: units.saturating_sub(kept),
            subtotal: words::price(line.subtotal),
        }
    };
    order.quote.lines.iter().map(view).collect()
}

impl PaymentView {
    fn of(shop: &Shop, order: &Order, payment: &Payment) -> PaymentView {
        let decline = match &payment.state {
            PayState::Declined { code, .. } => Some(code.replace('_', " ")),
            PayState::Waiting
            | PayState::Attempting
            | PayState::NeedsAction { .. }
            | PayState::Processing
            | PayState::Authorised
            | PayState::Captured
            | PayState::Voided => order.decline_code.as_deref().map(|code| code.replace('_', " ")),
        };
        let noted = order.receipt.as_ref().and_then(|receipt| receipt.reference.clone());
        // A charge before it brought nothing.
        let charge = payment.gateway_id.clone().filter(|_| !payment.by_hand);
        let is_set_aside = payment.state == PayState::Authorised;
        PaymentView {
            method: method_words(order.method),
            state: payment_tag(&payment.state),
            attempts: payment.attempt,
            captured: words::price(order.captured),
            refunded: words::price(order.refunded),
            reference: charge.or(noted),
            decline,
            authorised_until: payment
                .authorised_until
                .filter(|_| is_set_aside)
                .map(|until| MomentView::of(shop, until)),
        }
    }
}

impl DisputeView {
    fn all_of(shop: &Shop, order: &Order) -> Vec<DisputeView> {
        use crate::domain::payments::DisputeState::{
            Closed, Lost, NeedsResponse, UnderReview, Won,
        };
        let view = |(id, dispute): (&String, &crate::domain::payments::Dispute)| DisputeView {
            id: id.clone(),
            amount: words::price(dispute.amount),
            reason: dispute.reason.replace('_', " "),
            state: match dispute.state {
                NeedsResponse => TagView { words: "Needs your answer", tone: "bad" },
                UnderReview => TagView { words: "The bank decides", tone: "warn" },
                Won => TagView { words: "Won", tone: "good" },
                Lost => TagView { words: "Lost", tone: "bad" },
                Closed => TagView { words: "Closed", tone: "" },
            },
            due: dispute.evidence_by.map(|by| MomentView::of(shop, by)),
        };
        order.disputes.iter().map(view).collect()
    }
}

impl EntryView {
    /// The newest first. An order that was placed without a charge has its first one chosen later.
    fn all_of(shop: &Shop, order: &Order) -> Answer<Vec<EntryView>> {
        let mut charges = order.charges();
        let newest_first = order.timeline.iter().rev();
        newest_first
            .map(|Entry { at, who, what }| {
                let (words, detail) = told(what, charges);
                charges -= u32::from(*what == TimelineKind::PaymentChosen && charges > 0);
                let (at, who) = (MomentView::of(shop, *at), actor(shop, *who)?);
                Ok(EntryView { at, who, what: words.to_owned(), detail })
            })
            .collect()
    }
}

/// What happened; so many charges had been asked for by then.
fn told(what: &TimelineKind, charges: u32) -> (&'static str, Option<String>) {
    let plain = |code: &str| code.replace('_', " ");
    match what {
        TimelineKind::Placed => ("Placed", None),
        TimelineKind::PaymentChosen if charges > 1 => ("Paid again, with another card", None),
        TimelineKind::PaymentChosen => ("A card was chosen to pay with", None),
        TimelineKind::PaymentAwaited { .. } => ("Waits for the payment", None),
        TimelineKind::ChargeDeclined { code } => ("Payment declined", code.as_deref().map(plain)),
        TimelineKind::ReceiptNoted { reference } => ("Payment received", reference.clone()),
        TimelineKind::ReceiptReturned { reference } => {
            ("Payment by hand given back", reference.clone())
        }
        TimelineKind::Authorised => ("Money set aside", None),
        TimelineKind::Paid { amount } => ("Paid", Some(words::price(*amount))),
        TimelineKind::Cancelled { reason } => ("Cancelled", Some(plain(reason.name()))),
        TimelineKind::Shipped { tracking_number, carrier } => {
            ("Shipped", words::parcel(carrier.as_deref(), tracking_number.as_deref()))
        }
        TimelineKind::Delivered => ("Delivered", None),
        TimelineKind::Refunded { amount } => ("Refunded", Some(words::price(*amount))),
        TimelineKind::RefundRefused { code } => ("Refund refused", Some(plain(code))),
        TimelineKind::RefundRevived => ("Refund tried again", None),
        TimelineKind::Disputed { amount, state } => {
            ("Disputed", Some(format!("{}, {}", words::price(*amount), plain(state.name()))))
        }
        TimelineKind::CustomerErased => ("Customer erased", None),
    }
}

impl MayView {
    fn of(order: &Order) -> MayView {
        let is_pending = order.status == OrderStatus::Pending;
        let by_hand = order.method.is_by_hand() && !order.authorised && order.receipt.is_none();
        MayView {
            ship: order.status != OrderStatus::Shipped && order.ship(None, None).is_ok(),
            takes_money: is_pending && order.authorised,
            capture: order.has_to_be_captured() == Ok(true),
            deliver: order.status == OrderStatus::Shipped,
            cancel: matches!(order.status, OrderStatus::Pending | OrderStatus::Paid),
            receive: is_pending && by_hand,
            refund: !is_pending
                && order.status != OrderStatus::Cancelled
                && order.left_to_refund().is_ok_and(|left| !left.is_zero()),
        }
    }
}

/// How an order stands.
pub(super) fn status_tag(order: &Order) -> TagView {
    let (words, tone) = match order.status {
        OrderStatus::Pending | OrderStatus::Paid if order.is_to_ship() => ("To ship", "good"),
        OrderStatus::Pending => ("Pending", "warn"),
        OrderStatus::Paid => ("Refunded", ""),
        OrderStatus::Shipped => ("Shipped", ""),
        OrderStatus::Delivered => ("Delivered", ""),
        OrderStatus::Cancelled => ("Cancelled", "bad"),
    };
    TagView { words, tone }
}

fn method_words(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::None => "Not chosen yet",
        PaymentMethod::Card => "Card",
        PaymentMethod::CashOnDelivery => "Cash on delivery",
        PaymentMethod::BankTransfer => "Bank transfer",
    }
}

fn payment_tag(state: &PayState) -> TagView {
    let (words, tone) = match state {
        PayState::Waiting => ("Not paid yet", ""),
        PayState::Attempting | PayState::Processing => ("The bank has not answered yet", "warn"),
        PayState::NeedsAction { .. } => ("Waits for the customer", "warn"),
        PayState::Authorised => ("Set aside", "warn"),
        PayState::Captured => ("Paid", "good"),
        PayState::Declined { .. } => ("Declined", "bad"),
        PayState::Voided => ("Given up", ""),
    };
    TagView { words, tone }
}
