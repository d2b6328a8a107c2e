//! Checkout over real orders and payments and the demo gateway's books: random histories of
//! crashes, lost answers, cancellations, time, refunds, and of staff who collect the money.

use proptest::prelude::*;

use super::super::{
    observe::payment_fact,
    refund::{MoneyFact, RefundFacts, RefundStep, next_of_refund},
    *,
};
use crate::domain::{
    aggregate::Aggregate,
    demo_charge::{DemoAsk, DemoCharge, DemoCommand, DemoState},
    ids::{Identity, LineId, OrderId, PaymentId, ProductId, RefundId, VariantId},
    money::{Currency, Money},
    orders::{
        Awaited, Cancellation, CustomerContact, Order, OrderEvent, PaymentMethod, Placed,
        RefundWish, RefundedLine, Restock, ShippingAddress,
    },
    payments::{
        Capture, Charge, GatewayOutcome, GatewayStep, NextAction, PayState, Payment, PaymentEvent,
        Refund, RefundExtent, RefundOutcome, RefundState,
    },
    pricing::{PricedItem, Terms, quote},
    quantity::Quantity,
    time::{Stamp, Timestamp},
};

const EXPIRES: Timestamp = Timestamp::from_millis(900_000);

/// A shop with one order: real books of our own, the bank's books, a cart and a shelf.
struct Shop {
    order: Order,
    payment: Payment,
    bank: Vec<(String, DemoCharge)>,
    claim: ClaimFact,
    hold: HoldFact,
    returned_goods: bool,
    now: Timestamp,
    refunds: u8,
}

/// Whether the gateway's answer arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Answers,
    LosesAnswer,
    LosesRequest,
}

fn payment_id() -> PaymentId {
    PaymentId::from_bytes([2; 16])
}

impl Shop {
    fn with_order(token: Option<&str>) -> Shop {
        let method = if token.is_some() { PaymentMethod::Card } else { PaymentMethod::None };
        Shop::with_order_by(method, token)
    }

    fn with_order_by(method: PaymentMethod, token: Option<&str>) -> Shop {
        let item = PricedItem {
            product: ProductId::from_bytes([1; 16]),
            variant: VariantId::from_bytes([1; 16]),
            sku: "TEA".to_owned(),
            name: "Tea".to_owned(),
            options: vec![],
            unit_price: Money::of(999, Currency::USD).expect("an amount"),
            quantity: Quantity::new(3).expect("a quantity"),
        };
        let terms = Terms {
            currency: Currency::USD,
            tax_rate: "0.075".parse().expect("a rate"),
            shipping_flat: Money::of(1_000, Currency::USD).expect("an amount"),
        };
        let line = LineId::from_bytes([3; 16]);
        let placed = Placed {
            id: OrderId::from_bytes([1; 16]),
            number: 1,
            customer: CustomerContact::default(),
            quote: quote(&[item], &[line], &terms).expect("a quote"),
            shipping_address_id: Default::default(),
            shipping_address: ShippingAddress::default(),
            from_cart: Some((Default::default(), 1)),
            payment: payment_id(),
            method,
            charge: token.map(|token| Charge {
                number: 1,
                token: token.to_owned(),
                capture: Capture::Automatic,
            }),
            hold_until: EXPIRES,
            request: None,
        };
        let mut shop = Shop {
            order: Order::default(),
            payment: Payment::default(),
            bank: Vec::new(),
            claim: ClaimFact::Unclaimed,
            hold: HoldFact::None,
            returned_goods: false,
            now: Timestamp::from_millis(0),
            refunds: 0,
        };
        let events = shop.order.place(placed).expect("a placed order");
        shop.note(events);
        shop
    }

    fn note(&mut self, events: Vec<OrderEvent>) {
        for event in &events {
            self.order.apply(event, &Stamp { at: self.now, ..Stamp::default() });
        }
        assert_eq!(self.order.check(), Ok(()), "after {events:?}");
    }

