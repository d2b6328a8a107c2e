//! Stock as scripts, and random histories of one ledger with its holds against a small model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{
    aggregate::Aggregate,
    ids::{Identity, ProductId},
    time::Stamp,
};

/// One ledger with its holds, as the owner keeps them.
#[derive(Default)]
struct Shelf {
    ledger: Ledger,
    holds: BTreeMap<HoldId, Hold>,
    history: Vec<(LedgerEvent, Stamp)>,
    moves: Vec<(HoldId, HoldEvent, Stamp)>,
    millis: i64,
}

impl Shelf {
    fn holding(units: u32) -> Shelf {
        let mut shelf = Shelf::default();
        let opened = shelf.ledger.open(id("tea"), id("tea"), "TEA", units).expect("a ledger");
        shelf.take(opened, vec![]);
        shelf
    }

    fn hold(&self, of: HoldId) -> Hold {
        self.holds.get(&of).cloned().unwrap_or_default()
    }

    /// Manual holds, the oldest first.
    fn manual(&self) -> Vec<(HoldId, Hold)> {
        let mut holds: Vec<(HoldId, Hold)> =
            self.holds.iter().map(|(id, hold)| (*id, hold.clone())).collect();
        holds.sort_by_key(|(id, hold)| (hold.held_at, *id));
        holds
    }

    fn take(&mut self, of_ledger: Vec<LedgerEvent>, of_holds: Vec<(HoldId, Vec<HoldEvent>)>) {
        self.millis += 1;
        let stamp = Stamp { at: Timestamp::from_millis(self.millis), ..Stamp::default() };
        for event in of_ledger {
            self.ledger.apply(&event, &stamp);
            let moved = Movement::of(&event, &stamp).map(|row| (row.on_hand, row.reserved));
            let balance = (self.ledger.on_hand, self.ledger.reserved);
            assert_eq!(moved.unwrap_or(balance), balance, "a row shows the balance after it");
            self.history.push((event, stamp));
        }
        for (id, events) in of_holds {
            for event in events {
                self.holds.entry(id).or_default().apply(&event, &stamp);
                self.moves.push((id, event, stamp));
            }
        }
        assert_eq!(self.ledger.check(), Ok(()));
        assert!(self.holds.values().all(|hold| hold.check() == Ok(())));
    }

    fn decide(&mut self, words: &[&str]) -> Result<(), StockRefusal> {
        let alone = |events| (events, vec![]);
        let (ledger, first) = (&self.ledger, id::<HoldId>(words.get(1).unwrap_or(&"")));
        let hold = self.hold(first);
        let paired = |(ledger, hold)| (ledger, vec![(first, hold)]);
        let order = OrderId::from_bytes(first.bytes());
        let (of_ledger, of_holds) = match words {
            ["open", n] => alone(ledger.open(id("tea"), id("tea"), "TEA", number(n))?),
            ["open", "as", sku] => alone(ledger.open(id("tea"), id("tea"), sku, 1)?),
            ["start", n] => alone(ledger.set_starting_stock(number(n))?),
            ["receive", n] => alone(ledger.receive(quantity(n), None)?),
            ["withdraw", n] => alone(ledger.withdraw(quantity(n), Some("broken".into()))?),
            ["count", n] => alone(ledger.count(number(n), None)?),
            ["pause"] => alone(ledger.configure(Some(false), None)?),
            ["resume"] => alone(ledger.configure(Some(true), None)?),
            ["close"] => alone(ledger.close()?),
            ["hold", _, n] => {
                paired(reserve(ledger, first, &hold, quantity(n), HoldFor::manual(None), None)?)
            }
            ["reserve", _, n] => {
                let held_for = HoldFor::Order(order);
                paired(reserve(ledger, first, &hold, quantity(n), held_for, None)?)
            }
            ["commit", _] => paired(commit(ledger, first, &hold)?),
            ["release", _] => paired(release(ledger, first, &hold, order)?),
            ["restock", _, n] => paired(restock(ledger, first, &hold, quantity(n))?),
            ["unhold", n] => release_manual(ledger, &self.manual(), quantity(n))?,
            ["extend", _, n] => {
                let until = Timestamp::from_millis(i64::from(number(n)));
                (vec![], vec![(first, hold.extend(Some(until))?)])
            }
            ["forget", _] => (vec![], vec![(first, hold.forget()?)]),
            _ => panic!("unknown command `{words:?}`"),
        };
        self.take(of_ledger, of_holds);
        Ok(())
    }
}

