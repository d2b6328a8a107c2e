//! Payments: answers in any order, doubts, refunds; and no history that takes or gives too much.

use proptest::prelude::*;

use super::*;
use crate::domain::{
    aggregate::Aggregate,
    ids::Identity,
    money::Currency,
    time::{Stamp, Who},
};

fn usd(digits: &str) -> Money {
    Money::read(digits, Currency::USD).expect("an amount")
}

fn order() -> OrderId {
    OrderId::from_bytes([1; 16])
}

fn refund_id(word: &str) -> RefundId {
    RefundId::from_bytes([word.parse().expect("a number"); 16])
}

fn charge(number: u32, token: &str) -> Charge {
    Charge { number, token: token.to_owned(), capture: Capture::Automatic }
}

fn stamp() -> Stamp {
    Stamp { at: Timestamp::from_millis(1_000), who: Who::Shop }
}

/// A gateway's answer, by words.
fn answer(words: &[&str]) -> GatewayOutcome {
    let gateway_id = |id: &str| format!("ch_{id}");
    match *words {
        ["captured", id] => {
            GatewayOutcome::Captured { gateway_id: gateway_id(id), amount: usd("20.00") }
        }
        ["captured", id, amount] => {
            GatewayOutcome::Captured { gateway_id: gateway_id(id), amount: usd(amount) }
        }
        ["authorised", id] => {
            GatewayOutcome::Authorised { gateway_id: gateway_id(id), until: None }
        }
        ["action", id] => GatewayOutcome::NeedsAction {
            gateway_id: gateway_id(id),
            next_action: NextAction {
                kind: "redirect_to_url".to_owned(),
                url: None,
                client_secret: None,
            },
        },
        ["processing", id] => GatewayOutcome::Processing { gateway_id: gateway_id(id) },
        ["declined"] => GatewayOutcome::Declined {
            gateway_id: None,
            code: "insufficient_funds".to_owned(),
            message: "your card has insufficient funds".to_owned(),
        },
        ["voided"] => GatewayOutcome::Voided,
        ["silence"] => GatewayOutcome::Unknown { gateway_id: None },
        ["silence", id] => GatewayOutcome::Unknown { gateway_id: Some(gateway_id(id)) },
        _ => panic!("unknown answer `{words:?}`"),
    }
}

/// Asks a payment of 20.00 for one thing, by words.
fn decide(payment: &Payment, command: &str) -> Result<Vec<PaymentEvent>, PaymentRefusal> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let amount = usd("20.00");
    match words[..] {
        ["try", number, token] => {
            payment.begin(order(), amount, &charge(number.parse().expect("a number"), token))
        }
        ["try", number, token, other] => {
            let charge = charge(number.parse().expect("a number"), token);
            payment.begin(order(), usd(other), &charge)
        }
        ["hears", number, ref rest @ ..] => {
            payment.record(number.parse().expect("a number"), &answer(rest))
        }
        ["capture"] => payment.begin_capture(),
        ["void"] => payment.begin_void(),
        ["receive"] => payment.receive(order(), amount),
        ["refund", id, "rest"] => {
            let left = payment.left_to_refund()?;
            payment.begin_refund(refund_id(id), left, RefundExtent::Rest, None)
        }
        ["refund", id, amount] => {
            payment.begin_refund(refund_id(id), usd(amount), RefundExtent::Part, None)
        }
        ["pay", "out", id, reference] => {
            payment.pay_out_refund(refund_id(id), Some(reference.to_owned()))
        }
        ["retry", id] => payment.retry_refund(refund_id(id)),
        ["refunded", id] => {
            let outcome = RefundOutcome::Succeeded { gateway_ref: "re_1".to_owned() };
            payment.record_refund(refund_id(id), &outcome)
        }
        ["failed", id] => {
            let outcome = RefundOutcome::Failed { code: "charge_disputed".to_owned() };
            payment.record_refund(refund_id(id), &outcome)
        }
        ["no", "word", id] => payment.record_refund(refund_id(id), &RefundOutcome::Unknown),
        _ => panic!("unknown command `{command}`"),
    }
}

