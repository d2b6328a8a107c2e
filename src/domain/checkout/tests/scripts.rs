//! Checkout as scripts: what a run does, one step after the other, and how every refusal unwinds.

use super::{super::*, world::*};

const PAYS: Luck = Luck { charge: &[Truth::Captured], refund: &[PaidBack::Done], ..ANSWERED };

fn word(step: Step) -> String {
    match step {
        Step::Wait(waiting) => format!("wait {}", waiting.name()),
        Step::CancelOrder(reason) => format!("cancel {}", reason.name()),
        Step::ClaimCart => "claim".to_owned(),
        Step::ReserveStock => "reserve".to_owned(),
        Step::TakePayment => "charge".to_owned(),
        Step::AskGateway => "ask".to_owned(),
        Step::AwaitPayment => "await".to_owned(),
        Step::NoteDecline => "note decline".to_owned(),
        Step::ReceivePayment => "receive".to_owned(),
        Step::MarkAuthorised => "authorise".to_owned(),
        Step::CapturePayment => "capture".to_owned(),
        Step::CommitStock => "commit".to_owned(),
        Step::ConsumeCart => "consume".to_owned(),
        Step::MarkPaid => "mark".to_owned(),
        Step::ReleaseStock => "release".to_owned(),
        Step::ReturnStock => "return".to_owned(),
        Step::ReleaseCart => "unclaim".to_owned(),
        Step::VoidPayment => "void".to_owned(),
        Step::RefundPayment => "refund".to_owned(),
        Step::Settle => "settle".to_owned(),
        Step::Finished => "finished".to_owned(),
    }
}

/// What the bank will say, by word; `silence` loses every answer.
fn luck(word: &str) -> Luck {
    let charge: &'static [Truth] = match word {
        "pays" | "silence" | "no refund" => &[Truth::Captured],
        "declines" => &[Truth::Declined],
        "asks" => &[Truth::NeedsAction],
        "works" => &[Truth::Processing],
        "sets aside" => &[Truth::Authorised],
        _ => panic!("unknown luck `{word}`"),
    };
    let refund: &'static [PaidBack] =
        if word == "no refund" { &[PaidBack::Refused] } else { &[PaidBack::Done] };
    Luck { charge, refund, loses: word == "silence", refuses: false }
}

/// Drives a world until it waits or is finished; with silence, the unluckiest branch.
fn drive(mut world: World, luck: &Luck) -> (World, String) {
    let mut words = Vec::new();
    world = world.forget();
    loop {
        let step = next(&world.facts());
        words.push(word(step));
        let after = world.after(step, luck);
        let unlucky = if luck.loses { after.get(1) } else { None };
        let Some(chosen) = unlucky.or(after.first()).copied() else {
            return (world, words.join(", "));
        };
        world = chosen;
        assert!(words.len() < 40, "goes on and on: {words:?}");
    }
}

/// Runs `happening => steps` lines against an order made from a cart.
#[track_caller]
fn check(mut world: World, script: &str) {
    for row in script.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (happening, expected) = row.split_once("=>").expect("`happening => steps`");
        let bank = match happening.trim() {
            "cancel" => {
                world = world.cancelled();
                PAYS
            }
            "expire" => {
                world.expired = true;
                PAYS
            }
            "confirm" => {
                world.bank[world.attempt - 1] = Truth::Captured;
                PAYS
            }
            "bank refuses" => {
                world.bank[world.attempt - 1] = Truth::Declined;
                PAYS
            }
            "received" => {
                (world.receipt, world.settled) = (true, false);
                PAYS
            }
            "delivered" => {
                (world.status, world.receipt) = (OrderStatus::Delivered, true);
                world.settled = false;
                PAYS
            }
            "paid back" => {
                world.books = PaymentFact::Refunded;
                PAYS
            }
            "take it" => {
                world.capturing = true;
                PAYS
            }
            "take it in silence" => {
                world.capturing = true;
                luck("silence")
            }
            "look again" => PAYS,
            "ship" => {
                (world.status, world.placing) = (OrderStatus::Shipped, false);
                PAYS
            }
            "another card" => {
                (world.charges, world.placing) = (world.charges + 1, false);
                PAYS
            }
            word => luck(word),
        };
        let (after, steps) = drive(world, &bank);
        assert_eq!(steps, expected.trim(), "after `{}`", happening.trim());
        world = after;
    }
}

