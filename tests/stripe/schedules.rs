//! Schedules of faults: each from a seed, each with its own trouble, and all with one end: the
//! shop's books are the double's, reconciliation finds nothing, nobody was charged twice, too much
//! never went back, and no order is stuck. Every other hundred of seeds is told to a shop that sets
//! money aside. A third pays on a payment page: at once, while the order is cancelled or expires,
//! in two tabs, after a decline, too late, or never.
//!
//! `BODEGA_SCHEDULES` says how many, `BODEGA_SEED` which is the first; the seed of one that goes
//! wrong is printed, and `BODEGA_SCHEDULES=1 BODEGA_SEED=…` makes it again alone.

use std::{collections::BTreeMap, env, fmt::Write, sync::Arc, time::Duration};

use bodega::{
    actors::{
        Rejection,
        orders::OrderChange,
        purchases::{Purchases, Sweep},
    },
    domain::{
        ids::OrderId,
        money::Money,
        orders::{CancelReason, OrderRefundState, OrderStatus, RefundWish},
        payments::{PayState, RefundState},
        time::Who,
    },
    store::{Order, keys},
};
use tokio::task::JoinSet;

use crate::{
    double::{
        Delivery, Dice,
        ledger::{Ledger, OnPage, Shopper},
    },
    world::{Ours, World},
};

/// What the customer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
    Pays,
    Declined,
    Asks,
    AsksThenDeclined,
    Later,
    RefundFails,
    /// It is typed in on a payment page, if it is.
    OnAPage,
}

/// What is done after placing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Nothing,
    Cancel,
    CancelTwice,
    RefundPart,
    RefundTwice,
    RefundThenCancel,
    PayAgain,
    PayAgainOnAPage,
    Ship,
    ShipTwice,
    ShipAndCancel,
    ShipThenRefund,
    /// What was set aside lapses, and then staff send the goods all the same.
    LapseThenShip,
}

#[actix_web::test]
async fn after_every_schedule_of_faults_both_books_agree() {
    let many = number("BODEGA_SCHEDULES", 300);
    let first = number("BODEGA_SEED", 1);
    println!("schedules {first} to {}", first + many - 1);
    let mut seed = first;
    while seed < first + many {
        let some = (first + many - seed).min(A_SHOP - seed % A_SHOP);
        let world = Arc::new(match (seed / A_SHOP) % 2 {
            0 => World::with("400").await,
            _ => World::that_sets_aside("400").await,
        });
        let delivery = Delivery {
            to: Some(world.bodega.address),
            lost: 20,
            late: 20,
            twice: 20,
            forged: 5,
            shuffled: true,
            seed,
        };
        world.stripe.tells(delivery);
        let ended = run(&world, seed..seed + some).await;
        settles(&world).await;
        reconcile(&world, &ended).await;
        compare(&world, ended);
        world.is_sound();
        seed += some;
        println!("{} schedules, all as they should be", seed - first);
    }
}

/// A schedule that came to an end: its seed, what it was about, and its order.
type Ended = (u64, String, OrderId);

