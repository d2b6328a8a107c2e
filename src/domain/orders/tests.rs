//! Orders as a shop lives them: the status table, refunds by amount and by lines, forgetting.

use proptest::prelude::*;

use super::*;
use crate::domain::{
    aggregate::Aggregate,
    ids::{Identity, LineId, ProductId},
    money::Currency,
    payments::{PayState, Payment, Refund, RefundExtent, RefundOutcome, RefundState},
    pricing::{PricedItem, Terms, quote},
    quantity::Quantity,
    time::{Stamp, Who},
};

fn usd(digits: &str) -> Money {
    Money::read(digits, Currency::USD).expect("an amount")
}

fn line(number: u8) -> LineId {
    LineId::from_bytes([number; 16])
}

fn refund_id(number: u8) -> RefundId {
    RefundId::from_bytes([number; 16])
}

fn payment() -> PaymentId {
    PaymentId::from_bytes([7; 16])
}

/// Three teas at 3.33 and one pot at 20.00, 7.5 % tax, 10.00 shipping: 42.24 in all.
fn a_quote() -> Quote {
    let item = |number: u8, price, units| PricedItem {
        product: ProductId::from_bytes([number; 16]),
        variant: VariantId::from_bytes([number; 16]),
        sku: format!("SKU-{number}"),
        name: "Thing".to_owned(),
        options: vec![],
        unit_price: usd(price),
        quantity: Quantity::new(units).expect("a quantity"),
    };
    let terms = Terms {
        currency: Currency::USD,
        tax_rate: "0.075".parse().expect("a rate"),
        shipping_flat: usd("10.00"),
    };
    quote(&[item(1, "3.33", 3), item(2, "20.00", 1)], &[line(1), line(2)], &terms).expect("a quote")
}

fn placed(method: PaymentMethod) -> Placed {
    let charge =
        Charge { number: 1, token: "pm_card_visa".to_owned(), capture: Capture::Automatic };
    Placed {
        id: OrderId::from_bytes([1; 16]),
        number: 1,
        customer: CustomerContact {
            user: Some(UserId::from_bytes([5; 16])),
            email: "ada@example.com".to_owned(),
        },
        quote: a_quote(),
        shipping_address_id: AddressId::from_bytes([6; 16]),
        shipping_address: ShippingAddress {
            full_name: "Ada Lovelace".to_owned(),
            city: "London".to_owned(),
            ..ShippingAddress::default()
        },
        from_cart: None,
        payment: payment(),
        method,
        charge: (method == PaymentMethod::Card).then_some(charge),
        hold_until: Timestamp::from_millis(900_000),
        request: None,
    }
}

fn stamp() -> Stamp {
    Stamp { at: Timestamp::from_millis(1_000), who: Who::Shop }
}

fn take(order: &mut Order, events: &[OrderEvent]) {
    for event in events {
        order.apply(event, &stamp());
    }
    assert_eq!(order.check(), Ok(()), "after {events:?}");
}

fn an_order(method: PaymentMethod) -> Order {
    let mut order = Order::default();
    let events = order.place(placed(method)).expect("a placed order");
    take(&mut order, &events);
    order
}

fn wish(words: &[&str]) -> RefundWish {
    let mut wish = RefundWish::default();
    for word in words {
        match word.split_once('x') {
            Some((number, units)) => wish.lines.push(RefundedLine {
                line: line(number.parse().expect("a line")),
                units: units.parse().expect("a count"),
            }),
            None if *word == "restock" => wish.restock = Restock::Yes,
            None => wish.amount = Some(usd(word)),
        }
    }
    wish
}

