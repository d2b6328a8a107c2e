//! Oversell: many people, few units, and everything that people do.

use std::path::Path;

use fastrand::Rng;
use futures_util::future::try_join_all;

use super::{
    Broken, Held,
    audit::{Tally, audit},
    buyer::{Asked, Buyer, Stops},
    house::House,
    market::Market,
};
use crate::{
    cli::{Bar, OversellOptions},
    commands::client::Client,
    store::Progress,
};

/// Lets everybody buy at the same time, and counts.
pub(super) async fn prove(
    room: &Path,
    options: OversellOptions,
    seed: u64,
) -> Result<Held, Broken> {
    let mut dice = Rng::with_seed(seed);
    let house = House::new(room, "shop", &[]);
    let market = Market::made_ready(&house, &prices(), options.units, options.buyers).await?;
    let serving = house.open()?;
    let stranger = Client::at(serving.address).map_err(Broken::plainly)?;
    let mut buyers = Buyer::all(&market, &mut dice);
    let bar = Bar::new();
    bar.begin("buying", u64::from(options.buyers) * u64::from(options.wishes));
    let buying = buyers.iter_mut().map(async |buyer| {
        for _ in 0..options.wishes {
            buyer.does_something(&market, &stranger).await?;
            bar.advance(1);
        }
        Ok::<(), Stops>(())
    });
    try_join_all(buying).await?;
    bar.end();
    let books = market.books(&stranger).await?;
    let asked: Vec<&[Asked]> = buyers.iter().map(|buyer| buyer.asked.as_slice()).collect();
    let tally = audit(&books, &asked)?;
    serving.stop()?;
    let verified = house.verify()?;
    let repeated = buyers.iter().map(|buyer| buyer.repeated).sum();
    Ok(told(options, tally, repeated, &verified))
}

fn told(options: OversellOptions, tally: Tally, repeated: u64, verified: &str) -> Held {
    let Tally { requests, paid, waiting, declined, cancelled, .. } = tally;
    let Tally { without_goods, units_received, units_gone, .. } = tally;
    Held {
        tried: format!(
            "{} buyers at once for {units_received} units: {requests} requests, {repeated} of them \
             sent again under their key",
            options.buyers
        ),
        found: format!(
            "{units_gone} of {units_received} units sold or held, 0 oversold; {paid} orders paid, \
             {waiting} waiting, {declined} declined, {cancelled} cancelled, {without_goods} \
             without goods\n         verify: {verified}"
        ),
        holds: "every unit is in one place, every key made one order, money moved once",
    }
}

impl From<Stops> for Broken {
    fn from(stops: Stops) -> Broken {
        match stops {
            Stops::Unheard(unheard) => Broken::plainly(unheard),
            Stops::Fault(violation) | Stops::Violated(violation) => violation.into(),
        }
    }
}

fn prices() -> Vec<String> {
    ["4.99", "19.90", "0.35"].map(str::to_owned).to_vec()
}
