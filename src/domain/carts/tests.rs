//! Carts as scripts, and random histories against a basket of single units.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::ids::Identity;

/// A cart in front of a shelf with ten of everything.
#[derive(Default)]
struct Shopper {
    cart: Cart,
    history: Vec<(CartEvent, Stamp)>,
}

impl Shopper {
    fn decide(&mut self, words: &[&str]) -> Result<(), CartRefusal> {
        let cart = &self.cart;
        let events = match words {
            ["open", who] => cart.open(Some(id(who)))?,
            ["put", what, n] => cart.put(id(what), id(what), quantity(n), SHELF_UNITS)?,
            ["set", what, n] => cart.set(id(what), number(n), SHELF_UNITS)?,
            ["remove", what] => cart.remove(id(what))?,
            ["clear"] => cart.clear()?,
            ["claim", order] => cart.claim(id(order), cart.version_of_lines)?,
            ["claim", order, "at", version] => cart.claim(id(order), u64::from(number(version)))?,
            ["release", order] => cart.release(id(order))?,
            ["consume", order] => cart.consume(id(order))?,
            _ => panic!("unknown command `{words:?}`"),
        };
        for event in events {
            let at = Timestamp::from_millis(i64::try_from(self.history.len()).expect("few"));
            let stamp = Stamp { at, ..Stamp::default() };
            self.cart.apply(&event, &stamp);
            self.history.push((event, stamp));
        }
        assert_eq!(self.cart.check(), Ok(()));
        Ok(())
    }

    fn shown(&self) -> String {
        let lines = self.cart.lines.values();
        let shown: Vec<String> =
            lines.map(|line| format!("{} {}", line.quantity, name(line.variant))).collect();
        if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
    }
}

/// Runs a script of `command => outcome` lines against an empty cart.
#[track_caller]
fn check(script: &str) {
    let mut shopper = Shopper::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        let outcome = match shopper.decide(&words) {
            Ok(()) => shopper.shown(),
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(outcome, expected.trim(), "after `{}`", command.trim());
    }
}

fn id<I: Identity>(word: &str) -> I {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(word.bytes()).for_each(|(byte, letter)| *byte = letter);
    I::from_bytes(bytes)
}

fn name(variant: VariantId) -> String {
    String::from_utf8_lossy(&variant.bytes()).trim_end_matches('\0').to_owned()
}

fn number(word: &str) -> u32 {
    word.parse().expect("a number")
}

fn quantity(word: &str) -> Quantity {
    Quantity::new(number(word)).expect("at least one")
}

#[test]
fn what_is_put_in_adds_up_to_what_the_shelf_has() {
    check(
        "put tea 2      => 2 tea
         put tea 3      => 5 tea
         put tea 6      => only 10 left
         put milk 1     => 1 milk, 5 tea
         put tea 995    => at most 999 of one item fit in a cart",
    );
}

#[test]
fn a_line_is_set_and_zero_takes_it_out() {
    check(
        "set tea 1      => this is not in the cart
         set tea 0      => this is not in the cart
         put tea 2      => 2 tea
         set tea 11     => only 10 left
         set tea 7      => 7 tea
         set tea 7      => 7 tea
         set tea 0      => nothing
         remove tea     => nothing
         clear          => nothing",
    );
}

#[test]
fn a_cart_keeps_its_owner() {
    check(
        "open ada       => nothing
         open ada       => nothing
         open bob       => no such cart",
    );
}

#[test]
fn an_order_claims_the_cart_it_priced() {
    check(
        "claim o1       => the cart is empty
         put tea 2      => 2 tea
         put milk 1     => 1 milk, 2 tea
         claim o1 at 1  => the cart has changed meanwhile
         claim o1 at 2  => 1 milk, 2 tea
         claim o1 at 2  => 1 milk, 2 tea
         claim o1 at 3  => the cart has changed meanwhile
         claim o2       => another order is buying this cart",
    );
}

#[test]
fn what_an_order_claimed_leaves_the_cart_once_and_what_came_since_stays() {
    check(
        "put tea 2      => 2 tea
         put milk 1     => 1 milk, 2 tea
         consume o1     => this order is not buying this cart
         claim o1       => 1 milk, 2 tea
         put tea 3      => 1 milk, 5 tea
         put jam 1      => 1 jam, 1 milk, 5 tea
         consume o1     => 1 jam, 3 tea
         consume o1     => 1 jam, 3 tea
         claim o1       => 1 jam, 3 tea
         claim o2       => 1 jam, 3 tea
         consume o1     => 1 jam, 3 tea
         consume o2     => nothing",
    );
}

#[test]
fn what_was_taken_out_by_hand_during_checkout_does_not_leave_twice() {
    check(
        "put tea 2      => 2 tea
         claim o1       => 2 tea
         remove tea     => nothing
         put tea 3      => 3 tea
         consume o1     => 3 tea",
    );
}

#[test]
fn a_released_cart_is_as_it_was_and_free_for_another_order() {
    check(
        "put tea 2      => 2 tea
         claim o1 at 1  => 2 tea
         release o2     => 2 tea
         claim o2       => another order is buying this cart
         release o1     => 2 tea
         release o1     => 2 tea
         consume o1     => this order is not buying this cart
         claim o2 at 1  => 2 tea",
    );
}