/// Asks an order for one thing, by words.
fn decide(order: &Order, command: &str) -> Result<Vec<OrderEvent>, OrderRefusal> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let done = RefundOutcome::Succeeded { gateway_ref: "re_1".to_owned() };
    let refused = RefundOutcome::Failed { code: "charge_disputed".to_owned() };
    let number = |word: &str| refund_id(word.parse().expect("a number"));
    match words[..] {
        ["pay"] => order.mark_paid(payment(), order.quote.total),
        ["pay", amount] => order.mark_paid(payment(), usd(amount)),
        ["pay", "again", "by", token] => order.choose_payment(token.to_owned(), Capture::Automatic),
        ["wait"] => order.await_payment(Awaited::CustomerAction),
        ["authorise"] => order.mark_authorised(payment(), Timestamp::from_millis(9_000_000)),
        ["receive"] => order.note_receipt(None),
        ["decline", number] => order.note_decline(number.parse().expect("a number"), None),
        ["revive", id] => order.revive_refund(number(id)),
        ["return", "failed", sum] => order.fail_return(usd(sum), "account_closed".to_owned()),
        ["expire"] => order.cancel(&Cancellation::because(CancelReason::Expired)),
        ["hand", "back", charged, reference] => {
            order.return_receipt(usd(charged), Some(reference.to_owned()))
        }
        ["cancel"] => order.cancel(&Cancellation::because(CancelReason::Customer)),
        ["settle", captured, refunded] => order.settle(usd(captured), usd(refunded)),
        ["ship"] => order.ship(Some("1Z".to_owned()), None),
        ["deliver"] => order.deliver(usd("0.00")),
        ["deliver", captured] => order.deliver(usd(captured)),
        ["forget"] => order.erase_customer(),
        ["refund", id, ref rest @ ..] => order.decide_refund(number(id), &wish(rest)),
        ["refunded", id] => order.record_refund(number(id), &done),
        ["refused", id] => order.record_refund(number(id), &refused),
        _ => panic!("unknown command `{command}`"),
    }
}

/// Runs `command => outcome` lines; a decision that decides nothing shows `nothing`, a refund
/// its amount, anything else the status, and a refusal its words.
#[track_caller]
fn check(method: PaymentMethod, script: &str) -> Order {
    let mut order = an_order(method);
    for row in script.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (command, expected) = row.split_once("=>").expect("`command => outcome`");
        let outcome = match decide(&order, command) {
            Ok(events) => {
                take(&mut order, &events);
                match events.first() {
                    None => "nothing".to_owned(),
                    Some(OrderEvent::RefundDecided { amount, .. }) => amount.to_string(),
                    Some(_) => order.status.name().to_owned(),
                }
            }
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
    }
    order
}

#[test]
fn an_order_goes_from_placed_to_delivered() {
    let order = check(
        PaymentMethod::Card,
        "pay     => PAID
         ship    => SHIPPED
         deliver => DELIVERED",
    );
    let told: Vec<&str> = order.timeline.iter().map(|entry| entry.what.name()).collect();
    assert_eq!(told, ["placed", "paid", "shipped", "delivered"]);
    assert!(order.settled && !order.is_unfinished());
}

/// The table of the wire contract: what each status says to a change to each other status.
#[test]
fn the_status_moves_only_along_the_table() {
    let to = ["pay", "ship", "deliver", "cancel"];
    let names = ["paid", "shipped", "delivered", "cancelled"];
    let table = [
        ("", "pending", ["yes", "no", "no", "yes"]),
        ("pay", "paid", ["same", "yes", "no", "yes"]),
        ("pay ship", "shipped", ["no", "same", "yes", "no"]),
        ("pay ship deliver", "delivered", ["no", "no", "same", "no"]),
        ("cancel", "cancelled", ["no", "no", "no", "same"]),
    ];
    for (road, from, answers) in table {
        let mut order = an_order(PaymentMethod::Card);
        for word in road.split_whitespace() {
            let events = decide(&order, word).expect("the road there");
            take(&mut order, &events);
        }
        for ((change, name), answer) in to.iter().zip(names).zip(answers) {
            let decided = decide(&order, change);
            let what = format!("{from} to {name}");
            match answer {
                "yes" => assert_eq!(decided.expect(&what).len(), 1, "{what}"),
                "same" => assert_eq!(decided.expect(&what), vec![], "{what}"),
                _ => {
                    let refusal = decided.expect_err(&what);
                    assert_eq!(refusal.code(), "illegal_transition", "{what}");
                    let words = format!("an order that is {from} cannot become {name}");
                    assert_eq!(refusal.to_string(), words);
                }
            }
        }
    }
}