fn by_card() -> World {
    World::placed(PayBy::Gateway, ClaimFact::Unclaimed, 1)
}

fn unpaid() -> World {
    World::placed(PayBy::Gateway, ClaimFact::Unclaimed, 0)
}

fn by_hand() -> World {
    World::placed(PayBy::Hand, ClaimFact::Unclaimed, 0)
}

#[test]
fn a_good_card_buys_a_cart() {
    check(by_card(), "pays => claim, reserve, charge, commit, consume, mark, finished");
    let items = World::placed(PayBy::Gateway, ClaimFact::NoCart, 1);
    check(items, "pays => reserve, charge, commit, mark, finished");
}

#[test]
fn what_is_set_aside_may_be_taken_before_the_goods_leave() {
    let set_aside = "sets aside => claim, reserve, charge, consume, authorise, wait shipment";
    check(by_card(), &format!("{set_aside}\n take it => capture, commit, mark, finished"));
    check(
        by_card(),
        &format!(
            "{set_aside}
             take it in silence => capture, wait payment_in_doubt
             look again => capture, commit, mark, finished"
        ),
    );
    check(
        by_card(),
        &format!(
            "{set_aside}
             take it in silence => capture, wait payment_in_doubt
             expire => capture, commit, mark, finished"
        ),
    );
}

#[test]
fn what_costs_nothing_is_not_charged() {
    let gift = World::placed(PayBy::Nothing, ClaimFact::Unclaimed, 0);
    check(gift, "pays => claim, reserve, commit, consume, mark, finished");
}

#[test]
fn a_decline_on_placing_cancels_the_order() {
    check(
        by_card(),
        "declines => claim, reserve, charge, cancel payment_declined, release, unclaim, settle, \
         finished",
    );
}

#[test]
fn a_decline_of_a_waiting_order_leaves_it_waiting() {
    let mut order = unpaid();
    order.charges = 1;
    order.placing = false;
    check(
        order,
        "declines     => claim, reserve, charge, note decline, wait to_be_paid
         another card => charge, commit, consume, mark, finished",
    );
}

#[test]
fn a_customer_who_has_to_act_has_time_until_it_expires() {
    check(
        by_card(),
        "asks    => claim, reserve, charge, await, wait customer_action
         asks    => ask, wait customer_action
         confirm => ask, commit, consume, mark, finished",
    );
    check(
        by_card(),
        "asks         => claim, reserve, charge, await, wait customer_action
         bank refuses => ask, note decline, wait to_be_paid
         expire       => cancel expired, release, unclaim, settle, finished",
    );
    check(
        by_card(),
        "asks   => claim, reserve, charge, await, wait customer_action
         expire => cancel expired, release, unclaim, void, settle, finished",
    );
}

#[test]
fn another_card_ends_the_attempt_that_waits_for_the_customer() {
    check(
        by_card(),
        "asks         => claim, reserve, charge, await, wait customer_action
         another card => ask, void, charge, commit, consume, mark, finished",
    );
    // The bank said no meanwhile, which nobody has heard.
    let (order, _) = drive(by_card(), &luck("asks"));
    let (mut order, _) = drive(World { placing: false, ..order }, &luck("asks"));
    (order.bank[0], order.charges) = (Truth::Declined, 2);
    check(order, "look again => ask, charge, commit, consume, mark, finished");
}

#[test]
fn a_payment_at_work_is_asked_about_at_every_resume() {
    check(
        by_card(),
        "works   => claim, reserve, charge, await, wait payment_processing
         works   => ask, wait payment_processing
         confirm => ask, commit, consume, mark, finished",
    );
}

#[test]
fn a_doubt_is_asked_about_and_never_charged_again() {
    check(
        by_card(),
        "silence => claim, reserve, charge, await, wait payment_in_doubt
         silence => ask, wait payment_in_doubt
         pays    => ask, commit, consume, mark, finished",
    );
}

#[test]
fn a_decline_after_a_doubt_leaves_the_order_waiting_like_any_other_that_was_told_to_wait() {
    check(
        by_card(),
        "silence      => claim, reserve, charge, await, wait payment_in_doubt
         bank refuses => ask, note decline, wait to_be_paid
         another card => charge, commit, consume, mark, finished",
    );
}

