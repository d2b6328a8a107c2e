//! Power: the disk beneath the shop is cut off under load, as when the plug is pulled.
//!
//! A file system in an image of its own is told to forget what was not synced (`FS_IOC_SHUTDOWN`
//! without a flush of its log), the shop is killed, and the image is mounted again. Needs root.

mod disk;

use std::{path::Path, time::Duration};

use fastrand::Rng;

use super::{
    Broken, Held,
    audit::Tally,
    buyer::Buyer,
    crash::{UNITS, compare, last_look, prices},
    house::House,
    market::Market,
    trade::{Moment, Round, trade_until},
};
use crate::{
    cli::{Bar, PowerOptions},
    commands::client::Client,
    store::Progress,
};

use disk::Disk;
pub(super) use disk::why_not_here;

/// Cuts the power so often on each file system, and looks each time whether anything is lost.
pub(super) async fn prove(room: &Path, options: PowerOptions, seed: u64) -> Result<Held, Broken> {
    let mut dice = Rng::with_seed(seed);
    let bar = Bar::new();
    bar.begin("cutting the power", u64::from(options.cuts) * 2);
    let (mut found, mut compared, mut requests) = (Vec::new(), 0, 0);
    for system in FILE_SYSTEMS {
        let mut disk = Disk::made(room, system)?;
        disk.mount()?;
        let house = House::on(disk.mounted_at(), room, system, &[]);
        let market = Market::made_ready(&house, &prices(), UNITS, options.buyers).await?;
        let mut buyers = Buyer::all(&market, &mut dice);
        for _ in 0..options.cuts {
            compared += one_cut(&mut disk, &house, &market, &mut buyers, &mut dice).await?;
            bar.advance(1);
        }
        let (tally, last) = last_look(&house, &market, &mut buyers).await?;
        disk.unmount()?;
        requests += tally.requests;
        found.push(told(system, tally, &last));
    }
    bar.end();
    Ok(Held {
        tried: format!(
            "{} power cuts under the load of {} buyers, on {}: {requests} requests",
            u64::from(options.cuts) * 2,
            options.buyers,
            FILE_SYSTEMS.join(" and ")
        ),
        found: format!("0 lost: acknowledged orders looked for {compared} times{}", found.concat()),
        holds: "what was answered with yes is there after the cut, as it was told, and once",
    })
}

async fn one_cut(
    disk: &mut Disk,
    house: &House,
    market: &Market,
    buyers: &mut [Buyer],
    dice: &mut Rng,
) -> Result<usize, Broken> {
    let mut serving = house.open()?;
    let stranger = Client::at(serving.address).map_err(Broken::plainly)?;
    let compared = compare(market, &stranger, buyers).await?;
    let (round, moment) = (Round::default(), Moment::drawn(dice));
    let end = async {
        moment.comes(&round, &mut serving).await?;
        round.dark.set(true);
        disk.cut()?;
        // A shop that says yes now, lies.
        tokio::time::sleep(AFTERGLOW).await;
        serving.kill();
        Ok(())
    };
    trade_until(&round, market, &stranger, buyers, end).await?;
    disk.unmount()?;
    disk.mount()?;
    Ok(compared)
}

fn told(system: &str, tally: Tally, last: &str) -> String {
    let Tally { paid, waiting, declined, cancelled, .. } = tally;
    format!(
        "\n         {system}: {paid} paid, {waiting} waiting, {declined} declined, {cancelled} \
         cancelled; verify: {last}"
    )
}

const FILE_SYSTEMS: &[&str] = &["ext4", "xfs"];
/// How long the shop goes on without its disk before it is killed.
const AFTERGLOW: Duration = Duration::from_millis(30);