#[test]
fn an_unpaid_order_leaves_only_if_authorised_or_paid_on_delivery() {
    let no = "an order that is pending cannot become shipped";
    check(PaymentMethod::None, &format!("ship => {no}"));
    check(PaymentMethod::BankTransfer, &format!("ship => {no}"));
    let order = check(PaymentMethod::CashOnDelivery, "ship => SHIPPED\n deliver => DELIVERED");
    assert!(order.is_unfinished(), "its goods are not sold yet");
    let order = check(PaymentMethod::Card, "authorise => PENDING\n ship => SHIPPED");
    assert_eq!(order.hold_until, Timestamp::from_millis(9_000_000));
}

#[test]
fn only_payments_by_hand_are_received_by_staff() {
    let order = check(
        PaymentMethod::BankTransfer,
        "receive                   => PENDING
         receive                   => nothing
         pay again by pm_card_visa => this order is not waiting to be paid
         pay                       => PAID
         receive                   => nothing",
    );
    assert_eq!(order.receipt, Some(Receipt { noted_at: stamp().at, ..Receipt::default() }));
    check(PaymentMethod::CashOnDelivery, "receive => PENDING\n cancel => CANCELLED");
    check(PaymentMethod::Card, "receive => an order that is pending cannot become paid");
    check(PaymentMethod::None, "receive => an order that is pending cannot become paid");
}

#[test]
fn an_order_whose_money_staff_hold_does_not_expire_though_somebody_looked_at_the_time() {
    check(
        PaymentMethod::BankTransfer,
        "receive => PENDING
         expire  => an order that is pending cannot become cancelled
         cancel  => CANCELLED
         expire  => nothing",
    );
    check(PaymentMethod::BankTransfer, "expire => CANCELLED");
}

#[test]
fn what_came_by_hand_beside_a_card_goes_back_once() {
    let nothing = "there is no such refund";
    let order = check(
        PaymentMethod::BankTransfer,
        &format!(
            "hand back 42.24 a => {nothing}
             receive           => PENDING
             pay               => PAID
             hand back 0.00 a  => {nothing}
             hand back 42.24 a => PAID
             hand back 42.24 a => nothing
             hand back 42.24 b => this refund has gone back already"
        ),
    );
    assert_eq!(order.captured, order.quote.total, "the card's money stays");
    assert!(!order.is_unfinished());
}

#[test]
fn an_order_is_paid_twice_as_long_as_its_customer_has_paid_more_than_it_is_worth() {
    let card = Payment { captured: usd("42.24"), state: PayState::Captured, ..Payment::default() };
    let twice = |road: &str, payment: &Payment| {
        check(PaymentMethod::BankTransfer, road).is_paid_twice(payment)
    };
    let paid = "receive => PENDING\n pay => PAID";
    assert!(twice(paid, &card));
    assert!(!twice(paid, &Payment { by_hand: true, ..card.clone() }), "only by hand");
    assert!(!twice("receive => PENDING", &Payment { captured: usd("0.00"), ..card.clone() }));
    assert!(!twice("pay => PAID", &card), "only by card");
    assert!(!twice(&format!("{paid}\n hand back 42.24 a => PAID"), &card));
    // The card's money went back instead: the other pays, if there is still something to pay for.
    let refund = Refund {
        amount: usd("42.24"),
        extent: RefundExtent::Part,
        state: RefundState::Succeeded { gateway_ref: "re_1".to_owned() },
        reason: None,
        attempt: 1,
        begun_at: stamp().at,
    };
    let refunded = Payment { refunds: [(refund_id(1), refund)].into(), ..card };
    assert!(!twice(&format!("{paid}\n refund 1 42.24 => 42.24"), &refunded));
    assert!(twice(&format!("{paid}\n refund 1 => 42.24"), &refunded));
    assert!(twice(&format!("{paid}\n cancel => CANCELLED"), &refunded));
}

#[test]
fn cash_on_delivery_is_received_where_the_goods_are_handed_over() {
    let order = check(
        PaymentMethod::CashOnDelivery,
        "ship    => SHIPPED
         settle 0.00 0.00 => SHIPPED
         deliver => DELIVERED
         deliver => nothing",
    );
    assert!(order.receipt.is_some() && order.is_unfinished(), "the money is still to be booked");
    let by_card =
        check(PaymentMethod::CashOnDelivery, "ship => SHIPPED\n deliver 42.24 => DELIVERED");
    assert_eq!(by_card.receipt, None, "a card has paid, though the order has not heard of it");
    let paid_before = check(
        PaymentMethod::CashOnDelivery,
        "receive => PENDING\n pay => PAID\n ship => SHIPPED\n deliver 42.24 => DELIVERED",
    );
    assert!(paid_before.settled && !paid_before.is_unfinished());
    let transferred = check(PaymentMethod::BankTransfer, "pay => PAID\n ship => SHIPPED");
    assert_eq!(transferred.receipt, None);
}

