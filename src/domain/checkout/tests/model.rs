//! Every world that can be reached, whatever fails and in whatever order: nothing is charged twice,
//! nothing is kept that was cancelled, nobody is stuck.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{super::*, world::*};

/// Every kind of order there is when it has just been placed.
fn beginnings() -> Vec<World> {
    let mut worlds = Vec::new();
    for claim in [ClaimFact::NoCart, ClaimFact::Unclaimed] {
        worlds.push(World::placed(PayBy::Gateway, claim, 1));
        worlds.push(World::placed(PayBy::Gateway, claim, 0));
        worlds.push(World::placed(PayBy::Hand, claim, 0));
        worlds.push(World::placed(PayBy::Nothing, claim, 0));
    }
    worlds
}

/// All worlds that can be reached from `beginnings`, the next step or anything else coming next.
fn reachable() -> HashSet<World> {
    let mut seen: HashSet<World> = beginnings().into_iter().collect();
    let mut waiting: VecDeque<World> = seen.iter().copied().collect();
    while let Some(world) = waiting.pop_front() {
        let driven = world.after(next(&world.facts()), &ANYTHING);
        for after in driven.into_iter().chain(world.happenings()) {
            if seen.insert(after) {
                waiting.push_back(after);
            }
        }
    }
    seen
}

/// Whether the money of this order ever was here.
fn money_came(world: &World) -> bool {
    let by_hand = matches!(
        world.books,
        PaymentFact::Captured | PaymentFact::Refunding | PaymentFact::Refunded
    );
    world.captures() > 0 || world.method == PayBy::Nothing || by_hand
}

fn left_the_house(world: &World) -> bool {
    matches!(world.status, OrderStatus::Shipped | OrderStatus::Delivered)
}

#[test]
fn no_schedule_of_faults_breaks_a_promise() {
    let worlds = reachable();
    assert!(worlds.len() > 10_000, "only {} worlds", worlds.len());
    for world in &worlds {
        assert!(world.captures() <= 1, "charged twice: {world:?}");
        assert!(!world.by_hand || world.captures() == 0, "paid by hand and by card: {world:?}");
        if world.claim == ClaimFact::Consumed {
            let in_hand = world.method == PayBy::Hand || world.was_set_aside;
            assert!(in_hand || money_came(world) || left_the_house(world), "cart lost: {world:?}");
        }
        if next(&world.facts()) == Step::CancelOrder(CancelReason::CartInCheckout) {
            assert_eq!(world.hold, HoldFact::None, "its goods are held: {world:?}");
        }
        if world.status == OrderStatus::Paid {
            assert!(money_came(world), "paid without money: {world:?}");
            assert_eq!(world.hold, HoldFact::Committed, "paid without goods: {world:?}");
            assert_ne!(world.claim, ClaimFact::Claimed, "the cart is left over: {world:?}");
        }
        if world.status == OrderStatus::Cancelled && world.settled {
            let held = matches!(world.hold, HoldFact::Held | HoldFact::Committed);
            assert!(!held, "stock is left over: {world:?}");
            assert_ne!(world.claim, ClaimFact::Claimed, "the cart is left over: {world:?}");
            let kept = world.captures() > 0 && world.paid_back != PaidBack::Done;
            assert!(!kept, "money is kept for nothing: {world:?}");
            assert_ne!(world.books, PaymentFact::Captured, "money is kept: {world:?}");
        }
    }
}

/// Drives `world` with a bank that answers until nothing can be done; every branch must end.
fn ends(world: World, known: &mut HashMap<World, bool>, path: &mut Vec<World>) {
    if known.contains_key(&world) {
        return;
    }
    assert!(!path.contains(&world), "goes round in circles: {path:?}");
    assert!(path.len() < 40, "goes on and on: {path:?}");
    let step = next(&world.facts());
    if matches!(step, Step::Wait(_) | Step::Finished) {
        ended_well(&world, step);
    } else {
        path.push(world);
        for after in world.after(step, &ANSWERED) {
            ends(after, known, path);
        }
        path.pop();
    }
    known.insert(world, true);
}

/// What may be left when the bank has answered everything.
fn ended_well(world: &World, step: Step) {
    match world.status {
        OrderStatus::Pending => {
            assert!(!world.expired || world.receipt, "waits after its time: {world:?}");
            let in_hand = [Step::Wait(Waiting::Receipt), Step::Wait(Waiting::Shipment)];
            let locked = world.claim == ClaimFact::Claimed && in_hand.contains(&step);
            assert!(!locked, "the cart stays locked: {world:?}");
            let wanted = world.charges > world.attempt;
            let in_work = matches!(
                step,
                Step::Wait(
                    Waiting::PaymentProcessing | Waiting::PaymentInDoubt | Waiting::Shipment
                )
            );
            assert!(!wanted || in_work, "a charge is forgotten: {world:?}");
        }
        OrderStatus::Paid => assert_eq!(step, Step::Finished, "{world:?}"),
        OrderStatus::Shipped | OrderStatus::Delivered => {
            let known = world.money_noted || world.captures() == 0;
            let over = step == Step::Finished && !world.books_are_open() && known;
            let waits =
                matches!(step, Step::Wait(Waiting::CaptureRefused | Waiting::PaymentProcessing));
            assert!(over || waits, "{step:?} in {world:?}");
        }
        OrderStatus::Cancelled => {
            let for_somebody = Step::Wait(Waiting::PaymentProcessing);
            let for_staff = [Step::Wait(Waiting::RefundByHand), Step::Wait(Waiting::RefundRefused)];
            assert!(
                step == Step::Finished || step == for_somebody || for_staff.contains(&step),
                "{step:?} in {world:?}"
            );
        }
    }
}

#[test]
fn every_order_comes_to_an_end_or_waits_with_a_reason() {
    let mut known = HashMap::new();
    for world in reachable() {
        ends(world.forget(), &mut known, &mut Vec::new());
    }
}

#[test]
fn every_step_may_be_repeated() {
    for world in reachable() {
        let step = next(&world.facts());
        for once in world.after(step, &ANSWERED) {
            if matches!(step, Step::TakePayment) {
                continue;
            }
            let twice = once.after(step, &ANSWERED);
            assert!(twice.contains(&once), "{step:?} twice from {world:?}");
        }
    }
}

#[test]
fn a_cancelled_order_never_goes_forward() {
    for world in reachable() {
        if world.status != OrderStatus::Cancelled {
            continue;
        }
        let step = next(&world.facts());
        let forward = matches!(
            step,
            Step::ClaimCart
                | Step::ReserveStock
                | Step::TakePayment
                | Step::AskGateway
                | Step::CapturePayment
                | Step::CommitStock
                | Step::ConsumeCart
                | Step::MarkPaid
        );
        assert!(!forward, "{step:?} in {world:?}");
    }
}
