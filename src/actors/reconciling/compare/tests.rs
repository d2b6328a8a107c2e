//! Comparing: a healthy purchase shows nothing, and each way to disagree shows its own name.

use super::*;
use crate::domain::{
    ids::{Identity, OrderId, RefundId},
    money::{Currency, Money},
    orders::Receipt,
    payments::RefundExtent,
    time::Timestamp,
};

fn usd(minor: i64) -> Money {
    Money::of(minor, Currency::USD).expect("an amount")
}

fn refund_id() -> RefundId {
    RefundId::from_bytes([9; 16])
}

fn paid() -> (Order, Payment) {
    let order = Order {
        id: OrderId::from_bytes([1; 16]),
        number: 7,
        status: OrderStatus::Paid,
        settled: true,
        captured: usd(2000),
        ..Order::default()
    };
    let payment = Payment {
        order: order.id,
        amount: usd(2000),
        state: PayState::Captured,
        attempt: 1,
        gateway_id: Some("ch_1".to_owned()),
        captured: usd(2000),
        ..Payment::default()
    };
    (order, payment)
}

fn with_refund(state: RefundState) -> (Order, Payment) {
    let (order, mut payment) = paid();
    let refund = Refund {
        amount: usd(500),
        extent: RefundExtent::Part,
        state,
        reason: None,
        attempt: 1,
        begun_at: Timestamp::default(),
    };
    payment.refunds.insert(refund_id(), refund);
    (order, payment)
}

fn charge(gateway_id: &str, state: RecordState) -> GatewayRecord {
    GatewayRecord {
        kind: RecordKind::Charge,
        gateway_id: gateway_id.to_owned(),
        order: Some(OrderId::from_bytes([1; 16])),
        payment: Some(PaymentId::from_bytes([2; 16])),
        amount: usd(2000),
        refunded: usd(0),
        state,
        created_at: Timestamp::default(),
    }
}

fn refund(gateway_id: &str, state: RecordState) -> GatewayRecord {
    let kind = RecordKind::Refund { charge: Some("ch_1".to_owned()), refund: Some(refund_id()) };
    GatewayRecord { kind, amount: usd(500), ..charge(gateway_id, state) }
}

fn ours(books: &(Order, Payment)) -> Ours<'_> {
    Ours { id: PaymentId::from_bytes([2; 16]), order: &books.0, payment: &books.1 }
}

fn found(record: &GatewayRecord, books: &(Order, Payment)) -> &'static str {
    of_record(record, Some(ours(books))).map_or("nothing", |difference| difference.kind.name())
}

fn succeeded() -> RefundState {
    RefundState::Succeeded { gateway_ref: "re_1".to_owned() }
}

#[test]
fn what_both_books_say_is_no_difference() {
    let listed = BTreeSet::from(["ch_1".to_owned(), "re_1".to_owned()]);
    let books = with_refund(succeeded());
    assert_eq!(found(&charge("ch_1", RecordState::Succeeded), &books), "nothing");
    assert_eq!(found(&refund("re_1", RecordState::Succeeded), &books), "nothing");
    assert_eq!(found(&refund("re_0", RecordState::Failed), &books), "nothing", "an earlier try");
    assert_eq!(of_books(ours(&books), &listed), vec![]);
    let (order, payment) = paid();
    let by_hand = (order, Payment { by_hand: true, gateway_id: None, ..payment });
    assert_eq!(of_books(ours(&by_hand), &BTreeSet::new()), vec![], "no gateway knows of cash");
}

