//! Scripts about couriers: each line asks a rule and says what it came to.

use super::*;

/// Runs a script of `command => outcome` lines for a courier nobody has taken on yet.
#[track_caller]
fn check(script: &str) {
    let mut courier = Courier::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        let number = |word: &str| word.parse().expect("a number");
        let decided = match words[..] {
            ["open", name, from] => courier.open(name, number(from)),
            ["record", through, delivered] => {
                let delivered = u32::try_from(number(delivered)).expect("few");
                courier.record(number(through), delivered, 0)
            }
            ["pause"] => courier.pause(),
            ["resume"] => courier.resume(),
            ["close"] => courier.close(),
            _ => panic!("unknown command `{command}`"),
        };
        let outcome = match decided {
            Ok(events) => {
                events.iter().for_each(|event| courier.apply(event, &Stamp::default()));
                let goes = if courier.may_go() { "goes" } else { "stays" };
                format!("{goes} at {}, {} made", courier.cursor, courier.delivered)
            }
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
    }
}

#[test]
fn a_courier_begins_where_it_was_taken_on_and_never_goes_back() {
    check(
        "record 1 1      => there is no such courier
         open mail 7     => goes at 7, 0 made
         open mail 9     => goes at 7, 0 made
         open post 7     => this courier has another name
         record 9 2      => goes at 9, 2 made
         record 8 1      => goes at 9, 3 made
         record 9 0      => goes at 9, 3 made",
    );
}

#[test]
fn a_courier_rests_until_it_is_resumed_and_a_closed_one_for_ever() {
    check(
        "pause           => there is no such courier
         open mail 0     => goes at 0, 0 made
         pause           => stays at 0, 0 made
         pause           => stays at 0, 0 made
         record 3 1      => stays at 3, 1 made
         resume          => goes at 3, 1 made
         close           => stays at 3, 1 made
         close           => stays at 3, 1 made
         resume          => this courier has been closed
         open mail 0     => this courier has been closed",
    );
}
