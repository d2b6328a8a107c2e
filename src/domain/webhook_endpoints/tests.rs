//! Webhook endpoints, as scripts of what staff asks and receivers answer.

use super::*;
use crate::domain::time::Who;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn at(millis: i64) -> Stamp {
    Stamp { at: Timestamp::from_millis(millis), who: Who::Shop }
}

fn terms(url: &str) -> EndpointTerms {
    let types = BTreeSet::from(["order.*".to_owned()]);
    EndpointTerms { url: url.to_owned(), types, description: None }
}

/// Runs a script of `day command => outcome` lines against an endpoint that is not there yet.
#[track_caller]
fn check(script: &str) {
    let mut endpoint = WebhookEndpoint::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        let now = at(words[0].parse::<i64>().expect("a day") * DAY);
        let decided = match words[1..] {
            ["add", url] => endpoint.add(terms(url), 0),
            ["add-as-one-too-many", url] => endpoint.add(terms(url), ENDPOINTS_MAX),
            ["move", url] => {
                endpoint.edit(EndpointEdit { url: Some(url.to_owned()), ..Default::default() })
            }
            ["tell-nothing"] => {
                endpoint.edit(EndpointEdit { types: Some(BTreeSet::new()), ..Default::default() })
            }
            ["enable"] => {
                endpoint.edit(EndpointEdit { is_active: Some(true), ..Default::default() })
            }
            ["disable"] => {
                endpoint.edit(EndpointEdit { is_active: Some(false), ..Default::default() })
            }
            ["gone"] => endpoint.disable(Disabling::Gone),
            ["taken"] => Ok(endpoint.note(true, now.at)),
            ["fails"] => Ok(endpoint.note(false, now.at)),
            ["rotate"] => endpoint.rotate(now.at),
            ["replay", from, until] => {
                endpoint.replay(from.parse().expect("a from"), until.parse().expect("an until"))
            }
            ["end-replay", number] => Ok(endpoint.end_replay(number.parse().expect("a number"))),
            ["remove"] => endpoint.remove(),
            _ => panic!("unknown command `{command}`"),
        };
        let outcome = match decided {
            Ok(events) => {
                events.iter().for_each(|event| endpoint.apply(event, &now));
                let generations = endpoint.generations(now.at);
                let stands = match endpoint.disabled {
                    _ if endpoint.live().is_none() => "gone",
                    Some((why, _)) => why.name(),
                    None if endpoint.failing_since.is_some() => "failing for now",
                    None => "told",
                };
                format!("{} new, {stands}, signed by {generations:?}", events.len())
            }
            Err(refusal) => refusal.code().to_owned(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
    }
}

#[test]
fn an_endpoint_is_added_once_changed_and_removed() {
    check(
        "0 move https://a          => unknown_webhook_endpoint
         0 rotate                  => unknown_webhook_endpoint
         0 remove                  => unknown_webhook_endpoint
         0 add-as-one-too-many a   => too_many_webhook_endpoints
         0 add https://a           => 1 new, told, signed by [1]
         0 add https://a           => 0 new, told, signed by [1]
         0 add https://b           => webhook_endpoint_exists
         1 move https://b          => 1 new, told, signed by [1]
         1 move https://b          => 0 new, told, signed by [1]
         1 tell-nothing            => no_types
         2 remove                  => 1 new, gone, signed by [1]
         2 remove                  => 0 new, gone, signed by [1]
         2 move https://c          => unknown_webhook_endpoint
         2 add https://b           => webhook_endpoint_exists",
    );
}

#[test]
fn a_new_secret_counts_beside_the_one_before_for_a_day() {
    check(
        "0 add https://a   => 1 new, told, signed by [1]
         5 rotate          => 1 new, told, signed by [2, 1]
         6 taken           => 0 new, told, signed by [2]
         6 rotate          => 1 new, told, signed by [3, 2]",
    );
}

#[test]
fn who_takes_nothing_for_three_days_is_told_no_more_until_staff_says_so() {
    check(
        "0 add https://a   => 1 new, told, signed by [1]
         1 fails           => 1 new, failing for now, signed by [1]
         3 fails           => 0 new, failing for now, signed by [1]
         3 taken           => 1 new, told, signed by [1]
         3 taken           => 0 new, told, signed by [1]
         4 fails           => 1 new, failing for now, signed by [1]
         7 fails           => 1 new, failing, signed by [1]
         8 fails           => 0 new, failing, signed by [1]
         8 enable          => 1 new, told, signed by [1]
         9 fails           => 1 new, failing for now, signed by [1]
         9 gone            => 1 new, gone, signed by [1]
         9 gone            => 0 new, gone, signed by [1]
         9 disable         => 0 new, gone, signed by [1]
         9 enable          => 1 new, told, signed by [1]
         9 disable         => 1 new, staff, signed by [1]",
    );
}

#[test]
fn old_events_are_sent_again_twice_at_once_at_most() {
    check(
        "0 replay 1 9      => unknown_webhook_endpoint
         0 add https://a   => 1 new, told, signed by [1]
         0 replay 0 9      => nothing_to_replay
         0 replay 10 9     => nothing_to_replay
         0 replay 1 9      => 1 new, told, signed by [1]
         0 replay 9 9      => 1 new, told, signed by [1]
         0 replay 1 9      => replay_under_way
         1 end-replay 1    => 1 new, told, signed by [1]
         1 end-replay 1    => 0 new, told, signed by [1]
         1 replay 1 9      => 1 new, told, signed by [1]",
    );
}