#[test]
fn an_order_without_charge_waits_to_be_paid_and_expires() {
    check(
        unpaid(),
        "pays         => claim, reserve, wait to_be_paid
         pays         => wait to_be_paid
         another card => charge, commit, consume, mark, finished",
    );
    check(
        unpaid(),
        "pays   => claim, reserve, wait to_be_paid
         expire => cancel expired, release, unclaim, settle, finished",
    );
}

#[test]
fn money_by_hand_is_waited_for_and_given_back_by_hand() {
    check(
        by_hand(),
        "pays      => claim, reserve, consume, wait receipt
         received  => receive, commit, mark, finished
         cancel    => return, refund, wait refund_by_hand
         paid back => settle, finished",
    );
}

#[test]
fn cash_on_delivery_leaves_before_it_is_paid() {
    check(
        by_hand(),
        "pays => claim, reserve, consume, wait receipt
         ship => commit, settle, finished
         delivered => receive, settle, finished",
    );
}

#[test]
fn a_card_begun_beside_cash_is_given_up_when_the_goods_leave() {
    let begun = "pays         => claim, reserve, consume, wait receipt
                 another card => charge, commit, mark, finished";
    check(by_hand(), begun);
    let (order, _) = drive(by_hand(), &PAYS);
    let (order, _) = drive(World { charges: 1, ..order }, &luck("asks"));
    check(
        order,
        "ship      => commit, void, settle, finished
         delivered => receive, settle, finished",
    );
    let mut paid = order;
    paid.bank[0] = Truth::Captured;
    check(paid, "ship => commit, void, settle, finished");
}

#[test]
fn money_that_comes_after_the_goods_left_is_noted() {
    let (order, _) = drive(by_hand(), &PAYS);
    check(order, "ship => commit, settle, finished");
    let (order, _) = drive(World { status: OrderStatus::Shipped, ..order }, &PAYS);
    let late = World { books: PaymentFact::Captured, ..order };
    check(late, "look again => settle, finished");
    // As it was left by versions that did not give it up.
    let (mut left_open, _) = drive(World { charges: 1, ..order }, &PAYS);
    (left_open.attempt, left_open.books) = (1, PaymentFact::NeedsAction);
    left_open.bank[0] = Truth::NeedsAction;
    check(left_open, "look again => void, finished");
}

#[test]
fn a_card_begun_beside_a_transfer_is_given_up_when_the_transfer_is_noted() {
    let (order, _) = drive(by_hand(), &PAYS);
    let (order, _) = drive(World { charges: 1, ..order }, &luck("asks"));
    check(order, "received => void, receive, commit, mark, finished");
    check(order, "expire => cancel expired, release, void, settle, finished");
    let expired = World { expired: true, ..order };
    check(expired, "received => void, receive, commit, mark, finished");
    let mut paid = order;
    paid.bank[0] = Truth::Captured;
    check(paid, "received => void, commit, mark, finished");
    let (order, _) = drive(by_hand(), &PAYS);
    let (order, _) = drive(World { charges: 1, ..order }, &luck("sets aside"));
    check(
        World { authorised: false, ..order },
        "received => void, receive, commit, mark, finished",
    );
}

#[test]
fn an_order_outlives_the_memory_of_its_cart() {
    let (order, _) = drive(by_hand(), &PAYS);
    let forgotten = World { claim: ClaimFact::Unclaimed, ..order };
    check(forgotten, "look again => wait receipt\n received => receive, commit, mark, finished");
}

#[test]
fn money_that_somebody_holds_is_given_back_though_the_order_was_cancelled_at_the_same_time() {
    let (order, _) = drive(by_hand(), &PAYS);
    check(
        World { receipt: true, ..order }.cancelled(),
        "pays      => release, receive, refund, wait refund_by_hand
         paid back => settle, finished",
    );
}

#[test]
fn money_that_came_in_time_is_kept_though_it_is_noted_late() {
    let (order, _) = drive(by_hand(), &PAYS);
    let noted = World { receipt: true, expired: true, ..order };
    check(noted, "pays => receive, commit, mark, finished");
}

#[test]
fn money_set_aside_is_taken_when_the_goods_leave() {
    check(
        by_card(),
        "sets aside => claim, reserve, charge, consume, authorise, wait shipment
         sets aside => wait shipment
         ship       => capture, commit, settle, finished",
    );
}

