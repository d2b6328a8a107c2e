//! Trade: everybody buys at the same time, until something happens to the shop.

use std::{cell::Cell, future::Future, time::Duration};

use fastrand::Rng;
use futures_util::future::{try_join, try_join_all};

use super::{
    Broken, Violation,
    buyer::{Buyer, Stops},
    house::Serving,
    market::Market,
};
use crate::commands::client::Client;

/// When it happens: so long after the buyers have heard so many answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    answers: u64,
    later: Duration,
}

/// How far a round has come.
#[derive(Debug, Default)]
pub(super) struct Round {
    answers: Cell<u64>,
    /// The machine is as good as off: what the shop still says is no promise, unless it says yes.
    pub dark: Cell<bool>,
}

impl Moment {
    /// Some moment.
    pub fn drawn(dice: &mut Rng) -> Moment {
        let later = Duration::from_micros(dice.u64(0..=LATER_MICROS_MAX));
        Moment { answers: dice.u64(0..=ANSWERS_MAX), later }
    }

    /// Waits for it; the shop must not end before.
    pub async fn comes(self, round: &Round, serving: &mut Serving) -> Result<(), Broken> {
        while round.answers.get() < self.answers {
            if let Some(how) = serving.has_ended() {
                return Err(Violation(format!("the shop ended by itself, with {how}")).into());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        tokio::time::sleep(self.later).await;
        Ok(())
    }
}

/// Everybody buys until `end` has come and nobody answers any more.
pub(super) async fn trade_until(
    round: &Round,
    market: &Market,
    stranger: &Client,
    buyers: &mut [Buyer],
    end: impl Future<Output = Result<(), Broken>>,
) -> Result<(), Broken> {
    let buying = buyers.iter_mut().map(async |buyer| {
        loop {
            match buyer.does_something(market, stranger).await {
                Ok(()) => round.answers.set(round.answers.get() + 1),
                Err(Stops::Unheard(_)) => return Ok(()),
                Err(Stops::Fault(_)) if round.dark.get() => return Ok(()),
                Err(stops) => return Err(Broken::from(stops)),
            }
        }
    });
    try_join(try_join_all(buying), end).await.map(|_| ())
}

/// Answers that are heard in a round before it ends, at most.
const ANSWERS_MAX: u64 = 60;
/// So long after the last of them, at most: about as long as a purchase takes.
const LATER_MICROS_MAX: u64 = 8_000;
const LOOK_AGAIN: Duration = Duration::from_millis(1);
