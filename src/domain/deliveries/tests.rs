//! Scripts about deliveries: each line asks a rule and says what it came to.

use super::*;

/// Runs a script of `command => outcome` lines for a delivery nobody has noted yet.
#[track_caller]
fn check(script: &str) {
    let mut delivery = Delivery::default();
    let mut at = Timestamp::from_millis(1000);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        at = at.plus_millis(1);
        let note = Note { what: "letter".into(), frame: 3, ..Note::default() };
        let decided = match words[..] {
            ["made"] => delivery.record(&note, Attempt::Made),
            ["made", what] => delivery.record(&Note { what: what.into(), ..note }, Attempt::Made),
            ["failed", due] => {
                let due = Timestamp::from_millis(due.parse().expect("a moment"));
                delivery.record(&note, Attempt::Failed { due, error: "busy".into() })
            }
            ["given-up"] => delivery.record(&note, Attempt::GivenUp { error: "unknown".into() }),
            ["ask-again"] => delivery.ask_again(),
            ["forget", before] => Ok(delivery.forget(
                &Courier::default(),
                Timestamp::from_millis(before.parse().expect("a moment")),
            )),
            _ => panic!("unknown command `{command}`"),
        };
        let outcome = match decided {
            Ok(events) => {
                let stamp = Stamp { at, ..Stamp::default() };
                events.iter().for_each(|event| delivery.apply(event, &stamp));
                let state = match delivery.state {
                    DeliveryState::Unknown => "unknown".to_owned(),
                    DeliveryState::Waiting { due } => format!("due at {}", due.millis()),
                    DeliveryState::Delivered => "delivered".to_owned(),
                    DeliveryState::GivenUp => "given up".to_owned(),
                };
                let gone = if delivery.is_gone() { ", gone" } else { "" };
                format!("{state} after {}{gone}", delivery.attempts)
            }
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
    }
}

#[test]
fn what_was_delivered_stays_delivered() {
    check(
        "made            => delivered after 1
         made            => delivered after 1
         failed 9        => delivered after 1
         made parcel     => this delivery was noted with other content",
    );
}

#[test]
fn what_fails_is_tried_again_until_it_is_given_up() {
    check(
        "failed 2000     => due at 2000 after 1
         failed 4000     => due at 4000 after 2
         given-up        => given up after 3
         made            => given up after 3",
    );
}

#[test]
fn staff_has_anything_made_again_that_was_noted() {
    check(
        "ask-again       => there is no such delivery
         given-up        => given up after 1
         ask-again       => due at 1003 after 0
         made            => delivered after 1
         ask-again       => due at 1005 after 0
         failed 2000     => due at 2000 after 1
         ask-again       => due at 1007 after 0",
    );
}

#[test]
fn only_what_has_ended_is_forgotten_and_not_before_its_time() {
    check(
        "failed 2000     => due at 2000 after 1
         forget 9999     => due at 2000 after 1
         made            => delivered after 2
         forget 1003     => delivered after 2
         forget 1004     => delivered after 2, gone",
    );
}

#[test]
fn a_neighbours_words_are_cut() {
    let error = "é".repeat(1000);
    let events = Delivery::default().record(&Note::default(), Attempt::GivenUp { error });
    let Ok([_, DeliveryEvent::DeliveryGivenUp { error }]) = events.as_deref() else {
        panic!("a note and an end, not {events:?}");
    };
    assert_eq!(error.chars().count(), ERROR_CHARS_MAX);
}
