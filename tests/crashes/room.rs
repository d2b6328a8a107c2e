//! Room: a purchase on a disk that is full at any of its writes, and has room again later.

use std::sync::Arc;

use bodega::{
    actors::purchases::Sweep,
    domain::{
        money::{Currency, Money},
        orders::{Order, OrderStatus},
    },
    store::{Faults, StoreOptions},
};

use super::support::house::House;

#[actix::test]
async fn a_purchase_that_runs_out_of_room_anywhere_is_paid_once_or_not_at_all() {
    let (mut paid, mut refused) = (0, 0);
    for room in (0..ROOM_BYTES_MAX).step_by(ROOM_BYTES_STEP) {
        let faults = Arc::new(Faults::none());
        let faulty = Some(Arc::clone(&faults));
        let options =
            StoreOptions { low_water_bytes: 0, faults: faulty, ..StoreOptions::default() };
        let house = House::with(options).await;
        let (ware, shopper) = (house.ware("Lamp", 3).await, house.shopper(0).await);
        faults.leave_room(room);
        let answered = house.order(shopper, ware, 1, Some("pm_card_visa")).await;
        faults.leave_room(u64::MAX);
        house.shop.purchases.sweep(Sweep::All).await.expect("a readable store");
        house.minutes_later(20).await;

        let orders: Vec<Arc<Order>> = house
            .shop
            .reader
            .all::<Order>()
            .map(|found| found.expect("readable").1.state)
            .collect();
        let taken = orders.iter().flat_map(|order| house.bank(order.id)).collect::<Vec<_>>();
        let left = match &orders[..] {
            [order] if order.status == OrderStatus::Paid => {
                paid += 1;
                let nothing = Money::zero(Currency::USD);
                assert_eq!(taken, [(order.quote.total, nothing)], "with {room} bytes left");
                2
            }
            [] | [_] => {
                refused += 1;
                assert!(answered.is_err(), "with {room} bytes left: {answered:?}");
                assert!(taken.iter().all(|(took, gave)| took == gave), "with {room} bytes left");
                3
            }
            more => panic!("{} orders with {room} bytes left", more.len()),
        };
        assert_eq!(house.shelf(ware), (left, 0), "with {room} bytes left");
        house.must_be_sound();
    }
    assert!(paid > 3 && refused > 0, "{paid} paid, {refused} refused");
}

/// More than all frames of a purchase take.
const ROOM_BYTES_MAX: u64 = 6_000;
/// About what the smaller of its frames take.
const ROOM_BYTES_STEP: usize = 500;
