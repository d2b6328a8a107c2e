//! Checkout: every schedule of two purchases, with all that can go wrong between any two frames.
//!
//! A stateright model over the real rules: what comes next is said by `domain::checkout::next`, and
//! every frame is decided and applied by the aggregates themselves. Each of the four precautions of
//! a checkout can be taken out, and the model finds what that breaks.

mod bank;
mod world;

use stateright::{Checker, Model, Property};

use self::world::{Act, Line, Setting, Without, World};

/// Two buyers in a setting.
#[derive(Clone, Copy, Debug)]
struct TwoBuyers(Setting);

impl Model for TwoBuyers {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World::placed(&self.0)]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        world.acts(&self.0, acts);
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        let next = world.after(act, &self.0);
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ADDS_UP, |_, world: &World| world.stock_adds_up()),
            Property::always(LAST_UNIT, |_, world: &World| world.sells_what_there_is()),
            Property::always(LIVE_HOLDS, |_, world: &World| world.holds_for_the_living()),
            Property::always(ONE_CHARGE, |_, world: &World| world.charges_once()),
            Property::always(NO_MONEY_KEPT, |_, world: &World| world.keeps_no_money()),
            Property::always(PAID, |_, world: &World| world.paid_means_paid()),
            Property::always(ENDS, |model: &Self, world: &World| world.ends_well(&model.0)),
            Property::always(ONE_ORDER_A_CART, |_, world: &World| world.consumes_a_cart_once()),
            // What is looked for does happen: none of the above holds for want of anything.
            Property::sometimes(SOLD, |_, world: &World| world.somebody_has_it()),
            Property::sometimes(PAID_BACK, |_, world: &World| world.somebody_was_paid_back()),
        ]
    }
}

/// Looks at every world there is, which must be a number worth the name.
#[track_caller]
fn holds(setting: Setting, worlds_min: usize) {
    let checked = TwoBuyers(setting).checker().threads(THREADS).spawn_bfs().join();
    eprintln!("{setting:?}: {} worlds", checked.unique_state_count());
    checked.assert_properties();
    assert!(checked.unique_state_count() > worlds_min, "{}", checked.unique_state_count());
}

/// Looks until it has found what a precaution that is taken out was good for.
#[track_caller]
fn breaks(setting: Setting, property: &'static str) {
    let checked = TwoBuyers(setting)
        .checker()
        .threads(THREADS)
        .finish_when(stateright::HasDiscoveries::AnyOf([property].into()))
        .spawn_bfs()
        .join();
    let found = checked.discovery(property);
    assert!(found.is_some(), "{setting:?} keeps that {property}");
}

#[test]
fn the_last_unit_goes_to_one_of_two_buyers_whatever_happens_to_either() {
    holds(Setting { units: 1, one_cart: false, ..PAYS }, 1_000);
}

#[test]
fn one_cart_is_bought_by_one_of_two_orders_whatever_happens_to_either() {
    holds(Setting { units: 2, one_cart: true, ..PAYS }, 1_000);
}

#[test]
fn a_declined_and_a_slow_card_end_as_well_as_a_good_one() {
    let tokens = ["pm_card_chargeDeclined", "pm_demo_processing"];
    holds(Setting { tokens, ..PAYS }, 1_000);
}

#[test]
fn a_card_that_asks_its_owner_ends_as_well_as_a_good_one() {
    // Fewer of its calls fail: its owner makes worlds enough.
    let tokens = ["pm_card_authenticationRequired", "pm_card_visa"];
    let lines: [&[Line]; 2] = [&[Line::Answers, Line::LosesAnswer], &[Line::Answers]];
    holds(Setting { tokens, lines, ..PAYS }, 1_000);
}

#[test]
fn without_the_idempotency_key_a_lost_answer_charges_twice() {
    breaks(Setting { without: Some(Without::Key), ..PAYS }, ONE_CHARGE);
}

#[test]
fn without_the_reservation_the_last_unit_is_sold_twice() {
    breaks(Setting { without: Some(Without::Reservation), ..PAYS }, LAST_UNIT);
}

#[test]
fn without_the_claim_one_cart_makes_two_orders() {
    let setting = Setting { units: 2, one_cart: true, without: Some(Without::Claim), ..PAYS };
    breaks(setting, ONE_ORDER_A_CART);
}

#[test]
fn without_the_write_before_the_call_money_is_kept_for_nothing() {
    breaks(Setting { without: Some(Without::WriteBeforeCall), ..PAYS }, NO_MONEY_KEPT);
}

/// Two good cards for one unit; the first line may lose everything, the second only answers.
const PAYS: Setting = Setting {
    units: 1,
    one_cart: false,
    tokens: ["pm_card_visa", "pm_card_visa"],
    lines: [&[Line::Answers, Line::LosesAnswer, Line::LosesRequest, Line::Late], &[Line::Answers]],
    without: None,
};
const THREADS: usize = 2;
const ADDS_UP: &str = "stock adds up";
const LAST_UNIT: &str = "no more is sold than there is";
const LIVE_HOLDS: &str = "a hold belongs to a live order";
const ONE_CHARGE: &str = "an order is charged at most once";
const NO_MONEY_KEPT: &str = "a cancelled order keeps no money";
const PAID: &str = "a paid order is paid";
const ENDS: &str = "every order comes to an end, and the books agree";
const ONE_ORDER_A_CART: &str = "a cart is bought by one order";
const SOLD: &str = "one has the unit and the other has not";
const PAID_BACK: &str = "money that came too late goes back";