/// Runs `command => outcome` lines: `nothing`, a refusal's words, or the state with what was taken
/// and what has gone back or may have.
#[track_caller]
fn check(script: &str) -> Payment {
    let mut payment = Payment::default();
    for row in script.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (command, expected) = row.split_once("=>").expect("`command => outcome`");
        let outcome = match decide(&payment, command) {
            Ok(events) if events.is_empty() => "nothing".to_owned(),
            Ok(events) => {
                for event in &events {
                    payment.apply(event, &stamp());
                }
                assert_eq!(payment.check(), Ok(()), "after `{command}`");
                let back = payment.refunded_or_in_flight().expect("a sum");
                match payment.captured.is_zero() {
                    true => payment.state.name().to_owned(),
                    false => format!("{} {} - {back}", payment.state.name(), payment.captured),
                }
            }
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
    }
    payment
}

#[test]
fn a_charge_that_succeeds_is_captured_once() {
    let payment = check(
        "try 1 visa         => unknown
         try 1 visa         => nothing
         hears 1 captured a => captured 20.00 - 0.00
         hears 1 captured a => nothing
         hears 1 captured b => this payment was captured already by another charge
         try 2 visa         => this order is paid already",
    );
    assert!(!payment.is_unfinished() && !payment.late);
}

#[test]
fn staff_give_back_by_hand_what_no_gateway_moves_and_nothing_else() {
    check(
        "receive         => captured 20.00 - 0.00
         refund 1 5.00   => captured 20.00 - 5.00
         pay out 1 a     => captured 20.00 - 5.00
         pay out 1 a     => nothing
         pay out 1 b     => this refund has gone back already
         failed 1        => nothing
         pay out 2 a     => there is no such refund",
    );
    check(
        "try 1 visa         => unknown
         hears 1 captured a => captured 20.00 - 0.00
         refund 1 5.00      => captured 20.00 - 5.00
         pay out 1 a        => this refund is on its way or in doubt; wait for the gateway's answer
         failed 1           => captured 20.00 - 0.00
         pay out 1 a        => captured 20.00 - 5.00
         retry 1            => nothing
         refunded 1         => nothing
         refund 2 5.00      => captured 20.00 - 10.00
         refunded 2         => captured 20.00 - 10.00
         pay out 2 a        => this refund has gone back already
         refund 3 10.00     => captured 20.00 - 20.00
         failed 3           => captured 20.00 - 10.00
         refund 4 10.00     => captured 20.00 - 20.00
         pay out 3 a        => only 0.00 is left to refund",
    );
}

#[test]
fn nobody_is_charged_again_on_doubt() {
    let payment = check(
        "try 1 visa         => unknown
         hears 1 silence    => nothing
         try 2 visa         => the last payment attempt has not ended yet
         try 1 mastercard   => this attempt was made with another payment method
         hears 1 silence a  => unknown
         hears 1 silence b  => nothing
         try 2 visa         => the last payment attempt has not ended yet
         hears 1 action a   => requires_action
         try 2 visa         => the last payment attempt has not ended yet
         hears 1 processing a => processing
         try 2 visa         => the last payment attempt has not ended yet
         hears 1 authorised a => authorised
         try 2 visa         => the last payment attempt has not ended yet",
    );
    assert_eq!(payment.gateway_id.as_deref(), Some("ch_a"));
    assert!(payment.is_unfinished());
}

#[test]
fn a_definite_refusal_allows_another_attempt() {
    let payment = check(
        "try 1 visa         => unknown
         hears 1 declined   => declined
         hears 1 declined   => nothing
         try 2 mastercard   => unknown
         hears 1 declined   => nothing
         hears 2 captured b => captured 20.00 - 0.00",
    );
    assert_eq!(payment.attempt, 2);
}