/// Runs these schedules on one shop, so many at once.
async fn run(world: &Arc<World>, seeds: std::ops::Range<u64>) -> Vec<Ended> {
    let (mut running, mut wrong) = (JoinSet::new(), String::new());
    let mut all = Vec::new();
    let mut seeds = seeds.peekable();
    while seeds.peek().is_some() || !running.is_empty() {
        while running.len() < AT_ONCE
            && let Some(seed) = seeds.next()
        {
            let world = Arc::clone(world);
            running.spawn_local(async move { (seed, schedule(&world, seed).await) });
        }
        let Some(ended) = running.join_next().await else { break };
        match ended {
            Ok((seed, Ok((about, order)))) => all.push((seed, about, order)),
            Ok((seed, Err(why))) => {
                writeln!(wrong, "BODEGA_SCHEDULES=1 BODEGA_SEED={seed}: {why}").expect("a text");
            }
            Err(panicked) => writeln!(wrong, "a schedule panicked: {panicked}").expect("a text"),
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    all
}

/// The shop's own comparison finds nothing to tell.
async fn reconcile(world: &World, ended: &[Ended]) {
    let shop = &world.bodega.shop;
    let later = shop.clock.now().plus_minutes(60);
    let mut every = tokio::time::interval(Duration::from_millis(20));
    let mut tries = 0;
    let report = loop {
        match shop.reconciling.compare_until(1, later).await {
            Ok(report) => break report,
            // A busy machine: the double was slower than this shop waits.
            Err(why) if tries == TRIES_MAX => panic!("never two books: {why}"),
            Err(_) => drop(every.tick().await),
        }
        tries += 1;
    };
    let about = |order| ended.iter().find(|(.., known)| Some(*known) == order);
    let found: Vec<_> =
        report.differences.iter().map(|found| (found, about(found.order))).collect();
    for order in report.differences.iter().filter_map(|found| found.order) {
        eprintln!("{:#?}\n{:#?}", world.ours(order).payment, at_stripe(world, order));
    }
    assert!(found.is_empty(), "{found:?} and {} more", report.more);
    assert!(report.orders >= u64::try_from(ended.len()).expect("few"), "{report:?}");
}

/// What the double knows of an order: its intents, its payment pages, and what it was asked for.
fn at_stripe(world: &World, order: OrderId) -> Vec<String> {
    world.stripe.ledger(|ledger| {
        let mut told: Vec<String> = Vec::new();
        for id in intents_of(ledger, order) {
            told.push(format!("{id}: {:?}", ledger.intents[&id]));
        }
        let order = order.to_string();
        let is_of = |form: &BTreeMap<String, String>| form.values().any(|word| *word == order);
        for (id, page) in ledger.sessions.iter().filter(|(_, page)| is_of(&page.form)) {
            told.push(format!("{id}: {} {:?} told {}", page.status, page.intent, page.told));
        }
        let of_order = ledger.keys.iter().filter(|(key, _)| key.starts_with(&order));
        told.extend(of_order.map(|(key, kept)| {
            let status = kept.answer.as_ref().map(|(status, body)| (*status, body["id"].clone()));
            format!("{key}: {status:?}")
        }));
        told
    })
}

/// Compares the books on all orders.
fn compare(world: &World, ended: Vec<Ended>) {
    let mut wrong = String::new();
    for (seed, about, order) in ended {
        if let Err(why) = agree(world, order) {
            writeln!(wrong, "BODEGA_SCHEDULES=1 BODEGA_SEED={seed}: {about}: {why}")
                .expect("a text");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// One schedule: an order, and what becomes of it until it has ended.
async fn schedule(world: &World, seed: u64) -> Result<(String, OrderId), String> {
    let mut dice = Dice::of(seed);
    let percent = [0, 10, 25, 60][usize::try_from(dice.below(4)).expect("small")];
    let (card, name) = CARDS[usize::try_from(dice.below(12)).expect("small")];
    let deed = DEEDS[usize::try_from(dice.below(13)).expect("small")];
    let shopper = shopper(seed, &mut dice);
    let about = format!("{percent} % of faults, {card:?}, {deed:?}, {:?}", shopper.deeds);
    world.stripe.inner.trouble.lock().expect("trouble").of_seed.insert(seed, percent);
    // A page is known by what it costs: each order of a shop has another price.
    let teas = u32::try_from(1 + seed % A_SHOP).expect("few");
    world.stripe.ledger(|ledger| ledger.shoppers.insert(price_of(teas), shopper));
    let on_a_page = card == Card::OnAPage;
    let token = if on_a_page { name.to_owned() } else { format!("pm_s{seed}_{name}") };
    let mut every = tokio::time::interval(Duration::from_millis(20));
    let order = loop {
        match world.places_some(teas, &token).await {
            Ok(driven) => break driven.order.id,
            Err(Rejection::GatewayDown { .. } | Rejection::Busy) => drop(every.tick().await),
            Err(why) => return Err(format!("{about}: not placed: {why}")),
        }
    };
    assert_eq!(world.ours(order).order.quote.total.minor(), price_of(teas));
    answers(world, order, seed, &mut dice);
    does(world, order, deed, seed, &mut dice).await;
    answers(world, order, seed, &mut dice);
    world.stripe.inner.trouble.lock().expect("trouble").of_seed.remove(&seed);
    for _ in 0..TRIES_MAX {
        if is_at_an_end(world, order).await {
            return Ok((about, order));
        }
        every.tick().await;
    }
    let Ours { order, payment } = world.ours(order);
    let stuck = format!("{:?} {:?}, refunds {:?}", order.status, payment.state, payment.refunds);
    Err(format!("{about}: stuck: {stuck}"))
}

/// What somebody does on a payment page, and when: at once, while the shop looks, or too late.
fn shopper(seed: u64, dice: &mut Dice) -> Shopper {
    let first = u32::try_from(dice.below(4)).expect("small");
    let second = first + u32::try_from(dice.below(2)).expect("small");
    let (pays, is_declined) = (OnPage::Types("visa"), OnPage::Types("chargeDeclined"));
    let deeds = match dice.below(10) {
        0 | 1 => vec![],
        2 | 3 => vec![(first, pays)],
        4 => vec![(first, pays), (second, pays)],
        5 => vec![(first, is_declined), (second, pays)],
        6 => vec![(first, OnPage::Expires), (second, pays)],
        7 => vec![(first, OnPage::Types("later"))],
        8 => vec![(first, OnPage::Types("authenticationRequired")), (second, pays)],
        _ => vec![(first, OnPage::Types("refundFail")), (second, OnPage::Expires)],
    };
    Shopper { seed, deeds }
}

/// What an order of so many teas costs: with 7.5 % of tax, and shipping.
fn price_of(teas: u32) -> i64 {
    let goods = i64::from(teas) * 333;
    goods + (goods * 75 + 500) / 1000 + 1000
}

/// The customer answers the bank or pays on a page that is open, or does not; what was at work
/// ends.
fn answers(world: &World, order: OrderId, seed: u64, dice: &mut Dice) {
    let is_well = dice.below(10) < 6;
    if dice.below(10) < 7 {
        world.stripe.ledger(|ledger| {
            for page in pages_of(ledger, order) {
                let card = if is_well { "visa" } else { "chargeDeclined" };
                ledger.pay_session(&page, &format!("pm_s{seed}_{card}"));
            }
            let found = intents_of(ledger, order);
            found.iter().for_each(|intent| ledger.finish(intent, is_well));
        });
    }
}

/// Its payment pages whose address somebody knows.
fn pages_of(ledger: &Ledger, order: OrderId) -> Vec<String> {
    let order = order.to_string();
    let of_it = |page: &&String| {
        let page = &ledger.sessions[*page];
        page.told && page.form.get("metadata[order_id]") == Some(&order)
    };
    ledger.sessions.keys().filter(of_it).cloned().collect()
}

fn intents_of(ledger: &Ledger, order: OrderId) -> Vec<String> {
    let order = order.to_string();
    let of_it = |intent: &&String| ledger.intents[*intent].metadata["order_id"] == order;
    ledger.intents.keys().filter(of_it).cloned().collect()
}

/// Does what is done, whatever comes of it.
async fn does(world: &World, order: OrderId, deed: Deed, seed: u64, dice: &mut Dice) {
    let shop = &world.bodega.shop;
    let purchases = &shop.purchases;
    let cancel = || purchases.cancel(order, CancelReason::Customer, shop.intent(Who::Shop));
    let refund = async |minor: u64| {
        let currency = world.ours(order).order.quote.currency;
        let amount = Money::of(i64::try_from(minor).expect("small"), currency).expect("an amount");
        let wish = RefundWish { amount: Some(amount), ..RefundWish::default() };
        drop(purchases.refund(order, shop.clock.new_id(), wish, shop.intent(Who::Shop)).await);
    };
    let ship = || {
        let change = OrderChange::Ship { tracking_number: None, carrier: None };
        purchases.change(order, change, shop.intent(Who::Shop))
    };
    match deed {
        Deed::Nothing => {}
        Deed::Ship => drop(ship().await),
        Deed::ShipTwice => drop(tokio::join!(ship(), ship())),
        Deed::ShipAndCancel => drop(tokio::join!(ship(), cancel())),
        Deed::ShipThenRefund => {
            drop(ship().await);
            refund(1 + dice.below(1500)).await;
        }
        Deed::LapseThenShip => {
            world.stripe.ledger(|ledger| {
                intents_of(ledger, order).iter().for_each(|intent| ledger.lapse(intent));
            });
            drop(ship().await);
        }
        Deed::Cancel => drop(cancel().await),
        Deed::CancelTwice => drop(tokio::join!(cancel(), cancel())),
        Deed::RefundPart => refund(1 + dice.below(1500)).await,
        Deed::RefundTwice => {
            let (one, other) = (1 + dice.below(900), 1 + dice.below(900));
            tokio::join!(refund(one), refund(other));
        }
        Deed::RefundThenCancel => {
            let minor = 1 + dice.below(1500);
            tokio::join!(refund(minor), async { drop(cancel().await) });
        }
        Deed::PayAgain => {
            let token = format!("pm_s{seed}_visa");
            drop(purchases.pay(order, token, shop.intent(Who::Shop)).await);
        }
        Deed::PayAgainOnAPage => {
            drop(purchases.pay(order, "checkout".to_owned(), shop.intent(Who::Shop)).await);
        }
    }
}

/// Drives the order on, as the shop does by the minute; a customer who never comes back gives up.
async fn is_at_an_end(world: &World, order: OrderId) -> bool {
    let purchases: &Purchases = &world.bodega.shop.purchases;
    if purchases.drive(order, Who::Shop).await.is_err() {
        return false;
    }
    let Ours { order: placed, payment } = world.ours(order);
    if payment.state == PayState::Processing {
        world.stripe.ledger(|ledger| {
            intents_of(ledger, order).iter().for_each(|intent| ledger.finish(intent, true));
        });
        return false;
    }
    let in_flight = payment.has_refund_in_flight()
        || placed.refunds.values().any(|refund| refund.state == OrderRefundState::Decided);
    match placed.status {
        OrderStatus::Pending => {
            let waits = match payment.state {
                PayState::NeedsAction { .. }
                | PayState::Authorised
                | PayState::Declined { .. }
                | PayState::Voided => true,
                PayState::Waiting
                | PayState::Attempting
                | PayState::Processing
                | PayState::Captured => false,
            };
            if waits {
                let intent = world.bodega.shop.intent(Who::Shop);
                drop(purchases.cancel(order, CancelReason::Expired, intent).await);
            }
            false
        }
        OrderStatus::Paid => !in_flight,
        OrderStatus::Shipped | OrderStatus::Delivered => !in_flight && !payment.is_open(),
        OrderStatus::Cancelled => {
            !in_flight && !payment.is_open() && {
                let refused = payment.refunds.values().any(|refund| refund.has_failed());
                refused || payment.left_to_refund().is_ok_and(|left| left.is_zero())
            }
        }
    }
}

/// Compares the books.
fn agree(world: &World, order: OrderId) -> Result<(), String> {
    let (Ours { order: placed, payment }, theirs) = (world.ours(order), world.theirs(order));
    let ours = (payment.captured.minor(), payment.refunded().expect("a sum").minor());
    let all = format!("ours {ours:?}, theirs {theirs:?}, {:?} {:?}", placed.status, payment.state);
    if theirs.charges > 1 {
        return Err(format!("charged twice: {all}"));
    }
    if (theirs.taken, theirs.refunded) != ours || theirs.set_aside != 0 {
        return Err(format!("the books differ: {all}, refunds {:?}", payment.refunds));
    }
    if theirs.refunded > theirs.taken {
        return Err(format!("too much went back: {all}"));
    }
    let is_sold = match placed.status {
        OrderStatus::Paid => true,
        // Or the bank refused what it had set aside, and staff see that.
        OrderStatus::Shipped | OrderStatus::Delivered => payment.state == PayState::Captured,
        OrderStatus::Pending | OrderStatus::Cancelled => false,
    };
    if is_sold && payment.captured != placed.quote.total {
        return Err(format!("paid, but not all of it: {all}"));
    }
    let failed = |state: &RefundState| matches!(state, RefundState::Failed { .. });
    let refused = payment.refunds.values().any(|refund| failed(&refund.state));
    if placed.status == OrderStatus::Cancelled && theirs.taken != theirs.refunded && !refused {
        return Err(format!("cancelled, and the money is still here: {all}"));
    }
    Ok(())
}

/// All news is followed in the end, and nothing is left to drive.
async fn settles(world: &World) {
    let shop = &world.bodega.shop;
    let mut every = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..TRIES_MAX {
        shop.hearing.fetch().await.expect("a fetch");
        shop.hearing.sweep().await.expect("a sweep");
        shop.purchases.sweep(Sweep::Due).await.expect("a sweep");
        let open = shop.reader.rows(&keys::open_news(), None, Order::Ascending, 1);
        if open.expect("readable").is_empty() {
            return;
        }
        every.tick().await;
    }
    panic!("news is never followed");
}

fn number(variable: &str, usual: u64) -> u64 {
    env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// How people pay, and how their card is named; some of it is likelier.
const CARDS: [(Card, &str); 12] = [
    (Card::Pays, "visa"),
    (Card::Pays, "visa"),
    (Card::Pays, "visa"),
    (Card::Declined, "chargeDeclined"),
    (Card::Asks, "authenticationRequired"),
    (Card::AsksThenDeclined, "authenticationRequiredChargeDeclinedInsufficientFunds"),
    (Card::Later, "later"),
    (Card::RefundFails, "refundFail"),
    (Card::OnAPage, "checkout"),
    (Card::OnAPage, "checkout"),
    (Card::OnAPage, "checkout"),
    (Card::OnAPage, "checkout"),
];
/// What is done after placing.
const DEEDS: [Deed; 13] = [
    Deed::Nothing,
    Deed::Cancel,
    Deed::CancelTwice,
    Deed::RefundPart,
    Deed::RefundTwice,
    Deed::RefundThenCancel,
    Deed::PayAgain,
    Deed::PayAgainOnAPage,
    Deed::Ship,
    Deed::ShipTwice,
    Deed::ShipAndCancel,
    Deed::ShipThenRefund,
    Deed::LapseThenShip,
];
/// Schedules of one shop; then another is opened.
const A_SHOP: u64 = 100;
/// Schedules that run at once.
const AT_ONCE: usize = 48;
/// Looks at an order until it counts as stuck: more than the breaker is ever open.
const TRIES_MAX: u32 = 6000;