#[test]
fn an_order_is_looked_at_again_at_once_until_it_knows_how_its_charge_ended() {
    let at_once = Timestamp::default();
    let order = check(PaymentMethod::None, "pay again by pm_card_visa => PENDING");
    assert_eq!(order.due_at(), at_once, "the charge may not even have been asked for");
    let declined = check(
        PaymentMethod::None,
        "pay again by pm_card_visa => PENDING\n decline 1 => PENDING\n decline 1 => nothing",
    );
    assert_eq!(declined.due_at(), declined.hold_until, "only the customer is waited for");
    check(
        PaymentMethod::None,
        "pay again by pm_card_visa => PENDING
         decline 2 => nothing
         cancel    => CANCELLED
         decline 1 => nothing",
    );
    let received = check(PaymentMethod::BankTransfer, "receive => PENDING");
    assert_eq!(received.due_at(), at_once, "the money is still to be booked");
    let idle = check(PaymentMethod::None, "");
    assert_eq!(idle.due_at(), idle.hold_until);
}

#[test]
fn a_refused_refund_can_be_decided_once_more_while_its_money_is_there() {
    check(
        PaymentMethod::Card,
        "pay              => PAID
         refund 1 5.00    => 5.00
         revive 1         => nothing
         refused 1        => PAID
         revive 1         => PAID
         refunded 1       => PAID
         revive 1         => this refund has gone back already
         refund 2 1x2     => 7.16
         refused 2        => PAID
         refund 3 1x2     => 7.16
         revive 2         => only 1 of these are left to refund
         refused 3        => PAID
         refund 4 37.24   => 37.24
         revive 3         => only 0.00 is left to refund
         revive 9         => there is no such refund",
    );
}

#[test]
fn what_comes_back_after_a_cancellation_is_owed_again() {
    let order = check(
        PaymentMethod::Card,
        "pay                => PAID
         return failed 0.00 => nothing
         cancel             => CANCELLED
         settle 42.24 42.24 => CANCELLED
         return failed 0.00 => CANCELLED
         return failed 0.00 => nothing",
    );
    assert!(order.is_unfinished() && order.refunded.is_zero());
}

#[test]
fn paying_another_amount_does_not_make_an_order_paid() {
    check(PaymentMethod::Card, "pay 42.23 => this order costs 42.24, not 42.23");
}

#[test]
fn a_customer_may_expect_only_what_it_costs() {
    let refusal = agree_on_amount(usd("42.24"), Some(usd("1.00"))).expect_err("another amount");
    assert_eq!(refusal.code(), "amount_mismatch");
    assert_eq!(agree_on_amount(usd("42.24"), Some(usd("42.24"))), Ok(()));
    assert_eq!(agree_on_amount(usd("42.24"), None), Ok(()));
}

#[test]
fn a_pending_order_is_paid_again_and_no_other() {
    let order = check(
        PaymentMethod::None,
        "pay again by pm_card_visa       => PENDING
         pay again by pm_card_mastercard => PENDING
         pay                             => PAID
         pay again by pm_card_visa       => this order is not waiting to be paid",
    );
    assert_eq!((order.charges(), order.method), (2, PaymentMethod::Card));
    check(
        PaymentMethod::Card,
        "cancel                    => CANCELLED
         pay again by pm_card_visa => this order is not waiting to be paid",
    );
}

#[test]
fn placing_ends_with_the_first_answer() {
    assert!(an_order(PaymentMethod::Card).placing);
    assert!(!an_order(PaymentMethod::None).placing);
    let order = check(PaymentMethod::Card, "wait => PENDING\n wait => nothing");
    assert!(!order.placing);
}

#[test]
fn placing_twice_is_one_order() {
    let order = an_order(PaymentMethod::Card);
    assert_eq!(order.place(placed(PaymentMethod::Card)), Ok(vec![]));
    let mut other = placed(PaymentMethod::Card);
    other.quote.lines.pop();
    assert_eq!(order.place(other), Err(OrderRefusal::PlacedOtherwise));
    let nothing = Placed { quote: Quote::default(), ..placed(PaymentMethod::Card) };
    assert_eq!(Order::default().place(nothing), Err(OrderRefusal::EmptyOrder));
}