#[test]
fn each_attempt_has_a_key_of_its_own_and_always_the_same() {
    let first = check("try 1 visa => unknown");
    let second =
        check("try 1 visa => unknown\n hears 1 declined => declined\n try 2 visa => unknown");
    assert_eq!(first.key(GatewayStep::Charge), gateway_key(order(), GatewayStep::Charge, 1));
    assert_ne!(first.key(GatewayStep::Charge), second.key(GatewayStep::Charge));
    assert_ne!(first.key(GatewayStep::Charge), first.key(GatewayStep::Void));
    assert_ne!(first.key(GatewayStep::Charge), first.key(GatewayStep::Capture));
}

#[test]
fn a_payment_has_one_order_and_one_amount() {
    check(
        "try 1 visa           => unknown
         try 1 visa 19.00     => the amount to pay is 20.00, not 19.00
         hears 1 captured a 20.01 => the amount to pay is 20.00, not 20.01
         hears 1 captured a 20.00 => captured 20.00 - 0.00",
    );
}

#[test]
fn answers_may_come_late_and_in_any_order() {
    check(
        "try 1 visa           => unknown
         hears 1 captured a   => captured 20.00 - 0.00
         hears 1 processing a => nothing
         hears 1 action a     => nothing
         hears 1 declined     => nothing
         hears 1 voided       => nothing
         hears 2 captured b   => there is no such payment
         hears 0 captured b   => there is no such payment",
    );
    check("hears 1 captured a => there is no such payment");
}

#[test]
fn money_that_comes_after_the_end_is_known_to_be_late() {
    let payment = check(
        "try 1 visa         => unknown
         void               => unknown
         void               => nothing
         hears 1 voided     => voided
         hears 1 captured a => captured 20.00 - 0.00",
    );
    assert!(payment.late && payment.is_unfinished(), "somebody has to give it back");
    let payment = check(
        "try 1 visa         => unknown
         hears 1 declined   => declined
         hears 1 captured a => captured 20.00 - 0.00
         refund 1 rest      => captured 20.00 - 20.00
         refunded 1         => captured 20.00 - 20.00",
    );
    assert!(payment.late && !payment.is_unfinished());
}

#[test]
fn a_late_success_does_not_pass_for_a_new_attempt() {
    check(
        "try 1 visa         => unknown
         hears 1 declined   => declined
         try 2 visa         => unknown
         hears 1 captured a => this payment was captured already by another charge
         hears 2 declined   => declined
         hears 1 captured a => captured 20.00 - 0.00",
    );
}

#[test]
fn giving_up_may_come_too_late() {
    let payment = check(
        "try 1 visa         => unknown
         void               => unknown
         hears 1 captured a => captured 20.00 - 0.00
         void               => this order is paid already",
    );
    assert!(!payment.voiding && !payment.late);
}

#[test]
fn what_is_set_aside_is_captured_when_asked_for() {
    check(
        "try 1 visa           => unknown
         capture              => nothing is set aside for this order
         hears 1 authorised a => authorised
         hears 1 processing a => nothing
         capture              => authorised
         capture              => nothing
         hears 1 silence      => nothing
         hears 1 captured a   => captured 20.00 - 0.00
         capture              => nothing",
    );
    check(
        "try 1 visa           => unknown
         hears 1 authorised a => authorised
         capture              => authorised
         hears 1 declined     => declined",
    );
}

#[test]
fn money_by_hand_is_received_once() {
    check(
        "receive => captured 20.00 - 0.00
         receive => nothing
         try 1 visa => this order is paid already
         refund 1 rest => captured 20.00 - 20.00
         refunded 1 => captured 20.00 - 20.00",
    );
    check("try 1 visa => unknown\n receive => the last payment attempt has not ended yet");
    check(
        "try 1 visa                  => unknown
         hears 1 declined            => declined
         receive                     => captured 20.00 - 0.00
         hears 1 declined            => nothing
         hears 1 voided              => nothing
         hears 1 captured ch_1 20.00 => this payment was captured already by another charge",
    );
}

