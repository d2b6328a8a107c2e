//! The rows of couriers, and of what each of them has to bring.

use crate::domain::{
    ids::{CourierId, DeliveryId},
    time::Timestamp,
};

use super::Key;

/// List: the couriers that are not closed.
pub fn couriers() -> Key {
    Key::row(0xc8).done()
}

/// A row of [`couriers`].
pub fn courier_listed(courier: CourierId) -> Key {
    Key::row(0xc8).id(&courier).done()
}

/// List: the deliveries of a courier by the time they were noted.
pub fn deliveries_of(courier: CourierId) -> Key {
    Key::row(0xc9).id(&courier).done()
}

/// Behind every row of [`deliveries_of`] that was noted by this moment.
pub fn deliveries_noted_until(courier: CourierId, at: Timestamp) -> Key {
    Key::row(0xc9).id(&courier).time(at.plus_millis(1)).done()
}

/// A row of [`deliveries_of`].
pub fn delivery_of(courier: CourierId, noted: Timestamp, delivery: DeliveryId) -> Key {
    Key::row(0xc9).id(&courier).time(noted).id(&delivery).done()
}

/// List: the deliveries of a courier that are to be tried again, by when.
pub fn waiting_deliveries(courier: CourierId) -> Key {
    Key::row(0xca).id(&courier).done()
}

/// A row of [`waiting_deliveries`].
pub fn waiting_delivery(courier: CourierId, due: Timestamp, delivery: DeliveryId) -> Key {
    Key::row(0xca).id(&courier).time(due).id(&delivery).done()
}

/// List: the deliveries a courier has given up, by when.
pub fn dead_letters(courier: CourierId) -> Key {
    Key::row(0xcb).id(&courier).done()
}

/// A row of [`dead_letters`].
pub fn dead_letter(courier: CourierId, given_up: Timestamp, delivery: DeliveryId) -> Key {
    Key::row(0xcb).id(&courier).time(given_up).id(&delivery).done()
}

/// List: the deliveries of a courier about one thing, as `order/…`, by the time they were noted.
pub fn deliveries_about(courier: CourierId, about: &str) -> Key {
    Key::row(0xcc).id(&courier).text(about).done()
}

/// A row of [`deliveries_about`].
pub fn delivery_about(
    courier: CourierId,
    about: &str,
    noted: Timestamp,
    delivery: DeliveryId,
) -> Key {
    Key::row(0xcc).id(&courier).text(about).time(noted).id(&delivery).done()
}
