//! Crash: the real binary under load, killed at a random moment, again and again.

use std::{path::Path, time::Duration};

use fastrand::Rng;

use super::{
    Broken, Held,
    audit::{Tally, audit, nothing_is_lost},
    buyer::{Asked, Buyer},
    house::House,
    market::Market,
    trade::{Moment, Round, trade_until},
};
use crate::{
    cli::{Bar, CrashOptions},
    commands::client::Client,
    store::Progress,
};

/// Kills and restarts the shop so often, and looks each time whether anything is lost.
pub(super) async fn prove(room: &Path, options: CrashOptions, seed: u64) -> Result<Held, Broken> {
    let mut dice = Rng::with_seed(seed);
    let house = House::new(room, "shop", &[]);
    let market = Market::made_ready(&house, &prices(), UNITS, options.buyers).await?;
    let mut buyers = Buyer::all(&market, &mut dice);
    let bar = Bar::new();
    bar.begin("killing", options.kills.into());
    let (mut compared, mut verified) = (0, 0);
    for _ in 0..options.kills {
        let mut serving = house.open()?;
        let stranger = Client::at(serving.address).map_err(Broken::plainly)?;
        compared += compare(&market, &stranger, &buyers).await?;
        let (round, moment) = (Round::default(), Moment::drawn(&mut dice));
        let end = async {
            moment.comes(&round, &mut serving).await?;
            serving.kill();
            Ok(())
        };
        trade_until(&round, &market, &stranger, &mut buyers, end).await?;
        // Half of the time as the kill left it; a start would mend what it can.
        if dice.bool() {
            house.verify()?;
            verified += 1;
        }
        bar.advance(1);
    }
    let (tally, last) = last_look(&house, &market, &mut buyers).await?;
    bar.end();
    let unanswered = buyers.iter().map(|buyer| buyer.unanswered).sum();
    Ok(told(options, tally, unanswered, &Looks { compared, verified: verified + 1, last }))
}

/// Looks for every order that a buyer was told of; how many that were.
pub(super) async fn compare(
    market: &Market,
    stranger: &Client,
    buyers: &[Buyer],
) -> Result<usize, Broken> {
    let asked: Vec<&[Asked]> = buyers.iter().map(|buyer| buyer.asked.as_slice()).collect();
    nothing_is_lost(&market.orders(stranger).await?, &asked)?;
    Ok(asked.iter().flat_map(|asked| asked.iter()).filter(|one| one.placed().is_some()).count())
}

/// What was not answered is asked again; then everything is counted. What a kill left unfinished is
/// driven on by the shop itself, beside its work, and is given a moment.
pub(super) async fn last_look(
    house: &House,
    market: &Market,
    buyers: &mut [Buyer],
) -> Result<(Tally, String), Broken> {
    let serving = house.open()?;
    let stranger = Client::at(serving.address).map_err(Broken::plainly)?;
    for buyer in buyers.iter_mut() {
        buyer.hears_of_what_was_lost(&stranger).await?;
    }
    let asked: Vec<&[Asked]> = buyers.iter().map(|buyer| buyer.asked.as_slice()).collect();
    let mut looks = 1;
    let tally = loop {
        match audit(&market.books(&stranger).await?, &asked) {
            Ok(tally) => break tally,
            Err(violation) if looks == LOOKS_MAX => return Err(violation.into()),
            Err(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
        }
        looks += 1;
    };
    serving.stop()?;
    Ok((tally, house.verify()?))
}

struct Looks {
    compared: usize,
    verified: u32,
    last: String,
}

fn told(options: CrashOptions, tally: Tally, unanswered: u64, looks: &Looks) -> Held {
    let Tally { requests, paid, waiting, declined, cancelled, .. } = tally;
    Held {
        tried: format!(
            "{} kills (SIGKILL) under the load of {} buyers: {requests} requests, {unanswered} of \
             them asked again after a kill",
            options.kills, options.buyers
        ),
        found: format!(
            "0 lost: acknowledged orders looked for {} times; {paid} paid, {waiting} waiting, \
             {declined} declined, {cancelled} cancelled\n         verify, {} times, at last: {}",
            looks.compared, looks.verified, looks.last
        ),
        holds: "what was answered with yes is there after the kill, as it was told, and once",
    }
}

/// What the products of a shop cost that is to be crashed.
pub(super) fn prices() -> Vec<String> {
    ["4.99", "19.90", "0.35"].map(str::to_owned).to_vec()
}

/// More than anybody buys: a crash is to find purchases under way.
pub(super) const UNITS: u32 = 100_000;
/// Looks at a shop that is still finishing what a kill interrupted, and the time between them.
const LOOKS_MAX: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