#[test]
fn a_refund_in_doubt_counts_until_it_has_failed_for_sure() {
    check(
        "refund 1 1.00      => nothing was paid that could be refunded
         try 1 visa         => unknown
         hears 1 captured a => captured 20.00 - 0.00
         refund 1 15.00     => captured 20.00 - 15.00
         no word 1          => nothing
         refund 2 5.01      => only 5.00 is left to refund
         refund 2 5.00      => captured 20.00 - 20.00
         failed 1           => captured 20.00 - 5.00
         refund 3 15.00     => captured 20.00 - 20.00
         retry 1            => only 0.00 is left to refund
         refunded 1         => only 0.00 is left to refund",
    );
}

#[test]
fn the_same_refund_twice_is_one_refund() {
    let payment = check(
        "try 1 visa         => unknown
         hears 1 captured a => captured 20.00 - 0.00
         refund 1 5.00      => captured 20.00 - 5.00
         refund 1 5.00      => nothing
         refund 1 6.00      => this refund was asked for with another amount
         refund 2 0.00      => not an amount
         refund 2 -5.00     => not an amount
         refunded 1         => captured 20.00 - 5.00
         refunded 1         => nothing
         retry 1            => nothing
         refunded 9         => there is no such refund
         retry 9            => there is no such refund",
    );
    assert_eq!(payment.refunded(), Ok(usd("5.00")));
    assert!(!payment.is_unfinished());
}

#[test]
fn a_refund_that_failed_is_tried_again_under_a_new_key() {
    let before = check(
        "try 1 visa         => unknown
         hears 1 captured a => captured 20.00 - 0.00
         refund 1 rest      => captured 20.00 - 20.00
         failed 1           => captured 20.00 - 0.00
         failed 1           => nothing",
    );
    assert!(before.rest_was_refused());
    let step = GatewayStep::Refund(refund_id("1"));
    let mut after = before.clone();
    for event in before.retry_refund(refund_id("1")).expect("a retry") {
        after.apply(&event, &stamp());
    }
    assert_ne!(before.key(step), after.key(step));
    assert_eq!(after.refund_in_flight(), Some(refund_id("1")));
}

#[test]
fn a_refund_the_bank_sends_back_can_be_made_again() {
    check(
        "try 1 visa         => unknown
         hears 1 captured a => captured 20.00 - 0.00
         refund 1 rest      => captured 20.00 - 20.00
         refunded 1         => captured 20.00 - 20.00
         failed 1           => captured 20.00 - 0.00
         refund 2 rest      => captured 20.00 - 20.00",
    );
}

#[test]
fn a_payment_takes_only_so_many_attempts_and_refunds() {
    let payment = Payment::default();
    let many = payment.begin(order(), usd("20.00"), &charge(ATTEMPTS_MAX + 1, "visa"));
    assert_eq!(many, Err(PaymentRefusal::TooManyAttempts));
    assert!(payment.begin(order(), usd("20.00"), &charge(ATTEMPTS_MAX, "visa")).is_ok());

    let mut payment = check("receive => captured 20.00 - 0.00");
    let id = |number: usize| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        RefundId::from_bytes(bytes)
    };
    for number in 0..REFUNDS_MAX {
        let events = payment
            .begin_refund(id(number), usd("0.01"), RefundExtent::Part, None)
            .expect("a refund");
        payment.apply(&events[0], &stamp());
    }
    let more = payment.begin_refund(id(REFUNDS_MAX), usd("0.01"), RefundExtent::Part, None);
    assert_eq!(more, Err(PaymentRefusal::TooManyRefunds));
}