#[test]
fn a_charge_can_differ_in_each_of_these_ways() {
    use RecordState::{Authorised, Failed, Open, Succeeded};
    let books = paid();
    let (order, payment) = paid();
    let open = (order.clone(), Payment { state: PayState::Attempting, ..payment.clone() });
    let over = (order.clone(), Payment { state: PayState::Voided, ..payment.clone() });
    let by_hand = (order, Payment { by_hand: true, ..payment });
    let given_back = GatewayRecord { refunded: usd(2000), ..charge("ch_1", Succeeded) };
    let less = GatewayRecord { amount: usd(1999), ..charge("ch_1", Succeeded) };
    let put_right = GatewayRecord { refunded: usd(2000), ..charge("ch_2", Succeeded) };
    for (record, books, name) in [
        (&less, &books, "amount_differs"),
        (&charge("ch_2", Succeeded), &books, "charged_twice"),
        (&put_right, &books, "nothing"),
        (&charge("ch_1", Succeeded), &open, "capture_unheard"),
        (&charge("ch_1", Succeeded), &over, "capture_unheard"),
        (&charge("ch_1", Failed), &books, "capture_disowned"),
        (&charge("ch_1", Open), &books, "capture_disowned"),
        (&charge("ch_1", Open), &open, "nothing"),
        (&charge("ch_1", Authorised), &books, "capture_disowned"),
        (&charge("ch_1", Authorised), &over, "authorisation_left"),
        (&charge("ch_1", Authorised), &open, "nothing"),
        (&charge("ch_0", Failed), &books, "nothing"),
        (&charge("ch_1", Failed), &by_hand, "nothing"),
        (&charge("ch_1", Open), &by_hand, "nothing"),
        (&charge("ch_1", Authorised), &by_hand, "authorisation_left"),
        (&charge("ch_1", Succeeded), &by_hand, "charged_twice"),
        (&given_back, &by_hand, "nothing"),
    ] {
        assert_eq!(found(record, books), name, "{record:?}");
    }
    let strange = of_record(&charge("ch_9", Succeeded), None).expect("a difference");
    assert_eq!((strange.kind.name(), strange.theirs), ("charge_unknown_here", Some(usd(2000))));
    assert_eq!(of_record(&charge("ch_9", Failed), None), None);
}

#[test]
fn a_refund_can_differ_in_each_of_these_ways() {
    use RecordState::{Failed, Succeeded};
    let failed = RefundState::Failed { code: "no".to_owned() };
    let more = GatewayRecord { amount: usd(501), ..refund("re_1", Succeeded) };
    let unnamed = GatewayRecord {
        kind: RecordKind::Refund { charge: Some("ch_1".to_owned()), refund: None },
        ..refund("re_1", Succeeded)
    };
    for (record, state, name) in [
        (&refund("re_1", Succeeded), RefundState::InFlight, "refund_unheard"),
        (&refund("re_1", Succeeded), failed.clone(), "refund_unheard"),
        (&refund("re_1", Failed), succeeded(), "refund_disowned"),
        (&refund("re_1", Failed), failed, "nothing"),
        (&refund("re_1", Succeeded), RefundState::PaidOut { reference: None }, "refunded_twice"),
        (&more, succeeded(), "refund_amount_differs"),
        (&unnamed, succeeded(), "nothing"),
        (&unnamed, RefundState::InFlight, "refund_unknown_here"),
    ] {
        assert_eq!(found(record, &with_refund(state)), name, "{record:?}");
    }
    let strange = of_record(&refund("re_9", Succeeded), None).expect("a difference");
    assert_eq!(strange.kind.name(), "refund_unknown_here");
}

#[test]
fn our_books_can_say_more_than_the_gateways_or_disagree_among_themselves() {
    let names = |books: &(Order, Payment), listed: &[&str]| -> Vec<&'static str> {
        let listed = listed.iter().map(|name| (*name).to_owned()).collect();
        let found = of_books(ours(books), &listed);
        found.iter().map(|difference| difference.kind.name()).collect()
    };
    let books = with_refund(succeeded());
    assert_eq!(names(&books, &["re_1"]), ["charge_unknown_there"]);
    assert_eq!(names(&books, &["ch_1"]), ["refund_unknown_there"]);
    let (order, payment) = paid();
    let behind = (Order { status: OrderStatus::Pending, ..order.clone() }, payment.clone());
    assert_eq!(names(&behind, &["ch_1"]), ["order_behind"]);
    let receipt = Some(Receipt::default());
    let twice = (Order { receipt, ..order.clone() }, payment.clone());
    assert_eq!(names(&twice, &["ch_1"]), ["paid_twice"]);
    let kept = (Order { status: OrderStatus::Cancelled, ..order }, payment);
    assert_eq!(names(&kept, &["ch_1"]), ["money_kept"]);
}
