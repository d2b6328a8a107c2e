//! The demo gateway's books: one charge a key, and published test cards that decide.

use proptest::prelude::*;

use super::*;
use crate::domain::{aggregate::Aggregate, money::Currency, time::Stamp};

fn usd(digits: &str) -> Money {
    Money::read(digits, Currency::USD).expect("an amount")
}

fn asked(token: &str, capture: Capture) -> DemoAsk {
    DemoAsk {
        key: "order:charge:1".to_owned(),
        order: OrderId::from_bytes([1; 16]),
        payment: PaymentId::from_bytes([2; 16]),
        amount: usd("20.00"),
        token: token.to_owned(),
        capture,
    }
}

fn command(text: &str) -> DemoCommand {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["charge", token] => DemoCommand::Charge(asked(token, Capture::Automatic)),
        ["set-aside", token] => DemoCommand::Charge(asked(token, Capture::Manual)),
        ["look"] => DemoCommand::Look,
        ["confirm"] => DemoCommand::Confirm,
        ["fail"] => DemoCommand::Fail,
        ["capture", amount] => DemoCommand::Capture { amount: usd(amount) },
        ["void"] => DemoCommand::Void,
        ["refund", key, amount] => DemoCommand::Refund {
            key: key.to_owned(),
            refund: RefundId::from_bytes([3; 16]),
            amount: usd(amount),
        },
        _ => panic!("unknown command `{text}`"),
    }
}

fn shown(charge: &DemoCharge) -> String {
    let state = match &charge.state {
        DemoState::Unasked => "unasked",
        DemoState::NeedsAction => "needs action",
        DemoState::Processing => "processing",
        DemoState::Authorised => "authorised",
        DemoState::Captured => "captured",
        DemoState::Declined { code } => code,
        DemoState::Voided => "voided",
    };
    let silent = if charge.silent { ", silent" } else { "" };
    let back = charge.refunded().expect("a sum");
    let back = if back.is_zero() { String::new() } else { format!(", {back} back") };
    format!("{state}{silent}{back}")
}

/// Runs `command => outcome` lines against empty books.
#[track_caller]
fn check(script: &str) -> DemoCharge {
    let mut charge = DemoCharge::default();
    for row in script.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (text, expected) = row.split_once("=>").expect("`command => outcome`");
        let outcome = match charge.decide(&command(text)) {
            Ok(events) => {
                for event in &events {
                    charge.apply(event, &Stamp::default());
                }
                assert_eq!(charge.check(), Ok(()), "after `{text}`");
                shown(&charge)
            }
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", text.trim());
    }
    charge
}

#[test]
fn one_key_is_one_charge() {
    let charge = check(
        "charge pm_card_visa       => captured
         charge pm_card_visa       => captured
         charge pm_card_mastercard => this key was used with other content
         set-aside pm_card_visa    => this key was used with other content",
    );
    assert_eq!(charge.captured, usd("20.00"));
    assert_eq!(charge_id("a"), charge_id("a"));
    assert_ne!(charge_id("a"), charge_id("b"));
}

#[test]
fn a_card_that_asks_waits_for_its_customer() {
    check(
        "charge pm_card_authenticationRequired => needs action
         look                                  => needs action
         confirm                               => captured
         fail                                  => captured",
    );
    check(
        "charge pm_card_threeDSecure2Required => needs action
         fail                                 => authentication_required
         confirm                              => authentication_required",
    );
    check(
        "charge pm_card_authenticationRequiredChargeDeclinedInsufficientFunds => needs action
         confirm => insufficient_funds",
    );
}

#[test]
fn a_lost_answer_is_found_by_asking_again() {
    let booked = check("charge pm_demo_unknown => captured, silent");
    assert_eq!(booked.captured, usd("20.00"));
    check("charge pm_demo_unknown => captured, silent\n charge pm_demo_unknown => captured");
    check("charge pm_demo_unknown => captured, silent\n look => captured");
    check(
        "charge pm_demo_unknown_declined => generic_decline, silent
         look                            => generic_decline",
    );
}

#[test]
fn a_charge_at_work_is_done_when_it_was_looked_at_twice() {
    check("charge pm_demo_processing => processing\n look => processing\n look => captured");
    check(
        "charge pm_demo_processing_declined => processing
         look                               => processing
         look                               => generic_decline",
    );
}

#[test]
fn what_is_set_aside_is_captured_or_given_up() {
    check(
        "set-aside pm_card_visa => authorised
         capture 20.01          => nothing is set aside that could be captured
         capture 15.00          => captured
         capture 15.00          => captured
         capture 20.00          => this key was used with other content
         void                   => captured",
    );
    check(
        "set-aside pm_card_visa => authorised
         void                   => voided
         capture 1.00           => nothing is set aside that could be captured",
    );
}

#[test]
fn a_charge_given_up_before_it_was_asked_for_takes_no_money() {
    let charge = check("void => voided\n charge pm_card_visa => voided\n look => voided");
    assert!(charge.captured.is_zero());
}

#[test]
fn no_more_goes_back_than_was_taken() {
    check(
        "refund r1 1.00      => there is no such charge
         charge pm_card_visa => captured
         refund r1 15.00     => captured, 15.00 back
         refund r1 15.00     => captured, 15.00 back
         refund r1 14.00     => this key was used with other content
         refund r2 5.01      => more than was captured cannot be refunded
         refund r2 0.00      => more than was captured cannot be refunded
         refund r2 5.00      => captured, 20.00 back",
    );
    check("charge pm_card_refundFail => captured\n refund r1 1.00 => captured");
}

