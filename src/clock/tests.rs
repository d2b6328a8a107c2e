//! What the clock promises.

use super::*;
use crate::domain::ids::OrderId;

const HOUR: i64 = JUMP_MILLIS_MAX;

fn started_at(wall: i64) -> Watch {
    Watch::starting(wall, 0).0
}

#[test]
fn the_clock_follows_the_wall_forward() {
    let mut watch = started_at(1_000_000);
    assert_eq!(watch.look(1_000_010, 10), (1_000_010, None));
    assert_eq!(watch.look(1_000_500, 20), (1_000_500, None));
}

#[test]
fn a_wall_clock_set_back_a_little_never_stops_or_reverses_time() {
    let mut watch = started_at(1_000_000);
    let mut before = watch.look(1_008_000, 8_000).0;
    for second in 1..=60 {
        let running = 8_000 + second * 1_000;
        let (now, jump) = watch.look(1_000_000 + running - 5_000, running);
        assert!(now > before, "time moves on");
        assert_eq!(jump, None);
        before = now;
    }
    assert_eq!(before, 1_063_000, "in the end it agrees with the wall");
}

#[test]
fn a_jump_of_more_than_an_hour_is_reported_once_and_not_obeyed() {
    let mut watch = started_at(0);
    assert_eq!(watch.look(2 * HOUR, 1_000), (1_000, Some(2 * HOUR - 1_000)));
    assert_eq!(watch.look(2 * HOUR + 1_000, 2_000), (2_000, None));
    assert_eq!(watch.look(3_000, 3_000), (3_000, None));
    assert_eq!(watch.look(-2 * HOUR, 4_000), (4_000, Some(-2 * HOUR - 4_000)));
}

#[test]
fn a_shop_never_starts_before_its_last_commit() {
    let (mut watch, late) = Watch::starting(1_000, 5 * HOUR);
    assert_eq!(late, 5 * HOUR - 1_000);
    assert_eq!(watch.look(2_000, 1_000).0, 5 * HOUR + 1_000);
}

#[test]
fn a_stopped_clock_moves_when_told() {
    let clock = Clock::stopped_at(Timestamp::from_millis(42));
    clock.clone().advance(Duration::from_secs(1));
    assert_eq!(clock.now().millis(), 1_042);
    assert_eq!(clock.running(), Duration::from_secs(1));
}

#[test]
fn ids_are_version_seven_and_grow_even_within_one_millisecond() {
    let clock = Clock::stopped_at(Timestamp::from_millis(1_700_000_000_000));
    let ids: Vec<OrderId> = (0..10_000).map(|_| clock.new_id()).collect();
    assert!(ids.is_sorted_by(|earlier, later| earlier < later));
    let id = uuid::Uuid::from_bytes(ids[0].bytes());
    assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
    assert_eq!(id.get_timestamp().map(|at| at.to_unix().0), Some(1_700_000_000));
}
