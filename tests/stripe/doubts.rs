//! Doubts: what a silent Stripe leaves unknown is known within a minute of its return, by the
//! shop's own clock, however many doubts there are and whatever they are about.

use std::time::Duration;

use bodega::{
    actors::purchases::Sweep,
    domain::{
        ids::OrderId,
        money::{Currency, Money},
        orders::{CancelReason, OrderStatus, RefundWish},
        payments::PayState,
        time::Who,
    },
    store::{Order, keys},
};
use futures_util::future::join_all;

use crate::{
    double::{Taken, Trouble},
    world::{Ours, World},
};

#[actix_web::test]
async fn hundreds_of_doubts_end_within_a_minute_of_stripes_return() {
    let world = World::with_stopped_clock("1500").await;
    let orders = Orders::left_in_doubt(&world).await;
    let doubts = || orders.all().filter(|order| is_in_doubt(&world.ours(*order))).count();
    assert!(doubts() > 3 * SOME, "only {} are in doubt", doubts());
    // Stripe is away for so long that it is tried as seldom as it ever is.
    let (shop, clock) = (&world.bodega.shop, &world.bodega.shop.clock);
    world.stripe.makes(Trouble { is_down: true, ..Trouble::default() });
    let mut which = Sweep::Due;
    let mut next = shop.drive_on(&mut which).await;
    while clock.running() < AWAY {
        clock.advance(next);
        next = shop.drive_on(&mut which).await;
    }
    assert!(doubts() > 3 * SOME, "a silent Stripe settles nothing");
    // It is back at the worst of moments: it was looked at just now.
    let back = clock.running();
    world.stripe.makes(Trouble::default());
    while doubts() > 0 {
        clock.advance(next);
        let passed = clock.running() - back;
        assert!(passed <= A_MINUTE, "{} are in doubt after {passed:?}", doubts());
        next = shop.drive_on(&mut which).await;
    }
    let open = shop.reader.rows(&keys::unfinished_payments(), None, Order::Ascending, 1);
    assert_eq!(open.expect("readable").len(), 0);
    orders.have_ended_as_they_were_meant_to(&world);
    world.is_sound();
}

/// Orders about which a different thing is in doubt each.
struct Orders {
    charged: Vec<OrderId>,
    cancelled: Vec<OrderId>,
    given_up: Vec<OrderId>,
    refunded: Vec<OrderId>,
}

impl Orders {
    /// Stripe does everything that it is asked for, and every answer is lost.
    async fn left_in_doubt(world: &World) -> Orders {
        let shop = &world.bodega.shop;
        let buy = async |method: &'static str| {
            let placed = join_all((0..SOME).map(|_| world.places(method))).await;
            placed.into_iter().filter_map(Result::ok).map(|driven| driven.order.id).collect()
        };
        let (cancelled, refunded): (Vec<OrderId>, Vec<OrderId>) =
            (buy("pm_card_visa").await, buy("pm_card_visa").await);
        let given_up: Vec<OrderId> = buy("pm_card_authenticationRequired").await;
        world.stripe.makes(Trouble { always_late: Some(LATE_MILLIS), ..Trouble::default() });
        let cancels = cancelled.iter().chain(&given_up).map(|order| {
            shop.purchases.cancel(*order, CancelReason::Customer, shop.intent(Who::Shop))
        });
        let refunds = refunded.iter().map(|order| {
            let amount = Some(Money::of(REFUND_MINOR, Currency::USD).expect("an amount"));
            let wish = RefundWish { amount, ..RefundWish::default() };
            shop.purchases.refund(*order, shop.clock.new_id(), wish, shop.intent(Who::Shop))
        });
        let (charged, ..) = tokio::join!(buy("pm_card_visa"), join_all(cancels), join_all(refunds));
        Orders { charged, cancelled, given_up, refunded }
    }

    fn all(&self) -> impl Iterator<Item = OrderId> {
        let of = [&self.charged, &self.cancelled, &self.given_up, &self.refunded];
        of.into_iter().flatten().copied()
    }

    fn have_ended_as_they_were_meant_to(&self, world: &World) {
        for (orders, status, state, refunded) in [
            (&self.charged, OrderStatus::Paid, PayState::Captured, Some(0)),
            (&self.cancelled, OrderStatus::Cancelled, PayState::Captured, None),
            (&self.given_up, OrderStatus::Cancelled, PayState::Voided, Some(0)),
            (&self.refunded, OrderStatus::Paid, PayState::Captured, Some(REFUND_MINOR)),
        ] {
            for id in orders {
                let (Ours { order, payment }, theirs) = (world.ours(*id), world.theirs(*id));
                assert_eq!((order.status, &payment.state), (status, &state), "{id}");
                let is_taken = state == PayState::Captured;
                let taken = if is_taken { order.quote.total.minor() } else { 0 };
                let charges = u32::from(is_taken);
                let refunded = refunded.unwrap_or(taken);
                assert_eq!(theirs, Taken { charges, taken, set_aside: 0, refunded }, "{id}");
                assert_eq!(payment.refunded().expect("a sum").minor(), refunded, "{id}");
            }
        }
    }
}

fn is_in_doubt(Ours { payment, .. }: &Ours) -> bool {
    payment.state == PayState::Attempting
        || payment.voiding && payment.is_open()
        || payment.has_refund_in_flight()
}

/// Orders of each kind.
const SOME: usize = 100;
const REFUND_MINOR: i64 = 100;
/// Later than the shop waits.
const LATE_MILLIS: u64 = 2500;
/// Five minutes: the longest pause between two trials is half of one.
const AWAY: Duration = Duration::from_secs(300);
const A_MINUTE: Duration = Duration::from_secs(60);