    fn book(&mut self, events: Vec<PaymentEvent>) {
        for event in &events {
            self.payment.apply(event, &Stamp { at: self.now, ..Stamp::default() });
        }
        assert_eq!(self.payment.check(), Ok(()), "after {events:?}");
    }

    /// The bank carries a command out on the charge of the payment's last attempt.
    fn ask_bank(&mut self, command: &DemoCommand, line: Line) -> Option<DemoCharge> {
        if line == Line::LosesRequest {
            return None;
        }
        let key = self.payment.key(GatewayStep::Charge);
        if !self.bank.iter().any(|(known, _)| *known == key) {
            self.bank.push((key.clone(), DemoCharge::default()));
        }
        let (_, charge) = self.bank.iter_mut().find(|(known, _)| *known == key)?;
        for event in charge.decide(command).unwrap_or_default() {
            charge.apply(&event, &Stamp::default());
        }
        assert_eq!(charge.check(), Ok(()));
        (line == Line::Answers && !charge.silent).then(|| charge.clone())
    }

    fn ask(&mut self, command: &DemoCommand, line: Line) {
        let outcome = match self.ask_bank(command, line) {
            None => GatewayOutcome::Unknown { gateway_id: None },
            Some(charge) => outcome_of(&charge),
        };
        let attempt = self.payment.attempt;
        let events = self.payment.record(attempt, &outcome).expect("a recorded answer");
        self.book(events);
    }

    fn charge_command(&self) -> DemoCommand {
        DemoCommand::Charge(DemoAsk {
            key: self.payment.key(GatewayStep::Charge),
            order: self.order.id,
            payment: payment_id(),
            amount: self.payment.amount,
            token: self.payment.method_token.clone().expect("a token"),
            capture: Capture::Automatic,
        })
    }

    fn move_money_back(&mut self, refund: RefundId, line: Line) {
        if self.payment.by_hand {
            return;
        }
        let key = self.payment.key(GatewayStep::Refund(refund));
        let amount = self.payment.refunds[&refund].amount;
        let command = DemoCommand::Refund { key: key.clone(), refund, amount };
        let outcome = match self.ask_bank(&command, line) {
            None => RefundOutcome::Unknown,
            Some(charge) => match charge.refunds.get(&key).map(|known| &known.refused) {
                Some(None) => RefundOutcome::Succeeded { gateway_ref: key },
                Some(Some(code)) => RefundOutcome::Failed { code: code.clone() },
                None => RefundOutcome::Failed { code: "over_refund".to_owned() },
            },
        };
        let events = self.payment.record_refund(refund, &outcome).expect("a recorded answer");
        self.book(events);
    }

    fn facts(&self) -> Facts {
        Facts::observe(&self.order, &self.payment, self.claim, self.hold, self.now)
    }

    fn fresh_refund(&mut self) -> RefundId {
        self.refunds += 1;
        RefundId::from_bytes([self.refunds; 16])
    }