#[test]
fn an_order_that_was_never_placed_is_unknown() {
    for command in ["pay", "cancel", "ship", "deliver", "forget", "wait", "authorise", "receive"] {
        assert_eq!(decide(&Order::default(), command), Err(OrderRefusal::UnknownOrder));
    }
}

#[test]
fn a_payment_of_another_order_pays_nothing() {
    let order = an_order(PaymentMethod::Card);
    let other = PaymentId::from_bytes([8; 16]);
    assert_eq!(order.mark_paid(other, order.quote.total), Err(OrderRefusal::OtherPayment));
}

#[test]
fn a_cancelled_order_is_unfinished_until_it_is_settled() {
    let order = check(PaymentMethod::Card, "pay => PAID\n cancel => CANCELLED\n cancel => nothing");
    assert!(order.is_unfinished());
    let order = check(
        PaymentMethod::Card,
        "pay                => PAID
         cancel             => CANCELLED
         settle 42.24 42.25 => this order costs 42.24, not 42.24
         settle 42.24 42.24 => CANCELLED
         settle 42.24 42.24 => nothing",
    );
    assert!(!order.is_unfinished());
    let told: Vec<&str> = order.timeline.iter().map(|entry| entry.what.name()).collect();
    assert_eq!(told, ["placed", "paid", "cancelled", "refunded"]);
}

#[test]
fn a_refund_noted_after_settling_is_not_counted_twice() {
    let order = check(
        PaymentMethod::Card,
        "pay                => PAID
         refund 1 5.00      => 5.00
         cancel             => CANCELLED
         settle 42.24 42.24 => CANCELLED
         refunded 1         => CANCELLED",
    );
    assert_eq!(order.refunded, order.captured);
}

#[test]
fn units_are_refunded_at_what_they_cost_and_the_last_ones_with_shipping() {
    // The three teas carry 0.75 of tax, 0.25 each; the pot 1.50.
    check(
        PaymentMethod::Card,
        "pay          => PAID
         refund 1 1x1 => 3.58
         refund 2 1x1 => 3.58
         refund 3 1x2 => only 1 of these are left to refund
         refund 3 1x1 => 3.58
         refund 4 2x1 => 31.50
         refund 5     => nothing was paid that could be refunded",
    );
}

#[test]
fn a_refund_never_exceeds_what_was_paid() {
    check(
        PaymentMethod::Card,
        "refund 1 1.00  => nothing was paid that could be refunded
         pay            => PAID
         refund 1 42.25 => only 42.24 is left to refund
         refund 1 0.00  => not an amount
         refund 1 -1.00 => not an amount
         refund 1 40.00 => 40.00
         refund 2 2.25  => only 2.24 is left to refund
         refund 2 1x1   => only 2.24 is left to refund
         refund 2 2.24 1x1 => 2.24",
    );
}

#[test]
fn a_refund_without_amount_or_lines_is_all_that_is_left() {
    let order = check(
        PaymentMethod::Card,
        "pay                  => PAID
         refund 1 1x1 restock => 3.58
         refunded 1           => PAID
         refund 2             => 38.66",
    );
    let all_that_is_left =
        [RefundedLine { line: line(1), units: 2 }, RefundedLine { line: line(2), units: 1 }];
    assert_eq!(order.refunds[&refund_id(2)].lines, all_that_is_left);
}

#[test]
fn what_went_back_as_an_amount_does_not_hold_up_the_last_units() {
    let order = check(
        PaymentMethod::Card,
        "pay               => PAID
         refund 1 1.00     => 1.00
         refunded 1        => PAID
         refund 2 1x3      => 10.74
         refunded 2        => PAID
         refund 3 2x1 40.00 => only 30.50 is left to refund
         refund 3 2x1      => 30.50",
    );
    assert_eq!(order.left_to_refund(), Ok(usd("0.00")));
    let at_its_price = "pay => PAID\n refund 1 1x3 => 10.74\n refund 2 2x1 => 31.50";
    check(PaymentMethod::Card, at_its_price);
}

