//! The demo gateway over books in memory: it answers what is booked, and only what is booked.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use super::*;
use crate::domain::{
    aggregate::Aggregate,
    ids::{Identity, OrderId, PaymentId, RefundId},
    money::{Currency, Money},
    payments::Capture,
    time::Stamp,
};

/// Books that are durable at once, until they are closed.
#[derive(Default)]
struct Shelf {
    charges: Mutex<BTreeMap<DemoChargeId, DemoCharge>>,
    closed: Mutex<bool>,
}

impl DemoBooks for Shelf {
    fn carry_out(
        &self,
        id: DemoChargeId,
        command: DemoCommand,
    ) -> BoxFuture<Result<DemoCharge, NotBooked>> {
        if *self.closed.lock().expect("a lock") {
            return Box::pin(async { Err(NotBooked::Unrecorded) });
        }
        let mut charges = self.charges.lock().expect("a lock");
        let charge = charges.entry(id).or_default();
        let booked = charge.decide(&command).map(|events| {
            events.iter().for_each(|event| charge.apply(event, &Stamp::default()));
            charge.clone()
        });
        Box::pin(async move { booked.map_err(NotBooked::Refused) })
    }

    fn carry_out_after(
        &self,
        id: DemoChargeId,
        command: DemoCommand,
        _: Option<Basis>,
    ) -> BoxFuture<Result<(DemoCharge, Option<Basis>), NotBooked>> {
        let booked = self.carry_out(id, command);
        Box::pin(async move { Ok((booked.await?, None)) })
    }

    fn list(
        &self,
        since: Timestamp,
        after: Option<DemoChargeId>,
    ) -> BoxFuture<Result<DemoPage, NotBooked>> {
        let charges = self.charges.lock().expect("a lock");
        let later = |id: &DemoChargeId| after.is_none_or(|after| *id > after);
        let found = charges.iter().filter(|(id, charge)| later(id) && charge.changed_at >= since);
        let charges = found.map(|(id, charge)| (*id, charge.clone())).collect();
        Box::pin(async move { Ok(DemoPage { charges, next: None }) })
    }
}

/// The answer of a future that never waits.
fn now<T>(future: BoxFuture<T>) -> T {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("books in memory never wait"),
    }
}

fn a_gateway() -> (Arc<Shelf>, DemoGateway) {
    let shelf = Arc::new(Shelf::default());
    (Arc::clone(&shelf), DemoGateway::new(shelf))
}

fn usd(digits: &str) -> Money {
    Money::read(digits, Currency::USD).expect("an amount")
}

fn a_charge(token: &str, capture: Capture) -> ChargeRequest {
    ChargeRequest {
        key: "order:charge:1".to_owned(),
        order: OrderId::from_bytes([1; 16]),
        payment: PaymentId::from_bytes([2; 16]),
        amount: usd("20.00"),
        method_token: token.to_owned(),
        capture,
        gateway_id: None,
        begun_at: Timestamp::default(),
    }
}

fn the_charge() -> ChargeRef {
    ChargeRef { key: "order:charge:1".to_owned(), gateway_id: None }
}

fn its_name() -> String {
    charge_id("order:charge:1").to_string()
}

fn captured() -> GatewayOutcome {
    GatewayOutcome::Captured { gateway_id: its_name(), amount: usd("20.00") }
}

#[test]
fn a_good_card_is_captured_however_often_it_is_asked() {
    let (_, gateway) = a_gateway();
    for _ in 0..3 {
        assert_eq!(now(gateway.charge(a_charge("pm_card_visa", Capture::Automatic))), captured());
    }
    assert_eq!(now(gateway.retrieve(the_charge())), captured());
}

#[test]
fn a_declined_card_says_why() {
    let (_, gateway) = a_gateway();
    let token = "pm_card_visa_chargeDeclinedInsufficientFunds";
    let declined = GatewayOutcome::Declined {
        gateway_id: Some(its_name()),
        code: "insufficient_funds".to_owned(),
        message: "your card has insufficient funds".to_owned(),
    };
    assert_eq!(now(gateway.charge(a_charge(token, Capture::Automatic))), declined);
}

#[test]
fn a_lost_answer_is_a_doubt_and_is_found_by_asking_again() {
    let unknown = GatewayOutcome::Unknown { gateway_id: None };
    let (shelf, gateway) = a_gateway();
    let request = a_charge("pm_demo_unknown", Capture::Automatic);
    assert_eq!(now(gateway.charge(request.clone())), unknown);
    assert_eq!(now(gateway.charge(request)), captured());
    assert_eq!(shelf.charges.lock().expect("a lock").len(), 1);
}

#[test]
fn a_customer_who_has_to_act_is_sent_to_a_page_of_the_shop() {
    let (_, gateway) = a_gateway();
    let token = "pm_card_authenticationRequired";
    let GatewayOutcome::NeedsAction { next_action, gateway_id } =
        now(gateway.charge(a_charge(token, Capture::Automatic)))
    else {
        panic!("nothing to do");
    };
    assert_eq!(next_action.kind, "redirect_to_url");
    assert_eq!(next_action.url, Some(format!("/demo/3ds/{gateway_id}")));
    assert!(next_action.client_secret.is_some());
    let by_name = ChargeRef { key: String::new(), gateway_id: Some(gateway_id) };
    assert_eq!(now(gateway.complete_action(by_name, ActionResult::Succeeded)), captured());
}