    fn make(&mut self, step: Step, line: Line) {
        match step {
            Step::ClaimCart => self.claim_cart(),
            Step::ReserveStock => self.hold = HoldFact::Held,
            Step::TakePayment => {
                let charge = self.order.charge.clone().expect("a charge");
                let (order, total) = (self.order.id, self.order.quote.total);
                let events = self.payment.begin(order, total, &charge).expect("an attempt");
                self.book(events);
                let again = self.payment.begin(order, total, &charge);
                assert_eq!(again, Ok(vec![]), "beginning twice is beginning once");
                self.ask(&self.charge_command(), line);
            }
            Step::AskGateway if self.payment.state == PayState::Attempting => {
                self.ask(&self.charge_command(), line);
            }
            Step::AskGateway => self.ask(&DemoCommand::Look, line),
            Step::AwaitPayment => {
                let events = self.order.await_payment(Awaited::CustomerAction).expect("noted");
                self.note(events);
            }
            Step::NoteDecline => {
                let attempt = self.payment.attempt;
                let events = self.order.note_decline(attempt, None).expect("noted");
                self.note(events);
            }
            Step::ReceivePayment => {
                let (order, total) = (self.order.id, self.order.quote.total);
                let events = self.payment.receive(order, total).expect("received");
                self.book(events);
                assert_eq!(self.payment.receive(order, total), Ok(vec![]));
            }
            Step::MarkAuthorised => {
                let events = self.order.mark_authorised(payment_id(), EXPIRES).expect("noted");
                self.note(events);
            }
            Step::CapturePayment => {
                let events = self.payment.begin_capture().expect("begun");
                self.book(events);
                self.ask(&DemoCommand::Capture { amount: self.payment.amount }, line);
            }
            Step::CommitStock => self.hold = HoldFact::Committed,
            Step::ConsumeCart => self.claim = ClaimFact::Consumed,
            Step::MarkPaid => {
                let captured = self.payment.captured;
                let events = self.order.mark_paid(payment_id(), captured).expect("paid");
                self.note(events);
                assert_eq!(self.order.mark_paid(payment_id(), captured), Ok(vec![]));
            }
            Step::CancelOrder(reason) => {
                let events = self.order.cancel(&Cancellation::because(reason)).expect("cancelled");
                self.note(events);
            }
            Step::ReleaseStock => self.hold = HoldFact::Released,
            Step::ReturnStock => self.hold = HoldFact::Returned,
            Step::ReleaseCart => self.claim = ClaimFact::Unclaimed,
            Step::VoidPayment => {
                let events = self.payment.begin_void().expect("begun");
                self.book(events);
                self.ask(&DemoCommand::Void, line);
            }
            Step::RefundPayment => self.refund_the_rest(line),
            Step::Settle => {
                let refunded = self.payment.refunded().expect("a sum");
                let captured = self.payment.captured;
                let events = self.order.settle(captured, refunded).expect("settled");
                self.note(events);
                assert_eq!(self.order.settle(captured, refunded), Ok(vec![]));
            }
            Step::Wait(_) | Step::Finished => {}
        }
    }

    fn claim_cart(&mut self) {
        assert_eq!(self.hold, HoldFact::None, "the cart was had before its goods");
        self.claim = ClaimFact::Claimed;
    }

    fn refund_the_rest(&mut self, line: Line) {
        let refund = self.payment.refund_in_flight().unwrap_or_else(|| {
            let (refund, left) = (self.fresh_refund(), self.payment.left_to_refund());
            let rest = RefundExtent::Rest;
            let events = self
                .payment
                .begin_refund(refund, left.expect("a sum"), rest, None)
                .expect("a refund");
            self.book(events);
            refund
        });
        self.move_money_back(refund, line);
    }

    /// Runs the process until it waits or is finished, at most `steps` steps.
    fn drive(&mut self, lines: &[Line], steps: usize) -> Step {
        let mut asked = Asked::default();
        for at in 0..steps {
            let step = next(&Facts { asked, ..self.facts() });
            if matches!(step, Step::Wait(_) | Step::Finished) {
                return step;
            }
            self.make(step, lines.get(at).copied().unwrap_or(Line::Answers));
            asked = asked.after(step);
            self.keeps_its_promises();
        }
        next(&Facts { asked, ..self.facts() })
    }