/// Runs a script of `command => outcome` lines against an empty shop.
#[track_caller]
fn check(script: &str) {
    let mut shelf = Shelf::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once("=>").expect("`command => outcome`");
        let words: Vec<&str> = command.split_whitespace().collect();
        let outcome = match shelf.decide(&words) {
            Ok(()) => format!("{} of {} left", shelf.ledger.available(), shelf.ledger.on_hand),
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

fn number(word: &str) -> u32 {
    word.parse().expect("a number")
}

fn quantity(word: &str) -> Quantity {
    Quantity::new(number(word)).expect("at least one")
}

#[test]
fn the_last_unit_is_sold_once() {
    check(
        "open 1         => 1 of 1 left
         reserve ada 1  => 0 of 1 left
         reserve bob 1  => only 0 left
         commit ada     => 0 of 0 left
         reserve bob 1  => only 0 left",
    );
}

#[test]
fn asking_again_for_the_same_reservation_changes_nothing() {
    check(
        "open 5         => 5 of 5 left
         reserve ada 2  => 3 of 5 left
         reserve ada 2  => 3 of 5 left
         reserve ada 1  => this reservation exists already with other content
         hold ada 2     => this reservation exists already with other content
         commit ada     => 3 of 3 left
         commit ada     => 3 of 3 left
         reserve ada 2  => 3 of 3 left",
    );
}

#[test]
fn an_ended_reservation_does_not_begin_again() {
    check(
        "open 5         => 5 of 5 left
         reserve ada 2  => 3 of 5 left
         release ada    => 5 of 5 left
         release ada    => 5 of 5 left
         reserve ada 2  => this reservation has ended
         commit ada     => this reservation has ended
         restock ada 1  => this reservation has ended",
    );
}

#[test]
fn a_reservation_that_comes_after_its_release_is_refused() {
    check(
        "open 5         => 5 of 5 left
         release ada    => 5 of 5 left
         reserve ada 2  => this reservation has ended",
    );
}

#[test]
fn what_was_not_reserved_is_not_sold() {
    check(
        "open 5         => 5 of 5 left
         commit ada     => nothing is reserved",
    );
}

#[test]
fn sold_units_come_back_at_most_once() {
    check(
        "open 5         => 5 of 5 left
         restock ada 1  => only 0 were sold
         reserve ada 3  => 2 of 5 left
         restock ada 1  => only 0 were sold
         commit ada     => 2 of 2 left
         restock ada 1  => 3 of 3 left
         restock ada 1  => 3 of 3 left
         release ada    => this reservation has ended
         restock ada 4  => only 3 were sold
         restock ada 3  => 5 of 5 left
         restock ada 3  => 5 of 5 left
         commit ada     => 5 of 5 left
         reserve ada 3  => this reservation has ended",
    );
}

#[test]
fn what_is_promised_stays_on_the_shelf() {
    check(
        "open 5         => 5 of 5 left
         reserve ada 3  => 2 of 5 left
         withdraw 3     => only 2 left
         withdraw 2     => 0 of 3 left
         count 2        => 3 are reserved
         count 3        => 0 of 3 left
         count 9        => 6 of 9 left
         receive 1      => 7 of 10 left",
    );
}

#[test]
fn the_starting_quantity_is_set_once_also_over_the_one_that_came_with_the_product() {
    check(
        "start 7        => no stock is kept of this
         open 5         => 5 of 5 left
         reserve ada 2  => 3 of 5 left
         start 1        => 2 are reserved
         start 5        => 3 of 5 left
         start 5        => the inventory of this product already exists",
    );
}

#[test]
fn a_release_by_hand_takes_the_oldest_manual_holds_and_never_an_orders() {
    check(
        "open 9         => 9 of 9 left
         unhold 1       => nothing is reserved
         reserve ada 2  => 7 of 9 left
         hold zoe 3     => 4 of 9 left
         hold bob 2     => 2 of 9 left
         unhold 6       => only 5 are reserved by hand
         unhold 4       => 6 of 9 left
         release zoe    => 6 of 9 left
         release bob    => this reservation exists already with other content
         unhold 2       => only 1 are reserved by hand
         unhold 1       => 7 of 9 left
         commit ada     => 7 of 7 left",
    );
}

#[test]
fn a_paused_item_is_not_reserved_but_promises_are_kept() {
    check(
        "open 5         => 5 of 5 left
         reserve ada 2  => 3 of 5 left
         pause          => 3 of 5 left
         reserve bob 1  => this item is not for sale now
         commit ada     => 3 of 3 left
         resume         => 3 of 3 left
         reserve bob 1  => 2 of 3 left",
    );
}

#[test]
fn a_closed_ledger_sells_what_it_promised_and_nothing_more() {
    check(
        "open 5         => 5 of 5 left
         reserve ada 2  => 3 of 5 left
         close          => 0 of 5 left
         close          => 0 of 5 left
         reserve bob 1  => no stock is kept of this
         receive 1      => no stock is kept of this
         commit ada     => 0 of 3 left
         restock ada 1  => 0 of 4 left",
    );
}

#[test]
fn opening_twice_is_opening_once() {
    check(
        "receive 1      => no stock is kept of this
         open 5         => 5 of 5 left
         receive 1      => 6 of 6 left
         open 5         => 6 of 6 left
         open as COFFEE => stock of something else is kept under this id",
    );
}

#[test]
fn a_ledger_holds_at_most_a_million() {
    check(
        "open 1000001   => that is more stock than fits
         open 1000000   => 1000000 of 1000000 left
         receive 1      => that is more stock than fits
         count 1000001  => that is more stock than fits
         withdraw 1     => 999999 of 999999 left
         receive 1      => 1000000 of 1000000 left",
    );
}

#[test]
fn a_hold_is_extended_while_it_lasts_and_forgotten_after_its_end() {
    check(
        "open 5         => 5 of 5 left
         extend ada 9   => nothing is reserved
         reserve ada 2  => 3 of 5 left
         extend ada 9   => 3 of 5 left
         forget ada     => 2 are reserved
         release ada    => 5 of 5 left
         extend ada 9   => this reservation has ended
         forget ada     => 5 of 5 left",
    );
}

#[test]
fn stock_is_low_at_its_threshold() {
    let mut shelf = Shelf::holding(LOW_STOCK_THRESHOLD_UNITS + 1);
    assert!(!shelf.ledger.is_low());
    shelf.decide(&["reserve", "ada", "1"]).expect("a unit");
    assert!(shelf.ledger.is_low());
    let lowered = shelf.ledger.configure(None, Some(4)).expect("a threshold");
    shelf.take(lowered, vec![]);
    assert!(!shelf.ledger.is_low());
}

#[test]
fn a_sku_follows_the_shop_until_it_has_a_threshold_of_its_own() {
    let mut shelf = Shelf::holding(9);
    let follow = |shelf: &mut Shelf, units: u32| {
        let events = shelf.ledger.follow_threshold(units);
        let (is_news, edits) = (!events.is_empty(), shelf.ledger.edits);
        shelf.take(events, vec![]);
        assert_eq!(shelf.ledger.edits, edits, "who edits it is not disturbed");
        is_news
    };
    assert!(!follow(&mut shelf, LOW_STOCK_THRESHOLD_UNITS), "it is so already");
    assert!(follow(&mut shelf, 10) && shelf.ledger.is_low());
    let paused = shelf.ledger.configure(Some(false), None).expect("a switch");
    shelf.take(paused, vec![]);
    assert!(follow(&mut shelf, 7), "a switch is no threshold");
    let own = shelf.ledger.configure(Some(true), Some(2)).expect("a threshold");
    shelf.take(own, vec![]);
    assert!(!follow(&mut shelf, 30), "what staff said of it stays");
    assert_eq!(shelf.ledger.low_stock_threshold, 2);
    assert!(Ledger::default().follow_threshold(30).is_empty(), "no ledger, no threshold");
}

#[test]
fn every_movement_leaves_a_row_with_its_change_and_the_balance_after_it() {
    let mut shelf = Shelf::default();
    let script = "open 5, receive 2, withdraw 1, count 8, reserve ada 3, commit ada, \
                  restock ada 1, hold bob 2, unhold 1, start 4, pause, close";
    for command in script.split(", ") {
        shelf.decide(&command.split_whitespace().collect::<Vec<_>>()).expect(command);
    }
    let rows = shelf.history.iter().filter_map(|(event, stamp)| Movement::of(event, stamp));
    let shown: Vec<String> = rows
        .map(|row| {
            format!("{} {:+} → {}/{}", row.kind.name(), row.units, row.on_hand, row.reserved)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    opened +5 → 5/0
    received +2 → 7/0
    withdrawn -1 → 6/0
    counted +2 → 8/0
    reserved +3 → 8/3
    sold -3 → 5/0
    returned +1 → 6/0
    reserved +2 → 6/2
    released -1 → 6/1
    counted -2 → 4/1
    ");
}

#[test]
fn an_event_of_stock_reads_in_the_journal_as_what_happened() {
    let (events, _) = reserve(
        &Shelf::holding(3).ledger,
        HoldId::default(),
        &Hold::default(),
        quantity("2"),
        HoldFor::manual(Some("fair")),
        None,
    )
    .expect("two of three");
    let written = serde_json::to_value(&events).expect("json");
    let expected = serde_json::json!([{"stock_reserved": {
        "hold": "00000000-0000-0000-0000-000000000000",
        "quantity": 2,
        "held_for": {"manual": {"reference": "fair"}},
        "expires_at": null,
        "after": {"on_hand": 3, "reserved": 2},
    }}]);
    assert_eq!(written, expected);
}

/// What a hold is in the model: how many units, how far it came, how many came back.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Promise {
    units: u32,
    state: HoldState,
    back: u32,
    manual: bool,
}

/// A shop assistant with a pencil: what is on the shelf, and who was promised what.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pencil {
    on_hand: u32,
    promises: BTreeMap<u8, Promise>,
}

impl Pencil {
    fn reserved(&self) -> u32 {
        let held = self.promises.values().filter(|promise| promise.state == HoldState::Held);
        held.map(|promise| promise.units).sum()
    }

    /// What the assistant would do; `None` when they would say no.
    fn does(mut self, verb: &str, who: u8, units: u32) -> Option<Pencil> {
        let free = self.on_hand - self.reserved();
        let known = self.promises.get(&who).copied();
        let state = known.map_or(HoldState::Unplaced, |promise| promise.state);
        match verb {
            "receive" => self.on_hand += units,
            "withdraw" if units <= free => self.on_hand -= units,
            "count" if units >= self.reserved() => self.on_hand = units,
            "reserve" | "hold" => {
                let manual = verb == "hold";
                match known {
                    None if units <= free => {
                        let state = HoldState::Held;
                        self.promises.insert(who, Promise { units, state, back: 0, manual });
                    }
                    Some(same) if (same.units, same.manual) == (units, manual) => {
                        let live = matches!(state, HoldState::Held | HoldState::Committed);
                        return live.then_some(self);
                    }
                    _ => return None,
                }
            }
            "commit" => match state {
                HoldState::Held => {
                    let promise = self.promises.get_mut(&who)?;
                    promise.state = HoldState::Committed;
                    self.on_hand -= promise.units;
                }
                HoldState::Committed | HoldState::Returned => {}
                HoldState::Unplaced | HoldState::Released => return None,
            },
            "release" => match known {
                None => {
                    let state = HoldState::Released;
                    self.promises.insert(who, Promise { units: 0, state, back: 0, manual: false });
                }
                Some(promise) if promise.state == HoldState::Held && !promise.manual => {
                    self.promises.get_mut(&who)?.state = HoldState::Released;
                }
                Some(promise) if promise.state == HoldState::Released => {}
                Some(_) => return None,
            },
            "restock" => {
                let promise = self.promises.get_mut(&who)?;
                let sold = matches!(promise.state, HoldState::Committed | HoldState::Returned);
                if !sold || units > promise.units {
                    return None;
                }
                self.on_hand += units.saturating_sub(promise.back);
                promise.back = promise.back.max(units);
                if promise.back == promise.units {
                    promise.state = HoldState::Returned;
                }
            }
            _ => return None,
        }
        Some(self)
    }
}

const VERBS: [&str; 8] =
    ["receive", "withdraw", "count", "reserve", "hold", "commit", "release", "restock"];

proptest! {
    #[test]
    fn any_history_of_a_shelf_is_what_an_assistant_with_a_pencil_would_write(
        steps in prop::collection::vec((0..VERBS.len(), 0..6_u8, 1..9_u32), 0..120),
    ) {
        let (mut shelf, mut pencil) = (Shelf::holding(0), Pencil::default());
        for (verb, who, units) in steps {
            let verb = VERBS[verb];
            let (name, many) = (format!("h{who}"), units.to_string());
            let words: Vec<&str> = match verb {
                "receive" | "withdraw" | "count" => vec![verb, &many],
                "commit" | "release" => vec![verb, &name],
                _ => vec![verb, &name, &many],
            };
            let decided = shelf.decide(&words);
            let expected = pencil.clone().does(verb, who, units);
            prop_assert_eq!(decided.is_ok(), expected.is_some(), "{:?}: {:?}", words, decided);
            pencil = expected.unwrap_or(pencil);
            prop_assert_eq!(shelf.ledger.on_hand, pencil.on_hand);
            prop_assert_eq!(shelf.ledger.reserved, pencil.reserved());
        }
    }

    #[test]
    fn a_release_by_hand_gives_back_exactly_what_was_asked_from_the_oldest_on(
        held in prop::collection::vec(1..9_u32, 1..8),
        asked in 1..40_u32,
    ) {
        let mut shelf = Shelf::holding(100);
        for (index, units) in held.iter().enumerate() {
            let name = format!("h{index}");
            shelf.decide(&["hold", &name, &units.to_string()]).expect("enough");
        }
        shelf.decide(&["reserve", "ada", "10"]).expect("enough");
        let total: u32 = held.iter().sum();
        let decided = shelf.decide(&["unhold", &asked.to_string()]);
        prop_assert_eq!(decided.is_ok(), asked <= total);
        let given_back = if asked <= total { asked } else { 0 };
        prop_assert_eq!(shelf.ledger.reserved, total - given_back + 10);
        let (mut left, mut kept) = (given_back, vec![]);
        for units in held {
            let part = left.min(units);
            left -= part;
            kept.push(units - part);
        }
        let still: Vec<u32> = (0..kept.len())
            .map(|index| shelf.hold(id(&format!("h{index}"))).quantity)
            .collect();
        prop_assert_eq!(still, kept);
    }

    #[test]
    fn the_same_events_give_the_same_shelf(
        steps in prop::collection::vec((0..VERBS.len(), 0..6_u8, 1..9_u32), 0..80),
    ) {
        let mut shelf = Shelf::holding(20);
        for (verb, who, units) in steps {
            let (name, many) = (format!("h{who}"), units.to_string());
            let _refusals_leave_no_events = match VERBS[verb] {
                verb @ ("receive" | "withdraw" | "count") => shelf.decide(&[verb, &many]),
                verb @ ("commit" | "release") => shelf.decide(&[verb, &name]),
                verb => shelf.decide(&[verb, &name, &many]),
            };
        }
        let mut ledger = Ledger::default();
        for (event, stamp) in &shelf.history {
            let line = serde_json::to_string(event).expect("json");
            ledger.apply(&serde_json::from_str(&line).expect("an event"), stamp);
        }
        prop_assert_eq!(ledger, shelf.ledger);
        let mut holds = BTreeMap::<HoldId, Hold>::new();
        for (id, event, stamp) in &shelf.moves {
            let line = serde_json::to_string(event).expect("json");
            let event = serde_json::from_str(&line).expect("an event");
            holds.entry(*id).or_default().apply(&event, stamp);
        }
        prop_assert_eq!(holds, shelf.holds);
    }
}

#[test]
fn a_product_id_and_its_ledger_are_told_apart() {
    let opened = Ledger::default().open(id("tea"), id("tea-red"), "TEA-RED", 1).expect("new");
    let mut ledger = Ledger::default();
    opened.iter().for_each(|event| ledger.apply(event, &Stamp::default()));
    assert_eq!((ledger.product, ledger.variant), (id::<ProductId>("tea"), id("tea-red")));
}

#[test]
fn stock_that_runs_low_is_noticed_once_each_time_it_does() {
    let mut shelf = Shelf::holding(8);
    let mut noticed = |events: Result<Vec<LedgerEvent>, StockRefusal>| {
        let events = shelf.ledger.noticing_low(events.expect("a change"));
        let low = events.iter().find_map(|event| {
            let LedgerEvent::StockRanLow { available, .. } = event else { return None };
            Some(*available)
        });
        shelf.take(events, vec![]);
        (low, shelf.ledger.clone())
    };
    let (low, ledger) = noticed(Shelf::holding(8).ledger.withdraw(quantity("2"), None));
    assert_eq!(low, None, "six are more than five");
    let (low, ledger) = noticed(ledger.withdraw(quantity("1"), None));
    assert_eq!(low, Some(5));
    let (low, ledger) = noticed(ledger.withdraw(quantity("3"), None));
    assert_eq!(low, None, "it stays low");
    let (low, ledger) = noticed(ledger.receive(quantity("9"), None));
    assert_eq!(low, None);
    let (low, ledger) = noticed(ledger.configure(None, Some(20)));
    assert_eq!(low, Some(11), "what counts as low has changed");
    let (low, ledger) = noticed(ledger.configure(Some(false), Some(0)));
    assert_eq!(low, None);
    let (low, _) = noticed(ledger.count(0, None));
    assert_eq!(low, None, "what is not for sale is not missed");
}
