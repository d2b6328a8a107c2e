//! `bodega prove`: the shop's promises, tried out before the eyes of whoever asks.
//!
//! Each proof is a client of the real binary, on a temporary directory, and keeps a list of its own
//! to compare with. The first thing that is not as it must be ends it, by name.

mod audit;
mod buyer;
mod crash;
mod house;
mod market;
mod money;
mod oversell;
mod power;
mod sheet;
mod trade;

use std::fmt;

use crate::cli::{
    CrashOptions, MoneyOptions, OversellOptions, PowerOptions, Proof, ProveOptions, say,
};

use super::{Ended, signals::Signals};

/// Something is not as it was promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Violation(String);

/// Why a proof ended before its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// A promise does not hold.
    #[error(transparent)]
    Violated(#[from] Violation),
    /// It could not be tried.
    #[error(transparent)]
    Failed(#[from] Ended),
}

impl Broken {
    fn plainly(words: impl fmt::Display) -> Broken {
        Broken::Failed(Ended::plainly(words))
    }
}

/// What a proof says when it holds: what was done, what was found, what was compared.
#[derive(Debug)]
struct Held {
    tried: String,
    found: String,
    holds: &'static str,
}

/// Tries one promise out, or all that can be tried here.
pub fn prove(options: &ProveOptions, dir_is_named: bool) -> Result<(), Ended> {
    if dir_is_named {
        return Err(Ended::plainly(
            "a proof works on a temporary directory of its own (TMPDIR says where): leave out \
             --data-dir",
        ));
    }
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(1..FRESH_SEED_MAX));
    let proofs = match options.proof {
        Some(proof) => vec![proof],
        None => all_that_can_be_tried()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Ended::plainly)?.block_on(async {
        // From before anything is made that would be left behind.
        let mut signals = Signals::listen();
        for proof in proofs {
            tokio::select! {
                // What a proof complains of while it is told to stop is no news.
                biased;
                () = signals.told_to_stop() => return Err(Ended::plainly(STOPPED)),
                proved = try_out(proof, seed) => proved?,
            }
        }
        Ok(())
    })
}

/// With their defaults; what cannot be tried here is said.
fn all_that_can_be_tried() -> Result<Vec<Proof>, Ended> {
    let mut proofs = vec![
        Proof::Oversell(OversellOptions::default()),
        Proof::Money(MoneyOptions::default()),
        Proof::Crash(CrashOptions::default()),
    ];
    match power::why_not_here() {
        None => proofs.push(Proof::Power(PowerOptions::default())),
        Some(why) => say(&format!("power (skipped: {why})")).map_err(Ended::plainly)?,
    }
    Ok(proofs)
}

/// Tries one promise out on a directory that is deleted again, unless there is something to see.
async fn try_out(proof: Proof, seed: u64) -> Result<(), Ended> {
    let room = tempfile::Builder::new()
        .prefix("bodega-prove-")
        .tempdir()
        .map_err(|fault| Ended::Plainly(format!("no temporary directory: {fault}")))?;
    let name = name_of(proof);
    let proved = match proof {
        Proof::Oversell(options) => oversell::prove(room.path(), options, seed).await,
        Proof::Money(options) => money::prove(room.path(), options, seed).await,
        Proof::Crash(options) => crash::prove(room.path(), options, seed).await,
        Proof::Power(options) => match power::why_not_here() {
            None => power::prove(room.path(), options, seed).await,
            Some(why) => Err(Broken::plainly(why)),
        },
    };
    match proved {
        Ok(held) => tell(name, &held, seed),
        Err(Broken::Violated(violation)) => Err(Ended::Plainly(format!(
            "{name} DOES NOT HOLD: {violation}\n  repeat: bodega prove {name} --seed {seed}\n  \
             the shop's data is kept in {}",
            room.keep().display()
        ))),
        Err(Broken::Failed(why)) => {
            Err(Ended::Plainly(format!("{name} could not be tried: {why}")))
        }
    }
}

fn name_of(proof: Proof) -> &'static str {
    match proof {
        Proof::Oversell(_) => "oversell",
        Proof::Money(_) => "money",
        Proof::Crash(_) => "crash",
        Proof::Power(_) => "power",
    }
}

fn tell(name: &str, held: &Held, seed: u64) -> Result<(), Ended> {
    let Held { tried, found, holds } = held;
    let told =
        format!("{name} (seed {seed})\n  tried  {tried}\n  found  {found}\n  holds  {holds}");
    say(&told).map_err(Ended::plainly)
}

const STOPPED: &str = "stopped; nothing is left behind";
/// Short enough to be typed again.
const FRESH_SEED_MAX: u64 = 1_000_000;