#[test]
fn a_payment_is_read_back_as_it_was_written() {
    for script in [
        "receive => captured 20.00 - 0.00\n refund 1 rest => captured 20.00 - 20.00",
        "try 1 visa => unknown\n hears 1 action a => requires_action",
        "try 1 visa => unknown\n hears 1 declined => declined",
    ] {
        let payment = check(script);
        let bytes = bincode::serialize(&payment).expect("bytes");
        assert_eq!(bincode::deserialize::<Payment>(&bytes).expect("a payment"), payment);
        let text = serde_json::to_string(&payment).expect("text");
        assert_eq!(serde_json::from_str::<Payment>(&text).expect("a payment"), payment);
    }
}

const COMMANDS: &[&str] = &[
    "try 1 visa",
    "try 2 visa",
    "try 3 mastercard",
    "void",
    "capture",
    "receive",
    "hears 1 captured a",
    "hears 2 captured b",
    "hears 3 captured c 19.00",
    "hears 1 declined",
    "hears 2 declined",
    "hears 3 voided",
    "hears 1 action a",
    "hears 2 processing b",
    "hears 1 authorised a",
    "hears 2 silence b",
    "refund 1 5.00",
    "refund 2 15.00",
    "refund 3 rest",
    "refund 4 rest",
    "refunded 1",
    "refunded 2",
    "refunded 3",
    "refunded 4",
    "failed 1",
    "failed 2",
    "failed 3",
    "failed 4",
    "retry 1",
    "retry 2",
    "retry 3",
    "no word 1",
];

proptest! {
    #[test]
    fn no_history_takes_or_gives_back_too_much(
        steps in prop::collection::vec(prop::sample::select(COMMANDS), 0..80),
    ) {
        let mut payment = Payment::default();
        let mut captures = 0;
        for command in steps {
            let Ok(events) = decide(&payment, command) else { continue };
            for event in &events {
                if matches!(event, PaymentEvent::AttemptBegun { .. }) {
                    prop_assert!(!payment.is_open(), "a new charge on doubt by `{}`", command);
                }
                let captured = matches!(
                    event,
                    PaymentEvent::PaymentCaptured { .. } | PaymentEvent::PaymentReceived { .. }
                );
                captures += usize::from(captured);
                payment.apply(event, &stamp());
            }
            prop_assert_eq!(payment.check(), Ok(()), "after `{}`", command);
            prop_assert!(payment.captured.minor() <= payment.amount.minor());
            let back = payment.refunded_or_in_flight().expect("a sum").minor();
            prop_assert!(back <= payment.captured.minor());
            prop_assert!(captures <= 1, "captured twice by `{}`", command);
            if !command.ends_with("rest") && !command.starts_with("retry") {
                prop_assert_eq!(decide(&payment, command).unwrap_or_default(), vec![]);
            }
        }
    }
}

#[test]
fn the_rest_that_was_refused_is_what_is_left_by_now() {
    let refused = "try 1 visa               => unknown
         hears 1 captured ch_1 20.00 => captured 20.00 - 0.00
         refund 1 5.00               => captured 20.00 - 5.00
         failed 1                    => captured 20.00 - 0.00
         refund 2 rest               => captured 20.00 - 20.00
         failed 2                    => captured 20.00 - 0.00
         pay out 1 a                 => captured 20.00 - 5.00";
    let paid_out = check(&format!(
        "{refused}
         pay out 2 b => captured 20.00 - 20.00
         pay out 2 b => nothing"
    ));
    assert_eq!(paid_out.refunds[&refund_id("2")].amount, usd("15.00"));
    let tried_again = check(&format!(
        "{refused}
         retry 2    => captured 20.00 - 20.00
         failed 2   => captured 20.00 - 5.00
         retry 2    => captured 20.00 - 20.00
         refunded 2 => captured 20.00 - 20.00"
    ));
    assert_eq!(tried_again.refunded(), Ok(usd("20.00")));
    let all_in_parts = "refund 3 15.00 => captured 20.00 - 20.00
         refunded 3  => captured 20.00 - 20.00
         retry 2     => only 0.00 is left to refund
         pay out 2 b => only 0.00 is left to refund";
    check(&format!("{refused}\n{all_in_parts}"));
}
