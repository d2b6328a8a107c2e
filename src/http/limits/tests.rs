//! What the limits promise.

use super::*;
use crate::domain::{ids::Identity, time::Timestamp};

fn limits(clock: &Clock) -> Limits {
    let tight = Allowance { requests: 2, seconds: 10, burst: 2 };
    let settings = LimitSettings { allowances: vec![(Class::Writes, tight)], ..Default::default() };
    Limits::new(&settings, clock.clone())
}

fn clock() -> Clock {
    Clock::stopped_at(Timestamp::default())
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn who_asks_too_often_waits_and_may_then_go_on() {
    let clock = clock();
    let limits = limits(&clock);
    let spend = || limits.spend_address(Class::Writes, ip("192.0.2.1")).expect("a limit");
    let first = spend();
    assert_eq!(first.policy_header(), "\"writes\";q=2;w=10");
    assert_eq!(first.limit_header(), "\"writes\";r=1;t=5");
    assert_eq!(spend().limit_header(), "\"writes\";r=0;t=10");
    let refused = spend();
    assert_eq!(refused.wait_seconds, Some(5));
    assert_eq!(refused.limit_header(), "\"writes\";r=0;t=10");
    clock.advance(Duration::from_secs(5));
    assert_eq!(spend().wait_seconds, None);
    assert_eq!(spend().wait_seconds, Some(5));
}

#[test]
fn addresses_accounts_and_classes_have_purses_of_their_own() {
    let clock = clock();
    let limits = limits(&clock);
    for _ in 0..3 {
        limits.spend_address(Class::Writes, ip("192.0.2.1"));
    }
    let waits = |standing: Option<Standing>| standing.expect("a limit").wait_seconds.is_some();
    assert!(waits(limits.spend_address(Class::Writes, ip("192.0.2.1"))));
    assert!(!waits(limits.spend_address(Class::Writes, ip("192.0.2.2"))));
    assert!(!waits(limits.spend_address(Class::Reads, ip("192.0.2.1"))));
    assert!(!waits(limits.spend_account(Class::Writes, UserId::from_bytes([1; 16]))));
}

#[test]
fn a_household_of_ipv6_addresses_is_one_client() {
    let clock = clock();
    let limits = limits(&clock);
    for last in 1..=2 {
        limits.spend_address(Class::Writes, ip(&format!("2001:db8::{last}")));
    }
    let third = limits.spend_address(Class::Writes, ip("2001:db8::3")).expect("a limit");
    assert!(third.wait_seconds.is_some());
}

#[test]
fn who_has_rested_is_forgotten() {
    let clock = clock();
    let limits = limits(&clock);
    limits.spend_address(Class::Writes, ip("192.0.2.1"));
    let known = || limits.of(Class::Writes).map(|writes| writes.addresses.len());
    assert_eq!(known(), Some(1));
    clock.advance(Duration::from_secs(60));
    limits.sweep();
    assert_eq!(known(), Some(0));
}

#[test]
fn nothing_is_limited_when_limits_are_off_and_nothing_that_is_free() {
    let off = LimitSettings { enabled: false, ..Default::default() };
    let off = Limits::new(&off, clock());
    assert!(off.spend_address(Class::Credentials, ip("192.0.2.1")).is_none());
    assert!(limits(&clock()).spend_address(Class::Free, ip("192.0.2.1")).is_none());
}

#[test]
fn an_ipv4_client_is_known_by_its_address_on_a_listener_of_both_kinds() {
    let clock = clock();
    let limits = limits(&clock);
    for _ in 0..3 {
        limits.spend_address(Class::Writes, ip("::ffff:192.0.2.1"));
    }
    let waits = |address| limits.spend_address(Class::Writes, ip(address)).expect("a limit");
    assert!(waits("192.0.2.1").wait_seconds.is_some());
    assert_eq!(waits("::ffff:192.0.2.2").wait_seconds, None, "somebody else");
}