    /// Runs the refund that is decided, if there is one, at most `steps` steps.
    fn drive_refund(&mut self, line: Line, steps: usize) {
        let mut asked = false;
        for _ in 0..steps {
            let Some(refund) = self.order.open_refund() else { return };
            let facts =
                RefundFacts::observe(&self.order, &self.payment, refund, self.returned_goods);
            match next_of_refund(&RefundFacts { asked, ..facts }) {
                RefundStep::MoveMoney => {
                    asked = true;
                    if facts.money == MoneyFact::NotBegun {
                        let amount = self.order.refunds[&refund].amount;
                        let part = RefundExtent::Part;
                        match self.payment.begin_refund(refund, amount, part, None) {
                            Ok(events) => self.book(events),
                            Err(refusal) => {
                                let code = refusal.code().to_owned();
                                let outcome = RefundOutcome::Failed { code };
                                let events = self.order.record_refund(refund, &outcome);
                                self.note(events.expect("noted"));
                                continue;
                            }
                        }
                    }
                    self.move_money_back(refund, line);
                }
                RefundStep::ReturnGoods => self.returned_goods = true,
                RefundStep::NoteDone => {
                    let outcome = RefundOutcome::Succeeded { gateway_ref: String::new() };
                    let events = self.order.record_refund(refund, &outcome).expect("noted");
                    self.note(events);
                }
                RefundStep::NoteRefused => {
                    let outcome = RefundOutcome::Failed { code: "refused".to_owned() };
                    let events = self.order.record_refund(refund, &outcome).expect("noted");
                    self.note(events);
                }
                RefundStep::WaitForGateway | RefundStep::WaitForStaff | RefundStep::Finished => {
                    return;
                }
            }
            self.keeps_its_promises();
        }
    }

    fn bank_sums(&self) -> (i64, i64, usize) {
        let captured: i64 = self.bank.iter().map(|(_, charge)| charge.captured.minor()).sum();
        let back: i64 =
            self.bank.iter().map(|(_, charge)| charge.refunded().expect("a sum").minor()).sum();
        let captures =
            self.bank.iter().filter(|(_, charge)| charge.state == DemoState::Captured).count();
        (captured, back, captures)
    }

    fn keeps_its_promises(&self) {
        let (captured, back, captures) = self.bank_sums();
        assert!(captures <= 1, "charged twice");
        assert!(captured <= self.order.quote.total.minor() && back <= captured);
        let ours = self.payment.refunded_or_in_flight().expect("a sum").minor();
        assert!(back <= ours.max(0), "the bank gave back what we do not know of");
        if self.order.status == OrderStatus::Cancelled && self.order.settled {
            assert!(self.left().is_zero(), "money is kept for nothing");
            let kept = if self.payment.by_hand { 0 } else { captured - back };
            assert!(kept <= self.paid_out(), "the bank keeps what nobody gave back");
            assert!(!matches!(self.hold, HoldFact::Held | HoldFact::Committed));
            assert_ne!(self.claim, ClaimFact::Claimed);
        }
        if self.order.status == OrderStatus::Paid {
            assert_eq!(self.payment.captured, self.order.quote.total, "paid without money");
            assert_ne!(self.claim, ClaimFact::Claimed);
        }
        assert!(!self.payment.by_hand || captured == 0, "paid by hand and by card");
    }

    /// Our books and the bank's agree, once everything has been asked about.
    fn is_reconciled(&self) {
        let (captured, back, _) = self.bank_sums();
        let refunded = self.payment.refunded().expect("a sum");
        if !self.payment.by_hand {
            assert_eq!(self.payment.captured.minor(), captured);
            assert_eq!(refunded.minor(), back + self.paid_out());
        }
        assert_eq!(self.order.captured.minor(), self.payment.captured.minor());
        assert_eq!(self.order.refunded.minor(), refunded.minor());
        assert!(!self.payment.is_open(), "a charge is left open");
    }

    fn left(&self) -> Money {
        self.payment.left_to_refund().expect("a sum")
    }

    fn paid_out(&self) -> i64 {
        let by_hand = |refund: &&Refund| matches!(refund.state, RefundState::PaidOut { .. });
        self.payment.refunds.values().filter(by_hand).map(|refund| refund.amount.minor()).sum()
    }