#[test]
fn names_nobody_knows_are_refused() {
    check(
        "look               => there is no such charge
         confirm            => there is no such charge
         charge pm_card_foo => there is no such payment method
         charge 4242        => there is no such payment method
         charge pm_visa     => there is no such payment method",
    );
}

#[test]
fn every_published_number_has_a_token_that_is_known() {
    for (number, token) in cards::NUMBERS {
        let made = token_of_card(number, 12, 2034, "123", (2026, 1)).expect("a test card");
        assert_eq!(made, *token);
        assert!(behaviour_of(&made).is_some(), "{made}");
    }
}

#[test]
fn each_published_card_does_what_it_is_published_for() {
    let behaviour = |number| {
        let token = token_of_card(number, 12, 34, "1234", (2026, 1)).expect("a test card");
        behaviour_of(&token).expect("a known token")
    };
    for pays in [
        "4242424242424242",
        "4000056655665556",
        "5555555555554444",
        "2223003122003222",
        "5200828282828210",
        "378282246310005",
        "6011111111111117",
        "3566002020360505",
        "4000000000000259",
    ] {
        assert_eq!(behaviour(pays), Behaviour::Pays, "{pays}");
    }
    for asks in ["4000002760003184", "4000002500003155"] {
        assert_eq!(behaviour(asks), Behaviour::Asks, "{asks}");
    }
    for (declines, code) in [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "lost_card"),
        ("4000000000009979", "stolen_card"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
        ("4242424242424241", "incorrect_number"),
    ] {
        assert_eq!(behaviour(declines), Behaviour::Declines(code), "{declines}");
    }
}

#[test]
fn names_of_both_kinds_mean_the_same_card() {
    for name in ["visa", "chargeDeclined", "authenticationRequired"] {
        let known = behaviour_of(&format!("pm_card_{name}"));
        assert!(known.is_some());
        assert_eq!(behaviour_of(&format!("tok_{name}")), known);
        assert_eq!(behaviour_of(&format!("tok_demo_{name}")), known);
    }
}

#[test]
fn a_card_past_its_month_has_expired() {
    let token = |month, year| {
        token_of_card("4242424242424242", month, year, "123", (2026, 6)).expect("a test card")
    };
    assert_eq!(token(6, 2026), "pm_card_visa");
    assert_eq!(token(6, 26), "pm_card_visa");
    assert_eq!(token(5, 2026), "pm_card_chargeDeclinedExpiredCard");
    assert_eq!(token(12, 2025), "pm_card_chargeDeclinedExpiredCard");
    assert_eq!(token(13, 2030), "pm_card_chargeDeclinedExpiredCard");
}

#[test]
fn a_code_that_is_not_three_or_four_digits_is_wrong() {
    for (cvc, token) in [
        ("123", "pm_card_visa"),
        ("1234", "pm_card_visa"),
        ("12", "pm_card_chargeDeclinedIncorrectCvc"),
        ("", "pm_card_chargeDeclinedIncorrectCvc"),
        ("12a", "pm_card_chargeDeclinedIncorrectCvc"),
    ] {
        let made = token_of_card("4242 4242-4242 4242", 1, 2030, cvc, (2026, 6));
        assert_eq!(made.as_deref(), Ok(token), "{cvc}");
    }
}

#[test]
fn any_other_number_is_refused_and_not_repeated() {
    for number in ["4111111111111111", "", "4242", "4242424242424242 OR 1=1", &"4".repeat(500)] {
        let refusal = token_of_card(number, 12, 2034, "123", (2026, 1)).expect_err("a refusal");
        assert_eq!(refusal.code(), "card_data_not_accepted");
        assert!(!refusal.to_string().contains("41"));
    }
}

#[test]
fn every_way_to_be_declined_has_words_for_a_shopper() {
    assert_eq!(cards::words_for("insufficient_funds"), "your card has insufficient funds");
    assert_eq!(cards::words_for("anything else"), "your card was declined");
}

#[test]
fn books_are_read_back_as_they_were_written() {
    let charge = check("charge pm_card_visa => captured\n refund r1 1.00 => captured, 1.00 back");
    let bytes = bincode::serialize(&charge).expect("bytes");
    assert_eq!(bincode::deserialize::<DemoCharge>(&bytes).expect("a charge"), charge);
}

const COMMANDS: &[&str] = &[
    "charge pm_card_visa",
    "charge pm_demo_unknown",
    "charge pm_demo_processing",
    "charge pm_card_authenticationRequired",
    "set-aside pm_card_visa",
    "look",
    "confirm",
    "fail",
    "capture 20.00",
    "capture 12.00",
    "void",
    "refund r1 5.00",
    "refund r2 15.00",
    "refund r3 20.00",
];

proptest! {
    #[test]
    fn no_history_gives_back_more_than_was_taken(
        steps in prop::collection::vec(prop::sample::select(COMMANDS), 0..40),
    ) {
        let mut charge = DemoCharge::default();
        let mut captures = 0;
        for text in steps {
            for event in charge.decide(&command(text)).unwrap_or_default() {
                let before = charge.captured.is_zero();
                charge.apply(&event, &Stamp::default());
                captures += usize::from(before && !charge.captured.is_zero());
            }
            prop_assert_eq!(charge.check(), Ok(()), "after `{}`", text);
            prop_assert!(captures <= 1);
        }
    }
}