#[test]
fn a_customer_who_does_not_confirm_is_declined() {
    let (_, gateway) = a_gateway();
    now(gateway.charge(a_charge("pm_card_authenticationRequired", Capture::Automatic)));
    let outcome = now(gateway.complete_action(the_charge(), ActionResult::Failed));
    let GatewayOutcome::Declined { code, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(code, "authentication_required");
}

#[test]
fn a_charge_at_work_is_known_later() {
    let (_, gateway) = a_gateway();
    let processing = GatewayOutcome::Processing { gateway_id: its_name() };
    let request = a_charge("pm_demo_processing", Capture::Automatic);
    assert_eq!(now(gateway.charge(request)), processing);
    assert_eq!(now(gateway.retrieve(the_charge())), processing);
    assert_eq!(now(gateway.retrieve(the_charge())), captured());
}

#[test]
fn what_is_set_aside_is_captured_or_given_up() {
    let (_, gateway) = a_gateway();
    let authorised = GatewayOutcome::Authorised { gateway_id: its_name(), until: None };
    assert_eq!(now(gateway.charge(a_charge("pm_card_visa", Capture::Manual))), authorised);
    let request = CaptureRequest {
        key: "order:capture:1".to_owned(),
        charge: the_charge(),
        amount: usd("20.00"),
    };
    assert_eq!(now(gateway.capture(request)), captured());
    let request = VoidRequest { key: "order:void:1".to_owned(), charge: the_charge() };
    assert_eq!(now(gateway.void(request)), captured(), "too late to give up");
}

#[test]
fn after_giving_up_no_money_moves_under_that_key() {
    let (_, gateway) = a_gateway();
    let request = VoidRequest { key: "order:void:1".to_owned(), charge: the_charge() };
    assert_eq!(now(gateway.void(request)), GatewayOutcome::Voided);
    let late = a_charge("pm_card_visa", Capture::Automatic);
    assert_eq!(now(gateway.charge(late)), GatewayOutcome::Voided);
}

#[test]
fn money_goes_back_once_and_never_too_much() {
    let (_, gateway) = a_gateway();
    now(gateway.charge(a_charge("pm_card_visa", Capture::Automatic)));
    let refund = |key: &str, amount| {
        now(gateway.refund(RefundRequest {
            key: key.to_owned(),
            charge: the_charge(),
            payment: PaymentId::from_bytes([2; 16]),
            refund: RefundId::from_bytes([3; 16]),
            amount: usd(amount),
        }))
    };
    let done = RefundOutcome::Succeeded { gateway_ref: "r1".to_owned() };
    assert_eq!(refund("r1", "15.00"), done);
    assert_eq!(refund("r1", "15.00"), done);
    assert_eq!(refund("r2", "15.00"), RefundOutcome::Failed { code: "over_refund".to_owned() });
}

#[test]
fn closed_books_are_a_doubt_and_never_a_refusal() {
    let (shelf, gateway) = a_gateway();
    *shelf.closed.lock().expect("a lock") = true;
    let unknown = GatewayOutcome::Unknown { gateway_id: None };
    assert_eq!(now(gateway.charge(a_charge("pm_card_visa", Capture::Automatic))), unknown);
    assert_eq!(now(gateway.retrieve(the_charge())), unknown);
}

#[test]
fn a_payment_method_nobody_knows_is_refused_before_anything_is_decided() {
    let (_, gateway) = a_gateway();
    assert_eq!(gateway.check_method("pm_card_visa"), Ok(()));
    let refusal = gateway.check_method("pm_card_gold").expect_err("a refusal");
    assert_eq!(refusal.code(), "unknown_payment_method");
    let outcome = now(gateway.charge(a_charge("pm_card_gold", Capture::Automatic)));
    let GatewayOutcome::Declined { code, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(code, "unknown_payment_method");
}

#[test]
fn an_unknown_charge_and_a_reused_key_stay_doubts() {
    let (_, gateway) = a_gateway();
    let unknown = GatewayOutcome::Unknown { gateway_id: None };
    assert_eq!(now(gateway.retrieve(the_charge())), unknown);
    now(gateway.charge(a_charge("pm_card_visa", Capture::Automatic)));
    assert_eq!(now(gateway.charge(a_charge("pm_card_amex", Capture::Automatic))), unknown);
}

#[test]
fn the_books_list_charges_and_their_refunds() {
    let (_, gateway) = a_gateway();
    now(gateway.charge(a_charge("pm_card_visa", Capture::Automatic)));
    let request = RefundRequest {
        key: "order:refund:1".to_owned(),
        charge: the_charge(),
        payment: PaymentId::from_bytes([2; 16]),
        refund: RefundId::from_bytes([3; 16]),
        amount: usd("5.00"),
    };
    now(gateway.refund(request));
    let page = now(gateway.list_since(Timestamp::default(), None)).expect("readable books");
    let told = |record: &GatewayRecord| {
        (record.kind.clone(), record.amount, record.refunded, record.state)
    };
    let refund = RefundId::from_bytes([3; 16]);
    let back = RecordKind::Refund { charge: Some(its_name()), refund: Some(refund) };
    let (nothing, done) = (usd("0.00"), RecordState::Succeeded);
    assert_eq!(
        page.records.iter().map(told).collect::<Vec<_>>(),
        [(RecordKind::Charge, usd("20.00"), usd("5.00"), done), (back, usd("5.00"), nothing, done)]
    );
    let later = now(gateway.list_since(Timestamp::from_millis(1), None)).expect("readable books");
    assert_eq!(later, RecordPage::default());
}