    /// Staff give back by hand what came so, and the first refund that was refused.
    fn pay_out(&mut self) {
        let refused = self.payment.refunds.iter().find(|(_, refund)| refund.has_failed());
        let by_hand = self.payment.refund_in_flight().filter(|_| self.payment.by_hand);
        let Some(refund) = by_hand.or(refused.map(|(id, _)| *id)) else { return };
        if self.order.refunds.contains_key(&refund) {
            let Ok(events) = self.order.revive_refund(refund) else { return };
            self.note(events);
        }
        let events = self.payment.pay_out_refund(refund, None).unwrap_or_default();
        self.book(events);
    }
}

fn outcome_of(charge: &DemoCharge) -> GatewayOutcome {
    let gateway_id = charge.asked.as_ref().map(|asked| asked.key.clone()).unwrap_or_default();
    match charge.state.clone() {
        DemoState::Unasked => GatewayOutcome::Unknown { gateway_id: None },
        DemoState::NeedsAction => GatewayOutcome::NeedsAction {
            gateway_id,
            next_action: NextAction { kind: "page".to_owned(), url: None, client_secret: None },
        },
        DemoState::Processing => GatewayOutcome::Processing { gateway_id },
        DemoState::Authorised => GatewayOutcome::Authorised { gateway_id, until: None },
        DemoState::Captured => GatewayOutcome::Captured { gateway_id, amount: charge.captured },
        DemoState::Declined { code } => {
            GatewayOutcome::Declined { gateway_id: None, code, message: "declined".to_owned() }
        }
        DemoState::Voided => GatewayOutcome::Voided,
    }
}

const TOKENS: &[&str] = &[
    "pm_card_visa",
    "pm_card_refundFail",
    "pm_card_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_demo_unknown",
    "pm_demo_unknown_declined",
    "pm_demo_processing",
    "pm_demo_processing_declined",
];