#[test]
fn money_set_aside_is_given_up_with_the_order() {
    check(
        by_card(),
        "sets aside => claim, reserve, charge, consume, authorise, wait shipment
         cancel     => release, void, settle, finished",
    );
}

#[test]
fn a_paid_order_that_is_cancelled_is_refunded_and_restocked() {
    check(
        by_card(),
        "pays   => claim, reserve, charge, commit, consume, mark, finished
         cancel => return, refund, settle, finished
         cancel => finished",
    );
}

#[test]
fn a_refund_in_doubt_is_not_settled() {
    check(
        by_card(),
        "pays    => claim, reserve, charge, commit, consume, mark, finished
         silence => finished",
    );
    let (paid, _) = drive(by_card(), &PAYS);
    check(
        paid.cancelled(),
        "silence => return, refund, wait refund_in_doubt
         silence => refund, wait refund_in_doubt
         pays    => refund, settle, finished",
    );
}

#[test]
fn a_refund_that_is_refused_waits_for_staff() {
    let (paid, _) = drive(by_card(), &PAYS);
    check(paid.cancelled(), "no refund => return, refund, wait refund_refused");
}

#[test]
fn a_success_that_comes_after_a_cancel_is_refunded() {
    check(
        by_card(),
        "silence => claim, reserve, charge, await, wait payment_in_doubt
         cancel  => release, unclaim, void, refund, settle, finished",
    );
}

#[test]
fn a_success_that_was_in_time_is_kept_though_it_is_heard_late() {
    check(
        by_card(),
        "silence => claim, reserve, charge, await, wait payment_in_doubt
         expire  => ask, commit, consume, mark, finished",
    );
}

#[test]
fn what_is_not_there_or_in_another_checkout_cancels_the_order() {
    let sold_out = World { obstacle: Some(Obstacle::OutOfStock), ..by_card() };
    assert_eq!(next(&sold_out.facts()), Step::CancelOrder(CancelReason::OutOfStock));
    let taken = World { obstacle: Some(Obstacle::CartInCheckout), ..by_card() };
    assert_eq!(next(&taken.facts()), Step::CancelOrder(CancelReason::CartInCheckout));
}

/// Every world on the way of a good card, and of each other answer of the bank.
fn every_place_on_the_road() -> Vec<World> {
    let mut places = Vec::new();
    for word in ["pays", "declines", "asks", "works", "sets aside"] {
        let mut world = by_card();
        loop {
            places.push(world);
            let Some(after) = world.after(next(&world.facts()), &luck(word)).first().copied()
            else {
                break;
            };
            world = after;
        }
    }
    places
}

#[test]
fn a_refusal_anywhere_unwinds() {
    for place in every_place_on_the_road() {
        let (ended, steps) = drive(place.cancelled(), &PAYS);
        assert!(ended.settled, "{steps} from {place:?}");
        assert!(!matches!(ended.hold, HoldFact::Held | HoldFact::Committed), "{place:?}");
        assert_ne!(ended.claim, ClaimFact::Claimed, "{place:?}");
        let kept = ended.captures() > 0 && ended.paid_back != PaidBack::Done;
        assert!(!kept, "money is kept: {steps} from {place:?}");
    }
}

#[test]
fn undo_may_repeat_and_be_interrupted_anywhere() {
    for place in every_place_on_the_road() {
        let (ended, _) = drive(place.cancelled(), &PAYS);
        let mut world = place.cancelled();
        loop {
            let step = next(&world.facts());
            let Some(once) = world.after(step, &PAYS).first().copied() else { break };
            let twice = once.forget().after(step, &PAYS)[0];
            assert_eq!(twice.forget(), once.forget(), "{step:?} twice");
            world = twice.forget();
        }
        assert_eq!(world.forget(), ended.forget());
    }
}

#[test]
fn the_line_with_most_left_to_do_speaks_for_all() {
    use HoldFact::{Committed, Held, None, Released, Returned};
    assert_eq!(HoldFact::of_lines([]), None);
    assert_eq!(HoldFact::of_lines([Held, Held]), Held);
    assert_eq!(HoldFact::of_lines([Committed, Held]), Held);
    assert_eq!(HoldFact::of_lines([Returned, Committed]), Committed);
    assert_eq!(HoldFact::of_lines([Released, Released]), Released);
    assert_eq!(HoldFact::of_lines([Returned, Returned]), Returned);
}
