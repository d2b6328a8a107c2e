//! The couriers actor: owner of every courier's place in the journal and of every delivery.
//!
//! Rules live in [`crate::domain::couriers`] and [`crate::domain::deliveries`]. Who goes out and
//! comes back with an outcome is the runner; this file only keeps what it brings home.

use std::sync::Arc;

use crate::domain::{
    aggregate::Aggregate,
    couriers::{Courier, CourierEvent, CourierRefusal},
    deliveries::{Attempt, Delivery, Note, Reply},
    ids::{CourierId, DeliveryId},
    time::Timestamp,
};

use super::{Answers, Owner, Rejection, Request, Work};

/// Takes a courier on, behind this frame. Safe to send twice: it keeps its place.
#[derive(Debug)]
pub struct OpenCourier {
    /// Which.
    pub courier: CourierId,
    /// What staff calls it.
    pub name: String,
    /// The frame it begins behind, if it is new.
    pub from: u64,
}

impl Request for OpenCourier {
    type Value = Arc<Courier>;
}

/// How one attempt ended.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The delivery.
    pub delivery: DeliveryId,
    /// What it is about.
    pub note: Note,
    /// How it ended.
    pub attempt: Attempt,
    /// What was answered, where that is kept.
    pub reply: Option<Reply>,
}

/// Notes how a batch of attempts ended and how far the courier has come, in one commit. Safe to
/// send twice: what was made stays made.
#[derive(Clone, Debug)]
pub struct RecordDeliveries {
    /// Whose.
    pub courier: CourierId,
    /// The last frame that is done with.
    pub through: u64,
    /// How each attempt ended.
    pub tried: Vec<Tried>,
}

impl Request for RecordDeliveries {
    type Value = Arc<Courier>;
}

/// Lets a courier rest, go on, or end. Safe to send twice.
#[derive(Debug)]
pub struct DirectCourier {
    /// Which.
    pub courier: CourierId,
    /// What it shall do.
    pub direction: Direction,
}

/// What a courier shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Rest until it is resumed.
    Pause,
    /// Go on.
    Resume,
    /// Never go again.
    Close,
}

impl Request for DirectCourier {
    type Value = Arc<Courier>;
}

/// Asks for a delivery again. Sent twice, it is made twice.
#[derive(Debug)]
pub struct AskAgain {
    /// Which.
    pub delivery: DeliveryId,
}

impl Request for AskAgain {
    type Value = Arc<Delivery>;
}

/// Drops the records of these deliveries, as far as they ended before a moment. Safe to send
/// twice; how many there were.
#[derive(Debug)]
pub struct ForgetDeliveries {
    /// Which.
    pub deliveries: Vec<DeliveryId>,
    /// What ended later stays.
    pub before: Timestamp,
}

impl Request for ForgetDeliveries {
    type Value = usize;
}

/// The only writer of couriers and deliveries.
pub struct Couriers;

impl Owner for Couriers {
    const NAME: &'static str = "couriers";
}

impl Answers<OpenCourier> for Couriers {
    fn answer(&mut self, msg: OpenCourier, work: &mut Work<'_>) -> Result<Arc<Courier>, Rejection> {
        change(work, msg.courier, |courier| courier.open(&msg.name, msg.from))
    }
}

impl Answers<RecordDeliveries> for Couriers {
    fn answer(
        &mut self,
        msg: RecordDeliveries,
        work: &mut Work<'_>,
    ) -> Result<Arc<Courier>, Rejection> {
        let (mut delivered, mut given_up) = (0, 0);
        for Tried { delivery, note, attempt, reply } in msg.tried {
            match attempt {
                Attempt::Made => delivered += 1,
                Attempt::GivenUp { .. } => given_up += 1,
                Attempt::Failed { .. } => {}
            }
            let mut events = work.get::<Delivery>(delivery)?.record(&note, attempt)?;
            Delivery::answered(&mut events, reply);
            work.change::<Delivery>(delivery, events)?;
        }
        change(work, msg.courier, |courier| courier.record(msg.through, delivered, given_up))
    }
}

impl Answers<DirectCourier> for Couriers {
    fn answer(
        &mut self,
        msg: DirectCourier,
        work: &mut Work<'_>,
    ) -> Result<Arc<Courier>, Rejection> {
        change(work, msg.courier, |courier| match msg.direction {
            Direction::Pause => courier.pause(),
            Direction::Resume => courier.resume(),
            Direction::Close => courier.close(),
        })
    }
}

impl Answers<AskAgain> for Couriers {
    fn answer(&mut self, msg: AskAgain, work: &mut Work<'_>) -> Result<Arc<Delivery>, Rejection> {
        let events = work.get::<Delivery>(msg.delivery)?.ask_again()?;
        work.made(Delivery::KIND, &msg.delivery);
        work.change::<Delivery>(msg.delivery, events)
    }
}

impl Answers<ForgetDeliveries> for Couriers {
    fn answer(&mut self, msg: ForgetDeliveries, work: &mut Work<'_>) -> Result<usize, Rejection> {
        let mut forgotten = 0;
        for delivery in msg.deliveries {
            let known = work.get::<Delivery>(delivery)?;
            let courier = work.get::<Courier>(known.note.courier)?;
            let events = known.forget(&courier, msg.before);
            forgotten += events.len();
            work.change::<Delivery>(delivery, events)?;
        }
        Ok(forgotten)
    }
}

fn change(
    work: &mut Work<'_>,
    id: CourierId,
    rule: impl FnOnce(&Courier) -> Result<Vec<CourierEvent>, CourierRefusal>,
) -> Result<Arc<Courier>, Rejection> {
    let events = rule(&*work.get::<Courier>(id)?)?;
    work.change::<Courier>(id, events)
}