/// Something that happens to a shop.
#[derive(Clone, Debug)]
enum Happening {
    Run(Vec<Line>, usize),
    Refund(Line, usize),
    Confirm,
    Refuse,
    Cancel,
    Expire,
    PayAgain(&'static str),
    DecideRefund(bool),
    Look,
    Receive,
    Ship,
    Deliver,
    PayOut,
    CartForgets,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let line =
        || prop_oneof![Just(Line::Answers), Just(Line::LosesAnswer), Just(Line::LosesRequest)];
    let lines = prop::collection::vec(line(), 0..8);
    let one = prop_oneof![
        6 => (lines, 0..12_usize).prop_map(|(lines, steps)| Happening::Run(lines, steps)),
        2 => (line(), 0..6_usize).prop_map(|(line, steps)| Happening::Refund(line, steps)),
        1 => Just(Happening::Confirm),
        1 => Just(Happening::Refuse),
        1 => Just(Happening::Cancel),
        1 => Just(Happening::Expire),
        1 => prop::sample::select(TOKENS).prop_map(Happening::PayAgain),
        1 => any::<bool>().prop_map(Happening::DecideRefund),
        1 => Just(Happening::Look),
        1 => Just(Happening::Receive),
        1 => Just(Happening::Ship),
        1 => Just(Happening::Deliver),
        1 => Just(Happening::PayOut),
        1 => Just(Happening::CartForgets),
    ];
    prop::collection::vec(one, 0..25)
}

fn happen(shop: &mut Shop, happening: Happening) {
    match happening {
        Happening::Run(lines, steps) => {
            shop.drive(&lines, steps);
        }
        Happening::Refund(line, steps) => shop.drive_refund(line, steps),
        Happening::Confirm if shop.payment.attempt > 0 => {
            shop.ask_bank(&DemoCommand::Confirm, Line::LosesAnswer);
        }
        Happening::Refuse if shop.payment.attempt > 0 => {
            shop.ask_bank(&DemoCommand::Fail, Line::LosesAnswer);
        }
        Happening::Look if shop.payment.attempt > 0 => shop.ask(&DemoCommand::Look, Line::Answers),
        Happening::Confirm | Happening::Refuse | Happening::Look => {}
        Happening::Cancel => {
            let why = Cancellation::because(CancelReason::Customer);
            let events = shop.order.cancel(&why).unwrap_or_default();
            shop.note(events);
        }
        Happening::Expire => shop.now = EXPIRES,
        Happening::PayAgain(token) => {
            let open = shop.payment.may_try_again().is_err();
            if !open || matches!(shop.payment.state, PayState::NeedsAction { .. }) {
                let chosen = shop.order.choose_payment(token.to_owned(), Capture::Automatic);
                shop.note(chosen.unwrap_or_default());
            }
        }
        Happening::Receive => {
            let events = shop.order.note_receipt(None).unwrap_or_default();
            shop.note(events);
        }
        Happening::Ship => {
            shop.drive(&[], 40);
            let events = shop.order.ship(None, None).unwrap_or_default();
            shop.note(events);
        }
        Happening::Deliver => {
            shop.drive(&[], 40);
            let events = shop.order.deliver(shop.payment.captured).unwrap_or_default();
            shop.note(events);
        }
        Happening::PayOut => shop.pay_out(),
        Happening::CartForgets if shop.claim == ClaimFact::Consumed => {
            shop.claim = ClaimFact::Unclaimed;
        }
        Happening::CartForgets => {}
        Happening::DecideRefund(restock) => {
            let line = shop.order.quote.lines[0].id;
            let (restock, lines) = match restock {
                true => (Restock::Yes, vec![RefundedLine { line, units: 1 }]),
                false => (Restock::No, vec![]),
            };
            let amount = Money::of(500, Currency::USD).ok();
            let wish = RefundWish { amount, lines, restock, reason: None };
            let refund = shop.fresh_refund();
            let events = shop.order.decide_refund(refund, &wish).unwrap_or_default();
            shop.note(events);
        }
    }
    shop.keeps_its_promises();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn no_history_of_a_real_order_loses_money_or_goods(
        method in prop::sample::select(PaymentMethod::ALL.as_slice()),
        token in prop::sample::select(TOKENS),
        history in happenings(),
    ) {
        let token = (method == PaymentMethod::Card).then_some(token);
        let mut shop = Shop::with_order_by(method, token);
        for happening in history {
            happen(&mut shop, happening);
        }
        // In the end the bank answers, its customers stay away, and time runs out.
        shop.now = EXPIRES;
        for _ in 0..8 {
            shop.drive(&[], 40);
            shop.drive_refund(Line::Answers, 40);
            shop.pay_out();
        }
        let last = shop.drive(&[], 40);
        prop_assert_eq!(last, Step::Finished);
        prop_assert!(!shop.order.is_unfinished());
        let in_flight = |refund: &Refund| refund.state == RefundState::InFlight;
        prop_assert!(!shop.payment.refunds.values().any(in_flight));
        shop.is_reconciled();
    }
}

#[test]
fn facts_say_what_the_payment_says() {
    let mut shop = Shop::with_order(Some("pm_card_visa"));
    assert_eq!(payment_fact(&shop.payment), PaymentFact::None);
    assert!(shop.facts().charge_wanted && shop.facts().placing && !shop.facts().expired);
    assert_eq!(shop.drive(&[], 40), Step::Finished);
    assert_eq!(payment_fact(&shop.payment), PaymentFact::Captured);
    assert!(!shop.facts().charge_wanted && !shop.facts().placing);
    shop.now = EXPIRES;
    assert!(shop.facts().expired);
}

#[test]
fn a_refund_by_staff_puts_goods_back_only_after_the_money() {
    let mut shop = Shop::with_order(Some("pm_card_visa"));
    shop.drive(&[], 40);
    happen(&mut shop, Happening::DecideRefund(true));
    let refund = shop.order.open_refund().expect("a refund");
    shop.drive_refund(Line::LosesAnswer, 40);
    assert!(!shop.returned_goods && shop.order.is_unfinished());
    shop.drive_refund(Line::Answers, 40);
    assert!(shop.order.open_refund().is_none(), "{refund} is done");
    assert_eq!(shop.order.refunded.minor(), 500);
}