#[test]
fn a_cart_has_room_for_two_hundred_lines() {
    let mut shopper = Shopper::default();
    for index in 0..LINES_MAX {
        shopper.decide(&["put", &format!("v{index}"), "1"]).expect("room");
    }
    assert_eq!(shopper.decide(&["put", "tea", "1"]), Err(CartRefusal::TooManyLines));
    shopper.decide(&["put", "v0", "1"]).expect("a line that is there grows");
}

#[test]
fn a_cart_remembers_its_last_eight_orders() {
    let mut shopper = Shopper::default();
    for order in 0..9 {
        let order = format!("o{order}");
        shopper.decide(&["put", "tea", "1"]).expect("a unit");
        shopper.decide(&["claim", &order]).expect("a free cart");
        shopper.decide(&["consume", &order]).expect("a claimed cart");
    }
    assert_eq!(shopper.cart.consumed_by.len(), CONSUMED_BY_MAX);
    assert_eq!(shopper.decide(&["consume", "o8"]), Ok(()));
    assert_eq!(shopper.decide(&["consume", "o0"]), Err(CartRefusal::NotClaimed));
}

/// A basket in which every single unit has a number: the newest is taken out first.
#[derive(Default)]
struct Basket {
    units: BTreeMap<String, Vec<u32>>,
    claimed: Option<(String, BTreeSet<u32>)>,
    bought: BTreeSet<String>,
    next: u32,
}

impl Basket {
    fn all(&self) -> BTreeSet<u32> {
        self.units.values().flatten().copied().collect()
    }

    fn does(&mut self, words: &[&str]) {
        match words {
            ["put", what, n] => {
                let line = self.units.entry((*what).to_owned()).or_default();
                for _ in 0..number(n) {
                    line.push(self.next);
                    self.next += 1;
                }
            }
            ["set", what, n] => {
                let (many, next) = (usize::try_from(number(n)).expect("few"), self.next);
                let line = self.units.entry((*what).to_owned()).or_default();
                line.truncate(many);
                let missing = u32::try_from(many - line.len()).expect("few");
                line.extend(next..next + missing);
                self.next += missing;
            }
            ["remove", what] => {
                self.units.remove(*what);
            }
            ["clear"] => self.units.clear(),
            ["claim", order] if !self.bought.contains(*order) && self.claimed.is_none() => {
                self.claimed = Some(((*order).to_owned(), self.all()));
            }
            ["release", order] => {
                self.claimed = self.claimed.take().filter(|(claimed, _)| claimed != order);
            }
            ["consume", order] if !self.bought.contains(*order) => {
                let (_, gone) = self.claimed.take().expect("a claim");
                self.units.values_mut().for_each(|line| line.retain(|unit| !gone.contains(unit)));
                self.bought.insert((*order).to_owned());
            }
            _ => {}
        }
        self.units.retain(|_, line| !line.is_empty());
    }
}

const VERBS: [&str; 7] = ["put", "set", "remove", "clear", "claim", "release", "consume"];

fn steps() -> impl Strategy<Value = Vec<(usize, u8, u32)>> {
    prop::collection::vec((0..VERBS.len(), 0..3_u8, 0..4_u32), 0..80)
}

fn command(verb: usize, what: u8, units: u32) -> Vec<String> {
    let verb = VERBS[verb];
    let rest = match verb {
        "put" => vec![format!("v{what}"), (units + 1).to_string()],
        "set" => vec![format!("v{what}"), units.to_string()],
        "remove" => vec![format!("v{what}")],
        "clear" => vec![],
        _ => vec![format!("o{what}")],
    };
    std::iter::once(verb.to_owned()).chain(rest).collect()
}

proptest! {
    #[test]
    fn any_history_of_a_cart_is_that_of_a_basket_of_single_units(steps in steps()) {
        let (mut shopper, mut basket) = (Shopper::default(), Basket::default());
        for (verb, what, units) in steps {
            let words = command(verb, what, units);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            if shopper.decide(&words).is_ok() {
                basket.does(&words);
            }
            let counted: BTreeMap<String, usize> =
                basket.units.iter().map(|(what, line)| (what.clone(), line.len())).collect();
            let shown: BTreeMap<String, usize> = shopper.cart.lines.values()
                .map(|line| (name(line.variant), usize::try_from(line.quantity).expect("few")))
                .collect();
            prop_assert_eq!(shown, counted, "after {:?}", words);
        }
    }

    #[test]
    fn the_same_events_give_the_same_cart(steps in steps()) {
        let mut shopper = Shopper::default();
        for (verb, what, units) in steps {
            let words = command(verb, what, units);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let _refusals_leave_no_events = shopper.decide(&words);
        }
        let mut again = Cart::default();
        for (event, stamp) in &shopper.history {
            let line = serde_json::to_string(event).expect("json");
            again.apply(&serde_json::from_str(&line).expect("an event"), stamp);
        }
        prop_assert_eq!(again, shopper.cart);
    }
}

const SHELF_UNITS: u32 = 10;