#[test]
fn goods_go_back_on_the_shelf_only_by_name() {
    check(
        PaymentMethod::Card,
        "refund 1 1.00 restock => say which items go back on the shelf
         pay                   => PAID
         refund 1 1.00 restock => say which items go back on the shelf
         refund 1 1.00 1x1 restock => 1.00",
    );
}

#[test]
fn what_was_refunded_as_a_whole_does_not_leave_the_house() {
    let no = "everything in this order was refunded; there is nothing to ship";
    let order = check(
        PaymentMethod::Card,
        &format!(
            "pay      => PAID
             refund 1 => 42.24
             ship     => {no}
             refused 1 => PAID
             refund 2 1x3 restock => 10.74
             refunded 2 => PAID
             refund 3 2x1 => 31.50
             refunded 3 => PAID
             ship     => {no}"
        ),
    );
    assert!(!order.is_to_ship());
    let money_only =
        check(PaymentMethod::Card, "pay => PAID\n refund 1 42.24 => 42.24\n ship => SHIPPED");
    assert!(!money_only.is_to_ship());
    let rest = check(PaymentMethod::Card, "pay => PAID\n refund 1 1x3 => 10.74");
    assert!(rest.is_to_ship(), "the pot is still to be sent");
    let thrown_in = check(PaymentMethod::Card, "pay => PAID\n refund 1 42.24 => 42.24");
    assert!(!thrown_in.is_to_ship(), "it may be sent all the same, but nobody waits for it");
    assert!(check(PaymentMethod::CashOnDelivery, "").is_to_ship(), "it is paid at the door");
    assert!(!check(PaymentMethod::BankTransfer, "").is_to_ship(), "its money has not come");
}

#[test]
fn the_same_refund_twice_is_one_refund() {
    check(
        PaymentMethod::Card,
        "pay           => PAID
         refund 1 5.00 => 5.00
         refund 1 5.00 => nothing
         refund 1 6.00 => this refund was decided with other content
         refunded 1    => PAID
         refunded 1    => nothing
         refunded 2    => there is no such refund",
    );
}

#[test]
fn a_refused_refund_counts_no_more() {
    let order = check(
        PaymentMethod::Card,
        "pay            => PAID
         refund 1       => 42.24
         refund 2 1.00  => nothing was paid that could be refunded
         refused 1      => PAID
         refund 2       => 42.24",
    );
    assert!(order.is_unfinished());
    assert!(order.refunded.is_zero(), "nothing has gone back yet");
}

#[test]
fn a_refund_the_bank_sends_back_counts_no_more() {
    let order = check(
        PaymentMethod::Card,
        "pay        => PAID
         refund 1   => 42.24
         refunded 1 => PAID
         refused 1  => PAID
         refused 1  => nothing
         refunded 1 => nothing",
    );
    assert!(order.refunded.is_zero());
    assert_eq!(order.left_to_refund(), Ok(order.captured));
}

#[test]
fn a_cancellation_puts_back_what_no_refund_wrote_off() {
    let order = check(
        PaymentMethod::Card,
        "pay                  => PAID
         refund 1 1x1 restock => 3.58
         refunded 1           => PAID
         refund 2 1x1         => 3.58
         refunded 2           => PAID
         cancel               => CANCELLED",
    );
    let back: Vec<(LineId, u32)> = order.units_back(None).into_iter().collect();
    assert_eq!(back, [(line(1), 2), (line(2), 1)], "one kept, one back already");
}

#[test]
fn a_refund_names_the_units_that_belong_back_with_it() {
    let order = check(PaymentMethod::Card, "pay => PAID\n refund 1 1x2 restock => 7.16");
    let back: Vec<(LineId, u32)> = order.units_back(Some(refund_id(1))).into_iter().collect();
    assert_eq!(back, [(line(1), 2)]);
    assert!(order.units_back(None).is_empty());
}

#[test]
fn a_refund_of_an_unknown_line_is_refused() {
    check(PaymentMethod::Card, "pay => PAID\n refund 1 9x1 => the order has no such line");
}

#[test]
fn a_forgotten_customer_leaves_the_order_without_a_person() {
    let order = check(PaymentMethod::Card, "pay => PAID\n forget => PAID\n forget => nothing");
    assert_eq!(order.customer, CustomerContact::default());
    assert_eq!(order.shipping_address, ShippingAddress::default());
    assert_eq!(order.quote, a_quote());
    let text = serde_json::to_string(&order).expect("a state");
    assert!(!text.contains("ada@") && !text.contains("Lovelace"));
}

#[test]
fn a_timeline_keeps_its_first_line_and_the_newest() {
    let mut order = an_order(PaymentMethod::Card);
    for _ in 0..timeline::TIMELINE_ENTRIES_MAX + 20 {
        take(&mut order, &[OrderEvent::CustomerErased]);
    }
    assert_eq!(order.timeline.len(), timeline::TIMELINE_ENTRIES_MAX);
    assert_eq!(order.timeline[0].what, TimelineKind::Placed);
}

#[test]
fn an_order_takes_only_so_many_charges_and_refunds() {
    let mut order = an_order(PaymentMethod::None);
    for _ in 0..CHARGES_MAX {
        let events = decide(&order, "pay again by pm_card_visa").expect("a charge");
        take(&mut order, &events);
    }
    let refusal = decide(&order, "pay again by pm_card_visa").expect_err("too many");
    assert_eq!(refusal, OrderRefusal::TooManyAttempts);
    let events = decide(&order, "pay").expect("paid");
    take(&mut order, &events);
    for number in 0..refunding::REFUNDS_MAX {
        let command = format!("refund {number} 0.01");
        let events = decide(&order, &command).expect("a refund");
        take(&mut order, &events);
    }
    let refusal = decide(&order, "refund 255 0.01").expect_err("too many");
    assert_eq!(refusal, OrderRefusal::TooManyRefunds);
}

#[test]
fn an_order_is_read_back_as_it_was_written() {
    let order = check(
        PaymentMethod::Card,
        "wait => PENDING\n pay => PAID\n refund 1 1x1 restock => 3.58\n cancel => CANCELLED",
    );
    let bytes = bincode::serialize(&order).expect("bytes");
    assert_eq!(bincode::deserialize::<Order>(&bytes).expect("an order"), order);
    let text = serde_json::to_string(&order).expect("text");
    assert_eq!(serde_json::from_str::<Order>(&text).expect("an order"), order);
}

const COMMANDS: &[&str] = &[
    "pay",
    "ship",
    "deliver",
    "cancel",
    "wait",
    "authorise",
    "forget",
    "pay again by pm_card_visa",
    "refund 1 1x1",
    "refund 2 1x2 restock",
    "refund 3 2x1",
    "refund 4 5.00",
    "refund 5 1.00 1x1",
    "refund 6",
    "refund 7 41.00",
    "refunded 1",
    "refunded 2",
    "refunded 3",
    "refunded 4",
    "refused 1",
    "refused 2",
    "refused 3",
    "refused 4",
    "refused 6",
    "refunded 6",
];

proptest! {
    #[test]
    fn no_history_refunds_more_than_was_captured(
        steps in prop::collection::vec(prop::sample::select(COMMANDS), 0..60),
    ) {
        let mut order = an_order(PaymentMethod::Card);
        for command in steps {
            let Ok(events) = decide(&order, command) else { continue };
            for event in &events {
                order.apply(event, &stamp());
            }
            prop_assert_eq!(order.check(), Ok(()), "after `{}`", command);
            prop_assert!(order.refunded.minor() <= order.captured.minor());
            // What was decided is already so when it is asked again.
            if !command.starts_with("pay again") {
                prop_assert_eq!(decide(&order, command).unwrap_or_default(), vec![]);
            }
        }
    }

    #[test]
    fn refunding_unit_by_unit_adds_up_to_everything(
        mut units in Just(vec![1_u8, 1, 1, 2]).prop_shuffle(),
    ) {
        let mut order = an_order(PaymentMethod::Card);
        let paid = decide(&order, "pay").expect("paid");
        take(&mut order, &paid);
        let mut back = 0;
        while let Some(number) = units.pop() {
            let command = format!("refund {} {number}x1", units.len());
            let events = decide(&order, &command).expect("a refund");
            if let Some(OrderEvent::RefundDecided { amount, .. }) = events.first() {
                back += amount.minor();
            }
            take(&mut order, &events);
        }
        prop_assert_eq!(back, order.quote.total.minor());
    }
}
